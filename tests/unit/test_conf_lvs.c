/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual servers, checkers, routes and rules: final values, corrections, and text -> model -> text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/str.h"
#include "conf/conf.h"
#include "model/lvs.h"
#include "model/route.h"

static struct conf_loaded loaded;

static bool find_user(void *ctx, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	(void)ctx;
	*ret_uid = *ret_gid = 99;
	return str_eq(name, "nobody");
}

static bool find_name(void *ctx, const char *table, const char *name, uint32_t *ret)
{
	(void)ctx;
	*ret = 77;
	return (str_eq(table, "rt_realms") && str_eq(name, "shop")) ||
	       (str_eq(table, "rt_dsfield") && str_eq(name, "EF"));
}

static const struct conf_host host = {.user = find_user, .name_table = find_name, .config_id = "node"};

static const struct conf *load(const char *text)
{
	const struct conf_load_options options = {.judge = false};

	arena_free(loaded.arena);
	loaded = conf_load_text("test.conf", text, strlen(text), &host, &options);
	return loaded.conf;
}

static int teardown(void **state)
{
	(void)state;
	loaded.arena = arena_free(loaded.arena);
	return 0;
}

static unsigned count(const char *code)
{
	unsigned n = 0;

	for (unsigned i = 0; i < loaded.diags.list.n; i++)
		n += str_eq(loaded.diags.list.v[i].code, code);
	return n;
}

/* No message worse than `most`. */
static void assert_quiet(enum diag_severity most)
{
	for (unsigned i = 0; i < loaded.diags.list.n; i++)
		if (loaded.diags.list.v[i].severity > most)
			fail_msg("%u: %s", loaded.diags.list.v[i].at.line, loaded.diags.list.v[i].text);
}

/* print(parse(print(parse(x)))) == print(parse(x)), by both readers. */
static void assert_round_trip(void)
{
	size_t len, len2;
	char *text = conf_print(loaded.conf, loaded.arena, &len), *text2;

	for (int literal = 0; literal < 2; literal++) {
		const struct conf_load_options options = {.tree = {.literal = literal}};
		struct conf_loaded again = conf_load_text("again", text, len, &host, &options);

		text2 = conf_print(again.conf, again.arena, &len2);
		assert_string_equal(text, text2);
		assert_int_equal(again.diags.count[DIAG_ERROR], 0);
		assert_int_equal(again.conf->checkers.n, loaded.conf->checkers.n);
		arena_free(again.arena);
	}
}

/* A service on 10.0.0.1:80 with `inside` in it. */
#define SERVICE(inside) \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n" inside "\n}\n"
#define SERVER(inside) "real_server 10.1.0.1 80 {\n" inside "\n}\n"

/* ---- inheritance ---- */

static void test_defaults_of_each_checker(void **state)
{
	const struct conf *conf = load(SERVICE(SERVER("HTTP_GET {\n url {\n path /\n }\n}\n TCP_CHECK {\n}\n"
						      "DNS_CHECK {\n}\n MISC_CHECK {\n misc_path /bin/true\n}\n")));
	const struct conf_real_server *rs = conf->real_servers.v[0];

	(void)state;
	assert_quiet(DIAG_NOTE);
	assert_int_equal(rs->checkers.n, 4);
	for (unsigned i = 0; i < rs->checkers.n; i++) {
		const struct conf_checker *c = rs->checkers.v[i];
		bool http = c->kind == CHECK_HTTP, dns = c->kind == CHECK_DNS, misc = c->kind == CHECK_MISC;

		assert_ptr_equal(conf->checkers.v[c->id], c);
		assert_int_equal(c->timing.delay_loop, 60 * USEC_PER_SEC);
		assert_int_equal(c->timing.warmup, 60 * USEC_PER_SEC);
		assert_int_equal(c->timing.connect_timeout, 5 * USEC_PER_SEC);
		assert_int_equal(c->timing.retry, dns ? 3 : misc ? 0 : 1);
		assert_int_equal(c->timing.delay_before_retry, (http ? 3 : dns ? 60 : 1) * USEC_PER_SEC);
		assert_false(c->timing.alpha);
		if (misc) {
			assert_int_equal(((const struct conf_check_misc *)c)->timeout, 60 * USEC_PER_SEC);
			continue;
		}
		assert_int_equal(((const struct conf_check_socket *)c)->connect_port, 80);
		assert_true(ip_equal(&((const struct conf_check_socket *)c)->connect_ip, &rs->addr));
	}
}

