/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services and destinations: desired against observed. What is not ours is never touched; what was
 * ours (in `before`) and is no longer desired goes.
 */
#ifndef HF_CORE_RECONCILE_SERVICES_H
#define HF_CORE_RECONCILE_SERVICES_H

#include "model/service.h"

int service_key_compare(const struct service_key *a, const struct service_key *b);
int dest_compare(const struct dest *a, const struct dest *b); /* by address and port */

/* Sorts services and the destinations of each; of several destinations of the same address and port
 * in one service that of the greatest weight stays. Costs little when all is sorted. */
void service_table_sort(struct service_table *t);
/* The destinations of one service only. */
void service_dests_sort(struct service *s);

const struct service *service_table_find(const struct service_table *t, const struct service_key *key);

/* Appends to *ret what leads from `observed` to `desired`, in an order in which a service never
 * loses its last usable destination on the way: services added and changed, destinations with a
 * weight added and changed, those without, destinations deleted, services deleted (with their
 * destinations: these are not mentioned). Of the observed services only those are deleted that are
 * in `before` (NULL: none) and not desired, so with NULL `desired` may be a part of a table (see
 * lvs_desired_changed(); costs little then however large `observed` is).
 * Tables are sorted; the changes point into them. Of SERVICE_ADD the destinations follow as
 * DEST_ADD. Only enum lvs_service_flags are compared; netmask and engine only of persistent ones. */
void services_diff(const struct service_table *observed, const struct service_table *desired,
		   const struct service_table *before, struct arena *a, service_changes *ret);

/* Puts each service of `part` into `t` in place of that with its key, or in between, copied. `a`
 * is the arena of `t`; what a service already has is used again, so that replacing forever needs no
 * memory. */
void service_table_replace(struct service_table *t, const struct service_table *part, struct arena *a);

#endif
