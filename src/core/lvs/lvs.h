/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decisions of load balancing: verdicts of checkers -> state and weight of real servers -> quorum
 * -> which destinations every service should have now. Pure: time comes in, events and tables go out.
 *
 * One `struct lvs` per configuration; lvs_new() carries over what the previous one knew. Owns every
 * rule about alpha, inhibit, quorum, sorry server, dynamic weights, draining, slow start and panic.
 * Must not know engines, sockets, processes.
 */
#ifndef HF_CORE_LVS_LVS_H
#define HF_CORE_LVS_LVS_H

#include "model/lvs.h"
#include "model/service.h"

struct lvs;

#define LVS_REASON_MAX 120

/* What a checker says now. */
struct lvs_verdict {
	bool up;
	bool drain;	       /* agent: no new connections, but not failed */
	bool absent;	       /* it can't be run: the server is judged without it */
	bool has_percent;      /* agent: the weight is `percent` of the configured one */
	uint16_t percent;
	int64_t contribution;  /* added to the weight: MISC_CHECK dynamic */
	char reason[LVS_REASON_MAX]; /* why it is not up, or absent; "": none given */
};

/* What a predecessor that died knew, from its board: looked up by address and port inside a virtual
 * server; NULL functions: nothing is known. */
struct lvs_past {
	void *ctx;
	bool (*quorum)(void *ctx, const struct conf_virtual_server *vs, bool *ret_up);
	/* Asked where the quorum is known. */
	bool (*panic)(void *ctx, const struct conf_virtual_server *vs);
	bool (*server)(void *ctx, const struct conf_real_server *rs, bool *ret_up);
	/* When it became so; 0: not known. */
	usec_t (*quorum_since)(void *ctx, const struct conf_virtual_server *vs);
	usec_t (*server_since)(void *ctx, const struct conf_real_server *rs);
};

/* What has happened, for notifications, the log and the event ring. */
enum lvs_event_kind {
	LVS_RS_UP,
	LVS_RS_DOWN,
	LVS_RS_WEIGHT,	 /* the effective weight has changed (not by slow start) */
	LVS_QUORUM_UP,
	LVS_QUORUM_DOWN,
	LVS_SORRY_ON,	 /* the sorry server is in */
	LVS_SORRY_OFF,
	LVS_PANIC_ON,	 /* too many failed together: all are served */
	LVS_PANIC_OFF,
	LVS_DRAINING,	 /* a server gets no new connections and will leave the table (drain_timeout) */
	LVS_DRAINED,	 /* it has left the table */
	LVS_CHECKER_UP,	 /* one checker changed (for mails); `checker` is set */
	LVS_CHECKER_DOWN,
};

/*
 * The order of events is that of their notifications: for one verdict the server's change, panic,
 * quorum and sorry server, at last the checker (its mail). What is to be told:
 *   initial RS_UP            only with rs_init_notifies
 *   initial QUORUM_UP        like any other
 *   initial QUORUM_DOWN      comes only when there is a sorry server, then like any other
 *   initial CHECKER_x        first verdict of a MISC_CHECK without a change
 */

struct lvs_event {
	uint8_t kind;
	bool initial;	/* a state at start, not a change (rs_init_notifies, quorum at start) */
	bool stopping;	/* by lvs_stop() or by removal in a reload */
	bool rs_up;	/* state of the server after the event (for mails about its checkers) */
	bool rs_changed; /* CHECKER_x: the server's state changed with it (no_checker_emails) */
	uint32_t vs, rs, checker; /* ids; CONF_NONE: not about one, or of the old configuration: see names */
	/* Ids in the previous configuration of what a reload removed (its scripts and mails), else
	 * CONF_NONE. The virtual server may still exist: then `vs` is set, too. */
	uint32_t old_vs, old_rs;
	int64_t weight; /* effective weight of the server; live weight of the virtual server */
	uint32_t quorum, hysteresis;
	char vs_name[96], rs_name[96]; /* text forms of the manual */
	char reason[LVS_REASON_MAX];
};

/* State of a configuration, in `a`. `old` (or NULL) is the state of the previous configuration: same
 * servers keep state, weights, ramps; checkers of the same identity (core/check/key.h) keep their
 * verdict. Servers gone drain if their configuration said so. Events: lvs_next_event().
 * With `past` (and no old) servers and quorum start as the predecessor left them, without events; a
 * server that was down stays so until each of its checkers has given a verdict; quorum and panic are
 * judged at the first lvs_desired() (take the events after it), by when the others should have said
 * what they know. `old` and `past` are not needed after the call; take the events of `old` before. */
