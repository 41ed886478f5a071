/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the list of messages about a configuration, their order and their two text forms.
 * Must not know: what any message means, who reads it.
 */
#include "conf/diag.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "conf/tree.h"

#define SHOWN_MAX 160 /* bytes of a source line that are shown */
#define WORD_MAX 48   /* longest word that is worth comparing */

struct diag *diag_add(struct diags *d, enum diag_severity severity, const char *code,
		      struct conf_span at, const char *fmt, ...)
{
	struct diag *m = vec_add(d->arena, &d->list);
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m->severity = severity;
	m->class = DIAG_GENERAL;
	m->code = code;
	m->at = at;
	m->text = n < 0 ? code : arena_strdup(d->arena, text);
	d->count[severity]++;
	return m;
}

bool diag_is_refused(const struct diags *d, const void *block, const char *row)
{
	for (unsigned i = 0; i < d->refused.n; i++)
		if (d->refused.v[i].block == block && str_eq(d->refused.v[i].row, row))
			return true;
	return false;
}

bool diag_refuses_reload(const struct diag *d)
{
	return d->severity >= DIAG_ERROR ? !d->tolerated : d->only_at_start;
}

bool diags_refuse_reload(const struct diags *d)
{
	for (unsigned i = 0; i < d->list.n; i++)
		if (diag_refuses_reload(&d->list.v[i]))
			return true;
	return false;
}

struct sorted {
	struct diag m;
	unsigned order;
};

static int place_compare(const struct conf_span *a, const struct conf_span *b)
{
	if (!a->line != !b->line)
		return a->line ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->col != b->col)
		return a->col < b->col ? -1 : 1;
	return 0;
}

/* Equal messages must become neighbours, or a repetition that makes two mistakes at one place
 * would list them alternately for ever; the place of reading decides the rest. */
static int sorted_compare(const void *pa, const void *pb)
{
	const struct sorted *a = pa, *b = pb;
	int c = place_compare(&a->m.at, &b->m.at);

	if (!c)
		c = (int)b->m.severity - (int)a->m.severity;
	if (!c)
		c = strcmp(a->m.code, b->m.code);
	if (!c)
		c = strcmp(a->m.text, b->m.text);
	if (!c)
		c = a->order < b->order ? -1 : 1;
	return c;
}

static bool diag_equal(const struct diag *a, const struct diag *b)
{
	return a->severity == b->severity && !place_compare(&a->at, &b->at) &&
	       str_eq(a->code, b->code) && str_eq(a->text, b->text);
}

void diags_sort(struct diags *d)
{
	struct sorted *s;
	unsigned i, kept = 0;

	if (d->list.n < 2)
		return;
	s = arena_alloc(d->arena, d->list.n * sizeof(*s));
	for (i = 0; i < d->list.n; i++)
		s[i] = (struct sorted){.m = d->list.v[i], .order = i};
	qsort(s, d->list.n, sizeof(*s), sorted_compare);
	for (i = 0; i < d->list.n; i++) {
		if (kept && diag_equal(&d->list.v[kept - 1], &s[i].m))
			d->count[s[i].m.severity]--;
		else
			d->list.v[kept++] = s[i].m;
	}
	d->list.n = kept;
}

static const char *severity_name(enum diag_severity s)
{
	static const char *const names[] = {"note", "warning", "error", "error"};

	return names[s];
}

/* The line as it stands in the file, without its end. */
static const char *source_line(const struct conf_file *f, uint32_t line, size_t *ret_len)
{
	const char *end = f->text + f->len, *p = f->text, *stop;
	uint32_t at = 1;

	if (f->marks && (line - 1) / CONF_MARK_LINES < f->n_marks) {
		p += f->marks[(line - 1) / CONF_MARK_LINES];
		at = (line - 1) / CONF_MARK_LINES * CONF_MARK_LINES + 1;
	}
	for (; at < line; at++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return NULL;
		p++;
	}
	stop = memchr(p, '\n', (size_t)(end - p));
	if (!stop)
		stop = end;
	if (stop > p && stop[-1] == '\r')
		stop--;
	*ret_len = (size_t)(stop - p);
	return p;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void render_bytes(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		buf_u8(out, (c < ' ' && c != '\t') || c == 0x7f ? '?' : c);
	}
}

/* Blanks as wide as the text above them: tabs stay tabs, one blank per character else. */
static void render_blanks(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\t')
			buf_u8(out, '\t');
		else if (!is_continuation(p[i]))
			buf_u8(out, ' ');
	}
}

static void render_marker(struct buf *out, const char *p, size_t n)
{
	buf_u8(out, '^');
	for (size_t i = 1; i < n; i++) {
		if (!is_continuation(p[i]))
			buf_u8(out, '~');
	}
}

