/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: as whom each script runs and whether it may be run. The host is asked once per user and
 * once per command, however many instances share them.
 */
#include "conf/complete.h"
#include "model/lvs.h"

#include <stdio.h>

struct identity {
	const char *user, *group; /* as written */
	uint32_t uid, gid;
	bool known, user_known;
};

/* Who a script is said to run as, and where. */
struct identity_wish {
	const char *user, *group; /* NULL: it isn't said */
	struct conf_span at;
};

struct judged {
	struct conf_script_fault fault;
	bool runs;
	const char *why; /* it must not be run, or NULL */
};

struct scripts {
	struct complete *c;
	VEC(struct identity) identities;
	struct name_index seen; /* "command uid" -> index into judged */
	VEC(struct judged) judged;
};

static struct identity identity_look_up(struct scripts *s, const char *user, const char *group)
{
	const struct conf_host *h = s->c->host;
	struct identity id = {.user = user, .group = group, .known = true, .user_known = true};

	if (!h || !h->user)
		return id;
	id.user_known = h->user(h->ctx, user, &id.uid, &id.gid);
	id.known = id.user_known &&
		   (!group || !h->group || h->group(h->ctx, group, &id.gid));
	return id;
}

static const struct identity *identity_of(struct scripts *s, const char *user, const char *group)
{
	for (unsigned i = 0; i < s->identities.n; i++)
		if (str_eq(s->identities.v[i].user, user) &&
		    str_eq0(s->identities.v[i].group, group))
			return &s->identities.v[i];
	vec_push(s->c->a, &s->identities, identity_look_up(s, user, group));
	return &s->identities.v[s->identities.n - 1];
}

/* "user X does not exist", or its group. */
static const char *missing_text(struct scripts *s, const struct identity *id)
{
	return arena_printf(s->c->a, "%s %s does not exist", id->user_known ? "group" : "user",
			    id->user_known ? id->group : id->user);
}

/* Whether anything runs as somebody, or belongs to him. */
static bool has_scripts(const struct conf *conf)
{
	const struct conf_global *g = &conf->global;

	return conf->commands.n > 0 || g->notify_fifo.path || g->vrrp_notify_fifo.path ||
	       g->lvs_notify_fifo.path;
}

/* script_user, else keepalived_script if there is one, else the daemon's user. Nobody is looked up
 * in vain: that there is no such user only a directory on the network may know, and the start would
 * wait for its answer. */
static void default_identity(struct scripts *s)
{
	struct conf_global *g = &s->c->conf->global;
	const struct conf_host *h = s->c->host;
	const char *group = g->script_group;
	const struct identity *id;

	if (group && *group == ':') {
		g->supplementary_groups = true;
		group++;
	}
	if (g->script_user) {
		id = identity_of(s, g->script_user, group);
		g->script_user_missing = !id->known;
		if (!id->known)
			diag_add(s->c->diags, DIAG_ERROR, "unknown-user", g->script_user_at,
				 "script_user: %s on this machine", missing_text(s, id));
	} else {
		if (!has_scripts(s->c->conf))
			return;
		id = identity_of(s, "keepalived_script", NULL);
		if (!id->known && g->script_security && h && h->user)
			g->script_user_missing = true;
	}
	if (id->known && h && h->user) {
		g->script_uid = id->uid;
		g->script_gid = id->gid;
	}
}

/* ---- safety ---- */

/* Not a word of the shell itself, like [[, </dev/tcp/127.0.0.1/80 or PATH=/usr/bin. */
static bool first_word_is_path(const struct conf_script *s)
{
	const char *word = s->argv ? s->argv[0] : NULL;

	return word && word[strcspn(word, "/<>=")] == '/';
}

static struct judged script_ask(struct scripts *s, const struct conf_script *script)
{
	struct complete *c = s->c;
	const struct conf_host *h = c->host;
	struct judged j = {.runs = true};

	if (script->shell && !first_word_is_path(script))
		return j;
	j.runs = h->script(h->ctx, script->argv[0], script->uid, script->gid,
			   c->conf->global.script_security, &j.fault);
	if (!j.runs)
		j.why = arena_printf(c->a, "%s %s", j.fault.path, j.fault.reason);
	return j;
}

/* At each place where it stands. */
static void script_report(struct scripts *s, const struct conf_script *script, const struct judged *j)
{
	const struct conf_script_fault *f = &j->fault;
	char owner[96] = "";
	struct diag *d;

	if (j->runs && !f->unsafe && !f->fails)
		return;
	if (f->owner[0])
		snprintf(owner, sizeof(owner), " (%s, mode %04o)", f->owner, f->mode);
	d = diag_add(s->c->diags, DIAG_ERROR, "script", script->at, "%s can't be run%s: %s %s%s%s",
		     script->argv[0], f->unsafe ? " safely" : "", f->path, f->reason, owner,
		     f->fails  ? "; it is tried all the same, and fails"
		     : j->runs ? "; it is run all the same, as enable_script_security is not set"
			       : "");
	d->class = DIAG_SECURITY;
	d->tolerated = j->runs;
	if (f->fix[0])
		d->hint = arena_strdup(s->c->a, f->fix);
}

