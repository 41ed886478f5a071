/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the configuration stages offline, for golden files and benchmarks: no user, script or
 * interface of the machine is looked at, so that the output is the same everywhere.
 *
 *   conf_dump check FILE...     messages, and "N notes, ..." per file
 *   conf_dump print FILE        canonical text
 *   conf_dump plan OLD NEW      the plan of a reload
 *   conf_dump seal FILE         prints, reads back as sealed copy, prints again: both must be equal
 *   conf_dump time FILE         how long loading takes
 *   conf_dump list -            explain --list
 *   conf_dump ours -            explain --ours
 *   conf_dump unused FILE...    rows that none of the files sets
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "conf/conf.h"
#include "conf/explain.h"

static int read_file(void *ctx, const char *path, struct arena *a, char **ret, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char chunk[65536];
	size_t n, len = 0;
	char *text = NULL;

	if (!f)
		return -errno;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		text = realloc(text, len + n);
		memcpy(text + len, chunk, n);
		len += n;
	}
	fclose(f);
	*ret = arena_copy(a, text ? text : "", len);
	*ret_len = len;
	free(text);
	return 0;
}

static enum conf_path_kind path_kind(void *ctx, const char *path, bool *ret_readable)
{
	struct stat st;

	*ret_readable = true;
	if (stat(path, &st) < 0)
		return PATH_MISSING;
	return S_ISDIR(st.st_mode) ? PATH_DIRECTORY : PATH_FILE;
}

static int glob_paths(void *ctx, const char *pattern, struct arena *a, char ***ret, unsigned *ret_n)
{
	glob_t g;

	*ret_n = 0;
	if (glob(pattern, 0, NULL, &g))
		return 0;
	*ret = arena_alloc(a, g.gl_pathc * sizeof(**ret));
	for (size_t i = 0; i < g.gl_pathc; i++)
		(*ret)[(*ret_n)++] = arena_strdup(a, g.gl_pathv[i]);
	globfree(&g);
	return 0;
}

static const struct conf_host host = {
	.config_id = "golden",
	.read_file = read_file,
	.path_kind = path_kind,
	.glob = glob_paths,
};

static struct conf_loaded load(const char *path, bool judge)
{
	const struct conf_load_options o = {.judge = judge, .tree = {.missing_main_is_error = true}};

	return conf_load_file(path, &host, &o);
}

static int check(const char *path)
{
	struct conf_loaded l = load(path, true);
	int status = l.diags.count[DIAG_ERROR] || l.diags.count[DIAG_FATAL] ? 2 :
		     l.diags.count[DIAG_WARNING]			      ? 1 :
										0;

	for (unsigned i = 0; i < l.diags.list.n; i++) {
		char text[8192];
		struct buf b = BUF_ON(text);

		diag_render(&l.diags.list.v[i], l.source, &b);
		fputs(buf_text(&b), stdout);
	}
	printf("%u notes, %u warnings, %u errors, %u fatal\n", l.diags.count[DIAG_NOTE],
	       l.diags.count[DIAG_WARNING], l.diags.count[DIAG_ERROR], l.diags.count[DIAG_FATAL]);
	arena_free(l.arena);
	return status;
}

static int print(const char *path)
{
	struct conf_loaded l = load(path, false);
	size_t len;
	char *text = conf_print(l.conf, l.arena, &len);

	fwrite(text, 1, len, stdout);
	arena_free(l.arena);
	return 0;
}

/* Both readers must understand the printed text alike: the sealed copy's and the ordinary one. */
static int seal(const char *path)
{
	struct conf_load_options o = {.tree = {.literal = true}};
	struct conf_loaded first = load(path, false), second, third;
	size_t n1, n2, n3;
	char *t1 = conf_print(first.conf, first.arena, &n1), *t2, *t3;
	int bad = 0;

	second = conf_load_text(path, t1, n1, &host, &o);
	t2 = conf_print(second.conf, second.arena, &n2);
	o.tree.literal = false;
	third = conf_load_text(path, t1, n1, &host, &o);
	t3 = conf_print(third.conf, third.arena, &n3);
	if (n1 != n2 || memcmp(t1, t2, n1)) {
		printf("%s: the sealed copy reads back as another configuration\n--- written\n%s--- read\n%s",
		       path, t1, t2);
		bad = 1;
	}
	if (!memchr(t1, '`', n1) && (n1 != n3 || memcmp(t1, t3, n1))) {
		printf("%s: the printed text reads back as another configuration\n--- written\n%s--- read\n%s",
		       path, t1, t3);
		bad = 1;
	}
	if (first.diags.count[DIAG_FATAL] != second.diags.count[DIAG_FATAL]) {
		printf("%s: %u fatal messages before, %u in the sealed copy\n", path,
		       first.diags.count[DIAG_FATAL], second.diags.count[DIAG_FATAL]);
		bad = 1;
	}
	arena_free(first.arena);
	arena_free(second.arena);
	arena_free(third.arena);
	return bad;
}

