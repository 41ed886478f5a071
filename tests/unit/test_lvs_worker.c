/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lvs process over its channels: verdicts, the board, notifications, its successor. */
#include "lvs_stage.h"

static void test_verdicts_become_destinations(void **state)
{
	usec_t began = clock_monotonic();
	struct stage *s = *state;
	struct message m;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	assert_int_equal(expect(&s->check, MSG_SNAPSHOT_CHECK).SNAPSHOT_CHECK.generation, 1);
	assert_int_equal(expect(&s->runner, MSG_SNAPSHOT_RUNNER).SNAPSHOT_RUNNER.generation, 1);
	say(s, 0, false);
	wait_kernel(ONE_UP);
	do
		m = expect(&s->runner, MSG_NOTIFY_LVS);
	while (m.NOTIFY_LVS.event != LVS_RS_DOWN);
	assert_string_equal(m.NOTIFY_LVS.rs_name, "[10.0.0.11]:tcp:80");
	assert_string_equal(m.NOTIFY_LVS.vs_name, "[10.0.0.1]:tcp:80");
	assert_string_equal(m.NOTIFY_LVS.reason, "refused");
	/* Looked at once, the rest is known; and each second whether it is still there. */
	assert_true(kernel->dumps <= 1 + (clock_monotonic() - began) / USEC_PER_SEC);
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	stage_stop(s);
	wait_kernel("");
}

static void test_a_reload_keeps_verdicts(void **state)
{
	struct stage *s = *state;
	struct message m;

	stage_start(s, GLOBAL SERVICE(1, SERVER(1) SERVER(2)) SERVICE(2, SERVER(3)),
		    (struct board_shape){.services = 2, .servers = 3});
	say(s, 0, false);
	wait_kernel(ONE_UP "\n10.0.0.2:80: 10.0.0.13=1");
	configure(s, TWO, shape_of_two, (struct msg_config){.generation = 2});
	wait_kernel(ONE_UP);
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.generation, 2);
	do
		m = expect(&s->runner, MSG_NOTIFY_LVS);
	while (!str_eq(m.NOTIFY_LVS.vs_name, "[10.0.0.2]:tcp:80") ||
	       m.NOTIFY_LVS.event != LVS_QUORUM_DOWN);
	assert_true(m.NOTIFY_LVS.stopping);
	do
		m = expect(&s->check, MSG_SNAPSHOT_CHECK);
	while (m.SNAPSHOT_CHECK.generation != 2);
	/* What was said of the old configuration means another checker now. */
	s->generation = 1;
	say(s, 1, false);
	stays(ONE_UP);
	s->generation = 2;
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	stage_stop(s);
}

/* ---- draining ---- */

#define DRAINS(n, weight) \
	"real_server 10.0.0.1" #n " 80 {\nweight " #weight "\ndrain_timeout 3\nTCP_CHECK {\n}\n}\n"
#define SHAPE_THREE (struct board_shape){.services = 1, .servers = 3, .drains = 4}
#define SHAPE_DRAINING (struct board_shape){.services = 1, .servers = 2, .drains = 4}

static uint32_t drains_of(const struct stage *s)
{
	return atomic_load(&s->board.header->drains);
}

static void test_the_board_shows_what_drains(void **state)
{
	struct stage *s = *state;
	struct board_drain gone = {0};
	struct board_server zero = {0}, other;
	usec_t now;

	stage_start(s, GLOBAL SERVICE(1, DRAINS(1, 1) DRAINS(2, 1) SERVER(3)), SHAPE_THREE);
	wait_kernel("10.0.0.1:80: 10.0.0.11=1 10.0.0.12=1 10.0.0.13=1");
	assert_int_equal(drains_of(s), 0);
	configure(s, GLOBAL SERVICE(1, DRAINS(2, 0) SERVER(3)), SHAPE_DRAINING,
		  (struct msg_config){.generation = 2});
	wait_kernel("10.0.0.1:80: 10.0.0.11=0 10.0.0.12=0 10.0.0.13=1");
	for (int left = PATIENCE; left > 0 && zero.connections != 7; left--, usleep(1000)) {
		assert_true(board_read(&s->board.drains[0], &gone, sizeof(gone)));
		assert_true(board_read(&s->board.servers[0], &zero, sizeof(zero)));
	}
	now = clock_monotonic();
	assert_int_equal(drains_of(s), 1);
	assert_string_equal(gone.name, "[10.0.0.11]:tcp:80");
	assert_int_equal(gone.service, 0);
	assert_int_equal(gone.connections, 7);
	assert_true(gone.until > now && gone.until <= now + 3 * USEC_PER_SEC);
	assert_true(zero.draining && zero.up && zero.in_table);
	assert_int_equal(zero.connections, 7);
	assert_true(zero.until > now && zero.until <= now + 3 * USEC_PER_SEC);
	assert_true(board_read(&s->board.servers[1], &other, sizeof(other)));
	assert_false(other.draining);
	assert_int_equal(other.connections, BOARD_UNKNOWN);
	assert_int_equal(other.until, 0);
	wait_kernel("10.0.0.1:80: 10.0.0.13=1");
	for (int left = PATIENCE; left > 0 && drains_of(s) > 0; left--)
		usleep(1000);
	assert_int_equal(drains_of(s), 0);
	stage_stop(s);
}

