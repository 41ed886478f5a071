/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting programs cheaply (vfork semantics): in their own process group, standard streams on the
 * null device (standard error optionally into a pipe), every other descriptor closed, signals default,
 * normal scheduling, a user and group, environment without IFS, LD_PRELOAD and LD_LIBRARY_PATH,
 * SIGTERM if we die.
 */
#ifndef HF_IO_CHILD_H
#define HF_IO_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child_options {
	char *const *argv;    /* NULL-terminated; argv[0] is a path, or a name searched in PATH */
	bool shell;	      /* argv[0] is a command line for /bin/sh -c */
	bool bash;	      /* ... or rather for /bin/bash -c, if there is one */
	bool set_user;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;  /* supplementary */
	unsigned n_groups;
	char *const *extra_env; /* NULL-terminated "NAME=value", or NULL */
	int stderr_fd;	      /* -1: null device */
};

/* pid, or -errno when it could not be executed (ENOENT, EACCES, ...). */
pid_t child_start(const struct child_options *o);

/* Signals the whole process group. */
int child_kill(pid_t pid, int signo);

#endif
