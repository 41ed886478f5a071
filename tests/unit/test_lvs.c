/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real servers: states, weights, slow start, draining, the events and their order; stop and crash.
 */
#include "lvs_fixture.h"

/* ---- servers ---- */

static void starts_up_without_alpha(void **state)
{
	struct bench b = bench_new(servers(2));

	assert_events(&b, "U0! U1! Q!");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_free(&b);
}

static void starts_down_with_alpha(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	c->checkers.v[0]->timing.alpha = true;
	b = bench_new(c);
	assert_events(&b, "U1! Q!");
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_up(&b, 0);
	assert_events(&b, "U0 C0");
	assert_true(b.events[1].rs_changed);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_free(&b);
}

/* The script and the FIFO hear of it, no mail: nothing has changed. */
static void alpha_fails_at_first(void **state)
{
	struct conf *c = servers(1);
	struct bench b;

	c->checkers.v[0]->timing.alpha = true;
	b = bench_new(c);
	assert_events(&b, "");
	bench_down(&b, 0);
	assert_events(&b, "d0");
	assert_string_equal(b.events[0].reason, "refused");
	bench_down(&b, 0);
	assert_events(&b, "");
	bench_free(&b);
}

static void needs_all_its_checkers(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	lvs_conf_check(c, RS(c, 0), CHECK_TCP, 81); /* checker 2 */
	b = bench_new(c);
	bench_down(&b, 0);
	assert_events(&b, "d0 c0");
	bench_down(&b, 2);
	assert_events(&b, "c2");
	assert_false(b.events[0].rs_changed);
	assert_int_equal(lvs_view_server(b.l, 0).failed_checkers, 2);
	bench_up(&b, 0);
	assert_events(&b, "C0");
	assert_false(lvs_view_server(b.l, 0).up);
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_up(&b, 2);
	assert_events(&b, "U0 C2");
	bench_free(&b);
}

static void without_checkers_always_up(void **state)
{
	struct conf *c = servers(0);
	struct bench b;

	lvs_conf_server(c, VS(c), "192.0.2.1", 80, 4);
	b = bench_new(c);
	assert_events(&b, "U0! Q!");
	assert_table(&b, TABLE " 192.0.2.1:80=4");
	bench_free(&b);
}

static void same_verdict_is_no_event(void **state)
{
	struct bench b = bench_new(servers(2));

	bench_table(&b);
	bench_up(&b, 0);
	assert_events(&b, "");
	assert_false(lvs_is_dirty(b.l));
	bench_down(&b, 0);
	assert_true(lvs_is_dirty(b.l));
	bench_table(&b);
	bench_down(&b, 0);
	assert_events(&b, "");
	assert_false(lvs_is_dirty(b.l));
	bench_free(&b);
}

static void inhibit_keeps_weight_zero(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->inhibit_on_failure = true;
	b = bench_new(c);
	bench_down(&b, 0);
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_up(&b, 0);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_free(&b);
}

static void ids_out_of_range_do_nothing(void **state)
{
	struct bench b = bench_new(servers(1));

	bench_down(&b, 1);
	bench_down(&b, CONF_NONE);
	lvs_override_weight(b.l, 1, 5, b.now);
	lvs_set_file(b.l, 3, 5, b.now);
	lvs_set_bfd(b.l, 0, false, b.now);
	bench_take(&b);
	assert_events(&b, "");
	assert_false(lvs_view_server(b.l, 77).up);
	assert_false(lvs_view_service(b.l, 77).quorum_up);
	bench_free(&b);
}

