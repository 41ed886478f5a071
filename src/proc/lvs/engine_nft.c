/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine `nftables`: writes what core/lvs wants as text, and has it run as one transaction. It
 * remembers what it wrote, because the rules don't say it in a form worth reading back: after the
 * start, which replaces everything, only services that differ are written. The kernel numbers its
 * rulesets: when a number was somebody else's, the next reload replaces everything again.
 *
 * A transaction that is refused is tried again service by service, so that one that the kernel does
 * not take keeps no other from changing.
 *
 * Also owns when it looks again at what DR depends on (nft_world.h). Must not know why a service
 * changes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "core/lvs/nft_ruleset.h"
#include "core/reconcile/services.h"
#include "io/log.h"
#include "io/netns.h"
#include "io/nft_lvs.h"
#include "proc/lvs/engine.h"
#include "proc/lvs/nft_world.h"

#define LOOK_AFTER (USEC_PER_SEC / 10)
#define LOOK_AGAIN_AFTER USEC_PER_SEC

struct engine_nft {
	struct engine base; /* first */
	struct nft_lvs *nft;
	int claim; /* nobody else in this namespace has our tables */
	bool known;	     /* the kernel has `applied` */
	bool dr;	     /* and the netdev table */
	uint64_t handles[2]; /* of the tables that have `applied` */
	uint32_t generation; /* of the kernel's rules, when we last wrote */
	bool doubtful;	     /* others have written since the start */
	bool behind;	     /* interfaces or ways have changed, and the rules do not know */
	usec_t look_at;
	struct arena *arena;
	struct service_table applied;
	struct nft_world world; /* the links are of the DR servers of `applied` */
	char error[256];
};

/* One service that differs; either may be NULL. `old` is in `applied`. */
struct difference {
	struct service_key key;
	const struct service *old, *new;
};
typedef VEC(struct difference) differences;

static struct engine_nft *self(struct engine *e)
{
	return (struct engine_nft *)e;
}

/* Others may have written what is ours: `nft flush chain` leaves the table, its handle and its names. */
static void generation_follow(struct engine_nft *e, bool wrote)
{
	uint32_t now = nft_lvs_generation(e->nft);

	e->doubtful |= now != e->generation + wrote;
	e->generation = now;
}

/* The first line says it; the rest of nftables' message shows the text. */
static void keep_error(struct engine_nft *e, const char *error)
{
	str_copy(e->error, sizeof(e->error), error);
	e->error[strcspn(e->error, "\n")] = '\0';
}

static int run(struct engine_nft *e, const struct nft_text *t)
{
	const char *error, *text = nft_text_of(t);
	int r;

	if (!*text)
		return 0;
	generation_follow(e, false);
	r = nft_lvs_run(e->nft, text, &error);
	generation_follow(e, r == 0);
	if (r < 0)
		keep_error(e, error);
	return r;
}

/* ---- interfaces and ways ---- */

/* The hook goes with its last interface. */
static bool is_hooked(struct engine_nft *e, struct arena *a)
{
	struct nft_present present;

	if (nft_lvs_present(e->nft, a, &present) < 0)
		return false;
	for (unsigned i = 0; i < present.dr_chains.v.n; i++)
		if (str_eq(present.dr_chains.v.v[i], "ingress"))
			return true;
	return false;
}

static int write_ways(struct engine_nft *e, const struct nft_options *now, struct arena *a)
{
	struct nft_text t = NFT_TEXT_IN(a);

	if (e->world.now.devices_sum != now->devices_sum)
		nft_render_devices(&t, now, is_hooked(e, a));
	for (unsigned i = 0; i < e->applied.services.n; i++) {
		const struct service *s = &e->applied.services.v[i];

		if (nft_service_is_dr(s) && !nft_world_ways_equal(s, &e->world.now, now))
			nft_render_service(&t, now, s, s);
	}
	return run(e, &t);
}

