/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which worker is taken as frozen, and when real-time priority is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proc/supervisor/watch.h"

#define S USEC_PER_SEC
#define LIMIT (3 * S)

static void test_two_checks_of_an_old_heartbeat_are_frozen(void **state)
{
	struct watch w = {0};
	usec_t beat = 100 * S;

	for (usec_t now = 100 * S; now <= 103 * S; now += S)
		assert_false(watch_is_frozen(&w, now, beat, LIMIT));
	assert_false(watch_is_frozen(&w, 104 * S, beat, LIMIT));
	assert_true(watch_is_frozen(&w, 105 * S, beat, LIMIT));
}

static void test_a_heartbeat_in_between_starts_again(void **state)
{
	struct watch w = {0};

	assert_false(watch_is_frozen(&w, 100 * S, 100 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 101 * S, 97 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 102 * S, 101 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 103 * S, 99 * S, LIMIT));
	assert_true(watch_is_frozen(&w, 104 * S, 99 * S, LIMIT));
}

static void test_the_first_check_after_our_own_pause_says_nothing(void **state)
{
	struct watch w = {0};

	assert_false(watch_is_frozen(&w, 100 * S, 100 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 130 * S, 100 * S, LIMIT)); /* everything stood still */
	assert_false(watch_is_frozen(&w, 131 * S, 100 * S, LIMIT)); /* the worker has a second */
	assert_false(watch_is_frozen(&w, 132 * S, 131 * S, LIMIT));
}

static void test_our_pause_between_two_checks_forgets_the_first(void **state)
{
	struct watch w = {0};

	assert_false(watch_is_frozen(&w, 100 * S, 100 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 101 * S, 97 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 102 * S + WATCH_PUNCTUAL + 1, 97 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 103 * S + WATCH_PUNCTUAL + 1, 97 * S, LIMIT));
	assert_true(watch_is_frozen(&w, 104 * S + WATCH_PUNCTUAL + 1, 97 * S, LIMIT));
}

static void test_reset_forgets(void **state)
{
	struct watch w = {0};

	assert_false(watch_is_frozen(&w, 100 * S, 90 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 101 * S, 90 * S, LIMIT));
	watch_reset(&w);
	assert_false(watch_is_frozen(&w, 102 * S, 90 * S, LIMIT));
	assert_false(watch_is_frozen(&w, 103 * S, 90 * S, LIMIT));
	assert_true(watch_is_frozen(&w, 104 * S, 90 * S, LIMIT));
}

static void test_priority_comes_back_after_a_minute_then_later_each_time(void **state)
{
	static const int waits[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
	struct watch_priority w = {0};
	usec_t now = 1000 * S;

	assert_false(watch_gives_back(&w, now, 7));
	assert_int_equal(w.level, 7);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		now += S;
		assert_false(watch_gives_back(&w, now, 0)); /* lost */
		assert_false(watch_gives_back(&w, now + waits[i] * S - 1, 0));
		now += waits[i] * S;
		assert_true(watch_gives_back(&w, now, 0));
		assert_false(watch_gives_back(&w, now, 0));
		now += S;
		assert_false(watch_gives_back(&w, now, 7));
	}
	assert_int_equal(w.level, 7);
}

static void test_an_hour_without_a_loss_forgets_the_earlier_ones(void **state)
{
	struct watch_priority w = {0};

	assert_false(watch_gives_back(&w, 0, 1));
	assert_false(watch_gives_back(&w, 1 * S, 0));
	assert_true(watch_gives_back(&w, 61 * S, 0));
	assert_false(watch_gives_back(&w, 62 * S, 1));
	assert_false(watch_gives_back(&w, 3662 * S, 1));
	assert_false(watch_gives_back(&w, 3663 * S, 0));
	assert_true(watch_gives_back(&w, 3723 * S, 0));
}

static void test_who_never_had_a_priority_gets_none(void **state)
{
	struct watch_priority w = {0};

	for (usec_t now = 0; now < 7200 * S; now += S)
		assert_false(watch_gives_back(&w, now, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_checks_of_an_old_heartbeat_are_frozen),
		cmocka_unit_test(test_a_heartbeat_in_between_starts_again),
		cmocka_unit_test(test_the_first_check_after_our_own_pause_says_nothing),
		cmocka_unit_test(test_our_pause_between_two_checks_forgets_the_first),
		cmocka_unit_test(test_reset_forgets),
		cmocka_unit_test(test_priority_comes_back_after_a_minute_then_later_each_time),
		cmocka_unit_test(test_an_hour_without_a_loss_forgets_the_earlier_ones),
		cmocka_unit_test(test_who_never_had_a_priority_gets_none),
	};

	return cmocka_run_group_tests_name("watch over workers", tests, NULL, NULL);
}