static void says_since_when(void **state)
{
	struct bench b = bench_new(servers(2));

	assert_int_equal(lvs_view_server(b.l, 0).since, T0);
	b.now += 5 * SEC;
	bench_down(&b, 0);
	b.now += 5 * SEC;
	bench_down(&b, 0); /* nothing new */
	assert_int_equal(lvs_view_server(b.l, 0).since, T0 + 5 * SEC);
	assert_int_equal(lvs_view_service(b.l, 0).since, T0);
	bench_down(&b, 1);
	assert_int_equal(lvs_view_service(b.l, 0).since, T0 + 10 * SEC);
	b.now += 5 * SEC;
	bench_up(&b, 0);
	assert_int_equal(lvs_view_server(b.l, 0).since, T0 + 15 * SEC);
	assert_int_equal(lvs_view_service(b.l, 0).since, T0 + 15 * SEC);
	bench_free(&b);
}

static void reason_without_end_is_cut(void **state)
{
	struct bench b = bench_new(servers(1));
	struct lvs_verdict v = {0};

	memset(v.reason, 'x', sizeof(v.reason));
	bench_verdict(&b, 0, v);
	assert_int_equal(strlen(b.events[0].reason), LVS_REASON_MAX - 1);
	assert_int_equal(strlen(lvs_view_server(b.l, 0).reason), LVS_REASON_MAX - 1);
	bench_free(&b);
}

static void names_in_events(void **state)
{
	struct bench b = bench_new(servers(1));

	assert_string_equal(b.events[0].vs_name, "[10.0.0.1]:tcp:80");
	assert_string_equal(b.events[0].rs_name, "[192.0.2.1]:tcp:80");
	assert_true(b.events[0].rs_up);
	bench_down(&b, 0);
	assert_events(&b, "d0 q c0");
	assert_false(b.events[2].rs_up);
	assert_int_equal(b.events[1].quorum, 1);
	assert_int_equal(b.events[1].weight, 0);
	bench_free(&b);
}

/* ---- weights ---- */

static void contributions_add_up(void **state)
{
	struct conf *c = servers(1);
	struct bench b;

	RS(c, 0)->weight = 7;
	lvs_conf_misc(c, RS(c, 0), "/bin/a");
	lvs_conf_misc(c, RS(c, 0), "/bin/b");
	b = bench_new(c);
	bench_verdict(&b, 1, (struct lvs_verdict){.up = true, .contribution = 3}); /* 12 - 2 - 7 */
	assert_events(&b, "W0 C1!");
	assert_table(&b, TABLE " 192.0.2.1:80=10");
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .contribution = -20});
	assert_events(&b, "W0 q C2!");
	assert_int_equal(lvs_view_server(b.l, 0).effective, -10);
	assert_table(&b, TABLE " 192.0.2.1:80=0");
	/* below zero nothing changes for the kernel */
	bench_verdict(&b, 1, (struct lvs_verdict){.up = true, .contribution = 0});
	assert_events(&b, "");
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .contribution = INT64_MAX});
	assert_table(&b, TABLE " 192.0.2.1:80=2147483647");
	bench_verdict(&b, 1, (struct lvs_verdict){.up = true, .contribution = INT64_MAX});
	assert_table(&b, TABLE " 192.0.2.1:80=2147483647");
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .contribution = INT64_MIN});
	assert_int_equal(lvs_view_server(b.l, 0).effective, 7);
	bench_free(&b);
}

/* A failed checker contributes nothing. */
static void failure_ends_the_contribution(void **state)
{
	struct conf *c = servers(0);
	struct bench b;

	lvs_conf_server(c, VS(c), "192.0.2.1", 80, 7);
	lvs_conf_misc(c, RS(c, 0), "/bin/a");
	b = bench_new(c);
	bench_verdict(&b, 0, (struct lvs_verdict){.up = true, .contribution = 3});
	bench_verdict(&b, 0, (struct lvs_verdict){.up = false, .contribution = 3});
	assert_int_equal(lvs_view_server(b.l, 0).effective, 7);
	bench_up(&b, 0);
	assert_table(&b, TABLE " 192.0.2.1:80=7");
	bench_free(&b);
}

