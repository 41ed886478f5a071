/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up privileges for good. */
#ifndef HF_IO_PRIVILEGE_H
#define HF_IO_PRIVILEGE_H

#include <stdbool.h>

/* What may be kept; bits. */
enum privilege {
	PRIVILEGE_MARK = 1 << 0,     /* marks of sockets, binding them to interfaces */
	PRIVILEGE_LOW_PORT = 1 << 1, /* source ports below 1024 */
};

/* From now on the process is nobody (uid and gid 65534, no other groups), with the capabilities for
 * `kept` that it has now and no others, and can never gain any. 0, or -errno of the first thing that
 * failed; the rest was done nevertheless. */
int privilege_drop(unsigned kept);

/* As many descriptors as the kernel permits; before privilege_drop(). */
void privilege_raise_files(void);

#endif
