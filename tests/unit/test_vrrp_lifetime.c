/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving, rivals, adopting and reloading. */
#include "vrrp_fixture.h"

static struct conf *one(uint8_t priority)
{
	struct conf *c = conf_empty();

	conf_vip(c, conf_instance_add(c, "VI_1", 51, priority), "10.0.0.100");
	return c;
}

static struct bench master(void)
{
	struct bench b = bench_new(one(100));

	bench_become_master(&b);
	return b;
}

/* ---- leaving ---- */

static void test_leave_hands_over(void **state)
{
	struct bench b = master();
	usec_t left;

	bench_event(&b, VRRP_EV_SHUTDOWN);
	left = b.now;
	assert_string_equal(acts(&b), "0N");
	assert_true(bench_view(&b, 0).leaving);
	assert_int_equal(vrrp_router_deadline(b.r), left + 255 * SEC / 256);
	b.now += 300 * MS;
	bench_advert(&b, 0, 0, "10.0.0.3", SEC); /* no offer */
	assert_int_equal(b.out.n, 0);
	b.now += 300 * MS;
	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	assert_int_equal(b.out.n, 0); /* it has to announce itself first */
	assert_int_equal(vrrp_router_deadline(b.r), left + 630 * MS);
	bench_advert(&b, 0, 90, "10.0.0.3", SEC);
	bench_next(&b);
	assert_string_equal(acts(&b), "NDT");
	assert_string_equal(note_text(&b.out.v[0], 100), "handed over to 10.0.0.2 after 630 ms");
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->to, VRRP_STOP);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->cause.kind, CAUSE_SHUTDOWN);
	assert_true(vrrp_router_stopped(b.r));
	assert_int_equal(vrrp_router_deadline(b.r), USEC_NEVER);
	bench_free(&b);
}

static void test_leave_alone(void **state)
{
	struct conf *c = one(100);
	struct bench b;
	usec_t left;

	c->instances.v[0]->version = 3;
	c->instances.v[0]->advert_int = 100 * MS;
	b = bench_new(c);
	bench_become_master(&b);
	left = b.now;
	bench_event(&b, VRRP_EV_SHUTDOWN);
	bench_next(&b);
	assert_int_equal(b.now, left + 255 * 100 * MS / 256);
	assert_string_equal(acts(&b), "DT");
	assert_true(vrrp_router_stopped(b.r));
	bench_free(&b);
}

static void test_leave_from_other_states(void **state)
{
	struct bench b = bench_new(one(100));

	bench_start(&b);
	bench_event(&b, VRRP_EV_SHUTDOWN);
	assert_string_equal(acts(&b), "T");
	assert_true(vrrp_router_stopped(b.r));
	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	assert_int_equal(b.out.n, 0);
	bench_free(&b);

	b = bench_new(one(100));
	bench_event(&b, VRRP_EV_SHUTDOWN); /* before the start */
	assert_string_equal(acts(&b), "T");
	assert_true(vrrp_router_stopped(b.r));
	bench_free(&b);
}

static void test_leave_ends_when_the_link_goes(void **state)
{
	struct bench b = master();

	bench_event(&b, VRRP_EV_SHUTDOWN);
	bench_link(&b, "eth0", false);
	assert_string_equal(acts(&b), "DT");
	assert_true(vrrp_router_stopped(b.r));
	bench_free(&b);
}

static void test_stop_of_many(void **state)
{
	struct conf *c = conf_empty();
	unsigned stops = 0;
	struct bench b;

	for (int k = 0; k < 250; k++)
		conf_instance_add(c, "VI", (uint8_t)(k + 1), 100);
	b = bench_new(c);
	bench_start(&b);
	while (vrrp_router_deadline(b.r) <= b.now)
		bench_next(&b);
	bench_event(&b, VRRP_EV_SHUTDOWN);
	for (;;) {
		stops += act_count(&b, VRRP_DO_TRANSITION);
		if (vrrp_router_stopped(b.r))
			break;
		bench_next(&b);
	}
	assert_int_equal(stops, 250);
	assert_int_equal(b.now, T0);
	bench_free(&b);
}

/* ---- rivals ---- */