static void misc_tells_its_first_result(void **state)
{
	struct conf *c = servers(0);
	struct bench b;

	lvs_conf_server(c, VS(c), "192.0.2.1", 80, 7);
	lvs_conf_misc(c, RS(c, 0), "/bin/a");
	b = bench_new(c);
	bench_up(&b, 0);
	assert_events(&b, "C0!");
	bench_up(&b, 0);
	assert_events(&b, "");
	bench_free(&b);
}

static void agent_scales_and_drains(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->weight = 10;
	lvs_conf_check(c, RS(c, 0), CHECK_AGENT, 99);
	b = bench_new(c);
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .has_percent = true, .percent = 75});
	assert_events(&b, "W0");
	assert_table(&b, TABLE " 192.0.2.1:80=8 192.0.2.2:80=1");
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .has_percent = true, .percent = 1});
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .has_percent = true});
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .has_percent = true, .percent = 150});
	assert_table(&b, TABLE " 192.0.2.1:80=15 192.0.2.2:80=1");
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .drain = true});
	assert_events(&b, "W0");
	assert_true(lvs_view_server(b.l, 0).up);
	assert_true(lvs_view_server(b.l, 0).draining);
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_down(&b, 2);
	assert_events(&b, "d0 c2");
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_up(&b, 2);
	assert_table(&b, TABLE " 192.0.2.1:80=10 192.0.2.2:80=1");
	bench_free(&b);
}

