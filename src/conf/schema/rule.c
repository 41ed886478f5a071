/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: one policy rule, in virtual_rules and static_rules. A rule has selectors and exactly one
 * action; a line with a word nobody knows is dropped whole.
 *
 * A single port (`sport 80`) and `ip_proto` are accepted, which 2.4.3 refuses. Preferences that are
 * not given are found when all rules are known: complete_route.c.
 */
#include "conf/schema/route.h"

enum {
	RULE_TABLE_ROW,
	RULE_GOTO_ROW,
	RULE_PREFERENCE_ROW,
	RULE_FWMARK_ROW,
	RULE_UID_ROW,
	RULE_SPORT_ROW,
	RULE_DPORT_ROW,
	RULE_PROTOCOL_ROW,
	RULE_REALMS_ROW,
	RULE_SUPPRESS_PREFIX_ROW,
	RULE_SUPPRESS_GROUP_ROW,
	RULE_TYPE_ROW,
	RULE_FIRST_OTHER,
};

static const struct choice ip_protocols[] = {
	{"icmp", 1, NULL},	 {"igmp", 2, NULL},	 {"ipip", 4, NULL},
	{"tcp", 6, NULL},	 {"egp", 8, NULL},	 {"udp", 17, NULL},
	{"dccp", 33, NULL},	 {"ipv6", 41, NULL},	 {"rsvp", 46, NULL},
	{"gre", 47, NULL},	 {"esp", 50, NULL},	 {"ah", 51, NULL},
	{"ipv6-icmp", 58, NULL}, {"icmpv6", 58, NULL},	 {"ospf", 89, NULL},
	{"pim", 103, NULL},	 {"vrrp", 112, NULL},	 {"l2tp", 115, NULL},
	{"sctp", 132, NULL},	 {"udplite", 136, NULL}, {0},
};

/* A-B; where row->scale says so, A alone. */
static bool parse_range(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_need(b, c, row->args);
	int64_t lo, hi;

	if (!w)
		return false;
	if (!row->scale && !strchr(w->text, '-'))
		return bind_bad_word(b, w, "bad-range", row->args, "`%s` is not a range");
	if (!bind_range(b, w, row->min, row->max, &lo, &hi))
		return false;
	*(struct conf_range *)row_field(row, obj) = (struct conf_range){(uint32_t)lo, (uint32_t)hi};
	return true;
}

static void print_row_range(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_range *range = row_value(row, obj);

	if (row->scale)
		print_range(t, range->lo, range->hi);
	else
		text_printf(t, " %u-%u", range->lo, range->hi);
}

/* MARK[/MASK] */
static bool parse_fwmark(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_rule *r = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	struct conf_word mark, mask;
	int64_t n, m = UINT32_MAX;

	if (!w)
		return false;
	if (word_split(b->a, w, '/', &mark, &mask) &&
	    !bind_number(b, &mask, true, 0, UINT32_MAX, &m))
		return false;
	if (!bind_number(b, &mark, true, 0, UINT32_MAX, &n))
		return false;
	r->fwmark = (uint32_t)n;
	r->fwmask = (uint32_t)m;
	return true;
}

static void print_fwmark(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_rule *r = obj;

	text_printf(t, " %u", r->fwmark);
	if (r->fwmask != UINT32_MAX)
		text_printf(t, "/%u", r->fwmask);
}

/* ---- the whole rule ---- */

static bool rule_bare(struct bind *b, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	struct conf_rule *r = obj;

	if (!r->bad) /* once a line */
		route_report_word(b, &schema_rule, w);
	r->bad = true;
	return true;
}

static bool bad_rule(struct bind *b, const struct conf_rule *r, const char *why)
{
	diag_add(b->diags, DIAG_ERROR, "bad-rule", r->block.at, "%s; the rule is ignored", why);
	return false;
}

static bool rule_action(struct bind *b, struct conf_rule *r)
{
	bool table = block_is_set(r, RULE_TABLE_ROW), jump = block_is_set(r, RULE_GOTO_ROW);
	int n = table + jump + r->l3mdev + r->nop + r->blackhole + r->unreachable + r->prohibit;

	if (n == 0)
		return bad_rule(b, r,
				"a rule needs an action (table, goto, l3mdev, nop, blackhole, "
				"unreachable or prohibit)");
	if (n > 1)
		return bad_rule(b, r, "a rule has one action only");
	r->action = table || r->l3mdev ? RULE_TABLE
		    : jump	       ? RULE_GOTO
		    : r->nop	       ? RULE_NOP
		    : r->blackhole     ? RULE_BLACKHOLE
		    : r->unreachable   ? RULE_UNREACHABLE
				       : RULE_PROHIBIT;
	if (jump && !r->has_preference)
		return bad_rule(b, r, "goto needs a preference");
	if (jump && r->goto_target <= r->preference)
		return bad_rule(b, r, "goto leads to a rule that was before it");
	return true;
}

