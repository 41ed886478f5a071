/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grid of the agenda: what is served together, and how far from the time that it asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/agenda.h"

struct timed {
	struct agenda_item item;
	struct loop *loop;
	usec_t served;
};

static void note_time(struct agenda_item *item)
{
	struct timed *t = (struct timed *)item;

	t->served = loop_now(t->loop);
}

static void quit(void *ctx)
{
	loop_quit(ctx);
}

static void run_until(struct loop *l, const struct timed *last)
{
	struct loop_timer *t = loop_timer_new(l, quit, l);

	for (unsigned tries = 0; tries < 1000 && !last->served; tries++) {
		loop_timer_set(t, clock_monotonic() + 20000);
		loop_run(l);
	}
	loop_timer_free(t);
	assert_true(last->served != 0);
}

/* What is far away is served together with its neighbours, at most half a step from its time; what is
 * near has a finer grid. */
static void test_the_grid(void **state)
{
	struct loop *l = loop_new();
	struct agenda *a = agenda_new(l);
	usec_t step = AGENDA_GRID_FAR, far_at = (loop_now(l) + 2 * AGENDA_FAR) / step * step;
	usec_t near_at = far_at - AGENDA_FAR - 10 * step;
	struct timed far[2], near[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		far[i] = near[i] = (struct timed){.item.fn = note_time, .loop = l};
	agenda_set(a, &far[0].item, far_at - step / 2 + 1);
	agenda_set(a, &far[1].item, far_at + step / 2 - 1);
	agenda_set(a, &near[0].item, near_at - AGENDA_GRID);
	agenda_set(a, &near[1].item, near_at + AGENDA_GRID);
	assert_int_equal(near[1].item.at - near[0].item.at, 2 * AGENDA_GRID);
	run_until(l, &far[0]);
	run_until(l, &far[1]);
	assert_int_equal(far[0].served, far[1].served);
	assert_true(far[0].served >= far_at);
	assert_true(near[0].served >= near_at - AGENDA_GRID && near[1].served >= near_at + AGENDA_GRID);
	agenda_free(a);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_grid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
