/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: reading and writing one number of /proc/sys. Must not know: what it means. */
#include "io/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int sysctl_read(const char *dir, const char *ifname, const char *name)
{
	char path[192], text[16] = "";
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "/proc/sys/%s/%s/%s", dir, ifname, name) >= (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? atoi(text) : -1;
}

int sysctl_write(const char *dir, const char *ifname, const char *name, int value)
{
	char path[192], text[16];
	int fd, r = 0, n = snprintf(text, sizeof(text), "%d", value);

	if (snprintf(path, sizeof(path), "/proc/sys/%s/%s/%s", dir, ifname, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)n) != n)
		r = -errno;
	close(fd);
	return r;
}
