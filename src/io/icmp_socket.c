/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: opening raw ICMP sockets and their filters. Every echo reply of the host is put into each of
 * them, so all else is kept out by the kernel. Must not know: who pings whom. RFC 792, RFC 4443 4.2. */
#include "io/icmp_socket.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void make_room(int fd, int rcvbuf)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
}

static int filter_v4(int fd)
{
	const struct icmp_filter replies = {.data = ~(1u << ICMP_ECHOREPLY)};

	return setsockopt(fd, SOL_RAW, ICMP_FILTER, &replies, sizeof(replies));
}

static int filter_v6(int fd)
{
	struct icmp6_filter replies;

	ICMP6_FILTER_SETBLOCKALL(&replies);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &replies);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &replies, sizeof(replies));
}

int icmp_socket_open(enum ip_family family, int rcvbuf)
{
	bool v6 = family == IP_V6;
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	int r;

	if (fd < 0)
		return -errno;
	if ((v6 ? filter_v6(fd) : filter_v4(fd)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	make_room(fd, rcvbuf);
	return fd;
}