static void test_rival_heals(void **state)
{
	struct bench b = master();
	usec_t gone;

	b.conf->instances.v[0]->garp_lower_prio_repeat = 0;
	b.conf->instances.v[0]->garp_master_delay = 0;
	b.now += 6 * SEC;
	for (int k = 0; k < 3; k++) {
		b.now += SEC;
		bench_advert(&b, 0, 90, "10.0.0.2", SEC);
		assert_int_equal(note(&b, VRRP_NOTE_RIVAL) != NULL, k == 0);
	}
	assert_int_equal(bench_view(&b, 0).rival_priority, 90);
	gone = b.now + 3 * SEC / 2;
	while (!note(&b, VRRP_NOTE_RIVAL_GONE))
		bench_next(&b);
	assert_int_equal(b.now, gone);
	assert_int_equal(note(&b, VRRP_NOTE_RIVAL_GONE)->value, 2000);
	assert_int_equal(bench_view(&b, 0).rival.family, IP_NONE);
	assert_int_equal(act_count(&b, VRRP_DO_ANNOUNCE), 1);
	for (int k = 0; k < 2; k++) {
		do
			bench_next(&b);
		while (!act(&b, VRRP_DO_ANNOUNCE));
		assert_int_equal(b.now, gone + (k ? 5 : 1) * SEC);
	}
	for (int k = 0; k < 20; k++) {
		bench_next(&b);
		assert_string_equal(acts(&b), "A");
	}
	bench_advert(&b, 0, 90, "10.0.0.2", SEC); /* a new episode */
	assert_true(note(&b, VRRP_NOTE_RIVAL));
	bench_free(&b);
}

static void test_rival_that_leaves(void **state)
{
	struct bench b = master();

	bench_advert(&b, 0, 90, "10.0.0.2", SEC);
	bench_advert(&b, 0, 0, "10.0.0.2", SEC);
	assert_true(note(&b, VRRP_NOTE_RIVAL_GONE));
	assert_true(act(&b, VRRP_DO_ANNOUNCE));
	bench_free(&b);
}

static struct bench owner(void)
{
	struct bench b = bench_new(one(255));

	b.conf->instances.v[0]->state = VRRP_MASTER;
	bench_start(&b);
	return b;
}

static void test_owner_clash_lower_address_yields(void **state)
{
	struct bench b = owner();

	bench_advert(&b, 0, 255, "10.0.0.2", SEC);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_string_equal(
		cause_text(&act(&b, VRRP_DO_TRANSITION)->cause),
		"CONFIGURATION ERROR: local instance and 10.0.0.2 are both configured as "
		"address owner, please resolve");
	bench_free(&b);
}

static void test_owner_clash_stops(void **state)
{
	struct bench b = owner();

	bench_advert(&b, 0, 255, "10.0.0.0", SEC);
	assert_true(note(&b, VRRP_NOTE_OWNER_CLASH));
	while (b.now < T0 + 10 * SEC)
		bench_next(&b);
	assert_int_equal(bench_view(&b, 0).effective, 255);
	bench_free(&b);
}

static void test_owner_clash_persists(void **state)
{
	struct bench b = owner();
	bool lowered = false;

	for (int k = 0; k < 4; k++) {
		bench_advert(&b, 0, 255, "10.0.0.0", SEC);
		while (vrrp_router_deadline(b.r) < T0 + (k + 1) * SEC) {
			bench_next(&b);
			lowered |= note(&b, VRRP_NOTE_AUTH_OWNER_254) != NULL;
		}
		b.now = T0 + (k + 1) * SEC;
	}
	assert_true(lowered);
	assert_int_equal(bench_view(&b, 0).effective, 254);
	/* now it is an ordinary loser, until the other is gone */
	bench_advert(&b, 0, 255, "10.0.0.0", SEC);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_next(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	assert_int_equal(act(&b, VRRP_DO_SEND_ADVERT)->priority, 255);
	bench_free(&b);
}

/* ---- adopting ---- */

static void test_adopt_master(void **state)
{
	struct bench b = bench_new(one(100));
	struct vrrp_past past = {.state = VRRP_MASTER, .since = T0 - 100 * SEC};

	vrrp_router_adopt(b.r, &past);
	bench_start(&b);
	assert_string_equal(acts(&b), "ATOU");
	assert_int_equal(act(&b, VRRP_DO_ANNOUNCE)->rounds, 1);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->from, VRRP_MASTER);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->to, VRRP_MASTER);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->cause.kind, CAUSE_ADOPTED);
	assert_int_equal(bench_view(&b, 0).since, past.since);
	assert_true(bench_view(&b, 0).adopted);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + SEC);
	bench_free(&b);
}

