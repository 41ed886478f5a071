/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status for people: a paragraph per instance, tables for the rest. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "core/vrrp/vrrp.h"
#include "ctl/output_text.h"
#include "ctl/problems.h"
#include "ctl/words.h"
#include "ipc/channel.h"

#define EVENTS_SHOWN 10
#define PROBLEMS_SHOWN 10

void text_heading(struct text *t, const char *section)
{
	if (t->section != section)
		printf("\n%s\n", section);
	t->section = section;
}

const char *text_duration(usec_t t, char buf[static 40])
{
	int64_t s = t / USEC_PER_SEC;

	if (s < 60)
		snprintf(buf, 40, "%.1f s", (double)t / USEC_PER_SEC);
	else if (s < 3600)
		snprintf(buf, 40, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, 40, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(buf, 40, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
	return buf;
}

static const char *local_time(usec_t wall, char buf[static 40])
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;
	size_t n;

	localtime_r(&seconds, &tm);
	n = strftime(buf, 40, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buf + n, 40 - n, ".%03d", (int)(wall % USEC_PER_SEC / USEC_PER_MSEC));
	return buf;
}

static void print_cause(const struct cause *c)
{
	char text[320];
	struct buf b = BUF_ON(text);

	vrrp_cause_text(c, &b);
	fputs(buf_text(&b), stdout);
}

static void print_instance_cause(const struct board_instance *i)
{
	char text[512];
	struct buf b = BUF_ON(text);

	snapshot_cause_text(i, &b);
	fputs(buf_text(&b), stdout);
}

static void problem(void *ctx, const char *text)
{
	struct text *t = ctx;

	if (t->problems++ < PROBLEMS_SHOWN)
		printf("%-10s%s\n", t->problems == 1 ? "NOT WELL" : "", text);
}

static void undelivered(const struct snapshot *s)
{
	struct board_outbox b;
	char age[40];

	for (unsigned i = 0; snapshot_undelivered(s, &i, &b);)
		printf("%s: %u alert%s can't be delivered, the oldest for %s: %s\n", b.name, b.waiting,
		       b.waiting == 1 ? "" : "s", text_duration(s->now - b.since, age), b.error);
}

static void *begin(const struct snapshot *s, const struct output_options *o)
{
	const struct board_header *h = s->header;
	usec_t refused = atomic_load(&h->reload_refused);
	struct text *t = calloc(1, sizeof(*t));
	char up[40];

	if (!t)
		abort();
	t->options = *o;
	text_count_services(t, s);
	printf("holdfast " HOLDFAST_VERSION "%s%s, pid %d, up %s, generation %u of %s\n",
	       s->router_id[0] ? " on " : "", s->router_id, h->daemon_pid,
	       text_duration(s->now - h->daemon_started, up), h->generation, s->conf_path);
	if (refused)
		printf("the reload %s ago failed: generation %u stays in force, `holdfast check %s` may say why\n",
		       text_duration(s->now - refused, up), h->generation, s->conf_path);
	undelivered(s);
	if (problems_tell(s, problem, t) > PROBLEMS_SHOWN)
		printf("%-10sand %u more\n", "", t->problems - PROBLEMS_SHOWN);
	return t;
}

static void print_priority(const struct board_instance *i)
{
	bool arithmetic = false;
	int sum = i->base;

	printf("  priority   %u", i->base);
	for (unsigned k = 0; k < i->n_parts; k++) {
		const struct board_part *p = &i->parts[k];

		if (p->value == 0)
			continue;
		printf(" %c %d (%s)", p->value < 0 ? '-' : '+', abs(p->value), p->name);
		arithmetic = true;
		sum += p->value;
	}
	if (i->n_parts == BOARD_PARTS &&
	    sum != i->effective) /* the board has room for the first only */
		printf(" %c %d (others)", i->effective < sum ? '-' : '+', abs(i->effective - sum));
	if (arithmetic || i->effective != i->base)
		printf(" = %u", i->effective);
	for (unsigned k = 0; k < i->n_parts; k++)
		if (i->parts[k].fault)
			printf(", held in FAULT by %s %s", words_tracker(i->parts[k].kind),
			       i->parts[k].name);
	putchar('\n');
}

static void print_master(const struct snapshot *s, const struct board_instance *i)
{
	char text[IP_TEXT_MAX], age[40];

	if (i->state == VRRP_MASTER) {
		printf("  master     this node (%s)%s\n", ip_format(&i->source, text),
		       i->leaving ? ", leaving: answers until the next master has spoken" : "");
		return;
	}
	if (!ip_is_set(&i->master) || i->master_heard == 0) {
		puts("  master     none heard");
		return;
	}
	if (snapshot_master_is_gone(s, i)) {
		printf("  master     none heard, the last was %s %s ago%s\n",
		       ip_format(&i->master, text), text_duration(s->now - i->master_heard, age),
		       i->master_priority ? "" : ", which has left");
		return;
	}
	printf("  master     %s, priority %u, last advert %s ago\n", ip_format(&i->master, text),
	       i->master_priority, text_duration(s->now - i->master_heard, age));
}

/* Ready to be MASTER, and not allowed to: what holds it in FAULT is its cause. */
static void print_held(const struct snapshot *s, const struct board_instance *i)
{
	struct snapshot_hold h;

	if (i->state == VRRP_BACKUP && snapshot_held(s, i, &h))
		printf("  held       wants MASTER, its sync group waits for %s, which %s\n", h.member, h.reason);
}

static void print_rival(const struct snapshot *s, const struct board_instance *i)
{
	char text[IP_TEXT_MAX], age[40];

	if (!ip_is_set(&i->rival))
		return;
	printf("  RIVAL      %s, priority %u, is MASTER too for %s (%u advert%s)\n",
	       ip_format(&i->rival, text), i->rival_priority,
	       text_duration(s->now - i->rival_since, age), i->rival_adverts,
	       i->rival_adverts == 1 ? "" : "s");
}

/* "received an invalid passwd from 10.0.0.2!": why nothing of a master may be known here. */
static void print_refused(const struct snapshot *s, const struct board_instance *i,
			  const struct board_refused *r, const char *now, const char *past)
{
	char age[40];

	if (!r->at)
		return;
	printf("  %s    %s (%" PRIu64 " advert%s, last %s ago)\n",
	       snapshot_goes_on(s, i, r) ? now : past, r->text, r->n, r->n == 1 ? "" : "s",
	       text_duration(s->now - r->at, age));
}

static void print_vips(const struct snapshot *s, const struct board_instance *i)
{
	uint32_t n = snapshot_count_vips(s, i);

	for (uint32_t k = 0; k < n; k++) {
		struct board_vip v;
		char text[IP_TEXT_MAX];

		snapshot_vip(s, i, k, &v);
		printf("  %-10s %s/%u on %s%s%s\n", k == 0 ? "addresses" : "",
		       ip_format(&v.addr, text), v.prefix, v.interface,
		       v.excluded ? ", not in adverts" : "",
		       v.present		 ? ", present"
		       : i->state == VRRP_MASTER ? ", MISSING"
						 : "");
	}
}

/* Ends the line of the router. */
static void print_peers(const struct board_instance *i)
{
	char text[IP_TEXT_MAX];

	for (unsigned k = 0; k < i->n_peers && k < BOARD_PEERS; k++)
		printf("%s%s", k ? ", " : ", unicast to ", ip_format(&i->peers[k], text));
	if (i->n_peers > BOARD_PEERS)
		printf(" and %u more", i->n_peers - BOARD_PEERS);
	putchar('\n');
}

static void instance(void *ctx, const struct snapshot *s, const struct board_instance *i)
{
	char when[40], age[40];

	printf("\n%s  %s since %s (%s)\n", i->name, vrrp_state_name(i->state),
	       local_time(snapshot_wall(s, i->since), when), text_duration(s->now - i->since, age));
	fputs("  because    ", stdout);
	print_instance_cause(i);
	printf("\n  router     vrid %u%s%s, %s, VRRPv%u, advert every %g s", i->vrid,
	       i->interface[0] ? " on " : "", i->interface, i->family == IP_V6 ? "IPv6" : "IPv4",
	       i->version, (double)i->advert_int / USEC_PER_SEC);
	print_peers(i);
	print_priority(i);
	print_held(s, i);
	print_master(s, i);
	print_rival(s, i);
	print_refused(s, i, &i->refused, "REFUSED", "refused");
	print_refused(s, i, &i->differs, "DIFFERS", "differs");
	print_vips(s, i);
}

static void group(void *ctx, const struct snapshot *s, const struct board_group *g)
{
	char age[40];

	text_heading(ctx, "Sync groups");
	printf("  %-20s %-7s for %s: ", g->name, vrrp_state_name(g->state),
	       text_duration(s->now - g->since, age));
	print_cause(&g->cause);
	putchar('\n');
}

static void script(void *ctx, const struct snapshot *s, const struct board_script *x)
{
	text_heading(ctx, "Scripts");
	if (x->unusable) {
		printf("  %-20s NOT RUN, nobody follows it: `holdfast check` says why\n", x->name);
		return;
	}
	printf("  %-20s %-7s", x->name, !x->known ? "unknown" : x->good ? "good" : "bad");
	if (x->known && x->timed_out)
		printf(" timed out");
	else if (x->known && x->last_status < 0)
		printf(" signal %d", -x->last_status);
	else if (x->known)
		printf(" status %d", x->last_status);
	printf(", %" PRIu64 " run%s, %" PRIu64 " failed, last took %" PRId64 " ms", x->runs,
	       x->runs == 1 ? "" : "s", x->failures, x->last_duration / USEC_PER_MSEC);
	if (x->output[0])
		printf(": %s", x->output);
	putchar('\n');
}

static void file(void *ctx, const struct snapshot *s, const struct board_file *f)
{
	text_heading(ctx, "Files");
	if (f->known)
		printf("  %-20s %" PRId64 "\n", f->name, f->value);
	else
		printf("  %-20s unknown\n", f->name);
}

static void process(void *ctx, const struct snapshot *s, const struct board_header *h)
{
	uint32_t priority = atomic_load(&h->rt_priority), restarts = atomic_load(&h->restarts);
	char name[PROCESS_LABEL_MAX], reason[160];

	text_end_services(ctx);
	text_heading(ctx, "Processes");
	if (snapshot_is_lost(s, h, reason))
		printf("  %-10s %s\n", "WARNING", reason);
	printf("  %-10s pid %d, %u restart%s, ", process_label(h->process, h->index, name),
	       atomic_load(&h->pid), restarts, restarts == 1 ? "" : "s");
	if (priority > 0)
		printf("real-time priority %u, ", priority);
	else
		printf("normal scheduling, ");
	printf("memory %slocked, worst lateness %.1f ms\n",
	       atomic_load(&h->mem_locked) ? "" : "not ",
	       (double)atomic_load(&h->worst_lateness) / USEC_PER_MSEC);
}

static void event(void *ctx, const struct snapshot *s, const struct board_event *e)
{
	char when[40];

	text_end_services(ctx);
	text_heading(ctx, "Last events");
	local_time(e->wall, when);
	if (e->is_service || e->is_worker) {
		printf("  %s  %s\n", when, e->text);
		return;
	}
	printf("  %s  %s%s: ", when, e->is_group ? "group " : "", e->name);
	if (e->from == e->to) /* adopted */
		printf("still %s: ", vrrp_state_name(e->to));
	else
		printf("%s -> %s: ", vrrp_state_name(e->from), vrrp_state_name(e->to));
	print_cause(&e->cause);
	putchar('\n');
}

static void end(void *ctx)
{
	text_end_services(ctx);
	free(ctx);
}

static void unreachable(const char *reason)
{
	fprintf(stderr, "holdfast: %s\n", reason);
}

const struct output output_text = {
	.events = EVENTS_SHOWN,
	.begin = begin,
	.instance = instance,
	.group = group,
	.script = script,
	.file = file,
	.service = text_service,
	.server = text_server,
	.drain = text_drain,
	.check = text_check,
	.process = process,
	.event = event,
	.end = end,
	.unreachable = unreachable,
};
