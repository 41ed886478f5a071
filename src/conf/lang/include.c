/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the include family, its checks and their scope, csh braces in patterns, and the files
 * named with -f. Reference: config-language, sections 9 and 13.
 * Must not know: the file system (the host is asked), what the files say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/lang/lang.h"

#define GLOB_CHARACTERS "*?["
#define PATTERN_MAX 4096

size_t include_is(const char *text, size_t len, unsigned *ret_checks)
{
	static const struct {
		char letter;
		unsigned checks;
	} words[] = {
		{'r', CHECK_READ},
		{'m', CHECK_READ | CHECK_MATCH},
		{'w', CHECK_READ | CHECK_MATCH | CHECK_WILDCARD},
		{'b', CHECK_READ | CHECK_BRACE},
		{'a', CHECK_ALL},
	};
	size_t i = 7;

	if (len < 9 || memcmp(text, "include", 7) != 0)
		return 0;
	*ret_checks = 0;
	for (unsigned k = 0; k < ARRAY_SIZE(words); k++) {
		if (text[7] == words[k].letter) {
			*ret_checks = words[k].checks;
			i = 8;
		}
	}
	if (!is_blank(text[i]))
		return 0;
	while (i < len && is_blank(text[i]))
		i++;
	return i < len && text_strip(text + i, len - i) ? i : 0;
}

/* A message about an include: an error when its check is active. A file that could not be included would take
 * away what it holds: at a start that may be meant, at a reload it is a mistake. */
static struct diag *include_report(struct lang *l, bool checked, const char *code,
				   struct conf_span at, const char *text)
{
	struct diag *d = diag_add(l->diags, checked ? DIAG_ERROR : DIAG_WARNING, code, at, "%s", text);

	d->class = DIAG_INCLUDE;
	d->only_at_start = true;
	return d;
}

/* --- braces --- */

typedef VEC(const char *) texts;

static const char *brace_close(const char *p)
{
	unsigned depth = 0;

	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && !--depth)
			return p;
	}
	return NULL;
}

static const char *brace_open(const char *p)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{' && p[1] != '}' && brace_close(p))
			return p;
	}
	return NULL;
}

/* Pushes the alternatives of the first group of `text`, the first one on top. */
static void braces_split(struct arena *a, const char *text, const char *open, texts *stack)
{
	const char *close = brace_close(open), *to = close, *p;
	texts parts = {0};
	unsigned depth = 0;

	for (p = open + 1; p <= close; p++) {
		if (p == close || (*p == ',' && !depth)) {
			const char *from = parts.n ? to + 1 : open + 1;

			vec_push(a, &parts,
				 arena_printf(a, "%.*s%.*s%s", (int)(open - text), text,
					      (int)(p - from), from, close + 1));
			to = p;
		} else if (*p == '\\' && p + 1 < close) {
			p++;
		} else {
			depth += *p == '{';
			depth -= *p == '}';
		}
	}
	while (parts.n)
		vec_push(a, stack, parts.v[--parts.n]);
}

/* a{b,c}d -> abd, acd, in the order of csh. Returns false when there are too many. */
static bool braces_expand(struct arena *a, const char *pattern, texts *ret)
{
	texts stack = {0};

	vec_push(a, &stack, pattern);
	for (unsigned steps = 0; stack.n; steps++) {
		const char *text = stack.v[--stack.n], *open = brace_open(text);

		if (ret->n >= LANG_BRACES_MAX || steps >= 4 * LANG_BRACES_MAX)
			return false;
		if (open)
			braces_split(a, text, open, &stack);
		else
			vec_push(a, ret, text);
	}
	return true;
}

/* --- files --- */

const char *include_dir(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : arena_copy(a, path, (size_t)(slash - path));
}

/* The pattern as seen from the file that includes it; its directory is no pattern. */
static const char *path_relative(struct lang *l, const char *pattern)
{
	const char *dir = l->file ? l->file->dir : ".";
	char *escaped, *p;

	if (pattern[0] == '/' || str_eq(dir, "."))
		return pattern;
	p = escaped = arena_alloc(l->arena, strlen(dir) * 2 + 1);
	for (; *dir; dir++) {
		if (strchr(GLOB_CHARACTERS "{}~\\", *dir))
			*p++ = '\\';
		*p++ = *dir;
	}
	return arena_printf(l->arena, "%s/%s", escaped, pattern);
}

static bool is_being_read(const struct lang *l, const char *path)
{
	for (const struct lang_file *f = l->file; f; f = f->outer) {
		if (str_eq(f->path, path))
			return true;
	}
	return false;
}

