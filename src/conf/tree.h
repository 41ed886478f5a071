/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The syntax tree: statements with words and, for blocks, the statements inside. This stage knows
 * no keyword (but the include family); macros, conditions, repetitions and includes are done.
 * reference: config-language.md.
 */
#ifndef HF_CONF_TREE_H
#define HF_CONF_TREE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/vec.h"
#include "conf/diag.h"
#include "model/conf_host.h"
#include "base/span.h"

struct conf_word {
	const char *text;    /* without its quotes */
	struct conf_span at;
	bool quoted;
};

struct conf_stmt {
	VEC(struct conf_word) words; /* at least one */
	const char *raw;     /* the logical line after comments and macros, from the first word on, for
				script strings, which are split another way (conf_script_split) */
	struct conf_span at; /* of the first word */
	bool has_block;
	struct conf_span open, close; /* the braces */
	VEC(struct conf_stmt *) body;
};

#define CONF_MARK_LINES 64

/* One file read, with its lines for messages. */
struct conf_file {
	const char *path;
	const char *text;
	size_t len;
	const uint32_t *marks; /* offset of every CONF_MARK_LINES-th line, from the first on */
	unsigned n_marks;
};

struct conf_source {
	VEC(struct conf_file) files; /* in the order of reading; [0] is the main file */
};

struct conf_tree {
	struct conf_source source;
	VEC(struct conf_stmt *) top;
};

struct conf_tree_options {
	bool include_check_all; /* -e */
	/* The text is the supervisor's sealed copy (conf_print): no macros, conditions, repetitions,
	 * includes or limits of line length. Only conf_load_text() looks at it (sealed.c). */
	bool literal;
	bool missing_main_is_error; /* false only for keepalived's own leniency */
};

/* Reads `path` (a glob pattern: several files are read in turn) and what it includes. Messages go
 * to `diags`; the tree holds what could be understood. Never fails otherwise: a tree without
 * statements is a tree. */
struct conf_tree *conf_tree_read(const char *path, const struct conf_host *host,
				 const struct conf_tree_options *options, struct arena *a,
				 struct diags *diags);

/* The same from text in memory (the sealed copy of the supervisor, tests, fuzzers); includes are
 * relative to the directory of `name`. */
struct conf_tree *conf_tree_parse(const char *name, const char *text, size_t len,
				  const struct conf_host *host, const struct conf_tree_options *options,
				  struct arena *a, struct diags *diags);

/* First split of config-language.md section 4: `raw` (a statement's raw line) into the keyword,
 * the command line and what follows (user, group); pieces in ret, at most max. Returns their number
 * or -1 for an unterminated quote. */
int conf_script_words(const char *raw, struct arena *a, const char **ret, unsigned max);

/* Second split: a command line into argv with the escapes of section 4; NULL-terminated.
 * Returns argc, or -1. *ret_shell is set when it holds unquoted shell operators (&& || | ; > < `),
 * which 2.4.3 would hand over as arguments. */
int conf_script_argv(const char *command, struct arena *a, char ***ret_argv, bool *ret_shell);
/* Whether a line for the shell has words that /bin/sh need not know and bash does. */
bool conf_script_is_bash(const char *command);

#endif
