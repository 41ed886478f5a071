/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The raw sockets of VRRP, shared by instances: one to receive and one to send per (family,
 * interface, group or local unicast address). Batched both ways (recvmmsg, sendmmsg), no allocation
 * after opening.
 */
#ifndef HF_IO_VRRP_SOCKET_H
#define HF_IO_VRRP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

#define VRRP_RX_BATCH 32
#define VRRP_TX_BATCH 64

struct vrrp_socket_options {
	enum ip_family family;
	uint32_t ifindex;      /* 0: any (unicast without interface) */
	const char *ifname;    /* for SO_BINDTODEVICE, NULL with ifindex 0 */
	struct ip_addr group;  /* multicast group to join, or unset */
	struct ip_addr local;  /* unicast: local address, bound with free-bind */
	uint32_t rcvbuf;       /* bytes, 0: default */
};

/* A packet as received. IPv4: `data` from the IP header on. */
struct vrrp_socket_rx {
	const uint8_t *data;
	size_t len;
	struct ip_addr from, to;
	int hop_limit; /* IPv6; -1 unknown */
	uint32_t ifindex;
};

/* A packet to send. IPv4: with IP header. IPv6: the PDU; source, hop limit by ancillary data. */
struct vrrp_socket_tx {
	const uint8_t *data;
	size_t len;
	struct ip_addr from, to;
	int hop_limit; /* IPv6; -1: the kernel's */
	int error;     /* result: 0 or -errno */
};

/* 0 or -errno; descriptors are non-blocking. */
int vrrp_rx_open(const struct vrrp_socket_options *o);	/* returns fd */
int vrrp_tx_open(const struct vrrp_socket_options *o);	/* returns fd */

struct vrrp_rx_ring; /* buffers for one batch, shared by all sockets of a process */
struct vrrp_rx_ring *vrrp_rx_ring_new(size_t packet_max);
struct vrrp_rx_ring *vrrp_rx_ring_free(struct vrrp_rx_ring *r);
/* Receives up to VRRP_RX_BATCH packets, calls fn for each; returns their number or -errno. */
int vrrp_rx_drain(int fd, enum ip_family family, struct vrrp_rx_ring *r,
		  void (*fn)(void *ctx, const struct vrrp_socket_rx *rx), void *ctx);

/* Sends up to VRRP_TX_BATCH packets; returns how many failed (their error is set). `multicast_ifindex`
 * is the link for IPv6 group addresses. */
unsigned vrrp_tx_send(int fd, enum ip_family family, uint32_t ifindex, struct vrrp_socket_tx *v, unsigned n);

/* One packet socket that sends prebuilt Ethernet frames on any link. */
int frame_socket_open(void); /* fd or -errno */
struct frame_tx {
	uint32_t ifindex;
	const uint8_t *data;
	uint16_t len;
	uint16_t ethertype;
};
/* Sends up to FRAME_BATCH frames with one call; returns the number sent or -errno. */
#define FRAME_BATCH 64
int frame_send(int fd, const struct frame_tx *v, unsigned n);

#endif
