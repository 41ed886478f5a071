/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes: the transports of health checks. A probe connects, sends what its judge wants to say, hands
 * over what comes back and keeps the time limits; what the bytes mean is the judge's affair.
 *
 * One engine per process: an epoll set of its own, watched by the loop, one receive buffer for all,
 * deadlines on an agenda. A run allocates nothing here, but with TLS.
 */
#ifndef HF_IO_PROBE_H
#define HF_IO_PROBE_H

#include "io/agenda.h"
#include "model/lvs.h"
#include "model/probe.h"

enum probe_outcome {
	PROBE_SUCCEEDED,
	PROBE_FAILED,
	PROBE_UNDECIDED, /* no verdict: trouble of ours (no socket, no mark, no address to bind to) */
};

/* More is no answer to a check, but somebody who wants to keep us busy. */
#define PROBE_BYTES_MAX ((size_t)64 << 20)

struct probe_result {
	enum probe_outcome outcome;
	const char *reason;	 /* "" when it succeeded; valid during the call */
	usec_t certificate_ends; /* wall time, 0: not known */
};

struct probe;

/* Who understands the answers. Called with the probe, which is embedded in what they need to know. */
struct probe_judge {
	/* The connection stands (TLS included), or the datagram socket is there. */
	enum probe_step (*begin)(struct probe *p, struct probe_bytes *out);
	/* Bytes came (n > 0). Not called again after GOOD or BAD. */
	enum probe_step (*feed)(struct probe *p, const void *data, size_t n, struct probe_bytes *out);
	/* The peer will send no more: GOOD or BAD. */
	enum probe_step (*closed)(struct probe *p);
	/* Nothing came within the time limit: GOOD or BAD; NULL: BAD, and the transport says why. */
	enum probe_step (*silence)(struct probe *p);
	/* Of the last BAD. */
	const char *(*reason)(struct probe *p);
	/* The run is over, and everything of it closed; the next may be started at once. Once for each
	 * probe_start() that was not cancelled, maybe before that returns. */
	void (*done)(struct probe *p, const struct probe_result *r);
};

/* Of PROBE_TLS. */
struct probe_tls_wish {
	const char *server_name; /* to send (SNI), or NULL */
	const char *verify_name; /* that the certificate must have; NULL: the probed address */
	const char *alpn;	 /* application protocol to offer, or NULL */
	bool verify;		 /* the certificate must be valid and have that name */
	bool close_alert;	 /* say goodbye as TLS wants it */
};

struct probe_engine;

struct probe {
	/* Set by the owner before probe_start(), unchanged until it is done. Addresses and options are the
	 * same in every run. */
	const struct conf_check_socket *conf; /* addresses, options, timing */
	const struct probe_judge *judge;
	uint8_t transport; /* enum probe_transport */
	struct probe_tls_wish tls;
	/* Ours is the first word, the peer's the last: the handshake's last packet goes with the first, and a
	 * stream that the peer has closed ends by a reset, without TIME_WAIT; its socket may be kept. */
	bool speaks_first;
	/* The transport's; zeroed at first. */
	uint8_t phase;
	bool peer_closed; /* its FIN has come */
	bool kept;	  /* fd is the last run's, not connected */
	bool watched;	  /* fd is in the epoll set */
	uint16_t echo_slot;
	int fd;
	struct probe_engine *engine;
	struct agenda_item deadline;
	usec_t until;	/* of this wait; the item may be due earlier */
	usec_t limit;	/* of the run */
	struct probe_bytes out; /* still to be sent */
	void *ssl;
	uint64_t nonce;
	size_t n_in; /* bytes received */
};

/* NULL (and errno) when there is no epoll set to be had. The agenda stays the caller's. */
struct probe_engine *probe_engine_new(struct loop *l, struct agenda *a);
/* All probes are cleared. NULL is fine. */
struct probe_engine *probe_engine_free(struct probe_engine *e);

/* Raw sockets for PROBE_ECHO (io/icmp_socket.h), the engine's from now on; -1: none. They replace
 * earlier ones. */
void probe_engine_set_ping(struct probe_engine *e, int v4_fd, int v6_fd);

/* TLS material of a configuration: PEM texts, each may be empty. Probes that run keep the old one.
 * 0, -EINVAL, or -ENOENT when OpenSSL is not there, and what is wrong in `ret_error`: then each
 * PROBE_TLS is undecided, and says so. */
struct probe_tls_material {
	struct probe_bytes ca, certificate, key;
	const char *password; /* of the key, or NULL */
};
int probe_engine_set_tls(struct probe_engine *e, const struct probe_tls_material *m,
			 char ret_error[static PROBE_REASON_MAX]);

/* An unpredictable number. */
uint32_t probe_engine_random(struct probe_engine *e);

/* Starts a run; judge->done() ends it, within the larger of 4 times connect_timeout and 30 s, whatever
 * the peer does, and with PROBE_BYTES_MAX received. */
void probe_start(struct probe_engine *e, struct probe *p);
/* Ends a run without a word; nothing happens when there is none. */
void probe_cancel(struct probe *p);
/* The same, and lets go of what was kept for the next run: the last call for a probe. */
void probe_clear(struct probe *p);

static inline bool probe_is_running(const struct probe *p)
{
	return p->phase != 0;
}

#endif
