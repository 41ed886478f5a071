/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP_GET: requests, and replies in pieces of every size. */
#include "check_fixture.h"

#include <md5.h>
#include <zlib.h>

#include "core/check/search.h"

#define REST 100000 /* in one piece */

struct page {
	struct conf_check_http http;
	struct conf_url url;
	struct conf_url *urls[1];
	struct conf_status_range range[3];
};

static struct page *page_new(void)
{
	static struct page p;

	memset(&p, 0, sizeof(p));
	p.http.sock.check.kind = CHECK_HTTP;
	p.http.sock.connect_ip = ip("10.0.0.1");
	p.http.sock.connect_port = 80;
	p.url.path = "/index.html";
	p.url.regex_max_offset = UINT32_MAX;
	p.url.status.v = p.range;
	p.urls[0] = &p.url;
	p.http.urls.v = p.urls;
	p.http.urls.n = 1;
	return &p;
}

static void md5(const void *data, size_t len, uint8_t *ret)
{
	MD5_CTX ctx;

	MD5Init(&ctx);
	MD5Update(&ctx, data, len);
	MD5Final(ret, &ctx);
}

static void expect_md5(struct page *p, const void *data, size_t len)
{
	p->url.has_digest = true;
	md5(data, len, p->url.digest);
}

/* Whatever the pieces, the verdict is `expected` (which may be a beginning). */
static void judge(struct page *p, const char *reply, size_t len, bool close, const char *expected)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64, REST};
	struct talk t;

	talk_prepare(&t, &p->http.sock.check);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		talk_begin(&t);
		talk_feed(&t, reply, len, pieces[i]);
		if (close)
			talk_close(&t);
		talk_end(&t);
		if (!str_starts(t.result, expected))
			fail_msg("in pieces of %zu: \"%s\" instead of \"%s\" for:\n%.*s", pieces[i], t.result,
				 expected, (int)(len < 400 ? len : 400), reply);
	}
	talk_free(&t);
}

static void judge_text(struct page *p, const char *reply, bool close, const char *expected)
{
	judge(p, reply, strlen(reply), close, expected);
}

static void request(struct page *p, const char *expected)
{
	struct talk t;

	talk_prepare(&t, &p->http.sock.check);
	talk_begin(&t);
	assert_string_equal(t.result, "MORE");
	t.sent[t.n_sent] = '\0';
	assert_string_equal(t.sent, expected);
	talk_end(&t);
	talk_free(&t);
}

static void test_request(void **state)
{
	struct page *p = page_new();

	(void)state;
	request(p, "GET /index.html HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.0.0.1:80\r\n\r\n");
	p->http.sock.connect_ip = ip("2001:db8::1");
	request(p, "GET /index.html HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: [2001:db8::1]:80\r\n\r\n");
	p->url.host = "www.example.org";
	p->http.protocol = HTTP_1_0C;
	request(p, "GET /index.html HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n"
		   "Host: www.example.org\r\n\r\n");
	p->http.protocol = HTTP_1_1;
	request(p, "GET /index.html HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n"
		   "Host: www.example.org\r\n\r\n");
}

