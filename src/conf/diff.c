/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the plan of a reload: what changes from one configuration to the next, object by object,
 * and its text. Instances and addresses: diff_instance.c; the rows of an object: diff_rows.c.
 */
#include "conf/diff.h"

#include <stdlib.h>

void diff_item(struct diff *d, enum plan_op op, const char *object, const char *detail)
{
	vec_push(d->a, &d->plan->items, ((struct plan_item){op, object, detail}));
}

/* ---- objects with a name ---- */

struct named {
	const char *name;
	const void *obj;
	unsigned order; /* in its file */
};

static int named_order(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	int r = strcmp(a->name, b->name);

	return r ? r : a->order < b->order ? -1 : a->order > b->order;
}

/* The words before the brace: "VI_1", "10.0.0.1 80". */
static const char *object_name(struct arena *a, const struct block *blk, const void *obj)
{
	struct text t = {.a = a};

	for (unsigned i = 0; i < block_rows(blk); i++)
		if (block_row(blk, i)->flags & ROW_POSITIONAL && block_is_set(obj, i))
			row_print(&t, block_row(blk, i), obj);
	return text_get(&t);
}

static struct named *named_list(struct diff *d, const struct block *blk, const void_vec *list)
{
	struct named *v = arena_alloc(d->a, list->n * sizeof(*v));

	for (unsigned i = 0; i < list->n; i++)
		v[i] = (struct named){object_name(d->a, blk, list->v[i]), list->v[i], i};
	if (list->n)
		qsort(v, list->n, sizeof(*v), named_order);
	return v;
}

static bool is_positional(const struct row *row)
{
	return row->flags & ROW_POSITIONAL;
}

/* Objects of one T_BLOCK row of the top level, by name. */
static void diff_named(struct diff *d, const struct row *row)
{
	const void_vec *from = row_value(row, d->from);
	const void_vec *to = row_value(row, d->to);
	struct named *old = named_list(d, row->sub, from), *new = named_list(d, row->sub, to);
	unsigned i = 0, k = 0;

	while (i < from->n || k < to->n) {
		int r = i == from->n ? 1 : k == to->n ? -1 : strcmp(old[i].name, new[k].name);
		const char *name =
			arena_printf(d->a, "%s%s", row->name, r > 0 ? new[k].name : old[i].name);

		if (r < 0) {
			diff_item(d, PLAN_REMOVE, name, NULL);
			i++;
		} else if (r > 0) {
			diff_item(d, PLAN_ADD, name, NULL);
			k++;
		} else {
			d->plan->unchanged += !diff_rows(d, row->sub, old[i].obj, new[k].obj, name,
							 is_positional);
			i++, k++;
		}
	}
}

static bool is_top_value(const struct row *row)
{
	return row->type == T_BLOCK;
}

struct plan *conf_diff(const struct conf *from, const struct conf *to, struct arena *a)
{
	struct diff d = {.from = from, .to = to, .a = a, .plan = arena_new_of(a, struct plan)};
	struct instance_match m = diff_match(&d);

	diff_rows(&d, &schema_global_defs, &from->global, &to->global, "global_defs", NULL);
	diff_rows(&d, &schema_top, from, to, "top level", is_top_value);
	diff_instances(&d, &m);
	diff_groups(&d, &m);
	diff_addresses(&d, &m);
	for (unsigned i = 0; i < to->instances.n; i++)
		d.plan->unchanged += !m.changed[i];
	for (unsigned i = 0; i < block_rows(&schema_top); i++) {
		const struct row *row = block_row(&schema_top, i);

		if (row->type == T_BLOCK && row->store == STORE_VEC &&
		    row->sub != &schema_vrrp_instance && row->sub != &schema_virtual_server)
			diff_named(&d, row);
	}
	diff_services(&d);
	return d.plan;
}

/* ---- text ---- */

static char op_mark(enum plan_op op)
{
	switch (op) {
	case PLAN_ADD:
		return '+';
	case PLAN_REMOVE:
		return '-';
	case PLAN_CHANGE:
		return '~';
	case PLAN_RESTART:
		return '!';
	case PLAN_MOVE:
		return '>';
	}
	return '?';
}

char *conf_plan_text(const struct plan *plan, struct arena *a)
{
	struct text t = {.a = a};

	for (unsigned i = 0; i < plan->items.n; i++) {
		const struct plan_item *it = &plan->items.v[i];

		text_printf(&t, "%c %s%s%s\n", op_mark(it->op), it->object, it->detail ? ": " : "",
			    it->detail ? it->detail : "");
	}
	if (plan->items.n)
		text_printf(&t, "%u change%s, ", plan->items.n, plan->items.n == 1 ? "" : "s");
	else
		text_add(&t, "nothing changes, ");
	if (plan->unchanged)
		text_printf(&t, "%u block%s unchanged, ", plan->unchanged, plan->unchanged == 1 ? "" : "s");
	if (plan->vips_interrupted)
		text_printf(&t, "%u address%s leave%s the kernel for a while",
			    plan->vips_interrupted, plan->vips_interrupted == 1 ? "" : "es",
			    plan->vips_interrupted == 1 ? "s" : "");
	else
		text_add(&t, "no address that stays leaves the kernel");
	if (plan->servers_kept)
		text_printf(&t, ", %u real server%s state and connections", plan->servers_kept,
			    plan->servers_kept == 1 ? " keeps its" : "s keep their");
	text_char(&t, '\n');
	text_get(&t);
	return t.p;
}
