/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading and judging a configuration must ask of the machine. conf/ is pure: it gets the
 * answers through this table. io/host.c answers for the machine we run on, tests answer as they
 * like; a NULL function means "not known here" and the judgement that needs it is left out
 * (`holdfast check --offline`).
 */
#ifndef HF_MODEL_CONF_HOST_H
#define HF_MODEL_CONF_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/vec.h"

enum conf_path_kind { PATH_MISSING, PATH_FILE, PATH_EXECUTABLE, PATH_DIRECTORY, PATH_SPECIAL };

/* One component of a script's path that makes it unsafe or impossible to run. */
struct conf_script_fault {
	char path[256];	     /* the component */
	char reason[160];    /* one clause: "is writable by group staff (gid 50)" */
	char fix[160];	     /* a command that mends it, may be empty */
	char owner[64];	     /* user and group names or numbers, empty if it does not exist */
	unsigned mode;	     /* permission bits */
	bool unsafe;	     /* it can be run, but somebody else could replace it */
	bool fails;	     /* it may be run, and the kernel will not */
};

/* Parts of the kernel that virtual servers need. */
enum conf_kernel_part { KERNEL_IPVS, KERNEL_NFTABLES };

struct conf_url; /* model/lvs.h */

struct conf_host {
	void *ctx;
	const char *config_id;	/* for @ID lines and ${_INSTANCE} */

	/* Whole file into the arena, NUL after it. 0 or -errno. */
	int (*read_file)(void *ctx, const char *path, struct arena *a, char **ret, size_t *ret_len);
	enum conf_path_kind (*path_kind)(void *ctx, const char *path, bool *ret_readable);
	/* Paths that match (with csh braces) in glob order, maybe none; 0 or -errno. */
	int (*glob)(void *ctx, const char *pattern, struct arena *a, char ***ret, unsigned *ret_n);
	/* Absolute path of a directory, symbolic links resolved; NULL when there is none. */
	char *(*real_path)(void *ctx, const char *path, struct arena *a);
	const char *(*getenv)(void *ctx, const char *name);
	uint32_t (*random)(void *ctx, bool reseed, uint32_t seed);

	/* true when found */
	bool (*user)(void *ctx, const char *name, uint32_t *ret_uid, uint32_t *ret_gid);
	bool (*group)(void *ctx, const char *name, uint32_t *ret_gid);
	bool (*interface)(void *ctx, const char *name);
	/* The names of all, in the arena; the first `max` of them in ret: how many are there. */
	unsigned (*interfaces)(void *ctx, struct arena *a, const char **ret, unsigned max);
	/* Its addresses of one family, the first `max` of them in ret: how many there are. NULL: those
	 * of all interfaces. */
	unsigned (*addresses)(void *ctx, const char *interface, enum ip_family family,
			      struct ip_addr *ret, unsigned max);
	/* Whether the kernel has that part or would load it; true when it can't be told. */
	bool (*kernel)(void *ctx, enum conf_kernel_part part);
	/* Whether a file can be read by root. */
	bool (*readable)(void *ctx, const char *path);
	/* Whether the pattern of a page compiles; false fills `text` with a clause that says why not
	 * and *ret_offset with the byte of the pattern. A library's answer, not the machine's. */
	bool (*regex)(const struct conf_url *url, char *text, size_t size, size_t *ret_offset);
	/* Number of `name` in an iproute2 table ("rt_tables", "rt_scopes", "rt_protos",
	 * "rt_dsfield", "rt_realms", "group"). */
	bool (*name_table)(void *ctx, const char *table, const char *name, uint32_t *ret);
	/* Whether the file argv0 may be run as uid/gid; false fills *ret. `secure`
	 * (enable_script_security) forbids what is unsafe; without it the answer is true, but *ret is
	 * filled and ret->unsafe set, as ret->fails for a script whose interpreter is
	 * missing. All zero when there is nothing to say. Only what is run as root,
	 * or is set-id to it, can be unsafe. */
	bool (*script)(void *ctx, const char *argv0, uint32_t uid, uint32_t gid, bool secure,
		       struct conf_script_fault *ret);
};

#endif