static void test_status(void **state)
{
	struct page *p = page_new();

	(void)state;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\n", false, "GOOD");
	judge_text(p, "HTTP/1.1 299 Whatever\r\nX: y\r\n\r\nbody", false, "GOOD");
	judge_text(p, "HTTP/1.1 200\r\n\r\n", false, "GOOD"); /* no reason phrase */
	judge_text(p, "HTTP/1.1 200 \r\n\r\n", false, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\n\n", false, "GOOD"); /* bare LF */
	judge_text(p, "HTTP/1.0 503 Bye\r\n\r\n", false, "BAD HTTP status 503 instead of 200-299");
	judge_text(p, "HTTP/1.0 300 Bye\r\n\r\n", false, "BAD HTTP status 300 instead of 200-299");
	judge_text(p, "HTTP/1.0 301 Moved\r\nLocation: /\r\n\r\n", false, "BAD HTTP status 301");
	p->range[0] = (struct conf_status_range){200, 204};
	p->range[1] = (struct conf_status_range){404, 404};
	p->url.status.n = 2;
	judge_text(p, "HTTP/1.0 404 Not Found\r\n\r\n", false, "GOOD");
	judge_text(p, "HTTP/1.0 205 Reset\r\n\r\n", false, "BAD HTTP status 205 instead of 200-204 404");
	p->url.status.n = 1; /* what stands behind the list does not count */
	judge_text(p, "HTTP/1.0 404 Not Found\r\n\r\n", false, "BAD HTTP status 404 instead of 200-204");
}

static void test_headers(void **state)
{
	struct page *p = page_new();
	static char endless[70 * 1024];
	size_t n = (size_t)snprintf(endless, sizeof(endless), "HTTP/1.0 200 OK\r\nX: ");

	(void)state;
	judge_text(p, "", true, "BAD the server closed the connection without a reply");
	judge_text(p, "HTTP/1.0 200 OK\r\nServer: x\r\n", true, "BAD the server closed the connection inside");
	judge_text(p, "SSH-2.0-OpenSSH_9.2\r\n", true, "BAD not a valid HTTP reply");
	judge_text(p, "<html>hello</html>", true, "BAD not a valid HTTP reply");
	judge_text(p, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false, "GOOD");
	judge_text(p, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 No\r\n\r\n", false, "BAD HTTP status 500");
	memset(endless + n, 'a', sizeof(endless) - n);
	judge(p, endless, sizeof(endless), false, "BAD HTTP headers of more than 65536 bytes");
}

/* Endless interim replies are endless headers. */
static void test_interim(void **state)
{
	struct page *p = page_new();
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct talk t;

	(void)state;
	talk_prepare(&t, &p->http.sock.check);
	talk_begin(&t);
	for (unsigned i = 0; i < 3000 && !t.over; i++)
		talk_feed(&t, interim, strlen(interim), REST);
	assert_string_equal(t.result, "BAD HTTP headers of more than 65536 bytes");
	talk_end(&t);
	talk_free(&t);
}

static void test_digest(void **state)
{
	struct page *p = page_new();

	(void)state;
	expect_md5(p, "hello", 5);
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "GOOD");
	/* What is beyond the length does not count; that something is missing is no failure by itself. */
	judge_text(p, "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello, world", false, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nhello", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nHello", true,
		   "BAD digest 8b1a9953c4611296a827abf8c47804d7 instead of 5d41402abc4b2a76b9719d911017c592");
	judge_text(p, "HTTP/1.0 404 No\r\n\r\nhello", true, "BAD HTTP status 404");
	expect_md5(p, "", 0);
	judge_text(p, "HTTP/1.0 204 No\r\n\r\n", false, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\n", true, "GOOD");
}

static void test_chunks(void **state)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				    "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";
	const char *body = strstr(reply, "\r\n\r\n") + 4;
	struct page *p = page_new();

	(void)state;
	expect_md5(p, "hello", 5);
	judge_text(p, reply, false, "GOOD");
	/* As keepalived's genhash computes it. */
	expect_md5(p, body, strlen(body));
	judge_text(p, reply, false, "GOOD");
	expect_md5(p, "other", 5);
	judge_text(p, reply, false, "BAD digest 5d41402abc4b2a76b9719d911017c592 instead of");
	expect_md5(p, "hello", 5);
	judge(p, reply, strlen(reply) - 20, true, "BAD the server closed the connection inside a chunk");
	judge_text(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false, "BAD not a valid HTTP reply");
	judge_text(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", false,
		   "BAD not a valid HTTP reply");
}

static size_t deflated(const char *text, size_t len, int bits, char *to, size_t size)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (void *)(uintptr_t)text;
	z.avail_in = (unsigned)len;
	z.next_out = (void *)to;
	z.avail_out = (unsigned)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return size - z.avail_out;
}

static size_t coded_reply(const char *coding, const char *text, size_t len, int bits, char *to, size_t size)
{
	size_t n = (size_t)snprintf(to, size, "HTTP/1.0 200 OK\r\nContent-Encoding: %s \r\n\r\n", coding);

	return n + deflated(text, len, bits, to + n, size - n);
}

