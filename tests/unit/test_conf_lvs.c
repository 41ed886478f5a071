/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual servers and checkers: final values, corrections, and text -> model -> text. */
#include "conf_fixture.h"
#include "model/lvs.h"

/* A service on 10.0.0.1:80 with `inside` in it. */
#define SERVICE(inside)                                                                            \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n" inside     \
	"\n}\n"
#define SERVER(inside) "real_server 10.1.0.1 80 {\n" inside "\n}\n"

/* ---- inheritance ---- */

static void test_defaults_of_each_checker(void **state)
{
	const struct conf *conf =
		load(SERVICE(SERVER("HTTP_GET {\n url {\n path /\n }\n}\n TCP_CHECK {\n}\n"
				    "DNS_CHECK {\n}\n MISC_CHECK {\n misc_path /bin/true\n}\n")));
	const struct conf_real_server *rs = conf->real_servers.v[0];

	(void)state;
	assert_quiet(DIAG_NOTE);
	assert_int_equal(rs->checkers.n, 4);
	for (unsigned i = 0; i < rs->checkers.n; i++) {
		const struct conf_checker *c = rs->checkers.v[i];
		bool http = c->kind == CHECK_HTTP, dns = c->kind == CHECK_DNS,
		     misc = c->kind == CHECK_MISC;

		assert_ptr_equal(conf->checkers.v[c->id], c);
		assert_int_equal(c->timing.delay_loop, 60 * USEC_PER_SEC);
		assert_int_equal(c->timing.warmup, 60 * USEC_PER_SEC);
		assert_int_equal(c->timing.connect_timeout, 5 * USEC_PER_SEC);
		assert_int_equal(c->timing.retry, dns ? 3 : misc ? 0 : 1);
		assert_int_equal(c->timing.delay_before_retry, (http  ? 3
								: dns ? 60
								      : 1) *
								       USEC_PER_SEC);
		assert_false(c->timing.alpha);
		if (misc) {
			assert_int_equal(((const struct conf_check_misc *)c)->timeout,
					 60 * USEC_PER_SEC);
			continue;
		}
		assert_int_equal(((const struct conf_check_socket *)c)->connect_port, 80);
		assert_true(
			ip_equal(&((const struct conf_check_socket *)c)->connect_ip, &rs->addr));
	}
}

static void test_values_flow_down(void **state)
{
	const struct conf *conf = load(SERVICE(
		"delay_loop 10\n retry 4\n alpha\n inhibit_on_failure\n weight 7\n warmup 3\n"
		"delay_before_retry 2\n connect_timeout 9\n"
		"real_server 10.1.0.1 80 {\n retry 5\n alpha off\n TCP_CHECK {\n}\n"
		" DNS_CHECK {\n retry 0\n delay_loop 1.5\n}\n}\n"
		"real_server 10.1.0.2 80 {\n weight 0\n inhibit_on_failure off\n BFD_CHECK {\n "
		"name x\n}\n}\n") "bfd_instance x {\n neighbor_ip 10.9.9.9\n}\n");
	const struct conf_real_server *a = conf->real_servers.v[0], *b = conf->real_servers.v[1];
	const struct conf_checker *tcp = a->checkers.v[0], *dns = a->checkers.v[1],
				  *bfd = b->checkers.v[0];

	(void)state;
	assert_int_equal(a->weight, 7);
	assert_int_equal(b->weight, 0);
	assert_true(a->inhibit_on_failure);
	assert_false(b->inhibit_on_failure);
	assert_int_equal(tcp->timing.retry, 5);
	assert_int_equal(tcp->timing.delay_loop, 10 * USEC_PER_SEC);
	assert_int_equal(tcp->timing.warmup, 3 * USEC_PER_SEC);
	assert_int_equal(tcp->timing.delay_before_retry, 2 * USEC_PER_SEC);
	assert_int_equal(tcp->timing.connect_timeout, 9 * USEC_PER_SEC);
	assert_false(tcp->timing.alpha);
	assert_int_equal(dns->timing.retry, 0);
	assert_int_equal(dns->timing.delay_loop, 1500000);
	assert_int_equal(dns->timing.delay_before_retry, 2 * USEC_PER_SEC);
	assert_true(bfd->timing.alpha);
	assert_round_trip();
}

