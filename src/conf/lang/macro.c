/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: macro definitions, the predefined macros, and expansion with its bounds. Every byte of an
 * expanded line remembers which bytes of the file produced it. Reference: config-language,
 * section 7.
 * Must not know: where lines come from, what happens to the result.
 *
 * Expansion goes over the line again and again until nothing changes, because a name may itself
 * be put together: ${VIP_${N}}.
 */
#include <string.h>

#include "base/str.h"
#include "conf/lang/lang.h"

#define PARAMETERS_MAX 4

/* A parsed `$NAME`, `${NAME}` or `${NAME parameter...}`. */
struct reference {
	const char *name;
	size_t name_len;
	size_t total; /* bytes of the whole */
	struct conf_span at;
	bool braced;
	unsigned n; /* parameters; more than PARAMETERS_MAX are counted only */
	struct {
		const char *text;
		size_t len;
	} parameter[PARAMETERS_MAX];
};

static const char *const predefined_names[] = {"_PWD", "_INSTANCE", "_RANDOM",
					       "_ENV", "_HASH",	    "_BANG"};

bool macro_is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
	return macro_is_name_start(c) || (c >= '0' && c <= '9');
}

size_t macro_name_len(const char *text, size_t len)
{
	size_t n = 0;

	if (!len || !macro_is_name_start(text[0]))
		return 0;
	while (n < len && is_name(text[n]))
		n++;
	return n;
}

size_t macro_is_definition(const char *text, size_t len)
{
	size_t n;

	if (len < 3 || text[0] != '$')
		return 0;
	n = macro_name_len(text + 1, len - 1);
	return n && n + 1 < len && text[n + 1] == '=' ? n + 2 : 0;
}

/* FNV-1a */
static uint32_t name_hash(const char *name, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h;
}

/* The slot of a name, or the free slot where it belongs. */
static struct macro *slot_of(struct macro *table, unsigned cap, const char *name, size_t len,
			     uint32_t hash)
{
	unsigned i = hash & (cap - 1);

	while (table[i].name && (table[i].hash != hash || table[i].name_len != len ||
				 memcmp(table[i].name, name, len) != 0))
		i = (i + 1) & (cap - 1);
	return &table[i];
}

static const struct macro *macro_find(const struct lang *l, const char *name, size_t len)
{
	const struct macro *m;

	if (!l->macros_n)
		return NULL;
	m = slot_of(l->macros, l->macros_cap, name, len, name_hash(name, len));
	return m->name ? m : NULL;
}

static void table_grow(struct lang *l)
{
	unsigned cap = l->macros_cap ? l->macros_cap * 2 : 64;
	struct macro *table = arena_alloc(l->arena, cap * sizeof(*table));

	for (unsigned i = 0; i < l->macros_cap; i++) {
		struct macro *m = &l->macros[i];

		if (m->name)
			*slot_of(table, cap, m->name, m->name_len, m->hash) = *m;
	}
	l->macros = table;
	l->macros_cap = cap;
}

static struct macro *macro_define(struct lang *l, const char *name, size_t len)
{
	uint32_t hash = name_hash(name, len);
	struct macro *m;

	if (l->macros_n * 2 >= l->macros_cap)
		table_grow(l);
	m = slot_of(l->macros, l->macros_cap, name, len, hash);
	if (!m->name) {
		m->name = arena_copy(l->arena, name, len);
		m->name_len = (uint32_t)len;
		m->hash = hash;
		l->macros_n++;
	}
	return m;
}

void macro_set(struct lang *l, const char *name, size_t name_len, const char *value, size_t len)
{
	struct macro *m = macro_define(l, name, name_len);

	m->value = arena_copy(l->arena, value, len);
	m->value_len = len;
}

void macro_set_lines(struct lang *l, const struct definition *def)
{
	struct macro *m;

	if (def->lines.n < 2) {
		const char *one = def->lines.n ? def->lines.v[0] : "";

		macro_set(l, def->name, def->name_len, one, strlen(one));
		return;
	}
	m = macro_define(l, def->name, def->name_len);
	m->value = NULL;
	m->lines.v = def->lines.v;
	m->lines.n = def->lines.n;
}

