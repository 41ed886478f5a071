/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: ~SEQ, ~SEQx and ~LST, which read the rest of their line once per value of a macro.
 * Reference: config-language, section 8.
 * Must not know: what the repeated text says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/lang/lang.h"

/* A specification while it is read: text between the parentheses, macros not expanded. */
struct spec {
	const char *text;
	size_t len;
	struct conf_span at;
	const char *keyword;
	bool hex;
};

static size_t keyword_len(const char *text, size_t len)
{
	static const char *const words[] = {"~SEQx", "~SEQ", "~LST"};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]), k = n;

		if (len <= n || memcmp(text, words[i], n) != 0)
			continue;
		while (k < len && is_blank(text[k]))
			k++;
		if (k < len && text[k] == '(')
			return n;
	}
	return 0;
}

bool repeat_is(const char *text, size_t len)
{
	return keyword_len(text, len) > 0;
}

/* Reads the repeated text with what the macros hold now. */
static void repeat_once(struct lang *l, const struct piece *text)
{
	struct piece p = *text;

	p.conditioned = p.expanded = p.reported = false;
	line_run_produced(l, &p);
}

static void repeat_error(struct lang *l, const struct spec *s, const char *why,
			 const char *expected)
{
	diag_add(l->diags, DIAG_ERROR, "bad-repetition", s->at, "%s: %s", s->keyword, why)
		->expected = expected;
}

/* --- ~SEQ --- */

#define SEQ_EXPECTED "~SEQ(NAME, [start, [step,]] end) text"

static bool parse_long(const char *text, size_t len, long long *ret)
{
	char copy[32], *end;

	while (len && is_blank(text[0]))
		text++, len--;
	while (len && is_blank(text[len - 1]))
		len--;
	if (!len) {
		*ret = 0;
		return true;
	}
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	errno = 0;
	*ret = strtoll(copy, &end, 0);
	return !errno && !*end && *ret >= INT32_MIN && *ret <= UINT32_MAX;
}

/* Up to three numbers separated by commas; 0 when one of them is none. */
static unsigned parse_numbers(const char *text, size_t len, long long ret[static 3])
{
	unsigned n = 0;

	for (;;) {
		const char *comma = len ? memchr(text, ',', len) : NULL;
		size_t part = comma ? (size_t)(comma - text) : len;

		if (n == 3 || !parse_long(text, part, &ret[n]))
			return 0;
		n++;
		if (!comma)
			return n;
		text += part + 1;
		len -= part + 1;
	}
}

struct sequence {
	long long start, step, end;
};

static const char *sequence_judge(const struct sequence *q, bool hex)
{
	if (!q->step)
		return "the step is 0";
	if ((q->end > q->start && q->step < 0) || (q->end < q->start && q->step > 0))
		return "the step points away from the end";
	if (hex && (q->start < 0 || q->end < 0))
		return "a hexadecimal sequence can't be negative";
	if ((q->end - q->start) / q->step >= LANG_REPEAT_MAX)
		return "it has more than 65536 values";
	return NULL;
}

static struct sequence sequence_of(const long long v[static 3], unsigned n)
{
	if (n == 1)
		return (struct sequence){v[0] < 0 ? -1 : 1, v[0] >= 1 ? 1 : -1, v[0]};
	if (n == 2)
		return (struct sequence){v[0], v[1] >= v[0] ? 1 : -1, v[1]};
	return (struct sequence){v[0], v[1], v[2]};
}

static void sequence_run(struct lang *l, const struct spec *s, const char *name, size_t name_len,
			 const struct sequence *q, const struct piece *text)
{
	long long n = (q->end - q->start) / q->step;

	for (long long i = 0; i <= n && !l->stop; i++) {
		long long v = q->start + i * q->step;
		char *value = arena_printf(l->arena, s->hex ? "%llx" : "%lld", v);

		macro_set(l, name, name_len, value, strlen(value));
		repeat_once(l, text);
	}
}

/* The numbers with their macros expanded; false when that failed, which was said. */
static bool seq_expand(struct lang *l, const struct piece *p, size_t from, size_t to,
		       struct piece *ret)
{
	struct piece in = piece_rest(p, from);
	const struct macro *lines;
	struct origin use;

	in.len = to - from;
	switch (macro_expand(l, &in, ret, &lines, &use)) {
	case EXPANSION_NONE:
		*ret = in;
		return true;
	case EXPANSION_DONE:
		return true;
	case EXPANSION_FAILED:
		return false;
	}
	return false;
}

static bool seq_run(struct lang *l, const struct spec *s, const struct piece *p,
		    const struct piece *text)
{
	const char *comma = s->len ? memchr(s->text, ',', s->len) : NULL;
	size_t name_len = comma ? (size_t)(comma - s->text) : 0;
	const char *name = s->text, *why;
	long long v[3] = {0};
	struct sequence q;
	struct piece numbers;
	unsigned n;

	while (name_len && is_blank(*name))
		name++, name_len--;
	while (name_len && is_blank(name[name_len - 1]))
		name_len--;
	if (!comma || !name_len) {
		repeat_error(l, s, comma ? "the name is missing" : "the end is missing",
			     SEQ_EXPECTED);
		return false;
	}
	if (!seq_expand(l, p, (size_t)(comma + 1 - p->text), (size_t)(s->text + s->len - p->text),
			&numbers))
		return false;
	n = parse_numbers(numbers.text, numbers.len, v);
	if (!n) {
		repeat_error(l, s, "it takes one to three numbers", SEQ_EXPECTED);
		return false;
	}
	q = sequence_of(v, n);
	why = sequence_judge(&q, s->hex);
	if (why) {
		repeat_error(l, s, why, SEQ_EXPECTED);
		return false;
	}
	sequence_run(l, s, name, name_len, &q, text);
	return true;
}

