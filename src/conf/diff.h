/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to diff*.c: building a plan. */
#ifndef HF_CONF_DIFF_H
#define HF_CONF_DIFF_H

#include "conf/conf.h"
#include "conf/schema.h"

struct diff {
	const struct conf *from, *to;
	struct arena *a;
	struct plan *plan;
};

/* Old and new instances that are the same virtual router on the wire (VRID, family, interface, unicast
 * or multicast), whatever their names. CONF_NONE where there is none. */
struct instance_match {
	uint32_t *new_of; /* by old id */
	uint32_t *old_of; /* by new id */
	bool *changed;	  /* by new id: has an item in the plan */
};

void diff_item(struct diff *d, enum plan_op op, const char *object, const char *detail);

/* Items for all rows whose values differ; returns how many. `skip` (may be NULL) leaves rows out. */
unsigned diff_rows(struct diff *d, const struct block *blk, const void *old, const void *new,
		   const char *object, bool (*skip)(const struct row *row));

struct instance_match diff_match(struct diff *d);
void diff_instances(struct diff *d, struct instance_match *m);
void diff_addresses(struct diff *d, struct instance_match *m);

#endif
