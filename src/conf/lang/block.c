/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: braces. Statements of open blocks wait in one stack, `gathered`; a block takes its own off
 * the top when it is closed. Reference: config-language, section 5.
 * Must not know: keywords, but for the handful below.
 *
 * A file whose braces match is read once and its layout means nothing. When they don't, it is read
 * again with `recover`: then indentation (if the file seems to be indented at all) and a few words
 * that only stand outside blocks decide which brace is missing, so that one mistake gives one
 * message and all other statements are found where their author meant them to be.
 */
#include <string.h>

#include "base/str.h"
#include "conf/lang/lang.h"

/* Words that begin a block and never stand inside one. */
static const char *const top_words[] = {
	"global_defs",	      "vrrp_instance",	"vrrp_sync_group",	"vrrp_script",
	"vrrp_track_process", "virtual_server", "virtual_server_group", "bfd_instance",
	"static_ipaddress",   "static_routes",	"static_rules",
};

static bool is_top_word(const struct conf_stmt *s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(top_words); i++) {
		if (str_eq(s->words.v[0].text, top_words[i]))
			return true;
	}
	return false;
}

static struct frame *frame_top(struct lang *l)
{
	return l->frames.n ? &l->frames.v[l->frames.n - 1] : NULL;
}

/* How messages call a statement. */
static const char *statement_name(struct lang *l, const struct conf_stmt *s)
{
	if (s->words.n < 2)
		return s->words.v[0].text;
	return arena_printf(l->diags->arena, "%s %s", s->words.v[0].text, s->words.v[1].text);
}

/* The block `owner` gets what was gathered from `first` on. */
static void body_take(struct lang *l, struct conf_stmt *owner, unsigned first,
		      struct conf_span close)
{
	unsigned n = l->gathered.n - first;

	owner->body.v = n ? arena_alloc(l->arena, n * sizeof(struct conf_stmt *)) : NULL;
	for (unsigned i = 0; i < n; i++)
		owner->body.v[i] = l->gathered.v[first + i].stmt;
	owner->body.n = owner->body.cap = n;
	owner->close = close;
	l->gathered.n = first;
	l->last_closed = owner;
}

static void frame_close(struct lang *l, struct conf_span at)
{
	struct frame f = l->frames.v[--l->frames.n];

	if (f.owner)
		body_take(l, f.owner, f.first, at);
}

/* --- a missing `}` --- */

static bool looks_indented(const struct lang *l, const struct frame *f)
{
	return f->owner && f->indent >= 0 && f->first < l->gathered.n &&
	       l->gathered.v[f->first].indent > f->indent;
}

static bool is_indented(const struct lang *l, const struct frame *f)
{
	return l->trust && looks_indented(l, f);
}

/* First statement of an indented block that stands too far left to belong to it. */
static unsigned frame_end(const struct lang *l, const struct frame *f)
{
	unsigned i = f->first;

	if (!is_indented(l, f))
		return l->gathered.n;
	while (i < l->gathered.n &&
	       (l->gathered.v[i].indent < 0 || l->gathered.v[i].indent > f->indent))
		i++;
	return i;
}

/* Ends the innermost block, which has no `}`. `next`: what follows it, if known. */
static void frame_abandon(struct lang *l, struct conf_span next)
{
	struct frame f = l->frames.v[l->frames.n - 1];
	unsigned end = frame_end(l, &f), n = l->gathered.n - end;
	struct diag *d;

	l->broken = true;
	if (!f.owner) {
		l->frames.n--;
		return;
	}
	if (n)
		next = l->gathered.v[end].stmt->at;
	l->gathered.n = end;
	frame_close(l, f.open);
	memmove(l->gathered.v + f.first, l->gathered.v + end, n * sizeof(*l->gathered.v));
	l->gathered.n = f.first + n;
	if (f.had_stray)
		return;
	d = diag_add(l->diags, DIAG_ERROR, "missing-close-brace", f.open,
		     "the block `%s` is never closed, a `}` is missing",
		     statement_name(l, f.owner));
	if (next.line && next.file == f.open.file)
		d->hint =
			arena_printf(l->diags->arena, "it seems to end before line %u", next.line);
}

