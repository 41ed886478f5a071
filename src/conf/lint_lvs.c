/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: virtual servers that can be read and run but hardly were meant: weights and quorums that
 * can't work, checks that are missing, addresses nobody brings, mail without a way out.
 *
 * Linear in the number of servers: there may be tens of thousands.
 */
#include "conf/lint_lvs.h"

#include <stdlib.h>

#include "base/str.h"
#include "conf/schema/lvs.h"

struct lint_lvs {
	const struct conf *conf;
	const struct conf_host *host;
	struct diags *diags;
	struct arena *a;
	VEC(struct ip_addr) addresses; /* that some instance or static address brings, sorted */
};

#define TEXT(...) arena_printf(l->a, __VA_ARGS__)

static struct diag *service_say(struct lint_lvs *l, const struct conf_virtual_server *vs,
				enum diag_severity severity, const char *code, const char *text)
{
	return diag_add(l->diags, severity, code, vs->block.at, "virtual_server %s: %s",
			lvs_service_text(vs, l->a), text);
}

static const char *server_text(struct lint_lvs *l, const struct conf_real_server *rs)
{
	char buf[IP_TEXT_MAX];

	return TEXT("%s %u", ip_format(&rs->addr, buf), rs->port);
}

/* ---- weights ---- */

static uint64_t weight_sum(const struct conf_virtual_server *vs)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < vs->rs.n; i++)
		sum += vs->rs.v[i]->weight;
	return sum;
}

/* A dynamic check may give what the file does not. */
static bool weight_may_grow(const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; i < vs->rs.n; i++) {
		const struct conf_real_server *rs = vs->rs.v[i];

		for (unsigned k = 0; k < rs->checkers.n; k++) {
			const struct conf_checker *c = rs->checkers.v[k];

			if (c->kind == CHECK_FILE ||
			    (c->kind == CHECK_MISC && ((const struct conf_check_misc *)c)->dynamic))
				return true;
		}
	}
	return false;
}

static void lint_weights(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	uint64_t sum = weight_sum(vs);

	if (weight_may_grow(vs))
		return;
	if (!sum)
		service_say(l, vs, DIAG_WARNING, "no-weight",
			    "all its real servers have weight 0, none gets a connection");
	else if ((uint64_t)vs->quorum + vs->hysteresis > sum)
		service_say(l, vs, DIAG_WARNING, "quorum-unreachable",
			    TEXT("quorum %u and hysteresis %u together are more than all weights "
				 "(%llu): the quorum can never be gained",
				 vs->quorum, vs->hysteresis, (unsigned long long)sum))
			->hint = TEXT("lower one of them so that they make %llu at most",
				      (unsigned long long)sum);
}

/* Round robin and plain least connections only ask whether a weight is 0. */
static bool scheduler_weighs(const struct conf_virtual_server *vs)
{
	return vs->scheduler != LVS_SCHED_RR && vs->scheduler != LVS_SCHED_LC;
}

static void lint_ignored_weights(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	uint32_t weight = 0;
	bool differ = false, slow = false;

	if (scheduler_weighs(vs))
		return;
	for (unsigned i = 0; i < vs->rs.n; i++) {
		const struct conf_real_server *rs = vs->rs.v[i];

		slow |= rs->slow_start != 0;
		if (!rs->weight)
			continue;
		differ |= weight && weight != rs->weight;
		weight = rs->weight;
	}
	if (differ || slow)
		service_say(l, vs, DIAG_WARNING, "weights-ignored",
			    TEXT("%s has no effect with lvs_sched %s, which treats all servers alike",
				 slow ? "slow_start" : "the weight of its real servers",
				 vs->scheduler == LVS_SCHED_RR ? "rr" : "lc"))
			->hint = vs->scheduler == LVS_SCHED_RR ? "use wrr" : "use wlc";
}

/* ---- checks ---- */

/* Checkers that will give a verdict: a script that must not be run gives none. */
static unsigned checks_that_run(const struct conf_real_server *rs)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rs->checkers.n; i++) {
		const struct conf_checker *c = rs->checkers.v[i];

		n += c->kind != CHECK_MISC || !((const struct conf_check_misc *)c)->script->unsafe;
	}
	return n;
}

/* keepalived goes on without the check that it could not read, and so does this daemon, but a dead
 * server would get connections for ever: that is never what was meant. */
