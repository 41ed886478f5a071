/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop: order of timers, descriptors before late timers, idle work between, signals. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/loop.h"

struct log {
	char text[64];
	struct loop *loop;
	unsigned idle_left, quit_at;
	usec_t fired;
};

static void say(struct log *l, char c)
{
	size_t n = strlen(l->text);

	assert_true(n + 1 < sizeof(l->text));
	l->text[n] = c;
	if (l->quit_at == n + 1)
		loop_quit(l->loop);
}

static void say_a(void *ctx)
{
	say(ctx, 'a');
}

static void say_b(void *ctx)
{
	say(ctx, 'b');
}

static void say_c(void *ctx)
{
	say(ctx, 'c');
}

static void timers_fire_in_order(void **state)
{
	struct log l = {.loop = loop_new(), .quit_at = 3};
	struct loop_timer *a = loop_timer_new(l.loop, say_a, &l);
	struct loop_timer *b = loop_timer_new(l.loop, say_b, &l);
	struct loop_timer *c = loop_timer_new(l.loop, say_c, &l);
	usec_t now = clock_monotonic();

	loop_timer_set(a, now + 30000);
	loop_timer_set(b, now + 1000);
	loop_timer_set(c, now + 2000);
	loop_timer_set(b, now + 40000); /* put off */
	loop_timer_set(c, now + 35000);
	loop_timer_set(c, now + 5000);
	loop_run(l.loop);
	assert_string_equal(l.text, "cab");
	assert_true(clock_monotonic() - now >= 40000);

	l.quit_at = 4;
	loop_timer_set(a, loop_now(l.loop) + 3000);
	loop_timer_set(b, loop_now(l.loop) + 1000);
	loop_timer_set(b, USEC_NEVER);
	loop_run(l.loop);
	assert_string_equal(l.text, "caba");
	loop_timer_free(a);
	loop_timer_free(b);
	loop_timer_free(c);
	loop_free(l.loop);
}

static struct loop_timer *eager;

static void say_a_again(void *ctx)
{
	struct log *l = ctx;

	if (l->text[0] == '\0')
		say(l, 'a');
	loop_timer_set(eager, 0);
}

/* A timer that is due at all times keeps no other from its turn. */
static void always_due(void **state)
{
	struct log l = {.loop = loop_new(), .quit_at = 2};
	struct loop_timer *b = loop_timer_new(l.loop, say_b, &l);

	eager = loop_timer_new(l.loop, say_a_again, &l);
	loop_timer_set(eager, 0);
	loop_timer_set(b, clock_monotonic() + 20000);
	alarm(10);
	loop_run(l.loop);
	alarm(0);
	assert_string_equal(l.text, "ab");
	loop_timer_free(eager);
	loop_timer_free(b);
	loop_free(l.loop);
}

static void many_timers(void **state)
{
	struct log l = {.loop = loop_new(), .quit_at = 40};
	struct loop_timer *t[40];
	usec_t now = clock_monotonic();
	unsigned x = 12345;

	for (int i = 0; i < 40; i++)
		t[i] = loop_timer_new(l.loop, i < 20 ? say_a : say_b, &l);
	for (int round = 0; round < 50; round++)
		for (int i = 0; i < 40; i++) {
			x = x * 1103515245 + 12345;
			loop_timer_set(t[i], x >> 16 & 7 ? now + (x >> 16 & 0xfff) : USEC_NEVER);
		}
	/* the a's all before the b's */
	for (int i = 0; i < 40; i++)
		loop_timer_set(t[i], now + (i < 20 ? 20000 : 30000) + i * 7 % 40);
	loop_run(l.loop);
	assert_memory_equal(l.text, "aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb", 40);
	for (int i = 0; i < 40; i++)
		loop_timer_free(t[i]);
	loop_free(l.loop);
}

static void note_time(void *ctx)
{
	struct log *l = ctx;

	l->fired = clock_monotonic();
	loop_quit(l->loop);
}

/* The median of several, and with the worker's real-time priority where that is permitted, since the
 * machine may be busy. */
static void timers_are_precise(void **state)
{
	const struct sched_param real_time = {.sched_priority = 1}, usual = {0};
	struct log l = {.loop = loop_new()};
	struct loop_timer *t = loop_timer_new(l.loop, note_time, &l);
	unsigned good = 0;

	(void)sched_setscheduler(0, SCHED_RR, &real_time);
	for (int i = 0; i < 21; i++) {
		usec_t at = clock_monotonic() + 1500;

		loop_timer_set(t, at);
		loop_run(l.loop);
		assert_true(l.fired >= at);
		good += l.fired - at < 500;
	}
	(void)sched_setscheduler(0, SCHED_OTHER, &usual);
	assert_true(good > 10);
	loop_timer_free(t);
	loop_free(l.loop);
}

struct pipe_end {
	int fd[2];
	struct log *log;
};

