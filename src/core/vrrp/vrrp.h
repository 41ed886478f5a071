/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The election of one node: all its VRRP instances, sync groups and trackers. Pure: events and the
 * time go in, actions come out, timers are data. The daemon (proc/vrrp) and the simulator (sim) are
 * two drivers of this one machine.
 *
 * RFC 5798 and RFC 9568 section 6 for the states, RFC 3768 for version 2. Time is monotonic.
 *
 * A router never allocates after vrrp_router_new() or vrrp_router_reload().
 */
#ifndef HF_CORE_VRRP_VRRP_H
#define HF_CORE_VRRP_VRRP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/vrrp/packet.h"
#include "model/conf.h"
#include "model/state.h"

struct vrrp_router;

/* ---- what the world tells ---------------------------------------------------------------- */

enum vrrp_event_kind {
	/* Once, after all that is known of links, sources and trackers was told: elections begin.
	 * `value`: wait at least this long, as with
	 * vrrp_startup_delay (what is left of vrrp_delay_after_boot). A router made by a reload is
	 * told what is new for it, then started in the same way, without a delay. */
	VRRP_EV_START,
	VRRP_EV_TICK, /* the deadline has come (or any other moment) */
	/* Goes on with what an event left to do (vrrp_router_busy()), but looks at no timer. */
	VRRP_EV_CONTINUE,
	VRRP_EV_ADVERT, /* a valid advert, see vrrp_rx_check() */
	VRRP_EV_LINK,	/* state of an interface */
	VRRP_EV_SOURCE, /* source address of an instance's adverts, family IP_NONE: there is none */
	VRRP_EV_SCRIPT, /* verdict on a vrrp_script */
	VRRP_EV_FILE,	/* value of a track_file */
	VRRP_EV_VIP_GONE, /* a VIP of a MASTER was removed by somebody else */
	VRRP_EV_SHUTDOWN, /* leave: priority 0, hand the addresses over, stop (after that only ticks
			   * and adverts matter, until vrrp_router_stopped()) */
};

struct vrrp_event {
	enum vrrp_event_kind kind;
	uint32_t id; /* ADVERT, SOURCE, VIP_GONE: instance; SCRIPT, FILE: their id; LINK: port
			number */
	union {
		struct {
			struct vrrp_advert advert;
			struct ip_addr from;
		} rx;
		struct {
			bool exists, up; /* up: UP and RUNNING */
		} link;
		struct ip_addr source;
		struct {
			bool good, timed_out;
			int32_t status; /* exit status, or -signal */
		} script;
		int64_t value;
		struct ip_addr vip;
	};
};

/* ---- what the world is told to do --------------------------------------------------------- */

enum vrrp_action_kind {
	VRRP_DO_SEND_ADVERT, /* id, priority (0: leaving); to the group or every peer */
	VRRP_DO_OWN,	     /* id: its addresses belong on this host: add what is missing */
	VRRP_DO_DISOWN,	     /* id: remove them, stop pending announcements */
	VRRP_DO_ANNOUNCE,    /* id, rounds: gratuitous ARP / unsolicited NA for all its addresses;
			      * value 1: only those that the new configuration added */
	VRRP_DO_ANNOUNCE_SOURCE, /* id: one for the source address of a unicast instance */
	VRRP_DO_TRANSITION, /* id, from, to, cause: log, board, notify. group: is_group. from == to:
			     * a role was adopted, nothing to notify */
	VRRP_DO_PRIORITY,   /* id, from, to: effective priority changed */
	VRRP_DO_NOTE,	    /* id, note: something to log, see enum vrrp_note */
	VRRP_DO_RX_LOWER,   /* id: notify_master_rx_lower_pri and its FIFO line */
	VRRP_DO_ANNOUNCE_LINKS, /* id: one of its addresses on each of their interfaces */
};

