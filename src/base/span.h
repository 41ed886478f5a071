/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A place in the configuration as the user wrote it. */
#ifndef HF_BASE_SPAN_H
#define HF_BASE_SPAN_H

#include <stdint.h>

/* Text that came out of a macro or a repetition has the place of its use. line 0: no place. */
struct conf_span {
	uint16_t file; /* index into conf_source.files */
	uint16_t col;  /* 1 = first byte of the line */
	uint16_t len;  /* bytes, at least 1 */
	uint32_t line; /* 1 = first line */
};

#endif
