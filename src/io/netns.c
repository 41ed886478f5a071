/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the place of named namespaces. */
#include "io/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLAIMS 40
#define CLAIM_AGAIN_AFTER_MS 50

int netns_enter(const char *name)
{
	char path[300];
	int fd, r;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int netns_current(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_return(int fd)
{
	int r = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;

	close(fd);
	return r;
}

/* Abstract sockets belong to a network namespace, and go with their process. */
static int name_bind(int fd, const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int n = snprintf(sa.sun_path + 1, sizeof(sa.sun_path) - 1, "%s", name);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);

	return bind(fd, (struct sockaddr *)&sa, size) < 0 ? -errno : 0;
}

int netns_claim(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = name_bind(fd, name);
	for (unsigned again = 0; r == -EADDRINUSE && again < CLAIMS; again++) {
		poll(NULL, 0, CLAIM_AGAIN_AFTER_MS);
		r = name_bind(fd, name);
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}