struct scratch *scratch_of(struct lang *l, unsigned which)
{
	struct scratch *s = &l->scratch[l->depth][which];

	if (!s->cap) {
		s->cap = 256;
		s->text = arena_alloc(l->arena, s->cap);
		s->map = arena_alloc(l->arena, s->cap * sizeof(*s->map));
	}
	return s;
}

static bool scratch_reserve(struct lang *l, struct scratch *s, size_t more)
{
	size_t cap = s->cap;
	char *text;
	struct origin *map;

	if (s->len + more > LANG_EXPANDED_MAX)
		return false;
	if (s->len + more <= cap)
		return true;
	while (cap < s->len + more)
		cap *= 2;
	text = arena_alloc(l->arena, cap);
	map = arena_alloc(l->arena, cap * sizeof(*map));
	memcpy(text, s->text, s->len);
	memcpy(map, s->map, s->len * sizeof(*map));
	*s = (struct scratch){.text = text, .map = map, .len = s->len, .cap = cap};
	return true;
}

bool scratch_add(struct lang *l, struct scratch *s, const char *text, size_t len,
		 const struct origin *map, struct origin one)
{
	if (!scratch_reserve(l, s, len))
		return false;
	if (len)
		memcpy(s->text + s->len, text, len);
	for (size_t i = 0; i < len; i++)
		s->map[s->len + i] = map ? map[i] : one;
	s->len += len;
	return true;
}

/* Bytes of a piece, which stand in the file when it has no map. */
static bool scratch_add_piece(struct lang *l, struct scratch *s, const struct piece *p, size_t from,
			      size_t to)
{
	size_t at = s->len;

	if (!scratch_add(l, s, p->text + from, to - from, p->map ? p->map + from : NULL,
			 (struct origin){0}))
		return false;
	for (size_t i = from; !p->map && i < to; i++)
		s->map[at++].col = piece_span(p, i, i + 1).col;
	return true;
}

/* `${NAME parameters}`: one or more blanks before each parameter, none before the brace. */
static bool parse_parameters(const char *text, size_t len, size_t i, struct reference *r)
{
	while (i < len && text[i] != '}') {
		size_t from;

		if (text[i] != ' ' && text[i] != '\t')
			return false;
		while (i < len && (text[i] == ' ' || text[i] == '\t'))
			i++;
		from = i;
		while (i < len && is_name(text[i]))
			i++;
		if (i == from)
			return false;
		if (r->n < PARAMETERS_MAX) {
			r->parameter[r->n].text = text + from;
			r->parameter[r->n].len = i - from;
		}
		r->n++;
	}
	r->total = i + 1;
	return i < len;
}

static bool parse_reference(const char *text, size_t len, struct reference *ret)
{
	struct reference r = {.braced = len > 1 && text[1] == '{'};
	size_t i = r.braced ? 2 : 1;

	r.name = text + i;
	r.name_len = i < len ? macro_name_len(r.name, len - i) : 0;
	if (!r.name_len)
		return false;
	i += r.name_len;
	if (r.braced) {
		if (!parse_parameters(text, len, i, &r))
			return false;
	} else {
		if (i < len && !is_blank(text[i]) && text[i] != ',' && text[i] != ')')
			return false;
		r.total = i;
	}
	*ret = r;
	return true;
}

static bool name_is(const struct reference *r, const char *name)
{
	return r->name_len == strlen(name) && memcmp(r->name, name, r->name_len) == 0;
}

/* A non-negative decimal number of 32 bits. */
static bool parse_number(const char *text, size_t len, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text[i] - '0');
		if (v > UINT32_MAX)
			return false;
	}
	*ret = v;
	return len > 0;
}

static const char *expand_random(struct lang *l, const struct reference *r)
{
	uint64_t min = 0, max = 32767, v = 0;

	if (r->n > 2 ||
	    (r->n > 0 && !parse_number(r->parameter[0].text, r->parameter[0].len, &min)) ||
	    (r->n > 1 && !parse_number(r->parameter[1].text, r->parameter[1].len, &max)))
		return NULL;
	if (min > max) {
		diag_add(l->diags, DIAG_ERROR, "bad-random", r->at,
			 "minimum %llu is greater than maximum %llu", (unsigned long long)min,
			 (unsigned long long)max)
			->expected = "${_RANDOM minimum maximum}";
		max = min;
	}
	if (l->host->random)
		v = l->host->random(l->host->ctx, false, 0);
	return arena_printf(l->arena, "%llu", (unsigned long long)(min + v % (max - min + 1)));
}

