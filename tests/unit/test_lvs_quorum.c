/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quorum, sorry server, panic. */
#include "lvs_fixture.h"

/* ---- quorum ---- */

static void quorum_has_hysteresis(void **state)
{
	struct conf *c = servers(5);
	struct bench b;

	VS(c)->quorum = 3;
	VS(c)->hysteresis = 1;
	b = bench_new(c);
	assert_true(lvs_view_service(b.l, 0).quorum_up); /* 5 >= 3 + 1 */
	for (unsigned i = 0; i < 3; i++)
		bench_down(&b, i); /* 2 >= 3 - 1 */
	assert_events(&b, "d2 c2");
	bench_down(&b, 3);
	assert_events(&b, "d3 q c3");
	assert_int_equal(b.events[1].weight, 1);
	bench_up(&b, 3);
	bench_up(&b, 2);
	assert_events(&b, "U2 C2"); /* 3 < 3 + 1 */
	bench_up(&b, 1);
	assert_events(&b, "U1 Q C1");
	assert_int_equal(b.events[1].hysteresis, 1);
	bench_free(&b);
}

/* A quorum lowered to 0 by weights of 0: nothing is not a quorum, and nothing wraps. */
static void quorum_of_zero(void **state)
{
	struct conf *c = servers(1);
	struct bench b;

	RS(c, 0)->weight = 0;
	VS(c)->quorum = VS(c)->hysteresis = 0;
	b = bench_new(c);
	assert_events(&b, "U0!");
	lvs_override_weight(b.l, 0, 1, b.now);
	bench_take(&b);
	assert_events(&b, "W0 Q");
	bench_down(&b, 0);
	assert_events(&b, "d0 q c0");
	bench_free(&b);
}

static void hysteresis_above_quorum_does_not_wrap(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	VS(c)->quorum = 1;
	VS(c)->hysteresis = UINT32_MAX;
	b = bench_new(c);
	assert_events(&b, "U0! U1!");
	bench_down(&b, 0);
	assert_events(&b, "d0 c0");
	bench_free(&b);
}

/* Nothing in the table changes without a sorry server; at start nobody is told. */
static void lost_quorum_without_sorry_server(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	VS(c)->quorum = 2;
	c->checkers.v[0]->timing.alpha = true;
	b = bench_new(c);
	assert_events(&b, "U1!");
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_up(&b, 0);
	assert_events(&b, "U0 Q C0");
	bench_down(&b, 0);
	assert_events(&b, "d0 q c0");
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_free(&b);
}

static void weight_change_moves_the_quorum(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->weight = 5;
	VS(c)->quorum = 6;
	b = bench_new(c);
	lvs_override_weight(b.l, 0, 4, b.now);
	bench_take(&b);
	assert_events(&b, "W0 q");
	lvs_override_weight(b.l, 0, 5, b.now);
	bench_take(&b);
	assert_events(&b, "W0 Q");
	/* that of a dead server does not */
	bench_down(&b, 0);
	assert_events(&b, "d0 q c0");
	lvs_override_weight(b.l, 0, 50, b.now);
	bench_take(&b);
	assert_events(&b, "");
	bench_free(&b);
}

/* ---- sorry server ---- */

static void sorry_server_takes_over(void **state)
{
	struct conf *c = with_sorry(2);
	struct bench b;

	VS(c)->quorum = 2;
	b = bench_new(c);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_down(&b, 0);
	assert_events(&b, "d0 q S c0");
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	assert_true(lvs_view_server(b.l, 1).sorry_displaced);
	bench_down(&b, 1);
	bench_up(&b, 1); /* while it is there the servers' changes are not in the table */
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	bench_up(&b, 0);
	assert_events(&b, "U0 Q s C0");
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1");
	bench_free(&b);
}

static void sorry_server_has_a_method_of_its_own(void **state)
{
	struct conf *c = with_sorry(1);
	struct bench b;

	VS(c)->method = lvs_conf_method(c, LVS_DR);
	b = bench_new(c);
	bench_down(&b, 0);
	assert_table(&b, TABLE " 192.0.2.99:80=1dr"); /* else that of the virtual server */
	bench_free(&b);

	c = with_sorry(1);
	VS(c)->method = lvs_conf_method(c, LVS_DR);
	VS(c)->sorry_method = lvs_conf_method(c, LVS_TUN);
	b = bench_new(c);
	bench_down(&b, 0);
	assert_table(&b, TABLE " 192.0.2.99:80=1tun0/0/0");
	bench_free(&b);
}

