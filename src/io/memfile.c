/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: memfd and its seals. The receiver checks them: a file that may shrink under a mapping would
 * kill its reader. Must not know: what is in it. */
#include "io/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define SEALS_NEEDED (F_SEAL_SHRINK | F_SEAL_WRITE)

static int bytes_write(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

int memfile_sealed(const char *name, const void *data, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = bytes_write(fd, data, len);
	/* the NUL that ends the mapping */
	if (r == 0 && ftruncate(fd, (off_t)len + 1) < 0)
		r = -errno;
	if (r == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

char *memfile_map(int fd, size_t len)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals < 0 || fstat(fd, &st) < 0)
		return NULL;
	if ((seals & SEALS_NEEDED) != SEALS_NEEDED || st.st_size < (off_t)len + 1) {
		errno = EINVAL;
		return NULL;
	}
	p = mmap(NULL, len + 1, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

void memfile_unmap(const char *p, size_t len)
{
	if (p)
		munmap((void *)p, len + 1);
}
