/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the way from a logical line to statements: comments, conditions, definitions, words, and
 * which of the other files takes over. Reference: config-language, sections 2 to 7.
 * Must not know: keywords (but what include.c knows), files.
 *
 * A double quote protects up to its closing quote; `\"` does not close it, unless the line would
 * then have no closing quote at all ("C:\").
 */
#include <string.h>

#include "base/str.h"
#include "conf/lang/lang.h"

enum kind { TEXT, BLANK, QUOTE, BRACE, COMMENT, ESCAPE, DOLLAR };

static const uint8_t kinds[256] = {
	[' '] = BLANK,	 [9] = BLANK,	  [10] = BLANK,	  [11] = BLANK,	 [12] = BLANK,
	[13] = BLANK,	 ['"'] = QUOTE,	  ['{'] = BRACE,  ['}'] = BRACE, ['#'] = COMMENT,
	['!'] = COMMENT, ['\\'] = ESCAPE, ['$'] = DOLLAR,
};

static enum kind kind_of(char c)
{
	return (enum kind)kinds[(unsigned char)c];
}

/* Index of the quote that closes the one at `i`, or len. */
static size_t quote_end(const char *text, size_t i, size_t len)
{
	const char *plain;

	for (size_t k = i + 1; k < len; k++) {
		if (text[k] == '\\')
			k++;
		else if (text[k] == '"')
			return k;
	}
	plain = memchr(text + i + 1, '"', len - i - 1);
	return plain ? (size_t)(plain - text) : len;
}

/* A backslash outside quotes keeps these from meaning anything; before others it is just text. */
static bool is_escaped(const char *text, size_t i, size_t len)
{
	return i + 1 < len && (text[i + 1] == '#' || text[i + 1] == '!' || text[i + 1] == '"' ||
			       text[i + 1] == '\\');
}

size_t text_strip(const char *text, size_t len)
{
	size_t i = 0;

	for (; i < len && kind_of(text[i]) != COMMENT; i++) {
		if (text[i] == '"')
			i = quote_end(text, i, len);
		else if (text[i] == '\\' && is_escaped(text, i, len))
			i++;
	}
	if (i > len)
		i = len;
	while (i && is_blank(text[i - 1]))
		i--;
	return i;
}

static uint16_t clip(size_t n)
{
	return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

struct conf_span piece_span(const struct piece *p, size_t from, size_t to)
{
	struct conf_span at = p->at;
	size_t end;

	if (!p->map || to <= from) {
		at.col = clip(p->at.col + from);
		at.len = clip(to > from ? to - from : 1);
		return at;
	}
	at.col = p->map[from].col;
	end = (size_t)p->map[to - 1].col + (p->map[to - 1].len ? p->map[to - 1].len : 1);
	at.len = clip(end > at.col ? end - at.col : 1);
	return at;
}

struct piece piece_rest(const struct piece *p, size_t from)
{
	struct piece r = *p;

	r.text += from;
	r.len -= from;
	if (r.cut) {
		r.cut += from;
		r.raw += from;
	}
	if (r.map && r.len)
		r.at.col = (r.map += from)->col;
	else
		r.at.col = clip(r.at.col + from);
	return r;
}

static int indent_of(const char *text, size_t n)
{
	int indent = 0;

	for (size_t i = 0; i < n; i++)
		indent = text[i] == '\t' ? (indent | 7) + 1 : indent + 1;
	return indent;
}

/* The copies that words and raw lines are cut from; a line of a file has them already. */
static void piece_own(struct lang *l, struct piece *p)
{
	if (p->cut)
		return;
	p->cut = arena_copy(l->arena, p->text, p->len);
	p->raw = arena_copy(l->arena, p->text, p->len);
}

static const char *word_cut(struct piece *p, const struct token *t)
{
	char *to = p->cut + t->from;

	if (!t->escaped) {
		p->cut[t->to] = '\0';
		return to;
	}
	for (size_t i = t->from; i < t->to; i++) {
		if (p->text[i] == '\\' && i + 1 < t->to &&
		    (p->text[i + 1] == '#' || p->text[i + 1] == '!'))
			i++;
		*to++ = p->text[i];
	}
	*to = '\0';
	return p->cut + t->from;
}

static void statement_emit(struct lang *l, struct piece *p, int indent)
{
	unsigned n = l->tokens.n;
	const struct token *t = l->tokens.v;
	struct conf_stmt *s = arena_alloc(l->arena, sizeof(*s) + n * sizeof(struct conf_word));

	piece_own(l, p);
	s->words.v = (struct conf_word *)(s + 1);
	s->words.n = s->words.cap = n;
	for (unsigned i = 0; i < n; i++) {
		s->words.v[i].text = word_cut(p, &t[i]);
		s->words.v[i].at = piece_span(p, t[i].start, t[i].end);
		s->words.v[i].quoted = t[i].quoted;
	}
	s->raw = p->raw + t[0].start;
	p->raw[t[n - 1].end] = '\0';
	s->at = s->words.v[0].at;
	block_statement(l, s, indent);
}

/* A reference that expansion left over. Its braces must not open a block nobody will close. Returns
 * where reading goes on. */
static size_t reference_left(struct lang *l, const struct piece *p, size_t i)
{
	size_t end = i + 2;

	if (i + 1 == p->len || p->text[i + 1] != '{') {
		size_t n = l->macros_n ? macro_left(l, p->text + i, p->len - i) : 0;

		if (n && !p->reported)
			macro_explain(l, p->text + i, n, piece_span(p, i, i + n));
		return i + 1; /* a bare $NAME that is no macro is just text */
	}
	while (end < p->len && kind_of(p->text[end]) != QUOTE && kind_of(p->text[end]) != BRACE)
		end++;
	if (end >= p->len || p->text[end] != '}')
		return i + 1;
	if (!p->reported)
		macro_explain(l, p->text + i, end + 1 - i, piece_span(p, i, end + 1));
	return end + 1;
}

static bool is_reference(const char *text, size_t i, size_t len)
{
	return i + 1 < len && (text[i + 1] == '{' || macro_is_name_start(text[i + 1]));
}

/* A word without quotes from *pos on. Returns false at a macro that must be expanded first. */
static bool token_plain(struct lang *l, const struct piece *p, size_t *pos)
{
	const char *text = p->text;
	struct token t = {.from = (uint32_t)*pos, .start = (uint32_t)*pos};
	size_t i = *pos;

	for (;;) {
		while (i < p->len && kinds[(unsigned char)text[i]] == TEXT)
			i++;
		if (i >= p->len)
			break;
		if (text[i] == '\\') {
			if (is_escaped(text, i, p->len)) {
				i++;
				t.escaped |= text[i] == '#' || text[i] == '!';
			}
			i++;
		} else if (text[i] == '$') {
			if (is_reference(text, i, p->len) && !p->expanded)
				return false;
			i = reference_left(l, p, i);
		} else {
			break;
		}
	}
	t.to = t.end = (uint32_t)i;
	vec_push(l->arena, &l->tokens, t);
	*pos = i;
	return true;
}

/* The line ends inside quotes. Keep the word, and a brace at its end, so that one mistake gives
 * one message. */
static size_t token_unterminated(struct lang *l, const struct piece *p, struct token *t)
{
	size_t to = p->len, next;

	diag_add(l->diags, DIAG_ERROR, "unterminated-quote", piece_span(p, t->start, t->start + 1),
		 "unterminated quote")
		->expected = "a closing \" on the same line";
	while (to > t->from && is_blank(p->text[to - 1]))
		to--;
	next = p->len;
	if (to > t->from && kind_of(p->text[to - 1]) == BRACE) {
		next = --to;
		while (to > t->from && is_blank(p->text[to - 1]))
			to--;
	}
	t->to = t->end = (uint32_t)to;
	return next;
}

static bool token_quoted(struct lang *l, const struct piece *p, size_t *pos)
{
	size_t end = quote_end(p->text, *pos, p->len);
	struct token t = {
		.start = (uint32_t)*pos,
		.from = (uint32_t)*pos + 1,
		.to = (uint32_t)end,
		.end = (uint32_t)end + 1,
		.quoted = true,
	};

	if (!p->expanded) {
		for (size_t i = t.from; i < end; i++) {
			if (p->text[i] == '$' && is_reference(p->text, i, p->len))
				return false;
		}
	}
	*pos = end < p->len ? end + 1 : token_unterminated(l, p, &t);
	vec_push(l->arena, &l->tokens, t);
	return true;
}

/* `word \`: somebody hoped that the statement goes on in the next line. */
static void check_continuation(struct lang *l, const struct piece *p)
{
	const struct token *t = &l->tokens.v[l->tokens.n - 1];

	if (l->tokens.n < 2 || t->quoted || t->to - t->from != 1 || p->text[t->from] != '\\')
		return;
	diag_add(l->diags, DIAG_WARNING, "stray-backslash", piece_span(p, t->start, t->end),
		 "a backslash does not continue a statement in the next line")
		->hint = "write the statement in one line; only `$NAME=` definitions have several";
	l->tokens.n--;
}

/* Reads and emits the statement at *pos. Returns false at a macro: nothing is emitted then. */
static bool line_statement(struct lang *l, struct piece *p, size_t *pos, int indent)
{
	size_t i = *pos;
	bool more = true;

	l->tokens.n = 0;
	while (more) {
		while (i < p->len && is_blank(p->text[i]))
			i++;
		if (i >= p->len)
			break;
		switch (kind_of(p->text[i])) {
		case COMMENT:
			i = p->len;
			more = false;
			break;
		case BRACE:
			more = false;
			break;
		case QUOTE:
			if (!token_quoted(l, p, &i))
				return false;
			break;
		case TEXT:
		case BLANK:
		case ESCAPE:
		case DOLLAR:
			if (!token_plain(l, p, &i))
				return false;
			break;
		}
	}
	*pos = i;
	if (i >= p->len)
		check_continuation(l, p);
	statement_emit(l, p, indent);
	return true;
}

/* Each line of a macro in the place of its reference; the first one behind what stands before it.
 */
static void run_lines(struct lang *l, const struct piece *before, struct macro m, struct origin use)
{
	struct scratch *s = scratch_of(l, before->text == scratch_of(l, 0)->text);

	for (unsigned k = 0; k < m.lines.n && !l->stop; k++) {
		struct piece p = *before;

		s->len = 0;
		if (k > 0)
			p.conditioned = p.expanded = p.reported = false;
		else
			p.conditioned |= text_strip(before->text, before->len) > 0;
		if ((k == 0 && !scratch_add(l, s, before->text, before->len, before->map, use)) ||
		    !scratch_add(l, s, m.lines.v[k], strlen(m.lines.v[k]), NULL, use))
			return;
		p.text = s->text;
		p.len = s->len;
		p.map = s->map;
		p.expanded = false;
		p.indent = k == 0 ? before->indent : INDENT_NONE;
		line_run_produced(l, &p);
	}
}

/* Expands the rest of the line and reads the result. Returns false when there was nothing to
 * expand: then reading goes on with `p`. */
static bool line_expand(struct lang *l, struct piece *p, size_t from, int indent)
{
	struct piece in = piece_rest(p, from), out;
	const struct macro *lines;
	struct origin use;
	enum expansion e;

	p->len = from + text_strip(in.text, in.len);
	in.len = p->len - from;
	in.indent = indent;
	e = macro_expand(l, &in, &out, &lines, &use);
	if (e != EXPANSION_DONE) {
		p->expanded = true;
		p->reported = e == EXPANSION_FAILED;
		return false;
	}
	if (lines)
		run_lines(l, &out, *lines, use);
	else
		line_run_produced(l, &out);
	return true;
}

/* What a directive does with its line. */
enum directive {
	DIRECTIVE_NONE,	 /* it is a statement */
	DIRECTIVE_AGAIN, /* read on at *pos */
	DIRECTIVE_DONE,	 /* the rest of the line is used up */
};

static enum directive line_definition(struct lang *l, const struct piece *p, size_t i, bool discard)
{
	const char *text = p->text + i;
	size_t value = macro_is_definition(text, p->len - i), len;
	struct definition *d = &l->def;

	if (!value)
		return DIRECTIVE_NONE;
	len = text_strip(text, p->len - i);
	if (len < value) /* `$NAME=` and nothing */
		len = value;
	else if (len > value && text[len - 1] == '\\') {
		*d = (struct definition){.open = true, .discard = discard};
		d->name = arena_copy(l->arena, text + 1, value - 2);
		d->name_len = value - 2;
		len--;
	}
	while (value < len && is_blank(text[value]))
		value++;
	while (len > value && is_blank(text[len - 1]))
		len--;
	if (!d->open && !discard)
		macro_set(l, text + 1, macro_name_len(text + 1, p->len - i - 1), text + value,
			  len - value);
	else if (d->open && len > value)
		vec_push(l->arena, &d->lines, arena_copy(l->arena, text + value, len - value));
	return DIRECTIVE_DONE;
}

/* `@ID` and `@^ID`. */
static enum directive line_condition(struct lang *l, struct piece *p, size_t *pos, int indent)
{
	const char *id = l->host->config_id ? l->host->config_id : "";
	size_t from = *pos + 1, to;
	bool negated, holds;

	if (p->conditioned)
		return DIRECTIVE_NONE;
	for (to = from; to < p->len && !is_blank(p->text[to]); to++) {
		if (p->text[to] == '$' && !p->expanded && line_expand(l, p, *pos, indent))
			return DIRECTIVE_DONE;
	}
	negated = from < to && p->text[from] == '^';
	from += negated;
	holds = (to - from == strlen(id) && memcmp(p->text + from, id, to - from) == 0) != negated;
	while (to < p->len && is_blank(p->text[to]))
		to++;
	p->conditioned = true;
	*pos = to;
	if (holds)
		return DIRECTIVE_AGAIN;
	if (to < p->len && p->text[to] == '$')
		line_definition(l, p, to, true); /* its further lines belong to it */
	return DIRECTIVE_DONE;
}

static enum directive line_directive(struct lang *l, struct piece *p, size_t *pos, int indent)
{
	struct piece rest;
	unsigned checks;
	size_t pattern;

	switch (p->text[*pos]) {
	case '@':
		return line_condition(l, p, pos, indent);
	case '$':
		return line_definition(l, p, *pos, false);
	case '~':
		rest = piece_rest(p, *pos);
		rest.len = text_strip(rest.text, rest.len);
		if (!repeat_is(rest.text, rest.len)) {
			p->expanded = p->reported = true; /* an unknown word, left as it is */
			return DIRECTIVE_NONE;
		}
		repeat_run(l, &rest);
		return DIRECTIVE_DONE;
	case 'i':
		rest = piece_rest(p, *pos);
		pattern = include_is(rest.text, rest.len, &checks);
		if (!pattern)
			return DIRECTIVE_NONE;
		if (!p->expanded && memchr(rest.text, '$', rest.len) &&
		    line_expand(l, p, *pos, indent))
			return DIRECTIVE_DONE;
		include_run(l, &rest, pattern, checks);
		return DIRECTIVE_DONE;
	default:
		return DIRECTIVE_NONE;
	}
}

void line_run(struct lang *l, struct piece *p)
{
	size_t i = 0;
	int indent = p->indent;

	while (!l->stop) {
		enum directive d;

		while (i < p->len && is_blank(p->text[i]))
			i++;
		if (i >= p->len || kind_of(p->text[i]) == COMMENT)
			return;
		if (indent == INDENT_COUNT)
			indent = indent_of(p->text, i);
		if (kind_of(p->text[i]) == BRACE) {
			if (p->text[i] == '{')
				block_open(l, piece_span(p, i, i + 1));
			else
				block_close(l, piece_span(p, i, i + 1), indent);
			i++;
			p->conditioned = false;
			indent = INDENT_NONE;
			continue;
		}
		d = line_directive(l, p, &i, indent);
		if (d == DIRECTIVE_DONE)
			return;
		if (d == DIRECTIVE_AGAIN)
			continue;
		if (!line_statement(l, p, &i, indent)) {
			if (line_expand(l, p, i, indent))
				return;
			continue;
		}
		indent = INDENT_NONE;
	}
}

void line_run_produced(struct lang *l, struct piece *p)
{
	if (l->stop)
		return;
	l->work += p->len + 100;
	if (l->depth >= LANG_DEPTH_MAX || l->work > LANG_WORK_MAX) {
		bool deep = l->depth >= LANG_DEPTH_MAX;

		diag_add(l->diags, DIAG_ERROR, deep ? "nested-too-deeply" : "too-much-text", p->at,
			 deep ? "macros and repetitions are nested more than %zu deep"
			      : "macros and repetitions produce more than %zu bytes of text",
			 deep ? (size_t)LANG_DEPTH_MAX : LANG_WORK_MAX);
		l->stop = !deep;
		return;
	}
	l->depth++;
	p->cut = p->raw = NULL;
	line_run(l, p);
	l->depth--;
}
