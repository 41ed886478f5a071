/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the vrrp process share: the driver of the pure election (core/vrrp). Events of
 * the kernel and of other processes become events of the router, its actions become packets,
 * addresses, announcements, log lines, board records and notifications.
 *
 *	worker.c	start, messages, timers, stop	receive.c	packets -> events
 *	generation.c	what follows from one file	adverts.c	packets out
 *	links.c		interfaces and sources		addresses.c	addresses and announcements
 *	perform.c	actions, one by one		announce.c	gratuitous ARP and NA, their pace
 *	report.c	board, log, notifications	requests.c	addresses to the kernel
 *	sync.c		the state that lvs wants to know	guard.c	accept mode off
 *
 * Everything is allocated when a configuration is taken up; after that nothing is.
 */
#ifndef HF_PROC_VRRP_DRIVER_H
#define HF_PROC_VRRP_DRIVER_H

#include "conf/conf.h"
#include "core/reconcile/address_book.h"
#include "core/vrrp/vrrp.h"
#include "io/errand.h"
#include "io/firewall.h"
#include "io/loop.h"
#include "io/netlink.h"
#include "io/sched.h"
#include "io/vrrp_socket.h"
#include "ipc/board.h"
#include "ipc/channel.h"

#define LINK_NONE UINT32_MAX
#define OUTBOX_MAX 4096 /* notifications that wait for the runner */

/* Gap between announcements on a set of interfaces (garp_group, vrrp_garp_interval). */
struct pace {
	usec_t arp_gap, na_gap;
	usec_t arp_next, na_next;
};

/* An interface the configuration names. */
struct link {
	char name[16];
	uint32_t index; /* 0: it doesn't exist */
	uint32_t port;	/* the router's number of it, CONF_NONE: the router doesn't care */
	bool up, noarp, ethernet, router6;
	bool changed;	/* since the last links_settle() */
	bool was_down;	/* since its addresses were last made sure of */
	bool promoted;	/* promote_secondaries was 0 and is to be 0 again */
	bool new_mac;	/* what the neighbours know of its addresses is wrong */
	uint32_t strayed; /* index of the interface that had this name and may hold our addresses, 0: none */
	uint32_t strayed_at; /* the slots before are seen to */
	uint8_t mac[6];
	struct pace *pace;	    /* NULL: none */
	usec_t down_delay, up_delay; /* debounce */
	usec_t router6_until; /* how long router6 may be believed */
	unsigned said_turn; /* last links_turn at which something was announced here */
	bool told_up;	/* what the router knows */
	uint32_t told_index;
	usec_t tell_at;	/* when it will be told otherwise, USEC_NEVER: nothing to tell */
};

/* A raw socket pair shared by the instances on one (family, interface, group or local address). */
struct vrrp_port {
	struct vrrp_port *next;
	struct vrrp_worker *worker;
	enum ip_family family;
	uint32_t ifindex;
	struct ip_addr group, local;
	int rx_fd, tx_fd;
	struct loop_fd *watch;
	bool used;
	uint32_t by_vrid[256]; /* instance id + 1; more with the same VRID: vi.next_same */
	unsigned n_tx;
	struct vrrp_socket_tx tx[VRRP_TX_BATCH];
};

/* One address of an instance (or a static one). */
struct va {
	const struct conf_address *conf;
	uint32_t link, slot;
	bool fresh; /* new since the last reload, not announced yet */
};

/* An instance at run time. The last one of a generation stands for the static addresses. */
struct vi {
	const struct conf_instance *conf; /* NULL: static addresses */
	struct conf_instance *detect; /* conf again, where its old_unicast_checksum may be switched */
	uint32_t id, link;
	enum vrrp_state state; /* copy of the router's */
	struct ip_addr source;
	struct vrrp_port *port;
	uint32_t next_same;    /* instance id + 1 with the same VRID on the same port */
	bool drop, guarded;    /* accept mode off; its drop rules are there */
	bool owning, dirty;    /* dirty: its board record is to be written */
	bool leaving;	       /* its addresses are, the board still has them */
	struct va *va;
	unsigned n_va;
	/* adverts: one packet per destination, built when something in them changes */
	uint8_t *packets;
	unsigned n_dest, stride, length;
	uint8_t packet_priority;
	bool built, queued;
	uint16_t ip_id;
	/* addresses and announcements to do */
	struct vi *next_work;
	bool working, waiting; /* waiting: for its pace */
	bool fresh_only;
	unsigned add_at, say_at, rounds;
	/* receiving */
	struct ip_addr last_from;
	uint64_t logged; /* bits of enum vrrp_rx_verdict, then odd things, already logged */
	usec_t forgot_logged; /* when they were last cleared for a new master */
	struct board_instance *board;
};

