/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One instance through its states: start, takeover, yielding, faults, timers. */
#include "vrrp_fixture.h"

static struct bench one(uint8_t priority)
{
	struct conf *c = conf_empty();
	struct conf_instance *i = conf_instance_add(c, "VI_1", 51, priority);

	conf_vip(c, i, "10.0.0.100");
	return bench_new(c);
}

static void test_formulas(void **state)
{
	assert_int_equal(vrrp_skew_time(2, 100, SEC), 609375);
	assert_int_equal(vrrp_skew_time(2, 100, 10 * SEC), 609375);
	assert_int_equal(vrrp_skew_time(3, 100, 300 * MS), 182812);
	assert_int_equal(vrrp_skew_time(2, 255, SEC), 3906);
	assert_int_equal(vrrp_master_down_interval(2, 100, SEC, 3), 3609375);
	/* the three of the capture: 1.707, 3.219, 3.414 s */
	assert_int_equal(vrrp_master_down_interval(3, 150, 500 * MS, 3), 1707031);
	assert_int_equal(vrrp_master_down_interval(3, 200, SEC, 3), 3218750);
	assert_int_equal(vrrp_master_down_interval(3, 150, SEC, 3), 3414062);
}

static void test_start_and_takeover(void **state)
{
	struct bench b = one(100);

	b.conf->instances.v[0]->state = VRRP_MASTER; /* gives no faster start */
	bench_start(&b);
	assert_string_equal(acts(&b), "T");
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->from, VRRP_INIT);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->to, VRRP_BACKUP);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->cause.kind, CAUSE_START);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 3609375);

	b.now = T0 + 3609374;
	bench_event(&b, VRRP_EV_TICK);
	assert_int_equal(b.out.n, 0);
	bench_next(&b);
	assert_int_equal(b.now, T0 + 3609375);
	assert_string_equal(acts(&b), "ATOU");
	assert_int_equal(b.out.v[0].priority, 100);
	assert_int_equal(act(&b, VRRP_DO_ANNOUNCE)->rounds, 5);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "no advert heard for 3.61 s (3 x 1 s + skew 0.61 s)");
	assert_int_equal(bench_view(&b, 0).become_master, 1);

	/* adverts at exact distances, the second block after five seconds, no refresh */
	for (int k = 1; k <= 4; k++) {
		bench_next(&b);
		assert_int_equal(b.now, T0 + 3609375 + k * SEC);
		assert_string_equal(acts(&b), "A");
	}
	bench_next(&b);
	assert_string_equal(acts(&b), "AU");
	bench_next(&b);
	assert_string_equal(acts(&b), "A");
	bench_free(&b);
}

static void test_owner_starts_as_master(void **state)
{
	struct bench b = one(255);

	b.conf->instances.v[0]->state = VRRP_MASTER;
	bench_start(&b);
	assert_string_equal(acts(&b), "ATOU");
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->from, VRRP_INIT);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->cause.kind, CAUSE_OWNER);
	/* after a fault it goes through BACKUP */
	bench_link(&b, "eth0", false);
	bench_link(&b, "eth0", true);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 3003906);
	bench_free(&b);
}

static void test_backup_accepts(void **state)
{
	struct bench b = one(100);

	bench_start(&b);
	b.now += SEC;
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	assert_string_equal(note_text(note(&b, VRRP_NOTE_MASTER_CHANGED), 100),
			    "master set to 10.0.0.2");
	assert_int_equal(vrrp_router_deadline(b.r), T0 + SEC + 3609375);
	/* equal priority is not compared by address in BACKUP */
	b.now += SEC;
	bench_advert(&b, 0, 100, "10.0.0.0", SEC);
	assert_string_equal(note_text(note(&b, VRRP_NOTE_MASTER_CHANGED), 100),
			    "master changed from 10.0.0.2 to 10.0.0.0");
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 2 * SEC + 3609375);
	b.now += SEC;
	bench_advert(&b, 0, 100, "10.0.0.0", SEC);
	assert_int_equal(b.out.n, 0);
	bench_next(&b);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "no advert from 10.0.0.0 for 3.61 s (3 x 1 s + skew 0.61 s)");
	bench_free(&b);
}