static void test_an_adopted_role_keeps_its_cause(void **state)
{
	static const enum vrrp_state roles[] = {VRRP_MASTER, VRRP_BACKUP};

	for (unsigned k = 0; k < ARRAY_SIZE(roles); k++) {
		struct bench b = bench_new(one(100));
		struct vrrp_past past = {.state = roles[k], .since = T0 - 100 * SEC,
					 .cause = {.kind = CAUSE_SHUTDOWN, .name = "x"}};

		vrrp_router_adopt(b.r, &past);
		bench_start(&b);
		assert_int_equal(act(&b, VRRP_DO_TRANSITION)->cause.kind, CAUSE_ADOPTED);
		assert_int_equal(bench_view(&b, 0).cause.kind, CAUSE_SHUTDOWN);
		assert_string_equal(bench_view(&b, 0).cause.name, "x");
		assert_true(bench_view(&b, 0).adopted);
		bench_link(&b, "eth0", false);
		assert_int_equal(bench_view(&b, 0).cause.kind, CAUSE_INTERFACE_DOWN);
		assert_false(bench_view(&b, 0).adopted);
		bench_free(&b);
	}
}

static void test_adopt_master_with_a_fault(void **state)
{
	struct bench b = bench_new(one(100));
	struct vrrp_past past = {.state = VRRP_MASTER};

	vrrp_router_adopt(b.r, &past);
	bench_link(&b, "eth0", false);
	bench_start(&b);
	assert_string_equal(acts(&b), "0TD");
	bench_free(&b);
}

static void test_adopt_master_ignores_a_pending_script(void **state)
{
	struct conf *c = one(100);
	struct vrrp_past past = {.state = VRRP_MASTER};
	struct bench b;

	conf_script_add(c, "chk");
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_SCRIPT, "chk", 0, 0);
	b = bench_new(c);
	vrrp_router_adopt(b.r, &past);
	bench_start(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	bench_script(&b, 0, false);
	assert_int_equal(bench_state(&b, 0), VRRP_FAULT);
	bench_free(&b);
}

static void test_adopt_others(void **state)
{
	struct bench b = bench_new(one(100));
	struct vrrp_past past = {.state = VRRP_BACKUP, .since = T0 - SEC};

	vrrp_router_adopt(b.r, &past);
	bench_start(&b);
	assert_string_equal(acts(&b), "T");
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->from, VRRP_BACKUP);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + 3609375);
	bench_free(&b);

	b = bench_new(one(100));
	past.state = VRRP_FAULT;
	vrrp_router_adopt(b.r, &past);
	bench_start(&b);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->from, VRRP_FAULT);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	bench_free(&b);
}

static void test_adopt_group(void **state)
{
	struct conf *c = one(100);
	struct vrrp_past past = {.state = VRRP_MASTER, .since = T0 - 100 * SEC};
	struct cause cause;
	struct bench b;
	usec_t since;

	conf_instance_add(c, "VI_2", 52, 100);
	conf_group_add(c, "G");
	b = bench_new(c);
	vrrp_router_adopt(b.r, &past);
	past.instance = 1;
	vrrp_router_adopt(b.r, &past);
	bench_start(&b);
	assert_string_equal(acts(&b), "ATOUATOU"); /* not a word from the group */
	assert_int_equal(vrrp_router_group_state(b.r, 0, &since, &cause), VRRP_MASTER);
	assert_int_equal(since, past.since);
	assert_int_equal(cause.kind, CAUSE_ADOPTED);
	vrrp_router_free(b.r);

	/* half a past: the group can't be master, so the addresses go */
	b = bench_new(c);
	vrrp_router_adopt(b.r, &past);
	bench_start(&b);
	assert_int_equal(act_count(&b, VRRP_DO_DISOWN), 1);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(bench_state(&b, 1), VRRP_BACKUP);
	bench_free(&b);
}

