/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One JSON object per event. Must not know how it is delivered, nor who it is for.
 */
#include "proc/runner/webhook.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "core/lvs/lvs.h"
#include "proc/runner/outbox.h"

struct webhook {
	struct runner *r;
	struct outbox *outbox;
	char host[256];
};

static bool is_wanted(const struct webhook *w)
{
	return w->r->conf->global.webhook != NULL;
}

static void add_time(json_t *o)
{
	usec_t now = clock_wall();
	time_t seconds = (time_t)(now / USEC_PER_SEC);
	char text[40];
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm))
		return;
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(now % USEC_PER_SEC / USEC_PER_MSEC));
	json_object_set_new(o, "time", json_string(text));
}

/* Text that came from outside may be no UTF-8: it is told as far as it is. */
static void add_text(json_t *o, const char *key, const char *text, size_t max)
{
	json_t *s = json_stringn(text, strnlen(text, max));

	json_object_set_new(o, key, s ? s : json_string("?"));
}

static json_t *begin(const struct webhook *w, const char *event)
{
	const char *id = w->r->conf->global.router_id;
	json_t *o = json_object();

	add_time(o);
	json_object_set_new(o, "host", json_string(w->host));
	json_object_set_new(o, "router_id", json_string(id ? id : w->host));
	json_object_set_new(o, "event", json_string(event));
	return o;
}

static bool aim(void *owner, struct outbox_item *item)
{
	const struct webhook *w = owner;
	const struct conf_global *g = &w->r->conf->global;

	if (!is_wanted(w))
		return false;
	item->post.url = arena_strdup(item->arena, g->webhook);
	item->post.header = arena_strdup(item->arena, g->webhook_header);
	item->post.timeout = g->webhook_timeout;
	return true;
}

static void post(struct webhook *w, json_t *o, const char *what)
{
	char *body = json_dumps(o, JSON_COMPACT);
	struct outbox_item *item;

	json_decref(o);
	if (!body)
		return;
	item = outbox_item_new();
	item->what = arena_printf(item->arena, "webhook %s", what);
	item->post.body = arena_strdup(item->arena, body);
	free(body);
	outbox_send(w->outbox, item);
}

void webhook_vrrp(struct webhook *w, const struct msg_notify *e, const char *name)
{
	json_t *o;

	if (e->event != NOTIFY_STATE || e->fifo_only || !is_wanted(w))
		return;
	o = begin(w, e->is_group ? "group_state" : "instance_state");
	json_object_set_new(o, e->is_group ? "group" : "instance", json_string(name));
	json_object_set_new(o, "state", json_string(vrrp_state_name(e->state)));
	json_object_set_new(o, "previous", json_string(vrrp_state_name(e->previous)));
	if (!e->is_group)
		json_object_set_new(o, "priority", json_integer(e->priority));
	add_text(o, "cause", e->cause, sizeof(e->cause));
	json_object_set_new(o, "sequence", json_integer((json_int_t)e->sequence));
	post(w, o, name);
}

static const char *event_name(uint8_t event)
{
	switch ((enum lvs_event_kind)event) {
	case LVS_RS_UP:
		return "real_server_up";
	case LVS_RS_DOWN:
		return "real_server_down";
	case LVS_RS_WEIGHT:
		return "real_server_weight";
	case LVS_QUORUM_UP:
		return "quorum_gained";
	case LVS_QUORUM_DOWN:
		return "quorum_lost";
	case LVS_SORRY_ON:
		return "sorry_server_in";
	case LVS_SORRY_OFF:
		return "sorry_server_out";
	case LVS_PANIC_ON:
		return "panic";
	case LVS_PANIC_OFF:
		return "panic_over";
	case LVS_DRAINING:
		return "real_server_draining";
	case LVS_DRAINED:
		return "real_server_drained";
	case LVS_CHECKER_UP:
	case LVS_CHECKER_DOWN:
		break; /* the server's event says as much */
	}
	return NULL;
}

void webhook_lvs(struct webhook *w, const struct msg_notify_lvs *e)
{
	const char *event = event_name(e->event);
	json_t *o;

	if (!event || !is_wanted(w))
		return;
	o = begin(w, event);
	add_text(o, "virtual_server", e->vs_name, sizeof(e->vs_name));
	if (e->rs_name[0])
		add_text(o, "real_server", e->rs_name, sizeof(e->rs_name));
	json_object_set_new(o, "weight", json_integer(e->weight));
	json_object_set_new(o, "quorum", json_integer(e->quorum));
	if (e->reason[0])
		add_text(o, "reason", e->reason, sizeof(e->reason));
	if (e->initial)
		json_object_set_new(o, "initial", json_true());
	if (e->stopping)
		json_object_set_new(o, "stopping", json_true());
	post(w, o, event);
}

void webhook_worker(struct webhook *w, const struct msg_worker_news *e, const char *name)
{
	json_t *o;

	if (!is_wanted(w))
		return;
	o = begin(w, e->event == WORKER_DIED ? "worker_died" : "worker_ready");
	json_object_set_new(o, "worker", json_string(name));
	add_text(o, "cause", e->text, sizeof(e->text));
	post(w, o, name);
}

struct webhook *webhook_new(struct runner *r)
{
	struct webhook *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->r = r;
	w->outbox = outbox_new(r, "webhook", aim, w);
	if (gethostname(w->host, sizeof(w->host) - 1) < 0)
		str_copy(w->host, sizeof(w->host), "localhost");
	return w;
}

void webhook_configure(struct webhook *w)
{
	outbox_hurry(w->outbox);
}

bool webhook_is_idle(const struct webhook *w)
{
	return outbox_is_idle(w->outbox);
}

struct webhook *webhook_free(struct webhook *w)
{
	if (!w)
		return NULL;
	outbox_free(w->outbox);
	free(w);
	return NULL;
}
