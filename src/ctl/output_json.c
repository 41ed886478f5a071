/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status as one JSON document, schema 1. Fields are only ever added within a schema. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "core/lvs/lvs.h"
#include "core/vrrp/vrrp.h"
#include "ctl/output.h"
#include "ctl/problems.h"
#include "ctl/words.h"
#include "ipc/channel.h"

#define STATUS_SCHEMA 1

static json_t *seconds(usec_t t)
{
	return json_real((double)t / USEC_PER_SEC);
}

static json_t *address(const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	return ip_is_set(a) ? json_string(ip_format(a, text)) : json_null();
}

static json_t *time_of(usec_t wall)
{
	char text[40];

	return json_string(snapshot_rfc3339(wall, text));
}

static json_t *cause_text(const struct cause *c)
{
	char text[320];
	struct buf b = BUF_ON(text);

	vrrp_cause_text(c, &b);
	return json_string(buf_text(&b));
}

static json_t *age_ms(const struct snapshot *s, usec_t at)
{
	return at > 0 ? json_integer((s->now - at) / USEC_PER_MSEC) : json_null();
}

/* How long until then; null: 0, which stands for never. */
static json_t *left_s(const struct snapshot *s, usec_t until)
{
	return until ? seconds(usec_max(until - s->now, 0)) : json_null();
}

static json_t *number_or_null(uint32_t n)
{
	return n == BOARD_UNKNOWN ? json_null() : json_integer(n);
}

static json_t *engine(const struct snapshot *s)
{
	const struct board_header *h = s->board[PROC_LVS].header;
	char text[sizeof(h->engine)];

	if (!h)
		return json_null();
	memcpy(text, h->engine, sizeof(text));
	utf8_clean(text, sizeof(text));
	return text[0] ? json_string(text) : json_null();
}

static json_t *sync_daemon(const struct snapshot *s)
{
	struct board_sync b = snapshot_sync(s);

	if (!b.configured)
		return json_null();
	return json_pack("{s:s, s:i, s:b, s:b, s:b}", "interface", b.interface, "id", b.id, "master",
			 b.master, "backup", b.backup, "failed", b.failed);
}

static json_t *forwarding_off(const struct snapshot *s)
{
	json_t *list = json_array();
	const char *off;

	for (unsigned i = 0; (off = snapshot_forwarding_off(s, &i));)
		json_array_append_new(list, json_string(off));
	return list;
}

static json_t *undelivered(const struct snapshot *s)
{
	json_t *list = json_array();
	struct board_outbox b;

	for (unsigned i = 0; snapshot_undelivered(s, &i, &b);)
		json_array_append_new(list, json_pack("{s:s, s:i, s:o, s:s}", "by", b.name, "alerts",
						      (int)b.waiting, "oldest_s",
						      seconds(s->now - b.since), "error", b.error));
	return list;
}

static void problem(void *ctx, const char *text)
{
	json_array_append_new(ctx, json_string(text));
}

static void *begin(const struct snapshot *s, const struct output_options *o)
{
	const struct board_header *h = s->header;
	usec_t refused = atomic_load(&h->reload_refused);
	json_t *problems = json_array(), *document;

	problems_tell(s, problem, problems);
	document = json_pack("{s:i, s:o, s:i, s:o, s:i, s:s, s:s, s:o, s:[], s:[], s:[], s:[], s:o, s:[], "
			 "s:[], s:[], s:[]}",
			 "schema", STATUS_SCHEMA, "generated_at", time_of(s->wall), "pid",
			 (int)h->daemon_pid, "uptime_s", seconds(s->now - h->daemon_started),
			 "generation", (int)h->generation, "config", s->conf_path, "router_id",
			 s->router_id, "reload_failed_at",
			 refused ? time_of(snapshot_wall(s, refused)) : json_null(), "instances",
			 "groups", "scripts", "files", "engine", engine(s), "virtual_servers",
			 "checks", "processes", "events");
	json_object_set_new(document, "problems", problems);
	json_object_set_new(document, "config_errors", json_integer(s->errors.n));
	json_object_set_new(document, "sync_daemon", sync_daemon(s));
	json_object_set_new(document, "forwarding_off", forwarding_off(s));
	json_object_set_new(document, "undelivered", undelivered(s));
	return document;
}

static void add(void *ctx, const char *list, json_t *item)
{
	json_array_append_new(json_object_get(ctx, list), item);
}

