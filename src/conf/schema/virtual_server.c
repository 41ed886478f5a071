/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the rows of virtual_server. What needs more than one keyword (protocol and port, scheduler
 * and its flags, quorum and weights) is judged when the block is complete with all others:
 * complete_lvs.c.
 */
#include "conf/schema/lvs.h"

static const struct choice schedulers[] = {
#define X(id, name, help) {name, LVS_SCHED_##id, help},
	LVS_SCHEDULERS(X)
#undef X
		{0},
};

static const struct choice protocols[] = {
	{"TCP", LVS_TCP, "Protocol number 6."},
	{"UDP", LVS_UDP, "Protocol number 17."},
	{"SCTP", LVS_SCTP, "Protocol number 132."},
	{0},
};

static const struct choice families[] = {
	{"inet", IP_V4, "IPv4 service."},
	{"inet6", IP_V6, "IPv6 service."},
	{0},
};

/* IPADDR [PORT] | fwmark MARK | group NAME */
static bool parse_service(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_virtual_server *vs = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	int64_t n = 0;

	if (!w)
		return false;
	if (str_eq(w->text, "fwmark")) {
		vs->kind = SERVICE_MARK;
		w = cursor_need(b, c, "a firewall mark");
		if (!w || !bind_number(b, w, true, 1, UINT32_MAX, &n))
			return false;
		vs->fwmark = (uint32_t)n;
		return true;
	}
	if (str_eq(w->text, "group")) {
		vs->kind = SERVICE_GROUP;
		w = cursor_need(b, c, "the name of a virtual_server_group");
		vs->group_name = w ? w->text : NULL;
		return w;
	}
	vs->kind = SERVICE_ADDRESS;
	if (!ip_parse(w->text, &vs->addr))
		return bind_bad_word(b, w, "bad-address", row->args, "`%s` is not an address");
	if (cursor_peek(c) && !bind_number(b, cursor_take(c), false, 0, 65535, &n))
		return false;
	vs->port = (uint16_t)n;
	return true;
}

const char *lvs_service_text(const struct conf_virtual_server *vs, struct arena *a)
{
	char buf[IP_TEXT_MAX];

	if (vs->kind == SERVICE_MARK)
		return arena_printf(a, "fwmark %u", vs->fwmark);
	if (vs->kind == SERVICE_GROUP)
		return arena_printf(a, "group %s", vs->group_name);
	ip_format(&vs->addr, buf);
	return vs->port ? arena_printf(a, "%s %u", buf, vs->port) : arena_strdup(a, buf);
}

static void print_service(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_virtual_server *vs = obj;

	if (vs->kind == SERVICE_GROUP) {
		text_add(t, " group");
		print_word(t, vs->group_name);
	} else {
		text_printf(t, " %s", lvs_service_text(vs, t->a));
	}
}

/* NETMASK | PREFIXLEN */
static bool parse_granularity(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_virtual_server *vs = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	struct ip_addr mask;
	int64_t n;

	if (!w)
		return false;
	if (ip_parse(w->text, &mask) && mask.family == IP_V4) {
		vs->granularity = (uint32_t)mask.b[0] << 24 | (uint32_t)mask.b[1] << 16 |
				  (uint32_t)mask.b[2] << 8 | mask.b[3];
		vs->granularity_family = IP_V4;
		return true;
	}
	if (!bind_number(b, w, false, 1, 128, &n)) {
		b->diags->list.v[b->diags->list.n - 1].expected =
			"a netmask like 255.255.255.0, or a prefix length from 1 to 128 for IPv6";
		return false;
	}
	vs->granularity = (uint32_t)n;
	vs->granularity_family = IP_V6;
	return true;
}

static void print_granularity(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_virtual_server *vs = obj;
	uint32_t g = vs->granularity;

	if (vs->granularity_family == IP_V6)
		text_printf(t, " %u", g);
	else
		text_printf(t, " %u.%u.%u.%u", g >> 24, g >> 16 & 255, g >> 8 & 255, g & 255);
}

#define VS_FLAG(name_, field, help_)                                                               \
	{                                                                                          \
		name_, FLAG(conf_virtual_server, field), .dflt_text = "off", .help = help_         \
	}
