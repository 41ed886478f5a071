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
	uint32_t *leads;  /* by new group id: the member that starts anew, and the others with it */
};

void diff_item(struct diff *d, enum plan_op op, const char *object, const char *detail);

/* Items for all rows whose values differ; returns how many. `skip` (may be NULL) leaves rows out. */
unsigned diff_rows(struct diff *d, const struct block *blk, const void *old, const void *new,
		   const char *object, bool (*skip)(const struct row *row));

/* The same without what neither of them says: it is inherited, and told where it is said. */
unsigned diff_said(struct diff *d, const struct block *blk, const void *old, const void *new,
		   const char *object, bool (*skip)(const struct row *row));

/* diff_lvs.c: virtual servers with all they have; the entries of one group, by the row that has no
 * name, and how many differ. */
void diff_services(struct diff *d);
unsigned diff_entries(struct diff *d, const struct row *row, const void *old, const void *new,
		      const char *object);

struct instance_match diff_match(struct diff *d);
void diff_instances(struct diff *d, struct instance_match *m);
void diff_groups(struct diff *d, struct instance_match *m);
void diff_addresses(struct diff *d, struct instance_match *m);

#endif
