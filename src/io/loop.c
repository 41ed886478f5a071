/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: waiting. libevent watches the descriptors; timers are ours: a heap of deadlines and one
 * timerfd, because libevent's own precise timers set theirs in every turn. It is set only when the
 * earliest deadline moved forward (a deadline that was put off costs one early wake-up instead of
 * a call per advert), and it is edge triggered, so that it never has to be read.
 *
 * A turn: descriptors, then due timers in the order of their deadlines, then one piece of idle
 * work. When the process was stopped or starved, that is, a timer is late, everything that arrived
 * meanwhile is read before the timer runs: a deadline is only missed if its event did not come.
 *
 * Signals come through a signalfd; child_start() and process_start() unblock them for programs.
 *
 * Must not know: what is waited for.
 */
#include "io/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LATE (1 * USEC_PER_MSEC) /* later than this: we were starved */
#define LATE_PASSES 32		 /* bounds the reading of a flood before late timers */
#define SIGNALS 65
#define NOT_ARMED SIZE_MAX

struct loop_timer {
	struct loop *loop;
	usec_t at;
	size_t pos; /* in the heap, or NOT_ARMED */
	void (*fn)(void *ctx);
	void *ctx;
};

struct loop_fd {
	struct loop *loop;
	struct event event;
	void (*fn)(void *ctx);
	void *ctx;
};

struct loop_signal {
	void (*fn)(void *ctx, int signo);
	void *ctx;
};

struct loop {
	struct event_base *base;
	usec_t now;
	bool fresh; /* `now` was read in this turn */
	bool quit;
	bool in_timers; /* they run just now */
	unsigned served; /* descriptors served in this pass */

	int timer_fd;
	struct event timer_event;
	usec_t armed; /* what timer_fd is set to */
	struct loop_timer **heap;
	size_t n_armed, n_timers, cap;

	int signal_fd;
	struct event signal_event;
	sigset_t signals;
	struct loop_signal handlers[SIGNALS];

	bool (*idle)(void *ctx);
	void *idle_ctx;

	usec_t gather; /* see loop_gather() */
	usec_t woken;  /* when the last turn that served descriptors began */
	bool busy;     /* ... and it followed close upon another */
};