static void test_retry_0_only_in_a_checker(void **state)
{
	(void)state;
	load(SERVICE("retry 0\n" SERVER("retry 0\n TCP_CHECK {\n retry 0\n}")));
	assert_int_equal(count("out-of-range"), 2);
	assert_int_equal(loaded.conf->checkers.v[0]->timing.retry, 0);
}

static void test_old_retry_of_http(void **state)
{
	(void)state;
	load(SERVICE(SERVER("HTTP_GET {\n nb_get_retry 6\n url {\n path /\n}\n}\n TCP_CHECK {\n "
			    "nb_get_retry 6\n}")));
	assert_int_equal(loaded.conf->checkers.v[0]->timing.retry, 6);
	assert_int_equal(loaded.conf->checkers.v[1]->timing.retry, 1);
	assert_int_equal(count("deprecated"), 1);
	assert_int_equal(count("unknown-keyword"), 1);
	assert_round_trip();
}

/* defect 2 of 2.4.3: the words of a host changed the checker around it */
static void test_each_smtp_host_is_a_checker(void **state)
{
	const struct conf *conf = load(
		SERVICE(SERVER("SMTP_CHECK {\n helo_name me\n connect_timeout 3\n retry 7\n"
			       "host {\n connect_ip 10.2.0.1\n connect_port 26\n}\n"
			       "host {\n connect_port 27\n retry 2\n connect_timeout 4\n}\n}")));
	const struct conf_check_smtp *a, *b;

	(void)state;
	assert_int_equal(conf->checkers.n, 2);
	a = (const struct conf_check_smtp *)conf->checkers.v[0];
	b = (const struct conf_check_smtp *)conf->checkers.v[1];
	assert_string_equal(a->helo_name, "me");
	assert_string_equal(b->helo_name, "me");
	assert_int_equal(a->sock.connect_ip.b[1], 2);
	assert_int_equal(b->sock.connect_ip.b[1], 1);
	assert_int_equal(a->sock.connect_port, 26);
	assert_int_equal(b->sock.connect_port, 27);
	assert_int_equal(a->sock.check.timing.retry, 7);
	assert_int_equal(b->sock.check.timing.retry, 2);
	assert_int_equal(a->sock.check.timing.connect_timeout, 3 * USEC_PER_SEC);
	assert_int_equal(b->sock.check.timing.connect_timeout, 4 * USEC_PER_SEC);
	assert_round_trip();
}

/* defect 13 of 2.4.3: the TLS name left out the real server's virtualhost */
static void test_host_names(void **state)
{
	const struct conf *conf = load(SERVICE(
		"virtualhost vs.example\n"
		"real_server 10.1.0.1 80 {\n virtualhost rs.example\n SSL_GET {\n enable_sni\n"
		"url {\n path /a\n}\nurl {\n path /b\n virtualhost u.example\n}\n}\n"
		"HTTP_GET {\n virtualhost c.example\n url {\n path /\n}\n}\n}\n"
		"real_server 10.1.0.2 80 {\n SSL_GET {\n sni_name s.example\n url {\n path "
		"/\n}\n}\n"
		"SSL_GET {\n url {\n path /\n}\n}\n}\n"));
	const struct conf_check_http *http = (const void *)conf->checkers.v[0];
	const struct conf_check_http *ssl = (const void *)conf->checkers.v[1];
	const struct conf_check_http *named = (const void *)conf->checkers.v[2];
	const struct conf_check_http *plain = (const void *)conf->checkers.v[3];

	(void)state;
	assert_string_equal(http->urls.v[0]->host, "c.example");
	assert_null(http->urls.v[0]->server_name);
	assert_string_equal(ssl->urls.v[0]->host, "rs.example");
	assert_string_equal(ssl->urls.v[0]->server_name, "rs.example");
	assert_string_equal(ssl->urls.v[1]->server_name, "u.example");
	assert_string_equal(named->urls.v[0]->host, "vs.example");
	assert_string_equal(named->urls.v[0]->server_name, "s.example");
	assert_null(plain->urls.v[0]->server_name);
}

