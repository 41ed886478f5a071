/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the character set of the files. A name in another one works all the same, byte for byte, and comes
 * out as question marks where text must be UTF-8 (JSON, the journal), so that two names may look alike.
 *
 * Must not know: keywords, the model.
 */
#include "conf/lint_text.h"

#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

/* A line with a byte that is no UTF-8. */
struct found {
	struct conf_span at; /* line 0: none */
	unsigned char byte;
};

/* Where the first broken byte is; NULL: nowhere. */
static const char *broken_byte(const char *p, const char *end)
{
	size_t n;

	for (; p < end; p += n) {
		char head[5] = {0};

		memcpy(head, p, end - p < 4 ? (size_t)(end - p) : 4);
		n = utf8_sequence(head);
		if (!n)
			return p;
	}
	return NULL;
}

/* Near enough: a # within quotes begins none. */
static bool is_in_comment(const char *line, const char *p)
{
	size_t n = (size_t)(p - line);

	return memchr(line, '#', n) || memchr(line, '!', n);
}

static void report(struct diags *diags, const struct found *f, bool comment)
{
	diag_add(diags, comment ? DIAG_NOTE : DIAG_WARNING, "not-utf-8", f->at,
		 comment ? "the file is not UTF-8 (byte 0x%02x, in a comment)"
			 : "the file is not UTF-8 (byte 0x%02x): such names are shown with `?`",
		 f->byte)
		->hint = "save it as UTF-8; `iconv -f GBK -t UTF-8` does it if it is in GBK";
}

static void lint_file(const struct conf_file *file, uint16_t index, struct diags *diags)
{
	const char *line = file->text, *end = file->text + file->len, *next, *p;
	struct found comment = {0};

	for (uint32_t number = 1; line < end; line = next, number++) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next + 1 : end;
		p = broken_byte(line, next);
		if (!p)
			continue;
		struct found f = {.at = {.file = index, .line = number, .len = 1}, .byte = (unsigned char)*p};

		f.at.col = p - line < UINT16_MAX ? (uint16_t)(p - line + 1) : UINT16_MAX;
		if (!is_in_comment(line, p)) {
			report(diags, &f, false);
			return;
		}
		if (!comment.at.line)
			comment = f;
	}
	if (comment.at.line)
		report(diags, &comment, true);
}

static bool was_read_before(const struct conf_source *source, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (str_eq(source->files.v[k].path, source->files.v[i].path))
			return true;
	return false;
}

void conf_lint_text(const struct conf_source *source, struct diags *diags)
{
	for (unsigned i = 0; i < source->files.n; i++) {
		const struct conf_file *f = &source->files.v[i];

		/* what holds a NUL is no text at all, and that is said */
		if (!memchr(f->text, '\0', f->len) && !was_read_before(source, i))
			lint_file(f, (uint16_t)i, diags);
	}
}
