/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every judge but HTTP's: what it says, and what it makes of answers in pieces of every size. */
#include "check_fixture.h"

#include <nghttp2/nghttp2.h>

#define TALK_PIECES 5
static const size_t pieces[TALK_PIECES] = {1, 2, 5, 16, 100000};

/* One turn of the peer, in pieces of every size. */
static void judge_bytes(const struct conf_checker *c, const char *talk, size_t len, bool close,
			const char *expected)
{
	struct talk t;

	talk_prepare(&t, c);
	for (size_t i = 0; i < TALK_PIECES; i++) {
		talk_begin(&t);
		talk_feed(&t, talk, len, pieces[i]);
		if (close)
			talk_close(&t);
		talk_end(&t);
		if (!str_starts(t.result, expected))
			fail_msg("in pieces of %zu: \"%s\" instead of \"%s\" for: %s", pieces[i], t.result, expected, talk);
	}
	talk_free(&t);
}

static void judge(const void *c, const char *talk, const char *expected)
{
	judge_bytes(c, talk, strlen(talk), false, expected);
}

static void judge_close(const void *c, const char *talk, const char *expected)
{
	judge_bytes(c, talk, strlen(talk), true, expected);
}

static void set_socket(struct conf_check_socket *s, enum conf_check_kind kind)
{
	s->check.kind = (uint8_t)kind;
	s->connect_ip = ip("10.0.0.1");
	s->connect_port = 1000;
}

/* ---- the table ---- */

static void test_table(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind <= CHECK_KINDS; kind++) {
		/* The largest, as some judges look into theirs. */
		struct conf_check_http c = {.sock.check.kind = (uint8_t)kind};
		const struct dialogue_ops *ops = dialogue_ops_of(&c.sock.check);

		if (kind == CHECK_MISC || kind == CHECK_BFD || kind == CHECK_FILE || kind == CHECK_KINDS) {
			assert_null(ops);
			continue;
		}
		assert_non_null(ops);
		assert_non_null(ops->name);
		if (ops->transport == PROBE_ECHO)
			continue;
		assert_non_null(ops->begin);
		if (ops->transport == PROBE_STREAM || ops->transport == PROBE_TLS) {
			assert_non_null(ops->feed);
			assert_non_null(ops->closed);
		}
		if (ops->transport == PROBE_DATAGRAM) {
			assert_non_null(ops->feed);
			assert_non_null(ops->silence);
		}
	}
}

static void test_tcp(void **state)
{
	struct conf_check_socket s = {0};
	struct talk t;

	(void)state;
	set_socket(&s, CHECK_TCP);
	talk_prepare(&t, &s.check);
	talk_begin(&t);
	assert_string_equal(t.result, "GOOD");
	assert_int_equal(t.n_sent, 0);
	talk_free(&t);
}

static void test_reasons(void **state)
{
	struct dialogue d = {0};
	char longer[300];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	assert_int_equal(dialogue_fail(&d, "%.*s", (int)sizeof(longer), longer), PROBE_BAD);
	assert_int_equal(strlen(d.reason), PROBE_REASON_MAX - 1);
	dialogue_fail(&d, "a\x1b[31m\n\t\x7f\xff~");
	assert_string_equal(d.reason, "a?[31m????~");
}

/* ---- SMTP ---- */

static struct conf_check_smtp smtp(void)
{
	struct conf_check_smtp c = {.helo_name = "me.example.org"};

	set_socket(&c.sock, CHECK_SMTP);
	return c;
}

/* The judge drops what a server says ahead of its turn, so its turns come apart. */
static void smtp_talk(const char *const *turns, const char *expected, const char *sent)
{
	struct conf_check_smtp c = smtp();
	struct talk t;

	talk_prepare(&t, &c.sock.check);
	for (size_t i = 0; i < TALK_PIECES; i++) {
		talk_begin(&t);
		for (const char *const *turn = turns; *turn; turn++)
			talk_feed(&t, *turn, strlen(*turn), pieces[i]);
		t.sent[t.n_sent] = '\0';
		if (!str_starts(t.result, expected) || !str_eq(t.sent, sent))
			fail_msg("in pieces of %zu: \"%s\" instead of \"%s\", said %s", pieces[i], t.result, expected, t.sent);
	}
	talk_free(&t);
}

#define HELO "HELO me.example.org\r\n"

