/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines, comments, words, conditions, macros, repetitions: config-language 2 to 4, 6 to 8, 11. */
#include "lang_fixture.h"

static void test_lines(void **state)
{
	expect_tree("", "");
	expect_tree("\n \t\n\r\n", "");
	expect_tree("a b\nc", "a,b;c;");
	expect_tree("  a\tb  \r\n\tc\r", "a,b;c;");
	expect_tree("a\vb\fc", "a,b,c;");
	expect_tree("\xef\xbb\xbf"
		    "a b\n",
		    "a,b;"); /* a byte order mark is no part of a word */
	expect_tree("r\xc3\xb6uter\n", "r\xc3\xb6uter;");
}

static void test_nul(void **state)
{
	struct reading *r = reading_of_bytes("a\nb \0c\nd\n", 9, NULL, 0);

	assert_string_equal(r->tree_text, "a;d;");
	assert_string_equal(r->diag_text, "nul-byte@2:3");
	reading_free(r);
}

/* One message, however many lines. */
static void test_no_text(void **state)
{
	static const char utf16[] = "\xff\xfe" "a\0\n\0b\0\n\0";
	struct reading *r = reading_of_bytes(utf16, sizeof(utf16) - 1, NULL, 0);

	assert_string_equal(r->diag_text, "nul-byte@1:4");
	assert_string_equal(r->diags.list.v[0].text,
			    "this line and 2 more hold NUL bytes and are ignored");
	assert_string_equal(r->diags.list.v[0].hint, "the file is UTF-16: save it as UTF-8");
	reading_free(r);
}

static void test_long_lines(void **state)
{
	char *text = malloc(200001);
	struct reading *r;

	memset(text, 'x', 200000);
	text[200000] = '\0';
	memcpy(text + 100000, " y ", 3);
	r = reading_of(text);
	assert_string_equal(r->diag_text, "");
	assert_int_equal(r->tree->top.n, 1);
	assert_int_equal(r->tree->top.v[0]->words.n, 3);
	assert_int_equal(strlen(r->tree->top.v[0]->words.v[2].text), 200000 - 100003);
	assert_string_equal(r->tree->top.v[0]->words.v[1].text, "y");
	reading_free(r);
	free(text);
}

static void test_comments(void **state)
{
	expect_tree("# a\n! b\n  # c\nd # e\nf ! g\n", "d;f;");
	expect_tree("router_id a!b\n", "router_id,a;");
	expect_tree("x \"a#b!c\" d\n", "x,a#b!c,d;");
	expect_tree("x 'a#b'\n", "x,'a;"); /* single quotes do not protect */
	expect_tree("x a\\#b \\! c\n", "x,a#b,!,c;");
	expect_tree("x a\\\\#b\n", "x,a\\\\;");
	expect_tree("x \\n \\{ }\n", "x,\\n,\\{}");
}

static void test_words(void **state)
{
	struct reading *r = reading_of("x \"a b\" \"\" c\n");

	assert_string_equal(r->tree_text, "x,a b,,c;");
	assert_true(r->tree->top.v[0]->words.v[1].quoted);
	assert_false(r->tree->top.v[0]->words.v[3].quoted);
	assert_string_equal(r->tree->top.v[0]->raw, "x \"a b\" \"\" c");
	reading_free(r);
	expect_tree("a\"b c\"d\n", "a,b c,d;");
	expect_tree("it's 'a b'\n", "it's,'a,b';");
	expect_tree("\"global_defs\" { x }\n", "global_defs{x;}");
	expect_tree("x \"C:\\\" y\n", "x,C:\\,y;");
}

static void test_raw(void **state)
{
	struct reading *r = reading_of("script  \"a \\\"q\\\" 'b'\" root # c\n"
				       "v { script 'a b' \"c }\" d }\n");

	assert_string_equal(r->tree->top.v[0]->raw, "script  \"a \\\"q\\\" 'b'\" root");
	assert_string_equal(r->tree->top.v[1]->raw, "v");
	assert_string_equal(r->tree->top.v[1]->body.v[0]->raw, "script 'a b' \"c }\" d");
	reading_free(r);
}

