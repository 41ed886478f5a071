/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every state against every event: the whole machine of one instance on one page. The letters are
 * those of acts(): Advert (0: priority 0), Transition, Own, Disown, annoUnce, Note, Rx lower.
 */
#include "vrrp_fixture.h"

#include <stdio.h>

enum setup { INIT, BACKUP, MASTER, LEAVING, FAULT, STOP, SETUPS };

static const char *const setup_name[SETUPS] = {"INIT",	  "BACKUP", "MASTER",
					       "LEAVING", "FAULT",  "STOP"};

enum happening {
	HIGHER,	      /* advert with 150, ours is 100 */
	EQUAL_ABOVE,  /* 100 from a greater address */
	EQUAL_BELOW,  /* 100 from a smaller address */
	EQUAL_OWN,    /* 100 from our own address */
	LOWER,	      /* 50 */
	ZERO,	      /* 0 */
	LINK_DOWN,
	LINK_UP,
	SOURCE_LOST,
	SCRIPT_BAD,
	SCRIPT_GOOD,
	VIP_LOST,
	DEADLINE,     /* the next one */
	SHUTDOWN,
	HAPPENINGS,
};

static const char *const happening_name[HAPPENINGS] = {
	"HIGHER",   "EQUAL_ABOVE", "EQUAL_BELOW", "EQUAL_OWN",	"LOWER",    "ZERO",	"LINK_DOWN",
	"LINK_UP",  "SOURCE_LOST", "SCRIPT_BAD",  "SCRIPT_GOOD", "VIP_LOST", "DEADLINE", "SHUTDOWN"};

/* Actions and the state afterwards: I, B, M, F, S. */
static const char *const table[HAPPENINGS][SETUPS] = {
	/*		   INIT	    BACKUP     MASTER	  LEAVING    FAULT	STOP */
	[HIGHER] =	 {" I",	   "N B",     "TD B",	 " M",	    " F",      " S"},
	[EQUAL_ABOVE] =	 {" I",	   "N B",     "TD B",	 " M",	    " F",      " S"},
	[EQUAL_BELOW] =	 {" I",	   "N B",     "NAUR M",	 " M",	    " F",      " S"},
	[EQUAL_OWN] =	 {" I",	   "N B",     "N M",	 " M",	    " F",      " S"},
	[LOWER] =	 {" I",	   "N B",     "NAUR M",	 " M",	    " F",      " S"},
	[ZERO] =	 {" I",	   "N B",     "NA M",	 " M",	    " F",      " S"},
	[LINK_DOWN] =	 {"T F",   "T F",     "0TD F",	 "DT S",    " F",      " S"},
	[LINK_UP] =	 {" I",	   " B",      " M",	 " M",	    "T B",     " S"},
	[SOURCE_LOST] =	 {"T F",   "T F",     "0TD F",	 "DT S",    " F",      " S"},
	[SCRIPT_BAD] =	 {"T F",   "T F",     "0TD F",	 "DT S",    " F",      " S"},
	[SCRIPT_GOOD] =	 {"T B",   " B",      " M",	 " M",	    " F",      " S"},
	[VIP_LOST] =	 {" I",	   " B",      "OUN M",	 " M",	    " F",      " S"},
	[DEADLINE] =	 {" I",	   "ATOU M",  "A M",	 "DT S",    " F",      " S"},
	[SHUTDOWN] =	 {"T S",   "T S",     "0N M",	 " M",	    "T S",     " S"},
};

static struct bench setup_make(enum setup s)
{
	struct conf *c = conf_empty();
	struct bench b;

	conf_vip(c, conf_instance_add(c, "VI_1", 51, 100), "10.0.0.100");
	conf_script_add(c, "chk");
	conf_track_add(c, c->instances.v[0]->tracks, TRACK_SCRIPT, "chk", 0, 0);
	b = bench_new(c);
	if (s != INIT)
		bench_script(&b, 0, true);
	bench_start(&b);
	if (s == MASTER || s == LEAVING || s == STOP)
		bench_next(&b);
	if (s == LEAVING || s == STOP)
		bench_event(&b, VRRP_EV_SHUTDOWN);
	if (s == FAULT)
		bench_link(&b, "eth0", false);
	if (s == STOP)
		bench_next(&b);
	b.out.n = 0;
	return b;
}

static void happen(struct bench *b, enum happening h)
{
	static const struct {
		uint8_t priority;
		const char *from;
	} advert[] = {[HIGHER] = {150, "10.0.0.2"},	 [EQUAL_ABOVE] = {100, "10.0.0.2"},
		      [EQUAL_BELOW] = {100, "10.0.0.0"}, [EQUAL_OWN] = {100, "10.0.0.1"},
		      [LOWER] = {50, "10.0.0.2"},	 [ZERO] = {0, "10.0.0.2"}};

	if (h <= ZERO)
		bench_advert(b, 0, advert[h].priority, advert[h].from, SEC);
	else if (h == LINK_DOWN || h == LINK_UP)
		bench_link(b, "eth0", h == LINK_UP);
	else if (h == SOURCE_LOST)
		bench_source(b, 0, NULL);
	else if (h == SCRIPT_BAD || h == SCRIPT_GOOD)
		bench_script(b, 0, h == SCRIPT_GOOD);
	else if (h == VIP_LOST)
		bench_vip_gone(b, 0, "10.0.0.100");
	else if (h == SHUTDOWN)
		bench_event(b, VRRP_EV_SHUTDOWN);
	else if (vrrp_router_deadline(b->r) != USEC_NEVER)
		bench_next(b);
}

static void test_table(void **state)
{
	for (enum happening h = 0; h < HAPPENINGS; h++)
		for (enum setup s = 0; s < SETUPS; s++) {
			struct bench b = setup_make(s);
			char got[300], letter;

			happen(&b, h);
			letter = *vrrp_state_name(bench_state(&b, 0));
			snprintf(got, sizeof(got), "%s %c", acts(&b), letter);
			if (!str_eq(got, table[h][s]))
				print_error("%s in %s\n", happening_name[h], setup_name[s]);
			assert_string_equal(got, table[h][s]);
			bench_free(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
