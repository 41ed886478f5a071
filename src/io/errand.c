/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the thread and the two counters through which it is asked and answers.
 *
 * Most errands are over within a millisecond: to wait for them that long costs less than another turn
 * of the loop, and keeps things in the order in which they were asked for. Must not know: the work.
 */
#include "io/errand.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK ((size_t)128 * 1024) /* what is not touched costs nothing */

struct errand {
	struct errand_options o;
	pthread_t thread;
	int ask, answer;
	struct loop_fd *watch;
	bool running; /* there is a thread */
	bool away;    /* ... at work, and nobody waits for it */
	bool end;
};

static void tell(int fd)
{
	uint64_t one = 1;
	ssize_t r = write(fd, &one, sizeof(one));

	(void)r; /* a counter of 1 always has room */
}

static bool told(int fd)
{
	uint64_t n;
	ssize_t r;

	do
		r = read(fd, &n, sizeof(n));
	while (r < 0 && errno == EINTR);
	return r == sizeof(n);
}

static void *thread(void *arg)
{
	struct errand *e = arg;

	if (e->o.begin)
		e->o.begin(e->o.ctx);
	tell(e->answer);
	while (told(e->ask) && !e->end) {
		e->o.work(e->o.ctx);
		tell(e->answer);
	}
	return NULL;
}

static bool answer_wait(struct errand *e, usec_t patience)
{
	struct pollfd p = {.fd = e->answer, .events = POLLIN};
	struct timespec ts = {.tv_sec = patience / USEC_PER_SEC, .tv_nsec = patience % USEC_PER_SEC * 1000};
	int r;

	do
		r = ppoll(&p, 1, patience == USEC_NEVER ? NULL : &ts, NULL);
	while (r < 0 && errno == EINTR);
	return r == 1 && told(e->answer);
}

static void returned(void *arg)
{
	struct errand *e = arg;

	if (!told(e->answer))
		return;
	e->away = false;
	e->o.done(e->o.ctx);
}

/* A thread does not inherit the priority of one that resets it on fork. */
static int thread_start(struct errand *e, int rt_priority)
{
	struct sched_param p = {.sched_priority = rt_priority};
	pthread_attr_t attr;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, rt_priority ? SCHED_RR : SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &p);
	r = pthread_create(&e->thread, &attr, thread, e);
	pthread_attr_destroy(&attr);
	if (r == EPERM && rt_priority)
		return thread_start(e, 0);
	if (r == 0)
		answer_wait(e, USEC_NEVER);
	return -r;
}

int errand_new(struct loop *l, const struct errand_options *o, struct errand **ret)
{
	struct errand *e = calloc(1, sizeof(*e));
	int r = 0;

	if (!e)
		abort();
	e->o = *o;
	e->ask = eventfd(0, EFD_CLOEXEC);
	e->answer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->ask < 0 || e->answer < 0)
		r = -errno;
	else if (!(e->watch = loop_fd_add(l, e->answer, returned, e)))
		r = -ENOMEM;
	else
		r = thread_start(e, o->rt_priority);
	e->running = r == 0;
	*ret = e;
	return r;
}

struct errand *errand_free(struct errand *e)
{
	if (!e)
		return NULL;
	if (e->away)
		answer_wait(e, USEC_NEVER);
	e->end = true;
	if (e->running) {
		tell(e->ask);
		pthread_join(e->thread, NULL);
	}
	loop_fd_free(e->watch);
	if (e->ask >= 0)
		close(e->ask);
	if (e->answer >= 0)
		close(e->answer);
	free(e);
	return NULL;
}

bool errand_run(struct errand *e, usec_t patience)
{
	assert(!e->away);
	if (!e->running) {
		e->o.work(e->o.ctx);
		return true;
	}
	tell(e->ask);
	e->away = !answer_wait(e, patience);
	return !e->away;
}