/* Why it must not be run; NULL: it may. */
static const char *script_judge(struct scripts *s, const struct conf_script *script)
{
	char key[600];
	uint32_t at;

	snprintf(key, sizeof(key), "%u %.560s", script->uid, script->command);
	at = name_index_find(&s->seen, key);
	if (at == CONF_NONE) {
		at = s->judged.n;
		name_index_add(s->c->a, &s->seen, s->c->conf->commands.n,
			       arena_strdup(s->c->a, key), at);
		vec_push(s->c->a, &s->judged, script_ask(s, script));
	}
	script_report(s, script, &s->judged.v[at]);
	return s->judged.v[at].why;
}

static void script_complete(struct scripts *s, struct conf_script *script,
			    const struct identity_wish *wish)
{
	struct complete *c = s->c;
	const struct conf_global *g = &c->conf->global;
	const struct identity *id;
	struct diag *d;

	script->supplementary |= g->supplementary_groups;
	if (wish->user) {
		id = identity_of(s, wish->user, wish->group);
		script->uid = id->uid;
		script->gid = id->gid;
		if (!id->known) {
			script->why = missing_text(s, id);
			script->unsafe = true;
			d = diag_add(c->diags, DIAG_ERROR, "unknown-user", wish->at,
				     "%s on this machine", script->why);
			if (wish->user == script->user)
				d->hint = "what follows the command is its user: a command with "
					  "arguments stands in quotes";
			return;
		}
	} else {
		script->uid = g->script_uid;
		script->gid = g->script_gid;
		script->unsafe = g->script_user_missing;
		script->why = script->unsafe ? "script_user does not exist" : NULL;
	}
	if (!script->why && c->judge && c->host && c->host->script)
		script->why = script_judge(s, script);
	script->unsafe |= script->why != NULL;
}

/* The FIFO belongs to its user, else to the user of scripts; an unknown one drops it. */
static void fifo_complete(struct scripts *s, struct conf_fifo *f)
{
	const struct conf_global *g = &s->c->conf->global;
	const struct identity *id;

	f->uid = g->script_uid;
	f->gid = g->script_gid;
	if (!f->path || !f->user)
		return;
	id = identity_of(s, f->user, f->group);
	f->uid = id->uid;
	f->gid = id->gid;
	if (!id->known)
		diag_add(s->c->diags, DIAG_ERROR, "unknown-user", g->block.at,
			 "FIFO %s: %s on this machine", f->path, missing_text(s, id));
}

/* The `user` keyword of the block a script stands in. */
static void own_user(struct identity_wish *wishes, struct conf_script *script, const char *user,
		     const char *group, struct conf_span at)
{
	if (!script || !user)
		return;
	if (group && *group == ':') {
		script->supplementary = true;
		group++;
	}
	wishes[script->id] = (struct identity_wish){user, group, at};
}

void complete_scripts(struct complete *c)
{
	struct scripts s = {.c = c};
	struct identity_wish *wishes;
	struct conf *conf = c->conf;

	default_identity(&s);
	if (conf->global.script_user_missing && conf->commands.n && !conf->global.script_user)
		diag_add(c->diags, DIAG_ERROR, "unknown-user", conf->global.block.at,
			 "enable_script_security needs a script_user, and there is no user "
			 "keepalived_script; "
			 "scripts without a user of their own are not run");
	fifo_complete(&s, &conf->global.notify_fifo);
	fifo_complete(&s, &conf->global.vrrp_notify_fifo);
	fifo_complete(&s, &conf->global.lvs_notify_fifo);
	wishes = arena_alloc(c->a, conf->commands.n * sizeof(*wishes));
	for (unsigned i = 0; i < conf->commands.n; i++) {
		const struct conf_script *script = conf->commands.v[i];

		wishes[i] = (struct identity_wish){script->user, script->group, script->at};
	}
	for (unsigned i = 0; i < conf->scripts.n; i++)
		own_user(wishes, conf->scripts.v[i]->script, conf->scripts.v[i]->user,
			 conf->scripts.v[i]->group, conf->scripts.v[i]->user_at);
	for (unsigned i = 0; i < conf->checkers.n; i++) {
		const struct conf_check_misc *misc = (const void *)conf->checkers.v[i];

		if (conf->checkers.v[i]->kind == CHECK_MISC)
			own_user(wishes, misc->script, misc->user, misc->group, misc->user_at);
	}
	for (unsigned i = 0; i < conf->commands.n; i++)
		script_complete(&s, conf->commands.v[i], &wishes[i]);
}