static void test_smtp(void **state)
{
	struct conf_check_smtp c = smtp();

	(void)state;
	smtp_talk((const char *[]){"220 mail.example.org ESMTP\r\n", "250 hello\r\n", "221 bye\r\n", NULL}, "GOOD",
		  HELO "QUIT\r\n");
	smtp_talk((const char *[]){"220\n", "250\n", "\n", NULL}, "GOOD", HELO "QUIT\r\n");
	smtp_talk((const char *[]){"220-a\r\n220-\r\n220 b\r\n", "250-x\r\n250\r\n", "221\r\n", NULL}, "GOOD",
		  HELO "QUIT\r\n");
	smtp_talk((const char *[]){"554 go away\r\n", NULL}, "BAD \"554 go away\" after the connection instead of 220", "");
	smtp_talk((const char *[]){"220 x\r\n", "502 \x1b[0mno\r\n", NULL}, "BAD \"502 ?[0mno\" after HELO instead of 250", HELO);
	smtp_talk((const char *[]){"2200 x\r\n", NULL}, "BAD \"2200 x\" is not an SMTP reply", "");
	smtp_talk((const char *[]){"\r\n", NULL}, "BAD \"\" is not an SMTP reply", "");
	smtp_talk((const char *[]){"220", NULL}, "MORE", "");
	judge_close(&c, "220 x\r\n", "BAD the server closed");
	judge_close(&c, "", "BAD the server closed");
}

static void test_smtp_limits(void **state)
{
	struct conf_check_smtp c = smtp();
	char endless[2000];

	(void)state;
	memset(endless, '2', sizeof(endless));
	judge_bytes(&c.sock.check, endless, sizeof(endless), false, "BAD an SMTP line of more than");
	for (size_t i = 0; i < sizeof(endless); i++)
		endless[i] = "220-\n"[i % 5];
	judge_bytes(&c.sock.check, endless, sizeof(endless), false, "BAD an SMTP reply of more than 100 lines");
}

/* Hanging up on QUIT is fine. */
static void test_smtp_quit(void **state)
{
	struct conf_check_smtp c = smtp();
	struct talk t;

	(void)state;
	talk_prepare(&t, &c.sock.check);
	talk_begin(&t);
	talk_feed(&t, "220 a\r\n", 7, 7);
	talk_feed(&t, "250 b\r\n", 7, 7);
	assert_string_equal(t.result, "MORE");
	talk_close(&t);
	assert_string_equal(t.result, "GOOD");
	talk_free(&t);
}

/* ---- DNS ---- */

static void dns_sends(uint8_t type, const char *name, const char *expected, size_t len)
{
	struct conf_check_dns c = {.type = type, .name = name};
	struct talk t;

	set_socket(&c.sock, CHECK_DNS);
	talk_prepare(&t, &c.sock.check);
	t.d.nonce = 0xabcd1234;
	talk_begin(&t);
	assert_int_equal(t.n_sent, len);
	assert_memory_equal(t.sent, expected, len);
	talk_free(&t);
}

#define QUERY "\x12\x34\x01\0\0\1\0\0\0\0\0\0"

static void test_dns_query(void **state)
{
	(void)state;
	dns_sends(6, NULL, QUERY "\0\0\6\0\1", 17);
	dns_sends(6, ".", QUERY "\0\0\6\0\1", 17);
	dns_sends(1, "a.example.org", QUERY "\1a\7example\3org\0\0\1\0\1", 12 + 15 + 4);
	dns_sends(28, "a.example.org.", QUERY "\1a\7example\3org\0\0\x1c\0\1", 12 + 15 + 4);
}

/* A name against the limits of DNS cannot overflow anything. */
static void test_dns_long_name(void **state)
{
	char name[1200];
	struct conf_check_dns c = {.type = 1, .name = name};
	struct talk t;

	(void)state;
	set_socket(&c.sock, CHECK_DNS);
	for (unsigned step = 1; step < 100; step += 7) {
		memset(name, 'a', sizeof(name));
		for (size_t i = step; i < sizeof(name); i += step + 1)
			name[i] = '.';
		name[sizeof(name) - 1] = '\0';
		talk_prepare(&t, &c.sock.check);
		talk_begin(&t);
		assert_in_range(t.n_sent, 12 + 1 + 4, 12 + 255 + 4);
		talk_free(&t);
	}
}