/* Whether the block that `s` begins proves that the innermost block is over. */
static bool frame_is_over(const struct lang *l, const struct frame *f, const struct conf_stmt *s,
			  int indent)
{
	if (indent < 0 || f->open.file != s->at.file)
		return false;
	if (is_top_word(s)) {
		bool first = f->first == l->gathered.n;

		return indent <= f->indent || !(first || looks_indented(l, f));
	}
	return is_indented(l, f) && indent <= f->indent;
}

/* Braces may match by accident; a word that can't be where it is gives that away. */
static void check_open(struct lang *l)
{
	struct gathered s = l->gathered.v[--l->gathered.n];

	if (!l->recover && is_top_word(s.stmt) && frame_is_over(l, frame_top(l), s.stmt, s.indent))
		l->broken = true;
	while (l->recover && l->frames.n && frame_is_over(l, frame_top(l), s.stmt, s.indent))
		frame_abandon(l, s.stmt->at);
	vec_push(l->arena, &l->gathered, s);
}

/* --- a missing `{` --- */

/* The statement above a `}` that looks like its beginning: right above it, everything between
 * indented; or, without indentation, a word that must have a block. Returns its index or -1. */
static int find_unopened(const struct lang *l, unsigned first, int indent)
{
	/* what stands before an earlier surplus `}` did not explain that one and is not asked again */
	if (first < l->surplus_floor)
		first = l->surplus_floor;
	for (unsigned i = l->gathered.n; l->trust && i-- > first;) {
		const struct gathered *g = &l->gathered.v[i];

		if (g->indent == indent && !g->stmt->has_block && i + 1 < l->gathered.n)
			return (int)i;
		if (g->indent >= 0 && g->indent <= indent)
			break;
	}
	for (unsigned i = l->gathered.n; !l->frames.n && i-- > first;) {
		const struct gathered *g = &l->gathered.v[i];

		if (is_top_word(g->stmt))
			return g->stmt->has_block || i + 1 == l->gathered.n ? -1 : (int)i;
	}
	return -1;
}

static void close_unopened(struct lang *l, unsigned i, struct conf_span at)
{
	struct conf_stmt *s = l->gathered.v[i].stmt;

	l->broken = true;
	diag_add(l->diags, DIAG_ERROR, "missing-open-brace", s->words.v[s->words.n - 1].at,
		 "a `{` is missing after `%s`", statement_name(l, s))
		->hint = arena_printf(l->diags->arena,
				      "the block seems to end at the `}` of line %u", at.line);
	s->has_block = true;
	s->open = s->words.v[s->words.n - 1].at;
	body_take(l, s, i + 1, at);
}

/* --- a `}` too many --- */

static void report_surplus(struct lang *l, struct conf_span at)
{
	struct diag *d = diag_add(l->diags, DIAG_ERROR, "surplus-brace", at,
				  "this `}` closes nothing, all blocks are closed already");
	const struct conf_stmt *s = l->last_closed;

	l->broken = true;
	l->surplus_floor = l->gathered.n;
	if (s && s->close.line && s->close.file == at.file)
		d->hint = arena_printf(l->diags->arena, "`%s` of line %u was closed in line %u",
				       statement_name(l, s), s->at.line, s->close.line);
}

/* Within a block that goes on below it, by its indentation. */
static void report_passed_over(struct lang *l, const struct conf_stmt *owner, struct conf_span at)
{
	l->surplus_floor = l->gathered.n;
	l->broken = true;
	diag_add(l->diags, DIAG_ERROR, "surplus-brace", at,
		 "this `}` is one too many and is passed over: what follows is read as part of `%s` of "
		 "line %u",
		 statement_name(l, owner), owner->at.line);
}

/* Whether an earlier block begins in the column of this `}`. */
static bool has_frame_at(const struct lang *l, int indent, struct conf_span at)
{
	for (unsigned i = l->frames.n; i-- > 0;) {
		const struct frame *f = &l->frames.v[i];

		if (f->owner && f->indent == indent && f->open.file == at.file)
			return true;
	}
	return false;
}

