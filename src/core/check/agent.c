/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: AGENT_CHECK: the one line of HAProxy's agent-check. Words, separated by blanks or commas:
 * up, down, fail, failed, stopped (health); ready, drain, maint (will of the administrator); N%
 * (share of the configured weight); "#" begins a text for people. maxconn:N has no meaning in IPVS.
 * Words that we don't know are skipped, but one at least must be known.
 * Must not know: weights, sockets.
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/str.h"
#include "core/check/judge.h"

#define AGENT_PERCENT_MAX 1000

struct agent_state {
	struct judge_line line;
};

struct agent_words {
	const char *bad; /* the word that fails the check */
	bool drain, known;
};

static enum probe_step agent_begin(struct dialogue *d)
{
	const struct conf_check_agent *c = (const void *)d->conf;

	d->drain = d->has_percent = false;
	d->percent = 0;
	if (c->send)
		return dialogue_send(d, c->send, strlen(c->send));
	return dialogue_more(d);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (strcasecmp(word, *words) == 0)
			return true;
	}
	return false;
}

static bool agent_percent(struct dialogue *d, const char *word)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)word[0]))
		return false;
	v = strtol(word, &end, 10);
	if (!str_eq(end, "%"))
		return false;
	d->has_percent = true;
	d->percent = (uint16_t)(v > AGENT_PERCENT_MAX ? AGENT_PERCENT_MAX : v);
	return true;
}

static void agent_word(struct dialogue *d, struct agent_words *w, const char *word)
{
	static const char *const down[] = {"down", "fail", "failed", "stopped", "maint", NULL};
	static const char *const up[] = {"up", "ready", NULL};

	if (is_one_of(word, down)) {
		w->bad = word;
	} else if (strcasecmp(word, "drain") == 0) {
		w->drain = true;
	} else if (!is_one_of(word, up) && !agent_percent(d, word) &&
		   strncasecmp(word, "maxconn:", 8) != 0) {
		return;
	}
	w->known = true;
}

static enum probe_step agent_judge(struct dialogue *d, char *text)
{
	struct agent_words w = {0};
	char shown[48], *comment = strchr(text, '#'), *rest = text, *word;

	str_copy(shown, sizeof(shown), text);
	if (comment)
		*comment++ = '\0';
	while ((word = strsep(&rest, " \t,\r")) != NULL) {
		if (*word)
			agent_word(d, &w, word);
	}
	if (!w.known)
		return dialogue_fail(d,
				     *shown ? "the agent says \"%s\", which means nothing here"
					    : "the agent says nothing%s",
				     shown);
	if (w.bad && comment)
		return dialogue_fail(d, "the agent says %s: %.80s", w.bad, comment);
	if (w.bad)
		return dialogue_fail(d, "the agent says %s", w.bad);
	d->drain = w.drain;
	return PROBE_GOOD;
}

static enum probe_step agent_feed(struct dialogue *d, const void *data, size_t len)
{
	struct agent_state *s = d->state;

	judge_line_take(&s->line, data, len);
	if (s->line.too_long)
		return dialogue_fail(d, "a line of more than %d bytes", JUDGE_LINE_MAX);
	return s->line.complete ? agent_judge(d, s->line.text) : dialogue_more(d);
}

static enum probe_step agent_closed(struct dialogue *d)
{
	struct agent_state *s = d->state;

	s->line.text[s->line.n] = '\0';
	return agent_judge(d, s->line.text);
}

const struct dialogue_ops dialogue_agent = {
	.name = "AGENT_CHECK",
	.transport = PROBE_STREAM,
	.state_size = sizeof(struct agent_state),
	.begin = agent_begin,
	.feed = agent_feed,
	.closed = agent_closed,
};
