/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the words of one row, read into a field of an object and written back. One pair of
 * functions per row type. A word that can't be used is reported and the field keeps its value.
 *
 * Must not know: statements, blocks (bind.c, print.c).
 */
#include "conf/schema.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- cursor ---- */

const struct conf_word *cursor_peek(const struct cursor *c)
{
	return c->next < c->stmt->words.n ? &c->stmt->words.v[c->next] : NULL;
}

const struct conf_word *cursor_take(struct cursor *c)
{
	return c->next < c->stmt->words.n ? &c->stmt->words.v[c->next++] : NULL;
}

const struct conf_word *cursor_need(struct bind *b, struct cursor *c, const char *what)
{
	const struct conf_word *last = &c->stmt->words.v[c->next ? c->next - 1 : 0];

	if (!cursor_peek(c)) {
		diag_add(b->diags, DIAG_ERROR, "missing-word", last->at, "`%s` needs %s",
			 last->text, what)
			->class
			= DIAG_MISSING_WORD;
		return NULL;
	}
	return cursor_take(c);
}

static bool bad_word(struct bind *b, const struct conf_word *w, const char *code,
		     const char *expected, const char *fmt)
{
	struct diag *d = diag_add(b->diags, DIAG_ERROR, code, w->at, fmt, w->text);

	d->expected = expected;
	if (w->text[0] == '$')
		d->hint = "that macro is not defined before this line";
	return false;
}

/* ---- numbers ---- */

/* Digits with an optional sign, nothing else; *ret_range when they do not fit in 64 bits. */
static bool number_parse(const char *s, bool cnumber, int64_t *ret, bool *ret_range)
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

static const char *expected_range(struct arena *a, int64_t min, int64_t max, const char *unit)
{
	return arena_printf(a, "a number from %" PRId64 " to %" PRId64 "%s%s", min, max,
			    unit ? " " : "", unit ? unit : "");
}

bool bind_number(struct bind *b, const struct conf_word *w, bool cnumber, int64_t min, int64_t max,
		 int64_t *ret)
{
	int64_t n;
	bool range;

	if (!number_parse(w->text, cnumber, &n, &range))
		return bad_word(b, w, "bad-number", expected_range(b->a, min, max, NULL),
				"`%s` is not a number");
	if (range || n < min || n > max)
		return bad_word(b, w, "out-of-range", expected_range(b->a, min, max, NULL),
				"%s is out of range");
	*ret = n;
	return true;
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
	uint32_t n;

	for (const struct choice *ch = row->choices; ch && ch->name; ch++)
		if (str_eq(ch->name, name)) {
			*ret = row->is_signed ? ch->value : (int64_t)(uint32_t)ch->value;
			return true;
		}
	if (!row->names || !b->host || !b->host->name_table ||
	    !b->host->name_table(b->host->ctx, row->names, name, &n))
		return false;
	*ret = n;
	return true;
}

static bool parse_number(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	int64_t n;
	bool range = false;

	if (!number_parse(w->text, row->flags & ROW_CNUMBER || row->names, &n, &range) &&
	    !number_named(b, row, w->text, &n))
		return bad_word(b, w, "bad-number", row_expected(row, b->a),
				row->names ? "`%s` is neither a number nor a known name"
					   : "`%s` is not a number");
	if (range)
		return bad_word(b, w, "out-of-range", row_expected(row, b->a),
				"%s is out of range");
	if (!number_limit(b, row, w, &n))
		return false;
	number_store(row, obj, n);
	return true;
}

static void print_number(struct text *t, const struct row *row, const void *obj)
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

bool bind_time(struct bind *b, const struct conf_word *w, int64_t scale, int64_t min, int64_t max,
	       usec_t *ret)
{
	struct row row = {
		.type = T_TIME, .scale = scale, .min = min, .max = max, .unit = "seconds"};
	usec_t v = 0;
	int r = time_parse(w->text, row_scale(&row), false, &v);

	if (r < 0)
		return bad_word(b, w, "bad-number", row_expected(&row, b->a),
				"`%s` is not a number");
	if (v < min || v > max)
		return bad_word(b, w, "out-of-range", row_expected(&row, b->a),
				"%s is out of range");
	if (r > 0)
		diag_add(b->diags, DIAG_WARNING, "rounded", w->at, "%s has more digits than count",
			 w->text);
	*ret = v;
	return true;
}

