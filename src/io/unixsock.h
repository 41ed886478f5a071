/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: a stream of text lines at a path. */
#ifndef HF_IO_UNIXSOCK_H
#define HF_IO_UNIXSOCK_H

/* Listens at the path with these permissions; a socket nobody listens on any more is replaced.
 * A non-blocking descriptor, -EADDRINUSE when somebody does listen, other -errno. */
int unixsock_listen(const char *path, unsigned mode);

/* The next connection, non-blocking and with much room for answers, since nobody waits for a
 * client that does not read; -EAGAIN when there is none. */
int unixsock_accept(int fd);

/* A connection, blocking; -errno. */
int unixsock_connect(const char *path);

/* Sends the line and a newline: 0, -EAGAIN when a non-blocking socket has not the room (a part of
 * the line may be gone: hang up), other -errno. */
int unixsock_send_line(int fd, const char *line);

#endif
