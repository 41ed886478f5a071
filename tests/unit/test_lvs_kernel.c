/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lvs process and the kernel's tables: what is left alone, refused, or removed by somebody else. */
#include "lvs_stage.h"

static void test_what_is_not_ours_stays(void **state)
{
	struct stage *s = *state;

	kernel->n = 1;
	kernel->v[0].s = (struct service){
		.key = {.family = IP_V4, .protocol = LVS_TCP, .port = 7}, .scheduler = "rr"};
	assert_true(ip_parse("10.9.9.9", &kernel->v[0].s.key.addr));
	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP "\n10.9.9.9:7:");
	stage_stop(s);
	wait_kernel("10.9.9.9:7:");
	s->dont_release = true;
	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP "\n10.9.9.9:7:");
	stage_stop(s);
	stays(BOTH_UP "\n10.9.9.9:7:");
}

static void test_flush_at_the_start_only(void **state)
{
	static const char text[] =
		"global_defs {\nlvs_flush\n}\n" SERVICE(1, SERVER(1) SERVER(2));
	struct stage *s = *state;

	kernel->n = 1;
	kernel->v[0].s = (struct service){
		.key = {.family = IP_V4, .protocol = LVS_TCP, .port = 7}, .scheduler = "rr"};
	stage_start(s, text, shape_of_two);
	wait_kernel(BOTH_UP);
	configure(s, text, shape_of_two, (struct msg_config){.generation = 2});
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.generation, 2);
	assert_int_equal(kernel->flushes, 1);
	stage_stop(s);
}

static void wait_error(const struct stage *s, int32_t error)
{
	struct board_service b = {0};

	for (int left = PATIENCE; left > 0; left--) {
		assert_true(board_read(&s->board.services[0], &b, sizeof(b)));
		if (b.error == error)
			return;
		usleep(1000);
	}
	assert_int_equal(b.error, error);
}

static void test_a_refusal_is_tried_again(void **state)
{
	struct stage *s = *state;

	kernel->error = -ENOENT;
	stage_start(s, TWO, shape_of_two);
	wait_error(s, -ENOENT);
	assert_int_equal(kernel->n, 0);
	kernel->error = 0;
	wait_kernel(BOTH_UP);
	wait_error(s, 0);
	assert_true(kernel->dumps >= 2);
	stage_stop(s);
}

/* ---- somebody else's hands ---- */

static void test_what_somebody_removes_comes_back(void **state)
{
	static const char both[] = BOTH_UP "\n10.0.0.2:80: 10.0.0.13=1";
	static const char text[] = TWO SERVICE(2, SERVER(3));
	struct board_shape shape = {.services = 2, .servers = 3};
	struct stage *s = *state;

	stage_start(s, text, shape);
	wait_kernel(both);
	kernel->v[1].n = 0; /* a server */
	wait_kernel(both);
	kernel->n = 1; /* a service */
	wait_kernel(both);
	kernel->n = 0; /* all of them */
	wait_kernel(both);
	stage_stop(s);
}

/* Another weight may be meant. It is not ours to say until a reload. */
static void test_a_weight_set_by_hand_is_left(void **state)
{
	struct stage *s = *state;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	kernel->v[0].d[0].weight = 5;
	usleep(1500 * 1000);
	stays("10.0.0.1:80: 10.0.0.11=5 10.0.0.12=1");
	kernel->v[0].n = 1;
	wait_kernel("10.0.0.1:80: 10.0.0.11=5 10.0.0.12=1");
	configure(s, TWO, shape_of_two, (struct msg_config){.generation = 2});
	wait_kernel(BOTH_UP);
	stage_stop(s);
}

/* A verdict finds nothing to change: that is no refusal, and waits for nothing. */
static void test_a_verdict_after_everything_was_removed(void **state)
{
	struct stage *s = *state;
	struct board_service b;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	kernel->n = 0;
	say(s, 0, false);
	wait_kernel(ONE_UP);
	assert_true(board_read(&s->board.services[0], &b, sizeof(b)));
	assert_int_equal(b.error, 0);
	stage_stop(s);
}

/* A reload takes out a service while a successor still waits for verdicts: it was ours all the same. */
static void test_a_successor_removes_what_a_reload_has_not(void **state)
{
	static const char text[] = TWO SERVICE(2, SERVER(3));
	static const char both[] = BOTH_UP "\n10.0.0.2:80: 10.0.0.13=1";
	struct stage *s = *state;

	stage_start(s, text, (struct board_shape){.services = 2, .servers = 3});
	wait_kernel(both);
	stage_revive(s, text);
	configure(s, TWO, shape_of_two, (struct msg_config){.generation = 2});
	stays(both);
	say(s, 0, true);
	say(s, 1, true);
	say_all(s);
	wait_kernel(BOTH_UP);
	stage_stop(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_not_ours_stays),
		TEST(test_flush_at_the_start_only),
		TEST(test_a_refusal_is_tried_again),
		TEST(test_what_somebody_removes_comes_back),
		TEST(test_a_weight_set_by_hand_is_left),
		TEST(test_a_verdict_after_everything_was_removed),
		TEST(test_a_successor_removes_what_a_reload_has_not),
	};

	return kernel_new() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
