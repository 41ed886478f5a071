/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the options after use_vmac and use_ipvlan. */
#include "conf/schema.h"

#include <ctype.h>

/* Five or six octets in hex with colons. */
static bool word_is_mac(const char *s)
{
	unsigned octets = 0;

	while (isxdigit((unsigned char)s[0]) && isxdigit((unsigned char)s[1])) {
		octets++;
		s += 2;
		if (*s != ':')
			break;
		s++;
	}
	return !*s && (octets == 5 || octets == 6);
}

enum { VMAC_NAME, VMAC_MAC };

static bool vmac_bare(struct bind *b, void *obj, struct cursor *c)
{
	struct conf_vmac *v = obj;
	const struct conf_word *w = cursor_peek(c);

	if (word_is_mac(w->text)) {
		v->mac = cursor_take(c)->text;
		block_mark(v, VMAC_MAC);
		return true;
	}
	if (v->name || strlen(w->text) >= CONF_IFNAME_MAX)
		return false;
	v->name = cursor_take(c)->text;
	block_mark(v, VMAC_NAME);
	return true;
}

static const struct row vmac_rows[] = {
	[VMAC_NAME] = {"name", IFNAME(conf_vmac, name), .args = "IFNAME",
		       .dflt_text = "PREFIX.VRID; the word name may be left out",
		       .help = "Name of the macvlan, unique among instances."},
	[VMAC_MAC] = {"<MAC>", STRING(conf_vmac, mac), .flags = ROW_BARE, .args = "XX:XX:XX:XX:XX[:XX]",
		      .dflt_text = "the virtual router MAC",
		      .help = "Own MAC; with five octets the VRID is the sixth."},
	{"netlink_notify_msg", FLAG(conf_vmac, netlink_notify_msg), .dflt_text = "off",
	 .help = "Forces a link message for the parent after the macvlan was made or deleted."},
	{"group", STRING(conf_vmac, group), .args = "GROUP", .dflt_text = "that of the parent",
	 .help = "Interface group of the macvlan."},
};

const struct block schema_use_vmac =
	BLOCK(INLINE, conf_vmac, vmac_rows, .contexts = "vrrp_instance.use_vmac", .bare = vmac_bare,
	      .owner = OWNER_VRRP, .reload = RELOAD_RESTART, .effect = ACCEPTED, .help = "A macvlan.");

enum { IPVLAN_NAME, IPVLAN_ADDR, IPVLAN_BRIDGE, IPVLAN_PRIVATE, IPVLAN_VEPA };

static bool ipvlan_bare(struct bind *b, void *obj, struct cursor *c)
{
	struct conf_ipvlan *v = obj;
	const char *text = cursor_peek(c)->text;

	if (strpbrk(text, ":/") || (strspn(text, "0123456789.") == strlen(text))) {
		if (row_parse(b, &schema_use_ipvlan.rows[IPVLAN_ADDR], obj, c))
			block_mark(v, IPVLAN_ADDR);
		return true;
	}
	if (v->name || strlen(text) >= CONF_IFNAME_MAX)
		return false;
	v->name = cursor_take(c)->text;
	block_mark(v, IPVLAN_NAME);
	return true;
}

static bool parse_mode(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_ipvlan *v = obj;

	v->mode = (uint8_t)row->min;
	for (unsigned bit = IPVLAN_BRIDGE; bit <= IPVLAN_VEPA; bit++)
		block_unmark(v, bit); /* the last word wins: the caller marks it */
	return true;
}

#define MODE_ROW(name_, value, help_)                                                              \
	{                                                                                          \
		name_, HANDLER(conf_ipvlan, mode, parse_mode, print_nothing),                         \
			.min = value, .dflt_text = "bridge", .args = "", .help = help_             \
	}

static const struct row ipvlan_rows[] = {
	[IPVLAN_NAME] = {"name", IFNAME(conf_ipvlan, name), .args = "IFNAME",
			 .dflt_text = "PREFIX.VRID; the word name may be left out",
			 .help = "Name of the ipvlan, unique among instances."},
	[IPVLAN_ADDR] = {"<IPADDR>[/<MASK>]", PREFIX(conf_ipvlan, addr, prefix, 0), .flags = ROW_BARE,
			 .dflt_text = "none; IPv4 instances need it",
			 .help = "Address of the ipvlan, also the source of adverts."},
	[IPVLAN_BRIDGE] = MODE_ROW("bridge", 0, "ipvlan flag bridge."),
	[IPVLAN_PRIVATE] = MODE_ROW("private", 1, "ipvlan flag private."),
	[IPVLAN_VEPA] = MODE_ROW("vepa", 2, "ipvlan flag vepa."),
	{"group", STRING(conf_ipvlan, group), .args = "GROUP", .dflt_text = "that of the parent",
	 .help = "Interface group of the ipvlan."},
};

const struct block schema_use_ipvlan =
	BLOCK(INLINE, conf_ipvlan, ipvlan_rows, .contexts = "vrrp_instance.use_ipvlan",
	      .bare = ipvlan_bare, .owner = OWNER_VRRP, .reload = RELOAD_RESTART, .effect = ACCEPTED,
	      .help = "An ipvlan interface.");