static void render_source(const struct diag *d, const struct conf_file *f, struct buf *out)
{
	size_t len, from = 0, shown, col = d->at.col ? (size_t)d->at.col - 1 : 0, mark = d->at.len;
	const char *line = source_line(f, d->at.line, &len);

	if (!line)
		return;
	if (col > len)
		col = len;
	if (col > SHOWN_MAX / 2 && len > SHOWN_MAX)
		from = col - SHOWN_MAX / 2;
	while (from && from < len && is_continuation(line[from]))
		from--;
	shown = len - from > SHOWN_MAX ? SHOWN_MAX : len - from;
	if (mark > from + shown - col)
		mark = from + shown - col;

	buf_printf(out, "%6u | %s", d->at.line, from ? "..." : "");
	render_bytes(out, line + from, shown);
	buf_printf(out, "%s\n       | %s", from + shown < len ? "..." : "", from ? "   " : "");
	render_blanks(out, line + from, col - from);
	render_marker(out, line + col, mark);
	buf_u8(out, '\n');
}

static const struct conf_file *file_of(const struct diag *d, const struct conf_source *source)
{
	if (d->at.line && source && d->at.file < source->files.n)
		return &source->files.v[d->at.file];
	return NULL;
}

const char *diag_source_line(const struct diag *d, const struct conf_source *source, size_t *ret_len)
{
	const struct conf_file *f = file_of(d, source);

	return f ? source_line(f, d->at.line, ret_len) : NULL;
}

/* What all forms of ours begin with; the file, or NULL. */
static const struct conf_file *render_head(const struct diag *d, const struct conf_source *source,
					   struct buf *out)
{
	const struct conf_file *f = file_of(d, source);

	if (f)
		buf_printf(out, "%s:%u:%u: ", f->path, d->at.line, d->at.col);
	buf_printf(out, "%s[%s]: %s", severity_name(d->severity), d->code, d->text);
	return f;
}

void diag_render(const struct diag *d, const struct conf_source *source, struct buf *out)
{
	const struct conf_file *f = render_head(d, source, out);

	buf_u8(out, '\n');
	if (f)
		render_source(d, f, out);
	if (d->expected)
		buf_printf(out, "       = expected: %s\n", d->expected);
	if (d->hint)
		buf_printf(out, "       = hint: %s\n", d->hint);
}

void diag_render_line(const struct diag *d, const struct conf_source *source, struct buf *out)
{
	render_head(d, source, out);
	if (d->expected)
		buf_printf(out, "; expected: %s", d->expected);
	if (d->hint)
		buf_printf(out, "; hint: %s", d->hint);
	buf_u8(out, '\n');
}

void diag_render_keepalived(const struct diag *d, const struct conf_source *source, struct buf *out)
{
	if (d->at.line && source && source->files.n > 1 && d->at.file < source->files.n)
		buf_printf(out, "(%s: Line %u) ", source->files.v[d->at.file].path, d->at.line);
	else if (d->at.line)
		buf_printf(out, "(Line %u) ", d->at.line);
	buf_printf(out, "%s\n", d->text);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance where a swap of neighbours counts once (optimal string alignment); letters that
 * differ in case only are equal, because nobody means them to differ. */
static unsigned word_distance(const char *a, unsigned na, const char *b, unsigned nb)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2], *t;

	for (unsigned j = 0; j <= nb; j++)
		last[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		int ca = tolower((unsigned char)a[i - 1]);

		now[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			int cb = tolower((unsigned char)b[j - 1]);

			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    cb == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		t = before, before = last, last = now, now = t;
	}
	return last[nb];
}

const char *diag_nearest(const char *word, const char *const *candidates, unsigned n)
{
	size_t len = strlen(word);
	unsigned best = len <= 4 ? 1 : len <= 8 ? 2 : 3;
	const char *found = NULL;

	if (!len || len > WORD_MAX)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		size_t other = strlen(candidates[i]);
		unsigned distance;

		if (other > WORD_MAX || other > len + best || len > other + best)
			continue;
		distance = word_distance(word, (unsigned)len, candidates[i], (unsigned)other);
		/* one edit away from a two-letter word is everything */
		if (distance >= len || distance > best || (found && distance == best))
			continue;
		best = distance;
		found = candidates[i];
	}
	return found;
}

const char *diag_nearest_hint(struct arena *a, const char *word, const char *const *candidates,
			      unsigned n)
{
	const char *near = diag_nearest(word, candidates, n);

	return near ? arena_printf(a, "did you mean `%s`?", near) : NULL;
}
