/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: final values of virtual servers and their real servers: groups, families, ports, methods,
 * scheduler flags, persistence, quorum. What can't work is left out with a message; what has one
 * sensible value gets it with a warning. Checkers: complete_checks.c.
 *
 * A value found here for something the file does not say has no bit, so that it isn't printed and
 * is found again.
 */
#include "conf/complete_lvs.h"

static const struct conf_forwarding nat = {.method = LVS_NAT};

static struct diag *service_say(struct lvs *l, const struct conf_virtual_server *vs,
				enum diag_severity severity, const char *code, const char *what)
{
	return diag_add(l->c->diags, severity, code, vs->block.at, "virtual_server %s: %s",
			lvs_service_text(vs, l->scratch), what);
}

static bool service_is_set(const struct conf_virtual_server *vs, const char *row)
{
	return block_is_set(vs, block_bit(&schema_virtual_server, row));
}

static void service_drop(struct conf_virtual_server *vs, const char *row)
{
	block_drop(&schema_virtual_server, vs, block_bit(&schema_virtual_server, row));
}

static bool is_refused(const struct lvs *l, const void *block, const char *row)
{
	return diag_is_refused(l->c->diags, block, row);
}

/* ---- what the service is ---- */

/* Every address is a service of the kernel, unless nftables gives them one mark. */
static bool group_is_too_large(const struct lvs *l, const struct conf_virtual_server_group *g)
{
	if (l->c->conf->global.nftables_ipvs && !g->has_mark)
		return false;
	for (unsigned i = 0; i < g->entries.n; i++) {
		const struct conf_group_entry *e = g->entries.v[i];

		if (!e->is_mark && ip_range_count(&e->first, &e->last) > GROUP_ENTRY_ADDRESSES_MAX)
			return true;
	}
	return false;
}

static bool service_link(struct lvs *l, struct conf_virtual_server *vs)
{
	uint32_t id;

	if (vs->kind != SERVICE_GROUP)
		return true;
	id = name_index_find(&l->groups, vs->group_name);
	if (id == CONF_NONE) {
		service_say(l, vs, DIAG_ERROR, "unknown-name",
			    "there is no such virtual_server_group; the virtual server is ignored");
		return false;
	}
	vs->group = l->c->conf->virtual_server_groups.v[id];
	if (group_is_too_large(l, vs->group)) {
		service_say(l, vs, DIAG_ERROR, "too-many",
			    "an entry of the group has more than 65,536 addresses; the virtual server is "
			    "ignored")
			->hint = "with nftables_ipvs in global_defs a group is one service, however "
				 "large";
		return false;
	}
	vs->ordinal = l->group_uses[id]++;
	return true;
}

static bool has_mark(const struct conf_virtual_server *vs)
{
	return vs->kind == SERVICE_MARK || (vs->group && vs->group->has_mark);
}

static bool has_address(const struct conf_virtual_server *vs)
{
	return vs->kind == SERVICE_ADDRESS || (vs->group && vs->group->has_address);
}

static void service_protocol(struct lvs *l, struct conf_virtual_server *vs)
{
	if (has_address(vs) && !vs->protocol) {
		vs->protocol = LVS_UDP;
		if (!is_refused(l, vs, "protocol"))
			service_say(l, vs, DIAG_WARNING, "no-protocol",
				    "no protocol is given, UDP is used");
	} else if (!has_address(vs) && vs->protocol) {
		service_drop(vs, "protocol");
		service_say(l, vs, DIAG_WARNING, "protocol",
			    "marks have no protocol, it is ignored");
	}
	if (vs->ops && (vs->protocol == LVS_TCP || vs->protocol == LVS_SCTP)) {
		service_drop(vs, "ops");
		service_say(l, vs, DIAG_ERROR, "ops", "ops is for UDP and marks, it is ignored");
	}
	if (vs->ha_suspend && has_mark(vs)) {
		service_drop(vs, "ha_suspend");
		service_say(l, vs, DIAG_ERROR, "ha_suspend",
			    "a mark has no address to wait for, "
			    "ha_suspend is ignored");
	}
}