static void test_escaped_quote(void **state)
{
	/* 2.4.3 takes the braces for real ones, and crashes on some */
	expect_tree("v { script \"a \\\"{ b}\\\" c\" root\n}\n",
		    "v{script,a \\\"{ b}\\\" c,root;}");
	expect_tree("x a\\\"b # c\n", "x,a\\\"b;");
}

static void test_unterminated_quote(void **state)
{
	expect_reading("x \"a b\ny\n", "x,a b;y;", "unterminated-quote@1:3");
	expect_reading("v \"A {\n x\n}\ny\n", "v,A{x;}y;", "unterminated-quote@1:3");
}

static void test_continuation(void **state)
{
	expect_reading("smtp_alert on \\\ny\n", "smtp_alert,on;y;", "stray-backslash@1:15");
	expect_tree("auth_pass abc\\\n", "auth_pass,abc\\;");
}

static void assert_place(const struct conf_word *w, unsigned line, unsigned col, unsigned len)
{
	assert_int_equal(w->at.line, line);
	assert_int_equal(w->at.col, col);
	assert_int_equal(w->at.len, len);
}

static void test_places(void **state)
{
	struct reading *r = reading_of("$P=100\n$B= \\\n  x y\\\n  z\n\n"
				       "\tpriority 5 \"q\"\n"
				       "  weight a$P ${P}b c\n"
				       "~SEQ(N,1,2) s${N} t\n"
				       "u $B\n");
	struct conf_stmt *const *s = r->tree->top.v;

	assert_string_equal(r->tree_text, "priority,5,q;weight,a100,100b,c;s1,t;s2,t;u,x,y;z;");
	assert_place(&s[0]->words.v[0], 6, 2, 8);
	assert_place(&s[0]->words.v[2], 6, 13, 3);
	assert_place(&s[1]->words.v[1], 7, 10, 3);
	assert_place(&s[1]->words.v[2], 7, 14, 5);
	assert_place(&s[1]->words.v[3], 7, 20, 1);
	assert_place(&s[3]->words.v[0], 8, 13, 5);
	assert_place(&s[3]->words.v[1], 8, 19, 1);
	assert_place(&s[4]->words.v[1], 9, 3, 2);
	assert_place(&s[5]->words.v[0], 9, 3, 2); /* the place of use */
	reading_free(r);
}

static void test_conditions(void **state)
{
	expect_tree("@web1 a\n@web2 b\n@^web1 c\n@^web2 d\n", "a;d;");
	expect_tree("@web b\n@Web1 c\n  @web1   e f\n", "e,f;");
	expect_tree("@web1\n@web1 # x\n", "");
	expect_tree("@web1 @web1 x\n", "@web1,x;");
	expect_tree("@web1 $P=1\n@web2 $P=2\nx $P\n", "x,1;");
	expect_tree("v { @web2 a\n@web1 b } @web1 c\n", "v{b;}c;");
	expect_tree("x @web2\n", "x,@web2;");
	/* through a macro, as the manual says; not evaluated by 2.4.3 */
	expect_tree("$IF_MAIN=@web1\n$IF_BACK=@web2\n$IF_MAIN a\n$IF_BACK b\n", "a;");
	expect_tree("$ID=web1\n@${ID} a\n@^${ID} b\n", "a;");
	expect_tree("~SEQ(N,1,2) @web1 a${N}\n~SEQ(N,1,2) @web2 b${N}\n", "a1;a2;");
	/* all lines of a definition belong to its condition */
	expect_tree("@web2 $B= \\\n a \\\n b\nc\n@web1 $B= \\\n d \\\n e\n$B\n", "c;d;e;");
}

static void test_definitions(void **state)
{
	expect_tree("$A=10.1\n$B=${A}.0.1/24\nx $B\n", "x,10.1.0.1/24;");
	expect_tree("$A=  b c  # d\nx $A e\n", "x,b,c,e;");
	expect_tree("$A=\nx $A y\n", "x,y;");
	expect_tree("$A=\"a b\"\nx $A\n", "x,a b;");
	expect_tree("$A=1\n$a=2\nx $A $a\n$A=3\nx $A\n", "x,1,2;x,3;");
	expect_tree("$X = 1\n", "$X,=,1;"); /* not a definition */
	expect_tree("$1X=1\n", "$1X=1;");
	expect_tree("$_PWD=here\nx $_PWD\n", "x,here;");
	expect_tree("$V=v { a { b } }\n$V\nc\n", "v{a{b;}}c;");
	expect_tree("v { $A=1\n x $A\n } y $A\n", "v{x,1;}y,1;");
	expect_tree("$A=a\\#b\nx $A\n", "x,a#b;");
}

