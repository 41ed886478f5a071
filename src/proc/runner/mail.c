/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mails in keepalived's form: the same subjects and headers, since filters look for them; the body
 * says the cause. Must not know how a mail is delivered.
 */
#include "proc/runner/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "core/lvs/lvs.h"
#include "proc/runner/outbox.h"

#define SUBJECT_MAX 256
#define BODY_MAX 512

struct mail {
	struct runner *r;
	struct outbox *outbox;
	char host[256];
};

static bool is_wanted(const struct mail *m)
{
	const struct conf_global *g = &m->r->conf->global;

	return g->emails.n > 0 && g->smtp_server;
}

/* "Ops <ops@example.com>" -> "ops@example.com" */
static const char *address_only(struct arena *a, const char *written)
{
	const char *open = strrchr(written, '<');
	const char *close = open ? strchr(open, '>') : NULL;

	return close ? arena_printf(a, "%.*s", (int)(close - open - 1), open + 1) : written;
}

static const char *const *recipients(struct arena *a, const struct conf_global *g)
{
	const char **to = arena_alloc(a, (g->emails.n + 1) * sizeof(*to));

	for (unsigned i = 0; i < g->emails.n; i++)
		to[i] = address_only(a, g->emails.v[i]);
	return to;
}

static const char *to_line(struct arena *a, const struct conf_global *g)
{
	const char *line = g->emails.v[0];

	for (unsigned i = 1; i < g->emails.n; i++)
		line = arena_printf(a, "%s,\r\n %s", line, g->emails.v[i]);
	return line;
}

static const char *date_line(struct arena *a)
{
	time_t now = (time_t)(clock_wall() / USEC_PER_SEC);
	char text[64];
	struct tm tm;

	/* RFC 5322: names of days and months are English; no locale is ever set here. */
	if (!localtime_r(&now, &tm) ||
	    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S %z", &tm) == 0)
		return "";
	return arena_strdup(a, text);
}

/* Nothing in a header line may end it. */
static const char *one_line(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);

	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return copy;
}

static const char *message_text(struct mail *m, struct arena *a, const char *from,
				const char *subject, const char *body)
{
	const struct conf_global *g = &m->r->conf->global;

	return arena_printf(a,
			    "Date: %s\r\nFrom: %s\r\nSubject: %s\r\nX-Mailer: Keepalived\r\n"
			    "To: %s\r\nMIME-Version: 1.0\r\n"
			    "Content-Type: text/plain; charset=utf-8\r\n\r\n=> %s <=\r\n",
			    date_line(a), from, one_line(a, subject), to_line(a, g),
			    one_line(a, body));
}

static const char *router(const struct mail *m)
{
	const char *id = m->r->conf->global.router_id;

	return id ? id : m->host;
}

/* Everything is copied: the configuration may go before the mail. */
static bool aim(void *owner, struct outbox_item *item)
{
	const struct mail *m = owner;
	const struct conf_global *g = &m->r->conf->global;
	struct arena *a = item->arena;

	if (!is_wanted(m))
		return false;
	item->mail.host = arena_strdup(a, g->smtp_server);
	item->mail.port = g->smtp_port;
	item->mail.tls = g->smtp_tls;
	item->mail.no_verify = g->smtp_tls_no_verify;
	item->mail.helo = arena_strdup(a, g->smtp_helo_name ? g->smtp_helo_name : m->host);
	item->mail.user = arena_strdup(a, g->smtp_user);
	item->mail.password = arena_strdup(a, g->smtp_password);
	item->mail.to = recipients(a, g);
	item->mail.timeout = (usec_t)g->smtp_connect_timeout * USEC_PER_SEC;
	for (const char **to = (const char **)item->mail.to; *to; to++)
		*to = arena_strdup(a, *to);
	return true;
}

static void send_mail(struct mail *m, const char *subject, const char *body)
{
	const struct conf_global *g = &m->r->conf->global;
	struct outbox_item *item = outbox_item_new();
	struct arena *a = item->arena;
	const char *from = g->email_from ? arena_strdup(a, g->email_from)
					 : arena_printf(a, "root@%s", m->host);
	const char *full = arena_printf(a, "[%s] %s", router(m), subject);

	item->what = arena_printf(a, "mail \"%s\"", full);
	item->mail.from = address_only(a, from);
	item->mail.text = message_text(m, a, from, full, body);
	outbox_send(m->outbox, item);
}