static void test_values_flow_down(void **state)
{
	const struct conf *conf =
		load(SERVICE("delay_loop 10\n retry 4\n alpha\n inhibit_on_failure\n weight 7\n warmup 3\n"
			     "delay_before_retry 2\n connect_timeout 9\n"
			     "real_server 10.1.0.1 80 {\n retry 5\n alpha off\n TCP_CHECK {\n}\n"
			     " DNS_CHECK {\n retry 0\n delay_loop 1.5\n}\n}\n"
			     "real_server 10.1.0.2 80 {\n weight 0\n inhibit_on_failure off\n BFD_CHECK {\n name x\n}\n}\n")
		     "bfd_instance x {\n neighbor_ip 10.9.9.9\n}\n");
	const struct conf_real_server *a = conf->real_servers.v[0], *b = conf->real_servers.v[1];
	const struct conf_checker *tcp = a->checkers.v[0], *dns = a->checkers.v[1], *bfd = b->checkers.v[0];

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
	load(SERVICE(SERVER("HTTP_GET {\n nb_get_retry 6\n url {\n path /\n}\n}\n TCP_CHECK {\n nb_get_retry 6\n}")));
	assert_int_equal(loaded.conf->checkers.v[0]->timing.retry, 6);
	assert_int_equal(loaded.conf->checkers.v[1]->timing.retry, 1);
	assert_int_equal(count("deprecated"), 1);
	assert_int_equal(count("unknown-keyword"), 1);
	assert_round_trip();
}

