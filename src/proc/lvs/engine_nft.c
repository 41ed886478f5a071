/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine `nftables`, for kernels without IPVS: each step is one transaction, so either all of it
 * is in force or nothing. Owns what the ruleset needs to know of the machine (interfaces, ways to
 * DR servers). Must not know why a service changes.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "core/lvs/nft_ruleset.h"
#include "core/reconcile/services.h"
#include "io/log.h"
#include "io/nft_lvs.h"
#include "proc/lvs/engine.h"

#define LOOK_AGAIN (30 * USEC_PER_SEC) /* for what nobody tells */

struct engine_nft {
	struct engine base; /* first */
	struct nft_lvs *nft;
	struct arena *machine_arena;
	struct nft_options machine;
	bool started;	  /* our tables are there */
	bool dr;	  /* the netdev table as well */
	bool stale;	  /* the machine has changed since the rules were written */
};

static struct engine_nft *self(struct engine *e)
{
	return (struct engine_nft *)e;
}

static int open_nft(const struct conf *conf, struct engine **ret, const char **ret_error)
{
	struct engine_nft *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		abort();
	r = nft_lvs_open(&n->nft, ret_error);
	if (r < 0) {
		free(n);
		return r;
	}
	n->base.ops = &engine_nft;
	n->machine_arena = arena_new();
	*ret = &n->base;
	return 0;
}

static struct engine *close_nft(struct engine *e)
{
	struct engine_nft *n = self(e);

	nft_lvs_close(n->nft);
	arena_free(n->machine_arena);
	free(n);
	return NULL;
}

/* ---- the machine ---- */

static void add_links(struct engine_nft *n, const struct service *s, struct arena *a,
		      struct nft_options *o)
{
	for (unsigned i = 0; i < s->dests.n; i++) {
		struct nft_link link;

		if (s->dests.v[i].method == LVS_DR &&
		    nft_lvs_link(n->nft, &s->dests.v[i].addr, a, &link) == 0)
			*vec_add(a, &o->links) = link;
	}
}

static bool is_same_machine(const struct nft_options *a, const struct nft_options *b)
{
	if (a->devices.n != b->devices.n || a->links.n != b->links.n)
		return false;
	for (unsigned i = 0; i < a->devices.n; i++)
		if (!str_eq(a->devices.v[i], b->devices.v[i]))
			return false;
	for (unsigned i = 0; i < a->links.n; i++) {
		const struct nft_link *x = &a->links.v[i], *y = &b->links.v[i];

		if (!ip_equal(&x->addr, &y->addr) || x->local != y->local ||
		    (!x->local && !str_eq(x->device, y->device)))
			return false;
	}
	return true;
}

/* Looks at the interfaces and at the ways to the DR servers of both tables; whether they are others. */
static bool survey(struct engine_nft *n, const struct service_table *one,
		   const struct service_table *other)
{
	struct arena *a = arena_new();
	struct nft_options seen = {0};
	bool same;

	(void)nft_lvs_devices(n->nft, a, &seen);
	for (unsigned i = 0; i < one->services.n; i++)
		add_links(n, &one->services.v[i], a, &seen);
	for (unsigned i = 0; other && i < other->services.n; i++)
		add_links(n, &other->services.v[i], a, &seen);
	nft_links_sort(&seen);
	same = is_same_machine(&n->machine, &seen);
	arena_free(n->machine_arena);
	n->machine_arena = a;
	n->machine = seen;
	return !same;
}

static bool any_dr(const struct service_table *t)
{
	for (unsigned i = 0; i < t->services.n; i++)
		if (nft_service_is_dr(&t->services.v[i]))
			return true;
	return false;
}

/* ---- steps ---- */

static int run(struct engine_nft *n, const struct nft_text *text, const char **ret_error)
{
	return text->n > 0 ? nft_lvs_run(n->nft, nft_text_of(text), ret_error) : 0;
}

