/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the words of one row, read into a field of an object and written back. One pair of
 * functions per type of row, and one table of all that types differ in. A word that can't be used
 * is reported and the field keeps its value. Numbers and times: value_number.c.
 *
 * Must not know: statements, blocks (bind.c, print.c).
 */
#include "conf/value.h"

#define SWITCH_WORDS "on, true, yes, off, false or no"

/* ---- cursor ---- */

const struct conf_word *cursor_peek(const struct cursor *c)
{
	return c->next < c->stmt->words.n ? &c->stmt->words.v[c->next] : NULL;
}

const struct conf_word *cursor_take(struct cursor *c)
{
	return c->next < c->stmt->words.n ? &c->stmt->words.v[c->next++] : NULL;
}

const struct conf_word *cursor_need(struct bind *b, struct cursor *c, const char *what)
{
	const struct conf_word *last = &c->stmt->words.v[c->next ? c->next - 1 : 0];

	if (!cursor_peek(c)) {
		diag_add(b->diags, DIAG_ERROR, "missing-word", last->at, "`%s` needs %s",
			 last->text, what)
			->class
			= DIAG_MISSING_WORD;
		return NULL;
	}
	return cursor_take(c);
}

bool word_split(struct arena *a, const struct conf_word *w, char at, struct conf_word *ret_first,
		struct conf_word *ret_second)
{
	const char *cut = strchr(w->text, at);

	*ret_first = *ret_second = *w;
	if (!cut)
		return false;
	ret_first->text = arena_copy(a, w->text, (size_t)(cut - w->text));
	ret_second->text = cut + 1;
	return true;
}

bool bind_bad_word(struct bind *b, const struct conf_word *w, const char *code,
		   const char *expected, const char *fmt)
{
	diag_add(b->diags, DIAG_ERROR, code, w->at, fmt, w->text)->expected = expected;
	return false;
}

bool value_bad_word(struct bind *b, const struct conf_word *w, const char *code,
		    const char *expected, const char *fmt)
{
	struct diag *d = diag_add(b->diags, DIAG_ERROR, code, w->at, fmt, w->text);

	d->expected = expected;
	if (w->text[0] == '$')
		d->hint = "that macro is not defined before this line";
	return false;
}

/* ---- switches ---- */

static bool parse_flag(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	if (row->parse)
		return row->parse(b, row, obj, c);
	*(bool *)row_field(row, obj) = true;
	return true;
}

static bool word_is_bool(const char *s, bool *ret)
{
	*ret = str_eq(s, "true") || str_eq(s, "on") || str_eq(s, "yes");
	return *ret || str_eq(s, "false") || str_eq(s, "off") || str_eq(s, "no");
}

static bool parse_bool(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_peek(c);
	bool v = true;

	if (w && !word_is_bool(w->text, &v) && row->flags & ROW_LOOSE) {
		v = true;
	} else if (w) {
		cursor_take(c);
		if (!word_is_bool(w->text, &v))
			return value_bad_word(b, w, "bad-switch", row_expected(row, b->a),
					      "`%s` is neither on nor off");
	}
	if (row->type == T_TRISTATE)
		*(uint8_t *)row_field(row, obj) = v ? TRI_ON : TRI_OFF;
	else
		*(bool *)row_field(row, obj) = v;
	return true;
}

static void print_bool(struct text *t, const struct row *row, const void *obj)
{
	const uint8_t *p = row_value(row, obj);

	text_add(t, (row->type == T_TRISTATE ? *p == TRI_ON : *p != 0) ? " on" : " off");
}

/* ---- words ---- */

