/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the limits of the two engines, said when a configuration is judged: errors where the file
 * itself asks for nftables, warnings where this machine's kernel leaves no choice. Nothing is
 * changed here: the engine does what it can, and the file may be meant for another machine.
 *
 * Must not know: how an engine works.
 */
#include "conf/lint_lvs.h"

#include "base/str.h"
#include "conf/schema/lvs.h"

struct engine {
	const struct conf *conf;
	struct diags *diags;
	struct arena *a;
	enum diag_severity severity;
};

static struct diag *service_cannot(struct engine *e, const struct conf_virtual_server *vs,
				   const char *what, const char *then)
{
	return diag_add(e->diags, e->severity, "engine", vs->block.at,
			"virtual_server %s: the nftables engine has no %s; %s",
			lvs_service_text(vs, e->a), what, then);
}

/* Another thing happens than the file says, and connections are served all the same. */
static void service_differs(struct engine *e, const struct conf_virtual_server *vs,
			    const char *what, const char *then)
{
	diag_add(e->diags, DIAG_WARNING, "engine", vs->block.at,
		 "virtual_server %s: the nftables engine has no %s; %s", lvs_service_text(vs, e->a),
		 what, then);
}

/* Those that need the number of connections of each server, and what is done instead. */
static const struct {
	enum lvs_scheduler scheduler;
	const char *name, *instead;
} counting[] = {
	{LVS_SCHED_LC, "lc", "rr"},	 {LVS_SCHED_WLC, "wlc", "wrr"},
	{LVS_SCHED_SED, "sed", "wrr"},	 {LVS_SCHED_NQ, "nq", "wrr"},
	{LVS_SCHED_TWOS, "twos", "wrr"}, {LVS_SCHED_LBLC, "lblc", "dh"},
	{LVS_SCHED_OVF, "ovf", "fo"},	 {LVS_SCHED_LBLCR, "lblcr", "dh"},
};

static void engine_scheduler(struct engine *e, const struct conf_virtual_server *vs)
{
	if (diag_is_refused(e->diags, vs, "lvs_sched"))
		return; /* wlc is nothing that the file says */
	for (unsigned i = 0; i < ARRAY_SIZE(counting); i++)
		if (vs->scheduler == counting[i].scheduler)
			service_cannot(e, vs,
				       arena_printf(e->a, "scheduler %s", counting[i].name),
				       arena_printf(e->a, "it does %s instead",
						    counting[i].instead))
				->tolerated = true; /* connections are served */
}

static bool has_mark(const struct conf_virtual_server *vs)
{
	return vs->kind == SERVICE_MARK || (vs->group && vs->group->has_mark);
}

/* NAT and DR live in different places, and TUN in none. A service whose servers all get nothing is one that
 * a reload would end. */
static void engine_methods(struct engine *e, const struct conf_virtual_server *vs)
{
	unsigned n[LVS_DR + 1] = {0};
	bool none;

	for (unsigned i = 0; i < vs->rs.n; i++)
		n[vs->rs.v[i]->method->method]++;
	none = n[LVS_TUN] + (has_mark(vs) ? n[LVS_DR] : 0) == vs->rs.n;
	if (n[LVS_TUN])
		service_cannot(e, vs, "TUN",
			       n[LVS_TUN] == vs->rs.n ? "no server gets anything"
						      : "the servers with it get nothing")
			->only_at_start = none;
	if (n[LVS_NAT] && n[LVS_DR])
		service_cannot(e, vs, "mixture of NAT and DR",
			       "some of its servers get nothing");
	if (n[LVS_DR] && has_mark(vs))
		service_cannot(e, vs, "DR of marks", "where DR works no packet has a mark yet")
			->only_at_start = none;
	if (vs->sorry && vs->sorry_method->method == LVS_TUN)
		service_cannot(e, vs, "TUN", "the sorry server gets nothing");
}

static bool has_thresholds(const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; i < vs->rs.n; i++)
		if (vs->rs.v[i]->uthreshold || vs->rs.v[i]->lthreshold)
			return true;
	return false;
}

static bool has_large_entry(const struct conf_virtual_server_group *g)
{
	for (unsigned i = 0; i < g->entries.n; i++) {
		const struct conf_group_entry *e = g->entries.v[i];

		if (!e->is_mark && ip_range_count(&e->first, &e->last) > GROUP_ENTRY_ADDRESSES_MAX)
			return true;
	}
	return false;
}