static void test_expansion(void **state)
{
	expect_tree("$A=1\nx $A,$A) $A $A\n", "x,1,1),1,1;");
	expect_tree("$A=1\nx $A. $A$A -$A\n", "x,$A.,$A1,-1;");
	expect_tree("$A=1\nx \"$A\" \"${A}\" a${A}b \"$A b\"\n", "x,$A,1,a1b,1 b;");
	expect_tree("$A=1\nx \\$A \\${A}\n", "x,\\1,\\1;");
	expect_tree("x $NOPE pa$word $ $$ a$\n", "x,$NOPE,pa$word,$,$$,a$;");
	expect_tree("$I=2\n$VIP_2=ten\nx ${VIP_${I}}\n", "x,ten;");
	expect_tree("$A=v\n${A} x {\n y\n}\n", "v,x{y;}");
	/* the braces of an undefined one open no block */
	expect_reading("v ${NOPE} {\n x a${NO}b\n}\n", "v,${NOPE}{x,a${NO}b;}",
		       "undefined-macro@1:3 undefined-macro@2:5");
	expect_tree("x \"${NOPE}\" '\"${HOME}\"'\n", "x,${NOPE},',${HOME},';");
}

static void test_hash(void **state)
{
	expect_tree("x \"a${_HASH}b\" \"a${_BANG}b\"\n", "x,a#b,a!b;");
	expect_tree("x a${_HASH}b c\n", "x,a;");
	expect_tree("x $_BANG c\n", "x;");
}

static void test_nearest_macro(void **state)
{
	struct reading *r = reading_of("$PRIORITY=1\nx ${PRIORTIY}\n");

	assert_string_equal(r->diag_text, "undefined-macro@2:3");
	assert_string_equal(r->diags.list.v[0].hint, "did you mean `PRIORITY`?");
	assert_string_equal(r->diags.list.v[0].text, "macro `PRIORTIY` is not defined");
	reading_free(r);
}

static void test_multi_line(void **state)
{
	expect_tree("$B= \\\n a b \\\n c\nx\n$B\n${B}\n", "x;a,b;c;a,b;c;");
	expect_tree("$B=a \\\n b\npre $B\n", "pre,a;b;");
	expect_tree("$B= \\\n a \\\n\nx\n$B\n", "x;a;"); /* an empty line ends it */
	expect_tree("$B= \\\n a \\\n   \n # c\n b\nx\n$B\n",
		    "x;a;b;");				   /* blanks or comments don't */
	expect_tree("$B= \\\n a # c \\\nb\n$B\n", "b;a;"); /* the comment takes the backslash */
	expect_tree("$B= \\\n a {\\\n b }\n$B\nc\n", "a{b;}c;");
	expect_tree("$B= \\\n $C=2 \\\n a $C\n$B\n$C=3\nx $C\n", "a,2;x,3;");
	expect_tree("$B= \\\n a \\\n @web1 b \\\n @web2 c\n$B\n", "a;b;");
	expect_tree("$B= \\\n ~SEQ(N,1,2) a${N} \\\n b\n$B\n", "a1;a2;b;");
	expect_tree("$C= \\\n c1 \\\n c2\n$B= \\\n a \\\n $C\n$B\n", "a;c1;c2;");
	expect_tree("$P=1\n$B= \\\n a $P \\\n b\n$P=2\n$B\n", "a,2;b;"); /* expanded at use */
	expect_tree("~SEQ(N,1,2) $B\n$B= \\\n a${N} \\\n b${N}\n~SEQ(N,1,2) $B\n",
		    "$B;$B;a1;b1;a2;b2;");
	expect_tree("$B= \\\n a \\\n b", ""); /* the file ends in it */
	expect_reading("$B= \\\n a \\\n b\n$B c\nx ${B} {\n y\n}\n", "$B,c;x,${B}{y;}",
		       "macro-not-last@4:1 macro-not-last@5:3");
}

