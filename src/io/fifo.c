/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: opening read-write, which needs no reader and keeps what was written until there is one.
 * Must not know: what is written. */
#include "io/fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0, or -errno; *ret_created when it was not there. */
static int fifo_make(const char *path, uid_t uid, gid_t gid, bool *ret_created)
{
	*ret_created = mkfifo(path, 0644) == 0;
	if (!*ret_created)
		return errno == EEXIST ? 0 : -errno;
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && lchown(path, uid, gid) < 0) {
		int r = -errno;

		unlink(path);
		*ret_created = false;
		return r;
	}
	return 0;
}

int fifo_open(const char *path, uid_t uid, gid_t gid, bool *ret_created)
{
	struct stat st;
	bool created;
	int r = fifo_make(path, uid, gid, &created);
	int fd;

	if (r < 0)
		return r;
	/* looked at first: opening a device may do something */
	if (stat(path, &st) < 0)
		return -errno;
	fd = S_ISFIFO(st.st_mode) ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0)
		return S_ISFIFO(st.st_mode) ? -errno : -ENXIO;
	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode)) {
		close(fd);
		return -ENXIO;
	}
	*ret_created = created;
	return fd;
}

int fifo_write(int fd, const char *line, size_t n)
{
	ssize_t r;

	if (n > PIPE_BUF)
		return -EMSGSIZE;
	r = write(fd, line, n);
	if (r < 0)
		return -errno;
	return (size_t)r == n ? 0 : -EIO;
}

int fifo_close(int fd, const char *path, bool created)
{
	if (fd < 0)
		return -1;
	if (created)
		unlink(path);
	close(fd);
	return -1;
}