/* An interface that goes while we write makes it fail: the next look tells. */
static void look_again(struct engine_nft *e)
{
	struct arena *a = arena_new(), *now_arena = arena_new();
	struct nft_options now;

	nft_world_look(&e->world, &e->applied, now_arena, &now);
	e->behind = write_ways(e, &now, a) < 0;
	if (!e->behind)
		nft_world_take(&e->world, now_arena, &now);
	else
		arena_free(now_arena);
	arena_free(a);
}

/* Changes come in swarms: one look for all that come within a moment. */
static usec_t tick(struct engine *base, const struct service_table *applied, usec_t now)
{
	struct engine_nft *e = self(base);

	(void)applied;
	if (nft_lvs_heed(e->nft) && !e->behind) {
		e->behind = true;
		e->look_at = now + LOOK_AFTER;
	}
	if (!e->behind || !e->dr)
		return USEC_NEVER;
	if (now >= e->look_at) {
		look_again(e);
		e->look_at = now + LOOK_AGAIN_AFTER;
	}
	return e->behind ? e->look_at : USEC_NEVER;
}

static unsigned wayless(const struct engine *base, struct ip_addr *ret_first)
{
	const struct engine_nft *e = (const struct engine_nft *)base;

	return nft_world_wayless(&e->world, &e->applied, ret_first);
}

static int fd(const struct engine *e)
{
	return nft_lvs_fd(((const struct engine_nft *)e)->nft);
}

/* ---- memory ---- */

static void memory_take_all(struct engine_nft *e, const struct service_table *t)
{
	struct arena *a = arena_new();
	struct service_table copy = {0};

	service_table_replace(&copy, t, a);
	arena_free(e->arena);
	e->arena = a;
	e->applied = copy;
	e->known = true;
}

static void memory_take(struct engine_nft *e, const struct difference *d)
{
	if (d->new) {
		struct service one = *d->new;
		struct service_table part = {.services = {.v = &one, .n = 1}};

		service_table_replace(&e->applied, &part, e->arena);
	} else {
		unsigned at = (unsigned)(d->old - e->applied.services.v);

		memmove(&e->applied.services.v[at], &e->applied.services.v[at + 1],
			(e->applied.services.n - at - 1) * sizeof(*e->applied.services.v));
		e->applied.services.n--;
	}
}

static bool dests_equal(const struct dest *a, const struct dest *b)
{
	return dest_compare(a, b) == 0 && a->weight == b->weight && a->method == b->method;
}

static bool services_equal(const struct service *a, const struct service *b)
{
	if (!str_eq(a->scheduler, b->scheduler) || a->flags != b->flags ||
	    a->timeout != b->timeout || a->netmask != b->netmask ||
	    a->masquerade != b->masquerade || a->dests.n != b->dests.n)
		return false;
	for (unsigned i = 0; i < a->dests.n; i++)
		if (!dests_equal(&a->dests.v[i], &b->dests.v[i]))
			return false;
	return true;
}

static void differences_find(const struct engine_nft *e, const struct engine_step *step,
			     struct arena *a, differences *ret)
{
	for (unsigned i = 0; i < step->to->services.n; i++) {
		const struct service *new = &step->to->services.v[i];
		const struct service *old = service_table_find(&e->applied, &new->key);

		if (!old || !services_equal(old, new))
			vec_push(a, ret, ((struct difference){new->key, old, new}));
	}
	for (unsigned i = 0; !step->part && i < e->applied.services.n; i++) {
		const struct service *old = &e->applied.services.v[i];

		if (!service_table_find(step->to, &old->key))
			vec_push(a, ret, ((struct difference){old->key, old, NULL}));
	}
}

/* ---- changes ---- */

static bool has_dr(const struct service_table *t)
{
	for (unsigned i = 0; i < t->services.n; i++)
		if (nft_service_is_dr(&t->services.v[i]))
			return true;
	return false;
}