static bool parse_string(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	const char **p = row_field(row, obj);
	size_t n = strlen(w->text);

	if (str_eq(w->text, "=") && !w->quoted && cursor_peek(c)) {
		value_bad_word(b, w, "bad-word", row_expected(row, b->a), "`%s` is no value");
		return false; /* with the hint of slips.c */
	}
	if (row->max && n > (size_t)row->max) {
		if (!(row->flags & ROW_TRUNCATE))
			return value_bad_word(b, w, "too-long", row_expected(row, b->a),
					      "`%s` is too long");
		diag_add(b->diags, DIAG_WARNING, "too-long", w->at,
			 "only the first %d characters of `%s` count", (int)row->max, w->text);
		*p = arena_copy(b->a, w->text, (size_t)row->max);
		return true;
	}
	*p = w->text;
	return true;
}

static void print_string(struct text *t, const struct row *row, const void *obj)
{
	const char *s = *(const char *const *)row_value(row, obj);

	if (s && !(row->flags & ROW_OPTIONAL && !*s && !row->bare))
		print_word(t, s);
}

static bool parse_enum(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	struct diag *d;

	for (const struct choice *ch = row->choices; ch->name; ch++)
		if (row->flags & ROW_NOCASE ? !strcasecmp(ch->name, w->text)
					    : str_eq(ch->name, w->text)) {
			*(uint8_t *)row_field(row, obj) = (uint8_t)ch->value;
			return true;
		}
	d = diag_add(b->diags, DIAG_ERROR, "bad-word", w->at, "`%s` is not possible here", w->text);
	d->expected = row_expected(row, b->a);
	d->hint = choice_hint(row->choices, w->text, b->a);
	return false;
}

static void print_enum(struct text *t, const struct row *row, const void *obj)
{
	const struct choice *ch =
		choice_valued(row->choices, *(const uint8_t *)row_value(row, obj));

	if (ch && *ch->name)
		print_word(t, ch->name);
}

/* ---- addresses ---- */

static bool family_fits(const struct row *row, const struct ip_addr *a)
{
	return !row->family || a->family == row->family;
}

static bool parse_ip(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	struct ip_addr a;

	if (!ip_parse(w->text, &a) || !family_fits(row, &a))
		return value_bad_word(b, w, "bad-address", row_expected(row, b->a),
				      "`%s` can't be used here");
	*(struct ip_addr *)row_field(row, obj) = a;
	return true;
}

static void print_ip(struct text *t, const struct row *row, const void *obj)
{
	char buf[IP_TEXT_MAX];

	text_char(t, ' ');
	text_add(t, ip_format(row_value(row, obj), buf));
}

static bool parse_prefix(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *w = cursor_take(c);
	struct conf_word ip, length;
	bool range, slash = word_split(b->a, w, '/', &ip, &length);
	struct ip_addr a;
	int64_t len;

	if (!ip_parse(ip.text, &a) || !family_fits(row, &a))
		return value_bad_word(b, w, "bad-address", row_expected(row, b->a),
				      "`%s` is not an address");
	len = ip_bits(&a);
	if (slash && (!value_read_number(length.text, false, &len, &range) || range || len < 0 ||
		      len > ip_bits(&a))) {
		value_bad_word(b, w, "bad-prefix",
			       arena_printf(b->a, "a prefix length from 0 to %u", ip_bits(&a)),
			       "`%s` has no usable prefix length, the full length is used");
		len = ip_bits(&a);
	}
	*(struct ip_addr *)row_field(row, obj) = a;
	*(uint8_t *)row_field2(row, obj) = (uint8_t)len;
	return true;
}

static void print_prefix(struct text *t, const struct row *row, const void *obj)
{
	print_ip(t, row, obj);
	text_char(t, '/');
	text_number(t, *(const uint8_t *)row_value2(row, obj));
}

/* ---- scripts and users ---- */

