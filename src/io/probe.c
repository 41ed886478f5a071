/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine of the probes and the life of a run: its watch in the epoll set, its deadlines, its end.
 *
 * Probes have an epoll set of their own so that a check costs one epoll_ctl or two (close() takes a
 * socket out) and a turn of the loop serves hundreds of sockets. Near servers often have answered when
 * all connections of a turn are begun: one poll() finds them, and saves an event. A deadline that is put
 * off is not moved on the agenda: it comes early once and sees that.
 *
 * Must not know protocols or verdicts, and nothing of how often something is checked.
 */
#include "io/probe.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/str.h"
#include "io/probe_internal.h"

#define EVENTS_MAX 256
#define LIMIT_TIMES 4
#define LIMIT_LEAST (30 * USEC_PER_SEC)

/* ---- deadlines ---- */

static void on_deadline(struct agenda_item *item);

static usec_t timeout_of(const struct probe *p)
{
	return p->conf->check.timing.connect_timeout;
}

static usec_t limit_of(const struct probe *p)
{
	return usec_max(LIMIT_TIMES * timeout_of(p), LIMIT_LEAST);
}

void probe_wait_anew(struct probe *p)
{
	p->until = loop_now(p->engine->loop) + timeout_of(p);
	if (!agenda_has(&p->deadline) || p->until < p->deadline.at)
		agenda_set(p->engine->agenda, &p->deadline, usec_min(p->until, p->limit));
}

static const char *missing(const struct probe *p)
{
	if (p->phase == PROBE_CONNECTING)
		return "no connection";
	return p->phase == PROBE_HANDSHAKING ? "no TLS handshake" : "no answer";
}

static bool is_judged_silent(struct probe *p)
{
	if ((p->phase != PROBE_TALKING && p->phase != PROBE_LISTENING) || !p->judge->silence)
		return false;
	return probe_judged(p, p->judge->silence(p));
}

static void timed_out(struct probe *p, usec_t now)
{
	if (now < p->until)
		probe_fail(p, "no end of the answer within %g s",
			   (double)limit_of(p) / (double)USEC_PER_SEC);
	else if (!is_judged_silent(p))
		probe_fail(p, "%s within %g s", missing(p),
			   (double)timeout_of(p) / (double)USEC_PER_SEC);
}

static void on_deadline(struct agenda_item *item)
{
	struct probe *p = (struct probe *)((char *)item - offsetof(struct probe, deadline));
	usec_t now = loop_now(p->engine->loop);
	usec_t at = usec_min(p->until, p->limit);

	/* The grid may have brought it half a step early. */
	if (now + AGENDA_GRID < at)
		agenda_set(p->engine->agenda, item, at);
	else
		timed_out(p, now + AGENDA_GRID);
}

/* ---- the end ---- */

static void close_all(struct probe *p)
{
	if (p->phase == PROBE_ECHOING)
		probe_echo_forget(p);
	if (p->ssl)
		probe_tls_close(p);
	probe_socket_end(p);
	p->phase = PROBE_IDLE;
	p->out.n = 0;
	agenda_set(p->engine->agenda, &p->deadline, USEC_NEVER);
}

void probe_finish(struct probe *p, enum probe_outcome outcome, const char *reason)
{
	struct probe_result r = {.outcome = outcome, .reason = reason};

	if (p->ssl)
		r.certificate_ends = probe_tls_certificate_ends(p);
	close_all(p);
	p->judge->done(p, &r);
}

void probe_fail(struct probe *p, const char *fmt, ...)
{
	struct probe_engine *e = p->engine;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->reason, sizeof(e->reason), fmt, ap);
	va_end(ap);
	probe_finish(p, PROBE_FAILED, e->reason);
}

const char *probe_error_text(int error, char *buf, size_t size)
{
	if (error == ETIMEDOUT)
		snprintf(buf, size, "no answer");
	else
		str_copy(buf, size, strerror(error));
	buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

void probe_give_up(struct probe *p, const char *what, int error)
{
	struct probe_engine *e = p->engine;
	char text[80];

	probe_error_text(error, text, sizeof(text));
	snprintf(e->reason, sizeof(e->reason), "%s%s%s", what, *what ? ": " : "", text);
	probe_finish(p, probe_error_is_verdict(error) ? PROBE_FAILED : PROBE_UNDECIDED, e->reason);
}

bool probe_judged(struct probe *p, enum probe_step step)
{
	if (step == PROBE_MORE || step == PROBE_WAIT)
		return false;
	if (step == PROBE_GOOD)
		probe_finish(p, PROBE_SUCCEEDED, "");
	else
		probe_finish(p, PROBE_FAILED, p->judge->reason(p));
	return true;
}

bool probe_obey(struct probe *p, enum probe_step step, bool (*send)(struct probe *p))
{
	if (probe_judged(p, step))
		return false;
	if (step == PROBE_WAIT) {
		p->out.n = 0;
		return true;
	}
	probe_wait_anew(p);
	return send(p);
}

/* ---- events ---- */

bool probe_watch(struct probe *p, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = p};
	int how = p->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	p->watched = epoll_ctl(p->engine->epoll_fd, how, p->fd, &ev) == 0;
	if (p->watched)
		return true;
	probe_finish(p, PROBE_UNDECIDED, "the socket can't be watched");
	return false;
}

