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
struct fifos;

struct runner {
	struct loop *loop;
	struct channel supervisor, vrrp; /* vrrp.fd -1: not there */
	struct loop_fd *supervisor_watch, *vrrp_watch;
	struct loop_timer *beat; /* heartbeat, and the limit of a stop */
	struct children children;
	struct arena *arena;	 /* of conf */
	const struct conf *conf; /* NULL before the first configuration */
	uint32_t generation;
	struct board board;
	uint32_t wanted; /* generation of the last SNAPSHOT */
	bool resend;	 /* a state got lost in a full channel */
	bool orphaned;	 /* the supervisor is gone */
	bool stopping, is_ending;
	usec_t stop_at; /* then the rest is told to end; is_ending: then it is killed */
	pid_t *ending;	/* process groups that were told to end */
	unsigned n_ending;
	struct scripts *scripts;
	struct track_files *files;
	struct notifier *notifier;
	struct fifos *fifos;
	struct {
		struct msg_notify *v;
		unsigned n, cap;
	} held; /* notifications of a generation that is still to come */
};

/* ---- runner.c ---- */
/* Tells vrrp, if it runs this generation. */
void runner_send(struct runner *r, enum message_kind kind, const void *body);
/* Something ended: a stop may be complete. */
void runner_check_stopped(struct runner *r);

/* ---- scripts.c: vrrp_script ---- */
struct scripts *scripts_new(struct runner *r);
/* Goes over to r->conf; scripts with the same command keep their state. */
void scripts_configure(struct scripts *s);
void scripts_send_all(struct scripts *s);
void scripts_stop(struct scripts *s);
struct scripts *scripts_free(struct scripts *s);

/* ---- files.c: track_file ---- */
struct track_files *files_new(struct runner *r);
void files_configure(struct track_files *f);
void files_send_all(struct track_files *f);
struct track_files *files_free(struct track_files *f);

/* ---- fifos.c ---- */
struct fifos *fifos_new(struct runner *r);
void fifos_configure(struct fifos *f);
void fifos_write(struct fifos *f, const char *line);
/* Removes what was created, ends the scripts that read. Nothing is written any more. */
void fifos_close(struct fifos *f);
/* When its scripts have been reaped, or nobody will. */
struct fifos *fifos_free(struct fifos *f);

/* ---- notify.c ---- */
struct notifier *notifier_new(struct runner *r);
void notifier_configure(struct notifier *n);
void notifier_event(struct notifier *n, const struct msg_notify *m);
/* Scripts still to end or to start. */
bool notifier_is_idle(const struct notifier *n);
/* Nothing more is started. */
void notifier_abandon(struct notifier *n);
struct notifier *notifier_free(struct notifier *n);

#endif
