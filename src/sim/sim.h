/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator: a virtual clock and a virtual network around N routers that run the shipped
 * election core and packet code. Everything follows from a seed, so a failing seed is a complete
 * reproduction.
 *
 *   scenario.c  what the nodes are configured to be, and which faults strike when
 *   world.c     time, nodes, packets: the driver of the core
 *   property.c  what must hold, in state and in time
 */
#ifndef HF_SIM_SIM_H
#define HF_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/vrrp/vrrp.h"

#define SIM_NODES_MAX 4
#define SIM_INSTANCES_MAX 3
#define SIM_PACKET_MAX 64

/* ---- chance ---- */

struct sim_random {
	uint64_t state;
};

/* 0 .. n - 1 */
uint32_t sim_random_below(struct sim_random *r, uint32_t n);
/* true with a probability of `percent` */
bool sim_random_chance(struct sim_random *r, uint32_t percent);

/* ---- the world ---- */

struct sim_packet {
	usec_t at;
	uint64_t order; /* of sending: ties */
	uint8_t to, instance, from;
	bool damaged;
	uint8_t len;
	uint8_t data[SIM_PACKET_MAX];
};

/* What a node did and knows about one instance, seen from outside the core. */
struct sim_record {
	bool owns;	     /* its addresses are on this host */
	usec_t sent;	     /* last advert, local time; 0: none since it became MASTER */
	usec_t heard_better; /* last advert with at least its own priority, local time */
	usec_t heard_any;    /* last advert but priority 0 */
	bool heard_zero;     /* priority 0 since then */
	usec_t zero_at;	     /* when the last advert was one with priority 0, else 0; local time */
	uint8_t last_priority, last_from; /* of the last other advert */
	usec_t rival_at;  /* true time of the last lower advert as MASTER, 0: announced since */
	usec_t announced; /* true time of the last announcement */
	uint64_t sent_count;
};

struct sim_node {
	struct vrrp_router *router; /* NULL: not running */
	struct vrrp_out out;
	struct conf *conf;
	usec_t offset;	      /* local clock - true clock */
	usec_t stalled_until; /* true time; not run before */
	bool late;	      /* has just been stalled: silence is excused */
	bool booting;	      /* not started yet */
	bool leaving;
	usec_t leave_by;   /* true time by which it must have stopped */
	bool adopts;	   /* was killed: its addresses stay, it comes back soon */
	usec_t restart_at; /* true time, USEC_NEVER: stays down */
	struct vrrp_past past[SIM_INSTANCES_MAX];
	bool link_up[SIM_INSTANCES_MAX];
	bool script_good;
	uint8_t cell[SIM_INSTANCES_MAX]; /* of the partition of each link */
	struct sim_record rec[SIM_INSTANCES_MAX];
};

/* Fixed by the seed for a whole run. */
struct sim_plan {
	unsigned nodes, instances;
	bool grouped;
	uint8_t version;
	usec_t interval, interval_most; /* shortest and longest advert_int of the nodes */
	usec_t interval_of[SIM_NODES_MAX];
	usec_t preempt_delay, down; /* down: longest master down interval */
	uint8_t priority[SIM_NODES_MAX][SIM_INSTANCES_MAX];
	bool nopreempt[SIM_NODES_MAX];
	bool owner;	   /* node 0 has priority 255 */
	bool silent_lower; /* no answer to lower adverts but the core's own healing */
	int script_weight; /* 1: no tracker, 0: fault */
};

struct sim {
	uint64_t seed;
	struct sim_random random;
	struct sim_plan plan;
	struct sim_node node[SIM_NODES_MAX];
	usec_t now;		    /* true time */
	struct sim_packet *packets; /* heap by at, order */
	unsigned n_packets, cap_packets;
	uint64_t sent;
	uint32_t loss, duplicate, damage;	 /* percent */
	bool deaf[SIM_NODES_MAX][SIM_NODES_MAX]; /* [to][from]: one way lost */
	usec_t delay_most;
	bool trace;
	bool failed;
	char failure[256];
	uint64_t steps;
	usec_t last_fault;
	int master_seen[SIM_INSTANCES_MAX][SIM_NODES_MAX]; /* by cell: node + 1, 0: none yet */
	struct arena *arena;				   /* configurations */
};

void sim_trace(const struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* world.c */
void sim_run_until(struct sim *s, usec_t until);
void sim_node_kill(struct sim *s, unsigned n, bool machine, usec_t down_for);
void sim_node_shutdown(struct sim *s, unsigned n);
void sim_node_reload(struct sim *s, unsigned n);
void sim_node_stall(struct sim *s, unsigned n, usec_t time);
void sim_node_clock_step(struct sim *s, unsigned n, usec_t step);
void sim_node_link(struct sim *s, unsigned n, unsigned link, bool up);
void sim_node_script(struct sim *s, unsigned n, bool good);
void sim_node_vip_gone(struct sim *s, unsigned n, unsigned instance);
void sim_free(struct sim *s);
usec_t sim_node_time(const struct sim *s, unsigned n);

/* scenario.c */
struct conf *sim_conf_make(struct sim *s, unsigned n);
/* Runs one seed; false and s->failure when a property broke. The caller calls sim_free(). */
bool sim_seed_run(struct sim *s, uint64_t seed, bool trace);

/* property.c */
usec_t sim_bound(const struct sim *s);
void sim_check_transition(struct sim *s, unsigned n, const struct vrrp_action *a);
void sim_check_node(struct sim *s, unsigned n);
/* To be called from sim_bound() after the last fault on. */
void sim_check_settled(struct sim *s);
void sim_check_sent(struct sim *s, unsigned n, unsigned instance, uint8_t priority);
void sim_check_healed(struct sim *s);
/* Whether the last advert beats a master with `own` priority (RFC 9568 6.4.3). */
bool sim_advert_beats(const struct sim_record *rec, uint8_t own, unsigned n);
/* An advert that beats MASTER `n` was just handled. */
void sim_check_yielded(struct sim *s, unsigned n, unsigned instance);

#endif
