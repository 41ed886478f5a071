/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two splits of a script string: config-language 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/tree.h"

/* First split, pieces joined with "|". */
static void expect_words(const char *raw, int n, const char *joined)
{
	struct arena *a = arena_new();
	const char *pieces[8];
	char text[256] = "";

	assert_int_equal(conf_script_words(raw, a, pieces, 8), n);
	for (int i = 0; i < n; i++) {
		strcat(text, i ? "|" : "");
		strcat(text, pieces[i]);
	}
	assert_string_equal(text, joined);
	arena_free(a);
}

static void expect_argv(const char *command, int n, bool shell, const char *joined)
{
	struct arena *a = arena_new();
	char text[256] = "", **argv = NULL;
	bool is_shell = !shell;

	assert_int_equal(conf_script_argv(command, a, &argv, &is_shell), n);
	if (n >= 0) {
		assert_null(argv[n]);
		assert_int_equal(is_shell, shell);
	}
	for (int i = 0; i < n; i++) {
		strcat(text, i ? "|" : "");
		strcat(text, argv[i]);
	}
	assert_string_equal(text, joined);
	arena_free(a);
}

static void test_first_split(void **state)
{
	expect_words("script /bin/true", 2, "script|/bin/true");
	expect_words("script \"/bin/a b\" root wheel", 4, "script|/bin/a b|root|wheel");
	expect_words("script '/bin/a \"b\"' root", 3, "script|/bin/a \"b\"|root");
	expect_words("s a\"b c\"'d e'f g", 3, "s|ab cd ef|g");
	expect_words("s \"a\\\"b\" c", 3, "s|a\\\"b|c");
	expect_words("s a\\ b", 2, "s|a\\ b");
	expect_words("s ''", 2, "s|");
	expect_words("s \"a", -1, "");
	expect_words("s 'a", -1, "");
	expect_words("", 0, "");
	expect_words("s a\\", 2, "s|a\\");
}

static void test_first_split_is_bounded(void **state)
{
	struct arena *a = arena_new();
	const char *pieces[2];

	assert_int_equal(conf_script_words("a b c d", a, pieces, 2), 2);
	arena_free(a);
}

static void test_example(void **state)
{
	struct arena *a = arena_new();
	const char *pieces[4];

	assert_int_equal(conf_script_words("startup_script \"myscript 'two words' \\\\x41 \\x42 "
					   "\\\"q\\\"\" root",
					   a, pieces, 4),
			 3);
	assert_string_equal(pieces[2], "root");
	expect_argv(pieces[1], 5, false, "myscript|two words|\\x41|B|\"q\"");
	arena_free(a);
}

static void test_escapes(void **state)
{
	expect_argv("p \\a\\b\\E\\f\\n\\r\\t\\v", 2, false, "p|\a\b\033\f\n\r\t\v");
	expect_argv("p \\101\\1012 \\7", 3, false, "p|AA2|\7");
	expect_argv("p \\x41\\x414\\x4g", 2, false, "p|AA4\004g");
	expect_argv("p \\xg \\cA \\q \\\\ \\ ", 6, false, "p|xg|\001|q|\\| ");
	expect_argv("p 'a\\x41 b' \"\\\"\"", 3, false, "p|aA b|\"");
	expect_argv("p a''b \"\" c", 4, false, "p|ab||c");
	expect_argv("p a\\0b c", 3, false, "p|a|c"); /* an argument can't hold a NUL */
	expect_argv("p 'a", -1, false, "");
	expect_argv("  ", 0, false, "");
}

static void test_shell(void **state)
{
	expect_argv("/bin/bash -c '[[ -e /etc/keepalived/x ]]' && exit 1 || exit 0", 9, true,
		    "/bin/bash|-c|[[ -e /etc/keepalived/x ]]|&&|exit|1||||exit|0");
	expect_argv("a | b", 3, true, "a|||b");
	expect_argv("a;b", 1, true, "a;b");
	expect_argv("a >/dev/null 2>&1", 3, true, "a|>/dev/null|2>&1");
	expect_argv("a < b", 3, true, "a|<|b");
	expect_argv("a `b`", 2, true, "a|`b`");
	expect_argv("a &", 2, true, "a|&");
	expect_argv("sh -c 'a && b; c | d > e'", 3, false, "sh|-c|a && b; c | d > e");
	expect_argv("a \\&\\& \"|\" \\;", 4, false, "a|&&|||;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_split), cmocka_unit_test(test_first_split_is_bounded),
		cmocka_unit_test(test_example),	    cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