static void read_one(void *ctx)
{
	struct pipe_end *p = ctx;
	char c;

	assert_int_equal(read(p->fd[0], &c, 1), 1);
	say(p->log, c);
}

/* A process that was stopped past its deadline reads what came before it acts on the timer,
 * also what takes several passes to read. */
static void arrived_before_late_timer(void **state)
{
	struct log l = {.loop = loop_new(), .quit_at = 4};
	struct pipe_end p = {.log = &l};
	struct loop_timer *t = loop_timer_new(l.loop, say_a, &l);
	struct loop_fd *f;

	assert_int_equal(pipe(p.fd), 0);
	f = loop_fd_add(l.loop, p.fd[0], read_one, &p);
	loop_timer_set(t, clock_monotonic() + 1000);
	assert_int_equal(write(p.fd[1], "123", 3), 3);
	usleep(20000);
	loop_run(l.loop);
	assert_string_equal(l.text, "123a");
	loop_fd_free(f);
	loop_timer_free(t);
	loop_free(l.loop);
	close(p.fd[0]);
	close(p.fd[1]);
}

static bool idle_work(void *ctx)
{
	struct log *l = ctx;

	say(l, 'i');
	return --l->idle_left > 0;
}

/* A descriptor that is always ready gets its turn between pieces of idle work, so does a timer;
 * when the work is done the loop sleeps. */
static void idle_shares(void **state)
{
	struct log l = {.loop = loop_new(), .idle_left = 3, .quit_at = 8};
	struct pipe_end p = {.log = &l};
	struct loop_timer *t = loop_timer_new(l.loop, say_a, &l);
	struct loop_fd *f;

	assert_int_equal(pipe(p.fd), 0);
	f = loop_fd_add(l.loop, p.fd[0], read_one, &p);
	assert_int_equal(write(p.fd[1], "1234", 4), 4);
	loop_idle(l.loop, idle_work, &l);
	loop_timer_set(t, clock_monotonic() + 300000);
	loop_run(l.loop);
	assert_string_equal(l.text, "1i2i3i4a");
	loop_fd_free(f);
	loop_timer_free(t);
	loop_free(l.loop);
	close(p.fd[0]);
	close(p.fd[1]);
}

static void got_signal(void *ctx, int signo)
{
	say(ctx, signo == SIGUSR1 ? 'u' : signo == SIGHUP ? 'h' : '?');
}

static void signals_come_in_the_loop(void **state)
{
	struct log l = {.loop = loop_new(), .quit_at = 2};

	signal(SIGUSR1, SIG_IGN);
	assert_int_equal(loop_signal_add(l.loop, SIGUSR1, got_signal, &l), 0);
	assert_int_equal(loop_signal_add(l.loop, SIGHUP, got_signal, &l), 0);
	assert_int_equal(loop_signal_add(l.loop, 1000, got_signal, &l), -22);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGHUP);
	assert_string_equal(l.text, "");
	loop_run(l.loop);
	assert_int_equal(strlen(l.text), 2);
	assert_non_null(strchr(l.text, 'u'));
	assert_non_null(strchr(l.text, 'h'));
	loop_free(l.loop);
}

struct twins {
	struct pipe_end p;
	struct loop_fd *f[2];
};

static void kill_twin(struct twins *t, int other)
{
	t->f[other] = loop_fd_free(t->f[other]);
	read_one(&t->p);
}

static void first_twin(void *ctx)
{
	kill_twin(ctx, 1);
}

static void second_twin(void *ctx)
{
	kill_twin(ctx, 0);
}

/* Freeing a descriptor that is ready in the same turn: it is not called any more. */
static void free_while_ready(void **state)
{
	struct log l = {.loop = loop_new(), .quit_at = 2};
	struct loop_timer *t = loop_timer_new(l.loop, say_a, &l);
	struct twins w = {.p.log = &l};
	int other;

	assert_int_equal(pipe(w.p.fd), 0);
	other = dup(w.p.fd[0]);
	w.f[0] = loop_fd_add(l.loop, w.p.fd[0], first_twin, &w);
	w.f[1] = loop_fd_add(l.loop, other, second_twin, &w);
	assert_int_equal(write(w.p.fd[1], "x", 1), 1);
	loop_timer_set(t, clock_monotonic() + 5000);
	loop_run(l.loop);
	assert_string_equal(l.text, "xa");
	assert_true(!w.f[0] != !w.f[1]);
	loop_fd_free(w.f[0]);
	loop_fd_free(w.f[1]);
	loop_timer_free(t);
	loop_free(l.loop);
	close(other);
	close(w.p.fd[0]);
	close(w.p.fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_order),	   cmocka_unit_test(many_timers),
		cmocka_unit_test(timers_are_precise),	   cmocka_unit_test(arrived_before_late_timer),
		cmocka_unit_test(idle_shares),		   cmocka_unit_test(signals_come_in_the_loop),
		cmocka_unit_test(free_while_ready),	   cmocka_unit_test(always_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