static const char *expand_env(struct lang *l, const struct reference *r)
{
	const char *v = NULL;

	if (r->n != 1)
		return NULL;
	if (l->host->getenv)
		v = l->host->getenv(l->host->ctx, arena_copy(l->arena, r->parameter[0].text,
							     r->parameter[0].len));
	return v ? v : "";
}

static const char *expand_pwd(struct lang *l)
{
	struct lang_file *f = l->file;

	if (!f->pwd && l->host->real_path)
		f->pwd = l->host->real_path(l->host->ctx, f->dir, l->arena);
	return f->pwd ? f->pwd : f->dir;
}

/* Value of a predefined macro; NULL when it is none or is used wrongly. */
static const char *expand_predefined(struct lang *l, const struct reference *r)
{
	if (r->name[0] != '_')
		return NULL;
	if (name_is(r, "_RANDOM"))
		return expand_random(l, r);
	if (name_is(r, "_ENV"))
		return expand_env(l, r);
	if (r->n)
		return NULL;
	if (name_is(r, "_PWD"))
		return expand_pwd(l);
	if (name_is(r, "_INSTANCE"))
		return l->host->config_id ? l->host->config_id : "";
	if (name_is(r, "_HASH"))
		return "#";
	return name_is(r, "_BANG") ? "!" : NULL;
}

/* Value of a reference and its length; NULL when it stays as it is. */
static const char *reference_value(struct lang *l, const struct reference *r, size_t *ret_len)
{
	const struct macro *m = macro_find(l, r->name, r->name_len);
	const char *v;

	if (m && !r->n) {
		*ret_len = m->value_len;
		return m->value;
	}
	v = expand_predefined(l, r);
	if (v)
		*ret_len = strlen(v);
	return v;
}

static enum expansion too_long(struct lang *l, const struct reference *r)
{
	diag_add(l->diags, DIAG_ERROR, "macro-too-long", r->at,
		 "macro `%.*s` makes this line longer than %zu characters", (int)r->name_len,
		 r->name, LANG_EXPANDED_MAX);
	return EXPANSION_FAILED;
}

/* Goes over the line once. *ret_last: the last reference that was expanded. */
static enum expansion expand_once(struct lang *l, const struct piece *p, struct scratch *s,
				  struct reference *ret_last)
{
	enum expansion e = EXPANSION_NONE;
	size_t done = 0, i = 0, len;

	s->len = 0;
	while (i < p->len) {
		const char *dollar = memchr(p->text + i, '$', p->len - i), *value;
		struct reference r;

		if (!dollar)
			break;
		i = (size_t)(dollar - p->text);
		if (!parse_reference(dollar, p->len - i, &r)) {
			i++;
			continue;
		}
		r.at = piece_span(p, i, i + r.total);
		value = reference_value(l, &r, &len);
		if (!value) {
			i++;
			continue;
		}
		if (!scratch_add_piece(l, s, p, done, i) ||
		    !scratch_add(l, s, value, len, NULL,
				 (struct origin){.col = r.at.col, .len = r.at.len}))
			return too_long(l, &r);
		done = i += r.total;
		*ret_last = r;
		e = EXPANSION_DONE;
	}
	if (e == EXPANSION_DONE && !scratch_add_piece(l, s, p, done, p->len))
		return too_long(l, ret_last);
	return e;
}

/* The macro of several lines whose reference ends the text, which is cut off. */
static const struct macro *cut_lines(struct lang *l, struct piece *p, struct origin *ret_use)
{
	const char *dollar = p->len ? memrchr(p->text, '$', p->len) : NULL;
	size_t from = dollar ? (size_t)(dollar - p->text) : 0;
	const struct macro *m;
	struct reference r;
	struct conf_span at;

	if (!dollar || !parse_reference(dollar, p->len - from, &r) || from + r.total != p->len ||
	    r.n)
		return NULL;
	m = macro_find(l, r.name, r.name_len);
	if (!m || m->value)
		return NULL;
	at = piece_span(p, from, p->len);
	*ret_use = (struct origin){.col = at.col, .len = at.len};
	p->len = from;
	return m;
}

