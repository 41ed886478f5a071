/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of core/vrrp share and nobody else sees.
 *
 *   router.c    events in, work queue, ticks          unit.c     a sync group or a lone instance
 *   instance.c  states, timers and adverts            track.c    priority and faults
 *   rival.c     another master, another owner         leave.c    the graceful stop
 *   build.c     router from configuration             reload.c   ... from a running one
 *   deadlines.c heap of deadlines                     view.c     looking at it
 *
 * A decision is always taken for a "unit": the members of a sync group, or one instance alone, so
 * that groups are no special case and their members can't rest in different roles.
 */
#ifndef HF_CORE_VRRP_INTERNAL_H
#define HF_CORE_VRRP_INTERNAL_H

#include "core/vrrp/vrrp.h"

/* Timers of an instance. The earliest is its deadline; USEC_NEVER is off. */
enum timer {
	T_ADVERT,  /* MASTER: next advert */
	T_DOWN,	   /* BACKUP: master down */
	T_BLOCK,   /* MASTER: second announcement block */
	T_REFRESH, /* MASTER: announcement refresh */
	T_EXTRA,   /* MASTER: one announcement on each interface (garp_extra_if all) */
	T_LOWER,   /* MASTER: second block after a lower priority advert */
	T_HEAL,	   /* MASTER: announcements after an overlap */
	T_RIVAL,   /* MASTER: the rival has been silent long enough */
	T_OWNER,   /* MASTER: does the other address owner persist? */
	T_LEAVE,   /* leaving MASTER: the addresses go now */
	T_VIP,	   /* FAULT because of removed VIPs: try again. MASTER: announce those put back */
	T_START,   /* INIT: vrrp_startup_delay is over */
	TIMERS,
};

/* Why an instance is held in FAULT; names point into the configuration or the router's arena. */
struct reason {
	uint16_t kind; /* enum cause_kind, 0: none */
	int32_t value;
	const char *name;
};

/* One tracked thing that counts for an instance, whether its own or its group's. */
struct track {
	const char *name;
	uint32_t id; /* port, script or file */
	int32_t weight;
	uint16_t index; /* position in the list of the configuration */
	uint8_t kind;	/* TRACK_* */
	bool reverse, of_group, implied;
};

/* How often an address was removed by somebody else lately. */
struct vip_losses {
	usec_t since;
	uint32_t n;
};

struct inst {
	const struct conf_instance *conf;
	uint32_t id, group, port, old_id;
	struct track *tracks;
	unsigned n_tracks;
	struct vip_losses *losses; /* one per VIP, then per excluded VIP */

	uint8_t state; /* enum vrrp_state */
	uint8_t effective;
	bool queued;   /* in the work queue */
	bool adopting; /* state was taken from the past, not yet confirmed */
	bool adopted;
	bool pending;	 /* an unweighted script has no result yet */
	bool wants;	 /* its timer ran out, the unit is not ready */
	bool held;	 /* ... and that for so long that it was said */
	bool left;	 /* the master said priority 0 */
	bool discarding; /* adverts of a lower master are being ignored */
	bool preempt_over;
	bool leaving, handed;
	bool owner_lowered;	       /* 254 because of another owner */
	bool vip_fault, vip_restored;  /* restored: put back, but not yet announced */
	bool vips_changed, vips_added; /* by a reload, not yet acted on */
	bool was_master; /* INIT: so was the one of its name that a reload replaced by it */
	bool joins;	 /* BACKUP: new in a group of masters, which wait for what it hears */
	uint8_t lower_notes;	       /* discards noted since the last accepted advert */
	uint8_t heal_step;
	usec_t timer[TIMERS];
	usec_t due;
	uint32_t heap_at;

	usec_t since, backup_since, preempt_at, leaving_since;
	usec_t master_interval, peer_interval, master_heard, owner_heard;
	usec_t answer_after; /* lower adverts until then were answered already */
	struct ip_addr source, master, rival, handed_to, lost_vip;
	uint8_t master_priority, rival_priority;
	usec_t rival_since, rival_last;
	uint32_t rival_adverts;
	struct reason reason, last_reason;
	struct cause cause;
	struct cause followed; /* with CAUSE_GROUP: that of the member it follows, as it was then */
	uint64_t become_master, release_master, advert_sent, pri_zero_sent, pri_zero_rcvd,
		advert_rcvd;
};

struct group {
	const struct conf_group *conf;
	const uint32_t *members;
	unsigned n;
	uint8_t state;
	bool stopped;
	usec_t since;
	struct cause cause;
};

/* Who is to be judged again when a tracked thing changes. */
struct users {
	uint32_t *v;
	unsigned n;
};

struct port {
	const char *name;
	struct users users;
	bool exists, up;
};