static void dns_judge(const void *reply, size_t len, const char *expected)
{
	struct conf_check_dns c = {.type = 1};
	struct talk t;

	set_socket(&c.sock, CHECK_DNS);
	talk_prepare(&t, &c.sock.check);
	t.d.nonce = 0x1234;
	talk_begin(&t);
	talk_feed(&t, reply, len, len);
	assert_string_equal(t.result, expected);
	talk_free(&t);
}

static void test_dns_reply(void **state)
{
	(void)state;
	dns_judge("\x12\x34\x81\x80\0\1\0\0\0\0\0\0", 12, "GOOD");
	dns_judge("\x12\x34\x81\x80\0\1\0\0\0\0\0\0 and an answer", 26, "GOOD");
	dns_judge("\x12\x34\x81\x82\0\1\0\0\0\0\0\0", 12, "BAD DNS response code 2 (SERVFAIL)");
	dns_judge("\x12\x34\x81\x83\0\1\0\0\0\0\0\0", 12, "BAD DNS response code 3 (NXDOMAIN)");
	dns_judge("\x12\x34\x81\x8f\0\1\0\0\0\0\0\0", 12, "BAD DNS response code 15 (unassigned)");
	dns_judge("\x12\x35\x81\x80\0\1\0\0\0\0\0\0", 12, "WAIT"); /* another id */
	dns_judge("\x12\x34\x01\x80\0\1\0\0\0\0\0\0", 12, "WAIT"); /* no response */
	dns_judge("\x12\x34\x81\x80\0\1\0\0\0\0\0", 11, "WAIT");   /* short */
	dns_judge("\x12", 1, "WAIT");
}

/* ---- UDP ---- */

static void udp_judge(const struct conf_check_udp *c, const void *reply, size_t len, const char *expected)
{
	struct talk t;

	talk_prepare(&t, &c->sock.check);
	talk_begin(&t);
	if (reply)
		talk_feed(&t, reply, len, len);
	else
		talk_silence(&t);
	assert_string_equal(t.result, expected);
	talk_free(&t);
}

static void test_udp(void **state)
{
	uint8_t payload[] = {0xab, 0, 1}, reply[] = {0x10, 0x20, 0x30}, mask[] = {0xff, 0x0f, 0xff};
	struct conf_check_udp c = {.max_reply_length = 255};
	char big[400] = "";
	struct talk t;

	(void)state;
	set_socket(&c.sock, CHECK_UDP);
	talk_prepare(&t, &c.sock.check);
	talk_begin(&t);
	assert_int_equal(t.n_sent, 32);
	talk_free(&t);
	c.payload = (struct conf_bytes){payload, 3};
	talk_prepare(&t, &c.sock.check);
	talk_begin(&t);
	assert_int_equal(t.n_sent, 3);
	assert_memory_equal(t.sent, payload, 3);
	talk_free(&t);

	udp_judge(&c, NULL, 0, "GOOD");
	udp_judge(&c, "x", 1, "GOOD");
	c.require_reply = true;
	udp_judge(&c, NULL, 0, "BAD no reply within the time limit");
	udp_judge(&c, "x", 1, "GOOD");
	udp_judge(&c, big, 400, "GOOD"); /* the default limit is for patterns */
	c.max_reply_length = 300;
	udp_judge(&c, big, 400, "BAD a reply of 400 bytes, more than 300");
	c.min_reply_length = 2;
	udp_judge(&c, "x", 1, "BAD a reply of 1 bytes, less than 2");
	c.max_reply_length = 255;
	c.reply = (struct conf_bytes){reply, 3};
	c.reply_mask = (struct conf_bytes){mask, 3};
	udp_judge(&c, "\x10\x20\x30", 3, "GOOD");
	udp_judge(&c, "\x10\xf0\x30 more", 8, "GOOD");
	udp_judge(&c, "\x10\x20", 2, "GOOD"); /* the first min(received, configured) */
	udp_judge(&c, "\x10\x21\x30", 3, "BAD byte 2 of the reply is 21 instead of 20");
	udp_judge(&c, big, 256, "BAD a reply of 256 bytes, more than 255");
}

/* ---- PostgreSQL ---- */

#define PG(type, length, body) type "\0\0\0" length body
#define PG_ERROR(code, text) "SFATAL\0C" code "\0M" text "\0\0"

static void pg_judge(const char *talk, size_t len, const char *expected)
{
	struct conf_check_pgsql c = {.user = "u"};

	set_socket(&c.sock, CHECK_PGSQL);
	judge_bytes(&c.sock.check, talk, len, true, expected);
}

