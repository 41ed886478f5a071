/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of global_defs. Their handlers: global_words.c. */
#include "conf/schema/common.h"
#include "conf/schema/global_words.h"

static const struct choice flush_modes[] = {
	{"", 1, NULL},
	{"VS", 2, NULL},
	{0},
};

static const struct choice engines[] = {
	{"auto", ENGINE_AUTO, "IPVS where the kernel has it, else nftables."},
	{"ipvs", ENGINE_IPVS, "The kernel's IPVS."},
	{"nftables", ENGINE_NFTABLES, "A table of nftables, for kernels without IPVS."},
	{0},
};

static const struct choice smtp_tls[] = {
	{"off", SMTP_PLAIN, "Mails go in clear."},
	{"starttls", SMTP_STARTTLS, "TLS after STARTTLS; without it no mail is sent."},
	{"on", SMTP_TLS, "TLS from the start, as on port 465."},
	{0},
};

/* nice, locked memory, CPUs, realtime priority and its limit of one process */
#define SCHED_ROWS(prefix, sched, who, owner_, effect_)                                              \
	{prefix "_priority", NUMBER(conf_global, sched.nice, -20, 19), .dflt = "0", .owner = owner_,  \
	 .reload = RELOAD_NEVER, .effect = effect_, .args = "NICE",                                   \
	 .help = "Nice value of the " who " process."},                                               \
	{prefix "_no_swap", TRISTATE(conf_global, sched.no_swap), .owner = owner_,                        \
	 .reload = RELOAD_NEVER, .effect = effect_, .dflt_text = "on for vrrp where permitted, else off", \
	 .help = "Locks the memory of the " who " process."},                                         \
	{prefix "_cpu_affinity", NUMBER_LINE(conf_global, sched.cpus, 0, 8191), .owner = owner_,      \
	 .reload = RELOAD_NEVER, .effect = effect_, .args = "CPU [CPU ...]", .dflt_text = "all",      \
	 .help = "CPUs the " who " process may run on."},                                             \
	{prefix "_rlimit_rttime", NUMBER(conf_global, sched.rlimit_rttime, 1, UINT32_MAX),            \
	 .owner = owner_, .reload = RELOAD_NEVER, .effect = effect_, .unit = "microseconds",          \
	 .flags = ROW_QUIET, .deprecated = prefix "_rlimit_rtime", .dflt_text = "1000000",            \
	 .help = "CPU time the " who " process may take without a pause before it gives up realtime scheduling."}

#define PROCESS_NAME(keyword, sched, who, effect_)                                                    \
	{keyword, STRING(conf_global, sched.process_name), .max = 15, .flags = ROW_TRUNCATE,          \
	 .reload = RELOAD_NEVER, .effect = effect_, .args = "NAME", .dflt_text = "that of the parent", \
	 .help = "Name of the " who " process."}

#define RCVBUF_ROWS(prefix, field, what, effect_)                                                     \
	{prefix, NUMBER(conf_global, field.size, 0, UINT32_MAX), .dflt = "0", .unit = "bytes",        \
	 .effect = effect_, .reload = RELOAD_NEVER, .help = "Receive buffer of the " what " socket."}, \
	{prefix "_force", BOOL(conf_global, field.force), .effect = effect_, .dflt_text = "off",     \
	 .reload = RELOAD_NEVER, .help = "Allows that buffer to exceed the limit of the system."}

#define FIFO_ROWS(prefix, field, what, effect_)                                                       \
	{prefix, HANDLER(conf_global, field, parse_fifo, print_fifo), .flags = ROW_FIRST_WINS,        \
	 .args = "PATH [USER [GROUP]]", .effect = effect_, .owner = OWNER_RUNNER, .dflt_text = "none", \
	 .help = "FIFO that gets " what " events."},                                                  \
	{prefix "_script", SCRIPT(conf_global, field.script), .flags = ROW_FIRST_WINS,                \
	 .args = SCRIPT_ARGS, .effect = effect_, .owner = OWNER_RUNNER, .dflt_text = "none",          \
	 .help = "Program that reads that FIFO; its path is the last argument."}

#define SNMP_FLAG(name_, field, what) \
	{name_, FLAG(conf_global, field), .effect = ACCEPTED, .owner = OWNER_API, .dflt_text = "off", .help = what}

#define NOT_A_KEYWORD(name_, instead)                                                                 \
	{name_, DOC(), .effect = NOOP, .refused = "write `" instead "`", .args = "PATH",              \
	 .help = "Named by the manual only; the keyword is " instead "."}

