/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces the tables of the LVS half share. */
#ifndef HF_CONF_SCHEMA_LVS_H
#define HF_CONF_SCHEMA_LVS_H

#include "conf/schema.h"
#include "model/lvs.h"

#define LVS_TIME_MAX ((usec_t)1 << 60) /* leaves room for adding to the present */
#define LVS_KINDNESS_MAX (86400 * USEC_PER_SEC)
#define LVS_CONNECT_MAX (4294 * USEC_PER_SEC + 967295)

/* Rows of the settings that flow down from server to checker; `s` has a conf_timing `timing`. The
 * help names whose default it is. */
#define TIMING_ROWS(s, whose, loop, limit)                                                         \
	{"delay_loop", TIME(s, timing.delay_loop, 1, LVS_TIME_MAX), .args = "SECONDS",             \
	 .dflt_text = loop, .help = "Time between two checks, for " whose "."},                    \
		{"delay_before_retry", TIME(s, timing.delay_before_retry, 0, LVS_TIME_MAX),        \
		 .args = "SECONDS",                                                                \
		 .dflt_text = "by kind of check: HTTP 3, DNS its delay_loop, else 1",              \
		 .help = "Wait before a failed check is repeated, for " whose "."},                \
		{"retry", NUMBER(s, timing.retry, 1, UINT32_MAX),                                  \
		 .dflt_text = "by kind of check: 1, DNS 3, MISC 0",                                \
		 .help = "Extra attempts before a failing check counts as down, for " whose "."},  \
		{"warmup", TIME(s, timing.warmup, 0, LVS_TIME_MAX), .args = "SECONDS",             \
		 .dflt_text = "the delay_loop of the check",                                       \
		 .help = "Upper bound of the random delay before the first check, for " whose      \
			 "."},                                                                     \
	{                                                                                          \
		"connect_timeout", TIME(s, timing.connect_timeout, 1, LVS_CONNECT_MAX),            \
			.args = "SECONDS", .dflt_text = limit,                                     \
			.help = "Limit for connecting and for each wait for data, for " whose "."  \
	}

/* Ours, kind to traffic: `s` has the fields drain_timeout and slow_start. */
#define KINDNESS_ROWS(s, dflt_)                                                                    \
	{"drain_timeout", TIME(s, drain_timeout, 0, LVS_KINDNESS_MAX), .args = "SECONDS",              \
	 .ours = true, .dflt_text = dflt_,                                                         \
	 .help = "A server removed by a reload keeps its connections for this time, with weight "  \
		 "0; one of weight 0 leaves after it. 0: as keepalived does."},                    \
	{                                                                                          \
		"slow_start", TIME(s, slow_start, 0, LVS_KINDNESS_MAX), .args = "SECONDS",             \
			.ours = true, .dflt_text = dflt_,                                          \
			.help = "The weight of a server that came up grows to its value in this "  \
				"time; 0: at once."                                                \
	}

/* A keyword of the guide's samples that only HTTP_GET and SSL_GET know. */
#define REFUSE_NB_GET_RETRY                                                                        \
	{                                                                                          \
		"nb_get_retry", DOC(),                                                             \
			.refused = "the keyword is `retry`", .listed = "",                         \
			.help = "Only HTTP_GET and SSL_GET know this old spelling of retry."       \
	}

#define METHOD_ARGS "NAT | DR | TUN [type ipip|gue|gre] [port PORT] [nocsum|csum|remcsum]"
#define SCRIPT_WORDS "COMMAND [USER [[:]GROUP]]"

/* "10.0.0.1 80", "fwmark 5", "group web": as the file names the service. In `a`. */
const char *lvs_service_text(const struct conf_virtual_server *vs, struct arena *a);

extern const struct block schema_forwarding, schema_endpoint;
extern const struct block schema_real_server;
extern const struct block schema_checker, schema_check_socket; /* bases: check_common */
extern const struct block schema_tcp_check, schema_ping_check, schema_http_get, schema_ssl_get;
extern const struct block schema_smtp_check, schema_dns_check, schema_misc_check, schema_bfd_check;
extern const struct block schema_udp_check, schema_file_check;
/* Ours. */
extern const struct block schema_grpc_check, schema_pgsql_check, schema_mysql_check;
extern const struct block schema_redis_check, schema_agent_check;

#endif
