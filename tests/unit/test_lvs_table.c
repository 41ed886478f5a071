/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From virtual servers to kernel services: groups, marks, ports, methods, shared keys. */
#include "lvs_fixture.h"

static struct conf *one(void)
{
	struct conf *c = lvs_conf_new();

	lvs_conf_server(c, lvs_conf_service(c, "10.0.0.1", 80), "192.0.2.1", 8080, 1);
	return c;
}

static void assert_conf_table(struct conf *c, const char *text)
{
	struct bench b = bench_new(c);

	assert_table(&b, text);
	bench_free(&b);
}

static void methods_and_ports(void **state)
{
	struct conf *c = one();
	struct conf_forwarding *f = arena_new_of(c->arena, struct conf_forwarding);

	lvs_conf_server(c, VS(c), "192.0.2.2", 8080, 1)->method = lvs_conf_method(c, LVS_DR);
	*f = (struct conf_forwarding){.method = LVS_TUN,
				      .tun_type = LVS_TUN_GUE,
				      .tun_port = 6080,
				      .tun_flags = LVS_TUN_REMCSUM};
	lvs_conf_server(c, VS(c), "2001:db8::1", 8080, 1)->method = f;
	lvs_conf_server(c, VS(c), "2001:db8::2", 8080, 1); /* another family without a tunnel */
	assert_conf_table(c, "10.0.0.1/6:80: 192.0.2.1:8080=1 192.0.2.2:80=1dr "
			     "2001:db8::1:80=1tun1/6080/2");
}

static void settings_of_the_service(void **state)
{
	struct conf *c = one();
	struct bench b;
	struct arena *a = arena_new();
	struct service_table t;
	const struct service *s;

	VS(c)->scheduler = LVS_SCHED_MH;
	VS(c)->flags = LVS_SCHED1 | LVS_ONEPACKET;
	VS(c)->persistence_timeout = 360;
	VS(c)->persistence_engine = "sip";
	VS(c)->granularity_family = IP_V4;
	VS(c)->granularity = 0xffffff00;
	RS(c, 0)->uthreshold = 100;
	RS(c, 0)->lthreshold = 50;
	lvs_conf_server(c, lvs_conf_service(c, "2001:db8::100", 80), "2001:db8::1", 80, 1);
	b = bench_new(c);
	lvs_desired(b.l, a, &t);
	s = &t.services.v[0];
	assert_string_equal(s->scheduler, "mh");
	assert_int_equal(s->flags, 0x0c);
	assert_int_equal(s->timeout, 360);
	assert_string_equal(s->pe, "sip");
	assert_int_equal(s->netmask, 0xffffff00);
	assert_int_equal(s->vs, 0);
	assert_int_equal(s->dests.v[0].uthreshold, 100);
	assert_int_equal(s->dests.v[0].lthreshold, 50);
	s = &t.services.v[1];
	assert_string_equal(s->scheduler, "wlc");
	assert_int_equal(s->timeout, 0);
	assert_int_equal(s->netmask, 128);
	VS(c)->granularity_family = IP_NONE;
	lvs_desired(b.l, a, &t);
	assert_int_equal(t.services.v[0].netmask, 0xffffffff);
	arena_free(a);
	bench_free(&b);
}

/* ---- groups ---- */

static struct conf *grouped(void)
{
	struct conf *c = one();
	struct conf_virtual_server_group *g = lvs_conf_group(c, "web");

	lvs_conf_group_range(c, g, "10.0.0.1", "10.0.0.1", 80);
	lvs_conf_group_range(c, g, "10.0.1.254", "10.0.2.1", 81);
	lvs_conf_group_range(c, g, "10.0.2.1", "10.0.2.1", 81); /* again */
	lvs_conf_grouped(VS(c), g, 0);
	return c;
}

static void group_of_addresses(void **state)
{
	assert_conf_table(grouped(), "10.0.0.1/6:80: 192.0.2.1:8080=1\n"
				     "10.0.1.254/6:81: 192.0.2.1:8080=1\n"
				     "10.0.1.255/6:81: 192.0.2.1:8080=1\n"
				     "10.0.2.0/6:81: 192.0.2.1:8080=1\n"
				     "10.0.2.1/6:81: 192.0.2.1:8080=1");
}

/* Two servers that only a port tells apart are one where the port is the entry's. */
static void group_gives_the_port(void **state)
{
	struct conf *c = one();
	struct conf_virtual_server_group *g = lvs_conf_group(c, "web");

	RS(c, 0)->method = lvs_conf_method(c, LVS_DR);
	lvs_conf_server(c, VS(c), "192.0.2.1", 90, 7)->method = RS(c, 0)->method;
	lvs_conf_server(c, VS(c), "192.0.2.1", 85, 2);
	lvs_conf_group_range(c, g, "10.0.0.1", "10.0.0.1", 443);
	lvs_conf_group_mark(c, g, 5, IP_NONE);
	lvs_conf_grouped(VS(c), g, 0);
	assert_conf_table(c, "10.0.0.1/6:443: 192.0.2.1:85=2 192.0.2.1:443=7dr\n"
			     "fwm5/4: 192.0.2.1:0=7dr 192.0.2.1:85=2");
}

