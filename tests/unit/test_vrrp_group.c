/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sync groups: all together or not at all. */
#include "vrrp_fixture.h"

static struct bench two(void)
{
	struct conf *c = conf_empty();

	conf_instance_add(c, "VI_1", 51, 100);
	conf_instance_add(c, "VI_2", 52, 100)->interface = "eth1";
	conf_group_add(c, "G1");
	return bench_new(c);
}

static enum vrrp_state group_state(const struct bench *b)
{
	usec_t since;
	struct cause cause;

	return vrrp_router_group_state(b->r, 0, &since, &cause);
}

static void to_master(struct bench *b)
{
	bench_start(b);
	bench_next(b);
	assert_int_equal(group_state(b), VRRP_MASTER);
}

static void test_start_and_takeover(void **state)
{
	struct bench b = two();

	bench_start(&b);
	assert_string_equal(acts(&b), "GTT"); /* at the start the group speaks first */
	assert_int_equal(b.out.v[0].to, VRRP_BACKUP);
	bench_next(&b);
	/* the first waits, the second pulls it along, the group last */
	assert_string_equal(acts(&b), "NATOUATOUG");
	assert_true(note(&b, VRRP_NOTE_WAITING_GROUP));
	assert_string_equal(cause_text(&act_nth(&b, VRRP_DO_TRANSITION, 1)->cause),
			    "sync group G1 follows VI_2");
	assert_int_equal(group_state(&b), VRRP_MASTER);
	bench_free(&b);
}

static void test_waits_for_every_member(void **state)
{
	struct bench b = two();

	bench_start(&b);
	for (int k = 1; k <= 9; k++) {
		b.now = T0 + k * SEC;
		bench_advert(&b, 1, 150, "10.0.0.2", SEC);
		bench_event(&b, VRRP_EV_TICK);
		assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
		assert_int_equal(bench_state(&b, 1), VRRP_BACKUP);
	}
	/* the other master falls silent there, too */
	while (b.now < T0 + 9 * SEC + 3609375)
		bench_next(&b);
	assert_int_equal(group_state(&b), VRRP_MASTER);
	assert_int_equal(b.now, T0 + 9 * SEC + 3609375);
	bench_free(&b);
}

/* It says who waits for whom: at once where somebody debugs, as news when it lasts. */
static void test_a_member_that_is_held_back_says_why(void **state)
{
	struct bench b = two();
	unsigned waiting = 0, held = 0;

	bench_start(&b);
	for (int k = 1; k <= 99; k++) {
		b.now = T0 + k * SEC / 10;
		if (k % 10 == 0)
			bench_advert(&b, 1, 150, "10.0.0.2", SEC);
		bench_event(&b, VRRP_EV_TICK);
		if (note(&b, VRRP_NOTE_WAITING_GROUP)) {
			assert_int_equal(note(&b, VRRP_NOTE_WAITING_GROUP)->id, 0);
			assert_int_equal(k, 37); /* its master down interval */
			waiting++;
		}
		if (note(&b, VRRP_NOTE_HELD_BY_GROUP)) {
			assert_string_equal(note_text(note(&b, VRRP_NOTE_HELD_BY_GROUP), 100),
					    "wants MASTER, sync group G1 waits for VI_2, which hears "
					    "10.0.0.2 with priority 150, its own is 100");
			held++;
		}
		assert_int_equal(bench_view(&b, 0).wants, k >= 37);
		assert_false(bench_view(&b, 1).wants);
	}
	assert_int_equal(waiting, 1);
	assert_int_equal(held, 1);
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	assert_false(bench_view(&b, 0).wants);
	bench_free(&b);
}

static void test_a_master_heard_again_ends_the_wish(void **state)
{
	struct bench b = two();

	bench_start(&b);
	b.now = T0 + 2 * SEC;
	bench_advert(&b, 1, 150, "10.0.0.2", SEC);
	bench_next(&b); /* VI_1 wants */
	assert_true(note(&b, VRRP_NOTE_WAITING_GROUP));
	bench_advert(&b, 0, 150, "10.0.0.2", SEC); /* and no longer */
	bench_next(&b);
	assert_int_equal(group_state(&b), VRRP_BACKUP);
	bench_free(&b);
}

static void test_yielding_takes_all_along(void **state)
{
	struct bench b = two();

	to_master(&b);
	bench_advert(&b, 1, 150, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "TDTDG"); /* no priority 0 */
	assert_int_equal(group_state(&b), VRRP_BACKUP);
	bench_free(&b);
}

