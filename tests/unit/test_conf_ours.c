/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keywords beyond keepalived: final values, inheritance, corrections. */
#include "conf_fixture.h"
#include "model/lvs.h"

#define SERVICE(inside)                                                                            \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched wrr\n lvs_method NAT\n" inside    \
	"\n}\n"
#define SERVER(inside) "real_server 10.1.0.1 80 {\n" inside "\n}\n"

static void test_off_unless_configured(void **state)
{
	const struct conf *conf = load(SERVICE(SERVER("SSL_GET {\n url {\n path /\n}\n}\n")));
	const struct conf_real_server *rs = conf->real_servers.v[0];

	(void)state;
	assert_quiet(DIAG_NOTE);
	assert_int_equal(conf->global.lvs_engine, ENGINE_AUTO);
	assert_int_equal(conf->global.check_processes, 0);
	assert_false(conf->global.no_shared_checks);
	assert_int_equal(conf->global.smtp_tls, SMTP_PLAIN);
	assert_false(conf->global.smtp_tls_no_verify);
	assert_null(conf->global.webhook);
	assert_int_equal(conf->global.webhook_timeout, 5 * USEC_PER_SEC);
	assert_int_equal(conf->virtual_servers.v[0]->panic_threshold, 0);
	assert_int_equal(rs->drain_timeout, 0);
	assert_int_equal(rs->slow_start, 0);
	assert_false(((struct conf_check_http *)rs->checkers.v[0])->tls_verify);
	assert_int_equal(((struct conf_check_http *)rs->checkers.v[0])->tls_expiry_days, 0);
}

static void test_kindness_flows_down(void **state)
{
	const struct conf *conf =
		load(SERVICE("drain_timeout 30\n slow_start 2.5\n panic_threshold 60\n"
			     "real_server 10.1.0.1 80 {\n}\n"
			     "real_server 10.1.0.2 80 {\n drain_timeout 0\n slow_start 7\n}\n"));
	const struct conf_real_server *a = conf->real_servers.v[0], *b = conf->real_servers.v[1];

	(void)state;
	assert_quiet(DIAG_NOTE);
	assert_int_equal(conf->virtual_servers.v[0]->panic_threshold, 60);
	assert_int_equal(a->drain_timeout, 30 * USEC_PER_SEC);
	assert_int_equal(a->slow_start, 2500000);
	assert_int_equal(b->drain_timeout, 0);
	assert_int_equal(b->slow_start, 7 * USEC_PER_SEC);
	assert_round_trip();
}

/* Each kind stands in the list of all checkers, with the address, port and timing of its server. */
static void test_our_checkers_are_checkers(void **state)
{
	static const enum conf_check_kind kinds[] = {CHECK_GRPC, CHECK_PGSQL, CHECK_MYSQL,
						     CHECK_REDIS, CHECK_AGENT};
	const struct conf *conf = load(SERVICE(
		"delay_loop 9\n" SERVER("retry 4\n AGENT_CHECK {\n}\n REDIS_CHECK {\n}\n "
					"MYSQL_CHECK {\n}\n PGSQL_CHECK {\n}\n GRPC_CHECK {\n}\n")));
	const struct conf_real_server *rs = conf->real_servers.v[0];

	(void)state;
	assert_quiet(DIAG_NOTE);
	assert_int_equal(rs->checkers.n, ARRAY_SIZE(kinds));
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct conf_check_socket *s = (const void *)rs->checkers.v[i];

		assert_int_equal(s->check.kind, kinds[i]);
		assert_ptr_equal(conf->checkers.v[s->check.id], s);
		assert_int_equal(s->check.timing.delay_loop, 9 * USEC_PER_SEC);
		assert_int_equal(s->check.timing.retry, 4);
		assert_int_equal(s->check.timing.delay_before_retry, USEC_PER_SEC);
		assert_int_equal(s->connect_port, 80);
		assert_true(ip_equal(&s->connect_ip, &rs->addr));
	}
	assert_string_equal(((struct conf_check_pgsql *)rs->checkers.v[1])->user, "holdfast");
	assert_null(((struct conf_check_pgsql *)rs->checkers.v[1])->database);
	assert_null(((struct conf_check_mysql *)rs->checkers.v[2])->user);
	assert_null(((struct conf_check_agent *)rs->checkers.v[4])->send);
}