static void test_backup_priority_zero(void **state)
{
	struct bench b = one(100);

	bench_start(&b);
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	b.now += SEC;
	bench_advert(&b, 0, 0, "10.0.0.2", SEC);
	assert_true(note(&b, VRRP_NOTE_PRIORITY_ZERO));
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 609375);
	bench_next(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "master 10.0.0.2 left (priority 0), skew 0.61 s");
	assert_int_equal(bench_view(&b, 0).pri_zero_rcvd, 1);
	bench_free(&b);
}

static void test_preempt(void **state)
{
	struct bench b = one(150);

	bench_start(&b);
	for (int k = 1; k <= 3; k++) {
		b.now = T0 + k * SEC;
		bench_advert(&b, 0, 100, "10.0.0.2", SEC);
		assert_string_equal(
			note_text(note(&b, VRRP_NOTE_LOWER_DISCARDED), 150),
			"received lower priority (100) advert from 10.0.0.2 - discarding");
	}
	bench_next(&b);
	assert_int_equal(b.now, T0 + 3 * SEC + 106 * SEC / 256);
	assert_string_equal(acts(&b), "ATOU");
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "master 10.0.0.2 has lower priority 100, ours 150");
	bench_free(&b);
}

static void test_nopreempt(void **state)
{
	struct bench b = one(150);

	b.conf->instances.v[0]->nopreempt = true;
	bench_start(&b);
	for (int k = 1; k <= 20; k++) {
		b.now = T0 + k * SEC;
		bench_advert(&b, 0, 100, "10.0.0.2", SEC);
		assert_int_equal(vrrp_router_deadline(b.r), b.now + 3414062);
	}
	bench_advert(&b, 0, 0, "10.0.0.2", SEC);
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 106 * SEC / 256);
	bench_free(&b);
}

/* The capture: first low advert at 0, third at 2.001 is the last tolerated, + 3.414 s. */
static void test_preempt_delay(void **state)
{
	struct bench b = one(150);

	b.conf->instances.v[0]->preempt_delay = 3 * SEC;
	bench_start(&b);
	b.now += 100 * MS;
	bench_advert(&b, 0, 100, "10.0.0.2", SEC);
	assert_string_equal(note_text(note(&b, VRRP_NOTE_PREEMPT_DELAY), 150),
			    "start preempt delay (3.000000)");
	for (int k = 1; k <= 2; k++) {
		b.now += 1000500;
		bench_advert(&b, 0, 100, "10.0.0.2", SEC);
		assert_int_equal(vrrp_router_deadline(b.r), b.now + 3414062);
	}
	b.now += 1000500;
	bench_advert(&b, 0, 100, "10.0.0.2", SEC);
	assert_string_equal(note_text(note(&b, VRRP_NOTE_PREEMPT_DELAY), 150),
			    "stop preempt delay");
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 100 * MS + 2001000 + 3414062);
	/* a better master ends it */
	bench_advert(&b, 0, 200, "10.0.0.3", SEC);
	bench_advert(&b, 0, 100, "10.0.0.2", SEC);
	assert_int_equal(note(&b, VRRP_NOTE_PREEMPT_DELAY)->value, 3000);
	bench_free(&b);
}

static void test_preempt_delay_does_not_delay_a_start(void **state)
{
	struct bench b = one(150);

	b.conf->instances.v[0]->preempt_delay = 5 * SEC;
	bench_start(&b);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 3414062);
	bench_free(&b);
}

