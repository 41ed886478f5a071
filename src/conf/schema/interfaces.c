/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows about interfaces: garp_group, interface_up_down_delays, linkbeat_interfaces. */
#include "conf/schema.h"

/* ---- garp_group ---- */

enum { GARP_INTERVAL, GNA_INTERVAL, GARP_INTERFACE, GARP_INTERFACES };

#define GARP_INTERVAL_ROW(name_, field, what)                                                  \
	{name_, TIME(conf_garp_group, field, 0, 4294967295), .dflt_text = "not limited",       \
	 .help = "Least time between two " what " on the interface or set."}

static const struct row garp_rows[] = {
	[GARP_INTERVAL] = GARP_INTERVAL_ROW("garp_interval", garp_interval, "gratuitous ARPs"),
	[GNA_INTERVAL] = GARP_INTERVAL_ROW("gna_interval", gna_interval, "neighbour advertisements"),
	[GARP_INTERFACE] = {"interface", IFNAME(conf_garp_group, interface), .args = "IFNAME",
			    .dflt_text = "none", .help = "The one interface that is limited."},
	[GARP_INTERFACES] = {"interfaces", LIST(conf_garp_group, interfaces), .args = "{ IFNAME ... }",
			     .flags = ROW_REPEAT, .dflt_text = "none",
			     .help = "Interfaces that share one limit."},
};

static bool garp_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_garp_group *g = obj;

	if (!block_is_set(g, GARP_INTERVAL))
		g->garp_interval = USEC_NEVER;
	if (!block_is_set(g, GNA_INTERVAL))
		g->gna_interval = USEC_NEVER;
	if (g->garp_interval == USEC_NEVER && g->gna_interval == USEC_NEVER) {
		diag_add(b->diags, DIAG_ERROR, "incomplete", stmt->at,
			 "garp_group without garp_interval or gna_interval is ignored");
		return false;
	}
	if (g->interface && g->interfaces.n) {
		diag_add(b->diags, DIAG_ERROR, "given-twice", stmt->at,
			 "garp_group has interface and interfaces; interface is ignored");
		block_drop(&schema_garp_group, g, GARP_INTERFACE);
	}
	if (g->interface)
		vec_push(b->a, &g->interfaces, g->interface);
	return true;
}

const struct block schema_garp_group =
	BLOCK(KEYWORDS, conf_garp_group, garp_rows, .contexts = "garp_group", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .finish = garp_finish, .help = "Limits the rate of announcements.");

/* ---- interface_up_down_delays ---- */

enum { DELAY_NAME, DELAY_DOWN, DELAY_UP };

static const struct row delay_rows[] = {
	[DELAY_NAME] = {"<IFNAME>", IFNAME(conf_interface_delay, name), .flags = ROW_POSITIONAL,
			.args = "IFNAME DOWN [UP]",
			.listed = "interface_up_down_delays\t<IFNAME>\ninterface_up_down_delays\tIFNAME",
			.help = "Interface whose state changes count only after a delay."},
	[DELAY_DOWN] = {"DOWN", TIME(conf_interface_delay, down, 0, 255 * USEC_PER_SEC),
			.flags = ROW_POSITIONAL, .listed = "",
			.help = "Time it must be down before that counts."},
	[DELAY_UP] = {"UP", TIME(conf_interface_delay, up, 0, 255 * USEC_PER_SEC),
		      .flags = ROW_POSITIONAL | ROW_OPTIONAL, .listed = "", .dflt_text = "DOWN",
		      .help = "Time it must be up before that counts."},
};

/* The manual's meaning; 2.4.3 takes 0 for a missing UP. */
static bool delay_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_interface_delay *d = obj;

	if (!block_is_set(d, DELAY_UP))
		d->up = d->down;
	return true;
}

const struct block schema_interface_delay =
	BLOCK(ENTRIES, conf_interface_delay, delay_rows, .contexts = "interface_up_down_delays",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .finish = delay_finish,
	      .help = "Delays of one interface.");

/* ---- linkbeat_interfaces ---- */

static const struct choice methods[] = {
	{"MII", 1, "Asks for the link by MII."},
	{"ETHTOOL", 2, "Asks for the link by ethtool."},
	{"IOCTL", 3, "Asks for the interface flags."},
	{0},
};

static const struct row linkbeat_rows[] = {
	{"<IFNAME>", IFNAME(conf_linkbeat, name), .flags = ROW_POSITIONAL, .args = "IFNAME [METHOD]",
	 .listed = "linkbeat_interfaces\t<IFNAME>\nlinkbeat_interfaces\tIFNAME",
	 .help = "Interface whose link is polled once a second."},
	{"METHOD", ENUM(conf_linkbeat, method, methods), .flags = ROW_POSITIONAL | ROW_OPTIONAL, .listed = "",
	 .list_choices = "linkbeat_interfaces\t", .dflt_text = "the first that works",
	 .help = "How to ask for the link state."},
};

const struct block schema_linkbeat =
	BLOCK(ENTRIES, conf_linkbeat, linkbeat_rows, .contexts = "linkbeat_interfaces",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED, .help = "One interface.");
