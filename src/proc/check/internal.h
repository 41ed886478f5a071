/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check process's own structs, shared by the files of this folder only. */
#ifndef HF_PROC_CHECK_INTERNAL_H
#define HF_PROC_CHECK_INTERNAL_H

#include "conf/conf.h"
#include "core/check/dialogue.h"
#include "core/check/key.h"
#include "core/check/verdict.h"
#include "io/log.h"
#include "io/probe.h"
#include "io/sched.h"
#include "ipc/board.h"
#include "ipc/channel.h"

/* One probe as configured, with everybody it stands for. */
struct check_plan {
	const struct conf_checker *conf; /* the first that shares it */
	const struct dialogue_ops *ops;
	const void *material; /* of ops->prepare() */
	const char *authority; /* gRPC: name of the server in it, or NULL */
	struct check_key key;
	VEC(uint32_t) checkers; /* ids of all */
};

/* The probes of one generation that are ours. Constant once made, so it can be made aside. Kept until
 * the runs that began with it have ended, whatever generation is in force then. */
struct check_set {
	struct arena *arena; /* of the configuration and of all that is in here */
	const struct conf *conf;
	uint32_t generation;
	uint32_t n;
	struct check_plan *plans;
	uint32_t *plan_of; /* by checker id; CONF_NONE: not one of ours */
	bool *suspended;   /* by virtual server */
	unsigned runs;	   /* under way */
	bool retired;
};

struct check_worker;
struct run;

/* A probe at run time: goes from generation to generation as long as there is one like it. */
struct check {
	struct probe probe; /* first */
	struct check_worker *w;
	const struct check_plan *plan; /* in force */
	struct agenda_item due;
	usec_t due_at;
	usec_t started; /* the run before, or the one under way */
	struct check_verdict verdict;
	uint32_t record; /* on the board */
	uint32_t resting; /* how many of the sharers are suspended */
	uint16_t percent;
	bool drain, has_percent;
	bool undecided; /* the last run gave no verdict, which was said */
	usec_t certificate_warned; /* wall time */
	/* To be told to lvs. */
	bool untold;
	uint32_t n_told; /* sharers */
	struct check *next_untold;
	/* Of the run under way. */
	struct check_set *run_set;
	const struct check_plan *run_plan;
	struct run *run; /* NULL: nobody is connected */
};

/* A dialogue with its state: what only a probe with a connection needs. */
struct run {
	struct run *next;
	struct dialogue dialogue;
	max_align_t state[];
};

struct check_worker {
	struct loop *loop;
	struct agenda *agenda;
	struct probe_engine *engine;
	struct loop_timer *beat;
	struct channel supervisor, lvs; /* lvs.fd -1: not there */
	struct loop_fd *supervisor_watch, *lvs_watch;
	struct msg_config options; /* of the last configuration */
	struct check_set *set;	   /* NULL before the first configuration */
	struct check **checks;	   /* by plan of the set */
	struct board board;
	struct run *free_runs[CHECK_KINDS];
	unsigned privileges; /* enum privilege: kept when all others were dropped */
	bool dropped;
	struct sched_got sched;
	bool stopping;
	usec_t worst_lateness;
	/* ---- tell.c ---- */
	uint32_t wanted;  /* generation of lvs's last SNAPSHOT */
	bool end_wanted;  /* SNAPSHOT_END when all is told */
	struct check *untold, **untold_end;
	struct agenda_item tell_again;
	/* ---- worker.c ---- */
	struct reading *reading; /* a configuration being read aside */
	struct message next_config; /* came meanwhile; next_wanted */
	bool next_wanted;
	struct message tls; /* of the configuration that follows; fds[0] -1: none */
	struct msg_suspend *held; /* of a generation that is still to come */
	unsigned n_held, cap_held;
};

/* ---- set.c ---- */
/* Of the whole configuration, what check process `share` of `n_shares` has to probe. Takes over the
 * arena. Pure, also where it allocates. */
struct check_set *check_set_new(const struct conf_loaded *l, uint32_t generation, unsigned share,
				unsigned n_shares);
struct check_set *check_set_free(struct check_set *s);
/* Nobody's set in force any more: freed when the last run has ended. */
void check_set_retire(struct check_set *s);
void check_set_run_ended(struct check_set *s);

/* ---- checks.c: life and schedule ---- */
/* The set goes into force on a new board; what the old set knew, or without one the board, is carried over.
 * `first`: the daemon has just started. */
void checks_configure(struct check_worker *w, struct check_set *set, const struct board *board,
		      bool first);
void checks_suspend(struct check_worker *w, uint32_t vs, bool suspended);
/* Ends everything that runs. */
void checks_stop(struct check_worker *w);

/* ---- run.c: dialogue and transport ---- */
void run_start(struct check *c);
/* As if it had not been started. */
void run_cancel(struct check *c);
void runs_free(struct check_worker *w);

/* ---- result.c ---- */
/* What a run has come to; `dialogue` is NULL when none took place. */
void result_take(struct check *c, const struct probe_result *r, const struct dialogue *dialogue);

/* ---- record.c: the board ---- */
void record_result(const struct check *c, const char *reason, bool bad, const struct probe_result *r);
/* A run begins this much after it was due. */
void record_schedule(const struct check *c, usec_t late);
/* The first writing in a new board; `from` is what was there before, or NULL. */
void record_begin(const struct check *c, const struct board_probe *from);
void record_restore(struct check *c, const struct board_probe *from);

/* ---- tell.c ---- */
void tell_lvs(struct check *c);
void tell_all(struct check_worker *w);
/* What is still to be told is forgotten: another generation, or another lvs. */
void tell_forget(struct check_worker *w);

#endif
