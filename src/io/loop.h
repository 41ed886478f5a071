/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of a process (libevent with precise timers), its clock, signals and timers.
 * One reading of the clock per turn: loop_now() is the time of this turn.
 */
#ifndef HF_IO_LOOP_H
#define HF_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/usec.h"

struct loop;
struct loop_timer;
struct loop_fd;

struct loop *loop_new(void);
struct loop *loop_free(struct loop *l);

/* Runs until loop_quit(). */
void loop_run(struct loop *l);
void loop_quit(struct loop *l);

/* Monotonic time of this turn / a fresh reading / wall time. */
usec_t loop_now(const struct loop *l);
usec_t clock_monotonic(void);
usec_t clock_wall(void);

/* Calls fn when fd is readable. The fd stays the caller's. */
struct loop_fd *loop_fd_add(struct loop *l, int fd, void (*fn)(void *ctx), void *ctx);
struct loop_fd *loop_fd_free(struct loop_fd *f);
/* For a while nothing is called for it; allocates nothing. NULL is fine. */
void loop_fd_pause(struct loop_fd *f, bool paused);

/* A timer that is re-armed with absolute monotonic times; USEC_NEVER disarms. No allocation after new. */
struct loop_timer *loop_timer_new(struct loop *l, void (*fn)(void *ctx), void *ctx);
void loop_timer_set(struct loop_timer *t, usec_t at);
struct loop_timer *loop_timer_free(struct loop_timer *t);

/* fn(ctx, signo) in the loop, not in the handler. */
int loop_signal_add(struct loop *l, int signo, void (*fn)(void *ctx, int signo), void *ctx);

/* Where packets may come by the thousand: when descriptors are ready again within twice `gap` of the
 * last time, waits out the gap (or until a timer is due) and serves what has arrived together. Costs
 * up to `gap` of delay when busy, nothing otherwise. 0: off, as at first. */
void loop_gather(struct loop *l, usec_t gap);

/* Work to do when nothing else is ready: fn is called once per turn until it returns false.
 * Other descriptors and timers are served between calls. */
void loop_idle(struct loop *l, bool (*fn)(void *ctx), void *ctx);

#endif
