/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers over NUL-terminated strings that libc lacks. */
#ifndef HF_BASE_STR_H
#define HF_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Both may be NULL. */
static inline bool str_eq0(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* FNV-1a. */
static inline uint32_t str_hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

/* Copies what fits, always NUL-terminated. */
static inline void str_copy(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	for (; n < size - 1 && src[n]; n++)
		dst[n] = src[n];
	dst[n] = '\0';
}

#endif