static void test_switches_that_say_the_opposite(void **state)
{
	const struct conf *conf = load("global_defs {\n share_checks off\n smtp_tls_verify on\n}\n");

	(void)state;
	assert_true(conf->global.no_shared_checks);
	assert_false(conf->global.smtp_tls_no_verify);
	assert_round_trip();
	conf = load("global_defs {\n share_checks\n smtp_tls_verify no\n}\n");
	assert_false(conf->global.no_shared_checks);
	assert_true(conf->global.smtp_tls_no_verify);
	assert_round_trip();
	conf = load("global_defs {\n share_checks perhaps\n}\n");
	assert_false(conf->global.no_shared_checks);
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 1);
}

static void test_half_a_login_is_none(void **state)
{
	(void)state;
	load("global_defs {\n smtp_tls on\n smtp_user a\n}\n");
	assert_null(loaded.conf->global.smtp_user);
	assert_int_equal(count("incomplete"), 1);
	assert_round_trip();
	load("global_defs {\n smtp_tls on\n smtp_password a\n}\n");
	assert_null(loaded.conf->global.smtp_password);
	assert_int_equal(count("incomplete"), 1);
	load("global_defs {\n smtp_user a\n smtp_password b\n}\n");
	assert_int_equal(count("clear-password"), 1);
	load("global_defs {\n smtp_user a\n smtp_password b\n smtp_tls starttls\n}\n");
	assert_int_equal(count("clear-password"), 0);
	assert_string_equal(loaded.conf->global.smtp_user, "a");
}

static void test_webhooks_that_cannot_work(void **state)
{
	(void)state;
	load("global_defs {\n webhook gopher://x/\n webhook_header \"two words: v\"\n}\n");
	assert_null(loaded.conf->global.webhook);
	assert_null(loaded.conf->global.webhook_header);
	assert_int_equal(count("bad-url"), 1);
	assert_int_equal(count("bad-header"), 1);
	assert_round_trip();
	load("global_defs {\n webhook https://x/\n webhook_header \"X-Token: a b\"\n}\n");
	assert_string_equal(loaded.conf->global.webhook_header, "X-Token: a b");
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 0);
}

static void test_a_user_of_redis_needs_a_password(void **state)
{
	(void)state;
	load(SERVICE(SERVER("REDIS_CHECK {\n user a\n}\n")));
	assert_null(((struct conf_check_redis *)loaded.conf->checkers.v[0])->user);
	assert_int_equal(count("no-password"), 1);
	assert_round_trip();
}

/* ---- engines ---- */

struct kernel {
	bool ipvs, nftables;
};

static bool kernel_has(void *ctx, enum conf_kernel_part part)
{
	const struct kernel *k = ctx;

	return part == KERNEL_IPVS ? k->ipvs : k->nftables;
}

static void judge(struct kernel *k, const char *text)
{
	const struct conf_load_options options = {.judge = true};
	struct conf_host machine = host;

	machine.ctx = k;
	machine.kernel = k ? kernel_has : NULL;
	arena_free(loaded.arena);
	loaded = conf_load_text("test.conf", text, strlen(text), &machine, &options);
}

static unsigned engine_count(enum diag_severity severity)
{
	unsigned n = 0;

	for (unsigned i = 0; i < loaded.diags.list.n; i++)
		n += str_eq(loaded.diags.list.v[i].code, "engine") &&
		     loaded.diags.list.v[i].severity == severity;
	return n;
}

#define LEAST_CONNECTIONS                                                                          \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched lc\n lvs_method NAT\n" SERVER("") "}\n"

static void test_limits_of_an_engine_depend_on_the_kernel(void **state)
{
	struct kernel both = {true, true}, nftables = {false, true}, none = {false, false};

	(void)state;
	judge(&both, LEAST_CONNECTIONS);
	assert_int_equal(count("engine") + count("no-engine"), 0);
	judge(NULL, LEAST_CONNECTIONS);
	assert_int_equal(count("engine") + count("no-engine"), 0);
	judge(&nftables, LEAST_CONNECTIONS); /* works, with another scheduler */
	assert_int_equal(engine_count(DIAG_NOTE), 1);
	assert_int_equal(engine_count(DIAG_WARNING), 1);
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 0);
	judge(&none, LEAST_CONNECTIONS);
	assert_int_equal(count("no-engine"), 1);
	judge(&none, ""); /* nothing to carry */
	assert_int_equal(count("no-engine"), 0);
}

