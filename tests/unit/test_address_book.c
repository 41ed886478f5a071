/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses wanted and present: what core/reconcile/address_book asks to remove. */
#include "core/reconcile/address_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct address_key key(const char *text, uint32_t link)
{
	struct address_key k = {.link = link, .prefix = 24};

	assert_true(ip_parse(text, &k.addr));
	return k;
}

static void one_number_per_address(void **state)
{
	struct arena *a = arena_new();
	struct address_book *b = address_book_new(a, 4);
	struct address_key k = key("10.0.0.1", 1), elsewhere = key("10.0.0.1", 2);

	assert_int_equal(address_book_find(b, &k), ADDRESS_NONE);
	assert_int_equal(address_book_add(b, &k), address_book_add(b, &k));
	assert_int_not_equal(address_book_add(b, &k), address_book_add(b, &elsewhere));
	assert_int_equal(address_book_count(b), 2);
	arena_free(a);
}

static void left_over_is_surplus(void **state)
{
	struct arena *a = arena_new();
	struct address_book *b = address_book_new(a, 4);
	struct address_key k = key("10.0.0.1", 1);
	uint32_t slot = address_book_add(b, &k), got;

	address_book_seen(b, slot, true);
	assert_int_equal(address_book_surplus(b, &got, 1), 1);
	assert_int_equal(got, slot);
	assert_int_equal(address_book_surplus(b, &got, 1), 0);
	arena_free(a);
}

/* Each once, however often it is looked at, and round the ring. */
static void surplus_comes_once(void **state)
{
	struct arena *a = arena_new();
	struct address_book *b = address_book_new(a, 2);
	struct address_key k = key("10.0.0.1", 1), other = key("10.0.0.2", 1);
	uint32_t first = address_book_add(b, &k), second = address_book_add(b, &other), got[2];

	assert_false(address_book_wanted(b, first));
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 5; i++)
			address_book_seen(b, first, true);
		address_book_want(b, second);
		assert_true(address_book_wanted(b, second));
		address_book_seen(b, second, true);
		assert_int_equal(address_book_surplus(b, got, 2), 1);
		assert_int_equal(got[0], first);
		address_book_unwant(b, second);
		assert_int_equal(address_book_surplus(b, got, 2), 1);
		assert_int_equal(got[0], second);
	}
	arena_free(a);
}

/* One instance gives it up, another takes it before anything is carried out. */
static void moved_address_stays(void **state)
{
	struct arena *a = arena_new();
	struct address_book *b = address_book_new(a, 4);
	struct address_key k = key("10.0.0.1", 1);
	uint32_t slot = address_book_add(b, &k);

	address_book_want(b, slot);
	address_book_seen(b, slot, true);
	address_book_unwant(b, slot);
	address_book_want(b, slot);
	assert_false(address_book_has_surplus(b));
	address_book_unwant(b, slot);
	assert_true(address_book_has_surplus(b));
	arena_free(a);
}

static void queue_wraps(void **state)
{
	struct arena *a = arena_new();
	struct address_book *b = address_book_new(a, 3);
	uint32_t slot[3], got[3];

	for (unsigned i = 0; i < 3; i++) {
		struct address_key k = key("10.0.0.1", i);

		slot[i] = address_book_add(b, &k);
	}
	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 3; i++)
			address_book_seen(b, slot[(i + round) % 3], true);
		assert_int_equal(address_book_surplus(b, got, 2), 2);
		assert_int_equal(address_book_surplus(b, got + 2, 2), 1);
		for (unsigned i = 0; i < 3; i++)
			address_book_seen(b, got[i], false);
		assert_false(address_book_has_surplus(b));
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_number_per_address),
		cmocka_unit_test(left_over_is_surplus),
		cmocka_unit_test(surplus_comes_once),
		cmocka_unit_test(moved_address_stays),
		cmocka_unit_test(queue_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
