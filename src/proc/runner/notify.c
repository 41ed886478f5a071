/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications (vrrp-behaviour 15): an event becomes FIFO lines at once, and scripts in the queue
 * of its instance or group: notify_<state>, then `notify`, one after another.
 *
 * A script may run as long as it likes while nobody waits for it. When a newer state waits, one
 * that has run for a minute is told to end, and killed two seconds later: the newest state has to
 * be told some day. Unlike keepalived's, scripts of one instance never overlap.
 *
 * Owns copies of the scripts that wait, so that a reload does not pull them away.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/child.h"
#include "proc/command.h"
#include "proc/runner/internal.h"
#include "proc/runner/queue.h"

#define PATIENCE (60 * USEC_PER_SEC)
#define KILL_AFTER (2 * USEC_PER_SEC)

struct target {
	struct child child; /* first: children.c gives it back */
	struct notifier *n;
	struct queue queue;
	bool is_group, gone;
	char name[BOARD_NAME_MAX];
	usec_t started;
	bool pressed;
	struct loop_timer *timer; /* made when first needed */
};

struct target_list {
	struct target **v;
	unsigned n;
};

struct notifier {
	struct runner *r;
	struct target_list instances, groups;
	unsigned busy; /* targets that run a script */
	bool abandoned;
};

/* ---- running what is due ---- */

static void pump(struct target *t);

static void target_free(struct target *t)
{
	loop_timer_free(t->timer);
	free(t);
}

static void on_ended(struct child *c, int wait_status)
{
	struct target *t = (struct target *)c;
	struct command *done = queue_done(&t->queue);
	int status = children_status(wait_status);

	if (status != 0)
		log_info("(%s) notify script %s %s %d", t->name, done->text,
			 status < 0 ? "died from signal" : "exited with status", abs(status));
	command_free(done);
	t->n->busy--;
	if (t->timer)
		loop_timer_set(t->timer, USEC_NEVER);
	pump(t);
}

static void on_timer(void *ctx)
{
	struct target *t = ctx;
	usec_t now = loop_now(t->n->r->loop);

	if (t->child.pid == 0)
		return;
	if (!t->pressed)
		log_warning(
			"(%s) a notify script has run for %d s and a newer state waits: ending it",
			t->name, (int)((now - t->started) / USEC_PER_SEC));
	(void)child_kill(t->child.pid, t->pressed ? SIGKILL : SIGTERM);
	t->pressed = true;
	loop_timer_set(t->timer, now + KILL_AFTER);
}

/* Limits the running script from the moment that somebody waits for it. */
static void limit(struct target *t)
{
	if (t->child.pid == 0 || !queue_waits(&t->queue) || t->pressed)
		return;
	if (!t->timer)
		t->timer = loop_timer_new(t->n->r->loop, on_timer, t);
	loop_timer_set(t->timer, usec_max(t->started + PATIENCE, loop_now(t->n->r->loop)));
}

static bool start(struct target *t, const struct command *c)
{
	pid_t pid = command_start(c, -1);

	if (pid < 0) {
		log_err("(%s) notify script %s: %s", t->name, c->text, strerror((int)-pid));
		return false;
	}
	t->child.pid = pid;
	t->child.ended = on_ended;
	t->started = loop_now(t->n->r->loop);
	t->pressed = false;
	children_add(&t->n->r->children, &t->child);
	t->n->busy++;
	return true;
}

/* Starts the next script, skipping those that can't be started. */
static void pump(struct target *t)
{
	const struct command *c;

	while (!t->n->abandoned && (c = queue_next(&t->queue))) {
		if (start(t, c)) {
			limit(t);
			return;
		}
		command_free(queue_done(&t->queue));
	}
	if (t->child.pid != 0)
		return;
	if (t->gone)
		target_free(t);
	else if (t->n->r->stopping)
		runner_check_stopped(t->n->r);
}

static void free_job(struct queue_job *job)
{
	for (unsigned i = 0; i < QUEUE_STEPS_MAX; i++)
		job->step[i] = command_free(job->step[i]);
}

static void drop_job(struct target *t, struct queue_job *job)
{
	free_job(job);
	log_info("(%s) an older state was not told to its scripts: a newer one came first",
		 t->name);
}

/* ---- what an event means ---- */

static const struct conf_script *state_script(const struct conf_notify *c, uint16_t state)
{
	switch ((enum vrrp_state)state) {
	case VRRP_MASTER:
		return c->master;
	case VRRP_BACKUP:
		return c->backup;
	case VRRP_FAULT:
		return c->fault;
	case VRRP_STOP:
		return c->stop;
	case VRRP_DELETED:
		return c->deleted;
	case VRRP_INIT:
		break;
	}
	return NULL;
}

#define ENV_MAX 256
struct environment {
	char text[5][ENV_MAX];
	const char *list[6];
};

static void fill_environment(struct environment *e, const struct msg_notify *m, const char *name)
{
	snprintf(e->text[0], ENV_MAX, "HOLDFAST_%s=%s", m->is_group ? "GROUP" : "INSTANCE", name);
	snprintf(e->text[1], ENV_MAX, "HOLDFAST_STATE=%s", vrrp_state_name(m->state));
	snprintf(e->text[2], ENV_MAX, "HOLDFAST_PREVIOUS=%s", vrrp_state_name(m->previous));
	snprintf(e->text[3], ENV_MAX, "HOLDFAST_CAUSE=%.*s", (int)sizeof(m->cause), m->cause);
	snprintf(e->text[4], ENV_MAX, "HOLDFAST_SEQUENCE=%llu", (unsigned long long)m->sequence);
	for (unsigned i = 0; i < 5; i++)
		e->list[i] = e->text[i];
	e->list[5] = NULL;
}

