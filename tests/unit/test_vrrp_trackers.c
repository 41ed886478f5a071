/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trackers: weights, faults, first results, rise and fall, sync group rules, removed VIPs. */
#include "vrrp_fixture.h"

#include <stdio.h>

#include "core/vrrp/script.h"

static struct conf *one(uint8_t priority)
{
	struct conf *c = conf_empty();

	conf_vip(c, conf_instance_add(c, "VI_1", 51, priority), "10.0.0.100");
	return c;
}

static uint8_t effective(struct bench *b)
{
	return bench_view(b, 0).effective;
}

/* The table of weights, for an interface and a script alike. */
static void test_weight_table(void **state)
{
	static const struct {
		int32_t weight;
		bool reverse;
		int good, bad; /* 999: FAULT */
	} row[] = {{0, false, 0, 999}, {0, true, 999, 0},    {20, false, 20, 0},
		   {20, true, -20, 0}, {-20, false, 0, -20}, {-20, true, 0, 20}};

	for (unsigned k = 0; k < ARRAY_SIZE(row); k++)
		for (int script = 0; script < 2; script++) {
			struct conf *c = one(100);
			struct conf_instance *i = c->instances.v[0];
			uint32_t id = script ? conf_script_add(c, "chk") : CONF_NONE;
			struct bench b;

			conf_track_add(c, i->tracks, script ? TRACK_SCRIPT : TRACK_INTERFACE,
				       script ? "chk" : "eth9", id, row[k].weight);
			i->tracks[script ? TRACK_SCRIPT : TRACK_INTERFACE].v[0]->reverse =
				row[k].reverse;
			b = bench_new(c);
			bench_start(&b);
			for (int good = 1; good >= 0; good--) {
				int expected = good ? row[k].good : row[k].bad;

				if (script)
					bench_script(&b, 0, good);
				else
					bench_link(&b, "eth9", good);
				assert_int_equal(bench_state(&b, 0),
						 expected == 999 ? VRRP_FAULT : VRRP_BACKUP);
				if (expected != 999)
					assert_int_equal(effective(&b), 100 + expected);
			}
			bench_free(&b);
		}
}

static void test_priority_change_moves_the_timer(void **state)
{
	struct conf *c = one(100);
	struct bench b;

	conf_track_add(c, c->instances.v[0]->tracks, TRACK_INTERFACE, "eth9", CONF_NONE, -50);
	b = bench_new(c);
	bench_start(&b);
	b.now += SEC;
	bench_link(&b, "eth9", false);
	assert_string_equal(acts(&b), "P");
	assert_int_equal(act(&b, VRRP_DO_PRIORITY)->priority_old, 100);
	assert_int_equal(act(&b, VRRP_DO_PRIORITY)->priority, 50);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 3 * SEC + 206 * SEC / 256);
	bench_link(&b, "eth9", true);
	bench_next(&b);
	/* as MASTER the next advert carries it, at its usual time */
	bench_link(&b, "eth9", false);
	assert_string_equal(acts(&b), "P");
	bench_next(&b);
	assert_int_equal(act(&b, VRRP_DO_SEND_ADVERT)->priority, 50);
	bench_free(&b);
}

static void test_limits(void **state)
{
	struct conf *c = one(250);
	struct bench b;

	conf_track_add(c, c->instances.v[0]->tracks, TRACK_INTERFACE, "eth8", CONF_NONE, 50);
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_INTERFACE, "eth9", CONF_NONE, -253);
	b = bench_new(c);
	bench_start(&b);
	assert_int_equal(effective(&b), 254);
	bench_link(&b, "eth8", false);
	assert_int_equal(effective(&b), 250);
	bench_link(&b, "eth9", false);
	assert_int_equal(effective(&b), 1);
	bench_free(&b);
}

static void test_owner_has_no_weights(void **state)
{
	struct conf *c = one(255);
	struct bench b;

	conf_track_add(c, c->instances.v[0]->tracks, TRACK_INTERFACE, "eth8", CONF_NONE, -50);
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_INTERFACE, "eth9", CONF_NONE, 0);
	b = bench_new(c);
	bench_start(&b);
	bench_link(&b, "eth8", false);
	assert_int_equal(effective(&b), 255);
	bench_link(&b, "eth9", false);
	assert_int_equal(bench_state(&b, 0), VRRP_FAULT);
	bench_free(&b);
}

static void test_dont_track_primary(void **state)
{
	struct conf *c = one(100);
	struct bench b;

	c->instances.v[0]->dont_track_primary = true;
	b = bench_new(c);
	bench_start(&b);
	bench_link(&b, "eth0", false);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

static void test_tracked_interface_that_does_not_exist(void **state)
{
	struct conf *c = one(100);
	struct vrrp_event ev = {.kind = VRRP_EV_LINK};
	struct bench b;

	c->instances.v[0]->vips.v[0]->dev = "eth5";
	b = bench_new(c);
	bench_start(&b);
	ev.id = vrrp_router_port_find(b.r, "eth5");
	bench_step(&b, &ev);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "waiting for interface eth5 to appear");
	bench_link(&b, "eth5", true);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "interface eth5 is there");
	bench_free(&b);
}

