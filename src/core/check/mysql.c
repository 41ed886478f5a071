/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: MYSQL_CHECK: the greeting of MySQL and MariaDB (protocol 10) and, with a user, a login
 * without a password. Whether it is let in or refused, the server has looked: it is up. Out of
 * connections, host blocked, shutting down: not.
 * Must not know: sockets, passwords.
 */
#include "base/buf.h"
#include "base/str.h"
#include "core/check/judge.h"

#define MYSQL_HEAD 4
#define MYSQL_BROKEN "not a MySQL reply"
#define MYSQL_PROTOCOL 10
#define MYSQL_PLUGIN "mysql_native_password"

enum { MYSQL_OK = 0x00, MYSQL_MORE_DATA = 0x01, MYSQL_SWITCH = 0xfe, MYSQL_ERR = 0xff };
enum mysql_capability {
	CLIENT_LONG_PASSWORD = 0x1,
	CLIENT_PROTOCOL_41 = 0x200,
	CLIENT_SECURE_CONNECTION = 0x8000,
	CLIENT_PLUGIN_AUTH = 0x80000,
};
/* Of the errors after a login: refused for who we are (and not for lack of anything). */
enum mysql_error { ER_DBACCESS_DENIED = 1044, ER_ACCESS_DENIED = 1045, ER_NO_PASSWORD = 1698 };

struct mysql_plan {
	size_t n; /* 0: no login */
	char bytes[256];
};

struct mysql_state {
	bool greeted;
	uint8_t switches;
	char answer[MYSQL_HEAD];
	struct judge_frame frame;
};

static void put_le32(struct buf *b, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		buf_u8(b, (uint8_t)(v >> (8 * i)));
}

/* HandshakeResponse41 with an empty password. */
static void put_login(struct buf *b, const char *user)
{
	put_le32(b, CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION |
			    CLIENT_PLUGIN_AUTH);
	put_le32(b, 1 << 24);
	buf_u8(b, 33); /* utf8_general_ci */
	for (unsigned i = 0; i < 23; i++)
		buf_u8(b, 0);
	buf_bytes(b, user, strnlen(user, 128));
	buf_u8(b, 0);
	buf_u8(b, 0); /* length of the password's scramble */
	buf_bytes(b, MYSQL_PLUGIN, sizeof(MYSQL_PLUGIN));
}

static const void *mysql_prepare(const struct conf *conf, const struct conf_checker *c,
				 struct arena *a)
{
	const struct conf_check_mysql *my = (const void *)c;
	struct mysql_plan *plan = arena_new_of(a, struct mysql_plan);
	struct buf b = BUF_ON(plan->bytes);

	(void)conf;
	if (!my->user)
		return plan;
	buf_be32(&b, 1); /* number of the packet; the length follows */
	put_login(&b, my->user);
	plan->n = b.n;
	plan->bytes[0] = (char)((b.n - MYSQL_HEAD) & 0xff);
	plan->bytes[1] = (char)((b.n - MYSQL_HEAD) >> 8);
	return plan;
}

static enum probe_step mysql_begin(struct dialogue *d)
{
	return dialogue_more(d);
}

static size_t mysql_length(const uint8_t *head)
{
	return MYSQL_HEAD + ((size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16);
}

static unsigned error_code(const struct judge_frame *f)
{
	return judge_frame_kept(f) >= MYSQL_HEAD + 3 ? f->bytes[5] | (unsigned)f->bytes[6] << 8 : 0;
}

static enum probe_step mysql_error(struct dialogue *d, const struct judge_frame *f)
{
	const char *text = (const char *)f->bytes + MYSQL_HEAD + 3;
	size_t n = judge_frame_kept(f);

	n = n > MYSQL_HEAD + 3 ? n - (MYSQL_HEAD + 3) : 0;
	if (n >= 6 && text[0] == '#') { /* SQLSTATE */
		text += 6;
		n -= 6;
	}
	return dialogue_fail(d, "the server says error %u: %.*s", error_code(f),
			     (int)(n < 80 ? n : 80), text);
}

static enum probe_step mysql_greeting(struct dialogue *d)
{
	const struct mysql_plan *plan = d->plan;
	struct mysql_state *s = d->state;
	uint8_t first = s->frame.bytes[MYSQL_HEAD];

	if (first == MYSQL_ERR)
		return mysql_error(d, &s->frame);
	if (first != MYSQL_PROTOCOL)
		return dialogue_fail(d, "not a MySQL greeting");
	if (!plan->n)
		return PROBE_GOOD;
	s->greeted = true;
	return dialogue_send(d, plan->bytes, plan->n);
}

/* It wants another method: still no password. */
static enum probe_step mysql_switch(struct dialogue *d)
{
	struct mysql_state *s = d->state;

	if (++s->switches > 3)
		return dialogue_fail(d, "the server asks for one login method after the other");
	memset(s->answer, 0, sizeof(s->answer));
	s->answer[3] = (char)(s->frame.bytes[3] + 1);
	return dialogue_send(d, s->answer, sizeof(s->answer));
}

static enum probe_step mysql_login(struct dialogue *d)
{
	struct mysql_state *s = d->state;
	unsigned code;

	switch (s->frame.bytes[MYSQL_HEAD]) {
	case MYSQL_OK:
	case MYSQL_MORE_DATA:
		return PROBE_GOOD;
	case MYSQL_SWITCH:
		return mysql_switch(d);
	case MYSQL_ERR:
		code = error_code(&s->frame);
		if (code == ER_ACCESS_DENIED || code == ER_DBACCESS_DENIED ||
		    code == ER_NO_PASSWORD)
			return PROBE_GOOD;
		return mysql_error(d, &s->frame);
	default:
		return dialogue_fail(d, "not a MySQL answer to the login");
	}
}

static enum probe_step mysql_frame(struct dialogue *d)
{
	const struct mysql_state *s = d->state;

	if (s->frame.len == MYSQL_HEAD)
		return dialogue_fail(d, MYSQL_BROKEN);
	return s->greeted ? mysql_login(d) : mysql_greeting(d);
}

static enum probe_step mysql_feed(struct dialogue *d, const void *data, size_t len)
{
	static const struct judge_frame_kind kind = {MYSQL_HEAD, mysql_length, mysql_frame,
						     MYSQL_BROKEN};
	struct mysql_state *s = d->state;

	return judge_frames(d, &s->frame, data, len, &kind);
}

const struct dialogue_ops dialogue_mysql = {
	.name = "MYSQL_CHECK",
	.transport = PROBE_STREAM,
	.state_size = sizeof(struct mysql_state),
	.prepare = mysql_prepare,
	.begin = mysql_begin,
	.feed = mysql_feed,
	.closed = judge_closed_early,
};
