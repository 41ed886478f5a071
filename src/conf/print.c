/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the model as canonical text: exactly the rows whose bit is set, in the order of the tables.
 * Reading the text again gives an equal model; the workers run from it.
 *
 * A word that ordinary quoting can't carry (a double quote, a backslash before the closing quote)
 * is written in backticks, which only the reader of the sealed copy knows (sealed.c).
 *
 * Must not know: what any keyword means.
 */
#include "conf/print.h"

#include "conf/conf.h"

/* Characters that mean nothing to the tree stage anywhere in a word. */
static bool char_is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_./:+-,=%*?^&|;()<>[]\\", c)) || (unsigned char)c >= 0x80;
}

/* Whether the text can stand between double quotes: each " is escaped, and so is not the last one.
 */
static bool quotes_can_carry(const char *s)
{
	for (; *s; s++) {
		if (*s == '"')
			return false;
		if (*s == '\\' && !*++s)
			return false;
	}
	return true;
}

static void print_backticks(struct text *t, const char *s)
{
	text_char(t, '`');
	for (; *s; s++) {
		if (*s == '`')
			text_char(t, '`');
		text_char(t, *s);
	}
	text_char(t, '`');
}

void print_word(struct text *t, const char *word)
{
	const char *s = word;

	text_char(t, ' ');
	while (char_is_plain(*s))
		s++;
	if (!*s && s != word) {
		text_add(t, word);
	} else if (quotes_can_carry(word)) {
		text_char(t, '"');
		text_add(t, word);
		text_char(t, '"');
	} else {
		print_backticks(t, word);
	}
}

static void print_indent(struct text *t, unsigned depth)
{
	while (depth--)
		text_char(t, '\t');
}

/* The first row from `bit` on that is set, or BITS. Few of a hundred are: asking them one by one
 * would take longer than printing. */
#define BITS (CONF_SET_WORDS * 64)
static unsigned next_set(const void *obj, unsigned bit)
{
	const struct conf_block *b = obj;

	for (unsigned w = bit / 64; w < CONF_SET_WORDS; w++, bit = w * 64) {
		uint64_t rest = b->set[w] >> bit % 64;

		if (rest)
			return bit + (unsigned)__builtin_ctzll(rest);
	}
	return BITS;
}

/* A nested option, once for each of its objects: "nexthop via A nexthop via B". */
static void print_inline(struct text *t, const struct row *row, const void *obj)
{
	const void *sub;

	for (unsigned i = 0; (sub = row_next(row, obj, &i));) {
		print_word(t, row->name);
		print_words(t, row->sub, sub);
	}
}

void print_words(struct text *t, const struct block *blk, const void *obj)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = next_set(obj, 0); i < BITS; i = next_set(obj, i + 1)) {
			const struct row *row = block_row(blk, i);
			bool positional = row->flags & ROW_POSITIONAL;

			if (positional != (pass == 0))
				continue;
			if (row->type == T_INLINE) {
				print_inline(t, row, obj);
				continue;
			}
			if (!positional && !(row->flags & ROW_BARE))
				print_word(t, row->name);
			row_print(t, row, obj);
		}
}

static void print_positional(struct text *t, const struct block *blk, const void *obj)
{
	for (unsigned i = next_set(obj, 0); i < BITS; i = next_set(obj, i + 1))
		if (block_row(blk, i)->flags & ROW_POSITIONAL)
			row_print(t, block_row(blk, i), obj);
}

static void print_open(struct text *t, const struct row *row, unsigned depth)
{
	print_indent(t, depth);
	text_add(t, row->name);
}

static void print_close(struct text *t, unsigned depth)
{
	print_indent(t, depth);
	text_add(t, "}\n");
}

/* The objects of a T_BLOCK or T_INLINE row. */
static void print_subs(struct text *t, const struct row *row, const void *obj, unsigned depth)
{
	const void *sub;

	for (unsigned i = 0; (sub = row_next(row, obj, &i));) {
		print_open(t, row, depth);
		if (row->type == T_INLINE) {
			print_words(t, row->sub, sub);
			text_char(t, '\n');
			continue;
		}
		print_positional(t, row->sub, sub);
		text_add(t, " {\n");
		print_body(t, row->sub, sub, depth + 1);
		print_close(t, depth);
	}
}

/* Ends a line whose words began at `start`, without the blank before the first one. */
static void print_line_end(struct text *t, size_t start)
{
	if (t->n > start)
		memmove(t->p + start, t->p + start + 1, t->n - start - 1), t->n--;
	text_char(t, '\n');
}

static void print_entry_lines(struct text *t, const struct row *row, const void *obj,
			      unsigned depth)
{
	const void *entry;

	for (unsigned i = 0; (entry = row_next(row, obj, &i));) {
		size_t start;

		print_indent(t, depth);
		start = t->n;
		print_words(t, row->sub, entry);
		print_line_end(t, start);
	}
}

static void print_entries(struct text *t, const struct row *row, const void *obj, unsigned depth)
{
	if (!*row->name) { /* the statements of its block are the entries */
		print_entry_lines(t, row, obj, depth);
		return;
	}
	print_open(t, row, depth);
	text_add(t, " {\n");
	print_entry_lines(t, row, obj, depth + 1);
	print_close(t, depth);
}

static void print_list(struct text *t, const struct row *row, const void *obj, unsigned depth)
{
	const string_vec *list = row_value(row, obj);

	print_open(t, row, depth);
	text_add(t, " {\n");
	for (unsigned i = 0; i < list->n; i++) {
		size_t start;

		print_indent(t, depth + 1);
		start = t->n;
		print_word(t, list->v[i]);
		print_line_end(t, start);
	}
	print_close(t, depth);
}

void print_statement(struct text *t, const struct row *row, const void *obj, unsigned depth)
{
	if (row->type == T_BLOCK || row->type == T_INLINE) {
		print_subs(t, row, obj, depth);
	} else if (row->type == T_ENTRIES) {
		print_entries(t, row, obj, depth);
	} else if (row->type == T_LIST) {
		print_list(t, row, obj, depth);
	} else if (row->type != T_FLAG || *(const bool *)row_value(row, obj)) {
		print_open(t, row, depth);
		row_print(t, row, obj);
		text_char(t, '\n');
	}
}

void print_body(struct text *t, const struct block *blk, const void *obj, unsigned depth)
{
	for (unsigned i = next_set(obj, 0); i < BITS; i = next_set(obj, i + 1))
		if (!(block_row(blk, i)->flags & ROW_POSITIONAL))
			print_statement(t, block_row(blk, i), obj, depth);
}

char *conf_print(const struct conf *conf, struct arena *a, size_t *ret_len)
{
	struct text t = {.a = a};

	print_body(&t, &schema_top, conf, 0);
	text_get(&t);
	*ret_len = t.n;
	return t.p;
}