static void test_mail_defaults(void **state)
{
	(void)state;
	load(SERVICE(SERVER("")));
	assert_int_equal(loaded.conf->virtual_servers.v[0]->smtp_alert, TRI_OFF);
	assert_int_equal(loaded.conf->real_servers.v[0]->smtp_alert, TRI_ON);
	load("global_defs {\n smtp_alert on\n smtp_alert_checker off\n}\n" SERVICE(
		"smtp_alert\n" SERVER("")));
	assert_int_equal(loaded.conf->virtual_servers.v[0]->smtp_alert, TRI_ON);
	assert_int_equal(loaded.conf->real_servers.v[0]->smtp_alert, TRI_OFF);
}

static void test_file_check_takes_from_its_file(void **state)
{
	const struct conf_check_file *a, *b;

	(void)state;
	load("track_file f {\n file /f\n weight 3 reverse\n}\n" SERVICE(
		SERVER("FILE_CHECK {\n track_file f\n}\nFILE_CHECK {\n track_file f\n weight 2000 "
		       "noreverse\n dynamic\n}\n"
		       "FILE_CHECK {\n track_file g\n}")));
	assert_int_equal(count("unknown-name"), 1);
	assert_int_equal(loaded.conf->checkers.n, 2);
	a = (const void *)loaded.conf->checkers.v[0];
	b = (const void *)loaded.conf->checkers.v[1];
	assert_int_equal(a->weight, 3);
	assert_true(a->reverse);
	assert_int_equal(b->weight, 2000);
	assert_false(b->reverse);
	assert_round_trip();
}

static void test_user_of_misc_check(void **state)
{
	(void)state;
	load(SERVICE(SERVER("MISC_CHECK {\n misc_path \"/bin/check 'a b'\"\n user nobody\n "
			    "misc_timeout 3\n}")));
	assert_int_equal(((const struct conf_check_misc *)loaded.conf->checkers.v[0])->script->uid,
			 99);
	assert_string_equal(
		((const struct conf_check_misc *)loaded.conf->checkers.v[0])->script->argv[1],
		"a b");
	assert_round_trip();
}

/* ---- corrections of the service ---- */

static const struct conf_virtual_server *first_service(void)
{
	assert_int_not_equal(loaded.conf->virtual_servers.n, 0);
	return loaded.conf->virtual_servers.v[0];
}

static void test_missing_settings_get_values(void **state)
{
	const struct conf_virtual_server *vs;

	(void)state;
	load("virtual_server 10.0.0.1 {\n real_server 10.1.0.1 {\n}\n}\n");
	vs = first_service();
	assert_int_equal(vs->protocol, LVS_UDP);
	assert_int_equal(vs->scheduler, LVS_SCHED_WLC);
	assert_int_equal(vs->method->method, LVS_NAT);
	assert_int_equal(vs->persistence_timeout, 360);
	assert_int_equal(count("no-protocol") + count("no-scheduler") + count("no-method") +
				 count("no-port"),
			 4);
	assert_quiet(DIAG_WARNING);
	assert_round_trip();
}

static void test_flags_of_schedulers(void **state)
{
	(void)state;
	load("virtual_server 10.0.0.1 80 {\n mh-port\n sh-fallback\n flag-3\n protocol UDP\n ops\n "
	     "lvs_sched mh\n"
	     "lvs_method DR\n" SERVER("") "}\n");
	assert_int_equal(first_service()->flags, LVS_SCHED2 | LVS_SCHED3 | LVS_ONEPACKET);
	assert_int_equal(count("scheduler-flag"), 1);
	assert_quiet(DIAG_WARNING);
	load("virtual_server 10.0.0.1 80 {\n sh-port\n protocol TCP\n ops\n lvs_sched "
	     "rr\nlvs_method DR\n" SERVER("") "}\n");
	assert_int_equal(first_service()->flags, 0);
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 2);
	assert_round_trip();
}

