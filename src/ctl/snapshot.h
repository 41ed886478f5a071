/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boards of a running daemon say, read at one moment, and whether to believe them. */
#ifndef HF_CTL_SNAPSHOT_H
#define HF_CTL_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/usec.h"
#include "ipc/board.h"

#define SNAPSHOT_HEARTBEAT_MAX (3 * USEC_PER_SEC)

struct snapshot {
	struct board board[PROC_COUNT]; /* .header NULL: not there */
	usec_t now, wall;		/* monotonic, since 1970 */
	bool reachable;
	bool runner_lost; /* no script runs, what the board says of them is old */
	char conf_path[256], router_id[BOARD_NAME_MAX];
	char reason[160]; /* why it is not reachable, or that the runner is lost */
};

/* Opens the boards in run_dir. Always fills *ret; closed by snapshot_close(). */
void snapshot_open(const char *run_dir, struct snapshot *ret);
void snapshot_close(struct snapshot *s);

/* Copies of records; a record whose writer died in the middle of it comes as it is. Names are valid
 * UTF-8, also where the board's room has cut them. */
void snapshot_instance(const struct snapshot *s, uint32_t i, struct board_instance *ret);
void snapshot_vip(const struct snapshot *s, const struct board_instance *of, uint32_t i,
		  struct board_vip *ret);
void snapshot_group(const struct snapshot *s, uint32_t i, struct board_group *ret);
void snapshot_script(const struct snapshot *s, uint32_t i, struct board_script *ret);
void snapshot_file(const struct snapshot *s, uint32_t i, struct board_file *ret);
/* The i-th oldest event that is still there; false past the newest. */
bool snapshot_event(const struct snapshot *s, uint32_t i, struct board_event *ret);

/* Wall time of a monotonic moment. */
usec_t snapshot_wall(const struct snapshot *s, usec_t monotonic);

/* Whether everything is as it should be: a runner, no FAULT, no rival, no
 * advert refused just now, none with other addresses, no missing address of a master,
 * no script that can't be run. */
bool snapshot_is_healthy(const struct snapshot *s);
/* Whether such adverts (its `refused` or `differs`) come at the moment. */
bool snapshot_goes_on(const struct snapshot *s, const struct board_instance *i,
		      const struct board_refused *r);
/* Whether the master last heard is one no more: it has left, or is silent for too long. */
bool snapshot_master_is_gone(const struct snapshot *s, const struct board_instance *i);
uint32_t snapshot_count_vips(const struct snapshot *s, const struct board_instance *i);

/* "2026-11-24T22:25:26.123Z" in buf. */
const char *snapshot_rfc3339(usec_t wall, char buf[static 40]);

#endif
