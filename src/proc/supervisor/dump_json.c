/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keepalived's JSON document (operations.md 6): one line, no blanks, "/" escaped. */
#include <string.h>

#include <jansson.h>

#include "base/str.h"
#include "base/buf.h"
#include "proc/supervisor/dump.h"

/* Whole seconds as an integer, others as a fraction. */
static json_t *seconds(usec_t t)
{
	if (t % USEC_PER_SEC == 0)
		return json_integer(t / USEC_PER_SEC);
	return json_real((double)t / USEC_PER_SEC);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_number(json_t *o, const char *key, json_int_t value)
{
	set(o, key, json_integer(value));
}

static json_t *addresses(struct conf_address *const *v, unsigned n, const struct board_vip *state)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++) {
		char text[256];
		struct buf b = BUF_ON(text);

		dump_address(&b, v[i], &state[i]);
		json_array_append_new(list, json_string(buf_text(&b)));
	}
	return list;
}

static void set_script(json_t *o, const char *key, const struct conf_script *s)
{
	char text[1024];
	struct buf b = BUF_ON(text);

	if (!s)
		return;
	dump_command(&b, s);
	set(o, key, json_string(buf_text(&b)));
}

static void set_tracks(json_t *o, const char *key, const struct conf *conf,
		       const conf_track_list *tracks, unsigned kind)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < tracks->n; i++) {
		const struct conf_track *t = tracks->v[i];
		char text[1024];
		struct buf b = BUF_ON(text);

		if (kind == TRACK_SCRIPT && t->id < conf->scripts.n &&
		    conf->scripts.v[t->id]->script)
			dump_command(&b, conf->scripts.v[t->id]->script);
		else
			buf_printf(&b, "%s", t->name);
		json_array_append_new(list, json_string(buf_text(&b)));
	}
	if (json_array_size(list) > 0)
		set(o, key, list);
	else
		json_decref(list);
}

static void set_options(json_t *o, const struct conf_instance *c, const struct board_instance *b,
			usec_t offset)
{
	set(o, "iname", json_string(c->name));
	set_number(o, "dont_track_primary", c->dont_track_primary);
	set_number(o, "skip_check_adv_addr", c->skip_check_adv_addr);
	set_number(o, "strict_mode", c->strict);
	set(o, "vmac_ifname", json_string(c->vmac && c->vmac->name ? c->vmac->name : ""));
	if (c->interface)
		set(o, "ifp_ifname", json_string(c->interface));
	set_number(o, "master_priority", b->master_priority);
	set(o, "last_transition", json_real((double)(b->since + offset) / USEC_PER_SEC));
	set(o, "garp_delay", seconds(c->garp_master_delay));
	set(o, "garp_refresh", seconds(c->garp_master_refresh));
	set_number(o, "garp_rep", c->garp_master_repeat);
	set_number(o, "garp_refresh_rep", c->garp_master_refresh_repeat);
	set(o, "garp_lower_prio_delay", seconds(c->garp_lower_prio_delay));
	set_number(o, "garp_lower_prio_rep", c->garp_lower_prio_repeat);
	set_number(o, "lower_prio_no_advert", c->lower_prio_no_advert);
	set_number(o, "higher_prio_send_advert", c->higher_prio_send_advert);
	set_number(o, "vrid", c->vrid);
	set_number(o, "base_priority", b->base);
	set_number(o, "effective_priority", b->effective);
	set(o, "vipset", json_boolean(b->state == VRRP_MASTER));
	set(o, "promote_secondaries", json_boolean(c->promote_secondaries));
	set(o, "adver_int", seconds(c->advert_int));
	set(o, "master_adver_int", seconds(b->master_interval));
	set_number(o, "accept", c->accept);
	set(o, "nopreempt", json_boolean(c->nopreempt));
	set(o, "preempt_delay", seconds(c->preempt_delay));
	set_number(o, "state", b->state);
	set_number(o, "wantstate", dump_wanted_state(c, b));
	set_number(o, "version", c->version);
	set(o, "smtp_alert", json_boolean(c->smtp_alert));
	set(o, "notify_deleted", json_boolean(c->notify.notify_deleted));
}

static json_t *data(const struct conf *conf, const struct conf_instance *c,
		    const struct board_instance *b, const struct board *board)
{
	const struct board_vip *vips = board->vips + b->first_vip;
	json_t *o = json_object();

	set_options(o, c, b, board->header->wall_offset);
	set_script(o, "script_backup", c->notify.backup);
	set_script(o, "script_master", c->notify.master);
	set_script(o, "script_fault", c->notify.fault);
	set_script(o, "script_stop", c->notify.stop);
	set_script(o, "script_deleted", c->notify.deleted);
	set_script(o, "script", c->notify.any);
	set_script(o, "script_master_rx_lower_pri", c->notify.rx_lower_pri);
	if (c->vips.n > 0)
		set(o, "vips", addresses(c->vips.v, c->vips.n, vips));
	if (c->excluded.n > 0)
		set(o, "evips", addresses(c->excluded.v, c->excluded.n, vips + c->vips.n));
	set_tracks(o, "track_ifp", conf, &c->tracks[TRACK_INTERFACE], TRACK_INTERFACE);
	set_tracks(o, "track_script", conf, &c->tracks[TRACK_SCRIPT], TRACK_SCRIPT);
	set_tracks(o, "track_process", conf, &c->tracks[TRACK_PROCESS], TRACK_PROCESS);
	set_number(o, "auth_type", c->auth_type);
	if (c->auth_type != AUTH_NONE)
		set(o, "auth_data", json_string("********"));
	return o;
}

static json_t *stats(const struct board_counters *c)
{
	json_t *o = json_object();

#define X(type, name) set_number(o, #name, (json_int_t)c->name);
	BOARD_COUNTERS_FIRST(X)
	set_number(o, "auth_ext_missing", 0);
	set_number(o, "auth_ext_malformed", 0);
	set_number(o, "auth_ext_unknown_key", 0);
	set_number(o, "auth_ext_invalid_hmac", 0);
	set_number(o, "auth_ext_stale", 0);
	set_number(o, "auth_ext_replay", 0);
	BOARD_COUNTERS_SECOND(X)
#undef X
	return o;
}

void dump_json(FILE *to, const struct board *vrrp, const struct conf *conf)
{
	uint32_t n = vrrp->header->shape.instances;
	json_t *list = json_array(), *document = list;

	for (uint32_t k = 0; k < n && k < conf->instances.n; k++) {
		struct board_instance b;

		(void)board_read(&vrrp->instances[k], &b, sizeof(b));
		json_array_append_new(list, json_pack("{s:o, s:o}", "data",
						      data(conf, conf->instances.v[k], &b, vrrp),
						      "stats", stats(&b.counters)));
	}
	if (conf->global.json_version == 2)
		document = json_pack("{s:o}", "vrrp", list);
	if (n > 0) {
		json_dumpf(document, to,
			   JSON_COMPACT | JSON_ESCAPE_SLASH | JSON_REAL_PRECISION(16));
		fputc('\n', to);
	}
	json_decref(document);
}
