/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the rows of UDP_CHECK. Bytes are written in hexadecimal: digits in pairs, a blank ends a
 * byte, so that a digit alone is one; X in a reply stands for any half byte.
 */
#include "conf/schema/lvs.h"

#include <ctype.h>

#define DATAGRAM_MAX 65507

static bool half_byte(char c, bool wild, uint8_t *value, uint8_t *mask)
{
	*mask = 15;
	if (c >= '0' && c <= '9')
		*value = (uint8_t)(c - '0');
	else if (isxdigit((unsigned char)c))
		*value = (uint8_t)(tolower(c) - 'a' + 10);
	else if (wild && (c == 'x' || c == 'X'))
		*value = *mask = 0;
	else
		return false;
	return true;
}

/* One word of digits, appended; `mask` is NULL when X is not allowed. */
static bool bytes_add(struct bind *b, const struct conf_word *w, struct conf_bytes *bytes,
		      struct conf_bytes *mask)
{
	size_t n = strlen(w->text), more = (n + 1) / 2;
	uint8_t *v = arena_alloc(b->a, bytes->n + more), *m = arena_alloc(b->a, bytes->n + more);

	if (bytes->n + more > DATAGRAM_MAX) {
		diag_add(b->diags, DIAG_ERROR, "too-long", w->at, "more than fits in a datagram");
		return false;
	}
	if (bytes->n) {
		memcpy(v, bytes->v, bytes->n);
		if (mask)
			memcpy(m, mask->v, bytes->n);
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = bytes->n + i / 2;
		uint8_t value, bits;

		if (!half_byte(w->text[i], mask, &value, &bits))
			return bind_bad_word(b, w, "bad-hex",
					     mask ? "hexadecimal digits, or X for any"
						  : "hexadecimal digits",
					     "`%s` is not hexadecimal");
		if (i % 2 == 0 && i + 1 == n) /* alone: a whole byte, its upper half is zero */
			m[at] = mask && !bits ? 0 : 0xf0 | bits;
		else
			m[at] = (uint8_t)(m[at] << 4 | bits);
		v[at] = (uint8_t)(v[at] << 4 | value);
	}
	*bytes = (struct conf_bytes){v, bytes->n + (uint32_t)more};
	if (mask)
		*mask = (struct conf_bytes){m, bytes->n};
	return true;
}

static void print_bytes(struct text *t, const struct conf_bytes *bytes,
			const struct conf_bytes *mask)
{
	static const char digits[] = "0123456789abcdef";

	for (uint32_t i = 0; i < bytes->n; i++) {
		bool high = !mask || mask->v[i] & 0xf0, low = !mask || mask->v[i] & 15;

		if (i % 16 == 0)
			text_char(t, ' ');
		text_char(t, high ? digits[bytes->v[i] >> 4] : 'X');
		text_char(t, low ? digits[bytes->v[i] & 15] : 'X');
	}
}

static bool parse_payload(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_check_udp *udp = obj;
	struct conf_bytes bytes = {0};
	const struct conf_word *w = cursor_need(b, c, row->args);

	if (!w)
		return false;
	for (; w; w = cursor_take(c))
		if (!bytes_add(b, w, &bytes, NULL))
			return false;
	udp->payload = bytes;
	return true;
}

static void print_payload(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_check_udp *udp = obj;

	print_bytes(t, &udp->payload, NULL);
}

static bool parse_reply(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_check_udp *udp = obj;
	struct conf_bytes bytes = {0}, mask = {0};
	const struct conf_word *w;

	while ((w = cursor_take(c)))
		if (!bytes_add(b, w, &bytes, &mask))
			return false;
	udp->require_reply = true;
	udp->reply = bytes;
	udp->reply_mask = mask;
	return true;
}

static void print_reply(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_check_udp *udp = obj;

	print_bytes(t, &udp->reply, &udp->reply_mask);
}

static bool udp_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_check_udp *udp = obj;

	if (udp->min_reply_length <= udp->max_reply_length)
		return true;
	diag_add(b->diags, DIAG_ERROR, "bad-lengths", stmt->at,
		 "min_reply_length is more than max_reply_length; both are ignored");
	udp->min_reply_length = 0;
	udp->max_reply_length = 255;
	block_unmark(udp, block_bit(&schema_udp_check, "min_reply_length"));
	block_unmark(udp, block_bit(&schema_udp_check, "max_reply_length"));
	return true;
}

static const struct row rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common."},
	{"payload", HANDLER(conf_check_udp, payload, parse_payload, print_payload),
	 .args = "HEX ...", .dflt_text = "a fixed text of 32 bytes",
	 .help = "Content of the datagram."},
	{"require_reply", HANDLER(conf_check_udp, reply, parse_reply, print_reply),
	 .args = "[HEX ...]", .dflt_text = "off: silence is good, too",
	 .help = "A reply is needed; with HEX it must begin with these bytes, X standing for any "
		 "half byte."},
	{"min_reply_length", NUMBER(conf_check_udp, min_reply_length, 0, 65535), .unit = "bytes",
	 .dflt = "0", .help = "Shortest good reply."},
	{"max_reply_length", NUMBER(conf_check_udp, max_reply_length, 0, 65535), .unit = "bytes",
	 .dflt = "255", .help = "Longest good reply."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_udp_check =
	BLOCK_ON(KEYWORDS, conf_check_udp, rows, &schema_check_socket, .contexts = "UDP_CHECK",
		 .finish = udp_finish, .help = "Sends a UDP datagram.");