static void test_v3_learns_the_interval(void **state)
{
	struct bench b = one(100);

	vrrp_router_free(b.r);
	b.conf->instances.v[0]->version = 3;
	b.conf->instances.v[0]->advert_int = 2 * SEC;
	b = bench_new(b.conf);
	bench_start(&b);
	bench_advert(&b, 0, 150, "10.0.0.2", 300 * MS);
	assert_string_equal(note_text(note(&b, VRRP_NOTE_INTERVAL), 100),
			    "advertisement interval updated from 2000ms to 300ms by master");
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 900 * MS + 182812);
	bench_advert(&b, 0, 0, "10.0.0.2", 300 * MS);
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 182812);
	bench_next(&b);
	assert_int_equal(bench_view(&b, 0).master_interval, 2 * SEC);
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 2 * SEC);
	bench_free(&b);
}

static void test_master_yields(void **state)
{
	struct bench b = one(100);

	bench_become_master(&b);
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "TD");
	assert_string_equal(
		cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
		"Master received advert from 10.0.0.2 with higher priority 150, ours 100");
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 3609375);
	assert_int_equal(bench_view(&b, 0).release_master, 1);
	bench_free(&b);
}

static void test_master_yields_to_higher_address(void **state)
{
	struct bench b = one(100);

	bench_become_master(&b);
	bench_advert(&b, 0, 100, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "TD");
	assert_string_equal(
		cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
		"Master received advert from 10.0.0.2 with same priority 100 but higher "
		"IP address than ours");
	bench_free(&b);
}

static void test_master_keeps_against_lower_address(void **state)
{
	struct bench b = one(100);

	bench_become_master(&b);
	bench_advert(&b, 0, 100, "10.0.0.0", SEC);
	assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	assert_string_equal(acts(&b), "NAUR");
	bench_advert(&b, 0, 100, "10.0.0.1", SEC);
	assert_string_equal(acts(&b), "N");
	assert_true(note(&b, VRRP_NOTE_OWN_ADDRESS));
	bench_free(&b);
}

static void test_master_higher_prio_send_advert(void **state)
{
	struct bench b = one(100);

	b.conf->instances.v[0]->higher_prio_send_advert = true;
	bench_become_master(&b);
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "ATD");
	bench_free(&b);
}

static void test_master_hears_lower(void **state)
{
	struct bench b = one(100);

	bench_become_master(&b);
	b.now += 500 * MS;
	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "NAUR");
	assert_string_equal(
		note_text(note(&b, VRRP_NOTE_RIVAL), 100),
		"Received advert from 10.0.0.2 with lower priority 90, ours 100, forcing new "
		"election: two masters, 10.0.0.1 (100) does not yield to 10.0.0.2 (90): higher "
		"priority");
	assert_int_equal(vrrp_router_deadline(b.r), b.now + SEC);
	/* a storm is counted, and not answered by another one */
	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "");
	assert_int_equal(bench_view(&b, 0).rival_adverts, 2);
	/* the note once an episode, but RX_LOWER every time */
	b.now += 100 * MS;
	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "AUR");
	assert_int_equal(bench_view(&b, 0).rival_adverts, 3);
	b.now += 100 * MS;
	b.conf->instances.v[0]->lower_prio_no_advert = true;
	b.conf->instances.v[0]->garp_lower_prio_repeat = 0;
	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "R");
	bench_free(&b);
}

static void test_master_priority_zero(void **state)
{
	struct bench b = one(100);

	bench_become_master(&b);
	bench_advert(&b, 0, 0, "10.0.0.2", SEC);
	assert_string_equal(acts(&b), "NA");
	assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	bench_free(&b);
}

static void test_fault_from_master_sends_one_priority_zero(void **state)
{
	struct bench b = one(100);

	bench_become_master(&b);
	bench_link(&b, "eth0", false);
	assert_string_equal(acts(&b), "0TD");
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->to, VRRP_FAULT);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause), "interface eth0 down");
	assert_int_equal(vrrp_router_deadline(b.r), USEC_NEVER); /* no timer of MASTER is left */
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	assert_int_equal(b.out.n, 0);
	bench_link(&b, "eth0", true);
	assert_string_equal(acts(&b), "T");
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->to, VRRP_BACKUP);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause), "interface eth0 up");
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 3609375);
	bench_free(&b);
}

