/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the place of named namespaces. */
#include "io/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

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