static void test_predefined(void **state)
{
	struct reading *r;

	expect_tree("x ${_PWD}/s ${_INSTANCE} $_INSTANCE\n", "x,/etc/k/s,web1,web1;");
	expect_tree("x ${_ENV HOME} a${_ENV NOPE}b\n", "x,/root,ab;");
	expect_tree("x ${_RANDOM 7 7}\n", "x,7;");
	r = reading_of("x ${_RANDOM} $_RANDOM ${_RANDOM 32760} ${_RANDOM 10 12}\n");
	assert_string_equal(r->diag_text, "");
	assert_in_range(atoi(r->tree->top.v[0]->words.v[1].text), 0, 32767);
	assert_in_range(atoi(r->tree->top.v[0]->words.v[2].text), 0, 32767);
	assert_in_range(atoi(r->tree->top.v[0]->words.v[3].text), 32760, 32767);
	assert_in_range(atoi(r->tree->top.v[0]->words.v[4].text), 10, 12);
	reading_free(r);
	expect_reading("x ${_RANDOM 5 3}\n", "x,5;", "bad-random@1:3");
	expect_reading("x ${_RANDOM a}\n", "x,${_RANDOM a};", "bad-macro@1:3");
	expect_reading("x ${_RANDOM 1 2 3}\n", "x,${_RANDOM 1 2 3};", "bad-macro@1:3");
	expect_reading("x ${_RANDOM 1 }\n", "x,${_RANDOM 1 };", "bad-macro@1:3");
	expect_reading("x ${_RANDOM 99999999999}\n", "x,${_RANDOM 99999999999};", "bad-macro@1:3");
	expect_reading("x ${_ENV}\n", "x,${_ENV};", "bad-macro@1:3"); /* a crash in 2.4.3 */
	expect_tree("x $_ENV\n", "x,$_ENV;");
	expect_reading("x ${_ENV A B}\n", "x,${_ENV A B};", "bad-macro@1:3");
	expect_reading("x ${_PWD 1}\n", "x,${_PWD 1};", "bad-macro@1:3");
}

static void test_random_seed(void **state)
{
	const char *text = "global_defs { random_seed 42 }\nx ${_RANDOM} ${_RANDOM}\n";
	struct reading *a = reading_of(text), *b = reading_of(text);

	assert_int_equal(a->fake.reseeds, 1);
	assert_string_equal(a->tree_text, b->tree_text);
	reading_free(a);
	reading_free(b);
	expect_tree("x { random_seed 42 }\n", "x{random_seed,42;}");
}

static void test_recursion(void **state)
{
	/* hangs 2.4.3 */
	expect_reading("$A=${B}\n$B=${A}\nx ${A} {\ny\n}\n", "x,${A}{y;}", "macro-recursion@3:3");
	expect_reading("$A=a${A}\nx $A\n", "x,$A;", "macro-recursion@2:3");
	expect_reading("$A= \\\n a \\\n $A\n$A\n",
		       "a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;"
		       "a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;",
		       "nested-too-deeply@4:1");
}

static void test_explosion(void **state)
{
	char text[4096];
	int n = sprintf(text, "$A0=xxxxxxxxxxxxxxxx\n");

	for (int i = 1; i < 40; i++)
		n += sprintf(text + n, "$A%d=${A%d}${A%d}\n", i, i - 1, i - 1);
	sprintf(text + n, "x ${A39}\ny ${A4}\n");
	expect_reading(
		text,
		"x,${A39};y,"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxx;",
		"macro-too-long@41:3");
}

static void test_too_much(void **state)
{
	struct reading *r = reading_of("~SEQ(A,65536) ~SEQ(B,65536) x\ny\n");

	assert_string_equal(r->diag_text, "too-much-text@1:29");
	reading_free(r);
}