static void test_marks(void **state)
{
	const struct conf_virtual_server *vs;

	(void)state;
	load("virtual_server fwmark 0x10 {\n protocol TCP\n lvs_sched rr\n lvs_method TUN\n "
	     "ha_suspend\n"
	     "real_server fd00::1 80 {\n}\n}\n");
	vs = first_service();
	assert_int_equal(vs->fwmark, 16);
	assert_int_equal(vs->protocol, LVS_PROTO_NONE);
	assert_false(vs->ha_suspend);
	assert_int_equal(vs->family, IP_V6);
	assert_int_equal(vs->rs.v[0]->port, 0);
	assert_round_trip();
	load("virtual_server fwmark 0 {\n real_server 10.0.0.1 80 {\n}\n}\n");
	assert_int_equal(loaded.conf->virtual_servers.n, 0);
	assert_int_equal(count("out-of-range"), 1);
}

/* defect 6 of 2.4.3: a quorum of 0 made the hysteresis 4294967295 */
static void test_quorum_and_hysteresis(void **state)
{
	(void)state;
	load(SERVICE("quorum 9\n hysteresis 20\n real_server 10.1.0.1 80 {\n weight 3\n}\n"
		     "real_server 10.1.0.2 80 {\n weight 2\n}\n"));
	assert_int_equal(first_service()->quorum, 5);
	assert_int_equal(first_service()->hysteresis, 4);
	assert_round_trip();
	load(SERVICE("quorum 9\n hysteresis 20\n real_server 10.1.0.1 80 {\n weight 0\n}\n"));
	assert_int_equal(first_service()->quorum, 0);
	assert_int_equal(first_service()->hysteresis, 0);
}

static void test_ports(void **state)
{
	const struct conf_virtual_server *vs;

	(void)state;
	load(SERVICE("real_server 10.1.0.1 {\n}\nreal_server 10.1.0.2 8080 {\n}\n"
		     "real_server 10.1.0.3 8080 {\n lvs_method DR\n}\nsorry_server 10.1.0.9\n"));
	vs = first_service();
	assert_int_equal(vs->rs.v[0]->port, 80);
	assert_int_equal(vs->rs.v[1]->port, 8080);
	assert_int_equal(vs->rs.v[2]->port, 80);
	assert_int_equal(vs->sorry->port, 0);
	assert_int_equal(count("port"), 1);
	assert_round_trip();
}

static void test_servers_that_cannot_be_used(void **state)
{
	(void)state;
	load(SERVICE("real_server 10.1.0.1 80 {\n}\nreal_server 10.1.0.1 {\n}\nreal_server fd00::1 "
		     "80 {\n}\n"
		     "real_server fd00::2 80 {\n lvs_method TUN\n}\n"));
	assert_int_equal(first_service()->rs.n, 2);
	assert_int_equal(count("duplicate-name"), 1);
	assert_int_equal(count("family"), 1);
	assert_round_trip();
	load(SERVICE("real_server fd00::1 80 {\n}\n"));
	assert_int_equal(loaded.conf->virtual_servers.n, 0);
	assert_int_equal(count("incomplete"), 1);
}

static void test_sorry_server(void **state)
{
	const struct conf_virtual_server *vs;

	(void)state;
	load(SERVICE(
		"sorry_server 10.1.0.8 1\n sorry_server 10.1.0.1 80\n sorry_server_lvs_method DR\n"
		"real_server 10.1.0.7 80 {\n}\nreal_server 10.1.0.1 80 {\n "
		"inhibit_on_failure\n}\n"));
	vs = first_service();
	assert_int_equal(vs->sorry->addr.b[3], 1);
	assert_int_equal(vs->sorry_method->method, LVS_DR);
	assert_int_equal(vs->sorry_rs, 1);
	assert_true(vs->sorry_inhibit);
	assert_round_trip();
}

