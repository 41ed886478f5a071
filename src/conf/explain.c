/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the schema in words. One keyword can stand in several contexts, and the reference lists
 * some under two names (static_ipaddress.dev and address_option.dev): each such pair is an entry.
 *
 * Must not know any keyword.
 */
#include "conf/explain.h"

struct walk {
	struct arena *a;
	explain_list list;
	VEC(const struct block *) done;
	struct {
		const char *name; /* hashed "context\tkeyword" */
		bool used;
	} seen[4096];
};

static bool seen_before(struct walk *w, const char *context, const char *keyword)
{
	const char *key = arena_printf(w->a, "%s\t%s", context, keyword);
	uint32_t h = 2166136261u;
	unsigned i;

	for (const char *s = key; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	for (i = h % ARRAY_SIZE(w->seen); w->seen[i].used; i = (i + 1) % ARRAY_SIZE(w->seen))
		if (str_eq(w->seen[i].name, key))
			return true;
	if (w->list.n < ARRAY_SIZE(w->seen) / 2) {
		w->seen[i].name = key;
		w->seen[i].used = true;
	}
	return false;
}

static void entry_add(struct walk *w, const struct block *blk, const struct row *row,
		      const struct choice *choice, const char *context, const char *keyword)
{
	if (seen_before(w, context, keyword))
		return;
	vec_push(w->a, &w->list,
		 ((struct explain_entry){context, keyword, blk, row, choice,
					 row_effect(row, blk), row->ours || blk->ours}));
}

/* Lines "context\tkeyword"; a choice's name is appended to each. */
static void entries_listed(struct walk *w, const struct block *blk, const struct row *row,
			   const struct choice *choice, const char *lines)
{
	for (const char *s = lines; *s;) {
		size_t n = strcspn(s, "\t"), m = strcspn(s + n + 1, "\n");

		entry_add(w, blk, row, choice, arena_copy(w->a, s, n),
			  arena_printf(w->a, "%.*s%s", (int)m, s + n + 1,
				       choice ? choice->name : ""));
		s += n + 1 + m;
		s += *s == '\n';
	}
}

static void entries_by_context(struct walk *w, const struct block *blk, const struct row *row)
{
	const char *contexts = blk->contexts;
	size_t n;

	for (const char *context; (context = list_word(&contexts, &n));)
		entry_add(w, blk, row, NULL, arena_copy(w->a, context, n), row->name);
}

static void walk_block(struct walk *w, const struct block *blk)
{
	for (unsigned i = 0; i < w->done.n; i++)
		if (w->done.v[i] == blk)
			return;
	vec_push(w->a, &w->done, blk);
	if (blk->base)
		walk_block(w, blk->base);
	for (unsigned i = 0; i < blk->n; i++) {
		const struct row *row = &blk->rows[i];

		if (row->listed)
			entries_listed(w, blk, row, NULL, row->listed);
		else
			entries_by_context(w, blk, row);
		for (const struct choice *ch = row->choices; row->list_choices && ch->name; ch++)
			if (*ch->name)
				entries_listed(w, blk, row, ch, row->list_choices);
		if (row->sub)
			walk_block(w, row->sub);
	}
}

explain_list explain_entries(struct arena *a)
{
	struct walk *w = arena_new_of(a, struct walk);

	w->a = a;
	walk_block(w, &schema_top);
	for (unsigned i = 0; schema_listed_only[i]; i++)
		walk_block(w, schema_listed_only[i]);
	return w->list;
}

static const char *const effect_names[] = {
	[WORKS] = "works",
	[ACCEPTED] = "accepted",
	[NOOP] = "no-op",
};

void explain_print_list(struct text *out, bool ours)
{
	explain_list list = explain_entries(out->a);

	for (unsigned i = 0; i < list.n; i++)
		if (list.v[i].ours == ours)
			text_printf(out, "%s\t%s\t%s\n", list.v[i].context, list.v[i].keyword,
				    effect_names[list.v[i].effect]);
}

void explain_print_coverage(struct text *out)
{
	explain_list list = explain_entries(out->a);
	unsigned n[NOOP + 1] = {0}, ours = 0;
	const char *context = NULL;

	for (unsigned i = 0; i < list.n; i++)
		if (list.v[i].ours)
			ours++;
		else
			n[list.v[i].effect]++;
	text_printf(out,
		    "%u keywords: %u work, %u accepted without an effect yet, %u have no effect by "
		    "design; and %u that keepalived does not have (explain --ours)\n",
		    list.n - ours, n[WORKS], n[ACCEPTED], n[NOOP], ours);
	for (unsigned i = 0; i < list.n; i++) {
		const struct explain_entry *e = &list.v[i];

		if (e->effect == WORKS)
			continue;
		if (!context || !str_eq(context, e->context))
			text_printf(out, "\n%s\n", e->context);
		context = e->context;
		text_printf(out, "\t%s%s\n", e->keyword, e->effect == NOOP ? " (no-op)" : "");
	}
}

/* ---- one keyword ---- */

static const char *const owner_names[] = {
	[OWNER_BLOCK] = "",	[OWNER_SUPERVISOR] = "supervisor",
	[OWNER_VRRP] = "vrrp",	[OWNER_CHECK] = "check",
	[OWNER_LVS] = "lvs",	[OWNER_BFD] = "bfd",
	[OWNER_RUNNER] = "runner", [OWNER_API] = "api",
};

static const char *const effect_texts[] = {
	[WORKS] = "works",
	[ACCEPTED] = "accepted, no effect yet",
	[NOOP] = "accepted for compatibility, no effect",
};

static const char *const reload_texts[] = {
	[RELOAD_BLOCK] = "applied live",
	[RELOAD_LIVE] = "applied live",
	[RELOAD_RESTART] = "what it belongs to starts anew",
	[RELOAD_NEVER] = "only when the daemon is started again",
};

static const char *usage_of(const struct row *row, struct arena *a)
{
	const char *words = row_kind(row)->usage;

	if (row->flags & (ROW_POSITIONAL | ROW_BARE))
		return row->args ? row->args : row->name;
	if (row->args)
		words = row->args;
	else if (row->unit && (row->type == T_NUMBER || row->type == T_TIME))
		words = arena_printf(a, "<%s>", row->unit);
	else if (!words)
		words = "WORD";
	return arena_printf(a, "%s%s%s", row->name, *words ? " " : "", words);
}

static void line(struct text *out, const char *label, const char *value)
{
	if (value && *value)
		text_printf(out, "  %-10s %s\n", label, value);
}

/* Its names: the same row under other contexts is the same entry. */
static void explain_heading(struct text *out, const explain_list *list,
			    const struct explain_entry *e)
{
	text_printf(out, "%s.%s", e->context, e->keyword);
	for (const struct explain_entry *o = e + 1; o < list->v + list->n; o++)
		if (o->row == e->row && o->choice == e->choice)
			text_printf(out, ", %s.%s", o->context, o->keyword);
	text_char(out, '\n');
}

static bool is_repeat(const explain_list *list, const struct explain_entry *e)
{
	for (const struct explain_entry *o = list->v; o < e; o++)
		if (o->row == e->row && o->choice == e->choice)
			return true;
	return false;
}

static void explain_entry(struct text *out, const explain_list *list, const struct explain_entry *e)
{
	const struct row *row = e->row;
	const char *dflt = row->dflt_text ? row->dflt_text : row->dflt;

	if (out->n)
		text_char(out, '\n');
	explain_heading(out, list, e);
	if (e->choice) {
		text_printf(out, "  %s\n", e->choice->help ? e->choice->help : row->help);
		line(out, "value of", usage_of(row, out->a));
		line(out, "effect", effect_texts[e->effect]);
		return;
	}
	text_printf(out, "  %s\n", row->help);
	line(out, "usage", usage_of(row, out->a));
	if (row_kind(row)->has_values || (row->type == T_STRING && row->max))
		line(out, "values", row_expected(row, out->a));
	line(out, "unit", row->type == T_TIME && !row->unit ? "seconds" : row->unit);
	line(out, "origin", e->ours ? "holdfast's own, unknown to keepalived" : NULL);
	line(out, "default", dflt);
	line(out, "also", row->aliases);
	line(out, "deprecated", row->deprecated ? row->deprecated : row->obsolete);
	line(out, "refused", row->refused);
	line(out, "effect", effect_texts[e->effect]);
	line(out, "without it", row->lacking);
	line(out, "reload", reload_texts[row_reload(row, e->blk)]);
	line(out, "process", owner_names[row_owner(row, e->blk)]);
}

static void explain_context(struct text *out, const explain_list *list, const char *context)
{
	bool head = false;

	for (unsigned i = 0; i < list->n; i++) {
		const struct explain_entry *e = &list->v[i];

		if (!str_eq(e->context, context))
			continue;
		if (!head)
			text_printf(out, "%s%s%s\n", context, e->blk->help ? ": " : "",
				    e->blk->help ? e->blk->help : "");
		head = true;
		text_printf(out, "  %-28s %s\n", e->keyword,
			    e->choice && e->choice->help ? e->choice->help : e->row->help);
	}
}

static void explain_hint(struct text *out, const explain_list *list, const char *what)
{
	const char **names = arena_alloc(out->a, list->n * sizeof(*names));
	const char *hint;

	for (unsigned i = 0; i < list->n; i++)
		names[i] = list->v[i].keyword;
	hint = diag_nearest_hint(out->a, what, names, list->n);
	if (hint)
		text_printf(out, "%s\n", hint);
}

static bool is_named(const struct explain_entry *e, const char *what, struct arena *a)
{
	return str_eq(e->keyword, what) ||
	       str_eq(arena_printf(a, "%s.%s", e->context, e->keyword), what);
}

static bool is_alias(const struct explain_entry *e, const char *what)
{
	const char *lists[] = {e->row->aliases, e->row->deprecated};
	size_t n = strlen(what), len;

	for (unsigned i = 0; i < ARRAY_SIZE(lists) && !e->choice; i++)
		for (const char *name; (name = list_word(&lists[i], &len));)
			if (len == n && !memcmp(name, what, n))
				return true;
	return false;
}

bool explain_text(const char *what, struct text *out)
{
	explain_list list = explain_entries(out->a);
	bool qualified = strchr(what, '.') != NULL, found = false;

	explain_context(out, &list, what);
	for (unsigned i = 0; i < list.n; i++)
		if (is_named(&list.v[i], what, out->a) &&
		    (qualified || !is_repeat(&list, &list.v[i]))) {
			explain_entry(out, &list, &list.v[i]);
			found = true;
		}
	for (unsigned i = 0; i < list.n && !found; i++)
		if (is_alias(&list.v[i], what) && !is_repeat(&list, &list.v[i]))
			explain_entry(out, &list, &list.v[i]);
	if (out->n)
		return true;
	explain_hint(out, &list, what);
	return false;
}