/* Reads one file as part of what is being read. */
static void file_run(struct lang *l, const char *path, const char *text, size_t len)
{
	struct lang_file f = {
		.outer = l->file,
		.index = (uint16_t)l->source->files.n,
		.path = path,
		.dir = include_dir(l->arena, path),
	};
	unsigned checks = l->checks;

	l->file = &f;
	l->files_deep++;
	source_read(l, path, text, len);
	l->files_deep--;
	l->file = (struct lang_file *)f.outer;
	if (l->file)
		l->checks = checks; /* include_check ends with its file */
}

static bool file_limits(struct lang *l, const char *path, struct conf_span at)
{
	const char *why = NULL;

	if (is_being_read(l, path))
		why = "the file includes itself";
	else if (l->files_deep >= LANG_INCLUDE_MAX)
		why = "files include each other more than 32 deep";
	else if (l->source->files.n >= LANG_FILES_MAX)
		why = "more than 10000 files are included";
	if (!why)
		return true;
	diag_add(l->diags, DIAG_ERROR, "include-loop", at, "%s: %s is not read here", why, path);
	return false;
}

/* Why the host could not read a file. */
static const char *errno_text(struct lang *l, int error)
{
	switch (error) {
	case ENOENT:
		return "does not exist";
	case EACCES:
	case EPERM:
		return "can't be read (permission)";
	case EISDIR:
		return "is a directory";
	case EFBIG:
		return "is larger than 256 MB";
	case EMFILE:
	case ENFILE:
		return "can't be read (too many open files)";
	default:
		return arena_printf(l->arena, "can't be read (errno %d)", error);
	}
}

/* Why a path can't be read as a configuration; NULL when it can. */
static const char *file_fault(struct lang *l, const char *path)
{
	enum conf_path_kind kind = PATH_FILE;
	bool readable = true;

	if (l->host->path_kind)
		kind = l->host->path_kind(l->host->ctx, path, &readable);
	switch (kind) {
	case PATH_MISSING:
		return "does not exist";
	case PATH_EXECUTABLE:
		return "is executable and therefore not read";
	case PATH_DIRECTORY:
		return "is a directory";
	case PATH_SPECIAL:
		return "is not a regular file";
	case PATH_FILE:
		break;
	}
	return readable ? NULL : "can't be read (permission)";
}

static const char *include_hint(struct lang *l, const char *path, const char *fault)
{
	if (str_starts(fault, "is executable"))
		return arena_printf(l->diags->arena, "chmod a-x %s", path);
	if (str_starts(fault, "is a directory"))
		return arena_printf(l->diags->arena, "write %s/*.conf", path);
	return NULL;
}

static bool file_include(struct lang *l, const char *path, struct conf_span at, unsigned checks)
{
	const char *fault = file_fault(l, path);
	char *text;
	size_t len;
	int r;

	if (!fault) {
		if (!file_limits(l, path, at))
			return false;
		r = l->host->read_file(l->host->ctx, path, l->arena, &text, &len);
		if (!r && len <= LANG_FILE_MAX) {
			file_run(l, path, text, len);
			return true;
		}
		fault = errno_text(l, r ? -r : EFBIG);
	}
	include_report(l, checks & CHECK_READ, "include-unreadable", at,
		       arena_printf(l->arena, "%s %s", path, fault))
		->hint = include_hint(l, path, fault);
	return false;
}

/* --- the statement --- */

static bool glob_one(struct lang *l, const char *pattern, texts *ret)
{
	const char *whole = path_relative(l, pattern);
	char **paths = NULL;
	unsigned n = 0;

	if (!l->host->glob || l->host->glob(l->host->ctx, whole, l->arena, &paths, &n))
		return false;
	for (unsigned i = 0; i < n; i++)
		vec_push(l->arena, ret, paths[i]);
	return n > 0;
}

/* Says that a pattern (or some of its alternatives) matched nothing. Returns false when that
 * means that nothing is to be read. */
static bool report_unmatched(struct lang *l, const char *pattern, bool braces, unsigned checks,
			     struct conf_span at)
{
	bool wild = strpbrk(pattern, GLOB_CHARACTERS) != NULL;

	if (braces) {
		include_report(l, checks & CHECK_BRACE, "include-no-match", at,
			       arena_printf(l->arena, "no file matches %s", pattern));
		return !(checks & CHECK_BRACE);
	}
	if (wild && !(checks & CHECK_WILDCARD))
		return true;
	include_report(
		l, checks & (wild ? CHECK_WILDCARD : CHECK_MATCH), "include-no-match", at,
		wild ? arena_printf(l->arena, "no file matches %s", pattern)
		     : arena_printf(l->arena, "%s does not exist", path_relative(l, pattern)));
	return true;
}

static const char *pattern_of(struct lang *l, const struct piece *p, size_t from,
			      struct conf_span *ret_at)
{
	size_t len = text_strip(p->text + from, p->len - from);

	*ret_at = piece_span(p, from, from + len);
	if (len >= 2 && p->text[from] == '"' && p->text[from + len - 1] == '"') {
		from++;
		len -= 2;
	}
	return arena_copy(l->arena, p->text + from, len);
}

