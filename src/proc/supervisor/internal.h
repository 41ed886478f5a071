/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor's own structs, shared by the files of this folder only. */
#ifndef HF_PROC_SUPERVISOR_INTERNAL_H
#define HF_PROC_SUPERVISOR_INTERNAL_H

#include <sys/types.h>

#include "conf/conf.h"
#include "io/loop.h"
#include "ipc/board.h"
#include "ipc/channel.h"
#include "proc/supervisor/restart.h"
#include "proc/supervisor/settings.h"
#include "proc/supervisor/supervisor.h"
#include "proc/supervisor/watch.h"

struct supervisor;
struct control;
struct moves;

#define RUN_PATH_MAX 320
#define CLAIMS 2

/* A place for each worker there may be. A worker is known by its slot; messages and boards know its
 * kind (enum process) and, of check processes, its index. */
enum slot { SLOT_VRRP, SLOT_RUNNER, SLOT_LVS, SLOT_CHECK, SLOTS = SLOT_CHECK + CHECK_PROCESSES_MAX };

static inline enum process slot_process(enum slot slot)
{
	return slot >= SLOT_CHECK ? PROC_CHECK : (enum process)(PROC_VRRP + slot);
}

static inline unsigned slot_index(enum slot slot)
{
	return slot >= SLOT_CHECK ? slot - SLOT_CHECK : 0;
}

/* "vrrp", "check0": of logs, and with ".board" of files. */
const char *slot_name(enum slot slot, char buf[static PROCESS_LABEL_MAX]);

/* Which workers a configuration asks for, and what they need of us. */
struct needs {
	bool wanted[SLOTS];
	unsigned checks; /* check processes */
	bool ping;	 /* raw ICMP sockets */
	bool tls;	 /* certificates and key of the SSL block */
	bool sync;	 /* the sync daemon follows an instance: vrrp tells lvs */
	bool told;	 /* the runner has scripts or mails of virtual servers */
};

/* A configuration as the workers get it. */
struct generation {
	uint32_t number; /* 0: none */
	int text_fd;	 /* sealed canonical text */
	uint32_t text_len;
	int tls_fd; /* sealed TLS material, -1: none */
	struct msg_tls tls;
	struct settings *settings;
	struct board_errors errors;
	struct faults *faults; /* the errors it was taken with */
	unsigned instances, services;
	struct needs needs;
	uint8_t engine; /* enum conf_lvs_engine, never AUTO when lvs runs */
	bool engine_chosen; /* by us: the configuration says AUTO */
	struct {
		int fd;
		struct board map; /* .header NULL: no such worker */
		bool published;
	} board[SLOTS]; /* of the workers that are wanted, or still run */
};

struct worker {
	struct supervisor *s;
	enum slot slot;
	enum process id;
	char name[PROCESS_LABEL_MAX];
	pid_t pid;		/* 0: not running */
	struct channel channel; /* fd -1: none */
	struct loop_fd *watch;
	struct loop_timer *start_timer;
	struct restart restart;
	usec_t started, died;
	uint32_t ready; /* generation it said READY to */
	bool begun;	/* was started for the first time */
	bool again;	/* was started again and has not said READY yet */
	bool stopped;	/* said STOPPED */
	bool retiring;	/* a reload has no use for it any more: it stops */
	bool orphaned;	/* what it owned was taken away */
	bool frozen;	/* it was killed as it did not run: what it was is no longer true */
	bool has_ping;	/* has its raw sockets */
	usec_t silent;	/* how long it had not run when it was killed for that */
	usec_t gone;	/* since when nobody does its work, 0: somebody does */
	struct watch beats;
	struct watch_priority priority;
};

enum phase {
	PHASE_STARTUP_SCRIPT,
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_STOPPING_VRRP,
	PHASE_STOPPING_LVS, /* and the check processes */
	PHASE_STOPPING_RUNNER,
	PHASE_SHUTDOWN_SCRIPT,
};

#define NEWS_MAX 16

struct reload;

