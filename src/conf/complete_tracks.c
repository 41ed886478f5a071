/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: names -> ids: the members of sync groups and track groups, and what instances and groups
 * follow, with the weight in force. A name that leads nowhere is reported and left out.
 *
 * What a weight does inside a sync group is the election's business (core/vrrp/track.c).
 */
#include "conf/complete.h"

enum { TRACK_NAME, TRACK_WEIGHT, TRACK_REVERSE, TRACK_NOREVERSE }; /* bits of all track_* lines */

static const char *const kind_block[TRACK_KINDS] = {
	[TRACK_INTERFACE] = "interface", [TRACK_SCRIPT] = "vrrp_script",
	[TRACK_FILE] = "track_file",	 [TRACK_PROCESS] = "vrrp_track_process",
	[TRACK_BFD] = "bfd_instance",
};

/* ---- groups ---- */

static void unknown_member(struct complete *c, const struct conf_block *at, const char *what,
			   const char *group, const char *name)
{
	const char *names[64];
	unsigned n = 0;

	for (unsigned i = 0; i < c->left_out.n; i++) {
		if (!str_eq(c->left_out.v[i], name))
			continue;
		diag_add(c->diags, DIAG_ERROR, "unknown-instance", at->at,
			 "%s %s: vrrp_instance `%s` is left out", what, group, name);
		return;
	}
	for (; n < c->conf->instances.n && n < ARRAY_SIZE(names); n++)
		names[n] = c->conf->instances.v[n]->name;
	diag_add(c->diags, DIAG_ERROR, "unknown-instance", at->at,
		 "%s %s: there is no vrrp_instance `%s`", what, group, name)
		->hint = diag_nearest_hint(c->a, name, names, n);
}

static void member_add(struct complete *c, struct conf_group *g, uint32_t group, const char *name)
{
	uint32_t id = name_index_find(&c->instances, name);
	struct conf_instance *vi;

	if (id == CONF_NONE) {
		unknown_member(c, &g->block, "vrrp_sync_group", g->name, name);
		return;
	}
	vi = c->conf->instances.v[id];
	if (vi->group != CONF_NONE) {
		diag_add(c->diags, DIAG_ERROR, "two-groups", g->block.at,
			 "%s is in sync group %s already, it can't be in %s, too", name,
			 c->conf->groups.v[vi->group]->name, g->name);
		return;
	}
	vi->group = group;
	vec_push(c->a, &g->members, id);
	if (!block_is_set(vi, block_bit(&schema_vrrp_instance, "notify_priority_changes")))
		vi->notify_priority_changes = g->notify_priority_changes;
}

static void group_complete(struct complete *c, struct conf_group *g, uint32_t id)
{
	const struct conf_global *global = &c->conf->global;
	struct diag *d;

	g->id = id;
	if (!block_is_set(g, block_bit(&schema_vrrp_sync_group, "notify_priority_changes")))
		g->notify_priority_changes = global->notify_priority_changes;
	if (!block_is_set(g, block_bit(&schema_vrrp_sync_group, "smtp_alert")))
		g->smtp_alert = (global->smtp_alert_vrrp ? global->smtp_alert_vrrp
							 : global->smtp_alert) == TRI_ON;
	g->notify.notify_deleted =
		block_is_set(g, block_bit(&schema_vrrp_sync_group, "notify_deleted"));
	for (unsigned i = 0; i < g->member_names.n; i++)
		member_add(c, g, id, g->member_names.v[i]);
	if (!g->members.n) {
		d = diag_add(c->diags, DIAG_ERROR, "empty-group", g->block.at,
			     "sync group %s has no member that exists", g->name);
		d->hint = "it is ignored";
	}
}

void complete_groups(struct complete *c)
{
	struct conf *conf = c->conf;
	unsigned n = 0;

	for (unsigned i = 0; i < conf->groups.n; i++) {
		struct conf_group *g = conf->groups.v[i];

		conf->groups.v[n] = g; /* member_add() names the groups by their final ids */
		group_complete(c, g, n);
		n += g->members.n > 0;
	}
	conf->groups.n = n;
	for (unsigned i = 0; i < conf->track_groups.n; i++) {
		struct conf_track_group *g = conf->track_groups.v[i];

		for (unsigned k = 0; k < g->members.n; k++)
			if (name_index_find(&c->instances, g->members.v[k]) == CONF_NONE)
				unknown_member(c, &g->block, "track_group", g->name,
					       g->members.v[k]);
	}
}

