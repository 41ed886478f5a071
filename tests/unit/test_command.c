/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of scripts: their own words, more words, environment; shell lines; what must not be run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proc/command.h"

static void test_words_and_environment_are_appended(void **state)
{
	char *argv[] = {"/bin/x", "one word", NULL};
	const struct conf_script s = {
		.command = "/bin/x 'one word'", .argv = argv, .uid = 7, .gid = 8};
	struct command *c = command_new(&s, (const char *const[]){"INSTANCE", "V I"}, 2,
					(const char *const[]){"A=1", "B=2", NULL});

	assert_string_equal(c->argv[0], "/bin/x");
	assert_string_equal(c->argv[1], "one word");
	assert_string_equal(c->argv[2], "INSTANCE");
	assert_string_equal(c->argv[3], "V I");
	assert_null(c->argv[4]);
	assert_string_equal(c->env[1], "B=2");
	assert_null(c->env[2]);
	assert_string_equal(c->text, "/bin/x 'one word'");
	assert_int_equal(c->uid, 7);
	command_free(c);
}

static void test_shell_lines_get_quoted_words(void **state)
{
	char *argv[] = {"a", "&&", "b", NULL};
	const struct conf_script s = {.command = "a && b", .argv = argv, .shell = true, .bash = true};
	struct command *c = command_new(&s, (const char *const[]){"it's", "$(reboot)"}, 2, NULL);

	assert_true(c->shell);
	assert_true(c->bash);
	assert_string_equal(c->argv[0], "a && b 'it'\\''s' '$(reboot)'");
	assert_null(c->argv[1]);
	assert_null(c->env);
	command_free(c);
}

static void test_unsafe_and_missing_scripts_give_nothing(void **state)
{
	char *argv[] = {"/bin/x", NULL};
	const struct conf_script unsafe = {.command = "/bin/x", .argv = argv, .unsafe = true};
	const struct conf_script empty = {.command = ""};

	assert_null(command_new(NULL, NULL, 0, NULL));
	assert_null(command_new(&unsafe, NULL, 0, NULL));
	assert_null(command_new(&empty, NULL, 0, NULL));
	command_free(NULL);
}

static void test_equal_means_same_words_and_user(void **state)
{
	char *one[] = {"/bin/x", "a", NULL}, *two[] = {"/bin/x", "a", NULL},
	     *three[] = {"/bin/x", NULL};
	const struct conf_script s1 = {.command = "x", .argv = one},
				 s2 = {.command = "y", .argv = two},
				 s3 = {.command = "x", .argv = three},
				 s4 = {.command = "x", .argv = one, .uid = 1};
	struct command *c1 = command_new(&s1, NULL, 0, NULL), *c2 = command_new(&s2, NULL, 0, NULL),
		       *c3 = command_new(&s3, NULL, 0, NULL), *c4 = command_new(&s4, NULL, 0, NULL);

	assert_true(command_equal(c1, c2));
	assert_false(command_equal(c1, c3));
	assert_false(command_equal(c3, c1));
	assert_false(command_equal(c1, c4));
	command_free(c1);
	command_free(c2);
	command_free(c3);
	command_free(c4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_environment_are_appended),
		cmocka_unit_test(test_shell_lines_get_quoted_words),
		cmocka_unit_test(test_unsafe_and_missing_scripts_give_nothing),
		cmocka_unit_test(test_equal_means_same_words_and_user),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