static void test_pgsql_startup(void **state)
{
	struct conf_check_pgsql c = {.user = "u", .database = "d"};
	static const char expected[] = "\0\0\0\x1c\0\3\0\0user\0u\0database\0d\0";
	struct talk t;

	(void)state;
	set_socket(&c.sock, CHECK_PGSQL);
	talk_prepare(&t, &c.sock.check);
	talk_begin(&t);
	assert_int_equal(t.n_sent, sizeof(expected));
	assert_memory_equal(t.sent + 4, expected + 4, sizeof(expected) - 4);
	assert_int_equal(t.sent[3], sizeof(expected));
	talk_free(&t);
}

static void test_pgsql(void **state)
{
	(void)state;
	pg_judge(PG("R", "\x08", "\0\0\0\0"), 9, "GOOD");
	pg_judge(PG("N", "\x06", "x\0") PG("S", "\x07", "a\0b") PG("R", "\x08", "\0\0\0\5"), 7 + 8 + 9, "GOOD");
	pg_judge(PG("Z", "\x05", "I"), 6, "GOOD");
	pg_judge(PG("E", "\x1a", PG_ERROR("28P01", "no such")), 27, "GOOD");
	pg_judge(PG("E", "\x1b", PG_ERROR("57P03", "starting")), 28, "BAD the server says 57P03: starting");
	pg_judge(PG("E", "\x1b", PG_ERROR("53300", "too many")), 28, "BAD the server says 53300: too many");
	pg_judge(PG("E", "\x05", "\0"), 6, "BAD the server says error: ");
	pg_judge(PG("E", "\x08", "Mabc"), 9, "BAD the server says error: abc"); /* not terminated */
	pg_judge("HTTP/1.1 400 Bad Request\r\n", 26, "BAD not a PostgreSQL reply");
	pg_judge("E\xff\xff\xff\xff", 5, "BAD not a PostgreSQL reply");
	pg_judge("E\0\0\0\0", 5, "BAD not a PostgreSQL reply");
	pg_judge("R\0\0", 3, "BAD the server closed");
	pg_judge("", 0, "BAD the server closed");
}

static void test_pgsql_notices(void **state)
{
	char many[7 * 200];

	(void)state;
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = "N\0\0\0\6x\0"[i % 7];
	pg_judge(many, sizeof(many), "BAD not a PostgreSQL reply");
	many[7 * 100] = 'Z'; /* after as many as are patiently read */
	pg_judge(many, 7 * 100 + 7, "GOOD");
	pg_judge(PG("N", "\x04", "") PG("R", "\x08", "\0\0\0\5"), 5 + 9, "GOOD");
}

/* ---- MySQL ---- */

static struct conf_check_mysql mysql(const char *user)
{
	struct conf_check_mysql c = {.user = user};

	set_socket(&c.sock, CHECK_MYSQL);
	return c;
}

static void my_judge(const char *talk, size_t len, const char *expected)
{
	struct conf_check_mysql c = mysql(NULL);

	judge_bytes(&c.sock.check, talk, len, true, expected);
}

#define GREETING "\x0a\0\0\0\x0a" "8.0.1-x\0"

static void my_login(const char *answer, size_t len, const char *expected)
{
	struct conf_check_mysql c = mysql("probe");
	struct talk t;

	talk_prepare(&t, &c.sock.check);
	for (size_t i = 0; i < TALK_PIECES; i++) {
		talk_begin(&t);
		assert_int_equal(t.n_sent, 0);
		talk_feed(&t, GREETING "x", 14, pieces[i]);
		assert_string_equal(t.result, "MORE");
		assert_int_equal(t.n_sent, 4 + 32 + 6 + 1 + 22);
		assert_int_equal(t.sent[0], t.n_sent - 4);
		assert_int_equal(t.sent[3], 1);
		assert_memory_equal(t.sent + 36, "probe\0\0mysql_native_password", 29);
		talk_feed(&t, answer, len, pieces[i]);
		if (!str_starts(t.result, expected))
			fail_msg("\"%s\" instead of \"%s\"", t.result, expected);
	}
	talk_free(&t);
}

