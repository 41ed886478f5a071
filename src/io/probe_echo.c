/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: ICMP and ICMPv6 echo (RFC 792, RFC 4443 4) over the raw sockets that the supervisor opened: one
 * of each family for all probes of the process. The identifier is the process's, and a filter in the
 * kernel keeps the replies of others out; the sequence number says which probe, and a random number in
 * the data that it is this run's.
 */
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/probe_internal.h"

#define DATA_LEN 128 /* as keepalived's */
#define SLOTS_FIRST 64
#define SLOTS_MAX 65536
#define PACKETS_MAX 64 /* received in a row before others get their turn */

struct echo_packet {
	uint8_t type, code;
	uint16_t checksum, id, sequence;
	uint64_t nonce;
	uint8_t data[DATA_LEN - sizeof(uint64_t)];
};

struct probe_echo {
	struct probe_engine *engine;
	int fd[2]; /* IPv4, IPv6 */
	struct loop_fd *watch[2];
	uint16_t id;
	struct probe **slots; /* by sequence number */
	uint32_t n_slots, n_taken, next;
};

/* ---- sending ---- */

static uint16_t checksum(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static bool grow(struct probe_echo *e)
{
	uint32_t n = e->n_slots ? 2 * e->n_slots : SLOTS_FIRST;
	struct probe **v = n <= SLOTS_MAX ? realloc(e->slots, n * sizeof(*v)) : NULL;

	if (!v)
		return false;
	memset(v + e->n_slots, 0, (n - e->n_slots) * sizeof(*v));
	e->next = e->n_slots;
	e->slots = v;
	e->n_slots = n;
	return true;
}

/* Slots are taken in turn, so that a sequence number does not come again soon. */
static bool take_slot(struct probe_echo *e, struct probe *p)
{
	if (e->n_taken == e->n_slots && !grow(e))
		return false;
	while (e->slots[e->next % e->n_slots])
		e->next++;
	p->echo_slot = (uint16_t)(e->next % e->n_slots);
	e->slots[p->echo_slot] = p;
	e->next = p->echo_slot + 1u;
	e->n_taken++;
	return true;
}

void probe_echo_forget(struct probe *p)
{
	struct probe_echo *e = p->engine->echo;

	e->slots[p->echo_slot] = NULL;
	e->n_taken--;
}

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t))];
};

static struct cmsghdr *add_control(struct msghdr *msg, int level, int type, const void *data, size_t n)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)msg->msg_control + msg->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), data, n);
	msg->msg_controllen += CMSG_SPACE(n);
	return c;
}

