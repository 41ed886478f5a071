/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which checkers are the same: every field that matters changes the identity, timing only the share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/check/key.h"

static const struct conf no_conf;

enum effect { SAME, SHARE, IDENTITY };

static struct check_key key(const void *c)
{
	return check_key_of(&no_conf, c);
}

static enum effect difference(const struct check_key *a, const struct check_key *b)
{
	/* Both lanes hear of everything. */
	assert_int_equal(a->identity[0] == b->identity[0], a->identity[1] == b->identity[1]);
	assert_int_equal(a->share[0] == b->share[0], a->share[1] == b->share[1]);
	if (!check_key_same(a->identity, b->identity)) {
		assert_false(check_key_same(a->share, b->share));
		return IDENTITY;
	}
	return check_key_same(a->share, b->share) ? SAME : SHARE;
}

/* Sets a field of a copy of `base` and says what that does to the key. */
#define EFFECT(base, field, value)                                              \
	({                                                                      \
		__typeof__(base) copy = (base);                                 \
		struct check_key before = key(&(base)), after;                  \
		copy.field = (value);                                           \
		after = key(&copy);                                             \
		difference(&before, &after);                                    \
	})

static struct conf_check_socket tcp(void)
{
	struct conf_check_socket s = {.check = {.kind = CHECK_TCP, .timing = {.retry = 1}}, .connect_port = 80};

	ip_parse("10.0.0.1", &s.connect_ip);
	return s;
}

static void test_socket(void **state)
{
	struct conf_check_socket s = tcp();
	struct ip_addr other, v6;

	(void)state;
	ip_parse("10.0.0.2", &other);
	ip_parse("a00:1::", &v6);
	assert_int_equal(EFFECT(s, connect_ip, other), IDENTITY);
	assert_int_equal(EFFECT(s, connect_ip, v6), IDENTITY);
	assert_int_equal(EFFECT(s, bindto, other), IDENTITY);
	assert_int_equal(EFFECT(s, connect_port, 81), IDENTITY);
	assert_int_equal(EFFECT(s, bind_port, 81), IDENTITY);
	assert_int_equal(EFFECT(s, fwmark, 1), IDENTITY);
	assert_int_equal(EFFECT(s, bind_if, "eth0"), IDENTITY);
	assert_int_equal(EFFECT(s, check.kind, CHECK_PING), IDENTITY);
	assert_int_equal(EFFECT(s, check.id, 7), SAME);
	assert_int_equal(EFFECT(s, check.rs, 7), SAME);
}

static void test_timing(void **state)
{
	struct conf_check_socket s = tcp();

	(void)state;
	assert_int_equal(EFFECT(s, check.timing.delay_loop, 1), SHARE);
	assert_int_equal(EFFECT(s, check.timing.delay_before_retry, 1), SHARE);
	assert_int_equal(EFFECT(s, check.timing.warmup, 1), SHARE);
	assert_int_equal(EFFECT(s, check.timing.connect_timeout, 1), SHARE);
	assert_int_equal(EFFECT(s, check.timing.retry, 2), SHARE);
	assert_int_equal(EFFECT(s, check.timing.alpha, true), SHARE);
	assert_int_equal(EFFECT(s, check.log_all_failures, true), SHARE);
}

static struct conf_check_http http_with(struct conf_url **urls, unsigned n)
{
	struct conf_check_http h = {.sock = tcp()};

	h.sock.check.kind = CHECK_HTTP;
	h.urls.v = urls;
	h.urls.n = n;
	return h;
}

#define URL_EFFECT(field, value)                                                    \
	({                                                                          \
		struct conf_url a = url, b = url;                                   \
		struct conf_url *va[] = {&a}, *vb[] = {&b};                         \
		struct conf_check_http ha = http_with(va, 1), hb = http_with(vb, 1); \
		struct check_key before = key(&ha), after;                          \
		b.field = (value);                                                  \
		after = key(&hb);                                                   \
		difference(&before, &after);                                        \
	})

