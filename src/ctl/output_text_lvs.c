/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status of virtual servers for people: few are shown one by one, of many what is not good. A
 * line a server, in the order of the file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "ctl/output_text.h"
#include "ctl/problems.h"
#include "ctl/words.h"
#include "ipc/channel.h"

#define FEW 40	       /* as many are shown one by one */
#define BAD_SHOWN 20 /* servers of one service, when there are many */
#define WIDTH_MIN 20
#define WIDTH_MAX 48

static const char section[] = "Virtual servers";

static void widen(struct text *t, const char *name, int indent)
{
	char shown[WORDS_ENDPOINT_MAX];
	int n = (int)strlen(words_endpoint(name, true, shown)) + indent;

	if (n > t->width)
		t->width = n < WIDTH_MAX ? n : WIDTH_MAX;
}

void text_count_services(struct text *t, const struct snapshot *s)
{
	const struct board_header *h = s->board[PROC_LVS].header;
	struct board_service v;
	struct board_server r;

	t->width = WIDTH_MIN;
	for (uint32_t i = 0; h && i < h->shape.services; i++) {
		snapshot_service(s, i, &v);
		t->services++;
		t->services_good += v.up;
		t->servers += v.n_servers;
		t->servers_up += v.n_up;
		widen(t, v.name, 0);
	}
	for (uint32_t i = 0; h && i < h->shape.servers; i++) {
		snapshot_server(s, i, &r);
		widen(t, r.name, 0);
	}
	t->all_services = t->options.servers || t->services <= FEW;
	t->all_servers = t->options.servers || t->servers <= FEW;
}

static void sync_daemon(const struct snapshot *s)
{
	struct board_sync b = snapshot_sync(s);

	if (!b.configured)
		return;
	printf(", sync daemon %s on %s, id %u", b.failed		? "FAILED"
						: b.master && b.backup	? "master and backup"
						: b.master		? "master"
						: b.backup		? "backup"
									: "waits",
	       b.interface, b.id);
}

static void summary(const struct text *t, const struct snapshot *s)
{
	char engine[sizeof(s->board[PROC_LVS].header->engine)];
	const char *off;

	memcpy(engine, s->board[PROC_LVS].header->engine, sizeof(engine));
	utf8_clean(engine, sizeof(engine));
	printf("  %u of %u up, %u of %u real servers up", t->services_good, t->services, t->servers_up,
	       t->servers);
	printf("%s%s", engine[0] ? ", by " : "", engine);
	sync_daemon(s);
	putchar('\n');
	for (unsigned i = 0; (off = snapshot_forwarding_off(s, &i));)
		printf("  NAT needs %s=1, which is 0: clients get no answer\n", off);
	if (!t->all_services)
		puts("  these are not as they should be (all: `holdfast status --servers`):");
}

/* The end of the servers of one service. */
static void end_servers(struct text *t)
{
	if (t->left_out > 0)
		printf("    and %u more (all: `holdfast status --servers`)\n", t->left_out);
	t->listed = t->left_out = 0;
}

void text_end_services(struct text *t)
{
	end_servers(t);
	if (t->bad > FEW)
		printf("  and %u more virtual servers (all: `holdfast status --servers`)\n", t->bad - FEW);
	t->bad = 0;
}

/* ---- virtual servers ---- */

static bool is_shown(struct text *t, const struct board_service *v)
{
	if (t->all_services)
		return true;
	if (!problems_of_service(v) && v->n_up == v->n_servers && !v->n_idle)
		return false;
	return ++t->bad <= FEW;
}

static uint8_t first_method(const struct snapshot *s, const struct board_service *v)
{
	struct board_server r = {0};

	if (snapshot_count_servers(s, v) > 0)
		snapshot_server(s, v->first_server, &r);
	return r.method;
}

void text_service(void *ctx, const struct snapshot *s, const struct board_service *v)
{
	struct text *t = ctx;
	char name[WORDS_ENDPOINT_MAX], age[40];

	end_servers(t);
	if (t->section != section) {
		text_heading(t, section);
		summary(t, s);
	}
	t->skipped = !is_shown(t, v);
	if (t->skipped)
		return;
	t->method = first_method(s, v);
	printf("  %-*s  %-5s  %-12s  %u of %u servers, weight %" PRId64 ", quorum %u", t->width,
	       words_endpoint(v->name, true, name), v->up ? "UP" : "DOWN",
	       text_duration(s->now - v->since, age), v->n_up - v->n_idle, v->n_servers, v->live_weight, v->quorum);
	if (v->hysteresis)
		printf(" +/- %u", v->hysteresis);
	printf(", %s %s%s%s%s\n", v->scheduler, words_method(t->method),
	       v->sorry ? ", SORRY SERVER serves" : "",
	       v->panic ? ", PANIC: all servers serve" : "",
	       v->suspended ? ", checks rest: the address is not here" : "");
	if (v->error)
		printf("    KERNEL refused a change: %s\n", strerror(v->error < 0 ? -v->error : v->error));
}