static void choose_source(struct msghdr *msg, const struct conf_check_socket *c)
{
	unsigned index = c->bind_if ? if_nametoindex(c->bind_if) : 0;

	if (c->connect_ip.family == IP_V4) {
		struct in_pktinfo info = {.ipi_ifindex = (int)index};

		memcpy(&info.ipi_spec_dst, c->bindto.b, 4);
		add_control(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {.ipi6_ifindex = index};

		memcpy(&info.ipi6_addr, c->bindto.b, 16);
		add_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

static int send_echo(const struct probe_echo *e, const struct probe *p, int fd)
{
	const struct conf_check_socket *c = p->conf;
	struct echo_packet packet = {
		.type = c->connect_ip.family == IP_V4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
		.id = htons(e->id),
		.sequence = htons(p->echo_slot),
		.nonce = p->nonce,
	};
	struct sockaddr_storage to;
	struct iovec iov = {&packet, sizeof(packet)};
	union control control = {0};
	struct msghdr msg = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};

	memset(packet.data, 'h', sizeof(packet.data));
	if (c->connect_ip.family == IP_V4) /* the kernel does ICMPv6's */
		packet.checksum = checksum(&packet, sizeof(packet));
	msg.msg_namelen = probe_socket_address(&to, &c->connect_ip, 0, c->bind_if);
	if (c->bind_if || ip_is_set(&c->bindto))
		choose_source(&msg, c);
	if (c->fwmark)
		add_control(&msg, SOL_SOCKET, SO_MARK, &c->fwmark, sizeof(c->fwmark));
	if (msg.msg_controllen == 0)
		msg.msg_control = NULL;
	return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void probe_echo_start(struct probe *p)
{
	struct probe_echo *e = p->engine->echo;
	int fd = e ? e->fd[p->conf->connect_ip.family == IP_V6] : -1, r;

	if (fd < 0) {
		probe_finish(p, PROBE_UNDECIDED, "no raw socket to send from");
		return;
	}
	if (!take_slot(e, p)) {
		probe_finish(p, PROBE_UNDECIDED, "too many echo requests are under way");
		return;
	}
	p->phase = PROBE_ECHOING;
	p->nonce = (uint64_t)probe_engine_random(p->engine) << 32 | probe_engine_random(p->engine);
	probe_wait_anew(p);
	r = send_echo(e, p, fd);
	/* A full queue of ours loses it as a network would. */
	if (r < 0 && r != -EAGAIN && r != -ENOBUFS)
		probe_give_up(p, "", -r);
}

/* ---- hearing ---- */

static void answered(struct probe_echo *e, const struct echo_packet *packet, const struct ip_addr *from)
{
	uint32_t slot = ntohs(packet->sequence);
	struct probe *p = slot < e->n_slots ? e->slots[slot] : NULL;

	if (p && packet->id == htons(e->id) && packet->nonce == p->nonce &&
	    ip_equal(from, &p->conf->connect_ip))
		probe_finish(p, PROBE_SUCCEEDED, "");
}

/* A raw IPv4 socket shows the IP header, an IPv6 one does not. */
static void hear_one(struct probe_echo *e, bool v6, const uint8_t *data, size_t n,
		     const struct sockaddr_storage *from)
{
	struct echo_packet packet;
	struct ip_addr ip;
	size_t skip = 0;

	if (!v6)
		skip = n > 0 ? (size_t)(data[0] & 0xf) * 4 : 0;
	if (n < skip + sizeof(packet))
		return;
	memcpy(&packet, data + skip, sizeof(packet));
	if (packet.type != (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
		return;
	ip = v6 ? ip_from_bytes(IP_V6, &((const struct sockaddr_in6 *)from)->sin6_addr)
		: ip_from_bytes(IP_V4, &((const struct sockaddr_in *)from)->sin_addr);
	answered(e, &packet, &ip);
}

static void hear(struct probe_echo *e, bool v6)
{
	for (unsigned i = 0; i < PACKETS_MAX; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(e->fd[v6], e->engine->buffer, sizeof(e->engine->buffer), 0,
				     (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		hear_one(e, v6, (const uint8_t *)e->engine->buffer, (size_t)n, &from);
	}
}

static void hear_v4(void *ctx)
{
	hear(ctx, false);
}

static void hear_v6(void *ctx)
{
	hear(ctx, true);
}

/* ---- the sockets ---- */

/* Lets through what has our identifier. */
static void filter(int fd, bool v6, uint16_t id)
{
	struct sock_filter v4_code[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),	 /* x = length of the IP header */
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),	 /* the identifier */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter v6_code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = v6 ? ARRAY_SIZE(v6_code) : ARRAY_SIZE(v4_code),
		.filter = v6 ? v6_code : v4_code,
	};

	/* Without it others' replies are looked at here, one by one. */
	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

static void watch(struct probe_echo *e, int fd, bool v6)
{
	e->fd[v6] = fd;
	if (fd < 0)
		return;
	filter(fd, v6, e->id);
	e->watch[v6] = loop_fd_add(e->engine->loop, fd, v6 ? hear_v6 : hear_v4, e);
}

static void unwatch(struct probe_echo *e)
{
	for (int i = 0; i < 2; i++) {
		e->watch[i] = loop_fd_free(e->watch[i]);
		if (e->fd[i] >= 0)
			close(e->fd[i]);
		e->fd[i] = -1;
	}
}

struct probe_echo *probe_echo_free(struct probe_echo *e)
{
	if (!e)
		return NULL;
	unwatch(e);
	free(e->slots);
	free(e);
	return NULL;
}

void probe_engine_set_ping(struct probe_engine *engine, int v4_fd, int v6_fd)
{
	struct probe_echo *e = engine->echo;

	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			abort();
		e->engine = engine;
		e->id = (uint16_t)probe_engine_random(engine);
		e->fd[0] = e->fd[1] = -1;
		engine->echo = e;
	}
	unwatch(e);
	watch(e, v4_fd, false);
	watch(e, v6_fd, true);
}
