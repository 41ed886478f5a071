/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: encapsulation and next hops of routes: the options nested in a route's line. */
#include "conf/schema/route.h"

#include <stdlib.h>

/* ---- encap ip, encap ip6 ---- */

#define ID_ROW                                                                                     \
	{                                                                                          \
		"id", HANDLER(conf_encap_ip, id, route_parse_id, route_print_id),                              \
			.args = "NUMBER", .dflt_text = "none; id or dst is required",              \
			.help = "Tunnel id."                                                       \
	}
#define FLAGS_ROW                                                                                  \
	{                                                                                          \
		"flags", NUMBER(conf_encap_ip, flags, 0, 65535), .dflt_text = "0",                 \
								 .help = "Flags of the tunnel."    \
	}

static const struct row ip_rows[] = {
	ID_ROW,
	{"dst", IP(conf_encap_ip, dst, IP_V4), .dflt_text = "none; id or dst is required",
	 .help = "Outer destination."},
	{"src", IP(conf_encap_ip, src, IP_V4), .dflt_text = "chosen by the kernel",
	 .help = "Outer source."},
	{"tos", NUMBER(conf_encap_ip, tos, 0, 255), .names = "rt_dsfield", .args = "TOS",
	 .dflt_text = "0", .help = "Outer type of service."},
	{"ttl", NUMBER(conf_encap_ip, ttl, 0, 255), .dflt_text = "the kernel's",
	 .help = "Outer TTL."},
	FLAGS_ROW,
};

static const struct row ip6_rows[] = {
	ID_ROW,
	{"dst", IP(conf_encap_ip, dst, IP_V6), .dflt_text = "none; id or dst is required",
	 .help = "Outer destination."},
	{"src", IP(conf_encap_ip, src, IP_V6), .dflt_text = "chosen by the kernel",
	 .help = "Outer source."},
	{"tc", NUMBER(conf_encap_ip, tos, 0, 255), .names = "rt_dsfield", .args = "TC",
	 .dflt_text = "0", .help = "Outer traffic class."},
	{"hoplimit", NUMBER(conf_encap_ip, ttl, 0, 255), .dflt_text = "the kernel's",
	 .help = "Outer hop limit."},
	FLAGS_ROW,
};

static bool encap_ip_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_encap_ip *e = obj;

	e->has_id = block_is_set(e, 0);
	return true;
}

static const struct block encap_ip =
	BLOCK(INLINE, conf_encap_ip, ip_rows, .contexts = "route_encap_ip", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .effect = ACCEPTED, .whole = true,
	      .finish = encap_ip_finish, .help = "IPv4 tunnel encapsulation.");
static const struct block encap_ip6 =
	BLOCK(INLINE, conf_encap_ip, ip6_rows, .contexts = "route_encap_ip6", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .effect = ACCEPTED, .whole = true,
	      .finish = encap_ip_finish, .help = "IPv6 tunnel encapsulation.");

/* ---- encap ---- */

/* LABEL[/LABEL] */
static bool parse_mpls(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_encap *e = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	struct conf_word label, rest = w ? *w : (struct conf_word){0};
	bool more = w;
	uint8_t n = 0;
	int64_t v;

	e->n_labels = 0;
	while (more && n < ROUTE_MPLS_LABELS) {
		more = word_split(b->a, &rest, '/', &label, &rest);
		if (!bind_number(b, &label, false, 0, 1048575, &v))
			return false;
		e->labels[n++] = (uint32_t)v;
	}
	if (more)
		diag_add(b->diags, DIAG_ERROR, "too-long", w->at, "at most %u labels are possible",
			 ROUTE_MPLS_LABELS);
	else
		e->n_labels = n;
	return e->n_labels;
}

static void print_mpls(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_encap *e = obj;

	for (unsigned i = 0; i < e->n_labels; i++)
		text_printf(t, "%c%u", i ? '/' : ' ', e->labels[i]);
}

/* W:W:W:W, four groups in hexadecimal. */
static bool parse_ila(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_encap *e = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	const char *s = w ? w->text : "";
	unsigned groups = 0;
	uint64_t v = 0;

	if (!w)
		return false;
	for (; groups < 4; groups++) {
		size_t n = strspn(s, "0123456789abcdefABCDEF");

		if (!n || n > 4)
			break;
		v = v << 16 | strtoul(s, NULL, 16);
		s += n;
		if (groups < 3 && *s++ != ':')
			break;
	}
	if (groups < 4 || *s)
		return bind_bad_word(b, w, "bad-locator",
				     "four groups of up to four hexadecimal digits with colons "
				     "between them",
				     "`%s` is no locator");
	e->ila = v;
	e->has_ila = true;
	return true;
}

