/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and verdicts to the board and back. Must not know who probes, or how. */
#include "proc/probe_record.h"

#include <string.h>

void probe_record_subject(struct board_probe *b, enum conf_check_kind kind, const struct check_key *key,
			  uint32_t checker, unsigned sharers)
{
	memcpy(b->identity, key->identity, sizeof(b->identity));
	memcpy(b->share, key->share, sizeof(b->share));
	b->kind = (uint8_t)kind;
	b->checker = checker;
	b->sharers = sharers;
}

void probe_record_verdict(struct board_probe *b, const struct check_verdict *v)
{
	b->has_run = v->has_run;
	b->up = v->up;
	b->fresh = v->fresh;
	b->failures = v->failures;
	b->url = v->url;
	b->good_urls = v->good_urls;
}

struct check_verdict probe_record_restore(const struct board_probe *b)
{
	return (struct check_verdict){.has_run = b->has_run,
				      .up = b->up,
				      .fresh = b->fresh,
				      .failures = b->failures,
				      .url = b->url,
				      .good_urls = b->good_urls};
}
