/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probes at run time: when each is due, and what becomes of them when another generation goes into
 * force. A probe goes on if the new generation has one of the same identity (core/check/key): verdict,
 * failures, and its place in time if the timing is the same, too. A run under way goes on as well; it
 * ends with what it began with.
 *
 * After a crash the board takes the place of the old generation, and so it does for a probe that another
 * process had before the number of processes changed. Then what is overdue is spread, as
 * nobody wants all servers asked in the same moment.
 */
#include <stdlib.h>
#include <string.h>

#include "proc/check/internal.h"

/* ---- due ---- */

static void on_due(struct agenda_item *item)
{
	struct check *c = (struct check *)((char *)item - offsetof(struct check, due));
	struct check_worker *w = c->w;
	usec_t now = loop_now(w->loop);

	if (c->resting == c->plan->checkers.n) {
		c->due_at = now + c->plan->conf->timing.delay_loop;
		agenda_set(w->agenda, &c->due, c->due_at);
		record_schedule(c, 0);
		return;
	}
	if (now - c->due_at > w->worst_lateness)
		w->worst_lateness = now - c->due_at;
	record_schedule(c, now - c->due_at);
	c->started = now;
	run_start(c);
}

static usec_t random_share(struct check_worker *w, usec_t span)
{
	return (usec_t)((uint64_t)span * probe_engine_random(w->engine) >> 32);
}

/* ---- old and new ---- */

/* What there was, by identity: probes of the old set, or records of a board. Each is claimed once. */
struct past {
	const uint64_t (*keys)[2][2]; /* identity, share */
	bool *claimed;
	uint32_t *next, *first; /* chains, 1 + index */
	uint32_t n, mask;
};

static struct past past_new(uint32_t n)
{
	struct past p = {.n = n, .mask = 15};

	while (p.mask < n)
		p.mask = 2 * p.mask + 1;
	p.keys = calloc(n + 1, sizeof(*p.keys));
	p.claimed = calloc(n + 1, sizeof(*p.claimed));
	p.next = calloc(n + 1, sizeof(*p.next));
	p.first = calloc(p.mask + 1, sizeof(*p.first));
	if (!p.keys || !p.claimed || !p.next || !p.first)
		abort();
	return p;
}

static void past_free(struct past *p)
{
	free((void *)p->keys);
	free(p->claimed);
	free(p->next);
	free(p->first);
}

static void past_add(struct past *p, uint32_t i, const uint64_t identity[2], const uint64_t share[2])
{
	uint64_t (*keys)[2][2] = (uint64_t(*)[2][2])p->keys;
	uint32_t *head = &p->first[(uint32_t)identity[0] & p->mask];

	memcpy(keys[i][0], identity, sizeof(keys[i][0]));
	memcpy(keys[i][1], share, sizeof(keys[i][1]));
	p->next[i] = *head;
	*head = i + 1;
}

/* One with the same timing is best. CONF_NONE: there is none. */
static uint32_t past_claim(struct past *p, const struct check_key *key)
{
	uint32_t found = CONF_NONE;

	for (uint32_t i = p->first[(uint32_t)key->identity[0] & p->mask]; i; i = p->next[i - 1]) {
		if (p->claimed[i - 1] || !check_key_same(p->keys[i - 1][0], key->identity))
			continue;
		found = i - 1;
		if (check_key_same(p->keys[i - 1][1], key->share))
			break;
	}
	if (found != CONF_NONE)
		p->claimed[found] = true;
	return found;
}

static struct past past_of_checks(struct check *const *checks, uint32_t n)
{
	struct past p = past_new(n);

	for (uint32_t i = 0; i < n; i++)
		past_add(&p, i, checks[i]->plan->key.identity, checks[i]->plan->key.share);
	return p;
}

static struct past past_of_board(const struct board_probe *records, uint32_t n)
{
	struct past p = past_new(n);

	for (uint32_t i = 0; i < n; i++)
		past_add(&p, i, records[i].identity, records[i].share);
	return p;
}

/* Whole copies; one that its writer left torn is empty. */
static struct board_probe *read_records(const struct board *b)
{
	uint32_t n = b->header->shape.probes;
	struct board_probe *v = calloc(n + 1, sizeof(*v));

	if (!v)
		abort();
	for (uint32_t i = 0; i < n; i++)
		if (!board_read(&b->probes[i], &v[i], sizeof(v[i])))
			memset(&v[i], 0, sizeof(v[i]));
	return v;
}

static struct check *check_new(struct check_worker *w)
{
	struct check *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->w = w;
	c->due.fn = on_due;
	return c;
}

static void check_free(struct check *c)
{
	run_cancel(c);
	probe_clear(&c->probe);
	agenda_set(c->w->agenda, &c->due, USEC_NEVER);
	free(c);
}

/* ---- a new generation ---- */

static void begin_fresh(struct check *c, const struct check_plan *plan, bool first)
{
	c->plan = plan;
	c->verdict = check_verdict_new(plan->conf, first);
	c->due_at = loop_now(c->w->loop) +
		    check_first_delay(plan->conf, probe_engine_random(c->w->engine));
}

