/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration: text <-> model. Pure; the machine is asked through struct conf_host.
 *
 *   text --tree.c--> statements --bind.c + schema/--> model --complete.c--> final values
 *   model --print.c--> text        model, model --diff.c--> plan      model --lint.c--> messages
 */
#ifndef HF_CONF_CONF_H
#define HF_CONF_CONF_H

#include "conf/diag.h"
#include "model/conf_host.h"
#include "conf/tree.h"
#include "model/conf.h"

struct conf_load_options {
	struct conf_tree_options tree;
	bool judge; /* also lint and ask the host about scripts, users, interfaces */
	/* The sealed copy without virtual servers, their groups and the SSL block, for a process that
	 * needs none of them: as if they were not there, but all ids are those of the whole. */
	bool skip_services;
};

/* The result of reading a configuration. `conf` is never NULL, but must not be run when
 * diags.count[DIAG_FATAL] is not 0. The caller frees `arena`, and everything with it. */
struct conf_loaded {
	struct arena *arena;
	struct conf *conf;
	struct conf_source *source;
	struct diags diags; /* sorted */
};

struct conf_loaded conf_load_file(const char *path, const struct conf_host *host,
				  const struct conf_load_options *options);
struct conf_loaded conf_load_text(const char *name, const char *text, size_t len,
				  const struct conf_host *host, const struct conf_load_options *options);

/* The configuration as canonical text: every statement the model holds, no comment, no macro.
 * Reading it again gives an equal model: this is what the supervisor hands to the workers.
 * Returns text in `a`, its length in *ret_len. */
char *conf_print(const struct conf *conf, struct arena *a, size_t *ret_len);

/* One change of a reload plan. */
enum plan_op { PLAN_ADD, PLAN_REMOVE, PLAN_CHANGE, PLAN_RESTART, PLAN_MOVE };
struct plan_item {
	enum plan_op op;
	const char *object;  /* "vrrp_instance VI_1", "virtual_ipaddress 10.0.0.1/24" */
	const char *detail;  /* "priority 100 -> 90 (applied live)", "from VI_1 to VI_2, stays in the kernel" */
};
struct plan {
	VEC(struct plan_item) items;
	unsigned unchanged;	   /* instances, groups, trackers alike in both */
	unsigned servers_kept;	   /* real servers in both: they keep their state and connections */
	unsigned vips_interrupted; /* addresses that leave the kernel though the new file has them */
};

/* What a reload from `from` to `to` would do. */
struct plan *conf_diff(const struct conf *from, const struct conf *to, struct arena *a);
/* The plan as text, one line an item and a summary line. */
char *conf_plan_text(const struct plan *plan, struct arena *a);

#endif