struct lvs *lvs_new(const struct conf *conf, struct arena *a, const struct lvs *old,
		    const struct lvs_past *past, usec_t now);

/* Events. Ids out of range are ignored. */
void lvs_set_verdict(struct lvs *l, uint32_t checker, const struct lvs_verdict *v, usec_t now);
void lvs_set_file(struct lvs *l, uint32_t file, int64_t value, usec_t now); /* every FILE_CHECK on it */
void lvs_set_bfd(struct lvs *l, uint32_t bfd, bool up, usec_t now);
/* Weight set from outside (SNMP, command) in place of the configured one, until the next configuration. */
void lvs_override_weight(struct lvs *l, uint32_t rs, uint32_t weight, usec_t now);
/* A time that was due has come. */
void lvs_tick(struct lvs *l, usec_t now);
/* When lvs_tick() wants to be called; USEC_NEVER: not. */
usec_t lvs_deadline(const struct lvs *l);
/* The daemon stops: notifications of virtual servers with omega, nothing desired any more. */
void lvs_stop(struct lvs *l, usec_t now);

/* The oldest event not yet taken; false: none. */
bool lvs_next_event(struct lvs *l, struct lvs_event *ret);

/* Whether the table of desired services may be another one than at the last lvs_desired(). */
bool lvs_is_dirty(const struct lvs *l);
/* All services that should be, sorted, in `a`. Groups are expanded here (one service per address
 * and protocol, or per mark); `marks` says the first mark of nftables_ipvs mode, in which a group
 * without marks is one mark service (lvs_group_mark()). Clears the dirty flag. */
void lvs_desired(struct lvs *l, struct arena *a, struct service_table *ret);
/* Only those services, sorted and complete with all destinations, that may differ from what the last
 * lvs_desired() or lvs_desired_changed() gave: a verdict among 10,000 servers costs one service. The
 * others are as they were; none has gone. Diff: services_diff(&applied, &part, NULL, ...), then
 * service_table_replace(&applied, &part, ...). Clears the dirty flag. False, and nothing is cleared:
 * everything may differ (after lvs_new() and lvs_stop()), take lvs_desired(). */
bool lvs_desired_changed(struct lvs *l, struct arena *a, struct service_table *ret);
/* The mark of a group's virtual server in nftables_ipvs mode, 0: it has none. */
uint32_t lvs_group_mark(const struct conf *conf, const struct conf_virtual_server *vs);

/* For the board. */
struct lvs_server_view {
	bool up, in_table, ramping;
	bool draining;	      /* an agent says so, or it is up with weight 0, until drain_timeout is over */
	bool idle;	      /* up, but its weight is 0: it gets nothing new */
	bool told_to_drain;   /* by an agent */
	bool sorry_displaced; /* would receive, but the sorry server does */
	uint32_t weight;   /* in the kernel */
	uint32_t target;   /* what a slow start leads to; else like `weight` */
	usec_t until;	   /* of its slow start, or of its draining; USEC_NEVER: neither */
	uint32_t failed_checker; /* the first; CONF_NONE: none */
	uint32_t absent_checker; /* the same of those that can't be run */
	int64_t effective; /* configured (or overridden) + contributions, not clamped */
	unsigned failed_checkers, absent_checkers;
	usec_t since;
	const char *reason; /* of the first failed checker, else of the first absent one, or "" */
};
struct lvs_service_view {
	bool quorum_up, sorry, panic;
	int64_t live_weight;
	uint32_t quorum, hysteresis; /* in force */
	unsigned up, total;
	unsigned unchecked; /* servers with absent checkers */
	unsigned idle;
	usec_t since;
};
/* A server that a reload removed, while it drains. */
struct lvs_drain_view {
	const char *name;
	const struct dest *dest; /* its port as configured */
	usec_t until;
};
struct lvs_server_view lvs_view_server(const struct lvs *l, uint32_t rs);
struct lvs_service_view lvs_view_service(const struct lvs *l, uint32_t vs);
/* The i-th of a virtual server; false: there are no more. */
bool lvs_view_drain(const struct lvs *l, uint32_t vs, unsigned i, struct lvs_drain_view *ret);

/* Text forms (lvs manual): "[ADDR]:tcp:80", "FWM 1", "[GROUP]:0"; the server has its service's protocol. */
#define LVS_NAME_MAX 96
const char *lvs_service_name(const struct conf_virtual_server *vs, char buf[static LVS_NAME_MAX]);
const char *lvs_server_name(const struct conf_real_server *rs, const struct conf_virtual_server *vs,
			    char buf[static LVS_NAME_MAX]);

#endif
