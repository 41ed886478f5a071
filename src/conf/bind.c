/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: walking the tree with the rows of the schema, block by block. A statement that can't be
 * used is reported and left out with everything inside it; nothing here is fatal.
 *
 * Must not know: what any keyword means. The few keywords that need code have it in their row
 * (handlers) or block (finish). Words of a row: value.c.
 *
 * Tables made on first use per run and block: names -> row (open addressing) and a template object
 * with the defaults of the rows, so that 10,000 instances cost one copy each, not twenty numbers.
 */
#include "conf/bind.h"

struct name_slot {
	const char *name;
	uint16_t row; /* bit */
	bool deprecated;
};

struct block_table {
	const struct block *blk;
	struct block_table *next;
	struct name_slot *slots;
	unsigned mask;
	const struct row **row; /* all rows by bit */
	unsigned n, positional; /* rows; positional ones come first by number */
	uint16_t positional_bit[8];
	void *template;
};

struct seen_name {
	const struct row *row;
	const char *name;
	struct seen_name *next;
};

#define BLOCK_BUCKETS 64
#define AT_TOP "at the top level" /* where, in messages */
#define SEEN_START 256

struct bind_tables {
	struct block_table *blocks[BLOCK_BUCKETS];
	struct seen_name **seen; /* names of ROW_UNIQUE blocks */
	unsigned seen_mask, seen_n;
	VEC(const struct row *) noted; /* rows whose "no effect yet" was said */
};

/* ---- tables ---- */

static void slot_put(struct block_table *t, const char *name, unsigned bit, bool deprecated)
{
	unsigned i = str_hash(name) & t->mask;

	while (t->slots[i].name)
		i = (i + 1) & t->mask;
	t->slots[i] = (struct name_slot){name, (uint16_t)bit, deprecated};
}

/* Calls slot_put() for each word of a blank separated list. */
static void slots_put(struct arena *a, struct block_table *t, const char *list, unsigned bit,
		      bool deprecated)
{
	size_t n;

	for (const char *name; (name = list_word(&list, &n));)
		slot_put(t, arena_copy(a, name, n), bit, deprecated);
}

static unsigned count_words(const char *list)
{
	unsigned n = 0;
	size_t len;

	while (list_word(&list, &len))
		n++;
	return n;
}

static void table_template(struct bind *b, struct block_table *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];
		struct conf_word word = {.text = row->dflt};
		struct conf_stmt stmt = {.words = {.v = &word, .n = 1, .cap = 1}};
		struct cursor c = {.stmt = &stmt};

		if (row->dflt)
			row_parse(b, row, t->template, &c);
	}
}

static struct block_table *table_of(struct bind *b, const struct block *blk)
{
	struct block_table **head = &b->tables->blocks[((uintptr_t)blk >> 4) % BLOCK_BUCKETS];
	struct block_table *t;
	unsigned names = 0, size = 8;

	for (t = *head; t; t = t->next)
		if (t->blk == blk)
			return t;
	t = arena_new_of(b->a, struct block_table);
	t->blk = blk;
	t->n = block_rows(blk);
	t->row = arena_alloc(b->a, t->n * sizeof(*t->row));
	for (unsigned i = 0; i < t->n; i++) {
		const struct row *row = t->row[i] = block_row(blk, i);

		names += 1 + count_words(row->aliases) + count_words(row->deprecated);
		if (row->flags & ROW_POSITIONAL && t->positional < ARRAY_SIZE(t->positional_bit))
			t->positional_bit[t->positional++] = (uint16_t)i;
	}
	while (size < names * 2)
		size *= 2;
	t->mask = size - 1;
	t->slots = arena_alloc(b->a, size * sizeof(*t->slots));
	for (unsigned i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];

