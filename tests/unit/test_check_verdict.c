/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts to verdicts. Each case is a line of outcomes (g good, b bad, u undecided) and a line of
 * what must come of each: U or D a change to up or down, "." none; then r when a retry follows; then
 * the delay in seconds. delay_loop is 10, delay_before_retry 3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/check/verdict.h"

enum { FRESH = 1, ALPHA = 2, FAST = 4, LATE = 8 /* delay_before_retry 30 */ };

static const struct verdict_case {
	const char *name;
	uint8_t kind;
	unsigned flags, retry, urls;
	const char *in, *out;
} cases[] = {
	{"first success counts once", CHECK_TCP, 0, 1, 0, "ggg", "U10 .10 .10"},
	{"retry 1: two failures", CHECK_TCP, 0, 1, 0, "gbbb", "U10 .r3 D10 .10"},
	{"retry 0: one failure", CHECK_TCP, 0, 0, 0, "gbg", "U10 D10 U10"},
	{"retry 3: four failures", CHECK_TCP, 0, 3, 0, "gbbbb", "U10 .r3 .r3 .r3 D10"},
	{"a success resets the count", CHECK_TCP, 0, 1, 0, "gbgbgbb", "U10 .r3 .10 .r3 .10 .r3 D10"},
	{"one success recovers", CHECK_TCP, 0, 2, 0, "bbbbbgb", ".r3 .r3 D10 .10 .10 U10 .r3"},
	{"fresh: first failure is decisive", CHECK_TCP, FRESH, 3, 0, "bb", "D10 .10"},
	{"fresh: only the first", CHECK_TCP, FRESH, 1, 0, "gbb", "U10 .r3 D10"},
	{"fresh: after recovery retries count", CHECK_TCP, FRESH, 1, 0, "bgbb", "D10 U10 .r3 D10"},
	{"alpha waits for a success", CHECK_TCP, ALPHA | FRESH, 1, 0, "bbg", "D10 .10 U10"},
	{"alpha, not fresh: retries", CHECK_TCP, ALPHA, 1, 0, "bbg", ".r3 D10 U10"},
	{"undecided changes nothing", CHECK_TCP, FRESH, 1, 0, "uugubub", ".10 .10 U10 .10 .r3 .10 D10"},
	{"undecided keeps freshness", CHECK_TCP, FRESH, 5, 0, "ub", ".10 D10"},
	{"UDP as TCP", CHECK_UDP, FRESH, 1, 0, "bg", "D10 U10"},
	{"DNS as TCP", CHECK_DNS, 0, 3, 0, "gbbbbg", "U10 .r3 .r3 .r3 D10 U10"},
	{"MISC, retry 0", CHECK_MISC, 0, 0, 0, "bbg", "D10 .10 U10"},
	{"SMTP retries from the start", CHECK_SMTP, FRESH, 1, 0, "bbbbg", ".r3 D10 .r3 .10 U10"},
	{"SMTP, down, in a series", CHECK_SMTP, 0, 2, 0, "bbbbg", ".r3 .r3 D10 .r3 U10"},
	{"SMTP alpha", CHECK_SMTP, ALPHA | FRESH, 1, 0, "bbg", ".r3 D10 U10"},

	{"HTTP, one page", CHECK_HTTP, 0, 1, 1, "ggbb", "U10 .10 .r3 D10"},
	{"HTTP, the failed page, then every page", CHECK_HTTP, 0, 0, 1, "gbggg", "U10 D10 .10 U10 .10"},
	{"HTTP fresh", CHECK_HTTP, FRESH, 3, 1, "bgg", "D10 .10 U10"},
	{"HTTP fresh, until every page was seen", CHECK_HTTP, FRESH, 3, 2, "gbggg", ".10 D10 .10 .10 U10"},
	{"HTTP fresh, no longer", CHECK_HTTP, FRESH, 1, 2, "ggbb", ".10 U10 .r3 D10"},
	{"HTTP, late retries", CHECK_HTTP, LATE, 1, 1, "gbbb", "U10 .r30 D30 .30"},
	{"HTTP, three pages to be sure at start", CHECK_HTTP, 0, 1, 3, "gggg", ".10 .10 U10 .10"},
	{"HTTP alpha, two pages", CHECK_HTTP, ALPHA | FRESH, 1, 2, "ggg", ".10 U10 .10"},
	{"HTTP, two pages, recovery", CHECK_HTTP, 0, 0, 2, "ggbbgggg", ".10 U10 D10 .10 .10 .10 U10 .10"},
	{"HTTP, failure in recovery", CHECK_HTTP, 0, 2, 2, "ggbbbggbggg", ".10 U10 .r3 .r3 D10 .10 .10 .10 .10 .10 U10"},
	{"HTTP fast recovery", CHECK_HTTP, FAST | LATE, 0, 2, "gggbgggg", ".0 U10 .10 D30 .0 .0 U10 .10"},
	{"SSL as HTTP", CHECK_SSL, 0, 0, 1, "gbgg", "U10 D10 .10 U10"},
};