/* With another timing it comes no later than that says. */
static void continue_with(struct check *c, const struct check_plan *plan, bool same_timing)
{
	c->plan = plan;
	check_verdict_mend(&c->verdict, plan->conf);
	if (!same_timing)
		c->due_at = usec_min(c->due_at, loop_now(c->w->loop) + plan->conf->timing.delay_loop);
}

static void restore(struct check *c, const struct check_plan *plan, const struct board_probe *from)
{
	usec_t now = loop_now(c->w->loop), loop = plan->conf->timing.delay_loop;
	bool same_timing = check_key_same(plan->key.share, from->share);

	record_restore(c, from);
	if (c->due_at <= now || c->due_at > now + usec_max(loop, plan->conf->timing.warmup) + USEC_PER_SEC)
		c->due_at = now + random_share(c->w, usec_min(loop, USEC_PER_SEC));
	continue_with(c, plan, same_timing);
}

static void schedule(struct check *c)
{
	if (!probe_is_running(&c->probe))
		agenda_set(c->w->agenda, &c->due, c->due_at);
}

/* Those that there are none of yet: they go on with what the board knows, or begin. */
static void join_board(struct check_worker *w, struct check_set *set, struct check **checks,
		       const struct board_probe *records, bool first)
{
	struct past past = past_of_board(records, w->board.header->shape.probes);

	for (uint32_t i = 0; i < set->n; i++) {
		uint32_t k = checks[i] ? CONF_NONE : past_claim(&past, &set->plans[i].key);

		if (checks[i])
			continue;
		checks[i] = check_new(w);
		checks[i]->record = i;
		if (k != CONF_NONE)
			restore(checks[i], &set->plans[i], &records[k]);
		else
			begin_fresh(checks[i], &set->plans[i], first);
		record_begin(checks[i], k != CONF_NONE ? &records[k] : NULL);
		schedule(checks[i]);
	}
	past_free(&past);
}

/* Those that this process has had. */
static void join_checks(struct check_worker *w, struct check_set *set, struct check **checks,
			const struct board *old_board)
{
	uint32_t old_n = w->set->n;
	struct past past = past_of_checks(w->checks, old_n);

	for (uint32_t i = 0; i < set->n; i++) {
		const struct check_plan *plan = &set->plans[i];
		uint32_t k = past_claim(&past, &plan->key);
		const struct board_probe *from;

		if (k == CONF_NONE)
			continue;
		checks[i] = w->checks[k];
		w->checks[k] = NULL;
		from = &old_board->probes[checks[i]->record];
		continue_with(checks[i], plan, check_key_same(plan->key.share, checks[i]->plan->key.share));
		checks[i]->record = i;
		checks[i]->resting = 0;
		record_begin(checks[i], from);
		schedule(checks[i]);
	}
	for (uint32_t k = 0; k < old_n; k++)
		if (w->checks[k])
			check_free(w->checks[k]);
	past_free(&past);
}

void checks_configure(struct check_worker *w, struct check_set *set, const struct board *board,
		      bool first)
{
	struct check **checks = calloc(set->n + 1, sizeof(*checks));
	struct board old_board = w->board;
	struct check_set *old = w->set;
	/* A predecessor's that died, or of a process that had them before the reload. */
	struct board_probe *records = read_records(board);

	if (!checks)
		abort();
	tell_forget(w);
	w->board = *board;
	if (old)
		join_checks(w, set, checks, &old_board);
	join_board(w, set, checks, records, first && !old);
	free(records);
	free(w->checks);
	w->checks = checks;
	w->set = set;
	runs_free(w);
	if (old) {
		board_unmap(&old_board);
		check_set_retire(old);
	}
}

/* ---- ha_suspend ---- */

static void rest(struct check_worker *w, uint32_t checker, bool suspended)
{
	uint32_t plan = w->set->plan_of[checker];

	if (plan == CONF_NONE)
		return;
	w->checks[plan]->resting += suspended ? 1 : UINT32_MAX;
	if (!suspended)
		tell_lvs(w->checks[plan]);
}

void checks_suspend(struct check_worker *w, uint32_t vs, bool suspended)
{
	const struct conf_virtual_server *v;

	if (vs >= w->set->conf->virtual_servers.n || w->set->suspended[vs] == suspended)
		return;
	w->set->suspended[vs] = suspended;
	v = w->set->conf->virtual_servers.v[vs];
	for (unsigned i = 0; i < v->rs.n; i++)
		for (unsigned k = 0; k < v->rs.v[i]->checkers.n; k++)
			rest(w, v->rs.v[i]->checkers.v[k]->id, suspended);
}

void checks_stop(struct check_worker *w)
{
	if (!w->set)
		return;
	tell_forget(w);
	for (uint32_t i = 0; i < w->set->n; i++)
		check_free(w->checks[i]);
	free(w->checks);
	w->checks = NULL;
	atomic_store(&w->board.header->pid, 0);
	board_unmap(&w->board);
	check_set_retire(w->set);
	w->set = NULL;
	runs_free(w);
}
