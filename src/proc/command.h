/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A script to run, with its user, arguments and environment: one block of memory that outlives the
 * configuration it came from.
 */
#ifndef HF_PROC_COMMAND_H
#define HF_PROC_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/conf.h"

struct command {
	char **argv;
	char **env;	  /* additions, NULL-terminated, or NULL */
	const char *text; /* as written, for messages */
	bool shell, bash, set_user, supplementary;
	uint32_t uid, gid;
};

/* A copy of the script with more arguments and environment (NULL-terminated) after its own. NULL
 * for NULL and for a script that must not be run. Freed by command_free(). */
struct command *command_new(const struct conf_script *script, const char *const *extra,
			    unsigned n_extra, const char *const *env);
struct command *command_free(struct command *c);

/* Whether both run the same words as the same user. */
bool command_equal(const struct command *a, const struct command *b);

/* Starts it: pid or -errno. stderr_fd -1: the null device. */
pid_t command_start(const struct command *c, int stderr_fd);

/* What a failure to start means, for a log: the kernel's words alone mislead. */
const char *command_error(int error);

#endif
