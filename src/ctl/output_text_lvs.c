/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of virtual servers for people: few are shown one by one, of many what is not good. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "ctl/output_text.h"
#include "ctl/words.h"
#include "ipc/channel.h"

#define FEW 40	       /* as many are shown one by one */
#define BAD_SHOWN 20 /* servers of one service, when there are many */

static const char section[] = "Virtual servers";

void text_count_services(struct text *t, const struct snapshot *s)
{
	const struct board_header *h = s->board[PROC_LVS].header;

	for (uint32_t i = 0; h && i < h->shape.services; i++) {
		struct board_service v;

		snapshot_service(s, i, &v);
		t->services++;
		t->services_good += v.up;
		t->servers += v.n_servers;
		t->servers_up += v.n_up;
	}
	t->all_services = t->options.servers || t->services <= FEW;
	t->all_servers = t->options.servers || t->servers <= FEW;
}

static void summary(const struct text *t, const struct snapshot *s)
{
	char engine[sizeof(s->board[PROC_LVS].header->engine)];

	memcpy(engine, s->board[PROC_LVS].header->engine, sizeof(engine));
	utf8_clean(engine, sizeof(engine));
	printf("  %u of %u up, %u of %u real servers up", t->services_good, t->services, t->servers_up,
	       t->servers);
	printf("%s%s\n", engine[0] ? ", by " : "", engine);
	if (!t->all_services)
		puts("  these are not as they should be (all: `holdfast status --servers`):");
}

void text_end_servers(struct text *t)
{
	if (t->left_out > 0)
		printf("    and %u more (all: `holdfast status --servers`)\n", t->left_out);
	t->listed = t->left_out = 0;
}

void text_end_services(struct text *t)
{
	text_end_servers(t);
	if (t->bad > FEW)
		printf("  and %u more virtual servers (all: `holdfast status --servers`)\n", t->bad - FEW);
	t->bad = 0;
}

void text_service(void *ctx, const struct snapshot *s, const struct board_service *v)
{
	struct text *t = ctx;
	char age[40];

	text_end_servers(t);
	if (t->section != section) {
		text_heading(t, section);
		summary(t, s);
	}
	t->skipped = !t->all_services && snapshot_service_is_good(v) && v->n_up == v->n_servers;
	if (!t->skipped && !t->all_services && ++t->bad > FEW)
		t->skipped = true;
	if (t->skipped)
		return;
	printf("  %s  %s for %s, %s, %u of %u servers, weight %" PRId64 ", quorum %u", v->name,
	       v->up ? "UP" : "DOWN", text_duration(s->now - v->since, age), v->scheduler, v->n_up,
	       v->n_servers, v->live_weight, v->quorum);
	if (v->hysteresis)
		printf(" +/- %u", v->hysteresis);
	printf("%s%s%s\n", v->sorry ? ", SORRY SERVER" : "",
	       v->panic ? ", PANIC: too many failed together, all are served" : "",
	       v->suspended ? ", checks rest: the address is not here" : "");
	if (v->error)
		printf("    KERNEL refused a change: %s\n", strerror(v->error < 0 ? -v->error : v->error));
}

static void server_state(const struct snapshot *s, const struct board_server *r)
{
	char age[40];

	printf("    %-32s %-4s weight %u", r->name, r->up ? "UP" : "DOWN", r->weight);
	if (r->ramping || (r->up && r->weight != r->configured_weight))
		printf(" of %u", r->configured_weight);
	printf(" %s for %s%s%s%s", words_method(r->method), text_duration(s->now - r->since, age),
	       r->draining ? ", draining" : "", r->ramping ? ", starting slowly" : "",
	       r->up && !r->in_table ? ", not in the table" : "");
	if (r->n_failed > 0 && r->n_checkers > 1)
		printf(", %u of %u checks failed", r->n_failed, r->n_checkers);
	printf("%s%s\n", r->reason[0] ? ": " : "", r->reason);
}

void text_server(void *ctx, const struct snapshot *s, const struct board_service *of,
		 const struct board_server *r)
{
	struct text *t = ctx;

	if (t->skipped || (!t->all_servers && r->up && !r->draining))
		return;
	if (!t->options.servers && t->listed == BAD_SHOWN) {
		t->left_out++;
		return;
	}
	if (!t->all_servers)
		t->listed++;
	server_state(s, r);
}

void text_check(void *ctx, const struct snapshot *s, const struct board_header *of,
		const struct board_probe *p)
{
	struct text *t = ctx;
	struct board_server server;
	char age[40];

	text_end_services(t);
	text_heading(t, "Checks");
	if (!snapshot_server_of(s, p->checker, &server))
		snprintf(server.name, sizeof(server.name), "checker %u", p->checker);
	printf("  %-32s %-11s %-7s", server.name, words_check(p->kind),
	       !p->has_run ? "unknown" : p->up ? "up" : "down");
	if (p->sharers > 1)
		printf(" for %u,", p->sharers);
	printf(" %" PRIu64 " run%s, %" PRIu64 " failed", p->runs, p->runs == 1 ? "" : "s", p->failed_runs);
	if (p->last_start)
		printf(", last %s ago took %.1f ms", text_duration(s->now - p->last_start, age),
		       (double)p->last_duration / USEC_PER_MSEC);
	if (p->certificate_ends && p->certificate_ends < s->wall)
		printf(", certificate has ended");
	else if (p->certificate_ends)
		printf(", certificate ends in %s", text_duration(p->certificate_ends - s->wall, age));
	printf("%s%s\n", !p->up && p->reason[0] ? ": " : "", p->up ? "" : p->reason);
}