static void test_codings(void **state)
{
	struct page *p = page_new();
	static char reply[8192], big[20000];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i * i % 23);
	expect_md5(p, big, sizeof(big));
	n = coded_reply("gzip", big, sizeof(big), 15 + 16, reply, sizeof(reply));
	judge(p, reply, n, true, "GOOD");
	judge(p, reply, n - 9, true, "BAD the compressed page is cut short");
	n = coded_reply("X-GZIP", big, sizeof(big), 15 + 16, reply, sizeof(reply));
	judge(p, reply, n, true, "GOOD");
	n = coded_reply("deflate", big, sizeof(big), 15, reply, sizeof(reply));
	judge(p, reply, n, true, "GOOD");
	n = coded_reply("deflate", big, sizeof(big), -15, reply, sizeof(reply));
	judge(p, reply, n, true, "GOOD");
	n = coded_reply("br", big, 100, 15, reply, sizeof(reply)); /* not one of ours: as it is */
	judge(p, reply, n, true, "BAD digest");
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip at all", true,
		   "BAD the compressed page is damaged");
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n", true, "BAD digest d41d8cd9");
	/* The digest of the bytes as they came is accepted too. */
	n = coded_reply("gzip", big, sizeof(big), 15 + 16, reply, sizeof(reply));
	expect_md5(p, strstr(reply, "\r\n\r\n") + 4, n - (size_t)(strstr(reply, "\r\n\r\n") + 4 - reply));
	judge(p, reply, n, true, "GOOD");
}

static void test_gzip_members(void **state)
{
	struct page *p = page_new();
	char reply[400];
	size_t n = coded_reply("gzip", "hel", 3, 15 + 16, reply, sizeof(reply));

	(void)state;
	n += deflated("lo", 2, 15 + 16, reply + n, sizeof(reply) - n);
	expect_md5(p, "hello", 5);
	judge(p, reply, n, true, "GOOD");
	memset(reply + n, 0, 30); /* padding */
	judge(p, reply, n + 30, true, "GOOD");
}

static void test_bomb(void **state)
{
	struct page *p = page_new();
	size_t size = 32 << 20;
	char *zeros = calloc(1, size), *reply = malloc(100000);
	size_t n = coded_reply("gzip", zeros, size, 15 + 16, reply, 100000);
	struct talk t;

	(void)state;
	p->url.regex = "x";
	talk_prepare(&t, &p->http.sock.check);
	talk_begin(&t);
	talk_feed(&t, reply, n, REST);
	talk_end(&t);
	assert_string_equal(t.result, "BAD the compressed page grows too much");
	talk_free(&t);
	free(reply);
	free(zeros);
}

static void test_regex(void **state)
{
	struct page *p = page_new();

	(void)state;
	p->url.regex = "wor+ld";
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello, worrrld!", false, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello, worl", true, "BAD the reply does not match the regex");
	judge_text(p, "HTTP/1.0 200 OK\r\nServer: world\r\nContent-Length: 1\r\n\r\nx", false, "GOOD"); /* headers too */
	judge_text(p, "HTTP/1.0 500 OK\r\n\r\nhello, world", false, "BAD HTTP status 500");
	p->url.regex_no_match = true;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello, world!", false, "BAD the reply matches the regex that must not");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello, world", false, "GOOD");
	p->url.regex_no_match = false;
	p->url.regex = "world$";
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nworld, hello, world", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello, world, hello", true, "BAD");
	p->url.regex = "^hello$";
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello", true, "BAD"); /* ^ is the start of the reply */
	p->url.regex_options = REGEX_MULTILINE;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nxhello\nhello, world", true, "BAD");
	p->url.regex = "^HTTP/1.0 200";
	p->url.regex_options = 0;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello", true, "GOOD");
	p->url.regex = "";
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\n", true, "GOOD");
}