static void files_give_weight_or_fail(void **state)
{
	struct conf *c = servers(0);
	struct bench b;
	uint32_t f = lvs_conf_file(c, "/run/weight"), g = lvs_conf_file(c, "/run/fail");

	lvs_conf_server(c, VS(c), "192.0.2.1", 80, 1);
	lvs_conf_file_check(c, RS(c, 0), f, 3);
	lvs_conf_file_check(c, RS(c, 0), g, 0);
	b = bench_new(c);
	lvs_set_file(b.l, f, 4, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=13");
	lvs_set_file(b.l, g, 1, b.now);
	assert_table(&b, TABLE);
	lvs_set_file(b.l, g, 0, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=13");
	lvs_set_file(b.l, f, -715827883, b.now); /* * 3 < -2^31 */
	bench_take(&b);
	assert_false(lvs_view_server(b.l, 0).up);
	lvs_set_file(b.l, f, -715827882, b.now);
	assert_true(lvs_view_server(b.l, 0).up);
	assert_table(&b, TABLE " 192.0.2.1:80=0");
	lvs_set_file(b.l, f, INT64_MAX, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=2147483647");
	bench_free(&b);
}

static void reversed_files(void **state)
{
	struct conf *c = servers(0);
	struct bench b;
	uint32_t f = lvs_conf_file(c, "/run/weight"), g = lvs_conf_file(c, "/run/fail");

	lvs_conf_server(c, VS(c), "192.0.2.1", 80, 20);
	lvs_conf_file_check(c, RS(c, 0), f, 3)->reverse = true;
	lvs_conf_file_check(c, RS(c, 0), g, 0)->reverse = true;
	b = bench_new(c);
	lvs_set_file(b.l, f, 4, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=8");
	lvs_set_file(b.l, g, 0, b.now);
	assert_table(&b, TABLE);
	lvs_set_file(b.l, g, -3, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=8");
	bench_free(&b);
}

static void sessions_fail_and_recover(void **state)
{
	struct conf *c = servers(0);
	struct conf_check_bfd *k = arena_new_of(c->arena, struct conf_check_bfd);
	struct bench b;

	lvs_conf_server(c, VS(c), "192.0.2.1", 80, 1);
	k->bfd = 5;
	lvs_conf_check_add(c, RS(c, 0), &k->check, CHECK_BFD);
	b = bench_new(c);
	lvs_set_bfd(b.l, 4, false, b.now);
	assert_true(lvs_view_server(b.l, 0).up);
	lvs_set_bfd(b.l, 5, false, b.now);
	assert_false(lvs_view_server(b.l, 0).up);
	lvs_set_bfd(b.l, 5, true, b.now);
	assert_true(lvs_view_server(b.l, 0).up);
	bench_free(&b);
}

static void weight_from_outside(void **state)
{
	struct conf *c = servers(2);
	struct bench b = bench_new(c);

	lvs_override_weight(b.l, 0, 900, b.now);
	bench_take(&b);
	assert_events(&b, "W0");
	assert_int_equal(b.events[0].weight, 900);
	assert_table(&b, TABLE " 192.0.2.1:80=900 192.0.2.2:80=1");
	lvs_override_weight(b.l, 0, UINT32_MAX, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=2147483647 192.0.2.2:80=1");
	bench_free(&b);
}

/* ---- slow start ---- */

static void weight_grows_slowly(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->weight = 100;
	RS(c, 0)->slow_start = 10 * SEC;
	b = bench_new(c);
	assert_table(&b, TABLE " 192.0.2.1:80=100 192.0.2.2:80=1");
	assert_int_equal(lvs_deadline(b.l), USEC_NEVER);
	bench_down(&b, 0);
	bench_up(&b, 0);
	assert_events(&b, "U0 C0");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	assert_true(lvs_view_server(b.l, 0).ramping);
	assert_int_equal(lvs_view_server(b.l, 0).weight, 1);
	assert_int_equal(lvs_view_server(b.l, 0).target, 100);
	assert_int_equal(lvs_view_server(b.l, 0).until, b.now + 10 * SEC);
	assert_int_equal(lvs_view_service(b.l, 0).live_weight, 101);
	bench_wait(&b, SEC / 2);
	assert_events(&b, "");
	assert_table(&b, TABLE " 192.0.2.1:80=5 192.0.2.2:80=1");
	bench_wait(&b, 9 * SEC);
	assert_table(&b, TABLE " 192.0.2.1:80=95 192.0.2.2:80=1");
	bench_wait(&b, SEC / 2);
	assert_table(&b, TABLE " 192.0.2.1:80=100 192.0.2.2:80=1");
	assert_false(lvs_view_server(b.l, 0).ramping);
	bench_wait(&b, SEC);
	assert_int_equal(lvs_deadline(b.l), USEC_NEVER);
	bench_free(&b);
}

/* Any event of the server brings its weight up to date: the table must hear of it. */
static void ramp_goes_on_with_other_events(void **state)
{
	struct conf *c = servers(1);
	struct bench b;

	RS(c, 0)->weight = 100;
	RS(c, 0)->slow_start = 10 * SEC;
	b = bench_new(c);
	bench_down(&b, 0);
	bench_up(&b, 0);
	bench_table(&b);
	b.now += SEC / 4;
	bench_up(&b, 0);
	assert_true(lvs_is_dirty(b.l));
	assert_string_equal(bench_changed(&b), TABLE " 192.0.2.1:80=2");
	bench_free(&b);
}

/* A server that was served all the time does not fall to the weight of a new one. */
static void no_ramp_out_of_panic(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	VS(c)->panic_threshold = 40;
	RS(c, 0)->weight = 100;
	RS(c, 0)->slow_start = 10 * SEC;
	b = bench_new(c);
	bench_down(&b, 0);
	assert_events(&b, "d0 P c0");
	bench_up(&b, 0);
	assert_events(&b, "U0 p C0");
	assert_table(&b, TABLE " 192.0.2.1:80=100 192.0.2.2:80=1");
	bench_free(&b);
}

static void ramp_ends_with_the_server(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->weight = 100;
	RS(c, 0)->slow_start = 10 * SEC;
	b = bench_new(c);
	bench_down(&b, 0);
	bench_up(&b, 0);
	bench_wait(&b, 5 * SEC);
	bench_down(&b, 0);
	bench_wait(&b, SEC);
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_up(&b, 0);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	lvs_override_weight(b.l, 0, 0, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_free(&b);
}

static void ten_thousand_ramps_are_few_wakeups(void **state)
{
	struct conf *c = servers(0);
	struct bench b;
	unsigned ticks = 0;

	for (unsigned i = 0; i < 10000; i++) {
		char ip[IP_TEXT_MAX];
		struct buf t = BUF_ON(ip);
		struct conf_real_server *rs;

		buf_printf(&t, "10.1.%u.%u", i >> 8, i & 255);
		rs = lvs_conf_server(c, VS(c), buf_text(&t), 80, 100);
		rs->slow_start = 10 * SEC;
		lvs_conf_check(c, rs, CHECK_TCP, 80);
	}
	b = bench_new(c);
	while (lvs_next_event(b.l, &b.events[0]))
		;
	for (unsigned i = 0; i < 10000; i++) {
		lvs_set_verdict(b.l, i, &(struct lvs_verdict){0}, b.now);
		b.now += 100; /* a second for all */
		lvs_set_verdict(b.l, i, &(struct lvs_verdict){.up = true}, b.now);
	}
	for (; lvs_deadline(b.l) != USEC_NEVER; ticks++) {
		b.now = lvs_deadline(b.l);
		lvs_tick(b.l, b.now);
	}
	assert_true(ticks > 20 && ticks < 140);
	assert_int_equal(lvs_view_service(b.l, 0).live_weight, 1000000);
	assert_int_equal(lvs_view_server(b.l, 9999).weight, 100);
	bench_free(&b);
}

/* ---- draining ---- */

static void weight_zero_leaves_after_drain_timeout(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->drain_timeout = 30 * SEC;
	lvs_conf_check(c, RS(c, 0), CHECK_AGENT, 99);
	b = bench_new(c);
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .drain = true});
	bench_wait(&b, 29 * SEC);
	assert_events(&b, "");
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_wait(&b, SEC);
	assert_events(&b, "D0");
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	assert_true(lvs_view_server(b.l, 0).up);
	assert_false(lvs_view_server(b.l, 0).in_table);
	bench_up(&b, 2);
	assert_events(&b, "W0");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_wait(&b, 60 * SEC);
	assert_events(&b, "");
	bench_free(&b);
}

static void draining_ends_with_a_weight(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->drain_timeout = 30 * SEC;
	b = bench_new(c);
	lvs_override_weight(b.l, 0, 0, b.now);
	bench_wait(&b, 20 * SEC);
	lvs_override_weight(b.l, 0, 1, b.now);
	lvs_override_weight(b.l, 0, 0, b.now);
	bench_wait(&b, 20 * SEC);
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_wait(&b, 10 * SEC);
	assert_events(&b, "D0");
	bench_free(&b);
}

/* ---- stop ---- */

static void stop_tells_with_omega(void **state)
{
	struct conf *c = servers(3);
	struct bench b;

	VS(c)->omega = true;
	b = bench_new(c);
	bench_down(&b, 1);
	lvs_stop(b.l, b.now);
	bench_take(&b);
	assert_events(&b, "d0. d2. q.");
	assert_table(&b, "");
	assert_int_equal(lvs_deadline(b.l), USEC_NEVER);
	bench_down(&b, 0);
	assert_events(&b, "");
	lvs_stop(b.l, b.now);
	bench_take(&b);
	assert_events(&b, "");
	bench_free(&b);
}

static void stop_without_omega_or_with_flush(void **state)
{
	struct conf *c = servers(2);
	struct bench b = bench_new(c);

	lvs_stop(b.l, b.now);
	bench_take(&b);
	assert_events(&b, "");
	bench_free(&b);

	c = servers(2);
	VS(c)->omega = true;
	c->global.lvs_flush_on_stop = 1;
	b = bench_new(c);
	lvs_stop(b.l, b.now);
	bench_take(&b);
	assert_events(&b, "q.");
	bench_free(&b);
}

/* ---- after a crash ---- */

static bool past_quorum(void *ctx, const struct conf_virtual_server *vs, bool *ret_up)
{
	*ret_up = *(bool *)ctx;
	return true;
}

static bool past_server(void *ctx, const struct conf_real_server *rs, bool *ret_up)
{
	*ret_up = rs->id != 0;
	return rs->id != 2;
}

static void past_is_taken_over_silently(void **state)
{
	struct conf *c = with_sorry(3);
	bool up = true;
	struct lvs_past past = {.ctx = &up, .quorum = past_quorum, .server = past_server};
	struct bench b;

	lvs_conf_check(c, RS(c, 0), CHECK_TCP, 81);
	c->checkers.v[1]->timing.alpha = true;
	b = bench_past(c, &past);
	assert_events(&b, "U2!"); /* the only one nobody knew */
	assert_table(&b, TABLE " 192.0.2.2:80=1 192.0.2.3:80=1");
	bench_up(&b, 0);
	assert_events(&b, "");
	assert_false(lvs_view_server(b.l, 0).up); /* the other checker has not spoken */
	bench_up(&b, 3);
	assert_events(&b, "U0");
	bench_free(&b);
}

/* A service that nobody knew starts late, also when a reload comes in between. */
static void new_service_waits_with_the_others(void **state)
{
	struct lvs_past past = {.server = past_server};
	struct bench b = bench_past(with_sorry(1), &past);

	assert_events(&b, "");
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	bench_take(&b);
	assert_events(&b, "q! S!");
	bench_free(&b);

	b = bench_past(with_sorry(1), &past);
	bench_reload(&b, with_sorry(1));
	assert_events(&b, "");
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	bench_take(&b);
	assert_events(&b, "q! S!");
	bench_free(&b);
}

static usec_t past_quorum_since(void *ctx, const struct conf_virtual_server *vs)
{
	return 7;
}

static usec_t past_server_since(void *ctx, const struct conf_real_server *rs)
{
	return rs->id == 0 ? 0 : 5;
}

static void past_says_since_when(void **state)
{
	struct conf *c = with_sorry(3);
	bool up = true;
	struct lvs_past past = {.ctx = &up,
				.quorum = past_quorum,
				.server = past_server,
				.quorum_since = past_quorum_since,
				.server_since = past_server_since};
	struct bench b = bench_past(c, &past);

	assert_int_equal(lvs_view_server(b.l, 1).since, 5);
	assert_int_equal(lvs_view_server(b.l, 0).since, b.now); /* not known */
	assert_int_equal(lvs_view_server(b.l, 2).since, b.now); /* a new one */
	assert_int_equal(lvs_view_service(b.l, 0).since, 7);
	bench_free(&b);
}

/* A weight that a script, a file or an agent gave is not on the board: it comes with the verdicts.
 */
static void past_quorum_waits_for_the_weights(void **state)
{
	struct conf *c = with_sorry(3);
	bool up = true;
	struct lvs_past past = {.ctx = &up, .quorum = past_quorum, .server = past_server};
	struct bench b;

	VS(c)->quorum = 10;
	lvs_conf_misc(c, RS(c, 1), "/bin/a"); /* checker 3 */
	b = bench_past(c, &past);
	assert_events(&b, "U2!");
	bench_verdict(&b, 1, (struct lvs_verdict){.up = true});
	assert_events(&b, "");
	bench_verdict(&b, 3, (struct lvs_verdict){.up = true, .contribution = 7});
	assert_events(&b, "");
	assert_true(lvs_view_service(b.l, 0).quorum_up);
	assert_table(&b, TABLE " 192.0.2.99:80=1"); /* 8 + 1: it really is lost */
	bench_take(&b);
	assert_events(&b, "q S");
	bench_free(&b);

	c = with_sorry(3);
	VS(c)->quorum = 10;
	lvs_conf_misc(c, RS(c, 1), "/bin/a");
	b = bench_past(c, &past);
	c = with_sorry(3);
	VS(c)->quorum = 10;
	lvs_conf_misc(c, RS(c, 1), "/bin/a");
	bench_reload(&b, c); /* while they are awaited */
	assert_events(&b, "");
	bench_verdict(&b, 3, (struct lvs_verdict){.up = true, .contribution = 8});
	assert_table(&b, TABLE " 192.0.2.2:80=9 192.0.2.3:80=1");
	bench_take(&b);
	assert_events(&b, "");
	bench_free(&b);
}

static bool past_panic(void *ctx, const struct conf_virtual_server *vs)
{
	return *(bool *)ctx;
}

/* It was told when it began: only its end is news. */
static void past_panic_is_not_told_again(void **state)
{
	struct conf *c = with_sorry(2);
	bool up = true;
	struct lvs_past past = {
		.ctx = &up, .quorum = past_quorum, .panic = past_panic, .server = past_server};
	struct bench b;

	VS(c)->panic_threshold = 40;
	b = bench_past(c, &past); /* one of two is down */
	bench_down(&b, 0);
	bench_up(&b, 1);
	assert_events(&b, "");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_take(&b);
	assert_events(&b, "");
	bench_up(&b, 0);
	assert_events(&b, "U0 p C0");
	bench_free(&b);
}

static void past_quorum_that_is_lost_stays_lost(void **state)
{
	struct conf *c = with_sorry(3);
	bool up = false;
	struct lvs_past past = {.ctx = &up, .quorum = past_quorum, .server = past_server};
	struct bench b;

	VS(c)->quorum = 2;
	VS(c)->hysteresis = 1;
	b = bench_past(c, &past);
	assert_events(&b, "U2!"); /* 2 < 2 + 1 */
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	bench_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_up_without_alpha),
		cmocka_unit_test(starts_down_with_alpha),
		cmocka_unit_test(alpha_fails_at_first),
		cmocka_unit_test(needs_all_its_checkers),
		cmocka_unit_test(without_checkers_always_up),
		cmocka_unit_test(same_verdict_is_no_event),
		cmocka_unit_test(inhibit_keeps_weight_zero),
		cmocka_unit_test(ids_out_of_range_do_nothing),
		cmocka_unit_test(says_since_when),
		cmocka_unit_test(reason_without_end_is_cut),
		cmocka_unit_test(names_in_events),
		cmocka_unit_test(contributions_add_up),
		cmocka_unit_test(failure_ends_the_contribution),
		cmocka_unit_test(misc_tells_its_first_result),
		cmocka_unit_test(agent_scales_and_drains),
		cmocka_unit_test(files_give_weight_or_fail),
		cmocka_unit_test(reversed_files),
		cmocka_unit_test(sessions_fail_and_recover),
		cmocka_unit_test(weight_from_outside),
		cmocka_unit_test(weight_grows_slowly),
		cmocka_unit_test(ramp_goes_on_with_other_events),
		cmocka_unit_test(no_ramp_out_of_panic),
		cmocka_unit_test(ramp_ends_with_the_server),
		cmocka_unit_test(ten_thousand_ramps_are_few_wakeups),
		cmocka_unit_test(weight_zero_leaves_after_drain_timeout),
		cmocka_unit_test(draining_ends_with_a_weight),
		cmocka_unit_test(stop_tells_with_omega),
		cmocka_unit_test(stop_without_omega_or_with_flush),
		cmocka_unit_test(past_is_taken_over_silently),
		cmocka_unit_test(new_service_waits_with_the_others),
		cmocka_unit_test(past_says_since_when),
		cmocka_unit_test(past_quorum_waits_for_the_weights),
		cmocka_unit_test(past_panic_is_not_told_again),
		cmocka_unit_test(past_quorum_that_is_lost_stays_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