static json_t *priority(const struct board_instance *i)
{
	json_t *parts = json_array();

	for (unsigned k = 0; k < i->n_parts; k++) {
		const struct board_part *p = &i->parts[k];

		json_array_append_new(parts, json_pack("{s:s, s:s, s:i, s:b}", "kind",
						       words_tracker(p->kind), "name", p->name,
						       "value", p->value, "fault", p->fault));
	}
	return json_pack("{s:i, s:i, s:o}", "base", i->base, "effective", i->effective, "parts",
			 parts);
}

static json_t *rival(const struct snapshot *s, const struct board_instance *i)
{
	if (!ip_is_set(&i->rival))
		return json_null();
	return json_pack("{s:o, s:i, s:o, s:o, s:i}", "address", address(&i->rival), "priority",
			 i->rival_priority, "since_s", seconds(s->now - i->rival_since),
			 "last_advert_ms", age_ms(s, i->rival_last), "adverts",
			 (int)i->rival_adverts);
}

static json_t *vips(const struct snapshot *s, const struct board_instance *i)
{
	json_t *list = json_array();

	for (uint32_t k = 0; k < snapshot_count_vips(s, i); k++) {
		struct board_vip v;
		char text[IP_TEXT_MAX];

		snapshot_vip(s, i, k, &v);
		json_array_append_new(
			list, json_pack("{s:o, s:s, s:b, s:b}", "address",
					json_sprintf("%s/%u", ip_format(&v.addr, text), v.prefix),
					"interface", v.interface, "present", v.present, "excluded",
					v.excluded));
	}
	return list;
}

static json_t *peers(const struct board_instance *i)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < i->n_peers && k < BOARD_PEERS; k++)
		json_array_append_new(list, address(&i->peers[k]));
	return list;
}

static json_t *refused(const struct snapshot *s, const struct board_instance *i,
		       const struct board_refused *r)
{
	if (!r->at)
		return json_null();
	return json_pack("{s:o, s:s, s:o, s:I, s:b}", "address", address(&r->from), "text",
			 r->text, "last_advert_ms", age_ms(s, r->at), "adverts", (json_int_t)r->n,
			 "now", snapshot_goes_on(s, i, r));
}

static json_t *counters(const struct board_counters *c)
{
	json_t *o = json_object();

#define X(type, name) json_object_set_new(o, #name, json_integer((json_int_t)c->name));
	BOARD_COUNTERS_FIRST(X)
	BOARD_COUNTERS_SECOND(X)
	BOARD_COUNTERS_OURS(X)
#undef X
	return o;
}

static json_t *held_by(const struct snapshot *s, const struct board_instance *i)
{
	struct snapshot_hold h;

	if (!snapshot_held(s, i, &h))
		return json_null();
	return json_pack("{s:s, s:s}", "member", h.member, "reason", h.reason);
}

static void instance(void *ctx, const struct snapshot *s, const struct board_instance *i)
{
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:i, s:s, s:i, s:o}", "name",
			      i->name, "state", vrrp_state_name(i->state), "since",
			      time_of(snapshot_wall(s, i->since)), "since_s",
			      seconds(s->now - i->since), "cause", cause_text(&i->cause),
			      "cause_kind", words_cause(i->cause.kind), "interface", i->interface,
			      "vrid", i->vrid, "family", i->family == IP_V6 ? "IPv6" : "IPv4",
			      "version", i->version, "advert_int_s", seconds(i->advert_int));
	json_t *master =
		json_pack("{s:o, s:i, s:o, s:b}", "address", address(&i->master), "priority",
			  i->master_priority, "last_advert_ms", age_ms(s, i->master_heard),
			  "gone", snapshot_master_is_gone(s, i));

	json_object_set_new(o, "priority", priority(i));
	json_object_set_new(o, "held_by", held_by(s, i));
	json_object_set_new(o, "master", master);
	json_object_set_new(o, "rival", rival(s, i));
	json_object_set_new(o, "refused", refused(s, i, &i->refused));
	json_object_set_new(o, "differs", refused(s, i, &i->differs));
	json_object_set_new(o, "peers", peers(i));
	json_object_set_new(o, "peers_in_all", json_integer(i->n_peers));
	json_object_set_new(o, "source", address(&i->source));
	json_object_set_new(o, "leaving", json_boolean(i->leaving));
	json_object_set_new(o, "adopted", json_boolean(i->adopted));
	json_object_set_new(o, "vips", vips(s, i));
	json_object_set_new(o, "counters", counters(&i->counters));
	add(ctx, "instances", o);
}

static void group(void *ctx, const struct snapshot *s, const struct board_group *g)
{
	add(ctx, "groups",
	    json_pack("{s:s, s:s, s:o, s:o, s:s}", "name", g->name, "state",
		      vrrp_state_name(g->state), "since_s", seconds(s->now - g->since), "cause",
		      cause_text(&g->cause), "cause_kind", words_cause(g->cause.kind)));
}

