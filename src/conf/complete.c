/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the order of the completion stage, and the global settings. Pure: users and scripts are
 * asked of the host.
 *
 * Must not know: syntax.
 */
#include "conf/complete.h"

struct name_entry {
	const char *name;
	uint32_t id;
};

/* The first of several with one name stays: `n` is how many there will be at most. */
void name_index_add(struct arena *a, struct name_index *x, unsigned n, const char *name,
		    uint32_t id)
{
	unsigned i;

	if (!x->slots) {
		unsigned size = 8;

		while (size < n * 2)
			size *= 2;
		x->slots = arena_alloc(a, size * sizeof(*x->slots));
		x->mask = size - 1;
	}
	for (i = str_hash(name) & x->mask; x->slots[i].name; i = (i + 1) & x->mask)
		if (str_eq(x->slots[i].name, name))
			return;
	x->slots[i] = (struct name_entry){name, id};
}

uint32_t name_index_find(const struct name_index *x, const char *name)
{
	if (!x->slots)
		return CONF_NONE;
	for (unsigned i = str_hash(name) & x->mask; x->slots[i].name; i = (i + 1) & x->mask)
		if (str_eq(x->slots[i].name, name))
			return x->slots[i].id;
	return CONF_NONE;
}

static void global_drop(struct conf_global *g, const char *name)
{
	block_drop(&schema_global_defs, g, block_bit(&schema_global_defs, name));
}

static bool global_is_set(const struct conf *conf, const char *name)
{
	return block_is_set(&conf->global, block_bit(&schema_global_defs, name));
}

static void sched_complete(const struct conf *conf, struct conf_sched *s, const char *prefix,
			   struct arena *a, int32_t rt_unsaid)
{
	if (!global_is_set(conf, arena_printf(a, "%s_rt_priority", prefix)))
		s->rt_priority = rt_unsaid;
	if (!s->rlimit_rttime)
		s->rlimit_rttime = 10000;
	if (s->rlimit_rttime == 1)
		s->rlimit_rttime = 2;
}

/* vrrp_min_garp replaces what the file does not say. */
static void garp_complete(struct conf *conf)
{
	struct conf_global *g = &conf->global;

	if (g->min_garp && !global_is_set(conf, "vrrp_garp_master_repeat"))
		g->garp_master_repeat = 1;
	if (g->min_garp && !global_is_set(conf, "vrrp_garp_master_delay"))
		g->garp_master_delay = 0;
	if (!global_is_set(conf, "vrrp_garp_lower_prio_repeat"))
		g->garp_lower_prio_repeat = g->garp_master_repeat;
	if (!global_is_set(conf, "vrrp_garp_lower_prio_delay"))
		g->garp_lower_prio_delay = g->garp_master_delay;
}

static void groups_addresses_check(struct complete *c)
{
	struct conf_global *g = &c->conf->global;
	struct diag *d;

	if (!ip_is_multicast(&g->mcast_group4)) {
		diag_add(c->diags, DIAG_ERROR, "not-multicast", g->block.at,
			 "vrrp_mcast_group4 is no multicast address, 224.0.0.18 is used");
		ip_parse("224.0.0.18", &g->mcast_group4);
	}
	if (!ip_is_multicast(&g->mcast_group6)) {
		diag_add(c->diags, DIAG_ERROR, "not-multicast", g->block.at,
			 "vrrp_mcast_group6 is no multicast address, ff02::12 is used");
		ip_parse("ff02::12", &g->mcast_group6);
	} else if ((g->mcast_group6.b[1] & 0x0f) != 2) {
		d = diag_add(c->diags, DIAG_WARNING, "scope", g->block.at,
			     "vrrp_mcast_group6 is not of link-local scope");
		d->hint = "a group of link-local scope begins with ff02:";
	}
}

/* A login in clear tells the password to everybody on the way. */
static void mail_check(struct complete *c)
{
	struct conf_global *g = &c->conf->global;

	if (!g->smtp_user != !g->smtp_password) {
		diag_add(c->diags, DIAG_ERROR, "incomplete", g->block.at,
			 "%s is given without %s; there is no login at the mail relay",
			 g->smtp_user ? "smtp_user" : "smtp_password",
			 g->smtp_user ? "smtp_password" : "smtp_user");
		global_drop(g, "smtp_user");
		global_drop(g, "smtp_password");
	}
	if (g->smtp_user && g->smtp_tls == SMTP_PLAIN)
		diag_add(c->diags, DIAG_WARNING, "clear-password", g->block.at,
			 "smtp_password goes to the mail relay in clear")
			->hint = "add `smtp_tls starttls` or `smtp_tls on`";
}

