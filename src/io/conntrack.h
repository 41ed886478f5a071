/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that connection tracking has translated to a server: counted, or forgotten where they
 * had better be. */
#ifndef HF_IO_CONNTRACK_H
#define HF_IO_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct mnl_socket;

/* What went to `vip` and was sent on to `server`. A connection is of the most exact way that fits. */
struct conntrack_way {
	struct ip_addr server, vip; /* vip unset: any */
	uint8_t protocol;	    /* 0: any */
	bool keep;		    /* conntrack_forget(): not these */
	uint16_t server_port, port; /* 0: any */
	uint32_t count, id;	    /* conntrack_count(): connections; whatever the caller likes */
};

/* Forgets of these ways what would stay with the server though it is gone: datagrams, which have no
 * end while somebody sends, and TCP connections that the server has not accepted. Their next packet
 * takes the way of a new connection. The socket is one of netfilter. Sorts the ways. Returns how
 * many were forgotten, or -errno. */
int conntrack_forget(struct mnl_socket *s, struct conntrack_way *v, unsigned n);

/* Counts into each way its connections, but for those of TCP that have ended. Sorts the ways. 0 or
 * -errno. */
int conntrack_count(struct mnl_socket *s, struct conntrack_way *v, unsigned n);

#endif