/* What a `}` is that does not stand below its block. Returns true when it has been dealt with. */
static bool recover_close(struct lang *l, struct conf_span at, int indent)
{
	struct frame *f = frame_top(l);
	int unopened;

	if (f && (indent < 0 || f->indent < 0 || f->indent == indent || f->open.file != at.file))
		return false;
	unopened = f && f->indent > indent ? -1 : find_unopened(l, f ? f->first : 0, indent);
	if (unopened >= 0) {
		close_unopened(l, (unsigned)unopened, at);
		return true;
	}
	if (!f || !l->trust)
		return false;
	if (f->indent > indent && has_frame_at(l, indent, at)) {
		while (frame_top(l)->indent != indent || !frame_top(l)->owner)
			frame_abandon(l, at);
		return false;
	}
	if (indent > f->indent && l->surplus && is_indented(l, f)) {
		l->surplus--;
		if (f->owner)
			report_passed_over(l, f->owner, at);
		else
			report_surplus(l, at);
		return true;
	}
	return false;
}

/* --- what the lines say --- */

static bool in_global_defs(const struct lang *l)
{
	const struct conf_stmt *owner = l->frames.n == 1 ? l->frames.v[0].owner : NULL;

	return owner && str_eq(owner->words.v[0].text, "global_defs");
}

void block_statement(struct lang *l, struct conf_stmt *s, int indent)
{
	vec_push(l->arena, &l->gathered, ((struct gathered){s, indent}));
	l->candidate = s;
	if (in_global_defs(l))
		include_check_statement(l, s);
}

static void report_stray(struct lang *l, struct conf_span at)
{
	struct frame *f = frame_top(l);

	l->broken = true;
	if (f)
		f->had_stray = true;
	diag_add(l->diags, DIAG_ERROR, "unexpected-brace", at, "this `{` has no keyword before it")
		->expected = "a keyword or an entry";
}

void block_open(struct lang *l, struct conf_span at)
{
	struct frame f = {.open = at, .indent = INDENT_NONE};
	bool deep = l->frames.n >= LANG_BLOCK_MAX;

	if (l->frames.n >= LANG_DEPTH_MAX * LANG_BLOCK_MAX) {
		diag_add(l->diags, DIAG_ERROR, "nested-too-deeply", at, "too many open blocks");
		l->stop = l->broken = true;
		return;
	}
	if (deep && l->frames.v[l->frames.n - 1].owner)
		diag_add(l->diags, DIAG_ERROR, "nested-too-deeply", at,
			 "blocks are nested more than %d deep", LANG_BLOCK_MAX);
	else if (!deep && !l->candidate)
		report_stray(l, at);
	if (!deep && l->candidate) {
		if (l->frames.n)
			check_open(l);
		f.owner = l->candidate;
		f.indent = l->gathered.v[l->gathered.n - 1].indent;
		f.owner->has_block = true;
		f.owner->open = at;
	}
	f.first = l->gathered.n;
	vec_push(l->arena, &l->frames, f);
	l->candidate = NULL;
}

void block_close(struct lang *l, struct conf_span at, int indent)
{
	struct frame *f = frame_top(l);

	l->candidate = NULL;
	if (l->recover) {
		if (recover_close(l, at, indent))
			return;
	} else if (f && indent >= 0 && f->indent >= 0) {
		l->aligned += f->indent == indent;
		l->misaligned += f->indent != indent;
	}
	if (l->frames.n) {
		frame_close(l, at);
		return;
	}
	l->surplus += !l->recover;
	report_surplus(l, at);
}

void block_finish(struct lang *l, struct conf_tree *t)
{
	while (l->frames.n)
		frame_abandon(l, (struct conf_span){0});
	t->top.v = l->gathered.n ? arena_alloc(l->arena, l->gathered.n * sizeof(*t->top.v)) : NULL;
	for (unsigned i = 0; i < l->gathered.n; i++)
		t->top.v[i] = l->gathered.v[i].stmt;
	t->top.n = t->top.cap = l->gathered.n;
}
