/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what can be asked of rows, choices and blocks themselves, and the walk over the objects
 * under a row.
 *
 * Must not know: words; they are value.c's.
 */
#include "conf/schema.h"

#include <limits.h>

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

void block_drop(const struct block *blk, void *obj, unsigned bit)
{
	const struct row *row = block_row(blk, bit);

	block_unmark(obj, bit);
	memset(row_field(row, obj), 0, row->size);
}

enum row_owner row_owner(const struct row *row, const struct block *blk)
{
	uint8_t owner = row->owner;

	for (; !owner && blk; blk = blk->base)
		owner = blk->owner;
	return (enum row_owner)owner;
}

enum row_reload row_reload(const struct row *row, const struct block *blk)
{
	uint8_t reload = row->reload;

	for (; !reload && blk; blk = blk->base)
		reload = blk->reload;
	return (enum row_reload)reload;
}

enum row_effect row_effect(const struct row *row, const struct block *blk)
{
	uint8_t effect = row->effect;

	for (; !effect && blk; blk = blk->base)
		effect = blk->effect;
	return effect ? (enum row_effect)effect : WORKS;
}

/* ---- objects under a row ---- */

const void *row_next(const struct row *row, const void *obj, unsigned *i)
{
	const void *field = row_value(row, obj);
	const void_vec *list = field;
	const void *one = row->store == STORE_EMBEDDED ? field : *(void *const *)field;

	if (row->store == STORE_EMBEDDED || row->store == STORE_POINTER)
		return (*i)++ ? NULL : one;
	while (*i < list->n) {
		const uint8_t *sub = list->v[(*i)++];

		if (row->store != STORE_MIXED || sub[row->offset2] == row->min)
			return sub;
	}
	return NULL;
}

/* ---- lists in a row ---- */

const char *list_word(const char **list, size_t *ret_len)
{
	const char *word = *list;

	if (!word || !*word)
		return NULL;
	*ret_len = strcspn(word, " ");
	*list = word + *ret_len + (word[*ret_len] == ' ');
	return word;
}

const struct choice *choice_named(const struct choice *choices, const char *name)
{
	for (; choices && choices->name; choices++)
		if (str_eq(choices->name, name))
			return choices;
	return NULL;
}

const struct choice *choice_valued(const struct choice *choices, int32_t value)
{
	for (; choices && choices->name; choices++)
		if (choices->value == value)
			return choices;
	return NULL;
}

const char *choice_hint(const struct choice *choices, const char *word, struct arena *a)
{
	VEC(const char *) names = {0};

	for (; choices->name; choices++)
		vec_push(a, &names, choices->name);
	return diag_nearest_hint(a, word, names.v, names.n);
}