/* ---- VRRP ---- */

static const char *state_words(uint16_t state)
{
	switch ((enum vrrp_state)state) {
	case VRRP_MASTER:
		return "Entering MASTER state";
	case VRRP_BACKUP:
		return "Entering BACKUP state";
	case VRRP_FAULT:
		return "Entering FAULT state";
	case VRRP_STOP:
		return "Stopping";
	case VRRP_DELETED:
		return "Deleted";
	case VRRP_INIT:
		break;
	}
	return NULL;
}

void mail_vrrp(struct mail *m, const struct msg_notify *e, const char *name)
{
	const struct conf *conf = m->r->conf;
	const char *words = state_words(e->state);
	char subject[SUBJECT_MAX], body[BODY_MAX];

	if (e->event != NOTIFY_STATE || e->fifo_only || !words || !is_wanted(m))
		return;
	if (e->is_group ? !conf->groups.v[e->id]->smtp_alert
			: !conf->instances.v[e->id]->smtp_alert)
		return;
	if (e->state == VRRP_FAULT && conf->global.no_email_faults)
		return;
	if (e->is_group && e->state == VRRP_DELETED)
		return;
	snprintf(subject, sizeof(subject), "VRRP %s %s - %s", e->is_group ? "Group" : "Instance",
		 name, words);
	snprintf(body, sizeof(body), "VRRP %s %s is now %s%s%.*s",
		 e->is_group ? "group" : "instance", name, vrrp_state_name(e->state),
		 e->cause[0] ? ": " : "", (int)sizeof(e->cause), e->cause);
	send_mail(m, subject, body);
}

/* ---- virtual and real servers ---- */

static const char *check_name(const struct conf *conf, uint32_t checker)
{
	static const char *const names[CHECK_KINDS] = {
		[CHECK_TCP] = "TCP",	 [CHECK_HTTP] = "HTTP",	  [CHECK_SSL] = "SSL",
		[CHECK_SMTP] = "SMTP",	 [CHECK_DNS] = "DNS",	  [CHECK_MISC] = "MISC",
		[CHECK_BFD] = "BFD",	 [CHECK_PING] = "PING",	  [CHECK_UDP] = "UDP",
		[CHECK_FILE] = "FILE",	 [CHECK_GRPC] = "gRPC",	  [CHECK_PGSQL] = "PostgreSQL",
		[CHECK_MYSQL] = "MySQL", [CHECK_REDIS] = "Redis", [CHECK_AGENT] = "AGENT",
	};

	return checker < conf->checkers.n ? names[conf->checkers.v[checker]->kind] : "server";
}

static void mail_server(struct mail *m, const struct msg_notify_lvs *e, bool up)
{
	char subject[SUBJECT_MAX], body[BODY_MAX];

	snprintf(subject, sizeof(subject), "Realserver %.*s of virtual server %.*s - %s",
		 (int)sizeof(e->rs_name), e->rs_name, (int)sizeof(e->vs_name), e->vs_name,
		 e->rs_up ? "UP" : "DOWN");
	if (e->stopping)
		snprintf(body, sizeof(body), "the server is no longer served: stopping or removed");
	else
		snprintf(body, sizeof(body), "%s check %s%s%.*s",
			 check_name(m->r->conf, e->checker), up ? "succeeded" : "failed",
			 e->reason[0] ? ": " : "", (int)sizeof(e->reason), e->reason);
	send_mail(m, subject, body);
}

static void mail_quorum(struct mail *m, const struct msg_notify_lvs *e, bool up)
{
	char subject[SUBJECT_MAX], body[BODY_MAX];
	bool upper = up || e->initial; /* a quorum that is down has to reach the upper bound */
	int64_t bound = (int64_t)e->quorum + (upper ? 1 : -1) * (int64_t)e->hysteresis;

	snprintf(subject, sizeof(subject), "Virtualserver %.*s - %s", (int)sizeof(e->vs_name),
		 e->vs_name, up ? "UP" : "DOWN");
	if (e->stopping)
		snprintf(body, sizeof(body), "the service is no longer served: stopping or removed");
	else
		snprintf(body, sizeof(body), "quorum %s%s: %u%c%u=%lld %s %lld",
			 e->initial ? "at start: " : "", up ? "gained" : "lost", e->quorum,
			 upper ? '+' : '-', e->hysteresis, (long long)bound, up ? "<=" : ">",
			 (long long)e->weight);
	send_mail(m, subject, body);
}

