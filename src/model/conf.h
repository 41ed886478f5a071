/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration as the program sees it: const structs in one arena, filled by conf/, read by
 * everybody. Run-time state lives elsewhere and points here.
 *
 * A block's struct begins with `struct conf_block`, whose bits say which rows of its schema table
 * the file set: print shows exactly these, inheritance looks at them. After conf_load() every field
 * has its final value (defaults, inheritance and corrections applied).
 *
 * Memory matters: there may be 10,000 instances. Strings are NULL when not set.
 */
#ifndef HF_MODEL_CONF_H
#define HF_MODEL_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/usec.h"
#include "base/vec.h"
#include "base/span.h"

#define CONF_SET_WORDS 3
#define CONF_IFNAME_MAX 16
#define CONF_NONE UINT32_MAX /* no object with such an id */

struct conf_block {
	struct conf_span at;
	uint64_t set[CONF_SET_WORDS];
};

enum tristate { TRI_UNSET, TRI_OFF, TRI_ON };

/* A script string with its identity. It is run by its number, `id`, which is unique in a
 * configuration (conf.commands[id] is this script). */
struct conf_script {
	const char *command; /* as written (first split); printed back */
	const char *user, *group; /* as written, or NULL */
	bool supplementary; /* leading colon of the group, or set_supplementary_groups */
	bool shell;	     /* has unquoted shell operators: run by /bin/sh -c */
	bool bash;	     /* ... or, as it has words of bash, by that, if there is one */
	char **argv;	     /* NULL-terminated */
	uint32_t id;
	uint32_t uid, gid;
	bool unsafe;	     /* must not be run; said at check */
	const char *why;     /* it must not, a clause; NULL: it may */
	struct conf_span at;
};

/* An address with its options, as `ip address` takes them. */
struct conf_address {
	struct conf_block block;
	struct ip_addr addr;
	uint8_t prefix;
	uint8_t scope;
	bool use_vmac, home, dad, mngtmpaddr, noprefixroute, autojoin, no_track;
	bool excluded;	      /* not listed in adverts */
	uint8_t brd;	      /* enum conf_brd */
	struct ip_addr brd_addr, peer;
	const char *dev;      /* NULL: the interface of the instance, or default_interface */
	const char *label;
	const char *track_group;
	uint32_t preferred_lft; /* seconds, UINT32_MAX = forever */
};

enum conf_brd { BRD_NONE, BRD_ADDRESS, BRD_PLUS, BRD_MINUS };

struct conf_unicast_peer {
	struct conf_block block;
	struct ip_addr addr;
	uint8_t min_ttl, max_ttl;
};

/* One line of a track_* block: what, by name and (when bound) by id, and the weight in force. */
struct conf_track {
	struct conf_block block;
	const char *name;
	uint32_t id;	/* index into conf.<kind>; CONF_NONE for interfaces */
	int32_t weight; /* 0 = fault when bad */
	bool reverse, noreverse;
};

typedef VEC(struct conf_track *) conf_track_list;

enum { /* indices of conf_tracks.v and kinds of conf_track */
	TRACK_INTERFACE,
	TRACK_SCRIPT,
	TRACK_FILE,
	TRACK_PROCESS,
	TRACK_BFD,
	TRACK_KINDS,
};

/* Scripts of an instance or group; NULL when not configured. */
struct conf_notify {
	struct conf_script *master, *backup, *fault, *stop, *deleted, *any, *rx_lower_pri;
	bool notify_deleted;
};

enum conf_auth { AUTH_NONE, AUTH_PASS, AUTH_AH };

/* Virtual MAC and ipvlan: accepted, later issues make them work. */
struct conf_vmac {
	struct conf_block block;
	const char *name, *mac, *group;
	bool netlink_notify_msg;
};

struct conf_ipvlan {
	struct conf_block block;
	const char *name, *group;
	struct ip_addr addr;
	uint8_t prefix, mode; /* 0 bridge, 1 private, 2 vepa */
};

struct conf_authentication {
	struct conf_block block;
	uint8_t type; /* enum conf_auth */
	const char *pass;
};

struct conf_hmac_key {
	uint8_t id;
	const char *value;
};

