/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: reading and writing the keywords of global_defs whose words are more than one value. */
#include "conf/schema/global_words.h"

/* PATH [USER [GROUP]] */
bool parse_fifo(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_fifo *f = row_field(row, obj);
	const struct conf_word *path = cursor_need(b, c, "the path of a FIFO");

	if (!path)
		return false;
	f->path = path->text;
	if (cursor_peek(c))
		f->user = cursor_take(c)->text;
	if (cursor_peek(c))
		f->group = cursor_take(c)->text;
	return true;
}

void print_fifo(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_fifo *f = row_value(row, obj);

	print_word(t, f->path);
	if (f->user)
		print_word(t, f->user);
	if (f->user && f->group)
		print_word(t, f->group);
}

/* HOST [PORT] */
bool parse_smtp_server(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_global *g = obj;
	const struct conf_word *host = cursor_need(b, c, "a host name or address");
	int64_t port = 25;

	if (!host || (cursor_peek(c) && !bind_number(b, cursor_take(c), false, 1, 65535, &port)))
		return false;
	g->smtp_server = host->text;
	g->smtp_port = (uint16_t)port;
	return true;
}

void print_smtp_server(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_global *g = obj;

	print_word(t, g->smtp_server);
	text_printf(t, " %u", g->smtp_port);
}

/* [INCHAIN [OUTCHAIN]] */
bool parse_iptables(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_global *g = obj;
	const struct conf_word *w = cursor_peek(c);
	const char *chains[2] = {0};
	unsigned n = 0;

	for (; n < 2 && (w = cursor_take(c)); n++) {
		if (strlen(w->text) > 27)
			return bind_bad_word(b, w, "too-long", "a name of at most 27 characters",
					     "`%s` is too long for a chain");
		chains[n] = w->text;
	}
	if (n == 2 && str_eq(chains[0], chains[1])) {
		diag_add(b->diags, DIAG_ERROR, "same-chain", c->stmt->at, "the two chains must differ");
		return false;
	}
	g->iptables = true;
	g->iptables_in = n ? chains[0] : "INPUT";
	g->iptables_out = n ? chains[1] : "OUTPUT";
	return true;
}

void print_iptables(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_global *g = obj;

	print_word(t, g->iptables_in);
	if (g->iptables_out)
		print_word(t, g->iptables_out);
}

/* [allow_if_changes] */
bool parse_dynamic(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_global *g = obj;
	const struct conf_word *w = cursor_take(c);

	if (w && !str_eq(w->text, "allow_if_changes"))
		bind_bad_word(b, w, "bad-word", "allow_if_changes, or nothing",
			      "`%s` is not possible here");
	else if (w)
		g->allow_if_changes = true;
	g->dynamic_interfaces = true;
	return true;
}

void print_dynamic(struct text *t, const struct row *row, const void *obj)
{
	if (((const struct conf_global *)obj)->allow_if_changes)
		text_add(t, " allow_if_changes");
}

/* MTU | ADVERT | BYTES */
bool parse_rx_policy(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_global *g = obj;
	const struct conf_word *w = cursor_need(b, c, "MTU, ADVERT or a number of bytes");
	int64_t n;

	if (!w)
		return false;
	if (!strcasecmp(w->text, "MTU") || !strcasecmp(w->text, "ADVERT")) {
		g->rx_bufs_policy = strcasecmp(w->text, "MTU") ? 2 : 1;
		return true;
	}
	if (!bind_number(b, w, false, 0, UINT32_MAX, &n))
		return false;
	g->rx_bufs_policy = 3;
	g->rx_bufs_size = (uint32_t)n;
	return true;
}

void print_rx_policy(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_global *g = obj;

	if (g->rx_bufs_policy == 3)
		text_printf(t, " %u", g->rx_bufs_size);
	else
		text_add(t, g->rx_bufs_policy == 1 ? " MTU" : " ADVERT");
}