/* A flag of one hashing scheduler under another. */
static void scheduler_flag(struct lvs *l, struct conf_virtual_server *vs, bool flag,
			   const char *row, enum lvs_scheduler wanted)
{
	if (!flag || vs->scheduler == wanted)
		return;
	service_drop(vs, row);
	service_say(l, vs,
		    vs->scheduler == LVS_SCHED_SH || vs->scheduler == LVS_SCHED_MH ? DIAG_WARNING
										   : DIAG_ERROR,
		    "scheduler-flag",
		    arena_printf(l->c->a, "%s needs lvs_sched %.2s, it is ignored", row, row));
}

static void service_scheduler(struct lvs *l, struct conf_virtual_server *vs)
{
	if (!vs->scheduler) {
		vs->scheduler = LVS_SCHED_WLC;
		if (!is_refused(l, vs, "lvs_sched"))
			service_say(l, vs, DIAG_WARNING, "no-scheduler",
				    "no lvs_sched is given, wlc is used");
	}
	scheduler_flag(l, vs, vs->sh_port, "sh-port", LVS_SCHED_SH);
	scheduler_flag(l, vs, vs->sh_fallback, "sh-fallback", LVS_SCHED_SH);
	scheduler_flag(l, vs, vs->mh_port, "mh-port", LVS_SCHED_MH);
	scheduler_flag(l, vs, vs->mh_fallback, "mh-fallback", LVS_SCHED_MH);
	vs->flags = (uint8_t)((vs->ops ? LVS_ONEPACKET : 0) |
			      (vs->flag1 || vs->sh_fallback || vs->mh_fallback ? LVS_SCHED1 : 0) |
			      (vs->flag2 || vs->sh_port || vs->mh_port ? LVS_SCHED2 : 0) |
			      (vs->flag3 ? LVS_SCHED3 : 0));
}

static void service_persistence(struct lvs *l, struct conf_virtual_server *vs)
{
	bool any_port = (vs->kind == SERVICE_ADDRESS && !vs->port) ||
			(vs->group && vs->group->has_any_port);

	if (vs->granularity_family && vs->family && vs->granularity_family != vs->family) {
		vs->granularity_family = IP_NONE;
		service_drop(vs, "persistence_granularity");
		service_say(l, vs, DIAG_ERROR, "family",
			    "persistence_granularity is of the other family, it is ignored")
			->expected = vs->family == IP_V4 ? "a netmask like 255.255.255.0"
							 : "a prefix length from 1 to 128";
	}
	if (vs->granularity_family && !vs->persistence_timeout)
		vs->persistence_timeout = LVS_PERSISTENCE_DEFAULT;
	if (any_port && !vs->persistence_timeout) {
		vs->persistence_timeout = LVS_PERSISTENCE_DEFAULT;
		service_say(l, vs, DIAG_WARNING, "no-port",
			    "a service without a port must be persistent, persistence_timeout 360 "
			    "is used");
	}
}

/* ---- forwarding methods ---- */

static bool span_is_before(struct conf_span a, struct conf_span b)
{
	return a.file == b.file && (a.line < b.line || (a.line == b.line && a.col < b.col));
}

/* A server without a method takes the one in force where it stands; if that isn't the last one of
 * the service, the server gets it as its own, so that it keeps it wherever it is printed. */
static void server_method(struct lvs *l, const struct conf_virtual_server *vs,
			  struct conf_real_server *rs)
{
	struct conf_forwarding *in_force = NULL;

	if (rs->methods.n) {
		rs->method = rs->methods.v[rs->methods.n - 1];
		rs->methods.v[0] = rs->methods.v[rs->methods.n - 1];
		rs->methods.n = 1;
		return;
	}
	for (unsigned i = 0; i < vs->methods.n; i++)
		if (span_is_before(vs->methods.v[i]->block.at, rs->block.at))
			in_force = vs->methods.v[i];
	if (!in_force || in_force == vs->methods.v[vs->methods.n - 1]) {
		rs->method = vs->method;
		return;
	}
	vec_push(l->c->a, &rs->methods, in_force);
	rs->method = in_force;
	block_mark(rs, block_bit(&schema_real_server, "lvs_method"));
}