#define VS_SWITCH(name_, field, help_)                                                             \
	{                                                                                          \
		name_, BOOL(conf_virtual_server, field), .flags = ROW_LOOSE, .args = "[on|off]",   \
							 .dflt_text = "off", .help = help_         \
	}

static const struct row rows[] = {
	{"SERVICE", HANDLER(conf_virtual_server, addr, parse_service, print_service),
	 .flags = ROW_POSITIONAL, .args = "IPADDR [PORT] | fwmark MARK | group NAME", .listed = "",
	 .help = "What is balanced: an address and port, packets with a mark, or the members of a "
		 "group."},
	{"virtual_server:fwmark", DOC(), .args = "MARK",
	 .help = "The service is made of the packets with this firewall mark, 1 or more."},
	{"virtual_server:group", DOC(), .args = "NAME",
	 .help = "The block applies to every member of a virtual_server_group."},
	{"ip_family", ENUM(conf_virtual_server, ip_family, families),
	 .dflt_text = "of the address, else of the real servers, else inet",
	 .list_choices = "virtual_server\tip_family:", .help = "Address family of a mark service."},
	TIMING_ROWS(conf_virtual_server, "the real servers that don't say", "60", "5"),
	{"lvs_sched", ENUM(conf_virtual_server, scheduler, schedulers), .aliases = "lb_algo",
	 .dflt_text = "wlc, with a warning",
	 .listed = "virtual_server\tlvs_sched\nvirtual_server\tlb_algo",
	 .list_choices = "virtual_server\tlvs_sched:",
	 .help = "IPVS scheduler; lb_algo is its old name."},
	{"hashed", FLAG(conf_virtual_server, hashed), .effect = NOOP, .dflt_text = "off",
	 .help = "A leftover without a meaning."},
	VS_FLAG("ops", ops, "One-packet scheduling, for UDP and mark services."),
	VS_FLAG("flag-1", flag1, "First flag of the scheduler."),
	VS_FLAG("flag-2", flag2, "Second flag of the scheduler."),
	VS_FLAG("flag-3", flag3, "Third flag of the scheduler."),
	VS_FLAG("sh-port", sh_port, "Source hashing takes the port in; only with lvs_sched sh."),
	VS_FLAG("sh-fallback", sh_fallback,
		"Source hashing goes on to another server when the chosen one is unavailable; only "
		"with sh."),
	VS_FLAG("mh-port", mh_port, "Maglev hashing takes the port in; only with lvs_sched mh."),
	VS_FLAG("mh-fallback", mh_fallback,
		"Maglev hashing goes on to another server when the chosen one is unavailable; only "
		"with mh."),
	{"lvs_method", INLINE_VEC(conf_virtual_server, methods, conf_forwarding, schema_forwarding),
	 .aliases = "lb_kind", .args = METHOD_ARGS, .dflt_text = "NAT, with a warning",
	 .listed = "virtual_server\tlvs_method\nvirtual_server\tlb_kind",
	 .help = "Forwarding method of servers that have none of their own; lb_kind is its old "
		 "name."},
	{"persistence_engine", STRING(conf_virtual_server, persistence_engine), .max = 16,
	 .flags = ROW_TRUNCATE, .args = "NAME", .dflt_text = "none",
	 .listed = "virtual_server\tpersistence_engine\nvirtual_server\tpersistence_engine:sip",
	 .help = "IPVS persistence engine; the kernel has sip (by call id)."},
	{"persistence_timeout", NUMBER(conf_virtual_server, persistence_timeout, 1, 2678400),
	 .flags = ROW_OPTIONAL, .bare = "360", .unit = "seconds", .args = "[SECONDS]",
	 .dflt_text = "not persistent; bare: 360",
	 .help = "A client stays with its server for this time."},
	{"persistence_granularity",
	 HANDLER(conf_virtual_server, granularity, parse_granularity, print_granularity),
	 .args = "NETMASK | PREFIXLEN", .dflt_text = "255.255.255.255 or 128",
	 .help = "Clients of one such network count as one; turns persistence on."},
	{"protocol", ENUM(conf_virtual_server, protocol, protocols), .flags = ROW_NOCASE,
	 .dflt_text = "UDP, with a warning; none for marks",
	 .list_choices = "virtual_server\tprotocol:", .help = "Transport protocol of the service."},
	VS_SWITCH("ha_suspend", ha_suspend,
		  "Checks run only while the virtual address is on this host."),
	{"smtp_alert", TRISTATE(conf_virtual_server, smtp_alert), .args = "[on|off]",
	 .owner = OWNER_RUNNER, .dflt_text = "global smtp_alert_checker, else smtp_alert, else off",
	 .help = "Mails when the quorum is gained or lost."},
	{"virtualhost", STRING(conf_virtual_server, virtualhost), .args = "NAME",
	 .owner = OWNER_CHECK, .dflt_text = "none",
	 .help = "Host name the HTTP checks of all real servers ask for."},
	{"snmp_name", STRING(conf_virtual_server, snmp_name), .args = "NAME", .effect = ACCEPTED,
	 .owner = OWNER_API,
	 .dflt_text = "none", .help = "Label of the service in SNMP."},
	{"alpha", BOOL(conf_virtual_server, timing.alpha), .flags = ROW_LOOSE, .args = "[on|off]",
	 .owner = OWNER_CHECK, .dflt_text = "off", .help = "Real servers count as failed until their checks succeed."},
	VS_SWITCH("omega", omega, "At shutdown, what was up is reported as down."),
	VS_SWITCH("inhibit_on_failure", inhibit_on_failure,
		  "Failed real servers stay in the table with weight 0."),
	{"quorum_up", SCRIPT(conf_virtual_server, quorum_up), .flags = ROW_FIRST_WINS,
	 .args = SCRIPT_WORDS, .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Run when the quorum is gained."},
	{"quorum_down", SCRIPT(conf_virtual_server, quorum_down), .flags = ROW_FIRST_WINS,
	 .args = SCRIPT_WORDS, .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Run when the quorum is lost."},
	{"quorum", NUMBER(conf_virtual_server, quorum, 1, UINT32_MAX), .dflt = "1",
	 .help = "Weight of live servers the service needs; at most the sum of all weights."},
	{"hysteresis", NUMBER(conf_virtual_server, hysteresis, 0, UINT32_MAX), .dflt = "0",
	 .help = "Margin around the quorum; less than the quorum."},
	{"weight", NUMBER(conf_virtual_server, weight, 1, INT32_MAX), .dflt = "1",
	 .help = "Weight of real servers that say none."},
	KINDNESS_ROWS(conf_virtual_server, "0"),
	{"panic_threshold", NUMBER(conf_virtual_server, panic_threshold, 0, 100), .ours = true,
	 .unit = "percent", .args = "PERCENT", .dflt = "0",
	 .help = "When more than this share of the servers has failed, all are served as if up, with "
		 "an alarm; 0: never."},
	{"masquerade", BOOL(conf_virtual_server, masquerade), .args = "[on|off]", .ours = true,
	 .dflt_text = "off",
	 .help = "NAT servers see the director's address as the client's, and answer it without "
		 "having it as gateway. Only with the nftables engine."},
	{"sorry_server",
	 INLINE_VEC(conf_virtual_server, sorry_servers, conf_endpoint, schema_endpoint),
	 .args = "IPADDR [PORT]", .dflt_text = "none",
	 .help = "Server used while the quorum is not met; the last one counts."},
	VS_FLAG("sorry_server_inhibit", sorry_inhibit,
		"The sorry server stays in the table with weight 0 while it is not used."),
	{"sorry_server_lvs_method",
	 INLINE_VEC(conf_virtual_server, sorry_methods, conf_forwarding, schema_forwarding),
	 .args = METHOD_ARGS, .dflt_text = "lvs_method of the service",
	 .help = "Forwarding method of the sorry server."},
	{"real_server", BLOCK_VEC(conf_virtual_server, rs, conf_real_server, schema_real_server),
	 .args = "IPADDR [PORT] { }", .dflt_text = "none; one at least",
	 .help = "A server that does the work; of two with one address and port the second is left "
		 "out."},
};

const struct block schema_virtual_server =
	BLOCK(KEYWORDS, conf_virtual_server, rows, .contexts = "virtual_server", .owner = OWNER_LVS,
	      .reload = RELOAD_LIVE, .help = "A load-balanced service.");