static void test_seq(void **state)
{
	expect_tree("~SEQ(N, 3) a${N}\n", "a1;a2;a3;");
	expect_tree("~SEQ(N, -2) a${N}\n", "a-1;a-2;");
	expect_tree("~SEQ(N, 0) a${N}\n", "a1;a0;");
	expect_tree("~SEQ(N, 5, 2) a${N}\n", "a5;a4;a3;a2;");
	expect_tree("~SEQ(N, 0, 5, 12) a${N}\n", "a0;a5;a10;");
	expect_tree("~SEQ(N, 5, -5, -5) a${N}\n", "a5;a0;a-5;");
	expect_tree("~SEQ(N, 0x10, 021) a${N}\n", "a16;a17;");
	expect_tree("~SEQ(N, , 2) a${N}\n", "a0;a1;a2;");
	expect_tree("~SEQx(N, 0x1e, 0x21) a${N}\n", "a1e;a1f;a20;a21;");
	expect_tree("~SEQ(A,1,2) ~SEQ(B,1,2) x${A}${B}\n", "x11;x12;x21;x22;");
	expect_tree("~SEQ ( N , 2 )a $N b\n", "a,1,b;a,2,b;");
	expect_tree("$M=2\n~SEQ(N, $M) a${N}\n~SEQ(N, ${M}, 3) b${N}\n", "a1;a2;b2;b3;");
	expect_tree("~SEQ(N, 2) v${N} {\n~SEQ(N, 2) }\nx ${N}\n", "v1{v2{}}x,2;");
	expect_tree("@web1 ~SEQ(N, 2) a${N}\n@web2 ~SEQ(N, 2) b${N}\n", "a1;a2;");
	expect_tree("x ~SEQ(N, 2) a\n", "x,~SEQ(N,,2),a;");
	expect_tree("~OTHER(N, 2) $A\n", "~OTHER(N,,2),$A;");
}

static void test_seq_errors(void **state)
{
	expect_reading("~SEQ(N, 1, 0, 3) a\nb\n", "b;", "bad-repetition@1:1");
	expect_reading("~SEQ(N, 1, -1, 3) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(N, 3, 1, 1) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(N, 1, 2, 3, 4) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(N, x) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(N) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(, 1) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(N, 1 a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQx(N, -1, 3) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(N, 1000000) a\n", "", "bad-repetition@1:1");
	expect_reading("~SEQ(N, 99999999999999999999) a\n", "", "bad-repetition@1:1");
	/* the braces of a dropped line still count */
	expect_reading("~SEQ(N, x) v${N} {\n a\n}\nb\n", "v${N}{a;}b;", "bad-repetition@1:1");
}

static void test_lst(void **state)
{
	expect_tree("~LST(N, red, blue) c_${N}\n", "c_red;c_blue;");
	expect_tree("~LST({A,B}, {1,2}, {3}) p${A}_${B}\n", "p1_2;p3_;");
	expect_tree("~LST({A, B}, { 1 , 2 }, 3) p${A}_${B}\n", "p1_2;p3_;");
	expect_tree("~LST(A,) x${A}\n", "x;");
	expect_tree("$C=green\n~LST(N, $C, ${C}) c_${N}\n", "c_green;c_green;");
	expect_tree("~LST(N, a, b) ~SEQ(M, 2) ${N}${M}\n", "a1;a2;b1;b2;");
	expect_tree("~LST(N, a)b${N}\nx ${N}\n", "ba;x,a;");
	expect_reading("~LST(N) a\n", "", "bad-repetition@1:1");
	expect_reading("~LST({A,B}, {1,2,3}) a\n", "", "bad-repetition@1:1");
	expect_reading("~LST({A,B}, {1,2) a\n", "", "bad-repetition@1:1");
	expect_reading("~LST(N, a b) a\n", "", "bad-repetition@1:1");
	expect_reading("~LST(, a) a\n", "", "bad-repetition@1:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	      cmocka_unit_test(test_nul),
		cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_long_lines),    cmocka_unit_test(test_comments),
		cmocka_unit_test(test_words),	      cmocka_unit_test(test_raw),
		cmocka_unit_test(test_escaped_quote), cmocka_unit_test(test_unterminated_quote),
		cmocka_unit_test(test_continuation),  cmocka_unit_test(test_places),
		cmocka_unit_test(test_conditions),    cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_expansion),     cmocka_unit_test(test_hash),
		cmocka_unit_test(test_nearest_macro), cmocka_unit_test(test_multi_line),
		cmocka_unit_test(test_predefined),    cmocka_unit_test(test_random_seed),
		cmocka_unit_test(test_recursion),     cmocka_unit_test(test_explosion),
		cmocka_unit_test(test_too_much),      cmocka_unit_test(test_seq),
		cmocka_unit_test(test_seq_errors),    cmocka_unit_test(test_lst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
