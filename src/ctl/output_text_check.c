/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of checks for people: a table, a line a check, what it last said at the end of the line. */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/output_text.h"
#include "ctl/words.h"

const char *text_next_run(const struct snapshot *s, const struct board_probe *p, char buf[static 48])
{
	char age[40];

	buf[0] = '\0';
	if (p->due == USEC_NEVER || p->due <= 0)
		return buf;
	if (p->due <= s->now)
		snprintf(buf, 48, "now");
	else
		snprintf(buf, 48, "in %s", text_duration(p->due - s->now, age));
	return buf;
}

static void heading(struct text *t)
{
	const char *before = t->section;

	text_heading(t, "Checks");
	if (t->section != before)
		printf("  %-*s  %-11s  %-7s  %-12s  %9s  %-9s  %8s  %8s\n", t->width, "", "check",
		       "state", "last", "took", "next", "runs", "failed");
}

static void certificate(const struct snapshot *s, const struct board_probe *p)
{
	char age[40];

	if (p->certificate_ends && p->certificate_ends < s->wall)
		printf("  certificate has ended");
	else if (p->certificate_ends)
		printf("  certificate ends in %s", text_duration(p->certificate_ends - s->wall, age));
}

void text_check(void *ctx, const struct snapshot *s, const struct board_header *of,
		const struct board_probe *p)
{
	struct text *t = ctx;
	struct board_server server;
	char name[WORDS_ENDPOINT_MAX], age[40], last[48] = "", took[48] = "", next[48];

	text_end_services(t);
	heading(t);
	if (snapshot_server_of(s, p->checker, &server))
		words_endpoint(server.name, true, name);
	else
		snprintf(name, sizeof(name), "checker %u", p->checker);
	if (p->last_start) {
		snprintf(last, sizeof(last), "%s ago", text_duration(s->now - p->last_start, age));
		snprintf(took, sizeof(took), "%.1f ms", (double)p->last_duration / USEC_PER_MSEC);
	}
	printf("  %-*s  %-11s  %-7s  %-12s  %9s  %-9s  %8" PRIu64 "  %8" PRIu64, t->width, name,
	       words_check(p->kind), !p->has_run ? "unknown" : p->up ? "up" : "down", last, took,
	       text_next_run(s, p, next), p->runs, p->failed_runs);
	if (p->sharers > 1)
		printf("  for %u servers", p->sharers);
	certificate(s, p);
	printf("%s%s\n", !p->up && p->reason[0] ? "  " : "", p->up ? "" : p->reason);
}
