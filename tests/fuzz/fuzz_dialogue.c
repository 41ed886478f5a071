/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer's bytes against every judge. The first byte of the input chooses the judge, the second its
 * configuration, the third the size of the pieces that the rest comes in. Whatever comes, a judge
 * keeps to its contract, ends, and leaves nothing behind.
 */
#include "fuzz.h"

#include <string.h>

#include "base/str.h"
#include "core/check/dialogue.h"

#define CHOICES 3

enum { OPTION_A = 1, OPTION_B = 2, OPTION_C = 4, OPTION_CLOSE = 8, OPTION_SILENCE = 16 };

static const uint8_t kinds[] = {
	CHECK_HTTP, CHECK_SMTP, CHECK_DNS, CHECK_UDP, CHECK_GRPC, CHECK_PGSQL, CHECK_MYSQL, CHECK_REDIS, CHECK_AGENT,
};

union any_check {
	struct conf_check_http http;
	struct conf_check_smtp smtp;
	struct conf_check_dns dns;
	struct conf_check_udp udp;
	struct conf_check_grpc grpc;
	struct conf_check_pgsql pgsql;
	struct conf_check_mysql mysql;
	struct conf_check_redis redis;
	struct conf_check_agent agent;
};

static void set_page(struct conf_url *url, uint8_t options)
{
	static const char *const regexes[] = {NULL, "[a-z]+<\\b.*END$", "(?<=x)y|\\w{3,}z", "^\\s*\xc3\xbc.?$"};

	url->path = "/";
	url->has_digest = options & OPTION_A;
	url->regex = regexes[options >> 1 & 3];
	url->regex_max_offset = options & 128 ? 300 : UINT32_MAX;
	url->regex_min_offset = options & 64 ? 30 : 0;
	url->regex_no_match = options & 32;
	url->regex_options = (options & 6) == 6 ? REGEX_UTF | REGEX_MULTILINE : options & 32 ? REGEX_DOTALL : 0;
}

static void set_check(union any_check *c, uint8_t kind, uint8_t options)
{
	static uint8_t pattern[] = {1, 2, 3, 4};

	switch ((enum conf_check_kind)kind) {
	case CHECK_UDP:
		c->udp.require_reply = options & OPTION_A;
		c->udp.max_reply_length = 255;
		c->udp.reply = (struct conf_bytes){pattern, options & OPTION_B ? 4 : 0};
		c->udp.reply_mask = (struct conf_bytes){pattern, options & OPTION_C ? 4 : 2};
		break;
	case CHECK_GRPC:
		c->grpc.service = options & OPTION_A ? "a.B" : NULL;
		break;
	case CHECK_MYSQL:
		c->mysql.user = options & OPTION_A ? "u" : NULL;
		break;
	case CHECK_REDIS:
		c->redis.password = options & OPTION_A ? "p" : NULL;
		c->redis.role_master = options & OPTION_B;
		break;
	case CHECK_AGENT:
		c->agent.send = options & OPTION_A ? "x\n" : NULL;
		break;
	case CHECK_TCP:
	case CHECK_HTTP:
	case CHECK_SSL:
	case CHECK_SMTP:
	case CHECK_DNS:
	case CHECK_MISC:
	case CHECK_BFD:
	case CHECK_PING:
	case CHECK_FILE:
	case CHECK_PGSQL:
	case CHECK_KINDS:
		break;
	}
}

/* Whether the run goes on. */
static bool check_step(const struct dialogue *d, enum probe_step step)
{
	volatile uint8_t sum = 0; /* what is to be sent can be read */

	switch (step) {
	case PROBE_MORE:
		MUST(d->out.n == 0 || d->out.p);
		MUST(d->out.n < 10000);
		for (size_t i = 0; i < d->out.n; i++)
			sum ^= ((const uint8_t *)d->out.p)[i];
		(void)sum;
		return true;
	case PROBE_WAIT:
		return true;
	case PROBE_BAD:
		MUST(*d->reason && memchr(d->reason, '\0', sizeof(d->reason)));
		for (const char *p = d->reason; *p; p++)
			MUST(*p >= ' ' && *p <= '~');
		return false;
	case PROBE_GOOD:
		return false;
	}
	MUST(!"a step of the table");
	return false;
}

static void run(struct dialogue *d, uint8_t options, const uint8_t *data, size_t size, size_t piece)
{
	bool on = check_step(d, d->ops->begin(d));

	while (on && size) {
		size_t n = size < piece ? size : piece;
		uint8_t *copy = malloc(n);

		memcpy(copy, data, n);
		on = check_step(d, d->ops->feed(d, copy, n));
		free(copy);
		data += n;
		size -= n;
	}
	if (on && options & OPTION_CLOSE && d->ops->closed)
		MUST(!check_step(d, d->ops->closed(d)));
	else if (on && options & OPTION_SILENCE && d->ops->silence)
		MUST(!check_step(d, d->ops->silence(d)));
	if (d->ops->end)
		d->ops->end(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union any_check check = {0};
	struct conf_checker *c = &check.http.sock.check;
	struct conf_url url = {0};
	struct conf_url *urls[] = {&url};
	struct conf conf = {0};
	struct dialogue d = {.conf = c, .nonce = 0x1234};
	struct arena *a;
	size_t piece;

	if (size < CHOICES)
		return 0;
	c->kind = kinds[data[0] % ARRAY_SIZE(kinds)];
	check.http.sock.connect_ip.family = IP_V4;
	if (c->kind == CHECK_HTTP) {
		set_page(&url, data[1]);
		check.http.urls.v = urls;
		check.http.urls.n = 1;
		d.want_digest = data[1] & OPTION_A;
	} else {
		set_check(&check, c->kind, data[1]);
	}
	piece = data[2] ? data[2] : 65536;
	a = arena_new();
	d.ops = dialogue_ops_of(c);
	d.plan = d.ops->prepare ? d.ops->prepare(&conf, c, a) : NULL;
	d.state = calloc(1, d.ops->state_size + 1);
	run(&d, data[1], data + CHOICES, size - CHOICES, piece);
	free(d.state);
	if (d.ops->release)
		d.ops->release(d.plan);
	arena_free(a);
	return 0;
}
