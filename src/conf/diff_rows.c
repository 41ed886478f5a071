/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: comparing two objects row by row. Values in force are compared, not whether the file said
 * them: writing down a default changes nothing.
 */
#include "conf/diff.h"
#include "conf/print.h"

static bool bytes_differ(const struct row *row, const void *old, const void *new, size_t n)
{
	return memcmp(row_value(row, old), row_value(row, new), n) != 0;
}

/* What a row says, on one line; empty when it says nothing. */
static const char *row_text(struct diff *d, const struct row *row, const void *obj, bool set)
{
	struct text t = {.a = d->a};

	if (!set && row->type != T_TIME && row->type != T_NUMBER && row->type != T_BOOL &&
	    row->type != T_TRISTATE && row->type != T_FLAG && row->type != T_ENUM &&
	    row->type != T_IP)
		return "";
	switch (row->type) {
	case T_BLOCK:
	case T_ENTRIES:
	case T_INLINE:
	case T_LIST:
		print_statement(&t, row, obj, 0);
		break;
	case T_FLAG:
		text_add(&t, *(const bool *)row_value(row, obj) ? " on" : " off");
		break;
	case T_TRISTATE:
		if (*(const uint8_t *)row_value(row, obj) != TRI_UNSET)
			row_print(&t, row, obj);
		break;
	case T_IP:
		if (ip_is_set(row_value(row, obj)))
			row_print(&t, row, obj);
		break;
	case T_DOC:
	case T_BOOL:
	case T_NUMBER:
	case T_TIME:
	case T_STRING:
	case T_ENUM:
	case T_PREFIX:
	case T_SCRIPT:
	case T_WEIGHT:
	case T_USER:
	case T_WORDS:
	case T_NUMBERS:
	case T_HANDLER:
		row_print(&t, row, obj);
		break;
	}
	return text_get(&t);
}

static bool row_differs(struct diff *d, const struct row *row, const void *old, bool old_set,
			const void *new, bool new_set)
{
	switch (row->type) {
	case T_DOC:
		return false;
	case T_FLAG:
	case T_BOOL:
	case T_TRISTATE:
	case T_ENUM:
		return bytes_differ(row, old, new, 1);
	case T_NUMBER:
		return bytes_differ(row, old, new, row->size);
	case T_TIME:
		return bytes_differ(row, old, new, sizeof(usec_t));
	case T_IP:
		return bytes_differ(row, old, new, sizeof(struct ip_addr));
	case T_STRING:
		return !str_eq0(*(const char *const *)row_value(row, old),
				*(const char *const *)row_value(row, new));
	case T_PREFIX:
	case T_SCRIPT:
	case T_WEIGHT:
	case T_USER:
	case T_WORDS:
	case T_NUMBERS:
	case T_LIST:
	case T_BLOCK:
	case T_ENTRIES:
	case T_INLINE:
	case T_HANDLER:
		break;
	}
	return (old_set || new_set) &&
	       !str_eq(row_text(d, row, old, old_set), row_text(d, row, new, new_set));
}

static const char *value_text(struct diff *d, const struct row *row, const void *obj, bool set)
{
	const char *s = row_text(d, row, obj, set);

	return *s == ' ' ? s + 1 : *s ? s : "none";
}

static enum row_reload reload_of(const struct row *row, const struct block *blk)
{
	return row->reload ? (enum row_reload)row->reload : (enum row_reload)blk->reload;
}

static const char *reload_text(enum row_reload r)
{
	switch (r) {
	case RELOAD_BLOCK:
	case RELOAD_LIVE:
		return "applied live";
	case RELOAD_RESTART:
		return "restarts";
	case RELOAD_NEVER:
		return "only when the daemon is started again";
	}
	return "";
}

static const char *change_text(struct diff *d, const struct row *row, const struct block *blk,
			       const void *old, bool old_set, const void *new, bool new_set)
{
	const char *how = reload_text(reload_of(row, blk));

	if (row->type == T_BLOCK || row->type == T_ENTRIES || row->type == T_INLINE ||
	    row->type == T_LIST)
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
		diff_item(d, reload_of(row, blk) == RELOAD_RESTART ? PLAN_RESTART : PLAN_CHANGE,
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
