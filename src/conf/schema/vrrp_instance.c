/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of vrrp_instance and of the small blocks only it has. */
#include "conf/schema.h"
#include "conf/schema/common.h"
#include "model/state.h"

static const struct choice states[] = {
	{"MASTER", VRRP_MASTER, NULL},
	{"BACKUP", VRRP_BACKUP, NULL},
	{0},
};

static const struct choice old_checksum[] = {
	{"", 1, NULL}, /* the bare keyword */
	{"never", 2, NULL},
	{0},
};

static const struct choice auth_types[] = {
	{"PASS", AUTH_PASS, NULL},
	{"AH", AUTH_AH, NULL},
	{0},
};

/* ---- authentication ---- */

static const struct row authentication_rows[] = {
	{"auth_type", ENUM(conf_authentication, type, auth_types), .args = "PASS|AH",
	 .dflt_text = "no authentication",
	 .help = "PASS puts a clear-text password into version 2 adverts; AH has no effect yet, and a peer "
		 "with it refuses them."},
	{"auth_pass", STRING(conf_authentication, pass), .args = "PASSWORD", .dflt_text = "none",
	 .help = "The password; the first 8 bytes count."},
};

static const struct block schema_authentication =
	BLOCK(KEYWORDS, conf_authentication, authentication_rows,
	      .contexts = "vrrp_instance.authentication", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .help = "Legacy authentication of version 2.");

/* ---- auth_hmac ---- */

static const struct choice hmac_replay[] = {
	{"time", 0, NULL},
	{"monotonic", 1, NULL},
	{0},
};

static const struct choice hmac_mode[] = {
	{"enforce", 0, NULL},
	{"permissive", 1, NULL},
	{"receive-only", 2, NULL},
	{0},
};

static bool parse_key(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_auth_hmac *hmac = obj;
	const struct conf_word *id = cursor_need(b, c, "a key number from 1 to 255"), *value;
	int64_t n;

	if (!id || !bind_number(b, id, false, 1, 255, &n) || !(value = cursor_need(b, c, "the key")))
		return false;
	for (unsigned i = 0; i < hmac->keys.n; i++)
		if (hmac->keys.v[i].id == n) {
			diag_add(b->diags, DIAG_ERROR, "given-twice", id->at,
				 "key %s was given before; this one is ignored", id->text);
			return false;
		}
	vec_push(b->a, &hmac->keys, ((struct conf_hmac_key){(uint8_t)n, value->text}));
	return true;
}

/* All keys, each a statement: the first continues the line print.c began. */
static void print_key(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_auth_hmac *hmac = obj;

	for (unsigned i = 0; i < hmac->keys.n; i++) {
		text_printf(t, "%s %u", i ? "\n\t\tkey" : "", hmac->keys.v[i].id);
		print_word(t, hmac->keys.v[i].value);
	}
}

static const struct row auth_hmac_rows[] = {
	{"key", HANDLER(conf_auth_hmac, keys, parse_key, print_key), .flags = ROW_REPEAT,
	 .args = "ID VALUE", .dflt_text = "none; the active key is required",
	 .help = "Adds a key: text of 32 to 64 bytes, hex:DIGITS or file:PATH."},
	{"active_key", NUMBER(conf_auth_hmac, active_key, 1, 255), .dflt_text = "none, required",
	 .help = "Number of the key used for sending."},
	{"time_window", NUMBER(conf_auth_hmac, time_window, 1, 300), .unit = "seconds",
	 .dflt_text = "3 x advert_int, at least 5, at most 300",
	 .help = "Clock difference accepted when anti_replay is time."},
	{"anti_replay", ENUM(conf_auth_hmac, anti_replay, hmac_replay), .dflt = "time",
	 .help = "Whether replays are told by the clock or by a growing sequence."},
	{"mode", ENUM(conf_auth_hmac, mode, hmac_mode), .dflt = "enforce",
	 .help = "Whether adverts without the trailer are refused, accepted, or only checked."},
};

static const struct block schema_auth_hmac =
	BLOCK(KEYWORDS, conf_auth_hmac, auth_hmac_rows, .contexts = "vrrp_instance.auth_hmac",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED,
	      .help = "HMAC-SHA256 trailer of keepalived.");

/* ---- unicast_peer ---- */

