/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the two rtnetlink sockets of a process. The monitor hears of links and addresses; the other
 * carries commands and dumps. picture.c keeps what they say.
 *
 * A batch is one sendmsg(): the kernel works through all messages before it returns, so the answers
 * are there at once. It also waits in there for its lock, which belongs to all namespaces: somebody
 * else's interfaces can keep us for seconds. Only the last message asks for an acknowledgement; a message
 * that fails is answered anyway. Additions of ours are kept off the monitor by a filter on the sender's
 * port: a thousand echoes would only fill its queue.
 *
 * When notifications were lost the queue is emptied and everything is dumped again.
 *
 * Must not know: whose addresses these are.
 */
#include "io/netlink.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/str.h"
#include "io/picture.h"

#define ATTR_MAX 15 /* IFA_PROTO 11, IFLA_MTU 4 */
#define MONITOR_PARTS 4
#define MONITOR_PART 8192 /* a link with its statistics takes 2 kB */
#define MONITOR_TURNS 32  /* receive calls per dispatch, at most */
#define DUMP_PART 32768
#define DUMP_TRIES 10
#define CHANGE_MAX 128 /* bytes of one address message: 104 at most */
#define ACK_PART 64

struct netlink {
	struct mnl_socket *monitor, *command;
	struct netlink_events ev;
	struct picture *picture;
	uint32_t port, seq;
	bool lost; /* notifications; a new dump is due */
	struct address_change *batch; /* begun and not ended, or NULL */
	unsigned count;
	size_t tx_len;
	int error; /* of the exchange */
	_Alignas(8) char rx[MONITOR_PARTS * MONITOR_PART];
	_Alignas(8) char tx[NETLINK_BATCH_MAX * CHANGE_MAX];
};

/* Messages -> picture. */

static int attribute_keep(const struct nlattr *attr, void *data)
{
	const struct nlattr **tb = data;

	if (mnl_attr_get_type(attr) <= ATTR_MAX)
		tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static void link_read(struct netlink *n, const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[ATTR_MAX + 1] = {0};
	struct link_state l = {.index = (uint32_t)m->ifi_index};

	/* A port of a bridge comes and goes in messages of its own family. */
	if (m->ifi_family != AF_UNSPEC)
		return;
	mnl_attr_parse(h, sizeof(*m), attribute_keep, tb);
	/* news of a wireless driver, not of the link */
	if (!tb[IFLA_IFNAME] && h->nlmsg_type == RTM_NEWLINK)
		return;
	l.up = (m->ifi_flags & IFF_UP) && (m->ifi_flags & IFF_RUNNING);
	l.noarp = m->ifi_flags & IFF_NOARP;
	l.loopback = m->ifi_flags & IFF_LOOPBACK;
	l.multicast = m->ifi_flags & IFF_MULTICAST;
	if (tb[IFLA_IFNAME] && mnl_attr_validate(tb[IFLA_IFNAME], MNL_TYPE_NUL_STRING) == 0)
		str_copy(l.name, sizeof(l.name), mnl_attr_get_str(tb[IFLA_IFNAME]));
	if (tb[IFLA_MTU] && mnl_attr_validate(tb[IFLA_MTU], MNL_TYPE_U32) == 0)
		l.mtu = mnl_attr_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_ADDRESS] && mnl_attr_get_payload_len(tb[IFLA_ADDRESS]) <= sizeof(l.mac)) {
		l.mac_len = (uint8_t)mnl_attr_get_payload_len(tb[IFLA_ADDRESS]);
		memcpy(l.mac, mnl_attr_get_payload(tb[IFLA_ADDRESS]), l.mac_len);
	}
	picture_link(n->picture, &l, h->nlmsg_type == RTM_DELLINK, &n->ev);
}

static bool address_attr(const struct nlattr *attr, enum ip_family family, struct ip_addr *ret)
{
	struct ip_addr a = {.family = family};

	if (!attr || mnl_attr_get_payload_len(attr) != ip_len(&a))
		return false;
	*ret = ip_from_bytes(family, mnl_attr_get_payload(attr));
	return true;
}

static void address_read(struct netlink *n, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[ATTR_MAX + 1] = {0};
	struct address_state a = {.ifindex = m->ifa_index, .prefix = m->ifa_prefixlen,
				  .scope = m->ifa_scope, .flags = m->ifa_flags};
	enum ip_family family = m->ifa_family == AF_INET ? IP_V4 : IP_V6;
	struct ip_addr other;

	if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
		return;
	mnl_attr_parse(h, sizeof(*m), attribute_keep, tb);
	if (!address_attr(tb[IFA_ADDRESS], family, &other))
		return;
	/* Without a peer: IPv4 says the address twice, IPv6 has no IFA_LOCAL. */
	if (!address_attr(tb[IFA_LOCAL], family, &a.addr))
		a.addr = other;
	else if (!ip_equal(&a.addr, &other))
		a.peer = other;
	if (tb[IFA_FLAGS] && mnl_attr_validate(tb[IFA_FLAGS], MNL_TYPE_U32) == 0)
		a.flags = mnl_attr_get_u32(tb[IFA_FLAGS]);
	if (tb[IFA_PROTO] && mnl_attr_validate(tb[IFA_PROTO], MNL_TYPE_U8) == 0)
		a.proto = mnl_attr_get_u8(tb[IFA_PROTO]);
	picture_address(n->picture, &a, h->nlmsg_type == RTM_DELADDR, &n->ev);
}