/* Everything anew, whatever is there under our name. */
static int start(struct engine_nft *n, const struct service_table *to, const char **ret_error)
{
	struct arena *a = arena_new();
	struct nft_text text = NFT_TEXT_IN(a);
	struct nft_present present = {0};
	bool dr = any_dr(to);
	int r = nft_lvs_present(n->nft, a, &present);

	if (r == 0) {
		(void)survey(n, to, NULL);
		nft_render_start(&text, &n->machine, &present, to, dr);
		r = run(n, &text, ret_error);
	}
	if (r == 0) {
		n->started = true;
		n->dr = dr;
	}
	arena_free(a);
	return r;
}

static bool is_touched(const struct engine_step *step, const struct service_key *key)
{
	for (unsigned i = 0; i < step->changes->n; i++)
		if (service_key_compare(&step->changes->v[i].service->key, key) == 0)
			return true;
	return false;
}

static void render_step(struct engine_nft *n, const struct engine_step *step, struct nft_text *text)
{
	bool few = step->changes->n < 32; /* else it costs less to write all than to search */

	for (unsigned i = 0; i < step->to->services.n; i++) {
		const struct service *s = &step->to->services.v[i];

		if (few && !is_touched(step, &s->key))
			continue;
		nft_render_service(text, &n->machine, service_table_find(step->from, &s->key), s);
	}
	for (unsigned i = 0; !step->part && i < step->from->services.n; i++) {
		const struct service *s = &step->from->services.v[i];

		if (!service_table_find(step->to, &s->key))
			nft_render_service(text, &n->machine, s, NULL);
	}
}

static int change(struct engine_nft *n, const struct engine_step *step, const char **ret_error)
{
	struct arena *a = arena_new();
	struct nft_text text = NFT_TEXT_IN(a);
	int r;

	if (any_dr(step->to) && (survey(n, step->from, step->to) || !n->dr)) {
		n->stale = n->dr;
		if (!n->dr)
			nft_render_dr_frame(&text, &n->machine);
		n->dr = true;
	}
	render_step(n, step, &text);
	r = run(n, &text, ret_error);
	arena_free(a);
	return r;
}

static unsigned apply(struct engine *e, const struct engine_step *step, const char **ret_error)
{
	struct engine_nft *n = self(e);
	bool whole = !step->part && (!n->started || step->from->services.n == 0);
	int r;

	*ret_error = "";
	r = whole ? start(n, step->to, ret_error) : change(n, step, ret_error);
	for (unsigned i = 0; i < step->changes->n; i++)
		step->changes->v[i].error = r;
	return r < 0 ? (step->changes->n > 0 ? step->changes->n : 1) : 0;
}

static int flush(struct engine *e)
{
	struct engine_nft *n = self(e);
	struct arena *a = arena_new();
	struct nft_text text = NFT_TEXT_IN(a);
	struct nft_present present = {0};
	const char *error = "";
	bool dr;
	int r = nft_lvs_present(n->nft, a, &present);

	dr = n->dr || present.dr_chains.v.n > 0;
	if (r == 0 && (n->started || present.nat_chains.v.n > 0 || dr)) {
		nft_render_stop(&text, dr);
		r = run(n, &text, &error);
	}
	arena_free(a);
	n->started = n->dr = false;
	return r;
}

static void stop(struct engine *e, bool keep)
{
	if (!keep)
		(void)flush(e);
}

static int fd(const struct engine *e)
{
	return nft_lvs_fd(((const struct engine_nft *)e)->nft);
}

static usec_t tick(struct engine *e, const struct service_table *applied, usec_t now)
{
	struct engine_nft *n = self(e);
	const char *error = "";

	nft_lvs_heed(n->nft);
	if (!n->dr)
		return USEC_NEVER;
	if (survey(n, applied, NULL) || n->stale) {
		n->stale = false;
		if (start(n, applied, &error) < 0)
			log_err("nftables refuses the rules for the changed interfaces: %s", error);
	}
	return now + LOOK_AGAIN;
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
};