static void service_methods(struct lvs *l, struct conf_virtual_server *vs)
{
	bool needed = false;

	vs->method = vs->methods.n ? vs->methods.v[vs->methods.n - 1] : &nat;
	for (unsigned i = 0; i < vs->rs.n; i++) {
		server_method(l, vs, vs->rs.v[i]);
		needed |= vs->rs.v[i]->method == &nat && !is_refused(l, vs->rs.v[i], "lvs_method");
	}
	if (vs->methods.n) {
		vs->methods.v[0] = vs->methods.v[vs->methods.n - 1];
		vs->methods.n = 1;
	}
	if (vs->sorry_methods.n) {
		vs->sorry_methods.v[0] = vs->sorry_methods.v[vs->sorry_methods.n - 1];
		vs->sorry_methods.n = 1;
	}
	vs->sorry_method = vs->sorry_methods.n ? vs->sorry_methods.v[0] : vs->method;
	if (needed && !is_refused(l, vs, "lvs_method"))
		service_say(l, vs, DIAG_WARNING, "no-method",
			    "no lvs_method is given, NAT is used");
}

/* ---- families ---- */

struct families {
	uint8_t family;
	bool mixed;
};

static void families_add(struct families *f, const struct ip_addr *a)
{
	f->mixed |= f->family && f->family != a->family;
	f->family = a->family;
}

/* The family all (tunnelled or not) servers agree on, else IP_NONE. */
static uint8_t servers_family(const struct conf_virtual_server *vs, bool tunnelled)
{
	struct families f = {0};

	for (unsigned i = 0; i < vs->rs.n; i++)
		if ((vs->rs.v[i]->method->method == LVS_TUN) == tunnelled)
			families_add(&f, &vs->rs.v[i]->addr);
	if (vs->sorry && (vs->sorry_method->method == LVS_TUN) == tunnelled)
		families_add(&f, &vs->sorry->addr);
	return f.mixed ? IP_NONE : f.family;
}

static bool marks_name_family(const struct conf_virtual_server_group *g)
{
	for (unsigned i = 0; i < g->entries.n; i++)
		if (!g->entries.v[i]->family)
			return false;
	return true;
}

static bool all_tunnelled(const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; i < vs->rs.n; i++)
		if (vs->rs.v[i]->method->method != LVS_TUN)
			return false;
	return !vs->sorry || vs->sorry_method->method == LVS_TUN;
}

/* false: the group has both families and the servers can't serve both. */
static bool service_family(struct lvs *l, struct conf_virtual_server *vs)
{
	uint8_t known = vs->kind == SERVICE_ADDRESS ? vs->addr.family
			: !vs->group		    ? IP_NONE
			: vs->group->has_v4	    ? IP_V4
			: vs->group->has_v6	    ? IP_V6
						    : IP_NONE;

	if (vs->group && vs->group->has_v4 && vs->group->has_v6) {
		vs->family = IP_NONE;
		if (all_tunnelled(vs) && marks_name_family(vs->group))
			return true;
		service_say(l, vs, DIAG_ERROR, "family",
			    "the group has IPv4 and IPv6, which needs tunnelled servers and marks "
			    "that name "
			    "their family; the virtual server is ignored");
		return false;
	}
	if (vs->ip_family && known && vs->ip_family != known) {
		service_drop(vs, "ip_family");
		service_say(l, vs, DIAG_ERROR, "family",
			    "ip_family is not that of the address, it is ignored");
	}
	vs->family = known			 ? known
		     : vs->ip_family		 ? vs->ip_family
		     : servers_family(vs, false) ? servers_family(vs, false)
						 : servers_family(vs, true);
	if (!vs->family)
		vs->family = IP_V4;
	return true;
}

static bool family_fits(const struct conf_virtual_server *vs, const struct ip_addr *a,
			const struct conf_forwarding *method)
{
	return method->method == LVS_TUN || a->family == vs->family;
}

/* ---- ports and duplicates ---- */

static bool group_has_other_port(const struct conf_virtual_server_group *g, uint16_t port)
{
	for (unsigned i = 0; i < g->entries.n; i++)
		if (!g->entries.v[i]->is_mark && g->entries.v[i]->port != port)
			return true;
	return false;
}

