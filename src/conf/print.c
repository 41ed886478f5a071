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

static void print_options(struct text *t, const struct block *blk, const void *obj);

/* A nested option that may be repeated: "nexthop via A nexthop via B". */
static void print_inline_list(struct text *t, const struct row *row, const void *obj)
{
	const void_vec *list = row_value(row, obj);

	for (unsigned i = 0; i < list->n; i++) {
		print_word(t, row->name);
		print_options(t, row->sub, list->v[i]);
	}
}

/* Positional words, then options, all on the line begun by the caller. */
static void print_options(struct text *t, const struct block *blk, const void *obj)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = next_set(obj, 0); i < BITS; i = next_set(obj, i + 1)) {
			const struct row *row = block_row(blk, i);
			bool positional = row->flags & ROW_POSITIONAL;

			if (positional != (pass == 0))
				continue;
			if (row->type == T_INLINE && row->store == STORE_VEC) {
				print_inline_list(t, row, obj);
				continue;
			}
			if (!positional && !(row->flags & ROW_BARE))
				print_word(t, row->name);
			if (row->type == T_INLINE)
				print_row_object(t, row, obj, 0);
			else
				row_print(t, row, obj);
		}
}

void print_words(struct text *t, const struct block *blk, const void *obj)
{
	print_options(t, blk, obj);
}

static void print_positional(struct text *t, const struct block *blk, const void *obj)
{
	for (unsigned i = next_set(obj, 0); i < BITS; i = next_set(obj, i + 1))
		if (block_row(blk, i)->flags & ROW_POSITIONAL)
			row_print(t, block_row(blk, i), obj);
}

static void print_sub(struct text *t, const struct row *row, const void *sub, unsigned depth)
{
	print_indent(t, depth);
	text_add(t, row->name);
	if (row->type == T_INLINE) {
		print_options(t, row->sub, sub);
		text_char(t, '\n');
		return;
	}
	print_positional(t, row->sub, sub);
	text_add(t, " {\n");
	print_body(t, row->sub, sub, depth + 1);
	print_indent(t, depth);
	text_add(t, "}\n");
}

/* One entry a line, without the blank before its first word. */
static void print_entry_lines(struct text *t, const struct row *row, const void_vec *list,
			      unsigned depth)
{
	for (unsigned i = 0; i < list->n; i++) {
		size_t start;

		print_indent(t, depth);
		start = t->n;
		print_options(t, row->sub, list->v[i]);
		if (t->n > start)
			memmove(t->p + start, t->p + start + 1, t->n - start - 1), t->n--;
		text_char(t, '\n');
	}
}

static void print_entries(struct text *t, const struct row *row, const void_vec *list,
			  unsigned depth)
{
	if (!*row->name) { /* the statements of its block are the entries */
		print_entry_lines(t, row, list, depth);
		return;
	}
	print_indent(t, depth);
	text_add(t, row->name);
	text_add(t, " {\n");
	print_entry_lines(t, row, list, depth + 1);
	print_indent(t, depth);
	text_add(t, "}\n");
}

static void print_list(struct text *t, const struct row *row, const string_vec *list,
		       unsigned depth)
{
	print_indent(t, depth);
	text_add(t, row->name);
	text_add(t, " {\n");
	for (unsigned i = 0; i < list->n; i++) {
		size_t start;

		print_indent(t, depth + 1);
		start = t->n;
		print_word(t, list->v[i]);
		memmove(t->p + start, t->p + start + 1, t->n - start - 1), t->n--;
		text_char(t, '\n');
	}
	print_indent(t, depth);
	text_add(t, "}\n");
}

/* The objects of a T_BLOCK or T_INLINE row. */
static void print_subs(struct text *t, const struct row *row, const void *field, unsigned depth)
{
	const void_vec *list = field;

	if (row->store == STORE_EMBEDDED)
		print_sub(t, row, field, depth);
	else if (row->store == STORE_POINTER && *(void *const *)field)
		print_sub(t, row, *(void *const *)field, depth);
	else if (row->store == STORE_VEC || row->store == STORE_MIXED)
		for (unsigned i = 0; i < list->n; i++)
			if (row_owns(row, list->v[i]))
				print_sub(t, row, list->v[i], depth);
}

/* A nested INLINE option: its words only. */
void print_row_object(struct text *t, const struct row *row, const void *obj, unsigned depth)
{
	const void *field = row_value(row, obj);

	if (row->store == STORE_EMBEDDED)
		print_options(t, row->sub, field);
	else if (row->store == STORE_POINTER && *(void *const *)field)
		print_options(t, row->sub, *(void *const *)field);
	else if (row->store == STORE_VEC && ((const void_vec *)field)->n)
		print_options(t, row->sub,
			      ((const void_vec *)field)->v[((const void_vec *)field)->n - 1]);
}

void print_statement(struct text *t, const struct row *row, const void *obj, unsigned depth)
{
	const void *field = row_value(row, obj);
	size_t start;

	switch (row->type) {
	case T_BLOCK:
	case T_INLINE:
		print_subs(t, row, field, depth);
		return;
	case T_ENTRIES:
		print_entries(t, row, field, depth);
		return;
	case T_LIST:
		print_list(t, row, field, depth);
		return;
	case T_FLAG:
		if (!*(const bool *)field)
			return;
		break;
	case T_DOC:
		return;
	case T_BOOL:
	case T_TRISTATE:
	case T_NUMBER:
	case T_TIME:
	case T_STRING:
	case T_ENUM:
	case T_IP:
	case T_PREFIX:
	case T_SCRIPT:
	case T_WEIGHT:
	case T_USER:
	case T_WORDS:
	case T_NUMBERS:
	case T_HANDLER:
		break;
	}
	print_indent(t, depth);
	start = t->n;
	text_add(t, row->name);
	row_print(t, row, obj);
	if (t->n > start)
		text_char(t, '\n');
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
