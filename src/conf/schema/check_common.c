/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the rows checkers have in common (check_common in explain): those of every checker but
 * BFD_CHECK and FILE_CHECK, and those of the ones that open a socket. TCP_CHECK and PING_CHECK have
 * nothing else.
 */
#include "conf/schema/lvs.h"

/* SMTP_CHECK.host takes the same words; explain lists them there, too. */
#define LISTED(name) .listed = "check_common\t" name "\nSMTP_CHECK.host\t" name

static const struct row checker_rows[] = {
	{"retry", NUMBER(conf_checker, timing.retry, 0, UINT32_MAX), LISTED("retry"),
	 .dflt_text = "that of the real server, else 1 (DNS_CHECK 3, MISC_CHECK 0)",
	 .help = "Extra attempts before a failing check counts as down."},
	{"delay_before_retry", TIME(conf_checker, timing.delay_before_retry, 0, LVS_TIME_MAX),
	 LISTED("delay_before_retry"), .args = "SECONDS",
	 .dflt_text =
		 "that of the real server, else 1 (HTTP_GET, SSL_GET 3, DNS_CHECK its delay_loop)",
	 .help = "Wait before an extra attempt."},
	{"warmup", TIME(conf_checker, timing.warmup, 0, LVS_TIME_MAX), LISTED("warmup"),
	 .args = "SECONDS", .dflt_text = "that of the real server, else delay_loop",
	 .help = "Upper bound of the random delay before the first check; 0: none."},
	{"delay_loop", TIME(conf_checker, timing.delay_loop, 1, LVS_TIME_MAX), LISTED("delay_loop"),
	 .args = "SECONDS", .dflt_text = "that of the real server, 60",
	 .help = "Time from the end of a check to the next."},
	{"alpha", BOOL(conf_checker, timing.alpha), LISTED("alpha"), .args = "[on|off]",
	 .dflt_text = "that of the real server",
	 .help = "Counts as failed until its first success."},
	{"log_all_failures", BOOL(conf_checker, log_all_failures), LISTED("log_all_failures"),
	 .args = "[on|off]", .dflt_text = "global checker_log_all_failures",
	 .help = "Logs each failed attempt, not only the one that changes the state."},
};

const struct block schema_checker = BLOCK(
	KEYWORDS, conf_checker, checker_rows, .contexts = "check_common", .owner = OWNER_CHECK,
	.reload = RELOAD_LIVE, .help = "Options of checkers.");

static const struct row socket_rows[] = {
	{"connect_ip", IP(conf_check_socket, connect_ip, 0), LISTED("connect_ip"),
	 .dflt_text = "address of the real server", .help = "Address to probe."},
	{"connect_port", NUMBER(conf_check_socket, connect_port, 1, 65535), LISTED("connect_port"),
	 .dflt_text = "port of the real server",
	 .help = "Port to probe; means nothing to PING_CHECK."},
	{"bindto", IP(conf_check_socket, bindto, 0), LISTED("bindto"),
	 .dflt_text = "chosen by the kernel",
	 .help = "Source address, of the family of the probed address."},
	{"bind_port", NUMBER(conf_check_socket, bind_port, 1, 65535), LISTED("bind_port"),
	 .dflt_text = "chosen by the kernel",
	 .help = "Source port; PING_CHECK uses it as identifier."},
	{"bind_if", IFNAME(conf_check_socket, bind_if), LISTED("bind_if"), .args = "IFNAME",
	 .dflt_text = "none",
	 .help = "Interface the probe is bound to; needed for a link-local address."},
	{"connect_timeout",
	 TIME(conf_check_socket, check.timing.connect_timeout, 1, LVS_CONNECT_MAX),
	 LISTED("connect_timeout"), .args = "SECONDS", .dflt_text = "that of the real server, 5",
	 .help = "Limit for connecting and for each wait for data."},
	{"fwmark", NUMBER(conf_check_socket, fwmark, 0, UINT32_MAX), LISTED("fwmark"),
	 .flags = ROW_CNUMBER, .dflt = "0", .help = "Mark of the packets of the probe; 0: none."},
};

const struct block schema_check_socket =
	BLOCK_ON(KEYWORDS, conf_check_socket, socket_rows, &schema_checker,
		 .contexts = "check_common", .help = "Options of checkers that open a socket.");

static const struct row tcp_rows[] = {
	{"(check_common)", DOC(),
	 .help = "All words of check_common; up means the connection was made."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_tcp_check =
	BLOCK_ON(KEYWORDS, conf_check_socket, tcp_rows, &schema_check_socket,
		 .contexts = "TCP_CHECK", .help = "Opens a TCP connection and closes it at once.");

static const struct row ping_rows[] = {
	{"(check_common)", DOC(),
	 .help = "All words of check_common; connect_port means nothing here."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_ping_check =
	BLOCK_ON(KEYWORDS, conf_check_socket, ping_rows, &schema_check_socket,
		 .contexts = "PING_CHECK", .help = "Sends an ICMP or ICMPv6 echo request.");
