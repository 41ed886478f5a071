/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a new configuration keeps, tells and leaves to drain. */
#include "lvs_fixture.h"

static void unchanged_is_silent(void **state)
{
	struct bench b = bench_new(servers_from(1, 3));

	bench_down(&b, 1);
	bench_reload(&b, servers_from(1, 3));
	assert_events(&b, "");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.3:80=1");
	assert_string_equal(lvs_view_server(b.l, 1).reason, "refused");
	assert_int_equal(lvs_view_server(b.l, 1).failed_checkers, 1);
	bench_up(&b, 1);
	assert_events(&b, "U1 C1");
	bench_free(&b);
}

static void order_does_not_matter(void **state)
{
	struct conf *c = lvs_conf_new();
	struct bench b = bench_new(servers_from(1, 2));

	bench_down(&b, 1);
	lvs_conf_service(c, "10.0.0.5", 80);
	lvs_conf_check(c, lvs_conf_server(c, VS(c), "192.0.2.2", 80, 1), CHECK_TCP, 80);
	lvs_conf_service(c, "10.0.0.1", 80);
	for (unsigned i = 2; i > 0; i--)
		lvs_conf_check(c,
			       lvs_conf_server(c, c->virtual_servers.v[1],
					       i == 2 ? "192.0.2.2" : "192.0.2.1", 80, 1),
			       CHECK_TCP, 80);
	bench_reload(&b, c);
	assert_events(&b, "U0! Q!");
	assert_table(&b, TABLE " 192.0.2.1:80=1\n10.0.0.5/6:80: 192.0.2.2:80=1");
	assert_false(lvs_view_server(b.l, 1).up);
	bench_free(&b);
}

/* Servers of one address are told apart by their ports, in whatever order. */
static struct conf *ports(const uint16_t v[3])
{
	struct conf *c = lvs_conf_new();

	lvs_conf_service(c, "10.0.0.1", 80);
	for (unsigned i = 0; i < 3; i++)
		lvs_conf_check(c, lvs_conf_server(c, VS(c), "192.0.2.1", v[i], 1), CHECK_TCP, v[i]);
	return c;
}

static void ports_tell_servers_apart(void **state)
{
	struct bench b = bench_new(ports((const uint16_t[]){83, 81, 82}));

	bench_down(&b, 0); /* 83 */
	bench_reload(&b, ports((const uint16_t[]){82, 83, 81}));
	assert_events(&b, "");
	assert_true(lvs_view_server(b.l, 0).up && lvs_view_server(b.l, 2).up);
	assert_false(lvs_view_server(b.l, 1).up);
	assert_table(&b, TABLE " 192.0.2.1:81=1 192.0.2.1:82=1");
	bench_reload(&b, ports((const uint16_t[]){81, 84, 83}));
	assert_events(&b, "d~0. U1!"); /* 82 has gone */
	assert_string_equal(b.events[0].rs_name, "[192.0.2.1]:tcp:82");
	assert_table(&b, TABLE " 192.0.2.1:81=1 192.0.2.1:84=1");
	bench_free(&b);
}

static void new_server_starts_as_at_start(void **state)
{
	struct bench b = bench_new(servers_from(1, 1));
	struct conf *c = servers_from(1, 3);

	c->checkers.v[2]->timing.alpha = true;
	bench_reload(&b, c);
	assert_events(&b, "U1!");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_free(&b);
}

static void new_server_starts_slowly_in_a_running_service(void **state)
{
	struct bench b = bench_new(servers_from(1, 1));
	struct conf *c = servers_from(1, 2);

	RS(c, 0)->slow_start = RS(c, 1)->slow_start = 10 * SEC;
	RS(c, 0)->weight = RS(c, 1)->weight = 100;
	bench_reload(&b, c);
	assert_events(&b, "W0 U1!");
	assert_table(&b, TABLE " 192.0.2.1:80=100 192.0.2.2:80=1");
	bench_wait(&b, 5 * SEC);
	assert_table(&b, TABLE " 192.0.2.1:80=100 192.0.2.2:80=50");

	c = servers_from(1, 2);
	RS(c, 1)->slow_start = 10 * SEC;
	RS(c, 1)->weight = 200;
	bench_reload(&b, c);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=100");
	bench_wait(&b, 5 * SEC);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=200");
	bench_free(&b);
}

