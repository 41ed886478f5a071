/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: holdfast.conf(5) in mdoc(7), written from the schema: each block with its rows, their
 * words, defaults and effect. What is no row (the language itself) is text here. Must not know any
 * keyword.
 */
#include "conf/man.h"

#include "conf/schema.h"

struct man {
	struct text t;
	VEC(const struct block *) done; /* every block once, though several rows may use it */
};

static const char intro[] =
	".Dd $Mdocdate$\n"
	".Dt HOLDFAST.CONF 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm holdfast.conf\n"
	".Nd configuration of holdfast\n"
	".Sh DESCRIPTION\n"
	"The file has the language and the keywords of\n"
	".Xr keepalived.conf 5 .\n"
	"It is read from\n"
	".Pa /etc/holdfast/holdfast.conf ,\n"
	"or else from\n"
	".Pa /etc/keepalived/keepalived.conf .\n"
	".Pp\n"
	"A statement is a keyword and its words on one line.\n"
	"A block is a statement that ends with an opening brace, and goes on to the closing one.\n"
	"Comments begin with\n"
	".Ql #\n"
	"or\n"
	".Ql \\&!\n"
	"and end with the line.\n"
	"A word in double quotes may hold blanks.\n"
	".Pp\n"
	"A line\n"
	".Ql include PATTERN\n"
	"reads the files that match.\n"
	"A line that begins with\n"
	".Ql @ID\n"
	"counts only when the configuration id (option\n"
	".Fl -config-id ,\n"
	"else the host name) is\n"
	".Ar ID ,\n"
	"with\n"
	".Ql @^ID\n"
	"only when it is not.\n"
	".Ql $NAME=TEXT\n"
	"at the start of a line defines\n"
	".Ql $NAME\n"
	"or\n"
	".Ql ${NAME} .\n"
	".Pp\n"
	".Ql holdfast check FILE\n"
	"judges a file,\n"
	".Ql holdfast explain KEYWORD\n"
	"prints the entries below.\n"
	".Sh KEYWORDS\n"
	"Times are in seconds and may have a fraction unless said otherwise.\n";

static const char outro[] =
	".Sh FILES\n"
	".Pa /etc/holdfast/holdfast.conf ,\n"
	".Pa /etc/keepalived/keepalived.conf\n"
	".Sh SEE ALSO\n"
	".Xr holdfast 8\n";

/* Text that no formatter takes for a request or an escape. */
static void man_text(struct man *m, const char *s)
{
	if (*s == '.' || *s == '\'')
		text_add(&m->t, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			text_add(&m->t, "\\e");
		else if (*s == '\n')
			text_add(&m->t, "\n\\&");
		else
			text_char(&m->t, *s);
	}
}

/* A word on a macro's line: never taken for a macro or a delimiter. */
static void man_word(struct man *m, const char *s)
{
	text_add(&m->t, " \\&");
	for (; *s; s++) {
		if (*s == '\\')
			text_add(&m->t, "\\e");
		else if (*s == '"')
			text_add(&m->t, "\\(dq");
		else if (*s == ' ')
			text_add(&m->t, "\\ ");
		else
			text_char(&m->t, *s);
	}
}

static void man_sentence(struct man *m, const char *head, const char *s)
{
	if (!s || !*s)
		return;
	text_add(&m->t, head);
	man_text(m, s);
	text_add(&m->t, ".\n");
}

static void man_effect(struct man *m, const struct block *blk, const struct row *row)
{
	enum row_effect effect = row_effect(row, blk);

	if (effect == ACCEPTED)
		text_add(&m->t, "Accepted, but without effect in this version.\n");
	else if (effect == NOOP)
		text_add(&m->t, "Accepted for compatibility; means nothing.\n");
}

static void man_choices(struct man *m, const struct row *row)
{
	bool first = true;

	if (row->type != T_ENUM || !row->choices)
		return;
	text_add(&m->t, "One of");
	for (const struct choice *c = row->choices; c->name; c++) {
		if (!*c->name) /* the keyword alone */
			continue;
		text_add(&m->t, first ? " " : ", ");
		first = false;
		man_text(m, c->name);
	}
	text_add(&m->t, ".\n");
}

static void man_row(struct man *m, const struct block *blk, const struct row *row)
{
	const char *args = row->args;

	if (row->refused)
		return;
	if (!args && !row->sub && row->type != T_FLAG && row->type != T_DOC && !(row->flags & ROW_POSITIONAL))
		args = row_expected(row, m->t.a);
	text_add(&m->t, row->flags & ROW_POSITIONAL ? ".It Ar" : ".It Ic");
	man_word(m, row->name);
	if (args && *args) {
		text_add(&m->t, " Ar");
		man_word(m, args);
	}
	text_char(&m->t, '\n');
	if (row->help)
		man_text(m, row->help);
	text_char(&m->t, '\n');
	man_choices(m, row);
	man_sentence(m, "Default: ", row->dflt_text ? row->dflt_text : row->dflt);
	man_sentence(m, "Also written: ", row->aliases);
	man_sentence(m, "Old: ", row->obsolete);
	if (row->ours || blk->ours)
		text_add(&m->t, "Not a keyword of keepalived.\n");
	man_effect(m, blk, row);
}

static bool man_is_done(struct man *m, const struct block *blk)
{
	for (unsigned i = 0; i < m->done.n; i++)
		if (m->done.v[i] == blk)
			return true;
	vec_push(m->t.a, &m->done, blk);
	return false;
}

static void man_heading(struct man *m, const struct block *blk, const char *name)
{
	text_add(&m->t, ".Ss");
	man_word(m, blk->contexts && *blk->contexts ? blk->contexts : name);
	text_char(&m->t, '\n');
	if (blk->help)
		man_text(m, blk->help);
	text_add(&m->t, "\n");
}

/* A block and, after it, the blocks inside. */
static void man_block(struct man *m, const struct block *blk, const char *name)
{
	unsigned n = block_rows(blk);

	if (man_is_done(m, blk))
		return;
	man_heading(m, blk, name);
	text_add(&m->t, ".Bl -tag -width Ds\n");
	for (unsigned i = 0; i < n; i++)
		man_row(m, blk, block_row(blk, i));
	text_add(&m->t, ".El\n");
	for (unsigned i = 0; i < n; i++)
		if (block_row(blk, i)->sub)
			man_block(m, block_row(blk, i)->sub, block_row(blk, i)->name);
}

char *conf_man_page(struct arena *a, size_t *ret_len)
{
	struct man m = {.t = {.a = a}};
	unsigned n = block_rows(&schema_top);

	text_add(&m.t, intro);
	for (unsigned i = 0; i < n; i++) {
		const struct row *row = block_row(&schema_top, i);

		if (row->sub)
			man_block(&m, row->sub, row->name);
	}
	text_add(&m.t, outro);
	*ret_len = m.t.n;
	return (char *)text_get(&m.t);
}