/* A server takes the method in force where it stands; printing must not change that. */
static void test_method_in_force(void **state)
{
	const struct conf_virtual_server *vs;

	(void)state;
	load("virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n"
	     "real_server 10.1.0.1 80 {\n}\nlvs_method TUN type gue port 5 remcsum\nreal_server "
	     "10.1.0.2 80 {\n}\n"
	     "lvs_method DR\nreal_server 10.1.0.3 80 {\n}\nreal_server 10.1.0.4 80 {\n lvs_method "
	     "NAT\n}\n}\n");
	vs = first_service();
	assert_int_equal(vs->rs.v[0]->method->method, LVS_DR);
	assert_int_equal(vs->rs.v[1]->method->method, LVS_TUN);
	assert_int_equal(vs->rs.v[1]->method->tun_port, 5);
	assert_int_equal(vs->rs.v[1]->method->tun_flags, LVS_TUN_REMCSUM);
	assert_int_equal(vs->rs.v[2]->method->method, LVS_DR);
	assert_int_equal(vs->rs.v[3]->method->method, LVS_NAT);
	assert_round_trip();
}

static void test_methods_that_make_no_sense(void **state)
{
	static const char *const bad[] = {
		"DR port 5",
		"TUN type gue",
		"TUN port 5",
		"TUN csum",
		"TUN type gre remcsum",
		"TUN type gre port 4",
		"TUN type gue port 5 csum remcsum",
		"NAT type ipip",
		"nat",
	};
	char text[300];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text),
			 "virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n"
			 " lvs_method %s\n real_server 10.1.0.1 80 {\n}\n}\n",
			 bad[i]);
		load(text);
		if (!loaded.diags.count[DIAG_ERROR])
			fail_msg("`lvs_method %s` was accepted", bad[i]);
		assert_int_equal(first_service()->method->method, LVS_NAT);
	}
}

static void test_granularity(void **state)
{
	(void)state;
	load(SERVICE("persistence_granularity 255.255.254.0\n" SERVER("")));
	assert_int_equal(first_service()->granularity, 0xfffffe00);
	assert_int_equal(first_service()->persistence_timeout, 360);
	assert_round_trip();
	load(SERVICE("persistence_granularity 64\n" SERVER("")));
	assert_int_equal(count("family"), 1);
	assert_int_equal(first_service()->persistence_timeout, 0);
	assert_round_trip();
}

/* ---- groups ---- */

static void test_group_entries(void **state)
{
	const struct conf_virtual_server_group *g;

	(void)state;
	load("virtual_server_group g {\n 10.0.0.1 80\n 10.0.0.5-9 0\n 10.1.0.250-10.1.1.3\n "
	     "10.2.0.0/23 443\n"
	     "2001:db8::fff0-ffff 80\n 2001:db8::/126 80\n fwmark 0x20 inet6\n fwmark 7\n"
	     "10.0.0.9-5\n 10.0.0.1-300\n 10.0.0.1/24\n fwmark 0\n 10.0.0.300\n 10.0.0.1 80 "
	     "90\n}\n");
	g = loaded.conf->virtual_server_groups.v[0];
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 6);
	assert_int_equal(g->entries.n, 9); /* a surplus word is reported, the entry stays */
	assert_int_equal(g->entries.v[1]->last.b[3], 9);
	assert_int_equal(g->entries.v[2]->last.b[2], 1);
	assert_int_equal(g->entries.v[3]->last.b[2], 1);
	assert_int_equal(g->entries.v[3]->last.b[3], 255);
	assert_int_equal(g->entries.v[4]->last.b[15], 255);
	assert_int_equal(g->entries.v[5]->last.b[15], 3);
	assert_int_equal(g->entries.v[6]->fwmark, 32);
	assert_true(g->has_v4 && g->has_v6 && g->has_mark && g->has_any_port);
	assert_round_trip();
}