static void run_case(const struct verdict_case *k)
{
	struct conf_url url = {0};
	struct conf_url *urls[] = {&url, &url, &url};
	struct conf_check_http http = {.sock.check = {
		.kind = k->kind,
		.timing = {.delay_loop = 10 * USEC_PER_SEC,
			   .delay_before_retry = (k->flags & LATE ? 30 : 3) * USEC_PER_SEC,
			   .retry = k->retry, .alpha = k->flags & ALPHA},
	}, .fast_recovery = k->flags & FAST};
	struct check_verdict v;
	char text[256];
	struct buf b = BUF_ON(text);

	http.urls.v = urls;
	http.urls.n = k->urls;
	v = check_verdict_new(&http.sock.check, k->flags & FRESH);
	assert_int_equal(v.up, !(k->flags & ALPHA));
	for (const char *in = k->in; *in; in++) {
		struct check_next n = check_verdict_step(&v, &http.sock.check,
			*in == 'g' ? CHECK_GOOD : *in == 'b' ? CHECK_BAD : CHECK_UNDECIDED);

		buf_printf(&b, "%s%c%s%lld", b.n ? " " : "", n.changed ? v.up ? 'U' : 'D' : '.',
			   n.attempt ? "r" : "", (long long)(n.delay / USEC_PER_SEC));
		assert_in_range(v.url, 0, k->urls ? k->urls - 1 : 0);
	}
	if (strcmp(buf_text(&b), k->out) != 0)
		fail_msg("%s: %s gives %s instead of %s", k->name, k->in, text, k->out);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&cases[i]);
}

/* Which page comes next, also while down: the failed one until it is good, then all of them. */
static void test_pages(void **state)
{
	struct conf_url url = {0};
	struct conf_url *urls[] = {&url, &url, &url};
	struct conf_check_http http = {.sock.check = {.kind = CHECK_HTTP, .timing = {.retry = 1}}};
	static const char in[] = "gggggbbbbgggbgggg";
	/* after each of these */
	static const int pages[] = {1, 2, 0, 1, 2, 2, 2, 2, 2, 0, 1, 2, 2, 0, 1, 2, 0};
	struct check_verdict v;

	(void)state;
	http.urls.v = urls;
	http.urls.n = 3;
	v = check_verdict_new(&http.sock.check, false);
	for (size_t i = 0; in[i]; i++) {
		check_verdict_step(&v, &http.sock.check, in[i] == 'g' ? CHECK_GOOD : CHECK_BAD);
		if (v.url != pages[i])
			fail_msg("after %zu attempts page %u instead of %d", i + 1, v.url, pages[i]);
	}
	assert_true(v.up);
}

static void test_failures_are_counted(void **state)
{
	struct conf_checker c = {.kind = CHECK_TCP, .timing = {.retry = 1}};
	struct check_verdict v = check_verdict_new(&c, false);

	(void)state;
	for (unsigned i = 1; i <= 5; i++) {
		check_verdict_step(&v, &c, CHECK_BAD);
		assert_int_equal(v.failures, i);
	}
	check_verdict_step(&v, &c, CHECK_GOOD);
	assert_int_equal(v.failures, 0);
	c.timing.retry = UINT32_MAX;
	v.failures = UINT32_MAX;
	assert_true(check_verdict_step(&v, &c, CHECK_BAD).changed);
	assert_int_equal(v.failures, UINT32_MAX);
}

static void test_mended(void **state)
{
	struct conf_url url = {0};
	struct conf_url *urls[] = {&url, &url};
	struct conf_check_http http = {.sock.check.kind = CHECK_HTTP};
	struct conf_checker tcp = {.kind = CHECK_TCP};
	struct check_verdict v = {.url = 2, .good_urls = 3, .up = true, .failures = 7};

	(void)state;
	http.urls.v = urls;
	http.urls.n = 2;
	check_verdict_mend(&v, &http.sock.check);
	assert_int_equal(v.url, 0);
	assert_int_equal(v.good_urls, 0);
	assert_int_equal(v.failures, 7);
	assert_true(v.up);
	v.url = 1;
	v.good_urls = 2;
	check_verdict_mend(&v, &http.sock.check);
	assert_int_equal(v.url, 1);
	assert_int_equal(v.good_urls, 2);
	check_verdict_mend(&v, &tcp);
	assert_int_equal(v.url, 0);
	assert_int_equal(v.good_urls, 0);
}

static void test_first_delay(void **state)
{
	struct conf_checker c = {.timing = {.warmup = 8 * USEC_PER_SEC}};

	(void)state;
	assert_int_equal(check_first_delay(&c, 0), USEC_PER_SEC);
	assert_int_equal(check_first_delay(&c, 1u << 31), 5 * USEC_PER_SEC);
	assert_in_range(check_first_delay(&c, UINT32_MAX), 9 * USEC_PER_SEC - 10, 9 * USEC_PER_SEC);
	c.timing.warmup = 0;
	assert_int_equal(check_first_delay(&c, UINT32_MAX), USEC_PER_SEC);
	c.timing.warmup = USEC_NEVER - 1;
	assert_true(check_first_delay(&c, UINT32_MAX) > 0);
	assert_true(check_first_delay(&c, UINT32_MAX) < USEC_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_failures_are_counted),
		cmocka_unit_test(test_mended),
		cmocka_unit_test(test_first_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
