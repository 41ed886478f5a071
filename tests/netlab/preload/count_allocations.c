/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a daemon: counts its allocations into the first 8 bytes of the file
 * $COUNT_ALLOCATIONS.PID, which a test reads. Owns nothing else of the process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic unsigned long nowhere;
static _Atomic unsigned long *count = &nowhere;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

__attribute__((constructor)) static void count_begin(void)
{
	const char *base = getenv("COUNT_ALLOCATIONS");
	char path[256];
	void *p;
	int fd;

	if (!base)
		return;
	snprintf(path, sizeof(path), "%s.%d", base, (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*count)) < 0)
		abort();
	p = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		abort();
	close(fd);
	count = p;
}

void *malloc(size_t n)
{
	atomic_fetch_add(count, 1);
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	atomic_fetch_add(count, 1);
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	atomic_fetch_add(count, 1);
	return __libc_realloc(p, n);
}