/* ---- reload ---- */

struct reloaded {
	struct vrrp_router *old;
	struct conf *old_conf;
	struct vrrp_out removed;
};

/* Taken up, not yet started. */
static struct reloaded bench_take_up(struct bench *b, struct conf *to)
{
	struct reloaded o = {.old = b->r, .old_conf = b->conf};

	b->r = vrrp_router_reload(o.old, to, b->now, &o.removed);
	b->conf = to;
	b->out = vrrp_router_out(b->r);
	return o;
}

static struct reloaded bench_reload(struct bench *b, struct conf *to)
{
	struct reloaded o = bench_take_up(b, to);

	bench_start(b);
	return o;
}

static void reloaded_free(struct reloaded *o)
{
	vrrp_router_free(o->old);
	arena_free(o->old_conf->arena);
}

static void test_reload_unchanged(void **state)
{
	struct bench b = master();
	struct conf *c = one(100);
	struct reloaded o;
	usec_t due = b.now + SEC;

	c->instances.v[0]->name = "another name"; /* names do not matter */
	b.now += 400 * MS;
	o = bench_reload(&b, c);
	assert_int_equal(o.removed.n, 0);
	assert_int_equal(b.out.n, 0);
	reloaded_free(&o);
	assert_int_equal(vrrp_router_deadline(b.r), due);
	assert_int_equal(vrrp_router_old_id(b.r, 0), 0);
	assert_int_equal(bench_view(&b, 0).become_master, 1);
	bench_next(&b);
	assert_string_equal(acts(&b), "A");
	bench_free(&b);
}

static void test_reload_backup_keeps_its_timer(void **state)
{
	struct bench b = bench_new(one(100));
	struct reloaded o;

	bench_start(&b);
	b.now += SEC;
	bench_advert(&b, 0, 150, "10.0.0.2", SEC);
	b.now += SEC;
	o = bench_reload(&b, one(50));
	assert_string_equal(acts(&b), "P");
	reloaded_free(&o);
	assert_int_equal(vrrp_router_deadline(b.r), T0 + SEC + 3 * SEC + 206 * SEC / 256);
	assert_int_equal(bench_view(&b, 0).master_priority, 150);
	bench_free(&b);
}

static void test_reload_priority_of_a_master(void **state)
{
	struct bench b = master();
	struct reloaded o = bench_reload(&b, one(50));

	assert_string_equal(acts(&b), "P");
	bench_next(&b);
	assert_int_equal(act(&b, VRRP_DO_SEND_ADVERT)->priority, 50);
	reloaded_free(&o);
	bench_free(&b);
}

static void test_reload_interval_of_a_master(void **state)
{
	struct bench b = master();
	struct conf *c = one(100);
	struct reloaded o;

	c->instances.v[0]->version = 3;
	c->instances.v[0]->advert_int = 100 * MS;
	o = bench_reload(&b, c);
	assert_int_equal(vrrp_router_deadline(b.r), b.now + 100 * MS);
	reloaded_free(&o);
	bench_free(&b);
}

static void test_reload_vips(void **state)
{
	struct bench b = master();
	struct conf *c = one(100);
	struct reloaded o;

	conf_vip(c, c->instances.v[0], "10.0.0.101");
	o = bench_reload(&b, c);
	assert_string_equal(acts(&b), "OU");
	assert_int_equal(act(&b, VRRP_DO_ANNOUNCE)->value, 1); /* only the new one */
	reloaded_free(&o);
	o = bench_reload(&b, one(100));
	assert_string_equal(acts(&b), "O");
	reloaded_free(&o);
	bench_free(&b);
}

static void test_reload_removes_and_adds(void **state)
{
	struct bench b = master();
	struct conf *c = one(100);
	struct reloaded o;

	c->instances.v[0]->name = "OTHER";
	c->instances.v[0]->vrid = 77;
	o = bench_reload(&b, c);
	assert_int_equal(o.removed.n, 3);
	assert_int_equal(o.removed.v[0].kind, VRRP_DO_SEND_ADVERT);
	assert_int_equal(o.removed.v[0].priority, 0);
	assert_int_equal(o.removed.v[1].kind, VRRP_DO_DISOWN);
	assert_int_equal(o.removed.v[2].kind, VRRP_DO_TRANSITION);
	assert_int_equal(o.removed.v[2].to, VRRP_FAULT);
	assert_int_equal(bench_state(&b, 0), VRRP_FAULT); /* it was not told a source */
	bench_source(&b, 0, "10.0.0.1");
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	reloaded_free(&o);
	bench_free(&b);
}