/* Everything that follows from one configuration. */
struct generation {
	struct arena *arena;
	struct conf_loaded loaded;
	const struct conf *conf;
	struct vrrp_router *router;
	struct vrrp_out out;
	struct vrrp_out parting; /* what is left to do for instances the last reload removed */
	struct board board;
	struct link *links;
	unsigned n_links;
	usec_t link_tell_at; /* earliest link.tell_at */
	struct vi *vis; /* conf->instances.n + 1 */
	unsigned n_vis;
	struct address_book *book;
	uint32_t *gone;	/* slots removed by somebody else, not told yet */
	unsigned n_gone;
	uint32_t *dirty; /* instances whose record is to be written */
	unsigned n_dirty;
	bool groups_dirty;
	bool ports_stale; /* an interface or source changed: sockets must be found anew */
};

enum request_kind {
	REQUEST_ADD,
	REQUEST_REMOVE,
	REQUEST_STRAYED,
};

#define REQUEST_MAX NETLINK_BATCH_MAX
#define REQUEST_PARTS 32

/* What of va[from..to) of an instance was missing: n changes of a request. */
struct request_part {
	struct vi *vi;
	unsigned from, to, n;
};

/* A batch of address changes for the kernel, one at a time. */
struct request {
	enum request_kind kind;
	bool away; /* it takes its time, the loop goes on */
	struct request_part parts[REQUEST_PARTS]; /* ADD */
	unsigned n_parts, n;
	uint32_t index[REQUEST_MAX]; /* ADD: of va; else slots */
	struct address_change changes[REQUEST_MAX];
};

struct vrrp_worker {
	struct loop *loop;
	struct loop_timer *timer, *heartbeat, *pacer, *outbox_timer;
	struct channel supervisor, runner, lvs;
	struct loop_fd *supervisor_watch, *runner_watch, *lvs_watch, *netlink_watch;
	uint32_t lvs_wanted; /* generation of which lvs wants to know the state, 0: none */
	bool lvs_told;
	enum vrrp_state lvs_told_state;
	struct netlink *netlink;
	struct vrrp_rx_ring *ring;
	struct vrrp_port *ports;
	struct firewall *firewall; /* NULL until accept mode off is needed */
	int frame_fd;
	struct msg_config options; /* of the newest CONFIG */
	struct generation *g;	   /* in force, NULL before the first */
	struct generation *retired; /* to be freed when the new one is in force */
	struct reading *held; /* one that is to be taken up when what is on its way is back */
	struct errand *errand;
	struct request request;
	bool blocked; /* all work waits for the request */
	bool strayed; /* a link has strayed addresses */
	bool leaving; /* an instance has addresses that leave */
	bool guards_due, guards_stale; /* drop rules are to go when their addresses are; all, to be made anew */
	struct vi *work_head, **work_tail;
	struct msg_notify *outbox;
	unsigned outbox_head, outbox_n;
	uint64_t outbox_lost;
	uint64_t notify_sequence;
	bool stopping, stopped, idle_armed;
	bool denied; /* a raw socket needs privileges we don't have */
	bool reading, stop_wanted; /* a configuration is being read; stop when it is in force */
	volatile bool demoted, demoted_told;
	struct sched_got sched;
	struct vi *queued[VRRP_TX_BATCH]; /* their packets are in a port's batch */
	unsigned n_queued;
	usec_t pace_at;
	unsigned pace_turn;
	unsigned links_turn; /* of announce_links() */
	uint8_t frames[FRAME_BATCH][VRRP_ANNOUNCE_MAX];
};

/* worker.c */
/* Nothing is to be done now: perhaps others have waited for that. */
void worker_settled(struct vrrp_worker *w);

/* generation.c */
/* Builds what follows from a loaded configuration alone, with room for what an old one with so many
 * links and addresses leaves behind. Touches nothing else: may run aside. NULL when the board does
 * not fit (the loaded configuration is freed then). */
struct generation *generation_build(struct conf_loaded loaded, int board_fd, unsigned old_links,
				    unsigned old_slots);
/* Gives it a router, and what the one in force until now (or NULL) leaves to it. */
void generation_join(struct vrrp_worker *w, struct generation *g, struct generation *old);
struct generation *generation_free(struct generation *g);
/* Takes it up: leftovers are removed, the router is told everything and started. */
void generation_start(struct vrrp_worker *w, struct generation *g, struct generation *old);

/* links.c */
struct link *link_find(struct generation *g, const char *name);
void links_event(void *ctx, const struct link_state *l, bool gone);
void links_address_event(void *ctx, const struct address_state *a, bool gone);
/* Tells the router what changed since the last call. */
void links_settle(struct vrrp_worker *w);
void links_read(struct vrrp_worker *w, struct generation *g);
/* Tells the router of every link and source, whether changed or not. */
void links_tell_all(struct vrrp_worker *w, struct generation *g);
/* Sets promote_secondaries where it is asked for, and takes it back where it no longer is. */
void links_promote(struct generation *g, struct generation *old);
void links_demote(struct generation *g);
usec_t links_deadline(const struct vrrp_worker *w);

