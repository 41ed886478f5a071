/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel: one end of a SEQPACKET socket pair between two processes. Sending never blocks.
 * The descriptor is non-blocking and close-on-exec.
 */
#ifndef HF_IPC_CHANNEL_H
#define HF_IPC_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"

struct channel {
	int fd;
	enum process self, peer;
};

struct message {
	enum message_kind kind;
	union {
		uint8_t bytes[MSG_MAX];
#define X(name, from, to, type) type name;
		MESSAGES(X)
#undef X
	};
	int fds[MSG_FDS_MAX]; /* received descriptors, now the caller's; -1: none */
};

/* A connected pair; 0 or -errno. */
int channel_pair(int ret_fds[2]);

/* Sends one message with up to MSG_FDS_MAX descriptors (which stay the caller's).
 * 0, -EAGAIN when the peer does not read (nothing was sent), other -errno when it is gone.
 * The length is that of the kind; sender and receiver must be those of the table (asserted). */
int channel_send(const struct channel *c, enum message_kind kind, const void *body, const int *fds, unsigned n_fds);

/* Receives one message: 1, 0 when there is none now, -ECONNRESET when the peer is gone, -EPROTO for
 * a message that breaks the table (it was dropped, its descriptors closed). */
int channel_receive(const struct channel *c, struct message *ret);

const char *message_name(enum message_kind kind);
const char *process_name(enum process p);
/* "vrrp", "check0": of which process, where there may be several; returns buf. */
#define PROCESS_LABEL_MAX 16
const char *process_label(enum process p, unsigned index, char buf[static PROCESS_LABEL_MAX]);

#endif
