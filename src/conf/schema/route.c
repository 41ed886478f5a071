/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: one route with its options, in virtual_routes and static_routes. Its destination and type
 * are words without a keyword and may stand anywhere; a line with a word nobody knows is dropped
 * whole, since a route without one of its options leads elsewhere.
 *
 * inet and inet6 take no word (2.4.3 swallows the next one); `or` becomes a second next hop.
 */
#include "conf/schema/route.h"

#include <ctype.h>
#include <stdlib.h>

/* Rows finish needs by number. */
enum {
	R_TYPE,
	R_DEST,
	R_TO,
	R_AS,
	R_VIA,
	R_OR,
	R_FROM,
	R_PROTOCOL,
	R_EXPIRES,
	R_PREF,
	R_REALMS,
	R_ADD,
	R_PREPEND,
	R_APPEND,
	R_FIRST_OTHER,
};

static const struct choice types[] = {
	{"unicast", ROUTE_UNICAST, "Ordinary route, the default."},
	{"local", ROUTE_LOCAL, "Delivered locally."},
	{"broadcast", ROUTE_BROADCAST, "Broadcast destination."},
	{"brd", ROUTE_BROADCAST, "The same as broadcast."},
	{"anycast", ROUTE_ANYCAST, "Anycast destination."},
	{"multicast", ROUTE_MULTICAST, "Multicast destination."},
	{"prohibit", ROUTE_PROHIBIT, "Dropped; the sender is told it is prohibited."},
	{"unreachable", ROUTE_UNREACHABLE, "Dropped; the sender is told it is unreachable."},
	{"blackhole", ROUTE_BLACKHOLE, "Dropped silently."},
	{"throw", ROUTE_THROW, "The lookup goes on in the next table."},
	{"nat", ROUTE_NAT, "A type the kernel no longer has."},
	{"xresolve", ROUTE_XRESOLVE, "Left to an external resolver."},
	{0},
};

static const struct choice prefs[] = {
	{"medium", 0, NULL}, {"high", 1, NULL}, {"low", 3, NULL}, {0}};
static const struct choice features[] = {{"ecn", 1, "Explicit congestion notification."}, {0}};
static const struct choice propagation[] = {
	{"enabled", TTL_PROPAGATE_ENABLED, "The TTL is propagated."},
	{"disabled", TTL_PROPAGATE_DISABLED, "The TTL is not propagated."},
	{0},
};

/* ---- type and destination ---- */

static bool type_by_name(const char *name, uint8_t *ret)
{
	const struct choice *ch = choice_named(types, name);
	unsigned long n;
	char *end;

	if (!ch && !isdigit((unsigned char)name[0]))
		return false;
	n = ch ? (unsigned long)ch->value : strtoul(name, &end, 0);
	*ret = (uint8_t)n;
	return ch || (!*end && n <= 255);
}

static void print_type(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_route *r = obj;
	const struct choice *ch = choice_valued(types, r->type);

	if (ch)
		print_word(t, ch->name);
	else
		text_printf(t, " %u", r->type);
}

static bool read_destination(struct bind *b, struct conf_route *r, const struct conf_word *w)
{
	if (str_eq(w->text, "default6")) {
		diag_add(b->diags, DIAG_NOTE, "deprecated", w->at, "`default6` is deprecated")
			->hint = "write `inet6 default`";
		r->inet6 = true;
		block_mark(r, block_bit(&schema_route, "inet6"));
		r->dst = (struct ip_addr){0};
	} else if (!route_read_prefix(b, w, &r->dst, &r->dst_len)) {
		return false;
	}
	r->has_dst = true;
	block_mark(r, R_DEST);
	return true;
}

static bool word_is_destination(const char *s)
{
	struct ip_addr a;
	char ip[IP_TEXT_MAX];
	size_t n = strcspn(s, "/");

	if (str_eq(s, "default") || str_eq(s, "any") || str_eq(s, "all") || str_eq(s, "default6"))
		return true;
	if (n >= sizeof(ip))
		return false;
	memcpy(ip, s, n);
	ip[n] = '\0';
	return ip_parse(ip, &a);
}