static int start_over(struct engine_nft *e, const struct service_table *to, struct arena *a)
{
	struct nft_text text = NFT_TEXT_IN(a), instead = NFT_TEXT_IN(a);
	struct nft_present present, nothing = {0};
	bool dr = has_dr(to);
	int r = nft_lvs_present(e->nft, a, &present);

	if (r < 0)
		return r;
	nft_world_renew(&e->world, to);
	e->generation = nft_lvs_generation(e->nft);
	e->doubtful = false;
	nft_render_start(&text, &e->world.now, &present, to, dr);
	r = run(e, &text);
	if (r < 0) {
		/* Perhaps tables of another version: without their memory, then. */
		nft_render_stop(&instead, true);
		nft_render_start(&instead, &e->world.now, &nothing, to, dr);
		r = run(e, &instead);
	}
	if (r == 0) {
		e->dr = dr;
		memory_take_all(e, to);
		(void)nft_lvs_handles(e->nft, e->handles);
	}
	e->doubtful |= r < 0;
	return r;
}

/* `nft flush ruleset`, which a restart of the distribution's nftables.service is, takes ours as
 * well; what loads a saved ruleset makes tables that only look like ours. */
static bool intact(struct engine *base)
{
	struct engine_nft *e = self(base);
	uint64_t now[2];

	if (!e->known || nft_lvs_handles(e->nft, now) < 0)
		return true;
	if (now[0] != e->handles[0] || (e->dr && now[1] != e->handles[1]))
		e->known = false;
	return e->known;
}

/* The netdev table, when the first DR service comes. */
static int dr_prepare(struct engine_nft *e, const differences *d, struct arena *a)
{
	struct nft_text t = NFT_TEXT_IN(a);
	bool needed = false;
	uint64_t handles[2];
	int r;

	for (unsigned i = 0; i < d->n; i++)
		needed |= d->v[i].new &&nft_service_is_dr(d->v[i].new);
	if (needed && !e->dr) {
		nft_world_renew(&e->world, &e->applied);
		nft_render_dr_frame(&t, &e->world.now);
		r = run(e, &t);
		if (r < 0)
			return r;
		e->dr = true;
		if (nft_lvs_handles(e->nft, handles) == 0)
			e->handles[1] = handles[1];
	}
	for (unsigned i = 0; i < d->n; i++)
		if (d->v[i].new)
			nft_world_add(&e->world, d->v[i].new);
	return 0;
}

static int differences_run(struct engine_nft *e, const struct difference *d, unsigned n,
			   struct arena *a)
{
	struct nft_text t = NFT_TEXT_IN(a);

	for (unsigned i = 0; i < n; i++)
		nft_render_service(&t, &e->world.now, d[i].old, d[i].new);
	return run(e, &t);
}

static void refuse(const struct engine_step *step, const struct service_key *key, int error)
{
	for (unsigned i = 0; i < step->changes->n; i++)
		if (!key || service_key_compare(&step->changes->v[i].service->key, key) == 0)
			step->changes->v[i].error = error;
}

static void one_by_one(struct engine_nft *e, const struct engine_step *step, differences *d,
		       struct arena *a)
{
	for (unsigned i = 0; i < d->n; i++) {
		struct difference *one = &d->v[i];
		int r;

		one->old = service_table_find(&e->applied, &one->key); /* it may have moved */
		r = differences_run(e, one, 1, a);
		if (r < 0)
			refuse(step, &one->key, r);
		else
			memory_take(e, one);
	}
}

typedef VEC(struct conntrack_way) ways;

static int dest_order(const void *a, const void *b)
{
	return dest_compare(a, b);
}

static bool has_dest(const struct service *s, const struct dest *d)
{
	return s->dests.n && bsearch(d, s->dests.v, s->dests.n, sizeof(*d), dest_order);
}

static struct conntrack_way way_to(const struct service_key *key, const struct dest *d)
{
	return (struct conntrack_way){.server = d->addr,
				      .vip = key->addr,
				      .protocol = key->protocol,
				      .server_port = key->port ? d->port : 0,
				      .port = key->port};
}

/* NAT servers that a service no longer has. Of those of weight 0 it keeps the connections. */
static void ways_gather(const struct difference *d, struct arena *a, ways *ret)
{
	for (unsigned i = 0; d->old && d->new &&i < d->old->dests.n; i++) {
		const struct dest *gone = &d->old->dests.v[i];

		if (gone->method == LVS_NAT && !has_dest(d->new, gone))
			vec_push(a, ret, way_to(&d->key, gone));
	}
}

