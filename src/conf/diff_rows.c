/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: comparing two objects row by row. Values in force are compared, not whether the file said
 * them: writing down a default changes nothing.
 */
#include "conf/diff.h"
#include "conf/print.h"

/* Neither on nor off, no address. */
static bool is_unset(const struct row *row, const void *obj)
{
	return (row->type == T_TRISTATE && *(const uint8_t *)row_value(row, obj) == TRI_UNSET) ||
	       (row->type == T_IP && !ip_is_set(row_value(row, obj)));
}

/* What a row says, on one line; empty when it says nothing. */
static const char *row_text(struct diff *d, const struct row *row, const void *obj, bool set)
{
	struct text t = {.a = d->a};

	if (!set && !row_kind(row)->is_plain)
		return "";
	if (row_kind(row)->is_block)
		print_statement(&t, row, obj, 0);
	else if (row->type == T_FLAG)
		text_add(&t, *(const bool *)row_value(row, obj) ? " on" : " off");
	else if (!is_unset(row, obj))
		row_print(&t, row, obj);
	return text_get(&t);
}

static bool row_differs(struct diff *d, const struct row *row, const void *old, bool old_set,
			const void *new, bool new_set)
{
	if (row->type == T_DOC)
		return false;
	if (row_kind(row)->is_plain)
		return memcmp(row_value(row, old), row_value(row, new), row->size) != 0;
	if (row->type == T_STRING)
		return !str_eq0(*(const char *const *)row_value(row, old),
				*(const char *const *)row_value(row, new));
	return (old_set || new_set) &&
	       !str_eq(row_text(d, row, old, old_set), row_text(d, row, new, new_set));
}

static const char *value_text(struct diff *d, const struct row *row, const void *obj, bool set)
{
	const char *s = row_text(d, row, obj, set);

	return *s == ' ' ? s + 1 : *s ? s : "none";
}

static const char *const reload_text[] = {
	[RELOAD_BLOCK] = "applied live",
	[RELOAD_LIVE] = "applied live",
	[RELOAD_RESTART] = "restarts",
	[RELOAD_NEVER] = "only when the daemon is started again",
};

static const char *change_text(struct diff *d, const struct row *row, const struct block *blk,
			       const void *old, bool old_set, const void *new, bool new_set)
{
	const char *how = reload_text[row_reload(row, blk)];

	if (row_kind(row)->is_block)
		return arena_printf(d->a, "%s %s (%s)", row->name,
				    old_set && new_set ? "changed"
				    : new_set	       ? "added"
						       : "removed",
				    how);
	return arena_printf(d->a, "%s %s -> %s (%s)", row->name, value_text(d, row, old, old_set),
			    value_text(d, row, new, new_set), how);
}

static unsigned rows_diff(struct diff *d, const struct block *blk, const void *old, const void *new,
			  const char *object, bool (*skip)(const struct row *row), bool said)
{
	unsigned n = 0;

	for (unsigned i = 0; i < block_rows(blk); i++) {
		const struct row *row = block_row(blk, i);
		bool was = block_is_set(old, i), is = block_is_set(new, i);

		if ((skip && skip(row)) || (said && !was && !is))
			continue;
		if (row->type == T_ENTRIES && !*row->name) {
			n += diff_entries(d, row, old, new, object);
			continue;
		}
		if (!row_differs(d, row, old, was, new, is))
			continue;
		diff_item(d, row_reload(row, blk) == RELOAD_RESTART ? PLAN_RESTART : PLAN_CHANGE,
			  object, change_text(d, row, blk, old, was, new, is));
		n++;
	}
	return n;
}

unsigned diff_rows(struct diff *d, const struct block *blk, const void *old, const void *new,
		   const char *object, bool (*skip)(const struct row *row))
{
	return rows_diff(d, blk, old, new, object, skip, false);
}

unsigned diff_said(struct diff *d, const struct block *blk, const void *old, const void *new,
		   const char *object, bool (*skip)(const struct row *row))
{
	return rows_diff(d, blk, old, new, object, skip, true);
}