/* Things worth a log line that are no transition. Texts: vrrp_note_text(). */
enum vrrp_note {
	VRRP_NOTE_LOWER_DISCARDED, /* BACKUP: lower priority advert ignored, election coming */
	VRRP_NOTE_MASTER_CHANGED,  /* BACKUP: master set to / changed from address2 to address */
	VRRP_NOTE_PRIORITY_ZERO,   /* priority 0 advert received */
	VRRP_NOTE_RIVAL, /* MASTER hears another master and does not yield: both sides and why */
	VRRP_NOTE_RIVAL_GONE,	 /* ... and it has stopped: value = ms of overlap */
	VRRP_NOTE_OWNER_CLASH,	 /* two address owners */
	VRRP_NOTE_OWN_ADDRESS,	 /* equal priority advert from our own address */
	VRRP_NOTE_PREEMPT_DELAY, /* start (value = ms) or end (value = 0) */
	VRRP_NOTE_INTERVAL,	 /* advertisement interval learned: value = ms, from `rounds` ms */
	VRRP_NOTE_OWN_INTERVAL,	 /* ... and given up for the configured one, in the same way */
	VRRP_NOTE_WAITING_GROUP, /* wants MASTER, the sync group is not ready: cause has its name and
				  * the member's, address and priority the master that this one hears, if
				  * any, value its own priority */
	VRRP_NOTE_HELD_BY_GROUP, /* ... and that for longer than a takeover takes */
	VRRP_NOTE_STILL_FAULT,	 /* FAULT goes on, because of cause; value 1: only its number is new */
	VRRP_NOTE_VIP_RESTORED,	 /* address: removed by somebody else, put back */
	VRRP_NOTE_LEAVING,	 /* priority 0 sent, addresses kept until the new master speaks */
	VRRP_NOTE_HANDED_OVER,	 /* the new master (address) has spoken, value = ms since leaving */
	VRRP_NOTE_STALLED,	 /* woke value ms after the deadline */
	VRRP_NOTE_AUTH_OWNER_254, /* lowered to 254 because another owner persists */
};

struct vrrp_action {
	enum vrrp_action_kind kind;
	uint32_t id; /* instance, or group when is_group */
	bool is_group;
	uint8_t priority;     /* SEND_ADVERT; NOTE: the peer's; PRIORITY: new */
	uint8_t priority_old; /* PRIORITY */
	uint8_t note;	      /* enum vrrp_note */
	uint16_t from, to;    /* enum vrrp_state */
	uint32_t rounds;      /* ANNOUNCE; some notes have a number here */
	int64_t value;
	struct ip_addr address, address2;
	struct cause cause; /* TRANSITION, some notes */
};

/* Filled by the calls below, in the order in which things must happen; the caller empties it.
 * Its capacity is enough for the worst event of the router it was made for. */
struct vrrp_out {
	struct vrrp_action *v;
	unsigned n, cap;
};

/* ---- the machine --------------------------------------------------------------------------- */

/* What a restarted worker knows of its past. */
struct vrrp_past {
	uint32_t instance;
	enum vrrp_state state; /* MASTER is taken up again at once, if its faults allow */
	usec_t since;
	struct cause cause, followed; /* stay those of an adopted role; kind CAUSE_NONE: not known */
};

/* Allocates everything in an arena of its own. `conf` must outlive it (or a reload). */
struct vrrp_router *vrrp_router_new(const struct conf *conf);
struct vrrp_router *vrrp_router_free(struct vrrp_router *r);

/* Before VRRP_EV_START: this instance had this role a moment ago; if MASTER, its addresses are in place. */
void vrrp_router_adopt(struct vrrp_router *r, const struct vrrp_past *past);

/* One event. Appends actions to out->v (from out->n on). */
void vrrp_router_step(struct vrrp_router *r, usec_t now, const struct vrrp_event *ev,
		      struct vrrp_out *out);

/* Whether the last event left work for VRRP_EV_CONTINUE: its actions did not fit the output list.
 */
bool vrrp_router_busy(const struct vrrp_router *r);

/* The earliest moment at which something is due, USEC_NEVER when idle. VRRP_EV_TICK handles as much
 * of what is due as fits the output list: carry out the actions and tick again while deadline <=
 * now. Adverts due within the next millisecond may be sent in the same tick.
 *
 * Who was not run for a while must step every advert that has arrived before the first tick: an
 * advert that waits in a socket may make a timer stale. So after other events than ticks, use
 * VRRP_EV_CONTINUE and leave the timers for later. */
usec_t vrrp_router_deadline(const struct vrrp_router *r);

/* An output list big enough for any one event of this router, in its arena. It must be empty when
 * an event is stepped. */
struct vrrp_out vrrp_router_out(struct vrrp_router *r);

/* Whether everything has stopped after VRRP_EV_SHUTDOWN. */
bool vrrp_router_stopped(const struct vrrp_router *r);

