/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what comes in: verdicts of checkers, values of files, sessions, weights from outside. Each
 * goes through its server to the virtual server, and the events follow the order in which they are
 * told: server, panic, quorum, and the checker's own (its mail) at last. Must not know: how a
 * verdict was found.
 */
#include <string.h>

#include "base/str.h"
#include "core/lvs/internal.h"

void lvs_checker_reason(struct lvs *l, uint32_t checker, const char *reason)
{
	struct lvs_checker *c = &l->checkers[checker];

	if (!c->reason && !*reason)
		return;
	if (!c->reason)
		c->reason = arena_alloc(l->arena, LVS_REASON_MAX);
	str_copy(c->reason, LVS_REASON_MAX, reason);
}

/* A verdict as it comes from another process may lack its NUL. */
static void verdict_reason(struct lvs *l, uint32_t checker, const struct lvs_verdict *v)
{
	char reason[LVS_REASON_MAX];
	size_t n = v->up ? 0 : strnlen(v->reason, sizeof(reason) - 1);

	memcpy(reason, v->reason, n);
	reason[n] = '\0';
	lvs_checker_reason(l, checker, reason);
}

static void checker_take(struct lvs *l, uint32_t checker, const struct lvs_verdict *v)
{
	struct lvs_checker *c = &l->checkers[checker];

	c->up = v->up || v->absent;
	c->absent = v->absent;
	c->seen = true;
	c->assumed = false;
	c->drain = v->drain;
	c->has_percent = v->has_percent;
	c->percent = v->percent;
	c->contribution = v->contribution;
	verdict_reason(l, checker, v);
}

/* A state that was only assumed has been told by the predecessor; a check that is none says nothing. */
static bool is_told(const struct lvs_checker *before, const struct lvs_checker *now,
		    const struct conf_checker *conf, bool absent)
{
	if (before->assumed || absent)
		return false;
	return before->up != now->up || (!before->seen && conf->kind == CHECK_MISC);
}

void lvs_set_verdict(struct lvs *l, uint32_t checker, const struct lvs_verdict *v, usec_t now)
{
	const struct conf_checker *conf;
	struct lvs_checker before;
	const char *reason;
	bool changed;

	if (l->stopped || checker >= l->conf->checkers.n)
		return;
	conf = l->conf->checkers.v[checker];
	before = l->checkers[checker];
	checker_take(l, checker, v);
	reason = l->checkers[checker].reason;
	changed = lvs_server_update(l, conf->rs, reason, now);
	lvs_service_evaluate(l, lvs_rs(l, conf->rs)->vs, false, now);
	if (is_told(&before, &l->checkers[checker], conf, v->absent))
		lvs_event_add(
			l, &(struct lvs_event_in){.kind = v->up ? LVS_CHECKER_UP : LVS_CHECKER_DOWN,
						  .vs = lvs_rs(l, conf->rs)->vs,
						  .rs = conf->rs,
						  .checker = checker,
						  .weight = l->servers[conf->rs].effective,
						  .initial = before.up == v->up,
						  .rs_changed = changed,
						  .reason = reason});
}

/* ---- files and sessions ---- */

/* A weight of 0: non-zero fails. Else the product, in 32 bits, whose lowest value fails. */
static struct lvs_verdict file_verdict(const struct conf_check_file *f, int64_t value)
{
	struct lvs_verdict v = {.up = true};
	int64_t product;

	value = value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : value;
	if (!f->weight) {
		v.up = (value != 0) == f->reverse;
	} else {
		product = value * f->weight * (f->reverse ? -1 : 1);
		product = product > INT32_MAX ? INT32_MAX : product;
		v.up = product > INT32_MIN;
		v.contribution = product;
	}
	if (!v.up)
		str_copy(v.reason, sizeof(v.reason), "value of the file");
	return v;
}

void lvs_checker_file(struct lvs *l, uint32_t checker, int64_t value)
{
	const struct conf_checker *c = l->conf->checkers.v[checker];
	struct lvs_verdict v = file_verdict((const struct conf_check_file *)c, value);

	checker_take(l, checker, &v);
}

void lvs_set_file(struct lvs *l, uint32_t file, int64_t value, usec_t now)
{
	if (file < l->conf->files.n)
		l->files[file] = (struct lvs_file){.value = value, .known = true};
	for (unsigned i = 0; i < l->conf->checkers.n; i++) {
		const struct conf_checker *c = l->conf->checkers.v[i];
		const struct conf_check_file *f = (const struct conf_check_file *)c;
		struct lvs_verdict v;

		if (c->kind != CHECK_FILE || f->file != file)
			continue;
		v = file_verdict(f, value);
		lvs_set_verdict(l, i, &v, now);
	}
}

void lvs_set_bfd(struct lvs *l, uint32_t bfd, bool up, usec_t now)
{
	struct lvs_verdict v = {.up = up};

	if (!up)
		str_copy(v.reason, sizeof(v.reason), "the session is down");
	for (unsigned i = 0; i < l->conf->checkers.n; i++) {
		const struct conf_checker *c = l->conf->checkers.v[i];

		if (c->kind == CHECK_BFD && ((const struct conf_check_bfd *)c)->bfd == bfd)
			lvs_set_verdict(l, i, &v, now);
	}
}

void lvs_override_weight(struct lvs *l, uint32_t rs, uint32_t weight, usec_t now)
{
	if (l->stopped || rs >= l->conf->real_servers.n)
		return;
	l->servers[rs].overridden = true;
	l->servers[rs].override = weight;
	lvs_server_update(l, rs, "set from outside", now);
	lvs_service_evaluate(l, lvs_rs(l, rs)->vs, false, now);
}
