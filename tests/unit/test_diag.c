/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: order, repeats, the two text forms, the nearest word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "conf/tree.h"

static const char *const words[] = {"auth_pass", "auth_type", "preempt_delay",
				    "priority",	 "script",    "weight"};

static struct conf_span at(uint16_t file, uint32_t line, uint16_t col, uint16_t len)
{
	return (struct conf_span){.file = file, .line = line, .col = col, .len = len};
}

static void test_nearest(void **state)
{
	const unsigned n = ARRAY_SIZE(words);

	assert_string_equal(diag_nearest("autp_pass", words, n), "auth_pass");
	assert_string_equal(diag_nearest("preemtp_delay", words, n), "preempt_delay"); /* a swap */
	assert_string_equal(diag_nearest("PRIORITY", words, n), "priority");
	assert_string_equal(diag_nearest("wieght", words, n), "weight");
	assert_string_equal(diag_nearest("scrip", words, n), "script");
	assert_string_equal(diag_nearest("auth-type", words, n), "auth_type");
	assert_null(diag_nearest("interface", words, n));
	assert_null(diag_nearest("", words, n));
	assert_null(diag_nearest("a", words, n));
	assert_null(diag_nearest("a_word_that_is_much_longer_than_any_keyword_there_could_ever_be",
				 words, n));
	assert_null(diag_nearest("x", NULL, 0));
}

static void test_order(void **state)
{
	struct arena *a = arena_new();
	struct diags d = {.arena = a};

	diag_add(&d, DIAG_ERROR, "e", at(0, 0, 0, 0), "no place");
	diag_add(&d, DIAG_ERROR, "d", at(1, 1, 1, 1), "second file");
	diag_add(&d, DIAG_WARNING, "c", at(0, 2, 5, 1), "later column");
	for (int i = 0; i < 3; i++) { /* what a repetition does */
		diag_add(&d, DIAG_ERROR, "b", at(0, 2, 3, 1), "one");
		diag_add(&d, DIAG_ERROR, "b", at(0, 2, 3, 1), "two %d", i / 2);
	}
	diag_add(&d, DIAG_NOTE, "a", at(0, 1, 9, 1), "first");
	assert_int_equal(d.count[DIAG_ERROR], 8);
	diags_sort(&d);
	assert_int_equal(d.list.n, 7);
	assert_string_equal(d.list.v[0].text, "first");
	assert_string_equal(d.list.v[1].text, "one");
	assert_string_equal(d.list.v[2].text, "two 0");
	assert_string_equal(d.list.v[3].text, "two 1");
	assert_string_equal(d.list.v[4].text, "later column");
	assert_string_equal(d.list.v[5].text, "second file");
	assert_string_equal(d.list.v[6].text, "no place");
	assert_int_equal(d.count[DIAG_ERROR], 5);
	assert_int_equal(d.count[DIAG_WARNING], 1);
	arena_free(a);
}

/* The rendering of one message at a place of `text`. */
static const char *render(const char *text, struct conf_span place, struct buf *out)
{
	struct arena *a = arena_new();
	struct diags d = {.arena = a};
	struct conf_source source = {0};
	struct conf_file *f = vec_add(a, &source.files);
	struct diag *m = diag_add(&d, DIAG_ERROR, "code", place, "what %s", "happened");

	f->path = "f.conf";
	f->text = text;
	f->len = strlen(text);
	m->expected = "something";
	m->hint = "else";
	diag_render(m, &source, out);
	arena_free(a);
	return buf_text(out);
}

#define TAIL "       = expected: something\n       = hint: else\n"