static void test_services_of_groups(void **state)
{
	const struct conf *conf;

	(void)state;
	conf = load(
		"virtual_server group g {\n protocol TCP\n lvs_sched rr\n lvs_method DR\n" SERVER(
			"") "}\n"
			    "virtual_server group g {\n protocol UDP\n lvs_sched rr\n lvs_method "
			    "DR\n" SERVER(
				    "") "}\n"
					"virtual_server group both {\n protocol UDP\n lvs_sched "
					"rr\n lvs_method DR\n" SERVER(
						"") "}\n"
						    "virtual_server group both {\n protocol UDP\n "
						    "lvs_sched rr\n lvs_method TUN\n" SERVER(
							    "") "}\n"
								"virtual_server group none {\n "
								"protocol UDP\n lvs_sched rr\n "
								"lvs_method DR\n" SERVER(
									"") "}\n"
									    "virtual_server_group "
									    "g {\n 10.0.0.1 80\n}\n"
									    "virtual_server_group "
									    "both {\n 10.0.0.1 "
									    "80\n fd00::1 80\n}\n");
	assert_int_equal(conf->virtual_servers.n, 3);
	assert_int_equal(conf->virtual_servers.v[0]->ordinal, 0);
	assert_int_equal(conf->virtual_servers.v[1]->ordinal, 1);
	assert_int_equal(conf->virtual_servers.v[1]->family, IP_V4);
	assert_int_equal(conf->virtual_servers.v[2]->family, IP_NONE);
	assert_int_equal(count("unknown-name"), 1);
	assert_int_equal(count("family"), 1);
	assert_round_trip();
}

/* ---- checkers' own words ---- */

static void test_url(void **state)
{
	const struct conf_url *url;

	(void)state;
	load(SERVICE(
		SERVER("HTTP_GET {\n http_protocol 1.0c\n url {\n path /a\n status_code 200 "
		       "301-399\n status_code 404\n"
		       "digest 640205B7b0fc66c1ea91c463fac6334d\n digest "
		       "00000000000000000000000000000000\n"
		       "regex \"a{2} #x\"\n regex_options caseless nosuch utf\n regex_no_match\n"
		       "regex_min_offset 5\n regex_max_offset 4\n regex_stack 10 5\n "
		       "tls_compliant\n}\n}")));
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 5);
	url = ((const struct conf_check_http *)loaded.conf->checkers.v[0])->urls.v[0];
	assert_int_equal(((const struct conf_check_http *)loaded.conf->checkers.v[0])->protocol,
			 HTTP_1_0C);
	assert_int_equal(url->status.n, 3);
	assert_int_equal(url->status.v[1].max, 399);
	assert_int_equal(url->digest[0], 0x64);
	assert_int_equal(url->digest[15], 0x4d);
	assert_string_equal(url->regex, "a{2} #x");
	assert_int_equal(url->regex_options, REGEX_CASELESS | REGEX_UTF);
	assert_int_equal(url->regex_min_offset, 0);
	assert_int_equal(url->regex_max_offset, UINT32_MAX);
	assert_false(url->tls_compliant);
	assert_round_trip();
}

/* Seen of 2.2.7: quotes are joined and escapes undone, and only then is it a pattern. */
static void test_regex_escapes(void **state)
{
	static const struct {
		const char *written, *pattern;
		bool warns;
	} cases[] = {
		{"plain", "plain", false}, {"\"two words\"", "two words", false},
		{"\"a\\d\"", "ad", true},  {"\"a\\\\d\"", "a\\d", false},
		{"a\\x41", "aA", false},   {"'a b'", "a b", false},
		{"\"ab\"c", "abc", false}, {"\"a\\.b\"", "a.b", true},
		{"a\\ b", "a b", false},   {"'say \"x\"'", "say \"x\"", false},
	};
	const struct conf_load_options options = {.judge = true};
	char text[300];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct conf_check_http *http;

		snprintf(text, sizeof(text),
			 SERVICE(SERVER("HTTP_GET {\n url {\n path /\n regex %s\n}\n}")),
			 cases[i].written);
		arena_free(loaded.arena);
		loaded = conf_load_text("test.conf", text, strlen(text), &host, &options);
		assert_quiet(DIAG_WARNING);
		http = (const void *)loaded.conf->checkers.v[0];
		assert_string_equal(http->urls.v[0]->regex, cases[i].pattern);
		assert_int_equal(count("lost-backslash"), cases[i].warns);
	}
}