/* NAT takes any port. Otherwise the server hears on the port the client asked for. */
static uint16_t port_final(struct lvs *l, const struct conf_virtual_server *vs, uint16_t port,
			   const struct conf_forwarding *method, struct conf_span at)
{
	uint16_t wanted = vs->kind == SERVICE_ADDRESS ? vs->port : 0;

	if (method->method == LVS_NAT)
		return port;
	if (vs->kind == SERVICE_GROUP) {
		if (port && group_has_other_port(vs->group, port))
			diag_add(l->c->diags, DIAG_WARNING, "port", at,
				 "port %u is ignored for entries of group %s with another port",
				 port, vs->group_name);
		return port;
	}
	if (port && port != wanted)
		diag_add(l->c->diags, DIAG_WARNING, "port", at,
			 "port %u is ignored: only NAT can change the port, %u is used", port,
			 wanted);
	return wanted;
}

static const char *endpoint_key(struct lvs *l, const struct ip_addr *a, uint16_t port)
{
	char buf[IP_TEXT_MAX];

	return arena_printf(l->scratch, "%s %u", ip_format(a, buf), port);
}

/* Endpoints of the servers that are kept, and the ports that the file says of them. */
struct seen {
	struct name_index names;
	uint16_t *ports;
};

/* Two ports of one address are two servers for NAT only. With the others it is no slip of the pen, and
 * keepalived runs with it (the kernel keeps the first), so it must not keep a reload from happening. */
static void server_is_twin(struct lvs *l, const struct conf_real_server *rs, uint16_t port,
			   uint16_t first_port, const char *key)
{
	char buf[IP_TEXT_MAX];

	if (port == first_port)
		diag_add(l->c->diags, DIAG_ERROR, "duplicate-name", rs->block.at,
			 "real_server %s is defined twice; this one is ignored", key);
	else
		diag_add(l->c->diags, DIAG_WARNING, "same-server", rs->block.at,
			 "real_server %s %u and %u are one server, as only NAT can change the port: "
			 "this one and its checks are ignored",
			 ip_format(&rs->addr, buf), first_port, port)
			->hint = "remove it, use lvs_method NAT, or give each port a virtual_server "
				 "of its own";
}

static bool server_is_usable(struct lvs *l, struct conf_virtual_server *vs,
			     struct conf_real_server *rs, struct seen *seen, unsigned n)
{
	uint16_t written = rs->port;
	const char *key;
	uint32_t first;

	if (!family_fits(vs, &rs->addr, rs->method)) {
		diag_add(l->c->diags, DIAG_ERROR, "family", rs->block.at,
			 "the real_server is of another family than its service and not tunnelled; "
			 "it is "
			 "ignored");
		return false;
	}
	rs->port = port_final(l, vs, rs->port, rs->method, rs->block.at);
	if (!rs->port && vs->kind == SERVICE_ADDRESS && rs->method->method == LVS_NAT)
		rs->port = vs->port;
	if (!written)
		written = rs->port;
	key = endpoint_key(l, &rs->addr, rs->port);
	first = name_index_find(&seen->names, key);
	if (first != CONF_NONE) {
		server_is_twin(l, rs, written, seen->ports[first], key);
		return false;
	}
	name_index_add(l->scratch, &seen->names, vs->rs.n, key, n);
	seen->ports[n] = written;
	return true;
}

/* Leaves out servers that can't be used, finishes the sorry server. */
static void service_servers(struct lvs *l, struct conf_virtual_server *vs)
{
	struct seen seen = {.ports = arena_alloc(l->scratch, (vs->rs.n + 1) * sizeof(*seen.ports))};
	unsigned n = 0;
	uint32_t twin;

	for (unsigned i = 0; i < vs->rs.n; i++)
		if (server_is_usable(l, vs, vs->rs.v[i], &seen, n))
			vs->rs.v[n++] = vs->rs.v[i];
	vs->rs.n = n;
	vs->sorry_rs = CONF_NONE;
	if (vs->sorry && !family_fits(vs, &vs->sorry->addr, vs->sorry_method)) {
		service_say(l, vs, DIAG_ERROR, "family",
			    "the sorry_server is of another family and not "
			    "tunnelled; it is ignored");
		vs->sorry = NULL;
		vs->sorry_servers.n = 0;
		service_drop(vs, "sorry_server");
	}
	if (!vs->sorry)
		return;
	vs->sorry->port = port_final(l, vs, vs->sorry->port, vs->sorry_method, vs->sorry->block.at);
	twin = name_index_find(&seen.names, endpoint_key(l, &vs->sorry->addr, vs->sorry->port));
	if (twin != CONF_NONE) {     /* one entry of the kernel's table */
		vs->sorry_rs = twin; /* its place; its id when ids are known */
		vs->sorry_inhibit = vs->rs.v[twin]->inhibit_on_failure;
	}
}

