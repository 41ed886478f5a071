/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is not as it should be, in sentences: the first lines of the status, and its exit status.
 * Must not know where they are written.
 */
#include "ctl/problems.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/vrrp/vrrp.h"
#include "ctl/words.h"

struct problems {
	const struct snapshot *s;
	void (*tell)(void *ctx, const char *text);
	void *ctx;
	unsigned n;
};

__attribute__((format(printf, 2, 3))) static void add(struct problems *p, const char *format, ...)
{
	char text[512];
	va_list args;

	p->n++;
	if (!p->tell)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->tell(p->ctx, text);
}

static void processes(struct problems *p)
{
	const struct board_header *h;
	char reason[160];

	for (unsigned i = 0; (h = snapshot_process(p->s, &i));)
		if (snapshot_is_lost(p->s, h, reason))
			add(p, "%s%s", reason,
			    h->process == PROC_VRRP ? "; the roles of its instances are not known" : "");
}

static void configuration(struct problems *p)
{
	const struct board_errors *e = &p->s->errors;

	if (e->n == 1)
		add(p, "the configuration that runs is without what has an error: %s", e->first);
	else if (e->n > 1)
		add(p, "the configuration that runs is without what has %u errors (`holdfast check` lists "
		       "them), the first: %s", e->n, e->first);
}

static void addresses(struct problems *p, const struct board_instance *i)
{
	char text[IP_TEXT_MAX];
	unsigned missing = 0;
	struct board_vip v, first;

	for (uint32_t k = 0; k < snapshot_count_vips(p->s, i); k++) {
		snapshot_vip(p->s, i, k, &v);
		if (!v.present && !missing++)
			first = v;
	}
	if (missing == 1)
		add(p, "%s is MASTER without %s", i->name, ip_format(&first.addr, text));
	else if (missing > 1)
		add(p, "%s is MASTER without %u of its addresses", i->name, missing);
}

static void fault(struct problems *p, const struct board_instance *i)
{
	char text[480];
	struct buf b = BUF_ON(text);

	snapshot_cause_text(i, &b);
	add(p, "%s is in FAULT: %s", i->name, buf_text(&b));
}

/* Who would be MASTER and is not let is a problem when nobody else is, either. */
static void held(struct problems *p, const struct board_instance *i)
{
	struct snapshot_hold h;

	if (i->state == VRRP_BACKUP && (!i->master_heard || snapshot_master_is_gone(p->s, i)) &&
	    snapshot_held(p->s, i, &h) && h.lasts)
		add(p, "%s has no master and must not become it: its sync group waits for %s, which %s",
		    i->name, h.member, h.reason);
}

static void instance(struct problems *p, const struct board_instance *i)
{
	char text[IP_TEXT_MAX];

	if (i->state == VRRP_FAULT)
		fault(p, i);
	held(p, i);
	if (ip_is_set(&i->rival))
		add(p, "%s: %s is MASTER, too", i->name, ip_format(&i->rival, text));
	if (snapshot_goes_on(p->s, i, &i->refused))
		add(p, "%s: adverts of %s are refused", i->name, ip_format(&i->refused.from, text));
	if (snapshot_goes_on(p->s, i, &i->differs))
		add(p, "%s: %s has other addresses", i->name, ip_format(&i->differs.from, text));
	if (i->state == VRRP_MASTER)
		addresses(p, i);
}

static void instances(struct problems *p)
{
	const struct board *b = &p->s->board[PROC_VRRP];

	for (uint32_t i = 0; b->header && !p->s->vrrp_lost && i < b->header->shape.instances; i++) {
		struct board_instance x;

		snapshot_instance(p->s, i, &x);
		instance(p, &x);
	}
}

static void scripts(struct problems *p)
{
	for (uint32_t i = 0; i < p->s->board[PROC_RUNNER].header->shape.scripts; i++) {
		struct board_script x;

		snapshot_script(p->s, i, &x);
		if (x.unusable)
			add(p, "script %s can't be run", x.name);
	}
}

static void service(struct problems *p, const struct board_service *v)
{
	char name[WORDS_ENDPOINT_MAX];

	words_endpoint(v->name, true, name);
	if (!v->up && !v->suspended)
		add(p, "%s is below its quorum: weight %" PRId64 " of %u, %u of %u servers are up%s", name,
		    v->live_weight, v->quorum, v->n_up, v->n_servers,
		    v->sorry ? "; the sorry server serves" : "");
	if (v->n_unchecked)
		add(p, "%s: checks of %u of %u servers can't be run", name, v->n_unchecked, v->n_servers);
	if (v->panic)
		add(p, "%s is in panic, %u of %u servers are up; all of them serve", name, v->n_up,
		    v->n_servers);
	if (v->error)
		add(p, "%s is not as it should be, the kernel refuses: %s", name,
		    strerror(v->error < 0 ? -v->error : v->error));
}

static void wayless(struct problems *p)
{
	struct board_wayless w = snapshot_wayless(p->s);
	char text[IP_TEXT_MAX];

	ip_format(&w.first, text);
	if (w.n == 1)
		add(p, "server %s gets nothing: by the routing table it is no neighbour", text);
	else if (w.n > 1)
		add(p, "%u servers get nothing: by the routing table they are no neighbours; the first is %s",
		    w.n, text);
}

static void services(struct problems *p)
{
	const struct board *b = &p->s->board[PROC_LVS];

	for (uint32_t i = 0; b->header && i < b->header->shape.services; i++) {
		struct board_service x;

		snapshot_service(p->s, i, &x);
		service(p, &x);
	}
	wayless(p);
	if (b->header && snapshot_sync(p->s).failed)
		add(p, "the sync daemon on %s can't be started", snapshot_sync(p->s).interface);
}

unsigned problems_of_service(const struct board_service *v)
{
	struct problems p = {0};

	service(&p, v);
	return p.n;
}

unsigned problems_tell(const struct snapshot *s, void (*tell)(void *ctx, const char *text), void *ctx)
{
	struct problems p = {.s = s, .tell = tell, .ctx = ctx};

	processes(&p);
	instances(&p);
	scripts(&p);
	services(&p);
	configuration(&p);
	return p.n;
}
