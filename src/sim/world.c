/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: virtual time, virtual packets, nodes that live and die; carries out the actions of the core
 * as the daemon does, with real packet bytes and their checks in between.
 * Must not know: which faults come, what is right.
 *
 * A node that was not run for a while reads what has arrived before it looks at its timers, as the
 * daemon promises.
 */
#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_ALONE 0xff

void sim_trace(const struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->trace)
		return;
	printf("%12.6f  ", (double)s->now / 1e6);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->failed)
		return;
	s->failed = true;
	n = snprintf(s->failure, sizeof(s->failure), "%.6f s: ", (double)s->now / 1e6);
	va_start(ap, fmt);
	vsnprintf(s->failure + n, sizeof(s->failure) - (size_t)n, fmt, ap);
	va_end(ap);
	sim_trace(s, "FAILED %s", s->failure);
}

usec_t sim_node_time(const struct sim *s, unsigned n)
{
	return s->now + s->node[n].offset;
}

static struct ip_addr node_address(unsigned n)
{
	return ip_from_bytes(IP_V4, (uint8_t[]){10, 0, 0, (uint8_t)(n + 1)});
}

/* ---- packets in flight ---- */

static bool packet_before(const struct sim_packet *a, const struct sim_packet *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void packet_push(struct sim *s, const struct sim_packet *p)
{
	unsigned at = s->n_packets++;

	if (s->n_packets > s->cap_packets) {
		s->cap_packets = s->cap_packets ? s->cap_packets * 2 : 64;
		s->packets = realloc(s->packets, s->cap_packets * sizeof(*s->packets));
		if (!s->packets)
			abort();
	}
	for (; at && packet_before(p, &s->packets[(at - 1) / 2]); at = (at - 1) / 2)
		s->packets[at] = s->packets[(at - 1) / 2];
	s->packets[at] = *p;
}

static struct sim_packet packet_pop(struct sim *s)
{
	struct sim_packet first = s->packets[0], last = s->packets[--s->n_packets];
	unsigned at = 0;

	for (;;) {
		unsigned child = at * 2 + 1;

		if (child >= s->n_packets)
			break;
		if (child + 1 < s->n_packets &&
		    packet_before(&s->packets[child + 1], &s->packets[child]))
			child++;
		if (!packet_before(&s->packets[child], &last))
			break;
		s->packets[at] = s->packets[child];
		at = child;
	}
	s->packets[at] = last;
	return first;
}

static void packet_send_to(struct sim *s, struct sim_packet p, unsigned to)
{
	if (sim_random_chance(&s->random, s->loss))
		return;
	p.to = (uint8_t)to;
	p.at = s->now + 50 + sim_random_below(&s->random, (uint32_t)s->delay_most + 1);
	p.order = s->sent++;
	if (sim_random_chance(&s->random, s->damage)) {
		p.damaged = true;
		p.data[VRRP_IP4_HEADER + sim_random_below(&s->random, p.len - VRRP_IP4_HEADER)] ^=
			(uint8_t)(1u << sim_random_below(&s->random, 8));
	}
	packet_push(s, &p);
}

static void advert_send(struct sim *s, unsigned n, unsigned instance, uint8_t priority)
{
	const struct conf_instance *c = s->node[n].conf->instances.v[instance];
	struct sim_packet p = {.from = (uint8_t)n, .instance = (uint8_t)instance};
	struct ip_addr from = node_address(n);
	size_t len;

	sim_check_sent(s, n, instance, priority);
	if (!s->node[n].link_up[instance])
		return;
	len = vrrp_pdu_write(c, priority, c->advert_int, &from, &c->group_addr,
			     p.data + VRRP_IP4_HEADER, sizeof(p.data) - VRRP_IP4_HEADER);
	vrrp_ip4_header_write(p.data, 1, 255, &from, &c->group_addr, len);
	p.len = (uint8_t)(VRRP_IP4_HEADER + len);
	for (unsigned to = 0; to < s->plan.nodes; to++) {
		if (to == n)
			continue;
		packet_send_to(s, p, to);
		if (sim_random_chance(&s->random, s->duplicate))
			packet_send_to(s, p, to);
	}
}

/* ---- the driver of a node ---- */

static void announced(struct sim *s, unsigned n, unsigned instance)
{
	struct sim_record *rec = &s->node[n].rec[instance];

	rec->announced = s->now;
}

static void action_do(struct sim *s, unsigned n, const struct vrrp_action *a)
{
	struct sim_record *rec =
		a->id < SIM_INSTANCES_MAX && !a->is_group ? &s->node[n].rec[a->id] : NULL;

	if (a->kind == VRRP_DO_SEND_ADVERT) {
		sim_trace(s, "n%u i%u sends advert %u", n, a->id, a->priority);
		advert_send(s, n, a->id, a->priority);
	} else if (a->kind == VRRP_DO_OWN) {
		rec->owns = true;
	} else if (a->kind == VRRP_DO_DISOWN) {
		sim_trace(s, "n%u i%u drops its addresses", n, a->id);
		rec->owns = false;
	} else if (a->kind == VRRP_DO_ANNOUNCE) {
		announced(s, n, a->id);
	} else if (a->kind == VRRP_DO_TRANSITION) {
		char text[200];
		struct buf b = BUF_ON(text);

		vrrp_cause_text(&a->cause, &b);
		sim_trace(s, "n%u %c%u %s -> %s: %s", n, a->is_group ? 'g' : 'i', a->id,
			  vrrp_state_name(a->from), vrrp_state_name(a->to), buf_text(&b));
		if (!a->is_group)
			sim_check_transition(s, n, a);
	} else if (a->kind == VRRP_DO_NOTE) {
		char text[200];
		struct buf b = BUF_ON(text);

		vrrp_note_text(a, 0, &b);
		sim_trace(s, "n%u i%u note: %s", n, a->id, buf_text(&b));
	}
}

static void node_stopped(struct sim *s, unsigned n)
{
	sim_trace(s, "n%u has stopped", n);
	s->node[n].router = vrrp_router_free(s->node[n].router);
	s->node[n].leaving = false;
}

static void node_actions(struct sim *s, unsigned n, const struct vrrp_event *ev)
{
	struct sim_node *node = &s->node[n];

	node->out.n = 0;
	vrrp_router_step(node->router, sim_node_time(s, n), ev, &node->out);
	s->steps++;
	for (unsigned k = 0; k < node->out.n; k++)
		action_do(s, n, &node->out.v[k]);
}

static void node_step(struct sim *s, unsigned n, const struct vrrp_event *ev)
{
	struct sim_node *node = &s->node[n];

	node_actions(s, n, ev);
	if (ev->kind == VRRP_EV_TICK)
		node->late = false;
	if (!node->booting)
		sim_check_node(s, n);
	if (vrrp_router_stopped(node->router))
		node_stopped(s, n);
}

static void node_tell(struct sim *s, unsigned n, const struct vrrp_event *ev)
{
	if (s->node[n].router)
		node_step(s, n, ev);
}

static void node_tell_world(struct sim *s, unsigned n)
{
	struct sim_node *node = &s->node[n];

	for (unsigned k = 0; k < s->plan.instances; k++) {
		struct vrrp_event link = {.kind = VRRP_EV_LINK};
		struct vrrp_event source = {.kind = VRRP_EV_SOURCE, .id = k};

		link.id =
			vrrp_router_port_find(node->router, node->conf->instances.v[k]->interface);
		link.link.exists = true;
		link.link.up = node->link_up[k];
		node_tell(s, n, &link);
		source.source = node_address(n);
		node_tell(s, n, &source);
	}
}

static void node_tell_script(struct sim *s, unsigned n)
{
	struct vrrp_event ev = {.kind = VRRP_EV_SCRIPT};

	ev.script.good = s->node[n].script_good;
	ev.script.status = !ev.script.good;
	node_tell(s, n, &ev);
}

static void node_boot(struct sim *s, unsigned n)
{
	struct sim_node *node = &s->node[n];
	const struct vrrp_event start = {.kind = VRRP_EV_START};

	sim_trace(s, "n%u starts%s", n, node->adopts ? " again and adopts" : "");
	node->router = vrrp_router_new(node->conf);
	node->out = vrrp_router_out(node->router);
	node->restart_at = USEC_NEVER;
	node->leaving = false;
	node->booting = true;
	node_tell_world(s, n);
	node_tell_script(s, n);
	for (unsigned k = 0; k < s->plan.instances; k++) {
		if (node->adopts)
			vrrp_router_adopt(node->router, &node->past[k]);
		else
			node->rec[k] = (struct sim_record){0};
		node->rec[k].sent = 0;
	}
	node->adopts = node->booting = false;
	node_tell(s, n, &start);
}

void sim_node_kill(struct sim *s, unsigned n, bool machine, usec_t down_for)
{
	struct sim_node *node = &s->node[n];

	if (!node->router || node->leaving)
		machine = true;
	sim_trace(s, "n%u %s", n, machine ? "crashes" : "is killed");
	for (unsigned k = 0; k < s->plan.instances; k++) {
		struct vrrp_view v = {0};

		if (node->router)
			vrrp_router_view(node->router, k, &v);
		node->past[k] =
			(struct vrrp_past){.instance = k, .state = v.state, .since = v.since};
		if (machine)
			node->rec[k].owns = false;
	}
	node->router = vrrp_router_free(node->router);
	node->adopts = !machine;
	node->leaving = false;
	node->restart_at = down_for == USEC_NEVER ? USEC_NEVER : s->now + down_for;
}

void sim_node_shutdown(struct sim *s, unsigned n)
{
	const struct vrrp_event ev = {.kind = VRRP_EV_SHUTDOWN};
	struct sim_node *node = &s->node[n];

	if (!node->router || node->leaving)
		return;
	sim_trace(s, "n%u shuts down", n);
	node->leaving = true;
	node->leave_by =
		usec_max(s->now + vrrp_skew_time(s->plan.version, 1, s->plan.interval_of[n]) + 1,
			 node->stalled_until);
	node_tell(s, n, &ev);
}

void sim_node_reload(struct sim *s, unsigned n)
{
	const struct vrrp_event start = {.kind = VRRP_EV_START};
	struct sim_node *node = &s->node[n];
	struct vrrp_router *old = node->router;
	struct vrrp_out removed;

	if (!old || node->leaving)
		return;
	sim_trace(s, "n%u reloads", n);
	node->conf = sim_conf_make(s, n);
	node->router = vrrp_router_reload(old, node->conf, sim_node_time(s, n), &removed);
	node->out = vrrp_router_out(node->router);
	vrrp_router_free(old);
	node_tell_world(s, n);
	node_tell(s, n, &start);
}

void sim_node_stall(struct sim *s, unsigned n, usec_t time)
{
	sim_trace(s, "n%u is not run for %.3f s", n, (double)time / 1e6);
	s->node[n].stalled_until = s->now + time;
	s->node[n].leave_by = usec_max(s->node[n].leave_by, s->node[n].stalled_until);
	s->node[n].late = true;
}

/* Forward only: a monotonic clock does not run back. */
void sim_node_clock_step(struct sim *s, unsigned n, usec_t step)
{
	sim_trace(s, "n%u's clock jumps by %.3f s", n, (double)step / 1e6);
	s->node[n].offset += step;
	s->node[n].late = true;
}

void sim_node_link(struct sim *s, unsigned n, unsigned link, bool up)
{
	struct vrrp_event ev = {.kind = VRRP_EV_LINK};

	sim_trace(s, "n%u link %u %s", n, link, up ? "up" : "down");
	s->node[n].link_up[link] = up;
	if (!s->node[n].router)
		return;
	ev.id = vrrp_router_port_find(s->node[n].router,
				      s->node[n].conf->instances.v[link]->interface);
	ev.link.exists = true;
	ev.link.up = up;
	node_tell(s, n, &ev);
}

void sim_node_script(struct sim *s, unsigned n, bool good)
{
	sim_trace(s, "n%u script %s", n, good ? "good" : "bad");
	s->node[n].script_good = good;
	node_tell_script(s, n);
}

void sim_node_vip_gone(struct sim *s, unsigned n, unsigned instance)
{
	struct vrrp_event ev = {.kind = VRRP_EV_VIP_GONE, .id = instance};

	if (!s->node[n].router || s->node[n].leaving)
		return;
	sim_trace(s, "n%u i%u loses an address", n, instance);
	ev.vip = s->node[n].conf->instances.v[instance]->vips.v[0]->addr; /* put back, if it was */
	s->node[n].rec[instance].owns = false;
	node_tell(s, n, &ev);
}

/* ---- receiving ---- */

static bool connected(const struct sim *s, const struct sim_packet *p)
{
	const struct sim_node *from = &s->node[p->from], *to = &s->node[p->to];

	return !s->deaf[p->to][p->from] && from->cell[p->instance] == to->cell[p->instance] &&
	       to->link_up[p->instance];
}

/* What was heard, for the properties. Whether a MASTER must yield now. */
static bool heard(struct sim *s, const struct sim_packet *p, const struct vrrp_advert *a)
{
	struct sim_record *rec = &s->node[p->to].rec[p->instance];
	struct vrrp_view v;

	vrrp_router_view(s->node[p->to].router, p->instance, &v);
	if (!a->priority) {
		rec->heard_zero = true;
		rec->zero_at = v.state == VRRP_BACKUP ? sim_node_time(s, p->to) : 0;
		return false;
	}
	rec->zero_at = 0;
	rec->last_priority = a->priority;
	rec->last_from = p->from;
	rec->heard_any = sim_node_time(s, p->to);
	if (a->priority >= v.effective) {
		rec->heard_better = rec->heard_any;
		rec->heard_zero = false;
	} else if (v.state == VRRP_MASTER && !v.leaving) {
		rec->rival_at = s->now;
	}
	return v.state == VRRP_MASTER && !v.leaving && sim_advert_beats(rec, v.effective, p->to);
}

static void packet_receive(struct sim *s, const struct sim_packet *p)
{
	struct sim_node *node = &s->node[p->to];
	const struct conf_instance *c = node->conf->instances.v[p->instance];
	struct vrrp_event ev = {.kind = VRRP_EV_ADVERT, .id = p->instance};
	struct vrrp_rx rx = {.data = p->data, .len = p->len, .to = c->group_addr};
	enum vrrp_rx_verdict v;
	unsigned odd;
	int got, expected;
	bool yield;

	if (!node->router || !connected(s, p))
		return;
	rx.from = ev.rx.from = node_address(p->from);
	v = vrrp_rx_check(c, &rx, true, &ev.rx.advert, &odd, &got, &expected);
	if ((v == VRRP_RX_OK) == p->damaged)
		sim_fail(s, "n%u judged a %s packet %d", p->to, p->damaged ? "damaged" : "good", v);
	if (v != VRRP_RX_OK)
		return;
	yield = heard(s, p, &ev.rx.advert);
	node_tell(s, p->to, &ev);
	if (yield)
		sim_check_yielded(s, p->to, p->instance);
}

/* ---- time ---- */

/* When a node wants to be run, in true time. */
static usec_t node_due(const struct sim *s, unsigned n)
{
	const struct sim_node *node = &s->node[n];
	usec_t due;

	if (!node->router)
		return node->restart_at;
	due = vrrp_router_deadline(node->router);
	if (due == USEC_NEVER)
		return due;
	return usec_max(due - node->offset, node->stalled_until);
}

static unsigned node_next(const struct sim *s, usec_t *ret_due)
{
	unsigned next = NODE_ALONE;

	*ret_due = USEC_NEVER;
	for (unsigned n = 0; n < s->plan.nodes; n++)
		if (node_due(s, n) < *ret_due) {
			*ret_due = node_due(s, n);
			next = n;
		}
	return next;
}

static void packet_next(struct sim *s)
{
	struct sim_packet p = packet_pop(s);

	s->now = usec_max(s->now, p.at);
	if (s->node[p.to].router && s->node[p.to].stalled_until > s->now) {
		p.at = s->node[p.to].stalled_until; /* it waits in the socket */
		packet_push(s, &p);
		return;
	}
	packet_receive(s, &p);
}

static void node_run(struct sim *s, unsigned n, usec_t due)
{
	const struct vrrp_event tick = {.kind = VRRP_EV_TICK};

	s->now = usec_max(s->now, due);
	if (s->node[n].router)
		node_step(s, n, &tick);
	else
		node_boot(s, n);
}

void sim_run_until(struct sim *s, usec_t until)
{
	while (!s->failed) {
		usec_t due, at = s->n_packets ? s->packets[0].at : USEC_NEVER;
		unsigned n = node_next(s, &due);

		if (usec_min(due, at) > until)
			break;
		if (at <= due)
			packet_next(s);
		else
			node_run(s, n, due);
		if (s->now >= s->last_fault + sim_bound(s))
			sim_check_settled(s);
	}
	if (!s->failed)
		s->now = until;
}

void sim_free(struct sim *s)
{
	for (unsigned n = 0; n < SIM_NODES_MAX; n++)
		s->node[n].router = vrrp_router_free(s->node[n].router);
	free(s->packets);
	s->packets = NULL;
	s->arena = arena_free(s->arena);
}
