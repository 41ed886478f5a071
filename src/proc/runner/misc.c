/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MISC_CHECK: runs the commands and judges their exit statuses (LVS behaviour 7, 8). Equal checkers
 * are one task whose verdict all of them share.
 *
 * Owns the tasks and their verdicts; tells lvs only changes, or everything when asked. A restarted
 * runner goes on with what its board says. Must not know servers, weights or quorum.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"
#include "core/check/key.h"
#include "core/check/verdict.h"
#include "core/lvs/lvs.h"
#include "proc/probe_record.h"
#include "proc/runner/internal.h"
#include "proc/runner/task.h"

/* Contributions are told to the core relative to the configured weight. */
#define DYNAMIC_BASE 2

struct misc {
	struct task task; /* first */
	struct check_key key;
	const struct conf_check_misc *conf; /* the first that shares it */
	VEC(uint32_t) checkers;		    /* ids of all, in the arena of the configuration */
	VEC(uint32_t) resting;		    /* those whose virtual server rests */
	struct check_verdict verdict;
	usec_t next;
	bool has_status;
	int status;
	bool timed_out;
	bool weighs;	 /* the last good run of a dynamic one has said a weight, which stays while a
			  * failure is retried: */
	int64_t dynamic; /* its status - 2, else 0 */
	uint64_t runs, failed_runs;
	uint32_t record; /* on the board */
};

struct miscs {
	struct runner *r;
	struct misc **v;
	unsigned n;
	VEC(uint32_t) absent; /* checkers whose commands can't be run */
};

/* ---- telling ---- */

static bool is_success(const struct misc *m, int status, bool timed_out)
{
	return !timed_out && (status == 0 || (m->conf->dynamic && status >= DYNAMIC_BASE));
}

static void describe(const struct misc *m, char *buf, size_t size)
{
	struct buf b = {.p = buf, .cap = size};

	if (m->timed_out)
		buf_printf(&b, "took longer than %g s",
			   (double)m->conf->timeout / (double)USEC_PER_SEC);
	else if (m->task.failed_start)
		buf_printf(&b, "could not be executed: %s", m->task.output);
	else if (m->status < 0)
		buf_printf(&b, "died from signal %d", -m->status);
	else
		buf_printf(&b, "exit status %d%s%s", m->status, m->task.output[0] ? ": " : "",
			   m->task.output);
	(void)buf_text(&b);
}

static void write_board(const struct misc *m)
{
	struct board_probe *b;

	if (m->record >= m->task.r->board.header->shape.probes)
		return;
	b = &m->task.r->board.probes[m->record];
	board_write_begin(&b->seq);
	probe_record_subject(b, CHECK_MISC, &m->key, m->checkers.v[0], m->checkers.n);
	probe_record_verdict(b, &m->verdict);
	b->has_weight = m->weighs;
	b->contribution = m->dynamic;
	b->status = m->status;
	b->runs = m->runs;
	b->failed_runs = m->failed_runs;
	b->last_start = m->task.started;
	b->last_duration = m->task.duration;
	b->due = m->next;
	b->reason[0] = '\0';
	if (m->has_status && !is_success(m, m->status, m->timed_out))
		describe(m, b->reason, sizeof(b->reason));
	board_write_end(&b->seq);
}

/* The weight of each sharer is its own, and so is its contribution. */
static int64_t contribution(const struct misc *m, uint32_t checker)
{
	const struct conf *conf = m->task.r->conf;
	const struct conf_real_server *rs = conf->real_servers.v[conf->checkers.v[checker]->rs];

	return m->weighs ? m->dynamic - (int64_t)rs->weight : 0;
}

static void send_state(const struct misc *m)
{
	struct msg_verdict v = {.generation = m->task.r->generation, .up = m->verdict.up};

	if (!m->verdict.has_run)
		return;
	if (!v.up)
		describe(m, v.reason, sizeof(v.reason));
	for (unsigned i = 0; i < m->checkers.n; i++) {
		v.checker = m->checkers.v[i];
		v.contribution = contribution(m, v.checker);
		runner_send_lvs(m->task.r, MSG_VERDICT_RUNNER, &v);
	}
}

static void log_run(const struct misc *m, bool good)
{
	char why[LVS_REASON_MAX];

	if (good) {
		log_notice("Misc check for [%s] succeeded", m->conf->script->command);
		return;
	}
	describe(m, why, sizeof(why));
	log_notice("Misc check for [%s] failed: %s", m->conf->script->command, why);
}

