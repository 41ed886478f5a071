/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every order of events that two nodes, alone or with a sync group, can meet within a bound:
 * packets delivered in any order, late or lost, a node crashed, started, left. A depth first search
 * over the shipped core with states taken apart and put back (so it looks into
 * core/vrrp/internal.h), states seen before are not entered again. In every state the invariants
 * must hold, and from every state a quiet network must lead to one master, the right one, within
 * the bound.
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
#define INSTANCES_MOST 2
#define TABLE_SIZE (1u << 22)
#define LOSSES 3
#define OVERTAKEN_MOST 2 /* ticks that a packet may arrive too late */

struct flight {
	uint8_t to, instance, priority, overtaken;
};

struct node {
	struct inst inst[INSTANCES_MOST];
	uint32_t heap[INSTANCES_MOST];
	uint8_t group_state;
	bool alive;
	bool owns[INSTANCES_MOST];
	/* when a master that must not be preempted was heard, 0: never or it left */
	usec_t respected[INSTANCES_MOST];
};

struct world {
	struct node node[2];
	uint8_t losses, crashes, leaves;
	uint8_t n_flights;
	struct flight flight[FLIGHT_MOST * INSTANCES_MOST];
	usec_t now;
};

struct setting {
	const char *name;
	unsigned depth_less; /* than the others: it has more states */
	unsigned instances;  /* 2: in a sync group */
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
	struct node pristine[2];
	struct arena *arena;
	uint64_t *seen; /* hash with the moves left in the low byte */
	uint64_t states, moves;
	struct move path[DEPTH_MOST];
	unsigned depth;
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
		for (unsigned k = 0; k < x->setting->instances; k++)
			printf("  n%u i%u: %s, priority %u%s\n", n, k,
			       vrrp_state_name(w->node[n].inst[k].state),
			       w->node[n].inst[k].effective, w->node[n].alive ? "" : ", dead");
}

/* ---- the core, driven ---- */

static void router_load(struct explorer *x, const struct node *node, struct vrrp_router *r)
{
	r->stopped = 0;
	r->stopping = false;
	for (unsigned k = 0; k < x->setting->instances; k++) {
		r->inst[k] = node->inst[k];
		r->heap[k] = node->heap[k];
		r->stopped += node->inst[k].state == VRRP_STOP;
		r->stopping |= node->inst[k].leaving || node->inst[k].state == VRRP_STOP;
	}
	r->started = true;
	r->queue_n = 0;
	r->groups_stopped = 0;
	if (r->conf->groups.n)
		r->groups[0].state = node->group_state;
}

static void router_save(struct explorer *x, struct node *node, const struct vrrp_router *r)
{
	unsigned stopped = 0;

	for (unsigned k = 0; k < x->setting->instances; k++) {
		node->inst[k] = r->inst[k];
		node->heap[k] = r->heap[k];
		stopped += r->inst[k].state == VRRP_STOP;
	}
	if (r->conf->groups.n)
		node->group_state = r->groups[0].state;
	if (stopped == x->setting->instances)
		node->alive = false;
}

static void actions_do(struct explorer *x, struct world *w, unsigned n)
{
	const struct vrrp_out *out = &x->out[n];

	for (unsigned k = 0; k < out->n; k++) {
		const struct vrrp_action *a = &out->v[k];

		if (a->kind == VRRP_DO_OWN)
			w->node[n].owns[a->id] = true;
		if (a->kind == VRRP_DO_DISOWN)
			w->node[n].owns[a->id] = false;
		/* more than fits in flight is lost */
		if (a->kind == VRRP_DO_SEND_ADVERT &&
		    w->n_flights < FLIGHT_MOST * x->setting->instances)
			w->flight[w->n_flights++] = (struct flight){
				.to = !n, .instance = (uint8_t)a->id, .priority = a->priority};
	}
}

