/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work aside: a long computation in a thread with normal scheduling, so that the loop of a process
 * that must be on time goes on meanwhile. For pure functions only: they share nothing with the loop.
 */
#ifndef HF_IO_ASIDE_H
#define HF_IO_ASIDE_H

#include "io/loop.h"

struct aside;

/* Starts work(ctx) in a thread; done(ctx) is called in the loop when it is over, and the returned
 * handle is gone then. NULL when there is no thread to be had (nothing was called). */
struct aside *aside_run(struct loop *l, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx);

#endif
