/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: PCRE2: options of the configuration to those of the library, and matching across pieces.
 * Until the stream ends, a match that touched the end of what is there counts as partial
 * (PCRE2_PARTIAL_HARD): its beginning is kept and tried again with more. What lookbehinds may want
 * to see before it (and two bytes at least, for ^ and CR LF) is kept too. A window that is full is
 * searched as it is; when that finds nothing, the search gives up and says so, because neither
 * "found" nor "not found" would be true.
 * Patterns are the operator's, the stream is a stranger's: steps are limited, so that no reply can
 * make a match run for long.
 * Must not know: HTTP.
 */
#include "core/check/search.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/str.h"

#define MATCH_STEPS_MAX 200000
#define MATCH_HEAP_KIB 1024
/* A larger window is searched again only when this part of it (1/n) is new. */
#define RESCAN_SMALL 512
#define RESCAN_PART 8

struct search_pattern {
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	const char *error;
	size_t keep; /* bytes before a match that it may look at */
	bool utf, first_line;
	uint32_t min_offset, max_offset;
};

/* Indexed by bit of enum conf_regex_option. */
static const uint32_t library_options[] = {
	PCRE2_ALLOW_EMPTY_CLASS, PCRE2_ALT_BSUX,
	PCRE2_AUTO_CALLOUT,	 PCRE2_CASELESS,
	PCRE2_DOLLAR_ENDONLY,	 PCRE2_DOTALL,
	PCRE2_DUPNAMES,		 PCRE2_EXTENDED,
	PCRE2_FIRSTLINE,	 PCRE2_MATCH_UNSET_BACKREF,
	PCRE2_MULTILINE,	 PCRE2_NEVER_UCP,
	PCRE2_NEVER_UTF,	 PCRE2_NO_AUTO_CAPTURE,
	PCRE2_NO_AUTO_POSSESS,	 PCRE2_NO_DOTSTAR_ANCHOR,
	PCRE2_NO_START_OPTIMIZE, PCRE2_UCP,
	PCRE2_UNGREEDY,		 PCRE2_UTF,
	PCRE2_NEVER_BACKSLASH_C, PCRE2_ALT_CIRCUMFLEX,
	PCRE2_ALT_VERBNAMES,	 PCRE2_USE_OFFSET_LIMIT,
};

static uint32_t compile_options(const struct conf_url *url)
{
	uint32_t options = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(library_options); i++) {
		if (url->regex_options >> i & 1)
			options |= library_options[i];
	}
	if (options & PCRE2_UTF)
		options |= PCRE2_MATCH_INVALID_UTF; /* the page need not be what we hope */
	if (url->regex_max_offset != UINT32_MAX)
		options |= PCRE2_USE_OFFSET_LIMIT;
	return options;
}

static void set_limits(struct search_pattern *p, const struct conf_url *url)
{
	p->context = pcre2_match_context_create(NULL);
	if (!p->context)
		return;
	pcre2_set_match_limit(p->context, MATCH_STEPS_MAX);
	pcre2_set_heap_limit(p->context, MATCH_HEAP_KIB);
	if (!url->regex_stack_max)
		return;
	p->stack = pcre2_jit_stack_create(url->regex_stack_start, url->regex_stack_max, NULL);
	if (p->stack)
		pcre2_jit_stack_assign(p->context, NULL, p->stack);
}

static pcre2_code *compile(const struct conf_url *url, int *ret_error, size_t *ret_offset)
{
	return pcre2_compile((PCRE2_SPTR)url->regex, PCRE2_ZERO_TERMINATED, compile_options(url),
			     ret_error, ret_offset, NULL);
}

bool search_pattern_check(const struct conf_url *url, char *text, size_t size, size_t *ret_offset)
{
	int error = 0;
	pcre2_code *code = compile(url, &error, ret_offset);

	if (!code)
		pcre2_get_error_message(error, (PCRE2_UCHAR *)text, size);
	pcre2_code_free(code);
	return code != NULL;
}

