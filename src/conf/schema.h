/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema: every keyword of the configuration is a row of a block's table. From the rows come
 * the parser (bind.c), print, explain, "did you mean", the plan of a reload and the documentation.
 *
 * How to write a table (schema/NAME.c, one per block):
 *
 *	static const struct row rows[] = {
 *		{ "priority", NUMBER(conf_instance, priority, 1, 255), .dflt = "100", .reload = RELOAD_LIVE,
 *		  .help = "Election priority; 255 owns the addresses." },
 *		{ "advert_int", TIME(conf_instance, advert_int, 10000, 255 * USEC_PER_SEC), .dflt = "1", ... },
 *	};
 *	const struct block schema_vrrp_instance = BLOCK(KEYWORDS, conf_instance, rows, .contexts = "vrrp_instance");
 *
 * The macros in capitals check at compile time that the field has the type the row needs.
 *
 * Blocks come in these forms:
 *	KEYWORDS  { keyword args; keyword args; ... }: each statement is a row. Words between the block's
 *		  own keyword and its brace go to its POSITIONAL rows, in order ("vrrp_instance NAME {").
 *	ENTRIES   { entry; entry; ... }: each statement is one object: positional rows, then options
 *		  ("eth0 weight 10 reverse"). A row of type ENTRIES_OF holds a VEC of pointers to them.
 *		  A T_ENTRIES row named "" makes the statements of its KEYWORDS block entries, if they
 *		  don't begin with a keyword of it ("virtual_server_group G { 10.0.0.1 80 }").
 *	INLINE	  options after a keyword on its line ("use_vmac vrrp.51 netlink_notify_msg").
 * Option rows (of ENTRIES and INLINE) are recognised by their name anywhere after the positional words;
 * a word that is no option goes to block.bare if there is one (a MAC, a route's destination), else it ends
 * a nested INLINE block, else it is an error.
 *
 * The struct of a block begins with `struct conf_block`; bit i of its `set` belongs to row i (rows of
 * `base` first, see below). Print shows exactly the rows whose bit is set.
 */
#ifndef HF_CONF_SCHEMA_H
#define HF_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/conf_host.h"
#include "conf/text.h"
#include "conf/tree.h"
#include "model/conf.h"

struct bind;
struct block;
struct row;

/* What a row's words are and what its field is. */
enum row_type {
	T_DOC,	     /* nothing is stored: a row for explain only (words of the language, refused keywords) */
	T_FLAG,	     /* no word; bool becomes true */
	T_BOOL,	     /* [true|on|yes|false|off|no]; bool; bare = true */
	T_TRISTATE,  /* the same; uint8_t, enum tristate */
	T_NUMBER,    /* uint8/16/32/64_t, int32_t */
	T_TIME,	     /* decimal number of `scale` microseconds (a second unless said); usec_t */
	T_STRING,    /* one word; const char *, at most `max` bytes when max > 0 */
	T_ENUM,	     /* one word of `choices`; uint8_t */
	T_IP,	     /* address without prefix; struct ip_addr */
	T_PREFIX,    /* address with optional /length; struct ip_addr, and uint8_t at offset2 */
	T_SCRIPT,    /* COMMAND [USER [[:]GROUP]]; struct conf_script * */
	T_WEIGHT,    /* N [reverse]; int32_t, and bool at offset2 */
	T_USER,	     /* USER [[:]GROUP]; const char * twice (offset, offset2), and their place at offset3 */
	T_WORDS,     /* the rest of the line; VEC(const char *) */
	T_NUMBERS,   /* the rest of the line; VEC(uint32_t) */
	T_LIST,	     /* a block of words; VEC(const char *) */
	T_BLOCK,     /* a KEYWORDS block `sub` */
	T_ENTRIES,   /* a block of objects `sub` (ENTRIES), in a VEC(struct x *) */
	T_INLINE,    /* options `sub` (INLINE) on the same line */
	T_HANDLER,   /* parse and print */
};

/* Where a sub-object lives. */
enum row_store {
	STORE_EMBEDDED, /* in the field itself */
	STORE_POINTER,	/* struct x *, made on first use; a second block goes on filling it */
	STORE_VEC,	/* VEC(struct x *), one more per use */
	/* The same, in a VEC that several rows share: the uint8_t at offset2 of an object is the
	 * `min` of its row. */
	STORE_MIXED,
};

enum row_owner {
	OWNER_BLOCK, /* as the block says */
	OWNER_SUPERVISOR,
	OWNER_VRRP,
	OWNER_CHECK,
	OWNER_LVS,
	OWNER_BFD,
	OWNER_RUNNER,
	OWNER_API,
};

enum row_reload {
	RELOAD_BLOCK,	/* as the block says */
	RELOAD_LIVE,	/* applied without an interruption */
	RELOAD_RESTART, /* the instance (server, session) starts anew */
	RELOAD_NEVER,	/* only when the daemon is started again */
};

enum row_effect {
	EFFECT_BLOCK, /* as the block says */
	WORKS,
	ACCEPTED, /* parsed and kept, without an effect yet: check says so */
	NOOP,	  /* accepted for compatibility, means nothing */
};

enum row_flags {
	ROW_POSITIONAL = 1 << 0, /* recognised by place, not by name */
	ROW_OPTIONAL = 1 << 1,	 /* the word may be missing (then `bare` is stored, or "" / a zero) */
	ROW_REQUIRED = 1 << 2,	 /* the block is an error without it and is dropped */
	ROW_FIRST_WINS = 1 << 3, /* a second use is an error and ignored; else the last wins */
	ROW_REPEAT = 1 << 4,	 /* uses add up */
	ROW_WHOLE = 1 << 5,	 /* T_TIME: no fraction */
	ROW_CNUMBER = 1 << 6,	 /* 0x and 0 prefixes allowed */
	ROW_ZERO_IS_ONE = 1 << 7, /* 0 is reported and becomes 1 */
	ROW_CLAMP = 1 << 8,	 /* out of range: reported and limited, else ignored */
	ROW_NOCASE = 1 << 9,	 /* T_ENUM: any case */
	ROW_UNIQUE = 1 << 10,	 /* T_BLOCK: a second one of the same name (first positional) is an error, skipped */
	ROW_UNIQUE_QUIET = 1 << 11, /* the same with a warning */
	ROW_TRUNCATE = 1 << 12,	 /* T_STRING: too long is reported and cut, else ignored */
	ROW_EXTRA = 1 << 13,	 /* surplus words are ignored without a word */
	ROW_BARE = 1 << 14,	 /* an option without a keyword: block.bare reads it (and marks its bit),
				    print writes it without its name */
	ROW_LOOSE = 1 << 15,	 /* T_BOOL: a word that is no switch is surplus, for keepalived looks at none */
	ROW_QUIET = 1 << 16,	 /* its deprecated names, or itself: keepalived says nothing, we a note */
};

struct choice {
	const char *name;
	int32_t value;
	const char *help; /* required when the choices are listed (row.list_choices) */
};

/* Words of a statement being read: stmt->words.v[next] is the first one nobody has taken. */
struct cursor {
	const struct conf_stmt *stmt;
	unsigned next;
};

/* Reads the words of `row` into `obj`; takes what it uses from the cursor. false: a message was
 * given, nothing stored. */
typedef bool row_parse_fn(struct bind *b, const struct row *row, void *obj, struct cursor *c);
/* Writes the words (each with a blank before it, print_word()) that make the same value again. */
typedef void row_print_fn(struct text *t, const struct row *row, const void *obj);

struct row {
	const char *name;
	enum row_type type;
	uint32_t offset, offset2, offset3;
	uint8_t size; /* of the field; 0: a list, or an object in its place */
	bool is_signed;
	uint8_t store;	 /* enum row_store */
	uint8_t family;	 /* T_IP, T_PREFIX: enum ip_family or 0 */
	uint8_t owner, reload, effect;
	bool ours;	 /* not a keyword of keepalived's */
	uint32_t flags;
	int64_t min, max;
	int64_t scale;	 /* T_TIME: microseconds of one unit; 0 = a second */
	const struct choice *choices; /* T_ENUM; T_NUMBER: names for some numbers */
	const char *names; /* T_NUMBER: iproute2 table with names for it ("rt_scopes") */
	const struct block *sub;
	row_parse_fn *parse;
	row_print_fn *print;
	/* Index into struct conf_global of the default (same type), +1; 0 = none. See INHERIT(). */
	uint32_t inherit;

	const char *dflt;	/* default, in the words of the file; stored when an object is made */
	const char *dflt_text;	/* the default in words, when it isn't a constant (for explain) */
	const char *bare;	/* ROW_OPTIONAL: stored when there is no word */
	const char *unit;	/* "seconds" */
	const char *args;	/* for explain; NULL: made from the type */
	const char *aliases;	/* other names, separated by blanks */
	const char *deprecated; /* names that warn, separated by blanks */
	const char *obsolete;	/* the row itself is deprecated: "use X instead" */
	const char *lacking;	/* ACCEPTED: who is master or where traffic goes differs without it; what
				 * happens instead: a warning, where else it is a note */
	const char *refused;	/* T_DOC in a parsed block: why it is an error: "the keyword is X" */
	const char *help;	/* one sentence */
	/* explain --list: "context\tkeyword" lines that stand for this row instead of the contexts of
	 * the block with the row's name. Separated by '\n'; "" = the row is not listed. Rows of a base are
	 * listed once, by the base and its contexts, not by each block that stands on it. */
	const char *listed;
	/* the same for each choice: the choice's name is appended ("virtual_server\tlvs_sched:") */
	const char *list_choices;
};

enum block_kind { KEYWORDS, ENTRIES, INLINE, WORDS /* rows for explain only */ };

struct block {
	const char *contexts; /* names it has in explain, separated by blanks; "" = not listed */
	enum block_kind kind;
	uint32_t size;	      /* of its struct */
	const struct row *rows;
	unsigned n;
	/* Rows that come before these and fill the same object (their struct is its first member). */
	const struct block *base;
	uint8_t owner, reload, effect; /* for rows that don't say; 0: as the base says */
	bool ours; /* all its rows are */
	/* A word that is neither positional nor an option (ENTRIES, INLINE); true when it was taken,
	 * false without a message when it is not known here. */
	bool (*bare)(struct bind *b, void *obj, struct cursor *c);
	/* ENTRIES, INLINE: an option that can't be used drops the whole object, since it would mean
	 * something else without it (a rule without a selector). */
	bool whole;
	/* The object is complete; false (after a message) drops it. May be NULL. */
	bool (*finish)(struct bind *b, void *obj, const struct conf_stmt *stmt);
	const char *help;
};

/* ---- macros: type checks at compile time ---- */

#define ROW_TYPED_(s, m, want) sizeof(char[_Generic(((struct s *)0)->m, want: 1, default: -1)])
#define ROW_AT_(s, m, want) ((uint32_t)(offsetof(struct s, m) + 0 * ROW_TYPED_(s, m, want)))
#define ROW_FIELD_(s, m, want) .offset = ROW_AT_(s, m, want), .size = sizeof(((struct s *)0)->m)
#define ROW_NUMERIC_(s, m)                                                                     \
	sizeof(char[_Generic(((struct s *)0)->m, uint8_t: 1, uint16_t: 1, uint32_t: 1, uint64_t: 1, \
			     int32_t: 1, default: -1)])
#define ROW_SIGNED_(s, m) _Generic(((struct s *)0)->m, int32_t: true, default: false)
#define ROW_MAX_(s, m) \
	(sizeof(((struct s *)0)->m) == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * (sizeof(((struct s *)0)->m) & 7))) - 1)