/* ---- real servers ---- */

/* "  198.51.100.4:80   DOWN   9.0 s        "; since 0: not known. */
static void server_head(const struct text *t, const struct snapshot *s, const char *board_name,
			const char *state, usec_t since)
{
	char name[WORDS_ENDPOINT_MAX], age[40] = "";

	if (since)
		text_duration(s->now - since, age);
	printf("    %-*s  %-5s  %-12s  ", t->width - 2, words_endpoint(board_name, false, name), state,
	       age);
}

static void print_connections(uint32_t n)
{
	if (n != BOARD_UNKNOWN)
		printf(", %u connection%s", n, n == 1 ? "" : "s");
}

static void print_left(const struct snapshot *s, const char *what, usec_t until)
{
	char age[40];

	if (until)
		printf(", %s in %s", what, text_duration(usec_max(until - s->now, 0), age));
}

/* The check that has failed it: what it said, when, how long it took, when the next one is. */
static void why_down(const struct snapshot *s, const struct board_server *r)
{
	struct board_probe p;
	char age[40], next[48];

	if (r->n_checkers > 1)
		printf("%u of %u checks failed, ", r->n_failed, r->n_checkers);
	printf("%s%s%s", words_check(r->failed_kind), r->reason[0] ? ": " : "", r->reason);
	if (!snapshot_failed_probe(s, r, &p) || !p.last_start)
		return;
	printf("; last %s ago, took %.1f ms", text_duration(s->now - p.last_start, age),
	       (double)p.last_duration / USEC_PER_MSEC);
	if (text_next_run(s, &p, next)[0])
		printf(", next %s", next);
}

/* It counts as up, whatever it does. */
static void why_unchecked(const struct board_server *r)
{
	printf(", NOT CHECKED: ");
	if (r->n_checkers > 1)
		printf("%u of %u checks can't be run, ", r->n_absent, r->n_checkers);
	printf("%s%s%s%s", words_check(r->failed_kind), r->n_checkers > 1 ? "" : " can't be run",
	       r->reason[0] ? ": " : "", r->reason);
}

static void print_weight(const struct text *t, const struct board_server *r)
{
	printf("weight %u", r->weight);
	if (r->ramping)
		printf(" of %u", r->target);
	else if (r->weight != r->configured_weight)
		printf(", configured %u", r->configured_weight);
	if (r->idle)
		printf(" (%s)", words_idle(r->told_to_drain, r->configured_weight));
	if (r->method != t->method)
		printf(" %s", words_method(r->method));
}

static void server_line(const struct text *t, const struct snapshot *s, const struct board_server *r)
{
	server_head(t, s, r->name, !r->up ? "DOWN" : r->draining ? "DRAIN" : r->idle ? "IDLE" : "UP", r->since);
	if (r->up || r->in_table) {
		print_weight(t, r);
		if (!r->in_table)
			printf(", not in the table");
		if (r->ramping)
			print_left(s, "slow start ends", r->until);
		else if (r->draining)
			print_left(s, "leaves", r->until);
		if (r->draining)
			print_connections(r->connections);
	}
	if (r->n_failed > 0) {
		printf("%s", r->up || r->in_table ? ", " : "");
		why_down(s, r);
	} else if (r->n_absent > 0) {
		why_unchecked(r);
	}
	putchar('\n');
}

/* false: too many of them. */
static bool is_listed(struct text *t)
{
	if (!t->options.servers && t->listed == BAD_SHOWN) {
		t->left_out++;
		return false;
	}
	if (!t->all_servers)
		t->listed++;
	return true;
}

void text_server(void *ctx, const struct snapshot *s, const struct board_service *of,
		 const struct board_server *r)
{
	struct text *t = ctx;

	if (t->skipped || (!t->all_servers && r->up && !r->draining && !r->idle && !r->ramping &&
			   !r->n_absent))
		return;
	if (is_listed(t))
		server_line(t, s, r);
}

void text_drain(void *ctx, const struct snapshot *s, const struct board_service *of,
		const struct board_drain *d)
{
	struct text *t = ctx;

	if (t->skipped || !is_listed(t))
		return;
	server_head(t, s, d->name, "DRAIN", 0);
	printf("removed");
	print_left(s, "leaves", d->until);
	print_connections(d->connections);
	putchar('\n');
}
