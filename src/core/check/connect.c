/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: TCP_CHECK, where a connection that stands is the answer, and the row of PING_CHECK, whose
 * echo the transport compares itself.
 */
#include "core/check/judge.h"

static enum probe_step connect_begin(struct dialogue *d)
{
	(void)d;
	return PROBE_GOOD;
}

const struct dialogue_ops dialogue_tcp = {
	.name = "TCP_CHECK",
	.transport = PROBE_CONNECT,
	.begin = connect_begin,
};

const struct dialogue_ops dialogue_ping = {
	.name = "PING_CHECK",
	.transport = PROBE_ECHO,
};
