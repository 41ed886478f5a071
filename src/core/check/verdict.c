/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the arithmetic of attempts, retries and intervals, and HTTP's walk over its pages.
 * Must not know: what an attempt is, what a verdict is good for, what time it is.
 *
 * An up checker fails after retry + 1 failures in a row, a down one recovers with one success.
 * Three exceptions: a failure before a fresh process has a verdict is decisive; SMTP_CHECK always
 * makes a series of retry + 1 attempts; HTTP_GET and SSL_GET, when down, must see the failed page
 * and then every page.
 */
#include "core/check/verdict.h"

static bool is_http(const struct conf_checker *c)
{
	return c->kind == CHECK_HTTP || c->kind == CHECK_SSL;
}

struct check_verdict check_verdict_new(const struct conf_checker *c, bool fresh)
{
	return (struct check_verdict){
		.up = !c->timing.alpha,
		.fresh = fresh && c->kind != CHECK_SMTP,
		.good_urls = is_http(c) ? 1 : 0,
	};
}

static unsigned page_count(const struct conf_check_http *h)
{
	return h->urls.n ? h->urls.n : 1;
}

void check_verdict_mend(struct check_verdict *v, const struct conf_checker *c)
{
	unsigned n = is_http(c) ? page_count((const struct conf_check_http *)c) : 0;

	if (v->url >= n)
		v->url = 0;
	if (v->good_urls > n)
		v->good_urls = 0;
}

static void set_up(struct check_verdict *v, struct check_next *next, bool up)
{
	next->changed = !v->has_run || v->up != up;
	v->has_run = true;
	v->fresh = false;
	v->up = up;
}

/* Walks over the pages. good_urls is 0 while the failed page is awaited, then 1 + the pages seen.
 */
static void http_good(struct check_verdict *v, const struct conf_check_http *h,
		      struct check_next *next)
{
	unsigned n = page_count(h);

	if (v->has_run && v->up) {
		v->url = (uint16_t)((v->url + 1u) % n);
		return;
	}
	v->url = v->good_urls;
	v->good_urls++;
	if (v->good_urls > n) {
		set_up(v, next, true);
		v->url = 0;
		v->good_urls = 1;
	} else if (h->fast_recovery) {
		next->delay = 0;
	}
}

static struct check_next step_good(struct check_verdict *v, const struct conf_checker *c)
{
	struct check_next next = {.delay = c->timing.delay_loop};

	v->failures = 0;
	if (is_http(c))
		http_good(v, (const struct conf_check_http *)c, &next);
	else
		set_up(v, &next, true);
	return next;
}

/* Whether this failure is to be confirmed by another attempt. */
static bool is_retried(const struct check_verdict *v, const struct conf_checker *c)
{
	if (c->kind != CHECK_SMTP && (v->fresh || (v->has_run && !v->up)))
		return false;
	return v->failures < c->timing.retry;
}

static struct check_next step_bad(struct check_verdict *v, const struct conf_checker *c)
{
	struct check_next next = {.delay = c->timing.delay_loop};

	if (is_retried(v, c)) {
		v->failures++;
		next.attempt = true;
		next.delay = c->timing.delay_before_retry;
		return next;
	}
	set_up(v, &next, false);
	if (c->kind == CHECK_SMTP)
		v->failures = 0; /* a new series */
	else if (v->failures < UINT32_MAX)
		v->failures++;
	if (is_http(c)) {
		v->good_urls = 0;
		next.delay = usec_max(next.delay, c->timing.delay_before_retry);
	}
	return next;
}

struct check_next check_verdict_step(struct check_verdict *v, const struct conf_checker *c,
				     enum check_outcome outcome)
{
	switch (outcome) {
	case CHECK_GOOD:
		return step_good(v, c);
	case CHECK_BAD:
		return step_bad(v, c);
	case CHECK_UNDECIDED:
		break;
	}
	return (struct check_next){.delay = c->timing.delay_loop};
}

usec_t check_first_delay(const struct conf_checker *c, uint32_t random)
{
	uint64_t warmup = (uint64_t)usec_max(c->timing.warmup, 0);
	/* warmup * random / 2^32 without leaving 64 bits */
	uint64_t share = (warmup >> 32) * random + ((warmup & UINT32_MAX) * random >> 32);

	if (share > (uint64_t)(USEC_NEVER - 1 - USEC_PER_SEC))
		return USEC_NEVER - 1;
	return USEC_PER_SEC + (usec_t)share;
}
