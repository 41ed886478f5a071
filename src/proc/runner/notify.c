/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications of VRRP (vrrp-behaviour 15): an event becomes FIFO lines and mails at once, and
 * scripts of its instance or group: notify_<state>, then `notify`, one after another.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "proc/command.h"
#include "proc/runner/internal.h"
#include "proc/runner/mail.h"
#include "proc/runner/target.h"
#include "proc/runner/webhook.h"

struct target_list {
	struct target **v;
	unsigned n;
};

struct notifier {
	struct runner *r;
	struct target_list instances, groups;
};

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
	fifos_write(n->r->fifos, FIFO_VRRP, line);
}

void notifier_event(struct notifier *n, const struct msg_notify *m)
{
	const struct target_list *list = m->is_group ? &n->groups : &n->instances;
	const struct conf *conf = n->r->conf;
	const struct conf_notify *c;
	struct queue_job job;
	struct target *t;
	const char *name;

	if (m->id >= list->n)
		return;
	t = list->v[m->id];
	c = m->is_group ? &conf->groups.v[m->id]->notify : &conf->instances.v[m->id]->notify;
	name = m->is_group ? conf->groups.v[m->id]->name : conf->instances.v[m->id]->name;
	if (make_job(m, c, name, &job))
		target_push(t, &job);
	write_fifo(n, m, name);
	mail_vrrp(n->r->mail, m, name);
	webhook_vrrp(n->r->webhook, m, name);
}

/* ---- targets over a reload ---- */

static struct target *find_old(struct target_list *old, const char *name)
{
	for (unsigned i = 0; i < old->n; i++)
		if (old->v[i] && str_eq(target_name(old->v[i]), name)) {
			struct target *t = old->v[i];

			old->v[i] = NULL;
			return t;
		}
	return NULL;
}

/* The same place first: in most reloads nothing moves. */
static struct target *claim(struct target_list *old, unsigned i, const char *name)
{
	if (i < old->n && old->v[i] && str_eq(target_name(old->v[i]), name)) {
		struct target *t = old->v[i];

		old->v[i] = NULL;
		return t;
	}
	return find_old(old, name);
}

static void drop_rest(struct target_list *old)
{
	for (unsigned i = 0; i < old->n; i++)
		if (old->v[i])
			target_drop(old->v[i]);
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

		list->v[i] = t ? t : target_new(n->r, name);
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

static void free_list(struct target_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		target_free(list->v[i]);
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
