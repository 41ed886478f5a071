/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the lock on a pid file. The lock counts, not the number in it: that may be stale.
 * Must not know: whose file it is. */
#include "io/runfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static int directory_make(const char *path)
{
	struct stat st;

	if (mkdir(path, 0755) == 0)
		return chmod(path, 0755) < 0 ? -errno : 0; /* whatever the umask */
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int runfile_directory(const char *path)
{
	char part[4096];

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	str_copy(part, sizeof(part), path);
	for (char *p = part + 1; *part && *p; p++)
		if (*p == '/') {
			int r;

			*p = '\0';
			r = directory_make(part);
			*p = '/';
			/* EROFS, EACCES: what is above may exist and not be ours */
			if (r < 0 && access(part, F_OK) < 0 && r != -EACCES && r != -EROFS)
				return r;
		}
	return directory_make(part);
}

static int lock_take(int fd)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_SETLK, &fl) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

bool runfile_is_at(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int pid_write(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", getpid());

	if (fchmod(fd, 0644) < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return errno ? -errno : -EIO;
	return 0;
}

int runfile_pid(const char *path)
{
	/* Another process may remove it between open and lock: then once more. */
	for (int tries = 0; tries < 100; tries++) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
		int r;

		if (fd < 0)
			return -errno;
		r = lock_take(fd);
		if (r == 0 && runfile_is_at(fd, path))
			r = pid_write(fd);
		else if (r == 0)
			r = -ESTALE;
		if (r == 0)
			return fd;
		close(fd);
		if (r != -ESTALE)
			return r;
	}
	return -EAGAIN;
}

void runfile_remove(const char *path, int fd)
{
	if (fd < 0)
		return;
	/* first the name, then the lock: nobody may lock a file that goes away */
	unlink(path);
	close(fd);
}

int runfile_pid_read(const char *path)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[16] = "";
	int pid = 0;

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_GETLK, &fl) == 0 && fl.l_type != F_UNLCK &&
	    read(fd, text, sizeof(text) - 1) > 0)
		pid = atoi(text);
	close(fd);
	return pid;
}