static void invariants_check(struct explorer *x, const struct world *w, const struct node *node)
{
	bool leaving = false, torn = false;

	for (unsigned k = 0; k < x->setting->instances; k++) {
		bool master = node->inst[k].state == VRRP_MASTER;

		if (node->owns[k] != master)
			fail(x, w, "the addresses are not where the MASTER is");
		leaving |= node->inst[k].leaving || node->inst[k].state == VRRP_STOP;
		torn |= node->inst[k].state != node->inst[0].state;
	}
	if (torn && !leaving)
		fail(x, w, "the sync group is torn");
}

static void node_step(struct explorer *x, struct world *w, unsigned n, const struct vrrp_event *ev)
{
	router_load(x, &w->node[n], x->router[n]);
	x->out[n].n = 0;
	vrrp_router_step(x->router[n], w->now, ev, &x->out[n]);
	x->moves++;
	router_save(x, &w->node[n], x->router[n]);
	actions_do(x, w, n);
	invariants_check(x, w, &w->node[n]);
}

static void node_boot(struct explorer *x, struct world *w, unsigned n)
{
	const struct vrrp_event start = {.kind = VRRP_EV_START};

	w->node[n] = x->pristine[n];
	w->node[n].alive = true;
	node_step(x, w, n, &start);
}

static void node_crash(struct explorer *x, struct world *w, unsigned n)
{
	w->node[n] = x->pristine[n];
}

static bool beats(uint8_t priority, unsigned n, uint8_t other_priority, unsigned other)
{
	return priority > other_priority || (priority == other_priority && n > other);
}

static void packet_deliver(struct explorer *x, struct world *w, struct flight p)
{
	struct vrrp_event ev = {.kind = VRRP_EV_ADVERT, .id = p.instance};
	struct node *node = &w->node[p.to];
	const struct inst *i = &node->inst[p.instance];
	bool master = i->state == VRRP_MASTER && !i->leaving;
	bool better = p.priority && beats(p.priority, !p.to, i->effective, p.to);

	if (!node->alive)
		return;
	if (!p.priority)
		node->respected[p.instance] = 0;
	else if (p.priority >= i->effective || x->setting->nopreempt[p.to])
		node->respected[p.instance] = w->now;
	ev.rx.advert = (struct vrrp_advert){.version = x->setting->version,
					    .vrid = (uint8_t)(p.instance + 1),
					    .priority = p.priority,
					    .interval = INTERVAL};
	ev.rx.from = address_of(!p.to);
	node_step(x, w, p.to, &ev);
	if (master && better == (i->state == VRRP_MASTER))
		fail(x, w, "a MASTER must yield to the better, and only to it");
}

static struct flight flight_take(struct world *w, unsigned k)
{
	struct flight p = w->flight[k];

	memmove(&w->flight[k], &w->flight[k + 1], (w->n_flights - k - 1) * sizeof(p));
	w->n_flights--;
	return p;
}

static usec_t earliest(const struct explorer *x, const struct world *w, unsigned *ret_n)
{
	usec_t due = USEC_NEVER;

	for (unsigned n = 0; n < 2; n++)
		for (unsigned k = 0; k < x->setting->instances; k++)
			if (w->node[n].alive && w->node[n].inst[k].due < due) {
				due = w->node[n].inst[k].due;
				*ret_n = n;
			}
	return due;
}

static void time_pass(struct explorer *x, struct world *w)
{
	const struct vrrp_event tick = {.kind = VRRP_EV_TICK};
	bool backup[INSTANCES_MOST];
	struct node *node;
	unsigned n = 0;
	usec_t due = earliest(x, w, &n);

	if (due == USEC_NEVER)
		return;
	for (unsigned k = 0; k < w->n_flights; k++)
		w->flight[k].overtaken++;
	w->now = usec_max(w->now, due);
	node = &w->node[n];
	for (unsigned k = 0; k < x->setting->instances; k++)
		backup[k] = node->inst[k].state == VRRP_BACKUP;
	node_step(x, w, n, &tick);
	for (unsigned k = 0; k < x->setting->instances; k++)
		if (backup[k] && node->inst[k].state == VRRP_MASTER && node->respected[k] &&
		    w->now - node->respected[k] < 3 * INTERVAL)
			fail(x, w, "a master was preempted that must not be");
}

