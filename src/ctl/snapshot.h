/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boards of a running daemon say, read at one moment, and whether to believe them. */
#ifndef HF_CTL_SNAPSHOT_H
#define HF_CTL_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/usec.h"
#include "ipc/board.h"

#define SNAPSHOT_HEARTBEAT_MAX (3 * USEC_PER_SEC)

/* A probe of a check process or the runner. */
struct snapshot_probe {
	const struct board *board;
	uint32_t index, checker;
	uint64_t share[2];
};

struct snapshot {
	struct board board[PROC_COUNT]; /* of vrrp, runner and lvs; .header NULL: not there */
	struct board check[CHECK_PROCESSES_MAX];
	unsigned n_checks;
	const struct board_header *header; /* a board's that is there: what all of them say */
	uint32_t *first_checker; /* of each real server, and one more: how many checkers there are */
	struct snapshot_probe *probes; /* of all processes, in the order of the file */
	struct snapshot_probe **by_share; /* the same, by their keys */
	unsigned n_probes;
	struct board_event *events; /* of all processes, oldest first */
	unsigned n_events;
	usec_t now, wall; /* monotonic, since 1970 */
	bool reachable;
	bool degraded;	/* a process is lost: what its board says is old */
	bool vrrp_lost; /* it is vrrp: whose instances are what, nobody knows */
	char conf_path[256], router_id[BOARD_NAME_MAX];
	struct board_errors errors; /* of the configuration that runs */
	char reason[160]; /* why it is not reachable */
};

/* The member of its sync group that decides what an instance is, and why that one does. */
struct snapshot_hold {
	char member[BOARD_NAME_MAX];
	char reason[320];
	bool lasts; /* it will not be over when some interval is */
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
void snapshot_service(const struct snapshot *s, uint32_t i, struct board_service *ret);
void snapshot_server(const struct snapshot *s, uint32_t i, struct board_server *ret);
/* Servers that a reload removed and that drain: all there are, and those that have a record. */
uint32_t snapshot_count_drains(const struct snapshot *s, uint32_t *ret_records);
void snapshot_drain(const struct snapshot *s, uint32_t i, struct board_drain *ret);
struct board_sync snapshot_sync(const struct snapshot *s);
struct board_wayless snapshot_wayless(const struct snapshot *s);
/* Alerts that can't be delivered now: the next from *i == 0 on; false: no more. */
bool snapshot_undelivered(const struct snapshot *s, unsigned *i, struct board_outbox *ret);
/* Settings of the kernel that are 0 and that NAT needs to be 1, one a call, from *i == 0 on; NULL: there
 * are no more. */
const char *snapshot_forwarding_off(const struct snapshot *s, unsigned *i);
/* Of snapshot.probes. */
void snapshot_probe_read(const struct snapshot_probe *p, struct board_probe *ret);
/* The probe that says why a server is down; false: there is none, or its record is of another. */
bool snapshot_failed_probe(const struct snapshot *s, const struct board_server *of,
			   struct board_probe *ret);
/* The real server that a checker belongs to; false: not known. */
bool snapshot_server_of(const struct snapshot *s, uint32_t checker, struct board_server *ret);
/* Real servers of a service, as far as the board has them. */
uint32_t snapshot_count_servers(const struct snapshot *s, const struct board_service *of);

/* The headers of vrrp, runner, lvs and the check processes, as far as they are there, one a call, from
 * *i == 0 on; NULL: there are no more. */
const struct board_header *snapshot_process(const struct snapshot *s, unsigned *i);
/* Whether this process does not do its work; `reason` says why. */
bool snapshot_is_lost(const struct snapshot *s, const struct board_header *h, char reason[static 160]);

/* Wall time of a monotonic moment. */
usec_t snapshot_wall(const struct snapshot *s, usec_t monotonic);

/* Whether it is not what it would be alone: held in FAULT or INIT by another member, or kept from
 * MASTER while another member is not ready. */
bool snapshot_held(const struct snapshot *s, const struct board_instance *i, struct snapshot_hold *ret);
/* The cause of an instance's state, with that of the member it follows, if it does, and whether it was
 * taken over from a process that died. */
void snapshot_cause_text(const struct board_instance *i, struct buf *out);

/* Whether such adverts (its `refused` or `differs`) come at the moment. */
bool snapshot_goes_on(const struct snapshot *s, const struct board_instance *i,
		      const struct board_refused *r);
/* Whether the master last heard is one no more: it has left, or is silent for too long. */
bool snapshot_master_is_gone(const struct snapshot *s, const struct board_instance *i);
uint32_t snapshot_count_vips(const struct snapshot *s, const struct board_instance *i);

/* "2026-11-24T22:25:26.123Z" in buf. */
const char *snapshot_rfc3339(usec_t wall, char buf[static 40]);

#endif