#define ROW_FITS_(s, m, lo, hi)                                                                    \
	sizeof(char[(int64_t)(lo) <= (int64_t)(hi) && ((lo) >= 0 || ROW_SIGNED_(s, m)) &&          \
				    (uint64_t)(hi) <= ROW_MAX_(s, m)                               \
			    ? 1                                                                    \
			    : -1])

#define FLAG(s, m) .type = T_FLAG, ROW_FIELD_(s, m, bool)
#define BOOL(s, m) .type = T_BOOL, ROW_FIELD_(s, m, bool)
#define TRISTATE(s, m) .type = T_TRISTATE, ROW_FIELD_(s, m, uint8_t)
/* The range must fit the field. */
#define NUMBER(s, m, lo, hi)                                                                      \
	.type = T_NUMBER,                                                                         \
	.offset = (uint32_t)(offsetof(struct s, m) + 0 * ROW_NUMERIC_(s, m) + 0 * ROW_FITS_(s, m, lo, hi)), \
	.size = sizeof(((struct s *)0)->m), .is_signed = ROW_SIGNED_(s, m), .min = (lo), .max = (hi)
/* Range in microseconds. */
#define TIME(s, m, lo, hi) \
	.type = T_TIME, ROW_FIELD_(s, m, usec_t), .min = (lo), .max = (hi), .unit = "seconds"
