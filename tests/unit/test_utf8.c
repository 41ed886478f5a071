/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/utf8.h"

static void expect(const char *given, const char *wanted)
{
	char text[64];

	str_copy(text, sizeof(text), given);
	utf8_clean(text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void test_good_text_stays(void **state)
{
	expect("", "");
	expect("eth0", "eth0");
	expect("\xe9\xab\x98\xe5\x8f\xaf\xe7\x94\xa8 \xc3\xbc \xf0\x9f\x98\x80", "\xe9\xab\x98\xe5\x8f\xaf\xe7\x94\xa8 \xc3\xbc \xf0\x9f\x98\x80");
}

static void test_sequence_that_was_cut_goes(void **state)
{
	expect("a\xe9", "a");
	expect("a\xe9\xab", "a");
	expect("a\xf0\x9f\x98", "a");
}

static void test_broken_bytes_are_replaced(void **state)
{
	expect("a\xff\xfe" "b", "a??b");
	expect("\x80", "?");
	expect("\xc0\xaf", "??");
	expect("\xe9" "ab", "?ab");
	expect("\xe9\xab" "b", "??b");
	expect("\xed\xa0\x80", "???");
	expect("\xe0\x80\x80", "???");
	expect("\xf4\x90\x80\x80", "????");
	expect("\xf5\x80", "??");
}

static void test_array_without_an_end_gets_one(void **state)
{
	char text[4] = {'a', 'b', 'c', 'd'}, cut[4] = {'a', '\xe9', '\xab', '\x98'};

	utf8_clean(text, sizeof(text));
	assert_string_equal(text, "abc");
	utf8_clean(cut, sizeof(cut));
	assert_string_equal(cut, "a");
}

static void test_length_of_a_sequence(void **state)
{
	assert_int_equal(utf8_sequence("a"), 1);
	assert_int_equal(utf8_sequence(""), 1);
	assert_int_equal(utf8_sequence("\xe9\xab\x98" "a"), 3);
	assert_int_equal(utf8_sequence("\xe9\xab"), 0);
	assert_int_equal(utf8_sequence("\xd6\xf7"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_text_stays),
		cmocka_unit_test(test_sequence_that_was_cut_goes),
		cmocka_unit_test(test_broken_bytes_are_replaced),
		cmocka_unit_test(test_length_of_a_sequence),
		cmocka_unit_test(test_array_without_an_end_gets_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
