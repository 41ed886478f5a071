/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What carries out the tables of core/lvs: IPVS, or nftables where the kernel has no IPVS. A table
 * of these is all that the rest of the process knows of either.
 */
#ifndef HF_PROC_LVS_ENGINE_H
#define HF_PROC_LVS_ENGINE_H

#include "base/usec.h"
#include "model/lvs.h"
#include "model/service.h"

struct board_timeouts;

struct engine {
	const struct engine_ops *ops;
};

/* A step from one table to another. */
struct engine_step {
	const struct service_table *from; /* what the kernel has, sorted */
	const struct service_table *to;	  /* sorted: all services, or (part) those that may have changed */
	bool part;
	service_changes *changes; /* the difference; errors are filled by apply() */
};

struct engine_ops {
	const char *name;
	/* 0, or -errno; *ret_error then says more ("" if not). configure() is still to come. */
	int (*open)(const struct conf *conf, struct engine **ret, const char **ret_error);
	struct engine *(*close)(struct engine *e);
	/* A new configuration. `original`, on the board, outlives the process: what of the kernel is to be
	 * given back stands there before it is changed. May be NULL. */
	void (*configure)(struct engine *e, const struct conf *conf, struct board_timeouts *original);
	/* What the kernel has of the services in `keys`, in `a`, in their order but for the destinations;
	 * NULL: only the engine's own memory tells, and an engine that has just been opened replaces
	 * everything that was there. */
	int (*observe)(struct engine *e, const struct service_table *keys, struct arena *a,
		       struct service_table *ret);
	/* Number of changes that failed. `*ret_error`: more about it, or "". */
	unsigned (*apply)(struct engine *e, const struct engine_step *step, const char **ret_error);
	/* Removes everything of load balancing, also what others made. */
	int (*flush)(struct engine *e);
	/* The daemon stops and its services are gone already, or stay (keep). May be NULL. */
	void (*stop)(struct engine *e, bool keep);
	/* Readable when tick() should be called; NULL: never. */
	int (*fd)(const struct engine *e);
	/* Looks at what changes by itself (interfaces, neighbours); when it wants to be called again,
	 * USEC_NEVER: not. May be NULL. */
	usec_t (*tick)(struct engine *e, const struct service_table *applied, usec_t now);
	/* Cheap, asked every second: whether what apply() made is still there. If not, the next apply()
	 * of all replaces everything. May be NULL. */
	bool (*intact)(struct engine *e);
	/* Servers in the tables that get nothing, as there is no way to them: how many, and the first. May
	 * be NULL. */
	unsigned (*wayless)(const struct engine *e, struct ip_addr *ret_first);
	/* Fills the connections that these destinations (those of one service side by side) have; what it
	 * can't tell is left as it is. May be NULL. */
	void (*census)(struct engine *e, struct dest_census *v, unsigned n);
	/* The connection synchronisation daemon; NULL: there is none. */
	int (*sync_start)(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d);
	int (*sync_stop)(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d);
};

extern const struct engine_ops engine_ipvs, engine_nft;

#endif