#define TIME_MSEC(s, m, lo, hi)                                                                    \
	.type = T_TIME, ROW_FIELD_(s, m, usec_t), .min = (lo), .max = (hi), .scale = USEC_PER_MSEC, \
	.unit = "milliseconds"
#define STRING(s, m) .type = T_STRING, ROW_FIELD_(s, m, const char *)
#define IFNAME(s, m) STRING(s, m), .max = CONF_IFNAME_MAX - 1
#define ENUM(s, m, list) .type = T_ENUM, ROW_FIELD_(s, m, uint8_t), .choices = (list)
#define IP(s, m, fam) .type = T_IP, ROW_FIELD_(s, m, struct ip_addr), .family = (fam)
#define PREFIX(s, m, len, fam)                                                     \
	.type = T_PREFIX, ROW_FIELD_(s, m, struct ip_addr), .family = (fam), \
	.offset2 = ROW_AT_(s, len, uint8_t)
#define SCRIPT(s, m) .type = T_SCRIPT, ROW_FIELD_(s, m, struct conf_script *)
#define WEIGHT(s, m, rev, lo, hi)                                                                   \
	.type = T_WEIGHT, ROW_FIELD_(s, m, int32_t), .is_signed = true, .min = (lo), \
	.max = (hi), .offset2 = ROW_AT_(s, rev, bool)
