/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named pipes that we write events into. */
#ifndef HF_IO_FIFO_H
#define HF_IO_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Opens the FIFO for writing without a reader having to be there, and makes it (mode 0644 before umask,
 * with this owner; (uid_t)-1, (gid_t)-1: ours) if nothing has that name. *ret_created says which.
 * A descriptor, -ENXIO when something else than a FIFO has the name, other -errno. */
int fifo_open(const char *path, uid_t uid, gid_t gid, bool *ret_created);

/* Writes a line (with its newline) whole or not at all: 0, -EAGAIN when the pipe is full,
 * -EMSGSIZE above PIPE_BUF bytes, other -errno. */
int fifo_write(int fd, const char *line, size_t n);

/* Closes it and, if we created it, removes the name. Returns -1. */
int fifo_close(int fd, const char *path, bool created);

#endif