/* ---- judging ---- */

/* A good run says it anew, and the end of being up forgets it. True: another one than before. */
static bool take_weight(struct misc *m, bool good)
{
	bool weighed = m->weighs;
	int64_t before = m->dynamic;

	if (good || !m->verdict.up) {
		m->weighs = good && m->status >= DYNAMIC_BASE;
		m->dynamic = m->weighs ? m->status - DYNAMIC_BASE : 0;
	}
	return m->weighs != weighed || m->dynamic != before;
}

static void on_result(struct task *t, int status, bool timed_out)
{
	struct misc *m = (struct misc *)t;
	bool good = is_success(m, status, timed_out);
	struct check_next next;
	bool other_weight;

	m->status = status;
	m->has_status = true;
	m->timed_out = timed_out;
	m->failed_runs += !good;
	next = check_verdict_step(&m->verdict, &m->conf->check, good ? CHECK_GOOD : CHECK_BAD);
	other_weight = take_weight(m, good);
	m->next = t->started + next.delay;
	if (next.changed || (!good && m->conf->check.log_all_failures))
		log_run(m, good);
	if (next.changed || other_weight)
		send_state(m);
	write_board(m);
	if (!task_is_running(t))
		task_set_due(t, m->next);
}

/* It had timed out, and its result counted then. */
static void on_ended(struct task *t)
{
	task_set_due(t, ((struct misc *)t)->next);
}

static void on_due(struct task *t, usec_t now)
{
	struct misc *m = (struct misc *)t;

	if (task_is_running(t) || t->r->stopping)
		return;
	if (m->resting.n == m->checkers.n) {
		m->next = now + m->conf->check.timing.delay_loop;
		task_set_due(t, m->next);
		return;
	}
	m->runs++;
	task_start(t, m->conf->timeout);
}

static void misc_free(struct task *t)
{
	task_done(t);
	free(t);
}

static const struct task_ops ops = {
	.due = on_due, .result = on_result, .ended = on_ended, .free = misc_free};

/* ---- life ---- */

static struct misc *misc_new(struct runner *r)
{
	struct misc *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	task_init(&m->task, r, &ops);
	return m;
}

static usec_t first_due(const struct runner *r, const struct conf_checker *c)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	return loop_now(r->loop) + check_first_delay(c, random);
}

/* What a predecessor that died knew. */
static bool restore(struct misc *m, const struct board *b)
{
	for (unsigned i = 0; i < b->header->shape.probes; i++) {
		struct board_probe p;

		if (!board_read(&b->probes[i], &p, sizeof(p)) || !p.has_run ||
		    !check_key_same(p.identity, m->key.identity))
			continue;
		m->verdict = probe_record_restore(&p);
		check_verdict_mend(&m->verdict, &m->conf->check);
		m->status = p.status;
		m->has_status = true;
		m->weighs = p.has_weight;
		m->dynamic = p.contribution;
		m->runs = p.runs;
		m->failed_runs = p.failed_runs;
		m->next = usec_max(p.due, loop_now(m->task.r->loop));
		return true;
	}
	return false;
}

static struct misc *claim(struct miscs *all, const uint64_t identity[2])
{
	for (unsigned i = 0; i < all->n; i++) {
		struct misc *m = all->v[i];

		if (m && check_key_same(m->key.identity, identity)) {
			all->v[i] = NULL;
			return m;
		}
	}
	return NULL;
}

static struct misc *start_one(struct miscs *all, const struct conf_check_misc *c,
			      const struct check_key *key, bool adopt)
{
	struct misc *m = claim(all, key->identity);
	bool same_rhythm = m && check_key_same(m->key.share, key->share);

	if (!m) {
		m = misc_new(all->r);
		m->verdict = check_verdict_new(&c->check, all->r->first_configuration);
		m->next = first_due(all->r, &c->check);
	}
	command_free(m->task.command);
	m->task.command = command_new(c->script, NULL, 0, NULL);
	m->key = *key;
	m->conf = c;
	memset(&m->checkers, 0, sizeof(m->checkers));
	memset(&m->resting, 0, sizeof(m->resting));
	if (adopt)
		(void)restore(m, &all->r->board);
	if (!same_rhythm && m->verdict.has_run)
		m->next = usec_min(m->next,
				   loop_now(all->r->loop) + c->check.timing.delay_loop);
	return m;
}

