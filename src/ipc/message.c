/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message table: names, senders, receivers and lengths, made from MESSAGES() and from nothing
 * else. Knows no socket.
 */
#include "ipc/message_rule.h"

#include <stddef.h>
#include <stdio.h>

static const struct message_rule rules[MSG_KINDS] = {
#define X(kind, sender, receiver, type)                                                            \
	[MSG_##kind] = {#kind, PROC_##sender, PROC_##receiver, sizeof(type)},
	MESSAGES(X)
#undef X
};

const struct message_rule *message_rule_find(uint32_t kind)
{
	return kind < MSG_KINDS ? &rules[kind] : NULL;
}

const char *message_name(enum message_kind kind)
{
	const struct message_rule *rule = message_rule_find(kind);

	return rule ? rule->name : "?";
}

const char *process_name(enum process p)
{
	switch (p) {
	case PROC_SUPERVISOR:
		return "supervisor";
	case PROC_VRRP:
		return "vrrp";
	case PROC_RUNNER:
		return "runner";
	case PROC_LVS:
		return "lvs";
	case PROC_CHECK:
		return "check";
	case PROC_COUNT:
		break;
	}
	return "?";
}

const char *process_label(enum process p, unsigned index, char buf[static PROCESS_LABEL_MAX])
{
	snprintf(buf, PROCESS_LABEL_MAX, p == PROC_CHECK ? "%s%u" : "%s", process_name(p), index);
	return buf;
}
