/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: probes over UDP: a connected socket, so that only the peer is heard, and ICMP errors of every
 * kind (IP_RECVERR), which mean that there is no service. What silence means says the judge.
 */
#include <errno.h>
#include <netinet/in.h>

#include "io/probe_internal.h"

#define DATAGRAMS_MAX 16 /* received in a row before others get their turn */

/* False: the run has ended. */
static bool send_out(struct probe *p)
{
	ssize_t n;

	if (p->out.n == 0)
		return true;
	n = send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL);
	p->out.n = 0;
	/* A full queue of ours loses it as a network would. */
	if (n >= 0 || errno == EAGAIN || errno == ENOBUFS)
		return true;
	probe_give_up(p, "", errno);
	return false;
}

void probe_datagram_ready(struct probe *p)
{
	struct probe_engine *e = p->engine;
	struct epoll_event again = {.events = EPOLLIN | EPOLLET, .data.ptr = p};

	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		ssize_t n = recv(p->fd, e->buffer, sizeof(e->buffer), 0);

		if (n < 0) {
			/* Any error that the network sent back is an answer. */
			if (errno != EAGAIN)
				probe_give_up(p, "", probe_error_is_verdict(errno) ? errno : EHOSTUNREACH);
			return;
		}
		if (!probe_obey(p, p->judge->feed(p, e->buffer, (size_t)n, &p->out), send_out))
			return;
	}
	(void)epoll_ctl(e->epoll_fd, EPOLL_CTL_MOD, p->fd, &again);
}

static void hear_errors(struct probe *p)
{
	const int on = 1;
	bool v4 = p->conf->connect_ip.family == IP_V4;

	(void)setsockopt(p->fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on,
			 sizeof(on));
}

void probe_datagram_start(struct probe *p)
{
	p->phase = PROBE_LISTENING;
	probe_wait_anew(p);
	if (probe_socket_connect(p, SOCK_DGRAM) < 0)
		return;
	hear_errors(p);
	if (probe_watch(p, EPOLLIN))
		(void)probe_obey(p, p->judge->begin(p, &p->out), send_out);
}
