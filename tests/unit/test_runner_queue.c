/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of notify scripts, and the back-off of restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proc/runner/queue.h"
#include "proc/supervisor/restart.h"

#define SCRIPT(name) ((void *)(name))

static bool push(struct queue *q, const char *first, const char *second, struct queue_job *dropped)
{
	const struct queue_job job = {.step = {SCRIPT(first), SCRIPT(second)}};

	return queue_push(q, &job, dropped);
}

static void test_scripts_of_a_transition_follow_each_other(void **state)
{
	struct queue q = {0};
	struct queue_job dropped;

	assert_null(queue_next(&q));
	assert_false(push(&q, "notify_backup", "notify", &dropped));
	assert_string_equal(queue_next(&q), "notify_backup");
	assert_null(queue_next(&q)); /* it runs */
	assert_false(queue_empty(&q));
	assert_string_equal(queue_done(&q), "notify_backup");
	assert_string_equal(queue_next(&q), "notify");
	assert_string_equal(queue_done(&q), "notify");
	assert_null(queue_next(&q));
	assert_true(queue_empty(&q));
}

static void test_only_notify(void **state)
{
	struct queue q = {0};
	struct queue_job dropped;

	push(&q, NULL, "notify", &dropped);
	assert_string_equal(queue_next(&q), "notify");
	queue_done(&q);
	push(&q, NULL, NULL, &dropped);
	assert_null(queue_next(&q));
	assert_true(queue_empty(&q));
}

static void test_newest_state_supersedes_what_has_not_begun(void **state)
{
	struct queue q = {0};
	struct queue_job dropped;

	push(&q, "backup", "any backup", &dropped);
	assert_string_equal(queue_next(&q), "backup");
	assert_false(push(&q, "master", "any master", &dropped));
	assert_true(queue_waits(&q));
	assert_true(push(&q, "fault", "any fault", &dropped));
	assert_string_equal(dropped.step[0], "master");
	assert_string_equal(dropped.step[1], "any master");
	queue_done(&q);
	assert_string_equal(queue_next(&q), "any backup"); /* begun transitions are finished */
	queue_done(&q);
	assert_string_equal(queue_next(&q), "fault");
	queue_done(&q);
	assert_string_equal(queue_next(&q), "any fault");
	queue_done(&q);
	assert_null(queue_next(&q));
}

static void test_stop_is_never_superseded(void **state)
{
	struct queue q = {0};
	struct queue_job dropped;
	const struct queue_job stop = {.step = {SCRIPT("stop")}, .final = true};

	push(&q, "master", NULL, &dropped);
	assert_string_equal(queue_next(&q), "master");
	push(&q, "backup", NULL, &dropped);
	assert_true(queue_push(&q, &stop, &dropped));
	assert_string_equal(dropped.step[0], "backup");
	assert_true(push(&q, "fault", NULL, &dropped));
	assert_string_equal(dropped.step[0], "fault");
	queue_done(&q);
	assert_string_equal(queue_next(&q), "stop");
}

static void test_extra_events_keep_their_place(void **state)
{
	struct queue q = {0};
	struct queue_job dropped;
	const struct queue_job lower = {.step = {SCRIPT("lower")}, .extra = true};

	push(&q, "running", NULL, &dropped);
	queue_next(&q);
	assert_false(queue_push(&q, &lower, &dropped));
	assert_true(queue_push(&q, &lower, &dropped)); /* said once */
	push(&q, "backup", NULL, &dropped);
	queue_done(&q);
	assert_string_equal(queue_next(&q), "lower");
	queue_done(&q);
	assert_string_equal(queue_next(&q), "backup");
	push(&q, "master", NULL, &dropped);
	queue_push(&q, &lower, &dropped);
	queue_done(&q);
	assert_string_equal(queue_next(&q), "master");
	queue_done(&q);
	assert_string_equal(queue_next(&q), "lower");
}

static void test_restarts_back_off(void **state)
{
	static const int seconds[] = {0, 1, 2, 4, 8, 16, 32, 60, 60};
	struct restart r = {0};

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		assert_int_equal(restart_after_death(&r, 0, 100), seconds[i] * USEC_PER_SEC);
		assert_int_equal(restart_is_hopeless(&r), i + 1 >= RESTART_HOPELESS);
	}
	assert_int_equal(restart_after_death(&r, 0, 60 * USEC_PER_SEC), 0);
	assert_false(restart_is_hopeless(&r));
	assert_int_equal(restart_after_death(&r, 0, 59 * USEC_PER_SEC), 0);
	assert_int_equal(restart_after_death(&r, 0, 59 * USEC_PER_SEC), USEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts_of_a_transition_follow_each_other),
		cmocka_unit_test(test_only_notify),
		cmocka_unit_test(test_newest_state_supersedes_what_has_not_begun),
		cmocka_unit_test(test_stop_is_never_superseded),
		cmocka_unit_test(test_extra_events_keep_their_place),
		cmocka_unit_test(test_restarts_back_off),
	};

	return cmocka_run_group_tests_name("runner queue and restarts", tests, NULL, NULL);
}
