/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: configurations by chance. Addresses come from small pools, so that two configurations of
 * one run have much in common and a reload keeps, adds and removes. Some are what conf/ would have
 * corrected (a quorum of 0, a hysteresis above it): the core must not trip over them.
 */
#include "base/buf.h"
#include "sim/lvs_sim.h"

static uint32_t below(struct lvs_sim *s, uint32_t n)
{
	return sim_random_below(&s->random, n);
}

static bool chance(struct lvs_sim *s, uint32_t percent)
{
	return sim_random_chance(&s->random, percent);
}

static uint32_t weight(struct lvs_sim *s)
{
	if (chance(s, 10))
		return 0;
	return chance(s, 5) ? INT32_MAX : 1 + below(s, 6);
}

static void add_checker(struct lvs_sim *s, struct conf *c, struct conf_real_server *rs, unsigned n)
{
	static const char *const commands[] = {"/bin/a", "/bin/b"};
	struct conf_check_file *f;

	switch (below(s, 5)) {
	case 0:
		lvs_conf_misc(c, rs, commands[n]);
		break;
	case 1:
		lvs_conf_check(c, rs, CHECK_AGENT, (uint16_t)(9000 + n));
		break;
	case 2:
		f = lvs_conf_file_check(c, rs, n, (int32_t)below(s, 5) - 2);
		f->reverse = chance(s, 30);
		break;
	default:
		lvs_conf_check(c, rs, CHECK_TCP, (uint16_t)(80 + n));
		break;
	}
	rs->checkers.v[rs->checkers.n - 1]->timing.alpha = rs->timing.alpha;
}

static void add_server(struct lvs_sim *s, struct conf *c, struct conf_virtual_server *vs,
		       unsigned which)
{
	char ip[IP_TEXT_MAX];
	struct buf b = BUF_ON(ip);
	struct conf_real_server *rs;
	unsigned checkers = below(s, LVS_SIM_CHECKERS + 1);

	buf_printf(&b, "192.0.2.%u", which + 1);
	rs = lvs_conf_server(c, vs, buf_text(&b), 80, weight(s));
	if (chance(s, 50))
		rs->method = lvs_conf_method(c, LVS_DR);
	rs->inhibit_on_failure = vs->inhibit_on_failure;
	rs->timing.alpha = vs->timing.alpha;
	rs->drain_timeout = vs->drain_timeout;
	rs->slow_start = vs->slow_start;
	for (unsigned i = 0; i < checkers; i++)
		add_checker(s, c, rs, i);
}

static void settings(struct lvs_sim *s, struct conf_virtual_server *vs)
{
	vs->scheduler = (uint8_t)(LVS_SCHED_RR + below(s, 4));
	vs->quorum = chance(s, 10) ? 0 : 1 + below(s, chance(s, 50) ? 2 : 8);
	vs->hysteresis = chance(s, 60) ? 0 : below(s, chance(s, 10) ? UINT32_MAX : 4);
	vs->inhibit_on_failure = chance(s, 30);
	vs->omega = chance(s, 50);
	vs->timing.alpha = chance(s, 30);
	vs->drain_timeout = chance(s, 40) ? (1 + below(s, 20)) * USEC_PER_SEC : 0;
	vs->slow_start = chance(s, 30) ? (1 + below(s, 20)) * USEC_PER_SEC : 0;
	vs->panic_threshold = chance(s, 30) ? (uint8_t)(1 + below(s, 99)) : 0;
	vs->sorry_inhibit = chance(s, 40);
}

static void add_service(struct lvs_sim *s, struct conf *c, unsigned which)
{
	char ip[IP_TEXT_MAX];
	struct buf b = BUF_ON(ip);
	struct conf_virtual_server *vs;

	/* now and then one that exists already, or one of an address of the group */
	buf_printf(&b, "10.0.0.%u", 1 + (chance(s, 20) ? below(s, LVS_SIM_SERVICES) : which));
	vs = lvs_conf_service(c, buf_text(&b), 80);
	settings(s, vs);
	if (chance(s, 20)) {
		lvs_conf_grouped(vs, c->virtual_server_groups.v[0],
				 c->virtual_server_groups.v[0]->id);
		vs->ordinal = which;
	}
	for (unsigned i = 0; i < LVS_SIM_SERVERS; i++)
		if (chance(s, 60))
			add_server(s, c, vs, i);
	if (!vs->rs.n)
		add_server(s, c, vs, 0);
	if (chance(s, 50))
		lvs_conf_sorry(c, vs, chance(s, 30) ? "192.0.2.1" : "192.0.2.99", 80);
}

struct conf *lvs_world_conf(struct lvs_sim *s)
{
	static const char *const files[LVS_SIM_FILES] = {"/run/a", "/run/b"};
	struct conf *c = lvs_conf_new();
	struct conf_virtual_server_group *g = lvs_conf_group(c, "g");

	for (unsigned i = 0; i < LVS_SIM_FILES; i++)
		lvs_conf_file(c, files[i]);
	lvs_conf_group_range(c, g, "10.0.0.4", chance(s, 50) ? "10.0.0.7" : "10.0.0.5", 80);
	if (chance(s, 50))
		lvs_conf_group_mark(c, g, 77, IP_V4);
	for (unsigned i = 0; i < LVS_SIM_SERVICES; i++)
		if (chance(s, 60))
			add_service(s, c, i);
	return c;
}