static void test_page(void **state)
{
	struct conf_status_range range[] = {{200, 204}, {301, 301}};
	struct conf_url url = {.path = "/", .host = "a"};

	(void)state;
	url.status.v = range;
	url.status.n = 1;
	assert_int_equal(URL_EFFECT(path, "/x"), IDENTITY);
	assert_int_equal(URL_EFFECT(host, "b"), IDENTITY);
	assert_int_equal(URL_EFFECT(host, NULL), IDENTITY);
	assert_int_equal(URL_EFFECT(server_name, "b"), IDENTITY);
	assert_int_equal(URL_EFFECT(has_digest, true), IDENTITY);
	assert_int_equal(URL_EFFECT(digest[3], 9), SAME); /* without has_digest it is nothing */
	url.has_digest = true;
	assert_int_equal(URL_EFFECT(digest[3], 9), IDENTITY);
	assert_int_equal(URL_EFFECT(status.n, 2), IDENTITY);
	assert_int_equal(URL_EFFECT(status.v, range + 1), IDENTITY);
	assert_int_equal(URL_EFFECT(regex, "x"), IDENTITY);
	assert_int_equal(URL_EFFECT(regex, ""), IDENTITY);
	assert_int_equal(URL_EFFECT(regex_no_match, true), IDENTITY);
	assert_int_equal(URL_EFFECT(regex_options, REGEX_CASELESS), IDENTITY);
	assert_int_equal(URL_EFFECT(regex_min_offset, 1), IDENTITY);
	assert_int_equal(URL_EFFECT(regex_max_offset, 1), IDENTITY);
	assert_int_equal(URL_EFFECT(path, strdupa("/")), SAME); /* text, not address */
	assert_int_equal(URL_EFFECT(regex_text, "as written"), SAME);
	assert_int_equal(URL_EFFECT(virtualhost, "as written"), SAME);
}

static void test_http(void **state)
{
	struct conf_url url = {.path = "/"};
	struct conf_url *urls[] = {&url, &url};
	struct conf_check_http h = http_with(urls, 1);
	struct conf_ssl ssl = {.certificate = "/a"};
	struct conf with_ssl = {.ssl = &ssl};
	struct check_key a, b;

	(void)state;
	assert_int_equal(EFFECT(h, protocol, HTTP_1_1), IDENTITY);
	assert_int_equal(EFFECT(h, sock.check.kind, CHECK_SSL), IDENTITY);
	assert_int_equal(EFFECT(h, tls_verify, true), IDENTITY);
	assert_int_equal(EFFECT(h, urls.n, 2), IDENTITY);
	assert_int_equal(EFFECT(h, fast_recovery, true), SHARE);
	assert_int_equal(EFFECT(h, tls_expiry_days, 5), SHARE);
	/* The client's certificate matters to TLS only. */
	a = key(&h);
	b = check_key_of(&with_ssl, &h.sock.check);
	assert_int_equal(difference(&a, &b), SAME);
	h.sock.check.kind = CHECK_SSL;
	a = key(&h);
	b = check_key_of(&with_ssl, &h.sock.check);
	assert_int_equal(difference(&a, &b), IDENTITY);
}

static void test_udp(void **state)
{
	uint8_t one[] = {1}, two[] = {2};
	struct conf_check_udp u = {.sock = tcp()};

	(void)state;
	u.sock.check.kind = CHECK_UDP;
	u.payload = u.reply = u.reply_mask = (struct conf_bytes){one, 1};
	assert_int_equal(EFFECT(u, payload.v, two), IDENTITY);
	assert_int_equal(EFFECT(u, payload.n, 0), IDENTITY);
	assert_int_equal(EFFECT(u, reply.v, two), IDENTITY);
	assert_int_equal(EFFECT(u, reply_mask.v, two), IDENTITY);
	assert_int_equal(EFFECT(u, require_reply, true), IDENTITY);
	assert_int_equal(EFFECT(u, min_reply_length, 9), IDENTITY);
	assert_int_equal(EFFECT(u, max_reply_length, 9), IDENTITY);
}

static void test_misc(void **state)
{
	char word[] = "/bin/true", other[] = "/bin/false";
	char *argv[] = {word, NULL}, *more[] = {word, word, NULL}, *others[] = {other, NULL};
	struct conf_script a = {.argv = argv}, b = {.argv = more}, c = {.argv = others},
			   d = {.argv = argv, .uid = 7};
	struct conf_check_misc m = {.check = {.kind = CHECK_MISC}, .script = &a};

	(void)state;
	assert_int_equal(EFFECT(m, script, &b), IDENTITY);
	assert_int_equal(EFFECT(m, script, &c), IDENTITY);
	assert_int_equal(EFFECT(m, script, &d), IDENTITY);
	assert_int_equal(EFFECT(m, dynamic, true), IDENTITY);
	assert_int_equal(EFFECT(m, timeout, 5), SHARE);
	assert_int_equal(EFFECT(m, user, "as written"), SAME);
}