static void test_interface_of_a_vip_is_tracked(void **state)
{
	struct conf *c = one(100);
	struct bench b;

	c->instances.v[0]->vips.v[0]->dev = "eth5";
	b = bench_new(c);
	bench_start(&b);
	bench_link(&b, "eth5", false);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause), "interface eth5 down");
	bench_free(&b);

	c = one(100);
	c->instances.v[0]->vips.v[0]->dev = "eth5";
	c->instances.v[0]->vips.v[0]->no_track = true;
	b = bench_new(c);
	bench_start(&b);
	bench_link(&b, "eth5", false);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

/* Without a first result: neither BACKUP nor a notification. */
static void test_first_result(void **state)
{
	for (int good = 0; good < 2; good++) {
		struct conf *c = one(100);
		struct bench b;

		conf_script_add(c, "chk");
		conf_track_add(c, c->instances.v[0]->tracks, TRACK_SCRIPT, "chk", 0, 0);
		b = bench_new(c);
		bench_start(&b);
		assert_int_equal(b.out.n, 0);
		assert_int_equal(bench_state(&b, 0), VRRP_INIT);
		assert_int_equal(bench_view(&b, 0).cause.kind, CAUSE_SCRIPT_PENDING);
		bench_script(&b, 0, good);
		assert_string_equal(acts(&b), "T");
		assert_int_equal(bench_state(&b, 0), good ? VRRP_BACKUP : VRRP_FAULT);
		if (!good)
			assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
					    "script chk failed (exited with status 1)");
		bench_free(&b);
	}
}

static void test_weighted_script_contributes_nothing_until_known(void **state)
{
	struct conf *c = one(100);
	struct vrrp_priority_part part[2];
	struct bench b;

	conf_script_add(c, "chk");
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_SCRIPT, "chk", 0, -20);
	b = bench_new(c);
	bench_start(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(effective(&b), 100);
	assert_int_equal(vrrp_router_parts(b.r, 0, part, 2), 1);
	assert_false(part[0].known);
	bench_script(&b, 0, false);
	assert_int_equal(effective(&b), 80);
	assert_int_equal(vrrp_router_parts(b.r, 0, part, 2), 1);
	assert_int_equal(part[0].value, -20);
	assert_string_equal(part[0].name, "chk");
	assert_true(part[0].known);
	assert_false(part[0].fault);
	bench_free(&b);
}

static void test_script_texts(void **state)
{
	struct conf *c = one(100);
	struct vrrp_event ev = {.kind = VRRP_EV_SCRIPT, .script = {.status = -9}};
	struct bench b;

	conf_script_add(c, "chk");
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_SCRIPT, "chk", 0, 0);
	b = bench_new(c);
	bench_start(&b);
	bench_step(&b, &ev);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "script chk failed (due to signal 9)");
	bench_script(&b, 0, true);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause), "script chk succeeds");
	ev.script.timed_out = true;
	bench_step(&b, &ev);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "script chk timed out");
	bench_free(&b);
}

static void test_file(void **state)
{
	struct conf *c = one(180);
	struct conf_track_file *f = arena_new_of(c->arena, struct conf_track_file);
	struct bench b;

	f->name = "level";
	vec_push(c->arena, &c->files, f);
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_FILE, "level", 0, 1);
	b = bench_new(c);
	bench_start(&b);
	bench_file(&b, 0, 10);
	assert_int_equal(effective(&b), 190);
	bench_file(&b, 0, 1000);
	assert_int_equal(effective(&b), 254);
	bench_file(&b, 0, -253);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(effective(&b), 1);
	bench_file(&b, 0, -254);
	assert_int_equal(bench_state(&b, 0), VRRP_FAULT);
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "tracked file level has status -254");
	bench_file(&b, 0, INT64_C(1) << 40); /* ignored */
	assert_int_equal(bench_state(&b, 0), VRRP_FAULT);
	bench_file(&b, 0, 5);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(effective(&b), 185);
	bench_free(&b);
}

static void test_file_without_weight(void **state)
{
	struct conf *c = one(100);
	struct conf_track_file *f = arena_new_of(c->arena, struct conf_track_file);
	struct bench b;

	f->name = "down";
	vec_push(c->arena, &c->files, f);
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_FILE, "down", 0, 0);
	b = bench_new(c);
	bench_start(&b);
	bench_file(&b, 0, 1);
	assert_int_equal(bench_state(&b, 0), VRRP_FAULT);
	bench_file(&b, 0, 0);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

/* Weights of members are neutralised, the group's own count for every member. */
static void test_group_rules(void **state)
{
	struct conf *c = one(100);
	struct conf_group *g;
	struct bench b;

	conf_instance_add(c, "VI_2", 52, 100);
	conf_script_add(c, "own");
	conf_script_add(c, "shared");
	g = conf_group_add(c, "G");
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_SCRIPT, "own", 0, -20);
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_INTERFACE, "eth9", CONF_NONE, -20);
	conf_track_add(c, g->tracks, TRACK_SCRIPT, "shared", 1, -30);
	b = bench_new(c);
	bench_start(&b);
	bench_script(&b, 0, false);
	assert_int_equal(effective(&b), 100);
	bench_script(&b, 1, false);
	assert_int_equal(effective(&b), 70);
	assert_int_equal(bench_view(&b, 1).effective, 70);
	bench_link(&b, "eth9", false); /* weight 0 now */
	assert_int_equal(bench_state(&b, 0), VRRP_FAULT);
	assert_int_equal(bench_state(&b, 1), VRRP_FAULT);
	bench_free(&b);
}

