/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the order of the stages: text -> tree -> model -> final values -> judgement.
 *
 * The sealed copy is read by sealed.c a statement at a time, each in the memory of the one before:
 * a worker keeps the model and its words, and never had more.
 */
#include "conf/bind.h"
#include "conf/complete.h"
#include "conf/conf.h"
#include "conf/lint.h"
#include "conf/lint_text.h"
#include "conf/sealed.h"
#include "conf/slips.h"

static struct conf_loaded loaded_new(void)
{
	struct arena *a = arena_new();

	return (struct conf_loaded){
		.arena = a, .conf = arena_new_of(a, struct conf), .diags = {.arena = a}};
}

static struct bind bind_of(struct conf_loaded *l, const struct conf_host *host,
			   const struct conf_load_options *options)
{
	struct bind b = {
		.a = l->arena,
		.diags = &l->diags,
		.conf = l->conf,
		.host = host,
		.judge = options->judge,
		.literal = options->tree.literal,
	};

	bind_begin(&b);
	return b;
}

static void loaded_finish(struct conf_loaded *l, const struct bind *b)
{
	conf_complete(l->conf, b->host, &l->diags, b->judge);
	if (b->judge && !b->literal) { /* the sealed copy has been judged */
		conf_lint(l->conf, b->host, l->source->files.n ? l->source->files.v[0].path : "",
			  &l->diags);
		slips_hint(&l->diags, l->source);
		conf_lint_text(l->source, &l->diags);
	}
	diags_sort(&l->diags);
}

static void loaded_fill(struct conf_loaded *l, const struct conf_tree *tree,
			const struct conf_host *host, const struct conf_load_options *options)
{
	struct bind b = bind_of(l, host, options);

	for (unsigned i = 0; i < tree->top.n; i++)
		bind_top(&b, tree->top.v[i]);
	loaded_finish(l, &b);
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

/* They come last in the canonical text, so that without them the others' scripts keep their ids. */
static const char *const services[] = {"virtual_server", "virtual_server_group", "SSL", NULL};

static struct conf_loaded load_sealed(const char *name, const char *text, size_t len,
				      const struct conf_host *host,
				      const struct conf_load_options *options)
{
	struct conf_loaded l = loaded_new();
	struct bind b = bind_of(&l, host, options);
	struct sealed *sealed = sealed_new(text, len, options->skip_services ? services : NULL,
					   l.arena, &l.diags);
	struct arena *scratch = arena_new();
	struct conf_stmt *stmt;

	l.source = arena_new_of(l.arena, struct conf_source);
	vec_push(l.arena, &l.source->files,
		 ((struct conf_file){.path = arena_strdup(l.arena, name)}));
	for (; (stmt = sealed_next(sealed, scratch)); arena_reset(scratch))
		bind_top(&b, stmt);
	loaded_finish(&l, &b);
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