/* Planned work is no fault: it leaves MASTER, and that is what its scripts are told. */
static void test_reload_restarts(void **state)
{
	struct bench b = master();
	struct conf *c = one(100);
	struct reloaded o;

	c->instances.v[0]->vrid = 77;
	o = bench_take_up(&b, c);
	assert_int_equal(o.removed.n, 2);
	assert_int_equal(o.removed.v[0].kind, VRRP_DO_SEND_ADVERT);
	assert_int_equal(o.removed.v[0].priority, 0);
	assert_int_equal(o.removed.v[1].kind, VRRP_DO_DISOWN);
	bench_source(&b, 0, "10.0.0.1");
	bench_start(&b);
	assert_string_equal(acts(&b), "T");
	assert_int_equal(b.out.v[0].from, VRRP_MASTER);
	assert_int_equal(b.out.v[0].to, VRRP_BACKUP);
	assert_int_equal(b.out.v[0].cause.kind, CAUSE_RELOAD);
	while (bench_state(&b, 0) != VRRP_MASTER)
		bench_next(&b);
	assert_int_equal(act(&b, VRRP_DO_TRANSITION)->from, VRRP_BACKUP);
	reloaded_free(&o);
	bench_free(&b);
}

static void test_reload_restarts_a_backup(void **state)
{
	struct bench b = bench_new(one(100));
	struct conf *c = one(100);
	struct reloaded o;

	bench_start(&b);
	c->instances.v[0]->vrid = 77;
	o = bench_take_up(&b, c);
	assert_int_equal(o.removed.n, 0);
	bench_source(&b, 0, "10.0.0.1");
	bench_start(&b);
	assert_string_equal(acts(&b), "T");
	assert_int_equal(b.out.v[0].from, VRRP_INIT);
	assert_int_equal(b.out.v[0].to, VRRP_BACKUP);
	assert_int_equal(b.out.v[0].cause.kind, CAUSE_START);
	reloaded_free(&o);
	bench_free(&b);
}

static void test_reload_deleted(void **state)
{
	struct bench b = bench_new(one(100));
	struct reloaded o;

	b.conf->instances.v[0]->notify.notify_deleted = true;
	bench_start(&b);
	o = bench_reload(&b, conf_empty());
	assert_int_equal(o.removed.n, 1);
	assert_int_equal(o.removed.v[0].to, VRRP_DELETED);
	assert_int_equal(vrrp_router_deadline(b.r), USEC_NEVER);
	reloaded_free(&o);
	bench_free(&b);
}

/* Two instances swap their VRIDs: each keeps the role of its VRID, not of its name. */
static void test_reload_swapped_vrids(void **state)
{
	struct conf *from = one(100), *to;
	struct reloaded o;
	struct bench b;

	conf_vip(from, conf_instance_add(from, "VI_2", 52, 100), "10.0.0.101");
	b = bench_new(from);
	bench_start(&b);
	b.now += SEC;
	bench_advert(&b, 1, 200, "10.0.0.2", SEC);
	bench_next(&b);
	assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	assert_int_equal(bench_state(&b, 1), VRRP_BACKUP);
	to = one(100);
	conf_vip(to, conf_instance_add(to, "VI_2", 51, 100), "10.0.0.101");
	to->instances.v[0]->vrid = 52;
	o = bench_reload(&b, to);
	assert_int_equal(o.removed.n, 0);
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(bench_state(&b, 1), VRRP_MASTER);
	assert_int_equal(vrrp_router_old_id(b.r, 0), 1);
	assert_string_equal(acts(&b), "OU");
	reloaded_free(&o);
	bench_free(&b);
}

