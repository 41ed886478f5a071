/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the limits of the two engines, said when a configuration is judged: errors where the file
 * itself asks for nftables, warnings where this machine's kernel leaves no choice. Nothing is
 * changed here: the engine does what it can, and the file may be meant for another machine.
 *
 * Must not know: how an engine works.
 */
#include "conf/lint_lvs.h"

struct engine {
	const struct conf *conf;
	struct diags *diags;
	struct arena *a;
	enum diag_severity severity;
};

static void service_cannot(struct engine *e, const struct conf_virtual_server *vs,
			   const char *what, const char *instead)
{
	diag_add(e->diags, e->severity, "engine", vs->block.at,
		 "virtual_server %s: the nftables engine has no %s; %s",
		 lint_service_text(vs, e->a), what, instead);
}

static const char *scheduler_name(uint8_t scheduler)
{
	switch ((enum lvs_scheduler)scheduler) {
#define X(id, name, help)                                                                          \
	case LVS_SCHED_##id:                                                                       \
		return name;
		LVS_SCHEDULERS(X)
#undef X
	case LVS_SCHED_NONE:
		break;
	}
	return "none";
}

static void engine_scheduler(struct engine *e, const struct conf_virtual_server *vs)
{
	if (!(LVS_NFT_SCHEDULERS >> vs->scheduler & 1))
		service_cannot(e, vs,
			       arena_printf(e->a, "scheduler %s", scheduler_name(vs->scheduler)),
			       "it takes weighted round robin (wrr)");
}

static void engine_tunnels(struct engine *e, const struct conf_virtual_server *vs)
{
	unsigned n = 0;

	for (unsigned i = 0; i < vs->rs.n; i++)
		n += vs->rs.v[i]->method->method == LVS_TUN;
	if (n)
		service_cannot(e, vs, "TUN",
			       n == vs->rs.n ? "no server gets anything"
					     : "the servers with it get nothing");
	if (vs->sorry && vs->sorry_method->method == LVS_TUN)
		service_cannot(e, vs, "TUN", "the sorry server gets nothing");
}

static void engine_thresholds(struct engine *e, const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; i < vs->rs.n; i++)
		if (vs->rs.v[i]->uthreshold || vs->rs.v[i]->lthreshold) {
			service_cannot(e, vs, "uthreshold and lthreshold",
				       "servers take connections without a limit");
			return;
		}
}

static void engine_service(struct engine *e, const struct conf_virtual_server *vs)
{
	engine_scheduler(e, vs);
	engine_tunnels(e, vs);
	engine_thresholds(e, vs);
	if (vs->persistence_engine)
		service_cannot(e, vs, "persistence_engine", "clients are told by their address");
	if (vs->ops)
		service_cannot(e, vs, "ops", "the packets of a flow go to one server");
}

static void global_cannot(struct engine *e, struct conf_span at, const char *what,
			  const char *hint)
{
	diag_add(e->diags, e->severity, "engine", at, "the nftables engine has no %s", what)->hint =
		hint;
}

static void engine_globals(struct engine *e)
{
	const struct conf_global *g = &e->conf->global;

	if (g->lvs_sync_daemon)
		global_cannot(e, g->lvs_sync_daemon->block.at, "lvs_sync_daemon",
			      "conntrackd of conntrack-tools can keep its connections alike");
	if (g->lvs_timeouts.tcp || g->lvs_timeouts.tcpfin || g->lvs_timeouts.udp)
		global_cannot(e, g->lvs_timeouts.block.at, "lvs_timeouts",
			      "the timeouts are those of net.netfilter.nf_conntrack_*_timeout*");
	if (g->nftables_ipvs)
		global_cannot(e, g->block.at, "nftables_ipvs",
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
			 lint_service_text(vs, e->a))
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