static int plan(const char *from, const char *to)
{
	struct conf_loaded a = load(from, false), b = load(to, false);

	fputs(conf_plan_text(conf_diff(a.conf, b.conf, b.arena), b.arena), stdout);
	arena_free(a.arena);
	arena_free(b.arena);
	return 0;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int timing(const char *path)
{
	const struct conf_load_options sealed = {.tree = {.literal = true}};
	double t0 = now_ms(), t1, t2, t3;
	struct conf_loaded l = load(path, false), again;
	size_t len;
	char *text;

	t1 = now_ms();
	text = conf_print(l.conf, l.arena, &len);
	t2 = now_ms();
	again = conf_load_text("sealed", text, len, &host, &sealed);
	t3 = now_ms();
	printf("load %.1f ms, print %.1f ms, load sealed %.1f ms; %u instances, %zu bytes, arena %zu, "
	       "sealed %zu\n",
	       t1 - t0, t2 - t1, t3 - t2, l.conf->instances.n, len, arena_used(l.arena),
	       arena_used(again.arena));
	arena_free(l.arena);
	arena_free(again.arena);
	return 0;
}

static int list(bool ours)
{
	struct text t = {.a = arena_new()};

	explain_print_list(&t, ours);
	fputs(text_get(&t), stdout);
	arena_free(t.a);
	return 0;
}

/* ---- which rows some file uses ---- */

struct used {
	const struct block *blk;
	uint64_t set[CONF_SET_WORDS];
};

static struct used used[128];
static unsigned n_used;

static struct used *used_of(const struct block *blk)
{
	for (unsigned i = 0; i < n_used; i++)
		if (used[i].blk == blk)
			return &used[i];
	if (n_used == ARRAY_SIZE(used))
		abort();
	used[n_used].blk = blk;
	return &used[n_used++];
}

static void use_object(const struct block *blk, const void *obj)
{
	const struct conf_block *b = obj;
	struct used *u = used_of(blk);

	for (unsigned i = 0; i < CONF_SET_WORDS; i++)
		u->set[i] |= b->set[i];
	for (unsigned i = 0; i < block_rows(blk); i++) {
		const struct row *row = block_row(blk, i);
		const void *sub;

		if (!row->sub || !block_is_set(obj, i))
			continue;
		for (unsigned k = 0; (sub = row_next(row, obj, &k));)
			use_object(row->sub, sub);
	}
}

/* Rows of all blocks that can be reached, whether an object of the block was met or not. */
static int report_unused(const struct block *blk, const char *name, unsigned depth)
{
	const struct used *u = used_of(blk);
	int bad = 0;

	for (unsigned i = 0; i < block_rows(blk); i++) {
		const struct row *row = block_row(blk, i);

		if (row->type != T_DOC && !(u->set[i / 64] >> (i % 64) & 1)) {
			printf("%s.%s\n", name, row->name);
			bad = 1;
		}
		if (row->sub && row->sub != blk && depth < 5)
			bad |= report_unused(row->sub, row->name, depth + 1);
	}
	return bad;
}

static int unused(int n, char **paths)
{
	for (int i = 0; i < n; i++) {
		struct conf_loaded l = load(paths[i], false);

		use_object(&schema_top, l.conf);
		arena_free(l.arena);
	}
	return report_unused(&schema_top, "top", 0);
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: %s check|print|plan|seal|time|list|ours|unused FILE...\n", argv[0]);
		return 64;
	}
	if (str_eq(argv[1], "plan") && argc == 4)
		return plan(argv[2], argv[3]);
	if (str_eq(argv[1], "list") || str_eq(argv[1], "ours"))
		return list(str_eq(argv[1], "ours"));
	if (str_eq(argv[1], "unused"))
		return unused(argc - 2, argv + 2);
	for (int i = 2; i < argc; i++) {
		int r = str_eq(argv[1], "check") ? check(argv[i]) :
			str_eq(argv[1], "print") ? print(argv[i]) :
			str_eq(argv[1], "seal")  ? seal(argv[i]) :
			str_eq(argv[1], "time")  ? timing(argv[i]) :
						   64;

		if (r > status)
			status = r;
	}
	return status;
}
