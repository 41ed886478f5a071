/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed memory files: text handed to other processes that nobody can change any more. */
#ifndef HF_IO_MEMFILE_H
#define HF_IO_MEMFILE_H

#include <stddef.h>

/* A new descriptor (close-on-exec) of a memory file that holds `data`, sealed against every change;
 * -errno when there is none to be had. */
int memfile_sealed(const char *name, const void *data, size_t len);

/* Its `len` bytes read-only, followed by a NUL; NULL (and errno) when it cannot be mapped, is not
 * sealed or is shorter than said. To be unmapped with the same length. */
char *memfile_map(int fd, size_t len);
void memfile_unmap(const char *p, size_t len);

#endif
