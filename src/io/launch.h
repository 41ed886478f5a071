/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vfork underneath child.c and process.c; private to io/. The child shares our memory until it
 * executes: `become` may only call the kernel and write to what ctx points at.
 */
#ifndef HF_IO_LAUNCH_H
#define HF_IO_LAUNCH_H

#include <sys/types.h>

/* For `become`: its stack is never unwound, which AddressSanitizer would hold against its next user. */
#define LAUNCH_BECOME __attribute__((no_sanitize_address))

/* Runs become(ctx) in a new process with all signals at their default, and blocked. It executes a
 * program, or returns a positive errno. pid or -errno. */
pid_t launch(int (*become)(void *ctx), void *ctx);

/* For `become`, just before it executes (a change of user undoes it): SIGTERM when `parent` dies,
 * signals unblocked. 0 or an errno. */
int launch_ready(pid_t parent);

/* A copy of the environment without the variables in `names` (each with its "="), with `extra`
 * after it. To be freed; NULL without memory. */
char **launch_environment(const char *const *names, char *const *extra);

#endif
