/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of real_server. Its checkers are rows of the files named after them. */
#include "conf/schema/lvs.h"

#define CHECKER_OF(name_, kind_, blk, ours_, help_)                                                \
	{                                                                                          \
		name_, BLOCK_MIXED(conf_real_server, written, conf_checker, kind, kind_, blk),     \
			.owner = OWNER_CHECK, .ours = ours_, .args = "{ }", .dflt_text = "none",   \
			.help = help_ " All checks of a server must succeed for it to be up."      \
	}
#define CHECKER(name_, kind_, blk, help_)     CHECKER_OF(name_, kind_, blk, false, help_)
#define OUR_CHECKER(name_, kind_, blk, help_) CHECKER_OF(name_, kind_, blk, true, help_)

static const struct row rows[] = {
	{"IPADDR", IP(conf_real_server, addr, 0), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Address of the server."},
	{"PORT", NUMBER(conf_real_server, port, 0, 65535), .flags = ROW_POSITIONAL | ROW_OPTIONAL,
	 .listed = "", .help = "Its port; that of the service unless the method is NAT."},
	{"weight", NUMBER(conf_real_server, weight, 0, INT32_MAX),
	 .dflt_text = "weight of the service, 1",
	 .help = "Share of the work; 0: no new connections."},
	{"lvs_method", INLINE_VEC(conf_real_server, methods, conf_forwarding, schema_forwarding),
	 .args = METHOD_ARGS, .dflt_text = "that of the service",
	 .help = "Forwarding method of this server."},
	{"lb_kind", DOC(), .refused = "in a real_server the keyword is `lvs_method`", .listed = "",
	 .help = "The old name is known to virtual_server only."},
	{"uthreshold", NUMBER(conf_real_server, uthreshold, 0, UINT32_MAX), .dflt = "0",
	 .unit = "connections", .help = "No new connections above this number; 0: no limit."},
	{"lthreshold", NUMBER(conf_real_server, lthreshold, 0, UINT32_MAX), .dflt = "0",
	 .unit = "connections",
	 .help = "An overloaded server takes connections again below this number."},
	{"inhibit_on_failure", BOOL(conf_real_server, inhibit_on_failure), .args = "[on|off]",
	 .dflt_text = "that of the service",
	 .help = "When it fails it stays in the table with weight 0."},
	{"notify_up", SCRIPT(conf_real_server, notify_up), .flags = ROW_FIRST_WINS,
	 .args = SCRIPT_WORDS, .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Run when the server comes up."},
	{"notify_down", SCRIPT(conf_real_server, notify_down), .flags = ROW_FIRST_WINS,
	 .args = SCRIPT_WORDS, .owner = OWNER_RUNNER, .dflt_text = "none",
	 .help = "Run when the server goes down."},
	{"alpha", BOOL(conf_real_server, timing.alpha), .args = "[on|off]", .owner = OWNER_CHECK,
	 .dflt_text = "that of the service",
	 .help = "The server counts as failed until its checks succeed."},
	TIMING_ROWS(conf_real_server, "the checks of this server that don't say",
		    "that of the service", "that of the service"),
	KINDNESS_ROWS(conf_real_server, "that of the service"),
	{"smtp_alert", TRISTATE(conf_real_server, smtp_alert), .args = "[on|off]",
	 .owner = OWNER_RUNNER, .dflt_text = "global smtp_alert_checker, else smtp_alert, else on",
	 .help = "Mails when the server comes up or goes down."},
	{"virtualhost", STRING(conf_real_server, virtualhost), .args = "NAME", .owner = OWNER_CHECK,
	 .dflt_text = "that of the service",
	 .help = "Host name the HTTP checks of this server ask for."},
	{"snmp_name", STRING(conf_real_server, snmp_name), .args = "NAME", .effect = ACCEPTED,
	 .owner = OWNER_API,
	 .dflt_text = "none", .help = "Label of the server in SNMP."},
	CHECKER("HTTP_GET", CHECK_HTTP, schema_http_get, "Fetches pages over HTTP."),
	CHECKER("SSL_GET", CHECK_SSL, schema_ssl_get, "Fetches pages over HTTPS."),
	CHECKER("TCP_CHECK", CHECK_TCP, schema_tcp_check, "Opens a TCP connection."),
	CHECKER("SMTP_CHECK", CHECK_SMTP, schema_smtp_check, "Greets a mail server."),
	CHECKER("DNS_CHECK", CHECK_DNS, schema_dns_check, "Asks a name server over UDP."),
	CHECKER("MISC_CHECK", CHECK_MISC, schema_misc_check, "Runs a command."),
	{"BFD_CHECK", BLOCK_MIXED(conf_real_server, written, conf_checker, kind, CHECK_BFD,
			   schema_bfd_check),
	 .owner = OWNER_CHECK, .effect = ACCEPTED,
	 .lacking = "no session takes the server out", .args = "{ }", .dflt_text = "none",
	 .help = "Follows a bfd_instance. All checks of a server must succeed for it to be up."},
	CHECKER("PING_CHECK", CHECK_PING, schema_ping_check,
		"Sends an ICMP echo request."),
	CHECKER("UDP_CHECK", CHECK_UDP, schema_udp_check, "Sends a UDP datagram."),
	CHECKER("FILE_CHECK", CHECK_FILE, schema_file_check, "Follows a track_file."),
	OUR_CHECKER("GRPC_CHECK", CHECK_GRPC, schema_grpc_check,
		    "Asks a gRPC server for its health."),
	OUR_CHECKER("PGSQL_CHECK", CHECK_PGSQL, schema_pgsql_check,
		    "Greets a PostgreSQL server."),
	OUR_CHECKER("MYSQL_CHECK", CHECK_MYSQL, schema_mysql_check,
		    "Greets a MySQL or MariaDB server."),
	OUR_CHECKER("REDIS_CHECK", CHECK_REDIS, schema_redis_check,
		    "Sends PING to a Redis server."),
	OUR_CHECKER("AGENT_CHECK", CHECK_AGENT, schema_agent_check,
		    "Asks an agent of HAProxy's protocol, which also sets weight and drain."),
};

/* Every block in a real_server is a check: one that was not kept is missing. */
static bool server_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_real_server *rs = obj;
	unsigned written = 0;

	for (unsigned i = 0; i < stmt->body.n; i++)
		written += stmt->body.v[i]->has_block;
	rs->lost_checks = rs->written.n < written;
	return true;
}

const struct block schema_real_server =
	BLOCK(KEYWORDS, conf_real_server, rows, .contexts = "real_server", .owner = OWNER_LVS,
	      .reload = RELOAD_LIVE, .finish = server_finish,
	      .help = "A server of a virtual server.");