static bool route_bare(struct bind *b, void *obj, struct cursor *c)
{
	struct conf_route *r = obj;
	const struct conf_word *w = cursor_take(c);

	if (r->bad)
		return true; /* said once a line */
	if (!r->has_dst && !block_is_set(r, R_TYPE) && type_by_name(w->text, &r->type))
		block_mark(r, R_TYPE);
	else if (r->has_dst || !word_is_destination(w->text))
		route_report_word(b, &schema_route, w), r->bad = true;
	else if (!read_destination(b, r, w))
		r->bad = true;
	return true;
}

static bool parse_to(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_need(b, c, row->args);

	return w && read_destination(b, obj, w);
}

/* For the rows without a keyword, which are read by route_bare(). */
static bool parse_bare_row(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	return route_bare(b, obj, c);
}

/* ---- metrics ---- */

static bool take_lock(struct cursor *c)
{
	if (!cursor_peek(c) || !str_eq(cursor_peek(c)->text, "lock"))
		return false;
	cursor_take(c);
	return true;
}

/* [lock] NUMBER */
static bool parse_metric(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_metric *m = row_field(row, obj);
	bool lock = take_lock(c);
	const struct conf_word *w = cursor_need(b, c, row->args);
	int64_t n;

	if (!w || !bind_number(b, w, false, row->min, row->max, &n))
		return false;
	*m = (struct conf_metric){(uint32_t)n, lock};
	return true;
}

static void print_metric(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_metric *m = row_value(row, obj);

	text_printf(t, "%s %u", m->lock ? " lock" : "", m->value);
}

#define RTT_MIN (200 * USEC_PER_MSEC)
#define RTT_MAX (120 * USEC_PER_SEC)

/* TIME with a unit, in microseconds; the unit of a bare number is 1/row->scale ms. */
static bool read_rtt(struct bind *b, const struct row *row, const struct conf_word *w, usec_t *ret)
{
	size_t digits = strspn(w->text, "0123456789.");
	const char *unit = w->text + digits;
	struct conf_word number = *w;
	int64_t n;

	if (!*unit) {
		if (!bind_number(b, w, false, row->min, row->max, &n))
			return false;
		*ret = n * USEC_PER_MSEC / row->scale;
		return true;
	}
	number.text = arena_copy(b->a, w->text, digits);
	if (str_eq(unit, "s") || str_eq(unit, "sec") || str_eq(unit, "secs"))
		return bind_time(b, &number, USEC_PER_SEC, 0, 1000 * RTT_MAX, ret);
	if (str_eq(unit, "ms") || str_eq(unit, "msec") || str_eq(unit, "msecs"))
		return bind_time(b, &number, USEC_PER_MSEC, 0, 1000 * RTT_MAX, ret);
	return bind_bad_word(b, w, "bad-unit", "s, sec, secs, ms, msec or msecs",
			     "`%s` has no unit known here");
}

/* [lock] TIME, kept in units of 1/row->scale ms. */
static bool parse_rtt(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_metric *m = row_field(row, obj);
	bool lock = take_lock(c);
	const struct conf_word *w = cursor_need(b, c, row->args);
	usec_t time;

	if (!w || !read_rtt(b, row, w, &time))
		return false;
	if (time < RTT_MIN || time > RTT_MAX) {
		diag_add(b->diags, DIAG_WARNING, "out-of-range", w->at, "%s is out of range",
			 w->text)
			->expected = "0.2 to 120 seconds";
		time = time < RTT_MIN ? RTT_MIN : RTT_MAX;
	}
	*m = (struct conf_metric){(uint32_t)(time * row->scale / USEC_PER_MSEC), lock};
	return true;
}

/* [lock] NAME */
static bool parse_congctl(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_route *r = obj;
	bool lock = take_lock(c);
	const struct conf_word *w = cursor_need(b, c, row->args);

	if (!w)
		return false;
	r->congctl = w->text;
	r->congctl_lock = lock;
	return true;
}