static bool parse_script(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct conf_word *first = cursor_peek(c);
	struct conf_script *s = arena_new_of(b->a, struct conf_script);
	const char *pieces[5] = {0};
	int n = 0;

	if (b->literal) {
		for (; n < 3 && c->next < c->stmt->words.n; n++)
			pieces[n] = cursor_take(c)->text;
	} else {
		n = conf_script_words(c->stmt->raw, b->a, pieces, ARRAY_SIZE(pieces));
		if (n < 2)
			return value_bad_word(b, first, "bad-script", NULL,
					      "the quotes of `%s` don't match");
		n--;
		memmove(pieces, pieces + 1, sizeof(pieces) - sizeof(pieces[0]));
		c->next = n > 3 ? c->stmt->words.n - 1 : c->stmt->words.n;
	}
	*s = (struct conf_script){.command = pieces[0], .at = first->at, .id = b->conf->commands.n};
	if (n > 1)
		s->user = pieces[1];
	if (n > 2) {
		s->supplementary = pieces[2][0] == ':';
		s->group = pieces[2] + s->supplementary;
	}
	if (conf_script_argv(s->command, b->a, &s->argv, &s->shell) < 1)
		return value_bad_word(b, first, "bad-script", NULL, "`%s` is not a command line");
	s->bash = s->shell && conf_script_is_bash(s->command);
	if (s->shell && b->judge)
		diag_add(b->diags, DIAG_NOTE, "shell", first->at,
			 s->bash
				 ? "the command has words of bash and is run through /bin/bash -c, "
				   "or /bin/sh if there is no bash"
				 : "the command has shell operators and is run through /bin/sh -c");
	vec_push(b->a, &b->conf->commands, s);
	*(struct conf_script **)row_field(row, obj) = s;
	return true;
}

static void print_script(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_script *s = *(struct conf_script *const *)row_value(row, obj);

	if (!s)
		return;
	print_word(t, s->command);
	if (s->user)
		print_word(t, s->user);
	if (s->user && s->group)
		print_word(t, s->supplementary ? arena_printf(t->a, ":%s", s->group) : s->group);
}

static bool parse_user(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const char **user = row_field(row, obj);
	const char **group = row_field2(row, obj);

	*(struct conf_span *)((char *)obj + row->offset3) = cursor_peek(c)->at;
	*user = cursor_take(c)->text;
	*group = cursor_peek(c) ? cursor_take(c)->text : NULL;
	return true;
}

static void print_user(struct text *t, const struct row *row, const void *obj)
{
	const char *group = *(const char *const *)row_value2(row, obj);

	print_string(t, row, obj);
	if (group)
		print_word(t, group);
}

/* ---- the rest of a line ---- */

static bool parse_words(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	string_vec *v = row_field(row, obj);

	if (!(row->flags & ROW_REPEAT))
		v->n = 0;
	while (cursor_peek(c))
		vec_push(b->a, v, cursor_take(c)->text);
	return true;
}

static void print_words(struct text *t, const struct row *row, const void *obj)
{
	const string_vec *v = row_value(row, obj);

	for (unsigned i = 0; i < v->n; i++)
		print_word(t, v->v[i]);
}

static bool parse_handler(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	return row->parse(b, row, obj, c);
}

static void print_handler(struct text *t, const struct row *row, const void *obj)
{
	row->print(t, row, obj);
}

void print_nothing(struct text *t, const struct row *row, const void *obj)
{
}