static void removed_server_is_told(void **state)
{
	struct bench b = bench_new(servers_from(1, 3));

	bench_down(&b, 2);
	bench_reload(&b, servers_from(2, 1));
	assert_events(&b, "d~0."); /* that which was down is not told again */
	assert_int_equal(b.events[0].vs, 0);
	assert_int_equal(b.events[0].rs, CONF_NONE);
	assert_int_equal(b.events[0].old_vs, 0);
	assert_string_equal(b.events[0].rs_name, "[192.0.2.1]:tcp:80");
	assert_string_equal(b.events[0].vs_name, "[10.0.0.1]:tcp:80");
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_free(&b);
}

static void removed_service_is_told(void **state)
{
	struct bench b = bench_new(servers_from(1, 2));
	struct conf *c = lvs_conf_new();

	lvs_conf_server(c, lvs_conf_service(c, "10.0.0.2", 80), "192.0.2.1", 80, 1);
	RS(b.conf, 0)->drain_timeout = 30 * SEC;
	VS(b.conf)->quorum = 3;
	VS(b.conf)->hysteresis = 2;
	bench_reload(&b, c);
	assert_events(&b, "d~0. d~1. q. U0! Q!");
	assert_int_equal(b.events[2].quorum, 3);
	assert_int_equal(b.events[2].hysteresis, 2);
	assert_int_equal(b.events[2].vs, CONF_NONE);
	assert_int_equal(b.events[2].old_vs, 0);
	assert_string_equal(b.events[2].vs_name, "[10.0.0.1]:tcp:80");
	assert_table(&b, "10.0.0.2/6:80: 192.0.2.1:80=1");
	assert_int_equal(lvs_deadline(b.l), USEC_NEVER);
	bench_free(&b);
}

/* The only one removed that drains; NULL: none. */
static void assert_drains(const struct bench *b, const char *name, usec_t left)
{
	struct lvs_drain_view v;

	assert_int_equal(lvs_view_drain(b->l, 0, 0, &v), name != NULL);
	assert_false(lvs_view_drain(b->l, 0, 1, &v));
	assert_false(lvs_view_drain(b->l, 1, 0, &v));
	if (!name)
		return;
	assert_string_equal(v.name, name);
	assert_int_equal(v.until, b->now + left);
	assert_int_equal(v.dest->weight, 0);
}

/* A server that drained already does not begin anew when it is removed. */
static void removal_while_draining_is_silent(void **state)
{
	struct conf *c = servers_from(1, 2);
	struct bench b;

	RS(c, 0)->drain_timeout = 30 * SEC;
	b = bench_new(c);
	lvs_override_weight(b.l, 0, 0, b.now);
	bench_wait(&b, 10 * SEC);
	bench_reload(&b, servers_from(2, 1));
	assert_events(&b, "d~0.");
	assert_drains(&b, "[192.0.2.1]:tcp:80", 20 * SEC);
	bench_free(&b);
}

static void removed_server_drains(void **state)
{
	struct conf *c = servers_from(1, 3);
	struct bench b;

	for (unsigned i = 0; i < 3; i++)
		RS(c, i)->drain_timeout = 30 * SEC;
	b = bench_new(c);
	bench_down(&b, 1); /* has no connections to lose */
	bench_reload(&b, servers_from(3, 1));
	assert_events(&b, "d~0. B");
	assert_string_equal(b.events[1].rs_name, "[192.0.2.1]:tcp:80");
	assert_string_equal(b.events[1].reason, "no new connections, leaves in 30 s");
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.3:80=1");
	assert_drains(&b, "[192.0.2.1]:tcp:80", 30 * SEC);
	bench_wait(&b, 20 * SEC);
	bench_reload(&b, servers_from(3, 1));
	assert_events(&b, "");
	assert_drains(&b, "[192.0.2.1]:tcp:80", 10 * SEC);
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.3:80=1");
	bench_wait(&b, 10 * SEC - 1);
	assert_events(&b, "");
	bench_wait(&b, 1);
	assert_events(&b, "D");
	assert_string_equal(b.events[0].rs_name, "[192.0.2.1]:tcp:80");
	assert_drains(&b, NULL, 0);
	assert_table(&b, TABLE " 192.0.2.3:80=1");
	assert_int_equal(lvs_deadline(b.l), USEC_NEVER);
	bench_free(&b);
}

