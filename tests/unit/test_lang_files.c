/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Braces, includes, main files: config-language 5, 9, 13. */
#include "lang_fixture.h"

static void test_braces(void **state)
{
	expect_tree("global_defs{\n x\n}\n", "global_defs{x;}");
	expect_tree("v A\n\n# c\n{\n x\n}\n", "v,A{x;}");
	expect_tree("v { x } w { y } z\n", "v{x;}w{y;}z;");
	expect_tree("ab{c}d\n", "ab{c;}d;");
	expect_tree("v \"{\" \"}\" { x \"a{b}\" }\n", "v,{,}{x,a{b};}");
	expect_tree("v '{' x\n}\n", "v,'{',x;}");
	expect_tree("v { a { b { c } } } d { }\n", "v{a{b{c;}}}d{}");
	expect_tree("v {\n\tx\n\t}\nw\n\t{\n\t}\n", "v{x;}w{}"); /* layout means nothing */
	expect_tree("a {\n  b\n    {\n c\n   }\n      }\n", "a{b{c;}}");
}

static void test_brace_places(void **state)
{
	struct reading *r = reading_of("v A {\n x }\n");
	const struct conf_stmt *s = r->tree->top.v[0];

	assert_true(s->has_block);
	assert_int_equal(s->open.line, 1);
	assert_int_equal(s->open.col, 5);
	assert_int_equal(s->close.line, 2);
	assert_int_equal(s->close.col, 4);
	assert_false(s->body.v[0]->has_block);
	reading_free(r);
}

static void test_missing_close(void **state)
{
	struct reading *r;

	expect_reading("v A {\n x\n", "v,A{x;}", "missing-close-brace@1:5");
	expect_reading("v A {\n x {\n y\n", "v,A{x{y;}}",
		       "missing-close-brace@1:5 missing-close-brace@2:4");
	r = reading_of("v A {\n  x\n  y {\n    z\n  }\n\nv B {\n  x\n}\n");
	assert_string_equal(r->tree_text, "v,A{x;y{z;}}v,B{x;}");
	assert_string_equal(r->diag_text, "missing-close-brace@1:5");
	assert_string_equal(r->diags.list.v[0].text,
			    "the block `v A` is never closed, a `}` is missing");
	assert_string_equal(r->diags.list.v[0].hint, "it seems to end before line 7");
	reading_free(r);
	expect_reading("v A {\n  y {\n    z\n  w\n  u {\n    t\n  }\n}\nv B {\n}\n",
		       "v,A{y{z;}w;u{t;}}v,B{}", "missing-close-brace@2:5");
	expect_reading("v A {\n\ty {\n\t\tz\n}\nw {\n\tx\n}\n", "v,A{y{z;}}w{x;}",
		       "missing-close-brace@2:4");
	/* without indentation the next word that begins a block at the top tells */
	expect_reading("vrrp_instance A {\nx\nvrrp_instance B {\ny\n}\n",
		       "vrrp_instance,A{x;}vrrp_instance,B{y;}", "missing-close-brace@1:17");
}

static void test_missing_open(void **state)
{
	expect_reading("v A\n  x\n  y {\n    z\n  }\n}\nw {\n}\n", "v,A{x;y{z;}}w{}",
		       "missing-open-brace@1:3");
	expect_reading("v A {\n  y\n    z\n  }\n  x\n}\nw {\n}\n", "v,A{y{z;}x;}w{}",
		       "missing-open-brace@2:3");
	expect_reading("vrrp_instance A\nx\n}\nw {\n}\n", "vrrp_instance,A{x;}w{}",
		       "missing-open-brace@1:15");
}

static void test_surplus(void **state)
{
	expect_reading("v A {\n x\n}\n}\nw { y }\n", "v,A{x;}w{y;}", "surplus-brace@4:1");
	expect_reading("}\nw\n", "w;", "surplus-brace@1:1");
	expect_reading("v A {\n  y {\n    z\n  }\n  }\n  x\n}\nw {\n  u\n}\n", "v,A{y{z;}x;}w{u;}",
		       "surplus-brace@5:3");
	expect_reading("v A { {\n  x\n}\nw {\n  y\n}\n", "v,A{x;}w{y;}", "unexpected-brace@1:7");
	expect_reading("v {\n  {\n    a\n  }\n  b\n}\n", "v{a;b;}", "unexpected-brace@2:3");
	expect_reading("{\nx\n}\n", "x;", "unexpected-brace@1:1");
}