static void print_congctl(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_route *r = obj;

	text_add(t, r->congctl_lock ? " lock" : "");
	print_word(t, r->congctl);
}

/* ---- other words ---- */

static bool parse_order(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_route *r = obj;

	r->order = (uint8_t)row->min;
	return true;
}

static bool parse_as(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *at = &c->stmt->words.v[c->next ? c->next - 1 : 0];
	const struct conf_word *w = cursor_take(c);

	if (w && str_eq(w->text, "to"))
		cursor_take(c);
	diag_add(b->diags, DIAG_ERROR, "unsupported", at->at,
		 "`as` is ignored: only MPLS routes have it in the kernel");
	return true;
}

/* ---- the whole route ---- */

static bool encap_is_usable(struct bind *b, const struct conf_route *r, const struct conf_encap *e)
{
	const char *why = NULL;

	if (!e)
		return true;
	if (!e->ip + !e->ip6 + !e->n_labels + !e->has_ila != 3)
		why = "`encap` needs one of ip, ip6, mpls and ila";
	else if ((e->ip && !e->ip->has_id && !ip_is_set(&e->ip->dst)) ||
		 (e->ip6 && !e->ip6->has_id && !ip_is_set(&e->ip6->dst)))
		why = "the encapsulation needs id or dst";
	if (why)
		diag_add(b->diags, DIAG_ERROR, "bad-encap", r->block.at, "%s; the route is ignored",
			 why);
	return !why;
}

static bool route_family(struct bind *b, struct conf_route *r)
{
	bool ok = !(r->inet && r->inet6);

	r->family = r->inet ? IP_V4 : r->inet6 ? IP_V6 : IP_NONE;
	ok &= route_family_join(&r->family, &r->dst) && route_family_join(&r->family, &r->via) &&
	      route_family_join(&r->family, &r->via2) && route_family_join(&r->family, &r->src) &&
	      route_family_join(&r->family, &r->from);
	for (unsigned i = 0; i < r->nexthops.n; i++)
		ok &= route_family_join(&r->family, &r->nexthops.v[i]->via);
	if (r->family == IP_NONE)
		r->family = IP_V4;
	if (!ok)
		diag_add(b->diags, DIAG_ERROR, "family", r->block.at,
			 "the addresses of this route are of different families; it is ignored");
	return ok;
}

/* via A or B -> nexthop via A nexthop via B */
static void or_to_nexthops(struct bind *b, struct conf_route *r)
{
	const struct ip_addr vias[] = {r->via, r->via2};

	for (unsigned i = 0; i < ARRAY_SIZE(vias); i++) {
		struct conf_nexthop *hop;

		if (!ip_is_set(&vias[i]))
			continue;
		hop = arena_new_of(b->a, struct conf_nexthop);
		hop->block.at = r->block.at;
		hop->via = vias[i];
		block_mark(hop, block_bit(&schema_nexthop, "via"));
		hop->dev = r->dev;
		if (r->dev)
			block_mark(hop, block_bit(&schema_nexthop, "dev"));
		hop->onlink = r->onlink;
		if (r->onlink)
			block_mark(hop, block_bit(&schema_nexthop, "onlink"));
		vec_push(b->a, &r->nexthops, hop);
	}
	r->via = r->via2 = (struct ip_addr){0};
	block_unmark(r, R_VIA);
	block_unmark(r, R_OR);
	block_mark(r, block_bit(&schema_route, "nexthop"));
}

/* What only one family has. */
static void drop_strangers(struct bind *b, struct conf_route *r)
{
	static const char v6_only[] = "it is for IPv6 routes";

	if (r->family == IP_V6) {
		route_drop_option(b, &schema_route, r, R_REALMS, "it is for IPv4 routes");
		return;
	}
	route_drop_option(b, &schema_route, r, R_FROM, v6_only);
	route_drop_option(b, &schema_route, r, R_EXPIRES, v6_only);
	route_drop_option(b, &schema_route, r, R_PREF, v6_only);
	r->from_len = 0;
}

