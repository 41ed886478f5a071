/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: one thread per piece of work and the descriptor that says it is over. Must not know: the work. */
#include "io/aside.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK ((size_t)512 * 1024)

struct aside {
	pthread_t thread;
	int fd;
	struct loop_fd *watch;
	void (*work)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void *thread(void *arg)
{
	struct aside *a = arg;
	uint64_t one = 1;
	ssize_t r;

	a->work(a->ctx);
	r = write(a->fd, &one, sizeof(one));
	(void)r; /* a counter of 1 always has room */
	return NULL;
}

static void over(void *arg)
{
	struct aside *a = arg;

	pthread_join(a->thread, NULL);
	loop_fd_free(a->watch);
	close(a->fd);
	a->done(a->ctx);
	free(a);
}

/* Real-time priority is the loop's alone. */
static int start(struct aside *a)
{
	struct sched_param normal = {0};
	pthread_attr_t attr;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &normal);
	r = pthread_create(&a->thread, &attr, thread, a);
	pthread_attr_destroy(&attr);
	return r;
}

struct aside *aside_run(struct loop *l, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	struct aside *a = malloc(sizeof(*a));

	if (!a)
		abort();
	*a = (struct aside){.work = work, .done = done, .ctx = ctx};
	a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->watch = a->fd < 0 ? NULL : loop_fd_add(l, a->fd, over, a);
	if (a->watch && start(a) == 0)
		return a;
	loop_fd_free(a->watch);
	if (a->fd >= 0)
		close(a->fd);
	free(a);
	return NULL;
}
