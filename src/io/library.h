/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that one worker in some configurations needs, opened when it does. Linking them would
 * load and relocate them, and all they depend on, in every process at each start: libcurl alone
 * costs 1.2 MB and 4 ms each time.
 */
#ifndef HF_IO_LIBRARY_H
#define HF_IO_LIBRARY_H

#include <stddef.h>

/* Opens `soname` for the life of the process and fills functions[i] with the address of names[i]:
 * 0, or -ENOENT (ret_error says what is missing, valid until the next call). */
int library_open(const char *soname, const char *const *names, void **functions, size_t n,
		 const char **ret_error);

#endif
