/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a judge over a reply, in pieces of any size, as a transport would. */
#ifndef HF_TESTS_CHECK_FIXTURE_H
#define HF_TESTS_CHECK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/check/dialogue.h"

struct talk {
	struct arena *a;
	struct dialogue d;
	struct conf conf;
	bool over;
	char sent[4096]; /* everything the judge said */
	size_t n_sent;
	char result[PROBE_REASON_MAX + 16]; /* "MORE", "GOOD", "BAD reason" */
};

static inline void talk_step(struct talk *t, enum probe_step step)
{
	if (step == PROBE_MORE && t->d.out.n) {
		assert_in_range(t->d.out.n, 1, sizeof(t->sent) - t->n_sent);
		memcpy(t->sent + t->n_sent, t->d.out.p, t->d.out.n);
		t->n_sent += t->d.out.n;
	}
	t->over = step == PROBE_GOOD || step == PROBE_BAD;
	if (step == PROBE_BAD) {
		assert_true(*t->d.reason);
		snprintf(t->result, sizeof(t->result), "BAD %s", t->d.reason);
	} else {
		str_copy(t->result, sizeof(t->result),
			 step == PROBE_GOOD ? "GOOD" : step == PROBE_MORE ? "MORE" : "WAIT");
	}
}

static inline void talk_prepare(struct talk *t, const struct conf_checker *c)
{
	memset(t, 0, sizeof(*t));
	t->a = arena_new();
	t->d.ops = dialogue_ops_of(c);
	t->d.conf = c;
	if (t->d.ops->prepare)
		t->d.plan = t->d.ops->prepare(&t->conf, c, t->a);
	t->d.state = calloc(1, t->d.ops->state_size + 1);
}

static inline void talk_begin(struct talk *t)
{
	memset(t->d.state, 0, t->d.ops->state_size);
	t->n_sent = 0;
	t->over = false;
	talk_step(t, t->d.ops->begin(&t->d));
}

static inline void talk_feed(struct talk *t, const void *data, size_t len, size_t piece)
{
	const char *p = data;

	while (len && !t->over) {
		size_t n = len < piece ? len : piece;
		/* Exactly as long as it is, so that a sanitizer sees a byte too far. */
		char *copy = malloc(n);

		memcpy(copy, p, n);
		talk_step(t, t->d.ops->feed(&t->d, copy, n));
		free(copy);
		p += n;
		len -= n;
	}
}

static inline void talk_close(struct talk *t)
{
	if (!t->over)
		talk_step(t, t->d.ops->closed(&t->d));
	assert_true(t->over);
}

static inline void talk_silence(struct talk *t)
{
	if (!t->over)
		talk_step(t, t->d.ops->silence(&t->d));
	assert_true(t->over);
}

static inline void talk_end(struct talk *t)
{
	if (t->d.ops->end)
		t->d.ops->end(&t->d);
}

static inline void talk_free(struct talk *t)
{
	if (t->d.ops->release)
		t->d.ops->release(t->d.plan);
	free(t->d.state);
	arena_free(t->a);
}

static inline struct ip_addr ip(const char *text)
{
	struct ip_addr a = {0};

	assert_true(ip_parse(text, &a));
	return a;
}

#endif
