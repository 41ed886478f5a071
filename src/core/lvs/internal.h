/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of core/lvs share. Run-time state stands beside the configuration: arrays indexed
 * by the ids of virtual servers, real servers and checkers.
 *
 *   build.c    state of a configuration: as at start, or from a predecessor that died
 *   carry.c    what a new configuration keeps of the old one, and what it removes
 *   verdict.c  what comes in: verdicts, files, sessions, weights
 *   server.c   one real server: state, effective weight, slow start, draining
 *   quorum.c   one virtual server: panic, quorum, sorry server; the daemon's stop
 *   timers.c   what is due when
 *   expand.c   which kernel services a virtual server is
 *   desired.c  the destinations of a kernel service
 *   event.c    the queue of what happened; view.c, text.c: for the board and for people
 */
#ifndef HF_CORE_LVS_INTERNAL_H
#define HF_CORE_LVS_INTERNAL_H

#include "core/lvs/lvs.h"

struct lvs_checker {
	bool up;
	bool seen;    /* has given a verdict */
	bool assumed; /* its state is a guess after a crash, until its first verdict */
	bool absent; /* can't be run, and counts as up */
	bool drain, has_percent;
	uint16_t percent;
	int64_t contribution;
	char *reason; /* LVS_REASON_MAX bytes once it has failed or is absent, else NULL */
};

struct lvs_server {
	bool up;   /* the state that was told */
	bool told; /* its state has been an event, so that going down for the first time is one */
	bool drain;
	bool left; /* stayed with weight 0 for drain_timeout and is out of the table */
	bool overridden;
	bool timed;   /* is in lvs.timed */
	bool suspect; /* a verdict has failed it: counts for the panic threshold */
	uint32_t override;
	unsigned failed, absent; /* checkers */
	int64_t effective;
	uint32_t target; /* weight for the kernel but for slow start */
	uint32_t ramped; /* weight for the kernel while ramping */
	usec_t since;
	usec_t ramp_start; /* USEC_NEVER: does not ramp */
	usec_t zero_since; /* USEC_NEVER: has a weight, or no drain_timeout */
	usec_t due;	   /* USEC_NEVER: no timer */
};

/* A real server that a new configuration does not have, while it drains. */
struct lvs_ghost {
	struct dest dest; /* port as configured, weight 0 */
	const char *name;
	usec_t until; /* USEC_NEVER: gone */
};

struct lvs_service {
	bool quorum_up, panic, dirty;
	bool sorry; /* the sorry server receives */
	bool known; /* its quorum is that of a predecessor: not told as one at start */
	unsigned up, with_checkers, suspects, unchecked;
	unsigned idle; /* up, but with weight 0 */
	int64_t live, all; /* sums of target weights: of servers that are up, of all */
	usec_t since;
	uint32_t *sorted; /* ids of the real servers by address and port */
	uint32_t *slots, n_slots;
	VEC(struct lvs_ghost) ghosts;
};

/* A kernel service and the virtual servers that it is: one, unless several have the same key. */
struct lvs_slot {
	struct service_key key;
	uint32_t first, n; /* in lvs.owners */
	bool dirty;
};

struct lvs_record; /* event.c */
struct lvs_records {
	struct lvs_record *head, *tail;
	struct lvs_record *spare[2]; /* without and with room for a reason */
};

struct lvs_file {
	int64_t value;
	bool known;
};

struct lvs {
	const struct conf *conf;
	struct arena *arena;
	struct lvs_service *services;
	struct lvs_server *servers;
	struct lvs_checker *checkers;
	struct lvs_file *files; /* by track file */
	struct lvs_slot *slots; /* sorted by key */
	unsigned n_slots;
	uint32_t *owners;
	bool all_dirty, stopped;
	bool held;	 /* after a crash: quorum and panic wait for what the others know */
	usec_t now;	 /* of the last event */
	uint32_t *dirty; /* ids of virtual servers */
	unsigned n_dirty;
	uint32_t *timed; /* ids of real servers with a timer */
	unsigned n_timed;
	VEC(uint32_t) haunted; /* ids of virtual servers with ghosts */
	usec_t deadline;
	struct lvs_records events;
};

