/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What complete_lvs.c and complete_checks.c share. */
#ifndef HF_CONF_COMPLETE_LVS_H
#define HF_CONF_COMPLETE_LVS_H

#include "conf/complete.h"
#include "conf/schema/lvs.h"

#define LVS_PERSISTENCE_DEFAULT 360

/* The settings of struct conf_timing as bits of a set: which of them somebody has said. */
enum timing_bit {
	TIMING_DELAY_LOOP = 1 << 0,
	TIMING_DELAY_BEFORE_RETRY = 1 << 1,
	TIMING_RETRY = 1 << 2,
	TIMING_WARMUP = 1 << 3,
	TIMING_CONNECT_TIMEOUT = 1 << 4,
	TIMING_ALPHA = 1 << 5,
};
#define TIMING_COUNT 6
/* Those with a default of their own; that of the others depends on the kind of checker. */
#define TIMING_HAS_DEFAULT (TIMING_DELAY_LOOP | TIMING_CONNECT_TIMEOUT | TIMING_ALPHA)

/* Bits of a block's rows for these settings, in that order; UINT_MAX: it has no such row. */
struct timing_rows {
	unsigned bit[TIMING_COUNT];
};

struct lvs {
	struct complete *c;
	struct arena *scratch; /* lasts as long as the stage */
	struct name_index groups;
	uint32_t *group_uses;
	struct timing_rows bits_vs, bits_rs, bits_checker, bits_misc, bits_bfd;
	unsigned bit_weight, bit_inhibit, bit_file_weight, bit_drain, bit_slow;
};

void lvs_bits_find(struct lvs *l);
/* Which settings the block says. */
unsigned timing_set(const struct timing_rows *rows, const void *obj);
/* Values of TIMING_HAS_DEFAULT that are not in `set`. */
void timing_defaults(struct conf_timing *t, unsigned set);
/* Takes from `above` what it has and `own` has not; returns what is known now. */
unsigned timing_inherit(struct conf_timing *t, unsigned own, const struct conf_timing *above,
			unsigned above_set);

/* Room for all real servers and checkers of the configuration: its lists of them do not move. */
void complete_checks_reserve(struct lvs *l);
/* All checkers of a real server with their final values, into rs->checkers and conf.checkers. */
void complete_checks(struct lvs *l, const struct conf_virtual_server *vs,
		     struct conf_real_server *rs);

#endif
