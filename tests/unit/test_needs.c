/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which workers a configuration asks for, how many check processes, how large their boards are. */
#include "conf_fixture.h"

#include <unistd.h>

#include "proc/supervisor/internal.h"

#define INSTANCE "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n}\n"
#define SERVER(port, check) "real_server 10.0.0.1 " port " {\n" check "}\n"
#define SERVICE(address, servers) \
	"virtual_server " address " 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n" servers "}\n"
#define TCP "TCP_CHECK {\n}\n"
#define MISC "MISC_CHECK {\nmisc_path /bin/true\n}\n"
#define PING "PING_CHECK {\n}\n"

static const struct supervisor_options plain;

static struct needs needs(const char *text)
{
	return needs_of(load(text), &plain, 0);
}

static unsigned wanted(const struct needs *n)
{
	unsigned bits = 0;

	for (enum slot slot = 0; slot < SLOTS; slot++)
		bits |= (unsigned)n->wanted[slot] << slot;
	return bits;
}

enum { VRRP = 1 << SLOT_VRRP, RUNNER = 1 << SLOT_RUNNER, LVS = 1 << SLOT_LVS, CHECK0 = 1 << SLOT_CHECK };

static void test_workers_without_work_are_not_there(void **state)
{
	struct needs n = needs(INSTANCE);

	assert_int_equal(wanted(&n), VRRP | RUNNER);
	n = needs(SERVICE("192.0.2.1", SERVER("1", TCP)));
	assert_int_equal(wanted(&n), RUNNER | LVS | CHECK0);
	n = needs(SERVICE("192.0.2.1", SERVER("1", MISC)));
	assert_int_equal(wanted(&n), RUNNER | LVS); /* the runner checks */
	n = needs(INSTANCE SERVICE("192.0.2.1", SERVER("1", TCP)));
	assert_int_equal(wanted(&n), VRRP | RUNNER | LVS | CHECK0);
	n = needs("");
	assert_int_equal(wanted(&n), VRRP | RUNNER); /* for a reload to come */
}

static void test_the_command_line_leaves_halves_out(void **state)
{
	const struct conf *conf = load(INSTANCE SERVICE("192.0.2.1", SERVER("1", TCP)));
	struct supervisor_options o = {.no_vrrp = true};
	struct needs n = needs_of(conf, &o, 0);

	assert_int_equal(wanted(&n), RUNNER | LVS | CHECK0);
	o = (struct supervisor_options){.no_checkers = true};
	n = needs_of(conf, &o, 0);
	assert_int_equal(wanted(&n), VRRP | RUNNER);
	o = (struct supervisor_options){.all = true, .no_vrrp = true};
	n = needs_of(load(""), &o, 0);
	assert_int_equal(wanted(&n), VRRP | RUNNER | LVS);
}

static void test_what_check_processes_need(void **state)
{
	struct needs n = needs(SERVICE("192.0.2.1", SERVER("1", TCP)));

	assert_false(n.ping);
	assert_false(n.tls);
	n = needs("SSL {\nca /x\n}\n" SERVICE("192.0.2.1", SERVER("1", PING)));
	assert_true(n.ping);
	assert_true(n.tls);
}

static void test_what_the_runner_knows_of_services(void **state)
{
	const char *mails = "global_defs {\nnotification_email {\na@b.c\n}\nsmtp_server 192.0.2.9\n"
			    "smtp_alert\n}\n" SERVICE("192.0.2.1", SERVER("1", TCP));

	assert_false(needs(SERVICE("192.0.2.1", SERVER("1", TCP))).told);
	assert_true(needs(SERVICE("192.0.2.1", SERVER("1", MISC))).told);
	assert_true(needs(SERVICE("192.0.2.1", SERVER("1", "notify_up /bin/true\n" TCP))).told);
	assert_true(needs(SERVICE("192.0.2.1", SERVER("1", "notify_down /bin/true\n" TCP))).told);
	assert_true(needs(SERVICE("192.0.2.1", "quorum_up /bin/true\n" SERVER("1", TCP))).told);
	assert_true(needs(SERVICE("192.0.2.1", "quorum_down /bin/true\n" SERVER("1", TCP))).told);
	assert_true(needs(mails).told);
	assert_false(needs("global_defs {\nlvs_notify_fifo /run/f\n}\n" SERVICE(
				   "192.0.2.1", SERVER("1", TCP)))
			     .told);
}