#define LVS_RAMP_STEPS 20
#define LVS_RAMP_STEP_MIN (USEC_PER_SEC / 2)
/* Timers come at multiples of this, so that 10,000 servers that ramp are one wake-up. */
#define LVS_TIMER_GRID (USEC_PER_SEC / 10)

static inline const struct conf_virtual_server *lvs_vs(const struct lvs *l, uint32_t vs)
{
	return l->conf->virtual_servers.v[vs];
}

static inline const struct conf_real_server *lvs_rs(const struct lvs *l, uint32_t rs)
{
	return l->conf->real_servers.v[rs];
}

/* server.c */
/* State, weights and timers from its checkers; events when they change. True: the state changed. */
bool lvs_server_update(struct lvs *l, uint32_t rs, const char *reason, usec_t now);
/* The same at start, without events; `up` is not touched. */
void lvs_server_settle(struct lvs *l, uint32_t rs, usec_t now);
/* Adds the server to the sums of its virtual server (+1), or takes it out (-1). */
void lvs_server_account(struct lvs *l, uint32_t rs, int sign);
void lvs_server_ramp(struct lvs *l, uint32_t rs, usec_t now);
/* Whether it has to be in the table, and with which weight. */
bool lvs_server_wanted(const struct lvs *l, uint32_t rs, uint32_t *ret_weight);
/* Its timer has come. */
void lvs_server_tick(struct lvs *l, uint32_t rs, usec_t now);
/* Its first failed checker, or CONF_NONE; the same of absent ones. */
uint32_t lvs_server_failed(const struct lvs *l, uint32_t rs);
uint32_t lvs_server_absent(const struct lvs *l, uint32_t rs);
/* Why it is down, or else not checked: of the first such checker, or "". */
const char *lvs_server_reason(const struct lvs *l, uint32_t rs);

/* build.c */
void lvs_checker_start(struct lvs *l, uint32_t checker);
/* A server that the old configuration did not have; tells that it is up. */
void lvs_server_start(struct lvs *l, uint32_t rs, usec_t now);

/* verdict.c */
/* The state that a file's value means, without consequences. */
void lvs_checker_file(struct lvs *l, uint32_t checker, int64_t value);
void lvs_checker_reason(struct lvs *l, uint32_t checker, const char *reason);

/* quorum.c */
void lvs_service_evaluate(struct lvs *l, uint32_t vs, bool initial, usec_t now);
void lvs_service_dirty(struct lvs *l, uint32_t vs);
/* Ends the waiting after a crash. */
void lvs_release(struct lvs *l);

/* carry.c */
void lvs_carry(struct lvs *l, const struct lvs *old, usec_t now);

/* timers.c */
void lvs_timer_set(struct lvs *l, uint32_t rs, usec_t due);
void lvs_timer_ghost(struct lvs *l, usec_t until);

/* desired.c */
void lvs_dest_method(struct dest *d, const struct conf_forwarding *f);

/* expand.c */
void lvs_expand(struct lvs *l);

/* event.c */
struct lvs_event_in { /* what an event says; ids CONF_NONE when not about one */
	enum lvs_event_kind kind;
	uint32_t vs, rs, checker;
	int64_t weight;
	bool initial, stopping, rs_changed;
	const char *reason; /* or NULL */
	/* of what a reload removed */
	const struct conf_virtual_server *old_vs;
	const struct conf_real_server *old_rs;
	const char *rs_name; /* of a ghost; in the arena */
};
void lvs_event_add(struct lvs *l, const struct lvs_event_in *e);
/* LVS_DRAINING of a server (or, CONF_NONE, of a ghost's name) that leaves the table in `left`. */
void lvs_event_draining(struct lvs *l, const struct lvs_event_in *e, usec_t left);

#endif