void include_run(struct lang *l, const struct piece *p, size_t pattern_at, unsigned word_checks)
{
	unsigned checks = word_checks | l->checks | (l->options->include_check_all ? CHECK_ALL : 0);
	struct conf_span at;
	const char *pattern = pattern_of(l, p, pattern_at, &at);
	texts alternatives = {0}, paths = {0};
	bool go = true;

	if (strlen(pattern) > PATTERN_MAX) {
		diag_add(l->diags, DIAG_ERROR, "include-too-long", at,
			 "this pattern is longer than %d characters", PATTERN_MAX);
		return;
	}
	if (!braces_expand(l->arena, pattern, &alternatives)) {
		diag_add(l->diags, DIAG_ERROR, "include-too-many", at,
			 "this pattern stands for more than %d names", LANG_BRACES_MAX);
		return;
	}
	for (unsigned i = 0; i < alternatives.n; i++) {
		if (!glob_one(l, alternatives.v[i], &paths))
			go &= report_unmatched(l, alternatives.v[i], alternatives.n > 1, checks,
					       at);
	}
	for (unsigned i = 0; go && i < paths.n && !l->stop; i++)
		file_include(l, paths.v[i], at, checks);
}

static unsigned check_bit(const char *name)
{
	static const struct {
		const char *name;
		unsigned bit;
	} names[] = {
		{"read", CHECK_READ},	      {"readable", CHECK_READ},
		{"match", CHECK_MATCH},	      {"wildcard_match", CHECK_WILDCARD},
		{"brace_match", CHECK_BRACE},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(name, names[i].name))
			return names[i].bit;
	}
	return 0;
}

/* `include_check` and `random_seed` of global_defs act while the file is read. Unknown words are
 * reported by whoever knows the keywords. */
void include_check_statement(struct lang *l, const struct conf_stmt *s)
{
	const char *word = s->words.v[0].text;
	unsigned set = l->checks;
	bool plain = false;

	if (str_eq(word, "random_seed") && s->words.n > 1 && l->host->random) {
		l->host->random(l->host->ctx, true,
				(uint32_t)strtoul(s->words.v[1].text, NULL, 10));
		return;
	}
	if (!str_eq(word, "include_check"))
		return;
	if (s->words.n == 1)
		set = CHECK_ALL;
	for (unsigned i = 1; i < s->words.n; i++) {
		const char *name = s->words.v[i].text;
		char sign = *name;
		unsigned bit = check_bit(sign == '+' || sign == '-' ? name + 1 : name);

		if (sign == '-')
			set &= ~bit;
		else if (sign == '+')
			set |= bit;
		else if (bit) {
			/* the manual allows several plain words, 2.4.3 takes the first */
			set = (plain ? set : 0) | CHECK_READ | bit;
			plain = true;
		}
	}
	l->checks = set;
}

/* --- the main files --- */

static void main_fault(struct lang *l, const char *path, const char *fault, bool fatal)
{
	struct diag *d = diag_add(l->diags, fatal ? DIAG_FATAL : DIAG_NOTE, "no-configuration",
				  (struct conf_span){0}, "configuration file %s %s", path, fault);

	if (fatal)
		d->class = DIAG_CANNOT_RUN;
}

static void main_file(struct lang *l, const char *path)
{
	bool strict = l->options->missing_main_is_error;
	const char *fault = file_fault(l, path);
	char *text = NULL;
	size_t len = 0;
	int r;

	if (fault && strict && str_starts(fault, "is executable")) {
		diag_add(l->diags, DIAG_WARNING, "executable-configuration", (struct conf_span){0},
			 "configuration file %s is executable", path)
			->hint = arena_printf(l->diags->arena, "chmod a-x %s", path);
	} else if (fault) {
		main_fault(l, path, fault, strict || str_starts(fault, "can't be read"));
		return;
	}
	r = l->host->read_file(l->host->ctx, path, l->arena, &text, &len);
	if (r || len > LANG_FILE_MAX) {
		main_fault(l, path, errno_text(l, r ? -r : EFBIG), true);
		return;
	}
	file_run(l, path, text, len);
}

void include_main(struct lang *l, const char *pattern)
{
	char **paths = NULL;
	unsigned n = 0;

	if (l->host->glob)
		l->host->glob(l->host->ctx, pattern, l->arena, &paths, &n);
	if (!n) {
		bool wild = strpbrk(pattern, GLOB_CHARACTERS "{") != NULL;

		if (!wild || l->options->missing_main_is_error)
			main_file(l, pattern);
		return;
	}
	if (n > 1)
		diag_add(l->diags, DIAG_WARNING, "several-files", (struct conf_span){0},
			 "%s matches %u files, all of them are read", pattern, n);
	for (unsigned i = 0; i < n && !l->stop; i++)
		main_file(l, paths[i]);
}