static bool make_job(const struct msg_notify *m, const struct conf_notify *c, const char *name,
		     struct queue_job *ret)
{
	struct environment env;
	char priority[8];
	const char *const extra[] = {m->is_group ? "GROUP" : "INSTANCE", name,
				     vrrp_state_name(m->state), priority};

	if (m->fifo_only || m->event == NOTIFY_PRIORITY)
		return false;
	snprintf(priority, sizeof(priority), "%u", m->is_group ? 0 : m->priority);
	fill_environment(&env, m, name);
	*ret = (struct queue_job){
		.final = m->event == NOTIFY_STATE &&
			 (m->state == VRRP_STOP || m->state == VRRP_DELETED),
		.extra = m->event == NOTIFY_RX_LOWER,
	};
	if (m->event == NOTIFY_RX_LOWER) {
		ret->step[0] = command_new(c->rx_lower_pri, NULL, 0, env.list);
	} else {
		ret->step[0] = command_new(state_script(c, m->state), NULL, 0, env.list);
		ret->step[1] = command_new(c->any, extra, 4, env.list);
	}
	return ret->step[0] || ret->step[1];
}

static void write_fifo(struct notifier *n, const struct msg_notify *m, const char *name)
{
	const char *what = vrrp_state_name(m->state);
	char line[CONF_IFNAME_MAX + 512];

	if (m->event == NOTIFY_RX_LOWER)
		what = "MASTER_RX_LOWER_PRI";
	else if (m->event == NOTIFY_PRIORITY)
		what = m->state == VRRP_MASTER ? "MASTER_PRIORITY" : "BACKUP_PRIORITY";
	snprintf(line, sizeof(line), "%s \"%s\" %s %u\n", m->is_group ? "GROUP" : "INSTANCE", name,
		 what, m->is_group ? 0 : m->priority);
	fifos_write(n->r->fifos, line);
}

void notifier_event(struct notifier *n, const struct msg_notify *m)
{
	const struct target_list *list = m->is_group ? &n->groups : &n->instances;
	const struct conf *conf = n->r->conf;
	const struct conf_notify *c;
	struct queue_job job, dropped;
	struct target *t;
	const char *name;

	if (m->id >= list->n)
		return;
	t = list->v[m->id];
	c = m->is_group ? &conf->groups.v[m->id]->notify : &conf->instances.v[m->id]->notify;
	name = m->is_group ? conf->groups.v[m->id]->name : conf->instances.v[m->id]->name;
	if (make_job(m, c, name, &job)) {
		if (queue_push(&t->queue, &job, &dropped))
			drop_job(t, &dropped);
		limit(t);
		pump(t);
	}
	write_fifo(n, m, name);
}

/* ---- targets over a reload ---- */

static struct target *find_old(struct target_list *old, const char *name)
{
	for (unsigned i = 0; i < old->n; i++)
		if (old->v[i] && str_eq(old->v[i]->name, name)) {
			struct target *t = old->v[i];

			old->v[i] = NULL;
			return t;
		}
	return NULL;
}

/* The same place first: in most reloads nothing moves. */
static struct target *claim(struct target_list *old, unsigned i, const char *name)
{
	if (i < old->n && old->v[i] && str_eq(old->v[i]->name, name)) {
		struct target *t = old->v[i];

		old->v[i] = NULL;
		return t;
	}
	return find_old(old, name);
}

static struct target *target_new(struct notifier *n, bool is_group, const char *name)
{
	struct target *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->n = n;
	t->is_group = is_group;
	str_copy(t->name, sizeof(t->name), name);
	return t;
}

static void drop_rest(struct target_list *old)
{
	for (unsigned i = 0; i < old->n; i++) {
		struct target *t = old->v[i];

		if (!t)
			continue;
		t->gone = true; /* what is queued (DELETED) is still run */
		if (queue_empty(&t->queue))
			target_free(t);
	}
	free(old->v);
}

static void renew(struct notifier *n, struct target_list *list, bool is_group, unsigned count)
{
	const struct conf *conf = n->r->conf;
	struct target_list old = *list;

	list->n = count;
	list->v = calloc(count + 1, sizeof(*list->v));
	if (!list->v)
		abort();
	for (unsigned i = 0; i < count; i++) {
		const char *name = is_group ? conf->groups.v[i]->name : conf->instances.v[i]->name;
		struct target *t = claim(&old, i, name);

		list->v[i] = t ? t : target_new(n, is_group, name);
	}
	drop_rest(&old);
}

void notifier_configure(struct notifier *n)
{
	renew(n, &n->instances, false, n->r->conf->instances.n);
	renew(n, &n->groups, true, n->r->conf->groups.n);
}

struct notifier *notifier_new(struct runner *r)
{
	struct notifier *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->r = r;
	return n;
}

bool notifier_is_idle(const struct notifier *n)
{
	return n->busy == 0;
}

void notifier_abandon(struct notifier *n)
{
	n->abandoned = true;
}

static void free_list(struct target_list *list)
{
	for (unsigned i = 0; i < list->n; i++) {
		struct target *t = list->v[i];

		free_job(&t->queue.current);
		if (t->queue.has_state)
			free_job(&t->queue.state);
		if (t->queue.has_extra)
			free_job(&t->queue.extra);
		target_free(t);
	}
	free(list->v);
}

struct notifier *notifier_free(struct notifier *n)
{
	if (!n)
		return NULL;
	free_list(&n->instances);
	free_list(&n->groups);
	free(n);
	return NULL;
}