/* A switch whose field says the opposite. */
#define INVERSE(s, m) HANDLER(s, m, parse_inverse, print_inverse), .args = "[on|off]"

#define TIMEOUT_ROW(name_, field, what)                                                            \
	{                                                                                          \
		name_, NUMBER(conf_lvs_timeouts, field, 0, 2678400),                               \
			.unit = "seconds", .dflt_text = "unchanged",                               \
			.help = "Timeout of " what "; 0 leaves it alone."                          \
	}

static const struct row timeout_rows[] = {
	TIMEOUT_ROW("tcp", tcp, "TCP connections"),
	TIMEOUT_ROW("tcpfin", tcpfin, "TCP connections that are ending"),
	TIMEOUT_ROW("udp", udp, "UDP flows"),
};

static const struct block schema_lvs_timeouts =
	BLOCK(INLINE, conf_lvs_timeouts, timeout_rows, .contexts = "global_defs/lvs_timeouts",
	      .owner = OWNER_LVS, .reload = RELOAD_LIVE, .help = "IPVS timeouts.");

#define CHECKS_MAX 16 /* as many as there are channels for */
#define LONGEST_DELAY 4294967295 /* microseconds */

static const struct row rows[] = {
	/* processes and files */
	{"tmp_config_directory", STRING(conf_global, tmp_config_directory), .flags = ROW_FIRST_WINS,
	 .args = "DIRECTORY", .reload = RELOAD_NEVER, .effect = NOOP, .dflt_text = "memory",
	 .help = "The expanded configuration is always kept in sealed memory here."},
	{"config_save_dir", STRING(conf_global, config_save_dir), .args = "DIRECTORY", .effect = ACCEPTED,
	 .dflt_text = "off", .help = "Saves each expanded configuration there."},
	{"process_names", FLAG(conf_global, process_names), .reload = RELOAD_NEVER, .dflt_text = "off",
	 .help = "Names the processes keepalived_vrrp and so on."},
	{"process_name", STRING(conf_global, process_name), .max = 15, .flags = ROW_TRUNCATE, .args = "NAME",
	 .reload = RELOAD_NEVER, .dflt_text = "the executable's", .help = "Name of the parent process."},
	PROCESS_NAME("vrrp_process_name", vrrp_sched, "vrrp", WORKS),
	{"checker_process_name", STRING(conf_global, checker_sched.process_name), .max = 15,
	 .flags = ROW_TRUNCATE | ROW_QUIET, .reload = RELOAD_NEVER, .args = "NAME",
	 .deprecated = "lvs_process_name", .dflt_text = "that of the parent",
	 .help = "Name of the checker process."},
	PROCESS_NAME("bfd_process_name", bfd_sched, "bfd", ACCEPTED),
	{"use_symlink_paths", BOOL(conf_global, use_symlink_paths), .dflt_text = "off", .owner = OWNER_RUNNER,
	 .effect = NOOP, .help = "Symbolic links in the paths of scripts are always kept here."},
	{"set_supplementary_groups", BOOL(conf_global, supplementary_groups), .dflt_text = "off",
	 .owner = OWNER_RUNNER, .help = "Scripts run with the supplementary groups of their user."},
	{"startup_script", SCRIPT(conf_global, startup_script), .flags = ROW_FIRST_WINS, .args = SCRIPT_ARGS,
	 .reload = RELOAD_NEVER, .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Run once before anything else starts."},
	{"startup_script_timeout", NUMBER(conf_global, startup_script_timeout, 1, 1000), .dflt = "10",
	 .unit = "seconds", .reload = RELOAD_NEVER, .help = "Time the startup script gets."},
	{"shutdown_script", SCRIPT(conf_global, shutdown_script), .flags = ROW_FIRST_WINS,
	 .args = SCRIPT_ARGS, .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Run once after everything else has ended."},
	{"shutdown_script_timeout", NUMBER(conf_global, shutdown_script_timeout, 1, 1000), .dflt = "10",
	 .unit = "seconds", .help = "Time the shutdown script gets."},
	/* mail */
	{"notification_email", LIST(conf_global, emails), .flags = ROW_REPEAT, .args = "{ ADDRESS ... }",
	 .owner = OWNER_RUNNER, .dflt_text = "none", .help = "Who gets mails."},
	{"notification_email_from", STRING(conf_global, email_from), .args = "ADDRESS",
	 .owner = OWNER_RUNNER, .dflt_text = "USER@HOST", .help = "Sender of mails."},
	{"smtp_server", HANDLER(conf_global, smtp_server, parse_smtp_server, print_smtp_server),
	 .args = "HOST [PORT]", .owner = OWNER_RUNNER, .dflt_text = "none; port 25",
	 .help = "Mail relay."},
	{"smtp_helo_name", STRING(conf_global, smtp_helo_name), .flags = ROW_OPTIONAL, .args = "NAME",
	 .owner = OWNER_RUNNER, .dflt_text = "the host's name",
	 .help = "Name given to the mail relay."},
	{"smtp_connect_timeout", NUMBER(conf_global, smtp_connect_timeout, 1, 4294), .flags = ROW_ZERO_IS_ONE,
	 .dflt = "30", .unit = "seconds", .owner = OWNER_RUNNER,
	 .help = "Time to connect to the mail relay."},
	{"smtp_alert", TRISTATE(conf_global, smtp_alert), .owner = OWNER_RUNNER,
	 .dflt_text = "unset", .help = "Default of all smtp_alert settings."},
	{"smtp_alert_vrrp", TRISTATE(conf_global, smtp_alert_vrrp),
	 .owner = OWNER_RUNNER, .dflt_text = "smtp_alert, else off",
	 .help = "Default of smtp_alert of instances and groups."},
	{"smtp_alert_checker", TRISTATE(conf_global, smtp_alert_checker),
	 .owner = OWNER_RUNNER, .dflt_text = "smtp_alert, else real servers on, virtual servers off",
	 .help = "Default of smtp_alert of virtual and real servers."},
	{"smtp_tls", ENUM(conf_global, smtp_tls, smtp_tls), .dflt = "off", .ours = true,
	 .owner = OWNER_RUNNER, .args = "off|starttls|on", .list_choices = "global_defs\tsmtp_tls:",
	 .help = "TLS to the mail relay."},
	{"smtp_tls_verify", INVERSE(conf_global, smtp_tls_no_verify), .ours = true,
	 .owner = OWNER_RUNNER, .dflt_text = "on", .help = "The relay's certificate must be valid."},
	{"smtp_user", STRING(conf_global, smtp_user), .args = "NAME", .ours = true,
	 .owner = OWNER_RUNNER, .dflt_text = "none: no login", .help = "User that logs in at the mail relay."},
	{"smtp_password", STRING(conf_global, smtp_password), .args = "TEXT", .ours = true,
	 .owner = OWNER_RUNNER, .dflt_text = "none", .help = "Password of smtp_user."},
	{"webhook", STRING(conf_global, webhook), .args = "URL", .ours = true,
	 .owner = OWNER_RUNNER, .dflt_text = "none", .help = "URL (http or https) every event is posted to as JSON."},
	{"webhook_header", STRING(conf_global, webhook_header), .args = "\"NAME: VALUE\"",
	 .ours = true, .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Header sent along, such as an authorization."},
	{"webhook_timeout", TIME(conf_global, webhook_timeout, 1000, 300 * USEC_PER_SEC), .dflt = "5",
	 .args = "SECONDS", .ours = true, .owner = OWNER_RUNNER,
	 .help = "Time one post gets before it is tried again later."},
	{"checker_log_all_failures", BOOL(conf_global, checker_log_all_failures),
	 .owner = OWNER_CHECK, .dflt_text = "off", .help = "Logs each failed check."},
	{"no_email_faults", FLAG(conf_global, no_email_faults), .owner = OWNER_RUNNER,
	 .dflt_text = "off", .help = "No mail about FAULT."},
	{"router_id", STRING(conf_global, router_id), .args = "NAME", .dflt_text = "the host's name",
	 .help = "Name of this machine in status and mails."},
	/* VRRP defaults */
	{"vrrp_mcast_group4", IP(conf_global, mcast_group4, IP_V4), .dflt = "224.0.0.18",
	 .help = "Multicast group of IPv4 adverts."},
	{"vrrp_mcast_group6", IP(conf_global, mcast_group6, IP_V6), .dflt = "ff02::12",
	 .help = "Multicast group of IPv6 adverts."},
	{"default_interface", IFNAME(conf_global, default_interface), .args = "IFNAME", .dflt_text = "eth0",
	 .help = "Interface of static addresses without dev."},
	{"lvs_sync_daemon",
	 INLINE_PTR(conf_global, lvs_sync_daemon, conf_lvs_sync_daemon, schema_lvs_sync_daemon),
	 .flags = ROW_FIRST_WINS, .owner = OWNER_LVS, .dflt_text = "none",
	 .args = "IFNAME [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group IP]",
	 .help = "Runs the IPVS connection synchronisation daemon."},
	{"lvs_timeouts", INLINE_IN(conf_global, lvs_timeouts, conf_lvs_timeouts, schema_lvs_timeouts),
	 .args = "[tcp N] [tcpfin N] [udp N]", .owner = OWNER_LVS,
	 .dflt_text = "those of the kernel", .help = "IPVS connection timeouts."},
	{"lvs_flush", FLAG(conf_global, lvs_flush), .owner = OWNER_LVS,
	 .reload = RELOAD_NEVER, .dflt_text = "off", .help = "Removes what is in IPVS at start."},
	{"lvs_flush_on_stop", ENUM(conf_global, lvs_flush_on_stop, flush_modes), .flags = ROW_OPTIONAL,
	 .bare = "", .args = "[VS]", .aliases = "lvs_flush_onstop", .owner = OWNER_LVS,
	 .dflt_text = "off", .help = "Flushes IPVS at stop, or (VS) only the own virtual servers."},
	{"lvs_engine", ENUM(conf_global, lvs_engine, engines), .dflt = "auto", .ours = true,
	 .owner = OWNER_LVS, .reload = RELOAD_NEVER, .list_choices = "global_defs\tlvs_engine:",
	 .help = "What carries the virtual servers."},
	{"check_processes", NUMBER(conf_global, check_processes, 0, CHECKS_MAX), .dflt = "0",
	 .ours = true, .owner = OWNER_CHECK, .reload = RELOAD_LIVE,
	 .help = "Processes the checks are spread over; 0: as many as are useful."},
	{"share_checks", INVERSE(conf_global, no_shared_checks), .ours = true,
	 .owner = OWNER_CHECK, .dflt_text = "on",
	 .help = "Checks that are alike, of one target, are one probe."},
	{"vrrp_garp_master_repeat", NUMBER(conf_global, garp_master_repeat, 1, UINT32_MAX),
	 .flags = ROW_ZERO_IS_ONE, .dflt = "5", .help = "Announcements per address in a block after becoming master."},
	{"vrrp_garp_master_delay", TIME(conf_global, garp_master_delay, 0, 4294 * USEC_PER_SEC),
	 .flags = ROW_WHOLE, .dflt = "5", .help = "Time until the second block after becoming master, 0 for none."},
	{"vrrp_garp_lower_prio_repeat", NUMBER(conf_global, garp_lower_prio_repeat, 0, INT32_MAX),
	 .dflt_text = "vrrp_garp_master_repeat",
	 .help = "Announcements per address after an advert of lower priority was heard."},
	{"vrrp_garp_lower_prio_delay", TIME(conf_global, garp_lower_prio_delay, 0, 4294 * USEC_PER_SEC),
	 .flags = ROW_WHOLE, .dflt_text = "vrrp_garp_master_delay",
	 .help = "Time until the second block after an advert of lower priority was heard."},
	{"vrrp_garp_master_refresh", TIME(conf_global, garp_master_refresh, 0, UINT32_MAX * USEC_PER_SEC),
	 .flags = ROW_WHOLE, .dflt = "0", .help = "Time between refreshing announcements, 0 for none."},
	{"vrrp_garp_master_refresh_repeat", NUMBER(conf_global, garp_master_refresh_repeat, 1, UINT32_MAX),
	 .flags = ROW_ZERO_IS_ONE, .dflt = "1", .help = "Announcements per address at a refresh."},
	{"vrrp_garp_interval", TIME(conf_global, garp_interval, 0, LONGEST_DELAY), .dflt = "0",
	 .help = "Pause between gratuitous ARPs on an interface."},
	{"vrrp_gna_interval", TIME(conf_global, gna_interval, 0, LONGEST_DELAY), .dflt = "0",
	 .help = "Pause between unsolicited neighbour advertisements on an interface."},
	{"vrrp_min_garp", BOOL(conf_global, min_garp), .dflt_text = "off",
	 .help = "One announcement and no second block, unless the other keywords say otherwise."},
	{"vrrp_garp_extra_if", HANDLER(conf_global, garp_extra_if, parse_extra_if, print_extra_if),
	 .offset2 = offsetof(struct conf_global, garp_extra_if_all), .max = 86400, .unit = "seconds",
	 .args = "[all] SECONDS", .deprecated = "vrrp_vmac_garp_intvl", .dflt_text = "off",
	 .help = "Default of garp_extra_if."},
	{"vrrp_down_timer_adverts", NUMBER(conf_global, down_timer_adverts, 1, 100), .dflt = "3",
	 .help = "Default of down_timer_adverts."},
	{"vrrp_lower_prio_no_advert", BOOL(conf_global, lower_prio_no_advert), .dflt_text = "off",
	 .help = "Default of lower_prio_no_advert."},
	{"vrrp_higher_prio_send_advert", BOOL(conf_global, higher_prio_send_advert), .dflt_text = "off",
	 .help = "Default of higher_prio_send_advert."},
	{"vrrp_version", NUMBER(conf_global, version, 2, 3), .dflt = "2",
	 .help = "VRRP version of IPv4 instances that don't say."},
	{"v3_checksum_as_v2", BOOL(conf_global, v3_checksum_as_v2), .dflt_text = "off",
	 .help = "Default of v3_checksum_as_v2 of instances."},
	/* firewall */
	{"nftables", STRING(conf_global, nftables), .max = 254, .flags = ROW_OPTIONAL | ROW_FIRST_WINS,
	 .bare = "keepalived", .args = "[TABLE]", .reload = RELOAD_NEVER,
	 .owner = OWNER_VRRP, .dflt_text = "off", .help = "Uses nftables for no_accept and macvlans."},
	{"nftables_priority", NUMBER(conf_global, nftables_priority, INT32_MIN, INT32_MAX), .dflt = "-1",
	 .owner = OWNER_VRRP, .help = "Priority of the nftables chains."},
	{"nftables_counters", FLAG(conf_global, nftables_counters), .owner = OWNER_VRRP,
	 .dflt_text = "off", .help = "Rules count packets."},
	{"nftables_ifindex", FLAG(conf_global, nftables_ifindex), .owner = OWNER_VRRP, .effect = NOOP,
	 .dflt_text = "off", .help = "Sets always hold interface numbers instead of names here."},
	{"nftables_ipvs", STRING(conf_global, nftables_ipvs), .max = 254,
	 .flags = ROW_OPTIONAL | ROW_FIRST_WINS, .bare = "keepalived_ipvs", .args = "[TABLE]",
	 .reload = RELOAD_NEVER, .owner = OWNER_LVS, .dflt_text = "off",
	 .help = "Sets the marks of virtual server groups by nftables."},
	{"nftables_ipvs_priority", NUMBER(conf_global, nftables_ipvs_priority, INT32_MIN, INT32_MAX),
	 .dflt = "-1", .owner = OWNER_LVS, .help = "Priority of that chain."},
	{"nftables_ipvs_start_fwmark", NUMBER(conf_global, nftables_ipvs_start_fwmark, 1, UINT32_MAX),
	 .dflt = "1000", .owner = OWNER_LVS, .help = "First mark handed out."},
	{"vrrp_iptables", HANDLER(conf_global, iptables, parse_iptables, print_iptables),
	 .flags = ROW_FIRST_WINS, .args = "[INCHAIN [OUTCHAIN]]", .effect = ACCEPTED, .owner = OWNER_VRRP,
	 .dflt_text = "off; INPUT OUTPUT", .help = "Uses iptables with existing chains."},
	{"vrrp_ipsets", WORD_LINE(conf_global, ipsets), .flags = ROW_OPTIONAL,
	 .args = "[V4 [V6 [V6IF [IGMP [MLD [ND]]]]]]", .effect = ACCEPTED, .owner = OWNER_VRRP,
	 .dflt_text = "keepalived and so on", .help = "Names of the ipsets; without names no ipsets."},
	{"disable_local_igmp", FLAG(conf_global, disable_local_igmp),
	 .reload = RELOAD_NEVER, .owner = OWNER_VRRP, .dflt_text = "off",
	 .help = "Turns off IGMP reports for 224.0.0.0/24."},
	/* VRRP defaults */
	{"vrrp_check_unicast_src", BOOL(conf_global, check_unicast_src), .dflt_text = "off",
	 .help = "Default of check_unicast_src."},
	{"vrrp_skip_check_adv_addr", BOOL(conf_global, skip_check_adv_addr), .dflt_text = "off",
	 .help = "Default of skip_check_adv_addr."},
	{"vrrp_strict", BOOL(conf_global, strict), .dflt_text = "off", .help = "Default of strict_mode."},
	{"vrrp_notify_priority_changes", BOOL(conf_global, notify_priority_changes), .dflt_text = "off",
	 .help = "Default of notify_priority_changes."},
	/* scheduling */
	{"max_auto_priority", NUMBER(conf_global, max_auto_priority, -1, 99), .flags = ROW_OPTIONAL,
	 .bare = "99", .args = "[N]", .effect = ACCEPTED, .dflt = "0", .reload = RELOAD_NEVER,
	 .help = "Limit of automatic increases of realtime priority."},
	{"min_auto_priority_delay", NUMBER(conf_global, min_auto_priority_delay, 1, 10000000),
	 .dflt = "1000000", .unit = "microseconds", .effect = ACCEPTED, .reload = RELOAD_NEVER,
	 .help = "Scheduling delay that makes the priority increase."},
	SCHED_ROWS("vrrp", vrrp_sched, "vrrp", OWNER_VRRP, WORKS),
	{"vrrp_rt_priority", NUMBER(conf_global, vrrp_sched.rt_priority, 0, 99), .flags = ROW_CLAMP,
	 .reload = RELOAD_NEVER, .args = "N", .dflt_text = "1 where that is permitted",
	 .help = "Realtime priority (SCHED_RR) of the vrrp process, 0 for none."},
	SCHED_ROWS("checker", checker_sched, "checker", OWNER_CHECK, WORKS),
	{"checker_rt_priority", NUMBER(conf_global, checker_sched.rt_priority, 0, 99), .flags = ROW_CLAMP,
	 .reload = RELOAD_NEVER, .owner = OWNER_CHECK, .args = "N",
	 .dflt_text = "none", .help = "Realtime priority (SCHED_RR) of the checker process, 0 for none."},
	SCHED_ROWS("bfd", bfd_sched, "bfd", OWNER_BFD, ACCEPTED),
	{"bfd_rt_priority", NUMBER(conf_global, bfd_sched.rt_priority, 0, 99), .flags = ROW_CLAMP,
	 .reload = RELOAD_NEVER, .effect = ACCEPTED, .owner = OWNER_BFD, .args = "N", .dflt_text = "none",
	 .help = "Realtime priority (SCHED_RR) of the bfd process, 0 for none."},
	/* SNMP and D-Bus */
	{"snmp_socket", STRING(conf_global, snmp_socket), .flags = ROW_FIRST_WINS, .args = "SOCKET",
	 .effect = ACCEPTED, .owner = OWNER_API, .dflt_text = "unix:/var/agentx/master",
	 .help = "Socket of the SNMP master agent."},
	{"enable_snmp_vrrp", FLAG(conf_global, snmp_vrrp), .aliases = "enable_snmp_keepalived",
	 .effect = ACCEPTED, .owner = OWNER_API, .dflt_text = "off",
	 .help = "Serves the VRRP part of the keepalived MIB."},
	SNMP_FLAG("enable_snmp_checker", snmp_checker, "Serves the checker part of the keepalived MIB."),
	SNMP_FLAG("enable_snmp_rfc", snmp_rfc, "Serves the MIBs of RFC 2787 and RFC 6527."),
	SNMP_FLAG("enable_snmp_rfcv2", snmp_rfcv2, "Serves the MIB of RFC 2787."),
	SNMP_FLAG("enable_snmp_rfcv3", snmp_rfcv3, "Serves the MIB of RFC 6527."),
	SNMP_FLAG("enable_traps", snmp_traps, "Sends SNMP traps."),
	{"snmp_vs_stats_update_interval", TIME(conf_global, snmp_vs_interval, 1000, 30 * USEC_PER_SEC),
	 .effect = ACCEPTED, .owner = OWNER_API, .dflt = "5",
	 .help = "Least age of virtual server statistics before SNMP reads them again."},
	{"snmp_rs_stats_update_interval", TIME(conf_global, snmp_rs_interval, 1000, 30 * USEC_PER_SEC),
	 .effect = ACCEPTED, .owner = OWNER_API, .dflt_text = "snmp_vs_stats_update_interval",
	 .help = "Least age of real server statistics before SNMP reads them again."},
	{"enable_dbus", FLAG(conf_global, dbus), .effect = ACCEPTED, .owner = OWNER_API, .dflt_text = "off",
	 .help = "Offers the D-Bus interface."},
	{"dbus_service_name", STRING(conf_global, dbus_service_name), .args = "NAME", .effect = ACCEPTED,
	 .owner = OWNER_API, .dflt_text = "org.keepalived.Vrrp1", .help = "Name on the bus."},
	{"dbus_no_interface_name", STRING(conf_global, dbus_no_interface_name), .args = "NAME",
	 .effect = ACCEPTED, .owner = OWNER_API, .dflt_text = "none",
	 .help = "Path element of instances without an interface."},
	/* scripts and events */
	{"script_user", USER(conf_global, script_user, script_group, script_user_at), .args = "USER [[:]GROUP]",
	 .owner = OWNER_RUNNER, .dflt_text = "keepalived_script if there is one, else the daemon's user",
	 .help = "User and group of scripts and FIFOs that don't say."},
	{"enable_script_security", FLAG(conf_global, script_security), .owner = OWNER_RUNNER,
	 .dflt_text = "off", .help = "Refuses scripts that others than root could change."},
	FIFO_ROWS("notify_fifo", notify_fifo, "all", WORKS),
	FIFO_ROWS("vrrp_notify_fifo", vrrp_notify_fifo, "VRRP", WORKS),
	FIFO_ROWS("lvs_notify_fifo", lvs_notify_fifo, "checker", WORKS),
	{"fifo_write_vrrp_states_on_reload", FLAG(conf_global, fifo_write_vrrp_states_on_reload),
	 .owner = OWNER_RUNNER, .dflt_text = "off",
	 .help = "Writes the states of instances and groups to the FIFOs after a reload."},
	{"dynamic_interfaces", HANDLER(conf_global, dynamic_interfaces, parse_dynamic, print_dynamic),
	 .args = "[allow_if_changes]", .owner = OWNER_VRRP, .dflt_text = "on: a missing interface is waited for",
	 .help = "The configuration may name interfaces that do not exist yet, or that change."},
	/* buffers */
	RCVBUF_ROWS("vrrp_netlink_cmd_rcv_bufs", vrrp_cmd_rcvbuf, "VRRP netlink command", WORKS),
	RCVBUF_ROWS("vrrp_netlink_monitor_rcv_bufs", vrrp_monitor_rcvbuf, "VRRP netlink monitor", WORKS),
	RCVBUF_ROWS("lvs_netlink_cmd_rcv_bufs", lvs_cmd_rcvbuf, "checker netlink command", WORKS),
	RCVBUF_ROWS("lvs_netlink_monitor_rcv_bufs", lvs_monitor_rcvbuf, "checker netlink monitor", WORKS),
	RCVBUF_ROWS("process_monitor_rcv_bufs", process_monitor_rcvbuf, "process event", ACCEPTED),
	{"vrrp_rx_bufs_policy", HANDLER(conf_global, rx_bufs_policy, parse_rx_policy, print_rx_policy),
	 .args = "MTU|ADVERT|BYTES", .effect = ACCEPTED, .owner = OWNER_VRRP, .dflt_text = "the system's",
	 .help = "How VRRP receive buffers are sized."},
	{"vrrp_rx_bufs_multiplier", NUMBER(conf_global, rx_bufs_multiplier, 1, UINT32_MAX), .dflt = "3",
	 .effect = ACCEPTED, .owner = OWNER_VRRP, .help = "Factor of the MTU and ADVERT policies."},
	{"rs_init_notifies", BOOL(conf_global, rs_init_notifies), .owner = OWNER_CHECK,
	 .dflt_text = "off", .help = "Notifies at start for real servers that come up."},
	{"no_checker_emails", BOOL(conf_global, no_checker_emails),
	 .owner = OWNER_RUNNER, .dflt_text = "off", .help = "Mails only when a real server comes or goes."},
	{"umask", HANDLER(conf_global, umask, parse_umask, print_umask), .args = "NUMBER|BIT[|BIT...]",
	 .reload = RELOAD_NEVER, .dflt_text = "0177", .list_choices = "global_defs/umask\t",
	 .choices = umask_bits, .help = "Mask for files it makes."},
	{"vrrp_startup_delay", TIME(conf_global, startup_delay, 0, LONGEST_DELAY), .dflt = "0",
	 .owner = OWNER_VRRP, .reload = RELOAD_NEVER, .help = "Time before instances start."},
	{"vrrp_delay_after_boot", TIME(conf_global, delay_after_boot, 0, LONGEST_DELAY), .dflt = "0",
	 .owner = OWNER_VRRP, .reload = RELOAD_NEVER,
	 .help = "Instances start when the system has been up that long."},
	{"log_unknown_vrids", FLAG(conf_global, log_unknown_vrids), .owner = OWNER_VRRP, .dflt_text = "off",
	 .help = "Logs adverts for VRIDs that are not configured on the interface."},
	{"vrrp_owner_ignore_adverts", BOOL(conf_global, owner_ignore_adverts), .dflt_text = "off",
	 .help = "Default of owner_ignore_adverts."},
	{"vmac_prefix", STRING(conf_global, vmac_prefix), .flags = ROW_FIRST_WINS, .args = "PREFIX",
	 .effect = ACCEPTED, .owner = OWNER_VRRP, .dflt_text = "vrrp",
	 .help = "Start of the names of macvlans it makes."},
	{"vmac_addr_prefix", STRING(conf_global, vmac_addr_prefix), .flags = ROW_FIRST_WINS, .args = "PREFIX",
	 .effect = ACCEPTED, .owner = OWNER_VRRP, .dflt_text = "vmac_prefix",
	 .help = "The same for macvlans of addresses on other interfaces."},
	{"random_seed", NUMBER(conf_global, random_seed, 0, UINT32_MAX), .dflt_text = "the time",
	 .help = "Makes ${_RANDOM} repeatable."},
	/* reload and dumps */
	{"reload_check_config", STRING(conf_global, reload_check_config), .flags = ROW_OPTIONAL,
	 .args = "[LOG_FILE]", .effect = NOOP, .dflt_text = "off",
	 .help = "A configuration is always judged before it is loaded here."},
	{"include_check", HANDLER(conf_global, include_check, parse_include_check, print_include_check),
	 .args = "[read] [[+|-]CHECK ...]", .dflt_text = "none", .list_choices = "global_defs/include_check\t",
	 .choices = include_checks, .help = "Which problems of includes are errors; alone: all."},
	{"reload_time_file", STRING(conf_global, reload_time_file), .args = "PATH", .effect = ACCEPTED,
	 .dflt_text = "none", .help = "File with the time of a planned reload."},
	{"reload_repeat", FLAG(conf_global, reload_repeat), .effect = ACCEPTED, .dflt_text = "off",
	 .help = "Keeps reload_time_file after the reload."},
	{"reload_file", STRING(conf_global, reload_file), .flags = ROW_OPTIONAL, .args = "[PATH]",
	 .dflt_text = "off; alone: keepalived.reload beside the pid file",
	 .help = "File that exists while the configuration is read."},
	{"data_use_instance", BOOL(conf_global, data_use_instance), .dflt_text = "off",
	 .help = "Adds namespace and instance to the names of dump files."},
	{"state_dump_file", STRING(conf_global, state_dump_file), .args = "PATH",
	 .dflt_text = "keepalived.data in the temporary directory", .help = "File SIGUSR1 writes."},
	{"stats_dump_file", STRING(conf_global, stats_dump_file), .args = "PATH",
	 .dflt_text = "keepalived.stats in the temporary directory", .help = "File SIGUSR2 writes."},
	{"json_dump_file", STRING(conf_global, json_dump_file), .args = "PATH",
	 .dflt_text = "keepalived.json in the temporary directory", .help = "File of the JSON dump."},
	NOT_A_KEYWORD("state_file_location", "state_dump_file"),
	NOT_A_KEYWORD("stats_file_location", "stats_dump_file"),
	NOT_A_KEYWORD("json_file_location", "json_dump_file"),
	{"json_version", NUMBER(conf_global, json_version, 1, 2),
	 .dflt = "1", .help = "Layout of the JSON dump."},
	{"iproute_usr_dir", STRING(conf_global, iproute_usr_dir), .args = "PATH", .effect = ACCEPTED,
	 .dflt_text = "/usr/share/iproute2", .help = "Directory of the distribution's name tables."},
	{"iproute_etc_dir", STRING(conf_global, iproute_etc_dir), .args = "PATH", .effect = ACCEPTED,
	 .dflt_text = "/etc/iproute2", .help = "Directory of the local name tables."},
};

const struct block schema_global_defs =
	BLOCK(KEYWORDS, conf_global, rows, .contexts = "global_defs", .owner = OWNER_SUPERVISOR,
	      .reload = RELOAD_LIVE, .help = "Settings of the daemon and defaults.");