static bool parse_time(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	usec_t v = 0;
	int r = time_parse(w->text, row_scale(row), row->flags & ROW_WHOLE, &v);

	if (r < 0)
		return bad_word(b, w, "bad-number", row_expected(row, b->a),
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

static void print_time(struct text *t, const struct row *row, const void *obj)
{
	text_char(t, ' ');
	text_time(t, *(const usec_t *)row_value(row, obj), row_scale(row));
}

/* ---- switches ---- */

static bool parse_flag(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	*(bool *)row_field(row, obj) = true;
	return true;
}

static bool word_is_bool(const char *s, bool *ret)
{
	*ret = str_eq(s, "true") || str_eq(s, "on") || str_eq(s, "yes");
	return *ret || str_eq(s, "false") || str_eq(s, "off") || str_eq(s, "no");
}

static bool parse_bool(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_peek(c);
	bool v = true;

	if (w) {
		cursor_take(c);
		if (!word_is_bool(w->text, &v))
			return bad_word(b, w, "bad-switch", row_expected(row, b->a),
					"`%s` is neither on nor off");
	}
	if (row->type == T_TRISTATE)
		*(uint8_t *)row_field(row, obj) = v ? TRI_ON : TRI_OFF;
	else
		*(bool *)row_field(row, obj) = v;
	return true;
}

static void print_bool(struct text *t, const struct row *row, const void *obj)
{
	const uint8_t *p = row_value(row, obj);

	text_add(t, (row->type == T_TRISTATE ? *p == TRI_ON : *p != 0) ? " on" : " off");
}

/* ---- words ---- */

static bool parse_string(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	const char **p = row_field(row, obj);
	size_t n = strlen(w->text);

	if (row->max && n > (size_t)row->max) {
		if (!(row->flags & ROW_TRUNCATE))
			return bad_word(b, w, "too-long", row_expected(row, b->a),
					"`%s` is too long");
		diag_add(b->diags, DIAG_WARNING, "too-long", w->at,
			 "only the first %d characters of `%s` count", (int)row->max, w->text);
		*p = arena_copy(b->a, w->text, (size_t)row->max);
		return true;
	}
	*p = w->text;
	return true;
}

static void print_string(struct text *t, const struct row *row, const void *obj)
{
	const char *s = *(const char *const *)row_value(row, obj);

	if (s && !(row->flags & ROW_OPTIONAL && !*s && !row->bare))
		print_word(t, s);
}

static bool parse_enum(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	const char *names[32];
	unsigned n = 0;
	const char *near;
	struct diag *d;

	for (const struct choice *ch = row->choices; ch->name; ch++) {
		if (row->flags & ROW_NOCASE ? !strcasecmp(ch->name, w->text)
					    : str_eq(ch->name, w->text)) {
			*(uint8_t *)row_field(row, obj) = (uint8_t)ch->value;
			return true;
		}
		if (n < ARRAY_SIZE(names))
			names[n++] = ch->name;
	}
	d = diag_add(b->diags, DIAG_ERROR, "bad-word", w->at, "`%s` is not possible here", w->text);
	d->expected = row_expected(row, b->a);
	near = diag_nearest(w->text, names, n);
	if (near)
		d->hint = arena_printf(b->a, "did you mean `%s`?", near);
	return false;
}

static void print_enum(struct text *t, const struct row *row, const void *obj)
{
	uint8_t v = *(const uint8_t *)row_value(row, obj);

	for (const struct choice *ch = row->choices; ch->name; ch++)
		if (ch->value == v) {
			if (*ch->name)
				print_word(t, ch->name);
			return;
		}
}

/* ---- addresses ---- */

static bool family_fits(const struct row *row, const struct ip_addr *a)
{
	return !row->family || a->family == row->family;
}

static bool parse_ip(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	struct ip_addr a;

	if (!ip_parse(w->text, &a) || !family_fits(row, &a))
		return bad_word(b, w, "bad-address", row_expected(row, b->a),
				"`%s` can't be used here");
	*(struct ip_addr *)row_field(row, obj) = a;
	return true;
}

static void print_ip(struct text *t, const struct row *row, const void *obj)
{
	char buf[IP_TEXT_MAX];

	text_char(t, ' ');
	text_add(t, ip_format(row_value(row, obj), buf));
}

static bool parse_prefix(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	const char *slash = strchr(w->text, '/');
	const char *ip = slash ? arena_copy(b->a, w->text, (size_t)(slash - w->text)) : w->text;
	struct ip_addr a;
	int64_t len;
	bool range;

	if (!ip_parse(ip, &a) || !family_fits(row, &a))
		return bad_word(b, w, "bad-address", row_expected(row, b->a),
				"`%s` is not an address");
	len = ip_bits(&a);
	if (slash && (!number_parse(slash + 1, false, &len, &range) || range || len < 0 ||
		      len > ip_bits(&a))) {
		bad_word(b, w, "bad-prefix",
			 arena_printf(b->a, "a prefix length from 0 to %u", ip_bits(&a)),
			 "`%s` has no usable prefix length, the full length is used");
		len = ip_bits(&a);
	}
	*(struct ip_addr *)row_field(row, obj) = a;
	*(uint8_t *)row_field2(row, obj) = (uint8_t)len;
	return true;
}

static void print_prefix(struct text *t, const struct row *row, const void *obj)
{
	print_ip(t, row, obj);
	text_char(t, '/');
	text_number(t, *(const uint8_t *)row_value2(row, obj));
}

/* ---- scripts and users ---- */

static bool parse_script(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *first = cursor_peek(c);
	struct conf_script *s = arena_new_of(b->a, struct conf_script);
	const char *pieces[5] = {0};
	int n = 0;

	if (b->literal) {
		for (; n < 3 && c->next < c->stmt->words.n; n++)
			pieces[n] = cursor_take(c)->text;
	} else {
		n = conf_script_words(c->stmt->raw, b->a, pieces, ARRAY_SIZE(pieces));
		if (n < 2)
			return bad_word(b, first, "bad-script", NULL,
					"the quotes of `%s` don't match");
		n--;
		memmove(pieces, pieces + 1, sizeof(pieces) - sizeof(pieces[0]));
		c->next = n > 3 ? c->stmt->words.n - 1 : c->stmt->words.n;
	}
	*s = (struct conf_script){.command = pieces[0], .at = first->at, .id = b->conf->commands.n};
	if (n > 1)
		s->user = pieces[1];
	if (n > 2) {
		s->supplementary = pieces[2][0] == ':';
		s->group = pieces[2] + s->supplementary;
	}
	if (conf_script_argv(s->command, b->a, &s->argv, &s->shell) < 1)
		return bad_word(b, first, "bad-script", NULL, "`%s` is not a command line");
	if (s->shell && b->judge)
		diag_add(b->diags, DIAG_NOTE, "shell", first->at,
			 "the command has shell operators and is run through /bin/sh -c");
	vec_push(b->a, &b->conf->commands, s);
	*(struct conf_script **)row_field(row, obj) = s;
	return true;
}

static void print_script(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_script *s =
		*(struct conf_script *const *)row_value(row, obj);

	if (!s)
		return;
	print_word(t, s->command);
	if (s->user)
		print_word(t, s->user);
	if (s->user && s->group)
		print_word(t, s->supplementary ? arena_printf(t->a, ":%s", s->group) : s->group);
}

static bool parse_user(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const char **user = row_field(row, obj);
	const char **group = row_field2(row, obj);

	*user = cursor_take(c)->text;
	*group = cursor_peek(c) ? cursor_take(c)->text : NULL;
	return true;
}

static void print_user(struct text *t, const struct row *row, const void *obj)
{
	const char *group = *(const char *const *)row_value2(row, obj);

	print_string(t, row, obj);
	if (group)
		print_word(t, group);
}

static bool parse_weight(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	bool *reverse = row_field2(row, obj);

	if (!parse_number(b, row, obj, c))
		return false;
	*reverse = cursor_peek(c) && str_eq(cursor_peek(c)->text, "reverse");
	if (*reverse)
		cursor_take(c);
	return true;
}

static void print_weight(struct text *t, const struct row *row, const void *obj)
{
	print_number(t, row, obj);
	if (*(const bool *)row_value2(row, obj))
		text_add(t, " reverse");
}

/* ---- the rest of a line ---- */

typedef VEC(uint32_t) number_vec;

static bool parse_words(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	string_vec *v = row_field(row, obj);

	if (!(row->flags & ROW_REPEAT))
		v->n = 0;
	while (cursor_peek(c))
		vec_push(b->a, v, cursor_take(c)->text);
	return true;
}

static void print_words(struct text *t, const struct row *row, const void *obj)
{
	const string_vec *v = row_value(row, obj);

	for (unsigned i = 0; i < v->n; i++)
		print_word(t, v->v[i]);
}

static bool parse_numbers(struct bind *b, const struct row *row, void *obj, struct cursor *c)
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

static void print_numbers(struct text *t, const struct row *row, const void *obj)
{
	const number_vec *v = row_value(row, obj);

	for (unsigned i = 0; i < v->n; i++)
		text_printf(t, " %u", v->v[i]);
}

static bool parse_handler(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	return row->parse(b, row, obj, c);
}

static void print_handler(struct text *t, const struct row *row, const void *obj)
{
	row->print(t, row, obj);
}

void print_nothing(struct text *t, const struct row *row, const void *obj)
{
}

/* needs_word: the row can't do without a word (handlers look for themselves). */
static const struct type_ops {
	row_parse_fn *parse;
	row_print_fn *print;
	bool needs_word;
} type_ops[] = {
	[T_FLAG] = {parse_flag, print_nothing, false},
	[T_BOOL] = {parse_bool, print_bool, false},
	[T_TRISTATE] = {parse_bool, print_bool, false},
	[T_NUMBER] = {parse_number, print_number, true},
	[T_TIME] = {parse_time, print_time, true},
	[T_STRING] = {parse_string, print_string, true},
	[T_ENUM] = {parse_enum, print_enum, true},
	[T_IP] = {parse_ip, print_ip, true},
	[T_PREFIX] = {parse_prefix, print_prefix, true},
	[T_SCRIPT] = {parse_script, print_script, true},
	[T_WEIGHT] = {parse_weight, print_weight, true},
	[T_USER] = {parse_user, print_user, true},
	[T_WORDS] = {parse_words, print_words, true},
	[T_NUMBERS] = {parse_numbers, print_numbers, true},
	[T_HANDLER] = {parse_handler, print_handler, false},
};

/* A row without its optional word: its `bare` value, or what nothing means for the type. */
static bool parse_bare(struct bind *b, const struct row *row, void *obj, const struct cursor *c)
{
	struct conf_word word = {.text = row->bare ? row->bare : "", .at = c->stmt->at};
	struct conf_stmt stmt = {
		.words = {.v = &word, .n = 1, .cap = 1}, .raw = "", .at = c->stmt->at};
	struct cursor bare = {.stmt = &stmt};

	if (row->type == T_SCRIPT || row->type == T_WORDS || (!row->bare && row->type != T_STRING))
		return true;
	return type_ops[row->type].parse(b, row, obj, &bare);
}

bool row_parse(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct type_ops *ops;

	if (row->type >= ARRAY_SIZE(type_ops) || !type_ops[row->type].parse)
		return true;
	ops = &type_ops[row->type];
	if (ops->needs_word && !cursor_peek(c)) {
		if (row->flags & ROW_OPTIONAL)
			return parse_bare(b, row, obj, c);
		return cursor_need(b, c, row_expected(row, b->a)) != NULL;
	}
	return ops->parse(b, row, obj, c);
}

void row_print(struct text *t, const struct row *row, const void *obj)
{
	if (row->type < ARRAY_SIZE(type_ops) && type_ops[row->type].print)
		type_ops[row->type].print(t, row, obj);
}

/* ---- what a row expects, in words ---- */

static const char *expected_choices(const struct row *row, struct arena *a)
{
	struct text t = {.a = a};

	for (const struct choice *ch = row->choices; ch->name; ch++)
		if (*ch->name)
			text_printf(&t, "%s%s", t.n ? ", " : "one of ", ch->name);
	return text_get(&t);
}

const char *row_expected(const struct row *row, struct arena *a)
{
	int64_t scale = row_scale(row);

	switch (row->type) {
	case T_NUMBER:
	case T_WEIGHT:
	case T_NUMBERS:
		return expected_range(a, row->min, row->max, row->unit);
	case T_TIME:
		return arena_printf(a, "a number from %s to %s %s", time_text(a, row->min, scale),
				    time_text(a, row->max, scale), row->unit ? row->unit : "");
	case T_BOOL:
	case T_TRISTATE:
		return "on, true, yes, off, false or no";
	case T_ENUM:
		return expected_choices(row, a);
	case T_IP:
		return row->family == IP_V4   ? "an IPv4 address"
		       : row->family == IP_V6 ? "an IPv6 address"
					      : "an IP address";
	case T_PREFIX:
		return "an address, with /LENGTH if need be";
	case T_SCRIPT:
		return "a command";
	case T_USER:
		return "a user name";
	case T_STRING:
		if (row->max)
			return arena_printf(a, "a word of at most %d characters", (int)row->max);
		return row->flags & ROW_POSITIONAL ? "a name" : "a word";
	case T_WORDS:
		return "a word";
	case T_DOC:
	case T_FLAG:
	case T_LIST:
	case T_BLOCK:
	case T_ENTRIES:
	case T_INLINE:
	case T_HANDLER:
		break;
	}
	return row->args ? row->args : "a word";
}

/* ---- rows of a block ---- */

unsigned block_rows(const struct block *blk)
{
	return blk->n + (blk->base ? block_rows(blk->base) : 0);
}

const struct row *block_row(const struct block *blk, unsigned i)
{
	unsigned before = blk->base ? block_rows(blk->base) : 0;

	return i < before ? block_row(blk->base, i) : &blk->rows[i - before];
}

unsigned block_bit(const struct block *blk, const char *name)
{
	for (unsigned i = 0; i < block_rows(blk); i++)
		if (str_eq(block_row(blk, i)->name, name))
			return i;
	return UINT_MAX;
}