static void test_fault_from_backup_is_silent(void **state)
{
	struct bench b = one(100);

	bench_start(&b);
	bench_source(&b, 0, NULL);
	assert_string_equal(acts(&b), "T");
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "no IPv4 address for interface eth0");
	/* all of them must clear */
	bench_link(&b, "eth0", false);
	bench_source(&b, 0, "10.0.0.1");
	assert_int_equal(b.out.n, 0);
	bench_link(&b, "eth0", true);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

static void test_missing_interface_is_waited_for(void **state)
{
	struct conf *c = conf_empty();
	struct bench b;

	conf_instance_add(c, "VI_1", 51, 100);
	b = (struct bench){.conf = c, .r = vrrp_router_new(c), .now = T0};
	b.out = vrrp_router_out(b.r);
	bench_start(&b);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "waiting for interface eth0 to appear");
	bench_link(&b, "eth0", true);
	assert_int_equal(bench_view(&b, 0).cause.kind, CAUSE_NO_ADDRESS);
	bench_source(&b, 0, "10.0.0.1");
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

static void test_unicast_announces_its_source_after_a_fault(void **state)
{
	struct bench b = one(100);
	struct conf_unicast_peer *p = arena_new_of(b.conf->arena, struct conf_unicast_peer);

	p->addr = ip("10.0.0.2");
	vec_push(b.conf->arena, &b.conf->instances.v[0]->peers, p);
	bench_start(&b);
	assert_string_equal(acts(&b), "T");
	bench_link(&b, "eth0", false);
	bench_link(&b, "eth0", true);
	assert_string_equal(acts(&b), "TS");
	bench_free(&b);
}

static void test_refresh_does_not_multiply(void **state)
{
	struct bench b = one(100);
	unsigned announced = 0;

	b.conf->instances.v[0]->garp_master_refresh = 2 * SEC;
	bench_become_master(&b);
	for (int k = 0; k < 3; k++) { /* three times MASTER and back */
		bench_advert(&b, 0, 150, "10.0.0.2", SEC);
		bench_advert(&b, 0, 0, "10.0.0.2", SEC);
		bench_next(&b);
		assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	}
	for (usec_t end = b.now + 27 * SEC + 500 * MS; vrrp_router_deadline(b.r) < end;) {
		bench_next(&b);
		announced += act_count(&b, VRRP_DO_ANNOUNCE);
	}
	assert_int_equal(announced, 1 + 11); /* at 5 s; at 7, 9, ... 27 s */
	bench_free(&b);
}

static void test_late_advert_does_not_drift_nor_burst(void **state)
{
	struct bench b = one(100);
	usec_t master;

	bench_become_master(&b);
	master = b.now;
	b.now = master + SEC + 300 * MS;
	bench_event(&b, VRRP_EV_TICK);
	assert_string_equal(acts(&b), "A");
	assert_int_equal(vrrp_router_deadline(b.r), master + 2 * SEC);
	b.now = master + 4 * SEC + 500 * MS;
	bench_event(&b, VRRP_EV_TICK);
	assert_string_equal(acts(&b), "A");
	assert_int_equal(vrrp_router_deadline(b.r), usec_min(master + 5 * SEC, b.now + SEC));
	bench_free(&b);
}

static void test_stalled_master_says_so(void **state)
{
	struct bench b = one(100);

	bench_become_master(&b);
	b.now += 4 * SEC;
	bench_event(&b, VRRP_EV_TICK);
	assert_string_equal(acts(&b), "NA");
	assert_string_equal(note_text(note(&b, VRRP_NOTE_STALLED), 100),
			    "this process was not run for 3000 ms");
	b.conf->instances.v[0]->nopreempt = true;
	b.conf->instances.v[0]->timer_expired_backup = 254;
	b.now += 4 * SEC;
	bench_event(&b, VRRP_EV_TICK);
	assert_string_equal(acts(&b), "NTD");
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->cause.kind, CAUSE_STALLED);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