static void print_ila(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_encap *e = obj;

	text_printf(t, " %x:%x:%x:%x", (unsigned)(e->ila >> 48), (unsigned)(e->ila >> 32 & 0xffff),
		    (unsigned)(e->ila >> 16 & 0xffff), (unsigned)(e->ila & 0xffff));
}

#define ENCAP_LISTED(name)                                                                         \
	.listed = "route_encap\t" name "\nvrrp_instance.virtual_routes.encap\t" name

static const struct row encap_rows[] = {
	{"ip", INLINE_PTR(conf_encap, ip, conf_encap_ip, encap_ip), ENCAP_LISTED("ip"),
	 .args = "[id N] [dst IP] [src IP] [tos TOS] [ttl N] [flags N]", .dflt_text = "none",
	 .help = "IPv4 tunnel encapsulation."},
	{"ip6", INLINE_PTR(conf_encap, ip6, conf_encap_ip, encap_ip6), ENCAP_LISTED("ip6"),
	 .args = "[id N] [dst IP] [src IP] [tc TC] [hoplimit N] [flags N]", .dflt_text = "none",
	 .help = "IPv6 tunnel encapsulation."},
	{"mpls", HANDLER(conf_encap, labels, parse_mpls, print_mpls),
	 .listed = "route_encap\tmpls\nvrrp_instance.virtual_routes.encap\tmpls\n"
		   "route_encap_mpls\tLABEL[/LABEL]",
	 .args = "LABEL[/LABEL]", .dflt_text = "none", .help = "MPLS encapsulation."},
	{"ila", HANDLER(conf_encap, ila, parse_ila, print_ila),
	 .listed = "route_encap\tila\nvrrp_instance.virtual_routes.encap\tila\nroute_encap_ila\tW:"
		   "W:W:W",
	 .args = "W:W:W:W", .dflt_text = "none", .help = "Identifier-locator addressing."},
};

const struct block schema_encap = BLOCK(
	INLINE, conf_encap, encap_rows, .contexts = "", .owner = OWNER_VRRP, .reload = RELOAD_LIVE,
	.effect = ACCEPTED, .whole = true, .help = "Encapsulation of a route or next hop.");

/* ---- nexthop ---- */

static bool parse_as(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_nexthop *hop = obj;
	const struct conf_word *w = cursor_take(c);

	hop->bad = true;
	if (w && str_eq(w->text, "to"))
		w = cursor_take(c);
	diag_add(b->diags, DIAG_ERROR, "unsupported", (w ? w : &c->stmt->words.v[0])->at,
		 "`as` is not possible; this next hop is ignored");
	return true; /* only the hop is dropped */
}

static const struct row nexthop_rows[] = {
	{"via", HANDLER(conf_nexthop, via, route_parse_via, route_print_via),
	 .args = "[inet|inet6] IPADDR", .dflt_text = "none", .help = "Gateway of this next hop."},
	{"dev", IFNAME(conf_nexthop, dev), .args = "IFNAME", .dflt_text = "found by the kernel",
	 .help = "Outgoing interface of this next hop."},
	{"weight", NUMBER(conf_nexthop, weight, 1, 256), .dflt_text = "1",
	 .help = "Its share of the traffic."},
	{"onlink", FLAG(conf_nexthop, onlink), .dflt_text = "off",
	 .help = "The gateway counts as directly reachable."},
	{"realms", HANDLER(conf_nexthop, realms, route_parse_realms, route_print_realms),
	 .args = "REALM[/REALM]", .dflt_text = "none", .help = "Realms of this next hop (IPv4)."},
	{"as", HANDLER(conf_nexthop, bad, parse_as, print_nothing), .args = "[to] ADDR",
	 .dflt_text = "none", .help = "Not possible; the next hop is left out."},
	/* last: its words could be taken for those of the next hop */
	{"encap", INLINE_PTR(conf_nexthop, encap, conf_encap, schema_encap),
	 .args = "ip|ip6|mpls|ila ...", .dflt_text = "none",
	 .help = "Encapsulation of this next hop."},
};

const struct block schema_nexthop =
	BLOCK(INLINE, conf_nexthop, nexthop_rows, .contexts = "route_nexthop_option",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED, .whole = true,
	      .help = "One leg of a multipath route.");
