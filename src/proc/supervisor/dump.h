/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of keepalived's dump files, made from the board and the configuration. */
#ifndef HF_PROC_SUPERVISOR_DUMP_H
#define HF_PROC_SUPERVISOR_DUMP_H

#include <stdio.h>

#include "base/buf.h"
#include "ipc/board.h"
#include "model/conf.h"

/* keepalived.stats: vrrp-behaviour 16. */
void dump_stats(FILE *to, const struct board *vrrp);
/* keepalived.json: operations.md 6; nothing without an instance. */
void dump_json(FILE *to, const struct board *vrrp, const struct conf *conf);
/* keepalived.data: layout of our own. */
void dump_data(FILE *to, const struct board *vrrp, const struct board *runner,
	       const struct conf *conf);

/* keepalived_check.data: the virtual servers. */
void dump_check_data(FILE *to, const struct board *lvs, const struct conf *conf);

/* In keepalived's words: an address as it is configured and whether it is set, a command with its
 * words in single quotes, the state an instance strives for. */
void dump_address(struct buf *b, const struct conf_address *a, const struct board_vip *state);
void dump_command(struct buf *b, const struct conf_script *s);
enum vrrp_state dump_wanted_state(const struct conf_instance *c, const struct board_instance *b);

#endif
