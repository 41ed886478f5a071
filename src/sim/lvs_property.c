/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what must hold after every step. Events alternate and lead where the state is; the state is
 * what the oracle believes; the kernel has exactly the destinations that follow from it.
 */
#include <inttypes.h>

#include "base/str.h"
#include "sim/lvs_sim.h"

/* ---- events ---- */

static const char *event_name(uint8_t kind)
{
	static const char *const names[] = {
		[LVS_RS_UP] = "rs up",
		[LVS_RS_DOWN] = "rs down",
		[LVS_RS_WEIGHT] = "rs weight",
		[LVS_QUORUM_UP] = "quorum up",
		[LVS_QUORUM_DOWN] = "quorum down",
		[LVS_SORRY_ON] = "sorry on",
		[LVS_SORRY_OFF] = "sorry off",
		[LVS_PANIC_ON] = "panic on",
		[LVS_PANIC_OFF] = "panic off",
		[LVS_DRAINING] = "draining",
		[LVS_DRAINED] = "drained",
		[LVS_CHECKER_UP] = "checker up",
		[LVS_CHECKER_DOWN] = "checker down",
	};

	return names[kind];
}

static void told_server(struct lvs_sim *s, const struct lvs_event *e)
{
	struct oracle_server *o = NULL;
	enum oracle_told told = e->kind == LVS_RS_UP ? TOLD_UP : TOLD_DOWN;

	if (e->rs != CONF_NONE)
		o = &s->oracle.servers[e->rs];
	else if (e->old_rs != CONF_NONE)
		o = &s->before.servers[e->old_rs];
	if (!o || o->told == told || (!o->told && told == TOLD_DOWN && e->stopping))
		lvs_sim_fail(s, "%s of %s is told twice", event_name(e->kind), e->rs_name);
	else
		o->told = told;
}

static void told_flag(struct lvs_sim *s, const struct lvs_event *e, bool *flag, bool now)
{
	if (*flag == now)
		lvs_sim_fail(s, "%s of %s is told twice", event_name(e->kind), e->vs_name);
	*flag = now;
}

static void told_service(struct lvs_sim *s, const struct lvs_event *e)
{
	struct oracle_service *o;

	if (e->vs == CONF_NONE) {
		if (e->kind != LVS_QUORUM_DOWN || !e->stopping || e->old_vs == CONF_NONE)
			lvs_sim_fail(s, "%s of nobody", event_name(e->kind));
		return;
	}
	o = &s->oracle.services[e->vs];
	if (e->kind == LVS_QUORUM_UP || e->kind == LVS_QUORUM_DOWN) {
		s->quorum_events++;
		if (!e->stopping && !(e->initial && e->kind == LVS_QUORUM_DOWN))
			told_flag(s, e, &o->told_quorum, e->kind == LVS_QUORUM_UP);
	} else if (e->kind == LVS_PANIC_ON || e->kind == LVS_PANIC_OFF) {
		told_flag(s, e, &o->told_panic, e->kind == LVS_PANIC_ON);
	} else {
		told_flag(s, e, &o->told_sorry, e->kind == LVS_SORRY_ON);
	}
}

static void told(struct lvs_sim *s, const struct lvs_event *e)
{
	switch ((enum lvs_event_kind)e->kind) {
	case LVS_RS_UP:
	case LVS_RS_DOWN:
		told_server(s, e);
		return;
	case LVS_QUORUM_UP:
	case LVS_QUORUM_DOWN:
	case LVS_SORRY_ON:
	case LVS_SORRY_OFF:
	case LVS_PANIC_ON:
	case LVS_PANIC_OFF:
		told_service(s, e);
		return;
	case LVS_RS_WEIGHT:
		if (!s->oracle.servers[e->rs].up && !e->rs_up)
			lvs_sim_fail(s, "weight of %s, which is down", e->rs_name);
		return;
	case LVS_DRAINING:
	case LVS_DRAINED:
	case LVS_CHECKER_UP:
	case LVS_CHECKER_DOWN:
	default:
		return;
	}
}

void lvs_property_events(struct lvs_sim *s)
{
	struct lvs_event e;

	while (lvs_next_event(s->l, &e)) {
		lvs_sim_trace(s, "  event: %s %s %s%s%s", event_name(e.kind), e.vs_name, e.rs_name,
			      e.initial ? " initial" : "", e.stopping ? " stopping" : "");
		told(s, &e);
	}
}

/* ---- state ---- */

static void check_server(struct lvs_sim *s, uint32_t rs)
{
	struct lvs_server_view v = lvs_view_server(s->l, rs);
	const struct oracle_server *o = &s->oracle.servers[rs];

	if (v.up != o->up)
		lvs_sim_fail(s, "server %u is %s", rs, v.up ? "up" : "down");
	else if (o->up ? o->told != TOLD_UP : o->told == TOLD_UP)
		lvs_sim_fail(s, "the state of server %u was not told", rs);
	else if (v.up != (v.failed_checkers == 0))
		lvs_sim_fail(s, "server %u has miscounted its checkers", rs);
}

