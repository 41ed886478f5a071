/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a probe's record on the board that is the same in a check process and in the runner. */
#ifndef HF_PROC_PROBE_RECORD_H
#define HF_PROC_PROBE_RECORD_H

#include "core/check/key.h"
#include "core/check/verdict.h"
#include "ipc/board.h"

/* Writers: inside board_write_begin() and board_write_end(). */
/* Which probe it is, for whom: the first checker, and how many. */
void probe_record_subject(struct board_probe *b, enum conf_check_kind kind, const struct check_key *key,
			  uint32_t checker, unsigned sharers);
void probe_record_verdict(struct board_probe *b, const struct check_verdict *v);

/* What a successor goes on with; from outside, so see check_verdict_mend(). */
struct check_verdict probe_record_restore(const struct board_probe *b);

#endif