static void test_sync_daemon_of_an_instance(void **state)
{
	struct needs n = needs("global_defs {\nlvs_sync_daemon eth0 V\n}\n" INSTANCE
			       SERVICE("192.0.2.1", SERVER("1", TCP)));

	assert_true(n.sync);
	n = needs("global_defs {\nlvs_sync_daemon eth0 V\n}\n" INSTANCE);
	assert_false(n.sync); /* no lvs to tell */
}

/* n checkers of different ports. */
static const char *many(unsigned n, unsigned processes)
{
	static char text[1 << 20];
	struct buf b = BUF_ON(text);

	buf_printf(&b, "global_defs {\n");
	if (processes)
		buf_printf(&b, "check_processes %u\n", processes);
	buf_printf(&b, "}\nvirtual_server 192.0.2.1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n");
	for (unsigned i = 1; i <= n; i++)
		buf_printf(&b, "real_server 10.0.0.1 %u {\nTCP_CHECK {\n}\n}\n", i);
	buf_printf(&b, "}\n");
	return buf_text(&b);
}

static void test_number_of_check_processes(void **state)
{
	unsigned cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), two = cores < 2 ? cores : 2;

	assert_int_equal(needs(many(1999, 0)).checks, 1);
	assert_int_equal(needs(many(4000, 0)).checks, two);
	assert_int_equal(needs(many(3, 4)).checks, 4);
	assert_int_equal(needs_of(load(many(2500, 0)), &plain, two).checks, two); /* stays */
	assert_int_equal(needs_of(load(many(1000, 0)), &plain, two).checks, 1);
}

static uint32_t probes(const struct conf *conf, const struct needs *n)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < n->checks; i++)
		sum += needs_shape(conf, n, SLOT_CHECK + i).probes;
	return sum;
}

static void test_boards_hold_every_probe_once(void **state)
{
	const struct conf *conf = load(many(100, 5));
	struct needs n = needs_of(conf, &plain, 0);

	assert_int_equal(probes(conf, &n), 100);
	assert_true(needs_shape(conf, &n, SLOT_CHECK).probes <= 100);
	assert_int_equal(needs_shape(conf, &n, SLOT_LVS).services, 1);
	assert_int_equal(needs_shape(conf, &n, SLOT_LVS).servers, 100);
	assert_int_equal(needs_shape(conf, &n, SLOT_LVS).drains, BOARD_DRAINS);

	conf = load(SERVICE("192.0.2.1", SERVER("1", TCP) SERVER("2", MISC TCP))
			    SERVICE("192.0.2.2", SERVER("1", TCP) SERVER("3", MISC)));
	n = needs_of(conf, &plain, 0);
	assert_int_equal(probes(conf, &n), 2); /* 10.0.0.1:1 is one for both */
	assert_int_equal(needs_shape(conf, &n, SLOT_RUNNER).probes, 2);
}

static void test_boards_without_sharing(void **state)
{
	const struct conf *conf = load("global_defs {\nshare_checks off\n}\n"
				       SERVICE("192.0.2.1", SERVER("1", TCP)) SERVICE("192.0.2.2", SERVER("1", TCP)));
	struct needs n = needs_of(conf, &plain, 0);

	assert_int_equal(probes(conf, &n), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers_without_work_are_not_there),
		cmocka_unit_test(test_the_command_line_leaves_halves_out),
		cmocka_unit_test(test_what_check_processes_need),
		cmocka_unit_test(test_what_the_runner_knows_of_services),
		cmocka_unit_test(test_sync_daemon_of_an_instance),
		cmocka_unit_test(test_number_of_check_processes),
		cmocka_unit_test(test_boards_hold_every_probe_once),
		cmocka_unit_test(test_boards_without_sharing),
	};

	return cmocka_run_group_tests_name("needs", tests, NULL, teardown);
}