		if (row->flags & (ROW_POSITIONAL | ROW_BARE))
			continue;
		slot_put(t, row->name, i, false);
		slots_put(b->a, t, row->aliases, i, false);
		slots_put(b->a, t, row->deprecated, i, true);
	}
	t->template = arena_alloc(b->a, blk->size);
	t->next = *head;
	*head = t;
	table_template(b, t);
	return t;
}

static const struct name_slot *table_find(const struct block_table *t, const char *name)
{
	for (unsigned i = str_hash(name) & t->mask; t->slots[i].name; i = (i + 1) & t->mask)
		if (str_eq(t->slots[i].name, name))
			return &t->slots[i];
	return NULL;
}

/* ---- messages ---- */

/* "did you mean `X`?" or NULL. */
static const char *row_hint(struct bind *b, const struct block_table *t, const char *name)
{
	const char **names = arena_alloc(b->a, (t->mask + 1) * sizeof(*names));
	unsigned n = 0;

	for (unsigned i = 0; i <= t->mask; i++)
		if (t->slots[i].name && !t->slots[i].deprecated)
			names[n++] = t->slots[i].name;
	return diag_nearest_hint(b->a, name, names, n);
}

/* Appends the names of the blocks under `blk` that know the keyword; depth bounds the recursion of
 * blocks that hold each other. */
static void blocks_knowing(const struct block *blk, const char *name, const char *keyword,
			   unsigned depth, struct text *out)
{
	for (unsigned i = 0; i < block_rows(blk) && depth < 6; i++) {
		const struct row *row = block_row(blk, i);

		if (row->type != T_DOC && !(row->flags & ROW_POSITIONAL) &&
		    str_eq(row->name, keyword) && (!out->n || !strstr(text_get(out), name)))
			text_printf(out, "%s%s", out->n ? ", " : "", name);
		if (row->sub && row->sub->kind == KEYWORDS && row->sub != blk)
			blocks_knowing(row->sub, row->name, keyword, depth + 1, out);
	}
}

/* For somebody who means a comment; else NULL. */
static const char *comment_hint(const struct conf_word *w)
{
	return str_starts(w->text, "//") ? "comments begin with # or !" : NULL;
}

static void report_unknown(struct bind *b, const struct block_table *t,
			   const struct conf_stmt *stmt, const char *where)
{
	const struct conf_word *w = &stmt->words.v[0];
	const char *hint = row_hint(b, t, w->text);
	struct text home = {.a = b->a};
	struct diag *d;

	blocks_knowing(&schema_top, "the top level", w->text, 0, &home);
	d = diag_add(b->diags, DIAG_ERROR, "unknown-keyword", w->at, "unknown keyword `%s` %s%s%s",
		     w->text, str_eq(where, AT_TOP) ? "" : "in ", where,
		     stmt->has_block ? ", skipped with its block" : "");
	d->hint = comment_hint(w);
	if (d->hint)
		return;
	if (home.n)
		d->hint = arena_printf(b->a, "%s%s`%s` belongs in %s", hint ? hint : "",
				       hint ? " " : "", w->text, text_get(&home));
	else
		d->hint = hint;
}

/* Says once per row that it has no effect. Rows of a block that has none are not named one by one.
 */
static void note_effect(struct bind *b, const struct row *row, const struct block *blk,
			const struct conf_word *w, const char *shown)
{
	enum row_effect effect = row_effect(row, blk);

	if (effect == WORKS || !b->judge || (row->effect == EFFECT_BLOCK && blk->kind != KEYWORDS))
		return;
	if (row->effect == EFFECT_BLOCK && blk->effect && blk != &schema_top)
		return;
	for (unsigned i = 0; i < b->tables->noted.n; i++)
		if (b->tables->noted.v[i] == row)
			return;
	vec_push(b->a, &b->tables->noted, row);
	if (effect == ACCEPTED)
		diag_add(b->diags, row->lacking ? DIAG_WARNING : DIAG_NOTE, "no-effect-yet", w->at,
			 "`%s` is accepted but has no effect yet%s%s", shown,
			 row->lacking ? ": " : "", row->lacking ? row->lacking : "");
	else
		diag_add(b->diags, DIAG_NOTE, "no-op", w->at,
			 "`%s` is accepted for compatibility and has no effect", shown);
}

