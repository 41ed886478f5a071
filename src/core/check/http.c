/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: HTTP_GET and SSL_GET: the request of each page, and the verdict on the reply (RFC 9110,
 * 9112): status, MD5 of the page, regular expression, in this order. http_parser reads the message
 * (status line, headers, Content-Length, chunks); the page is undone of gzip and deflate, and
 * streams through the digest and the search without being held.
 *
 * Decides as early as it can: on the end of the headers when the status is wrong or nothing else is
 * asked, which allocates nothing; else on the last byte the length promises, on a match, or when
 * the peer closes. A page shorter than its Content-Length is judged as it is, as keepalived does.
 *
 * The regex sees the reply from its first byte, headers included, and its offsets count from there:
 * configurations rely on it. Digests made by keepalived's genhash from a page that was sent chunked
 * or compressed are those of the raw bytes: they are accepted too.
 *
 * Must not know: sockets, TLS, which page comes when (core/check/verdict).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>
#include <md5.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/check/decode.h"
#include "core/check/judge.h"
#include "core/check/search.h"

#define HTTP_HEAD_MAX ((size_t)64 * 1024)
#define HTTP_DEFAULT_MIN 200
#define HTTP_DEFAULT_MAX 299

_Static_assert(CONF_DIGEST_LEN == MD5_DIGEST_LENGTH, "digests of pages are MD5");

struct http_page {
	const struct conf_url *url;
	const char *request;
	size_t n_request;
	struct search_pattern *pattern; /* or NULL */
};

struct http_plan {
	unsigned n;
	struct http_page *pages;
};

/* A header field of interest, as far as it fits. */
struct http_field {
	char name[17]; /* "content-encoding" */
	char value[12];
	uint8_t n_name, n_value; /* saturate: then it is not one of ours */
	bool in_value;
};

struct http_state {
	http_parser parser;
	const struct http_page *page;
	size_t n_head; /* bytes of headers so far, those of 1xx replies too */
	bool head_done, page_done, wants_body;
	struct http_field field;
	const char *error; /* of the decoder */
	struct decoder decoder;
	bool has_md5, has_raw_md5;
	MD5_CTX md5, raw_md5;
	struct search search;
};

/* ---- the plan ---- */

static const char *connection_line(uint8_t protocol)
{
	return protocol == HTTP_1_0 ? "" : "Connection: close\r\n";
}

static void prepare_page(struct http_page *page, const struct conf_check_http *h,
			 const struct conf_url *url, struct arena *a)
{
	page->url = url;
	page->request = arena_printf(a,
				     "GET %s HTTP/1.%d\r\n"
				     "User-Agent: KeepAliveClient\r\n"
				     "%sHost: %s\r\n\r\n",
				     url->path ? url->path : "/", h->protocol == HTTP_1_1 ? 1 : 0,
				     connection_line(h->protocol),
				     url->host ? url->host : judge_authority(&h->sock, a));
	page->n_request = strlen(page->request);
	page->pattern = search_pattern_new(url, a);
}

static const void *http_prepare(const struct conf *conf, const struct conf_checker *c,
				struct arena *a)
{
	const struct conf_check_http *h = (const void *)c;
	struct http_plan *plan = arena_new_of(a, struct http_plan);

	(void)conf;
	plan->n = h->urls.n;
	plan->pages = arena_alloc(a, plan->n * sizeof(*plan->pages));
	for (unsigned i = 0; i < plan->n; i++)
		prepare_page(&plan->pages[i], h, h->urls.v[i], a);
	return plan;
}

static void http_release(const void *p)
{
	const struct http_plan *plan = p;

	for (unsigned i = 0; i < plan->n; i++)
		search_pattern_release(plan->pages[i].pattern);
}

/* ---- status ---- */

static bool status_is_good(const struct conf_url *url, unsigned status)
{
	if (!url->status.n)
		return status >= HTTP_DEFAULT_MIN && status <= HTTP_DEFAULT_MAX;
	for (unsigned i = 0; i < url->status.n; i++) {
		if (status >= url->status.v[i].min && status <= url->status.v[i].max)
			return true;
	}
	return false;
}

