/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every order of events that two nodes can meet within a bound: packets delivered in any order,
 * late or lost, a node crashed, started, left. A depth first search over the shipped core with
 * states taken apart and put back (so it looks into core/vrrp/internal.h), states seen before are
 * not entered again. In every state the invariants must hold, and from every state a quiet network
 * must lead to one master, the right one, within the bound.
 *
 *   explore [DEPTH]
 */
#include "core/vrrp/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL USEC_PER_SEC
#define DEPTH 14
#define DEPTH_MOST 64
#define FLIGHT_MOST 4
#define TABLE_SIZE (1u << 22)
#define LOSSES 3
#define OVERTAKEN_MOST 2 /* ticks that a packet may arrive too late */

struct flight {
	uint8_t to, priority, overtaken;
};

struct world {
	struct inst inst[2];
	bool alive[2], owns[2];
	usec_t respected[2]; /* when a master that must not be preempted was heard, 0: never or it
				left */
	uint8_t losses, crashes, leaves;
	uint8_t n_flights;
	struct flight flight[FLIGHT_MOST];
	usec_t now;
};

struct setting {
	const char *name;
	uint8_t version, priority[2];
	bool nopreempt[2];
	usec_t preempt_delay;
};

struct move {
	const char *what;
	unsigned which;
};

struct explorer {
	const struct setting *setting;
	struct vrrp_router *router[2];
	struct vrrp_out out[2];
	struct inst pristine[2];
	struct conf *conf[2];
	struct arena *arena;
	uint64_t *seen; /* hash with the moves left in the low byte */
	uint64_t states, moves;
	struct move path[DEPTH_MOST];
	unsigned depth, depth_most;
	bool failed;
};

static struct ip_addr address_of(unsigned n)
{
	return ip_from_bytes(IP_V4, (uint8_t[]){10, 0, 0, (uint8_t)(n + 1)});
}

static void fail(struct explorer *x, const struct world *w, const char *why)
{
	if (x->failed)
		return;
	x->failed = true;
	printf("%s: %s at %.6f s\n", x->setting->name, why, (double)w->now / 1e6);
	for (unsigned k = 0; k < x->depth; k++)
		printf("  %s %u\n", x->path[k].what, x->path[k].which);
	for (unsigned n = 0; n < 2; n++)
		printf("  n%u: %s, priority %u%s\n", n, vrrp_state_name(w->inst[n].state),
		       w->inst[n].effective, w->alive[n] ? "" : ", dead");
}

/* ---- the core, driven ---- */

static void router_load(struct explorer *x, const struct world *w, unsigned n)
{
	struct vrrp_router *r = x->router[n];

	r->inst[0] = w->inst[n];
	r->started = true;
	r->stopping = w->inst[n].leaving || w->inst[n].state == VRRP_STOP;
	r->stopped = w->inst[n].state == VRRP_STOP;
	r->queue_n = 0;
}

static void actions_do(struct explorer *x, struct world *w, unsigned n)
{
	const struct vrrp_out *out = &x->out[n];

	for (unsigned k = 0; k < out->n; k++) {
		const struct vrrp_action *a = &out->v[k];

		if (a->kind == VRRP_DO_OWN)
			w->owns[n] = true;
		if (a->kind == VRRP_DO_DISOWN)
			w->owns[n] = false;
		/* more than fits in flight is lost */
		if (a->kind == VRRP_DO_SEND_ADVERT && w->n_flights < FLIGHT_MOST)
			w->flight[w->n_flights++] =
				(struct flight){.to = !n, .priority = a->priority};
	}
}

static void node_step(struct explorer *x, struct world *w, unsigned n, const struct vrrp_event *ev)
{
	router_load(x, w, n);
	x->out[n].n = 0;
	vrrp_router_step(x->router[n], w->now, ev, &x->out[n]);
	x->moves++;
	w->inst[n] = x->router[n]->inst[0];
	actions_do(x, w, n);
	if (w->inst[n].state == VRRP_STOP)
		w->alive[n] = false;
	if (w->owns[n] != (w->inst[n].state == VRRP_MASTER))
		fail(x, w, "the addresses are not where the MASTER is");
}

