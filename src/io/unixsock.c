/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: how a control socket is made and written to. Must not know: what is said. */
#include "io/unixsock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

#define ANSWER_ROOM (4 << 20)
#define WAITING 16

static int path_fill(struct sockaddr_un *sa, const char *path)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa->sun_path))
		return -ENAMETOOLONG;
	str_copy(sa->sun_path, sizeof(sa->sun_path), path);
	return 0;
}

static int socket_new(int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	return fd < 0 ? -errno : fd;
}

static int fd_or_error(int fd, int r)
{
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* A socket file outlives its owner. */
static int stale_remove(const struct sockaddr_un *sa)
{
	int fd = unixsock_connect(sa->sun_path);
	struct stat st;

	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd == -ECONNREFUSED && lstat(sa->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    unlink(sa->sun_path) < 0)
		return -errno;
	return 0;
}

int unixsock_listen(const char *path, unsigned mode)
{
	struct sockaddr_un sa;
	int r = path_fill(&sa, path);
	int fd;
	mode_t old;

	if (r == 0)
		r = stale_remove(&sa);
	if (r < 0)
		return r;
	fd = socket_new(SOCK_NONBLOCK);
	if (fd < 0)
		return fd;
	/* never open wider, not even between two calls */
	old = umask(~mode & 0777);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		r = -errno;
	umask(old);
	if (r == 0 && listen(fd, WAITING) < 0)
		r = -errno;
	return fd_or_error(fd, r);
}

int unixsock_accept(int fd)
{
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), room = ANSWER_ROOM;

	if (client < 0)
		return -errno;
	if (setsockopt(client, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(client, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return client;
}

int unixsock_connect(const char *path)
{
	struct sockaddr_un sa;
	int r = path_fill(&sa, path);
	int fd;

	if (r < 0)
		return r;
	fd = socket_new(0);
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		r = -errno;
	return fd_or_error(fd, r);
}

int unixsock_send_line(int fd, const char *line)
{
	struct iovec v[2] = {{(void *)line, strlen(line)}, {(void *)"\n", 1}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	while (v[0].iov_len + v[1].iov_len > 0) {
		ssize_t r = sendmsg(fd, &m, MSG_NOSIGNAL);
		size_t first;

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		first = (size_t)r < v[0].iov_len ? (size_t)r : v[0].iov_len;
		v[0].iov_base = (char *)v[0].iov_base + first;
		v[0].iov_len -= first;
		v[1].iov_len -= (size_t)r - first;
	}
	return 0;
}