const struct choice umask_bits[] = {
	{"IRUSR", 0400, "Masks read permission of the owner."},
	{"IWUSR", 0200, "Masks write permission of the owner."},
	{"IXUSR", 0100, "Masks execute permission of the owner."},
	{"IRWXU", 0700, "Masks all permissions of the owner."},
	{"IRGRP", 0040, "Masks read permission of the group."},
	{"IWGRP", 0020, "Masks write permission of the group."},
	{"IXGRP", 0010, "Masks execute permission of the group."},
	{"IRWXG", 0070, "Masks all permissions of the group."},
	{"IROTH", 0004, "Masks read permission of others."},
	{"IWOTH", 0002, "Masks write permission of others."},
	{"IXOTH", 0001, "Masks execute permission of others."},
	{"IRWXO", 0007, "Masks all permissions of others."},
	{0},
};

/* One name between bars; 0 when it is none. */
static uint32_t umask_bit(const char *s, size_t n)
{
	while (n && *s == ' ')
		s++, n--;
	while (n && s[n - 1] == ' ')
		n--;
	for (const struct choice *ch = umask_bits; ch->name; ch++)
		if (strlen(ch->name) == n && !strncmp(ch->name, s, n))
			return (uint32_t)ch->value;
	return 0;
}

/* Bits joined by |, over all remaining words. */
bool parse_umask(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_global *g = obj;
	const struct conf_word *w = cursor_need(b, c, "a number from 0 to 0777 or names of bits");
	uint32_t mask = 0;
	int64_t n;

	if (!w)
		return false;
	if (strchr("0123456789", w->text[0])) {
		if (!bind_number(b, w, true, 0, 0777, &n))
			return false;
		g->umask = (uint32_t)n;
		return true;
	}
	for (; w; w = cursor_take(c))
		for (const char *s = w->text; *s;) {
			size_t len = strcspn(s, "|");
			uint32_t bit = umask_bit(s, len);

			if (len && !bit) {
				diag_add(b->diags, DIAG_ERROR, "bad-word", w->at,
					 "`%s` is no name of a permission bit", w->text)
					->expected = "IRUSR, IWUSR and so on, joined by |";
				return false;
			}
			mask |= bit;
			s += len + (s[len] == '|');
		}
	g->umask = mask;
	return true;
}

void print_umask(struct text *t, const struct row *row, const void *obj)
{
	text_printf(t, " 0%o", ((const struct conf_global *)obj)->umask);
}

const struct choice include_checks[] = {
	{"read", 1, "A match that can't be read, is no plain file or is executable is an error."},
	{"match", 2, "A named file that is missing is an error."},
	{"wildcard_match", 4, "A pattern without a match is an error."},
	{"brace_match", 8, "A part of a brace pattern without a match is an error."},
	{0},
};

#define INCLUDE_CHECK_ALL 15

/* The tree stage has obeyed it already: here it is only checked and kept for printing. */
bool parse_include_check(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_global *g = obj;
	const struct conf_word *w;
	uint8_t checks = 0;

	if (!cursor_peek(c))
		checks = INCLUDE_CHECK_ALL;
	while ((w = cursor_take(c))) {
		const char *s = w->text + (*w->text == '+' || *w->text == '-');
		const struct choice *ch = choice_named(include_checks, s);

		if (!ch) {
			bind_bad_word(b, w, "bad-word",
				      "read, match, wildcard_match, brace_match with + or -",
				      "`%s` is no check");
			continue;
		}
		if (*w->text == '-')
			checks &= (uint8_t)~ch->value;
		else
			checks |= (uint8_t)(ch->value | (*w->text == '+' ? 0 : 1));
	}
	*(uint8_t *)row_field(row, g) = checks;
	return true;
}

void print_include_check(struct text *t, const struct row *row, const void *obj)
{
	uint8_t checks = *(const uint8_t *)row_value(row, obj);

	if (checks == INCLUDE_CHECK_ALL)
		return;
	if (!checks)
		text_add(t, " -read");
	for (const struct choice *ch = include_checks; ch->name; ch++)
		if (checks & ch->value)
			text_printf(t, " +%s", ch->name);
}
