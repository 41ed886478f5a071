/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the way from a file to its physical lines: line ends, NUL bytes, the byte order mark, the
 * lines of an open macro definition. Reference: config-language, sections 2, 7 and 11.
 * Must not know: what a line means.
 */
#include <string.h>

#include "conf/lang/lang.h"

/* A line of an open `$NAME= \`: it ends with a line without backslash or with an empty one. A line
 * that is only blanks or a comment is passed over. */
static void definition_line(struct lang *l, const char *text, size_t len)
{
	struct definition *d = &l->def;
	bool more;
	size_t from = 0;

	if (!len) {
		d->open = false;
	} else {
		while (from < len && is_blank(text[from]))
			from++;
		len = from + text_strip(text + from, len - from);
		if (from == len)
			return;
		more = text[len - 1] == '\\';
		if (more)
			len--;
		while (len > from && is_blank(text[len - 1]))
			len--;
		vec_push(l->arena, &d->lines, arena_copy(l->arena, text + from, len - from));
		d->open = more;
	}
	if (!d->open && !d->discard)
		macro_set_lines(l, d);
}

struct lines {
	const char *text, *end;
	char *cut, *raw;
	bool nuls;	 /* there are NUL bytes ... */
	bool nuls_told; /* ... and a message has said so */
	struct conf_span at;
};

static unsigned count_lines_with_nul(const char *p, const char *end)
{
	unsigned n = 0;

	for (const char *nul; p < end && (nul = memchr(p, '\0', (size_t)(end - p))); n++) {
		p = memchr(nul, '\n', (size_t)(end - nul));
		p = p ? p + 1 : end;
	}
	return n;
}

static bool is_utf16(const struct lines *f)
{
	size_t len = (size_t)(f->end - f->text);

	return len >= 2 && (!memcmp(f->text, "\xff\xfe", 2) || !memcmp(f->text, "\xfe\xff", 2));
}

/* Once a file: what is no text has them in each line. */
static void report_nul(struct lang *l, struct lines *f, const char *from, size_t len)
{
	const char *nul = memchr(from, '\0', len);
	struct conf_span at = f->at;
	unsigned n = count_lines_with_nul(from, f->end);
	struct diag *d;

	if (f->nuls_told)
		return;
	f->nuls_told = true;
	at.col = nul - from < UINT16_MAX ? (uint16_t)(nul - from + 1) : UINT16_MAX;
	d = n == 1 ? diag_add(l->diags, DIAG_ERROR, "nul-byte", at,
			      "this line holds a NUL byte and is ignored")
		   : diag_add(l->diags, DIAG_ERROR, "nul-byte", at,
			      "this line and %u more hold NUL bytes and are ignored", n - 1);
	d->hint = is_utf16(f) ? "the file is UTF-16: save it as UTF-8"
			      : "the file may be damaged or not be a text file (UTF-16?)";
}

static void source_line(struct lang *l, struct lines *f, const char *from, const char *to)
{
	size_t len = (size_t)(to - from);
	struct piece p;

	while (len && from[len - 1] == '\r')
		len--;
	if (f->nuls && memchr(from, '\0', len)) {
		report_nul(l, f, from, len);
		return;
	}
	if (l->def.open) {
		definition_line(l, from, len);
		return;
	}
	p = (struct piece){
		.text = from,
		.len = len,
		.cut = f->cut + (from - f->text),
		.raw = f->raw + (from - f->text),
		.at = f->at,
		.indent = INDENT_COUNT,
	};
	line_run(l, &p);
}

static uint16_t source_add(struct lang *l, const char *path, const char *text, size_t len)
{
	struct conf_file *f = vec_add(l->arena, &l->source->files);

	f->path = path;
	f->text = text;
	f->len = len;
	return (uint16_t)(l->source->files.n - 1);
}

bool source_read(struct lang *l, const char *path, const char *text, size_t len)
{
	uint16_t index = source_add(l, path, text, len);
	struct lines f = {
		.text = text,
		.end = text + len,
		.cut = arena_copy(l->arena, text, len),
		.raw = arena_copy(l->arena, text, len),
		.nuls = memchr(text, '\0', len) != NULL,
		.at = {.file = index, .line = 1, .col = 1, .len = 1},
	};
	VEC(uint32_t) marks = {0}; /* so that a message finds its line at once */
	const char *p = text, *nl;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		f.at.col += 3;
	}
	for (; p < f.end && !l->stop; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(f.end - p));
		if (!nl)
			nl = f.end;
		if ((f.at.line - 1) % CONF_MARK_LINES == 0)
			vec_push(l->arena, &marks, (uint32_t)(p - text));
		source_line(l, &f, p, nl);
		f.at.line++;
		f.at.col = 1;
	}
	l->source->files.v[index].marks = marks.v;
	l->source->files.v[index].n_marks = marks.n;
	return !l->stop;
}