struct supervisor {
	const struct supervisor_options *o;
	struct loop *loop;
	const char *conf_path;
	struct conf_host host;
	enum phase phase;
	int exit_status;
	usec_t started;
	struct worker worker[SLOTS];
	enum process stage; /* while starting: the kind of workers that has to get ready next */
	uint8_t engine;	    /* what ENGINE_AUTO has come to, ENGINE_AUTO: nobody needed it yet */
	struct generation now;
	struct generation next;	  /* while a reload is going on */
	/* What lvs has taken last, while it has not taken what is in force: should it die, its successor
	 * has to know what there is to clean up. Else .number 0. */
	struct generation lvs_past;
	struct reload *reload;	  /* NULL: none is going on */
	pid_t script;		  /* startup or shutdown script that runs */
	struct loop_timer *timer; /* deadline of the phase */
	struct loop_timer *watch_timer;
	struct control *control;
	struct {
		struct msg_worker_news v[NEWS_MAX];
		unsigned n;
	} news; /* that the runner has not got yet */
	bool igmp_turned_off; /* disable_local_igmp: to be restored */
	int lock_fd, pid_fd, started_fd;
	int claim[CLAIMS]; /* the configuration is ours here; below 0: not claimed */
	bool reload_wanted; /* asked for by a signal while starting, or while vrrp did not run */
	char pid_path[RUN_PATH_MAX]; /* "": none */
	struct {
		char path[RUN_PATH_MAX]; /* "": none */
		bool written;
	} worker_pid[PROC_COUNT]; /* of vrrp and lvs, as keepalived has them */
};

