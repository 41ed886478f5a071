/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the rows of HTTP_GET, SSL_GET and their url. A pattern is only kept here: it is compiled by
 * the check process, since conf/ links no regular expressions.
 */
#include "conf/schema/lvs.h"

#include <ctype.h>

/* ---- url ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'	    ? c - '0'
	       : isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10
					    : -1;
}

static bool parse_digest(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_url *url = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	size_t n = 0;

	if (!w)
		return false;
	while (n < 2 * CONF_DIGEST_LEN && hex_digit(w->text[n]) >= 0)
		n++;
	if (n < 2 * CONF_DIGEST_LEN || w->text[n])
		return bind_bad_word(b, w, "bad-digest", row->args, "`%s` is no MD5 digest");
	for (n = 0; n < CONF_DIGEST_LEN; n++)
		url->digest[n] =
			(uint8_t)(hex_digit(w->text[2 * n]) << 4 | hex_digit(w->text[2 * n + 1]));
	url->has_digest = true;
	return true;
}

static void print_digest(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_url *url = obj;

	text_char(t, ' ');
	for (unsigned i = 0; i < CONF_DIGEST_LEN; i++)
		text_printf(t, "%02x", url->digest[i]);
}

static bool parse_status(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_url *url = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	int64_t min, max;

	for (; w; w = cursor_take(c))
		if (bind_range(b, w, 100, 599, &min, &max))
			vec_push(b->a, &url->status,
				 ((struct conf_status_range){(uint16_t)min, (uint16_t)max}));
	return url->status.n;
}

static void print_status(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_url *url = obj;

	for (unsigned i = 0; i < url->status.n; i++)
		print_range(t, url->status.v[i].min, url->status.v[i].max);
}

#define REGEX(id, name)                                                                            \
	{                                                                                          \
		name, REGEX_##id, "PCRE2_" #id " of PCRE2."                                        \
	}

static const struct choice regex_options[] = {
	REGEX(ALLOW_EMPTY_CLASS, "allow_empty_class"),
	REGEX(ALT_BSUX, "alt_bsux"),
	REGEX(AUTO_CALLOUT, "auto_callout"),
	REGEX(CASELESS, "caseless"),
	REGEX(DOLLAR_ENDONLY, "dollar_endonly"),
	REGEX(DOTALL, "dotall"),
	REGEX(DUPNAMES, "dupnames"),
	REGEX(EXTENDED, "extended"),
	REGEX(FIRSTLINE, "firstline"),
	REGEX(MATCH_UNSET_BACKREF, "match_unset_backref"),
	REGEX(MULTILINE, "multiline"),
	REGEX(NEVER_UCP, "never_ucp"),
	REGEX(NEVER_UTF, "never_utf"),
	REGEX(NO_AUTO_CAPTURE, "no_auto_capture"),
	REGEX(NO_AUTO_POSSESS, "no_auto_possess"),
	REGEX(NO_DOTSTAR_ANCHOR, "no_dotstar_anchor"),
	REGEX(NO_START_OPTIMIZE, "no_start_optimize"),
	REGEX(UCP, "ucp"),
	REGEX(UNGREEDY, "ungreedy"),
	REGEX(UTF, "utf"),
	REGEX(NEVER_BACKSLASH_C, "never_backslash_c"),
	REGEX(ALT_CIRCUMFLEX, "alt_circumflex"),
	REGEX(ALT_VERBNAMES, "alt_verbnames"),
	REGEX(USE_OFFSET_LIMIT, "use_offset_limit"),
	{0},
};

static bool parse_regex_options(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_url *url = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);

	for (; w; w = cursor_take(c)) {
		const struct choice *ch = choice_named(regex_options, w->text);

		if (ch) {
			url->regex_options |= (uint32_t)ch->value;
		} else {
			diag_add(b->diags, DIAG_ERROR, "bad-word", w->at,
				 "`%s` is no option of a pattern", w->text)
				->hint = choice_hint(regex_options, w->text, b->a);
		}
	}
	return url->regex_options;
}

static void print_regex_options(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_url *url = obj;

	for (const struct choice *ch = regex_options; ch->name; ch++)
		if (url->regex_options & (uint32_t)ch->value)
			print_word(t, ch->name);
}

/* The escapes of script strings (config-language.md, 4) undone; NULL when they can't be. */
static const char *pattern_of(struct bind *b, const char *text)
{
	struct text quoted = {.a = b->a};
	char **argv;
	bool shell;

	text_char(&quoted, '"');
	for (const char *s = text; *s; s++) {
		if (*s == '"')
			text_char(&quoted, '\\');
		text_char(&quoted, *s);
		if (*s == '\\' && s[1])
			text_char(&quoted, *++s);
	}
	text_char(&quoted, '"');
	return conf_script_argv(text_get(&quoted), b->a, &argv, &shell) == 1 ? argv[0] : NULL;
}

