/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading small configurations in tests: a host that knows a user and two names, and the round trip. */
#ifndef HF_TESTS_CONF_FIXTURE_H
#define HF_TESTS_CONF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/str.h"
#include "conf/conf.h"

static struct conf_loaded loaded;

static inline bool find_user(void *ctx, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	(void)ctx;
	*ret_uid = *ret_gid = 99;
	return str_eq(name, "nobody");
}

static inline bool find_name(void *ctx, const char *table, const char *name, uint32_t *ret)
{
	(void)ctx;
	*ret = 77;
	return (str_eq(table, "rt_realms") && str_eq(name, "shop")) ||
	       (str_eq(table, "rt_dsfield") && str_eq(name, "EF"));
}

static const struct conf_host host = {
	.user = find_user, .name_table = find_name, .config_id = "node"};

static inline const struct conf *load(const char *text)
{
	const struct conf_load_options options = {.judge = false};

	arena_free(loaded.arena);
	loaded = conf_load_text("test.conf", text, strlen(text), &host, &options);
	return loaded.conf;
}

static inline int teardown(void **state)
{
	(void)state;
	loaded.arena = arena_free(loaded.arena);
	return 0;
}

static inline unsigned count(const char *code)
{
	unsigned n = 0;

	for (unsigned i = 0; i < loaded.diags.list.n; i++)
		n += str_eq(loaded.diags.list.v[i].code, code);
	return n;
}

/* No message worse than `most`. */
static inline void assert_quiet(enum diag_severity most)
{
	for (unsigned i = 0; i < loaded.diags.list.n; i++)
		if (loaded.diags.list.v[i].severity > most)
			fail_msg("%u: %s", loaded.diags.list.v[i].at.line,
				 loaded.diags.list.v[i].text);
}

/* print(parse(print(parse(x)))) == print(parse(x)), by both readers. */
static inline void assert_round_trip(void)
{
	size_t len, len2;
	char *text = conf_print(loaded.conf, loaded.arena, &len), *text2;

	for (int literal = 0; literal < 2; literal++) {
		const struct conf_load_options options = {.tree = {.literal = literal}};
		struct conf_loaded again = conf_load_text("again", text, len, &host, &options);

		text2 = conf_print(again.conf, again.arena, &len2);
		assert_string_equal(text, text2);
		assert_int_equal(again.diags.count[DIAG_ERROR], 0);
		assert_int_equal(again.conf->checkers.n, loaded.conf->checkers.n);
		arena_free(again.arena);
	}
}

#endif