/* A process that was not run reads what has arrived before it looks at its timers. */
static void test_late_adverts_come_before_timers(void **state)
{
	struct conf *c = conf_empty();
	struct bench b;

	for (int k = 0; k < 2; k++)
		conf_instance_add(c, "VI", (uint8_t)(k + 1), 100);
	b = bench_new(c);
	bench_start(&b);
	b.now += 10 * SEC;
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	bench_event(&b, VRRP_EV_CONTINUE);
	bench_advert(&b, 1, 150, "10.0.0.2", SEC);
	bench_event(&b, VRRP_EV_TICK);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(bench_state(&b, 1), VRRP_BACKUP);
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 3609375);
	bench_free(&b);
}

static void test_delay_after_boot(void **state)
{
	struct vrrp_event start = {.kind = VRRP_EV_START, .value = 20 * SEC};
	struct bench b = one(100);

	b.conf->global.startup_delay = 10 * SEC; /* the longer one counts */
	bench_step(&b, &start);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 20 * SEC);
	bench_free(&b);
}

static void test_startup_delay(void **state)
{
	struct bench b = one(100);

	b.conf->global.startup_delay = 10 * SEC;
	bench_start(&b);
	assert_int_equal(b.out.n, 0);
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	assert_int_equal(b.out.n, 0);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 10 * SEC);
	bench_next(&b);
	assert_string_equal(acts(&b), "T");
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 10 * SEC + 3609375);
	bench_free(&b);
}

static void test_many_instances_share_a_wake_up(void **state)
{
	struct conf *c = conf_empty();
	struct bench b;

	for (int k = 0; k < 200; k++)
		conf_instance_add(c, "VI", (uint8_t)(k + 1), 100);
	b = bench_new(c);
	bench_start(&b);
	assert_int_equal(vrrp_router_deadline(b.r), b.now); /* the list is shorter than that */
	while (vrrp_router_busy(b.r))
		bench_event(&b, VRRP_EV_CONTINUE);
	for (unsigned masters = 0; masters < 200;) {
		bench_next(&b);
		assert_int_equal(b.now, T0 + 3609375);
		assert_true(b.out.n > 60 || masters + b.out.n / 4 == 200);
		masters += act_count(&b, VRRP_DO_OWN);
	}
	for (uint32_t k = 0; k < 200; k++)
		assert_int_equal(bench_state(&b, k), VRRP_MASTER);
	bench_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formulas),
		cmocka_unit_test(test_start_and_takeover),
		cmocka_unit_test(test_owner_starts_as_master),
		cmocka_unit_test(test_backup_accepts),
		cmocka_unit_test(test_backup_priority_zero),
		cmocka_unit_test(test_preempt),
		cmocka_unit_test(test_nopreempt),
		cmocka_unit_test(test_preempt_delay),
		cmocka_unit_test(test_preempt_delay_does_not_delay_a_start),
		cmocka_unit_test(test_v3_learns_the_interval),
		cmocka_unit_test(test_master_yields),
		cmocka_unit_test(test_master_yields_to_higher_address),
		cmocka_unit_test(test_master_keeps_against_lower_address),
		cmocka_unit_test(test_master_higher_prio_send_advert),
		cmocka_unit_test(test_master_hears_lower),
		cmocka_unit_test(test_master_priority_zero),
		cmocka_unit_test(test_fault_from_master_sends_one_priority_zero),
		cmocka_unit_test(test_fault_from_backup_is_silent),
		cmocka_unit_test(test_missing_interface_is_waited_for),
		cmocka_unit_test(test_unicast_announces_its_source_after_a_fault),
		cmocka_unit_test(test_refresh_does_not_multiply),
		cmocka_unit_test(test_late_advert_does_not_drift_nor_burst),
		cmocka_unit_test(test_stalled_master_says_so),
		cmocka_unit_test(test_late_adverts_come_before_timers),
		cmocka_unit_test(test_startup_delay),
		cmocka_unit_test(test_delay_after_boot),
		cmocka_unit_test(test_many_instances_share_a_wake_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