#define USER(s, u, g, at)                                                                           \
	.type = T_USER, ROW_FIELD_(s, u, const char *), .offset2 = ROW_AT_(s, g, const char *),     \
	.offset3 = ROW_AT_(s, at, struct conf_span)
#define VEC_AT_(s, m, want) \
	((uint32_t)(offsetof(struct s, m) + 0 * sizeof(char[_Generic(((struct s *)0)->m.v, want: 1, default: -1)])))
#define WORD_LINE(s, m) .type = T_WORDS, .offset = VEC_AT_(s, m, const char **)
#define NUMBER_LINE(s, m, lo, hi) \
	.type = T_NUMBERS, .offset = VEC_AT_(s, m, uint32_t *), .min = (lo), .max = (hi)
#define LIST(s, m) .type = T_LIST, .offset = VEC_AT_(s, m, const char **)
/* Sub-objects: `t` is the struct of block `b`. */
#define BLOCK_PTR(s, m, t, b)                                                                      \
	.type = T_BLOCK, ROW_FIELD_(s, m, struct t *), .store = STORE_POINTER, .sub = &(b)
#define BLOCK_VEC(s, m, t, b) \
	.type = T_BLOCK, .offset = VEC_AT_(s, m, struct t **), .store = STORE_VEC, .sub = &(b)
#define BLOCK_MIXED(s, m, t, kind_, value, b)                                                      \
	.type = T_BLOCK, .offset = VEC_AT_(s, m, struct t **), .store = STORE_MIXED,               \
	.offset2 = ROW_AT_(t, kind_, uint8_t), .min = (value), .sub = &(b)
#define BLOCK_IN(s, m, t, b) \
	.type = T_BLOCK, .offset = ROW_AT_(s, m, struct t), .store = STORE_EMBEDDED, .sub = &(b)
#define ENTRIES_OF(s, m, t, b) \
	.type = T_ENTRIES, .offset = VEC_AT_(s, m, struct t **), .store = STORE_VEC, .sub = &(b)
#define INLINE_PTR(s, m, t, b)                                                                     \
	.type = T_INLINE, ROW_FIELD_(s, m, struct t *), .store = STORE_POINTER, .sub = &(b)
#define INLINE_VEC(s, m, t, b) \
	.type = T_INLINE, .offset = VEC_AT_(s, m, struct t **), .store = STORE_VEC, .sub = &(b)
