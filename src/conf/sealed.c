/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the reader of the sealed copy the supervisor hands to the workers. It understands what
 * print.c writes and no more: one statement a line, words with blanks between them, braces at the
 * end of a line or alone, "..." without escapes, and `...` in which a doubled backtick is one.
 *
 * Must not know: macros, includes, comments inside lines: the text is final. It is also much
 * faster.
 */
#include "conf/sealed.h"

#include "base/str.h"

#define SEALED_DEPTH_MAX 16

struct sealed {
	struct arena *a; /* of the statement being read */
	struct diags *diags;
	char *p, *end;
	uint32_t line;
	struct conf_stmt *top; /* the statement being read */
	struct conf_stmt *open[SEALED_DEPTH_MAX];
	unsigned depth;
};

static void sealed_error(struct sealed *s, const char *what)
{
	struct conf_span at = {.line = s->line, .col = 1, .len = 1};

	diag_add(s->diags, DIAG_FATAL, "sealed-copy", at, "%s", what);
	s->p = s->end;
}

/* The text between two `quote` characters, cut out in place; s->p behind the closing one. */
static char *quoted_word(struct sealed *s, char quote)
{
	char *from = ++s->p, *to = from;

	for (; s->p < s->end && *s->p != '\n'; s->p++) {
		if (quote == '"' && *s->p == '\\' && s->p + 1 < s->end) {
			*to++ = *s->p++;
		} else if (*s->p == quote) {
			if (quote == '"' || s->p[1] != '`') {
				*to = '\0';
				s->p++;
				return from;
			}
			s->p++;
		}
		*to++ = *s->p;
	}
	sealed_error(s, "a quote is not closed");
	return from;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The words up to the end of the line or a brace; the terminators are overwritten with NULs. */
static struct conf_stmt *read_statement(struct sealed *s)
{
	struct conf_stmt *stmt = arena_new_of(s->a, struct conf_stmt);

	stmt->at = (struct conf_span){.line = s->line, .col = 1, .len = 1};
	stmt->raw = "";
	while (s->p < s->end && *s->p != '\n' && *s->p != '{' && *s->p != '}') {
		struct conf_word *w = vec_add(s->a, &stmt->words);

		w->at = stmt->at;
		w->quoted = *s->p == '"' || *s->p == '`';
		if (w->quoted) {
			w->text = quoted_word(s, *s->p);
		} else {
			w->text = s->p;
			while (s->p < s->end && !is_blank(*s->p) && *s->p != '\n')
				s->p++;
		}
		if (s->p < s->end && is_blank(*s->p)) {
			*s->p++ = '\0';
			while (s->p < s->end && is_blank(*s->p))
				s->p++;
		} else if (s->p < s->end && *s->p == '\n') {
			*s->p = '\0'; /* the caller steps over it */
			return stmt;
		}
	}
	return stmt;
}

static void keep_statement(struct sealed *s, struct conf_stmt *stmt)
{
	if (s->depth)
		vec_push(s->a, &s->open[s->depth - 1]->body, stmt);
	else
		s->top = stmt;
}

static void open_block(struct sealed *s, struct conf_stmt *stmt)
{
	if (s->depth == SEALED_DEPTH_MAX) {
		sealed_error(s, "blocks are nested too deeply");
		return;
	}
	stmt->has_block = true;
	stmt->open = stmt->close = stmt->at;
	s->open[s->depth++] = stmt;
}

static void read_line(struct sealed *s)
{
	struct conf_stmt *stmt;

	while (s->p < s->end && is_blank(*s->p))
		s->p++;
	if (s->p < s->end && *s->p == '}') {
		if (!s->depth)
			sealed_error(s, "a } too many");
		else
			s->depth--;
		s->p++;
	} else if (s->p < s->end && *s->p != '\n' && *s->p != '#') {
		stmt = read_statement(s);
		if (!stmt->words.n) {
			sealed_error(s, "a brace without a keyword");
			return;
		}
		keep_statement(s, stmt);
		if (s->p < s->end && *s->p == '{') {
			open_block(s, stmt);
			*s->p++ = '\0';
		}
	}
	while (s->p < s->end && *s->p && *s->p != '\n')
		s->p++;
	s->p += s->p < s->end;
	s->line++;
}

/* The canonical text begins a statement of the top level, and ends its block, without a blank. */
static bool line_begins(const char *p, const char *end, const char *const *skip)
{
	for (; *skip; skip++) {
		size_t n = strlen(*skip);

		if ((size_t)(end - p) > n && !memcmp(p, *skip, n) && p[n] == ' ')
			return true;
	}
	return false;
}

static const char *line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl ? nl + 1 : end;
}

static const char *block_end(const char *p, const char *end)
{
	while (p < end && *p != '}')
		p = line_end(p, end);
	return line_end(p, end);
}

/* The text without what is skipped: two passes, so that the copy is no larger than it has to be. */
static char *copy_without(const char *text, size_t *len, const char *const *skip, struct arena *a)
{
	const char *end = text + *len;
	char *copy = NULL;
	size_t n = 0;

	for (int pass = 0; pass < 2; pass++) {
		if (pass)
			copy = arena_alloc(a, n + 1);
		n = 0;
		for (const char *p = text, *next; p < end; p = next) {
			if (line_begins(p, end, skip)) {
				next = block_end(p, end);
				continue;
			}
			next = line_end(p, end);
			if (pass)
				memcpy(copy + n, p, (size_t)(next - p));
			n += (size_t)(next - p);
		}
	}
	*len = n;
	return copy;
}

struct sealed *sealed_new(const char *text, size_t len, const char *const *skip,
			  struct arena *words, struct diags *diags)
{
	struct sealed *s = arena_new_of(words, struct sealed);

	s->diags = diags;
	s->line = 1;
	s->p = skip ? copy_without(text, &len, skip, words) : arena_copy(words, text, len);
	s->end = s->p + len;
	return s;
}

struct conf_stmt *sealed_next(struct sealed *s, struct arena *a)
{
	s->a = a;
	s->top = NULL;
	while (s->p < s->end && (!s->top || s->depth))
		read_line(s);
	if (s->depth) {
		sealed_error(s, "a } is missing");
		s->depth = 0;
	}
	return s->top;
}