static void message_read(struct netlink *n, const struct nlmsghdr *h)
{
	size_t size = mnl_nlmsg_get_payload_len(h);

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (size >= sizeof(struct ifinfomsg))
			link_read(n, h);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (size >= sizeof(struct ifaddrmsg))
			address_read(n, h);
		break;
	default:
		break;
	}
}

/* Dumps: each through a socket of its own, because an event on the way may send a batch. */

/* 1: more to come, 0: the end, or -errno. */
static int dump_part(struct netlink *n, const char *p, int len, bool *changed)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)p;

	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len)) {
		*changed |= h->nlmsg_flags & NLM_F_DUMP_INTR;
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
		message_read(n, h);
	}
	return 1;
}

static int dump_on(struct netlink *n, struct mnl_socket *s, uint16_t type)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg body;
	} req = {.h = {.nlmsg_len = sizeof(req), .nlmsg_type = type,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1}};
	_Alignas(8) char mem[DUMP_PART];
	bool changed = false;
	int r = 1;

	if (mnl_socket_sendto(s, &req, sizeof(req)) < 0)
		return -errno;
	while (r > 0) {
		ssize_t len = mnl_socket_recvfrom(s, mem, sizeof(mem));

		if (len < 0)
			return -errno;
		r = dump_part(n, mem, (int)len, &changed);
	}
	return r < 0 ? r : changed ? -EAGAIN : 0;
}

static int dump_once(struct netlink *n, uint16_t type)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int r;

	if (!s)
		return -errno;
	r = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : dump_on(n, s, type);
	mnl_socket_close(s);
	return r;
}

/* A picture from nothing but the kernel's word; what it does not mention is gone. */
static int picture_renew(struct netlink *n)
{
	int r = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		picture_mark(n->picture);
		r = dump_once(n, RTM_GETLINK);
		if (r == 0)
			r = dump_once(n, RTM_GETADDR);
	}
	if (r == 0)
		picture_sweep(n->picture, &n->ev);
	n->lost = r != 0;
	return r;
}

/* The monitor. */

static void monitor_empty(struct netlink *n)
{
	int fd = mnl_socket_get_fd(n->monitor);

	while (recv(fd, n->rx, sizeof(n->rx), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS)
		;
}

static void monitor_datagram(struct netlink *n, const struct msghdr *m, const char *p, int len)
{
	const struct sockaddr_nl *from = m->msg_name;
	const struct nlmsghdr *h = (const struct nlmsghdr *)p;

	if (m->msg_namelen != sizeof(*from) || from->nl_pid != 0)
		return;
	if (m->msg_flags & MSG_TRUNC) {
		n->lost = true;
		return;
	}
	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len))
		message_read(n, h);
}

/* One receive call; how many datagrams it gave. */
static int monitor_receive(struct netlink *n)
{
	struct sockaddr_nl from[MONITOR_PARTS];
	struct iovec iov[MONITOR_PARTS];
	struct mmsghdr v[MONITOR_PARTS];
	int got;

	for (int i = 0; i < MONITOR_PARTS; i++) {
		iov[i] = (struct iovec){n->rx + i * MONITOR_PART, MONITOR_PART};
		v[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
					       .msg_iov = &iov[i], .msg_iovlen = 1};
	}
	got = recvmmsg(mnl_socket_get_fd(n->monitor), v, MONITOR_PARTS, MSG_DONTWAIT, NULL);
	if (got < 0 && errno == ENOBUFS)
		n->lost = true;
	for (int i = 0; i < got; i++)
		monitor_datagram(n, &v[i].msg_hdr, iov[i].iov_base, (int)v[i].msg_len);
	return got;
}

void netlink_dispatch(struct netlink *n)
{
	if (!n->monitor)
		return;
	for (int i = 0; i < MONITOR_TURNS && !n->lost; i++)
		if (monitor_receive(n) < MONITOR_PARTS)
			break;
	if (n->lost) {
		monitor_empty(n);
		picture_renew(n);
	}
}

int netlink_fd(const struct netlink *n)
{
	return n->monitor ? mnl_socket_get_fd(n->monitor) : -1;
}