/* \d is not what it seems: the file takes the backslash away before the library sees it. */
static void warn_lost_backslash(struct bind *b, const struct conf_word *w, const char *text)
{
	for (const char *s = strchr(text, '\\'); s && s[1]; s = strchr(s + 2, '\\')) {
		if (strchr("abEfnrtvxc01234567\\\"' #!{}", s[1]))
			continue;
		diag_add(b->diags, DIAG_WARNING, "lost-backslash", w->at,
			 "`\\%c` is read as `%c`: the file takes one backslash away", s[1], s[1])
			->hint =
			arena_printf(b->a, "write `\\\\%c` for the pattern `\\%c`", s[1], s[1]);
		return;
	}
}

/* One word, split from the raw line as the commands of scripts are. */
static bool parse_regex(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_url *url = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	const char *pieces[4] = {0}, *pattern;
	int n = 2;

	if (!w)
		return false;
	if (b->literal) {
		pieces[1] = w->text;
	} else {
		n = conf_script_words(c->stmt->raw, b->a, pieces, ARRAY_SIZE(pieces));
		c->next = n > 2 ? c->stmt->words.n - 1 : c->stmt->words.n;
	}
	pattern = n >= 2 ? pattern_of(b, pieces[1]) : NULL;
	if (!pattern)
		return bind_bad_word(b, w, "bad-regex", NULL, "the quotes of `%s` don't match");
	if (b->judge)
		warn_lost_backslash(b, w, pieces[1]);
	url->regex_text = pieces[1];
	url->regex = pattern;
	return true;
}

static void print_regex(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_url *url = obj;

	print_word(t, url->regex_text);
}

/* START MAX */
static bool parse_stack(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_url *url = obj;
	const struct conf_word *start = cursor_need(b, c, row->args), *max;
	int64_t lo, hi;

	if (!start || !(max = cursor_need(b, c, row->args)) ||
	    !bind_number(b, start, false, 1, UINT32_MAX, &lo) ||
	    !bind_number(b, max, false, lo, UINT32_MAX, &hi))
		return false;
	url->regex_stack_start = (uint32_t)lo;
	url->regex_stack_max = (uint32_t)hi;
	return true;
}

static void print_stack(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_url *url = obj;

	text_printf(t, " %u %u", url->regex_stack_start, url->regex_stack_max);
}

static const struct block schema_url;

static bool url_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_url *url = obj;
	bool min = url->regex_min_offset, limited = url->regex_max_offset != UINT32_MAX;

	if (limited && url->regex_max_offset < url->regex_min_offset) {
		diag_add(b->diags, DIAG_ERROR, "bad-offsets", stmt->at,
			 "regex_max_offset is less than regex_min_offset; both are ignored");
		url->regex_min_offset = 0;
		url->regex_max_offset = UINT32_MAX;
		block_unmark(url, block_bit(&schema_url, "regex_min_offset"));
		block_unmark(url, block_bit(&schema_url, "regex_max_offset"));
	}
	if (!url->regex && (url->regex_no_match || url->regex_options || min || limited))
		diag_add(b->diags, DIAG_WARNING, "no-regex", stmt->at,
			 "this url has options of a pattern but no regex");
	return true;
}