static void test_regex_options(void **state)
{
	struct page *p = page_new();

	(void)state;
	p->url.regex = "HELLO.*world";
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello\nworld", true, "BAD");
	p->url.regex_options = REGEX_CASELESS;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello\nworld", true, "BAD");
	p->url.regex_options = REGEX_CASELESS | REGEX_DOTALL;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello\nworld", true, "GOOD");
	p->url.regex = "(?<=hel)lo\\b";
	p->url.regex_options = 0;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello world", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhellow hallo", true, "BAD");
	p->url.regex = "200.*OK|hello";
	p->url.regex_options = REGEX_FIRSTLINE;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nx", true, "GOOD");
	p->url.regex = "hello";
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello", true, "BAD");
	p->url.regex = "gr\xc3\xbc\xc3\x9f.";
	p->url.regex_options = REGEX_UTF | REGEX_UCP;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\ngr\xc3\xbc\xc3\x9f" "e", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\n\xff\xc3 gr\xc3\xbc\xc3\x9f\xe2\x82\xac!", true, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\n\xff\xc3 gr\xc3\xbc\xc3\xc3\xc3", true, "BAD");
	p->url.regex = "(";
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhello", true, "BAD the regex does not compile: missing closing parenthesis");
}

static void test_regex_checked(void **state)
{
	struct conf_url url = {.regex = "a(b", .regex_max_offset = UINT32_MAX};
	size_t offset = 99;
	char text[100];

	(void)state;
	assert_false(search_pattern_check(&url, text, sizeof(text), &offset));
	assert_string_equal(text, "missing closing parenthesis");
	assert_int_equal(offset, 3);
	url.regex = "a(b)";
	assert_true(search_pattern_check(&url, text, sizeof(text), &offset));
	url.regex = "(*UTF)x";
	assert_true(search_pattern_check(&url, text, sizeof(text), &offset));
	url.regex_options = REGEX_NEVER_UTF;
	assert_false(search_pattern_check(&url, text, sizeof(text), &offset));
}

static void test_regex_offsets(void **state)
{
	/* "hello" begins at byte 19 */
	static const char reply[] = "HTTP/1.0 200 OK\r\n\r\nhello, hello";
	struct page *p = page_new();

	(void)state;
	p->url.regex = "hello";
	p->url.regex_max_offset = 18;
	judge_text(p, reply, false, "BAD the reply does not match the regex");
	p->url.regex_max_offset = 19;
	judge_text(p, reply, false, "GOOD");
	p->url.regex_min_offset = 20;
	p->url.regex_max_offset = 25;
	judge_text(p, reply, true, "BAD");
	p->url.regex_max_offset = 26;
	judge_text(p, reply, true, "GOOD");
	p->url.regex_min_offset = 27;
	p->url.regex_max_offset = UINT32_MAX;
	judge_text(p, reply, true, "BAD");
	p->url.regex_min_offset = 4000;
	judge_text(p, reply, true, "BAD");
	p->url.regex = "(?<=lo, )hello"; /* may look behind the offset */
	p->url.regex_min_offset = 26;
	judge_text(p, reply, true, "GOOD");
}

/* A match of any length within a reply of any length, and nothing kept without need. */
static void test_regex_windows(void **state)
{
	struct page *p = page_new();
	size_t size = 700 * 1024;
	char *reply = malloc(size);
	size_t n = (size_t)sprintf(reply, "HTTP/1.0 200 OK\r\n\r\n");

	(void)state;
	memset(reply + n, '.', size - n);
	p->url.regex = "BEGIN.*END";
	memcpy(reply + 500000, "BEGIN", 5);
	memcpy(reply + 600000, "END", 3);
	for (size_t piece = 1000; piece < 100000; piece *= 7) {
		struct talk t;

		talk_prepare(&t, &p->http.sock.check);
		talk_begin(&t);
		talk_feed(&t, reply, size, piece);
		talk_close(&t);
		talk_end(&t);
		assert_string_equal(t.result, "GOOD");
		talk_free(&t);
	}
	memset(reply + 600000, '.', 3);
	judge(p, reply, size / 2, true, "BAD the reply does not match the regex");
	memcpy(reply + 100, "BEGIN", 5);
	for (int no_match = 0; no_match < 2; no_match++) {
		struct talk t;

		p->url.regex_no_match = no_match;
		talk_prepare(&t, &p->http.sock.check);
		talk_begin(&t);
		talk_feed(&t, reply, size, 30000);
		assert_string_equal(t.result, "BAD the regex could match more of the reply than can be kept");
		talk_end(&t);
		talk_free(&t);
	}
	free(reply);
}