static void serve(struct probe *p, uint32_t events)
{
	switch ((enum probe_phase)p->phase) {
	case PROBE_CONNECTING:
	case PROBE_HANDSHAKING:
	case PROBE_TALKING:
		probe_stream_ready(p, events);
		break;
	case PROBE_LISTENING:
		probe_datagram_ready(p);
		break;
	case PROBE_IDLE:
	case PROBE_ECHOING:
		break;
	}
}

static void on_ready(void *ctx)
{
	struct probe_engine *e = ctx;
	struct epoll_event events[EVENTS_MAX];

	e->n_served = epoll_wait(e->epoll_fd, events, EVENTS_MAX, 0);
	e->served = events;
	for (int i = 0; i < e->n_served; i++)
		if (events[i].data.ptr)
			serve(events[i].data.ptr, events[i].events);
	e->served = NULL;
	e->n_served = 0;
}

/* ---- connections just begun ---- */

/* poll() and epoll have the same numbers. What came before a run is watched gives an event, too. */
static void settle_one(struct probe *p, uint32_t events)
{
	if (events)
		serve(p, events);
	if (!events || (probe_is_running(p) && !p->watched))
		(void)probe_stream_watch(p);
}

static void settle(void *ctx)
{
	struct probe_engine *e = ctx;
	struct pollfd fds[PROBE_SETTLE_MAX];
	unsigned n = e->n_fresh;

	if (n == 0 || e->settling)
		return;
	e->settling = true;
	for (unsigned i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = e->fresh[i] ? e->fresh[i]->fd : -1, .events = POLLOUT};
	if (poll(fds, n, 0) < 0)
		for (unsigned i = 0; i < n; i++)
			fds[i].revents = 0;
	for (unsigned i = 0; i < n; i++) {
		struct probe *p = e->fresh[i];

		e->fresh[i] = NULL;
		if (p)
			settle_one(p, (uint32_t)fds[i].revents);
	}
	e->n_fresh = 0;
	e->settling = false;
}

void probe_watch_later(struct probe *p)
{
	struct probe_engine *e = p->engine;

	if (!agenda_is_serving(e->agenda) || e->settling) {
		(void)probe_stream_watch(p);
		return;
	}
	e->fresh[e->n_fresh++] = p;
	if (e->n_fresh == PROBE_SETTLE_MAX)
		settle(e);
}

/* ---- the engine ---- */

struct probe_engine *probe_engine_new(struct loop *l, struct agenda *a)
{
	struct probe_engine *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->loop = l;
	e->agenda = a;
	e->keep_max = probe_socket_keep_max();
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll_fd < 0) {
		free(e);
		return NULL;
	}
	e->watch = loop_fd_add(l, e->epoll_fd, on_ready, e);
	agenda_after(a, settle, e);
	return e;
}

struct probe_engine *probe_engine_free(struct probe_engine *e)
{
	if (!e)
		return NULL;
	agenda_after(e->agenda, NULL, NULL);
	loop_fd_free(e->watch);
	close(e->epoll_fd);
	probe_echo_free(e->echo);
	probe_tls_free(e->tls);
	free(e);
	return NULL;
}

uint32_t probe_engine_random(struct probe_engine *e)
{
	if (e->n_random == 0) {
		e->n_random = ARRAY_SIZE(e->random);
		if (getrandom(e->random, sizeof(e->random), GRND_NONBLOCK) < 0)
			for (unsigned i = 0; i < e->n_random; i++) /* a machine that just booted */
				e->random[i] = (uint32_t)(clock_monotonic() * 2654435761u) + i;
	}
	return e->random[--e->n_random];
}

void probe_start(struct probe_engine *e, struct probe *p)
{
	p->engine = e;
	if (!p->kept)
		p->fd = -1;
	p->ssl = NULL;
	p->out.n = 0;
	p->n_in = 0;
	p->peer_closed = false;
	p->deadline.fn = on_deadline;
	p->limit = loop_now(e->loop) + limit_of(p);
	switch ((enum probe_transport)p->transport) {
	case PROBE_CONNECT:
	case PROBE_STREAM:
	case PROBE_TLS:
		probe_stream_start(p);
		break;
	case PROBE_DATAGRAM:
		probe_datagram_start(p);
		break;
	case PROBE_ECHO:
		probe_echo_start(p);
		break;
	}
}

/* Of what is being served. */
static void strike_out(const struct probe *p)
{
	struct probe_engine *e = p->engine;

	for (int i = 0; i < e->n_served; i++)
		if (e->served[i].data.ptr == p)
			e->served[i].data.ptr = NULL;
	for (unsigned i = 0; i < e->n_fresh; i++)
		if (e->fresh[i] == p)
			e->fresh[i] = NULL;
}

void probe_cancel(struct probe *p)
{
	if (!probe_is_running(p))
		return;
	strike_out(p);
	close_all(p);
}

void probe_clear(struct probe *p)
{
	probe_cancel(p);
	if (!p->kept)
		return;
	strike_out(p);
	probe_socket_clear(p);
}