static void note_deprecated(struct bind *b, const struct row *row, const struct name_slot *slot,
			    const struct conf_word *w)
{
	enum diag_severity severity = row->flags & ROW_QUIET ? DIAG_NOTE : DIAG_WARNING;
	struct diag *d;

	if (slot->deprecated) {
		d = diag_add(b->diags, severity, "deprecated", w->at,
			     "`%s` is a deprecated spelling", w->text);
		d->hint = arena_printf(b->a, "write `%s`", row->name);
	} else if (row->obsolete) {
		d = diag_add(b->diags, severity, "deprecated", w->at, "`%s` is deprecated", w->text);
		d->hint = row->obsolete;
	}
}

/* ---- objects ---- */

static void *object_new(struct bind *b, const struct block *blk, struct conf_span at)
{
	const struct block_table *t = table_of(b, blk);
	struct conf_block *obj = arena_copy(b->a, t->template, blk->size);

	memset(obj->set, 0, sizeof(obj->set));
	obj->at = at;
	return obj;
}

/* The object a sub-block row fills; *ret_new says whether it was made now (and, for a VEC, is not
 * in it yet). */
static void *object_for(struct bind *b, const struct row *row, void *parent, struct conf_span at,
			bool *ret_new)
{
	void *field = row_field(row, parent);
	struct conf_block *obj;

	*ret_new = false;
	if (row->store == STORE_VEC || row->store == STORE_MIXED) {
		*ret_new = true;
		obj = object_new(b, row->sub, at);
		if (row->store == STORE_MIXED)
			((uint8_t *)obj)[row->offset2] = (uint8_t)row->min;
		return obj;
	}
	if (row->store == STORE_POINTER) {
		void **slot = field;

		if (!*slot) {
			*ret_new = true;
			return object_new(b, row->sub, at);
		}
		return *slot;
	}
	obj = field;
	if (!obj->at.line) {
		memcpy(obj, table_of(b, row->sub)->template, row->sub->size);
		memset(obj->set, 0, sizeof(obj->set));
	}
	if (!obj->at.col)
		obj->at = at;
	return obj;
}

static void object_keep(struct bind *b, const struct row *row, void *parent, void *obj, bool is_new)
{
	void *field = row_field(row, parent);

	if (!is_new)
		return;
	if (row->store == STORE_VEC || row->store == STORE_MIXED)
		vec_push(b->a, (void_vec *)field, obj);
	else if (row->store == STORE_POINTER)
		*(void **)field = obj;
}

/* ---- rows ---- */

static void bind_body(struct bind *b, const struct block *blk, void *obj,
		      const struct conf_stmt *stmt, const char *where);
static bool bind_options(struct bind *b, const struct block *blk, void *obj, struct cursor *c,
			 bool nested);

/* The words of positional rows; false after a message. */
static bool bind_positional(struct bind *b, const struct block *blk, void *obj, struct cursor *c)
{
	const struct block_table *t = table_of(b, blk);

	for (unsigned i = 0; i < t->positional; i++) {
		unsigned bit = t->positional_bit[i];
		const struct row *row = t->row[bit];

		if (!cursor_peek(c) && row->flags & ROW_OPTIONAL)
			continue;
		if (!cursor_peek(c)) {
			struct diag *d = diag_add(b->diags, DIAG_ERROR, "missing-word", c->stmt->at,
						  "`%s` needs %s", c->stmt->words.v[0].text,
						  row_expected(row, b->a));
			d->class = DIAG_MISSING_WORD;
			return false;
		}
		if (blk->kind != KEYWORDS && row->flags & ROW_OPTIONAL &&
		    table_find(t, cursor_peek(c)->text))
			return true;
		if (!row_parse(b, row, obj, c))
			return false;
		block_mark(obj, bit);
	}
	return true;
}

