/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What older kernels or C libraries lack. The only place with conditionals on the platform.
 */
#ifndef HF_IO_COMPAT_H
#define HF_IO_COMPAT_H

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* Closes every descriptor from `first` on. Only calls the kernel: also for a vforked child. */
static inline void compat_close_from(int first)
{
	struct rlimit lim;
	int last = 65536;

	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
		return;
	/* before Linux 5.9 */
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < (rlim_t)last)
		last = (int)lim.rlim_cur;
	for (int fd = first; fd < last; fd++)
		close(fd);
}

#endif