/* Which check has failed the server, so that its probe can be looked up. */
static void test_the_board_names_the_failed_check(void **state)
{
	static const uint64_t none[2];
	struct stage *s = *state;
	struct board_server b = {.up = true};

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	assert_true(board_read(&s->board.servers[0], &b, sizeof(b)));
	assert_memory_equal(b.failed_share, none, sizeof(none));
	say(s, 0, false);
	wait_kernel(ONE_UP);
	for (int left = PATIENCE; left > 0 && b.up; left--, usleep(1000))
		assert_true(board_read(&s->board.servers[0], &b, sizeof(b)));
	assert_memory_not_equal(b.failed_share, none, sizeof(none));
	assert_int_equal(b.failed_kind, CHECK_TCP);
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	for (int left = PATIENCE; left > 0 && !b.up; left--, usleep(1000))
		assert_true(board_read(&s->board.servers[0], &b, sizeof(b)));
	assert_memory_equal(b.failed_share, none, sizeof(none));
	stage_stop(s);
}

/* ---- a successor ---- */

static void test_a_successor_waits_for_verdicts(void **state)
{
	struct stage *s = *state;
	unsigned applies;

	stage_start(s, TWO, shape_of_two);
	say(s, 0, false);
	wait_kernel(ONE_UP);
	applies = kernel->applies;
	stage_revive(s, TWO);
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.error, 0);
	expect(&s->check, MSG_SNAPSHOT_CHECK);
	say(s, 0, false);
	say(s, 1, true);
	stays(ONE_UP);
	say_all(s);
	stays(ONE_UP);
	assert_int_equal(kernel->applies, applies);
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	stage_stop(s);
	wait_kernel("");
}

static void test_a_successor_does_not_wait_forever(void **state)
{
	struct stage *s = *state;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	kernel->v[0].n = 1; /* somebody took one out meanwhile */
	stage_revive(s, TWO);
	wait_kernel(BOTH_UP);
	stage_stop(s);
}

static void test_a_successor_may_have_to_stop_at_once(void **state)
{
	struct stage *s = *state;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	stage_revive(s, TWO);
	stage_stop(s);
	wait_kernel("");
}

static void test_notifications_wait_for_the_runner(void **state)
{
	struct stage *s = *state;

	stage_start(s, TWO, shape_of_two);
	close(s->runner.fd);
	for (unsigned i = 0; i < 3; i++) {
		say(s, 0, false);
		wait_kernel(ONE_UP);
		say(s, 0, true);
		wait_kernel(BOTH_UP);
	}
	s->runner = far_end(s, PROC_RUNNER);
	for (unsigned i = 0; i < 3; i++) {
		struct message m;

		do
			m = expect(&s->runner, MSG_NOTIFY_LVS);
		while (m.NOTIFY_LVS.event != LVS_RS_DOWN);
		do
			m = expect(&s->runner, MSG_NOTIFY_LVS);
		while (m.NOTIFY_LVS.event != LVS_RS_UP);
	}
	stage_stop(s);
}

/* More than a channel holds, to a runner that is slow; a stop waits until it has them. */
static void test_nothing_is_lost_in_a_full_channel(void **state)
{
	enum { ROUNDS = 200 };
	struct stage *s = *state;
	unsigned downs = 0, ups = 0;
	struct message m;
	int e;

	stage_start(s, TWO, shape_of_two);
	close(s->runner.fd);
	s->runner = far_end_of(s, PROC_RUNNER, 16384);
	for (unsigned i = 0; i < ROUNDS; i++) {
		say(s, 0, false);
		wait_kernel(ONE_UP);
		say(s, 0, true);
		wait_kernel(BOTH_UP);
	}
	assert_int_equal(
		channel_send(&s->supervisor, MSG_STOP_LVS, &(struct msg_stop){0}, NULL, 0), 0);
	wait_kernel("");
	assert_true(is_silent(&s->supervisor)); /* it waits */
	do {
		struct pollfd p = {.fd = s->runner.fd, .events = POLLIN};

		(void)poll(&p, 1, PATIENCE);
		e = channel_receive(&s->runner, &m);
		downs += e == 1 && m.kind == MSG_NOTIFY_LVS && m.NOTIFY_LVS.event == LVS_RS_DOWN;
		ups += e == 1 && m.kind == MSG_NOTIFY_LVS && m.NOTIFY_LVS.event == LVS_RS_UP;
	} while (e >= 0);
	assert_int_equal(downs, ROUNDS);
	assert_int_equal(ups, ROUNDS);
	expect(&s->supervisor, MSG_STOPPED_LVS);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
	hang_up(s);
}

