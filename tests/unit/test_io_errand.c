/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errands: short ones are waited for, long ones are not, and the loop goes on meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/errand.h"

struct trip {
	struct loop *loop;
	struct errand *errand;
	usec_t takes;
	unsigned begun, worked, done, ticks;
	struct loop_timer *timer;
};

static void begin(void *ctx)
{
	((struct trip *)ctx)->begun++;
}

static void work(void *ctx)
{
	struct trip *t = ctx;

	usleep((useconds_t)t->takes);
	t->worked++;
}

static void done(void *ctx)
{
	struct trip *t = ctx;

	t->done++;
	loop_quit(t->loop);
}

static void tick(void *ctx)
{
	struct trip *t = ctx;

	t->ticks++;
	loop_timer_set(t->timer, clock_monotonic() + 5 * USEC_PER_MSEC);
}

static void trip_begin(struct trip *t)
{
	*t = (struct trip){.loop = loop_new()};
	assert_int_equal(errand_new(t->loop, &(struct errand_options){.begin = begin, .work = work, .done = done,
								      .ctx = t}, &t->errand), 0);
	assert_int_equal(t->begun, 1);
}

static void trip_end(struct trip *t)
{
	errand_free(t->errand);
	loop_free(t->loop);
}

static void short_ones_are_waited_for(void **state)
{
	struct trip t;

	trip_begin(&t);
	for (unsigned i = 1; i <= 1000; i++) {
		assert_true(errand_run(t.errand, USEC_PER_SEC * 60));
		assert_int_equal(t.worked, i);
	}
	t.takes = 50 * USEC_PER_MSEC;
	assert_true(errand_run(t.errand, USEC_NEVER));
	assert_int_equal(t.worked, 1001);
	assert_int_equal(t.done, 0);
	trip_end(&t);
}

static void the_loop_does_not_wait_for_long_ones(void **state)
{
	struct trip t;

	trip_begin(&t);
	t.timer = loop_timer_new(t.loop, tick, &t);
	t.takes = 300 * USEC_PER_MSEC;
	for (unsigned i = 1; i <= 2; i++) {
		t.ticks = 0;
		tick(&t);
		assert_false(errand_run(t.errand, USEC_PER_MSEC));
		loop_run(t.loop);
		assert_int_equal(t.done, i);
		assert_int_equal(t.worked, i);
		assert_true(t.ticks > 3);
	}
	t.takes = 0;
	assert_true(errand_run(t.errand, USEC_NEVER));
	loop_timer_free(t.timer);
	trip_end(&t);
}

static void freeing_waits_for_the_work(void **state)
{
	struct trip t;

	trip_begin(&t);
	t.takes = 50 * USEC_PER_MSEC;
	assert_false(errand_run(t.errand, 0));
	trip_end(&t);
	assert_int_equal(t.worked, 1);
	assert_null(errand_free(NULL));
}

static void count(void *ctx)
{
	++*(unsigned *)ctx;
}

static void stop(void *ctx)
{
	loop_quit(ctx);
}

static void a_paused_descriptor_is_not_served(void **state)
{
	struct loop *l = loop_new();
	struct loop_timer *end = loop_timer_new(l, stop, l);
	unsigned served = 0;
	int p[2];
	struct loop_fd *f;

	assert_int_equal(pipe(p), 0);
	f = loop_fd_add(l, p[0], count, &served);
	assert_int_equal(write(p[1], "x", 1), 1);
	loop_fd_pause(f, true);
	loop_timer_set(end, clock_monotonic() + 20 * USEC_PER_MSEC);
	loop_run(l);
	assert_int_equal(served, 0);
	loop_fd_pause(f, false);
	loop_timer_set(end, clock_monotonic() + 20 * USEC_PER_MSEC);
	loop_run(l);
	assert_true(served > 0);
	loop_fd_pause(NULL, true);
	loop_fd_free(f);
	loop_timer_free(end);
	loop_free(l);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_ones_are_waited_for),
		cmocka_unit_test(the_loop_does_not_wait_for_long_ones),
		cmocka_unit_test(freeing_waits_for_the_work),
		cmocka_unit_test(a_paused_descriptor_is_not_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
