/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual servers, their real servers and checkers, as configured: what the lvs and check processes
 * run from. After loading, inheritance (virtual server -> real server -> checker) has been applied
 * and every field has its final value; fields marked "as written" only serve printing.
 *
 * Ids are indices: virtual servers into conf.virtual_servers, real servers into conf.real_servers,
 * checkers into conf.checkers.
 */
#ifndef HF_MODEL_LVS_H
#define HF_MODEL_LVS_H

#include "model/conf.h"

/* X(identifier, name in the file and in the kernel, help) */
#define LVS_SCHEDULERS(X)                                                                          \
	X(RR, "rr", "Round robin.")                                                                \
	X(WRR, "wrr", "Weighted round robin.")                                                     \
	X(LC, "lc", "Least connections.")                                                          \
	X(WLC, "wlc", "Weighted least connections; used when no scheduler is configured.")         \
	X(LBLC, "lblc", "Locality-based least connections.")                                       \
	X(SH, "sh", "Source address hashing; knows sh-port and sh-fallback.")                      \
	X(MH, "mh", "Maglev hashing; knows mh-port and mh-fallback.")                              \
	X(DH, "dh", "Destination address hashing.")                                                \
	X(FO, "fo", "Weighted failover: the available server of highest weight takes everything.") \
	X(OVF, "ovf", "Weighted overflow: fills the server of highest weight first.")              \
	X(LBLCR, "lblcr", "Locality-based least connections with replication.")                    \
	X(SED, "sed", "Shortest expected delay.")                                                  \
	X(NQ, "nq", "Never queue.")                                                                \
	X(TWOS, "twos", "Power of two random choices, weighted by connections.")

enum lvs_scheduler {
	LVS_SCHED_NONE,
#define X(id, name, help) LVS_SCHED_##id,
	LVS_SCHEDULERS(X)
#undef X
};

/* The kernel's numbers. */
enum lvs_method { LVS_NAT = 0, LVS_TUN = 2, LVS_DR = 3 };
enum lvs_tunnel { LVS_TUN_IPIP = 0, LVS_TUN_GUE = 1, LVS_TUN_GRE = 2 };
enum lvs_tunnel_flags { LVS_TUN_NOCSUM = 0, LVS_TUN_CSUM = 1, LVS_TUN_REMCSUM = 2 };
enum lvs_protocol { LVS_PROTO_NONE = 0, LVS_TCP = 6, LVS_UDP = 17, LVS_SCTP = 132 };
enum lvs_service_flags { /* the kernel's bits */
			 LVS_ONEPACKET = 0x04,
			 LVS_SCHED1 = 0x08,
			 LVS_SCHED2 = 0x10,
			 LVS_SCHED3 = 0x20,
};

/* Forwarding method with what a tunnel needs. */
struct conf_forwarding {
	struct conf_block block;
	uint8_t method;	   /* enum lvs_method */
	uint8_t tun_type;  /* enum lvs_tunnel */
	uint8_t tun_flags; /* enum lvs_tunnel_flags */
	uint16_t tun_port;
	bool nocsum, csum, remcsum; /* as written */
};

struct conf_endpoint {
	struct conf_block block;
	struct ip_addr addr;
	uint16_t port; /* 0: any, or that of the virtual server */
};

/* What flows down from the virtual server to its real servers and from them to their checkers. */
struct conf_timing {
	usec_t delay_loop, delay_before_retry;
	usec_t warmup; /* upper bound of the random delay before a checker's first run */
	usec_t connect_timeout;
	uint32_t retry; /* extra attempts before a failing check counts as down */
	bool alpha;	/* starts as failed */
};

enum conf_check_kind {
	CHECK_TCP,
	CHECK_HTTP,
	CHECK_SSL,
	CHECK_SMTP,
	CHECK_DNS,
	CHECK_MISC,
	CHECK_BFD,
	CHECK_PING,
	CHECK_UDP,
	CHECK_FILE,
	CHECK_GRPC,
	CHECK_PGSQL,
	CHECK_MYSQL,
	CHECK_REDIS,
	CHECK_AGENT,
	CHECK_KINDS,
};

/* Every checker begins with this. */
struct conf_checker {
	struct conf_block block;
	uint32_t id, rs;
	uint8_t kind; /* enum conf_check_kind */
	bool log_all_failures;
	struct conf_timing timing;
};

/* Checkers that open a socket: TCP and PING have nothing more. */
struct conf_check_socket {
	struct conf_checker check;
	struct ip_addr connect_ip, bindto;
	uint16_t connect_port, bind_port;
	uint32_t fwmark;
	const char *bind_if;
};

struct conf_status_range {
	uint16_t min, max;
};