static void test_others(void **state)
{
	struct conf_check_smtp smtp = {.sock = tcp(), .helo_name = "a"};
	struct conf_check_dns dns = {.sock = tcp(), .type = 6};
	struct conf_check_file file = {.check = {.kind = CHECK_FILE}, .name = "f", .weight = 1};
	struct conf_check_bfd bfd = {.check = {.kind = CHECK_BFD}, .name = "b"};
	struct conf_check_grpc grpc = {.sock = tcp()};
	struct conf_check_pgsql pgsql = {.sock = tcp()};
	struct conf_check_mysql mysql = {.sock = tcp()};
	struct conf_check_redis redis = {.sock = tcp()};
	struct conf_check_agent agent = {.sock = tcp()};

	(void)state;
	smtp.sock.check.kind = CHECK_SMTP;
	dns.sock.check.kind = CHECK_DNS;
	grpc.sock.check.kind = CHECK_GRPC;
	pgsql.sock.check.kind = CHECK_PGSQL;
	mysql.sock.check.kind = CHECK_MYSQL;
	redis.sock.check.kind = CHECK_REDIS;
	agent.sock.check.kind = CHECK_AGENT;
	assert_int_equal(EFFECT(smtp, helo_name, "b"), IDENTITY);
	assert_int_equal(EFFECT(dns, type, 1), IDENTITY);
	assert_int_equal(EFFECT(dns, name, "b"), IDENTITY);
	assert_int_equal(EFFECT(file, name, "b"), IDENTITY);
	assert_int_equal(EFFECT(file, weight, -1), IDENTITY);
	assert_int_equal(EFFECT(file, reverse, true), IDENTITY);
	assert_int_equal(EFFECT(file, file, 7), SAME);
	assert_int_equal(EFFECT(bfd, name, "c"), IDENTITY);
	assert_int_equal(EFFECT(bfd, bfd, 7), SAME);
	assert_int_equal(EFFECT(grpc, service, "b"), IDENTITY);
	assert_int_equal(EFFECT(grpc, authority, "b"), IDENTITY);
	assert_int_equal(EFFECT(grpc, tls, true), IDENTITY);
	assert_int_equal(EFFECT(grpc, tls_verify, true), IDENTITY);
	assert_int_equal(EFFECT(pgsql, user, "b"), IDENTITY);
	assert_int_equal(EFFECT(pgsql, database, "b"), IDENTITY);
	assert_int_equal(EFFECT(mysql, user, "b"), IDENTITY);
	assert_int_equal(EFFECT(redis, user, "b"), IDENTITY);
	assert_int_equal(EFFECT(redis, password, "b"), IDENTITY);
	assert_int_equal(EFFECT(redis, role_master, true), IDENTITY);
	assert_int_equal(EFFECT(agent, send, "b"), IDENTITY);
}

/* Text moved from one field to the next is another text. */
static void test_borders(void **state)
{
	struct conf_check_pgsql a = {.sock = tcp(), .user = "ab", .database = "c"};
	struct conf_check_pgsql b = {.sock = tcp(), .user = "a", .database = "bc"};
	struct check_key ka, kb;

	(void)state;
	a.sock.check.kind = b.sock.check.kind = CHECK_PGSQL;
	ka = key(&a);
	kb = key(&b);
	assert_int_equal(difference(&ka, &kb), IDENTITY);
}

/* All of one target go to one process, whatever they ask; targets spread evenly. */
static void test_process(void **state)
{
	unsigned count[4] = {0};
	struct conf_check_socket s = tcp();

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		struct check_key a, b;

		s.connect_ip.b[2] = (uint8_t)(i >> 8);
		s.connect_ip.b[3] = (uint8_t)i;
		s.check.kind = CHECK_TCP;
		a = key(&s);
		s.check.kind = CHECK_PING;
		b = key(&s);
		assert_int_equal(check_key_process(&a, 4), check_key_process(&b, 4));
		assert_in_range(check_key_process(&a, 4), 0, 3);
		assert_int_equal(check_key_process(&a, 1), 0);
		assert_int_equal(check_key_process(&a, 0), 0);
		count[check_key_process(&a, 4)]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(count[i], 850, 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket), cmocka_unit_test(test_timing),
		cmocka_unit_test(test_page),   cmocka_unit_test(test_http),
		cmocka_unit_test(test_udp),    cmocka_unit_test(test_misc),
		cmocka_unit_test(test_others), cmocka_unit_test(test_borders),
		cmocka_unit_test(test_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