static void engine_service(struct engine *e, const struct conf_virtual_server *vs)
{
	engine_scheduler(e, vs);
	engine_methods(e, vs);
	if (vs->group && has_large_entry(vs->group)) /* they got here by nftables_ipvs */
		service_cannot(e, vs, "room for entries of more than 65,536 addresses",
			       "the first ones of each are served");
	if (vs->persistence_engine)
		service_cannot(e, vs, "persistence_engine", "clients are told by their address")
			->tolerated = true;
	if (has_thresholds(vs))
		service_differs(e, vs, "uthreshold and lthreshold",
				"servers take connections without a limit");
	if (vs->ops && vs->method->method == LVS_NAT)
		service_differs(e, vs, "ops with NAT", "the packets of a flow go to one server");
}

static void global_cannot(struct engine *e, enum diag_severity severity, struct conf_span at,
			  const char *what, const char *hint)
{
	diag_add(e->diags, severity, "engine", at, "the nftables engine has no %s", what)->hint =
		hint;
}

static void engine_globals(struct engine *e)
{
	const struct conf_global *g = &e->conf->global;

	if (g->lvs_sync_daemon)
		global_cannot(e, e->severity, g->lvs_sync_daemon->block.at, "lvs_sync_daemon",
			      "conntrackd of conntrack-tools can keep its connections alike");
	if (g->lvs_timeouts.tcp || g->lvs_timeouts.tcpfin || g->lvs_timeouts.udp)
		global_cannot(e, DIAG_WARNING, g->lvs_timeouts.block.at, "lvs_timeouts",
			      "the timeouts are those of net.netfilter.nf_conntrack_*_timeout*");
	if (g->nftables_ipvs)
		global_cannot(e, DIAG_WARNING, g->block.at, "nftables_ipvs",
			      "it is not needed: groups are no marks there");
}

/* A machine without the engine is said once: the file may be right. */
static void engine_missing(struct engine *e, const struct conf_host *host)
{
	uint8_t engine = e->conf->global.lvs_engine;
	bool ipvs, nftables;

	if (!host || !host->kernel)
		return;
	ipvs = engine != ENGINE_NFTABLES && host->kernel(host->ctx, KERNEL_IPVS);
	nftables = engine != ENGINE_IPVS && !ipvs && host->kernel(host->ctx, KERNEL_NFTABLES);
	if (ipvs || (nftables && engine == ENGINE_NFTABLES))
		return;
	if (nftables)
		diag_add(e->diags, DIAG_NOTE, "engine", (struct conf_span){0},
			 "this kernel has no IPVS: nftables carries the virtual servers");
	else
		diag_add(e->diags, DIAG_WARNING, "no-engine", (struct conf_span){0},
			 "this kernel has %s: nothing can carry the virtual servers",
			 engine == ENGINE_IPVS	     ? "no IPVS"
			 : engine == ENGINE_NFTABLES ? "no nftables"
						     : "neither IPVS nor nftables");
}

/* What only the other engine has. */
static void ipvs_service(struct engine *e, const struct conf_virtual_server *vs)
{
	if (vs->masquerade)
		diag_add(e->diags, e->severity, "engine", vs->block.at,
			 "virtual_server %s: the ipvs engine has no masquerade; servers see the "
			 "client's address",
			 lvs_service_text(vs, e->a))
			->hint = "a rule of nftables or iptables can do it: masquerade, ipvs match";
}

static bool is_nftables(const struct conf *conf, const struct conf_host *host)
{
	return conf->global.lvs_engine == ENGINE_NFTABLES ||
	       (conf->global.lvs_engine == ENGINE_AUTO && host && host->kernel &&
		!host->kernel(host->ctx, KERNEL_IPVS));
}

void conf_lint_engine(const struct conf *conf, const struct conf_host *host, struct diags *diags)
{
	struct engine e = {
		.conf = conf,
		.diags = diags,
		.a = conf->arena,
		.severity = conf->global.lvs_engine == ENGINE_AUTO ? DIAG_WARNING : DIAG_ERROR,
	};
	bool nftables = is_nftables(conf, host);
	bool known = conf->global.lvs_engine != ENGINE_AUTO || (host && host->kernel);

	if (!conf->virtual_servers.n)
		return;
	engine_missing(&e, host);
	if (!known)
		return;
	if (nftables)
		engine_globals(&e);
	for (unsigned i = 0; i < conf->virtual_servers.n; i++)
		if (nftables)
			engine_service(&e, conf->virtual_servers.v[i]);
		else
			ipvs_service(&e, conf->virtual_servers.v[i]);
}
