/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for numbers; stable, as programs match on them. */
#include "ctl/words.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/lvs/lvs.h"
#include "ipc/messages.h"
#include "model/conf.h"
#include "model/state.h"

static const char *const causes[] = {
	[CAUSE_NONE] = "none",
	[CAUSE_START] = "start",
	[CAUSE_ADOPTED] = "adopted",
	[CAUSE_OWNER] = "owner",
	[CAUSE_NO_ADVERT] = "no-advert",
	[CAUSE_MASTER_LEFT] = "master-left",
	[CAUSE_HIGHER_PRIORITY] = "higher-priority",
	[CAUSE_HIGHER_ADDRESS] = "higher-address",
	[CAUSE_INTERFACE_DOWN] = "interface-down",
	[CAUSE_INTERFACE_MISSING] = "interface-missing",
	[CAUSE_NO_ADDRESS] = "no-address",
	[CAUSE_SCRIPT_FAILED] = "script-failed",
	[CAUSE_SCRIPT_PENDING] = "script-pending",
	[CAUSE_FILE_VALUE] = "file-value",
	[CAUSE_PROCESS_QUORUM] = "process-quorum",
	[CAUSE_BFD_DOWN] = "bfd-down",
	[CAUSE_CONFIG] = "configuration",
	[CAUSE_VRID_CLASH] = "vrid-clash",
	[CAUSE_FAULT_CLEARED] = "fault-cleared",
	[CAUSE_GROUP] = "group",
	[CAUSE_VIP_REMOVED] = "vip-removed",
	[CAUSE_STALLED] = "stalled",
	[CAUSE_RELOAD] = "reload",
	[CAUSE_SHUTDOWN] = "shutdown",
	[CAUSE_DUPLICATE_OWNER] = "duplicate-owner",
	[CAUSE_PREEMPT] = "preempt",
};

static const char *const trackers[TRACK_KINDS] = {
	[TRACK_INTERFACE] = "interface", [TRACK_SCRIPT] = "script", [TRACK_FILE] = "file",
	[TRACK_PROCESS] = "process",	 [TRACK_BFD] = "bfd",
};

static const char *const checks[CHECK_KINDS] = {
	[CHECK_TCP] = "TCP_CHECK",     [CHECK_HTTP] = "HTTP_GET",     [CHECK_SSL] = "SSL_GET",
	[CHECK_SMTP] = "SMTP_CHECK",   [CHECK_DNS] = "DNS_CHECK",     [CHECK_MISC] = "MISC_CHECK",
	[CHECK_BFD] = "BFD_CHECK",     [CHECK_PING] = "PING_CHECK",   [CHECK_UDP] = "UDP_CHECK",
	[CHECK_FILE] = "FILE_CHECK",   [CHECK_GRPC] = "GRPC_CHECK",   [CHECK_PGSQL] = "PGSQL_CHECK",
	[CHECK_MYSQL] = "MYSQL_CHECK", [CHECK_REDIS] = "REDIS_CHECK", [CHECK_AGENT] = "AGENT_CHECK",
};

static const char *const lvs_events[] = {
	[LVS_RS_UP] = "server-up",	     [LVS_RS_DOWN] = "server-down",
	[LVS_RS_WEIGHT] = "server-weight",   [LVS_QUORUM_UP] = "quorum-up",
	[LVS_QUORUM_DOWN] = "quorum-down",   [LVS_SORRY_ON] = "sorry-on",
	[LVS_SORRY_OFF] = "sorry-off",	     [LVS_PANIC_ON] = "panic-on",
	[LVS_PANIC_OFF] = "panic-off",	     [LVS_DRAINING] = "draining",
	[LVS_DRAINED] = "drained",
	[LVS_CHECKER_UP] = "checker-up",     [LVS_CHECKER_DOWN] = "checker-down",
};

const char *words_check(unsigned kind)
{
	return kind < CHECK_KINDS && checks[kind] ? checks[kind] : "unknown";
}

const char *words_lvs_event(unsigned kind)
{
	return kind < ARRAY_SIZE(lvs_events) && lvs_events[kind] ? lvs_events[kind] : "unknown";
}

const char *words_worker_news(unsigned event)
{
	return event == WORKER_DIED ? "died" : event == WORKER_READY ? "ready" : "unknown";
}

const char *words_method(unsigned method)
{
	return method == LVS_NAT ? "NAT" : method == LVS_DR ? "DR" : method == LVS_TUN ? "TUN" : "?";
}

const char *words_cause(unsigned kind)
{
	return kind < ARRAY_SIZE(causes) && causes[kind] ? causes[kind] : "unknown";
}

const char *words_tracker(unsigned kind)
{
	return kind < ARRAY_SIZE(trackers) ? trackers[kind] : "unknown";
}

/* ---- names of servers ---- */

static const char *copied(const char *name, char buf[static WORDS_ENDPOINT_MAX])
{
	str_copy(buf, WORDS_ENDPOINT_MAX, name);
	return buf;
}

const char *words_endpoint(const char *name, bool protocol, char buf[static WORDS_ENDPOINT_MAX])
{
	const char *end = strrchr(name, ']'), *port = strrchr(name, ':');
	int host = end ? (int)(end - name - 1) : 0, middle = end ? (int)(port - end - 2) : 0;
	bool v6 = end && memchr(name, ':', (size_t)(end - name));

	if (str_starts(name, "FWM ")) {
		snprintf(buf, WORDS_ENDPOINT_MAX, "fwmark %s", name + 4);
		return buf;
	}
	if (name[0] != '[' || !end || !port || port < end)
		return copied(name, buf);
	if (port == end + 1) { /* a group */
		bool first = str_eq(port, ":0");

		snprintf(buf, WORDS_ENDPOINT_MAX, "group %.*s%s%s", host, name + 1, first ? "" : " ",
			 first ? "" : port + 1);
		return buf;
	}
	protocol &= !str_starts(end + 2, "none:");
	snprintf(buf, WORDS_ENDPOINT_MAX, "%s%.*s%s%s%s%.*s", v6 ? "[" : "", host, name + 1,
		 v6 ? "]" : "", port, protocol ? " " : "", protocol ? middle : 0, end + 2);
	return buf;
}

const char *words_idle(bool told_to_drain, unsigned configured_weight)
{
	return told_to_drain	   ? "its agent drains it"
	       : configured_weight ? "its checks leave it no weight"
				   : "as configured";
}