/* Where a message about loading, planning or reloading goes. */
struct report {
	void *ctx;
	void (*line)(void *ctx, enum log_level level, const char *text);
};
/* To the log alone. */
extern const struct report report_to_log;
void report_text(const struct report *r, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* RUN/name in buf; returns buf. */
const char *run_path(const struct supervisor *s, const char *name, char buf[static RUN_PATH_MAX]);

/* ---- needs.c: which workers, how many, and how large their boards are ---- */
/* `before`: check processes of the generation in force, 0: none. */
struct needs needs_of(const struct conf *conf, const struct supervisor_options *o, unsigned before);
/* Of the worker's board; the number of check processes is that of `needs`. */
struct board_shape needs_shape(const struct conf *conf, const struct needs *needs, enum slot slot);
/* What AUTO means on this machine: asks the kernel the first time. */
uint8_t needs_engine(struct supervisor *s, const struct conf *conf);

/* ---- generation.c: text, boards, settings of a configuration ---- */
/* Reads and judges the configuration. The caller frees arena. */
struct conf_loaded generation_load(struct supervisor *s);
/* Its messages: a line each, or in full with the source. */
void generation_report(const struct conf_loaded *l, const struct report *r, bool in_full);
/* Exit status that says why a configuration can't be run. */
int generation_load_status(const struct conf_loaded *l);
/* One that has its settings, but no text and no boards yet. */
struct generation generation_begin(struct supervisor *s, const struct conf_loaded *l, uint32_t number);
/* Adds them; 0 or -errno, told. The boards' files get a name that readers do not look at until
 * publish. */
int generation_fill(struct supervisor *s, const struct conf *conf, struct generation *g,
		    const struct report *report);
/* Both; 0 or -errno. */
int generation_make(struct supervisor *s, const struct conf_loaded *l, uint32_t number,
		    const struct report *report, struct generation *ret);
/* The present board of this worker gets its place; where there is none, what lies there goes. */
void generation_publish(struct supervisor *s, enum slot slot);
/* The worker has ended for good: so does its board. */
void generation_drop_board(struct supervisor *s, enum slot slot);
/* Closes what it holds; also removes unpublished files. */
void generation_done(struct supervisor *s, struct generation *g);
/* lvs_past is not needed any more; may be none. */
void generation_drop_past(struct supervisor *s);
/* The configuration again, from its text. The caller frees arena. */
struct conf_loaded generation_reread(const struct generation *g);

/* ---- faults.c ---- */
struct faults *faults_new(const struct conf_loaded *l);
/* Whether this error of a newer reading was there already. */
bool faults_known(const struct faults *f, const struct diag *d, const struct conf_source *source);
struct faults *faults_free(struct faults *f);

/* ---- tls.c ---- */
/* Reads the files of the SSL block into a sealed memory file; 0 or -errno, told. */
int tls_read(const struct conf *conf, struct generation *g, const struct report *report);

/* ---- pidfiles.c ---- */
/* The run directory and its lock; then, with the settings known, the other files. An exit status.
 */
int pidfiles_take_run_dir(struct supervisor *s);
/* Makes them again when somebody has removed them; 0 or -errno, told. */
int pidfiles_mend_run_dir(struct supervisor *s);
int pidfiles_take(struct supervisor *s);
/* A worker has this pid now. */
void pidfiles_worker(struct supervisor *s, enum process id, pid_t pid);
void pidfiles_worker_gone(struct supervisor *s, enum process id);
void pidfiles_remove(struct supervisor *s);

/* ---- claim.c ---- */
/* Makes sure that no other daemon in this network namespace runs with the file; before anything of
 * the host is touched. An exit status. */
int claim_configuration(struct supervisor *s);
void claim_release(struct supervisor *s);

/* ---- worker.c ---- */
void worker_init(struct worker *w, struct supervisor *s, enum slot slot);
/* Starts the process, which then waits for a configuration; 0 or -errno. */
int worker_launch(struct worker *w);
/* Hands it the present configuration, and starts it unless it was launched. */
void worker_start(struct worker *w, bool adopt);
/* Gives it a configuration; 0 or -errno. */
int worker_configure(struct worker *w, const struct generation *g, bool adopt);
/* New channels between it and all it has to do with, as far as they run. */
void worker_introduce(struct worker *w);
/* One between these two. */
void worker_join(struct worker *a, struct worker *b);
void worker_stop(struct worker *w);
void worker_kill(struct worker *w);
/* The process has been reaped. */
void worker_died(struct worker *w, int status);
void worker_done(struct worker *w);

/* ---- supervisor.c ---- */
void supervisor_worker_ready(struct worker *w, const struct msg_ready *m);
void supervisor_worker_stopped(struct worker *w);
/* A worker died: start it again, or go on with stopping. */
void supervisor_worker_gone(struct worker *w, int status);

/* ---- revive.c: death, new start, workers that hang ---- */
/* Starts it again, now or later. */
void revive_worker(struct worker *w, const char *how);
/* What its predecessor left is still true. */
bool revive_adopts(const struct worker *w);
/* Once every WATCH_PERIOD: kills who does not run. */
void revive_watch(void *ctx);

/* ---- news.c: deaths and new starts, for the list of events and for alerts ---- */
/* Its next start is `delay` away, or has just been. */
void news_died(struct worker *w, const char *how, usec_t delay);
void news_ready(struct worker *w);
/* What the runner could not take yet: when it may have become able to. */
void news_send(struct supervisor *s);

/* ---- moves.c: probes that change to another check process ---- */
/* NULL: none does, as there are as many processes as before, or none. */
struct moves *moves_new(const struct conf *conf, unsigned before, unsigned now);
/* Takes the old boards over, whose processes may go on writing. */
void moves_keep(struct moves *m, struct generation *old);
/* On the new boards, which nobody has got yet. */
void moves_make(const struct moves *m, struct generation *now);
struct moves *moves_free(struct moves *m);

/* ---- reload.c ---- */
/* Who asks for a reload: hears its messages (line may be NULL), and exactly once, maybe at once,
 * how it ended: 0 good, 2 the configuration has errors, 1 another failure. */
struct asker {
	void *ctx;
	void (*line)(void *ctx, enum log_level level, const char *text);
	void (*done)(void *ctx, int status);
};
/* Reloads, or (dry_run) only plans. During a reload: after it. The log hears it in any case. */
void reload_start(struct supervisor *s, bool dry_run, const struct asker *asker);
/* Nothing came for too long. */
void reload_deadline(struct supervisor *s);
/* It has taken (or refused) the generation that it was given. */
void reload_worker_ready(struct worker *w, const struct msg_ready *m);
/* The worker died. */
void reload_worker_gone(struct worker *w);
/* The daemon ends, and one may not have ended: its askers hear that it failed. */
void reload_abandon(struct supervisor *s);

/* ---- orphan.c ---- */
/* Takes the addresses of a vrrp worker that can't be started again away from the host: those of
 * masters whose master down interval is shorter than `delay`, and what no master has left. Returns how
 * many of masters. */
unsigned orphan_remove_addresses(struct supervisor *s, usec_t delay);

/* ---- control.c ---- */
int control_open(struct supervisor *s, struct control **ret);
/* Makes its socket again when somebody has removed it; those who are connected stay. */
void control_mend(struct control *c);
struct control *control_close(struct control *c);

/* ---- dump.c ---- */
void dump_write(struct supervisor *s, enum dump_kind kind);

#endif