static void service_sorry(struct lvs *l, struct conf_virtual_server *vs)
{
	if (!vs->sorry_servers.n) {
		if (vs->sorry_inhibit || vs->sorry_methods.n)
			service_say(l, vs, DIAG_WARNING, "no-sorry-server",
				    "options of a sorry_server are given, but there is none");
		return;
	}
	vs->sorry = vs->sorry_servers.v[vs->sorry_servers.n - 1];
	vs->sorry_servers.v[0] = vs->sorry;
	vs->sorry_servers.n = 1;
}

/* ---- inheritance and quorum ---- */

static uint8_t alert_final(const struct lvs *l, uint8_t own, enum tristate dflt)
{
	const struct conf_global *g = &l->c->conf->global;

	return own		       ? own
	       : g->smtp_alert_checker ? g->smtp_alert_checker
	       : g->smtp_alert	       ? g->smtp_alert
				       : dflt;
}

static void servers_inherit(struct lvs *l, struct conf_virtual_server *vs)
{
	unsigned set = timing_set(&l->bits_vs, vs);

	timing_defaults(&vs->timing, set);
	set |= TIMING_HAS_DEFAULT;
	vs->smtp_alert = alert_final(l, vs->smtp_alert, TRI_OFF);
	for (unsigned i = 0; i < vs->rs.n; i++) {
		struct conf_real_server *rs = vs->rs.v[i];

		if (!block_is_set(rs, l->bit_weight))
			rs->weight = vs->weight;
		if (!block_is_set(rs, l->bit_inhibit))
			rs->inhibit_on_failure = vs->inhibit_on_failure;
		if (!block_is_set(rs, l->bit_drain))
			rs->drain_timeout = vs->drain_timeout;
		if (!block_is_set(rs, l->bit_slow))
			rs->slow_start = vs->slow_start;
		rs->smtp_alert = alert_final(l, rs->smtp_alert, TRI_ON);
		rs->timing_set = (uint8_t)timing_inherit(&rs->timing, timing_set(&l->bits_rs, rs),
							 &vs->timing, set);
	}
}

static void service_quorum(struct lvs *l, struct conf_virtual_server *vs)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < vs->rs.n; i++)
		sum += vs->rs.v[i]->weight;
	if (vs->quorum > sum) {
		if (service_is_set(vs, "quorum"))
			service_say(
				l, vs, DIAG_WARNING, "quorum",
				arena_printf(
					l->c->a,
					"quorum %u is more than all weights together, %u is used",
					vs->quorum, (unsigned)sum));
		vs->quorum = (uint32_t)sum;
	}
	if (vs->hysteresis && vs->hysteresis >= vs->quorum) {
		uint32_t most = vs->quorum ? vs->quorum - 1 : 0;

		service_say(l, vs, DIAG_WARNING, "quorum",
			    arena_printf(l->c->a,
					 "hysteresis %u is not less than the quorum, %u is used",
					 vs->hysteresis, most));
		vs->hysteresis = most;
	}
}

/* false: the virtual server can't be used. */
static bool service_complete(struct lvs *l, struct conf_virtual_server *vs)
{
	if (!service_link(l, vs))
		return false;
	service_protocol(l, vs);
	service_scheduler(l, vs);
	service_sorry(l, vs);
	service_methods(l, vs);
	if (!service_family(l, vs))
		return false;
	service_persistence(l, vs);
	servers_inherit(l, vs);
	service_servers(l, vs);
	if (!vs->rs.n) {
		service_say(l, vs, DIAG_ERROR, "incomplete",
			    "it has no usable real_server and is ignored");
		return false;
	}
	service_quorum(l, vs);
	return true;
}

static void report_twin(struct lvs *l, struct name_index *seen,
			const struct conf_virtual_server *vs)
{
	const char *key = arena_printf(l->scratch, "%s %u %u", lvs_service_text(vs, l->scratch),
				       vs->protocol, vs->kind == SERVICE_MARK ? vs->family : 0);

	if (vs->kind != SERVICE_GROUP && name_index_find(seen, key) != CONF_NONE)
		service_say(
			l, vs, DIAG_WARNING, "duplicate-service",
			"it is defined twice; both change the same entry of the kernel's table");
	name_index_add(l->scratch, seen, l->c->conf->virtual_servers.n, key, 0);
}