/* receive.c */
void ports_attach(struct vrrp_worker *w, struct generation *g);
void ports_close_unused(struct vrrp_worker *w, struct generation *g);

/* adverts.c */
void adverts_send(struct vrrp_worker *w, struct generation *g, struct vi *vi, uint8_t priority);
void adverts_flush(struct vrrp_worker *w);

/* perform.c */
/* One event for the router and its actions carried out; a tick: everything that is due by now. */
void driver_event(struct vrrp_worker *w, const struct vrrp_event *ev);
void driver_perform(struct vrrp_worker *w, struct generation *g, struct vrrp_out *out);
void driver_arm(struct vrrp_worker *w);

/* addresses.c */
void addresses_own(struct vrrp_worker *w, struct generation *g, struct vi *vi);
void addresses_disown(struct vrrp_worker *w, struct generation *g, struct vi *vi);
/* The board says that address i of an instance is there: the supervisor removes it, should we die. */
void addresses_note(struct generation *g, const struct vi *vi, unsigned i, bool present);
/* The board says it of what a predecessor or the old configuration has put there. */
void addresses_inherited(struct vrrp_worker *w, struct generation *g);
const char *addresses_owner(const struct vi *vi);
void addresses_announce(struct vrrp_worker *w, struct vi *vi, uint32_t rounds, bool fresh_only);
/* The kernel has, as far as it would, va[from..to) of vi. */
void addresses_added(struct vrrp_worker *w, struct generation *g, struct vi *vi, unsigned from, unsigned to);
/* One slice of work for loop_idle(); whether there is more. */
bool addresses_work(void *ctx);
/* Whether there is work / work that needs not wait for a request that is away. */
bool addresses_busy(struct vrrp_worker *w);
bool addresses_ready(struct vrrp_worker *w);
/* A request is back. */
void addresses_resume(struct vrrp_worker *w);
void addresses_paced(void *ctx);

/* requests.c */
/* 0, or -errno: then we wait for every request. `begin` is called in the thread that carries them. */
int requests_open(struct vrrp_worker *w, void (*begin)(void *ctx));
/* None of these may be called while a request is away. A new one to add addresses. */
void requests_add_begin(struct vrrp_worker *w);
/* It is to add what is missing of va[from..to) too. Whether it fits. */
bool requests_add(struct vrrp_worker *w, struct generation *g, struct vi *vi, unsigned from, unsigned to);
/* Off with it. When it is back addresses_added() is called for each of its parts. */
void requests_add_send(struct vrrp_worker *w);
/* Removes some of what is surplus / all, however long it takes. */
void requests_remove(struct vrrp_worker *w, struct generation *g);
void requests_remove_all(struct vrrp_worker *w, struct generation *g);
/* Removes some of what we had put on link l from the interface that has lost l's name. */
void requests_remove_strayed(struct vrrp_worker *w, struct generation *g, struct link *l);

/* announce.c */
/* Announces va[from..to) that are there; stops where the pace forbids it: returns where, *ret_wait is
 * until when. */
unsigned announce_some(struct vrrp_worker *w, struct generation *g, struct vi *vi, unsigned from, unsigned to,
		       usec_t *ret_wait);
bool announce_paced(const struct generation *g, const struct vi *vi);
/* Neighbour advertisements say whether we forward; the answer is good for a few seconds. */
void announce_routers_read(struct generation *g, struct vi *vi);
/* One address on each interface, so that switches do not forget it. */
void announce_links(struct vrrp_worker *w, struct generation *g, struct vi *vi);
/* So that unicast peers refresh their neighbour entry. */
void announce_source(struct vrrp_worker *w, struct vi *vi);

/* guard.c */
/* The drop rules of an instance with accept mode off, on or off; others: nothing. */
void guard_set(struct vrrp_worker *w, struct generation *g, struct vi *vi, bool on);
/* After a reload: the rules of the new configuration. */
void guard_reload(struct vrrp_worker *w, struct generation *g);
/* Rules outlast their addresses: those whose addresses are gone now go. */
void guard_settle(struct vrrp_worker *w, struct generation *g);

/* sync.c */
/* A channel to lvs, in place of an older one. */
void sync_attach(struct vrrp_worker *w, int fd);
/* Tells it the state of the instance it follows, if it wants to know and does not yet. */
void sync_tell(struct vrrp_worker *w);

/* report.c */
void report_transition(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a);
void report_priority(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a);
void report_note(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a);
void report_rx_lower(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a);
/* Writes the records that an event has changed, when it is over. */
void report_flush(struct generation *g);
void report_advert(struct generation *g, struct vi *vi, uint8_t priority, usec_t now);
void report_all(struct generation *g);
void report_counters_clear(struct generation *g);
void report_states_to_fifo(struct vrrp_worker *w, struct generation *g);
void report_outbox_send(void *ctx);

#endif