static void test_reload_keeps_script_results(void **state)
{
	for (int same = 0; same < 2; same++) {
		struct conf *c[2];
		struct reloaded o;
		struct bench b;

		for (int k = 0; k < 2; k++) {
			c[k] = one(100);
			conf_script_add(c[k], "chk");
			conf_track_add(c[k], c[k]->instances.v[0]->tracks, TRACK_SCRIPT, "chk", 0,
				       0);
		}
		if (!same)
			c[1]->scripts.v[0]->script->command = "another";
		b = bench_new(c[0]);
		bench_script(&b, 0, false);
		bench_start(&b);
		assert_int_equal(bench_state(&b, 0), VRRP_FAULT);
		o = bench_reload(&b, c[1]);
		reloaded_free(&o);
		assert_int_equal(bench_view(&b, 0).cause.kind,
				 same ? CAUSE_SCRIPT_FAILED : CAUSE_SCRIPT_PENDING);
		bench_free(&b);
	}
}

static void test_reload_of_many_is_linear(void **state)
{
	struct conf *c[2];
	uint32_t *match = calloc(60000, sizeof(*match));

	for (int k = 0; k < 2; k++) {
		c[k] = conf_empty();
		for (int n = 0; n < 60000; n++)
			conf_instance_add(c[k], "VI", (uint8_t)(1 + n % 250), 100)->interface =
				arena_printf(c[k]->arena, "eth%d", n / 250);
	}
	vrrp_conf_match(c[0], c[1], match); /* quadratic, this would take minutes */
	for (uint32_t n = 0; n < 60000; n++)
		assert_int_equal(match[n], n);
	free(match);
	arena_free(c[0]->arena);
	arena_free(c[1]->arena);
}

static struct conf *two_in_a_group(uint8_t vrid)
{
	struct conf *c = one(100);

	conf_instance_add(c, "VI_2", vrid, 100);
	conf_group_add(c, "G");
	return c;
}

static struct reloaded group_reload(struct bench *b, struct conf *to)
{
	struct reloaded o = bench_take_up(b, to);

	bench_source(b, 1, "10.0.0.1");
	bench_start(b);
	return o;
}

/* A member that starts anew can't be MASTER at once, so nobody stays it; they are it again together. */
static void test_reload_that_restarts_a_member_does_not_split_the_group(void **state)
{
	struct bench b = bench_new(two_in_a_group(52));
	struct reloaded o;
	const struct vrrp_action *t;

	bench_start(&b);
	while (bench_state(&b, 0) != VRRP_MASTER)
		bench_next(&b);
	o = group_reload(&b, two_in_a_group(77));
	assert_int_equal(o.removed.n, 2); /* priority 0 and the addresses of VI_2 */
	assert_string_equal(acts(&b), "T0TDG");
	assert_int_equal(act(&b, VRRP_DO_SEND_ADVERT)->id, 0);
	assert_int_equal(act(&b, VRRP_DO_SEND_ADVERT)->priority, 0);
	for (unsigned k = 0; k < 3; k++) {
		t = act_nth(&b, VRRP_DO_TRANSITION, k);
		assert_int_equal(t->from, VRRP_MASTER);
		assert_int_equal(t->to, VRRP_BACKUP);
		assert_int_equal(t->cause.kind, k == 1 ? CAUSE_GROUP : CAUSE_RELOAD);
	}
	assert_int_equal(bench_view(&b, 0).followed.kind, CAUSE_RELOAD);
	while (bench_state(&b, 0) != VRRP_MASTER)
		bench_next(&b);
	assert_int_equal(bench_state(&b, 1), VRRP_MASTER);
	reloaded_free(&o);
	bench_free(&b);
}

/* Two that had nothing to do with each other, in a group from now on. */
static void test_reload_that_makes_a_group_of_a_master_and_a_backup(void **state)
{
	struct conf *c = one(100);
	struct bench b;
	struct reloaded o;

	conf_instance_add(c, "VI_2", 52, 100);
	b = bench_new(c);
	bench_start(&b);
	for (int k = 1; bench_state(&b, 0) != VRRP_MASTER; k++) {
		b.now = T0 + k * SEC;
		bench_advert(&b, 1, 150, "10.0.0.2", SEC);
		bench_event(&b, VRRP_EV_TICK);
	}
	o = group_reload(&b, two_in_a_group(52));
	assert_int_equal(bench_state(&b, 0), VRRP_BACKUP);
	assert_int_equal(act(&b, VRRP_DO_SEND_ADVERT)->priority, 0);
	reloaded_free(&o);
	bench_free(&b);
}