static void script(void *ctx, const struct snapshot *s, const struct board_script *x)
{
	const char *state = x->unusable ? "unusable" : !x->known ? "unknown" : x->good ? "good" : "bad";

	add(ctx, "scripts",
	    json_pack("{s:s, s:s, s:i, s:b, s:I, s:I, s:I, s:b, s:i, s:s%}", "name", x->name,
		      "state", state, "last_status", (int)x->last_status, "timed_out", x->timed_out,
		      "runs", (json_int_t)x->runs, "failures", (json_int_t)x->failures, "skipped",
		      (json_int_t)x->skipped, "running", x->running, "last_duration_ms",
		      (int)(x->last_duration / USEC_PER_MSEC), "output", x->output,
		      strnlen(x->output, sizeof(x->output))));
}

static void file(void *ctx, const struct snapshot *s, const struct board_file *f)
{
	add(ctx, "files",
	    json_pack("{s:s, s:b, s:I}", "name", f->name, "known", f->known, "value",
		      (json_int_t)f->value));
}

static json_t *error_text(int32_t error)
{
	return error ? json_string(strerror(error < 0 ? -error : error)) : json_null();
}

static void service(void *ctx, const struct snapshot *s, const struct board_service *v)
{
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:s, s:I, s:i, s:i, s:i, s:i, s:i}", "name", v->name,
			      "state", v->up ? "UP" : "DOWN", "since",
			      time_of(snapshot_wall(s, v->since)), "since_s",
			      seconds(s->now - v->since), "scheduler", v->scheduler, "live_weight",
			      (json_int_t)v->live_weight, "quorum", (int)v->quorum, "hysteresis",
			      (int)v->hysteresis, "servers", (int)v->n_servers, "servers_up",
			      (int)v->n_up, "servers_idle", (int)v->n_idle);

	json_object_set_new(o, "sorry", json_boolean(v->sorry));
	json_object_set_new(o, "panic", json_boolean(v->panic));
	json_object_set_new(o, "suspended", json_boolean(v->suspended));
	json_object_set_new(o, "error", error_text(v->error));
	json_object_set_new(o, "real_servers", json_array());
	json_object_set_new(o, "removed_servers", json_array());
	add(ctx, "virtual_servers", o);
}

/* It belongs to the service before it. */
static void server(void *ctx, const struct snapshot *s, const struct board_service *of,
		   const struct board_server *r)
{
	json_t *list = json_object_get(ctx, "virtual_servers");
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:i, s:i, s:s}", "name", r->name, "state",
			      r->up ? "UP" : "DOWN", "since", time_of(snapshot_wall(s, r->since)),
			      "since_s", seconds(s->now - r->since), "weight", (int)r->weight,
			      "configured_weight", (int)r->configured_weight, "method",
			      words_method(r->method));

	json_object_set_new(o, "in_table", json_boolean(r->in_table));
	json_object_set_new(o, "draining", json_boolean(r->draining));
	json_object_set_new(o, "idle",
			    r->idle ? json_string(words_idle(r->told_to_drain,
							     r->configured_weight))
				    : json_null());
	json_object_set_new(o, "ramping", json_boolean(r->ramping));
	json_object_set_new(o, "target_weight", json_integer(r->target));
	json_object_set_new(o, "ends_in_s", left_s(s, r->until));
	json_object_set_new(o, "connections", number_or_null(r->connections));
	json_object_set_new(o, "checks", json_integer(r->n_checkers));
	json_object_set_new(o, "checks_failed", json_integer(r->n_failed));
	json_object_set_new(o, "checks_absent", json_integer(r->n_absent));
	json_object_set_new(o, "reason", json_string(r->reason));
	add(json_array_get(list, json_array_size(list) - 1), "real_servers", o);
}

static void drain(void *ctx, const struct snapshot *s, const struct board_service *of,
		  const struct board_drain *d)
{
	json_t *list = json_object_get(ctx, "virtual_servers");

	add(json_array_get(list, json_array_size(list) - 1), "removed_servers",
	    json_pack("{s:s, s:o, s:o}", "name", d->name, "ends_in_s", left_s(s, d->until),
		      "connections", number_or_null(d->connections)));
}

static json_t *milliseconds(usec_t t)
{
	return json_real((double)t / USEC_PER_MSEC);
}

