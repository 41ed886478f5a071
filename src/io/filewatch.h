/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files whose first number is watched (track_file). A number is written as in C: decimal, octal, hex,
 * with a sign. A file that is missing counts as 0, so does one without a number; one outside 32 bits
 * is no news. Read after it was closed by a writer, moved in or out, or deleted; the file and
 * directories above it may come later.
 */
#ifndef HF_IO_FILEWATCH_H
#define HF_IO_FILEWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "io/loop.h"

struct filewatch;
struct filewatch_file;

/* NULL (and errno) when the system has no watches left. */
struct filewatch *filewatch_new(struct loop *l);
struct filewatch *filewatch_free(struct filewatch *w); /* with its files */

/* Calls fn from the loop when the number changes; *ret_value is what it is now (0 when missing or
 * not a 32 bit number). NULL (and errno) when the path is not absolute or cannot be watched. */
struct filewatch_file *filewatch_add(struct filewatch *w, const char *path,
				     void (*fn)(void *ctx, int32_t value), void *ctx, int32_t *ret_value);
struct filewatch_file *filewatch_remove(struct filewatch_file *f);

/* Reads the number of a file: 0, -ENOENT when it is missing, -ERANGE, other -errno. */
int filewatch_read(const char *path, int32_t *ret);

/* Puts a number into a file that is missing, or any if `overwrite`; 0 or -errno. */
int filewatch_init(const char *path, int32_t value, bool overwrite);

#endif
