/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: rows for explain only: words of routes and rules that stand without a keyword or as values.
 */
#include "conf/schema.h"

#define WORD(name_, help_)                                                                         \
	{                                                                                          \
		name_, DOC(), .help = help_                                                        \
	}
#define LISTED_ONLY(rows_, context, text)                                                          \
	{                                                                                          \
		.kind = WORDS, .rows = rows_, .n = ARRAY_SIZE(rows_), .contexts = context,         \
		.effect = ACCEPTED, .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .help = text       \
	}

static const struct row types[] = {
	WORD("unicast", "Ordinary route, the default."),
	WORD("local", "Delivered locally."),
	WORD("broadcast", "Broadcast destination."),
	WORD("brd", "The same as broadcast."),
	WORD("anycast", "Anycast destination."),
	WORD("multicast", "Multicast destination."),
	WORD("prohibit", "Dropped; the sender is told it is prohibited."),
	WORD("unreachable", "Dropped; the sender is told it is unreachable."),
	WORD("blackhole", "Dropped silently."),
	WORD("throw", "The lookup goes on in the next table."),
	WORD("nat", "A type the kernel no longer has."),
	WORD("xresolve", "Left to an external resolver."),
	WORD("NUMBER", "A type by its number, 0 to 255."),
};

static const struct row destinations[] = {
	WORD("default", "Everything; the family follows from the other addresses, else IPv4."),
	WORD("any", "The same as default."),
	WORD("all", "The same as default."),
	WORD("default6", "Deprecated: `inet6 default`."),
};

static const struct row values[] = {
	WORD("lock",
	     "Before the value of mtu, advmss, rtt, rttvar, reordering, cwnd, ssthresh, rto_min or "
	     "congctl: the kernel doesn't change it."),
	WORD("ecn", "Value of features: explicit congestion notification."),
	WORD("low", "Value of pref."),
	WORD("medium", "Value of pref."),
	WORD("high", "Value of pref."),
	WORD("enabled", "Value of ttl-propagate: the TTL is passed on."),
	WORD("disabled", "Value of ttl-propagate: the TTL is not passed on."),
};

static const struct row rule_lines[] = {
	{"rule options", DOC(), .args = "selectors and one action",
	 .help = "One policy rule a line."},
};

const struct block schema_route_types = LISTED_ONLY(types, "route_type", "Types of routes."),
		   schema_route_destinations =
			   LISTED_ONLY(destinations, "route_dest", "Destinations by name."),
		   schema_route_values =
			   LISTED_ONLY(values, "route_value_word", "Values of route options."),
		   schema_rule_lines = LISTED_ONLY(rule_lines, "static_rules", "Policy rules.");
