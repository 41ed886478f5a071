/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: probes over TCP, with and without TLS: connecting, sending what does not go at once, receiving
 * in pieces of bounded number so that a flood delays nobody else.
 *
 * A plain stream waits for one event, and then for the next, so that a socket which is kept for the next
 * run (io/probe_socket) is quiet until then. TLS, which does not say what it waits for, is watched by
 * edges, which are seen once: after each event everything is done until the kernel says EAGAIN. What is
 * still to be sent goes before more is received.
 */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "io/probe_internal.h"

#define PIECES_MAX 4 /* received in a row before others get their turn */
#define ENDING (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

/* ---- waiting ---- */

/* With TLS there may be more to receive or room to send, and no other edge would tell. */
bool probe_stream_watch(struct probe *p)
{
	if (p->transport == PROBE_TLS)
		return probe_watch(p, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	if (p->phase == PROBE_CONNECTING || p->out.n > 0)
		return probe_watch(p, EPOLLOUT | EPOLLONESHOT);
	return probe_watch(p, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT);
}

/* ---- sending ---- */

static ssize_t send_some(struct probe *p)
{
	ssize_t n;

	if (p->ssl)
		return probe_tls_send(p, p->out.p, p->out.n);
	n = send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

/* False: the run has ended. */
static bool send_all(struct probe *p)
{
	while (p->out.n > 0) {
		ssize_t n = send_some(p);

		if (n == -EAGAIN)
			return !p->ssl || probe_stream_watch(p);
		if (n == -EPIPE)
			n = -ECONNRESET;
		if (n < 0) {
			probe_give_up(p, "", (int)-n);
			return false;
		}
		p->out.p = (const char *)p->out.p + n;
		p->out.n -= (size_t)n;
	}
	return true;
}

/* ---- receiving ---- */

static ssize_t receive_some(struct probe *p)
{
	struct probe_engine *e = p->engine;
	ssize_t n;

	if (p->ssl)
		return probe_tls_receive(p, e->buffer, sizeof(e->buffer));
	n = recv(p->fd, e->buffer, sizeof(e->buffer), 0);
	return n < 0 ? -errno : n;
}

static void receive_all(struct probe *p, uint32_t events)
{
	for (unsigned i = 0; i < PIECES_MAX; i++) {
		ssize_t n;

		if (p->out.n > 0)
			return;
		n = receive_some(p);
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			probe_give_up(p, "", (int)-n);
			return;
		}
		if (n == 0) {
			p->peer_closed = true;
			(void)probe_judged(p, p->judge->closed(p));
			return;
		}
		p->n_in += (size_t)n;
		if (p->n_in > PROBE_BYTES_MAX) {
			probe_fail(p, "an answer of more than %zu MB", PROBE_BYTES_MAX >> 20);
			return;
		}
		if (!probe_obey(p, p->judge->feed(p, p->engine->buffer, (size_t)n, &p->out), send_all))
			return;
		if (!p->ssl && (size_t)n < PROBE_BUFFER && !(events & ENDING))
			return;
	}
	if (p->ssl)
		(void)probe_stream_watch(p);
}

/* ---- the phases ---- */

static void talk(struct probe *p)
{
	p->phase = PROBE_TALKING;
	(void)probe_obey(p, p->judge->begin(p, &p->out), send_all);
}

static void handshake(struct probe *p, uint32_t events)
{
	switch (probe_tls_handshake(p)) {
	case PROBE_TLS_WAIT:
		return;
	case PROBE_TLS_FAILED:
		probe_finish(p, PROBE_FAILED, p->engine->reason);
		return;
	case PROBE_TLS_DONE:
		talk(p);
		break;
	}
	/* What came behind the handshake is in the library's hands and gives no edge. */
	if (p->phase == PROBE_TALKING)
		receive_all(p, events);
}

static void connected(struct probe *p, uint32_t events)
{
	if (p->transport == PROBE_CONNECT) {
		probe_finish(p, PROBE_SUCCEEDED, "");
	} else if (p->transport == PROBE_TLS) {
		p->phase = PROBE_HANDSHAKING;
		probe_wait_anew(p);
		if (probe_tls_attach(p))
			handshake(p, events);
	} else {
		talk(p);
	}
}

/* 0 or the error that connecting ended with. */
static int connect_error(struct probe *p)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return error;
}

static void connect_ended(struct probe *p, uint32_t events)
{
	int error = events & (EPOLLERR | EPOLLHUP) ? connect_error(p) : 0;

	/* It did not take its time for nothing: whatever it says, the peer is not there. */
	if (error)
		probe_give_up(p, "", probe_error_is_verdict(error) ? error : EHOSTUNREACH);
	else
		connected(p, events);
}

static void serve(struct probe *p, uint32_t events)
{
	p->peer_closed = (events & EPOLLRDHUP) != 0;
	if (p->phase == PROBE_CONNECTING) {
		connect_ended(p, events);
		if (p->phase != PROBE_TALKING)
			return;
	} else if (p->phase == PROBE_HANDSHAKING) {
		handshake(p, events);
		return;
	}
	if (!send_all(p) || !(events & (EPOLLIN | ENDING)))
		return;
	receive_all(p, events);
}

void probe_stream_ready(struct probe *p, uint32_t events)
{
	serve(p, events);
	if (p->phase == PROBE_TALKING && !p->ssl)
		(void)probe_stream_watch(p);
}

void probe_stream_start(struct probe *p)
{
	int r;

	p->phase = PROBE_CONNECTING;
	probe_wait_anew(p);
	r = probe_socket_connect(p, SOCK_STREAM);
	if (r < 0 && r != -EINPROGRESS)
		return;
	probe_watch_later(p); /* also when connected at once: it is writable then */
}
