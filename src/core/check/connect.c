/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: TCP_CHECK, where a connection that stands is the answer, and the row of PING_CHECK, whose
 * echo the transport compares itself.
 */
#include "core/check/judge.h"

static enum dialogue_step connect_begin(struct dialogue *d)
{
	(void)d;
	return DIALOGUE_GOOD;
}

const struct dialogue_ops dialogue_tcp = {
	.name = "TCP_CHECK",
	.transport = DIALOGUE_CONNECT,
	.begin = connect_begin,
};

const struct dialogue_ops dialogue_ping = {
	.name = "PING_CHECK",
	.transport = DIALOGUE_ECHO,
};
