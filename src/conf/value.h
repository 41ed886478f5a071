/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to value*.c: the functions of each type of row. */
#ifndef HF_CONF_VALUE_H
#define HF_CONF_VALUE_H

#include "conf/schema.h"

row_parse_fn value_parse_number, value_parse_time, value_parse_weight, value_parse_numbers;
row_print_fn value_print_number, value_print_time, value_print_weight, value_print_numbers;

/* bind_bad_word() with a hint at a macro that is not defined. */
bool value_bad_word(struct bind *b, const struct conf_word *w, const char *code,
		    const char *expected, const char *fmt) __attribute__((format(printf, 5, 0)));
/* Digits with an optional sign, nothing else; *ret_range when they do not fit in 64 bits. */
bool value_read_number(const char *s, bool cnumber, int64_t *ret, bool *ret_range);

/* "a number from 1 to 255", "a number from 0.01 to 10 seconds". */
const char *value_expected_number(const struct row *row, struct arena *a);
const char *value_expected_time(const struct row *row, struct arena *a);

#endif