static void test_limits_of_a_chosen_engine_are_errors(void **state)
{
	struct kernel both = {true, true}, ipvs = {true, false}, nftables = {false, true};

	(void)state;
	judge(&both, "global_defs {\n lvs_engine nftables\n}\n" LEAST_CONNECTIONS);
	assert_int_equal(engine_count(DIAG_ERROR), 1);
	assert_int_equal(count("no-engine"), 0);
	judge(NULL, "global_defs {\n lvs_engine nftables\n}\n" LEAST_CONNECTIONS);
	assert_int_equal(engine_count(DIAG_ERROR), 1);
	judge(&ipvs, "global_defs {\n lvs_engine nftables\n}\n" LEAST_CONNECTIONS);
	assert_int_equal(count("no-engine"), 1);
	judge(&nftables, "global_defs {\n lvs_engine ipvs\n}\n" LEAST_CONNECTIONS);
	assert_int_equal(count("no-engine"), 1);
	assert_int_equal(count("engine"), 0);
}

#define METHODS(first, second)                                                                     \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n"             \
	"real_server 10.1.0.1 80 {\n lvs_method " first "\n}\n"                                    \
	"real_server 10.1.0.2 80 {\n lvs_method " second "\n}\n}\n"

static void test_a_service_left_without_a_server_refuses_a_reload(void **state)
{
	struct kernel both = {true, true}, nftables = {false, true};

	(void)state;
	judge(&nftables, METHODS("TUN", "TUN"));
	assert_int_equal(engine_count(DIAG_WARNING), 1);
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 0);
	assert_true(diags_refuse_reload(&loaded.diags));
	judge(&nftables, METHODS("NAT", "TUN"));
	assert_int_equal(engine_count(DIAG_WARNING), 1);
	assert_false(diags_refuse_reload(&loaded.diags));
	judge(&both, METHODS("TUN", "TUN"));
	assert_false(diags_refuse_reload(&loaded.diags));
	judge(&nftables, "virtual_server fwmark 5 {\n lvs_sched rr\n lvs_method DR\n" SERVER("") "}\n");
	assert_int_equal(engine_count(DIAG_WARNING), 1);
	assert_true(diags_refuse_reload(&loaded.diags));
}

static void test_ipvs_has_no_masquerade(void **state)
{
	struct kernel both = {true, true}, nftables = {false, true};
	const char *text = SERVICE("masquerade\n" SERVER(""));

	(void)state;
	judge(&both, text);
	assert_int_equal(engine_count(DIAG_WARNING), 1);
	judge(&nftables, text);
	assert_int_equal(engine_count(DIAG_WARNING), 0);
	judge(NULL, text);
	assert_int_equal(engine_count(DIAG_WARNING), 0);
	judge(NULL, "global_defs {\n lvs_engine ipvs\n}\n"
		    "virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched wrr\n lvs_method NAT\n"
		    "masquerade\n" SERVER("") "}\n");
	assert_int_equal(engine_count(DIAG_ERROR), 1);
}

/* A server whose only check is a script that must not be run. */
static bool refuse(void *ctx, const char *argv0, uint32_t uid, uint32_t gid, bool secure,
		   struct conf_script_fault *ret)
{
	(void)ctx;
	(void)argv0;
	(void)uid;
	(void)gid;
	(void)secure;
	strcpy(ret->path, "/srv/check");
	strcpy(ret->reason, "does not exist");
	return false;
}

static void test_a_check_that_must_not_run_is_lost(void **state)
{
	const char *text = SERVICE(SERVER("MISC_CHECK {\n misc_path /srv/check\n user nobody\n}\n"));
	const struct conf_load_options options = {.judge = true};
	struct conf_host machine = host;

	(void)state;
	judge(NULL, text);
	assert_int_equal(count("unchecked"), 0);
	machine.script = refuse;
	arena_free(loaded.arena);
	loaded = conf_load_text("test.conf", text, strlen(text), &machine, &options);
	assert_int_equal(count("unchecked"), 1);
}

static bool no_brackets(const struct conf_url *url, char *text, size_t size, size_t *ret_offset)
{
	snprintf(text, size, "a bracket");
	*ret_offset = 1;
	return !strchr(url->regex, '(');
}

