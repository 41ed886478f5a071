/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: reading and writing of the words routes and rules share. */
#include "conf/schema/route.h"

#include <inttypes.h>
#include <stdlib.h>

/* Known without the files of iproute2. */
const struct choice route_tables[] = {
	{"default", 253, NULL},
	{"main", ROUTE_TABLE_MAIN, NULL},
	{"local", 255, NULL},
	{0},
};

const struct choice route_scopes[] = {
	{"global", 0, NULL}, {"site", 200, NULL},    {"link", 253, NULL},
	{"host", 254, NULL}, {"nowhere", 255, NULL}, {0},
};

const struct choice route_protocols[] = {
	{"none", 0, NULL},
	{"redirect", 1, NULL},
	{"kernel", 2, NULL},
	{"boot", 3, NULL},
	{"static", 4, NULL},
	{"gated", 8, NULL},
	{"ra", 9, NULL},
	{"mrt", 10, NULL},
	{"zebra", 11, NULL},
	{"bird", 12, NULL},
	{"dnrouted", 13, NULL},
	{"xorp", 14, NULL},
	{"ntk", 15, NULL},
	{"dhcp", 16, NULL},
	{"keepalived", ROUTE_PROTO_OURS, NULL},
	{"babel", 42, NULL},
	{0},
};

bool route_read_prefix(struct bind *b, const struct conf_word *w, struct ip_addr *ret,
		       uint8_t *ret_len)
{
	struct conf_word ip, length;
	bool slash = word_split(b->a, w, '/', &ip, &length);
	struct ip_addr a;
	int64_t n;

	if (str_eq(w->text, "default") || str_eq(w->text, "any") || str_eq(w->text, "all")) {
		*ret = (struct ip_addr){0};
		*ret_len = 0;
		return true;
	}
	if (!ip_parse(ip.text, &a))
		return bind_bad_word(b, w, "bad-address", "ADDRESS[/LENGTH], default, any or all",
				     "`%s` is not an address");
	n = ip_bits(&a);
	if (slash && !bind_number(b, &length, false, 0, n, &n))
		return false;
	*ret = a;
	*ret_len = (uint8_t)n;
	return true;
}

bool route_parse_prefix(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_need(b, c, row->args);

	return w && route_read_prefix(b, w, row_field(row, obj), row_field2(row, obj));
}

void route_print_prefix(struct text *t, const struct row *row, const void *obj)
{
	const struct ip_addr *a = row_value(row, obj);
	char buf[IP_TEXT_MAX];

	if (ip_is_set(a))
		text_printf(t, " %s/%u", ip_format(a, buf), *(const uint8_t *)row_value2(row, obj));
	else
		text_add(t, " default");
}

bool route_parse_id(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_need(b, c, row->args);
	char *end;

	if (!w)
		return false;
	*(uint64_t *)row_field(row, obj) = strtoull(w->text, &end, 0);
	return (w->text[0] >= '0' && w->text[0] <= '9' && !*end) ||
	       bind_bad_word(b, w, "bad-number", NULL, "`%s` is not a number");
}

void route_print_id(struct text *t, const struct row *row, const void *obj)
{
	text_printf(t, " %" PRIu64, *(const uint64_t *)row_value(row, obj));
}

static bool read_realm(struct bind *b, const struct conf_word *w, uint8_t *ret)
{
	uint32_t named;
	int64_t n;

	if (b->host && b->host->name_table &&
	    b->host->name_table(b->host->ctx, "rt_realms", w->text, &named)) {
		*ret = (uint8_t)named;
		return named <= 255;
	}
	if (!bind_number(b, w, true, 0, 255, &n))
		return false;
	*ret = (uint8_t)n;
	return true;
}

bool route_parse_realms(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_need(b, c, row->args);
	struct conf_word from, to;
	struct conf_realms realms = {0};

	if (!w || (word_split(b->a, w, '/', &from, &to) && !read_realm(b, &from, &realms.from)) ||
	    !read_realm(b, &to, &realms.to))
		return false;
	*(struct conf_realms *)row_field(row, obj) = realms;
	return true;
}

void route_print_realms(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_realms *realms = row_value(row, obj);

	text_printf(t, " %u/%u", realms->from, realms->to);
}

bool route_parse_via(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_need(b, c, row->args);
	uint8_t family = IP_NONE;
	struct ip_addr a;

	if (w && (str_eq(w->text, "inet") || str_eq(w->text, "inet6"))) {
		family = w->text[4] ? IP_V6 : IP_V4;
		w = cursor_need(b, c, "an address");
	}
	if (!w)
		return false;
	if (!ip_parse(w->text, &a) || (family && a.family != family))
		return bind_bad_word(b, w, "bad-address",
				     family == IP_V6   ? "an IPv6 address"
				     : family == IP_V4 ? "an IPv4 address"
						       : "an address",
				     "`%s` can't be used here");
	*(struct ip_addr *)row_field(row, obj) = a;
	return true;
}

void route_print_via(struct text *t, const struct row *row, const void *obj)
{
	char buf[IP_TEXT_MAX];

	text_printf(t, " %s",
		    ip_format(row_value(row, obj), buf));
}

void route_report_word(struct bind *b, const struct block *blk, const struct conf_word *w)
{
	const char **names = arena_alloc(b->a, block_rows(blk) * sizeof(*names));
	unsigned n = 0;

	for (unsigned i = 0; i < block_rows(blk); i++)
		if (!(block_row(blk, i)->flags & ROW_BARE))
			names[n++] = block_row(blk, i)->name;
	diag_add(b->diags, DIAG_ERROR, "unknown-option", w->at,
		 "unknown option `%s`; the line is ignored", w->text)
		->hint = diag_nearest_hint(b->a, w->text, names, n);
}

void route_drop_option(struct bind *b, const struct block *blk, void *obj, unsigned bit,
		       const char *why)
{
	const struct conf_block *block = obj;

	if (!block_is_set(obj, bit))
		return;
	block_drop(blk, obj, bit);
	diag_add(b->diags, DIAG_ERROR, "bad-option", block->at, "%s is ignored: %s",
		 block_row(blk, bit)->name, why);
}

bool route_family_join(uint8_t *family, const struct ip_addr *a)
{
	if (!ip_is_set(a))
		return true;
	if (*family == IP_NONE)
		*family = a->family;
	return *family == a->family;
}

void route_check_protocol(struct bind *b, struct conf_block *block, unsigned bit, uint8_t *protocol,
			  bool no_track)
{
	if (*protocol == ROUTE_PROTO_OURS || no_track)
		return;
	diag_add(b->diags, DIAG_WARNING, "protocol", block->at,
		 "protocol %u is ignored: what is tracked has protocol %u", *protocol,
		 ROUTE_PROTO_OURS)
		->hint = "add no_track to keep it";
	*protocol = ROUTE_PROTO_OURS;
	block_unmark(block, bit);
}