/* defect 4 of 2.4.3: a first label of one character was refused */
static void test_dns_names(void **state)
{
	static const char *const good[] = {"a.example.org", "a", ".", "x.",
					   "_sip._udp.example.org."};
	static const char *const bad[] = {"a..b", "..", ".a", ""};
	char text[300];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(good) + ARRAY_SIZE(bad); i++) {
		bool ok = i < ARRAY_SIZE(good);

		snprintf(text, sizeof(text),
			 SERVICE(SERVER("DNS_CHECK {\n type aaaa\n name \"%s\"\n}")),
			 ok ? good[i] : bad[i - ARRAY_SIZE(good)]);
		load(text);
		if (loaded.diags.count[DIAG_ERROR] != !ok)
			fail_msg("%s", text);
		assert_int_equal(((const struct conf_check_dns *)loaded.conf->checkers.v[0])->type,
				 28);
		assert_round_trip();
	}
}

static void test_dns_types(void **state)
{
	static const struct {
		const char *name;
		uint8_t number;
	} types[] = {{"A", 1},	 {"NS", 2},    {"CNAME", 5},  {"SOA", 6},    {"MX", 15},
		     {"TXT", 16}, {"AAAA", 28}, {"RRSIG", 46}, {"DNSKEY", 48}};
	char text[512];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		snprintf(text, sizeof(text), SERVICE(SERVER("DNS_CHECK {\n type %s\n}")),
			 types[i].name);
		load(text);
		assert_quiet(DIAG_NOTE);
		assert_int_equal(((const struct conf_check_dns *)loaded.conf->checkers.v[0])->type,
				 types[i].number);
		assert_round_trip();
	}
}

/* The n-th name is the n-th bit of enum conf_regex_option. */
static void test_regex_option_names(void **state)
{
	static const char *const names[] = {
		"allow_empty_class", "alt_bsux",	   "auto_callout",	"caseless",
		"dollar_endonly",    "dotall",		   "dupnames",		"extended",
		"firstline",	     "match_unset_backref", "multiline",	"never_ucp",
		"never_utf",	     "no_auto_capture",	   "no_auto_possess",	"no_dotstar_anchor",
		"no_start_optimize", "ucp",		   "ungreedy",		"utf",
		"never_backslash_c", "alt_circumflex",	   "alt_verbnames",	"use_offset_limit"};
	char text[512];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const struct conf_check_http *c;

		snprintf(text, sizeof(text),
			 SERVICE(SERVER("HTTP_GET {\n url {\n path /\n regex x\n regex_options %s\n}\n}")),
			 names[i]);
		load(text);
		c = (const struct conf_check_http *)loaded.conf->checkers.v[0];
		assert_int_equal(c->urls.v[0]->regex_options, 1u << i);
		assert_round_trip();
	}
}

static void test_udp_bytes(void **state)
{
	static const uint8_t payload[] = {0xab, 0x01, 0x2f, 0xc0, 0x0d};
	static const uint8_t reply[] = {0x00, 0x10, 0x00, 0x05, 0x00},
			     mask[] = {0x0f, 0xf0, 0x00, 0xff, 0x00};
	const struct conf_check_udp *udp;

	(void)state;
	load(SERVICE(SERVER("UDP_CHECK {\n payload Ab1 2f c0d\n require_reply X0 1x XX 5 X\n}\n"
			    "UDP_CHECK {\n require_reply\n}\nUDP_CHECK {\n payload 1G\n "
			    "min_reply_length 5\n max_reply_length 4\n}")));
	udp = (const void *)loaded.conf->checkers.v[0];
	assert_int_equal(udp->payload.n, sizeof(payload));
	assert_memory_equal(udp->payload.v, payload, sizeof(payload));
	assert_int_equal(udp->reply.n, sizeof(reply));
	assert_memory_equal(udp->reply.v, reply, sizeof(reply));
	assert_memory_equal(udp->reply_mask.v, mask, sizeof(mask));
	udp = (const void *)loaded.conf->checkers.v[1];
	assert_true(udp->require_reply);
	assert_int_equal(udp->reply.n, 0);
	udp = (const void *)loaded.conf->checkers.v[2];
	assert_int_equal(udp->payload.n, 0);
	assert_int_equal(udp->max_reply_length, 255);
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 2);
	assert_round_trip();
}

