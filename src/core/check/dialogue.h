/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dialogue is the pure half of a probe: what to send, and what the peer's bytes mean. One file per
 * protocol, one table of them; io/probe has the transports. A judge never trusts a length, a number
 * or an end it was told, keeps bounded state, and decides as soon as it can.
 */
#ifndef HF_CORE_CHECK_DIALOGUE_H
#define HF_CORE_CHECK_DIALOGUE_H

#include "base/arena.h"
#include "model/lvs.h"
#include "model/probe.h"

/* One running probe: owned by the transport, reused for every run of it. */
struct dialogue {
	const struct dialogue_ops *ops;
	const struct conf_checker *conf;
	const void *plan; /* what prepare() made */
	void *state;	  /* ops->state_size bytes, zeroed before begin() */
	unsigned url;	  /* HTTP: which page */
	struct probe_bytes out; /* set by begin() and feed() with PROBE_MORE */
	/* The random number of this run (DNS id, nonce), set by the transport before begin(). */
	uint32_t nonce;
	/* HTTP: compute the digest although the configuration expects none (genhash). Set by the
	 * transport, or its caller, before begin(). */
	bool want_digest;
	/* Results. */
	bool has_digest; /* HTTP: `digest` is that of the decoded page; also when the verdict is BAD */
	uint8_t digest[CONF_DIGEST_LEN];
	uint32_t status; /* HTTP: of the reply, 0: none yet */
	char reason[PROBE_REASON_MAX];
	bool drain, has_percent; /* agent-check */
	uint16_t percent;
};

struct dialogue_ops {
	const char *name; /* "HTTP_GET" */
	enum probe_transport transport;
	size_t state_size;
	/* Once per configuration: request bytes, compiled patterns. In `a`; what a library holds is freed
	 * by `release`. Both may be NULL. */
	const void *(*prepare)(const struct conf *conf, const struct conf_checker *c, struct arena *a);
	void (*release)(const void *plan);
	/* Any of the following may be NULL where the transport never calls it: an ECHO has none, a
	 * CONNECT only begin(), which is GOOD at once. */
	/* The connection stands (TLS included), or the datagram socket is there. */
	enum probe_step (*begin)(struct dialogue *d);
	/* Bytes came (len > 0). Not to be called again after GOOD or BAD. */
	enum probe_step (*feed)(struct dialogue *d, const void *data, size_t len);
	/* The peer will send no more: GOOD or BAD. */
	enum probe_step (*closed)(struct dialogue *d);
	/* Nothing came within the time limit: GOOD or BAD; NULL: BAD. */
	enum probe_step (*silence)(struct dialogue *d);
	/* A run ends early or late: state that a library holds is let go. May be NULL; else it must be
	 * called once for every begin(), whatever came of it. */
	void (*end)(struct dialogue *d);
	const char *alpn; /* TLS: what to offer as application protocol, or NULL ("h2" for gRPC) */
};

/* The dialogue of a kind of checker; NULL for those that are not probes (MISC, BFD, FILE). For gRPC
 * the transport is that of `c` (with or without TLS). The TLS server name of an SSL_GET is that of
 * its page (conf_url.server_name), that of gRPC the host part of conf_check_grpc.authority. */
const struct dialogue_ops *dialogue_ops_of(const struct conf_checker *c);

/* Fills d->reason (bytes that are not printable ASCII become '?'); returns PROBE_BAD. */
enum probe_step dialogue_fail(struct dialogue *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