static void server_ids(struct lvs *l, struct conf_virtual_server *vs, uint32_t id)
{
	struct conf *conf = l->c->conf;

	vs->id = id;
	for (unsigned i = 0; i < vs->rs.n; i++) {
		struct conf_real_server *rs = vs->rs.v[i];

		rs->vs = id;
		rs->id = conf->real_servers.n;
		vec_push(l->c->a, &conf->real_servers, rs);
		complete_checks(l, vs, rs);
	}
	if (vs->sorry_rs != CONF_NONE)
		vs->sorry_rs = vs->rs.v[vs->sorry_rs]->id;
}

/* The older way to say it, at the instance that decides. */
static void sync_daemon_of_instance(struct complete *c, const struct conf_instance *vi)
{
	struct conf_global *g = &c->conf->global;
	struct conf_lvs_sync_daemon *d;

	if (!vi->lvs_sync_daemon_interface)
		return;
	if (g->lvs_sync_daemon) {
		diag_add(c->diags, DIAG_WARNING, "given-twice", vi->block.at,
			 "%s: lvs_sync_daemon_interface is ignored, there is a sync daemon already",
			 vi->name);
		return;
	}
	d = arena_new_of(c->a, struct conf_lvs_sync_daemon);
	d->block.at = vi->block.at;
	d->interface = vi->lvs_sync_daemon_interface;
	d->instance_name = vi->name;
	g->lvs_sync_daemon = d;
}

static void sync_daemon_complete(struct complete *c)
{
	struct conf_global *g = &c->conf->global;
	struct conf_lvs_sync_daemon *d = g->lvs_sync_daemon;

	if (!d || !d->instance_name)
		return;
	d->instance = name_index_find(&c->instances, d->instance_name);
	if (d->instance == CONF_NONE) {
		diag_add(c->diags, DIAG_ERROR, "unknown-name", d->block.at,
			 "lvs_sync_daemon follows instance %s, which does not exist; it is ignored",
			 d->instance_name);
		g->lvs_sync_daemon = NULL;
	} else if (!block_is_set(d, block_bit(&schema_lvs_sync_daemon, "id"))) {
		d->sync_id = c->conf->instances.v[d->instance]->vrid;
	}
}

static void groups_index(struct lvs *l)
{
	struct conf *conf = l->c->conf;

	l->group_uses =
		arena_alloc(l->c->a, conf->virtual_server_groups.n * sizeof(*l->group_uses));
	for (uint32_t i = 0; i < conf->virtual_server_groups.n; i++) {
		struct conf_virtual_server_group *g = conf->virtual_server_groups.v[i];

		g->id = i;
		if (name_index_find(&l->groups, g->name) != CONF_NONE)
			diag_add(l->c->diags, DIAG_WARNING, "duplicate-name", g->block.at,
				 "virtual_server_group %s is defined twice; the first one is used",
				 g->name);
		name_index_add(l->c->a, &l->groups, conf->virtual_server_groups.n, g->name, i);
	}
}

void complete_lvs(struct complete *c)
{
	struct lvs l = {.c = c};
	struct name_index seen = {0};
	struct conf *conf = c->conf;
	unsigned n = 0;

	for (unsigned i = 0; i < conf->instances.n; i++)
		sync_daemon_of_instance(c, conf->instances.v[i]);
	sync_daemon_complete(c);
	if (!conf->virtual_servers.n && !conf->virtual_server_groups.n)
		return;
	l.scratch = arena_new();
	lvs_bits_find(&l);
	groups_index(&l);
	complete_checks_reserve(&l);
	for (unsigned i = 0; i < conf->virtual_servers.n; i++) {
		struct conf_virtual_server *vs = conf->virtual_servers.v[i];

		if (!service_complete(&l, vs))
			continue;
		report_twin(&l, &seen, vs);
		conf->virtual_servers.v[n] = vs;
		server_ids(&l, vs, n++);
	}
	conf->virtual_servers.n = n;
	arena_free(l.scratch);
}
