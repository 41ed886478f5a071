/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the raw sockets of VRRP and the packet socket for prebuilt frames (gratuitous ARP,
 * unsolicited NA).
 *
 * A socket only hears what it is meant to: it starts deaf (a filter that drops everything) and is
 * opened when bound to its device and group, so that nothing from other links gets in between.
 * IPv4 adverts are sent through IPPROTO_RAW, a protocol nobody receives, IPv6 ones through a socket
 * that stays deaf. IPv6: the kernel computes and verifies the checksum (RFC 9568 5.2.8 is RFC 8200's).
 *
 * Frames go through the queue of the device: past it (PACKET_QDISC_BYPASS) they would be invisible to
 * tcpdump on this host and a burst of them would be lost where the device's ring is short.
 *
 * Must not know: what is in a packet, beyond the IPv4 header. RFC 9568 5.1 (TTL 255, TOS 0xC0),
 * RFC 3542 (IPv6 ancillary data).
 */
#include "io/vrrp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

#define PROTO_VRRP 112
#define CHECKSUM_AT 6	      /* in the PDU */
#define CLASS_CONTROL 0xc0    /* internetwork control, as TOS and traffic class */
#define PRIORITY_CONTROL 7    /* TC_PRIO_CONTROL: the first band of the usual queues */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_fill(union address *sa, const struct ip_addr *a, uint32_t ifindex)
{
	memset(sa, 0, sizeof(*sa));
	if (a->family == IP_V4) {
		sa->v4.sin_family = AF_INET;
		memcpy(&sa->v4.sin_addr, a->b, 4);
		return sizeof(sa->v4);
	}
	sa->v6.sin6_family = AF_INET6;
	memcpy(&sa->v6.sin6_addr, a->b, 16);
	if (ip_is_link_local(a) || ip_is_multicast(a))
		sa->v6.sin6_scope_id = ifindex;
	return sizeof(sa->v6);
}

static int option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int deafen(int fd)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog prog = {ARRAY_SIZE(code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

/* Opens the ears, rid of what got in before the filter. */
static int undeafen(int fd)
{
	char junk[1];

	while (recv(fd, junk, sizeof(junk), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		;
	return option_set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
}

static int device_bind(int fd, const struct vrrp_socket_options *o)
{
	if (!o->ifname)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->ifname,
			  (socklen_t)strlen(o->ifname) + 1) < 0 ? -errno : 0;
}

static int address_bind(int fd, const struct ip_addr *a, uint32_t ifindex)
{
	union address sa;
	socklen_t len = address_fill(&sa, a, ifindex);

	return bind(fd, &sa.any, len) < 0 ? -errno : 0;
}

static int rx_prepare_v4(int fd, const struct vrrp_socket_options *o)
{
	struct ip_mreqn mreq = {.imr_ifindex = (int)o->ifindex};
	int r = option_set(fd, IPPROTO_IP, IP_PKTINFO, 1);

	if (r == 0)
		r = option_set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	if (r == 0)
		r = option_set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	if (r == 0 && ip_is_set(&o->group)) {
		memcpy(&mreq.imr_multiaddr, o->group.b, 4);
		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
			r = -errno;
	}
	return r;
}

static int rx_prepare_v6(int fd, const struct vrrp_socket_options *o)
{
	struct ipv6_mreq mreq = {.ipv6mr_interface = o->ifindex};
	int r = option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);

	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_CHECKSUM, CHECKSUM_AT);
	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	/* before Linux 4.20 a raw socket bound to a group hears that group only anyway */
	option_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	if (r == 0 && ip_is_set(&o->group)) {
		memcpy(&mreq.ipv6mr_multiaddr, o->group.b, 16);
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq, sizeof(mreq)) < 0)
			r = -errno;
	}
	return r;
}

static int socket_new(enum ip_family family, int protocol)
{
	int fd = socket(family == IP_V4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			protocol);

	return fd < 0 ? -errno : fd;
}

static int fd_or_error(int fd, int r)
{
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static void rcvbuf_set(int fd, uint32_t size)
{
	if (size && option_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)size) < 0)
		option_set(fd, SOL_SOCKET, SO_RCVBUF, (int)size);
}

int vrrp_rx_open(const struct vrrp_socket_options *o)
{
	const struct ip_addr *to = ip_is_set(&o->group) ? &o->group : &o->local;
	int fd = socket_new(o->family, PROTO_VRRP);
	int r;

	if (fd < 0)
		return fd;
	r = deafen(fd);
	if (r == 0)
		r = device_bind(fd, o);
	if (r == 0)
		r = o->family == IP_V4 ? rx_prepare_v4(fd, o) : rx_prepare_v6(fd, o);
	if (r == 0 && ip_is_set(to))
		r = address_bind(fd, to, o->ifindex);
	rcvbuf_set(fd, o->rcvbuf);
	if (r == 0)
		r = undeafen(fd);
	return fd_or_error(fd, r);
}