struct conf_auth_hmac {
	struct conf_block block;
	VEC(struct conf_hmac_key) keys;
	uint32_t active_key, time_window;
	uint8_t anti_replay; /* 0 time, 1 monotonic */
	uint8_t mode;	     /* 0 enforce, 1 permissive, 2 receive-only */
};

struct conf_route; /* model/route.h */
struct conf_rule;

struct conf_instance {
	struct conf_block block;
	uint32_t id;	       /* index into conf.instances */
	uint32_t group;	       /* sync group id or CONF_NONE */
	const char *name;
	const char *interface; /* or NULL: unicast with a source address */
	const char *vrf;

	uint8_t family;	       /* enum ip_family, of the adverts */
	uint8_t version;       /* 2 or 3 */
	uint8_t vrid;
	uint8_t priority;
	uint8_t state;	       /* enum vrrp_state wanted at start: VRRP_MASTER or VRRP_BACKUP */
	bool nopreempt, strict, accept, no_accept;
	bool skip_check_adv_addr, owner_ignore_adverts;
	bool lower_prio_no_advert, higher_prio_send_advert;
	bool dont_track_primary, track_src_ip, check_unicast_src, unicast_fault_no_peer;
	bool v3_checksum_as_v2, no_virtual_ipaddress, promote_secondaries;
	bool native_ipv6, linkbeat_use_polling, vmac_xmit_base, use_vmac_addr;
	bool smtp_alert, notify_priority_changes, preempt, garp_extra_if_all;
	uint8_t old_unicast_checksum; /* 0 detect, 1 on, 2 never */
	uint8_t down_timer_adverts;
	uint8_t debug;
	uint8_t auth_type;     /* enum conf_auth */
	const char *auth_pass;
	const char *disabled;  /* why the configuration disables it (FAULT), or NULL */

	usec_t advert_int;
	usec_t preempt_delay;
	struct ip_addr src;    /* mcast_src_ip / unicast_src_ip */
	struct ip_addr group_addr; /* destination of multicast adverts */
	uint8_t unicast_ttl;   /* 0: default (255 IPv4, 64 IPv6) */
	bool unicast_ttl_set;
	uint8_t timer_expired_backup; /* 0 off, else the priority */
	uint32_t kernel_rx_buf_size;

	usec_t garp_master_delay, garp_master_refresh, garp_lower_prio_delay, garp_extra_if;
	uint32_t garp_master_repeat, garp_master_refresh_repeat, garp_lower_prio_repeat;

	VEC(struct conf_unicast_peer *) peers;
	VEC(struct conf_address *) vips;     /* listed in adverts, in order */
	VEC(struct conf_address *) excluded; /* virtual_ipaddress_excluded and what did not fit */
	VEC(struct conf_route *) routes;
	VEC(struct conf_rule *) rules;
	conf_track_list tracks[TRACK_KINDS];
	struct conf_notify notify;
	struct conf_vmac *vmac;
	struct conf_ipvlan *ipvlan;
	struct conf_authentication *authentication; /* as written; auth_type and auth_pass are in force */
	struct conf_auth_hmac *auth_hmac;
	const char *lvs_sync_daemon_interface;
};

/* Address i of those in adverts and then those excluded; NULL: there are no more. */
static inline const struct conf_address *conf_instance_address(const struct conf_instance *vi,
							       unsigned i)
{
	if (i < vi->vips.n)
		return vi->vips.v[i];
	i -= vi->vips.n;
	return i < vi->excluded.n ? vi->excluded.v[i] : NULL;
}

struct conf_group { /* vrrp_sync_group */
	struct conf_block block;
	uint32_t id;
	const char *name;
	VEC(const char *) member_names;
	VEC(uint32_t) members; /* instance ids */
	conf_track_list tracks[TRACK_KINDS];
	struct conf_notify notify;
	bool smtp_alert, notify_priority_changes, tracking_weight;
};

struct conf_vrrp_script {
	struct conf_block block;
	uint32_t id;
	const char *name;
	struct conf_script *script;
	usec_t interval, timeout;
	int32_t weight;
	bool reverse, init_fail;
	uint32_t rise, fall;
	const char *user, *group;
	struct conf_span user_at;
};

struct conf_track_file {
	struct conf_block block;
	uint32_t id;
	const char *name, *file;
	int32_t weight;
	bool reverse, init_file, overwrite;
	int32_t init_value;
};