static const struct row_kind kinds[] = {
	[T_DOC] = {.usage = ""},
	[T_FLAG] = {parse_flag, print_nothing, .usage = "", .is_plain = true},
	[T_BOOL] = {parse_bool, print_bool, .usage = "[on|off]", .expected = SWITCH_WORDS,
		    .is_plain = true, .has_values = true},
	[T_TRISTATE] = {parse_bool, print_bool, .usage = "[on|off]", .expected = SWITCH_WORDS,
			.is_plain = true, .has_values = true},
	[T_NUMBER] = {value_parse_number, value_print_number, .needs_word = true, .usage = "N",
		      .is_plain = true, .has_values = true},
	[T_TIME] = {value_parse_time, value_print_time, .needs_word = true, .usage = "N",
		    .is_plain = true, .has_values = true},
	[T_STRING] = {parse_string, print_string, .needs_word = true},
	[T_ENUM] = {parse_enum, print_enum, .needs_word = true, .is_plain = true,
		    .has_values = true},
	[T_IP] = {parse_ip, print_ip, .needs_word = true, .usage = "IPADDR", .is_plain = true},
	[T_PREFIX] = {parse_prefix, print_prefix, .needs_word = true, .usage = "IPADDR[/LENGTH]",
		      .expected = "an address, with /LENGTH if need be"},
	[T_SCRIPT] = {parse_script, print_script, .needs_word = true, .expected = "a command"},
	[T_WEIGHT] = {value_parse_weight, value_print_weight, .needs_word = true,
		      .has_values = true},
	[T_USER] = {parse_user, print_user, .needs_word = true, .expected = "a user name"},
	[T_WORDS] = {parse_words, print_words, .needs_word = true, .expected = "a word"},
	[T_NUMBERS] = {value_parse_numbers, value_print_numbers, .needs_word = true,
		       .has_values = true},
	[T_LIST] = {.usage = "{ ... }", .is_block = true},
	[T_BLOCK] = {.usage = "{ ... }", .is_block = true},
	[T_ENTRIES] = {.usage = "{ ... }", .is_block = true},
	[T_INLINE] = {.is_block = true},
	[T_HANDLER] = {parse_handler, print_handler},
};

const struct row_kind *row_kind(const struct row *row)
{
	return &kinds[row->type];
}

/* A row without its optional word: its `bare` value, or what nothing means for the type. */
static bool parse_bare(struct bind *b, const struct row *row, void *obj, const struct cursor *c)
{
	struct conf_word word = {.text = row->bare ? row->bare : "", .at = c->stmt->at};
	struct conf_stmt stmt = {
		.words = {.v = &word, .n = 1, .cap = 1}, .raw = "", .at = c->stmt->at};
	struct cursor bare = {.stmt = &stmt};

	if (row->type == T_SCRIPT || row->type == T_WORDS || (!row->bare && row->type != T_STRING))
		return true;
	return row_kind(row)->parse(b, row, obj, &bare);
}

bool row_parse(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	const struct row_kind *kind = row_kind(row);

	if (!kind->parse)
		return true;
	if (kind->needs_word && !cursor_peek(c)) {
		if (row->flags & ROW_OPTIONAL)
			return parse_bare(b, row, obj, c);
		return cursor_need(b, c, row_expected(row, b->a)) != NULL;
	}
	return kind->parse(b, row, obj, c);
}

void row_print(struct text *t, const struct row *row, const void *obj)
{
	if (row_kind(row)->print)
		row_kind(row)->print(t, row, obj);
}

/* ---- what a row expects, in words ---- */

static const char *expected_choices(const struct row *row, struct arena *a)
{
	struct text t = {.a = a};

	for (const struct choice *ch = row->choices; ch->name; ch++)
		if (*ch->name)
			text_printf(&t, "%s%s", t.n ? ", " : "one of ", ch->name);
	return text_get(&t);
}

const char *row_expected(const struct row *row, struct arena *a)
{
	const char *fixed = row_kind(row)->expected;

	if (fixed)
		return fixed;
	if (row->type == T_NUMBER || row->type == T_WEIGHT || row->type == T_NUMBERS)
		return value_expected_number(row, a);
	if (row->type == T_TIME)
		return value_expected_time(row, a);
	if (row->type == T_ENUM)
		return expected_choices(row, a);
	if (row->type == T_IP)
		return row->family == IP_V4   ? "an IPv4 address"
		       : row->family == IP_V6 ? "an IPv6 address"
					      : "an IP address";
	if (row->type == T_STRING && row->max)
		return arena_printf(a, "a word of at most %d characters", (int)row->max);
	if (row->type == T_STRING)
		return row->flags & ROW_POSITIONAL ? "a name" : "a word";
	return row->args ? row->args : "a word";
}
