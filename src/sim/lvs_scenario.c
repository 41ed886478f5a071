/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what happens in a run, by chance: verdicts in bursts, files, weights from outside, time,
 * reloads, crashes, at last the stop. Carries the decisions out as the process does: the part of
 * the table that changed after most steps, the whole after reloads and crashes.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sim/lvs_sim.h"

#define STEPS 120

void lvs_sim_trace(const struct lvs_sim *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->trace)
		return;
	printf("%10.3f ", (double)s->now / USEC_PER_SEC);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void lvs_sim_fail(struct lvs_sim *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->failed)
		return;
	s->failed = true;
	n = snprintf(s->failure, sizeof(s->failure), "step %" PRIu64 ": ", s->steps);
	va_start(ap, fmt);
	vsnprintf(s->failure + n, sizeof(s->failure) - (size_t)n, fmt, ap);
	va_end(ap);
	lvs_sim_trace(s, "FAILED %s", s->failure);
}

static uint32_t below(struct lvs_sim *s, uint32_t n)
{
	return sim_random_below(&s->random, n);
}

static bool chance(struct lvs_sim *s, uint32_t percent)
{
	return sim_random_chance(&s->random, percent);
}

/* ---- carrying out ---- */

static void applied_clear(struct lvs_sim *s)
{
	arena_free(s->applied_arena);
	s->applied_arena = arena_new();
	s->applied = (struct service_table){0};
}

/* The whole table against `observed`, of which `applied` is ours. */
static void apply_all(struct lvs_sim *s, const struct service_table *observed)
{
	struct arena *a = arena_new();
	struct service_table all;
	service_changes c = {0};

	lvs_desired(s->l, a, &all);
	services_diff(observed, &all, &s->applied, a, &c);
	lvs_kernel_apply(s, &c, &all);
	applied_clear(s);
	service_table_replace(&s->applied, &all, s->applied_arena);
	arena_free(a);
}

static void apply_changed(struct lvs_sim *s)
{
	struct arena *a = arena_new();
	struct service_table part, all;
	service_changes c = {0}, rest = {0};

	if (!lvs_desired_changed(s->l, a, &part)) {
		apply_all(s, &s->applied);
		arena_free(a);
		return;
	}
	services_diff(&s->applied, &part, NULL, a, &c);
	lvs_kernel_apply(s, &c, &part);
	service_table_replace(&s->applied, &part, s->applied_arena);
	lvs_desired(s->l, a, &all);
	services_diff(&s->applied, &all, &s->applied, a, &rest);
	if (rest.n)
		lvs_sim_fail(s, "the part that changed is not all that changed");
	arena_free(a);
}

/* What a dump of the kernel gives: services of all, in order. */
static void apply_dumped(struct lvs_sim *s)
{
	struct arena *a = arena_new();
	struct service_table dump = {0};

	service_table_replace(&dump, &s->kernel, a);
	service_table_sort(&dump);
	apply_all(s, &dump);
	arena_free(a);
}

/* ---- what happens ---- */

static struct lvs_verdict verdict(struct lvs_sim *s, const struct conf_checker *c)
{
	struct lvs_verdict v = {.up = chance(s, 60)};

	if (c->kind == CHECK_MISC)
		v.contribution = (int64_t)below(s, 12) - 6;
	if (c->kind == CHECK_AGENT) {
		v.drain = chance(s, 20);
		v.has_percent = chance(s, 50);
		v.percent = (uint16_t)below(s, 160);
	}
	if (!v.up)
		str_copy(v.reason, sizeof(v.reason), "no answer");
	return v;
}