static int tx_prepare_v4(int fd, const struct vrrp_socket_options *o)
{
	struct ip_mreqn mreq = {.imr_ifindex = (int)o->ifindex};
	int r = option_set(fd, IPPROTO_IP, IP_HDRINCL, 1);

	if (r < 0 || !ip_is_set(&o->group))
		return r;
	r = option_set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	if (r == 0)
		r = option_set(fd, SOL_SOCKET, SO_DONTROUTE, 1);
	if (r == 0 && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)) < 0)
		r = -errno;
	return r;
}

static int tx_prepare_v6(int fd, const struct vrrp_socket_options *o)
{
	int r = deafen(fd);

	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_CHECKSUM, CHECKSUM_AT);
	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_TCLASS, CLASS_CONTROL);
	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	if (r < 0 || !ip_is_set(&o->group))
		return r;
	r = option_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255);
	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)o->ifindex);
	if (r == 0)
		r = option_set(fd, SOL_SOCKET, SO_DONTROUTE, 1);
	return r;
}

int vrrp_tx_open(const struct vrrp_socket_options *o)
{
	int fd = socket_new(o->family, o->family == IP_V4 ? IPPROTO_RAW : PROTO_VRRP);
	int r;

	if (fd < 0)
		return fd;
	r = o->family == IP_V4 ? tx_prepare_v4(fd, o) : tx_prepare_v6(fd, o);
	if (r == 0)
		r = device_bind(fd, o);
	/* a wish only: needs a capability */
	option_set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
	return fd_or_error(fd, r);
}

/* Receiving. */

#define RX_CONTROL (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)))

struct vrrp_rx_ring {
	struct mmsghdr v[VRRP_RX_BATCH];
	struct iovec iov[VRRP_RX_BATCH];
	union address from[VRRP_RX_BATCH];
	_Alignas(struct cmsghdr) char control[VRRP_RX_BATCH][RX_CONTROL];
	size_t packet_max;
	uint8_t packets[];
};

struct vrrp_rx_ring *vrrp_rx_ring_new(size_t packet_max)
{
	struct vrrp_rx_ring *r = calloc(1, sizeof(*r) + VRRP_RX_BATCH * packet_max);

	if (!r)
		abort();
	r->packet_max = packet_max;
	for (unsigned i = 0; i < VRRP_RX_BATCH; i++) {
		r->iov[i] = (struct iovec){r->packets + i * packet_max, packet_max};
		r->v[i].msg_hdr = (struct msghdr){.msg_name = &r->from[i],
						  .msg_control = r->control[i],
						  .msg_iov = &r->iov[i], .msg_iovlen = 1};
	}
	return r;
}

struct vrrp_rx_ring *vrrp_rx_ring_free(struct vrrp_rx_ring *r)
{
	free(r);
	return NULL;
}

static void rx_control_v4(const struct cmsghdr *c, struct vrrp_socket_rx *rx)
{
	struct in_pktinfo pi;

	if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
		return;
	memcpy(&pi, CMSG_DATA(c), sizeof(pi));
	rx->ifindex = (uint32_t)pi.ipi_ifindex;
	rx->to = ip_from_bytes(IP_V4, &pi.ipi_addr);
}

static void rx_control_v6(const struct cmsghdr *c, struct vrrp_socket_rx *rx)
{
	struct in6_pktinfo pi;

	if (c->cmsg_level != IPPROTO_IPV6)
		return;
	if (c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&pi, CMSG_DATA(c), sizeof(pi));
		rx->ifindex = pi.ipi6_ifindex;
		rx->to = ip_from_bytes(IP_V6, &pi.ipi6_addr);
	} else if (c->cmsg_type == IPV6_HOPLIMIT) {
		memcpy(&rx->hop_limit, CMSG_DATA(c), sizeof(int));
	}
}

static void rx_fill(struct vrrp_rx_ring *r, unsigned i, enum ip_family family,
		    struct vrrp_socket_rx *rx)
{
	struct msghdr *m = &r->v[i].msg_hdr;

	*rx = (struct vrrp_socket_rx){.data = r->iov[i].iov_base, .len = r->v[i].msg_len,
				      .hop_limit = -1};
	rx->from = family == IP_V4 ? ip_from_bytes(IP_V4, &r->from[i].v4.sin_addr)
				   : ip_from_bytes(IP_V6, &r->from[i].v6.sin6_addr);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (family == IP_V4)
			rx_control_v4(c, rx);
		else
			rx_control_v6(c, rx);
	}
}

