/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small copy of the global settings; the configuration itself is freed after it was printed. */
#include "proc/supervisor/settings.h"

#include <stdlib.h>

#include "base/str.h"
#include "proc/command.h"

struct settings *settings_new(const struct conf *conf)
{
	const struct conf_global *g = &conf->global;
	struct arena *a = arena_new();
	struct settings *s = arena_new_of(a, struct settings);

	*s = (struct settings){
		.arena = a,
		.instance = arena_strdup(a, g->instance),
		.net_namespace = arena_strdup(a, g->net_namespace),
		.net_namespace_ipvs = arena_strdup(a, g->net_namespace_ipvs),
		.nftables = arena_strdup(a, g->nftables),
		.nftables_ipvs = arena_strdup(a, g->nftables_ipvs),
		.tmp_config_directory = arena_strdup(a, g->tmp_config_directory),
		.process_name = arena_strdup(a, g->process_name),
		.vrrp_process_name = arena_strdup(a, g->vrrp_sched.process_name),
		.checker_process_name = arena_strdup(a, g->checker_sched.process_name),
		.state_dump_file = arena_strdup(a, g->state_dump_file),
		.stats_dump_file = arena_strdup(a, g->stats_dump_file),
		.json_dump_file = arena_strdup(a, g->json_dump_file),
		.reload_file = arena_strdup(a, g->reload_file),
		.reload_file_on = g->reload_file_on,
		.router_id = arena_strdup(a, g->router_id),
		.disable_local_igmp = g->disable_local_igmp,
		.use_pid_dir = g->use_pid_dir,
		.data_use_instance = g->data_use_instance,
		.child_wait_time = g->child_wait_time,
		.file_mask = g->umask,
		.json_version = g->json_version,
		.startup_timeout = g->startup_script_timeout,
		.shutdown_timeout = g->shutdown_script_timeout,
		.startup = command_new(g->startup_script, NULL, 0, NULL),
		.shutdown = command_new(g->shutdown_script, NULL, 0, NULL),
	};
	if (g->process_names && !s->vrrp_process_name)
		s->vrrp_process_name = "keepalived_vrrp";
	if (g->process_names && !s->checker_process_name)
		s->checker_process_name = "keepalived_lvs";
	return s;
}

struct settings *settings_free(struct settings *s)
{
	if (!s)
		return NULL;
	command_free(s->startup);
	command_free(s->shutdown);
	arena_free(s->arena);
	return NULL;
}

const char *settings_forbidden_change(const struct settings *from, const struct settings *to)
{
	if (!str_eq0(from->net_namespace, to->net_namespace))
		return "net_namespace";
	if (!str_eq0(from->net_namespace_ipvs, to->net_namespace_ipvs))
		return "net_namespace_ipvs";
	if (!str_eq0(from->instance, to->instance))
		return "instance";
	if (!str_eq0(from->nftables, to->nftables))
		return "nftables";
	if (!str_eq0(from->nftables_ipvs, to->nftables_ipvs))
		return "nftables_ipvs";
	if (!str_eq0(from->tmp_config_directory, to->tmp_config_directory))
		return "tmp_config_directory";
	if (from->disable_local_igmp != to->disable_local_igmp)
		return "disable_local_igmp";
	return NULL;
}