static bool bind_inline(struct bind *b, const struct row *row, void *obj, struct cursor *c,
			bool nested)
{
	bool is_new;
	void *sub = object_for(b, row, obj, c->stmt->at, &is_new);

	if (!bind_positional(b, row->sub, sub, c) || !bind_options(b, row->sub, sub, c, nested))
		return false;
	if (row->sub->finish && !row->sub->finish(b, sub, c->stmt))
		return false;
	object_keep(b, row, obj, sub, is_new);
	return true;
}

/* One row of a statement or option, its keyword already taken; false: its words can't be used. */
static bool bind_row(struct bind *b, const struct block *blk, unsigned bit, void *obj,
		     struct cursor *c, bool option)
{
	const struct row *row = table_of(b, blk)->row[bit];
	const struct conf_word *w = &c->stmt->words.v[c->next ? c->next - 1 : 0];
	bool ok;

	if (row->flags & ROW_FIRST_WINS && block_is_set(obj, bit)) {
		diag_add(b->diags, DIAG_ERROR, "given-twice", w->at,
			 "`%s` was given before; this one is ignored", w->text);
		if (!option)
			c->next = c->stmt->words.n;
		else if (row->type != T_FLAG && cursor_peek(c))
			cursor_take(c);
		return true;
	}
	if (row->type == T_INLINE)
		ok = bind_inline(b, row, obj, c, option);
	else
		ok = row_parse(b, row, obj, c);
	if (ok) {
		block_mark(obj, bit);
		return true;
	}
	vec_push(b->a, &b->diags->refused, ((struct diag_refusal){obj, row->name}));
	if (!option)
		c->next = c->stmt->words.n;
	return false;
}

static void report_option(struct bind *b, const struct block_table *t, const struct name_slot *slot,
			  const struct conf_word *w)
{
	const char *refused = slot ? t->row[slot->row]->refused : NULL;
	struct diag *d = diag_add(b->diags, DIAG_ERROR, "unknown-option", w->at,
				  "unknown option `%s`%s", w->text, refused ? ", refused" : "");

	d->hint = comment_hint(w);
	if (!d->hint)
		d->hint = refused ? refused : row_hint(b, t, w->text);
}

/* Options of an entry or an inline list, to the end of the statement (or, nested, to the first word
 * that is none). */
static bool bind_options(struct bind *b, const struct block *blk, void *obj, struct cursor *c,
			 bool nested)
{
	const struct block_table *t = table_of(b, blk);
	bool bad = false;

	for (const struct conf_word *w; (w = cursor_peek(c));) {
		const struct name_slot *slot = table_find(t, w->text);
		unsigned before = c->next;

		if (slot && t->row[slot->row]->type != T_DOC) {
			cursor_take(c);
			note_deprecated(b, t->row[slot->row], slot, w);
			note_effect(b, t->row[slot->row], blk, w, w->text);
			bad |= !bind_row(b, blk, slot->row, obj, c, true);
			continue;
		}
		if (blk->bare && blk->bare(b, obj, c)) {
			if (c->next == before)
				cursor_take(c); /* a handler must not stand still */
			continue;
		}
		if (nested)
			break;
		report_option(b, t, slot, w);
		do
			cursor_take(c);
		while (comment_hint(w) && cursor_peek(c));
	}
	if (!bad || !blk->whole)
		return true;
	if (!nested)
		diag_add(b->diags, DIAG_ERROR, "ignored-line", c->stmt->at,
			 "the line is ignored, since one of its options can't be used");
	return false;
}

/* ---- blocks ---- */