static void do_verdicts(struct lvs_sim *s)
{
	unsigned burst = chance(s, 20) ? 1 + below(s, 20) : 1;

	for (unsigned i = 0; i < burst && s->conf->checkers.n; i++) {
		const struct conf_checker *c = s->conf->checkers.v[below(s, s->conf->checkers.n)];
		struct lvs_verdict v = verdict(s, c);

		if (c->kind == CHECK_FILE)
			continue;
		lvs_sim_trace(s, "verdict of %u: %d drain %d percent %d/%u + %" PRId64, c->id, v.up,
			      v.drain, v.has_percent, v.percent, v.contribution);
		lvs_set_verdict(s->l, c->id, &v, s->now);
		oracle_verdict(s, c->id, &v);
	}
}

static void do_file(struct lvs_sim *s)
{
	uint32_t file = below(s, LVS_SIM_FILES);
	int64_t value = chance(s, 10)	? INT32_MIN + (int64_t)below(s, 2)
			: chance(s, 30) ? 0
					: (int64_t)below(s, 9) - 4;

	lvs_sim_trace(s, "file %u has %" PRId64, file, value);
	lvs_set_file(s->l, file, value, s->now);
	oracle_file(s, file, value);
}

static void do_weight(struct lvs_sim *s)
{
	uint32_t rs, weight = chance(s, 40) ? 0 : below(s, 9);

	if (!s->conf->real_servers.n)
		return;
	rs = below(s, s->conf->real_servers.n);
	lvs_sim_trace(s, "weight of %u set to %u", rs, weight);
	lvs_override_weight(s->l, rs, weight, s->now);
	s->oracle.servers[rs].overridden = true;
	s->oracle.servers[rs].override = weight;
	oracle_settle(s, s->conf->real_servers.v[rs]->vs);
}

static void pass_until(struct lvs_sim *s, usec_t until)
{
	for (usec_t due; (due = lvs_deadline(s->l)) <= until;) {
		s->now = usec_max(due, s->now);
		lvs_tick(s->l, s->now);
		if (lvs_deadline(s->l) <= s->now) {
			lvs_sim_fail(s, "a timer that does not pass");
			return;
		}
		lvs_sim_trace(s, "tick");
		lvs_property_events(s);
		apply_changed(s);
		lvs_property_table(s);
	}
	s->now = until;
}

static void do_time(struct lvs_sim *s)
{
	pass_until(s, s->now + (usec_t)below(s, 6000) * USEC_PER_MSEC + below(s, 1000));
	lvs_sim_trace(s, "time");
}

/* To a moment at which no timer is late, so that who has drained is not a matter of luck. */
static void pass_to_grid(struct lvs_sim *s)
{
	pass_until(s, (s->now + LVS_SIM_GRID - 1) / LVS_SIM_GRID * LVS_SIM_GRID);
}

static void told_removed(struct lvs_sim *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!s->before.servers[i].kept && s->before.servers[i].told == TOLD_UP)
			lvs_sim_fail(s, "removed server %u was not told to be down", i);
}

static void do_reload(struct lvs_sim *s)
{
	struct conf *was = s->conf;
	struct arena *a = arena_new();
	struct lvs *l;

	pass_to_grid(s);
	s->conf = lvs_world_conf(s);
	lvs_sim_trace(s, "reload: %u services, %u servers", s->conf->virtual_servers.n,
		      s->conf->real_servers.n);
	l = lvs_new(s->conf, a, s->l, NULL, s->now);
	arena_free(s->arena);
	s->arena = a;
	s->l = l;
	oracle_reload(s, was);
	lvs_property_events(s);
	told_removed(s, was->real_servers.n);
	arena_free(was->arena);
	pass_until(s, s->now); /* a shorter time may be over */
}

static bool past_quorum(void *ctx, const struct conf_virtual_server *vs, bool *ret_up)
{
	*ret_up = ((struct lvs_sim *)ctx)->oracle.services[vs->id].quorum;
	return true;
}

static bool past_server(void *ctx, const struct conf_real_server *rs, bool *ret_up)
{
	*ret_up = ((struct lvs_sim *)ctx)->oracle.servers[rs->id].up;
	return true;
}