static const struct row url_rows[] = {
	{"path", STRING(conf_url, path), .flags = ROW_REQUIRED, .args = "PATH",
	 .dflt_text = "none, required", .help = "What to ask the server for."},
	{"digest", HANDLER(conf_url, digest, parse_digest, print_digest), .flags = ROW_FIRST_WINS,
	 .args = "32 hexadecimal digits", .dflt_text = "none",
	 .help = "MD5 of the body, as genhash prints it."},
	{"status_code", HANDLER(conf_url, status, parse_status, print_status), .flags = ROW_REPEAT,
	 .args = "CODE | MIN-MAX ...", .dflt_text = "200-299",
	 .help = "Status codes that are good."},
	{"virtualhost", STRING(conf_url, virtualhost), .args = "NAME",
	 .dflt_text = "that of the checker, the real server or the service",
	 .help = "Host name to ask for."},
	{"regex", HANDLER(conf_url, regex, parse_regex, print_regex), .args = "PATTERN",
	 .dflt_text = "none",
	 .help = "Pattern (PCRE2) the reply must match; one word, a backslash in it is written "
		 "twice."},
	{"regex_no_match", FLAG(conf_url, regex_no_match), .dflt_text = "off",
	 .help = "A match is a failure."},
	{"regex_options",
	 HANDLER(conf_url, regex_options, parse_regex_options, print_regex_options),
	 .flags = ROW_REPEAT, .args = "NAME ...", .choices = regex_options, .dflt_text = "none",
	 .list_choices = "HTTP_GET.url\tregex_options:",
	 .help = "Options the pattern is compiled with."},
	{"regex_min_offset", NUMBER(conf_url, regex_min_offset, 0, UINT32_MAX), .unit = "bytes",
	 .dflt = "0", .help = "A match begins here or later."},
	{"regex_max_offset", NUMBER(conf_url, regex_max_offset, 0, UINT32_MAX), .unit = "bytes",
	 .dflt = "4294967295", .help = "A match begins here or earlier; 4294967295: no limit."},
	{"regex_stack", HANDLER(conf_url, regex_stack_start, parse_stack, print_stack),
	 .args = "START MAX", .unit = "bytes", .dflt_text = "the library's",
	 .help = "Stack of the matcher; the largest of all urls count."},
	{"tls_compliant", BOOL(conf_url, tls_compliant), .args = "[on|off]",
	 .dflt_text = "that of the checker",
	 .help = "Ends TLS with the closing alert; only in SSL_GET."},
};

static const struct block schema_url =
	BLOCK(KEYWORDS, conf_url, url_rows, .contexts = "HTTP_GET.url", .owner = OWNER_CHECK,
	      .reload = RELOAD_LIVE, .finish = url_finish,
	      .help = "One page to fetch.");

/* ---- HTTP_GET and SSL_GET ---- */

static const struct choice protocols[] = {
	{"1.0", HTTP_1_0, "HTTP/1.0."},
	{"1.0C", HTTP_1_0C, "HTTP/1.0 with a Connection: close header."},
	{"1.1", HTTP_1_1, "HTTP/1.1 with a Connection: close header."},
	{0},
};

/* nb_get_retry has filled the field of retry; from here on it is retry. */
static void take_old_retry(struct conf_block *block)
{
	unsigned old = block_bit(&schema_http_get, "nb_get_retry");

	if (!block_is_set(block, old))
		return;
	block_unmark(block, old);
	block_mark(block, block_bit(&schema_http_get, "retry"));
}

static bool has_urls(struct bind *b, const struct conf_check_http *http,
		     const struct conf_stmt *stmt)
{
	if (!http->urls.n)
		diag_add(b->diags, DIAG_ERROR, "incomplete", stmt->at,
			 "%s has no usable `url`; it is ignored", stmt->words.v[0].text);
	return http->urls.n;
}

