/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the end of a run means: verdict, next run, log lines with the words that people grep for, what
 * lvs is told. Must not know how the result came about.
 */
#include <stdio.h>
#include <time.h>

#include "base/str.h"
#include "proc/check/internal.h"

#define TARGET_MAX 80
#define DAY (24 * 3600 * USEC_PER_SEC)

/* ---- log ---- */

static const char *target_of(const struct check *c, char buf[static TARGET_MAX])
{
	const struct conf_check_socket *s = (const struct conf_check_socket *)c->plan->conf;
	char ip[IP_TEXT_MAX];

	ip_format(&s->connect_ip, ip);
	if (c->plan->ops->transport == PROBE_ECHO)
		snprintf(buf, TARGET_MAX, "[%s]", ip);
	else
		snprintf(buf, TARGET_MAX, "[%s]:%s:%u", ip,
			 c->plan->ops->transport == PROBE_DATAGRAM ? "udp" : "tcp", s->connect_port);
	return buf;
}

static const char *name_of(const struct check *c)
{
	uint8_t kind = c->plan->conf->kind;

	return kind == CHECK_HTTP || kind == CHECK_SSL ? "HTTP_CHECK" : c->plan->ops->name;
}

/* "TCP connection to TARGET success.": what some kinds are said to have tried; NULL for the others. */
static const char *connection_of(const struct check *c)
{
	switch (c->plan->conf->kind) {
	case CHECK_TCP:
		return "TCP";
	case CHECK_UDP:
		return "UDP";
	case CHECK_PING:
		return "ICMP";
	default:
		return NULL;
	}
}

/* The first success of one that was taken to be up is no news. */
static void log_up(const struct check *c, enum log_level level)
{
	const char *connection = connection_of(c);
	uint8_t kind = c->plan->conf->kind;
	char target[TARGET_MAX];

	target_of(c, target);
	if (connection)
		log_write(level, NULL, "%s connection to %s success.", connection, target);
	else if (kind == CHECK_HTTP || kind == CHECK_SSL)
		log_write(level, NULL, "Remote Web server %s succeed on service.", target);
	else if (kind == CHECK_SMTP)
		log_write(level, NULL, "Remote SMTP server %s succeed on service.", target);
	else
		log_write(level, NULL, "%s on service %s succeeded.", name_of(c), target);
}

static void log_attempt(const struct check *c, const char *reason)
{
	const char *connection = connection_of(c);
	char target[TARGET_MAX];

	target_of(c, target);
	if (connection)
		log_info("%s connection to %s failed. Reason: %s", connection, target, reason);
	else
		log_info("%s on service %s: attempt failed. Reason: %s", name_of(c), target, reason);
}

static void log_down(const struct check *c, const char *reason)
{
	uint32_t retries = c->plan->conf->timing.retry;
	char target[TARGET_MAX], after[40] = "";

	if (connection_of(c))
		log_attempt(c, reason);
	target_of(c, target);
	if (c->verdict.failures > retries || c->plan->conf->kind == CHECK_SMTP)
		snprintf(after, sizeof(after), " after %u retries", retries);
	log_notice("%s on service %s failed%s. Reason: %s", name_of(c), target, after, reason);
}

/* Once, until a run gives a verdict again. */
static void log_undecided(struct check *c, const char *reason)
{
	char target[TARGET_MAX];

	if (!c->undecided)
		log_err("%s on service %s: no verdict, %s", name_of(c), target_of(c, target), reason);
	c->undecided = true;
}

static void warn_of_certificate(struct check *c, usec_t ends)
{
	const struct conf_check_http *h = (const struct conf_check_http *)c->plan->conf;
	usec_t now, left;
	char target[TARGET_MAX], date[32];
	time_t t = (time_t)(ends / USEC_PER_SEC);
	struct tm tm;

	if (!ends || c->plan->conf->kind != CHECK_SSL || !h->tls_expiry_days)
		return;
	now = clock_wall();
	left = ends - now;
	if (left > (usec_t)h->tls_expiry_days * DAY || now < c->certificate_warned + DAY)
		return;
	c->certificate_warned = now;
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&t, &tm));
	if (left <= 0)
		log_warning("TLS certificate of %s has ended on %s", target_of(c, target), date);
	else
		log_warning("TLS certificate of %s ends in %lld days, on %s", target_of(c, target),
			    (long long)(left / DAY), date);
}

/* ---- the result ---- */

static bool take_agent(struct check *c, const struct dialogue *d)
{
	bool drain = d && d->drain, has_percent = d && d->has_percent;
	uint16_t percent = has_percent ? d->percent : 0;
	bool changed = drain != c->drain || has_percent != c->has_percent || percent != c->percent;

	c->drain = drain;
	c->has_percent = has_percent;
	c->percent = percent;
	return changed;
}

static enum check_outcome outcome_of(const struct probe_result *r)
{
	switch (r->outcome) {
	case PROBE_SUCCEEDED:
		return CHECK_GOOD;
	case PROBE_FAILED:
		return CHECK_BAD;
	case PROBE_UNDECIDED:
		break;
	}
	return CHECK_UNDECIDED;
}

static void log_result(struct check *c, const struct probe_result *r, const struct check_next *next,
		       bool was_up)
{
	if (r->outcome == PROBE_UNDECIDED) {
		log_undecided(c, r->reason);
		return;
	}
	c->undecided = false;
	warn_of_certificate(c, r->certificate_ends);
	if (next->changed && c->verdict.up)
		log_up(c, was_up ? LVL_INFO : LVL_NOTICE);
	else if (next->changed)
		log_down(c, r->reason);
	else if (r->outcome == PROBE_FAILED && c->plan->conf->log_all_failures)
		log_attempt(c, r->reason);
}

/* Without what the run began too late or too early: that is the grid's and the crowd's doing, and if it
 * counted, probes that once were due together would be so for ever. A short run counts as a moment: else
 * one that takes a millisecond would leave its place on the grid again and again. */
static usec_t when_it_ended(const struct check *c, usec_t delay)
{
	usec_t late = c->started - c->due_at, ended = loop_now(c->w->loop);

	if (ended - c->started <= usec_min(AGENDA_GRID_FAR / 2, delay / 100))
		ended = c->started;
	return ended - usec_max(usec_min(late, delay / 4), -AGENDA_GRID_FAR);
}

void result_take(struct check *c, const struct probe_result *r, const struct dialogue *dialogue)
{
	enum check_outcome outcome = outcome_of(r);
	bool other_weight = outcome == CHECK_GOOD && take_agent(c, dialogue);
	bool was_up = c->verdict.up;
	struct check_next next = check_verdict_step(&c->verdict, c->plan->conf, outcome);

	c->due_at = when_it_ended(c, next.delay) + next.delay;
	agenda_set(c->w->agenda, &c->due, c->due_at);
	record_result(c, r->reason, outcome == CHECK_BAD, r);
	log_result(c, r, &next, was_up);
	if (next.changed || other_weight)
		tell_lvs(c);
}