/* Goes over to a new configuration: a new router that carries over roles, timers, tracker states
 * and counters of what is the same (VRID, family, interface, unicast or multicast,
 * address; not the name). *ret_old gets the actions about removed instances and groups, with ids of
 * the OLD configuration, in memory of the new router. Then the driver tells the links, sources and
 * trackers that the new router does not know yet (telling all is fine), and VRRP_EV_START: that
 * gives the actions for changed and new instances. Frees nothing: the caller frees `old` when the
 * actions are done. Adverts and ticks must wait until the new router is started. */
struct vrrp_router *vrrp_router_reload(const struct vrrp_router *old, const struct conf *conf,
				       usec_t now, struct vrrp_out *ret_old);

/* Which instance of the configuration before the reload this one continues, or CONF_NONE. */
uint32_t vrrp_router_old_id(const struct vrrp_router *r, uint32_t instance);

/* For every instance of `to`, which one of `from` it continues, or CONF_NONE. Linear. `ret` has
 * to->instances.n places. */
void vrrp_conf_match(const struct conf *from, const struct conf *to, uint32_t *ret);

/* ---- ports: the interfaces the configuration names ------------------------------------------ */

unsigned vrrp_router_ports(const struct vrrp_router *r);
const char *vrrp_router_port_name(const struct vrrp_router *r, uint32_t port);
/* CONF_NONE when no instance cares about it. */
uint32_t vrrp_router_port_find(const struct vrrp_router *r, const char *name);

/* ---- looking at it --------------------------------------------------------------------------- */

struct vrrp_priority_part {
	uint8_t kind;	/* TRACK_* */
	uint32_t index; /* position in the instance's (or its group's) list */
	const char *name;
	int32_t value;
	bool fault; /* it holds the instance in FAULT */
	bool known; /* it has a result */
};

struct vrrp_view {
	enum vrrp_state state;
	usec_t since;
	struct cause cause;
	struct cause followed; /* CAUSE_GROUP: that of the member it follows, as it was then */
	uint8_t base, effective;
	bool leaving, adopted;
	bool wants; /* BACKUP: it would be MASTER, its sync group is not ready */
	struct ip_addr source;
	struct ip_addr master; /* last master heard, or own source when MASTER */
	uint8_t master_priority;
	usec_t master_interval; /* M */
	usec_t master_heard;	/* time of its last advert, 0: never */
	usec_t master_down;	/* silence after which there is no master */
	struct ip_addr rival;	/* another master heard while MASTER; family 0: none */
	uint8_t rival_priority;
	usec_t rival_since, rival_last;
	uint32_t rival_adverts; /* adverts of rivals heard in all */
	usec_t deadline;
	uint64_t become_master, release_master, advert_sent, pri_zero_sent, pri_zero_rcvd,
		advert_rcvd;
};

void vrrp_router_view(const struct vrrp_router *r, uint32_t instance, struct vrrp_view *ret);
/* Contributions to the priority; returns how many (at most max are filled). */
unsigned vrrp_router_parts(const struct vrrp_router *r, uint32_t instance,
			   struct vrrp_priority_part *ret, unsigned max);
enum vrrp_state vrrp_router_group_state(const struct vrrp_router *r, uint32_t group,
					usec_t *ret_since, struct cause *ret_cause);

/* Sentences for logs and status, without the instance's name: "no advert from 10.0.0.2 for 3.61 s
 * (3 x 1 s + skew 0.61 s)". */
void vrrp_cause_text(const struct cause *c, struct buf *out);
/* What a member that is not ready to be MASTER does, for one that waits for it: "hears 10.0.0.2 with
 * priority 100, its own is 90", or, where it hears nobody (`master` is not set), "still listens ...". */
void vrrp_waiting_text(const struct ip_addr *master, uint8_t priority, uint8_t own, struct buf *out);
/* "received lower priority (90) advert from 10.0.0.2 - discarding"; `own` is the own priority. */
void vrrp_note_text(const struct vrrp_action *a, uint8_t own, struct buf *out);

/* ---- timers (RFC 3768 6.1, RFC 9568 6.1) ---------------------------------------------------- */

/* Skew time of a router with `priority`: v2 (256-P)/256 s, v3 (256-P) x M / 256. */
usec_t vrrp_skew_time(uint8_t version, uint8_t priority, usec_t master_interval);
usec_t vrrp_master_down_interval(uint8_t version, uint8_t priority, usec_t master_interval,
				 unsigned adverts);

#endif