/* A pattern that explodes on a hostile reply costs bounded time. */
static void test_regex_steps(void **state)
{
	struct page *p = page_new();
	static char reply[3000];
	size_t n = (size_t)sprintf(reply, "HTTP/1.0 200 OK\r\n\r\n");

	(void)state;
	memset(reply + n, 'a', sizeof(reply) - n);
	p->url.regex = "(a+)+b";
	p->url.regex_options = REGEX_NO_START_OPTIMIZE | REGEX_NO_AUTO_POSSESS;
	judge(p, reply, sizeof(reply), true, "BAD the regex takes too many steps on this reply");
}

static void test_regex_stack(void **state)
{
	struct page *p = page_new();

	(void)state;
	p->url.regex = "(h(e(l+)o)+)+";
	p->url.regex_stack_start = 32768;
	p->url.regex_stack_max = 65536;
	judge_text(p, "HTTP/1.0 200 OK\r\n\r\nhellohello", true, "GOOD");
}

static void test_digest_and_regex(void **state)
{
	struct page *p = page_new();

	(void)state;
	expect_md5(p, "hello", 5);
	p->url.regex = "hell";
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "GOOD");
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello!", false, "BAD digest");
	p->url.regex = "hall";
	judge_text(p, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "BAD the reply does not match");
}

/* genhash: the digest of a page that none is expected of. */
static void test_wanted_digest(void **state)
{
	struct page *p = page_new();
	uint8_t expected[16];
	struct talk t;

	(void)state;
	md5("hello", 5, expected);
	talk_prepare(&t, &p->http.sock.check);
	t.d.want_digest = true;
	talk_begin(&t);
	talk_feed(&t, "HTTP/1.0 200 OK\r\n\r\nhello", 24, 5);
	assert_string_equal(t.result, "MORE");
	talk_close(&t);
	talk_end(&t);
	assert_string_equal(t.result, "GOOD");
	assert_int_equal(t.d.status, 200);
	assert_true(t.d.has_digest);
	assert_memory_equal(t.d.digest, expected, 16);
	/* Not left over in the next run. */
	talk_begin(&t);
	assert_false(t.d.has_digest);
	talk_end(&t);
	talk_free(&t);
}

static void test_second_page(void **state)
{
	struct page *p = page_new();
	struct conf_url other = {.path = "/other", .regex_max_offset = UINT32_MAX};
	struct conf_url *urls[] = {&p->url, &other};
	struct talk t;

	(void)state;
	p->http.urls.v = urls;
	p->http.urls.n = 2;
	talk_prepare(&t, &p->http.sock.check);
	t.d.url = 1;
	talk_begin(&t);
	assert_memory_equal(t.sent, "GET /other ", 11);
	talk_end(&t);
	t.d.url = 2; /* out of range: a reload made the list shorter */
	talk_begin(&t);
	assert_memory_equal(t.sent, "GET /index.html ", 16);
	talk_end(&t);
	talk_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),	      cmocka_unit_test(test_status),
		cmocka_unit_test(test_headers),	      cmocka_unit_test(test_interim),
		cmocka_unit_test(test_digest),	      cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_codings),	      cmocka_unit_test(test_gzip_members),
		cmocka_unit_test(test_bomb),	      cmocka_unit_test(test_regex),
		cmocka_unit_test(test_regex_options), cmocka_unit_test(test_regex_checked),
		cmocka_unit_test(test_regex_offsets),
		cmocka_unit_test(test_regex_windows), cmocka_unit_test(test_regex_steps),
		cmocka_unit_test(test_regex_stack),   cmocka_unit_test(test_digest_and_regex),
		cmocka_unit_test(test_wanted_digest), cmocka_unit_test(test_second_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