static bool seen_before(struct bind *b, const struct row *row, const char *name)
{
	struct bind_tables *t = b->tables;
	struct seen_name **slot, *s;

	if (t->seen_n >= t->seen_mask) { /* grow: chains stay short for any number of instances */
		unsigned size = t->seen_mask ? (t->seen_mask + 1) * 4 : SEEN_START;
		struct seen_name **old = t->seen;
		unsigned n = t->seen_mask ? t->seen_mask + 1 : 0;

		t->seen = arena_alloc(b->a, size * sizeof(*t->seen));
		t->seen_mask = size - 1;
		for (unsigned i = 0; i < n; i++)
			for (struct seen_name *next; (s = old[i]); old[i] = next) {
				next = s->next;
				slot = &t->seen[str_hash(s->name) & t->seen_mask];
				s->next = *slot;
				*slot = s;
			}
	}
	slot = &t->seen[str_hash(name) & t->seen_mask];
	for (s = *slot; s; s = s->next)
		if (s->row == row && str_eq(s->name, name))
			return true;
	s = arena_new_of(b->a, struct seen_name);
	*s = (struct seen_name){row, name, *slot};
	*slot = s;
	t->seen_n++;
	return false;
}

static bool name_is_taken(struct bind *b, const struct row *row, const struct conf_stmt *stmt)
{
	const struct conf_word *w;

	if (!(row->flags & (ROW_UNIQUE | ROW_UNIQUE_QUIET)) || stmt->words.n < 2)
		return false;
	w = &stmt->words.v[1];
	if (!seen_before(b, row, w->text))
		return false;
	diag_add(b->diags, row->flags & ROW_UNIQUE ? DIAG_ERROR : DIAG_WARNING, "duplicate-name",
		 w->at, "%s `%s` is defined twice; this one is ignored", row->name, w->text);
	return true;
}

/* ROW_REQUIRED rows that are not set; false after a message. */
static bool required_are_set(struct bind *b, const struct block *blk, void *obj,
			     const struct conf_stmt *stmt)
{
	const struct block_table *t = table_of(b, blk);
	bool ok = true;

	for (unsigned i = 0; i < t->n; i++) {
		if (!(t->row[i]->flags & ROW_REQUIRED) || block_is_set(obj, i))
			continue;
		diag_add(b->diags, DIAG_ERROR, "incomplete", stmt->at,
			 "%s%s%s has no `%s`; it is ignored", stmt->words.v[0].text,
			 stmt->words.n > 1 ? " " : "",
			 stmt->words.n > 1 ? stmt->words.v[1].text : "", t->row[i]->name);
		ok = false;
	}
	return ok;
}

/* `here`: whose keywords may have been meant; NULL: the words of a block that is none. */
static void report_extra(struct bind *b, const struct block *here, const struct cursor *c,
			 const char *keyword)
{
	const struct conf_word *w = cursor_peek(c);
	struct diag *d;

	if (!w)
		return;
	d = diag_add(b->diags, DIAG_WARNING, "extra-word", w->at, "`%s` after `%s` is ignored",
		     w->text, keyword);
	d->hint = comment_hint(w);
	if (d->hint)
		return;
	if (!here)
		d->hint = arena_printf(b->a, "it is written in a block: `%s { %s }`", keyword,
				       w->text);
	else if (here->kind == KEYWORDS && table_find(table_of(b, here), w->text))
		d->hint = arena_printf(b->a, "each keyword stands on a line of its own: `%s` too",
				       w->text);
}

static bool has_one_value(const struct row *row)
{
	return (row->type == T_NUMBER || row->type == T_TIME || row->type == T_STRING ||
		row->type == T_ENUM || row->type == T_IP || row->type == T_PREFIX) &&
	       !(row->flags & (ROW_REPEAT | ROW_FIRST_WINS));
}

/* It may be meant (a file of defaults that was included), so it is only told. */
static void report_again(struct bind *b, const struct row *row, const struct conf_word *w)
{
	if (b->judge && has_one_value(row))
		diag_add(b->diags, DIAG_NOTE, "given-again", w->at,
			 "`%s` was given before; this one counts", w->text);
}

/* What stands in a block that is left out: said now, not after its head is mended. Nothing is kept
 * of it. */