enum script_state { SCRIPT_PENDING, SCRIPT_GOOD, SCRIPT_BAD };

struct script {
	struct users users;
	uint8_t state; /* enum script_state */
	bool timed_out;
	int32_t status;
};

struct file {
	struct users users;
	int64_t value;
};

/* Open addressing: places of a power of two, CONF_NONE is free. */
struct hash {
	uint32_t *v;
	uint32_t mask;
};

struct vrrp_router {
	struct arena *arena;
	const struct conf *conf;
	usec_t now;
	struct vrrp_out *out;
	bool started, stopping, reloaded;
	struct inst *inst;
	unsigned n;
	struct group *groups;
	struct port *ports;
	unsigned n_ports;
	struct hash port_hash;
	struct script *scripts;
	struct file *files;
	uint32_t *heap;	 /* instances by due */
	uint32_t *queue; /* ring of instances to judge again */
	unsigned queue_at, queue_n;
	unsigned stopped, groups_stopped;
	unsigned worst; /* most actions of one piece of work */
};

struct unit {
	const uint32_t *members;
	unsigned n;
	struct group *group; /* NULL: an instance alone */
};

/* deadlines.c */
void deadlines_init(struct vrrp_router *r);
void timer_set(struct vrrp_router *r, struct inst *i, enum timer t, usec_t when);
void timers_clear(struct vrrp_router *r, struct inst *i);
void deadlines_fix(struct vrrp_router *r, struct inst *i);

/* track.c */
void tracks_build(struct vrrp_router *r, struct inst *i);
void tracks_link_users(struct vrrp_router *r);
/* Recomputes effective priority (with its action and timer) and i->reason, i->pending. */
void inst_judge(struct vrrp_router *r, struct inst *i);
int track_contribution(const struct vrrp_router *r, const struct track *t, struct reason *ret_fault,
		       bool *ret_pending);

/* instance.c */
struct vrrp_action *emit(struct vrrp_router *r, enum vrrp_action_kind kind, const struct inst *i);
struct vrrp_action *emit_note(struct vrrp_router *r, const struct inst *i, enum vrrp_note note);
void emit_advert(struct vrrp_router *r, struct inst *i, uint8_t priority);
void emit_announce(struct vrrp_router *r, const struct inst *i, uint32_t rounds);
void change_state(struct vrrp_router *r, struct inst *i, enum vrrp_state to,
		  const struct cause *cause);
void inst_to_master(struct vrrp_router *r, struct inst *i, const struct cause *cause);
void inst_to_backup(struct vrrp_router *r, struct inst *i, const struct cause *cause);
void inst_to_fault(struct vrrp_router *r, struct inst *i, const struct cause *cause);
void inst_resume(struct vrrp_router *r, struct inst *i, const struct cause *cause);
void inst_priority_set(struct vrrp_router *r, struct inst *i, uint8_t priority);
void inst_timer_fire(struct vrrp_router *r, struct inst *i, enum timer t);
void inst_vip_gone(struct vrrp_router *r, struct inst *i, const struct ip_addr *vip);
usec_t inst_down_interval(const struct inst *i);
usec_t inst_skew(const struct inst *i);
usec_t inst_extra(const struct inst *i);

/* advert.c */
void inst_advert(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
		 const struct ip_addr *from);

/* rival.c */
void rival_heard(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
		 const struct ip_addr *from);
void rival_gone(struct vrrp_router *r, struct inst *i);
void rival_heal(struct vrrp_router *r, struct inst *i);
void owner_clash_over(struct vrrp_router *r, struct inst *i);

/* leave.c */
void leave_begin(struct vrrp_router *r, struct inst *i);
void leave_heard(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
		 const struct ip_addr *from);
void leave_finish(struct vrrp_router *r, struct inst *i);

/* unit.c */
struct unit unit_of(struct vrrp_router *r, const struct inst *i);
bool unit_has_master(struct vrrp_router *r, const struct inst *i);
void unit_settle(struct vrrp_router *r, struct inst *i);
void unit_expired(struct vrrp_router *r, struct inst *i, const struct cause *cause);
void unit_to_backup(struct vrrp_router *r, struct inst *i, const struct cause *cause);
void group_set(struct vrrp_router *r, struct group *g, enum vrrp_state to,
	       const struct cause *cause);
enum vrrp_state group_computed(const struct vrrp_router *r, const struct group *g);

/* router.c */
void router_queue(struct vrrp_router *r, struct inst *i);

/* build.c */
struct vrrp_router *router_build(const struct conf *conf);
struct hash hash_new(struct arena *a, unsigned n);
uint32_t hash_of(uint32_t seed, const void *data, size_t len);
uint32_t hash_text(uint32_t seed, const char *s);

/* text.c */
void cause_names(struct cause *c, const char *name, const char *name2);

#endif