static bool is_header(const char *s)
{
	size_t n = strcspn(s, ":");

	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127 || (*p == ' ' && p < s + n))
			return false;
	return n && s[n] == ':';
}

static void webhook_check(struct complete *c)
{
	struct conf_global *g = &c->conf->global;

	if (g->webhook && strncmp(g->webhook, "http://", 7) != 0 &&
	    strncmp(g->webhook, "https://", 8) != 0) {
		diag_add(c->diags, DIAG_ERROR, "bad-url", g->block.at,
			 "webhook `%s` is no http:// or https:// URL; it is ignored", g->webhook);
		global_drop(g, "webhook");
	}
	if (g->webhook_header && !is_header(g->webhook_header)) {
		diag_add(c->diags, DIAG_ERROR, "bad-header", g->block.at,
			 "webhook_header `%s` is no header; it is ignored", g->webhook_header)
			->expected = "\"NAME: VALUE\", in quotes";
		global_drop(g, "webhook_header");
	}
}

static void global_complete(struct complete *c)
{
	struct conf *conf = c->conf;
	struct conf_global *g = &conf->global;
	unsigned bit = block_bit(&schema_top, "child_wait_time");

	if (!block_is_set(conf, bit))
		g->child_wait_time = 5;
	if (!global_is_set(conf, "umask"))
		g->umask = 0177;
	if (!g->default_interface)
		g->default_interface = "eth0";
	if (g->net_namespace || g->instance)
		g->use_pid_dir = true;
	g->reload_check = global_is_set(conf, "reload_check_config");
	g->reload_file_on = global_is_set(conf, "reload_file");
	g->ipsets_off = global_is_set(conf, "vrrp_ipsets") && !g->ipsets.n;
	if (!g->snmp_rs_interval)
		g->snmp_rs_interval = g->snmp_vs_interval;
	sched_complete(conf, &g->vrrp_sched, "vrrp", c->a, -1);
	sched_complete(conf, &g->checker_sched, "checker", c->a, 0);
	sched_complete(conf, &g->bfd_sched, "bfd", c->a, 0);
	garp_complete(conf);
	groups_addresses_check(c);
	mail_check(c);
	webhook_check(c);
}

static void ids_assign(struct complete *c)
{
	struct conf *conf = c->conf;

	for (uint32_t i = 0; i < conf->instances.n; i++) {
		conf->instances.v[i]->id = i;
		conf->instances.v[i]->group = CONF_NONE;
		name_index_add(c->a, &c->instances, conf->instances.n, conf->instances.v[i]->name,
			       i);
	}
	for (uint32_t i = 0; i < conf->scripts.n; i++) {
		struct conf_vrrp_script *s = conf->scripts.v[i];

		s->id = i;
		if (!block_is_set(s, block_bit(&schema_vrrp_script, "timeout")))
			s->timeout = s->interval;
		name_index_add(c->a, &c->tracked[TRACK_SCRIPT], conf->scripts.n, s->name, i);
	}
	for (uint32_t i = 0; i < conf->files.n; i++) {
		conf->files.v[i]->id = i;
		name_index_add(c->a, &c->tracked[TRACK_FILE], conf->files.n, conf->files.v[i]->name,
			       i);
	}
	for (uint32_t i = 0; i < conf->processes.n; i++) {
		conf->processes.v[i]->id = i;
		name_index_add(c->a, &c->tracked[TRACK_PROCESS], conf->processes.n,
			       conf->processes.v[i]->name, i);
	}
	for (uint32_t i = 0; i < conf->bfds.n; i++) {
		conf->bfds.v[i]->id = i;
		name_index_add(c->a, &c->tracked[TRACK_BFD], conf->bfds.n, conf->bfds.v[i]->name,
			       i);
	}
	for (uint32_t i = 0; i < conf->garp_groups.n; i++)
		conf->garp_groups.v[i]->id = i;
	for (uint32_t i = 0; i < conf->track_groups.n; i++)
		conf->track_groups.v[i]->id = i;
}

void conf_complete(struct conf *conf, const struct conf_host *host, struct diags *diags, bool judge)
{
	struct complete c = {
		.conf = conf, .diags = diags, .host = host, .a = conf->arena, .judge = judge};

	global_complete(&c);
	leave_out_instances(&c);
	ids_assign(&c);
	complete_instances(&c);
	complete_routes(&c);
	complete_lvs(&c);
	complete_scripts(&c);
	complete_groups(&c);
	complete_tracks(&c);
	complete_vrids(&c);
}