#define INLINE_IN(s, m, t, b) \
	.type = T_INLINE, .offset = ROW_AT_(s, m, struct t), .store = STORE_EMBEDDED, .sub = &(b)
/* The exception: a pair of functions. `m` only marks the place (it may be any field). */
#define HANDLER(s, m, parse_, print_) \
	.type = T_HANDLER, .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m), \
	.parse = (parse_), .print = (print_)
#define DOC() .type = T_DOC
/* When the row isn't set the value is that of the field of conf_global (complete.c copies it). */
#define INHERIT(m) .inherit = offsetof(struct conf_global, m) + 1

/* A block table: kind, struct, rows, then .contexts and what else is needed. */
#define BLOCK(kind_, s, rows_, ...)                                                    \
	{                                                                              \
		.kind = kind_,                                                         \
		.size = sizeof(struct s) + 0 * sizeof(char[offsetof(struct s, block) == 0 ? 1 : -1]) + \
			0 * sizeof(char[ARRAY_SIZE(rows_) <= 64 * CONF_SET_WORDS ? 1 : -1]), \
		.rows = rows_, .n = ARRAY_SIZE(rows_), __VA_ARGS__                     \
	}
/* The same when the struct begins with the struct of `base_`. */
#define BLOCK_ON(kind_, s, rows_, base_, ...)                                                       \
	{                                                                                           \
		.kind = kind_, .size = sizeof(struct s), .rows = rows_, .n = ARRAY_SIZE(rows_),     \
		.base = base_, __VA_ARGS__                                                          \
	}

/* ---- for handlers: reading ---- */

/* What bind.c gives to handlers. */
struct bind {
	struct arena *a;
	struct diags *diags;
	struct conf *conf;
	const struct conf_host *host;
	bool judge;
	bool literal;	       /* the sealed copy: script commands are plain words */
	struct bind_tables *tables; /* private to bind.c */
};

/* The next word and takes it; NULL at the end of the statement. */
const struct conf_word *cursor_take(struct cursor *c);
/* The same without taking it. */
const struct conf_word *cursor_peek(const struct cursor *c);
/* The same, and a message when it is missing (`what`: "an address"). */
const struct conf_word *cursor_need(struct bind *b, struct cursor *c, const char *what);

/* Cuts a word in two at its first `at`; without one both are the whole, and false. */
bool word_split(struct arena *a, const struct conf_word *w, char at, struct conf_word *ret_first,
		struct conf_word *ret_second);

/* Parses a number of the given range; a message and false when it isn't one. */
bool bind_number(struct bind *b, const struct conf_word *w, bool cnumber, int64_t min, int64_t max,
		 int64_t *ret);
/* MIN-MAX, or one number that is both; a message and false when it is neither. */
bool bind_range(struct bind *b, const struct conf_word *w, int64_t min, int64_t max, int64_t *ret_lo,
		int64_t *ret_hi);
/* Decimal number times `scale` (microseconds of one unit). */
bool bind_time(struct bind *b, const struct conf_word *w, int64_t scale, int64_t min, int64_t max,
	       usec_t *ret);
/* An error at a word; `fmt` shows its text once. Always false, for `return`. */
bool bind_bad_word(struct bind *b, const struct conf_word *w, const char *code,
		   const char *expected, const char *fmt) __attribute__((format(printf, 5, 0)));
/* "a number from 1 to 255", "an IPv4 address": what the words of a row should be, for messages. */
const char *row_expected(const struct row *row, struct arena *a);
/* Reads the words of any row type into an object, as the binder does; handlers may reuse it. */
bool row_parse(struct bind *b, const struct row *row, void *obj, struct cursor *c);
void row_print(struct text *t, const struct row *row, const void *obj);

/* ---- for handlers: writing ---- */

/* A blank and the word, quoted when it has to be. */
void print_word(struct text *t, const char *word);
/* What bind_range() reads. */
void print_range(struct text *t, uint32_t lo, uint32_t hi);
/* For a keyword that alone is the value. */
row_print_fn print_nothing;

/* ---- fields ---- */

typedef VEC(void *) void_vec;
typedef VEC(const char *) string_vec;