/* Drops RTM_NEWADDR that our own commands caused. */
static int monitor_filter(struct netlink *n)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWADDR), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(n->port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog prog = {ARRAY_SIZE(code), code};

	return setsockopt(mnl_socket_get_fd(n->monitor), SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) < 0 ? -errno : 0;
}

static void rcvbuf_set(const struct mnl_socket *s, uint32_t size, bool force)
{
	int fd = mnl_socket_get_fd(s), v = (int)size;

	if (!size)
		return;
	if (!force || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &v, sizeof(v)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v));
}

static struct mnl_socket *socket_new(unsigned groups, uint32_t rcvbuf, bool force)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (!s)
		return NULL;
	rcvbuf_set(s, rcvbuf, force);
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		int e = errno;

		mnl_socket_close(s);
		errno = e;
		return NULL;
	}
	return s;
}

static int sockets_open(struct netlink *n, const struct netlink_options *o)
{
	int on = 1;

	n->command = socket_new(0, o->command_rcvbuf, o->command_force);
	if (!n->command)
		return -errno;
	n->port = mnl_socket_get_portid(n->command);
	/* errors without a copy of the request: every answer fits in ACK_PART */
	mnl_socket_setsockopt(n->command, NETLINK_CAP_ACK, &on, sizeof(on));
	if (!o->monitor)
		return 0;
	n->monitor = socket_new(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
				o->monitor_rcvbuf, o->monitor_force);
	return n->monitor ? monitor_filter(n) : -errno;
}

int netlink_open(const struct netlink_options *o, const struct netlink_events *ev, struct netlink **ret)
{
	struct netlink *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	n->ev = *ev;
	n->picture = picture_new();
	r = sockets_open(n, o);
	if (r == 0)
		r = picture_renew(n);
	if (r < 0) {
		netlink_close(n);
		return r;
	}
	*ret = n;
	return 0;
}

struct netlink *netlink_close(struct netlink *n)
{
	if (!n)
		return NULL;
	if (n->monitor)
		mnl_socket_close(n->monitor);
	if (n->command)
		mnl_socket_close(n->command);
	picture_free(n->picture);
	free(n);
	return NULL;
}

/* Questions. */

const struct link_state *netlink_link_by_name(const struct netlink *n, const char *name)
{
	return picture_link_by_name(n->picture, name);
}

const struct link_state *netlink_link_by_index(const struct netlink *n, uint32_t index)
{
	return picture_link_by_index(n->picture, index);
}

bool netlink_has_address(const struct netlink *n, uint32_t ifindex, const struct ip_addr *a, uint8_t prefix)
{
	return picture_has_address(n->picture, ifindex, a, prefix);
}

struct source_search {
	enum ip_family family;
	bool (*skip)(void *ctx, const struct address_state *a);
	void *ctx;
	struct ip_addr primary, secondary;
};

static bool source_consider(void *ctx, const struct address_state *a)
{
	struct source_search *s = ctx;

	if (a->addr.family != s->family || (s->skip && s->skip(s->ctx, a)))
		return true;
	if (s->family == IP_V6 &&
	    (!ip_is_link_local(&a->addr) || (a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))))
		return true;
	if (s->family == IP_V4 && (a->flags & IFA_F_SECONDARY)) {
		if (!ip_is_set(&s->secondary))
			s->secondary = a->addr;
		return true;
	}
	s->primary = a->addr;
	return false;
}

bool netlink_source(const struct netlink *n, uint32_t ifindex, enum ip_family family,
		    bool (*skip)(void *ctx, const struct address_state *a), void *ctx,
		    struct ip_addr *ret)
{
	struct source_search s = {.family = family, .skip = skip, .ctx = ctx};

	picture_each(n->picture, ifindex, source_consider, &s);
	/* The primary may be a VIP: what is left then is secondary, and usable. */
	if (!ip_is_set(&s.primary))
		s.primary = s.secondary;
	if (!ip_is_set(&s.primary))
		return false;
	*ret = s.primary;
	return true;
}

struct each {
	void (*fn)(void *ctx, const struct address_state *a);
	void *ctx;
};

static bool each_call(void *ctx, const struct address_state *a)
{
	const struct each *e = ctx;

	e->fn(e->ctx, a);
	return true;
}

void netlink_each_address(const struct netlink *n, void (*fn)(void *ctx, const struct address_state *a), void *ctx)
{
	struct each e = {fn, ctx};

	picture_each(n->picture, 0, each_call, &e);
}

/* Commands. */

static void attr_ip(struct nlmsghdr *h, uint16_t type, const struct ip_addr *a)
{
	mnl_attr_put(h, type, ip_len(a), a->b);
}