/* What goes to a server by a mark or to any port can't be told from what goes there by a service of
 * its own but by these. */
static void ways_gather_kept(const struct service_table *t, struct arena *a, ways *ret)
{
	unsigned inexact = 0;

	for (unsigned i = 0; i < ret->n; i++)
		inexact += !ret->v[i].port;
	for (unsigned i = 0; inexact && i < t->services.n; i++) {
		const struct service *s = &t->services.v[i];

		for (unsigned k = 0; !s->key.fwmark && k < s->dests.n; k++)
			if (s->dests.v[k].method == LVS_NAT) {
				struct conntrack_way way = way_to(&s->key, &s->dests.v[k]);

				way.keep = true;
				vec_push(a, ret, way);
			}
	}
}

static void connections_forget(struct engine_nft *e, ways *w, struct arena *a)
{
	int r;

	ways_gather_kept(&e->applied, a, w);
	r = nft_lvs_forget(e->nft, w->v, w->n);
	if (r < 0)
		log_warning("connections to servers that are gone can't be forgotten: %s",
			    strerror(-r));
}

static void change(struct engine_nft *e, const struct engine_step *step, struct arena *a)
{
	differences d = {0};
	ways w = {0};
	int r;

	differences_find(e, step, a, &d);
	if (!d.n)
		return;
	for (unsigned i = 0; i < d.n; i++)
		ways_gather(&d.v[i], a, &w);
	r = dr_prepare(e, &d, a);
	if (r < 0)
		refuse(step, NULL, r);
	else if (differences_run(e, d.v, d.n, a) < 0)
		one_by_one(e, step, &d, a);
	else if (step->part)
		service_table_replace(&e->applied, step->to, e->arena);
	else
		memory_take_all(e, step->to);
	connections_forget(e, &w, a);
}

/* Servers that the rules leave out, and what was refused. */
static unsigned failures_count(struct engine_nft *e, const struct engine_step *step)
{
	unsigned n = 0;

	for (unsigned i = 0; i < step->changes->n; i++) {
		struct service_change *c = &step->changes->v[i];

		if (!c->error && (c->kind == DEST_ADD || c->kind == DEST_SET)) {
			c->error = nft_dest_check(c->service, c->dest);
			if (c->error)
				str_copy(e->error, sizeof(e->error),
					 "the nftables engine can't forward to it this way");
		}
		n += c->error != 0;
	}
	return n;
}

/* Whether the kernel would take these services, with nothing else there. */
static int try_services(struct engine_nft *e, const struct service_table *some, struct arena *a)
{
	const struct nft_present nothing = {0};
	struct nft_text t = NFT_TEXT_IN(a);
	const char *error;
	int r;

	nft_render_stop(&t, true);
	nft_render_start(&t, &e->world.now, &nothing, some, has_dr(some));
	r = nft_lvs_try(e->nft, nft_text_of(&t), &error);
	if (r < 0)
		keep_error(e, error);
	return r;
}

/* Those that the kernel takes, added to `ret`; the others are refused. By halves: few are bad. */
static void sieve(struct engine_nft *e, const struct engine_step *step, struct service_table some,
		  struct arena *a, struct service_table *ret)
{
	unsigned half = some.services.n / 2;
	int r = try_services(e, &some, a);
	struct service_table rest = {
		.services = {.v = some.services.v + half, .n = some.services.n - half}};

	if (r == 0) {
		for (unsigned i = 0; i < some.services.n; i++)
			vec_push(a, &ret->services, some.services.v[i]);
	} else if (half == 0) {
		refuse(step, &some.services.v[0].key, r);
	} else {
		some.services.n = half;
		sieve(e, step, some, a, ret);
		sieve(e, step, rest, a, ret);
	}
}

/* One bad service must not take the others along. */
static int start_over_without(struct engine_nft *e, const struct engine_step *step, struct arena *a)
{
	struct service_table good = {0};
	int r = try_services(e, &good, a);

	if (r < 0 || step->to->services.n == 0)
		return r;
	sieve(e, step, *step->to, a, &good);
	return start_over(e, &good, a);
}

