/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shares follow the weights, turns are smooth, a hash table moves few clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/lvs/nft_slots.h"

static struct arena *a;

static int setup(void **state)
{
	(void)state;
	a = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	a = arena_free(a);
	return 0;
}

static struct nft_candidate *candidates(const uint32_t *weights, unsigned n)
{
	struct nft_candidate *c = arena_alloc(a, n * sizeof(*c));

	for (unsigned i = 0; i < n; i++)
		c[i] = (struct nft_candidate){
			.id = 0x01010101u * (i + 1), .weight = weights[i], .index = i};
	return c;
}

static unsigned count(const struct nft_slots *s, unsigned index)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += s->index[i] == index;
	return n;
}

static void test_turns_are_smooth(void **state)
{
	const unsigned wanted[] = {0, 0, 1, 0, 2, 0, 0};
	struct nft_slots s = nft_slots_turns(candidates((uint32_t[]){50, 10, 10}, 3), 3, a);

	(void)state;
	assert_int_equal(s.n, 7);
	assert_memory_equal(s.index, wanted, sizeof(wanted));
}

static void test_nobody(void **state)
{
	(void)state;
	assert_int_equal(nft_slots_turns(NULL, 0, a).n, 0);
	assert_int_equal(nft_slots_hashed(NULL, 0, a).n, 0);
}

static void test_equal_weights_take_one_turn_each(void **state)
{
	struct nft_slots s =
		nft_slots_turns(candidates((uint32_t[]){INT32_MAX, INT32_MAX}, 2), 2, a);

	(void)state;
	assert_int_equal(s.n, 2);
}

static void test_turns_are_bounded_and_nobody_is_left_out(void **state)
{
	struct nft_slots s =
		nft_slots_turns(candidates((uint32_t[]){INT32_MAX, 1, 1000003}, 3), 3, a);

	(void)state;
	assert_in_range(s.n, NFT_TURNS_MOST, NFT_TURNS_MOST + 3);
	assert_int_equal(count(&s, 1), 1);
	assert_int_equal(count(&s, 2), 1);
}

static void test_more_servers_than_turns(void **state)
{
	uint32_t weights[3000];
	struct nft_slots s;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(weights); i++)
		weights[i] = i + 1;
	s = nft_slots_turns(candidates(weights, ARRAY_SIZE(weights)), ARRAY_SIZE(weights), a);
	assert_int_not_equal(count(&s, 0), 0);
	assert_in_range(s.n, 3000, 6000);
}

static void test_hashed_shares_follow_weights(void **state)
{
	struct nft_slots s = nft_slots_hashed(candidates((uint32_t[]){1, 2, 5}, 3), 3, a);

	(void)state;
	assert_int_equal(s.n, 251);
	assert_in_range(count(&s, 0), 30, 33);
	assert_in_range(count(&s, 1), 61, 64);
	assert_in_range(count(&s, 2), 155, 158);
}

static void test_hashed_leaves_nobody_out(void **state)
{
	struct nft_slots s = nft_slots_hashed(candidates((uint32_t[]){INT32_MAX, 1}, 2), 2, a);

	(void)state;
	assert_int_equal(count(&s, 1), 1);
}

/* Without one of ten, nine tenths of the slots should stay: a plain modulo would keep one tenth. */
static void test_hashed_moves_few(void **state)
{
	uint32_t weights[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct nft_candidate *c = candidates(weights, 10);
	struct nft_slots all = nft_slots_hashed(c, 10, a), less;
	unsigned moved = 0, of_gone = count(&all, 9);

	(void)state;
	less = nft_slots_hashed(c, 9, a);
	assert_int_equal(less.n, all.n);
	for (unsigned i = 0; i < all.n; i++)
		moved += all.index[i] != less.index[i];
	assert_in_range(moved, of_gone, of_gone + all.n / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns_are_smooth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_equal_weights_take_one_turn_each, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_turns_are_bounded_and_nobody_is_left_out,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_servers_than_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hashed_shares_follow_weights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hashed_leaves_nobody_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hashed_moves_few, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
