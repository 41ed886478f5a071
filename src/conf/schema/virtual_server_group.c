/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the rows of virtual_server_group, whose statements are entries: a mark, an address, or a
 * range of addresses written in one of three ways. Kept as first and last address.
 */
#include "conf/schema/lvs.h"

#include <stdlib.h>

static bool bad_entry(struct bind *b, const struct conf_word *w, const char *why)
{
	diag_add(b->diags, DIAG_ERROR, "bad-address", w->at, "`%s` %s", w->text, why)->expected =
		"IPADDR[-LAST|-IPADDR|/LENGTH] [PORT], or fwmark MARK [inet|inet6]";
	return false;
}

/* LAST is the final octet in decimal or the final group of IPv6 in hexadecimal. */
static bool last_of_range(const struct ip_addr *first, const char *text, struct ip_addr *ret)
{
	bool v4 = first->family == IP_V4;
	size_t n = strlen(text);
	unsigned long last;
	char *end;

	if (ip_parse(text, ret))
		return ret->family == first->family;
	if (!n || n > 4 || strspn(text, v4 ? "0123456789" : "0123456789abcdefABCDEF") != n)
		return false;
	last = strtoul(text, &end, v4 ? 10 : 16);
	if (v4 && last > 255)
		return false;
	*ret = *first;
	if (v4) {
		ret->b[3] = (uint8_t)last;
	} else {
		ret->b[14] = (uint8_t)(last >> 8);
		ret->b[15] = (uint8_t)last;
	}
	return true;
}

static bool parse_range(struct bind *b, const struct conf_word *w, const struct conf_word part[2],
			struct conf_group_entry *e)
{
	if (!ip_parse(part[0].text, &e->first) ||
	    !last_of_range(&e->first, part[1].text, &e->last))
		return bad_entry(b, w, "is not a range of addresses");
	if (ip_compare(&e->first, &e->last) > 0)
		return bad_entry(b, w, "ends before it begins");
	return true;
}

/* The address with all bits after the prefix set. */
static struct ip_addr prefix_last(const struct ip_addr *a, unsigned prefix)
{
	struct ip_addr last = *a;

	for (unsigned i = prefix; i < ip_bits(a); i++)
		last.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return last;
}

