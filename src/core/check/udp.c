/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: UDP_CHECK: the datagram sent, and whether silence or an answer is good. A port that is
 * closed is told by the transport (ICMP), before anything comes here.
 * Must not know: sockets.
 */
#include "base/str.h"
#include "core/check/judge.h"

/* keepalived's default upper limit. It counts only where the contents are looked at: with a bare
 * require_reply any answer always was good, however long. */
#define UDP_DEFAULT_MAX 255

static const char udp_text[] = "holdfast UDP_CHECK, please reply";

static enum probe_step udp_begin(struct dialogue *d)
{
	const struct conf_check_udp *udp = (const void *)d->conf;

	if (udp->payload.n)
		return dialogue_send(d, udp->payload.v, udp->payload.n);
	return dialogue_send(d, udp_text, sizeof(udp_text) - 1);
}

/* The first byte that differs, or `n`. Bits outside the mask match anything; no mask: all count. */
static size_t first_difference(const struct conf_check_udp *udp, const uint8_t *p, size_t n)
{
	size_t i = 0;

	for (; i < n; i++) {
		uint8_t mask = i < udp->reply_mask.n ? udp->reply_mask.v[i] : 0xff;

		if ((p[i] ^ udp->reply.v[i]) & mask)
			break;
	}
	return i;
}

static bool has_max(const struct conf_check_udp *udp)
{
	return udp->reply.n || udp->max_reply_length != UDP_DEFAULT_MAX;
}

static enum probe_step udp_feed(struct dialogue *d, const void *data, size_t len)
{
	const struct conf_check_udp *udp = (const void *)d->conf;
	size_t n = len < udp->reply.n ? len : udp->reply.n, at;

	if (!udp->require_reply)
		return PROBE_GOOD;
	if (len < udp->min_reply_length)
		return dialogue_fail(d, "a reply of %zu bytes, less than %u", len,
				     udp->min_reply_length);
	if (has_max(udp) && len > udp->max_reply_length)
		return dialogue_fail(d, "a reply of %zu bytes, more than %u", len,
				     udp->max_reply_length);
	at = first_difference(udp, data, n);
	if (at < n)
		return dialogue_fail(d, "byte %zu of the reply is %02x instead of %02x", at + 1,
				     ((const uint8_t *)data)[at], udp->reply.v[at]);
	return PROBE_GOOD;
}

static enum probe_step udp_silence(struct dialogue *d)
{
	if (((const struct conf_check_udp *)d->conf)->require_reply)
		return dialogue_fail(d, "no reply within the time limit");
	return PROBE_GOOD;
}

const struct dialogue_ops dialogue_udp = {
	.name = "UDP_CHECK",
	.transport = PROBE_DATAGRAM,
	.begin = udp_begin,
	.feed = udp_feed,
	.silence = udp_silence,
};