static void lint_lost_checks(struct lint_lvs *l, const struct conf_real_server *rs)
{
	if ((rs->lost_checks || rs->checkers.n) && !checks_that_run(rs))
		diag_add(l->diags, DIAG_ERROR, "unchecked", rs->block.at,
			 "real_server %s: none of its checks can be used, it would count as up for "
			 "ever",
			 server_text(l, rs))
			->hint = "mend the check, or remove it if the server needs none";
}

static void lint_unchecked(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	const struct conf_real_server *bare = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < vs->rs.n; i++) {
		if (!vs->rs.v[i]->checkers.n && !vs->rs.v[i]->lost_checks && !bare)
			bare = vs->rs.v[i];
		n += vs->rs.v[i]->checkers.n != 0;
	}
	if (bare && n)
		diag_add(l->diags, DIAG_NOTE, "no-check", bare->block.at,
			 "real_server %s has no check, unlike others of its service: it always "
			 "counts as up",
			 server_text(l, bare));
}

static void lint_alpha(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	unsigned bit = block_bit(&schema_virtual_server, "alpha");

	if (!block_is_set(vs, bit) || !vs->timing.alpha)
		return;
	for (unsigned i = 0; i < vs->rs.n; i++)
		if (vs->rs.v[i]->checkers.n || vs->rs.v[i]->lost_checks)
			return;
	service_say(l, vs, DIAG_WARNING, "alpha-unchecked",
		    "alpha has no effect: no real server has a check it could wait for");
}

static void lint_regex(struct lint_lvs *l, const struct conf_check_http *http)
{
	char why[128];
	size_t at = 0;

	for (unsigned i = 0; i < http->urls.n; i++) {
		const struct conf_url *url = http->urls.v[i];

		if (url->regex && !l->host->regex(url, why, sizeof(why), &at))
			diag_add(l->diags, DIAG_ERROR, "bad-regex", url->block.at,
				 "url %s: the regex does not compile, the check would always fail: "
				 "%s at byte %zu of `%s`",
				 url->path, why, at, url->regex);
	}
}

/* A proxy takes a whole URL. */
static void lint_paths(struct lint_lvs *l, const struct conf_check_http *http)
{
	for (unsigned i = 0; i < http->urls.n; i++) {
		const struct conf_url *url = http->urls.v[i];

		if (url->path && *url->path != '/' && !strstr(url->path, "://"))
			diag_add(l->diags, DIAG_WARNING, "bad-path", url->block.at,
				 "url %s: the path does not begin with /, most servers refuse that",
				 url->path);
	}
}

static void lint_pages(struct lint_lvs *l, const struct conf_real_server *rs)
{
	for (unsigned k = 0; k < rs->checkers.n; k++) {
		const struct conf_checker *c = rs->checkers.v[k];

		if (c->kind == CHECK_HTTP || c->kind == CHECK_SSL) {
			lint_paths(l, (const struct conf_check_http *)c);
			if (l->host && l->host->regex)
				lint_regex(l, (const struct conf_check_http *)c);
		}
	}
}

static void lint_ssl(struct lint_lvs *l)
{
	static const struct conf_ssl none;
	const struct conf_ssl *ssl = l->conf->ssl ? l->conf->ssl : &none;
	const struct {
		const char *word, *path;
	} files[] = {{"ca", ssl->ca}, {"certificate", ssl->certificate}, {"key", ssl->key}};

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i].path && l->host && l->host->readable && !l->host->readable(l->host->ctx, files[i].path))
			diag_add(l->diags, DIAG_WARNING, "missing-file", ssl->block.at,
				 "SSL: %s %s can't be read", files[i].word, files[i].path);
}

/* ---- addresses ---- */

static int address_order(const void *a, const void *b)
{
	return ip_compare(a, b);
}

static void addresses_collect(struct lint_lvs *l)
{
	const struct conf *conf = l->conf;

	for (unsigned i = 0; i < conf->instances.n; i++) {
		const struct conf_address *a;

		for (unsigned k = 0; (a = conf_instance_address(conf->instances.v[i], k)); k++)
			vec_push(l->a, &l->addresses, a->addr);
	}
	for (unsigned i = 0; i < conf->static_addresses.n; i++)
		vec_push(l->a, &l->addresses, conf->static_addresses.v[i]->addr);
	if (l->addresses.n)
		qsort(l->addresses.v, l->addresses.n, sizeof(*l->addresses.v), address_order);
}

/* Without an instance somebody else brings the addresses; with one, likely an oversight. */
static void lint_address(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	char buf[IP_TEXT_MAX];

	if (vs->kind != SERVICE_ADDRESS || !l->conf->instances.n ||
	    (l->addresses.n && bsearch(&vs->addr, l->addresses.v, l->addresses.n,
				       sizeof(*l->addresses.v), address_order)))
		return;
	service_say(l, vs, DIAG_NOTE, "no-vip",
		    TEXT("no instance and no static_ipaddress has %s", ip_format(&vs->addr, buf)));
}