static void draining_server_comes_back(void **state)
{
	struct conf *c = servers_from(1, 2);
	struct bench b;

	RS(c, 0)->drain_timeout = 30 * SEC;
	b = bench_new(c);
	bench_reload(&b, servers_from(2, 1));
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_reload(&b, servers_from(1, 2));
	assert_events(&b, "U0!");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_wait(&b, 60 * SEC);
	assert_events(&b, "");
	bench_free(&b);
}

static void weight_zero_by_reload_drains(void **state)
{
	struct bench b = bench_new(servers_from(1, 2));
	struct conf *c = servers_from(1, 2);

	RS(c, 0)->weight = 0;
	RS(c, 0)->drain_timeout = 30 * SEC;
	bench_reload(&b, c);
	assert_events(&b, "W0 B0");
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	assert_true(lvs_view_server(b.l, 0).draining);
	assert_int_equal(lvs_view_server(b.l, 0).until, b.now + 30 * SEC);
	bench_wait(&b, 30 * SEC);
	assert_events(&b, "D0");
	assert_false(lvs_view_server(b.l, 0).draining);
	assert_int_equal(lvs_view_server(b.l, 0).until, USEC_NEVER);
	c = servers_from(1, 2);
	RS(c, 0)->weight = 0;
	RS(c, 0)->drain_timeout = 50 * SEC;
	bench_reload(&b, c);
	assert_table(&b, TABLE " 192.0.2.2:80=1"); /* does not come back for another round */
	bench_reload(&b, servers_from(1, 2));
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_free(&b);
}

/* ---- checkers ---- */

static void failing_checker_removed_brings_up(void **state)
{
	struct conf *c = servers_from(1, 2);
	struct bench b;

	lvs_conf_check(c, RS(c, 0), CHECK_TCP, 81);
	b = bench_new(c);
	bench_down(&b, 2);
	bench_reload(&b, servers_from(1, 2));
	assert_events(&b, "U0");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_free(&b);
}

static void checker_of_another_identity_starts_anew(void **state)
{
	struct bench b = bench_new(servers_from(1, 2));
	struct conf *c = servers_from(1, 2);

	bench_down(&b, 0);
	((struct conf_check_socket *)c->checkers.v[0])->connect_port = 8080;
	bench_reload(&b, c);
	assert_events(&b, "U0");
	bench_free(&b);
}

static void timing_is_no_identity(void **state)
{
	struct bench b = bench_new(servers_from(1, 2));
	struct conf *c = servers_from(1, 2);

	bench_down(&b, 0);
	c->checkers.v[0]->timing.delay_loop = 3 * SEC;
	c->checkers.v[0]->timing.alpha = true;
	bench_reload(&b, c);
	assert_events(&b, "");
	assert_false(lvs_view_server(b.l, 0).up);
	bench_free(&b);
}

/* It has nothing to prove on a healthy server, and everything on one that failed or never ran. */
static void new_alpha_checker_on_a_kept_server(void **state)
{
	struct bench b = bench_new(servers_from(1, 3));
	struct conf *c = servers_from(1, 3);

	for (unsigned i = 0; i < 3; i++)
		lvs_conf_check(c, RS(c, i), CHECK_TCP, 81)->timing.alpha = true;
	bench_up(&b, 0);
	bench_down(&b, 1);
	bench_reload(&b, c);
	assert_true(lvs_view_server(b.l, 0).up);
	assert_int_equal(lvs_view_server(b.l, 1).failed_checkers, 2);
	assert_false(lvs_view_server(b.l, 2).up);
	assert_events(&b, "d2");
	bench_free(&b);
}

static void twins_keep_one_verdict_each(void **state)
{
	struct conf *c = servers_from(1, 1), *d = servers_from(1, 1);
	struct bench b;

	lvs_conf_check(c, RS(c, 0), CHECK_TCP, 80);
	lvs_conf_check(d, RS(d, 0), CHECK_TCP, 80);
	b = bench_new(c);
	bench_down(&b, 1);
	bench_reload(&b, d);
	assert_int_equal(lvs_view_server(b.l, 0).failed_checkers, 1);
	bench_up(&b, 1);
	assert_true(lvs_view_server(b.l, 0).up);
	bench_free(&b);
}

