/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links and addresses of this host through rtnetlink (libmnl): what is there, what changes, and
 * batched changes of our own. A lost notification (ENOBUFS) leads to a new dump, never to a wrong
 * picture. No allocation after netlink_open() but for new links and addresses seen.
 */
#ifndef HF_IO_NETLINK_H
#define HF_IO_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/usec.h"

#define ADDRESS_PROTO_KEEPALIVED 18 /* IFA_PROTO, our mark on addresses */

struct netlink;

struct link_state {
	uint32_t index;
	char name[16];
	bool up;	/* IFF_UP and IFF_RUNNING */
	bool noarp, loopback, multicast;
	uint8_t mac[20], mac_len;
	uint32_t mtu;
};

struct address_state {
	uint32_t ifindex;
	struct ip_addr addr, peer;
	uint8_t prefix, scope, proto;
	uint32_t flags;	 /* IFA_F_* */
};

/* What is told; link NULL never. `gone` for deletions. Called from netlink_dispatch(). */
struct netlink_events {
	void *ctx;
	void (*link)(void *ctx, const struct link_state *l, bool gone);
	void (*address)(void *ctx, const struct address_state *a, bool gone);
};

/* A change of an address; done by netlink_batch_send(). */
struct address_change {
	bool add;
	struct address_state a;
	uint8_t brd_set;
	struct ip_addr brd;
	const char *label; /* or NULL */
	bool preferred_lft_set;
	uint32_t preferred_lft;
	int error;	   /* result: 0 or -errno */
};

/* Opens both sockets (monitor, commands), reads all links and addresses; 0 or -errno. The events
 * are called for what is found. Buffer sizes in bytes, 0: default; `force` may exceed the system's maximum. */
struct netlink_options {
	uint32_t monitor_rcvbuf, command_rcvbuf;
	bool monitor_force, command_force;
	bool monitor; /* false: commands and the picture at start only */
};
int netlink_open(const struct netlink_options *o, const struct netlink_events *ev, struct netlink **ret);
struct netlink *netlink_close(struct netlink *n);

/* The monitor's descriptor, and what to do when it is readable. */
int netlink_fd(const struct netlink *n);
void netlink_dispatch(struct netlink *n);

/* The present picture. NULL when unknown. Valid until the next dispatch. */
const struct link_state *netlink_link_by_name(const struct netlink *n, const char *name);
const struct link_state *netlink_link_by_index(const struct netlink *n, uint32_t index);
bool netlink_has_address(const struct netlink *n, uint32_t ifindex, const struct ip_addr *a, uint8_t prefix);
/* First usable address of the family on the link that `skip` does not refuse: IPv4 the first primary
 * one, IPv6 a link-local one that is not tentative. */
bool netlink_source(const struct netlink *n, uint32_t ifindex, enum ip_family family,
		    bool (*skip)(void *ctx, const struct address_state *a), void *ctx, struct ip_addr *ret);
/* Calls fn for every address known. */
void netlink_each_address(const struct netlink *n, void (*fn)(void *ctx, const struct address_state *a), void *ctx);

/* Sends n changes as one batch and waits for the kernel's answers (it answers before sendmsg returns):
 * the picture is updated too. EEXIST on add and EADDRNOTAVAIL on delete count as done. Returns the number
 * of failed ones; each has its error. At most NETLINK_BATCH_MAX at a time. */
#define NETLINK_BATCH_MAX 128
unsigned netlink_batch_send(struct netlink *n, struct address_change *v, unsigned count);

/* The same in its three parts, as the kernel may take seconds over the second: that one may run in a thread
 * of its own. Until it is over the caller leaves v alone, asks for nothing but the present picture, and
 * does not dispatch: news wait for the deed, or they would be taken for older ones. */
void netlink_batch_begin(struct netlink *n, struct address_change *v, unsigned count);
void netlink_batch_exchange(struct netlink *n);
unsigned netlink_batch_end(struct netlink *n);

#endif