static void check(void *ctx, const struct snapshot *s, const struct board_header *of,
		  const struct board_probe *p)
{
	struct board_server server;
	bool known = snapshot_server_of(s, p->checker, &server);
	char process[PROCESS_LABEL_MAX];
	json_t *o;

	process_label(of->process, of->index, process);
	o = json_pack("{s:s, s:s, s:i, s:i, s:s, s:i, s:I, s:I}", "kind", words_check(p->kind),
		      "process", process, "checker", (int)p->checker, "sharers", (int)p->sharers, "state",
		      !p->has_run ? "unknown" : p->up ? "up" : "down", "failures", (int)p->failures,
		      "runs", (json_int_t)p->runs, "failed_runs", (json_int_t)p->failed_runs);
	json_object_set_new(o, "server", known ? json_string(server.name) : json_null());
	json_object_set_new(o, "last_run_ms", age_ms(s, p->last_start));
	json_object_set_new(o, "last_duration_ms", milliseconds(p->last_duration));
	json_object_set_new(o, "next_run_ms",
			    p->due && p->due != USEC_NEVER ? json_integer((p->due - s->now) / USEC_PER_MSEC)
							   : json_null());
	json_object_set_new(o, "worst_lateness_ms", milliseconds(p->worst_lateness));
	json_object_set_new(o, "drain", json_boolean(p->drain));
	json_object_set_new(o, "percent", p->has_percent ? json_integer(p->percent) : json_null());
	json_object_set_new(o, "contribution", json_integer(p->contribution));
	json_object_set_new(o, "status", json_integer(p->status));
	json_object_set_new(o, "certificate_ends",
			    p->certificate_ends ? time_of(p->certificate_ends) : json_null());
	json_object_set_new(o, "reason", json_string(p->reason));
	add(ctx, "checks", o);
}

static void process(void *ctx, const struct snapshot *s, const struct board_header *h)
{
	char name[PROCESS_LABEL_MAX], reason[160];

	process_label(h->process, h->index, name);
	add(ctx, "processes",
	    json_pack("{s:s, s:i, s:i, s:i, s:b, s:I, s:o}", "name", name, "pid",
		      (int)atomic_load(&h->pid), "restarts", (int)atomic_load(&h->restarts),
		      "rt_priority", (int)atomic_load(&h->rt_priority), "memory_locked",
		      atomic_load(&h->mem_locked) != 0, "worst_lateness_ms",
		      (json_int_t)(atomic_load(&h->worst_lateness) / USEC_PER_MSEC), "lost",
		      snapshot_is_lost(s, h, reason) ? json_string(reason) : json_null()));
}

static bool is_of_server(unsigned kind)
{
	return kind == LVS_RS_UP || kind == LVS_RS_DOWN || kind == LVS_RS_WEIGHT ||
	       kind == LVS_DRAINING || kind == LVS_DRAINED || kind == LVS_CHECKER_UP || kind == LVS_CHECKER_DOWN;
}

static void service_event(void *ctx, const struct board_event *e)
{
	add(ctx, "events",
	    json_pack("{s:o, s:s, s:s, s:s, s:s}", "at", time_of(e->wall), "kind",
		      is_of_server(e->lvs_event) ? "real_server" : "virtual_server", "name", e->name,
		      "event", words_lvs_event(e->lvs_event), "cause", e->text));
}

static void worker_event(void *ctx, const struct board_event *e)
{
	add(ctx, "events",
	    json_pack("{s:o, s:s, s:s, s:s, s:s}", "at", time_of(e->wall), "kind", "process", "name",
		      e->name, "event", words_worker_news(e->worker_news), "cause", e->text));
}

static void event(void *ctx, const struct snapshot *s, const struct board_event *e)
{
	if (e->is_worker) {
		worker_event(ctx, e);
		return;
	}
	if (e->is_service) {
		service_event(ctx, e);
		return;
	}
	add(ctx, "events",
	    json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:s}", "at", time_of(e->wall), "kind",
		      e->is_group ? "group" : "instance", "name", e->name, "from",
		      vrrp_state_name(e->from), "to", vrrp_state_name(e->to), "cause",
		      cause_text(&e->cause), "cause_kind", words_cause(e->cause.kind)));
}

static void end(void *ctx)
{
	json_dumpf(ctx, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(ctx);
}

static void unreachable(const char *reason)
{
	json_t *o = json_pack("{s:i, s:s}", "schema", STATUS_SCHEMA, "error", reason);

	end(o);
}

const struct output output_json = {
	.events = UINT32_MAX,
	.begin = begin,
	.instance = instance,
	.group = group,
	.script = script,
	.file = file,
	.service = service,
	.server = server,
	.drain = drain,
	.check = check,
	.process = process,
	.event = event,
	.end = end,
	.unreachable = unreachable,
};