static usec_t clock_read(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

usec_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

usec_t clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

usec_t loop_now(const struct loop *l)
{
	return l->now;
}

/* The heap: the earliest deadline first; equal ones in no order. */

static void heap_put(struct loop *l, size_t pos, struct loop_timer *t)
{
	l->heap[pos] = t;
	t->pos = pos;
}

static void heap_up(struct loop *l, struct loop_timer *t, size_t pos)
{
	while (pos > 0 && l->heap[(pos - 1) / 2]->at > t->at) {
		heap_put(l, pos, l->heap[(pos - 1) / 2]);
		pos = (pos - 1) / 2;
	}
	heap_put(l, pos, t);
}

static void heap_down(struct loop *l, struct loop_timer *t, size_t pos)
{
	for (;;) {
		size_t child = 2 * pos + 1;

		if (child >= l->n_armed)
			break;
		if (child + 1 < l->n_armed && l->heap[child + 1]->at < l->heap[child]->at)
			child++;
		if (l->heap[child]->at >= t->at)
			break;
		heap_put(l, pos, l->heap[child]);
		pos = child;
	}
	heap_put(l, pos, t);
}

static void heap_remove(struct loop *l, struct loop_timer *t)
{
	struct loop_timer *last = l->heap[--l->n_armed];
	size_t pos = t->pos;

	t->pos = NOT_ARMED;
	if (last == t)
		return;
	heap_down(l, last, pos);
	heap_up(l, last, last->pos);
}

static usec_t deadline_next(const struct loop *l)
{
	return l->n_armed ? l->heap[0]->at : USEC_NEVER;
}

static void timer_fd_set(struct loop *l)
{
	usec_t at = deadline_next(l);
	struct itimerspec its = {0};

	if (at >= l->armed)
		return;
	l->armed = at;
	at = usec_max(at, 1); /* 0 would disarm */
	its.it_value.tv_sec = at / USEC_PER_SEC;
	its.it_value.tv_nsec = at % USEC_PER_SEC * 1000;
	timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

static void clock_freshen(struct loop *l)
{
	if (l->fresh)
		return;
	l->fresh = true;
	l->now = clock_monotonic();
}

static void timer_fd_fired(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;

	clock_freshen(l);
	l->armed = USEC_NEVER;
}

struct loop_timer *loop_timer_new(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	struct loop_timer *t = malloc(sizeof(*t));

	if (!t)
		abort();
	if (l->n_timers == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 8;
		l->heap = realloc(l->heap, l->cap * sizeof(*l->heap));
		if (!l->heap)
			abort();
	}
	l->n_timers++;
	*t = (struct loop_timer){.loop = l, .at = USEC_NEVER, .pos = NOT_ARMED, .fn = fn, .ctx = ctx};
	return t;
}

void loop_timer_set(struct loop_timer *t, usec_t at)
{
	struct loop *l = t->loop;
	usec_t was = t->at;

	/* One that is always due must not stand before the others in every turn. */
	if (l->in_timers && at <= l->now)
		at = l->now + 1;
	t->at = at;
	if (at == USEC_NEVER) {
		if (t->pos != NOT_ARMED)
			heap_remove(l, t);
	} else if (t->pos == NOT_ARMED) {
		heap_up(l, t, l->n_armed++);
	} else if (at < was) {
		heap_up(l, t, t->pos);
	} else {
		heap_down(l, t, t->pos);
	}
}

struct loop_timer *loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return NULL;
	loop_timer_set(t, USEC_NEVER);
	t->loop->n_timers--;
	free(t);
	return NULL;
}

static void fd_ready(evutil_socket_t fd, short what, void *ctx)
{
	struct loop_fd *f = ctx;

	clock_freshen(f->loop);
	f->loop->served++;
	f->fn(f->ctx);
}

struct loop_fd *loop_fd_add(struct loop *l, int fd, void (*fn)(void *ctx), void *ctx)
{
	struct loop_fd *f = malloc(sizeof(*f));

	if (!f)
		abort();
	f->loop = l;
	f->fn = fn;
	f->ctx = ctx;
	if (event_assign(&f->event, l->base, fd, EV_READ | EV_PERSIST, fd_ready, f) < 0 ||
	    event_add(&f->event, NULL) < 0) {
		free(f);
		return NULL;
	}
	return f;
}

struct loop_fd *loop_fd_free(struct loop_fd *f)
{
	if (!f)
		return NULL;
	event_del(&f->event);
	free(f);
	return NULL;
}

void loop_fd_pause(struct loop_fd *f, bool paused)
{
	if (!f)
		return;
	if (paused)
		event_del(&f->event);
	else
		event_add(&f->event, NULL);
}

static void signal_ready(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	struct signalfd_siginfo si;

	clock_freshen(l);
	l->served++;
	while (!l->quit && read(fd, &si, sizeof(si)) == sizeof(si))
		if (si.ssi_signo < SIGNALS && l->handlers[si.ssi_signo].fn)
			l->handlers[si.ssi_signo].fn(l->handlers[si.ssi_signo].ctx,
						     (int)si.ssi_signo);
}

int loop_signal_add(struct loop *l, int signo, void (*fn)(void *ctx, int signo), void *ctx)
{
	bool first = l->signal_fd < 0;
	int fd;

	if (signo < 1 || signo >= SIGNALS)
		return -EINVAL;
	sigaddset(&l->signals, signo);
	fd = signalfd(l->signal_fd, &l->signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (sigprocmask(SIG_BLOCK, &l->signals, NULL) < 0)
		return -errno;
	/* A signal that is ignored never becomes pending. */
	signal(signo, SIG_DFL);
	l->handlers[signo] = (struct loop_signal){fn, ctx};
	l->signal_fd = fd;
	if (!first)
		return 0;
	if (event_assign(&l->signal_event, l->base, fd, EV_READ | EV_PERSIST, signal_ready, l) < 0 ||
	    event_add(&l->signal_event, NULL) < 0)
		return -ENOMEM;
	return 0;
}

void loop_idle(struct loop *l, bool (*fn)(void *ctx), void *ctx)
{
	l->idle = fn;
	l->idle_ctx = ctx;
}

static struct event_base *base_new(void)
{
	struct event_config *c = event_config_new();
	struct event_base *base = NULL;

	if (!c)
		return NULL;
	event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	if (event_config_require_features(c, EV_FEATURE_ET) == 0)
		base = event_base_new_with_config(c);
	event_config_free(c);
	return base;
}

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->signal_fd = -1;
	l->armed = USEC_NEVER;
	l->now = clock_monotonic();
	sigemptyset(&l->signals);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	l->base = base_new();
	if (l->timer_fd < 0 || !l->base ||
	    event_assign(&l->timer_event, l->base, l->timer_fd, EV_READ | EV_PERSIST | EV_ET,
			 timer_fd_fired, l) < 0 ||
	    event_add(&l->timer_event, NULL) < 0)
		return loop_free(l);
	return l;
}

struct loop *loop_free(struct loop *l)
{
	if (!l)
		return NULL;
	if (l->signal_fd >= 0) {
		event_del(&l->signal_event);
		close(l->signal_fd);
		sigprocmask(SIG_UNBLOCK, &l->signals, NULL);
	}
	if (l->base) {
		if (event_initialized(&l->timer_event))
			event_del(&l->timer_event);
		event_base_free(l->base);
	}
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	free(l->heap);
	free(l);
	return NULL;
}

/* Serves ready descriptors, waiting for one if `wait`; returns how many there were. */
static unsigned descriptors_serve(struct loop *l, bool wait)
{
	l->fresh = false;
	l->served = 0;
	event_base_loop(l->base, EVLOOP_ONCE | (wait ? 0 : EVLOOP_NONBLOCK));
	clock_freshen(l);
	return l->served;
}

static void timers_run(struct loop *l)
{
	l->in_timers = true;
	while (!l->quit && deadline_next(l) <= l->now) {
		struct loop_timer *t = l->heap[0];

		heap_remove(l, t);
		t->at = USEC_NEVER;
		t->fn(t->ctx);
	}
	l->in_timers = false;
}

/* The function may ask for other idle work itself. */
static void idle_run(struct loop *l)
{
	bool (*fn)(void *ctx) = l->idle;
	void *ctx = l->idle_ctx;

	if (!fn || l->quit)
		return;
	l->idle = NULL;
	if (fn(ctx) && !l->idle)
		loop_idle(l, fn, ctx);
}

void loop_gather(struct loop *l, usec_t gap)
{
	l->gather = gap;
}

/* Descriptors are busy: what arrives within the gap is cheaper served together. A timer ends it. */
static void gather(struct loop *l)
{
	usec_t until = usec_min(l->woken + l->gather, deadline_next(l));
	struct timespec ts = {.tv_sec = until / USEC_PER_SEC, .tv_nsec = until % USEC_PER_SEC * 1000};

	if (until > l->now)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void loop_turn(struct loop *l)
{
	if (l->gather && l->busy && !l->idle)
		gather(l);
	timer_fd_set(l);
	if (descriptors_serve(l, !l->idle)) {
		l->busy = l->now - l->woken < 2 * l->gather;
		l->woken = l->now;
	}
	for (int i = 0; i < LATE_PASSES && !l->quit; i++)
		if (deadline_next(l) == USEC_NEVER || l->now - deadline_next(l) < LATE ||
		    descriptors_serve(l, false) == 0)
			break;
	timers_run(l);
	idle_run(l);
}

void loop_run(struct loop *l)
{
	l->quit = false;
	while (!l->quit)
		loop_turn(l);
}

void loop_quit(struct loop *l)
{
	l->quit = true;
	event_base_loopbreak(l->base);
}
