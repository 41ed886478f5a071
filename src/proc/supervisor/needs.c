/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration asks of the supervisor: which workers, how many check processes, how many
 * records each board has, which engine. Judges the configuration and the command line; starts nothing.
 *
 * A worker that would have nothing to do is not there, so a machine that only balances pays for no
 * election and one that only elects for no balancer. Without both, vrrp waits for a reload.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/check/key.h"
#include "model/lvs.h"
#include "proc/supervisor/internal.h"

/* One process makes some 20,000 checks a second; more than one is for even spreading. */
#define CHECKERS_EACH 2000

static bool is_probe(const struct conf_checker *c)
{
	return c->kind != CHECK_MISC && c->kind != CHECK_BFD && c->kind != CHECK_FILE;
}

static unsigned count_probes(const struct conf *conf)
{
	unsigned n = 0;

	for (unsigned i = 0; i < conf->checkers.n; i++)
		n += is_probe(conf->checkers.v[i]);
	return n;
}

/* Each other number moves most probes to another process: it shrinks only when half as many do. */
static unsigned choose_number(unsigned probes, unsigned before)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = probes / CHECKERS_EACH;

	if (before > n && probes >= before * CHECKERS_EACH / 2)
		n = before;
	if (cores > 0 && n > (unsigned)cores)
		n = (unsigned)cores;
	return n > 0 ? n : 1;
}

static unsigned number_of_checks(const struct conf *conf, unsigned before)
{
	unsigned probes = count_probes(conf), n = conf->global.check_processes;

	if (probes == 0)
		return 0;
	if (n == 0)
		n = choose_number(probes, before);
	return n < CHECK_PROCESSES_MAX ? n : CHECK_PROCESSES_MAX;
}

static bool has_vrrp(const struct conf *conf)
{
	return conf->instances.n > 0 || conf->groups.n > 0 || conf->static_addresses.n > 0 ||
	       conf->static_routes.n > 0 || conf->static_rules.n > 0;
}

static bool has_kind(const struct conf *conf, enum conf_check_kind kind)
{
	for (unsigned i = 0; i < conf->checkers.n; i++)
		if (conf->checkers.v[i]->kind == kind)
			return true;
	return false;
}

static bool tells_of_servers(const struct conf_virtual_server *vs, bool mails)
{
	for (unsigned i = 0; i < vs->rs.n; i++) {
		const struct conf_real_server *rs = vs->rs.v[i];

		if (rs->notify_up || rs->notify_down || (mails && rs->smtp_alert == TRI_ON))
			return true;
	}
	return false;
}

/* FIFOs and webhooks take what lvs says as it is: for them the runner need not know the servers. */
static bool tells_of_services(const struct conf *conf)
{
	bool mails = conf->global.emails.n > 0 && conf->global.smtp_server;

	for (unsigned i = 0; i < conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = conf->virtual_servers.v[i];

		if (vs->quorum_up || vs->quorum_down || (mails && vs->smtp_alert == TRI_ON) ||
		    tells_of_servers(vs, mails))
			return true;
	}
	return has_kind(conf, CHECK_MISC);
}

struct needs needs_of(const struct conf *conf, const struct supervisor_options *o, unsigned before)
{
	bool lvs = o->all || (!o->no_checkers && conf->virtual_servers.n > 0);
	const struct conf_lvs_sync_daemon *sync = conf->global.lvs_sync_daemon;
	struct needs n = {.checks = lvs ? number_of_checks(conf, before) : 0};

	n.wanted[SLOT_LVS] = lvs;
	n.wanted[SLOT_VRRP] = o->all || (!o->no_vrrp && (has_vrrp(conf) || !lvs));
	n.wanted[SLOT_RUNNER] = true;
	for (unsigned i = 0; i < n.checks; i++)
		n.wanted[SLOT_CHECK + i] = true;
	n.ping = n.checks > 0 && has_kind(conf, CHECK_PING);
	n.tls = n.checks > 0 && conf->ssl;
	n.told = lvs && tells_of_services(conf);
	n.sync = lvs && n.wanted[SLOT_VRRP] && sync && sync->instance != CONF_NONE;
	return n;
}

/* ---- boards ---- */

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct check_key *)0)->share));
}

/* Probes of one check process: checkers of one share key are one. */
static uint32_t count_share(const struct conf *conf, unsigned index, unsigned n)
{
	uint64_t(*keys)[2] = calloc(conf->checkers.n + 1, sizeof(*keys));
	uint32_t count = 0, distinct = 0;

	if (!keys)
		abort();
	for (unsigned i = 0; i < conf->checkers.n; i++) {
		struct check_key k;

		if (!is_probe(conf->checkers.v[i]))
			continue;
		k = check_key_of(conf, conf->checkers.v[i]);
		if (check_key_process(&k, n) == index)
			memcpy(keys[count++], k.share, sizeof(k.share));
	}
	if (!conf->global.no_shared_checks) {
		qsort(keys, count, sizeof(*keys), compare_keys);
		for (uint32_t i = 0; i < count; i++)
			distinct += i == 0 || compare_keys(keys[i], keys[i - 1]) != 0;
		count = distinct;
	}
	free(keys);
	return count;
}

static uint32_t count_misc(const struct conf *conf)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < conf->checkers.n; i++)
		n += conf->checkers.v[i]->kind == CHECK_MISC;
	return n;
}

struct board_shape needs_shape(const struct conf *conf, const struct needs *needs, enum slot slot)
{
	struct board_shape shape = {0};

	switch (slot_process(slot)) {
	case PROC_VRRP:
		shape.instances = conf->instances.n;
		shape.groups = conf->groups.n;
		for (unsigned i = 0; i < conf->instances.n; i++)
			shape.vips += conf->instances.v[i]->vips.n + conf->instances.v[i]->excluded.n;
		break;
	case PROC_RUNNER:
		shape.scripts = conf->scripts.n;
		shape.files = conf->files.n;
		shape.probes = count_misc(conf);
		break;
	case PROC_LVS:
		shape.services = conf->virtual_servers.n;
		shape.servers = conf->real_servers.n;
		shape.drains = BOARD_DRAINS;
		break;
	case PROC_CHECK:
		if (needs->checks > 0)
			shape.probes = count_share(conf, slot_index(slot), needs->checks);
		break;
	case PROC_SUPERVISOR:
	case PROC_COUNT:
		break;
	}
	return shape;
}

/* ---- the engine ---- */

uint8_t needs_engine(struct supervisor *s, const struct conf *conf)
{
	if (conf->global.lvs_engine != ENGINE_AUTO)
		return conf->global.lvs_engine;
	if (s->engine == ENGINE_AUTO)
		s->engine = s->host.kernel(s->host.ctx, KERNEL_IPVS) ? ENGINE_IPVS : ENGINE_NFTABLES;
	return s->engine;
}
