/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A load balancer under test: a configuration made by hand, the time, its events and table as text.
 */
#ifndef HF_TEST_LVS_FIXTURE_H
#define HF_TEST_LVS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/lvs/lvs.h"
#include "core/reconcile/services.h"
#include "sim/lvs_conf.h"

#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)

struct bench {
	struct conf *conf;
	struct lvs *l;
	struct arena *arena; /* of l */
	usec_t now;
	struct lvs_event events[64];
	unsigned n_events;
	char text[8192];
};

static inline void bench_take(struct bench *b)
{
	b->n_events = 0;
	while (b->n_events < ARRAY_SIZE(b->events) && lvs_next_event(b->l, &b->events[b->n_events]))
		b->n_events++;
}

static inline struct bench bench_past(struct conf *c, const struct lvs_past *past)
{
	struct bench b = {.conf = c, .now = T0, .arena = arena_new()};

	b.l = lvs_new(c, b.arena, NULL, past, b.now);
	bench_take(&b);
	return b;
}

static inline struct bench bench_new(struct conf *c)
{
	return bench_past(c, NULL);
}

static inline void bench_free(struct bench *b)
{
	arena_free(b->arena);
	arena_free(b->conf->arena);
}

static inline void bench_reload(struct bench *b, struct conf *c)
{
	struct arena *a = arena_new();
	struct lvs *l = lvs_new(c, a, b->l, NULL, b->now);

	bench_free(b);
	b->conf = c;
	b->arena = a;
	b->l = l;
	bench_take(b);
}

static inline void bench_verdict(struct bench *b, uint32_t checker, struct lvs_verdict v)
{
	lvs_set_verdict(b->l, checker, &v, b->now);
	bench_take(b);
}

static inline void bench_up(struct bench *b, uint32_t checker)
{
	bench_verdict(b, checker, (struct lvs_verdict){.up = true});
}

static inline void bench_down(struct bench *b, uint32_t checker)
{
	bench_verdict(b, checker, (struct lvs_verdict){.reason = "refused"});
}

/* Time passes as the daemon's would: tick by tick. */
static inline void bench_wait(struct bench *b, usec_t time)
{
	usec_t until = b->now + time;

	b->n_events = 0;
	while (lvs_deadline(b->l) <= until) {
		b->now = lvs_deadline(b->l);
		lvs_tick(b->l, b->now);
		while (b->n_events < ARRAY_SIZE(b->events) &&
		       lvs_next_event(b->l, &b->events[b->n_events]))
			b->n_events++;
		assert_true(lvs_deadline(b->l) > b->now);
	}
	b->now = until;
}

/* "U0 d1" = server 0 up, server 1 down at last event; Q q quorum, S s sorry, P p panic, C c
 * checker, W weight, B begins to drain, D drained; ! initial, . stopping. */
static inline const char *bench_events(struct bench *b)
{
	static const char letters[] = "UdWQqSsPpBDCc";
	struct buf t = BUF_ON(b->text);

	for (unsigned i = 0; i < b->n_events; i++) {
		const struct lvs_event *e = &b->events[i];

		buf_printf(&t, "%s%c", i ? " " : "", letters[e->kind]);
		if (e->checker != CONF_NONE)
			buf_printf(&t, "%u", e->checker);
		else if (e->rs != CONF_NONE)
			buf_printf(&t, "%u", e->rs);
		else if (e->old_rs != CONF_NONE)
			buf_printf(&t, "~%u", e->old_rs);
		if (e->initial)
			buf_printf(&t, "!");
		if (e->stopping)
			buf_printf(&t, ".");
	}
	return buf_text(&t);
}

static inline void bench_dest(struct buf *t, const struct dest *d)
{
	char ip[IP_TEXT_MAX];

	buf_printf(t, " %s:%u=%u", ip_format(&d->addr, ip), d->port, d->weight);
	if (d->method == LVS_DR)
		buf_printf(t, "dr");
	if (d->method == LVS_TUN)
		buf_printf(t, "tun%u/%u/%u", d->tun_type, d->tun_port, d->tun_flags);
}

static inline const char *bench_table_text(struct bench *b, const struct service_table *t)
{
	struct buf out = BUF_ON(b->text);

	for (unsigned i = 0; i < t->services.n; i++) {
		const struct service *s = &t->services.v[i];
		char ip[IP_TEXT_MAX];

		if (i)
			buf_printf(&out, "\n");
		if (s->key.fwmark)
			buf_printf(&out, "fwm%u/%u:", s->key.fwmark, s->key.family);
		else
			buf_printf(&out, "%s/%u:%u:", ip_format(&s->key.addr, ip), s->key.protocol,
				   s->key.port);
		for (unsigned k = 0; k < s->dests.n; k++)
			bench_dest(&out, &s->dests.v[k]);
	}
	return buf_text(&out);
}

/* The whole table; the part that changed must say the same. */
static inline const char *bench_table(struct bench *b)
{
	struct arena *a = arena_new();
	struct service_table t;

	lvs_desired(b->l, a, &t);
	bench_table_text(b, &t);
	arena_free(a);
	return b->text;
}

static inline const char *bench_changed(struct bench *b)
{
	struct arena *a = arena_new();
	struct service_table t;

	assert_true(lvs_desired_changed(b->l, a, &t));
	bench_table_text(b, &t);
	arena_free(a);
	return b->text;
}

/* Servers 192.0.2.`first`.. of weight 1 with one TCP checker each: checker i of server i. */
static inline struct conf *servers_from(unsigned first, unsigned n)
{
	struct conf *c = lvs_conf_new();
	struct conf_virtual_server *vs = lvs_conf_service(c, "10.0.0.1", 80);
	char ip[IP_TEXT_MAX];

	for (unsigned i = 0; i < n; i++) {
		struct buf b = BUF_ON(ip);

		buf_printf(&b, "192.0.2.%u", first + i);
		lvs_conf_check(c, lvs_conf_server(c, vs, buf_text(&b), 80, 1), CHECK_TCP, 80);
	}
	return c;
}

static inline struct conf *servers(unsigned n)
{
	return servers_from(1, n);
}

static inline struct conf *with_sorry(unsigned n)
{
	struct conf *c = servers(n);

	lvs_conf_sorry(c, c->virtual_servers.v[0], "192.0.2.99", 80);
	return c;
}

#define VS(c) ((c)->virtual_servers.v[0])
#define RS(c, i) ((c)->real_servers.v[i])
#define TABLE "10.0.0.1/6:80:"
#define assert_events(b, text) assert_string_equal(bench_events(b), text)
#define assert_table(b, text) assert_string_equal(bench_table(b), text)

#endif