static void collect_metrics(struct conf_route *r)
{
	for (unsigned i = 0; i < block_rows(&schema_route); i++) {
		uint32_t at = block_row(&schema_route, i)->offset;

		if (block_is_set(r, i) && at >= offsetof(struct conf_route, metric) &&
		    at < offsetof(struct conf_route, metric) + sizeof(r->metric))
			r->metrics |= 1u << (at - offsetof(struct conf_route, metric)) /
						    sizeof(struct conf_metric);
	}
}

/* Leaves out next hops with a word that can't be used. */
static void drop_bad_nexthops(struct conf_route *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nexthops.n; i++)
		if (!r->nexthops.v[i]->bad)
			r->nexthops.v[n++] = r->nexthops.v[i];
	r->nexthops.n = n;
	if (!n)
		block_unmark(r, block_bit(&schema_route, "nexthop"));
}

static bool route_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_route *r = obj;

	if (r->bad)
		return false;
	drop_bad_nexthops(r);
	if (!r->has_dst) {
		diag_add(b->diags, DIAG_ERROR, "incomplete", stmt->at,
			 "a route needs a destination; it is ignored");
		return false;
	}
	block_unmark(r, R_TO); /* R_DEST has it */
	block_unmark(r, R_AS);
	for (unsigned i = R_ADD; i <= R_APPEND; i++)
		if (block_row(&schema_route, i)->min != r->order)
			block_unmark(r, i);
	if (!route_family(b, r) || !encap_is_usable(b, r, r->encap))
		return false;
	for (unsigned i = 0; i < r->nexthops.n; i++)
		if (!encap_is_usable(b, r, r->nexthops.v[i]->encap))
			return false;
	if (ip_is_set(&r->via2))
		or_to_nexthops(b, r);
	drop_strangers(b, r);
	route_check_protocol(b, &r->block, R_PROTOCOL, &r->protocol, r->no_track);
	r->has_pref = block_is_set(r, R_PREF);
	collect_metrics(r);
	return true;
}