static void test_mysql(void **state)
{
	(void)state;
	my_judge(GREETING "x", 14, "GOOD");
	my_judge("\x09\0\0\0\xff\x10\x04" "Too ma", 13, "BAD the server says error 1040: Too ma");
	my_judge("\x0f\0\0\0\xff\x10\x04#08004Too ma", 19, "BAD the server says error 1040: Too ma");
	my_judge("\x01\0\0\0\xff", 5, "BAD the server says error 0: ");
	my_judge("\x01\0\0\0\x09", 5, "BAD not a MySQL greeting");
	my_judge("\0\0\0\0", 4, "BAD not a MySQL reply");
	my_judge("SSH-2.0-OpenSSH", 15, "BAD not a MySQL reply");
	my_judge("\x0a\0\0\0\x0a", 5, "BAD the server closed");

	my_login("\x07\0\0\2\0\0\0\2\0\0\0", 11, "GOOD");
	my_login("\x09\0\0\2\xff\x15\x04#28000", 13, "GOOD"); /* access denied */
	my_login("\x09\0\0\2\xff\x10\x04#08004", 13, "BAD the server says error 1040: ");
	my_login("\x03\0\0\2\xff\x69\x04", 7, "BAD the server says error 1129: ");
	my_login("\x02\0\0\2\1\4", 6, "GOOD");
	my_login("\x01\0\0\2\x42", 5, "BAD not a MySQL answer");
}

/* The server wants another plugin: answered with nothing, under the next number. */
static void test_mysql_switch(void **state)
{
	struct conf_check_mysql c = mysql("probe");
	struct talk t;

	(void)state;
	talk_prepare(&t, &c.sock.check);
	talk_begin(&t);
	talk_feed(&t, GREETING "x", 14, 14);
	t.n_sent = 0;
	talk_feed(&t, "\x08\0\0\2\xfe" "plugin\0", 12, 3);
	assert_string_equal(t.result, "MORE");
	assert_int_equal(t.n_sent, 4);
	assert_memory_equal(t.sent, "\0\0\0\3", 4);
	for (unsigned i = 0; i < 3; i++)
		talk_feed(&t, "\x08\0\0\2\xfe" "plugin\0", 12, 3);
	assert_string_equal(t.result, "BAD the server asks for one login method after the other");
	talk_free(&t);
}

/* What an earlier message left in the buffer is no part of a shorter one. */
static void test_stale_bytes(void **state)
{
	static const char pg[] = PG("N", "\x16", "MMMMMMMMMMMMMMMMM\0") PG("E", "\x0a", "Mabcd\0");
	static const char greeting[] = "\x20\0\0\0\x0a" "8.0.1-xxxxxxxxxxxxxxxxxxxxxxxxx";
	static const char error[] = "\x0c\0\0\2\xff\x10\x04#08004abc";
	struct conf_check_pgsql p = {.user = "u"};
	struct conf_check_mysql m = mysql("probe");
	struct talk t;

	(void)state;
	set_socket(&p.sock, CHECK_PGSQL);
	talk_prepare(&t, &p.sock.check);
	talk_begin(&t);
	talk_feed(&t, pg, sizeof(pg) - 1, 3);
	assert_string_equal(t.result, "BAD the server says error: abcd");
	talk_free(&t);

	talk_prepare(&t, &m.sock.check);
	talk_begin(&t);
	talk_feed(&t, greeting, sizeof(greeting) - 1, 7);
	talk_feed(&t, error, sizeof(error) - 1, 7);
	assert_string_equal(t.result, "BAD the server says error 1040: abc");
	talk_free(&t);
}

/* ---- Redis ---- */

static void test_redis(void **state)
{
	struct conf_check_redis c = {0};
	struct talk t;

	(void)state;
	set_socket(&c.sock, CHECK_REDIS);
	judge(&c, "+PONG\r\n", "GOOD");
	judge(&c, "-LOADING Redis is loading the dataset in memory\r\n", "BAD PING refused: LOADING Redis is loading");
	judge(&c, "-NOAUTH Authentication required.\r\n", "BAD PING refused: NOAUTH");
	judge(&c, "+PING\r\n", "BAD \"+PING\" is no answer to PING");
	judge(&c, "+PONG", "MORE");
	judge_close(&c, "+PONG", "BAD the server closed");
	c.role_master = true;
	c.user = "u";
	c.password = "pass word";
	talk_prepare(&t, &c.sock.check);
	talk_begin(&t);
	talk_feed(&t, "+OK\r\n", 5, 2);
	talk_feed(&t, "+PONG\r\n", 7, 2);
	talk_feed(&t, "*3\r\n$6\r\nmas", 11, 3);
	assert_string_equal(t.result, "MORE");
	talk_feed(&t, "ter\r\n:0\r\n*0\r\n", 13, 3);
	assert_string_equal(t.result, "GOOD");
	t.sent[t.n_sent] = '\0';
	assert_string_equal(t.sent, "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$9\r\npass word\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nROLE\r\n");
	talk_begin(&t);
	talk_feed(&t, "-WRONGPASS no\r\n", 15, 4);
	assert_string_equal(t.result, "BAD AUTH refused: WRONGPASS no");
	talk_free(&t);
}

