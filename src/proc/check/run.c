/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bridge between the pure half of a probe (core/check/dialogue) and its transport (io/probe). Owns
 * the dialogues and their state: one is taken when a connection stands, so that servers that are not
 * there cost none, and goes back into a pool.
 */
#include <stdlib.h>
#include <string.h>

#include "proc/check/internal.h"

static struct check *check_of(struct probe *p)
{
	return (struct check *)p;
}

/* ---- the pool: by kind, as all of one kind have the same size ---- */

static size_t state_size(const struct dialogue_ops *ops)
{
	return (ops->state_size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
}

static struct run *run_take(struct check *c)
{
	const struct check_plan *plan = c->run_plan;
	struct run **pool = &c->w->free_runs[plan->conf->kind];
	struct run *r = *pool;

	if (r) {
		*pool = r->next;
	} else {
		r = malloc(sizeof(*r) + state_size(plan->ops));
		if (!r)
			abort();
	}
	memset(r, 0, sizeof(*r) + state_size(plan->ops));
	r->dialogue = (struct dialogue){
		.ops = plan->ops,
		.conf = plan->conf,
		.plan = plan->material,
		.state = r->state,
		.url = c->verdict.url,
		.nonce = probe_engine_random(c->w->engine),
	};
	return r;
}

static void run_give_back(struct check *c)
{
	struct run *r = c->run;
	unsigned kind;

	if (!r)
		return;
	kind = c->run_plan->conf->kind;
	if (c->run_plan->ops->end)
		c->run_plan->ops->end(&r->dialogue);
	r->next = c->w->free_runs[kind];
	c->w->free_runs[kind] = r;
	c->run = NULL;
}

void runs_free(struct check_worker *w)
{
	for (unsigned kind = 0; kind < CHECK_KINDS; kind++) {
		struct run *next;

		for (struct run *r = w->free_runs[kind]; r; r = next) {
			next = r->next;
			free(r);
		}
		w->free_runs[kind] = NULL;
	}
}

/* ---- what the transport asks ---- */

static enum probe_step told(const struct dialogue *d, enum probe_step step, struct probe_bytes *out)
{
	if (step == PROBE_MORE)
		*out = d->out;
	return step;
}

static enum probe_step on_begin(struct probe *p, struct probe_bytes *out)
{
	struct check *c = check_of(p);

	c->run = run_take(c);
	return told(&c->run->dialogue, c->run_plan->ops->begin(&c->run->dialogue), out);
}

static enum probe_step on_feed(struct probe *p, const void *data, size_t n, struct probe_bytes *out)
{
	struct dialogue *d = &check_of(p)->run->dialogue;

	return told(d, d->ops->feed(d, data, n), out);
}

static enum probe_step on_closed(struct probe *p)
{
	struct dialogue *d = &check_of(p)->run->dialogue;

	return d->ops->closed(d);
}

static enum probe_step on_silence(struct probe *p)
{
	struct dialogue *d = &check_of(p)->run->dialogue;

	return d->ops->silence(d);
}

static const char *on_reason(struct probe *p)
{
	return check_of(p)->run->dialogue.reason;
}

static void on_done(struct probe *p, const struct probe_result *r)
{
	struct check *c = check_of(p);
	struct check_set *set = c->run_set;

	result_take(c, r, c->run ? &c->run->dialogue : NULL);
	run_give_back(c);
	check_set_run_ended(set);
}

static const struct probe_judge patient = {
	.begin = on_begin,
	.feed = on_feed,
	.closed = on_closed,
	.silence = on_silence,
	.reason = on_reason,
	.done = on_done,
};

/* For dialogues without silence(): the transport knows best what was missing. */
static const struct probe_judge impatient = {
	.begin = on_begin,
	.feed = on_feed,
	.closed = on_closed,
	.reason = on_reason,
	.done = on_done,
};

/* ---- starting ---- */

static void wish_http(struct probe_tls_wish *wish, const struct conf_check_http *h, unsigned page)
{
	const struct conf_url *url = h->urls.v[page < h->urls.n ? page : 0];

	wish->server_name = url->server_name;
	wish->verify_name = url->server_name ? url->server_name : url->host;
	wish->verify = h->tls_verify;
	wish->close_alert = h->tls_compliant || url->tls_compliant;
}

static struct probe_tls_wish wish_of(const struct check_plan *plan, unsigned page)
{
	struct probe_tls_wish wish = {.alpn = plan->ops->alpn};

	if (plan->conf->kind == CHECK_SSL)
		wish_http(&wish, (const struct conf_check_http *)plan->conf, page);
	if (plan->conf->kind == CHECK_GRPC) {
		const struct conf_check_grpc *g = (const struct conf_check_grpc *)plan->conf;

		wish.server_name = wish.verify_name = plan->authority;
		wish.verify = g->tls_verify;
		wish.close_alert = true;
	}
	return wish;
}

void run_start(struct check *c)
{
	const struct check_plan *plan = c->plan;

	c->run_set = c->w->set;
	c->run_plan = plan;
	c->run_set->runs++;
	c->probe.conf = (const struct conf_check_socket *)plan->conf;
	c->probe.judge = plan->ops->silence ? &patient : &impatient;
	c->probe.transport = (uint8_t)plan->ops->transport;
	c->probe.speaks_first = plan->conf->kind == CHECK_HTTP || plan->conf->kind == CHECK_SSL;
	if (plan->ops->transport == PROBE_TLS)
		c->probe.tls = wish_of(plan, c->verdict.url);
	probe_start(c->w->engine, &c->probe);
}

void run_cancel(struct check *c)
{
	if (!probe_is_running(&c->probe))
		return;
	probe_cancel(&c->probe);
	run_give_back(c);
	check_set_run_ended(c->run_set);
}
