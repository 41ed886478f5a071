/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the public entry points of the language stage, and the decision to read a second time
 * when braces don't match (block.c says why).
 * Must not know: how a line is read.
 */
#include "conf/tree.h"

#include "conf/lang/lang.h"

/* What is read: a pattern of files, or a text. */
struct input {
	const char *name;
	const char *text; /* NULL: read the file */
	size_t len;
};

static void input_run(struct lang *l, const struct input *in)
{
	struct lang_file f = {.path = in->name, .dir = include_dir(l->arena, in->name)};

	if (!in->text) {
		include_main(l, in->name);
		return;
	}
	l->file = &f;
	source_read(l, in->name, in->text, in->len);
	l->file = NULL;
}

static struct conf_tree *tree_read(struct lang *l, const struct input *in)
{
	struct conf_tree *t = arena_new_of(l->arena, struct conf_tree);

	l->source = &t->source;
	input_run(l, in);
	if (l->def.open && !l->def.discard)
		macro_set_lines(l, &l->def);
	block_finish(l, t);
	return t;
}

static struct lang *lang_new(const struct lang *like)
{
	struct lang *l = arena_new_of(like->arena, struct lang);

	l->arena = like->arena;
	l->host = like->host;
	l->options = like->options;
	l->diags = like->diags;
	return l;
}

static struct conf_tree *tree_of(const struct lang *like, const struct input *in)
{
	struct diags before = *like->diags;
	struct lang *l = lang_new(like), *again;
	struct conf_tree *t = tree_read(l, in);

	if (!l->broken)
		return t;
	*like->diags = before;
	again = lang_new(like);
	again->recover = true;
	again->trust = l->misaligned <= 2 + l->aligned / 4;
	again->surplus = l->surplus;
	return tree_read(again, in);
}

struct conf_tree *conf_tree_read(const char *path, const struct conf_host *host,
				 const struct conf_tree_options *options, struct arena *a,
				 struct diags *diags)
{
	struct lang l = {.host = host, .options = options, .arena = a, .diags = diags};

	return tree_of(&l, &(struct input){.name = path});
}

struct conf_tree *conf_tree_parse(const char *name, const char *text, size_t len,
				  const struct conf_host *host,
				  const struct conf_tree_options *options, struct arena *a,
				  struct diags *diags)
{
	struct lang l = {.host = host, .options = options, .arena = a, .diags = diags};

	return tree_of(&l, &(struct input){.name = name, .text = text, .len = len});
}