/* The field a row fills, and the second one. */
static inline void *row_field(const struct row *row, void *obj)
{
	return (char *)obj + row->offset;
}

static inline void *row_field2(const struct row *row, void *obj)
{
	return (char *)obj + row->offset2;
}

/* The same to look at. */
static inline const void *row_value(const struct row *row, const void *obj)
{
	return (const char *)obj + row->offset;
}

static inline const void *row_value2(const struct row *row, const void *obj)
{
	return (const char *)obj + row->offset2;
}

/* The objects of a row with a `sub`, one after the other; *i is 0 at first. NULL: no more. */
const void *row_next(const struct row *row, const void *obj, unsigned *i);

/* ---- types ---- */

/* What types of rows differ in. */
struct row_kind {
	row_parse_fn *parse; /* NULL: has no words */
	row_print_fn *print;
	const char *usage;    /* its words in explain; NULL: "WORD" */
	const char *expected; /* its words in messages; NULL: the row decides */
	bool needs_word;      /* can't do without a word (handlers look for themselves) */
	bool is_plain;	      /* the bytes of the field are the value */
	bool is_block;	      /* has a block, or a line of options, of its own */
	bool has_values;      /* explain says which are possible */
};

const struct row_kind *row_kind(const struct row *row);

/* ---- what a row or its block says ---- */

enum row_owner row_owner(const struct row *row, const struct block *blk);
enum row_reload row_reload(const struct row *row, const struct block *blk);
/* Never EFFECT_BLOCK. */
enum row_effect row_effect(const struct row *row, const struct block *blk);

/* The next word of a blank separated list (aliases, contexts), which is moved on; NULL at its end. */
const char *list_word(const char **list, size_t *ret_len);

/* NULL when there is none. `choices` may be NULL. */
const struct choice *choice_named(const struct choice *choices, const char *name);
const struct choice *choice_valued(const struct choice *choices, int32_t value);
/* "did you mean `X`?" or NULL. */
const char *choice_hint(const struct choice *choices, const char *word, struct arena *a);

/* ---- bits ---- */

static inline bool block_is_set(const void *obj, unsigned bit)
{
	const struct conf_block *b = obj;

	return b->set[bit / 64] >> (bit % 64) & 1;
}

static inline void block_mark(void *obj, unsigned bit)
{
	struct conf_block *b = obj;

	b->set[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void block_unmark(void *obj, unsigned bit)
{
	struct conf_block *b = obj;

	b->set[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

/* Number of rows with those of the bases, and one of them; its index is its bit. */
unsigned block_rows(const struct block *blk);
const struct row *block_row(const struct block *blk, unsigned i);
/* Takes back what the file said: the bit goes, and the field (unless its size is 0) becomes 0. */
void block_drop(const struct block *blk, void *obj, unsigned bit);
/* The bit of a row by its name; aborts nothing: UINT_MAX when there is none (tests check all uses). */
unsigned block_bit(const struct block *blk, const char *name);

/* ---- the tables ---- */

extern const struct block schema_top; /* struct conf */
extern const struct block schema_global_defs;
extern const struct block schema_vrrp_instance, schema_vrrp_sync_group, schema_vrrp_script;
extern const struct block schema_address, schema_static_address;
extern const struct block schema_track_interface, schema_track_script, schema_track_file_line,
	schema_track_process_line, schema_track_bfd;
extern const struct block schema_use_vmac, schema_use_ipvlan;
extern const struct block schema_garp_group, schema_interface_delay, schema_linkbeat,
	schema_track_group;
extern const struct block schema_track_file, schema_track_process, schema_bfd_instance;
/* Lists of the LVS half, of routes and rules. */
extern const struct block schema_virtual_server, schema_virtual_server_group, schema_ssl;
extern const struct block schema_lvs_sync_daemon;
extern const struct block schema_route, schema_rule;		/* virtual_routes, virtual_rules */
extern const struct block schema_static_route, schema_static_rule; /* with track_group */
extern const struct block schema_route_types, schema_route_destinations, schema_route_values,
	schema_rule_lines; /* listed only */
/* Blocks that are only listed by explain (choices of other tables, the language), NULL at the end. */
extern const struct block *const schema_listed_only[];

#endif