static bool http_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_check_http *http = obj;
	unsigned tls = block_bit(&schema_url, "tls_compliant");

	take_old_retry(obj);
	for (unsigned i = 0; i < http->urls.n; i++) {
		struct conf_url *url = http->urls.v[i];

		if (!block_is_set(url, tls))
			continue;
		diag_add(b->diags, DIAG_ERROR, "unknown-keyword", url->block.at,
			 "`tls_compliant` is not a keyword of HTTP_GET")
			->hint = "it belongs in SSL_GET";
		block_drop(&schema_url, url, tls);
	}
	return has_urls(b, http, stmt);
}

static bool ssl_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	take_old_retry(obj);
	return has_urls(b, obj, stmt);
}

/* These words are listed under SSL_GET as well. */
#define BOTH(name) .listed = "HTTP_GET\t" name "\nSSL_GET\t" name

static const struct row http_rows[] = {
	{"(check_common)", DOC(), BOTH("(check_common)"),
	 .help = "All words of check_common; delay_before_retry is 3 unless said."},
	{"nb_get_retry", NUMBER(conf_check_http, sock.check.timing.retry, 0, UINT32_MAX),
	 .obsolete = "write `retry`", .dflt_text = "1", .help = "Old spelling of retry."},
	{"virtualhost", STRING(conf_check_http, virtualhost), .args = "NAME",
	 .dflt_text = "that of the real server or the service, else the probed address",
	 .help = "Host name to ask for, unless the url says."},
	{"http_protocol", ENUM(conf_check_http, protocol, protocols), .flags = ROW_NOCASE,
	 .dflt = "1.0",
	 .list_choices = "HTTP_GET\thttp_protocol:", .help = "Version of the request."},
	{"enable_sni", BOOL(conf_check_http, enable_sni), BOTH("enable_sni"), .args = "[on|off]",
	 .dflt_text = "off", .help = "Sends a TLS server name; means something in SSL_GET."},
	{"sni_name", STRING(conf_check_http, sni_name), BOTH("sni_name"), .flags = ROW_OPTIONAL,
	 .args = "[NAME]", .dflt_text = "the host name asked for",
	 .help = "TLS server name to send; turns enable_sni on."},
	{"fast_recovery", BOOL(conf_check_http, fast_recovery), .args = "[on|off]",
	 .dflt_text = "off",
	 .help = "At start and while recovering the urls are fetched one after the other without a "
		 "pause."},
	{"url", BLOCK_VEC(conf_check_http, urls, conf_url, schema_url), .args = "{ }",
	 .dflt_text = "none; one at least", .help = "A page to fetch; each run fetches the next."},
};

const struct block schema_http_get =
	BLOCK_ON(KEYWORDS, conf_check_http, http_rows, &schema_check_socket, .contexts = "HTTP_GET",
		 .finish = http_finish, .help = "Fetches pages over HTTP.");

static const struct row ssl_rows[] = {
	{"(HTTP_GET)", DOC(), .help = "All words of HTTP_GET."},
	{"tls_compliant", BOOL(conf_check_http, tls_compliant), .args = "[on|off]",
	 .dflt_text = "off", .help = "Ends TLS with the closing alert, for all urls."},
	{"tls_verify", BOOL(conf_check_http, tls_verify), .args = "[on|off]", .ours = true,
	 .dflt_text = "off",
	 .help = "The certificate must be valid, by the ca of the SSL block or the system's, and name "
		 "the server (sni_name, the host asked for, else the probed address)."},
	{"tls_expiry_days", NUMBER(conf_check_http, tls_expiry_days, 0, 3650), .ours = true,
	 .unit = "days", .args = "DAYS", .dflt = "0",
	 .help = "Warns when the certificate ends within this time; 0: never."},
};

const struct block schema_ssl_get =
	BLOCK_ON(KEYWORDS, conf_check_http, ssl_rows, &schema_http_get, .contexts = "SSL_GET",
		 .finish = ssl_finish, .help = "Fetches pages over HTTPS.");