static void test_unsafe_script_is_not_waited_for(void **state)
{
	struct conf *c = one(100);
	struct bench b;

	conf_script_add(c, "chk");
	c->scripts.v[0]->script->unsafe = true;
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_SCRIPT, "chk", 0, 0);
	b = bench_new(c);
	bench_start(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

/* ---- rise and fall ---- */

static bool run(struct script_verdict *v, const struct conf_vrrp_script *c, const char *results,
		const char *expected)
{
	for (; *results; results++, expected++) {
		bool changed = script_verdict_step(v, c, *results == '+');

		if (changed != (*expected != '.') || (changed && v->good != (*expected == 'G')))
			return false;
	}
	return true;
}

static void test_rise_and_fall(void **state)
{
	struct conf_vrrp_script c = {.rise = 3, .fall = 2};
	struct script_verdict v = script_verdict_new(&c);

	assert_true(run(&v, &c, "+-+--++-+++-", "G...B.....G."));
	/* 2.4.3 flips on the first failure after the start whatever `fall` says */
	v = script_verdict_new(&c);
	assert_true(run(&v, &c, "--", ".B"));
	v = script_verdict_new(&c);
	assert_true(run(&v, &c, "-+", ".G"));
	c.init_fail = true;
	v = script_verdict_new(&c);
	assert_true(v.known && !v.good);
	assert_true(run(&v, &c, "++-+++", ".....G"));
}

/* ---- VIPs removed by somebody else ---- */

static void test_vip_put_back(void **state)
{
	struct bench b = bench_new(one(100));

	bench_become_master(&b);
	bench_vip_gone(&b, 0, "10.0.0.100");
	assert_string_equal(acts(&b), "OUN");
	assert_int_equal(act(&b, VRRP_DO_ANNOUNCE)->rounds, 1);
	assert_string_equal(note_text(note(&b, VRRP_NOTE_VIP_RESTORED), 100),
			    "address 10.0.0.100 was removed by somebody else, put back");
	bench_vip_gone(&b, 0, "10.0.0.77"); /* none of ours */
	assert_int_equal(b.out.n, 0);
	bench_free(&b);
}

static void test_vip_fight_ends(void **state)
{
	struct bench b = bench_new(one(100));

	bench_become_master(&b);
	for (int k = 0; k < 5; k++) {
		b.now += SEC / 10;
		bench_vip_gone(&b, 0, "10.0.0.100");
		assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	}
	bench_vip_gone(&b, 0, "10.0.0.100");
	assert_string_equal(acts(&b), "0TD");
	assert_string_equal(cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
			    "address 10.0.0.100 was removed by somebody else again and again");
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 60 * SEC);
	bench_next(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

static void test_vips_removed_slowly_or_all_at_once(void **state)
{
	struct conf *c = one(100);
	unsigned announced = 0;
	char text[20];
	struct bench b;

	for (int k = 1; k < 100; k++) {
		snprintf(text, sizeof(text), "10.0.1.%d", k);
		conf_vip(c, c->instances.v[0], text);
	}
	b = bench_new(c);
	bench_become_master(&b);
	for (int k = 1; k < 100; k++) {
		snprintf(text, sizeof(text), "10.0.1.%d", k);
		bench_vip_gone(&b, 0, text);
		announced += act_count(&b, VRRP_DO_ANNOUNCE);
		assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	}
	assert_int_equal(announced, 1); /* and once more for the rest, in a moment */
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 100 * MS);
	bench_next(&b);
	assert_string_equal(acts(&b), "U");
	for (int k = 0; k < 20; k++) {
		b.now += 15 * SEC;
		bench_vip_gone(&b, 0, "10.0.1.1");
		assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	}
	bench_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weight_table),
		cmocka_unit_test(test_priority_change_moves_the_timer),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_owner_has_no_weights),
		cmocka_unit_test(test_dont_track_primary),
		cmocka_unit_test(test_interface_of_a_vip_is_tracked),
		cmocka_unit_test(test_tracked_interface_that_does_not_exist),
		cmocka_unit_test(test_first_result),
		cmocka_unit_test(test_weighted_script_contributes_nothing_until_known),
		cmocka_unit_test(test_script_texts),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_without_weight),
		cmocka_unit_test(test_group_rules),
		cmocka_unit_test(test_unsafe_script_is_not_waited_for),
		cmocka_unit_test(test_rise_and_fall),
		cmocka_unit_test(test_vip_put_back),
		cmocka_unit_test(test_vip_fight_ends),
		cmocka_unit_test(test_vips_removed_slowly_or_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
