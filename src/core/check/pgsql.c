/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: PGSQL_CHECK: the start-up message of PostgreSQL's protocol 3.0 and the first answer to it.
 * A server that asks who we are, or refuses us for who we are, is up; one that is starting,
 * stopping or out of connections says so and is not.
 * Must not know: sockets, passwords.
 */
#include "base/buf.h"
#include "base/str.h"
#include "core/check/judge.h"

#define PGSQL_HEAD 5
#define PGSQL_PROTOCOL 0x00030000u
#define PGSQL_DEFAULT_USER "holdfast"
/* Notices and parameters before the answer. */
#define PGSQL_MESSAGES_MAX 100

struct pgsql_plan {
	size_t n;
	char bytes[512];
};

struct pgsql_state {
	uint8_t messages;
	struct judge_frame frame;
};

static void put_parameter(struct buf *b, const char *name, const char *value)
{
	buf_bytes(b, name, strlen(name) + 1);
	buf_bytes(b, value, strnlen(value, 128));
	buf_u8(b, 0);
}

static const void *pgsql_prepare(const struct conf *conf, const struct conf_checker *c,
				 struct arena *a)
{
	const struct conf_check_pgsql *pg = (const void *)c;
	struct pgsql_plan *plan = arena_new_of(a, struct pgsql_plan);
	struct buf b = BUF_ON(plan->bytes), head = {.p = plan->bytes, .cap = 4};

	(void)conf;
	buf_be32(&b, 0);
	buf_be32(&b, PGSQL_PROTOCOL);
	put_parameter(&b, "user", pg->user ? pg->user : PGSQL_DEFAULT_USER);
	if (pg->database)
		put_parameter(&b, "database", pg->database);
	buf_u8(&b, 0);
	plan->n = b.n;
	buf_be32(&head, (uint32_t)b.n);
	return plan;
}

static enum probe_step pgsql_begin(struct dialogue *d)
{
	const struct pgsql_plan *plan = d->plan;

	return dialogue_send(d, plan->bytes, plan->n);
}

/* The length does not count the type before it. */
static size_t pgsql_length(const uint8_t *head)
{
	struct reader r = {.p = head + 1, .n = 4};

	return (size_t)read_be32(&r) + 1;
}

/* The text of field `type` of an ErrorResponse, in `to`. */
static void error_field(const struct judge_frame *f, char type, char *to, size_t size)
{
	const char *p = (const char *)f->bytes + PGSQL_HEAD;
	const char *end = (const char *)f->bytes + judge_frame_kept(f);

	*to = '\0';
	while (p < end && *p) {
		size_t n = strnlen(p + 1, (size_t)(end - p - 1));

		if (*p == type) {
			if (n > size - 1)
				n = size - 1;
			memcpy(to, p + 1, n);
			to[n] = '\0';
			return;
		}
		p += n + 2;
	}
}

static enum probe_step pgsql_error(struct dialogue *d, const struct judge_frame *f)
{
	char code[6], message[80];

	error_field(f, 'C', code, sizeof(code));
	error_field(f, 'M', message, sizeof(message));
	if (str_starts(code, "28")) /* invalid authorization: it looked us up and said no */
		return PROBE_GOOD;
	return dialogue_fail(d, "the server says %s: %s", *code ? code : "error", message);
}

static enum probe_step pgsql_message(struct dialogue *d)
{
	struct pgsql_state *s = d->state;

	switch (s->frame.bytes[0]) {
	case 'R': /* Authentication... */
	case 'Z': /* ReadyForQuery */
		return PROBE_GOOD;
	case 'E':
		return pgsql_error(d, &s->frame);
	case 'N': /* NoticeResponse */
	case 'S': /* ParameterStatus */
	case 'K': /* BackendKeyData */
	case 'v': /* NegotiateProtocolVersion */
		if (++s->messages <= PGSQL_MESSAGES_MAX)
			return dialogue_more(d);
		break;
	default:
		break;
	}
	return dialogue_fail(d, "not a PostgreSQL reply");
}

static enum probe_step pgsql_feed(struct dialogue *d, const void *data, size_t len)
{
	static const struct judge_frame_kind kind = {PGSQL_HEAD, pgsql_length, pgsql_message,
						     "not a PostgreSQL reply"};
	struct pgsql_state *s = d->state;

	return judge_frames(d, &s->frame, data, len, &kind);
}

const struct dialogue_ops dialogue_pgsql = {
	.name = "PGSQL_CHECK",
	.transport = PROBE_STREAM,
	.state_size = sizeof(struct pgsql_state),
	.prepare = pgsql_prepare,
	.begin = pgsql_begin,
	.feed = pgsql_feed,
	.closed = judge_closed_early,
};
