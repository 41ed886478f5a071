/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * genhash: the digest of a page, as HTTP_GET and SSL_GET compute it, for `digest` in a configuration
 * (operations.md 2). The page is fetched and read by the very checker, through its dialogue and its
 * transport; only the printing is here. Under its own name status 0 also when there is no page, as
 * keepalived's.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/check/dialogue.h"
#include "ctl/command.h"
#include "io/probe.h"

#define PATIENCE (24 * 3600 * USEC_PER_SEC) /* without -t */
#define SHOWN_MAX ((size_t)64 << 20)

struct fetch {
	struct probe probe; /* first */
	struct loop *loop;
	struct arena *arena;
	struct conf_check_http http;
	struct conf_url *url;
	struct dialogue dialogue;
	const char *program, *virtualhost;
	bool verbose, sni, help;
	/* What came, for -v. */
	char *shown;
	size_t n_shown, cap_shown;
	usec_t started, ended;
	struct probe_result result;
	char reason[PROBE_REASON_MAX];
};

/* ---- options ---- */

static const char usage_text[] =
	"Usage: %s COMMAND [OPTIONS]\n"
	"Commands:\n"
	"   -s server-address -p port -u url\n"
	"   -S -s server-address -p port -u url\n"
	"   -h\n\n"
	"Options:\n"
	"Either long or short options are allowed.\n"
	"   --use-ssl         -S       Use TLS to the server.\n"
	"   --use-sni         -I       Send the name given with -V in the TLS handshake.\n"
	"   --server          -s       Address of the server.\n"
	"   --port            -p       Port of the server.\n"
	"   --url             -u       Path of the page.\n"
	"   --use-virtualhost -V       Host header.\n"
	"   --verbose         -v       Show header, page and digest.\n"
	"   --help            -h       Show this text.\n"
	"   --fwmark          -m       Mark of the socket.\n"
	"   --protocol        -P       HTTP version: 1.0, 1.0c (with 'Connection: close'), 1.1.\n"
	"   --timeout         -t       Limit in seconds for connecting and for each answer.\n";

static bool take_number(const char *text, unsigned long min, unsigned long max, const char *what,
			unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || *ret < min || *ret > max) {
		fprintf(stderr, "invalid %s '%s'\n", what, text);
		return false;
	}
	return true;
}

static bool take_server(struct fetch *f, const char *text)
{
	if (ip_parse(text, &f->http.sock.connect_ip))
		return true;
	fprintf(stderr, "invalid server address '%s'\n", text);
	return false;
}

static bool take_protocol(struct fetch *f, const char *text)
{
	static const char *const words[] = {"1.0", "1.0c", "1.1"};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(text, words[i]) == 0) {
			f->http.protocol = (uint8_t)i;
			return true;
		}
	fprintf(stderr, "invalid protocol '%s'\n", text);
	return false;
}

static bool take_option(struct fetch *f, int letter, const char *text)
{
	unsigned long n;

	switch (letter) {
	case 'S':
		f->http.sock.check.kind = CHECK_SSL;
		return true;
	case 'I':
		f->sni = true;
		return true;
	case 'v':
		f->verbose = true;
		return true;
	case 'h':
		f->help = true;
		return true;
	case 's':
		return take_server(f, text);
	case 'P':
		return take_protocol(f, text);
	case 'u':
		f->url->path = text;
		return true;
	case 'V':
		f->virtualhost = text;
		return true;
	case 'p':
		if (!take_number(text, 1, 65535, "port number", &n))
			return false;
		f->http.sock.connect_port = (uint16_t)n;
		return true;
	case 'm':
		if (!take_number(text, 0, UINT32_MAX, "fwmark", &n))
			return false;
		f->http.sock.fwmark = (uint32_t)n;
		return true;
	case 't':
		if (!take_number(text, 1, 86400, "timeout", &n))
			return false;
		f->http.sock.check.timing.connect_timeout = (usec_t)n * USEC_PER_SEC;
		return true;
	default:
		return false;
	}
}

