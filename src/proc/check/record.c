/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board of a check process: one record a probe, written after each run. It is also where the
 * counters and the last reason live, and what a successor reads. Must not know why something changed.
 */
#include <string.h>

#include "base/str.h"
#include "proc/check/internal.h"
#include "proc/probe_record.h"

static struct board_probe *record_of(const struct check *c)
{
	return &c->w->board.probes[c->record];
}

static void write_state(struct board_probe *b, const struct check *c)
{
	probe_record_verdict(b, &c->verdict);
	b->drain = c->drain;
	b->has_percent = c->has_percent;
	b->percent = c->percent;
	b->due = c->due_at;
}

void record_result(const struct check *c, const char *reason, bool bad, const struct probe_result *r)
{
	struct board_probe *b = record_of(c);

	board_write_begin(&b->seq);
	write_state(b, c);
	b->runs++;
	b->failed_runs += bad;
	b->last_start = c->started;
	b->last_duration = clock_monotonic() - c->started;
	if (r->certificate_ends)
		b->certificate_ends = r->certificate_ends;
	str_copy(b->reason, sizeof(b->reason), reason);
	board_write_end(&b->seq);
}

void record_schedule(const struct check *c, usec_t late)
{
	struct board_probe *b = record_of(c);

	if (late <= b->worst_lateness && c->due_at == b->due)
		return;
	board_write_begin(&b->seq);
	b->worst_lateness = usec_max(late, b->worst_lateness);
	b->due = c->due_at;
	board_write_end(&b->seq);
}

void record_begin(const struct check *c, const struct board_probe *from)
{
	struct board_probe *b = record_of(c);
	const struct check_plan *plan = c->plan;

	static const struct board_probe none;

	if (!from)
		from = &none; /* there may be something of another probe */
	board_write_begin(&b->seq);
	if (from != b)
		memcpy((char *)b + sizeof(b->seq), (const char *)from + sizeof(from->seq),
		       sizeof(*b) - sizeof(b->seq));
	probe_record_subject(b, plan->conf->kind, &plan->key, plan->checkers.v[0], plan->checkers.n);
	write_state(b, c);
	board_write_end(&b->seq);
}

void record_restore(struct check *c, const struct board_probe *from)
{
	c->verdict = probe_record_restore(from);
	c->drain = from->drain;
	c->has_percent = from->has_percent;
	c->percent = from->percent;
	c->started = from->last_start;
	c->due_at = from->due;
}