#define METRIC(name_, id, help_)                                                                   \
	{                                                                                          \
		name_, HANDLER(conf_route, metric[METRIC_##id], parse_metric, print_metric),       \
			.max = UINT32_MAX, .args = "[lock] NUMBER", .dflt_text = "the kernel's",   \
			.help = help_                                                              \
	}
#define RTT(name_, id, per_ms, help_)                                                              \
	{                                                                                          \
		name_, HANDLER(conf_route, metric[METRIC_##id], parse_rtt, print_metric),          \
			.max = 120000 * per_ms, .scale = per_ms, .args = "[lock] NUMBER[s|ms]",    \
			.dflt_text = "the kernel's", .help = help_                                 \
	}
#define PLAIN(name_, id, hi, help_)                                                                \
	{                                                                                          \
		name_, NUMBER(conf_route, metric[METRIC_##id].value, 0, hi),                       \
			.dflt_text = "the kernel's", .help = help_                                 \
	}
#define ORDER(name_, id, dflt_, help_)                                                             \
	{                                                                                          \
		name_, HANDLER(conf_route, order, parse_order, print_nothing),               \
			.min = id, .dflt_text = dflt_, .help = help_                               \
	}
#define UNIT_NOTE " A number without a unit is "

static const struct row rows[] = {
	[R_TYPE] = {"TYPE", HANDLER(conf_route, type, parse_bare_row, print_type),
		    .flags = ROW_BARE, .listed = "vrrp_instance.virtual_routes\t<TYPE>",
		    .dflt_text = "unicast",
		    .help = "Type of the route, before its destination: a name or a number from 0 "
			    "to 255."},
	[R_DEST] = {"DEST", HANDLER(conf_route, dst, parse_bare_row, route_print_prefix),
		    .offset2 = offsetof(struct conf_route, dst_len),
		    .flags = ROW_BARE,
		    .listed = "vrrp_instance.virtual_routes\t[to] <DEST>\n"
			      "static_routes\t[TYPE | to] DEST[/PREFIX]",
		    .dflt_text = "none, required",
		    .help = "Destination: an address with a length, or default, any, all."},
	[R_TO] = {"to", HANDLER(conf_route, dst, parse_to, route_print_prefix),
		  .offset2 = offsetof(struct conf_route, dst_len),
		  .listed = "route_option\tto", .args = "DEST", .dflt_text = "none",
		  .help = "May stand before the destination."},
	[R_AS] = {"as", HANDLER(conf_route, bad, parse_as, print_nothing),
		  .args = "[to] ADDR", .dflt_text = "none",
		  .help = "Ignored: only MPLS routes have it in the kernel."},
	[R_VIA] = {"via", HANDLER(conf_route, via, route_parse_via, route_print_via),
		   .deprecated = "gw", .args = "[inet|inet6] IPADDR", .dflt_text = "none",
		   .help = "Next hop."},
	[R_OR] = {"or", HANDLER(conf_route, via2, route_parse_via, route_print_via),
		  .args = "IPADDR", .flags = ROW_FIRST_WINS,
		  .obsolete = "write `nexthop via A nexthop via B`", .dflt_text = "none",
		  .help = "A second next hop."},
	[R_FROM] = {"from", HANDLER(conf_route, from, route_parse_prefix, route_print_prefix),
		    .offset2 = offsetof(struct conf_route, from_len),
		    .args = "IPADDR[/LENGTH]", .dflt_text = "none",
		    .help = "The route is for packets from these addresses (IPv6)."},
	[R_PROTOCOL] = {"protocol", NUMBER(conf_route, protocol, 0, 255), .names = "rt_protos",
			.choices = route_protocols, .args = "PROTO", .dflt = "18",
			.help = "Originator of the route; another one than 18 needs no_track."},
	[R_EXPIRES] = {"expires", NUMBER(conf_route, expires, 0, UINT32_MAX), .unit = "seconds",
		       .dflt_text = "never", .help = "Lifetime of the route (IPv6)."},
	[R_PREF] = {"pref", NUMBER(conf_route, pref, 0, 255), .choices = prefs,
		    .args = "low|medium|high|N", .dflt_text = "the kernel's",
		    .help = "Router preference (IPv6)."},
	[R_REALMS] = {"realms", HANDLER(conf_route, realms, route_parse_realms, route_print_realms),
		      .args = "REALM[/REALM]", .dflt_text = "none",
		      .help = "Routing realms (IPv4)."},
	[R_ADD] = ORDER("add", ROUTE_ADD, "prepend", "Added only if no route matches."),
	[R_PREPEND] = ORDER("prepend", ROUTE_PREPEND, "this is the default",
			    "Added before routes that match."),
	[R_APPEND] = ORDER("append", ROUTE_APPEND, "prepend", "Added after routes that match."),
	[R_FIRST_OTHER] = {"inet", FLAG(conf_route, inet),
			   .dflt_text = "as the addresses, else IPv4", .help = "An IPv4 route."},
	{"inet6", FLAG(conf_route, inet6), .dflt_text = "as the addresses, else IPv4",
	 .help = "An IPv6 route."},
	{"src", IP(conf_route, src, 0), .dflt_text = "chosen by the kernel",
	 .help = "Source address the host prefers on this route."},
	{"tos", NUMBER(conf_route, tos, 0, 255), .names = "rt_dsfield", .aliases = "dsfield",
	 .args = "TOS", .dflt = "0", .help = "Type of service the route is for."},
	{"table", NUMBER(conf_route, table, 0, UINT32_MAX), .names = "rt_tables",
	 .choices = route_tables, .args = "TABLE", .dflt = "254", .help = "Routing table."},
	{"vrf", IFNAME(conf_route, vrf), .args = "IFNAME", .dflt_text = "none",
	 .help = "The table of this VRF device is used."},
	{"scope", NUMBER(conf_route, scope, 0, 255), .names = "rt_scopes", .choices = route_scopes,
	 .args = "SCOPE", .dflt = "0", .help = "Scope of the route (IPv4)."},
	{"metric", NUMBER(conf_route, priority, 0, UINT32_MAX), .aliases = "priority preference",
	 .dflt_text = "the kernel's", .help = "Lower wins among routes to one destination."},
	{"dev", IFNAME(conf_route, dev), .aliases = "oif", .args = "IFNAME",
	 .dflt_text = "found by the kernel",
	 .help = "Outgoing interface; it is tracked unless no_track."},
	{"onlink", FLAG(conf_route, onlink), .dflt_text = "off",
	 .help = "The next hop counts as directly reachable."},
	METRIC("mtu", MTU, "Path MTU; lock forbids discovery to change it."),
	PLAIN("hoplimit", HOPLIMIT, 255, "Hop limit of packets on this route."),
	METRIC("advmss", ADVMSS, "Segment size told to TCP peers."),
	RTT("rtt", RTT, 8, "Round trip time TCP starts with." UNIT_NOTE "1/8 ms."),
	RTT("rttvar", RTTVAR, 4, "Variance of it TCP starts with." UNIT_NOTE "1/4 ms."),
	RTT("rto_min", RTO_MIN, 1, "Least retransmission timeout of TCP." UNIT_NOTE "1 ms."),
	METRIC("reordering", REORDERING, "How much reordering TCP tolerates."),
	PLAIN("window", WINDOW, UINT32_MAX, "Largest window told to TCP peers."),
	METRIC("cwnd", CWND, "Limit of the congestion window."),
	METRIC("ssthresh", SSTHRESH, "Slow start threshold TCP starts with."),
	PLAIN("initcwnd", INITCWND, UINT32_MAX, "Congestion window TCP starts with."),
	PLAIN("initrwnd", INITRWND, UINT32_MAX, "Receive window TCP starts with."),
	{"features", ENUM(conf_route, features, features), .args = "ecn", .dflt_text = "none",
	 .help = "Features of TCP on this route."},
	PLAIN("quickack", QUICKACK, 1, "TCP acknowledges at once."),
	{"congctl", HANDLER(conf_route, congctl, parse_congctl, print_congctl),
	 .args = "[lock] NAME", .dflt_text = "the kernel's", .help = "Congestion control of TCP."},
	{"ttl-propagate", ENUM(conf_route, ttl_propagate, propagation), .dflt_text = "the kernel's",
	 .help = "Whether MPLS passes the TTL on."},
	PLAIN("fastopen_no_cookie", FASTOPEN_NO_COOKIE, 1, "TCP fast open without a cookie."),
	{"no_track", FLAG(conf_route, no_track), .dflt_text = "off",
	 .help = "Its removal by somebody else, or its interface going down, changes nothing."},
	/* after all others, since its words could be taken for theirs; nexthop after it */
	{"encap", INLINE_PTR(conf_route, encap, conf_encap, schema_encap),
	 .args = "ip|ip6|mpls|ila ...", .dflt_text = "none",
	 .help = "Lightweight tunnel encapsulation."},
	{"nexthop", INLINE_VEC(conf_route, nexthops, conf_nexthop, schema_nexthop),
	 .flags = ROW_REPEAT,
	 .args = "via [inet|inet6] IPADDR [dev IFNAME] [weight N] [onlink] [encap ...] [realms R]",
	 .dflt_text = "none", .help = "One leg of a multipath route; last on its line."},
};

const struct block schema_route =
	BLOCK(ENTRIES, conf_route, rows, .contexts = "route_option vrrp_instance.virtual_routes",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED, .bare = route_bare,
	      .whole = true, .finish = route_finish, .help = "One route.");

static const struct row static_rows[] = {
	{"track_group", STRING(conf_route, track_group), .flags = ROW_FIRST_WINS, .args = "NAME",
	 .dflt_text = "none",
	 .help = "Track group whose instances fail when the route is lost; needs dev."},
};

const struct block schema_static_route =
	BLOCK_ON(ENTRIES, conf_route, static_rows, &schema_route, .contexts = "route_option",
		 .bare = route_bare, .whole = true, .finish = route_finish,
		 .help = "A route kept on the host in every state.");