static usec_t processor_time(pid_t pid)
{
	struct timespec t;
	clockid_t id;

	assert_int_equal(clock_getcpuclockid(pid, &id), 0);
	assert_int_equal(clock_gettime(id, &t), 0);
	return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void test_it_sleeps_and_wakes_up(void **state)
{
	struct stage *s = *state;
	usec_t began = clock_monotonic(), used;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	used = processor_time(s->pid);
	usleep(1500 * 1000);
	assert_true(processor_time(s->pid) - used < 100 * USEC_PER_MSEC);
	assert_true(atomic_load(&s->board.header->heartbeat) > began + 500 * USEC_PER_MSEC);
	stage_stop(s);
}

static void wait_counts(unsigned started_master, unsigned started_backup)
{
	for (int left = PATIENCE; left > 0 && (kernel->sync_started[1] != started_master ||
					       kernel->sync_started[0] != started_backup);
	     left--)
		usleep(1000);
	assert_int_equal(kernel->sync_started[1], started_master);
	assert_int_equal(kernel->sync_started[0], started_backup);
}

static void say_state(struct stage *s, enum vrrp_state instance_state)
{
	const struct msg_instance_state m = {
		.generation = s->generation, .instance = 0, .state = (uint16_t)instance_state};

	assert_int_equal(channel_send(&s->vrrp, MSG_INSTANCE_STATE, &m, NULL, 0), 0);
}

/* Written under its lock. */
static bool sync_is(const struct board_sync *is, const struct board_sync *want)
{
	return is->seq > 0 && is->configured == want->configured && is->master == want->master &&
	       is->backup == want->backup && is->failed == want->failed && is->id == want->id &&
	       str_eq(is->interface, want->interface);
}

static void wait_sync(const struct stage *s, struct board_sync want)
{
	struct board_sync is = {0};

	for (int left = PATIENCE; left > 0; left--, usleep(1000))
		if (board_read(&s->board.header->sync, &is, sizeof(is)) && sync_is(&is, &want))
			return;
	assert_true(sync_is(&is, &want));
}

static void test_the_sync_daemon_follows_an_instance(void **state)
{
	static const char text[] =
		"global_defs {\nlvs_sync_daemon eth0 inst V\n}\n"
		"vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n}\n" SERVICE(
			1, SERVER(1) SERVER(2));
	struct stage *s = *state;

	stage_start(s, text, shape_of_two);
	assert_int_equal(expect(&s->vrrp, MSG_SNAPSHOT_VRRP).SNAPSHOT_VRRP.generation, 1);
	wait_sync(s, (struct board_sync){.configured = true, .id = 1, .interface = "eth0"});
	say_state(s, VRRP_BACKUP);
	wait_counts(0, 1);
	wait_sync(s, (struct board_sync){.configured = true, .backup = true, .id = 1, .interface = "eth0"});
	say_state(s, VRRP_MASTER);
	wait_counts(1, 1);
	wait_sync(s, (struct board_sync){.configured = true, .master = true, .id = 1, .interface = "eth0"});
	say_state(s, VRRP_MASTER);
	say_state(s, VRRP_FAULT);
	wait_counts(1, 2);
	/* Both halves at first, since nobody knew what ran; then what was running. */
	assert_int_equal(kernel->sync_stopped[1], 2);
	assert_int_equal(kernel->sync_stopped[0], 2);
	stage_stop(s);
	assert_int_equal(kernel->sync_stopped[0], 3);
}

static void test_a_sync_daemon_is_tried_again(void **state)
{
	static const char text[] = "global_defs {\nlvs_sync_daemon eth0\n}\n" SERVICE(
		1, SERVER(1) SERVER(2));
	struct stage *s = *state;

	kernel->sync_error = -ENODEV;
	stage_start(s, text, shape_of_two);
	wait_kernel(BOTH_UP);
	wait_sync(s, (struct board_sync){.configured = true, .failed = true, .interface = "eth0"});
	kernel->sync_error = 0;
	for (int left = 2 * PATIENCE; left > 0 && !kernel->sync_started[0]; left--)
		usleep(1000);
	assert_int_equal(kernel->sync_started[0], 1);
	assert_int_equal(kernel->sync_started[1], 1);
	wait_sync(s, (struct board_sync){.configured = true,
					 .master = true,
					 .backup = true,
					 .interface = "eth0"});
	stage_stop(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts_become_destinations),
		TEST(test_a_reload_keeps_verdicts),
		TEST(test_the_board_shows_what_drains),
		TEST(test_the_board_names_the_failed_check),
		TEST(test_a_successor_waits_for_verdicts),
		TEST(test_a_successor_does_not_wait_forever),
		TEST(test_a_successor_may_have_to_stop_at_once),
		TEST(test_notifications_wait_for_the_runner),
		TEST(test_nothing_is_lost_in_a_full_channel),
		TEST(test_it_sleeps_and_wakes_up),
		TEST(test_the_sync_daemon_follows_an_instance),
		TEST(test_a_sync_daemon_is_tried_again),
	};

	return kernel_new() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