static bool host_bits_are_zero(const struct ip_addr *a, unsigned prefix)
{
	for (unsigned i = prefix; i < ip_bits(a); i++)
		if (a->b[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

static bool parse_network(struct bind *b, const struct conf_word *w,
			  const struct conf_word part[2], struct conf_group_entry *e)
{
	int64_t prefix;

	if (!ip_parse(part[0].text, &e->first))
		return bad_entry(b, w, "is not an address");
	if (!bind_number(b, &part[1], false, 1, ip_bits(&e->first), &prefix))
		return false;
	if (!host_bits_are_zero(&e->first, (unsigned)prefix))
		return bad_entry(b, w, "has bits set beyond its length");
	e->prefix = (uint8_t)prefix;
	e->last = prefix_last(&e->first, (unsigned)prefix);
	return true;
}

static bool parse_mark(struct bind *b, struct conf_group_entry *e, struct cursor *c)
{
	const struct conf_word *w = cursor_need(b, c, "a firewall mark");
	int64_t n;

	if (!w || !bind_number(b, w, true, 1, UINT32_MAX, &n))
		return false;
	e->is_mark = true;
	e->fwmark = (uint32_t)n;
	if ((w = cursor_peek(c)) && (str_eq(w->text, "inet") || str_eq(w->text, "inet6"))) {
		e->family = w->text[4] ? IP_V6 : IP_V4;
		cursor_take(c);
	}
	return true;
}

static bool parse_entry(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_group_entry *e = obj;
	const struct conf_word *w = cursor_take(c);
	struct conf_word part[2];
	int64_t port = 0;
	bool ok = true;

	if (str_eq(w->text, "fwmark"))
		return parse_mark(b, e, c);
	if (word_split(b->a, w, '-', &part[0], &part[1]))
		ok = parse_range(b, w, part, e);
	else if (word_split(b->a, w, '/', &part[0], &part[1]))
		ok = parse_network(b, w, part, e);
	else if (ip_parse(w->text, &e->first))
		e->last = e->first;
	else
		return bad_entry(b, w, "is not an address");
	if (!ok || (cursor_peek(c) && !bind_number(b, cursor_take(c), false, 0, 65535, &port)))
		return false;
	e->family = e->first.family;
	e->port = (uint16_t)port;
	return true;
}

static void print_entry(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_group_entry *e = obj;
	char buf[IP_TEXT_MAX];

	if (e->is_mark) {
		text_printf(t, " fwmark %u%s", e->fwmark,
			    e->family == IP_V4	 ? " inet"
			    : e->family == IP_V6 ? " inet6"
						 : "");
		return;
	}
	text_printf(t, " %s", ip_format(&e->first, buf));
	if (e->prefix)
		text_printf(t, "/%u", e->prefix);
	else if (!ip_equal(&e->first, &e->last))
		text_printf(t, "-%s", ip_format(&e->last, buf));
	if (e->port)
		text_printf(t, " %u", e->port);
}

static const struct row entry_rows[] = {
	{"ENTRY", HANDLER(conf_group_entry, first, parse_entry, print_entry),
	 .flags = ROW_POSITIONAL, .listed = "",
	 .help = "A mark, an address or a range of addresses."},
};

static const struct block schema_group_entry =
	BLOCK(ENTRIES, conf_group_entry, entry_rows, .contexts = "", .owner = OWNER_LVS,
	      .reload = RELOAD_LIVE, .help = "One entry of a group.");

static bool group_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_virtual_server_group *g = obj;

	for (unsigned i = 0; i < g->entries.n; i++) {
		const struct conf_group_entry *e = g->entries.v[i];

		g->has_mark |= e->is_mark;
		g->has_address |= !e->is_mark;
		g->has_any_port |= !e->is_mark && !e->port;
		g->has_v4 |= e->family == IP_V4;
		g->has_v6 |= e->family == IP_V6;
	}
	if (!g->entries.n)
		diag_add(b->diags, DIAG_ERROR, "empty-block", stmt->at,
			 "virtual_server_group %s has no entry; it is ignored", g->name);
	return g->entries.n;
}

static const struct row rows[] = {
	{"NAME", STRING(conf_virtual_server_group, name), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name by which virtual_server refers to it."},
	{"<IPADDR>", DOC(), .args = "[PORT]",
	 .help = "One address; port 0 or none needs persistence."},
	{"<IPADDR>-<LAST>", DOC(), .args = "[PORT]",
	 .help = "A range in the last octet (decimal) or, of IPv6, the last group (hexadecimal)."},
	{"<IPADDR>-<IPADDR>", DOC(), .args = "[PORT]", .help = "A range between two addresses."},
	{"<IPADDR>/<PREFIX>", DOC(), .args = "[PORT]",
	 .help = "All addresses of a network, the first and the last too."},
	{"fwmark", DOC(), .args = "MARK [inet|inet6]", .help = "Packets with a firewall mark."},
	{"fwmark:inet", DOC(), .help = "The mark is of IPv4 packets."},
	{"fwmark:inet6", DOC(), .help = "The mark is of IPv6 packets."},
	{"", ENTRIES_OF(conf_virtual_server_group, entries, conf_group_entry, schema_group_entry),
	 .listed = "", .help = "The entries."},
};

const struct block schema_virtual_server_group =
	BLOCK(KEYWORDS, conf_virtual_server_group, rows, .contexts = "virtual_server_group",
	      .owner = OWNER_LVS, .reload = RELOAD_LIVE, .finish = group_finish,
	      .help = "A set of addresses and marks for virtual servers.");