static void test_fault_takes_all_along(void **state)
{
	struct bench b = two();

	to_master(&b);
	bench_link(&b, "eth1", false);
	assert_string_equal(acts(&b), "0TD0TDG");
	assert_string_equal(cause_text(&act_nth(&b, VRRP_DO_TRANSITION, 0)->cause),
			    "sync group G1 follows VI_2");
	assert_string_equal(cause_text(&act_nth(&b, VRRP_DO_TRANSITION, 1)->cause),
			    "interface eth1 down");
	assert_int_equal(group_state(&b), VRRP_FAULT);
	bench_link(&b, "eth0", false);
	assert_string_equal(acts(&b), "N");
	assert_string_equal(note_text(note(&b, VRRP_NOTE_STILL_FAULT), 100),
			    "Still in FAULT: interface eth0 down");
	assert_int_equal(bench_view(&b, 0).cause.kind, CAUSE_INTERFACE_DOWN);
	bench_link(&b, "eth1", true);
	assert_string_equal(acts(&b), "N"); /* the same state, but not for the same reason */
	assert_string_equal(note_text(note(&b, VRRP_NOTE_STILL_FAULT), 100),
			    "Still in FAULT: sync group G1 follows VI_1");
	assert_int_equal(bench_view(&b, 1).cause.kind, CAUSE_GROUP);
	b.now += SEC;
	bench_link(&b, "eth0", true);
	assert_string_equal(acts(&b), "TTG");
	assert_string_equal(cause_text(&act_nth(&b, VRRP_DO_TRANSITION, 0)->cause),
			    "interface eth0 up");
	assert_int_equal(group_state(&b), VRRP_BACKUP);
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 3609375);
	bench_free(&b);
}

static void test_owner_does_not_start_alone(void **state)
{
	struct bench b = two();

	b.conf->instances.v[0]->priority = 255;
	b.conf->instances.v[0]->state = VRRP_MASTER;
	vrrp_router_free(b.r);
	b = bench_new(b.conf);
	bench_start(&b);
	assert_string_equal(acts(&b), "GTT");
	assert_int_equal(vrrp_router_deadline(b.r), T0 + SEC + SEC / 256);
	bench_next(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

static void test_owners_start_together(void **state)
{
	struct bench b = two();

	for (int k = 0; k < 2; k++) {
		b.conf->instances.v[k]->priority = 255;
		b.conf->instances.v[k]->state = VRRP_MASTER;
	}
	vrrp_router_free(b.r);
	b = bench_new(b.conf);
	bench_start(&b);
	assert_string_equal(acts(&b), "GATOUATOU");
	bench_free(&b);
}

static void test_lower_advert_makes_all_announce(void **state)
{
	struct bench b = two();

	to_master(&b);
	bench_advert(&b, 0, 50, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "NAUUR");
	bench_free(&b);
}

static void test_stop(void **state)
{
	struct bench b = two();

	to_master(&b);
	bench_event(&b, VRRP_EV_SHUTDOWN);
	assert_string_equal(acts(&b), "0N0N");
	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	bench_advert(&b, 1, 90, "10.0.0.2", SEC);
	bench_next(&b);
	assert_string_equal(acts(&b), "NDTNDTG");
	assert_int_equal(act_nth(&b, VRRP_DO_TRANSITION, 2)->to, VRRP_STOP);
	assert_true(vrrp_router_stopped(b.r));
	bench_free(&b);
}

static void test_pending_script_of_one_holds_all(void **state)
{
	struct bench b = two();

	conf_script_add(b.conf, "chk");
	conf_track_add(b.conf, b.conf->instances.v[1]->tracks, TRACK_SCRIPT, "chk", 0, 0);
	vrrp_router_free(b.r);
	b = bench_new(b.conf);
	bench_start(&b);
	assert_int_equal(b.out.n, 0);
	bench_script(&b, 0, true);
	assert_string_equal(acts(&b), "GTT");
	bench_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_and_takeover),
		cmocka_unit_test(test_waits_for_every_member),
		cmocka_unit_test(test_a_member_that_is_held_back_says_why),
		cmocka_unit_test(test_a_master_heard_again_ends_the_wish),
		cmocka_unit_test(test_yielding_takes_all_along),
		cmocka_unit_test(test_fault_takes_all_along),
		cmocka_unit_test(test_owner_does_not_start_alone),
		cmocka_unit_test(test_owners_start_together),
		cmocka_unit_test(test_lower_advert_makes_all_announce),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_pending_script_of_one_holds_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
