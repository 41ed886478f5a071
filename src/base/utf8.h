/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that others wrote, or that was cut to fit, made fit to be shown. */
#ifndef HF_BASE_UTF8_H
#define HF_BASE_UTF8_H

#include <stddef.h>

/* Makes `text`, an array of `size` > 0 bytes, a string of valid UTF-8: terminated at the latest in its
 * last byte; each byte of a broken sequence becomes '?', an incomplete one at the end goes. */
void utf8_clean(char *text, size_t size);

/* Bytes of the sequence that the string `s` begins with, 1 at its end as well; 0: a broken one. */
size_t utf8_sequence(const char *s);

#endif