static const struct row unicast_peer_rows[] = {
	{"<IPADDR>", IP(conf_unicast_peer, addr, 0), .flags = ROW_POSITIONAL,
	 .help = "Address of a peer that gets the adverts."},
	{"min_ttl", NUMBER(conf_unicast_peer, min_ttl, 0, 255), .dflt = "0",
	 .help = "Smallest TTL accepted from this peer; turns on check_unicast_src."},
	{"max_ttl", NUMBER(conf_unicast_peer, max_ttl, 0, 255), .dflt = "255",
	 .help = "Largest TTL accepted from this peer; turns on check_unicast_src."},
};

static const struct block schema_unicast_peer = BLOCK(
	ENTRIES, conf_unicast_peer, unicast_peer_rows, .contexts = "vrrp_instance.unicast_peer",
	.owner = OWNER_VRRP, .reload = RELOAD_LIVE, .help = "One peer.");

/* ---- vrrp_instance ---- */

static const struct row rows[] = {
	{"NAME", STRING(conf_instance, name), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name of the instance, unique among instances."},
	{"state", ENUM(conf_instance, state, states), .dflt_text = "MASTER if priority is 255, else BACKUP",
	 .help = "State wanted at start; the election decides by priority. MASTER without a priority "
		 "means priority 255."},
	{"interface", IFNAME(conf_instance, interface), .args = "IFNAME", .reload = RELOAD_RESTART,
	 .dflt_text = "none; required unless unicast with a source address",
	 .help = "Interface the instance runs on."},
	{"vrf", IFNAME(conf_instance, vrf), .args = "IFNAME", .reload = RELOAD_RESTART, .effect = ACCEPTED,
	 .lacking = "its sockets are not bound to the VRF",
	 .dflt_text = "none", .help = "VRF device the unicast socket is bound to."},
	{"use_vmac", INLINE_PTR(conf_instance, vmac, conf_vmac, schema_use_vmac), .reload = RELOAD_RESTART,
	 .effect = ACCEPTED,
	 .lacking = "the instance runs on the interface itself, with its MAC", .dflt_text = "off",
	 .args = "[[name] IFNAME] [MAC] [netlink_notify_msg] [group GROUP]",
	 .help = "Runs the instance on a macvlan with the virtual router MAC."},
	{"use_vmac_addr", FLAG(conf_instance, use_vmac_addr), .reload = RELOAD_RESTART, .effect = ACCEPTED,
	 .lacking = "these addresses have the MAC of their interface",
	 .dflt_text = "off", .help = "Also makes macvlans for addresses on other interfaces."},
	{"vmac_xmit_base", FLAG(conf_instance, vmac_xmit_base), .reload = RELOAD_RESTART,
	 .effect = ACCEPTED, .dflt_text = "off",
	 .help = "Sends adverts on the parent interface instead of the macvlan."},
	{"use_ipvlan", INLINE_PTR(conf_instance, ipvlan, conf_ipvlan, schema_use_ipvlan),
	 .reload = RELOAD_RESTART, .effect = ACCEPTED,
	 .lacking = "the instance runs on the interface itself", .dflt_text = "off",
	 .args = "[[name] IFNAME] [IPADDR[/LENGTH]] [bridge|private|vepa] [group GROUP]",
	 .help = "Runs the instance on an ipvlan interface."},
	{"unicast_peer", ENTRIES_OF(conf_instance, peers, conf_unicast_peer, schema_unicast_peer),
	 .dflt_text = "none: multicast", .help = "Addresses the adverts are sent to instead of multicast."},
	{"unicast_fault_no_peer", FLAG(conf_instance, unicast_fault_no_peer), .dflt_text = "off",
	 .help = "Stays in FAULT when unicast is asked for but no peer is listed."},
	{"check_unicast_src", FLAG(conf_instance, check_unicast_src), INHERIT(check_unicast_src),
	 .dflt_text = "global vrrp_check_unicast_src",
	 .help = "Drops unicast adverts whose source is no listed peer."},
	{"old_unicast_checksum", ENUM(conf_instance, old_unicast_checksum, old_checksum),
	 .flags = ROW_OPTIONAL, .bare = "", .args = "[never]", .dflt_text = "detected",
	 .help = "Uses the version 3 unicast checksum of keepalived before 1.3.7, or never detects it."},
	{"native_ipv6", FLAG(conf_instance, native_ipv6), .flags = ROW_QUIET, .reload = RELOAD_RESTART,
	 .dflt_text = "off", .obsolete = "the family follows from the addresses", .help = "Forces IPv6 and version 3."},
	{"dont_track_primary", FLAG(conf_instance, dont_track_primary), .dflt_text = "off",
	 .help = "Ignores up and down of its own interface."},
	TRACK_ROWS(conf_instance, "this instance"),
	{"mcast_src_ip", IP(conf_instance, src, 0), .args = "IPADDR",
	 .dflt_text = "primary address of the interface (IPv6: link-local)",
	 .help = "Source address of adverts; the same setting as unicast_src_ip."},
	{"unicast_src_ip", IP(conf_instance, src, 0), .args = "IPADDR",
	 .dflt_text = "primary address of the interface (IPv6: link-local)",
	 .help = "Source address of unicast adverts; required without an interface."},
	{"mcast_dst_ip", IP(conf_instance, group_addr, 0), .args = "IPADDR", .reload = RELOAD_RESTART,
	 .dflt_text = "global vrrp_mcast_group4 or vrrp_mcast_group6",
	 .help = "Multicast group to send to and to listen on."},
	{"track_src_ip", FLAG(conf_instance, track_src_ip), .dflt_text = "off",
	 .help = "FAULT while the configured source address is missing."},
	{"virtual_router_id", NUMBER(conf_instance, vrid, 1, 255), .reload = RELOAD_RESTART,
	 .dflt_text = "none, required",
	 .help = "VRID, the same on all routers of this virtual router, unique on a network."},
	{"unicast_ttl", NUMBER(conf_instance, unicast_ttl, 0, 255), .dflt_text = "255 (IPv6: 64)",
	 .help = "TTL of unicast adverts."},
	{"version", NUMBER(conf_instance, version, 2, 3), .dflt_text = "3 for IPv6, else global vrrp_version",
	 .help = "VRRP version."},
	{"priority", NUMBER(conf_instance, priority, 1, 255), .dflt = "100",
	 .help = "Election priority; 255 owns the addresses and never changes."},
	{"advert_int", TIME(conf_instance, advert_int, 10 * USEC_PER_MSEC, 255 * USEC_PER_SEC),
	 .dflt = "1",
	 .help = "Time between adverts: version 2 whole seconds, version 3 0.01 to 40.95 in steps of 0.01."},
	{"virtual_ipaddress", ENTRIES_OF(conf_instance, vips, conf_address, schema_address),
	 .dflt_text = "none", .help = "Addresses of the virtual router, listed in its adverts."},
	{"virtual_ipaddress_excluded", ENTRIES_OF(conf_instance, excluded, conf_address, schema_address),
	 .dflt_text = "none", .help = "Addresses that come and go like the others but are not in adverts."},
	{"no_virtual_ipaddress", FLAG(conf_instance, no_virtual_ipaddress), .dflt_text = "off",
	 .help = "Allows an instance without addresses."},
	{"promote_secondaries", FLAG(conf_instance, promote_secondaries), .dflt_text = "off",
	 .help = "Sets promote_secondaries on the interface while the daemon runs."},
	{"linkbeat_use_polling", FLAG(conf_instance, linkbeat_use_polling), .dflt_text = "off",
	 .effect = ACCEPTED,
	 .lacking = "the link is what the driver says", .obsolete = "use the linkbeat_interfaces block",
	 .help = "Polls the link state of its interface."},
	{"v3_checksum_as_v2", BOOL(conf_instance, v3_checksum_as_v2), INHERIT(v3_checksum_as_v2),
	 .dflt_text = "global v3_checksum_as_v2",
	 .help = "Leaves the pseudo header out of the version 3 IPv4 checksum."},
	{"virtual_routes", ENTRIES_OF(conf_instance, routes, conf_route, schema_route),
	 .effect = ACCEPTED, .lacking = "these routes are not set", .dflt_text = "none",
	 .help = "Routes present while this router is master."},
	{"virtual_rules", ENTRIES_OF(conf_instance, rules, conf_rule, schema_rule), .effect = ACCEPTED,
	 .lacking = "these rules are not set",
	 .dflt_text = "none", .help = "Policy rules present while this router is master."},
	{"accept", FLAG(conf_instance, accept), .dflt_text = "on unless strict",
	 .help = "A master that is not the owner accepts traffic to the addresses."},
	{"no_accept", FLAG(conf_instance, no_accept), .dflt_text = "off unless strict",
	 .help = "Traffic to the addresses is dropped while master and not owner."},
	{"skip_check_adv_addr", BOOL(conf_instance, skip_check_adv_addr), INHERIT(skip_check_adv_addr),
	 .dflt_text = "global vrrp_skip_check_adv_addr",
	 .help = "Checks the address list only in the first advert of a new master."},
	{"strict_mode", BOOL(conf_instance, strict), INHERIT(strict), .dflt_text = "global vrrp_strict",
	 .help = "Enforces the rules of the RFC and overrides options against them."},
	{"preempt", FLAG(conf_instance, preempt), .dflt_text = "on",
	 .help = "Cancels an earlier nopreempt."},
	{"nopreempt", FLAG(conf_instance, nopreempt), .parse = parse_nopreempt, .dflt_text = "off",
	 .help = "Does not take over from a live master of lower priority."},
	{"preempt_delay", TIME(conf_instance, preempt_delay, 0, 1000 * USEC_PER_SEC), .dflt = "0",
	 .help = "Time a master of lower priority is tolerated after it is first heard."},
	{"debug", NUMBER(conf_instance, debug, 0, 4), .flags = ROW_OPTIONAL, .args = "[LEVEL]",
	 .effect = NOOP, .dflt_text = "0", .help = "Accepted for compatibility."},
	{"notify_master", SCRIPT(conf_instance, notify.master), .args = SCRIPT_ARGS, .owner = OWNER_RUNNER,
	 .dflt_text = "none", .help = "Run when the instance enters MASTER."},
	{"notify_backup", SCRIPT(conf_instance, notify.backup), .args = SCRIPT_ARGS, .owner = OWNER_RUNNER,
	 .dflt_text = "none", .help = "Run when the instance enters BACKUP."},
	{"notify_fault", SCRIPT(conf_instance, notify.fault), .args = SCRIPT_ARGS, .owner = OWNER_RUNNER,
	 .dflt_text = "none", .help = "Run when the instance enters FAULT."},
	{"notify_stop", SCRIPT(conf_instance, notify.stop), .args = SCRIPT_ARGS, .owner = OWNER_RUNNER,
	 .dflt_text = "none", .help = "Run when the daemon stops."},
	{"notify_deleted", SCRIPT(conf_instance, notify.deleted), .flags = ROW_OPTIONAL,
	 .args = "[" SCRIPT_ARGS "]", .owner = OWNER_RUNNER, .dflt_text = "off",
	 .help = "Reports DELETED instead of FAULT when a reload removes the instance, and may run a script."},
	{"notify", SCRIPT(conf_instance, notify.any), .args = SCRIPT_ARGS, .owner = OWNER_RUNNER,
	 .dflt_text = "none",
	 .help = "Run on every transition with four more arguments: INSTANCE, name, state, priority."},
	{"notify_master_rx_lower_pri", SCRIPT(conf_instance, notify.rx_lower_pri), .args = SCRIPT_ARGS,
	 .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Run each time the master hears an advert of lower priority."},
	{"notify_priority_changes", BOOL(conf_instance, notify_priority_changes),
	 INHERIT(notify_priority_changes),
	 .dflt_text = "the sync group's, else global vrrp_notify_priority_changes",
	 .help = "Writes changes of priority to the notify FIFOs."},
	{"smtp_alert", BOOL(conf_instance, smtp_alert), .owner = OWNER_RUNNER,
	 .dflt_text = "global smtp_alert_vrrp, else global smtp_alert", .help = "Mails transitions."},
	{"lvs_sync_daemon_interface", IFNAME(conf_instance, lvs_sync_daemon_interface), .args = "IFNAME",
	 .owner = OWNER_LVS, .dflt_text = "none",
	 .obsolete = "use lvs_sync_daemon in global_defs",
	 .help = "Interface of the connection synchronisation daemon."},
	{"garp_master_delay", TIME(conf_instance, garp_master_delay, 0, 4294 * USEC_PER_SEC),
	 INHERIT(garp_master_delay), .flags = ROW_WHOLE, .dflt_text = "global vrrp_garp_master_delay, 5",
	 .help = "Time until the second block of announcements after becoming master, 0 for none."},
	{"garp_master_repeat", NUMBER(conf_instance, garp_master_repeat, 1, UINT32_MAX),
	 INHERIT(garp_master_repeat), .flags = ROW_ZERO_IS_ONE,
	 .dflt_text = "global vrrp_garp_master_repeat, 5",
	 .help = "Announcements per address in a block after becoming master."},
	{"garp_master_refresh",
	 TIME(conf_instance, garp_master_refresh, 0, UINT32_MAX * USEC_PER_SEC),
	 INHERIT(garp_master_refresh), .flags = ROW_WHOLE, .dflt_text = "global vrrp_garp_master_refresh, 0",
	 .help = "Time between refreshing announcements while master, 0 for none."},
	{"garp_master_refresh_repeat", NUMBER(conf_instance, garp_master_refresh_repeat, 1, UINT32_MAX),
	 INHERIT(garp_master_refresh_repeat), .flags = ROW_ZERO_IS_ONE,
	 .dflt_text = "global vrrp_garp_master_refresh_repeat, 1",
	 .help = "Announcements per address at a refresh."},
	{"garp_lower_prio_delay", TIME(conf_instance, garp_lower_prio_delay, 0, 4294 * USEC_PER_SEC),
	 INHERIT(garp_lower_prio_delay), .flags = ROW_WHOLE,
	 .dflt_text = "global vrrp_garp_lower_prio_delay; 0 in strict mode",
	 .help = "Time until the second block after an advert of lower priority was heard."},
	{"garp_lower_prio_repeat", NUMBER(conf_instance, garp_lower_prio_repeat, 0, INT32_MAX),
	 INHERIT(garp_lower_prio_repeat), .dflt_text = "global vrrp_garp_lower_prio_repeat; 0 in strict mode",
	 .help = "Announcements per address after an advert of lower priority was heard, 0 for none."},
	{"down_timer_adverts", NUMBER(conf_instance, down_timer_adverts, 1, 100),
	 INHERIT(down_timer_adverts), .dflt_text = "global vrrp_down_timer_adverts, 3",
	 .help = "How many adverts may be missed before the master counts as down."},
	{"timer_expired_backup", NUMBER(conf_instance, timer_expired_backup, 1, 254), .flags = ROW_OPTIONAL,
	 .bare = "254", .args = "[PRIORITY]", .deprecated = "thread_timer_expired", .dflt_text = "off",
	 .help = "With nopreempt, yields when this process ran so late that a router of the given "
		 "priority may have taken over."},
	{"garp_extra_if", HANDLER(conf_instance, garp_extra_if, parse_extra_if, print_extra_if),
	 .offset2 = offsetof(struct conf_instance, garp_extra_if_all), .max = 86400, INHERIT(garp_extra_if),
	 .args = "[all] SECONDS", .deprecated = "vmac_garp_intvl", .dflt_text = "global vrrp_garp_extra_if, 0",
	 .unit = "seconds",
	 .help = "Time between announcements on macvlans other than the advert interface; all: on every "
		 "interface used."},
	{"lower_prio_no_advert", BOOL(conf_instance, lower_prio_no_advert), INHERIT(lower_prio_no_advert),
	 .dflt_text = "global vrrp_lower_prio_no_advert; on in strict mode",
	 .help = "Does not answer an advert of lower priority at once."},
	{"higher_prio_send_advert", BOOL(conf_instance, higher_prio_send_advert),
	 INHERIT(higher_prio_send_advert),
	 .dflt_text = "global vrrp_higher_prio_send_advert; off in strict mode",
	 .help = "Sends one more advert before it yields to a higher priority."},
	{"owner_ignore_adverts", BOOL(conf_instance, owner_ignore_adverts), INHERIT(owner_ignore_adverts),
	 .dflt_text = "on for priority 255 in strict mode, else global vrrp_owner_ignore_adverts",
	 .help = "An address owner drops all adverts it receives."},
	{"kernel_rx_buf_size", NUMBER(conf_instance, kernel_rx_buf_size, 0, UINT32_MAX), .unit = "bytes",
	 .effect = ACCEPTED, .dflt_text = "global vrrp_rx_bufs_policy",
	 .help = "Share of the receive buffer kept for this instance."},
	{"authentication",
	 BLOCK_PTR(conf_instance, authentication, conf_authentication, schema_authentication),
	 .dflt_text = "none", .help = "Legacy authentication of version 2."},
	{"auth_hmac", BLOCK_PTR(conf_instance, auth_hmac, conf_auth_hmac, schema_auth_hmac),
	 .effect = ACCEPTED, .lacking = "adverts go out without it, and a peer that enforces it refuses them",
	 .dflt_text = "none", .help = "HMAC-SHA256 trailer of keepalived."},
};

const struct block schema_vrrp_instance =
	BLOCK(KEYWORDS, conf_instance, rows, .contexts = "vrrp_instance", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .help = "One virtual router.");
