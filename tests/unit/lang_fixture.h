/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the configuration language: a machine whose files are in memory, and two short
 * texts for a result. A tree: "a,b{c;d,e;}f;" (words, blocks, statements). Messages: their codes
 * with the place, "undefined-macro@3:7", notes in parentheses.
 */
#ifndef HF_TEST_LANG_FIXTURE_H
#define HF_TEST_LANG_FIXTURE_H

#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "conf/tree.h"

struct fake_file {
	const char *path, *text;
	enum conf_path_kind kind; /* 0 (PATH_MISSING): a regular file */
	bool unreadable;
};

struct fake {
	const struct fake_file *files;
	unsigned n;
	uint32_t seed;
	unsigned reseeds;
};

static inline const struct fake_file *fake_find(void *ctx, const char *path)
{
	struct fake *f = ctx;

	for (unsigned i = 0; i < f->n; i++) {
		if (str_eq(f->files[i].path, path))
			return &f->files[i];
	}
	return NULL;
}

static inline int fake_read(void *ctx, const char *path, struct arena *a, char **ret,
			    size_t *ret_len)
{
	const struct fake_file *f = fake_find(ctx, path);

	if (!f)
		return -ENOENT;
	*ret = arena_strdup(a, f->text);
	*ret_len = strlen(f->text);
	return 0;
}

static inline enum conf_path_kind fake_kind(void *ctx, const char *path, bool *ret_readable)
{
	const struct fake_file *f = fake_find(ctx, path);

	*ret_readable = f && !f->unreadable;
	if (!f)
		return PATH_MISSING;
	return f->kind ? f->kind : PATH_FILE;
}

static inline int fake_glob(void *ctx, const char *pattern, struct arena *a, char ***ret,
			    unsigned *ret_n)
{
	struct fake *f = ctx;

	*ret = arena_alloc(a, f->n * sizeof(**ret));
	*ret_n = 0;
	for (unsigned i = 0; i < f->n; i++) {
		if (fnmatch(pattern, f->files[i].path, FNM_PATHNAME) == 0)
			(*ret)[(*ret_n)++] = arena_strdup(a, f->files[i].path);
	}
	return 0;
}

static inline const char *fake_getenv(void *ctx, const char *name)
{
	return str_eq(name, "HOME") ? "/root" : NULL;
}

static inline uint32_t fake_random(void *ctx, bool reseed, uint32_t seed)
{
	struct fake *f = ctx;

	if (reseed) {
		f->seed = seed;
		f->reseeds++;
		return 0;
	}
	return f->seed = f->seed * 1103515245u + 12345u;
}

struct reading {
	struct arena *arena;
	struct fake fake;
	struct diags diags;
	struct conf_tree *tree;
	char tree_text[16384], diag_text[16384];
};

static inline void reading_print_statement(const struct conf_stmt *s, struct buf *b)
{
	for (unsigned i = 0; i < s->words.n; i++)
		buf_printf(b, "%s%s", i ? "," : "", s->words.v[i].text);
	if (!s->has_block) {
		buf_printf(b, ";");
		return;
	}
	buf_printf(b, "{");
	for (unsigned i = 0; i < s->body.n; i++)
		reading_print_statement(s->body.v[i], b);
	buf_printf(b, "}");
}

static inline void reading_print(struct reading *r)
{
	struct buf tree = BUF_ON(r->tree_text), diags = BUF_ON(r->diag_text);

	for (unsigned i = 0; i < r->tree->top.n; i++)
		reading_print_statement(r->tree->top.v[i], &tree);
	buf_text(&tree);
	diags_sort(&r->diags);
	for (unsigned i = 0; i < r->diags.list.n; i++) {
		const struct diag *d = &r->diags.list.v[i];
		bool note = d->severity == DIAG_NOTE ||
			    (d->class == DIAG_INCLUDE && d->severity == DIAG_WARNING);

		buf_printf(&diags, "%s%s%s@", i ? " " : "", note ? "(" : "", d->code);
		if (d->at.file)
			buf_printf(&diags, "%u:", d->at.file);
		buf_printf(&diags, "%u:%u%s", d->at.line, d->at.col, note ? ")" : "");
	}
	buf_text(&diags);
}

static inline struct conf_host reading_host(struct reading *r)
{
	return (struct conf_host){
		.ctx = &r->fake,
		.config_id = "web1",
		.read_file = fake_read,
		.path_kind = fake_kind,
		.glob = fake_glob,
		.getenv = fake_getenv,
		.random = fake_random,
	};
}

static inline struct reading *reading_new(const struct fake_file *files, unsigned n)
{
	struct reading *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->arena = arena_new();
	r->diags.arena = r->arena;
	r->fake = (struct fake){.files = files, .n = n, .seed = 1};
	return r;
}

static inline struct reading *reading_free(struct reading *r)
{
	arena_free(r->arena);
	free(r);
	return NULL;
}

/* Reads text of `len` bytes as /etc/k/main.conf next to `files`. */
static inline struct reading *reading_of_bytes(const char *text, size_t len,
					       const struct fake_file *files, unsigned n)
{
	struct reading *r = reading_new(files, n);
	struct conf_host host = reading_host(r);
	struct conf_tree_options options = {0};
	/* an exact copy on the heap, so that a byte read behind the end is found by ASan */
	char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	r->tree = conf_tree_parse("/etc/k/main.conf", arena_copy(r->arena, copy, len), len, &host,
				  &options, r->arena, &r->diags);
	free(copy);
	reading_print(r);
	return r;
}

static inline struct reading *reading_of(const char *text)
{
	return reading_of_bytes(text, strlen(text), NULL, 0);
}

/* The text gives this tree and these messages. */
#define expect_reading(text, tree, diags)                                                          \
	do {                                                                                       \
		struct reading *r_ = reading_of(text);                                             \
		assert_string_equal(r_->tree_text, tree);                                          \
		assert_string_equal(r_->diag_text, diags);                                         \
		reading_free(r_);                                                                  \
	} while (0)

#define expect_tree(text, tree) expect_reading(text, tree, "")

#endif
