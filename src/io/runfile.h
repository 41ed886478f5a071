/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run-time directories and pid files. */
#ifndef HF_IO_RUNFILE_H
#define HF_IO_RUNFILE_H

#include <stdbool.h>

/* Makes the directory, and those above it that are missing, with mode 0755; 0 or -errno. One that
 * exists is fine. */
int runfile_directory(const char *path);

/* Writes our pid into the file (mode 0644) and keeps a write lock on it, which is how a second
 * process notices: returns the descriptor to be kept open, -EAGAIN when another process has the
 * lock, other -errno. */
int runfile_pid(const char *path);

/* Whether the file with that lock still has this name. */
bool runfile_is_at(int fd, const char *path);

/* Removes the file and gives the lock up. fd -1: nothing happens. */
void runfile_remove(const char *path, int fd);

/* The pid in a pid file whose lock is held, 0 when nobody holds it, or -errno. */
int runfile_pid_read(const char *path);

#endif
