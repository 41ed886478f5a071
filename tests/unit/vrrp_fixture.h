/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A router under test: a configuration made by hand, the time, and the actions of the last step. */
#ifndef HF_TEST_VRRP_FIXTURE_H
#define HF_TEST_VRRP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/vrrp/vrrp.h"

#define MS USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define T0 (1000 * SEC) /* when tests begin */

static inline struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(text, &a));
	return a;
}

static inline struct conf *conf_empty(void)
{
	struct arena *a = arena_new();
	struct conf *c = arena_new_of(a, struct conf);

	c->arena = a;
	return c;
}

static inline struct conf_address *conf_vip(struct conf *c, struct conf_instance *i,
					    const char *text)
{
	struct conf_address *a = arena_new_of(c->arena, struct conf_address);

	a->addr = ip(text);
	a->prefix = (uint8_t)ip_bits(&a->addr);
	vec_push(c->arena, &i->vips, a);
	return a;
}

static inline struct conf_instance *conf_instance_add(struct conf *c, const char *name,
						      uint8_t vrid, uint8_t priority)
{
	struct conf_instance *i = arena_new_of(c->arena, struct conf_instance);

	i->id = c->instances.n;
	i->group = CONF_NONE;
	i->name = name;
	i->interface = "eth0";
	i->family = IP_V4;
	i->version = 2;
	i->vrid = vrid;
	i->priority = priority;
	i->state = VRRP_BACKUP;
	i->down_timer_adverts = 3;
	i->advert_int = SEC;
	i->group_addr = ip("224.0.0.18");
	i->garp_master_delay = 5 * SEC;
	i->garp_master_repeat = 5;
	i->garp_master_refresh_repeat = 1;
	i->garp_lower_prio_repeat = 5;
	i->garp_lower_prio_delay = 5 * SEC;
	vec_push(c->arena, &c->instances, i);
	return i;
}

static inline struct conf_group *conf_group_add(struct conf *c, const char *name)
{
	struct conf_group *g = arena_new_of(c->arena, struct conf_group);

	g->id = c->groups.n;
	g->name = name;
	vec_push(c->arena, &c->groups, g);
	for (unsigned k = 0; k < c->instances.n; k++) {
		vec_push(c->arena, &g->members, k);
		c->instances.v[k]->group = g->id;
	}
	return g;
}

static inline void conf_track_add(struct conf *c, conf_track_list *tracks, unsigned kind,
				  const char *name, uint32_t id, int32_t weight)
{
	struct conf_track *t = arena_new_of(c->arena, struct conf_track);

	t->name = name;
	t->id = id;
	t->weight = weight;
	vec_push(c->arena, &tracks[kind], t);
}

static inline uint32_t conf_script_add(struct conf *c, const char *name)
{
	struct conf_vrrp_script *s = arena_new_of(c->arena, struct conf_vrrp_script);

	s->id = c->scripts.n;
	s->name = name;
	s->script = arena_new_of(c->arena, struct conf_script);
	s->script->command = name;
	s->rise = s->fall = 1;
	vec_push(c->arena, &c->scripts, s);
	return s->id;
}

struct bench {
	struct conf *conf;
	struct vrrp_router *r;
	struct vrrp_out out;
	usec_t now;
};

static inline void bench_step(struct bench *b, const struct vrrp_event *ev)
{
	b->out.n = 0;
	vrrp_router_step(b->r, b->now, ev, &b->out);
}

static inline void bench_link(struct bench *b, const char *name, bool up)
{
	struct vrrp_event ev = {.kind = VRRP_EV_LINK, .id = vrrp_router_port_find(b->r, name)};

	ev.link.exists = true;
	ev.link.up = up;
	bench_step(b, &ev);
}

static inline void bench_source(struct bench *b, uint32_t id, const char *source)
{
	struct vrrp_event ev = {.kind = VRRP_EV_SOURCE, .id = id};

	if (source)
		ev.source = ip(source);
	bench_step(b, &ev);
}

/* All interfaces up, every instance has the source 10.0.0.1; not started. */
static inline struct bench bench_new(struct conf *c)
{
	struct bench b = {.conf = c, .r = vrrp_router_new(c), .now = T0};

	b.out = vrrp_router_out(b.r);
	for (unsigned p = 0; p < vrrp_router_ports(b.r); p++)
		bench_link(&b, vrrp_router_port_name(b.r, p), true);
	for (unsigned k = 0; k < c->instances.n; k++)
		bench_source(&b, k, c->instances.v[k]->family == IP_V4 ? "10.0.0.1" : "fe80::1");
	return b;
}

static inline void bench_free(struct bench *b)
{
	vrrp_router_free(b->r);
	arena_free(b->conf->arena);
}