static bool rule_family(struct bind *b, struct conf_rule *r)
{
	bool ok = !(r->inet && r->inet6);

	r->family = r->inet ? IP_V4 : r->inet6 ? IP_V6 : IP_NONE;
	ok &= route_family_join(&r->family, &r->from) && route_family_join(&r->family, &r->to);
	if (r->family == IP_NONE)
		r->family = IP_V4;
	return ok || bad_rule(b, r, "its addresses are of different families");
}

static bool rule_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	static const char table_only[] = "only a rule with table has it";
	struct conf_rule *r = obj;

	if (r->bad)
		return false;
	block_unmark(r, RULE_TYPE_ROW);
	r->has_preference = block_is_set(r, RULE_PREFERENCE_ROW);
	r->has_fwmark = block_is_set(r, RULE_FWMARK_ROW);
	r->has_uid = block_is_set(r, RULE_UID_ROW);
	r->has_sport = block_is_set(r, RULE_SPORT_ROW);
	r->has_dport = block_is_set(r, RULE_DPORT_ROW);
	if (!rule_family(b, r) || !rule_action(b, r))
		return false;
	if (r->action != RULE_TABLE || r->l3mdev) {
		route_drop_option(b, &schema_rule, r, RULE_REALMS_ROW, table_only);
		route_drop_option(b, &schema_rule, r, RULE_SUPPRESS_PREFIX_ROW, table_only);
		route_drop_option(b, &schema_rule, r, RULE_SUPPRESS_GROUP_ROW, table_only);
	}
	if (r->family == IP_V6)
		route_drop_option(b, &schema_rule, r, RULE_REALMS_ROW, "it is for IPv4 rules");
	if (!block_is_set(r, RULE_SUPPRESS_PREFIX_ROW))
		r->suppress_prefixlength = -1;
	if (!block_is_set(r, RULE_SUPPRESS_GROUP_ROW))
		r->suppress_ifgroup = -1;
	route_check_protocol(b, &r->block, RULE_PROTOCOL_ROW, &r->protocol, r->no_track);
	return true;
}

#define SELECTOR(name_, field, len, help_)                                                         \
	{                                                                                          \
		name_, HANDLER(conf_rule, field, route_parse_prefix, route_print_prefix),                  \
			.offset2 = offsetof(struct conf_rule, len),                                \
			.args = "IPADDR[/LENGTH]|default|any|all", .dflt_text = "all",             \
			.help = help_                                                              \
	}
#define PORTS(name_, field, help_)                                                                 \
	{                                                                                          \
		name_, HANDLER(conf_rule, field, parse_range, print_row_range),                        \
			.max = 65535, .scale = 1, .args = "PORT[-PORT]", .dflt_text = "any",       \
			.help = help_                                                              \
	}
#define ACTION(name_, field, number, help_)                                                        \
	{                                                                                          \
		name_, FLAG(conf_rule, field), .aliases = number, .dflt_text = "off",              \
					       .help = help_                                       \
	}