static void test_render(void **state)
{
	char space[2048];

	assert_string_equal(render("a\n  bc def\n", at(0, 2, 6, 3), &BUF_ON(space)),
			    "f.conf:2:6: error[code]: what happened\n"
			    "     2 |   bc def\n"
			    "       |      ^~~\n" TAIL);
	/* tabs stay tabs, characters of several bytes take one place */
	assert_string_equal(render("\tk\xc3\xb6\tx\xc3\xa4y\r\n", at(0, 1, 6, 4), &BUF_ON(space)),
			    "f.conf:1:6: error[code]: what happened\n"
			    "     1 | \tk\xc3\xb6\tx\xc3\xa4y\n"
			    "       | \t  \t^~~\n" TAIL);
	assert_string_equal(render("a\033[2Jb", at(0, 1, 1, 99), &BUF_ON(space)),
			    "f.conf:1:1: error[code]: what happened\n"
			    "     1 | a?[2Jb\n"
			    "       | ^~~~~~\n" TAIL);
	/* places that don't exist do no harm */
	assert_string_equal(render("a", at(0, 9, 1, 1), &BUF_ON(space)),
			    "f.conf:9:1: error[code]: what happened\n" TAIL);
	assert_string_equal(render("a", at(0, 1, 99, 1), &BUF_ON(space)),
			    "f.conf:1:99: error[code]: what happened\n"
			    "     1 | a\n       |  ^\n" TAIL);
	assert_string_equal(render("a", at(0, 0, 0, 0), &BUF_ON(space)),
			    "error[code]: what happened\n" TAIL);
}

static void test_render_long(void **state)
{
	char text[2001], space[2048];
	const char *out;

	memset(text, 'x', 2000);
	text[2000] = '\0';
	text[999] = 'Y';
	out = render(text, at(0, 1, 1000, 1), &BUF_ON(space));
	assert_true(strlen(out) < 600);
	assert_non_null(strstr(out, "xYx"));
	assert_int_equal(strcspn(strchr(out, '\n') + 1, "Y"),
			 strcspn(strchr(strchr(out, '\n') + 1, '\n') + 1, "^"));
}

static void test_render_line(void **state)
{
	struct arena *a = arena_new();
	struct diags d = {.arena = a};
	struct conf_source source = {0};
	struct diag *m = diag_add(&d, DIAG_ERROR, "code", at(0, 7, 2, 1), "what");
	char space[256];
	struct buf out = BUF_ON(space);

	vec_add(a, &source.files)->path = "/etc/k.conf";
	diag_render_line(m, &source, &out);
	m->expected = "a number";
	m->hint = "try 5";
	diag_render_line(m, &source, &out);
	m->severity = DIAG_NOTE;
	m->at.line = 0;
	m->expected = NULL;
	diag_render_line(m, &source, &out);
	assert_string_equal(buf_text(&out),
			    "/etc/k.conf:7:2: error[code]: what\n"
			    "/etc/k.conf:7:2: error[code]: what; expected: a number; hint: try 5\n"
			    "note[code]: what; hint: try 5\n");
	arena_free(a);
}

static void test_render_keepalived(void **state)
{
	struct arena *a = arena_new();
	struct diags d = {.arena = a};
	struct conf_source source = {0};
	struct diag *m = diag_add(&d, DIAG_ERROR, "code", at(0, 7, 2, 1), "what");
	char space[256];
	struct buf out = BUF_ON(space);

	vec_add(a, &source.files)->path = "/etc/k.conf";
	diag_render_keepalived(m, &source, &out);
	vec_add(a, &source.files)->path = "/etc/l.conf";
	diag_render_keepalived(m, &source, &out);
	m->at.line = 0;
	diag_render_keepalived(m, &source, &out);
	assert_string_equal(buf_text(&out), "(Line 7) what\n(/etc/k.conf: Line 7) what\nwhat\n");
	arena_free(a);
}

static void test_marks(void **state)
{
	/* the index of lines leads to the same line as counting */
	struct arena *a = arena_new();
	struct diags d = {.arena = a};
	const struct conf_host host = {0};
	const struct conf_tree_options options = {0};
	char text[4000], *p = text, space[256], want[16];
	struct conf_tree *t;

	for (int i = 1; i <= 400; i++)
		p += sprintf(p, "line%d\n", i);
	t = conf_tree_parse("f", text, (size_t)(p - text), &host, &options, a, &d);
	for (uint32_t line = 1; line <= 400; line++) {
		struct buf out = BUF_ON(space);

		diag_render(diag_add(&d, DIAG_ERROR, "c", at(0, line, 1, 1), "t"), &t->source,
			    &out);
		sprintf(want, "| line%u\n", line);
		assert_non_null(strstr(buf_text(&out), want));
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_render),
		cmocka_unit_test(test_render_long),
		cmocka_unit_test(test_render_line),
		cmocka_unit_test(test_render_keepalived),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