static void judge_inside(struct bind *b, const struct row *row, const struct conf_stmt *stmt)
{
	unsigned commands = b->conf->commands.n;

	if (!b->judge)
		return;
	bind_body(b, row->sub, object_new(b, row->sub, stmt->at), stmt, row->name);
	b->conf->commands.n = commands;
}

/* keyword words { ... } into a sub-object. */
static void bind_block(struct bind *b, const struct block *blk, unsigned bit, void *parent,
		       const struct conf_stmt *stmt)
{
	const struct row *row = table_of(b, blk)->row[bit];
	struct cursor c = {.stmt = stmt, .next = 1};
	bool is_new;
	void *obj;

	if (name_is_taken(b, row, stmt))
		return;
	if (row->flags & ROW_FIRST_WINS && block_is_set(parent, bit)) {
		diag_add(b->diags, DIAG_ERROR, "given-twice", stmt->at,
			 "a second `%s` block is ignored", row->name);
		return;
	}
	obj = object_for(b, row, parent, stmt->at, &is_new);
	if (!bind_positional(b, row->sub, obj, &c)) {
		/* keepalived skips these blocks and goes on, where with others it stops */
		if (row->flags & ROW_UNIQUE && stmt->words.n == 1)
			b->diags->list.v[b->diags->list.n - 1].class = DIAG_GENERAL;
		judge_inside(b, row, stmt);
		return;
	}
	if (!(row->flags & ROW_EXTRA))
		report_extra(b, row->sub, &c, row->name);
	if (!stmt->has_block)
		diag_add(b->diags, DIAG_ERROR, "missing-block", stmt->at, "`%s` has no { } block",
			 row->name);
	bind_body(b, row->sub, obj, stmt, row->name);
	if (!required_are_set(b, row->sub, obj, stmt) ||
	    (row->sub->finish && !row->sub->finish(b, obj, stmt)))
		return;
	object_keep(b, row, parent, obj, is_new);
	block_mark(parent, bit);
}

/* One entry of a T_ENTRIES row. */
static void bind_entry(struct bind *b, const struct row *row, void *parent,
		       const struct conf_stmt *entry)
{
	struct cursor c = {.stmt = entry};
	void *obj = object_new(b, row->sub, entry->at);

	if (entry->has_block)
		diag_add(b->diags, DIAG_ERROR, "unexpected-block", entry->open,
			 "no { } block here, skipped");
	if (bind_positional(b, row->sub, obj, &c) && bind_options(b, row->sub, obj, &c, false) &&
	    (!row->sub->finish || row->sub->finish(b, obj, entry)))
		object_keep(b, row, parent, obj, true);
	else
		vec_push(b->a, &b->diags->refused, ((struct diag_refusal){parent, row->name}));
}

/* keyword { entry; entry; ... } */
static void bind_entries(struct bind *b, const struct block *blk, unsigned bit, void *parent,
			 const struct conf_stmt *stmt)
{
	const struct row *row = table_of(b, blk)->row[bit];
	struct cursor head = {.stmt = stmt, .next = 1};

	report_extra(b, stmt->has_block ? blk : NULL, &head, row->name);
	if (!stmt->has_block) /* keepalived takes the lines that follow for its entries, and complains */
		diag_add(b->diags, DIAG_ERROR, "missing-block", stmt->at, "`%s` has no { } block",
			 row->name);
	block_mark(parent, bit);
	for (unsigned i = 0; i < stmt->body.n; i++)
		bind_entry(b, row, parent, stmt->body.v[i]);
}