static void check_service(struct lvs_sim *s, uint32_t vs)
{
	struct lvs_service_view v = lvs_view_service(s->l, vs);
	const struct oracle_service *o = &s->oracle.services[vs];

	if (v.quorum_up != o->quorum || o->told_quorum != o->quorum)
		lvs_sim_fail(s, "service %u: quorum is %d, believed %d, told %d", vs, v.quorum_up,
			     o->quorum, o->told_quorum);
	else if (v.sorry != o->sorry || o->told_sorry != o->sorry)
		lvs_sim_fail(s, "service %u: sorry is %d, believed %d, told %d", vs, v.sorry,
			     o->sorry, o->told_sorry);
	else if (v.panic != o->panic || o->told_panic != o->panic)
		lvs_sim_fail(s, "service %u: panic is %d, believed %d, told %d", vs, v.panic,
			     o->panic, o->told_panic);
	else if (v.live_weight != oracle_live(s, vs))
		lvs_sim_fail(s, "service %u weighs %" PRId64 ", believed %" PRId64, vs,
			     v.live_weight, oracle_live(s, vs));
}

void lvs_property_state(struct lvs_sim *s)
{
	for (unsigned i = 0; i < s->conf->real_servers.n; i++)
		check_server(s, i);
	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++)
		check_service(s, i);
}

/* ---- table ---- */

static const struct service *kernel_find(const struct lvs_sim *s, const struct service_key *key)
{
	for (unsigned i = 0; i < s->kernel.services.n; i++)
		if (service_key_compare(&s->kernel.services.v[i].key, key) == 0)
			return &s->kernel.services.v[i];
	return NULL;
}

static const struct dest *dest_find(const struct service *k, const struct oracle_dest *d)
{
	for (unsigned i = 0; k && i < k->dests.n; i++)
		if (ip_equal(&k->dests.v[i].addr, &d->addr) && k->dests.v[i].port == d->port)
			return &k->dests.v[i];
	return NULL;
}

static bool key_is_wanted(const struct lvs_sim *s, const struct service_key *key)
{
	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++) {
		struct service_key keys[ORACLE_KEYS];
		unsigned n = oracle_keys(s->conf->virtual_servers.v[i], keys);

		for (unsigned k = 0; k < n; k++)
			if (service_key_compare(&keys[k], key) == 0)
				return true;
	}
	return false;
}

/* Each believed destination is there; returns how many really are. */
static unsigned check_believed(struct lvs_sim *s, const struct oracle_dest *v, unsigned n)
{
	unsigned present = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct dest *d = dest_find(kernel_find(s, &v[i].key), &v[i]);

		present += d != NULL;
		if (!d && !v[i].optional)
			lvs_sim_fail(s, "port %u mark %u: .%u is missing", v[i].key.port,
				     v[i].key.fwmark, v[i].addr.b[3]);
		else if (d && (d->weight < v[i].least || d->weight > v[i].most))
			lvs_sim_fail(s, "port %u mark %u: .%u weighs %u, not %u to %u",
				     v[i].key.port, v[i].key.fwmark, v[i].addr.b[3], d->weight,
				     v[i].least, v[i].most);
	}
	return present;
}

/* Both tables, to see what is wrong. */
static void trace_tables(const struct lvs_sim *s, const struct oracle_dest *v, unsigned n)
{
	for (unsigned i = 0; i < s->kernel.services.n; i++) {
		const struct service *k = &s->kernel.services.v[i];

		for (unsigned d = 0; d < k->dests.n; d++)
			lvs_sim_trace(s, "  is .%u:%u/%u .%u:%u = %u", k->key.addr.b[3],
				      k->key.port, k->key.fwmark, k->dests.v[d].addr.b[3],
				      k->dests.v[d].port, k->dests.v[d].weight);
	}
	for (unsigned i = 0; i < n; i++)
		lvs_sim_trace(s, "  should be .%u:%u/%u .%u:%u = %u..%u%s", v[i].key.addr.b[3],
			      v[i].key.port, v[i].key.fwmark, v[i].addr.b[3], v[i].port, v[i].least,
			      v[i].most, v[i].optional ? " or not" : "");
}

void lvs_property_table(struct lvs_sim *s)
{
	static const unsigned cap = 1024;
	struct oracle_dest v[1024];
	unsigned n = oracle_table(s, v, cap), there = 0, services = 0;

	for (unsigned i = 0; i < s->kernel.services.n; i++) {
		const struct service *k = &s->kernel.services.v[i];

		if (lvs_kernel_is_foreign(&k->key))
			continue;
		there += k->dests.n;
		services++;
		if (!key_is_wanted(s, &k->key))
			lvs_sim_fail(s, "a service is left over");
	}
	if (check_believed(s, v, n) != there)
		lvs_sim_fail(s, "destinations that nobody wants");
	if (services != s->applied.services.n)
		lvs_sim_fail(s, "%u services, not %u", services, s->applied.services.n);
	for (unsigned i = 0; i < n; i++)
		if (!kernel_find(s, &v[i].key))
			lvs_sim_fail(s, "a service is missing");
	if (s->failed)
		trace_tables(s, v, n);
}
