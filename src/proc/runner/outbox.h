/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages on their way out: one at a time and in order, each tried again with growing pauses until
 * it is taken, refused for good or too old. One that the server put off lets others pass. Bounded: the
 * oldest that waits makes room for the newest.
 */
#ifndef HF_PROC_RUNNER_OUTBOX_H
#define HF_PROC_RUNNER_OUTBOX_H

#include "base/arena.h"
#include "io/delivery.h"
#include "proc/runner/internal.h"

struct outbox;

/* One message: everything it points at is in `arena`, which the outbox frees. */
struct outbox_item {
	struct arena *arena;
	const char *what; /* for the log: "mail to ops@example.com: Subject" */
	struct delivery_mail mail; /* .text set, or */
	struct delivery_post post; /* .body set */
	unsigned tries; /* private to outbox.c, as the rest */
	usec_t queued, due; /* due: not to be tried before */
	struct delivery_result result;
	struct outbox *outbox;
	struct outbox_item *next;
};

/* `aim` fills in where a message goes, by the configuration of that moment, before each try; false:
 * nowhere any more, and it is dropped. */
typedef bool (*outbox_aim)(void *owner, struct outbox_item *item);
struct outbox *outbox_new(struct runner *r, const char *name, outbox_aim aim, void *owner);
/* An item to fill in: in an arena of its own. */
struct outbox_item *outbox_item_new(void);
void outbox_send(struct outbox *o, struct outbox_item *item);
/* Another configuration: what waits is tried at once. */
void outbox_hurry(struct outbox *o);
/* Nothing waits or is on its way. */
bool outbox_is_idle(const struct outbox *o);
/* Frees it unless a thread is still at work, which ends with the process. */
struct outbox *outbox_free(struct outbox *o);

#endif
