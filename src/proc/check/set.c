/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a configuration to the probes of one check process: which checkers are its own, which of them
 * are one probe, and what each has prepared. Owns a generation's arena. Must not know what a probe
 * has found.
 */
#include <stdlib.h>

#include "base/str.h"
#include "proc/check/internal.h"

/* Plans by share key. */
struct sharers {
	uint32_t *slots; /* 1 + index */
	uint32_t mask;
};

static uint32_t *find_slot(const struct sharers *t, const struct check_plan *plans,
			   const struct check_key *key)
{
	uint32_t i = (uint32_t)key->share[0] & t->mask;

	while (t->slots[i] && !check_key_same(plans[t->slots[i] - 1].key.share, key->share))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

/* "example.com" of "example.com:443"; an address is no name. */
static const char *name_in_authority(const struct conf_checker *c, struct arena *a)
{
	const char *text = c->kind == CHECK_GRPC ? ((const struct conf_check_grpc *)c)->authority : NULL;
	struct ip_addr ip;
	char *name;

	if (!text || *text == '[')
		return NULL;
	name = arena_copy(a, text, strcspn(text, ":"));
	return ip_parse(name, &ip) ? NULL : name;
}

static struct check_plan *plan_add(struct check_set *s, const struct conf_checker *c,
				   const struct dialogue_ops *ops, const struct check_key *key)
{
	struct check_plan *p = &s->plans[s->n++];

	p->conf = c;
	p->ops = ops;
	p->key = *key;
	p->authority = name_in_authority(c, s->arena);
	p->material = ops->prepare ? ops->prepare(s->conf, c, s->arena) : NULL;
	return p;
}

static void add_checker(struct check_set *s, const struct conf_checker *c, const struct check_key *key,
			const struct sharers *t)
{
	uint32_t *slot = find_slot(t, s->plans, key);
	struct check_plan *p;

	if (*slot && !s->conf->global.no_shared_checks) {
		p = &s->plans[*slot - 1];
	} else {
		p = plan_add(s, c, dialogue_ops_of(c), key);
		*slot = s->n;
	}
	*vec_add(s->arena, &p->checkers) = c->id;
	s->plan_of[c->id] = (uint32_t)(p - s->plans);
}

static uint32_t table_size(uint32_t n)
{
	uint32_t size = 16;

	while (size < 2 * n)
		size *= 2;
	return size;
}

/* Keys are made twice, so that there is room for the own ones only. */
static uint32_t count_own(const struct conf *conf, unsigned share, unsigned n_shares)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < conf->checkers.n; i++) {
		struct check_key key;

		if (!dialogue_ops_of(conf->checkers.v[i]))
			continue;
		key = check_key_of(conf, conf->checkers.v[i]);
		n += check_key_process(&key, n_shares) == share;
	}
	return n;
}

static void add_all(struct check_set *s, unsigned share, unsigned n_shares)
{
	const struct conf *conf = s->conf;
	uint32_t n = count_own(conf, share, n_shares), size = table_size(n);
	struct sharers t = {calloc(size, sizeof(*t.slots)), size - 1};

	if (!t.slots)
		abort();
	s->plans = arena_alloc(s->arena, n * sizeof(*s->plans));
	for (unsigned i = 0; i < conf->checkers.n; i++) {
		const struct conf_checker *c = conf->checkers.v[i];
		struct check_key key;

		s->plan_of[i] = CONF_NONE;
		if (!dialogue_ops_of(c))
			continue;
		key = check_key_of(conf, c);
		if (check_key_process(&key, n_shares) == share)
			add_checker(s, c, &key, &t);
	}
	free(t.slots);
}

struct check_set *check_set_new(const struct conf_loaded *l, uint32_t generation, unsigned share,
				unsigned n_shares)
{
	struct check_set *s = arena_new_of(l->arena, struct check_set);

	s->arena = l->arena;
	s->conf = l->conf;
	s->generation = generation;
	s->plan_of = arena_alloc(s->arena, l->conf->checkers.n * sizeof(*s->plan_of));
	s->suspended = arena_alloc(s->arena, l->conf->virtual_servers.n * sizeof(*s->suspended));
	add_all(s, share, n_shares);
	return s;
}

struct check_set *check_set_free(struct check_set *s)
{
	if (!s)
		return NULL;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->plans[i].ops->release && s->plans[i].material)
			s->plans[i].ops->release(s->plans[i].material);
	arena_free(s->arena);
	return NULL;
}

void check_set_retire(struct check_set *s)
{
	s->retired = true;
	if (s->runs == 0)
		check_set_free(s);
}

void check_set_run_ended(struct check_set *s)
{
	s->runs--;
	if (s->retired && s->runs == 0)
		check_set_free(s);
}