/* ---- the quiet end of every path ---- */

static usec_t bound(const struct explorer *x)
{
	usec_t down = vrrp_master_down_interval(x->setting->version, 1, INTERVAL, 3);

	/* the members of a group wait for each other */
	return 2 * x->setting->instances * down + x->setting->preempt_delay + 2 * INTERVAL;
}

static void settled_check(struct explorer *x, const struct world *w, unsigned k)
{
	unsigned masters = 0, alive = 0, master = 0;

	for (unsigned n = 0; n < 2; n++) {
		alive += w->node[n].alive && !w->node[n].inst[k].leaving;
		if (w->node[n].inst[k].state != VRRP_MASTER)
			continue;
		masters++;
		master = n;
	}
	if (masters != (alive ? 1 : 0))
		fail(x, w, "not one MASTER after the bound");
	else if (alive == 2 && !x->setting->nopreempt[!master] &&
		 w->node[!master].inst[k].effective > w->node[master].inst[k].effective)
		fail(x, w, "the MASTER is not the best");
}

static void settle(struct explorer *x, struct world w)
{
	usec_t end = w.now + bound(x);
	unsigned n;

	for (;;) {
		while (w.n_flights && !x->failed)
			packet_deliver(x, &w, flight_take(&w, 0));
		if (x->failed || earliest(x, &w, &n) > end)
			break;
		time_pass(x, &w);
	}
	for (unsigned k = 0; k < x->setting->instances; k++)
		settled_check(x, &w, k);
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

static uint64_t world_hash(const struct explorer *x, const struct world *w)
{
	uint64_t h = 1;

	for (unsigned n = 0; n < 2; n++) {
		const struct node *node = &w->node[n];

		h = mix(h, node->alive);
		for (unsigned k = 0; k < x->setting->instances; k++) {
			h = mix(h, relative(node->respected[k], w->now));
			h = inst_hash(h, &node->inst[k], w->now);
		}
	}
	h = mix(h, w->losses << 16 | w->crashes << 8 | w->leaves);
	for (unsigned k = 0; k < w->n_flights; k++) {
		h = mix(h, w->flight[k].to << 8 | w->flight[k].instance);
		h = mix(h, w->flight[k].priority << 8 | w->flight[k].overtaken);
	}
	return h;
}

/* Whether this state must be entered: it is new, or was met with fewer moves left. */
static bool state_enter(struct explorer *x, const struct world *w, unsigned left)
{
	uint64_t h = world_hash(x, w) & ~UINT64_C(0xff);
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

static bool node_leaving(const struct explorer *x, const struct node *node)
{
	for (unsigned k = 0; k < x->setting->instances; k++)
		if (node->inst[k].leaving || node->inst[k].state == VRRP_STOP)
			return true;
	return false;
}

static void node_moves(struct explorer *x, const struct world *w, unsigned left, unsigned n)
{
	const struct vrrp_event shutdown = {.kind = VRRP_EV_SHUTDOWN};
	struct world next = *w;

	if (!w->node[n].alive) {
		node_boot(x, &next, n);
		go(x, &next, left, (struct move){"boot", n});
		return;
	}
	if (w->crashes) {
		node_crash(x, &next, n);
		next.crashes--;
		go(x, &next, left, (struct move){"crash", n});
	}
	if (w->leaves && !node_leaving(x, &w->node[n]) && !x->failed) {
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
	if (packets_may_wait(w) && earliest(x, w, &n) != USEC_NEVER && !x->failed) {
		struct world next = *w;

		time_pass(x, &next);
		go(x, &next, left, (struct move){"tick", n});
	}
	for (n = 0; n < 2 && !x->failed; n++)
		node_moves(x, w, left, n);
}

/* ---- settings ---- */

static void instance_make(struct arena *a, struct conf *c, const struct setting *s, unsigned n,
			  unsigned k)
{
	struct conf_instance *i = arena_new_of(a, struct conf_instance);

	*i = (struct conf_instance){.id = k,
				    .group = s->instances > 1 ? 0 : CONF_NONE,
				    .name = "VI",
				    .interface = "eth0",
				    .family = IP_V4,
				    .version = s->version,
				    .vrid = (uint8_t)(k + 1),
				    .priority = s->priority[n],
				    .state = s->priority[n] == 255 ? VRRP_MASTER : VRRP_BACKUP,
				    .nopreempt = s->nopreempt[n],
				    .preempt_delay = s->preempt_delay,
				    .down_timer_adverts = 3,
				    .advert_int = INTERVAL};
	vec_push(a, &c->instances, i);
}

static struct conf *conf_make(struct arena *a, const struct setting *s, unsigned n)
{
	struct conf *c = arena_new_of(a, struct conf);
	struct conf_group *g = arena_new_of(a, struct conf_group);

	g->name = "G";
	for (unsigned k = 0; k < s->instances; k++) {
		instance_make(a, c, s, n, k);
		vec_push(a, &g->members, k);
	}
	if (s->instances > 1)
		vec_push(a, &c->groups, g);
	return c;
}

static void node_make(struct explorer *x, unsigned n)
{
	struct vrrp_event link = {.kind = VRRP_EV_LINK}, source = {.kind = VRRP_EV_SOURCE};
	struct vrrp_router *r = vrrp_router_new(conf_make(x->arena, x->setting, n));

	x->router[n] = r;
	x->out[n] = vrrp_router_out(r);
	link.link.exists = link.link.up = true;
	vrrp_router_step(r, 0, &link, &x->out[n]);
	source.source = address_of(n);
	for (unsigned k = 0; k < x->setting->instances; k++) {
		source.id = k;
		vrrp_router_step(r, 0, &source, &x->out[n]);
	}
	router_save(x, &x->pristine[n], r);
}

static unsigned less(unsigned depth, unsigned by)
{
	return depth > by ? depth - by : 1;
}

static bool setting_explore(const struct setting *s, unsigned depth)
{
	struct explorer x = {.setting = s, .arena = arena_new()};
	struct world w = {.losses = LOSSES, .crashes = 1, .leaves = 1, .now = 100 * USEC_PER_SEC};

	x.seen = calloc(TABLE_SIZE, sizeof(*x.seen));
	if (!x.seen)
		abort();
	for (unsigned n = 0; n < 2; n++) {
		node_make(&x, n);
		node_crash(&x, &w, n);
	}
	explore(&x, &w, less(depth, s->depth_less));
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
		{.name = "v2 100/150", .instances = 1, .version = 2, .priority = {100, 150}},
		{.name = "v3 150/100", .instances = 1, .version = 3, .priority = {150, 100}},
		{.name = "v2 equal", .instances = 1, .version = 2, .priority = {100, 100}},
		{.name = "v3 owner/100", .instances = 1, .version = 3, .priority = {255, 100}},
		{.name = "v2 100/150 nopreempt",
		 .instances = 1,
		 .version = 2,
		 .priority = {100, 150},
		 .nopreempt = {true, true}},
		{.name = "v3 100/150 preempt_delay",
		 .instances = 1,
		 .version = 3,
		 .priority = {100, 150},
		 .preempt_delay = 2 * INTERVAL},
		{.name = "v2 100/150 group",
		 .depth_less = 4,
		 .instances = 2,
		 .version = 2,
		 .priority = {100, 150}},
		{.name = "v2 equal group nopreempt",
		 .depth_less = 4,
		 .instances = 2,
		 .version = 2,
		 .priority = {100, 100},
		 .nopreempt = {true, true}},
	};
	unsigned depth = argc > 1 ? (unsigned)atoi(argv[1]) : DEPTH;
	bool good = true;

	if (!depth || depth > DEPTH_MOST)
		return 2;
	for (unsigned k = 0; k < sizeof(settings) / sizeof(settings[0]); k++)
		good &= setting_explore(&settings[k], depth);
	return good ? 0 : 1;
}
