/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications of virtual and real servers (LVS behaviour 6): script, FIFO line, mail, webhook.
 *
 * What is gone with a reload is told by the lvs process after it has taken the new configuration,
 * by name: its scripts stand in the previous one, which the runner keeps for a while.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "core/lvs/lvs.h"
#include "proc/command.h"
#include "proc/runner/internal.h"
#include "proc/runner/mail.h"
#include "proc/runner/target.h"
#include "proc/runner/webhook.h"

struct lvs_notifier {
	struct runner *r;
	struct target **v; /* made when first needed, kept while busy */
	unsigned n, cap;
};

/* What an event is about. */
struct subject {
	const struct conf_virtual_server *vs;
	const struct conf_real_server *rs;
};

static struct subject by_ids(const struct conf *conf, uint32_t vs, uint32_t rs)
{
	struct subject s = {0};

	if (vs < conf->virtual_servers.n)
		s.vs = conf->virtual_servers.v[vs];
	if (rs < conf->real_servers.n)
		s.rs = conf->real_servers.v[rs];
	return s;
}

/* Where lvs speaks from another generation than this, ids mean nothing. */
static struct subject find_by_name(const struct conf *conf, const struct msg_notify_lvs *e)
{
	char name[LVS_NAME_MAX];

	for (unsigned i = 0; i < conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = conf->virtual_servers.v[i];

		if (!str_eq(lvs_service_name(vs, name), e->vs_name))
			continue;
		if (e->rs_name[0] == '\0')
			return (struct subject){.vs = vs};
		for (unsigned k = 0; k < vs->rs.n; k++)
			if (str_eq(lvs_server_name(vs->rs.v[k], vs, name), e->rs_name))
				return (struct subject){.vs = vs, .rs = vs->rs.v[k]};
	}
	return (struct subject){0};
}

static struct subject find_subject(const struct runner *r, const struct msg_notify_lvs *e)
{
	bool removed = e->vs == CONF_NONE || (e->rs == CONF_NONE && e->rs_name[0] != '\0');

	if (e->generation != r->generation)
		return find_by_name(r->conf, e);
	if (!removed)
		return by_ids(r->conf, e->vs, e->rs);
	return r->previous ? by_ids(r->previous, e->old_vs, e->old_rs) : (struct subject){0};
}

/* ---- scripts ---- */

static const struct conf_script *script_of(const struct subject *s, uint8_t event)
{
	switch ((enum lvs_event_kind)event) {
	case LVS_RS_UP:
		return s->rs ? s->rs->notify_up : NULL;
	case LVS_RS_DOWN:
		return s->rs ? s->rs->notify_down : NULL;
	case LVS_QUORUM_UP:
		return s->vs ? s->vs->quorum_up : NULL;
	case LVS_QUORUM_DOWN:
		return s->vs ? s->vs->quorum_down : NULL;
	case LVS_RS_WEIGHT:
	case LVS_SORRY_ON:
	case LVS_SORRY_OFF:
	case LVS_PANIC_ON:
	case LVS_PANIC_OFF:
	case LVS_DRAINING:
	case LVS_DRAINED:
	case LVS_CHECKER_UP:
	case LVS_CHECKER_DOWN:
		break;
	}
	return NULL;
}

static void add_target(struct lvs_notifier *n, struct target *t)
{
	if (n->n == n->cap) {
		n->cap = n->cap ? 2 * n->cap : 16;
		n->v = realloc(n->v, n->cap * sizeof(struct target *));
		if (!n->v)
			abort();
	}
	n->v[n->n++] = t;
}

/* The queue of that name. Those that have nothing to do any more go on the way. */
static struct target *target_of(struct lvs_notifier *n, const char *name)
{
	struct target *found = NULL;
	unsigned kept = 0;

	for (unsigned i = 0; i < n->n; i++) {
		struct target *t = n->v[i];

		if (str_eq(target_name(t), name))
			found = t;
		else if (target_is_idle(t)) {
			target_free(t);
			continue;
		}
		n->v[kept++] = t;
	}
	n->n = kept;
	if (!found) {
		found = target_new(n->r, name);
		add_target(n, found);
	}
	return found;
}

#define ENV_MAX 256

static void run_script(struct lvs_notifier *n, const struct msg_notify_lvs *e,
		       const struct conf_script *script)
{
	char text[3][ENV_MAX], name[TARGET_NAME_MAX];
	const char *env[] = {text[0], text[1], text[2], NULL};
	struct queue_job job = {0};

	snprintf(text[0], ENV_MAX, "HOLDFAST_VIRTUAL_SERVER=%s", e->vs_name);
	snprintf(text[1], ENV_MAX, "HOLDFAST_REAL_SERVER=%s", e->rs_name);
	snprintf(text[2], ENV_MAX, "HOLDFAST_REASON=%s", e->reason);
	snprintf(name, sizeof(name), "%s%s%s", e->rs_name, e->rs_name[0] ? " of " : "", e->vs_name);
	job.step[0] = command_new(script, NULL, 0, env);
	job.final = e->stopping;
	if (job.step[0])
		target_push(target_of(n, name), &job);
}

/* ---- FIFO ---- */

static void write_fifo(struct lvs_notifier *n, const struct msg_notify_lvs *e)
{
	char line[2 * LVS_NAME_MAX + 32];

	if (e->event == LVS_RS_UP || e->event == LVS_RS_DOWN)
		snprintf(line, sizeof(line), "RS %s %s %s\n", e->rs_name, e->vs_name,
			 e->event == LVS_RS_UP ? "UP" : "DOWN");
	else if (e->event == LVS_QUORUM_UP || e->event == LVS_QUORUM_DOWN)
		snprintf(line, sizeof(line), "VS %s %s\n", e->vs_name,
			 e->event == LVS_QUORUM_UP ? "UP" : "DOWN");
	else
		return;
	fifos_write(n->r->fifos, FIFO_LVS, line);
}

void lvs_notifier_event(struct lvs_notifier *n, const struct msg_notify_lvs *m)
{
	struct msg_notify_lvs e = *m;
	struct subject s;
	const struct conf_script *script;

	/* Strings from another process: they end. */
	e.vs_name[sizeof(e.vs_name) - 1] = '\0';
	e.rs_name[sizeof(e.rs_name) - 1] = '\0';
	e.reason[sizeof(e.reason) - 1] = '\0';
	s = find_subject(n->r, &e);
	script = script_of(&s, e.event);
	if (script)
		run_script(n, &e, script);
	write_fifo(n, &e);
	mail_lvs(n->r->mail, &e, s.vs, s.rs);
	webhook_lvs(n->r->webhook, &e);
}

struct lvs_notifier *lvs_notifier_new(struct runner *r)
{
	struct lvs_notifier *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->r = r;
	return n;
}

struct lvs_notifier *lvs_notifier_free(struct lvs_notifier *n)
{
	if (!n)
		return NULL;
	for (unsigned i = 0; i < n->n; i++)
		target_free(n->v[i]);
	free(n->v);
	free(n);
	return NULL;
}