enum conf_regex_option { /* bits of conf_url.regex_options */
			 REGEX_ALLOW_EMPTY_CLASS = 1 << 0,
			 REGEX_ALT_BSUX = 1 << 1,
			 REGEX_AUTO_CALLOUT = 1 << 2,
			 REGEX_CASELESS = 1 << 3,
			 REGEX_DOLLAR_ENDONLY = 1 << 4,
			 REGEX_DOTALL = 1 << 5,
			 REGEX_DUPNAMES = 1 << 6,
			 REGEX_EXTENDED = 1 << 7,
			 REGEX_FIRSTLINE = 1 << 8,
			 REGEX_MATCH_UNSET_BACKREF = 1 << 9,
			 REGEX_MULTILINE = 1 << 10,
			 REGEX_NEVER_UCP = 1 << 11,
			 REGEX_NEVER_UTF = 1 << 12,
			 REGEX_NO_AUTO_CAPTURE = 1 << 13,
			 REGEX_NO_AUTO_POSSESS = 1 << 14,
			 REGEX_NO_DOTSTAR_ANCHOR = 1 << 15,
			 REGEX_NO_START_OPTIMIZE = 1 << 16,
			 REGEX_UCP = 1 << 17,
			 REGEX_UNGREEDY = 1 << 18,
			 REGEX_UTF = 1 << 19,
			 REGEX_NEVER_BACKSLASH_C = 1 << 20,
			 REGEX_ALT_CIRCUMFLEX = 1 << 21,
			 REGEX_ALT_VERBNAMES = 1 << 22,
			 REGEX_USE_OFFSET_LIMIT = 1 << 23,
};

#define CONF_DIGEST_LEN 16

struct conf_url {
	struct conf_block block;
	const char *path;
	const char *virtualhost; /* as written */
	const char *host;	 /* Host header; NULL: the probed address and port */
	const char *server_name; /* TLS name to send; NULL: none */
	bool has_digest, regex_no_match, tls_compliant;
	uint8_t digest[CONF_DIGEST_LEN];
	VEC(struct conf_status_range) status; /* empty: 200-299 */
	const char *regex_text;		      /* as written, with its escapes */
	const char *regex;
	uint32_t regex_options;			     /* enum conf_regex_option */
	uint32_t regex_min_offset, regex_max_offset; /* max: UINT32_MAX = no limit */
	uint32_t regex_stack_start, regex_stack_max; /* 0: the library's */
};

enum conf_http_protocol { HTTP_1_0, HTTP_1_0C, HTTP_1_1 };

struct conf_check_http { /* CHECK_HTTP and CHECK_SSL */
	struct conf_check_socket sock;
	uint8_t protocol; /* enum conf_http_protocol */
	bool enable_sni, fast_recovery, tls_compliant;
	bool tls_verify;	 /* ours: the certificate must be valid and name the server */
	uint32_t tls_expiry_days; /* ours: warn when it ends within; 0: never */
	const char *sni_name, *virtualhost; /* as written; see conf_url.host, .server_name */
	VEC(struct conf_url *) urls;	    /* at least one */
};

struct conf_check_smtp {
	struct conf_check_socket sock;
	const char *helo_name;
	/* As written: each becomes a checker of its own, the block they stand in then is none. */
	VEC(struct conf_check_socket *) hosts;
};

struct conf_check_dns {
	struct conf_check_socket sock;
	uint8_t type;	  /* number of the record type */
	const char *name; /* NULL: the root */
};

struct conf_check_misc {
	struct conf_checker check;
	struct conf_script *script;
	usec_t timeout; /* of one run; never 0 */
	bool dynamic;
	const char *user, *group; /* as written; in force: script->user */
	struct conf_span user_at;
};

struct conf_check_bfd {
	struct conf_checker check; /* of the timing, only alpha counts */
	const char *name;
	uint32_t bfd; /* index into conf.bfds */
};

struct conf_bytes {
	uint8_t *v;
	uint32_t n;
};

struct conf_check_udp {
	struct conf_check_socket sock;
	struct conf_bytes payload; /* empty: a text of ours */
	bool require_reply;
	struct conf_bytes reply, reply_mask; /* bits of the mask that are 0 match anything */
	uint16_t min_reply_length, max_reply_length;
};

enum conf_direction { DIRECTION_UNSET, DIRECTION_REVERSE, DIRECTION_NOREVERSE };

struct conf_check_file {
	struct conf_checker check;
	const char *name;
	uint32_t file; /* index into conf.files */
	int32_t weight;
	bool reverse;
	uint8_t direction; /* as written: enum conf_direction */
	bool dynamic;	   /* as written, has no effect */
};

/* ---- ours, beyond keepalived ---- */

/* grpc.health.v1.Health/Check over HTTP/2: SERVING is up. */
struct conf_check_grpc {
	struct conf_check_socket sock;
	const char *service;   /* NULL: the server as a whole */
	const char *authority; /* NULL: the probed address and port */
	bool tls, tls_verify;
};

/* Start-up message of protocol 3: a request for authentication or readiness is up. */
struct conf_check_pgsql {
	struct conf_check_socket sock;
	const char *user, *database; /* NULL database: that of the user's name */
};

/* The server's greeting and, with a user, a login without a password: refused or not, it is up. */
struct conf_check_mysql {
	struct conf_check_socket sock;
	const char *user; /* NULL: the greeting is enough */
};

/* PING answered by PONG; with a password AUTH first. */
struct conf_check_redis {
	struct conf_check_socket sock;
	const char *password, *user;
	bool role_master; /* only a master is up (ROLE) */
};