static void piece_from_scratch(struct piece *p, const struct scratch *s)
{
	p->text = s->text;
	p->len = s->len;
	p->map = s->map;
	p->cut = p->raw = NULL;
}

enum expansion macro_expand(struct lang *l, const struct piece *in, struct piece *ret,
			    const struct macro **ret_lines, struct origin *ret_use)
{
	struct reference last = {0};
	struct piece p = *in;
	unsigned passes = 0, which = 0;

	for (; passes < LANG_PASSES_MAX; passes++, which ^= 1) {
		struct scratch *s = scratch_of(l, which);
		enum expansion e = expand_once(l, &p, s, &last);

		if (e == EXPANSION_FAILED)
			return e;
		if (e == EXPANSION_NONE)
			break;
		piece_from_scratch(&p, s);
		l->work += p.len;
	}
	if (passes == LANG_PASSES_MAX) {
		diag_add(l->diags, DIAG_ERROR, "macro-recursion", last.at,
			 "macro `%.*s` never ends: its value leads back to itself",
			 (int)last.name_len, last.name);
		return EXPANSION_FAILED;
	}
	*ret_lines = cut_lines(l, &p, ret_use);
	if (!passes && !*ret_lines)
		return EXPANSION_NONE;
	if (!passes) {
		struct scratch *s = scratch_of(l, 0);

		s->len = 0;
		if (!scratch_add_piece(l, s, &p, 0, p.len))
			return EXPANSION_NONE;
		piece_from_scratch(&p, s);
	}
	p.expanded = true;
	*ret = p;
	return EXPANSION_DONE;
}

size_t macro_left(struct lang *l, const char *text, size_t len)
{
	const struct macro *m;
	struct reference r;

	if (!parse_reference(text, len, &r))
		return 0;
	m = macro_find(l, r.name, r.name_len);
	return m && !m->value ? r.total : 0;
}

static const char *macro_hint(struct lang *l, const struct reference *r)
{
	VEC(const char *) names = {0};

	for (unsigned i = 0; i < l->macros_cap; i++) {
		if (l->macros[i].name)
			vec_push(l->arena, &names, l->macros[i].name);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(predefined_names); i++)
		vec_push(l->arena, &names, predefined_names[i]);
	return diag_nearest_hint(l->diags->arena, arena_copy(l->arena, r->name, r->name_len), names.v,
				 names.n);
}

void macro_explain(struct lang *l, const char *ref, size_t len, struct conf_span at)
{
	struct reference r;
	const struct macro *m;

	if (!parse_reference(ref, len, &r)) {
		diag_add(l->diags, DIAG_ERROR, "bad-macro", at, "`%.*s` is not a macro reference",
			 (int)(len < 60 ? len : 60), ref)
			->expected = "${NAME} of letters, digits and underscores";
		return;
	}
	m = macro_find(l, r.name, r.name_len);
	if (m && !r.n) {
		diag_add(l->diags, DIAG_ERROR, "macro-not-last", at,
			 "macro `%s` has several lines, nothing may follow it in its line",
			 m->name);
		return;
	}
	if (name_is(&r, "_RANDOM") || name_is(&r, "_ENV")) {
		diag_add(l->diags, DIAG_ERROR, "bad-macro", at, "`%.*s` is used wrongly",
			 (int)r.name_len, r.name)
			->expected =
			name_is(&r, "_ENV") ? "${_ENV NAME}"
					    : "${_RANDOM [minimum [maximum]]} with decimal numbers";
		return;
	}
	if (m || name_is(&r, "_PWD") || name_is(&r, "_INSTANCE") || name_is(&r, "_HASH") ||
	    name_is(&r, "_BANG")) {
		diag_add(l->diags, DIAG_ERROR, "bad-macro", at, "`%.*s` takes no parameters",
			 (int)r.name_len, r.name);
		return;
	}
	diag_add(l->diags, DIAG_ERROR, "undefined-macro", at, "macro `%.*s` is not defined",
		 (int)r.name_len, r.name)
		->hint = macro_hint(l, &r);
}