static const struct row rows[] = {
	[RULE_TABLE_ROW] = {"table", NUMBER(conf_rule, table, 1, UINT32_MAX), .names = "rt_tables",
			    .choices = route_tables, .aliases = "lookup", .args = "TABLE",
			    .dflt_text = "none",
			    .help = "Action: the route is looked up in this table."},
	[RULE_GOTO_ROW] = {"goto", NUMBER(conf_rule, goto_target, 0, UINT32_MAX),
			   .dflt_text = "none", .args = "PREFERENCE",
			   .help = "Action: on to the rule of that preference; needs a preference "
				   "of its own."},
	[RULE_PREFERENCE_ROW] = {"preference", NUMBER(conf_rule, preference, 0, UINT32_MAX),
				 .flags = ROW_CNUMBER, .aliases = "order priority",
				 .dflt_text = "counts down from 16384, with a warning",
				 .help = "Rules are tried from the lowest to the highest."},
	[RULE_FWMARK_ROW] = {"fwmark", HANDLER(conf_rule, fwmark, parse_fwmark, print_fwmark),
			     .args = "MARK[/MASK]", .dflt_text = "any",
			     .help = "Firewall mark of the packet."},
	[RULE_UID_ROW] = {"uidrange", HANDLER(conf_rule, uid, parse_range, print_row_range),
			  .max = UINT32_MAX, .args = "UID-UID", .dflt_text = "any",
			  .help = "Users whose packets are meant."},
	[RULE_SPORT_ROW] = PORTS("sport", sport, "Source port or ports."),
	[RULE_DPORT_ROW] = PORTS("dport", dport, "Destination port or ports."),
	[RULE_PROTOCOL_ROW] =
		{"protocol", NUMBER(conf_rule, protocol, 0, 255), .dflt = "18",
		 .help = "Originator of the rule; another one than 18 needs no_track."},
	[RULE_REALMS_ROW] = {"realms",
			     HANDLER(conf_rule, realms, route_parse_realms, route_print_realms),
			     .args = "REALM[/REALM]", .dflt_text = "none",
			     .help = "Realms packets get (IPv4, with table)."},
	[RULE_SUPPRESS_PREFIX_ROW] =
		{"suppress_prefixlength", NUMBER(conf_rule, suppress_prefixlength, 0, INT32_MAX),
		 .aliases = "sup_pl",
		 .dflt_text = "off",
		 .help = "Routes with a prefix this long or shorter don't count."},
	[RULE_SUPPRESS_GROUP_ROW] =
		{"suppress_ifgroup", NUMBER(conf_rule, suppress_ifgroup, 0, INT32_MAX),
		 .names = "group", .aliases = "sup_group", .args = "GROUP", .dflt_text = "off",
		 .help = "Routes through interfaces of this group don't count."},
	[RULE_TYPE_ROW] = {"type", FLAG(conf_rule, type_word), .args = "ACTION",
			   .dflt_text = "none", .help = "May stand before the action."},
	[RULE_FIRST_OTHER] = {"inet", FLAG(conf_rule, inet),
			      .dflt_text = "as the addresses, else IPv4", .help = "An IPv4 rule."},
	{"inet6", FLAG(conf_rule, inet6), .dflt_text = "as the addresses, else IPv4",
	 .help = "An IPv6 rule."},
	SELECTOR("from", from, from_len, "Source of the packet."),
	SELECTOR("to", to, to_len, "Destination of the packet."),
	{"not", FLAG(conf_rule, invert), .dflt_text = "off",
	 .help = "Packets the selectors don't match."},
	{"tos", NUMBER(conf_rule, tos, 0, 255), .names = "rt_dsfield", .aliases = "dsfield",
	 .args = "TOS", .dflt = "0", .help = "Type of service of the packet."},
	{"iif", IFNAME(conf_rule, iif), .aliases = "dev", .args = "IFNAME", .dflt_text = "any",
	 .help = "Interface the packet came in on; it is tracked unless no_track."},
	{"oif", IFNAME(conf_rule, oif), .args = "IFNAME", .dflt_text = "any",
	 .help = "Interface a socket is bound to; it is tracked unless no_track."},
	{"tunnel-id", HANDLER(conf_rule, tunnel_id, route_parse_id, route_print_id), .args = "NUMBER",
	 .dflt_text = "any", .help = "Id of the tunnel the packet came through."},
	{"ipproto", NUMBER(conf_rule, ip_proto, 0, 255), .choices = ip_protocols,
	 .deprecated = "ip_proto", .args = "NAME|NUMBER", .dflt_text = "any",
	 .help = "IP protocol of the packet."},
	ACTION("l3mdev", l3mdev, NULL,
	       "Action: lookup in the table of the packet's L3 master device."),
	ACTION("nop", nop, NULL, "Action: nothing."),
	ACTION("blackhole", blackhole, "6", "Action: dropped silently."),
	ACTION("unreachable", unreachable, "7",
	       "Action: dropped, the sender is told it is unreachable."),
	ACTION("prohibit", prohibit, "8", "Action: dropped, the sender is told it is prohibited."),
	{"no_track", FLAG(conf_rule, no_track), .dflt_text = "off",
	 .help = "Its removal by somebody else, or its interface going down, changes nothing."},
};

const struct block schema_rule =
	BLOCK(ENTRIES, conf_rule, rows, .contexts = "rule_option vrrp_instance.virtual_rules",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED, .bare = rule_bare,
	      .whole = true, .finish = rule_finish, .help = "One policy rule.");

static const struct row static_rows[] = {
	{"track_group", STRING(conf_rule, track_group), .flags = ROW_FIRST_WINS, .args = "NAME",
	 .dflt_text = "none",
	 .help = "Track group whose instances fail when the rule is lost; needs iif."},
};

const struct block schema_static_rule =
	BLOCK_ON(ENTRIES, conf_rule, static_rows, &schema_rule, .contexts = "rule_option",
		 .bare = rule_bare, .whole = true, .finish = rule_finish,
		 .help = "A policy rule kept on the host in every state.");