static void contribution_is_kept_and_override_lost(void **state)
{
	struct bench b;
	struct conf *c[2];

	for (int i = 0; i < 2; i++) {
		c[i] = servers_from(1, 2);
		RS(c[i], 0)->weight = 7;
		lvs_conf_misc(c[i], RS(c[i], 0), "/bin/a");
	}
	b = bench_new(c[0]);
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .contribution = 3});
	lvs_override_weight(b.l, 1, 40, b.now);
	bench_take(&b);
	bench_reload(&b, c[1]);
	assert_events(&b, "W1");
	assert_table(&b, TABLE " 192.0.2.1:80=10 192.0.2.2:80=1");
	bench_free(&b);
}

/* Status 2 of a script said: weight 0. It stays so until the next run, whatever is configured now. */
static void weight_said_by_a_script_outlives_the_configured(void **state)
{
	struct bench b;
	struct conf *c[2];

	for (int i = 0; i < 2; i++) {
		c[i] = servers_from(1, 2);
		RS(c[i], 0)->weight = i ? 9 : 7;
		lvs_conf_misc(c[i], RS(c[i], 0), "/bin/a");
		((struct conf_check_misc *)c[i]->checkers.v[2])->dynamic = true;
	}
	b = bench_new(c[0]);
	bench_verdict(&b, 2, (struct lvs_verdict){.up = true, .contribution = -7});
	bench_take(&b);
	bench_reload(&b, c[1]);
	assert_events(&b, "");
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_free(&b);
}

static void files_keep_their_values(void **state)
{
	struct bench b;
	struct conf *c[2];

	for (int i = 0; i < 2; i++) {
		c[i] = servers_from(1, 2);
		if (i)
			lvs_conf_file(c[i], "/run/other");
		lvs_conf_file(c[i], "/run/weight");
		lvs_conf_file_check(c[i], RS(c[i], 0), (uint32_t)i, 1 + i);
	}
	b = bench_new(c[0]);
	lvs_set_file(b.l, 0, 4, b.now);
	assert_table(&b, TABLE " 192.0.2.1:80=5 192.0.2.2:80=1");
	bench_reload(&b, c[1]);
	assert_table(&b, TABLE " 192.0.2.1:80=9 192.0.2.2:80=1");
	bench_free(&b);
}

/* ---- quorum ---- */

static void quorum_is_judged_by_the_new_rules(void **state)
{
	struct bench b = bench_new(servers_from(1, 3));
	struct conf *c = servers_from(1, 3);

	VS(c)->quorum = 3;
	lvs_conf_sorry(c, VS(c), "192.0.2.99", 80);
	bench_down(&b, 0);
	bench_reload(&b, c);
	assert_events(&b, "q S");
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	bench_reload(&b, servers_from(1, 3));
	assert_events(&b, "Q s");
	assert_table(&b, TABLE " 192.0.2.2:80=1 192.0.2.3:80=1");
	bench_free(&b);
}

static void sorry_server_removed_while_needed(void **state)
{
	struct conf *c = servers_from(1, 2), *d = servers_from(1, 2);
	struct bench b;

	VS(c)->quorum = VS(d)->quorum = 2;
	lvs_conf_sorry(c, VS(c), "192.0.2.99", 80);
	b = bench_new(c);
	bench_down(&b, 0);
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	bench_reload(&b, d);
	assert_events(&b, "s");
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_free(&b);
}

static void panic_survives(void **state)
{
	struct conf *c = servers_from(1, 3), *d = servers_from(1, 3);
	struct bench b;

	VS(c)->panic_threshold = VS(d)->panic_threshold = 50;
	b = bench_new(c);
	bench_down(&b, 0);
	bench_down(&b, 1);
	assert_events(&b, "d1 P c1");
	bench_reload(&b, d);
	assert_events(&b, "");
	bench_reload(&b, servers_from(1, 3));
	assert_events(&b, "p");
	assert_table(&b, TABLE " 192.0.2.3:80=1");
	bench_free(&b);
}

/* ---- identity of virtual servers ---- */

static struct conf *grouped(uint8_t protocol)
{
	struct conf *c = lvs_conf_new();
	struct conf_virtual_server_group *g = lvs_conf_group(c, "web");
	struct conf_virtual_server *vs = lvs_conf_service(c, "0.0.0.0", 0);

	lvs_conf_group_range(c, g, "10.0.0.1", "10.0.0.1", 80);
	lvs_conf_grouped(vs, g, 0);
	vs->protocol = protocol;
	lvs_conf_check(c, lvs_conf_server(c, vs, "192.0.2.1", 80, 1), CHECK_TCP, 80);
	return c;
}