static struct misc *find_sharer(struct misc *const *v, unsigned n, const struct check_key *key)
{
	for (unsigned i = 0; i < n; i++)
		if (check_key_same(v[i]->key.share, key->share))
			return v[i];
	return NULL;
}

static bool can_run(const struct conf_check_misc *c)
{
	return c->script && !c->script->unsafe;
}

static const char *why_not(const struct conf_check_misc *c)
{
	return c->script && c->script->why ? c->script->why : "";
}

static void add_checker(struct miscs *all, struct misc **v, unsigned *n,
			const struct conf_checker *c, bool adopt)
{
	const struct conf_check_misc *misc = (const struct conf_check_misc *)c;
	struct check_key key = check_key_of(all->r->conf, c);
	struct misc *m;

	if (!can_run(misc)) {
		log_err("Misc check [%s] can't be run: its server is judged without it: %s",
			misc->script ? misc->script->command : "", why_not(misc));
		*vec_add(all->r->arena, &all->absent) = c->id;
		return;
	}
	m = all->r->conf->global.no_shared_checks ? NULL : find_sharer(v, *n, &key);
	if (!m) {
		m = v[(*n)++] = start_one(all, misc, &key, adopt);
		m->record = *n - 1;
	}
	*vec_add(all->r->arena, &m->checkers) = c->id;
}

void miscs_configure(struct miscs *all, bool adopt)
{
	const struct conf *conf = all->r->conf;
	struct misc **v = calloc(conf->checkers.n + 1, sizeof(*v));
	unsigned n = 0;

	if (!v)
		abort();
	memset(&all->absent, 0, sizeof(all->absent));
	for (unsigned i = 0; i < conf->checkers.n; i++)
		if (conf->checkers.v[i]->kind == CHECK_MISC)
			add_checker(all, v, &n, conf->checkers.v[i], adopt);
	for (unsigned i = 0; i < all->n; i++)
		if (all->v[i])
			task_drop(&all->v[i]->task);
	free(all->v);
	all->v = v;
	all->n = n;
	for (unsigned i = 0; i < n; i++) {
		write_board(v[i]);
		if (!task_is_running(&v[i]->task))
			task_set_due(&v[i]->task, v[i]->next);
	}
}

static const struct conf_check_misc *misc_of(const struct miscs *all, uint32_t checker)
{
	return (const struct conf_check_misc *)all->r->conf->checkers.v[checker];
}

void miscs_send_all(struct miscs *all)
{
	struct msg_verdict absent = {.generation = all->r->generation, .absent = true};

	for (unsigned i = 0; i < all->n; i++)
		send_state(all->v[i]);
	for (unsigned i = 0; i < all->absent.n; i++) {
		absent.checker = all->absent.v[i];
		str_copy(absent.reason, sizeof(absent.reason), why_not(misc_of(all, absent.checker)));
		runner_send_lvs(all->r, MSG_VERDICT_RUNNER, &absent);
	}
}

static void rest(struct misc *m, uint32_t checker, bool suspended)
{
	unsigned i = 0;

	while (i < m->resting.n && m->resting.v[i] != checker)
		i++;
	if (suspended && i == m->resting.n)
		*vec_add(m->task.r->arena, &m->resting) = checker;
	else if (!suspended && i < m->resting.n)
		m->resting.v[i] = m->resting.v[--m->resting.n];
}

void miscs_suspend(struct miscs *all, uint32_t vs, bool suspended)
{
	const struct conf *conf = all->r->conf;

	for (unsigned i = 0; i < all->n; i++) {
		struct misc *m = all->v[i];

		for (unsigned k = 0; k < m->checkers.n; k++) {
			const struct conf_checker *c = conf->checkers.v[m->checkers.v[k]];

			if (conf->real_servers.v[c->rs]->vs == vs)
				rest(m, c->id, suspended);
		}
	}
}

struct miscs *miscs_new(struct runner *r)
{
	struct miscs *all = calloc(1, sizeof(*all));

	if (!all)
		abort();
	all->r = r;
	return all;
}

void miscs_stop(struct miscs *all)
{
	for (unsigned i = 0; i < all->n; i++)
		task_stop(&all->v[i]->task);
}

struct miscs *miscs_free(struct miscs *all)
{
	if (!all)
		return NULL;
	for (unsigned i = 0; i < all->n; i++)
		misc_free(&all->v[i]->task);
	free(all->v);
	free(all);
	return NULL;
}
