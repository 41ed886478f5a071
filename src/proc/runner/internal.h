/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner's own structs, shared by the files of this folder only. */
#ifndef HF_PROC_RUNNER_INTERNAL_H
#define HF_PROC_RUNNER_INTERNAL_H

#include "conf/conf.h"
#include "io/log.h"
#include "io/loop.h"
#include "ipc/board.h"
#include "ipc/channel.h"
#include "proc/runner/children.h"

struct scripts;
struct track_files;
struct notifier;
struct lvs_notifier;
struct miscs;
struct mail;
struct webhook;
struct fifos;

/* A worker that is told states of this generation. */
struct follower {
	struct runner *r;
	struct channel channel; /* .fd -1: not there */
	struct loop_fd *watch;
	uint32_t wanted; /* generation of its last SNAPSHOT */
	bool resend;	 /* a state got lost in a full channel */
};

struct runner {
	struct loop *loop;
	struct channel supervisor;
	struct loop_fd *supervisor_watch;
	struct follower vrrp, lvs;
	struct loop_timer *beat; /* heartbeat, and the limit of a stop */
	struct children children;
	struct arena *arena;	 /* of conf */
	const struct conf *conf; /* NULL before the first configuration */
	uint32_t generation;
	bool first_configuration; /* of a daemon that starts */
	/* The configuration before, for what lvs says of servers that are gone; NULL: none kept. */
	struct arena *previous_arena;
	const struct conf *previous;
	usec_t previous_until;
	struct board board;
	bool orphaned;	 /* the supervisor is gone */
	bool stopping, is_ending;
	usec_t stop_at; /* then the rest is told to end; is_ending: then it is killed */
	pid_t *ending;	/* process groups that were told to end */
	unsigned n_ending;
	unsigned busy;	/* targets that run a script */
	bool abandoned; /* no notify script is started any more */
	struct scripts *scripts;
	struct miscs *miscs;
	struct track_files *files;
	struct notifier *notifier;
	struct lvs_notifier *lvs_notifier;
	struct mail *mail;
	struct webhook *webhook;
	struct fifos *fifos;
	struct {
		struct msg_notify *v;
		unsigned n, cap;
	} held; /* notifications of a generation that is still to come */
};

/* ---- runner.c ---- */
/* Tells vrrp, lvs, if it runs this generation. */
void runner_send(struct runner *r, enum message_kind kind, const void *body);
void runner_send_lvs(struct runner *r, enum message_kind kind, const void *body);
/* Something ended: a stop may be complete. */
void runner_check_stopped(struct runner *r);

/* ---- scripts.c: vrrp_script ---- */
struct scripts *scripts_new(struct runner *r);
/* Goes over to r->conf; scripts with the same command keep their state. */
void scripts_configure(struct scripts *s);
void scripts_send_all(struct scripts *s);
void scripts_stop(struct scripts *s);
struct scripts *scripts_free(struct scripts *s);

/* ---- misc.c: MISC_CHECK ---- */
struct miscs *miscs_new(struct runner *r);
/* Goes over to r->conf; equal checks keep their state. `adopt`: the board has the past of a
 * predecessor that died. */
void miscs_configure(struct miscs *m, bool adopt);
void miscs_send_all(struct miscs *m);
/* ha_suspend: the checkers of this virtual server rest. */
void miscs_suspend(struct miscs *m, uint32_t vs, bool suspended);
void miscs_stop(struct miscs *m);
struct miscs *miscs_free(struct miscs *m);

/* ---- files.c: track_file ---- */
struct track_files *files_new(struct runner *r);
void files_configure(struct track_files *f);
void files_send_all(struct track_files *f, bool to_lvs);
struct track_files *files_free(struct track_files *f);

/* ---- fifos.c ---- */
struct fifos *fifos_new(struct runner *r);
void fifos_configure(struct fifos *f);
/* To notify_fifo and to that of the kind. */
enum fifo_kind { FIFO_ANY, FIFO_VRRP, FIFO_LVS, FIFO_KINDS };
void fifos_write(struct fifos *f, enum fifo_kind kind, const char *line);
/* Removes what was created, ends the scripts that read. Nothing is written any more. */
void fifos_close(struct fifos *f);
/* When its scripts have been reaped, or nobody will. */
struct fifos *fifos_free(struct fifos *f);

/* ---- notify.c ---- */
struct notifier *notifier_new(struct runner *r);
void notifier_configure(struct notifier *n);
void notifier_event(struct notifier *n, const struct msg_notify *m);
struct notifier *notifier_free(struct notifier *n);

/* ---- notify_lvs.c ---- */
struct lvs_notifier *lvs_notifier_new(struct runner *r);
void lvs_notifier_event(struct lvs_notifier *n, const struct msg_notify_lvs *m);
struct lvs_notifier *lvs_notifier_free(struct lvs_notifier *n);

#endif