/* ---- trackers ---- */

static void track_default(struct conf_track *t, int32_t weight, bool reverse)
{
	if (!block_is_set(t, TRACK_WEIGHT))
		t->weight = weight;
	if (!block_is_set(t, TRACK_REVERSE))
		t->reverse = reverse && !t->noreverse;
}

static void track_inherit(struct complete *c, struct conf_track *t, unsigned kind)
{
	const struct conf *conf = c->conf;

	switch (kind) {
	case TRACK_SCRIPT:
		track_default(t, conf->scripts.v[t->id]->weight, conf->scripts.v[t->id]->reverse);
		break;
	case TRACK_FILE:
		track_default(t, conf->files.v[t->id]->weight, conf->files.v[t->id]->reverse);
		break;
	case TRACK_PROCESS:
		track_default(t, conf->processes.v[t->id]->weight,
			      conf->processes.v[t->id]->reverse);
		break;
	case TRACK_BFD:
		track_default(t, conf->bfds.v[t->id]->weight, conf->bfds.v[t->id]->reverse);
		break;
	default:
		break;
	}
}

static bool track_is_known(struct complete *c, struct conf_track *t, unsigned kind, const char *who)
{
	if (kind == TRACK_INTERFACE) {
		t->id = CONF_NONE;
		return true;
	}
	t->id = name_index_find(&c->tracked[kind], t->name);
	if (t->id != CONF_NONE)
		return true;
	diag_add(c->diags, DIAG_ERROR, "unknown-tracker", t->block.at, "%s: there is no %s `%s`",
		 who, kind_block[kind], t->name)
		->hint = "the line is ignored";
	return false;
}

static bool track_is_new(struct complete *c, const conf_track_list *list, unsigned n,
			 const struct conf_track *t, const char *who)
{
	for (unsigned i = 0; i < n; i++)
		if (str_eq(list->v[i]->name, t->name)) {
			diag_add(c->diags, DIAG_ERROR, "given-twice", t->block.at,
				 "%s follows `%s` twice; the first line counts", who, t->name);
			return false;
		}
	return true;
}

/* A script that must not be run has no result: who follows it runs without it. */
static bool track_can_run(const struct complete *c, const struct conf_track *t, unsigned kind)
{
	const struct conf_script *s =
		kind == TRACK_SCRIPT ? c->conf->scripts.v[t->id]->script : NULL;

	return !s || !s->unsafe;
}

static void tracks_complete(struct complete *c, conf_track_list tracks[static TRACK_KINDS],
			    const char *who, const char *own_interface)
{
	for (unsigned kind = 0; kind < TRACK_KINDS; kind++) {
		conf_track_list *list = &tracks[kind];
		unsigned n = 0;

		for (unsigned i = 0; i < list->n; i++) {
			struct conf_track *t = list->v[i];

			if (!track_is_known(c, t, kind, who) || !track_is_new(c, list, n, t, who) ||
			    !track_can_run(c, t, kind))
				continue;
			if (kind == TRACK_INTERFACE && own_interface &&
			    str_eq(own_interface, t->name)) {
				diag_add(c->diags, DIAG_NOTE, "own-interface", t->block.at,
					 "%s follows its own interface %s anyway", who, t->name);
				continue;
			}
			track_inherit(c, t, kind);
			list->v[n++] = t;
		}
		list->n = n;
	}
}

void complete_tracks(struct complete *c)
{
	for (unsigned i = 0; i < c->conf->instances.n; i++) {
		struct conf_instance *vi = c->conf->instances.v[i];

		tracks_complete(c, vi->tracks, vi->name,
				vi->dont_track_primary ? NULL : vi->interface);
	}
	for (unsigned i = 0; i < c->conf->groups.n; i++)
		tracks_complete(c, c->conf->groups.v[i]->tracks, c->conf->groups.v[i]->name, NULL);
}
