/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to conf/lang/: the state of one reading, and what its files offer each other.
 *
 *   source.c   files -> physical lines (ends, NUL, byte order mark, open definitions)
 *   line.c     a line -> conditions, definitions, statements with words
 *   macro.c    definitions and their expansion
 *   repeat.c   ~SEQ, ~SEQx, ~LST
 *   include.c  the include family and its checks
 *   block.c    statements -> tree, and recovery from braces that don't match
 *   tree.c     the public entry points
 *
 * The common line is neither copied nor looked at twice: words and raw lines point into two
 * private copies of the file, where NULs replace the bytes behind them.
 */
#ifndef HF_CONF_LANG_H
#define HF_CONF_LANG_H

#include "conf/tree.h"

/* What a configuration may cost. A mistake (or an attacker) meets these, nobody else does. */
#define LANG_DEPTH_MAX 64		  /* lines inside lines: macros, repetitions, files */
#define LANG_INCLUDE_MAX 32		  /* files inside files */
#define LANG_FILES_MAX 10000		  /* files read in all */
#define LANG_BLOCK_MAX 32		  /* blocks inside blocks */
#define LANG_PASSES_MAX 64		  /* a macro that stands for a macro that ... */
#define LANG_EXPANDED_MAX ((size_t)65536) /* bytes of one line after expansion */
#define LANG_REPEAT_MAX 65536		  /* values of one repetition */
#define LANG_WORK_MAX ((size_t)128 << 20) /* bytes produced by expansion in all */
#define LANG_BRACES_MAX 1024		  /* alternatives of one include pattern */
#define LANG_FILE_MAX ((size_t)256 << 20)

/* Where a byte of an expanded line comes from. len 0: it stands in the file itself. */
struct origin {
	uint16_t col; /* 1 = first byte of the line */
	uint16_t len; /* of the reference that produced it */
};

/* (The rest of) a logical line. */
struct piece {
	const char *text;
	size_t len;
	char *cut, *raw;	  /* copies of text that may be cut up; NULL: made when needed */
	const struct origin *map; /* NULL: the text stands in the file from at.col on */
	struct conf_span at;	  /* file, line and column of the first byte */
	int indent;		  /* of the first statement: columns, or INDENT_... */
	bool conditioned;	  /* has had its one condition */
	bool expanded;
	bool reported; /* expansion failed and that was said */
};

#define INDENT_NONE (-1)  /* not the first of its line: its place tells nothing */
#define INDENT_COUNT (-2) /* a physical line: count its blanks */

/* A buffer for expansion; there are two for each depth, used over and over. */
struct scratch {
	char *text;
	struct origin *map;
	size_t len, cap;
};

struct macro {
	const char *name; /* NULL: free slot */
	uint32_t hash, name_len;
	const char *value; /* NULL: has several lines */
	size_t value_len;
	VEC(const char *) lines;
};

struct definition {
	bool open;
	bool discard; /* belongs to a condition that does not hold */
	const char *name;
	size_t name_len;
	VEC(const char *) lines;
};

/* Words of the statement being read, as offsets into its piece. */
struct token {
	uint32_t from, to;   /* without the quotes */
	uint32_t start, end; /* with them */
	bool quoted, escaped;
};

/* A statement of a block that is still open. */
struct gathered {
	struct conf_stmt *stmt;
	int indent; /* -1: not the first of its line */
};

struct frame {
	struct conf_stmt *owner; /* NULL: a stray `{`, whose content goes to the block around it */
	unsigned first;		 /* its first statement in `gathered` */
	int indent;		 /* of the owner */
	struct conf_span open;
	bool had_stray; /* a second `{` was met: one `}` less than `{` is explained */
};

enum include_check {
	CHECK_READ = 1,
	CHECK_MATCH = 2,
	CHECK_WILDCARD = 4,
	CHECK_BRACE = 8,
	CHECK_ALL = 15
};

/* The file being read. */
struct lang_file {
	const struct lang_file *outer; /* includes it */
	uint16_t index;		       /* in source.files */
	const char *path, *dir, *pwd;  /* pwd: absolute, asked for when needed */
};

struct lang {
	const struct conf_host *host;
	const struct conf_tree_options *options;
	struct arena *arena;
	struct diags *diags;
	struct conf_source *source;