static void test_accidental_match(void **state)
{
	expect_reading("vrrp_instance A {\nx\nvrrp_instance B {\ny\n}\n}\n",
		       "vrrp_instance,A{x;}vrrp_instance,B{y;}",
		       "missing-close-brace@1:17 surplus-brace@6:1");
	/* but not when the layout says that it is meant */
	expect_tree("foo {\n  vrrp_script x {\n    a\n  }\n}\n", "foo{vrrp_script,x{a;}}");
}

static void test_deep_blocks(void **state)
{
	char text[2048] = "";
	struct reading *r;

	for (int i = 0; i < 200; i++)
		strcat(text, "a { ");
	for (int i = 0; i < 200; i++)
		strcat(text, "} ");
	r = reading_of(text);
	assert_string_equal(r->diag_text, "nested-too-deeply@1:131");
	reading_free(r);
}

static void test_mistakes_are_linear(void **state)
{
	/* each of 20,000 blocks lacks its end; every one is found and nothing takes for ever */
	struct reading *r;
	char *text = malloc(1000000), *p = text;

	for (int i = 0; i < 20000; i++)
		p += sprintf(p, "v A%d {\n x\n", i);
	r = reading_of(text);
	assert_int_equal(r->tree->top.n, 20000);
	assert_int_equal(r->diags.list.n, 20000);
	reading_free(r);
	p = text;
	for (int i = 0; i < 100000; i++)
		p += sprintf(p, "x\n}\n");
	r = reading_of(text);
	assert_int_equal(r->tree->top.n, 100000);
	assert_int_equal(r->diags.list.n, 100000);
	reading_free(r);
	free(text);
}

/* --- includes --- */

static const struct fake_file files[] = {
	{"/etc/k/a.conf", "a\n"},
	{"/etc/k/b.conf", "b\n"},
	{"/etc/k/d", "", PATH_DIRECTORY},
	{"/etc/k/fifo", "", PATH_SPECIAL},
	{"/etc/k/loop.conf", "l\ninclude loop.conf\nm\n"},
	{"/etc/k/loop1.conf", "include loop2.conf\n"},
	{"/etc/k/loop2.conf", "include loop1.conf\n"},
	{"/etc/k/macro.conf", "$M= \\\n m1 \\\n"},
	{"/etc/k/open.conf", "v {\n in\n"},
	{"/etc/k/pwd.conf", "x ${_PWD}\n"},
	{"/etc/k/secret.conf", "s\n", PATH_FILE, true},
	{"/etc/k/strict.conf", "global_defs { include_check }\ninclude nope\n"},
	{"/etc/k/sub/c.conf", "c ${_PWD}\ninclude d.conf\n"},
	{"/etc/k/sub/d.conf", "d\n"},
	{"/etc/k/x.sh", "x\n", PATH_EXECUTABLE},
	{"/etc/k/with blank.conf", "w\n"},
};

static struct reading *including(const char *text)
{
	return reading_of_bytes(text, strlen(text), files, ARRAY_SIZE(files));
}

#define expect_include(text, tree, diags)                                                          \
	do {                                                                                       \
		struct reading *r_ = including(text);                                              \
		assert_string_equal(r_->tree_text, tree);                                          \
		assert_string_equal(r_->diag_text, diags);                                         \
		reading_free(r_);                                                                  \
	} while (0)