static const char *compile_error(int code, size_t offset, struct arena *a)
{
	PCRE2_UCHAR text[128] = "";

	pcre2_get_error_message(code, text, sizeof(text));
	return arena_printf(a, "the regex does not compile: %s at offset %zu", (char *)text,
			    offset);
}

struct search_pattern *search_pattern_new(const struct conf_url *url, struct arena *a)
{
	struct search_pattern *p;
	uint32_t options = 0, behind = 0;
	size_t offset = 0;
	int error = 0;

	if (!url->regex)
		return NULL;
	p = arena_new_of(a, struct search_pattern);
	p->min_offset = url->regex_min_offset;
	p->max_offset = url->regex_max_offset;
	p->code = compile(url, &error, &offset);
	if (!p->code) {
		p->error = compile_error(error, offset, a);
		return p;
	}
	/* The pattern itself may have said (*UTF). */
	pcre2_pattern_info(p->code, PCRE2_INFO_ALLOPTIONS, &options);
	p->utf = options & PCRE2_UTF;
	p->first_line = options & PCRE2_FIRSTLINE;
	pcre2_pattern_info(p->code, PCRE2_INFO_MAXLOOKBEHIND, &behind);
	p->keep = behind < 2 ? 2 : behind;
	if (p->utf)
		p->keep = p->keep * 4 + 3;
	/* Where memory must not be executable this fails, and matching is slower. For partial matches
	 * the library's JIT (10.42) forgets PCRE2_FIRSTLINE. */
	pcre2_jit_compile(p->code, p->first_line ? PCRE2_JIT_COMPLETE
						 : PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
	set_limits(p, url);
	return p;
}

void search_pattern_release(struct search_pattern *p)
{
	if (!p)
		return;
	pcre2_jit_stack_free(p->stack);
	pcre2_match_context_free(p->context);
	pcre2_code_free(p->code);
	p->stack = NULL;
	p->context = NULL;
	p->code = NULL;
}

static enum search_result give_up(struct search *s, const char *error)
{
	s->error = error;
	return s->result = SEARCH_GAVE_UP;
}

void search_begin(struct search *s, struct search_pattern *pattern)
{
	s->pattern = pattern;
	if (pattern->error) {
		give_up(s, pattern->error);
		return;
	}
	s->match_data = pcre2_match_data_create(1, NULL);
	if (!s->match_data || !pattern->context)
		give_up(s, "no memory for the regex");
}

/* Bytes of an unfinished UTF-8 sequence at the end. */
static size_t unfinished_utf8(const char *p, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		uint8_t c = (uint8_t)p[len - back];
		size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

		if ((c & 0xc0) != 0x80)
			return need > back ? back : 0;
	}
	return 0;
}

static int match(const struct search *s, const char *p, size_t len, size_t from, uint32_t options)
{
	const struct search_pattern *pat = s->pattern;
	int rc;

	if (pat->max_offset != UINT32_MAX)
		pcre2_set_offset_limit(pat->context, pat->max_offset - s->base);
	rc = pcre2_match(pat->code, (PCRE2_SPTR)p, len, from, options, s->match_data, pat->context);
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre2_match(pat->code, (PCRE2_SPTR)p, len, from, options | PCRE2_NO_JIT,
				 s->match_data, pat->context);
	return rc;
}

/* Matches in p[from..len), bytes of the stream from s->base on. Returns where the next match may
 * begin; sets the result when there is one. */