int vrrp_rx_drain(int fd, enum ip_family family, struct vrrp_rx_ring *r,
		  void (*fn)(void *ctx, const struct vrrp_socket_rx *rx), void *ctx)
{
	int got;

	for (unsigned i = 0; i < VRRP_RX_BATCH; i++) {
		r->v[i].msg_hdr.msg_namelen = sizeof(r->from[i]);
		r->v[i].msg_hdr.msg_controllen = RX_CONTROL;
	}
	got = recvmmsg(fd, r->v, VRRP_RX_BATCH, MSG_DONTWAIT, NULL);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (unsigned i = 0; i < (unsigned)got; i++) {
		struct vrrp_socket_rx rx;

		rx_fill(r, i, family, &rx);
		fn(ctx, &rx);
	}
	return got;
}

/* Sending. */

#define TX_CONTROL (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)))

struct tx_batch {
	struct mmsghdr v[VRRP_TX_BATCH];
	struct iovec iov[VRRP_TX_BATCH];
	union address to[VRRP_TX_BATCH];
	_Alignas(struct cmsghdr) char control[VRRP_TX_BATCH][TX_CONTROL];
};

static void tx_control_v6(struct msghdr *m, char *mem, uint32_t ifindex, const struct vrrp_socket_tx *tx)
{
	struct in6_pktinfo pi = {.ipi6_ifindex = ifindex};
	struct cmsghdr *c;

	memset(mem, 0, TX_CONTROL);
	m->msg_control = mem;
	m->msg_controllen = TX_CONTROL;
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(pi));
	memcpy(&pi.ipi6_addr, tx->from.b, sizeof(pi.ipi6_addr));
	memcpy(CMSG_DATA(c), &pi, sizeof(pi));
	if (tx->hop_limit < 0) {
		m->msg_controllen = CMSG_SPACE(sizeof(pi));
		return;
	}
	c = CMSG_NXTHDR(m, c);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_HOPLIMIT;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &tx->hop_limit, sizeof(int));
}

static void tx_fill(struct tx_batch *b, unsigned i, uint32_t ifindex, const struct vrrp_socket_tx *tx)
{
	struct msghdr *m = &b->v[i].msg_hdr;

	b->iov[i] = (struct iovec){(void *)tx->data, tx->len};
	*m = (struct msghdr){.msg_name = &b->to[i], .msg_iov = &b->iov[i], .msg_iovlen = 1};
	m->msg_namelen = address_fill(&b->to[i], &tx->to, ifindex);
	if (tx->to.family == IP_V6)
		tx_control_v6(m, b->control[i], ifindex, tx);
}

unsigned vrrp_tx_send(int fd, enum ip_family family, uint32_t ifindex, struct vrrp_socket_tx *v, unsigned n)
{
	struct tx_batch b;
	unsigned failed = 0;

	if (n > VRRP_TX_BATCH)
		n = VRRP_TX_BATCH;
	for (unsigned i = 0; i < n; i++) {
		tx_fill(&b, i, ifindex, &v[i]);
		v[i].error = 0;
	}
	/* It stops at a packet that fails, and says why when asked for that one again. */
	for (unsigned i = 0; i < n;) {
		int r = sendmmsg(fd, b.v + i, n - i, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r > 0) {
			i += (unsigned)r;
			continue;
		}
		v[i++].error = r < 0 ? -errno : -EIO;
		failed++;
	}
	return failed;
}

/* Frames. */

int frame_socket_open(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	option_set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
	return fd;
}

int frame_send(int fd, const struct frame_tx *v, unsigned n)
{
	struct mmsghdr m[FRAME_BATCH];
	struct iovec iov[FRAME_BATCH];
	struct sockaddr_ll to[FRAME_BATCH];
	int r;

	if (n > FRAME_BATCH)
		n = FRAME_BATCH;
	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){(void *)v[i].data, v[i].len};
		to[i] = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_halen = 6,
					     .sll_protocol = htons(v[i].ethertype),
					     .sll_ifindex = (int)v[i].ifindex};
		memcpy(to[i].sll_addr, v[i].data, v[i].len < 6 ? v[i].len : 6);
		m[i].msg_hdr = (struct msghdr){.msg_name = &to[i], .msg_namelen = sizeof(to[i]),
					       .msg_iov = &iov[i], .msg_iovlen = 1};
	}
	r = n ? sendmmsg(fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
	return r < 0 ? -errno : r;
}
