/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: one address with its options, in virtual_ipaddress, virtual_ipaddress_excluded, static_ipaddress. */
#include "conf/schema.h"

static const struct choice scopes[] = {
	{"global", 0, NULL},  {"site", 200, NULL},    {"link", 253, NULL},
	{"host", 254, NULL},  {"nowhere", 255, NULL}, {0},
};

static const struct choice lifetimes[] = {
	{"forever", -1, NULL}, /* UINT32_MAX */
	{0},
};

static bool parse_brd(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_address *a = obj;
	const struct conf_word *w = cursor_need(b, c, "an IPv4 address, + or -");

	if (!w)
		return false;
	if (str_eq(w->text, "+") || str_eq(w->text, "-")) {
		a->brd = w->text[0] == '+' ? BRD_PLUS : BRD_MINUS;
		return true;
	}
	if (!ip_parse(w->text, &a->brd_addr) || a->brd_addr.family != IP_V4) {
		a->brd_addr = (struct ip_addr){0};
		return bind_bad_word(b, w, "bad-address", "an IPv4 address, + or -",
				     "`%s` is no broadcast address");
	}
	a->brd = BRD_ADDRESS;
	return true;
}

static void print_brd(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_address *a = obj;
	char buf[IP_TEXT_MAX];

	text_printf(t, " %s", a->brd == BRD_PLUS ? "+" : a->brd == BRD_MINUS ? "-" : ip_format(&a->brd_addr, buf));
}

enum {
	ADDR_IP,
	ADDR_DEV,
	ADDR_SCOPE,
	ADDR_BRD,
	ADDR_LABEL,
	ADDR_PEER,
	ADDR_LFT,
};

#define V4_ONLY "IPv4 only"

static const struct row rows[] = {
	[ADDR_IP] = {"<IPADDR>[/<MASK>]", PREFIX(conf_address, addr, prefix, 0), .flags = ROW_POSITIONAL,
		     .dflt_text = "/32 or /128",
		     .listed = "vrrp_instance.virtual_ipaddress\t<IPADDR>[/<MASK>]\n"
			       "vrrp_instance.virtual_ipaddress_excluded\t<IPADDR>[/<MASK>]\n"
			       "static_ipaddress\tIP[/PREFIX]",
		     .help = "The address, first on its line."},
	[ADDR_DEV] = {"dev", IFNAME(conf_address, dev), .flags = ROW_FIRST_WINS, .args = "IFNAME",
		      .dflt_text = "interface of the instance; static: default_interface",
		      .help = "Interface the address is put on."},
	[ADDR_SCOPE] = {"scope", NUMBER(conf_address, scope, 0, 255), .names = "rt_scopes", .choices = scopes,
			.dflt_text = "global",
			.args = "site|link|host|nowhere|global|N", .help = "Scope of an IPv4 address."},
	[ADDR_BRD] = {"brd", HANDLER(conf_address, brd, parse_brd, print_brd), .aliases = "broadcast",
		      .args = "IPADDR|+|-", .dflt_text = "none",
		      .help = "Broadcast address (IPv4): + sets and - clears the host bits."},
	[ADDR_LABEL] = {"label", STRING(conf_address, label), .max = CONF_IFNAME_MAX - 1, .args = "LABEL",
			.dflt_text = "none", .help = "Interface label of an IPv4 address."},
	[ADDR_PEER] = {"peer", IP(conf_address, peer, 0), .dflt_text = "none",
		       .help = "Other end of a point-to-point link; the prefix becomes the full length."},
	[ADDR_LFT] = {"preferred_lft", NUMBER(conf_address, preferred_lft, 0, UINT32_MAX), .choices = lifetimes,
		      .args = "SECONDS|forever", .unit = "seconds", .dflt_text = "IPv6 /128: 0, else forever",
		      .help = "Preferred lifetime of an IPv6 address."},
	{"home", FLAG(conf_address, home), .dflt_text = "off", .help = "Mobile IPv6 home address."},
	{"-nodad", FLAG(conf_address, dad), .dflt_text = "off: no detection",
	 .help = "Lets the kernel look for duplicates of an IPv6 address."},
	{"mngtmpaddr", FLAG(conf_address, mngtmpaddr), .dflt_text = "off",
	 .help = "Lets the kernel make temporary addresses from it."},
	{"noprefixroute", FLAG(conf_address, noprefixroute), .dflt_text = "off",
	 .help = "No route for its prefix."},
	{"autojoin", FLAG(conf_address, autojoin), .dflt_text = "off",
	 .help = "Joins the multicast group of the address."},
	{"no_track", FLAG(conf_address, no_track), .dflt_text = "off",
	 .help = "Its removal by somebody else, or its interface going down, changes nothing."},
};