static void replay(struct lvs_sim *s, const struct oracle *known)
{
	for (uint32_t i = 0; i < s->conf->checkers.n; i++) {
		const struct oracle_checker *c = &known->checkers[i];
		struct lvs_verdict v = {.up = c->up,
					.drain = c->drain,
					.has_percent = c->has_percent,
					.percent = c->percent,
					.contribution = c->contribution};

		if (!c->seen || s->conf->checkers.v[i]->kind == CHECK_FILE)
			continue;
		lvs_set_verdict(s->l, i, &v, s->now);
		oracle_verdict(s, i, &v);
	}
	for (uint32_t i = 0; i < LVS_SIM_FILES; i++)
		if (known->file_known[i]) {
			lvs_set_file(s->l, i, known->file[i], s->now);
			oracle_file(s, i, known->file[i]);
		}
}

/* What is known only in part must not lose a quorum for a moment. */
static void check_crash(struct lvs_sim *s, const struct oracle *known)
{
	unsigned changed = 0;

	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++)
		changed += known->services[i].quorum != s->oracle.services[i].quorum;
	if (s->quorum_events != changed)
		lvs_sim_fail(s, "a crash told %u changes of a quorum, not %u", s->quorum_events,
			     changed);
}

/* The others say all they know to the new process before it touches the kernel. */
static void do_crash(struct lvs_sim *s)
{
	struct oracle known = s->oracle;
	struct lvs_past past = {.ctx = s, .quorum = past_quorum, .server = past_server};

	lvs_sim_trace(s, "crash");
	s->quorum_events = 0;
	arena_free(s->arena);
	s->arena = arena_new();
	s->l = lvs_new(s->conf, s->arena, NULL, &past, s->now);
	oracle_crash(s);
	replay(s, &known);
	s->held = false;
	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++)
		oracle_settle(s, i);
	apply_dumped(s);
	lvs_property_events(s);
	check_crash(s, &known);
}

static void do_stop(struct lvs_sim *s)
{
	lvs_sim_trace(s, "stop");
	lvs_stop(s->l, s->now);
	lvs_property_events(s);
	apply_changed(s);
	if (s->applied.services.n || s->kernel.services.n != 2)
		lvs_sim_fail(s, "services are left after the stop");
	for (unsigned i = 0; i < s->conf->real_servers.n; i++) {
		const struct conf_real_server *rs = s->conf->real_servers.v[i];

		if (s->conf->virtual_servers.v[rs->vs]->omega &&
		    s->oracle.servers[i].told == TOLD_UP)
			lvs_sim_fail(s, "server %u was not told to be down at the stop", i);
	}
}

static void step(struct lvs_sim *s)
{
	uint32_t what = below(s, 100);

	if (what < 55)
		do_verdicts(s);
	else if (what < 65)
		do_file(s);
	else if (what < 72)
		do_weight(s);
	else if (what < 92)
		do_time(s);
	else if (what < 98)
		do_reload(s);
	else
		do_crash(s);
	s->steps++;
	lvs_property_events(s);
	lvs_property_state(s);
	apply_changed(s);
	lvs_property_table(s);
}

bool lvs_sim_run(struct lvs_sim *s, uint64_t seed, bool trace)
{
	*s = (struct lvs_sim){.seed = seed, .random = {seed}, .trace = trace};
	s->now = 1000 * USEC_PER_SEC + below(s, 1000000);
	s->kernel_arena = arena_new();
	s->applied_arena = arena_new();
	s->arena = arena_new();
	lvs_kernel_foreign(s);
	s->conf = lvs_world_conf(s);
	s->l = lvs_new(s->conf, s->arena, NULL, NULL, s->now);
	oracle_start(s);
	lvs_property_events(s);
	for (unsigned i = 0; i < STEPS && !s->failed; i++)
		step(s);
	if (!s->failed)
		do_stop(s);
	arena_free(s->conf->arena);
	arena_free(s->arena);
	arena_free(s->applied_arena);
	arena_free(s->kernel_arena);
	return !s->failed;
}
