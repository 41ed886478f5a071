/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and rules: words in any order, what makes no sense, and text -> model -> text. */
#include "conf_fixture.h"
#include "model/route.h"

static const struct conf_route *route(const char *line)
{
	char text[500];

	snprintf(text, sizeof(text), "static_routes {\n%s\n}\n", line);
	load(text);
	if (!loaded.conf->static_routes.n)
		return NULL;
	assert_round_trip();
	return loaded.conf->static_routes.v[0];
}

static void test_route_words_in_any_order(void **state)
{
	const struct conf_route *r;

	(void)state;
	r = route("src 192.168.100.1 to 192.168.109.0/24 via 192.168.200.254 dev eth1");
	assert_quiet(DIAG_NOTE);
	assert_int_equal(r->dst_len, 24);
	assert_string_equal(r->dev, "eth1");
	assert_int_equal(r->table, 254);
	assert_int_equal(r->protocol, 18);
	r = route("dev eth1 metric 5 blackhole 10.0.0.0/8 table 7 EF");
	assert_null(r);
	r = route("dev eth1 metric 5 blackhole 10.0.0.0/8 table 7 tos EF realms shop");
	assert_int_equal(r->type, ROUTE_BLACKHOLE);
	assert_int_equal(r->priority, 5);
	assert_int_equal(r->tos, 77);
	assert_int_equal(r->realms.to, 77);
}

/* 2.4.3 swallows the word after inet6 */
static void test_route_family_words(void **state)
{
	const struct conf_route *r;

	(void)state;
	r = route("inet6 default via fe80::1 dev eth0");
	assert_int_equal(r->family, IP_V6);
	assert_false(ip_is_set(&r->dst));
	r = route("inet default dev eth0");
	assert_int_equal(r->family, IP_V4);
	r = route("default via inet6 fe80::1 dev eth0 pref low expires 60");
	assert_int_equal(r->family, IP_V6);
	assert_true(r->has_pref);
	assert_int_equal(r->pref, 3);
	assert_null(route("10.0.0.0/8 via fe80::1"));
	assert_null(route("inet 10.0.0.0/8 inet6 dev eth0"));
	assert_null(route("dev eth0 via 10.0.0.1"));
	assert_null(route("10.0.0.0/33 dev eth0"));
}

static void test_route_metrics(void **state)
{
	const struct conf_route *r;

	(void)state;
	r = route("10.0.0.0/8 dev eth0 mtu lock 1400 rtt 1s rttvar lock 300ms rto_min 250 hoplimit "
		  "9 congctl lock cubic");
	assert_int_equal(r->metrics, 1 << METRIC_MTU | 1 << METRIC_RTT | 1 << METRIC_RTTVAR |
					     1 << METRIC_RTO_MIN | 1 << METRIC_HOPLIMIT);
	assert_true(r->metric[METRIC_MTU].lock && r->metric[METRIC_RTTVAR].lock && r->congctl_lock);
	assert_int_equal(r->metric[METRIC_MTU].value, 1400);
	assert_int_equal(r->metric[METRIC_RTT].value, 8000);
	assert_int_equal(r->metric[METRIC_RTTVAR].value, 1200);
	assert_int_equal(r->metric[METRIC_RTO_MIN].value, 250);
	assert_null(route("10.0.0.0/8 dev eth0 rto_min 3x"));
	assert_int_equal(count("bad-unit"), 1);
	assert_int_equal(count("ignored-line"), 1);
	r = route("10.0.0.0/8 dev eth0 rtt 5ms rttvar 1000s");
	assert_int_equal(r->metric[METRIC_RTT].value, 1600);
	assert_int_equal(r->metric[METRIC_RTTVAR].value, 480000);
	assert_int_equal(count("out-of-range"), 2);
}

static void test_route_next_hops(void **state)
{
	const struct conf_route *r;

	(void)state;
	r = route("10.0.0.0/8 nexthop via 10.1.0.1 weight 3 dev eth0 onlink nexthop via 10.1.0.2 "
		  "realms 3/4 "
		  "encap mpls 100/200 nexthop via 10.1.0.3 as 1.2.3.4");
	assert_int_equal(r->nexthops.n, 2);
	assert_int_equal(r->nexthops.v[0]->weight, 3);
	assert_true(r->nexthops.v[0]->onlink);
	assert_int_equal(r->nexthops.v[1]->encap->labels[1], 200);
	r = route("10.0.0.0/8 via 10.1.0.1 or 10.1.0.2 dev eth0");
	assert_int_equal(r->nexthops.n, 2);
	assert_string_equal(r->nexthops.v[1]->dev, "eth0");
	assert_false(ip_is_set(&r->via));
}