struct conf_track_process {
	struct conf_block block;
	uint32_t id;
	const char *name;
	VEC(const char *) process; /* command and parameters */
	uint8_t param_match;	   /* 0 none, 1 exact, 2 partial, 3 initial */
	int32_t weight;
	bool reverse, full_command;
	uint32_t quorum, quorum_max;
	usec_t delay; /* as written: default of the next two */
	usec_t fork_delay, terminate_delay;
};

struct conf_garp_group {
	struct conf_block block;
	uint32_t id;
	usec_t garp_interval, gna_interval; /* USEC_NEVER: unset */
	const char *interface;	      /* as written; it is in interfaces, too */
	VEC(const char *) interfaces;
};

struct conf_interface_delay { /* interface_up_down_delays */
	struct conf_block block;
	const char *name;
	usec_t down, up;
};

struct conf_linkbeat {
	struct conf_block block;
	const char *name;
	uint8_t method; /* 0 automatic, 1 MII, 2 ETHTOOL, 3 IOCTL */
};

struct conf_track_group {
	struct conf_block block;
	uint32_t id;
	const char *name;
	VEC(const char *) members;
};

struct conf_bfd {
	struct conf_block block;
	uint32_t id;
	const char *name;
	struct ip_addr neighbor, source;
	usec_t min_rx, min_tx, idle_tx;
	uint8_t multiplier, ttl;
	int32_t max_hops; /* 255: not checked */
	bool passive, multihop, vrrp, checker, reverse;
	int32_t weight;
};

/* Scheduling of one process: vrrp, checker or bfd. */
struct conf_sched {
	int32_t nice;
	int32_t rt_priority; /* -1: not said (vrrp then asks for 1), 0: off */
	uint8_t no_swap; /* enum tristate; vrrp locks its memory unless it says off */
	VEC(uint32_t) cpus;
	uint32_t rlimit_rttime;
	const char *process_name;
};

struct conf_fifo {
	const char *path, *user, *group;
	uint32_t uid, gid;
	struct conf_script *script;
};

struct conf_lvs_sync_daemon;

struct conf_lvs_timeouts { /* seconds, 0: left alone */
	struct conf_block block;
	uint32_t tcp, tcpfin, udp;
};

struct conf_rcvbuf {
	uint32_t size;
	bool force;
};

enum conf_smtp_tls { SMTP_PLAIN, SMTP_STARTTLS, SMTP_TLS };
enum conf_lvs_engine { ENGINE_AUTO, ENGINE_IPVS, ENGINE_NFTABLES };