static void test_source_of_another_family(void **state)
{
	const struct conf_check_socket *tcp;

	(void)state;
	load(SERVICE(SERVER("TCP_CHECK {\n bindto fd00::1\n fwmark 0x20\n bind_port 7\n}")));
	tcp = (const void *)loaded.conf->checkers.v[0];
	assert_false(ip_is_set(&tcp->bindto));
	assert_int_equal(tcp->fwmark, 32);
	assert_int_equal(count("family"), 1);
	assert_round_trip();
}

static void test_sync_daemon(void **state)
{
	const struct conf_lvs_sync_daemon *d;

	(void)state;
	load("global_defs {\n lvs_sync_daemon eth1 VI 9 ttl 3\n}\n"
	     "vrrp_instance VI {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n "
	     "10.0.0.1\n}\n}\n");
	d = loaded.conf->global.lvs_sync_daemon;
	assert_int_equal(d->instance, 0);
	assert_int_equal(d->sync_id, 9);
	assert_int_equal(d->ttl, 3);
	assert_round_trip();
	load("global_defs {\n lvs_sync_daemon eth1 inst other\n}\n");
	assert_null(loaded.conf->global.lvs_sync_daemon);
	assert_int_equal(count("unknown-name"), 1);
	assert_round_trip();
}

static void test_sync_daemon_said_at_the_instance(void **state)
{
#define FOLLOWED(name, id)                                                                         \
	"vrrp_instance " name " {\n interface eth0\n virtual_router_id " id                        \
	"\n lvs_sync_daemon_interface eth2\n virtual_ipaddress {\n 10.0.0." id "\n}\n}\n"
	const struct conf_lvs_sync_daemon *d;

	(void)state;
	load(FOLLOWED("A", "5"));
	d = loaded.conf->global.lvs_sync_daemon;
	assert_string_equal(d->interface, "eth2");
	assert_int_equal(d->instance, 0);
	assert_int_equal(d->sync_id, 5);
	assert_int_equal(count("given-twice"), 0);
	assert_round_trip();
	load("global_defs {\n lvs_sync_daemon eth1 inst B id 9\n}\n" FOLLOWED("A", "5")
		     FOLLOWED("B", "6"));
	assert_string_equal(loaded.conf->global.lvs_sync_daemon->interface, "eth1");
	assert_int_equal(loaded.conf->global.lvs_sync_daemon->instance, 1);
	assert_int_equal(count("given-twice"), 2);
	assert_round_trip();
}

static void test_second_ssl_block(void **state)
{
	(void)state;
	load("SSL {\n ca a\n key k\n}\nSSL {\n ca b\n}\n");
	assert_string_equal(loaded.conf->ssl->ca, "b");
	assert_string_equal(loaded.conf->ssl->key, "k");
	assert_int_equal(count("given-twice"), 1);
	assert_round_trip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_of_each_checker),
		cmocka_unit_test(test_values_flow_down),
		cmocka_unit_test(test_retry_0_only_in_a_checker),
		cmocka_unit_test(test_old_retry_of_http),
		cmocka_unit_test(test_each_smtp_host_is_a_checker),
		cmocka_unit_test(test_host_names),
		cmocka_unit_test(test_mail_defaults),
		cmocka_unit_test(test_file_check_takes_from_its_file),
		cmocka_unit_test(test_user_of_misc_check),
		cmocka_unit_test(test_missing_settings_get_values),
		cmocka_unit_test(test_flags_of_schedulers),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_quorum_and_hysteresis),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_servers_that_cannot_be_used),
		cmocka_unit_test(test_sorry_server),
		cmocka_unit_test(test_method_in_force),
		cmocka_unit_test(test_methods_that_make_no_sense),
		cmocka_unit_test(test_granularity),
		cmocka_unit_test(test_group_entries),
		cmocka_unit_test(test_services_of_groups),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_regex_escapes),
		cmocka_unit_test(test_dns_names),
		cmocka_unit_test(test_dns_types),
		cmocka_unit_test(test_regex_option_names),
		cmocka_unit_test(test_udp_bytes),
		cmocka_unit_test(test_source_of_another_family),
		cmocka_unit_test(test_sync_daemon),
		cmocka_unit_test(test_sync_daemon_said_at_the_instance),
		cmocka_unit_test(test_second_ssl_block),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