static void change_all(struct engine_nft *e, const struct engine_step *step, struct arena *a)
{
	differences d = {0};
	ways w = {0};
	int r;

	differences_find(e, step, a, &d);
	for (unsigned i = 0; i < d.n; i++)
		ways_gather(&d.v[i], a, &w);
	r = start_over(e, step->to, a);
	if (r < 0 && e->known) {
		change(e, step, a); /* finds the one that is refused */
		return;
	}
	if (r < 0)
		r = start_over_without(e, step, a);
	if (r == 0)
		connections_forget(e, &w, a);
	else
		refuse(step, NULL, r);
}

static void carry_out(struct engine_nft *e, const struct engine_step *step, struct arena *a)
{
	if (!step->part && e->known)
		generation_follow(e, false);
	if (step->part || (e->known && !e->doubtful))
		change(e, step, a);
	else
		change_all(e, step, a);
}

static unsigned apply(struct engine *base, const struct engine_step *step, const char **ret_error)
{
	struct engine_nft *e = self(base);
	struct arena *a = arena_new();

	e->error[0] = '\0';
	for (unsigned i = 0; i < step->changes->n; i++)
		step->changes->v[i].error = 0;
	carry_out(e, step, a);
	arena_free(a);
	*ret_error = e->error;
	return failures_count(e, step);
}

/* ---- the engine's life ---- */

static int open_nft(const struct conf *conf, struct engine **ret, const char **ret_error)
{
	struct engine_nft *e = calloc(1, sizeof(*e));
	uint64_t handles[2];
	int r;

	if (!e)
		abort();
	r = nft_lvs_open(conf->global.net_namespace_ipvs, &e->nft, ret_error);
	if (r == 0 && nft_lvs_handles(e->nft, handles) == -EPERM)
		r = -EPERM;
	if (r == 0) {
		r = e->claim = netns_claim("holdfast/" NFT_TABLE);
		if (r == -EADDRINUSE)
			*ret_error = "another holdfast here has virtual servers by nftables";
	}
	if (r < 0) {
		nft_lvs_close(e->nft);
		free(e);
		return r;
	}
	nft_world_init(&e->world, e->nft);
	e->base.ops = &engine_nft;
	*ret = &e->base;
	return 0;
}

static struct engine *close_nft(struct engine *base)
{
	struct engine_nft *e = self(base);

	nft_lvs_close(e->nft);
	close(e->claim);
	arena_free(e->arena);
	nft_world_done(&e->world);
	free(e);
	return NULL;
}

static int flush(struct engine *base)
{
	struct engine_nft *e = self(base);
	struct arena *a = arena_new();
	struct nft_text t = NFT_TEXT_IN(a);
	int r;

	nft_render_stop(&t, true);
	r = run(e, &t);
	e->known = e->dr = false;
	e->applied.services.n = 0;
	arena_free(a);
	return r;
}

/* Only what is translated is tracked. */
static void census(struct engine *base, struct dest_census *v, unsigned n)
{
	struct arena *a = arena_new();
	ways w = {0};

	for (unsigned i = 0; i < n; i++)
		if (v[i].dest->method == LVS_NAT) {
			struct conntrack_way way = way_to(&v[i].service->key, v[i].dest);

			way.id = i;
			vec_push(a, &w, way);
		}
	if (nft_lvs_count(self(base)->nft, w.v, w.n) == 0)
		for (unsigned i = 0; i < w.n; i++)
			v[w.v[i].id].connections = w.v[i].count;
	arena_free(a);
}

static void stop(struct engine *base, bool keep)
{
	if (!keep && flush(base) < 0)
		log_err("nftables: the table " NFT_TABLE " can't be removed: %s",
			self(base)->error);
}

const struct engine_ops engine_nft = {
	.name = "nftables",
	.open = open_nft,
	.close = close_nft,
	.apply = apply,
	.flush = flush,
	.stop = stop,
	.fd = fd,
	.tick = tick,
	.intact = intact,
	.wayless = wayless,
	.census = census,
};
