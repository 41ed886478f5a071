/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: rows of numbers and of times: read, limited to their range, written.
 *
 * Must not know: other types (value.c).
 */
#include "conf/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* ---- numbers ---- */

bool value_read_number(const char *s, bool cnumber, int64_t *ret, bool *ret_range)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	if (!isdigit((unsigned char)s[*s == '+' || *s == '-']))
		return false;
	errno = 0;
	*ret = strtoll(s, &end, cnumber ? 0 : 10);
	*ret_range = errno == ERANGE;
	return !*end;
}

const char *value_expected_number(const struct row *row, struct arena *a)
{
	return arena_printf(a, "a number from %" PRId64 " to %" PRId64 "%s%s", row->min, row->max,
			    row->unit ? " " : "", row->unit ? row->unit : "");
}

bool bind_number(struct bind *b, const struct conf_word *w, bool cnumber, int64_t min, int64_t max,
		 int64_t *ret)
{
	const struct row row = {.type = T_NUMBER, .min = min, .max = max};
	int64_t n;
	bool range;

	if (!value_read_number(w->text, cnumber, &n, &range))
		return value_bad_word(b, w, "bad-number", row_expected(&row, b->a),
				     "`%s` is not a number");
	if (range || n < min || n > max)
		return value_bad_word(b, w, "out-of-range", row_expected(&row, b->a),
				     "%s is out of range");
	*ret = n;
	return true;
}

bool bind_range(struct bind *b, const struct conf_word *w, int64_t min, int64_t max, int64_t *ret_lo,
		int64_t *ret_hi)
{
	struct conf_word lo, hi;

	word_split(b->a, w, '-', &lo, &hi);
	return bind_number(b, &lo, false, min, max, ret_lo) &&
	       bind_number(b, &hi, false, *ret_lo, max, ret_hi);
}

void print_range(struct text *t, uint32_t lo, uint32_t hi)
{
	text_printf(t, lo == hi ? " %u" : " %u-%u", lo, hi);
}

static void number_store(const struct row *row, void *obj, int64_t n)
{
	void *p = row_field(row, obj);

	switch (row->size) {
	case 1:
		*(uint8_t *)p = (uint8_t)n;
		break;
	case 2:
		*(uint16_t *)p = (uint16_t)n;
		break;
	case 4:
		*(uint32_t *)p = (uint32_t)n;
		break;
	default:
		*(uint64_t *)p = (uint64_t)n;
	}
}

static int64_t number_load(const struct row *row, const void *obj)
{
	const void *p = row_value(row, obj);

	switch (row->size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)p;
	case 4:
		return row->is_signed ? *(const int32_t *)p : (int64_t) * (const uint32_t *)p;
	default:
		return (int64_t) * (const uint64_t *)p;
	}
}

/* Out of range: reported; true when the row says what to do instead. */
static bool number_limit(struct bind *b, const struct row *row, const struct conf_word *w,
			 int64_t *n)
{
	struct diag *d;

	if (*n == 0 && row->flags & ROW_ZERO_IS_ONE) {
		diag_add(b->diags, DIAG_WARNING, "out-of-range", w->at,
			 "0 makes no sense here, 1 is used");
		*n = 1;
		return true;
	}
	if (*n >= row->min && *n <= row->max)
		return true;
	d = diag_add(b->diags, row->flags & ROW_CLAMP ? DIAG_WARNING : DIAG_ERROR, "out-of-range",
		     w->at, "%s is out of range", w->text);
	d->expected = row_expected(row, b->a);
	if (!(row->flags & ROW_CLAMP))
		return false;
	*n = *n < row->min ? row->min : row->max;
	d->hint = arena_printf(b->a, "%" PRId64 " is used", *n);
	return true;
}

static bool number_named(struct bind *b, const struct row *row, const char *name, int64_t *ret)
{
	const struct choice *ch = choice_named(row->choices, name);
	uint32_t n;

	if (ch) {
		*ret = row->is_signed ? ch->value : (int64_t)(uint32_t)ch->value;
		return true;
	}
	if (!row->names || !b->host || !b->host->name_table ||
	    !b->host->name_table(b->host->ctx, row->names, name, &n))
		return false;
	*ret = n;
	return true;
}

bool value_parse_number(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	int64_t n;
	bool range = false;

	if (!value_read_number(w->text, row->flags & ROW_CNUMBER || row->names, &n, &range) &&
	    !number_named(b, row, w->text, &n))
		return value_bad_word(b, w, "bad-number", row_expected(row, b->a),
				row->names ? "`%s` is neither a number nor a known name"
					   : "`%s` is not a number");
	if (range)
		return value_bad_word(b, w, "out-of-range", row_expected(row, b->a),
				"%s is out of range");
	if (!number_limit(b, row, w, &n))
		return false;
	number_store(row, obj, n);
	return true;
}

void value_print_number(struct text *t, const struct row *row, const void *obj)
{
	text_char(t, ' ');
	text_number(t, number_load(row, obj));
}