static bool no_keys(void *ctx, const char *path)
{
	(void)ctx;
	return !strstr(path, "key");
}

static void test_patterns_and_files_are_asked_about(void **state)
{
	const char *text = "SSL {\n ca /a/ca\n key /a/key\n}\n"
			   SERVICE(SERVER("HTTP_GET {\n url {\n path /\n regex a(b\n}\n"
					  "url {\n path /\n regex ab\n}\n}\n"
					  "SSL_GET {\n url {\n path /\n regex (\n}\n}\n"));
	const struct conf_load_options options = {.judge = true};
	struct conf_host machine = host;

	(void)state;
	judge(NULL, text);
	assert_int_equal(count("bad-regex") + count("missing-file"), 0);
	machine.regex = no_brackets;
	machine.readable = no_keys;
	arena_free(loaded.arena);
	loaded = conf_load_text("test.conf", text, strlen(text), &machine, &options);
	assert_int_equal(count("bad-regex"), 2);
	assert_int_equal(count("missing-file"), 1);
}

/* ---- a process that needs no virtual servers ---- */

static void test_services_can_be_skipped(void **state)
{
	const struct conf_load_options whole = {.tree = {.literal = true}},
				       part = {.tree = {.literal = true}, .skip_services = true};
	const struct conf *conf = load(
		"SSL {\n ca x\n}\nvirtual_server_group g {\n 10.0.0.1 80\n}\n"
		"virtual_server 10.0.0.1 80 {\n protocol TCP\n quorum_up /bin/up\n"
		"real_server 10.1.0.1 80 {\n notify_up \"/bin/a }\" \n MISC_CHECK {\n misc_path /bin/m\n}\n}\n}\n"
		"vrrp_script s {\n script /bin/s\n}\n"
		"vrrp_instance VI {\n interface eth0\n virtual_router_id 5\n notify /bin/n\n"
		"virtual_ipaddress {\n 10.0.0.1\n}\n}\n"
		"global_defs {\n startup_script /bin/start\n lvs_sync_daemon eth0 inst VI\n}\n");
	struct arena *a = arena_new();
	size_t len;
	char *text = conf_print(conf, a, &len);
	struct conf_loaded all = conf_load_text("sealed", text, len, &host, &whole),
			   some = conf_load_text("sealed", text, len, &host, &part);

	(void)state;
	assert_int_equal(all.conf->commands.n, 6);
	assert_int_equal(all.conf->virtual_servers.n, 1);
	assert_int_equal(some.conf->virtual_servers.n + some.conf->virtual_server_groups.n, 0);
	assert_int_equal(some.conf->checkers.n + some.conf->real_servers.n, 0);
	assert_null(some.conf->ssl);
	assert_int_equal(some.diags.list.n, 0);
	assert_int_equal(some.conf->commands.n, 3);
	for (unsigned i = 0; i < some.conf->commands.n; i++) /* the ids of the whole */
		assert_string_equal(some.conf->commands.v[i]->command,
				    all.conf->commands.v[i]->command);
	assert_int_equal(some.conf->instances.n, 1);
	assert_int_equal(some.conf->global.lvs_sync_daemon->instance, 0);
	assert_true(arena_used(some.arena) < arena_used(all.arena));
	arena_free(all.arena);
	arena_free(some.arena);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off_unless_configured),
		cmocka_unit_test(test_kindness_flows_down),
		cmocka_unit_test(test_our_checkers_are_checkers),
		cmocka_unit_test(test_switches_that_say_the_opposite),
		cmocka_unit_test(test_half_a_login_is_none),
		cmocka_unit_test(test_webhooks_that_cannot_work),
		cmocka_unit_test(test_a_user_of_redis_needs_a_password),
		cmocka_unit_test(test_limits_of_an_engine_depend_on_the_kernel),
		cmocka_unit_test(test_limits_of_a_chosen_engine_are_errors),
		cmocka_unit_test(test_a_service_left_without_a_server_refuses_a_reload),
		cmocka_unit_test(test_ipvs_has_no_masquerade),
		cmocka_unit_test(test_a_check_that_must_not_run_is_lost),
		cmocka_unit_test(test_patterns_and_files_are_asked_about),
		cmocka_unit_test(test_services_can_be_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