static void test_include(void **state)
{
	expect_include("include a.conf\nx\n", "a;x;", "");
	expect_include("include /etc/k/a.conf\n", "a;", "");
	expect_include("include [ab].conf # c\n", "a;b;", "");
	expect_include("include {b,a}.conf\n", "b;a;", "");
	expect_include("include /etc/{k/{b,sub/d},k/a}.conf\n", "b;d;a;", "");
	expect_include("include sub/c.conf\nx ${_PWD}\n", "c,/etc/k/sub;d;x,/etc/k;", "");
	expect_include("include \"a.conf\"\ninclude with blank.conf\n", "a;w;", "");
	expect_include("v { include a.conf\n} include b.conf\n", "v{a;}b;", "");
	expect_include("include open.conf\n out\n}\n", "v{in;out;}", "");
	expect_include("include macro.conf\n m2\n$M\n", "m1;m2;", "");
	expect_include("$F=a\ninclude ${F}.conf\n@web1 include b.conf\n@web2 include b.conf\n",
		       "a;b;", "");
	expect_include("~LST(F, a, b) include ${F}.conf\n", "a;b;", "");
	expect_include("$B= \\\n x \\\n include a.conf \\\n y\n$B\n", "x;a;y;", "");
	expect_include("include\nincludex y\ninclude_check x\n",
		       "include;includex,y;include_check,x;", "");
}

static void test_include_places(void **state)
{
	struct reading *r = including("x\ninclude a.conf\ny\n");

	assert_int_equal(r->tree->source.files.n, 2);
	assert_string_equal(r->tree->source.files.v[1].path, "/etc/k/a.conf");
	assert_int_equal(r->tree->top.v[1]->at.file, 1);
	assert_int_equal(r->tree->top.v[1]->at.line, 1);
	assert_int_equal(r->tree->top.v[2]->at.file, 0);
	assert_int_equal(r->tree->top.v[2]->at.line, 3);
	reading_free(r);
}

static void test_include_loop(void **state)
{
	expect_include("include loop.conf\nx\n", "l;m;x;", "include-loop@1:2:9");
	expect_include("include loop1.conf\nx\n", "x;", "include-loop@2:1:9");
	expect_include("include main.conf\nx\n", "x;", "(include-no-match@1:9)");
}

/* One situation: for each include word whether it makes an error. */
static void check_words(const char *pattern, const char *tree, const char *code, const char *errors,
			bool noted)
{
	static const char letters[] = " rmwba";

	for (const char *c = letters; *c; c++) {
		struct reading *r;
		char text[128], diags[64] = "";
		bool error = strchr(errors, *c) != NULL;

		sprintf(text, "include%.*s %s\n", *c != ' ', c, pattern);
		if (error || noted)
			sprintf(diags, "%s%s@1:%d%s", error ? "" : "(", code, *c == ' ' ? 9 : 10,
				error ? "" : ")");
		r = including(text);
		assert_string_equal(r->diag_text, diags);
		assert_string_equal(r->tree_text, error && strchr("ba", *c) ? "" : tree);
		if (error)
			assert_int_equal(r->diags.list.v[0].class, DIAG_INCLUDE);
		reading_free(r);
	}
}

static void test_include_checks(void **state)
{
	check_words("nope.conf", "", "include-no-match", "mwa", true);
	check_words("nodir/a.conf", "", "include-no-match", "mwa", true);
	check_words("nope*", "", "include-no-match", "wa", false);
	check_words("{a,nope}.conf", "a;", "include-no-match", "ba", true);
	check_words("d", "", "include-unreadable", "rmwba", true);
	check_words("x.sh", "", "include-unreadable", "rmwba", true);
	check_words("fifo", "", "include-unreadable", "rmwba", true);
	check_words("secret.conf", "", "include-unreadable", "rmwba", true);
}

static void check_statement(const char *words, const char *errors)
{
	static const struct {
		char letter;
		const char *pattern;
	} situations[] = {{'r', "d"}, {'m', "nope"}, {'w', "nope*"}, {'b', "{nope,nape}"}};

	for (unsigned i = 0; i < ARRAY_SIZE(situations); i++) {
		char text[128];
		struct reading *r;

		sprintf(text, "global_defs {\n include_check %s\n}\ninclude %s\n", words,
			situations[i].pattern);
		r = including(text);
		assert_int_equal(r->diags.count[DIAG_ERROR] > 0,
				 strchr(errors, situations[i].letter) != NULL);
		reading_free(r);
	}
}

