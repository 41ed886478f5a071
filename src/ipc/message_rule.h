/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row of the message table, for channel.c and its tests. */
#ifndef HF_IPC_MESSAGE_RULE_H
#define HF_IPC_MESSAGE_RULE_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/channel.h"

struct message_rule {
	const char *name;
	enum process from, to;
	size_t length;
};

/* What goes before every body on the wire. */
struct message_header {
	uint16_t kind;
	uint8_t from, to;
};

/* The row of a kind, NULL for a number that is none. */
const struct message_rule *message_rule_find(uint32_t kind);

#endif