static void node_boot(struct explorer *x, struct world *w, unsigned n)
{
	const struct vrrp_event start = {.kind = VRRP_EV_START};

	w->inst[n] = x->pristine[n];
	w->alive[n] = true;
	w->respected[n] = 0;
	node_step(x, w, n, &start);
}

static void node_crash(struct world *w, unsigned n)
{
	w->alive[n] = false;
	w->owns[n] = false;
	w->inst[n].state = VRRP_INIT;
	w->inst[n].leaving = false;
	for (unsigned t = 0; t < TIMERS; t++)
		w->inst[n].timer[t] = USEC_NEVER;
	w->inst[n].due = USEC_NEVER;
}

static bool beats(uint8_t priority, unsigned n, uint8_t other_priority, unsigned other)
{
	return priority > other_priority || (priority == other_priority && n > other);
}

static void packet_deliver(struct explorer *x, struct world *w, struct flight p)
{
	struct vrrp_event ev = {.kind = VRRP_EV_ADVERT};
	const struct inst *i = &w->inst[p.to];
	bool master = i->state == VRRP_MASTER && !i->leaving;
	bool better = p.priority && beats(p.priority, !p.to, i->effective, p.to);

	if (!w->alive[p.to])
		return;
	if (!p.priority)
		w->respected[p.to] = 0;
	else if (p.priority >= i->effective || x->setting->nopreempt[p.to])
		w->respected[p.to] = w->now;
	ev.rx.advert = (struct vrrp_advert){.version = x->setting->version,
					    .vrid = 1,
					    .priority = p.priority,
					    .interval = INTERVAL};
	ev.rx.from = address_of(!p.to);
	node_step(x, w, p.to, &ev);
	if (master && better == (w->inst[p.to].state == VRRP_MASTER))
		fail(x, w, "a MASTER must yield to the better, and only to it");
}

static struct flight flight_take(struct world *w, unsigned k)
{
	struct flight p = w->flight[k];

	memmove(&w->flight[k], &w->flight[k + 1], (w->n_flights - k - 1) * sizeof(p));
	w->n_flights--;
	return p;
}

static usec_t earliest(const struct world *w, unsigned *ret_n)
{
	usec_t due = USEC_NEVER;

	for (unsigned n = 0; n < 2; n++)
		if (w->alive[n] && w->inst[n].due < due) {
			due = w->inst[n].due;
			*ret_n = n;
		}
	return due;
}

static void time_pass(struct explorer *x, struct world *w)
{
	const struct vrrp_event tick = {.kind = VRRP_EV_TICK};
	unsigned n = 0;
	usec_t due = earliest(w, &n);
	bool backup;

	if (due == USEC_NEVER)
		return;
	for (unsigned k = 0; k < w->n_flights; k++)
		w->flight[k].overtaken++;
	w->now = usec_max(w->now, due);
	backup = w->inst[n].state == VRRP_BACKUP;
	node_step(x, w, n, &tick);
	if (backup && w->inst[n].state == VRRP_MASTER && w->respected[n] &&
	    w->now - w->respected[n] < 3 * INTERVAL)
		fail(x, w, "a master was preempted that must not be");
}

/* ---- the quiet end of every path ---- */

static usec_t bound(const struct explorer *x)
{
	return 2 * vrrp_master_down_interval(x->setting->version, 1, INTERVAL, 3) +
	       x->setting->preempt_delay + 2 * INTERVAL;
}

static void settled_check(struct explorer *x, const struct world *w)
{
	unsigned masters = 0, alive = 0, master = 0;

	for (unsigned n = 0; n < 2; n++) {
		alive += w->alive[n] && !w->inst[n].leaving;
		if (w->inst[n].state != VRRP_MASTER)
			continue;
		masters++;
		master = n;
	}
	if (masters != (alive ? 1 : 0))
		fail(x, w, "not one MASTER after the bound");
	else if (alive == 2 && !x->setting->nopreempt[!master] &&
		 w->inst[!master].effective > w->inst[master].effective)
		fail(x, w, "the MASTER is not the best");
}

static void settle(struct explorer *x, struct world w)
{
	usec_t end = w.now + bound(x);
	unsigned n;

	for (;;) {
		while (w.n_flights && !x->failed)
			packet_deliver(x, &w, flight_take(&w, 0));
		if (x->failed || earliest(&w, &n) > end)
			break;
		time_pass(x, &w);
	}
	settled_check(x, &w);
}