/* HAProxy's agent-check: a line of words such as "up 75%", "drain", "down". */
struct conf_check_agent {
	struct conf_check_socket sock;
	const char *send; /* text sent first, or NULL */
};

struct conf_real_server {
	struct conf_block block;
	uint32_t id, vs;
	struct ip_addr addr;
	uint16_t port;
	uint32_t weight, uthreshold, lthreshold;
	bool inhibit_on_failure;
	uint8_t smtp_alert; /* enum tristate, TRI_ON or TRI_OFF */
	struct conf_timing timing;
	uint8_t timing_set; /* which of these are said here or above (conf/ only) */
	/* Ours; 0: as keepalived does. Resolved from the virtual server's. */
	usec_t drain_timeout; /* a removed server stays with weight 0, one of weight 0 leaves, after it */
	usec_t slow_start;    /* the weight of a server that came up grows to its value in this time */
	VEC(struct conf_forwarding *) methods; /* as written */
	const struct conf_forwarding *method;
	struct conf_script *notify_up, *notify_down;
	const char *virtualhost, *snmp_name;
	/* As written: `checkers` but for the hosts of an SMTP_CHECK. Both by kind (CHECK_BFD and
	 * CHECK_FILE last), then in the order of the file. */
	VEC(struct conf_checker *) written;
	VEC(struct conf_checker *) checkers; /* all must succeed; none: always up */
	bool lost_checks; /* an error left out at least one (conf/ only) */
};

enum conf_service_kind { SERVICE_ADDRESS, SERVICE_MARK, SERVICE_GROUP };

/* An entry of more addresses is a service for each of them only as marks of nftables_ipvs. */
#define GROUP_ENTRY_ADDRESSES_MAX 65536

/* One entry of a group: a mark, or the addresses first..last. */
struct conf_group_entry {
	struct conf_block block;
	bool is_mark;
	uint8_t family; /* of a mark: IP_NONE = that of the virtual server */
	uint8_t prefix; /* written as a network, else 0 */
	uint16_t port;	/* 0: any */
	uint32_t fwmark;
	struct ip_addr first, last;
};

struct conf_virtual_server_group {
	struct conf_block block;
	uint32_t id;
	const char *name;
	VEC(struct conf_group_entry *) entries;
	bool has_v4, has_v6, has_mark, has_address, has_any_port;
};

struct conf_virtual_server {
	struct conf_block block;
	uint32_t id;
	uint8_t kind;	    /* enum conf_service_kind */
	uint8_t family;	    /* enum ip_family; IP_NONE for a group of both */
	uint8_t protocol;   /* enum lvs_protocol; LVS_PROTO_NONE for marks */
	uint8_t scheduler;  /* enum lvs_scheduler */
	uint8_t flags;	    /* enum lvs_service_flags */
	uint8_t smtp_alert; /* enum tristate, TRI_ON or TRI_OFF */
	uint8_t ip_family;  /* as written: enum ip_family */
	uint16_t port;
	uint32_t fwmark;
	struct ip_addr addr;
	const char *group_name;
	const struct conf_virtual_server_group *group;
	uint32_t ordinal; /* among the virtual servers of the group */

	struct conf_timing timing; /* what the real servers inherit */
	uint32_t weight;	   /* the same */
	bool inhibit_on_failure, ha_suspend, omega;
	usec_t drain_timeout, slow_start; /* ours: what the real servers inherit */
	uint8_t panic_threshold; /* ours, percent; more failed together: all are served; 0: off */
	bool masquerade; /* ours, nftables engine: NAT servers see the director as client */
	bool ops, flag1, flag2, flag3, sh_port, sh_fallback, mh_port, mh_fallback,
		hashed; /* as written */
	uint32_t quorum, hysteresis;
	uint32_t persistence_timeout; /* seconds; 0: not persistent */
	uint32_t granularity;	      /* IPv4: mask in host order; IPv6: prefix length */
	uint8_t granularity_family;   /* enum ip_family; IP_NONE: each client counts alone */
	const char *persistence_engine, *virtualhost, *snmp_name;
	struct conf_script *quorum_up, *quorum_down;

	VEC(struct conf_forwarding *) methods, sorry_methods; /* as written */
	const struct conf_forwarding *method;		      /* NULL: NAT */
	VEC(struct conf_endpoint *) sorry_servers;	      /* as written */
	struct conf_endpoint *sorry;			      /* or NULL */
	const struct conf_forwarding *sorry_method;
	bool sorry_inhibit;
	uint32_t sorry_rs; /* the real server with the same address and port, or CONF_NONE */

	VEC(struct conf_real_server *) rs; /* at least one */
};

/* Client TLS material of the SSL_GET checkers. */
struct conf_ssl {
	struct conf_block block;
	const char *password, *ca, *certificate, *key;
};

struct conf_lvs_sync_daemon {
	struct conf_block block;
	const char *interface, *instance_name;
	uint32_t
		instance; /* index into conf.instances, CONF_NONE: master and backup all the time */
	uint8_t sync_id;
	uint8_t ttl; /* 0: the kernel's, as the next two */
	uint16_t maxlen, port;
	struct ip_addr group;
};

#endif