static void group_of_another_protocol_is_another(void **state)
{
	struct bench b = bench_new(grouped(LVS_TCP));

	bench_down(&b, 0);
	bench_reload(&b, grouped(LVS_TCP));
	assert_events(&b, "");
	bench_reload(&b, grouped(LVS_UDP));
	assert_events(&b, "q. U0! Q!");
	assert_string_equal(b.events[0].vs_name, "[web]:0");
	bench_free(&b);
}

static void marks_are_kept(void **state)
{
	struct bench b;
	struct conf *c[2];

	for (int i = 0; i < 2; i++) {
		c[i] = servers_from(1, 1);
		VS(c[i])->kind = SERVICE_MARK;
		VS(c[i])->protocol = LVS_PROTO_NONE;
		VS(c[i])->fwmark = 9;
	}
	b = bench_new(c[0]);
	assert_string_equal(b.events[1].vs_name, "FWM 9");
	assert_string_equal(b.events[0].rs_name, "[192.0.2.1]:none:80");
	bench_down(&b, 0);
	bench_reload(&b, c[1]);
	assert_events(&b, "");
	bench_free(&b);
}

static struct conf *marks_of(uint8_t first, uint8_t second)
{
	struct conf *c = servers_from(1, 1);

	lvs_conf_check(c, lvs_conf_server(c, lvs_conf_service(c, "10.0.0.2", 80), "192.0.2.1", 80, 1),
		       CHECK_TCP, 80);
	for (unsigned i = 0; i < 2; i++) {
		struct conf_virtual_server *vs = c->virtual_servers.v[i];

		vs->kind = SERVICE_MARK;
		vs->protocol = LVS_PROTO_NONE;
		vs->fwmark = 9;
		vs->family = i ? second : first;
	}
	return c;
}

/* One mark for both families is two virtual servers. */
static void families_tell_marks_apart(void **state)
{
	struct bench b = bench_new(marks_of(IP_V4, IP_V6));

	bench_down(&b, 0);
	bench_reload(&b, marks_of(IP_V6, IP_V4));
	assert_events(&b, "");
	assert_true(lvs_view_server(b.l, 0).up);
	assert_false(lvs_view_server(b.l, 1).up);
	bench_free(&b);
}

/* Two virtual servers of one key keep their states apart. */
static void twin_services_pair_in_order(void **state)
{
	struct bench b;
	struct conf *c[2];

	for (int i = 0; i < 2; i++) {
		c[i] = servers_from(1, 1);
		lvs_conf_check(c[i],
			       lvs_conf_server(c[i], lvs_conf_service(c[i], "10.0.0.1", 80),
					       "192.0.2.2", 80, 1),
			       CHECK_TCP, 80);
	}
	b = bench_new(c[0]);
	bench_down(&b, 1);
	bench_reload(&b, c[1]);
	assert_events(&b, "");
	assert_true(lvs_view_server(b.l, 0).up);
	assert_false(lvs_view_server(b.l, 1).up);
	bench_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged_is_silent),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(ports_tell_servers_apart),
		cmocka_unit_test(new_server_starts_as_at_start),
		cmocka_unit_test(new_server_starts_slowly_in_a_running_service),
		cmocka_unit_test(removed_server_is_told),
		cmocka_unit_test(removed_service_is_told),
		cmocka_unit_test(removed_server_drains),
		cmocka_unit_test(removal_while_draining_is_silent),
		cmocka_unit_test(draining_server_comes_back),
		cmocka_unit_test(weight_zero_by_reload_drains),
		cmocka_unit_test(failing_checker_removed_brings_up),
		cmocka_unit_test(checker_of_another_identity_starts_anew),
		cmocka_unit_test(timing_is_no_identity),
		cmocka_unit_test(new_alpha_checker_on_a_kept_server),
		cmocka_unit_test(twins_keep_one_verdict_each),
		cmocka_unit_test(contribution_is_kept_and_override_lost),
		cmocka_unit_test(weight_said_by_a_script_outlives_the_configured),
		cmocka_unit_test(files_keep_their_values),
		cmocka_unit_test(quorum_is_judged_by_the_new_rules),
		cmocka_unit_test(sorry_server_removed_while_needed),
		cmocka_unit_test(panic_survives),
		cmocka_unit_test(group_of_another_protocol_is_another),
		cmocka_unit_test(marks_are_kept),
		cmocka_unit_test(families_tell_marks_apart),
		cmocka_unit_test(twin_services_pair_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