static bool take_options(struct fetch *f, int argc, char **argv)
{
	static const struct option names[] = {
		{"use-ssl", no_argument, NULL, 'S'},
		{"use-sni", no_argument, NULL, 'I'},
		{"server", required_argument, NULL, 's'},
		{"port", required_argument, NULL, 'p'},
		{"url", required_argument, NULL, 'u'},
		{"use-virtualhost", required_argument, NULL, 'V'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"fwmark", required_argument, NULL, 'm'},
		{"protocol", required_argument, NULL, 'P'},
		{"timeout", required_argument, NULL, 't'},
		{0},
	};
	int letter;

	optind = 1;
	while ((letter = getopt_long(argc, argv, "SIs:p:u:V:vhm:P:t:", names, NULL)) != -1)
		if (!take_option(f, letter, optarg))
			return false;
	return f->help || (optind == argc && ip_is_set(&f->http.sock.connect_ip) &&
			   f->http.sock.connect_port && f->url->path);
}

/* ---- the run ---- */

static struct fetch *fetch_of(struct probe *p)
{
	return (struct fetch *)p;
}

static enum probe_step told(const struct fetch *f, enum probe_step step, struct probe_bytes *out)
{
	if (step == PROBE_MORE)
		*out = f->dialogue.out;
	return step;
}

static enum probe_step on_begin(struct probe *p, struct probe_bytes *out)
{
	struct fetch *f = fetch_of(p);

	return told(f, f->dialogue.ops->begin(&f->dialogue), out);
}

static void show_later(struct fetch *f, const void *data, size_t n)
{
	if (!f->verbose || n > SHOWN_MAX - f->n_shown)
		return;
	if (f->n_shown + n > f->cap_shown) {
		f->cap_shown = 2 * (f->n_shown + n);
		f->shown = realloc(f->shown, f->cap_shown);
		if (!f->shown)
			abort();
	}
	memcpy(f->shown + f->n_shown, data, n);
	f->n_shown += n;
}

static enum probe_step on_feed(struct probe *p, const void *data, size_t n, struct probe_bytes *out)
{
	struct fetch *f = fetch_of(p);

	show_later(f, data, n);
	return told(f, f->dialogue.ops->feed(&f->dialogue, data, n), out);
}

static enum probe_step on_closed(struct probe *p)
{
	struct fetch *f = fetch_of(p);

	return f->dialogue.ops->closed(&f->dialogue);
}

static const char *on_reason(struct probe *p)
{
	return fetch_of(p)->dialogue.reason;
}

static void on_done(struct probe *p, const struct probe_result *r)
{
	struct fetch *f = fetch_of(p);

	f->ended = clock_monotonic();
	f->result = *r;
	str_copy(f->reason, sizeof(f->reason), r->reason);
	f->result.reason = f->reason;
	loop_quit(f->loop);
}

static const struct probe_judge judge = {
	.begin = on_begin, .feed = on_feed, .closed = on_closed, .reason = on_reason, .done = on_done};

/* A page of any status has a digest. */
static void prepare(struct fetch *f, const struct conf *conf)
{
	struct dialogue *d = &f->dialogue;
	static const struct conf_status_range any = {0, 999};

	*vec_add(f->arena, &f->url->status) = any;
	*vec_add(f->arena, &f->http.urls) = f->url;
	f->url->host = f->virtualhost;
	f->url->server_name = f->sni ? f->virtualhost : NULL;
	d->conf = &f->http.sock.check;
	d->ops = dialogue_ops_of(d->conf);
	d->plan = d->ops->prepare(conf, d->conf, f->arena);
	d->state = arena_alloc(f->arena, d->ops->state_size);
	d->want_digest = true;
	f->probe.conf = &f->http.sock;
	f->probe.judge = &judge;
	f->probe.transport = (uint8_t)d->ops->transport;
	f->probe.tls.server_name = f->url->server_name;
}

static int fetch(struct fetch *f)
{
	static const struct conf no_conf;
	struct agenda *agenda;
	struct probe_engine *engine;
	char error[PROBE_REASON_MAX];

	f->loop = loop_new();
	agenda = agenda_new(f->loop);
	engine = probe_engine_new(f->loop, agenda);
	if (!engine)
		return 1;
	if (f->http.sock.check.kind == CHECK_SSL)
		(void)probe_engine_set_tls(engine, &(struct probe_tls_material){0}, error);
	prepare(f, &no_conf);
	f->started = clock_monotonic();
	probe_start(engine, &f->probe);
	if (probe_is_running(&f->probe))
		loop_run(f->loop);
	f->dialogue.ops->end(&f->dialogue);
	f->dialogue.ops->release(f->dialogue.plan);
	probe_engine_free(engine);
	agenda_free(agenda);
	loop_free(f->loop);
	return 0;
}

