/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of a probe tell each other: its transport (io/probe.h) and its judge
 * (core/check/dialogue.h). */
#ifndef HF_MODEL_PROBE_H
#define HF_MODEL_PROBE_H

#include <stddef.h>

enum probe_transport {
	PROBE_CONNECT,	/* TCP: connected is all that is asked */
	PROBE_STREAM,	/* TCP */
	PROBE_TLS,	/* TCP with TLS */
	PROBE_DATAGRAM, /* UDP: each feed() is one datagram */
	PROBE_ECHO,	/* ICMP echo, compared by the transport; no judge is asked */
};

enum probe_step {
	PROBE_MORE, /* send the bytes (there may be none), go on waiting: the time limit starts anew */
	PROBE_WAIT, /* nothing new: go on waiting, the time limit goes on */
	PROBE_GOOD,
	PROBE_BAD, /* there is a reason */
};

#define PROBE_REASON_MAX 120

/* To be sent; they stay until the judge is next called. */
struct probe_bytes {
	const void *p;
	size_t n;
};

#endif
