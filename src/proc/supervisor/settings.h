/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the supervisor itself needs of a configuration, so that it need not keep the whole of it. */
#ifndef HF_PROC_SUPERVISOR_SETTINGS_H
#define HF_PROC_SUPERVISOR_SETTINGS_H

#include "base/arena.h"
#include "model/conf.h"

struct command;

struct settings {
	struct arena *arena;
	const char *instance, *net_namespace, *net_namespace_ipvs, *nftables, *nftables_ipvs;
	const char *tmp_config_directory, *process_name, *vrrp_process_name;
	const char *checker_process_name, *router_id;
	const char *state_dump_file, *stats_dump_file, *json_dump_file, *reload_file;
	bool reload_file_on, disable_local_igmp, use_pid_dir, data_use_instance;
	uint32_t child_wait_time, file_mask, json_version;
	struct command *startup, *shutdown; /* or NULL */
	uint32_t startup_timeout, shutdown_timeout;
};

struct settings *settings_new(const struct conf *conf);
struct settings *settings_free(struct settings *s);

/* The first thing that differs and can't be changed by a reload (operations.md 5), or NULL. */
const char *settings_forbidden_change(const struct settings *from, const struct settings *to);

#endif