static void redis_role(const char *answer, const char *expected)
{
	struct conf_check_redis c = {.role_master = true};
	struct talk t;

	set_socket(&c.sock, CHECK_REDIS);
	talk_prepare(&t, &c.sock.check);
	for (size_t i = 0; i < TALK_PIECES; i++) {
		talk_begin(&t);
		talk_feed(&t, "+PONG\r\n", 7, 7);
		talk_feed(&t, answer, strlen(answer), pieces[i]);
		assert_string_equal(t.result, expected);
	}
	talk_free(&t);
}

static void test_redis_role(void **state)
{
	(void)state;
	redis_role("*3\r\n$6\r\nmaster\r\n", "GOOD");
	redis_role("*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n", "BAD the role is \"slave\" instead of master");
	redis_role("-ERR unknown command\r\n", "BAD ROLE refused: ERR unknown command");
	redis_role(":3\r\n", "BAD \":3\" is no answer to ROLE");
}

/* ---- agent ---- */

static void agent(const char *text, const char *expected, bool drain, int percent)
{
	struct conf_check_agent c = {0};
	struct talk t;

	set_socket(&c.sock, CHECK_AGENT);
	talk_prepare(&t, &c.sock.check);
	for (size_t i = 0; i < TALK_PIECES; i++) {
		talk_begin(&t);
		talk_feed(&t, text, strlen(text), pieces[i]);
		talk_close(&t);
		if (!str_starts(t.result, expected))
			fail_msg("\"%s\": \"%s\" instead of \"%s\"", text, t.result, expected);
		if (str_eq(expected, "GOOD")) {
			assert_int_equal(t.d.drain, drain);
			assert_int_equal(t.d.has_percent, percent >= 0);
			assert_int_equal(t.d.percent, percent >= 0 ? percent : 0);
		}
	}
	talk_free(&t);
}

static void test_agent(void **state)
{
	(void)state;
	agent("up\n", "GOOD", false, -1);
	agent("up", "GOOD", false, -1); /* ends by closing */
	agent("75%\r\n", "GOOD", false, 75);
	agent("UP, 50% maxconn:30\n", "GOOD", false, 50);
	agent("ready up\t0%\n", "GOOD", false, 0);
	agent("drain\n", "GOOD", true, -1);
	agent("up drain 10%\n", "GOOD", true, 10);
	agent("99999999999999999999%\n", "GOOD", false, 1000);
	agent("maxconn:30\n", "GOOD", false, -1);
	agent("fancy up\n", "GOOD", false, -1);
	agent("up # drain down\n", "GOOD", false, -1);
	agent("down\n", "BAD the agent says down", false, -1);
	agent("fail#disk full\n", "BAD the agent says fail: disk full", false, -1);
	agent("stopped\n", "BAD the agent says stopped", false, -1);
	agent("up maint\n", "BAD the agent says maint", false, -1);
	agent("75 50%% -5% %\n", "BAD the agent says \"75 50%% -5% %\", which means nothing here", false, -1);
	agent("\n", "BAD the agent says nothing", false, -1);
	agent("", "BAD the agent says nothing", false, -1);
}

static void test_agent_sends(void **state)
{
	struct conf_check_agent c = {.send = "who\n"};
	struct talk t;
	char endless[1000];

	(void)state;
	set_socket(&c.sock, CHECK_AGENT);
	talk_prepare(&t, &c.sock.check);
	talk_begin(&t);
	assert_int_equal(t.n_sent, 4);
	assert_memory_equal(t.sent, "who\n", 4);
	talk_free(&t);
	memset(endless, 'u', sizeof(endless));
	judge_bytes(&c.sock.check, endless, sizeof(endless), false, "BAD a line of more than");
}

/* ---- gRPC: the other end is nghttp2's server ---- */

