/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations of virtual servers made by hand, as conf/ would complete them: for the simulation
 * and for tests. */
#ifndef HF_SIM_LVS_CONF_H
#define HF_SIM_LVS_CONF_H

#include <stdlib.h>

#include "model/lvs.h"

static inline struct ip_addr lvs_conf_ip(const char *text)
{
	struct ip_addr a;

	if (!ip_parse(text, &a))
		abort();
	return a;
}

static inline struct conf *lvs_conf_new(void)
{
	struct arena *a = arena_new();
	struct conf *c = arena_new_of(a, struct conf);

	c->arena = a;
	c->generation = 1;
	c->global.nftables_ipvs_start_fwmark = 1000;
	return c;
}

/* By address, TCP, DR, wlc, quorum 1. */
static inline struct conf_virtual_server *lvs_conf_service(struct conf *c, const char *ip,
							   uint16_t port)
{
	struct conf_virtual_server *vs = arena_new_of(c->arena, struct conf_virtual_server);

	vs->id = c->virtual_servers.n;
	vs->kind = SERVICE_ADDRESS;
	vs->addr = lvs_conf_ip(ip);
	vs->family = vs->addr.family;
	vs->protocol = LVS_TCP;
	vs->scheduler = LVS_SCHED_WLC;
	vs->port = port;
	vs->quorum = 1;
	vs->weight = 1;
	vs->sorry_rs = CONF_NONE;
	vec_push(c->arena, &c->virtual_servers, vs);
	return vs;
}

static inline const struct conf_forwarding *lvs_conf_method(struct conf *c, enum lvs_method method)
{
	struct conf_forwarding *f = arena_new_of(c->arena, struct conf_forwarding);

	f->method = (uint8_t)method;
	return f;
}

static inline struct conf_real_server *lvs_conf_server(struct conf *c,
						       struct conf_virtual_server *vs,
						       const char *ip, uint16_t port,
						       uint32_t weight)
{
	struct conf_real_server *rs = arena_new_of(c->arena, struct conf_real_server);

	rs->id = c->real_servers.n;
	rs->vs = vs->id;
	rs->addr = lvs_conf_ip(ip);
	rs->port = port;
	rs->weight = weight;
	vec_push(c->arena, &c->real_servers, rs);
	vec_push(c->arena, &vs->rs, rs);
	return rs;
}

static inline void lvs_conf_sorry(struct conf *c, struct conf_virtual_server *vs, const char *ip,
				  uint16_t port)
{
	vs->sorry = arena_new_of(c->arena, struct conf_endpoint);
	vs->sorry->addr = lvs_conf_ip(ip);
	vs->sorry->port = port;
	for (unsigned i = 0; i < vs->rs.n; i++)
		if (ip_equal(&vs->rs.v[i]->addr, &vs->sorry->addr) && vs->rs.v[i]->port == port)
			vs->sorry_rs = vs->rs.v[i]->id;
}

static inline void lvs_conf_check_add(struct conf *c, struct conf_real_server *rs,
				      struct conf_checker *check, enum conf_check_kind kind)
{
	check->id = c->checkers.n;
	check->rs = rs->id;
	check->kind = (uint8_t)kind;
	check->timing.delay_loop = 10 * USEC_PER_SEC;
	check->timing.retry = 1;
	vec_push(c->arena, &c->checkers, check);
	vec_push(c->arena, &rs->checkers, check);
}

/* TCP_CHECK to another port is another checker; AGENT_CHECK and so on have the same target. */
static inline struct conf_checker *lvs_conf_check(struct conf *c, struct conf_real_server *rs,
						  enum conf_check_kind kind, uint16_t port)
{
	struct conf_check_agent *k = arena_new_of(c->arena, struct conf_check_agent);

	k->sock.connect_ip = rs->addr;
	k->sock.connect_port = port;
	lvs_conf_check_add(c, rs, &k->sock.check, kind);
	return &k->sock.check;
}

static inline struct conf_check_misc *lvs_conf_misc(struct conf *c, struct conf_real_server *rs,
						    const char *command)
{
	struct conf_check_misc *k = arena_new_of(c->arena, struct conf_check_misc);
	struct conf_script *s = arena_new_of(c->arena, struct conf_script);

	s->command = command;
	s->argv = arena_alloc(c->arena, 2 * sizeof(char *));
	s->argv[0] = arena_strdup(c->arena, command);
	s->id = c->commands.n;
	vec_push(c->arena, &c->commands, s);
	k->script = s;
	k->dynamic = true;
	lvs_conf_check_add(c, rs, &k->check, CHECK_MISC);
	return k;
}

static inline uint32_t lvs_conf_file(struct conf *c, const char *path)
{
	struct conf_track_file *f = arena_new_of(c->arena, struct conf_track_file);

	f->id = c->files.n;
	f->name = f->file = path;
	f->weight = 1;
	vec_push(c->arena, &c->files, f);
	return f->id;
}

static inline struct conf_check_file *
lvs_conf_file_check(struct conf *c, struct conf_real_server *rs, uint32_t file, int32_t weight)
{
	struct conf_check_file *k = arena_new_of(c->arena, struct conf_check_file);

	k->file = file;
	k->name = c->files.v[file]->name;
	k->weight = weight;
	lvs_conf_check_add(c, rs, &k->check, CHECK_FILE);
	return k;
}

static inline struct conf_virtual_server_group *lvs_conf_group(struct conf *c, const char *name)
{
	struct conf_virtual_server_group *g =
		arena_new_of(c->arena, struct conf_virtual_server_group);

	g->id = c->virtual_server_groups.n;
	g->name = name;
	vec_push(c->arena, &c->virtual_server_groups, g);
	return g;
}

static inline void lvs_conf_group_range(struct conf *c, struct conf_virtual_server_group *g,
					const char *first, const char *last, uint16_t port)
{
	struct conf_group_entry *e = arena_new_of(c->arena, struct conf_group_entry);

	e->first = lvs_conf_ip(first);
	e->last = lvs_conf_ip(last);
	e->family = e->first.family;
	e->port = port;
	g->has_v4 |= e->family == IP_V4;
	g->has_v6 |= e->family == IP_V6;
	g->has_address = true;
	g->has_any_port |= !port;
	vec_push(c->arena, &g->entries, e);
}

static inline void lvs_conf_group_mark(struct conf *c, struct conf_virtual_server_group *g,
				       uint32_t mark, uint8_t family)
{
	struct conf_group_entry *e = arena_new_of(c->arena, struct conf_group_entry);

	e->is_mark = g->has_mark = true;
	e->fwmark = mark;
	e->family = family;
	vec_push(c->arena, &g->entries, e);
}

/* Makes `vs` one of a group. */
static inline void lvs_conf_grouped(struct conf_virtual_server *vs,
				    const struct conf_virtual_server_group *g, uint32_t ordinal)
{
	vs->kind = SERVICE_GROUP;
	vs->group = g;
	vs->group_name = g->name;
	vs->ordinal = ordinal;
	vs->family = g->has_v4 && g->has_v6 ? IP_NONE : g->has_v6 ? IP_V6 : IP_V4;
}

#endif
