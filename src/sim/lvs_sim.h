/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator of load balancing: the shipped core/lvs and reconcile/services against random
 * configurations, verdicts, files, weights, time, reloads and crashes, with a model of the kernel's
 * tables and a second, naive statement of the rules. Everything follows from a seed.
 *
 *   lvs_world.c     configurations by chance
 *   lvs_oracle.c    the rules once more, computed from scratch after every step; lvs_heir.c: what
 *                   of that outlives a reload or a crash; lvs_expected.c: the table they lead to
 *   lvs_kernel.c    the kernel's tables, changed step by step
 *   lvs_property.c  what must hold: events, table, every step on the way
 *   lvs_scenario.c  what happens
 */
#ifndef HF_SIM_LVS_SIM_H
#define HF_SIM_LVS_SIM_H

#include "core/lvs/lvs.h"
#include "core/reconcile/services.h"
#include "sim/lvs_conf.h"
#include "sim/sim.h"

#define LVS_SIM_FILES 2
#define LVS_SIM_SERVICES 6		 /* virtual servers at most */
#define LVS_SIM_SERVERS 6		 /* of one */
#define LVS_SIM_CHECKERS 2		 /* of one */
#define LVS_SIM_GRID (USEC_PER_SEC / 10) /* lateness that timers may have */

/* ---- what the oracle believes; indexed by the ids of the configuration ---- */

struct oracle_checker {
	bool up, seen, assumed;
	bool drain, has_percent;
	uint16_t percent;
	int64_t contribution;
};

enum oracle_told { TOLD_NOTHING, TOLD_UP, TOLD_DOWN };

struct oracle_server {
	bool up, overridden;
	bool kept; /* the next configuration has it, too */
	bool left; /* drained before the last reload: a longer time does not bring it back */
	uint32_t override;
	enum oracle_told told; /* by events */
	uint32_t target;       /* weight when it is served and does not ramp */
	usec_t came_up;	       /* USEC_NEVER: never from down */
	usec_t zero_since;     /* USEC_NEVER: has a weight */
};

struct oracle_service {
	bool quorum, panic, sorry;
	bool told_quorum, told_panic, told_sorry; /* by events */
};

struct oracle_ghost {
	uint32_t vs;
	struct ip_addr addr;
	uint16_t port;
	uint8_t method;
	usec_t until;
};

#define ORACLE_SERVERS (LVS_SIM_SERVICES * LVS_SIM_SERVERS)
#define ORACLE_KEYS 16
#define ORACLE_CHECKERS (ORACLE_SERVERS * LVS_SIM_CHECKERS)

struct oracle {
	struct oracle_service services[LVS_SIM_SERVICES];
	struct oracle_server servers[ORACLE_SERVERS];
	struct oracle_checker checkers[ORACLE_CHECKERS];
	struct oracle_ghost ghosts[256];
	unsigned n_ghosts;
	bool file_known[LVS_SIM_FILES];
	int64_t file[LVS_SIM_FILES];
};

/* A destination that should be there, and with which weights. */
struct oracle_dest {
	struct service_key key;
	struct ip_addr addr;
	uint16_t port;
	uint32_t least, most;
	bool optional; /* its time has come, the timer may be late */
};

struct lvs_sim {
	uint64_t seed;
	struct sim_random random;
	usec_t now;
	struct conf *conf;
	struct lvs *l;
	struct arena *arena;	      /* of l */
	struct oracle oracle, before; /* before: of the configuration that a reload replaced */
	struct arena *kernel_arena;
	struct service_table kernel;
	struct arena *applied_arena;
	struct service_table applied; /* what the process believes to be in the kernel */
	bool held;		      /* after a crash, until all have said what they know */
	bool trace, failed;
	char failure[256];
	uint64_t steps, changes;
	unsigned quorum_events;
};

void lvs_sim_fail(struct lvs_sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void lvs_sim_trace(const struct lvs_sim *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* lvs_world.c */
struct conf *lvs_world_conf(struct lvs_sim *s);

/* lvs_oracle.c */
void oracle_start(struct lvs_sim *s);
void oracle_verdict(struct lvs_sim *s, uint32_t checker, const struct lvs_verdict *v);
void oracle_file(struct lvs_sim *s, uint32_t file, int64_t value);
/* Follows the rules from the checkers of a virtual server up to its sorry server. */
void oracle_settle(struct lvs_sim *s, uint32_t vs);
/* A checker that nobody knows anything about. */
void oracle_checker_start(struct lvs_sim *s, const struct conf_checker *c);
void oracle_server_start(struct lvs_sim *s, const struct conf_real_server *rs);
int64_t oracle_live(const struct lvs_sim *s, uint32_t vs);

/* lvs_heir.c */
/* The configuration has changed from `was`; what was believed of it goes to s->before. */
void oracle_reload(struct lvs_sim *s, const struct conf *was);
/* The process has died and knows only what its board said. */
void oracle_crash(struct lvs_sim *s);

/* lvs_expected.c */
/* Keys of its kernel services; returns how many, at most ORACLE_KEYS. */
unsigned oracle_keys(const struct conf_virtual_server *vs, struct service_key *v);
/* What the table should be; returns how many, at most `cap`. */
unsigned oracle_table(const struct lvs_sim *s, struct oracle_dest *v, unsigned cap);

/* lvs_kernel.c */
void lvs_kernel_foreign(struct lvs_sim *s);
/* Carries out the changes one by one; `desired` is where they lead. */
void lvs_kernel_apply(struct lvs_sim *s, const service_changes *c,
		      const struct service_table *desired);
bool lvs_kernel_is_foreign(const struct service_key *key);

/* lvs_property.c */
void lvs_property_events(struct lvs_sim *s);
void lvs_property_table(struct lvs_sim *s);
void lvs_property_state(struct lvs_sim *s);

/* lvs_scenario.c */
/* Runs one seed; false and s->failure when a property broke. */
bool lvs_sim_run(struct lvs_sim *s, uint64_t seed, bool trace);

#endif