	struct lang_file *file;
	unsigned files_deep, depth;
	size_t work;
	bool stop; /* a limit was met; the rest is not read */
	unsigned checks;

	struct macro *macros;
	unsigned macros_cap, macros_n;
	struct definition def;
	struct scratch scratch[LANG_DEPTH_MAX + 1][2];
	VEC(struct token) tokens;

	VEC(struct gathered) gathered;
	VEC(struct frame) frames;
	struct conf_stmt *candidate;	     /* may still get a `{`; the last one gathered */
	const struct conf_stmt *last_closed; /* for the hint at a surplus `}` */
	unsigned aligned, misaligned;	     /* `}` below the start of their block or not */
	unsigned surplus;	/* `}` without a block: seen, or (recover) to be found */
	unsigned surplus_floor; /* statements gathered at the last surplus `}` */
	bool broken;		/* the braces of this reading don't match */
	bool recover;		/* second reading: find out which brace is missing */
	bool trust;		/* the indentation tells what the author meant */
};

/* source.c */
/* Reads all lines of a text that is (or becomes) file `path`; false when a limit was met. */
bool source_read(struct lang *l, const char *path, const char *text, size_t len);

/* line.c */
/* Reads one line, or the rest of one, with everything it produces. */
void line_run(struct lang *l, struct piece *p);
/* The same one level deeper; counts what the line costs and refuses when it is too much. */
void line_run_produced(struct lang *l, struct piece *p);
/* The piece from offset `from` on. */
struct piece piece_rest(const struct piece *p, size_t from);
/* Place of bytes from..to of a piece. */
struct conf_span piece_span(const struct piece *p, size_t from, size_t to);
/* Length of a text without its comment and trailing blanks. */
size_t text_strip(const char *text, size_t len);

static inline bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* macro.c */
bool macro_is_name_start(char c);
size_t macro_name_len(const char *text, size_t len);
/* `$NAME=`: length of the whole up to and including `=`, 0 when it is none. */
size_t macro_is_definition(const char *text, size_t len);
/* Defines or redefines; name and value are copied. */
void macro_set(struct lang *l, const char *name, size_t name_len, const char *value, size_t len);
void macro_set_lines(struct lang *l, const struct definition *def);
/* What comes out of macro_expand(). */
enum expansion { EXPANSION_NONE, EXPANSION_DONE, EXPANSION_FAILED };
/* Expands all references of `in` at the current depth; *ret is valid until the depth is used again.
 * *ret_lines: the macro of several lines the text ends with, its reference cut off; else NULL. */
enum expansion macro_expand(struct lang *l, const struct piece *in, struct piece *ret,
			    const struct macro **ret_lines, struct origin *ret_use);
/* Length of a reference to a macro of several lines, else 0. */
size_t macro_left(struct lang *l, const char *text, size_t len);
/* Reports a reference that could not be expanded. */
void macro_explain(struct lang *l, const char *ref, size_t len, struct conf_span at);
/* An empty buffer of this depth; which = 0, 1. */
struct scratch *scratch_of(struct lang *l, unsigned which);
/* Appends; false when the line becomes too long. map NULL: all bytes are from `one`. */
bool scratch_add(struct lang *l, struct scratch *s, const char *text, size_t len,
		 const struct origin *map, struct origin one);

/* repeat.c */
/* Whether a text begins with ~SEQ, ~SEQx or ~LST. */
bool repeat_is(const char *text, size_t len);
void repeat_run(struct lang *l, const struct piece *p);

/* include.c */
/* Whether a text is an include statement; *ret_checks: of the word itself. Returns where its
 * pattern begins, or 0. */
size_t include_is(const char *text, size_t len, unsigned *ret_checks);
void include_run(struct lang *l, const struct piece *p, size_t pattern, unsigned checks);
void include_check_statement(struct lang *l, const struct conf_stmt *s);
/* The directory a path is in, "." without one. */
const char *include_dir(struct arena *a, const char *path);
/* The files of -f. */
void include_main(struct lang *l, const char *pattern);

/* block.c */
/* A finished statement; may take the `{` that follows. indent -1: not the first of its line. */
void block_statement(struct lang *l, struct conf_stmt *s, int indent);
void block_open(struct lang *l, struct conf_span at);
void block_close(struct lang *l, struct conf_span at, int indent);
/* End of the text: closes what is open. */
void block_finish(struct lang *l, struct conf_tree *t);

#endif