/* Decimal text times scale into microseconds; -1 not a number, 1 more digits than a microsecond. */
static int time_parse(const char *s, int64_t scale, bool whole, usec_t *ret)
{
	int64_t value = 0, part = scale;
	bool digits = false, more = false;

	s += *s == '+';
	for (; isdigit((unsigned char)*s); s++, digits = true)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *s - '0', &value))
			value = INT64_MAX / 100;
	if (__builtin_mul_overflow(value, scale, &value))
		value = INT64_MAX;
	if (*s == '.' && !whole)
		for (s++; isdigit((unsigned char)*s); s++, digits = true) {
			if (part < 10 && *s != '0')
				more = true;
			if (part < 10 && part > 0 && *s >= '5' && value < INT64_MAX)
				value++; /* rounded at the first digit that doesn't count */
			part /= 10;
			if (value < INT64_MAX - scale)
				value += (*s - '0') * part;
		}
	if (*s || !digits)
		return -1;
	*ret = value;
	return more;
}

static void text_time(struct text *t, usec_t v, int64_t scale)
{
	int64_t part = v % scale;

	text_number(t, v / scale);
	if (part > 0)
		text_char(t, '.');
	for (; part > 0; part %= scale) {
		scale /= 10;
		text_char(t, (char)('0' + part / scale));
	}
}

static const char *time_text(struct arena *a, usec_t v, int64_t scale)
{
	struct text t = {.a = a};

	text_time(&t, v, scale);
	return text_get(&t);
}

static int64_t row_scale(const struct row *row)
{
	return row->scale ? row->scale : USEC_PER_SEC;
}

const char *value_expected_time(const struct row *row, struct arena *a)
{
	const char *min = time_text(a, row->min, row_scale(row)), *unit = row->unit ? row->unit : "";

	if (row->max / row_scale(row) > UINT32_MAX) /* a limit that nobody meets */
		return arena_printf(a, "a number of %s, at least %s", *unit ? unit : "any size", min);
	return arena_printf(a, "a number from %s to %s %s", min,
			    time_text(a, row->max, row_scale(row)), unit);
}

bool bind_time(struct bind *b, const struct conf_word *w, int64_t scale, int64_t min, int64_t max,
	       usec_t *ret)
{
	struct row row = {
		.type = T_TIME, .scale = scale, .min = min, .max = max, .unit = "seconds"};
	usec_t v = 0;
	int r = time_parse(w->text, row_scale(&row), false, &v);

	if (r < 0)
		return value_bad_word(b, w, "bad-number", row_expected(&row, b->a),
				"`%s` is not a number");
	if (v < min || v > max)
		return value_bad_word(b, w, "out-of-range", row_expected(&row, b->a),
				"%s is out of range");
	if (r > 0)
		diag_add(b->diags, DIAG_WARNING, "rounded", w->at, "%s has more digits than count",
			 w->text);
	*ret = v;
	return true;
}

bool value_parse_time(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	usec_t v = 0;
	int r = time_parse(w->text, row_scale(row), row->flags & ROW_WHOLE, &v);

	if (r < 0)
		return value_bad_word(b, w, "bad-number", row_expected(row, b->a),
				row->flags & ROW_WHOLE ? "`%s` is not a whole number"
						       : "`%s` is not a number");
	if (r > 0)
		diag_add(b->diags, DIAG_WARNING, "rounded", w->at, "%s has more digits than count",
			 w->text);
	if (v == 0 && row->flags & ROW_ZERO_IS_ONE)
		v = number_limit(b, row, w, &v) ? row_scale(row) : v;
	if (!number_limit(b, row, w, &v))
		return false;
	*(usec_t *)row_field(row, obj) = v;
	return true;
}

void value_print_time(struct text *t, const struct row *row, const void *obj)
{
	text_char(t, ' ');
	text_time(t, *(const usec_t *)row_value(row, obj), row_scale(row));
}

/* ---- more than one number ---- */

bool value_parse_weight(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	bool *reverse = row_field2(row, obj);

	if (!value_parse_number(b, row, obj, c))
		return false;
	*reverse = cursor_peek(c) && str_eq(cursor_peek(c)->text, "reverse");
	if (*reverse)
		cursor_take(c);
	return true;
}

void value_print_weight(struct text *t, const struct row *row, const void *obj)
{
	value_print_number(t, row, obj);
	if (*(const bool *)row_value2(row, obj))
		text_add(t, " reverse");
}

typedef VEC(uint32_t) number_vec;

bool value_parse_numbers(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	number_vec *v = row_field(row, obj);
	int64_t n;

	v->n = 0;
	while (cursor_peek(c)) {
		if (!bind_number(b, cursor_take(c), false, row->min, row->max, &n)) {
			v->n = 0;
			return false;
		}
		vec_push(b->a, v, (uint32_t)n);
	}
	return true;
}

void value_print_numbers(struct text *t, const struct row *row, const void *obj)
{
	const number_vec *v = row_value(row, obj);

	for (unsigned i = 0; i < v->n; i++)
		text_printf(t, " %u", v->v[i]);
}