static void granularity_counts_for_every_service_of_a_group(void **state)
{
	struct conf *c = grouped();
	struct bench b;
	struct arena *a = arena_new();
	struct service_table t;

	VS(c)->persistence_timeout = 60;
	VS(c)->granularity_family = IP_V4;
	VS(c)->granularity = 0xffff0000;
	b = bench_new(c);
	lvs_desired(b.l, a, &t);
	for (unsigned i = 0; i < t.services.n; i++)
		assert_int_equal(t.services.v[i].netmask, 0xffff0000);
	arena_free(a);
	bench_free(&b);
}

static struct conf *mixed(void)
{
	struct conf *c = one();
	struct conf_virtual_server_group *g = lvs_conf_group(c, "web");

	RS(c, 0)->method = lvs_conf_method(c, LVS_TUN);
	lvs_conf_group_range(c, g, "10.0.0.1", "10.0.0.1", 80);
	lvs_conf_group_range(c, g, "2001:db8::ffff", "2001:db8::1:0", 80);
	lvs_conf_grouped(VS(c), g, 0);
	return c;
}

static void group_of_both_families(void **state)
{
	assert_conf_table(mixed(), "10.0.0.1/6:80: 192.0.2.1:80=1tun0/0/0\n"
				   "2001:db8::ffff/6:80: 192.0.2.1:80=1tun0/0/0\n"
				   "2001:db8::1:0/6:80: 192.0.2.1:80=1tun0/0/0");
}

static void last_address_there_is(void **state)
{
	struct conf *c = one();
	struct conf_virtual_server_group *g = lvs_conf_group(c, "web");

	lvs_conf_group_range(c, g, "255.255.255.254", "255.255.255.255", 80);
	lvs_conf_grouped(VS(c), g, 0);
	assert_conf_table(c, "255.255.255.254/6:80: 192.0.2.1:8080=1\n"
			     "255.255.255.255/6:80: 192.0.2.1:8080=1");
}

static void group_changes_as_one(void **state)
{
	struct conf *c = grouped();
	struct bench b;

	lvs_conf_check(c, RS(c, 0), CHECK_TCP, 80);
	lvs_conf_server(c, lvs_conf_service(c, "10.9.9.9", 80), "192.0.2.1", 80, 1);
	b = bench_new(c);
	bench_table(&b);
	bench_down(&b, 0);
	assert_string_equal(bench_changed(&b), "10.0.0.1/6:80:\n10.0.1.254/6:81:\n"
					       "10.0.1.255/6:81:\n10.0.2.0/6:81:\n10.0.2.1/6:81:");
	assert_string_equal(bench_changed(&b), "");
	bench_free(&b);
}

/* ---- marks of nftables_ipvs ---- */

static void groups_become_marks(void **state)
{
	struct conf *c = mixed();
	struct conf_virtual_server_group *marked = lvs_conf_group(c, "marked"),
					 *other = lvs_conf_group(c, "other");
	struct conf_virtual_server *vs[4];

	lvs_conf_group_mark(c, marked, 5, IP_V4);
	lvs_conf_group_range(c, marked, "10.0.7.1", "10.0.7.1", 80);
	lvs_conf_group_range(c, other, "10.0.8.1", "10.0.8.250", 80);
	for (unsigned i = 0; i < 4; i++) {
		vs[i] = lvs_conf_service(c, "0.0.0.0", 0);
		lvs_conf_server(c, vs[i], "192.0.2.9", 0, i + 1);
		lvs_conf_grouped(vs[i],
				 i == 0	 ? marked
				 : i < 3 ? other
					 : c->virtual_server_groups.v[0],
				 i);
	}
	vs[1]->protocol = LVS_UDP;
	vs[3]->protocol = LVS_UDP;
	RS(c, 4)->method = lvs_conf_method(c, LVS_TUN);
	assert_int_equal(lvs_group_mark(c, VS(c)), 0);
	c->global.nftables_ipvs = "keepalived_ipvs";
	assert_int_equal(lvs_group_mark(c, VS(c)), 1000);
	assert_int_equal(lvs_group_mark(c, vs[0]), 0);
	assert_int_equal(lvs_group_mark(c, vs[1]), 1001);
	assert_int_equal(lvs_group_mark(c, vs[2]), 1002);
	assert_int_equal(lvs_group_mark(c, vs[3]), 1003);
	assert_conf_table(c, "10.0.7.1/6:80: 192.0.2.9:0=1\n"
			     "fwm5/4: 192.0.2.9:0=1\n"
			     "fwm1000/4: 192.0.2.1:0=1tun0/0/0\n"
			     "fwm1001/4: 192.0.2.9:0=2\n"
			     "fwm1002/4: 192.0.2.9:0=3\n"
			     "fwm1003/4: 192.0.2.9:0=4tun0/0/0\n"
			     "fwm1000/6: 192.0.2.1:0=1tun0/0/0\n"
			     "fwm1003/6: 192.0.2.9:0=4tun0/0/0");
}