/* ---- printing ---- */

static void print_hex(const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t at = 0; at < n; at += 16) {
		printf("%04zu ", at);
		for (size_t i = at; i < at + 16; i++) {
			if (i == at + 8)
				printf(" -");
			if (i < n)
				printf(" %02x", p[i]);
			else
				printf("   ");
		}
		printf("   ");
		for (size_t i = at; i < at + 16; i++)
			putchar(i < n ? (isprint(p[i]) ? p[i] : '.') : ' ');
		putchar('\n');
	}
}

static size_t header_length(const struct fetch *f)
{
	const char *end = memmem(f->shown, f->n_shown, "\r\n\r\n", 4);

	if (end)
		return (size_t)(end - f->shown) + 4;
	end = memmem(f->shown, f->n_shown, "\n\n", 2);
	return end ? (size_t)(end - f->shown) + 2 : f->n_shown;
}

static void print_digest(const struct fetch *f)
{
	for (unsigned i = 0; i < CONF_DIGEST_LEN; i++)
		printf("%02x", f->dialogue.digest[i]);
	putchar('\n');
}

static void print_all(const struct fetch *f)
{
	size_t n = f->shown ? header_length(f) : 0;

	printf("-----------------------[    HTTP Header Buffer    ]-----------------------\n");
	print_hex(f->shown, n);
	printf("-----------------------[ HTTP Header Ascii Buffer ]-----------------------\n");
	fwrite(f->shown, 1, n, stdout);
	printf("\n-----------------------[        HTML Buffer        ]-----------------------\n");
	print_hex(f->shown ? f->shown + n : NULL, f->n_shown - n);
	printf("\n-----------------------[    HTML hash resulting    ]-----------------------\n");
	print_hex(f->dialogue.digest, CONF_DIGEST_LEN);
	printf("-----------------------[ HTML hash final resulting ]-----------------------\n");
	print_digest(f);
	printf("\nGlobal response time for [%s] = %lld usecs\n", f->url->path,
	       (long long)(f->ended - f->started));
}

/* The digest of an error page is seldom what somebody wants. */
static void warn_of_status(const struct fetch *f)
{
	if (f->dialogue.status / 100 != 2)
		fprintf(stderr, "warning: the page has status %u\n", (unsigned)f->dialogue.status);
}

static void print_result(const struct fetch *f)
{
	if (!f->dialogue.has_digest)
		fprintf(stderr, "no digest: %s\n", *f->reason ? f->reason : "there is no page");
	else if (f->verbose)
		print_all(f);
	else
		print_digest(f);
	if (f->dialogue.has_digest)
		warn_of_status(f);
}

static struct fetch *fetch_new(void)
{
	struct arena *a = arena_new();
	struct fetch *f = arena_new_of(a, struct fetch);

	f->arena = a;
	f->url = arena_new_of(a, struct conf_url);
	f->url->regex_max_offset = UINT32_MAX;
	f->http.sock.check.kind = CHECK_HTTP;
	f->http.sock.check.timing.connect_timeout = PATIENCE;
	return f;
}

static int genhash(int argc, char **argv, int status_without_page)
{
	struct fetch *f = fetch_new();
	bool good = take_options(f, argc, argv);
	int status = 1;

	if (!good || f->help) {
		fprintf(f->help ? stdout : stderr, usage_text, "genhash");
		status = f->help ? 0 : 1;
	} else {
		status = fetch(f);
		if (status == 0)
			print_result(f);
		if (status == 0 && !f->dialogue.has_digest)
			status = status_without_page;
	}
	free(f->shown);
	arena_free(f->arena);
	return status;
}

int compat_genhash_main(int argc, char **argv)
{
	return genhash(argc, argv, 0);
}

int ctl_genhash(const struct ctl_command *self, int argc, char **argv)
{
	(void)self;
	return genhash(argc, argv, 1);
}