/* keyword { word word ... } */
static void bind_list(struct bind *b, const struct block *blk, unsigned bit, void *parent,
		      const struct conf_stmt *stmt)
{
	const struct row *row = table_of(b, blk)->row[bit];
	VEC(const char *) *list = row_field(row, parent);
	struct cursor head = {.stmt = stmt, .next = 1};

	if (row->flags & ROW_FIRST_WINS && block_is_set(parent, bit)) {
		diag_add(b->diags, DIAG_ERROR, "given-twice", stmt->at,
			 "a second `%s` block is ignored", row->name);
		return;
	}
	report_extra(b, stmt->has_block ? blk : NULL, &head, row->name);
	for (unsigned i = 0; i < stmt->body.n; i++)
		for (unsigned k = 0; k < stmt->body.v[i]->words.n; k++)
			vec_push(b->a, list, stmt->body.v[i]->words.v[k].text);
	if (!stmt->body.n)
		diag_add(b->diags, DIAG_ERROR, "empty-block", stmt->at, "`%s` lists nothing",
			 row->name);
	else
		block_mark(parent, bit);
}

/* The row without a name of a block whose statements are entries; its bit in *ret_bit. */
static const struct row *entry_row(const struct block_table *t, unsigned *ret_bit)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->row[i]->type == T_ENTRIES && !*t->row[i]->name) {
			*ret_bit = i;
			return t->row[i];
		}
	return NULL;
}

static void bind_statement(struct bind *b, const struct block *blk, void *obj,
			   const struct conf_stmt *stmt, const char *where)
{
	const struct block_table *t = table_of(b, blk);
	const struct conf_word *w = &stmt->words.v[0];
	const struct name_slot *slot = table_find(t, w->text);
	const struct row *row = slot ? t->row[slot->row] : NULL;
	struct cursor c = {.stmt = stmt, .next = 1};
	bool again;

	if (!row || (row->type == T_DOC && !row->refused)) {
		unsigned bit;
		const struct row *entries = entry_row(t, &bit);

		if (entries) {
			block_mark(obj, bit);
			bind_entry(b, entries, obj, stmt);
		} else {
			report_unknown(b, t, stmt, where);
		}
		return;
	}
	if (row->type == T_DOC) {
		diag_add(b->diags, DIAG_ERROR, "unknown-keyword", w->at,
			 "`%s` is not a keyword %s%s", w->text, str_eq(where, AT_TOP) ? "" : "of ",
			 where)
			->hint = row->refused;
		return;
	}
	note_deprecated(b, row, slot, w);
	note_effect(b, row, blk, w, w->text);
	if (row->type == T_BLOCK) {
		bind_block(b, blk, slot->row, obj, stmt);
		return;
	}
	if (row->type == T_ENTRIES) {
		bind_entries(b, blk, slot->row, obj, stmt);
		return;
	}
	if (row->type == T_LIST) {
		bind_list(b, blk, slot->row, obj, stmt);
		return;
	}
	again = block_is_set(obj, slot->row);
	if (bind_row(b, blk, slot->row, obj, &c, false) && again)
		report_again(b, row, w);
	if (!(row->flags & ROW_EXTRA))
		report_extra(b, blk, &c, w->text);
	if (stmt->has_block && row->type != T_HANDLER)
		diag_add(b->diags, DIAG_ERROR, "unexpected-block", stmt->open,
			 "`%s` takes no { } block, skipped", w->text);
}

static void bind_body(struct bind *b, const struct block *blk, void *obj,
		      const struct conf_stmt *stmt, const char *where)
{
	for (unsigned i = 0; i < stmt->body.n; i++)
		bind_statement(b, blk, obj, stmt->body.v[i], where);
}

void bind_begin(struct bind *b)
{
	b->tables = arena_new_of(b->a, struct bind_tables);
	memcpy(b->conf, table_of(b, &schema_top)->template, sizeof(*b->conf));
	b->conf->arena = b->a;
	memcpy(&b->conf->global, table_of(b, &schema_global_defs)->template,
	       sizeof(b->conf->global));
	b->conf->global.block.at.line = 1; /* filled, whether the file has the block or not */
}

void bind_top(struct bind *b, const struct conf_stmt *stmt)
{
	bind_statement(b, &schema_top, b->conf, stmt, AT_TOP);
}
