/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine we run on, as reading and judging a configuration asks for it. */
#ifndef HF_IO_HOST_H
#define HF_IO_HOST_H

#include "model/conf_host.h"

/* Fills *ret. config_id NULL: the node name up to its first dot. host_done() frees what it needs;
 * *ret may be copied in between, but not used from two threads. */
void host_init(struct conf_host *ret, const char *config_id);
void host_done(struct conf_host *h);

/* conf_host.script */
bool host_script_check(void *ctx, const char *argv0, uint32_t uid, uint32_t gid, bool secure,
		       struct conf_script_fault *ret);

/* conf_host.kernel */
bool host_kernel(void *ctx, enum conf_kernel_part part);

/* conf_host.name_table */
bool host_name_table(void *ctx, const char *table, const char *name, uint32_t *ret);
/* The number of `name` in one file of iproute2's form; false when it or the file does not exist. */
bool host_name_file(const char *path, const char *name, uint32_t *ret);

#endif
