/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: DNS_CHECK: one question (RFC 1035 4.1), and from the answer its id, its response bit and
 * its response code. What does not answer our question is as if it had not come.
 * Must not know: sockets, where the random id comes from.
 */
#include "base/buf.h"
#include "base/str.h"
#include "core/check/judge.h"

#define DNS_HEADER 12
#define DNS_NAME_MAX 255
#define DNS_LABEL_MAX 63
#define DNS_CLASS_IN 1

enum { DNS_RESPONSE = 0x80, DNS_RECURSION_DESIRED = 0x01, DNS_RCODE = 0x0f };

struct dns_query {
	size_t n;
	char bytes[DNS_HEADER + DNS_NAME_MAX + 4];
};

/* A name that breaks the limits is cut: the configuration has been checked before. */
static void put_name(struct buf *b, const char *name)
{
	size_t room = DNS_NAME_MAX - 1;

	while (*name && !str_eq(name, ".")) {
		size_t n = strcspn(name, ".");
		size_t kept = n < DNS_LABEL_MAX ? n : DNS_LABEL_MAX;

		if (kept == 0 || kept + 1 > room)
			break;
		room -= kept + 1;
		buf_u8(b, (uint8_t)kept);
		buf_bytes(b, name, kept);
		name += n;
		name += *name == '.';
	}
	buf_u8(b, 0);
}

static const void *dns_prepare(const struct conf *conf, const struct conf_checker *c,
			       struct arena *a)
{
	const struct conf_check_dns *dns = (const void *)c;
	struct dns_query *q = arena_new_of(a, struct dns_query);
	struct buf b = BUF_ON(q->bytes);

	(void)conf;
	buf_be16(&b, 0); /* the id, per run */
	buf_u8(&b, DNS_RECURSION_DESIRED);
	buf_u8(&b, 0);
	buf_be16(&b, 1);
	buf_be16(&b, 0);
	buf_be32(&b, 0);
	put_name(&b, dns->name ? dns->name : ".");
	buf_be16(&b, dns->type);
	buf_be16(&b, DNS_CLASS_IN);
	q->n = b.n;
	return q;
}

static enum probe_step dns_begin(struct dialogue *d)
{
	const struct dns_query *plan = d->plan;
	struct dns_query *q = d->state;

	memcpy(q, plan, sizeof(*q));
	q->bytes[0] = (char)(d->nonce >> 8 & 0xff);
	q->bytes[1] = (char)(d->nonce & 0xff);
	return dialogue_send(d, q->bytes, q->n);
}

static const char *rcode_name(unsigned rcode)
{
	static const char *const names[] = {
		[1] = "FORMERR", [2] = "SERVFAIL", [3] = "NXDOMAIN", [4] = "NOTIMP",
		[5] = "REFUSED", [6] = "YXDOMAIN", [7] = "YXRRSET",  [8] = "NXRRSET",
		[9] = "NOTAUTH", [10] = "NOTZONE",
	};

	return rcode < ARRAY_SIZE(names) && names[rcode] ? names[rcode] : "unassigned";
}

static enum probe_step dns_feed(struct dialogue *d, const void *data, size_t len)
{
	struct reader r = {.p = data, .n = len};
	uint16_t id = read_be16(&r);
	uint8_t flags = read_u8(&r), rcode = read_u8(&r) & DNS_RCODE;

	if (len < DNS_HEADER || id != (d->nonce & 0xffff) || !(flags & DNS_RESPONSE))
		return PROBE_WAIT;
	if (rcode)
		return dialogue_fail(d, "DNS response code %u (%s)", rcode, rcode_name(rcode));
	return PROBE_GOOD;
}

static enum probe_step dns_silence(struct dialogue *d)
{
	return dialogue_fail(d, "no DNS reply within the time limit");
}

const struct dialogue_ops dialogue_dns = {
	.name = "DNS_CHECK",
	.transport = PROBE_DATAGRAM,
	.state_size = sizeof(struct dns_query),
	.prepare = dns_prepare,
	.begin = dns_begin,
	.feed = dns_feed,
	.silence = dns_silence,
};