struct conf_global {
	struct conf_block block;
	const char *router_id;
	/* processes and files */
	const char *tmp_config_directory, *config_save_dir, *process_name;
	const char *net_namespace, *net_namespace_ipvs, *instance;
	const char *reload_check_config, *reload_time_file, *reload_file;
	const char *state_dump_file, *stats_dump_file, *json_dump_file;
	const char *iproute_usr_dir, *iproute_etc_dir;
	bool namespace_with_ipsets, use_pid_dir, process_names;
	bool reload_check, reload_file_on, reload_repeat, data_use_instance;
	uint32_t child_wait_time, umask, random_seed, json_version;
	struct conf_sched vrrp_sched, checker_sched, bfd_sched;
	int32_t max_auto_priority;
	uint32_t min_auto_priority_delay;
	/* scripts and events */
	const char *script_user, *script_group;
	struct conf_span script_user_at;
	uint32_t script_uid, script_gid;
	bool script_user_missing; /* enable_script_security without a usable user */
	bool script_security, use_symlink_paths, supplementary_groups;
	struct conf_script *startup_script, *shutdown_script;
	uint32_t startup_script_timeout, shutdown_script_timeout;
	struct conf_fifo notify_fifo, vrrp_notify_fifo, lvs_notify_fifo;
	bool fifo_write_vrrp_states_on_reload;
	/* mail */
	VEC(const char *) emails;
	const char *email_from, *smtp_server, *smtp_helo_name;
	uint16_t smtp_port;
	uint32_t smtp_connect_timeout;
	uint8_t smtp_alert, smtp_alert_vrrp, smtp_alert_checker; /* enum tristate */
	uint8_t smtp_tls; /* ours: enum conf_smtp_tls */
	bool smtp_tls_no_verify;
	const char *smtp_user, *smtp_password; /* ours */
	const char *webhook; /* ours: URL that gets every event as JSON, or NULL */
	const char *webhook_header; /* ours: "Name: value" sent along, or NULL */
	usec_t webhook_timeout;
	bool no_email_faults, no_checker_emails, checker_log_all_failures, rs_init_notifies;
	/* VRRP defaults */
	struct ip_addr mcast_group4, mcast_group6;
	const char *default_interface;
	uint32_t garp_master_repeat, garp_master_refresh_repeat, garp_lower_prio_repeat;
	usec_t garp_master_delay, garp_master_refresh, garp_lower_prio_delay, garp_extra_if;
	usec_t garp_interval, gna_interval;
	bool garp_extra_if_all, min_garp;
	uint8_t down_timer_adverts, version;
	bool lower_prio_no_advert, higher_prio_send_advert, v3_checksum_as_v2, check_unicast_src;
	bool skip_check_adv_addr, strict, notify_priority_changes, owner_ignore_adverts;
	bool dynamic_interfaces, allow_if_changes, log_unknown_vrids, disable_local_igmp;
	bool linkbeat_use_polling;
	usec_t startup_delay, delay_after_boot;
	const char *vmac_prefix, *vmac_addr_prefix;
	uint8_t rx_bufs_policy; /* 0 system, 1 MTU, 2 ADVERT, 3 size */
	uint32_t rx_bufs_size, rx_bufs_multiplier;
	struct conf_rcvbuf vrrp_cmd_rcvbuf, vrrp_monitor_rcvbuf, lvs_cmd_rcvbuf, lvs_monitor_rcvbuf,
		process_monitor_rcvbuf;
	/* firewall */
	const char *nftables, *nftables_ipvs, *iptables_in, *iptables_out;
	int32_t nftables_priority, nftables_ipvs_priority;
	uint32_t nftables_ipvs_start_fwmark;
	bool nftables_counters, nftables_ifindex, iptables;
	VEC(const char *) ipsets;
	bool ipsets_off;
	/* LVS */
	struct conf_lvs_sync_daemon *lvs_sync_daemon;
	struct conf_lvs_timeouts lvs_timeouts;
	bool lvs_flush;
	uint8_t lvs_flush_on_stop; /* 0 off, 1 all, 2 VS */
	uint8_t lvs_engine;	   /* ours: enum conf_lvs_engine */
	uint32_t check_processes;  /* ours: 0: as many as are useful */
	bool no_shared_checks;	   /* ours: each checker probes for itself */
	/* SNMP and D-Bus */
	const char *snmp_socket, *dbus_service_name, *dbus_no_interface_name;
	bool snmp_vrrp, snmp_checker, snmp_rfc, snmp_rfcv2, snmp_rfcv3, snmp_traps, dbus;
	usec_t snmp_vs_interval, snmp_rs_interval;
	uint8_t include_check; /* CONF_INCLUDE_* bits, for printing */
};

struct conf_virtual_server;	  /* model/lvs.h */
struct conf_real_server;
struct conf_checker;
struct conf_virtual_server_group;
struct conf_ssl;

struct conf {
	struct conf_block block;
	struct arena *arena;
	uint32_t generation; /* 1 for the first configuration of a daemon, +1 per reload */
	struct conf_global global;
	VEC(struct conf_instance *) instances;
	VEC(struct conf_group *) groups;
	VEC(struct conf_vrrp_script *) scripts;
	VEC(struct conf_track_file *) files;
	VEC(struct conf_track_process *) processes;
	VEC(struct conf_bfd *) bfds;
	VEC(struct conf_garp_group *) garp_groups;
	VEC(struct conf_interface_delay *) interface_delays;
	VEC(struct conf_linkbeat *) linkbeats;
	VEC(struct conf_track_group *) track_groups;
	VEC(struct conf_address *) static_addresses;
	VEC(struct conf_route *) static_routes;
	VEC(struct conf_rule *) static_rules;
	VEC(struct conf_virtual_server *) virtual_servers;
	VEC(struct conf_virtual_server_group *) virtual_server_groups;
	VEC(struct conf_real_server *) real_servers; /* of all virtual servers, by their ids */
	VEC(struct conf_checker *) checkers;	     /* of all real servers, by their ids */
	struct conf_ssl *ssl;
	VEC(struct conf_script *) commands; /* every script string by its id */
};

#endif