static void test_route_encapsulation(void **state)
{
	const struct conf_route *r;

	(void)state;
	r = route("10.0.0.0/8 encap ip id 5 dst 1.2.3.4 src 4.3.2.1 tos 8 ttl 3 flags 7 dev eth0 "
		  "src 9.9.9.9");
	assert_null(route("10.0.0.0/8 encap dev eth0"));
	assert_null(route("10.0.0.0/8 encap ip ttl 4 dev eth0"));
	assert_null(route("10.0.0.0/8 encap mpls 1/2/3 dev eth0"));
	assert_null(route("10.0.0.0/8 encap mpls 1048576 dev eth0"));
	assert_null(route("10.0.0.0/8 encap ila 1:2:3 dev eth0"));
	assert_null(route("10.0.0.0/8 encap ip id 1 mpls 5"));
	r = route("10.0.0.0/8 encap ila 1:2:3:ffff dev eth0");
	assert_true(r->encap->ila == UINT64_C(0x000100020003ffff));
	r = route("10.0.0.0/8 encap ip6 id 18446744073709551615 dst ::1 tc 3 hoplimit 4 dev eth0");
	assert_true(r->encap->ip6->id == UINT64_MAX);
	assert_string_equal(r->dev, "eth0");
}

static void test_route_protocol_needs_no_track(void **state)
{
	(void)state;
	assert_int_equal(route("10.0.0.0/8 dev eth0 protocol static")->protocol, 18);
	assert_int_equal(count("protocol"), 1);
	assert_int_equal(route("10.0.0.0/8 dev eth0 protocol static no_track")->protocol, 4);
	assert_int_equal(route("10.0.0.0/8 dev eth0 add append")->order, ROUTE_APPEND);
}

static void test_rules(void **state)
{
	const struct conf_rule *r;

	(void)state;
	load("static_rules {\n sport 80 dport 1000-2000 ip_proto tcp type blackhole\n"
	     "not fwmark 0x10/0xff iif eth0 lookup main\n inet6 from fd00::/8 goto 30000 "
	     "preference 20000\n"
	     "inet6 nop\n uidrange 5-7 l3mdev\n}\n");
	assert_int_equal(loaded.conf->static_rules.n, 5);
	assert_quiet(DIAG_WARNING);
	r = loaded.conf->static_rules.v[0];
	assert_int_equal(r->action, RULE_BLACKHOLE);
	assert_int_equal(r->ip_proto, 6);
	assert_true(r->has_sport && r->sport.lo == 80 && r->sport.hi == 80);
	assert_int_equal(r->dport.hi, 2000);
	assert_int_equal(r->preference, 16384);
	r = loaded.conf->static_rules.v[1];
	assert_true(r->invert && r->fwmark == 16 && r->fwmask == 255 && r->table == 254);
	assert_int_equal(r->preference, 16383);
	assert_int_equal(r->suppress_prefixlength, -1);
	assert_int_equal(loaded.conf->static_rules.v[2]->action, RULE_GOTO);
	assert_int_equal(loaded.conf->static_rules.v[3]->preference, 16384);
	assert_int_equal(loaded.conf->static_rules.v[4]->preference, 16382);
	assert_int_equal(loaded.conf->static_rules.v[4]->action, RULE_TABLE);
	assert_round_trip();
}

static void test_rules_that_make_no_sense(void **state)
{
	static const char *const bad[] = {
		"from 10.0.0.0/8",
		"goto 5",
		"goto 5 preference 9",
		"from 10.0.0.1 to fd00::1 table 5",
		"table 5 nop",
		"table 0",
		"sport 90-80 nop",
		"uidrange 5 nop",
		"from here nop",
		"fwmark x nop",
		"unreachable frm 10.0.0.1",
		"inet inet6 nop",
	};
	char text[200];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "static_rules {\n%s\n}\n", bad[i]);
		load(text);
		if (loaded.conf->static_rules.n || !loaded.diags.count[DIAG_ERROR])
			fail_msg("`%s` was accepted", bad[i]);
	}
}

static void test_track_groups_of_routes(void **state)
{
	(void)state;
	load("track_group g {\n group {\n VI\n}\n}\nstatic_routes {\n 10.0.0.0/8 dev eth0 "
	     "track_group g\n"
	     "10.1.0.0/16 dev eth0 track_group h\n 10.2.0.0/16 via 10.0.0.1 track_group g\n}\n"
	     "vrrp_instance VI {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n "
	     "10.0.0.1\n}\n}\n");
	assert_string_equal(loaded.conf->static_routes.v[0]->track_group, "g");
	assert_null(loaded.conf->static_routes.v[1]->track_group);
	assert_null(loaded.conf->static_routes.v[2]->track_group);
	assert_int_equal(count("unknown-name"), 2);
	assert_round_trip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route_words_in_any_order),
		cmocka_unit_test(test_route_family_words),
		cmocka_unit_test(test_route_metrics),
		cmocka_unit_test(test_route_next_hops),
		cmocka_unit_test(test_route_encapsulation),
		cmocka_unit_test(test_route_protocol_needs_no_track),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_that_make_no_sense),
		cmocka_unit_test(test_track_groups_of_routes),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
