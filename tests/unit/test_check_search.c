/* SPDX-License-Identifier: GPL-2.0-or-later */
/* regex_options: each changes what a pattern means, or whether it compiles, as PCRE2's manual says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/check/search.h"

enum meaning { MATCHES, MISSES, REFUSED /* does not compile */ };

static const char *const meanings[] = {"matches", "does not match", "does not compile"};

static enum meaning meaning_of(const char *regex, uint32_t options, const char *text)
{
	const struct conf_url url = {
		.regex = regex, .regex_options = options, .regex_max_offset = UINT32_MAX};
	struct arena *a = arena_new();
	struct search_pattern *p = search_pattern_new(&url, a);
	struct search s = {0};
	char why[120];
	size_t at;
	bool good = search_pattern_check(&url, why, sizeof(why), &at), found;

	search_begin(&s, p);
	found = search_feed(&s, text, strlen(text)) == SEARCH_FOUND ||
		search_finish(&s) == SEARCH_FOUND;
	search_end(&s);
	search_pattern_release(p);
	arena_free(a);
	return !good ? REFUSED : found ? MATCHES : MISSES;
}

static const struct {
	uint32_t option, with; /* the one tested, and others that it needs */
	const char *regex, *text;
	enum meaning off, on;
} cases[] = {
	{REGEX_ALLOW_EMPTY_CLASS, 0, "x|a[]b", "x", REFUSED, MATCHES},
	{REGEX_ALT_BSUX, 0, "\\u0041", "A", REFUSED, MATCHES},
	{REGEX_ALT_CIRCUMFLEX, REGEX_MULTILINE, "b\\n^$", "a\nb\n", MISSES, MATCHES},
	{REGEX_ALT_VERBNAMES, 0, "(*MARK:a\\)b)c", "c", REFUSED, MATCHES},
	{REGEX_CASELESS, 0, "HELLO", "hello", MISSES, MATCHES},
	{REGEX_DOLLAR_ENDONLY, 0, "a$", "a\n", MATCHES, MISSES},
	{REGEX_DOTALL, 0, "a.b", "a\nb", MISSES, MATCHES},
	{REGEX_DUPNAMES, 0, "(?<n>a)(?<n>b)", "ab", REFUSED, MATCHES},
	{REGEX_EXTENDED, 0, "a b", "ab", MISSES, MATCHES},
	{REGEX_FIRSTLINE, 0, "b", "a\nb", MATCHES, MISSES},
	{REGEX_MATCH_UNSET_BACKREF, 0, "^(a)?\\1b", "b", MISSES, MATCHES},
	{REGEX_MULTILINE, 0, "^b", "a\nb", MISSES, MATCHES},
	{REGEX_NEVER_BACKSLASH_C, 0, "a\\C", "ab", MATCHES, REFUSED},
	{REGEX_NEVER_UCP, 0, "(*UCP)a", "a", MATCHES, REFUSED},
	{REGEX_NEVER_UTF, 0, "(*UTF)a", "a", MATCHES, REFUSED},
	{REGEX_NO_AUTO_CAPTURE, 0, "(a)\\1", "aa", MATCHES, REFUSED},
	{REGEX_UCP, REGEX_UTF, "^\\w$", "\xc3\xa9", MISSES, MATCHES},
	{REGEX_UNGREEDY, 0, "(?>a+)ab", "aab", MISSES, MATCHES},
	{REGEX_UTF, 0, "^.$", "\xc3\xa9", MISSES, MATCHES},
	/* Only how the library goes about it. */
	{REGEX_AUTO_CALLOUT, 0, "a+b", "xaab", MATCHES, MATCHES},
	{REGEX_NO_AUTO_POSSESS, 0, "a+b", "xaab", MATCHES, MATCHES},
	{REGEX_NO_DOTSTAR_ANCHOR, 0, ".*b", "xaab", MATCHES, MATCHES},
	{REGEX_NO_START_OPTIMIZE, 0, "a+b", "xaab", MATCHES, MATCHES},
	{REGEX_USE_OFFSET_LIMIT, 0, "a+b", "xaab", MATCHES, MATCHES},
};

static void check(size_t i, uint32_t options, enum meaning expected)
{
	enum meaning seen = meaning_of(cases[i].regex, options, cases[i].text);

	if (seen != expected)
		fail_msg("\"%s\" with options %x %s, it should be: %s", cases[i].regex, options,
			 meanings[seen], meanings[expected]);
}

static void test_each_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(i, cases[i].with, cases[i].off);
		check(i, cases[i].with | cases[i].option, cases[i].on);
	}
}

/* A new option without a case is one nobody has tried. */
static void test_no_option_is_forgotten(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		seen |= cases[i].option;
	assert_int_equal(seen, (REGEX_USE_OFFSET_LIMIT << 1) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_option),
		cmocka_unit_test(test_no_option_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