struct grpc_server {
	const char *http_status, *grpc_status, *message; /* grpc_status NULL: no trailers */
	const void *body;
	size_t n_body, n_asked;
	char service[64], path[64], authority[64];
	char out[8192];
	size_t n_out;
};

static ssize_t server_read(nghttp2_session *s, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
			   nghttp2_data_source *source, void *user)
{
	struct grpc_server *g = user;
	nghttp2_nv trailers[] = {
		{(uint8_t *)"grpc-status", (uint8_t *)g->grpc_status, 11, g->grpc_status ? strlen(g->grpc_status) : 0, 0},
		{(uint8_t *)"grpc-message", (uint8_t *)g->message, 12, g->message ? strlen(g->message) : 0, 0},
	};

	(void)source;
	assert_in_range(g->n_body, 0, size);
	memcpy(to, g->body, g->n_body);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (g->grpc_status) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		assert_int_equal(nghttp2_submit_trailer(s, id, trailers, g->message ? 2 : 1), 0);
	}
	return (ssize_t)g->n_body;
}

static int server_frame(nghttp2_session *s, const nghttp2_frame *f, void *user)
{
	struct grpc_server *g = user;
	nghttp2_data_provider body = {.read_callback = server_read};
	nghttp2_nv head = {(uint8_t *)":status", (uint8_t *)g->http_status, 7, strlen(g->http_status), 0};

	if (f->hd.type == NGHTTP2_DATA && f->hd.flags & NGHTTP2_FLAG_END_STREAM)
		assert_int_equal(nghttp2_submit_response(s, f->hd.stream_id, &head, 1, &body), 0);
	return 0;
}

static int server_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t n_name,
			 const uint8_t *value, size_t n_value, uint8_t flags, void *user)
{
	struct grpc_server *g = user;

	(void)s;
	(void)f;
	(void)flags;
	if (n_name == 5 && memcmp(name, ":path", 5) == 0)
		snprintf(g->path, sizeof(g->path), "%.*s", (int)n_value, (const char *)value);
	if (n_name == 10 && memcmp(name, ":authority", 10) == 0)
		snprintf(g->authority, sizeof(g->authority), "%.*s", (int)n_value, (const char *)value);
	return 0;
}

static int server_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user)
{
	struct grpc_server *g = user;

	(void)s;
	(void)flags;
	(void)id;
	assert_in_range(g->n_asked + len, 0, sizeof(g->service));
	memcpy(g->service + g->n_asked, data, len);
	g->n_asked += len;
	return 0;
}

static void server_answer(struct grpc_server *g, const char *request, size_t len)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *s;
	const uint8_t *data;
	ssize_t n;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, server_frame);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, server_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, server_data);
	nghttp2_session_server_new(&s, callbacks, g);
	nghttp2_submit_settings(s, NGHTTP2_FLAG_NONE, NULL, 0);
	assert_int_equal(nghttp2_session_mem_recv(s, (const uint8_t *)request, len), len);
	while ((n = nghttp2_session_mem_send(s, &data)) > 0) {
		memcpy(g->out + g->n_out, data, (size_t)n);
		g->n_out += (size_t)n;
	}
	nghttp2_session_del(s);
	nghttp2_session_callbacks_del(callbacks);
}

static void grpc(struct grpc_server g, const struct conf_check_grpc *c, const char *expected)
{
	struct talk t;

	talk_prepare(&t, &c->sock.check);
	for (size_t i = 0; i < TALK_PIECES; i++) {
		struct grpc_server server = g;

		talk_begin(&t);
		server_answer(&server, t.sent, t.n_sent);
		assert_string_equal(server.path, "/grpc.health.v1.Health/Check");
		assert_string_equal(server.authority, c->authority ? c->authority : "10.0.0.1:1000");
		if (c->service) {
			assert_int_equal(server.n_asked, 5 + 2 + strlen(c->service));
			assert_memory_equal(server.service, "\0\0\0\0", 4);
			assert_int_equal(server.service[4], 2 + strlen(c->service));
			assert_int_equal(server.service[5], 0x0a);
			assert_memory_equal(server.service + 7, c->service, strlen(c->service));
		} else {
			assert_int_equal(server.n_asked, 5);
		}
		talk_feed(&t, server.out, server.n_out, pieces[i]);
		talk_close(&t);
		talk_end(&t);
		if (!str_starts(t.result, expected))
			fail_msg("\"%s\" instead of \"%s\"", t.result, expected);
	}
	talk_free(&t);
}