static void group_shared_by_twins_has_one_mark(void **state)
{
	struct conf *c = grouped();
	struct conf_virtual_server *vs = lvs_conf_service(c, "0.0.0.0", 0);

	lvs_conf_server(c, vs, "192.0.2.2", 80, 1);
	lvs_conf_grouped(vs, c->virtual_server_groups.v[0], 1);
	c->global.nftables_ipvs = "t";
	c->global.nftables_ipvs_start_fwmark = 7;
	assert_int_equal(lvs_group_mark(c, vs), 7);
	assert_conf_table(c, "fwm7/4: 192.0.2.1:8080=1 192.0.2.2:80=1");
}

/* ---- one key, two virtual servers ---- */

static void shared_key_is_the_union(void **state)
{
	struct conf *c = one();
	struct conf_virtual_server *vs = lvs_conf_service(c, "10.0.0.1", 80);
	struct bench b;
	struct arena *a = arena_new();
	struct service_table t;

	VS(c)->scheduler = LVS_SCHED_RR;
	vs->scheduler = LVS_SCHED_SH;
	lvs_conf_check(c, RS(c, 0), CHECK_TCP, 80);
	lvs_conf_check(c, lvs_conf_server(c, vs, "192.0.2.1", 8080, 5), CHECK_TCP, 80);
	lvs_conf_server(c, vs, "192.0.2.0", 8080, 2);
	b = bench_new(c);
	lvs_desired(b.l, a, &t);
	assert_int_equal(t.services.n, 1);
	assert_string_equal(t.services.v[0].scheduler, "rr");
	assert_string_equal(bench_table_text(&b, &t),
			    "10.0.0.1/6:80: 192.0.2.0:8080=2 192.0.2.1:8080=5");
	bench_down(&b, 1);
	assert_string_equal(bench_changed(&b), "10.0.0.1/6:80: 192.0.2.0:8080=2 192.0.2.1:8080=1");
	bench_down(&b, 0);
	assert_string_equal(bench_changed(&b), "10.0.0.1/6:80: 192.0.2.0:8080=2");
	arena_free(a);
	bench_free(&b);
}

/* ---- what changed ---- */

static void changed_needs_a_whole_table_first(void **state)
{
	struct conf *c = one();
	struct bench b;
	struct arena *a = arena_new();
	struct service_table t;

	lvs_conf_check(c, RS(c, 0), CHECK_TCP, 80);
	b = bench_new(c);
	assert_true(lvs_is_dirty(b.l));
	assert_false(lvs_desired_changed(b.l, a, &t));
	bench_table(&b);
	assert_false(lvs_is_dirty(b.l));
	assert_string_equal(bench_changed(&b), "");
	bench_down(&b, 0);
	assert_true(lvs_is_dirty(b.l));
	assert_string_equal(bench_changed(&b), "10.0.0.1/6:80:");
	lvs_stop(b.l, b.now);
	assert_true(lvs_is_dirty(b.l));
	assert_false(lvs_desired_changed(b.l, a, &t));
	arena_free(a);
	bench_free(&b);
}

static void names(void **state)
{
	char buf[LVS_NAME_MAX];
	struct conf *c = one();

	RS(c, 0)->addr = lvs_conf_ip("2001:db8::1");
	assert_string_equal(lvs_server_name(RS(c, 0), VS(c), buf), "[2001:db8::1]:tcp:8080");
	VS(c)->protocol = LVS_SCTP;
	assert_string_equal(lvs_service_name(VS(c), buf), "[10.0.0.1]:sctp:80");
	VS(c)->kind = SERVICE_GROUP;
	VS(c)->group_name =
		"a name that is far too long for any text form that somebody would like to "
		"read or write, and for the buffer";
	VS(c)->ordinal = 2;
	assert_int_equal(strlen(lvs_service_name(VS(c), buf)), LVS_NAME_MAX - 1);
	VS(c)->group_name = "web";
	assert_string_equal(lvs_service_name(VS(c), buf), "[web]:2");
	arena_free(c->arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_and_ports),
		cmocka_unit_test(settings_of_the_service),
		cmocka_unit_test(group_of_addresses),
		cmocka_unit_test(group_gives_the_port),
		cmocka_unit_test(granularity_counts_for_every_service_of_a_group),
		cmocka_unit_test(group_of_both_families),
		cmocka_unit_test(last_address_there_is),
		cmocka_unit_test(group_changes_as_one),
		cmocka_unit_test(groups_become_marks),
		cmocka_unit_test(group_shared_by_twins_has_one_mark),
		cmocka_unit_test(shared_key_is_the_union),
		cmocka_unit_test(changed_needs_a_whole_table_first),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