static enum probe_step fail_status(struct dialogue *d, const struct conf_url *url)
{
	char text[64];
	struct buf b = BUF_ON(text);

	for (unsigned i = 0; i < url->status.n; i++) {
		const struct conf_status_range *r = &url->status.v[i];

		buf_printf(&b, r->min == r->max ? "%s%u" : "%s%u-%u", i ? " " : "", r->min, r->max);
	}
	return dialogue_fail(d, "HTTP status %u instead of %s", (unsigned)d->status,
			     url->status.n ? buf_text(&b) : "200-299");
}

/* ---- http_parser's callbacks: pausing makes http_parser_execute() return ---- */

static struct dialogue *dialogue_of(http_parser *p)
{
	return p->data;
}

static bool is_interim(const struct http_state *s)
{
	unsigned status = s->parser.status_code;

	return status >= 100 && status < 200 && status != 101 &&
	       !status_is_good(s->page->url, status);
}

static void field_end(struct http_state *s)
{
	struct http_field *f = &s->field;

	while (f->n_value && f->value[f->n_value - 1] == ' ')
		f->n_value--;
	if (f->n_name == strlen("content-encoding") && f->n_value < sizeof(f->value) &&
	    strncasecmp(f->name, "content-encoding", f->n_name) == 0) {
		f->value[f->n_value] = '\0';
		s->decoder.coding = decode_coding_of(f->value);
	}
	*f = (struct http_field){0};
}

static uint8_t field_add(char *to, size_t size, uint8_t n, const char *at, size_t len)
{
	for (; len && n < size; n++, len--)
		to[n] = *at++;
	return n;
}

static int on_field(http_parser *p, const char *at, size_t len)
{
	struct http_state *s = dialogue_of(p)->state;

	if (s->field.in_value)
		field_end(s);
	s->field.n_name = field_add(s->field.name, sizeof(s->field.name), s->field.n_name, at, len);
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	struct http_state *s = dialogue_of(p)->state;
	struct http_field *f = &s->field;

	f->in_value = true;
	f->n_value = field_add(f->value, sizeof(f->value), f->n_value, at, len);
	return 0;
}

static int on_head(http_parser *p)
{
	struct dialogue *d = dialogue_of(p);
	struct http_state *s = d->state;

	field_end(s);
	if (is_interim(s)) {
		s->decoder.coding = DECODE_PLAIN;
		return 0;
	}
	d->status = p->status_code;
	s->head_done = true;
	http_parser_pause(p, 1);
	return 0;
}

static void sink_page(void *ctx, const char *data, size_t len)
{
	struct http_state *s = ctx;

	if (s->has_md5)
		MD5Update(&s->md5, (const uint8_t *)data, len);
	if (s->search.pattern)
		search_feed(&s->search, data, len);
}

static int on_body(http_parser *p, const char *at, size_t len)
{
	struct http_state *s = dialogue_of(p)->state;

	if (s->decoder.coding == DECODE_PLAIN)
		sink_page(s, at, len);
	else if (!s->error)
		s->error = decoder_feed(&s->decoder, at, len, sink_page, s);
	return 0;
}