static void lifetime_put(struct nlmsghdr *h, uint32_t preferred)
{
	struct ifa_cacheinfo ci = {.ifa_prefered = preferred, .ifa_valid = UINT32_MAX};

	mnl_attr_put(h, IFA_CACHEINFO, sizeof(ci), &ci);
}

static size_t change_write(char *p, const struct address_change *c, uint32_t seq, bool last)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(p);
	const struct address_state *a = &c->a;
	const struct ip_addr *peer = ip_is_set(&a->peer) ? &a->peer : &a->addr;
	struct ifaddrmsg *m;

	h->nlmsg_type = c->add ? RTM_NEWADDR : RTM_DELADDR;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (last ? NLM_F_ACK : 0) |
				    (c->add ? NLM_F_CREATE | NLM_F_EXCL : 0));
	h->nlmsg_seq = seq;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifa_family = a->addr.family == IP_V4 ? AF_INET : AF_INET6;
	m->ifa_prefixlen = a->prefix;
	m->ifa_flags = (uint8_t)a->flags;
	m->ifa_scope = a->scope;
	m->ifa_index = a->ifindex;
	attr_ip(h, IFA_LOCAL, &a->addr);
	attr_ip(h, IFA_ADDRESS, peer);
	if (!c->add)
		return h->nlmsg_len;
	if (c->brd_set && a->addr.family == IP_V4)
		attr_ip(h, IFA_BROADCAST, &c->brd);
	if (c->label && a->addr.family == IP_V4)
		mnl_attr_put(h, IFA_LABEL, strnlen(c->label, IFNAMSIZ - 1) + 1, c->label);
	if (c->preferred_lft_set)
		lifetime_put(h, c->preferred_lft);
	if (a->flags)
		mnl_attr_put_u32(h, IFA_FLAGS, a->flags);
	if (a->proto)
		mnl_attr_put_u8(h, IFA_PROTO, a->proto);
	return h->nlmsg_len;
}

/* What is not failure: the address is there, or it and its link are not. */
static bool error_is_done(const struct address_change *c, int error)
{
	return c->add ? error == -EEXIST : error == -EADDRNOTAVAIL || error == -ENODEV;
}

static void answer_read(struct netlink *n, const char *p, int len, bool *ended)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)p;

	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
		uint32_t i = h->nlmsg_seq - (n->seq - n->count + 1);

		if (h->nlmsg_type != NLMSG_ERROR || i >= n->count ||
		    mnl_nlmsg_get_payload_len(h) < sizeof(e->error))
			continue;
		n->batch[i].error = e->error;
		*ended |= i == n->count - 1;
	}
}

/* 0, or -errno when the answers cannot be known. */
static int answers_read(struct netlink *n)
{
	_Alignas(8) char part[ACK_PART];
	bool ended = false;

	while (!ended) {
		ssize_t len = recv(mnl_socket_get_fd(n->command), part, sizeof(part), MSG_DONTWAIT);

		if (len < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (len > 0)
			answer_read(n, part, (int)len, &ended);
	}
	return 0;
}

static void change_done(struct netlink *n, struct address_change *c)
{
	bool did = c->error == 0;
	struct address_state a = c->a;

	if (!did && !error_is_done(c, c->error))
		return;
	c->error = 0;
	/* Somebody else added it: his notification is on its way, or it was read already. */
	if (c->add && !did && n->monitor)
		return;
	if (ip_equal(&a.peer, &a.addr))
		a.peer = (struct ip_addr){0};
	picture_own(n->picture, &a, !c->add, did && n->monitor);
}

void netlink_batch_begin(struct netlink *n, struct address_change *v, unsigned count)
{
	assert(!n->batch && count <= NETLINK_BATCH_MAX);
	n->batch = v;
	n->count = count;
	n->tx_len = 0;
	for (unsigned i = 0; i < count; i++) {
		v[i].error = 0;
		n->tx_len += change_write(n->tx + n->tx_len, &v[i], ++n->seq, i == count - 1);
	}
}

void netlink_batch_exchange(struct netlink *n)
{
	n->error = 0;
	if (!n->count)
		return;
	if (mnl_socket_sendto(n->command, n->tx, n->tx_len) < 0)
		n->error = -errno;
	else
		n->error = answers_read(n);
}

unsigned netlink_batch_end(struct netlink *n)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < n->count; i++) {
		if (n->error)
			n->batch[i].error = n->error;
		else
			change_done(n, &n->batch[i]);
		failed += n->batch[i].error != 0;
	}
	n->batch = NULL;
	return failed;
}

unsigned netlink_batch_send(struct netlink *n, struct address_change *v, unsigned count)
{
	netlink_batch_begin(n, v, count < NETLINK_BATCH_MAX ? count : NETLINK_BATCH_MAX);
	netlink_batch_exchange(n);
	return netlink_batch_end(n);
}