static size_t scan(struct search *s, const char *p, size_t len, bool final)
{
	const struct search_pattern *pat = s->pattern;
	size_t from = s->from;
	int rc;

	if (pat->utf && !final)
		len -= unfinished_utf8(p, len);
	if (s->base + from < pat->min_offset)
		from = usec_min((usec_t)(pat->min_offset - s->base), (usec_t)len + 1);
	if (from > len || (from == len && !final)) {
		s->result = final ? SEARCH_NOT : SEARCH_MORE;
		return len;
	}
	if (s->base + from > pat->max_offset) {
		s->result = SEARCH_NOT;
		return len;
	}
	rc = match(s, p, len, from, final ? 0 : PCRE2_PARTIAL_HARD);
	if (rc >= 0) {
		/* The library's JIT lets a match begin one byte after the limit. */
		s->result = s->base + pcre2_get_startchar(s->match_data) > pat->max_offset
				    ? SEARCH_NOT
				    : SEARCH_FOUND;
	} else if (rc == PCRE2_ERROR_PARTIAL) {
		return pcre2_get_ovector_pointer(s->match_data)[0];
	} else if (rc != PCRE2_ERROR_NOMATCH) {
		give_up(s, rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT ||
					   rc == PCRE2_ERROR_DEPTHLIMIT
				   ? "the regex takes too many steps on this reply"
				   : "the regex could not be matched");
	} else if (final || (pat->first_line && memchr(p + from, '\n', len - from))) {
		s->result = SEARCH_NOT;
	}
	return len;
}

static bool window_reserve(struct search *s, size_t size)
{
	size_t cap = s->cap ? s->cap : 1024;
	char *p;

	if (size <= s->cap)
		return true;
	while (cap < size)
		cap *= 2;
	p = realloc(s->window, cap);
	if (!p)
		return false;
	s->window = p;
	s->cap = cap;
	return true;
}

/* Keeps of p[0..len) what a match from `from` on may look at. */
static void retain(struct search *s, const char *p, size_t len, size_t from)
{
	size_t keep = s->pattern->keep, start = from > keep ? from - keep : 0;

	if (s->pattern->utf) {
		while (start > 0 && start < from && ((uint8_t)p[start] & 0xc0) == 0x80)
			start++;
	}
	if (len - start > SEARCH_WINDOW_MAX) {
		give_up(s, "the regex could match more of the reply than can be kept");
		return;
	}
	if (!window_reserve(s, len - start)) {
		give_up(s, "no memory for the regex");
		return;
	}
	if (len > start)
		memmove(s->window, p + start, len - start);
	s->n = len - start;
	s->base += start;
	s->from = from - start;
	s->unseen = 0;
}

/* The window is full of one match in progress: perhaps it has ended already. */
static void settle_full_window(struct search *s)
{
	int rc = match(s, s->window, s->n, s->from, PCRE2_NOTEOL);

	if (rc >= 0 && pcre2_get_ovector_pointer(s->match_data)[1] < s->n)
		s->result = SEARCH_FOUND;
	else
		give_up(s, "the regex could match more of the reply than can be kept");
}

/* Adds to the window what fits of data[0..len) and searches it; returns how much. */
static size_t feed_window(struct search *s, const char *data, size_t len)
{
	size_t room = SEARCH_WINDOW_MAX - s->n, take = len < room ? len : room, from;

	if (!take) {
		settle_full_window(s);
		return len;
	}
	if (!window_reserve(s, s->n + take)) {
		give_up(s, "no memory for the regex");
		return len;
	}
	memcpy(s->window + s->n, data, take);
	s->n += take;
	s->unseen += take;
	if (s->n > RESCAN_SMALL && s->unseen < s->n / RESCAN_PART && s->n < SEARCH_WINDOW_MAX)
		return take;
	from = scan(s, s->window, s->n, false);
	if (s->result == SEARCH_MORE)
		retain(s, s->window, s->n, from);
	return take;
}

enum search_result search_feed(struct search *s, const char *data, size_t len)
{
	while (len && s->result == SEARCH_MORE) {
		size_t n = len;

		if (s->n) {
			n = feed_window(s, data, len);
		} else {
			size_t from = scan(s, data, len, false);

			if (s->result == SEARCH_MORE)
				retain(s, data, len, from);
		}
		data += n;
		len -= n;
	}
	return s->result;
}

enum search_result search_finish(struct search *s)
{
	if (s->result == SEARCH_MORE)
		scan(s, s->window ? s->window : "", s->n, true);
	return s->result;
}

void search_end(struct search *s)
{
	pcre2_match_data_free(s->match_data);
	free(s->window);
	s->match_data = NULL;
	s->window = NULL;
}