static void sorry_server_at_start(void **state)
{
	struct conf *c = with_sorry(1);
	struct bench b;

	c->checkers.v[0]->timing.alpha = true;
	b = bench_new(c);
	assert_events(&b, "q! S!");
	assert_table(&b, TABLE " 192.0.2.99:80=1");
	bench_up(&b, 0);
	assert_events(&b, "U0 Q s C0");
	bench_free(&b);
}

static void inhibited_sorry_server_waits_with_weight_zero(void **state)
{
	struct conf *c = with_sorry(2);
	struct bench b;

	VS(c)->sorry_inhibit = true;
	RS(c, 1)->inhibit_on_failure = true;
	b = bench_new(c);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1 192.0.2.99:80=0");
	bench_down(&b, 0);
	bench_down(&b, 1);
	assert_table(&b, TABLE " 192.0.2.2:80=0 192.0.2.99:80=1");
	bench_up(&b, 0);
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=0 192.0.2.99:80=0");
	bench_free(&b);
}

static void sorry_server_that_is_a_real_server(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->weight = 9;
	lvs_conf_sorry(c, VS(c), "192.0.2.1", 80);
	b = bench_new(c);
	assert_table(&b, TABLE " 192.0.2.1:80=9 192.0.2.2:80=1");
	bench_down(&b, 0);
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_down(&b, 1);
	assert_table(&b, TABLE " 192.0.2.1:80=1");
	bench_up(&b, 1);
	assert_table(&b, TABLE " 192.0.2.2:80=1");
	bench_up(&b, 0);
	assert_table(&b, TABLE " 192.0.2.1:80=9 192.0.2.2:80=1");
	bench_free(&b);
}

static void sorry_server_that_is_an_inhibited_real_server(void **state)
{
	struct conf *c = servers(2);
	struct bench b;

	RS(c, 0)->inhibit_on_failure = true;
	lvs_conf_sorry(c, VS(c), "192.0.2.1", 80);
	b = bench_new(c);
	bench_down(&b, 0);
	assert_table(&b, TABLE " 192.0.2.1:80=0 192.0.2.2:80=1");
	bench_down(&b, 1);
	assert_table(&b, TABLE " 192.0.2.1:80=1");
	bench_free(&b);
}

/* ---- panic ---- */

static void panic_serves_all(void **state)
{
	struct conf *c = with_sorry(4);
	struct bench b;

	VS(c)->panic_threshold = 50;
	VS(c)->quorum = 2;
	b = bench_new(c);
	bench_down(&b, 0);
	bench_down(&b, 1);
	assert_events(&b, "d1 c1"); /* half: not more than the threshold */
	assert_table(&b, TABLE " 192.0.2.3:80=1 192.0.2.4:80=1");
	bench_down(&b, 2);
	assert_events(&b, "d2 P c2"); /* the quorum counts all */
	assert_table(&b, TABLE " 192.0.2.1:80=1 192.0.2.2:80=1 192.0.2.3:80=1 192.0.2.4:80=1");
	assert_false(lvs_view_server(b.l, 2).up);
	assert_true(lvs_view_server(b.l, 2).in_table);
	bench_down(&b, 3);
	assert_events(&b, "d3 c3");
	bench_up(&b, 3);
	bench_up(&b, 2);
	assert_events(&b, "U2 p C2");
	assert_table(&b, TABLE " 192.0.2.3:80=1 192.0.2.4:80=1");
	bench_free(&b);
}

/* Alpha servers that nobody has probed yet have not failed together. */
static void panic_needs_verdicts(void **state)
{
	struct conf *c = servers(3);
	struct bench b;

	VS(c)->panic_threshold = 50;
	for (unsigned i = 0; i < 3; i++)
		c->checkers.v[i]->timing.alpha = true;
	b = bench_new(c);
	assert_events(&b, "");
	assert_table(&b, TABLE);
	bench_down(&b, 0);
	assert_events(&b, "d0");
	bench_down(&b, 1);
	assert_events(&b, "d1 P Q");
	bench_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quorum_has_hysteresis),
		cmocka_unit_test(quorum_of_zero),
		cmocka_unit_test(hysteresis_above_quorum_does_not_wrap),
		cmocka_unit_test(lost_quorum_without_sorry_server),
		cmocka_unit_test(weight_change_moves_the_quorum),
		cmocka_unit_test(sorry_server_takes_over),
		cmocka_unit_test(sorry_server_has_a_method_of_its_own),
		cmocka_unit_test(sorry_server_at_start),
		cmocka_unit_test(inhibited_sorry_server_waits_with_weight_zero),
		cmocka_unit_test(sorry_server_that_is_a_real_server),
		cmocka_unit_test(sorry_server_that_is_an_inhibited_real_server),
		cmocka_unit_test(panic_serves_all),
		cmocka_unit_test(panic_needs_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