/* defect 2 of 2.4.3: the words of a host changed the checker around it */
static void test_each_smtp_host_is_a_checker(void **state)
{
	const struct conf *conf =
		load(SERVICE(SERVER("SMTP_CHECK {\n helo_name me\n connect_timeout 3\n retry 7\n"
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
	const struct conf *conf =
		load(SERVICE("virtualhost vs.example\n"
			     "real_server 10.1.0.1 80 {\n virtualhost rs.example\n SSL_GET {\n enable_sni\n"
			     "url {\n path /a\n}\nurl {\n path /b\n virtualhost u.example\n}\n}\n"
			     "HTTP_GET {\n virtualhost c.example\n url {\n path /\n}\n}\n}\n"
			     "real_server 10.1.0.2 80 {\n SSL_GET {\n sni_name s.example\n url {\n path /\n}\n}\n"
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
	load("global_defs {\n smtp_alert on\n smtp_alert_checker off\n}\n" SERVICE("smtp_alert\n" SERVER("")));
	assert_int_equal(loaded.conf->virtual_servers.v[0]->smtp_alert, TRI_ON);
	assert_int_equal(loaded.conf->real_servers.v[0]->smtp_alert, TRI_OFF);
}

static void test_file_check_takes_from_its_file(void **state)
{
	const struct conf_check_file *a, *b;

	(void)state;
	load("track_file f {\n file /f\n weight 3 reverse\n}\n" SERVICE(SERVER(
		"FILE_CHECK {\n track_file f\n}\nFILE_CHECK {\n track_file f\n weight 2000 noreverse\n dynamic\n}\n"
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
	load(SERVICE(SERVER("MISC_CHECK {\n misc_path \"/bin/check 'a b'\"\n user nobody\n misc_timeout 3\n}")));
	assert_int_equal(((const struct conf_check_misc *)loaded.conf->checkers.v[0])->script->uid, 99);
	assert_string_equal(((const struct conf_check_misc *)loaded.conf->checkers.v[0])->script->argv[1], "a b");
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
	assert_int_equal(count("no-protocol") + count("no-scheduler") + count("no-method") + count("no-port"), 4);
	assert_quiet(DIAG_WARNING);
	assert_round_trip();
}

static void test_flags_of_schedulers(void **state)
{
	(void)state;
	load("virtual_server 10.0.0.1 80 {\n mh-port\n sh-fallback\n flag-3\n protocol UDP\n ops\n lvs_sched mh\n"
	     "lvs_method DR\n" SERVER("") "}\n");
	assert_int_equal(first_service()->flags, LVS_SCHED2 | LVS_SCHED3 | LVS_ONEPACKET);
	assert_int_equal(count("scheduler-flag"), 1);
	assert_quiet(DIAG_WARNING);
	load("virtual_server 10.0.0.1 80 {\n sh-port\n protocol TCP\n ops\n lvs_sched rr\nlvs_method DR\n" SERVER(
		"") "}\n");
	assert_int_equal(first_service()->flags, 0);
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 2);
	assert_round_trip();
}

static void test_marks(void **state)
{
	const struct conf_virtual_server *vs;

	(void)state;
	load("virtual_server fwmark 0x10 {\n protocol TCP\n lvs_sched rr\n lvs_method TUN\n ha_suspend\n"
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
	load(SERVICE("real_server 10.1.0.1 80 {\n}\nreal_server 10.1.0.1 {\n}\nreal_server fd00::1 80 {\n}\n"
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
	load(SERVICE("sorry_server 10.1.0.8 1\n sorry_server 10.1.0.1 80\n sorry_server_lvs_method DR\n"
		     "real_server 10.1.0.7 80 {\n}\nreal_server 10.1.0.1 80 {\n inhibit_on_failure\n}\n"));
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
	     "real_server 10.1.0.1 80 {\n}\nlvs_method TUN type gue port 5 remcsum\nreal_server 10.1.0.2 80 {\n}\n"
	     "lvs_method DR\nreal_server 10.1.0.3 80 {\n}\nreal_server 10.1.0.4 80 {\n lvs_method NAT\n}\n}\n");
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
		"DR port 5", "TUN type gue", "TUN port 5", "TUN csum", "TUN type gre remcsum",
		"TUN type gre port 4", "TUN type gue port 5 csum remcsum", "NAT type ipip", "nat",
	};
	char text[300];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n"
					     " lvs_method %s\n real_server 10.1.0.1 80 {\n}\n}\n", bad[i]);
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
	load("virtual_server_group g {\n 10.0.0.1 80\n 10.0.0.5-9 0\n 10.1.0.250-10.1.1.3\n 10.2.0.0/23 443\n"
	     "2001:db8::fff0-ffff 80\n 2001:db8::/126 80\n fwmark 0x20 inet6\n fwmark 7\n"
	     "10.0.0.9-5\n 10.0.0.1-300\n 10.0.0.1/24\n fwmark 0\n 10.0.0.300\n 10.0.0.1 80 90\n}\n");
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
	conf = load("virtual_server group g {\n protocol TCP\n lvs_sched rr\n lvs_method DR\n" SERVER("") "}\n"
		    "virtual_server group g {\n protocol UDP\n lvs_sched rr\n lvs_method DR\n" SERVER("") "}\n"
		    "virtual_server group both {\n protocol UDP\n lvs_sched rr\n lvs_method DR\n" SERVER("") "}\n"
		    "virtual_server group both {\n protocol UDP\n lvs_sched rr\n lvs_method TUN\n" SERVER("") "}\n"
		    "virtual_server group none {\n protocol UDP\n lvs_sched rr\n lvs_method DR\n" SERVER("") "}\n"
		    "virtual_server_group g {\n 10.0.0.1 80\n}\n"
		    "virtual_server_group both {\n 10.0.0.1 80\n fd00::1 80\n}\n");
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
	load(SERVICE(SERVER("HTTP_GET {\n http_protocol 1.0c\n url {\n path /a\n status_code 200 301-399\n status_code 404\n"
			    "digest 640205B7b0fc66c1ea91c463fac6334d\n digest 00000000000000000000000000000000\n"
			    "regex \"a{2} #x\"\n regex_options caseless nosuch utf\n regex_no_match\n"
			    "regex_min_offset 5\n regex_max_offset 4\n regex_stack 10 5\n tls_compliant\n}\n}")));
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 5);
	url = ((const struct conf_check_http *)loaded.conf->checkers.v[0])->urls.v[0];
	assert_int_equal(((const struct conf_check_http *)loaded.conf->checkers.v[0])->protocol, HTTP_1_0C);
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
		{"plain", "plain", false},	   {"\"two words\"", "two words", false},
		{"\"a\\d\"", "ad", true},	   {"\"a\\\\d\"", "a\\d", false},
		{"a\\x41", "aA", false},	   {"'a b'", "a b", false},
		{"\"ab\"c", "abc", false},	   {"\"a\\.b\"", "a.b", true},
		{"a\\ b", "a b", false},	   {"'say \"x\"'", "say \"x\"", false},
	};
	const struct conf_load_options options = {.judge = true};
	char text[300];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct conf_check_http *http;

		snprintf(text, sizeof(text), SERVICE(SERVER("HTTP_GET {\n url {\n path /\n regex %s\n}\n}")),
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
	static const char *const good[] = {"a.example.org", "a", ".", "x.", "_sip._udp.example.org."};
	static const char *const bad[] = {"a..b", "..", ".a", ""};
	char text[300];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(good) + ARRAY_SIZE(bad); i++) {
		bool ok = i < ARRAY_SIZE(good);

		snprintf(text, sizeof(text), SERVICE(SERVER("DNS_CHECK {\n type aaaa\n name \"%s\"\n}")),
			 ok ? good[i] : bad[i - ARRAY_SIZE(good)]);
		load(text);
		if (loaded.diags.count[DIAG_ERROR] != !ok)
			fail_msg("%s", text);
		assert_int_equal(((const struct conf_check_dns *)loaded.conf->checkers.v[0])->type, 28);
		assert_round_trip();
	}
}

static void test_udp_bytes(void **state)
{
	static const uint8_t payload[] = {0xab, 0x01, 0x2f, 0xc0, 0x0d};
	static const uint8_t reply[] = {0x00, 0x10, 0x00, 0x05, 0x00}, mask[] = {0x0f, 0xf0, 0x00, 0xff, 0x00};
	const struct conf_check_udp *udp;

	(void)state;
	load(SERVICE(SERVER("UDP_CHECK {\n payload Ab1 2f c0d\n require_reply X0 1x XX 5 X\n}\n"
			    "UDP_CHECK {\n require_reply\n}\nUDP_CHECK {\n payload 1G\n min_reply_length 5\n max_reply_length 4\n}")));
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
	     "vrrp_instance VI {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.1\n}\n}\n");
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

/* ---- routes and rules ---- */

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
	r = route("10.0.0.0/8 dev eth0 mtu lock 1400 rtt 1s rttvar lock 300ms rto_min 250 hoplimit 9 congctl lock cubic");
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
	r = route("10.0.0.0/8 nexthop via 10.1.0.1 weight 3 dev eth0 onlink nexthop via 10.1.0.2 realms 3/4 "
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
	r = route("10.0.0.0/8 encap ip id 5 dst 1.2.3.4 src 4.3.2.1 tos 8 ttl 3 flags 7 dev eth0 src 9.9.9.9");
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
	     "not fwmark 0x10/0xff iif eth0 lookup main\n inet6 from fd00::/8 goto 30000 preference 20000\n"
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
		"from 10.0.0.0/8", "goto 5", "goto 5 preference 9", "from 10.0.0.1 to fd00::1 table 5",
		"table 5 nop", "table 0", "sport 90-80 nop", "uidrange 5 nop", "from here nop", "fwmark x nop", "unreachable frm 10.0.0.1", "inet inet6 nop",
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
	load("track_group g {\n group {\n VI\n}\n}\nstatic_routes {\n 10.0.0.0/8 dev eth0 track_group g\n"
	     "10.1.0.0/16 dev eth0 track_group h\n 10.2.0.0/16 via 10.0.0.1 track_group g\n}\n"
	     "vrrp_instance VI {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.1\n}\n}\n");
	assert_string_equal(loaded.conf->static_routes.v[0]->track_group, "g");
	assert_null(loaded.conf->static_routes.v[1]->track_group);
	assert_null(loaded.conf->static_routes.v[2]->track_group);
	assert_int_equal(count("unknown-name"), 2);
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
		cmocka_unit_test(test_udp_bytes),
		cmocka_unit_test(test_source_of_another_family),
		cmocka_unit_test(test_sync_daemon),
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