/* What the followed member does later does not change why somebody followed it. */
static void test_reload_keeps_the_cause_of_who_follows(void **state)
{
	struct bench b = bench_new(two_in_a_group(52));
	struct reloaded o;

	bench_start(&b);
	while (bench_state(&b, 0) != VRRP_MASTER)
		bench_next(&b);
	bench_advert(&b, 1, 150, "10.0.0.2", SEC);
	assert_int_equal(bench_view(&b, 0).cause.kind, CAUSE_GROUP);
	assert_int_equal(bench_view(&b, 0).followed.kind, CAUSE_HIGHER_PRIORITY);
	o = group_reload(&b, two_in_a_group(77));
	assert_int_equal(bench_view(&b, 1).cause.kind, CAUSE_START);
	assert_int_equal(bench_view(&b, 0).cause.kind, CAUSE_GROUP);
	assert_int_equal(bench_view(&b, 0).followed.kind, CAUSE_HIGHER_PRIORITY);
	assert_int_equal(bench_view(&b, 0).followed.peer_priority, 150);
	reloaded_free(&o);
	bench_free(&b);
}

static void test_reload_group_joins(void **state)
{
	struct bench b = master();
	struct reloaded o = group_reload(&b, two_in_a_group(52));

	reloaded_free(&o);
	/* the master goes on while the new member finds out whether it can be one, too */
	assert_int_equal(bench_state(&b, 0), VRRP_MASTER);
	assert_int_equal(bench_state(&b, 1), VRRP_BACKUP);
	assert_string_equal(acts(&b), "TG");
	assert_int_equal(b.out.v[1].to, VRRP_MASTER); /* and so does the group */
	while (bench_state(&b, 1) != VRRP_MASTER) {
		bench_next(&b);
		assert_null(strchr(acts(&b), 'G'));
	}
	assert_int_equal(b.now, T0 + 2 * 3609375);
	bench_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leave_hands_over),
		cmocka_unit_test(test_leave_alone),
		cmocka_unit_test(test_leave_from_other_states),
		cmocka_unit_test(test_leave_ends_when_the_link_goes),
		cmocka_unit_test(test_stop_of_many),
		cmocka_unit_test(test_rival_heals),
		cmocka_unit_test(test_rival_that_leaves),
		cmocka_unit_test(test_owner_clash_lower_address_yields),
		cmocka_unit_test(test_owner_clash_stops),
		cmocka_unit_test(test_owner_clash_persists),
		cmocka_unit_test(test_adopt_master),
		cmocka_unit_test(test_an_adopted_role_keeps_its_cause),
		cmocka_unit_test(test_adopt_master_with_a_fault),
		cmocka_unit_test(test_adopt_master_ignores_a_pending_script),
		cmocka_unit_test(test_adopt_others),
		cmocka_unit_test(test_adopt_group),
		cmocka_unit_test(test_reload_unchanged),
		cmocka_unit_test(test_reload_backup_keeps_its_timer),
		cmocka_unit_test(test_reload_priority_of_a_master),
		cmocka_unit_test(test_reload_interval_of_a_master),
		cmocka_unit_test(test_reload_vips),
		cmocka_unit_test(test_reload_removes_and_adds),
		cmocka_unit_test(test_reload_restarts),
		cmocka_unit_test(test_reload_restarts_a_backup),
		cmocka_unit_test(test_reload_deleted),
		cmocka_unit_test(test_reload_swapped_vrids),
		cmocka_unit_test(test_reload_keeps_script_results),
		cmocka_unit_test(test_reload_of_many_is_linear),
		cmocka_unit_test(test_reload_that_restarts_a_member_does_not_split_the_group),
		cmocka_unit_test(test_reload_that_makes_a_group_of_a_master_and_a_backup),
		cmocka_unit_test(test_reload_keeps_the_cause_of_who_follows),
		cmocka_unit_test(test_reload_group_joins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