#define ANSWER(bytes) .body = bytes, .n_body = sizeof(bytes) - 1

static void test_grpc(void **state)
{
	struct conf_check_grpc c = {0};

	(void)state;
	set_socket(&c.sock, CHECK_GRPC);
	grpc((struct grpc_server){"200", "0", ANSWER("\0\0\0\0\2\x08\1")}, &c, "GOOD");
	grpc((struct grpc_server){"200", "0", ANSWER("\0\0\0\0\2\x08\2")}, &c, "BAD the gRPC service is NOT_SERVING");
	grpc((struct grpc_server){"200", "0", ANSWER("\0\0\0\0\0")}, &c, "BAD the gRPC service is UNKNOWN");
	grpc((struct grpc_server){"200", "0", ANSWER("\0\0\0\0\2\x08\x63")}, &c, "BAD the gRPC service is in an unknown state");
	grpc((struct grpc_server){"200", "0", ANSWER("\0\0\0\0\3\x08\1")}, &c, "BAD not an answer of the gRPC");
	grpc((struct grpc_server){"200", "0", ANSWER("\1\0\0\0\2\x08\1")}, &c, "BAD not an answer of the gRPC");
	grpc((struct grpc_server){"200", "0", ANSWER("")}, &c, "BAD not an answer of the gRPC");
	grpc((struct grpc_server){"200", "12", "no such method", ANSWER("")}, &c,
	     "BAD gRPC status 12 (UNIMPLEMENTED): no such method");
	grpc((struct grpc_server){"200", "5", ANSWER("")}, &c, "BAD gRPC status 5 (NOT_FOUND)");
	grpc((struct grpc_server){"200", NULL, ANSWER("\0\0\0\0\2\x08\1")}, &c, "BAD the call ended without a gRPC status");
	grpc((struct grpc_server){"503", "0", ANSWER("")}, &c, "BAD HTTP status 503 instead of 200");
	c.service = "my.Service";
	c.authority = "host.example.org";
	grpc((struct grpc_server){"200", "0", ANSWER("\0\0\0\0\2\x08\1")}, &c, "GOOD");
}

static void test_grpc_garbage(void **state)
{
	struct conf_check_grpc c = {0};
	static char pings[17 * 4000];

	(void)state;
	set_socket(&c.sock, CHECK_GRPC);
	assert_int_equal(dialogue_ops_of(&c.sock.check)->transport, PROBE_STREAM);
	judge_bytes(&c.sock.check, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, true, "BAD ");
	judge_bytes(&c.sock.check, "", 0, true, "BAD the server closed");
	for (size_t i = 0; i < sizeof(pings); i++)
		pings[i] = "\0\0\x08\6\0\0\0\0\0ABCDEFGH"[i % 17];
	{ /* a storm of pings in one piece */
		struct talk t;

		talk_prepare(&t, &c.sock.check);
		talk_begin(&t);
		talk_feed(&t, "\0\0\0\4\0\0\0\0\0", 9, 9);
		assert_string_equal(t.result, "MORE");
		talk_feed(&t, pings, 60000, 60000);
		assert_int_equal(strncmp(t.result, "BAD ", 4), 0);
		talk_end(&t);
		talk_free(&t);
	}
	c.tls = true;
	assert_int_equal(dialogue_ops_of(&c.sock.check)->transport, PROBE_TLS);
	assert_string_equal(dialogue_ops_of(&c.sock.check)->alpn, "h2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_reasons),	      cmocka_unit_test(test_smtp),
		cmocka_unit_test(test_smtp_limits),   cmocka_unit_test(test_smtp_quit),
		cmocka_unit_test(test_dns_query),     cmocka_unit_test(test_dns_long_name),
		cmocka_unit_test(test_dns_reply),     cmocka_unit_test(test_udp),
		cmocka_unit_test(test_pgsql_startup), cmocka_unit_test(test_pgsql),
		cmocka_unit_test(test_pgsql_notices), cmocka_unit_test(test_mysql),
		cmocka_unit_test(test_mysql_switch),  cmocka_unit_test(test_stale_bytes), cmocka_unit_test(test_redis),
		cmocka_unit_test(test_redis_role),    cmocka_unit_test(test_agent),
		cmocka_unit_test(test_agent_sends),   cmocka_unit_test(test_grpc),
		cmocka_unit_test(test_grpc_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
