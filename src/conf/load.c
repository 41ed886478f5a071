/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the order of the stages: text -> tree -> model -> final values -> judgement.
 *
 * The sealed copy is read by sealed.c into a tree that is thrown away: a worker keeps the model and
 * its words, nothing else.
 */
#include "conf/bind.h"
#include "conf/complete.h"
#include "conf/conf.h"
#include "conf/lint.h"
#include "conf/sealed.h"

static struct conf_loaded loaded_new(void)
{
	struct arena *a = arena_new();

	return (struct conf_loaded){
		.arena = a, .conf = arena_new_of(a, struct conf), .diags = {.arena = a}};
}

static void loaded_fill(struct conf_loaded *l, const struct conf_tree *tree,
			const struct conf_host *host, const struct conf_load_options *options)
{
	struct bind b = {
		.a = l->arena,
		.diags = &l->diags,
		.conf = l->conf,
		.host = host,
		.judge = options->judge,
		.literal = options->tree.literal,
	};

	bind_tree(&b, tree);
	conf_complete(l->conf, host, &l->diags, options->judge);
	if (options->judge)
		conf_lint(l->conf, host, &l->diags);
	diags_sort(&l->diags);
}

struct conf_loaded conf_load_file(const char *path, const struct conf_host *host,
				  const struct conf_load_options *options)
{
	struct conf_loaded l = loaded_new();
	struct conf_tree *tree = conf_tree_read(path, host, &options->tree, l.arena, &l.diags);

	l.source = &tree->source;
	loaded_fill(&l, tree, host, options);
	return l;
}

static struct conf_loaded load_sealed(const char *name, const char *text, size_t len,
				      const struct conf_host *host,
				      const struct conf_load_options *options)
{
	struct conf_loaded l = loaded_new();
	struct arena *scratch = arena_new();
	struct conf_tree *tree = sealed_parse(name, text, len, scratch, l.arena, &l.diags);

	l.source = arena_new_of(l.arena, struct conf_source);
	vec_push(l.arena, &l.source->files,
		 ((struct conf_file){.path = arena_strdup(l.arena, name)}));
	loaded_fill(&l, tree, host, options);
	arena_free(scratch);
	return l;
}

struct conf_loaded conf_load_text(const char *name, const char *text, size_t len,
				  const struct conf_host *host,
				  const struct conf_load_options *options)
{
	struct conf_loaded l;
	struct conf_tree *tree;

	if (options->tree.literal)
		return load_sealed(name, text, len, host, options);
	l = loaded_new();
	tree = conf_tree_parse(name, text, len, host, &options->tree, l.arena, &l.diags);
	l.source = &tree->source;
	loaded_fill(&l, tree, host, options);
	return l;
}
