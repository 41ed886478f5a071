/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: REDIS_CHECK: AUTH, PING, ROLE in the Redis protocol (RESP2), one after the other. Errors of
 * the server (LOADING, MASTERDOWN, NOAUTH, ...) fail the check with their own text.
 * Must not know: sockets.
 */
#include "base/buf.h"
#include "base/str.h"
#include "core/check/judge.h"

enum redis_stage { REDIS_AUTH, REDIS_PING, REDIS_ROLE, REDIS_STAGES };

struct redis_plan {
	const char *command[REDIS_STAGES]; /* NULL: not sent */
	size_t n[REDIS_STAGES];
};

struct redis_state {
	uint8_t stage; /* enum redis_stage: whose answer is awaited */
	uint8_t lines; /* of the answer to ROLE, so far */
	struct judge_line line;
};

static void set_auth(struct redis_plan *p, const struct conf_check_redis *c, struct arena *a)
{
	if (c->user)
		p->command[REDIS_AUTH] =
			arena_printf(a, "*3\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n",
				     strlen(c->user), c->user, strlen(c->password), c->password);
	else
		p->command[REDIS_AUTH] = arena_printf(a, "*2\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n",
						      strlen(c->password), c->password);
}

static const void *redis_prepare(const struct conf *conf, const struct conf_checker *c,
				 struct arena *a)
{
	const struct conf_check_redis *redis = (const void *)c;
	struct redis_plan *p = arena_new_of(a, struct redis_plan);

	(void)conf;
	if (redis->password)
		set_auth(p, redis, a);
	p->command[REDIS_PING] = "*1\r\n$4\r\nPING\r\n";
	if (redis->role_master)
		p->command[REDIS_ROLE] = "*1\r\n$4\r\nROLE\r\n";
	for (unsigned i = 0; i < REDIS_STAGES; i++)
		p->n[i] = p->command[i] ? strlen(p->command[i]) : 0;
	return p;
}

/* The first command from `stage` on; all were answered: GOOD. */
static enum probe_step redis_ask(struct dialogue *d, unsigned stage)
{
	const struct redis_plan *p = d->plan;
	struct redis_state *s = d->state;

	while (stage < REDIS_STAGES && !p->command[stage])
		stage++;
	if (stage == REDIS_STAGES)
		return PROBE_GOOD;
	s->stage = (uint8_t)stage;
	return dialogue_send(d, p->command[stage], p->n[stage]);
}

static enum probe_step redis_begin(struct dialogue *d)
{
	return redis_ask(d, REDIS_AUTH);
}

/* An array whose first element is a bulk string: "*3", "$6", "master". */
static enum probe_step redis_role(struct dialogue *d, const char *text)
{
	struct redis_state *s = d->state;
	static const char start[] = {'*', '$'};

	if (s->lines < sizeof(start)) {
		if (text[0] != start[s->lines])
			return dialogue_fail(d, "\"%.60s\" is no answer to ROLE", text);
		s->lines++;
		return dialogue_more(d);
	}
	if (!str_eq(text, "master"))
		return dialogue_fail(d, "the role is \"%.40s\" instead of master", text);
	return PROBE_GOOD;
}

static enum probe_step redis_line(struct dialogue *d, const char *text)
{
	static const char *const expected[] = {[REDIS_AUTH] = "+OK", [REDIS_PING] = "+PONG"};
	static const char *const names[] = {
		[REDIS_AUTH] = "AUTH", [REDIS_PING] = "PING", [REDIS_ROLE] = "ROLE"};
	const struct redis_state *s = d->state;

	if (text[0] == '-')
		return dialogue_fail(d, "%s refused: %.80s", names[s->stage], text + 1);
	if (s->stage == REDIS_ROLE)
		return redis_role(d, text);
	if (!str_eq(text, expected[s->stage]))
		return dialogue_fail(d, "\"%.60s\" is no answer to %s", text, names[s->stage]);
	return redis_ask(d, s->stage + 1u);
}

static enum probe_step redis_feed(struct dialogue *d, const void *data, size_t len)
{
	struct redis_state *s = d->state;

	return judge_lines(d, &s->line, data, len, "a line", redis_line);
}

const struct dialogue_ops dialogue_redis = {
	.name = "REDIS_CHECK",
	.transport = PROBE_STREAM,
	.state_size = sizeof(struct redis_state),
	.prepare = redis_prepare,
	.begin = redis_begin,
	.feed = redis_feed,
	.closed = judge_closed_early,
};
