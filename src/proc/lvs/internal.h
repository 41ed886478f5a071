/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lvs process's own structs, shared by the files of this folder only. */
#ifndef HF_PROC_LVS_INTERNAL_H
#define HF_PROC_LVS_INTERNAL_H

#include "conf/conf.h"
#include "core/lvs/lvs.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/netlink.h"
#include "ipc/board.h"
#include "ipc/channel.h"
#include "proc/lvs/engine.h"

struct lvs_worker;

/* The check that a record of the board names, whose key is not made anew each time. */
struct failed_check {
	bool written;
	uint32_t checker; /* CONF_NONE: none */
};

/* Another worker: who says what this process decides from, or is told. */
struct peer {
	struct lvs_worker *w;
	struct channel channel; /* .fd -1: not there */
	struct loop_fd *watch;
	bool complete; /* it has told everything of this generation */
	bool ask_again; /* the question did not fit into the channel */
	uint32_t suspend_next; /* suspend.c: the first virtual server it has not been told of */
};

enum { PEER_RUNNER, PEER_VRRP, PEER_CHECK_FIRST, PEERS = PEER_CHECK_FIRST + CHECK_PROCESSES_MAX };

struct lvs_worker {
	struct loop *loop;
	struct channel supervisor;
	struct loop_fd *supervisor_watch;
	struct loop_timer *beat;
	struct peer peers[PEERS];

	struct arena *arena; /* of conf and lvs */
	const struct conf *conf;
	struct lvs *lvs; /* NULL before the first configuration */
	uint32_t generation;
	bool dont_release;
	unsigned n_checks; /* check processes that will tell their verdicts */
	struct board board;
	bool stopping;

	/* kernel.c */
	const struct engine_ops *ops;
	struct engine *engine;
	struct loop_fd *engine_watch;
	struct loop_timer *due; /* of the core, of the engine, of another try */
	struct arena *applied_arena, *scratch;
	struct service_table applied; /* what the kernel has, as far as we know */
	bool known;		      /* `applied` is right; else the kernel is asked */
	usec_t wait_until;	      /* after a crash: for those who tell the verdicts; USEC_NEVER: not */
	usec_t retry_at, engine_at;
	unsigned tries;
	usec_t guard_again;
	unsigned guard_at; /* the service of `applied` that is looked at next */
	char told[256]; /* the last error said, not said again */

	/* suspend.c */
	struct netlink *addresses; /* NULL: nobody asked for ha_suspend */
	struct loop_fd *addresses_watch;
	bool *suspended; /* by virtual server, in arena */

	unsigned nat; /* forwarding.c: bits of board_header.unforwarded that matter */

	/* sync.c */
	struct {
		bool known;	     /* what runs was started by us */
		bool master, backup; /* they run */
		bool is_master;	     /* the instance it follows */
		bool told;	     /* that it can't be started */
		usec_t retry_at;     /* USEC_NEVER: nothing failed */
		const struct conf_lvs_sync_daemon *conf;
		struct conf_lvs_sync_daemon copy; /* with the strings of the next field */
		char interface[16];
	} sync;

	/* report.c */
	struct {
		struct msg_notify_lvs *v;
		unsigned first, n, cap, lost;
	} held; /* for a runner that is away or does not keep up */
	struct loop_timer *outbox; /* another try with these */
	usec_t stop_at;		   /* stopping: not longer for the runner to take them; USEC_NEVER: not stopping */
	bool board_dirty;
	bool writing;	  /* all records, in pieces */
	uint32_t written; /* of virtual servers, then of real servers */
	struct failed_check *failed; /* by real server: what its record says, in arena */
	unsigned drains; /* servers that drain, of the configuration or removed from it */
	usec_t census_at;
};

/* ---- worker.c ---- */
struct channel *worker_channel(struct lvs_worker *w, unsigned peer);

/* ---- kernel.c ---- */
/* Opens the engine, once, and gives it the configuration that goes with the board. 0, or -errno after
 * a message. */
int kernel_open(struct lvs_worker *w, uint8_t engine, const struct conf *conf, const struct board *board);
/* Brings the kernel to what the core wants, and tells what happened. */
void kernel_update(struct lvs_worker *w);
/* The kernel is asked again before the next update. */
void kernel_doubt(struct lvs_worker *w);
/* Of a predecessor that has died: the services of this configuration are ours, if we have not looked yet. */
void kernel_claim(struct lvs_worker *w, const struct conf *conf);
/* Asked every second: makes anew what somebody else has removed. */
void kernel_guard(struct lvs_worker *w);
/* The end of all services, as lvs_flush_on_stop says. */
void kernel_stop(struct lvs_worker *w);
void kernel_close(struct lvs_worker *w);

/* ---- suspend.c: ha_suspend ---- */
/* A new configuration. */
void suspend_configure(struct lvs_worker *w);
/* Tells a peer who rests, from the beginning. */
void suspend_tell(struct lvs_worker *w, unsigned peer);
/* Goes on where a channel was full. */
void suspend_tell_rest(struct lvs_worker *w);
void suspend_close(struct lvs_worker *w);

/* ---- sync.c: lvs_sync_daemon ---- */
void sync_configure(struct lvs_worker *w);
void sync_instance_state(struct lvs_worker *w, const struct msg_instance_state *m);
/* Another try, when its time has come, with what could not be started. */
void sync_retry(struct lvs_worker *w);
void sync_stop(struct lvs_worker *w);

/* ---- forwarding.c ---- */
/* A new configuration: says if the kernel does not forward what its NAT needs. */
void forwarding_configure(struct lvs_worker *w);
/* Asked every second. */
void forwarding_look(struct lvs_worker *w);

/* ---- census.c ---- */
/* Brings the connections of servers that drain on the board up to date. */
void census_take(struct lvs_worker *w);

/* ---- report.c ---- */
/* Takes the core's events: log, board, notifications. */
void report_events(struct lvs_worker *w);
/* Writes every record of the board. */
void report_everything(struct lvs_worker *w);
/* The same a few at a time, while there is nothing else to do, and then takes the census. */
void report_slowly(struct lvs_worker *w);
/* What the kernel refused of a virtual server, -errno; 0: nothing. */
void report_error(struct lvs_worker *w, uint32_t vs, int error);
/* Sends what waited for the runner; true: nothing waits any more, or there is nobody to send it to. */
bool report_held(struct lvs_worker *w);
void report_close(struct lvs_worker *w);

#endif
