/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the two ways a script string is split. Reference: config-language, section 4.
 * Must not know: whether a script exists.
 */
#include <string.h>

#include "base/str.h"
#include "conf/lang/lang.h"
#include "conf/tree.h"

/* One piece of the first split into `out`; adjacent quoted parts are joined, a backslash keeps
 * itself and the next character. Returns where it ends, NULL for an open quote. */
static const char *piece_copy(const char *p, char *out)
{
	char quote = 0;

	for (; *p; p++) {
		if (*p == '\\' && p[1]) {
			*out++ = *p++;
			*out++ = *p;
		} else if (quote) {
			if (*p == quote)
				quote = 0;
			else
				*out++ = *p;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (is_blank(*p)) {
			break;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
	return quote ? NULL : p;
}

int conf_script_words(const char *raw, struct arena *a, const char **ret, unsigned max)
{
	char *out = arena_alloc(a, strlen(raw) * 2 + 2);
	unsigned n = 0;

	while (n < max) {
		while (is_blank(*raw))
			raw++;
		if (!*raw)
			break;
		raw = piece_copy(raw, out);
		if (!raw)
			return -1;
		ret[n++] = out;
		out += strlen(out) + 1;
	}
	return (int)n;
}

bool conf_script_is_bash(const char *command)
{
	static const char *const words[] = {"[[ ", "&>", "<<<", "<(", "/dev/tcp/", "/dev/udp/"};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(command, words[i]))
			return true;
	return false;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escape behind a backslash at *p; moves *p behind it. */
static char escape_value(const char **p)
{
	static const char names[] = "abEfnrtv", values[] = "\a\b\033\f\n\r\t\v";
	char c = *(*p)++;
	const char *named = memchr(names, c, sizeof(names) - 1);
	int v = 0;

	if (named)
		return values[named - names];
	if (c >= '0' && c <= '7') {
		v = c - '0';
		for (int i = 0; i < 2 && **p >= '0' && **p <= '7'; i++)
			v = v * 8 + (*(*p)++ - '0');
		return (char)v;
	}
	if (c == 'x' && hex_value(**p) >= 0) {
		for (int i = 0; i < 2 && hex_value(**p) >= 0; i++)
			v = v * 16 + hex_value(*(*p)++);
		return (char)v;
	}
	if (c == 'c' && **p)
		return (char)(*(*p)++ & 0x1f);
	return c;
}

/* Operators for which somebody who writes them expects a shell. */
static bool is_operator(char c)
{
	return c == '&' || c == '|' || c == ';' || c == '<' || c == '>' || c == '`';
}

/* One argument into `out`. */
static const char *argument_copy(const char *p, char *out, bool *shell)
{
	char quote = 0;

	while (*p) {
		if (*p == '\\' && p[1]) {
			p++;
			*out++ = escape_value(&p);
		} else if (quote) {
			if (*p == quote)
				quote = 0;
			else
				*out++ = *p;
			p++;
		} else if (*p == '"' || *p == '\'') {
			quote = *p++;
		} else if (is_blank(*p)) {
			break;
		} else {
			*shell |= is_operator(*p) || (*p == '$' && p[1] == '(');
			*out++ = *p++;
		}
	}
	*out = '\0';
	return quote ? NULL : p;
}

int conf_script_argv(const char *command, struct arena *a, char ***ret_argv, bool *ret_shell)
{
	size_t len = strlen(command);
	char *out = arena_alloc(a, len * 2 + 2);
	char **argv = arena_alloc(a, (len / 2 + 2) * sizeof(*argv));
	bool shell = false;
	int n = 0;

	for (;;) {
		char *from = out;

		while (is_blank(*command))
			command++;
		if (!*command)
			break;
		command = argument_copy(command, out, &shell);
		if (!command)
			return -1;
		argv[n++] = from;
		out += strlen(out) + 1;
	}
	argv[n] = NULL;
	*ret_argv = argv;
	*ret_shell = shell;
	return n;
}