static void test_include_check(void **state)
{
	check_statement("", "rmwb");
	check_statement("read", "r");
	check_statement("readable", "r");
	check_statement("match", "rm");
	check_statement("match wildcard_match", "rmw");
	check_statement("read +match -brace_match", "rm");
	check_statement("+wildcard_match", "w");
	check_statement("-read", "");
	/* nowhere else, and not beyond its file */
	expect_include("x { include_check\n}\ninclude nope\n", "x{include_check;}",
		       "(include-no-match@3:9)");
	expect_include("include strict.conf\ninclude nope\n", "global_defs{include_check;}",
		       "(include-no-match@2:9) include-no-match@1:2:9");
}

static void test_include_braces_bounded(void **state)
{
	expect_include("include {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}\n", "",
		       "include-too-many@1:9");
}

static void test_include_all_checked(void **state)
{
	struct reading *r = reading_new(files, ARRAY_SIZE(files));
	struct conf_host host = reading_host(r);
	struct conf_tree_options options = {.include_check_all = true};

	r->tree = conf_tree_parse("/etc/k/m", "include nope*\n", 14, &host, &options, r->arena,
				  &r->diags);
	reading_print(r);
	assert_string_equal(r->diag_text, "include-no-match@1:9");
	reading_free(r);
}

/* --- the main file --- */

static struct reading *reading_main(const char *path, bool strict)
{
	struct reading *r = reading_new(files, ARRAY_SIZE(files));
	struct conf_host host = reading_host(r);
	struct conf_tree_options options = {.missing_main_is_error = strict};

	r->tree = conf_tree_read(path, &host, &options, r->arena, &r->diags);
	reading_print(r);
	return r;
}

static void check_main(const char *path, bool strict, const char *tree, int severity, int class)
{
	struct reading *r = reading_main(path, strict);

	assert_string_equal(r->tree_text, tree);
	assert_int_equal(r->diags.list.n, severity >= 0);
	if (severity >= 0) {
		assert_int_equal(r->diags.list.v[0].severity, severity);
		assert_int_equal(r->diags.list.v[0].class, class);
	}
	reading_free(r);
}

static void test_main_file(void **state)
{
	check_main("/etc/k/sub/c.conf", true, "c,/etc/k/sub;d;", -1, 0);
	check_main("/etc/k/[ab].conf", true, "a;b;", DIAG_WARNING, DIAG_GENERAL);
	check_main("/etc/k/nope", true, "", DIAG_FATAL, DIAG_CANNOT_RUN);
	check_main("/etc/k/nope", false, "", DIAG_NOTE, DIAG_GENERAL);
	check_main("/etc/k/nope*", true, "", DIAG_FATAL, DIAG_CANNOT_RUN);
	check_main("/etc/k/nope*", false, "", -1, 0);
	check_main("/etc/k/d", false, "", DIAG_NOTE, DIAG_GENERAL);
	check_main("/etc/k/d", true, "", DIAG_FATAL, DIAG_CANNOT_RUN);
	check_main("/etc/k/x.sh", false, "", DIAG_NOTE, DIAG_GENERAL);
	check_main("/etc/k/x.sh", true, "x;", DIAG_WARNING, DIAG_GENERAL);
	check_main("/etc/k/secret.conf", false, "", DIAG_FATAL, DIAG_CANNOT_RUN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_braces),
		cmocka_unit_test(test_brace_places),
		cmocka_unit_test(test_missing_close),
		cmocka_unit_test(test_missing_open),
		cmocka_unit_test(test_surplus),
		cmocka_unit_test(test_accidental_match),
		cmocka_unit_test(test_deep_blocks),
		cmocka_unit_test(test_mistakes_are_linear),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_include_places),
		cmocka_unit_test(test_include_loop),
		cmocka_unit_test(test_include_checks),
		cmocka_unit_test(test_include_check),
		cmocka_unit_test(test_include_braces_bounded),
		cmocka_unit_test(test_include_all_checked),
		cmocka_unit_test(test_main_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
