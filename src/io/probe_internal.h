/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the transports of io/probe share. Private to them. */
#ifndef HF_IO_PROBE_INTERNAL_H
#define HF_IO_PROBE_INTERNAL_H

#include <sys/epoll.h>
#include <sys/socket.h>

#include "io/probe.h"

#define PROBE_SETTLE_MAX 64
#define PROBE_BUFFER ((size_t)32 * 1024)

enum probe_phase {
	PROBE_IDLE, /* 0: not running */
	PROBE_CONNECTING,
	PROBE_HANDSHAKING,
	PROBE_TALKING,
	PROBE_LISTENING, /* datagrams */
	PROBE_ECHOING,
};

struct probe_echo;
struct probe_tls;

struct probe_engine {
	struct loop *loop;
	struct agenda *agenda;
	int epoll_fd;
	struct loop_fd *watch;
	/* Events being served: those of a probe that is cancelled meanwhile are struck out. */
	struct epoll_event *served;
	int n_served;
	/* Connections just begun, which are not watched yet: see probe_watch_later(). */
	struct probe *fresh[PROBE_SETTLE_MAX];
	unsigned n_fresh;
	bool settling;
	unsigned n_kept, keep_max; /* sockets of probes that are not running */
	uint32_t random[32];
	unsigned n_random;
	struct probe_echo *echo;
	struct probe_tls *tls; /* NULL: nobody needed it yet */
	char tls_error[PROBE_REASON_MAX];
	char reason[PROBE_REASON_MAX]; /* of the failure being told */
	char buffer[PROBE_BUFFER];
};

/* ---- probe.c ---- */
/* Watches p->fd, once (EPOLLONESHOT) or by edges (EPOLLET). False: the run has ended. */
bool probe_watch(struct probe *p, uint32_t events);
/* For a connection just begun: at the end of the turn and only if it does not stand by then. */
void probe_watch_later(struct probe *p);
/* The wait begins anew. */
void probe_wait_anew(struct probe *p);
/* Ends the run. */
void probe_finish(struct probe *p, enum probe_outcome outcome, const char *reason);
void probe_fail(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* With "what: text of the error", in the way of connect outcomes (LVS behaviour 7). */
void probe_give_up(struct probe *p, const char *what, int error);
/* "connection refused" */
const char *probe_error_text(int error, char *buf, size_t size);
/* What a verdict of the judge ends; true if it did. */
bool probe_judged(struct probe *p, enum probe_step step);
/* Does what the judge wants: ends, waits, or sends p->out and waits anew. False: the run has ended. */
bool probe_obey(struct probe *p, enum probe_step step, bool (*send)(struct probe *p));

/* ---- probe_socket.c ---- */
/* A socket with mark, interface and source as configured, connected or being connected. 0,
 * -EINPROGRESS, or the run has ended: any other value. */
int probe_socket_connect(struct probe *p, int type);
/* Ends the connection, if there is one; p->fd is -1 then, or kept. */
void probe_socket_end(struct probe *p);
/* Closes what is kept. */
void probe_socket_clear(struct probe *p);
/* How many may be. */
unsigned probe_socket_keep_max(void);
socklen_t probe_socket_address(struct sockaddr_storage *ss, const struct ip_addr *ip, uint16_t port,
			       const char *bind_if);
/* The errors that mean the peer, not us. */
bool probe_error_is_verdict(int error);

/* ---- probe_stream.c ---- */
void probe_stream_start(struct probe *p);
void probe_stream_ready(struct probe *p, uint32_t events);
/* Waits for the next event of a run that goes on. False: it does not. */
bool probe_stream_watch(struct probe *p);

/* ---- probe_tls.c: the same over TLS ---- */
bool probe_tls_attach(struct probe *p); /* false: the run has ended */
void probe_tls_close(struct probe *p);
struct probe_tls *probe_tls_free(struct probe_tls *t);
enum probe_tls_step { PROBE_TLS_DONE, PROBE_TLS_WAIT, PROBE_TLS_FAILED };
/* FAILED: e->reason says why. */
enum probe_tls_step probe_tls_handshake(struct probe *p);
/* As send() and recv(): bytes, 0 at the end, -errno. */
ssize_t probe_tls_send(struct probe *p, const void *data, size_t n);
ssize_t probe_tls_receive(struct probe *p, void *data, size_t size);
usec_t probe_tls_certificate_ends(const struct probe *p);

/* ---- probe_datagram.c ---- */
void probe_datagram_start(struct probe *p);
void probe_datagram_ready(struct probe *p);

/* ---- probe_echo.c ---- */
void probe_echo_start(struct probe *p);
void probe_echo_forget(struct probe *p);
struct probe_echo *probe_echo_free(struct probe_echo *e);

#endif
