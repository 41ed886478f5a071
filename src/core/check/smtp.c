/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: SMTP_CHECK: greeting 220, HELO, 250, QUIT, and whatever answers that (RFC 5321 3.1, 4.2).
 * A reply may have several lines ("250-...") and lines that end in CR LF or LF; a code stands alone
 * or before a blank, a hyphen or the end of line.
 * Must not know: sockets.
 */
#include <ctype.h>

#include "base/str.h"
#include "core/check/judge.h"

/* A server with a longer greeting than this is not worth waiting for. */
#define SMTP_LINES_MAX 100

enum smtp_stage { SMTP_GREETING, SMTP_HELO, SMTP_QUIT };

struct smtp_state {
	uint8_t stage; /* enum smtp_stage: whose answer is awaited */
	uint8_t lines;
	struct judge_line line;
};

static const void *smtp_prepare(const struct conf *conf, const struct conf_checker *c,
				struct arena *a)
{
	const char *name = ((const struct conf_check_smtp *)c)->helo_name;

	(void)conf;
	return arena_printf(a, "HELO %s\r\n", name ? name : "smtpchecker.keepalived.org");
}

static enum probe_step smtp_begin(struct dialogue *d)
{
	return dialogue_more(d);
}

static bool is_reply(const char *s)
{
	return isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[1]) &&
	       isdigit((unsigned char)s[2]) && (s[3] == '\0' || s[3] == ' ' || s[3] == '-');
}

/* The last line of a reply: on to the next stage. */
static enum probe_step smtp_answered(struct dialogue *d, const char *reply)
{
	static const char *const expected[] = {[SMTP_GREETING] = "220", [SMTP_HELO] = "250"};
	static const char *const after[] = {
		[SMTP_GREETING] = "the connection", [SMTP_HELO] = "HELO"};
	struct smtp_state *s = d->state;

	if (s->stage == SMTP_QUIT)
		return PROBE_GOOD;
	if (!str_starts(reply, expected[s->stage]))
		return dialogue_fail(d, "\"%.60s\" after %s instead of %s", reply, after[s->stage],
				     expected[s->stage]);
	if (s->stage == SMTP_GREETING) {
		s->stage = SMTP_HELO;
		return dialogue_send(d, d->plan, strlen(d->plan));
	}
	s->stage = SMTP_QUIT;
	return dialogue_send(d, "QUIT\r\n", 6);
}

static enum probe_step smtp_line(struct dialogue *d, const char *text)
{
	struct smtp_state *s = d->state;

	if (s->stage == SMTP_QUIT)
		return PROBE_GOOD; /* any line will do */
	if (!is_reply(text))
		return dialogue_fail(d, "\"%.60s\" is not an SMTP reply", text);
	if (text[3] != '-') {
		s->lines = 0;
		return smtp_answered(d, text);
	}
	if (++s->lines > SMTP_LINES_MAX)
		return dialogue_fail(d, "an SMTP reply of more than %d lines", SMTP_LINES_MAX);
	return dialogue_more(d);
}

static enum probe_step smtp_feed(struct dialogue *d, const void *data, size_t len)
{
	struct smtp_state *s = d->state;

	return judge_lines(d, &s->line, data, len, "an SMTP line", smtp_line);
}

static enum probe_step smtp_closed(struct dialogue *d)
{
	const struct smtp_state *s = d->state;

	/* It answered HELO; many just hang up on QUIT. */
	return s->stage == SMTP_QUIT ? PROBE_GOOD : judge_closed_early(d);
}

const struct dialogue_ops dialogue_smtp = {
	.name = "SMTP_CHECK",
	.transport = PROBE_STREAM,
	.state_size = sizeof(struct smtp_state),
	.prepare = smtp_prepare,
	.begin = smtp_begin,
	.feed = smtp_feed,
	.closed = smtp_closed,
};