/* With either engine the kernel drops what comes from elsewhere and was translated to a loopback address.
 * A try on the director itself gets an answer, so that nobody notices before the day. */
static struct diag *loopback_say(struct lint_lvs *l, const struct conf_virtual_server *vs,
				 struct conf_span at, const char *what, const struct ip_addr *a)
{
	char buf[IP_TEXT_MAX];
	struct diag *d = diag_add(l->diags, DIAG_WARNING, "loopback", at,
				  "%s %s: NAT to a loopback address serves nobody but clients on this "
				  "machine",
				  what, ip_format(a, buf));

	d->hint = vs->kind != SERVICE_ADDRESS ? "write another address of this machine"
		  : TEXT("write the virtual address itself: %s", ip_format(&vs->addr, buf));
	return d;
}

static void lint_loopback(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; i < vs->rs.n; i++)
		if (vs->rs.v[i]->method->method == LVS_NAT && ip_is_loopback(&vs->rs.v[i]->addr))
			loopback_say(l, vs, vs->rs.v[i]->block.at, "real_server",
				     &vs->rs.v[i]->addr);
	if (vs->sorry && vs->sorry_method->method == LVS_NAT && ip_is_loopback(&vs->sorry->addr)) {
		struct diag *d = loopback_say(l, vs, vs->sorry->block.at, "sorry_server",
					      &vs->sorry->addr);

		d->hint = TEXT("%s; or sorry_server_lvs_method DR, if its port is that of the service",
			       d->hint);
	}
}

/* ---- mail ---- */

static void lint_mail(struct lint_lvs *l)
{
	const struct conf_global *g = &l->conf->global;

	if (g->emails.n && !g->smtp_server)
		diag_add(l->diags, DIAG_WARNING, "no-mail", g->block.at,
			 "notification_email has no effect without smtp_server");
	if (g->smtp_server && !g->emails.n)
		diag_add(l->diags, DIAG_WARNING, "no-mail", g->block.at,
			 "smtp_server has no effect without notification_email");
}

static void lint_recipients(struct lint_lvs *l)
{
	const struct conf_global *g = &l->conf->global;

	for (unsigned i = 0; i < g->emails.n; i++)
		if (strpbrk(g->emails.v[i], ",;"))
			diag_add(l->diags, DIAG_WARNING, "bad-recipient", g->block.at,
				 "notification_email: `%s` is no mail address", g->emails.v[i])
				->hint = "addresses stand on lines of their own, or have blanks between";
}

static void lint_itself(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; vs->kind == SERVICE_ADDRESS && i < vs->rs.n; i++)
		if (ip_equal(&vs->rs.v[i]->addr, &vs->addr) && vs->rs.v[i]->port == vs->port)
			diag_add(l->diags, DIAG_WARNING, "server-is-service", vs->rs.v[i]->block.at,
				 "real_server %s is the virtual server itself: its checks and its "
				 "connections come back to it",
				 server_text(l, vs->rs.v[i]))
				->hint = "write the address that the server has of its own";
}

static void (*const service_lints[])(struct lint_lvs *, const struct conf_virtual_server *) = {
	lint_weights, lint_ignored_weights, lint_unchecked, lint_alpha, lint_address,
	lint_loopback, lint_itself,
};

static void (*const server_lints[])(struct lint_lvs *, const struct conf_real_server *) = {
	lint_lost_checks,
	lint_pages,
};

static void lint_service(struct lint_lvs *l, const struct conf_virtual_server *vs)
{
	for (unsigned k = 0; k < ARRAY_SIZE(service_lints); k++)
		service_lints[k](l, vs);
	for (unsigned i = 0; i < vs->rs.n; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(server_lints); k++)
			server_lints[k](l, vs->rs.v[i]);
}

void conf_lint_lvs(const struct conf *conf, const struct conf_host *host, struct diags *diags)
{
	struct lint_lvs l = {.conf = conf, .host = host, .diags = diags, .a = conf->arena};

	if (conf->virtual_servers.n)
		addresses_collect(&l);
	for (unsigned i = 0; i < conf->virtual_servers.n; i++)
		lint_service(&l, conf->virtual_servers.v[i]);
	lint_ssl(&l);
	lint_mail(&l);
	lint_recipients(&l);
}
