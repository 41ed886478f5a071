/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: hints at slips that may be behind any message, found in the text that it points at: characters
 * that look like others (full-width punctuation, wide and invisible blanks, quotes of word processors,
 * as they come with text copied from a web page), and habits from other programs' files.
 *
 * Must not know: keywords, what a message means. Where all is well such characters are nobody's
 * business: a name or a comment may hold any.
 */
#include "conf/slips.h"

#include <string.h>

#include "base/ip.h"
#include "base/str.h"
#include "conf/tree.h"

/* Of a sequence that starts at p[0] and is one, its code point; 0: none of three bytes or less. */
static uint32_t code_point(const unsigned char *p, size_t n, size_t *ret_len)
{
	*ret_len = 1;
	if (n >= 2 && p[0] >= 0xc2 && p[0] < 0xe0) {
		*ret_len = 2;
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	}
	if (n >= 3 && (p[0] & 0xf0) == 0xe0) {
		*ret_len = 3;
		return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	}
	return 0;
}

/* The ASCII character that was meant; '\0': it is none of those; DEL: none at all, it can't be seen. */
static char looks_like(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		char ascii;
	} table[] = {
		{0xa0, 0xa0, ' '},     {0x2000, 0x200a, ' '}, {0x202f, 0x202f, ' '},
		{0x3000, 0x3000, ' '}, {0x200b, 0x200f, 0x7f}, {0x2060, 0x2060, 0x7f},
		{0xfeff, 0xfeff, 0x7f}, {0x2010, 0x2015, '-'}, {0x2212, 0x2212, '-'},
		{0x2018, 0x201b, '\''}, {0x201c, 0x201f, '"'}, {0x3001, 0x3001, ','},
		{0x3002, 0x3002, '.'},
	};

	if (c >= 0xff01 && c <= 0xff5e) /* the full-width forms, in the order of ASCII */
		return (char)(c - 0xff00 + 0x20);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (c >= table[i].first && c <= table[i].last)
			return table[i].ascii;
	return '\0';
}

/* What it looks like is no better: nothing ends or parts words but a blank. */
static const char *separator_hint(struct arena *a, const char *p, size_t len, uint32_t c, bool last)
{
	return arena_printf(a, "`%.*s` (U+%04X) is not needed here: %s", (int)len, p, c,
			    last ? "remove it" : "write a blank, or begin a new line");
}

static const char *lookalike_hint(struct arena *a, const char *text, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		uint32_t c = code_point((const unsigned char *)text + i, n - i, &len);
		char ascii = looks_like(c);

		if (ascii == ' ')
			return arena_printf(a, "it holds a blank of another kind (U+%04X): write an "
					       "ordinary one", c);
		if (ascii == 0x7f)
			return arena_printf(a, "it holds a character that can't be seen (U+%04X): "
					       "write the word anew", c);
		if (ascii == ',' || ascii == ';' || ascii == '=')
			return separator_hint(a, text + i, len, c, i + len >= n);
		if (ascii)
			return arena_printf(a, "`%.*s` (U+%04X) only looks like `%c`: write that",
					    (int)len, text + i, c, ascii);
	}
	return NULL;
}

static bool is_unit(const char *s)
{
	static const char *const units[] = {"ms", "s", "sec", "m", "min", "h"};

	for (unsigned i = 0; i < ARRAY_SIZE(units); i++)
		if (str_eq(s, units[i]))
			return true;
	return false;
}

/* `number`: it was to be one (a route's times may have a unit). */
static const char *habit_hint(struct arena *a, const char *word, bool number)
{
	const char *colon = strrchr(word, ':');
	size_t n = strlen(word);
	struct ip_addr ip;

	if (str_eq(word, "=") || str_eq(word, ":"))
		return arena_printf(a, "remove the `%s`: a keyword and its value have a blank between them, "
				       "nothing else", word);
	if (n > 1 && (word[n - 1] == ';' || word[n - 1] == ','))
		return arena_printf(a, "write it without the `%c`", word[n - 1]);
	n = strspn(word, "0123456789.");
	if (number && n > 0 && is_unit(word + n))
		return arena_printf(a, "no `%s` is written: the number is in the unit that is expected",
				    word + n);
	if (colon && colon != word && strchr(word, ':') == colon &&
	    ip_parse(arena_printf(a, "%.*s", (int)(colon - word), word), &ip))
		return arena_printf(a, "write the port behind a blank: `%.*s %s`", (int)(colon - word),
				    word, colon + 1);
	return NULL;
}

static void hint(struct diag *d, const struct conf_source *source, struct arena *a)
{
	const char *line, *better;
	size_t len, n;

	if (d->severity == DIAG_NOTE)
		return;
	line = diag_source_line(d, source, &len);
	if (!line || !d->at.col || d->at.col > len)
		return;
	line += d->at.col - 1;
	n = len - (d->at.col - 1) < d->at.len ? len - (d->at.col - 1) : d->at.len;
	better = lookalike_hint(a, line, n);
	if (!better && !d->hint)
		better = habit_hint(a, arena_printf(a, "%.*s", (int)n, line),
				    str_eq(d->code, "bad-number"));
	if (better)
		d->hint = better;
}

void slips_hint(struct diags *d, const struct conf_source *source)
{
	for (unsigned i = 0; i < d->list.n; i++)
		hint(&d->list.v[i], source, d->arena);
}