static void mail_panic(struct mail *m, const struct msg_notify_lvs *e, bool on)
{
	char subject[SUBJECT_MAX];

	snprintf(subject, sizeof(subject), "Virtualserver %.*s - %s", (int)sizeof(e->vs_name),
		 e->vs_name, on ? "PANIC" : "PANIC over");
	send_mail(m, subject,
		  on ? "more servers fail together than panic_threshold allows: all of them are "
		       "served as if they were up"
		     : "few enough servers fail: only those that are up are served");
}

/* It is the checker's change that is told; the server's own event, which comes before it, would say
 * the same twice. But what is stopped or removed has no checker to say so. */
static bool tells_server(const struct mail *m, const struct msg_notify_lvs *e)
{
	if (e->event == LVS_RS_UP || e->event == LVS_RS_DOWN)
		return e->stopping;
	return e->rs_changed || !m->r->conf->global.no_checker_emails;
}

void mail_lvs(struct mail *m, const struct msg_notify_lvs *e, const struct conf_virtual_server *vs,
	      const struct conf_real_server *rs)
{
	if (!is_wanted(m))
		return;
	switch ((enum lvs_event_kind)e->event) {
	case LVS_RS_UP:
	case LVS_RS_DOWN:
	case LVS_CHECKER_UP:
	case LVS_CHECKER_DOWN:
		if (rs && rs->smtp_alert == TRI_ON && tells_server(m, e))
			mail_server(m, e, e->event == LVS_RS_UP || e->event == LVS_CHECKER_UP);
		break;
	case LVS_QUORUM_UP:
	case LVS_QUORUM_DOWN:
		if (vs && vs->smtp_alert == TRI_ON)
			mail_quorum(m, e, e->event == LVS_QUORUM_UP);
		break;
	case LVS_PANIC_ON:
	case LVS_PANIC_OFF:
		if (vs && vs->smtp_alert == TRI_ON)
			mail_panic(m, e, e->event == LVS_PANIC_ON);
		break;
	case LVS_RS_WEIGHT:
	case LVS_SORRY_ON:
	case LVS_SORRY_OFF:
	case LVS_DRAINING:
	case LVS_DRAINED:
		break;
	}
}

/* ---- workers ---- */

static bool vrrp_alerts(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->instances.n; i++)
		if (conf->instances.v[i]->smtp_alert)
			return true;
	for (unsigned i = 0; i < conf->groups.n; i++)
		if (conf->groups.v[i]->smtp_alert)
			return true;
	return false;
}

static bool lvs_alerts(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->virtual_servers.n; i++)
		if (conf->virtual_servers.v[i]->smtp_alert == TRI_ON)
			return true;
	for (unsigned i = 0; i < conf->real_servers.n; i++)
		if (conf->real_servers.v[i]->smtp_alert == TRI_ON)
			return true;
	return false;
}

/* Who is told of what it does is told of its death. */
void mail_worker(struct mail *m, const struct msg_worker_news *e, const char *name)
{
	const struct conf *conf = m->r->conf;
	bool is_of_vrrp = e->process == PROC_VRRP || e->process == PROC_RUNNER;
	bool is_of_lvs = e->process != PROC_VRRP;
	char subject[SUBJECT_MAX];

	if (e->event != WORKER_DIED || !is_wanted(m))
		return;
	if (!(is_of_vrrp && vrrp_alerts(conf)) && !(is_of_lvs && lvs_alerts(conf)))
		return;
	snprintf(subject, sizeof(subject), "Process %s - died", name);
	send_mail(m, subject, e->text);
}

/* ---- life ---- */

struct mail *mail_new(struct runner *r)
{
	struct mail *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->r = r;
	m->outbox = outbox_new(r, "mail", aim, m);
	if (gethostname(m->host, sizeof(m->host) - 1) < 0 || m->host[0] == '\0')
		str_copy(m->host, sizeof(m->host), "localhost");
	return m;
}

void mail_configure(struct mail *m)
{
	outbox_hurry(m->outbox);
}

bool mail_is_idle(const struct mail *m)
{
	return outbox_is_idle(m->outbox);
}

struct mail *mail_free(struct mail *m)
{
	if (!m)
		return NULL;
	outbox_free(m->outbox);
	free(m);
	return NULL;
}
