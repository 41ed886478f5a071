/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of keepalived's dump files, made from the board and the configuration. */
#ifndef HF_PROC_SUPERVISOR_DUMP_H
#define HF_PROC_SUPERVISOR_DUMP_H

#include <stdio.h>

#include "ipc/board.h"
#include "model/conf.h"

/* keepalived.stats: vrrp-behaviour 16. */
void dump_stats(FILE *to, const struct board *vrrp);
/* keepalived.json: operations.md 6; nothing without an instance. */
void dump_json(FILE *to, const struct board *vrrp, const struct conf *conf);
/* keepalived.data: layout of our own. */
void dump_data(FILE *to, const struct board *vrrp, const struct conf *conf);

#endif
