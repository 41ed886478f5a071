/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model as written -> final values: defaults that depend on others, inheritance, corrections, names
 * -> ids. Private to conf/.
 */
#ifndef HF_CONF_COMPLETE_H
#define HF_CONF_COMPLETE_H

#include "conf/schema.h"

/* Objects by name, for any number of them. */
struct name_index {
	struct name_entry *slots;
	unsigned mask;
};

struct complete {
	struct conf *conf;
	struct diags *diags;
	const struct conf_host *host;
	struct arena *a; /* of the configuration */
	bool judge;
	struct name_index instances;
	struct name_index tracked[TRACK_KINDS]; /* [TRACK_INTERFACE] is unused */
	VEC(const char *) left_out;		/* instances that there were */
};

/* The whole stage. */
void conf_complete(struct conf *conf, const struct conf_host *host, struct diags *diags, bool judge);

/* complete_instance.c: family, version, priority, corrections, strict mode. */
void complete_instances(struct complete *c);
void leave_out_instances(struct complete *c); /* before they have their ids */
/* complete_vrid.c: VRIDs that clash. */
void complete_vrids(struct complete *c);
/* complete_tracks.c: members of sync groups, names of trackers. */
void complete_groups(struct complete *c);
void complete_tracks(struct complete *c);
/* complete_route.c: preferences of rules, track groups of routes and rules. */
void complete_routes(struct complete *c);
/* complete_lvs.c: virtual servers, their servers and checkers, the sync daemon. */
void complete_lvs(struct complete *c);
/* complete_scripts.c: identity and safety of every script. */
void complete_scripts(struct complete *c);

void name_index_add(struct arena *a, struct name_index *x, unsigned n, const char *name, uint32_t id);
/* CONF_NONE when there is none. */
uint32_t name_index_find(const struct name_index *x, const char *name);

#endif