static int on_complete(http_parser *p)
{
	struct http_state *s = dialogue_of(p)->state;

	if (!s->head_done)
		return 0; /* an interim reply */
	s->page_done = true;
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings head_only = {
	.on_headers_complete = on_head,
};

static const http_parser_settings whole_page = {
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

static const http_parser_settings *settings_of(const struct http_state *s)
{
	return s->wants_body ? &whole_page : &head_only;
}

/* ---- the reply ---- */

static bool wants_digest(const struct dialogue *d, const struct http_state *s)
{
	return s->page->url->has_digest || d->want_digest;
}

static enum probe_step http_begin(struct dialogue *d)
{
	const struct http_plan *plan = d->plan;
	struct http_state *s = d->state;

	if (!plan->n)
		return dialogue_fail(d, "no page to get");
	s->page = &plan->pages[d->url < plan->n ? d->url : 0];
	s->wants_body = s->page->pattern || wants_digest(d, s);
	d->status = 0;
	d->has_digest = false;
	http_parser_init(&s->parser, HTTP_RESPONSE);
	s->parser.data = d;
	s->parser.lenient_http_headers = 1;
	s->parser.allow_chunked_length = 1;
	if (s->page->pattern)
		search_begin(&s->search, s->page->pattern);
	return dialogue_send(d, s->page->request, s->page->n_request);
}

static bool is_encoded(const struct http_state *s)
{
	return s->decoder.coding != DECODE_PLAIN || s->parser.flags & F_CHUNKED;
}

/* The headers are complete. PROBE_MORE: the page is needed. */
static enum probe_step judge_head(struct dialogue *d)
{
	struct http_state *s = d->state;

	if (!status_is_good(s->page->url, d->status))
		return fail_status(d, s->page->url);
	if (!s->wants_body)
		return PROBE_GOOD;
	if (!wants_digest(d, s))
		return PROBE_MORE;
	s->has_md5 = true;
	MD5Init(&s->md5);
	s->has_raw_md5 = is_encoded(s);
	if (s->has_raw_md5)
		MD5Init(&s->raw_md5);
	return PROBE_MORE;
}

static enum probe_step judge_digest(struct dialogue *d, const struct conf_url *url)
{
	struct http_state *s = d->state;
	uint8_t raw[CONF_DIGEST_LEN];
	char got[2 * CONF_DIGEST_LEN + 1], expected[2 * CONF_DIGEST_LEN + 1];

	MD5Final(d->digest, &s->md5);
	d->has_digest = true;
	if (!url->has_digest || memcmp(d->digest, url->digest, CONF_DIGEST_LEN) == 0)
		return PROBE_GOOD;
	if (s->has_raw_md5) {
		MD5Final(raw, &s->raw_md5);
		if (memcmp(raw, url->digest, CONF_DIGEST_LEN) == 0)
			return PROBE_GOOD;
	}
	for (unsigned i = 0; i < CONF_DIGEST_LEN; i++) {
		snprintf(got + 2 * i, 3, "%02x", d->digest[i]);
		snprintf(expected + 2 * i, 3, "%02x", url->digest[i]);
	}
	return dialogue_fail(d, "digest %s instead of %s", got, expected);
}

/* PROBE_MORE: not known yet. */
static enum probe_step judge_search(struct dialogue *d, const struct conf_url *url)
{
	const struct http_state *s = d->state;

	switch (s->search.result) {
	case SEARCH_MORE:
		return PROBE_MORE;
	case SEARCH_FOUND:
		if (!url->regex_no_match)
			return PROBE_GOOD;
		return dialogue_fail(d, "the reply matches the regex that must not match");
	case SEARCH_NOT:
		if (url->regex_no_match)
			return PROBE_GOOD;
		return dialogue_fail(d, "the reply does not match the regex");
	case SEARCH_GAVE_UP:
		break;
	}
	return dialogue_fail(d, "%s", s->search.error);
}

/* Nothing more belongs to the page. */
static enum probe_step judge_page(struct dialogue *d)
{
	struct http_state *s = d->state;
	enum probe_step step = PROBE_GOOD;

	if (s->error)
		return dialogue_fail(d, "%s", s->error);
	if (s->decoder.z && !s->decoder.ended)
		return dialogue_fail(d, "the compressed page is cut short");
	if (s->has_md5)
		step = judge_digest(d, s->page->url);
	if (step == PROBE_GOOD && s->page->pattern) {
		search_finish(&s->search);
		step = judge_search(d, s->page->url);
	}
	return step;
}

/* The page goes on. */
static enum probe_step judge_so_far(struct dialogue *d)
{
	struct http_state *s = d->state;
	enum probe_step step;

	if (s->error)
		return dialogue_fail(d, "%s", s->error);
	if (!s->page->pattern)
		return dialogue_more(d);
	step = judge_search(d, s->page->url);
	if (step == PROBE_MORE || (step == PROBE_GOOD && s->has_md5))
		return dialogue_more(d);
	return step;
}

static enum probe_step fail_syntax(struct dialogue *d)
{
	const struct http_state *s = d->state;

	return dialogue_fail(d, "not a valid HTTP reply: %s",
			     http_errno_description(HTTP_PARSER_ERRNO(&s->parser)));
}

static bool is_broken(const struct http_state *s)
{
	enum http_errno error = HTTP_PARSER_ERRNO(&s->parser);

	return error != HPE_OK && error != HPE_PAUSED;
}

static enum probe_step feed_page(struct dialogue *d, const char *data, size_t len)
{
	struct http_state *s = d->state;
	size_t used;

	http_parser_pause(&s->parser, 0);
	used = http_parser_execute(&s->parser, settings_of(s), data, len);
	if (is_broken(s))
		return fail_syntax(d);
	if (s->has_raw_md5)
		MD5Update(&s->raw_md5, (const uint8_t *)data, used);
	return s->page_done ? judge_page(d) : judge_so_far(d);
}

static enum probe_step feed_head(struct dialogue *d, const char *data, size_t len)
{
	struct http_state *s = d->state;
	size_t used = http_parser_execute(&s->parser, settings_of(s), data, len);
	size_t head;
	enum probe_step step;

	if (is_broken(s))
		return fail_syntax(d);
	/* Paused at the last LF of the headers, which it wants to see again. */
	head = used + (s->head_done && used < len);
	s->n_head += head;
	if (s->search.pattern)
		search_feed(&s->search, data, head);
	if (s->n_head > HTTP_HEAD_MAX)
		return dialogue_fail(d, "HTTP headers of more than %zu bytes", HTTP_HEAD_MAX);
	if (!s->head_done)
		return dialogue_more(d);
	step = judge_head(d);
	if (step != PROBE_MORE)
		return step;
	/* The LF is no part of the page: the parser needs it, the raw digest must not. */
	http_parser_pause(&s->parser, 0);
	http_parser_execute(&s->parser, settings_of(s), data + used, head - used);
	if (is_broken(s))
		return fail_syntax(d);
	if (s->page_done)
		return judge_page(d);
	return head < len ? feed_page(d, data + head, len - head) : judge_so_far(d);
}

static enum probe_step http_feed(struct dialogue *d, const void *data, size_t len)
{
	const struct http_state *s = d->state;

	return s->head_done ? feed_page(d, data, len) : feed_head(d, data, len);
}

static enum probe_step http_closed(struct dialogue *d)
{
	struct http_state *s = d->state;

	if (!s->head_done)
		return dialogue_fail(
			d, s->n_head ? "the server closed the connection inside the HTTP headers"
				     : "the server closed the connection without a reply");
	if (s->parser.flags & F_CHUNKED)
		return dialogue_fail(d,
				     "the server closed the connection inside a chunk of the page");
	return judge_page(d);
}

static void http_end(struct dialogue *d)
{
	struct http_state *s = d->state;

	decoder_end(&s->decoder);
	search_end(&s->search);
}

const struct dialogue_ops dialogue_http = {
	.name = "HTTP_GET",
	.transport = PROBE_STREAM,
	.state_size = sizeof(struct http_state),
	.prepare = http_prepare,
	.release = http_release,
	.begin = http_begin,
	.feed = http_feed,
	.closed = http_closed,
	.end = http_end,
};

const struct dialogue_ops dialogue_ssl = {
	.name = "SSL_GET",
	.transport = PROBE_TLS,
	.state_size = sizeof(struct http_state),
	.prepare = http_prepare,
	.release = http_release,
	.begin = http_begin,
	.feed = http_feed,
	.closed = http_closed,
	.end = http_end,
};