static inline void bench_event(struct bench *b, enum vrrp_event_kind kind)
{
	struct vrrp_event ev = {.kind = kind};

	bench_step(b, &ev);
}

static inline void bench_start(struct bench *b)
{
	bench_event(b, VRRP_EV_START);
}

/* To the moment of the next deadline, and over it. */
static inline void bench_next(struct bench *b)
{
	assert_true(vrrp_router_deadline(b->r) != USEC_NEVER);
	b->now = usec_max(b->now, vrrp_router_deadline(b->r));
	bench_event(b, VRRP_EV_TICK);
}

static inline void bench_advert(struct bench *b, uint32_t id, uint8_t priority, const char *from,
				usec_t interval)
{
	struct vrrp_event ev = {.kind = VRRP_EV_ADVERT, .id = id};

	ev.rx.advert.version = b->conf->instances.v[id]->version;
	ev.rx.advert.vrid = b->conf->instances.v[id]->vrid;
	ev.rx.advert.priority = priority;
	ev.rx.advert.interval = interval;
	ev.rx.from = ip(from);
	bench_step(b, &ev);
}

static inline void bench_script(struct bench *b, uint32_t id, bool good)
{
	struct vrrp_event ev = {.kind = VRRP_EV_SCRIPT, .id = id};

	ev.script.good = good;
	ev.script.status = !good;
	bench_step(b, &ev);
}

static inline void bench_file(struct bench *b, uint32_t id, int64_t value)
{
	struct vrrp_event ev = {.kind = VRRP_EV_FILE, .id = id, .value = value};

	bench_step(b, &ev);
}

static inline void bench_vip_gone(struct bench *b, uint32_t id, const char *vip)
{
	struct vrrp_event ev = {.kind = VRRP_EV_VIP_GONE, .id = id, .vip = ip(vip)};

	bench_step(b, &ev);
}

static inline enum vrrp_state bench_state(const struct bench *b, uint32_t id)
{
	struct vrrp_view v;

	vrrp_router_view(b->r, id, &v);
	return v.state;
}

static inline struct vrrp_view bench_view(const struct bench *b, uint32_t id)
{
	struct vrrp_view v;

	vrrp_router_view(b->r, id, &v);
	return v;
}

/* The n-th (from 0) action of a kind in the last step, or NULL. */
static inline const struct vrrp_action *act_nth(const struct bench *b, enum vrrp_action_kind kind,
						unsigned n)
{
	for (unsigned k = 0; k < b->out.n; k++)
		if (b->out.v[k].kind == kind && !n--)
			return &b->out.v[k];
	return NULL;
}

static inline const struct vrrp_action *act(const struct bench *b, enum vrrp_action_kind kind)
{
	return act_nth(b, kind, 0);
}

static inline unsigned act_count(const struct bench *b, enum vrrp_action_kind kind)
{
	unsigned n = 0;

	while (act_nth(b, kind, n))
		n++;
	return n;
}

static inline const struct vrrp_action *note(const struct bench *b, enum vrrp_note which)
{
	const struct vrrp_action *a;

	for (unsigned n = 0; (a = act_nth(b, VRRP_DO_NOTE, n)); n++)
		if (a->note == which)
			return a;
	return NULL;
}

/* The kinds of the last step's actions, one letter each: Advert (0: its priority is 0), Own,
 * Disown, annoUnce, Source announce, Transition (G: of a group), Priority, Note, Rx lower, one on each
 * of its Links. */
static inline const char *acts(const struct bench *b)
{
	static char text[256];
	unsigned n = 0;

	for (unsigned k = 0; k < b->out.n && n < sizeof(text) - 1; k++) {
		const struct vrrp_action *a = &b->out.v[k];

		text[n++] = a->kind == VRRP_DO_SEND_ADVERT && !a->priority ? '0'
			    : a->kind == VRRP_DO_TRANSITION && a->is_group ? 'G'
									   : "AODUSTPNRL"[a->kind];
	}
	text[n] = '\0';
	return text;
}

static inline const char *cause_text(const struct cause *c)
{
	static char text[256];
	struct buf b = BUF_ON(text);

	vrrp_cause_text(c, &b);
	return buf_text(&b);
}

static inline const char *note_text(const struct vrrp_action *a, uint8_t own)
{
	static char text[256];
	struct buf b = BUF_ON(text);

	vrrp_note_text(a, own, &b);
	return buf_text(&b);
}

/* Starts, waits for the master down interval: MASTER. */
static inline void bench_become_master(struct bench *b)
{
	bench_start(b);
	bench_next(b);
	assert_int_equal(bench_state(b, 0), VRRP_MASTER);
}

#endif