/* The host bits of `brd +` and `brd -`. */
static void broadcast_make(struct conf_address *a)
{
	a->brd_addr = a->addr;
	for (unsigned bit = a->prefix; bit < 32; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if (a->brd == BRD_PLUS)
			a->brd_addr.b[bit / 8] |= mask;
		else
			a->brd_addr.b[bit / 8] &= (uint8_t)~mask;
	}
}

static void drop_option(struct bind *b, struct conf_address *a, unsigned bit,
			const struct conf_stmt *stmt, const char *why)
{
	char ip[IP_TEXT_MAX];

	diag_add(b->diags, DIAG_ERROR, "bad-option", stmt->at, "%s of %s is ignored: %s",
		 rows[bit].name, ip_format(&a->addr, ip), why)
		->tolerated = true; /* the address is there */
	block_drop(&schema_address, a, bit);
}

static void finish_brd(struct bind *b, struct conf_address *a, const struct conf_stmt *stmt)
{
	const char *why = a->addr.family != IP_V4			 ? V4_ONLY :
			  ip_is_set(&a->peer)				 ? "not together with peer" :
			  a->brd != BRD_ADDRESS && a->prefix > 30 ? "the prefix is longer than /30" :
									   NULL;

	if (a->brd == BRD_NONE)
		return;
	if (why) {
		drop_option(b, a, ADDR_BRD, stmt, why);
		a->brd_addr = (struct ip_addr){0};
	} else if (a->brd != BRD_ADDRESS) {
		broadcast_make(a);
	}
}

static bool address_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_address *a = obj;

	if (block_is_set(a, ADDR_PEER) && a->peer.family != a->addr.family)
		drop_option(b, a, ADDR_PEER, stmt, "it is of the other family");
	finish_brd(b, a, stmt);
	if (ip_is_set(&a->peer))
		a->prefix = (uint8_t)ip_bits(&a->addr);
	if (a->addr.family != IP_V4 && block_is_set(a, ADDR_SCOPE))
		drop_option(b, a, ADDR_SCOPE, stmt, V4_ONLY);
	if (a->addr.family != IP_V4 && a->label)
		drop_option(b, a, ADDR_LABEL, stmt, V4_ONLY);
	if (!block_is_set(a, ADDR_LFT))
		a->preferred_lft = a->addr.family == IP_V6 && a->prefix == 128 ? 0 : UINT32_MAX;
	return true;
}

static const struct block address_common =
	BLOCK(ENTRIES, conf_address, rows,
	      .contexts = "vrrp_instance.virtual_ipaddress vrrp_instance.virtual_ipaddress_excluded "
			  "address_option",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE);

static const struct row virtual_rows[] = {
	{"use_vmac", FLAG(conf_address, use_vmac), .effect = ACCEPTED,
	 .lacking = "the address has the MAC of its interface", .dflt_text = "off",
	 .help = "Puts the address on a macvlan of its own."},
};

const struct block schema_address = BLOCK_ON(
	ENTRIES, conf_address, virtual_rows, &address_common,
	.contexts = "vrrp_instance.virtual_ipaddress vrrp_instance.virtual_ipaddress_excluded "
		    "address_option",
	.finish = address_finish, .help = "An address of a virtual router.");

static const struct row static_rows[] = {
	{"track_group", STRING(conf_address, track_group), .effect = ACCEPTED,
	 .lacking = "no instance follows the address", .args = "NAME",
	 .dflt_text = "none", .help = "Track group whose instances fail when the address is lost."},
};

const struct block schema_static_address =
	BLOCK_ON(ENTRIES, conf_address, static_rows, &address_common, .contexts = "address_option",
		 .finish = address_finish, .help = "An address kept on the host in every state.");