/* ---- states ---- */

static uint64_t mix(uint64_t h, int64_t v)
{
	h ^= (uint64_t)v;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static int64_t relative(usec_t t, usec_t now)
{
	return t == USEC_NEVER ? INT64_MAX : t == 0 ? INT64_MIN : t - now;
}

/* Everything of an instance that its decisions depend on. */
static uint64_t inst_hash(uint64_t h, const struct inst *i, usec_t now)
{
	bool flag[] = {i->wants,   i->left,   i->discarding,   i->preempt_over,
		       i->leaving, i->handed, i->owner_lowered};

	h = mix(h, i->state);
	h = mix(h, i->effective);
	for (unsigned k = 0; k < sizeof(flag); k++)
		h = mix(h, flag[k]);
	for (unsigned t = 0; t < TIMERS; t++)
		h = mix(h, relative(i->timer[t], now));
	h = mix(h, relative(i->preempt_at, now));
	h = mix(h, i->master_interval);
	h = mix(h, i->peer_interval);
	h = mix(h, i->rival.family);
	return mix(h, i->heal_step);
}

static uint64_t world_hash(const struct world *w)
{
	uint64_t h = 1;

	for (unsigned n = 0; n < 2; n++) {
		h = mix(h, w->alive[n]);
		h = mix(h, relative(w->respected[n], w->now));
		h = inst_hash(h, &w->inst[n], w->now);
	}
	h = mix(h, w->losses << 16 | w->crashes << 8 | w->leaves);
	for (unsigned k = 0; k < w->n_flights; k++)
		h = mix(h, w->flight[k].to << 16 | w->flight[k].priority << 8 |
				   w->flight[k].overtaken);
	return h;
}

/* Whether this state must be entered: it is new, or was met with fewer moves left. */
static bool state_enter(struct explorer *x, const struct world *w, unsigned left)
{
	uint64_t h = world_hash(w) & ~UINT64_C(0xff);
	uint32_t at = (uint32_t)(h >> 32) & (TABLE_SIZE - 1);

	if (!h)
		h = 0x100;
	while (x->seen[at] && (x->seen[at] & ~UINT64_C(0xff)) != h)
		at = (at + 1) & (TABLE_SIZE - 1);
	if (x->seen[at] && (x->seen[at] & 0xff) >= left + 1)
		return false;
	if (!x->seen[at]) {
		x->states++;
		settle(x, *w);
	}
	x->seen[at] = h | (left + 1);
	if (x->states > TABLE_SIZE / 4 * 3) {
		printf("%s: more states than the table holds\n", x->setting->name);
		exit(1);
	}
	return true;
}

/* ---- moves ---- */

static void explore(struct explorer *x, const struct world *w, unsigned left);

static void go(struct explorer *x, const struct world *w, unsigned left, struct move m)
{
	x->path[x->depth++] = m;
	explore(x, w, left - 1);
	x->depth--;
}

static void packet_moves(struct explorer *x, const struct world *w, unsigned left)
{
	for (unsigned k = 0; k < w->n_flights && !x->failed; k++) {
		struct world next = *w;

		packet_deliver(x, &next, flight_take(&next, k));
		go(x, &next, left, (struct move){"deliver", k});
		if (!w->losses || x->failed)
			continue;
		next = *w;
		flight_take(&next, k);
		next.losses--;
		go(x, &next, left, (struct move){"lose", k});
	}
}

static bool packets_may_wait(const struct world *w)
{
	for (unsigned k = 0; k < w->n_flights; k++)
		if (w->flight[k].overtaken >= OVERTAKEN_MOST)
			return false;
	return true;
}

static void node_moves(struct explorer *x, const struct world *w, unsigned left, unsigned n)
{
	const struct vrrp_event shutdown = {.kind = VRRP_EV_SHUTDOWN};
	struct world next = *w;

	if (!w->alive[n]) {
		node_boot(x, &next, n);
		go(x, &next, left, (struct move){"boot", n});
		return;
	}
	if (w->crashes) {
		node_crash(&next, n);
		next.crashes--;
		go(x, &next, left, (struct move){"crash", n});
	}
	if (w->leaves && !w->inst[n].leaving && !x->failed) {
		next = *w;
		next.leaves--;
		node_step(x, &next, n, &shutdown);
		go(x, &next, left, (struct move){"shutdown", n});
	}
}

static void explore(struct explorer *x, const struct world *w, unsigned left)
{
	unsigned n;

	if (x->failed || !state_enter(x, w, left) || !left)
		return;
	packet_moves(x, w, left);
	if (packets_may_wait(w) && earliest(w, &n) != USEC_NEVER && !x->failed) {
		struct world next = *w;

		time_pass(x, &next);
		go(x, &next, left, (struct move){"tick", n});
	}
	for (n = 0; n < 2 && !x->failed; n++)
		node_moves(x, w, left, n);
}

/* ---- settings ---- */

static struct conf *conf_make(struct arena *a, const struct setting *s, unsigned n)
{
	struct conf *c = arena_new_of(a, struct conf);
	struct conf_instance *i = arena_new_of(a, struct conf_instance);

	*i = (struct conf_instance){.group = CONF_NONE,
				    .name = "VI",
				    .interface = "eth0",
				    .family = IP_V4,
				    .version = s->version,
				    .vrid = 1,
				    .priority = s->priority[n],
				    .state = s->priority[n] == 255 ? VRRP_MASTER : VRRP_BACKUP,
				    .nopreempt = s->nopreempt[n],
				    .preempt_delay = s->preempt_delay,
				    .down_timer_adverts = 3,
				    .advert_int = INTERVAL};
	vec_push(a, &c->instances, i);
	return c;
}

static void node_make(struct explorer *x, unsigned n)
{
	struct vrrp_event link = {.kind = VRRP_EV_LINK}, source = {.kind = VRRP_EV_SOURCE};

	x->conf[n] = conf_make(x->arena, x->setting, n);
	x->router[n] = vrrp_router_new(x->conf[n]);
	x->out[n] = vrrp_router_out(x->router[n]);
	link.link.exists = link.link.up = true;
	source.source = address_of(n);
	vrrp_router_step(x->router[n], 0, &link, &x->out[n]);
	vrrp_router_step(x->router[n], 0, &source, &x->out[n]);
	x->pristine[n] = x->router[n]->inst[0];
}

static bool setting_explore(const struct setting *s, unsigned depth)
{
	struct explorer x = {.setting = s, .depth_most = depth, .arena = arena_new()};
	struct world w = {.losses = LOSSES, .crashes = 1, .leaves = 1, .now = 100 * USEC_PER_SEC};

	x.seen = calloc(TABLE_SIZE, sizeof(*x.seen));
	if (!x.seen)
		abort();
	for (unsigned n = 0; n < 2; n++) {
		node_make(&x, n);
		w.inst[n] = x.pristine[n];
		node_crash(&w, n);
	}
	explore(&x, &w, depth);
	printf("%-28s %8llu states, %9llu steps of the core%s\n", s->name,
	       (unsigned long long)x.states, (unsigned long long)x.moves,
	       x.failed ? ", FAILED" : "");
	for (unsigned n = 0; n < 2; n++)
		vrrp_router_free(x.router[n]);
	free(x.seen);
	arena_free(x.arena);
	return !x.failed;
}

int main(int argc, char **argv)
{
	static const struct setting settings[] = {
		{.name = "v2 100/150", .version = 2, .priority = {100, 150}},
		{.name = "v3 150/100", .version = 3, .priority = {150, 100}},
		{.name = "v2 equal", .version = 2, .priority = {100, 100}},
		{.name = "v3 owner/100", .version = 3, .priority = {255, 100}},
		{.name = "v2 100/150 nopreempt",
		 .version = 2,
		 .priority = {100, 150},
		 .nopreempt = {true, true}},
		{.name = "v3 100/150 preempt_delay",
		 .version = 3,
		 .priority = {100, 150},
		 .preempt_delay = 2 * INTERVAL},
	};
	unsigned depth = argc > 1 ? (unsigned)atoi(argv[1]) : DEPTH;
	bool good = true;

	if (!depth || depth > DEPTH_MOST)
		return 2;
	for (unsigned k = 0; k < sizeof(settings) / sizeof(settings[0]); k++)
		good &= setting_explore(&settings[k], depth);
	return good ? 0 : 1;
}