/* --- ~LST --- */

#define LST_EXPECTED "~LST(NAME, value, ...) text or ~LST({NAME, NAME}, {value, value}, ...) text"

struct member {
	const char *text;
	size_t len;
};

struct tuple {
	VEC(struct member) members;
};

/* One member: up to a comma or the end of its list; `${NAME}` is part of it. */
static size_t member_end(const char *text, size_t len, size_t i, bool in_tuple)
{
	while (i < len && text[i] != ',' && !is_blank(text[i]) && !(in_tuple && text[i] == '}')) {
		const char *brace = NULL;

		if (text[i] == '$' && i + 1 < len && text[i + 1] == '{')
			brace = memchr(text + i, '}', len - i);
		i = brace ? (size_t)(brace - text) + 1 : i + 1;
	}
	return i;
}

static size_t skip_blanks(const char *text, size_t len, size_t i)
{
	while (i < len && is_blank(text[i]))
		i++;
	return i;
}

/* `{a, b}` or `a` at *pos, and the comma behind it. Returns false when it is malformed. */
static bool parse_tuple(struct lang *l, const struct spec *s, size_t *pos, struct tuple *ret,
			bool *ret_more)
{
	size_t i = skip_blanks(s->text, s->len, *pos);
	bool braced = i < s->len && s->text[i] == '{';

	i += braced;
	for (;;) {
		size_t from = i = skip_blanks(s->text, s->len, i);
		struct member m;

		i = member_end(s->text, s->len, i, braced);
		m = (struct member){s->text + from, i - from};
		vec_push(l->arena, &ret->members, m);
		i = skip_blanks(s->text, s->len, i);
		if (!braced || i >= s->len || s->text[i] != ',')
			break;
		i++;
	}
	if (braced) {
		if (i >= s->len || s->text[i] != '}')
			return false;
		i = skip_blanks(s->text, s->len, i + 1);
	}
	*ret_more = i < s->len && s->text[i] == ',';
	*pos = i + *ret_more;
	return *ret_more || i >= s->len;
}

static void list_set(struct lang *l, const struct tuple *names, const struct tuple *values)
{
	for (unsigned i = 0; i < names->members.n; i++) {
		struct member v = {"", 0};

		if (i < values->members.n)
			v = values->members.v[i];
		macro_set(l, names->members.v[i].text, names->members.v[i].len, v.text, v.len);
	}
}

static bool lst_run(struct lang *l, const struct spec *s, const struct piece *text)
{
	struct tuple names = {0}, *v;
	VEC(struct tuple) values = {0};
	size_t pos = 0;
	bool more;

	if (!parse_tuple(l, s, &pos, &names, &more) || !names.members.v[0].len) {
		repeat_error(l, s, "the name is missing or malformed", LST_EXPECTED);
		return false;
	}
	if (!more) {
		repeat_error(l, s, "there are no values", LST_EXPECTED);
		return false;
	}
	while (more) {
		v = vec_add(l->arena, &values);
		if (!parse_tuple(l, s, &pos, v, &more)) {
			repeat_error(l, s, "a value is malformed", LST_EXPECTED);
			return false;
		}
		if (v->members.n > names.members.n) {
			repeat_error(l, s, "a tuple has more values than there are names",
				     LST_EXPECTED);
			return false;
		}
	}
	for (unsigned i = 0; i < values.n && !l->stop; i++) {
		list_set(l, &names, &values.v[i]);
		repeat_once(l, text);
	}
	return true;
}

/* --- both --- */

/* The closing parenthesis; those of `$(...)` or of nested text do not exist in a specification. */
static size_t spec_end(const struct piece *p, size_t from)
{
	const char *end = from < p->len ? memchr(p->text + from, ')', p->len - from) : NULL;

	return end ? (size_t)(end - p->text) : p->len;
}

/* A dropped line must not drop its braces, or every block after it is out of step. */
static void keep_braces(struct lang *l, const struct piece *text)
{
	if (memchr(text->text, '{', text->len) || memchr(text->text, '}', text->len)) {
		struct piece p = *text;

		p.expanded = p.reported = true;
		line_run_produced(l, &p);
	}
}

void repeat_run(struct lang *l, const struct piece *p)
{
	size_t word = keyword_len(p->text, p->len), open = word, close;
	struct spec s = {.hex = p->text[4] == 'x'};
	struct piece text;
	bool fine;

	while (p->text[open] != '(')
		open++;
	close = spec_end(p, open);
	s.keyword = arena_copy(l->arena, p->text, word);
	s.at = piece_span(p, 0, close < p->len ? close + 1 : close);
	s.text = p->text + open + 1;
	s.len = close - open - 1;
	if (close == p->len) {
		repeat_error(l, &s, "the closing parenthesis is missing",
			     p->text[1] == 'L' ? LST_EXPECTED : SEQ_EXPECTED);
		return;
	}
	close = skip_blanks(p->text, p->len, close + 1);
	text = piece_rest(p, close);
	text.indent = INDENT_NONE;
	fine = p->text[1] == 'L' ? lst_run(l, &s, &text) : seq_run(l, &s, p, &text);
	if (!fine)
		keep_braces(l, &text);
}
