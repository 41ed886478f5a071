/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: final values of checkers: what they inherit from their real server, what depends on their
 * kind, names of files and sessions, and the one list of all checkers of a server.
 */
#include "conf/complete_lvs.h"

#include <limits.h>

static const char *const timing_names[TIMING_COUNT] = {
	"delay_loop", "delay_before_retry", "retry", "warmup", "connect_timeout", "alpha",
};

static struct timing_rows rows_find(const struct block *blk)
{
	struct timing_rows r;

	for (unsigned i = 0; i < TIMING_COUNT; i++)
		r.bit[i] = block_bit(blk, timing_names[i]);
	return r;
}

void lvs_bits_find(struct lvs *l)
{
	l->bits_vs = rows_find(&schema_virtual_server);
	l->bits_rs = rows_find(&schema_real_server);
	l->bits_checker = rows_find(&schema_check_socket);
	l->bits_misc = rows_find(&schema_misc_check);
	l->bits_bfd = rows_find(&schema_bfd_check);
	l->bit_weight = block_bit(&schema_real_server, "weight");
	l->bit_inhibit = block_bit(&schema_real_server, "inhibit_on_failure");
	l->bit_drain = block_bit(&schema_real_server, "drain_timeout");
	l->bit_slow = block_bit(&schema_real_server, "slow_start");
	l->bit_file_weight = block_bit(&schema_file_check, "weight");
}

/* ---- inheritance ---- */

unsigned timing_set(const struct timing_rows *rows, const void *obj)
{
	unsigned set = 0;

	for (unsigned i = 0; i < TIMING_COUNT; i++)
		if (rows->bit[i] != UINT_MAX && block_is_set(obj, rows->bit[i]))
			set |= 1u << i;
	return set;
}

void timing_defaults(struct conf_timing *t, unsigned set)
{
	if (!(set & TIMING_DELAY_LOOP))
		t->delay_loop = 60 * USEC_PER_SEC;
	if (!(set & TIMING_CONNECT_TIMEOUT))
		t->connect_timeout = 5 * USEC_PER_SEC;
	if (!(set & TIMING_ALPHA))
		t->alpha = false;
}

unsigned timing_inherit(struct conf_timing *t, unsigned own, const struct conf_timing *above,
			unsigned above_set)
{
	unsigned take = above_set & ~own;

	if (take & TIMING_DELAY_LOOP)
		t->delay_loop = above->delay_loop;
	if (take & TIMING_DELAY_BEFORE_RETRY)
		t->delay_before_retry = above->delay_before_retry;
	if (take & TIMING_RETRY)
		t->retry = above->retry;
	if (take & TIMING_WARMUP)
		t->warmup = above->warmup;
	if (take & TIMING_CONNECT_TIMEOUT)
		t->connect_timeout = above->connect_timeout;
	if (take & TIMING_ALPHA)
		t->alpha = above->alpha;
	return own | above_set;
}

static uint32_t retry_default(enum conf_check_kind kind)
{
	return kind == CHECK_DNS ? 3 : kind == CHECK_MISC ? 0 : 1;
}

static usec_t retry_delay_default(enum conf_check_kind kind, usec_t delay_loop)
{
	if (kind == CHECK_HTTP || kind == CHECK_SSL)
		return 3 * USEC_PER_SEC;
	return kind == CHECK_DNS ? delay_loop : USEC_PER_SEC;
}

static void timing_finish(struct conf_timing *t, unsigned set, enum conf_check_kind kind)
{
	if (!(set & TIMING_RETRY))
		t->retry = retry_default(kind);
	if (!(set & TIMING_DELAY_BEFORE_RETRY))
		t->delay_before_retry = retry_delay_default(kind, t->delay_loop);
	if (!(set & TIMING_WARMUP))
		t->warmup = t->delay_loop;
}

/* `own`: what the checker's block says. */
static void checker_add(struct lvs *l, struct conf_real_server *rs, struct conf_checker *check,
			enum conf_check_kind kind, unsigned own)
{
	struct conf *conf = l->c->conf;

	check->kind = (uint8_t)kind;
	check->rs = rs->id;
	check->id = conf->checkers.n;
	check->log_all_failures |= conf->global.checker_log_all_failures;
	timing_finish(&check->timing,
		      timing_inherit(&check->timing, own, &rs->timing, rs->timing_set), kind);
	vec_push(l->c->a, &conf->checkers, check);
	rs->checkers.n++; /* a piece of that list, which does not move: complete_checks_reserve() */
}

/* ---- checkers with a socket ---- */

static void check_say(struct lvs *l, const struct conf_checker *check, enum diag_severity severity,
		      const char *code, const char *what)
{
	diag_add(l->c->diags, severity, code, check->block.at, "%s", what);
}

static void socket_add(struct lvs *l, struct conf_real_server *rs, struct conf_check_socket *s,
		       enum conf_check_kind kind, unsigned own)
{
	if (!ip_is_set(&s->connect_ip))
		s->connect_ip = rs->addr;
	if (!s->connect_port)
		s->connect_port = rs->port;
	if (ip_is_set(&s->bindto) && s->bindto.family != s->connect_ip.family) {
		check_say(l, &s->check, DIAG_ERROR, "family",
			  "bindto is of another family than the address to probe, it is ignored");
		block_drop(&schema_check_socket, s, block_bit(&schema_check_socket, "bindto"));
	}
	if (s->connect_ip.family == IP_V6 && ip_is_link_local(&s->connect_ip) && !s->bind_if)
		check_say(l, &s->check, DIAG_WARNING, "no-interface",
			  "a link-local address can't be reached without bind_if");
	if (!s->connect_port && kind != CHECK_PING)
		check_say(l, &s->check, DIAG_WARNING, "no-port",
			  "there is no port to probe: neither connect_port nor the real server "
			  "says one");
	checker_add(l, rs, &s->check, kind, own);
}

static const char *first_set(const char *a, const char *b, const char *c, const char *d)
{
	return a ? a : b ? b : c ? c : d;
}

static void http_add(struct lvs *l, const struct conf_virtual_server *vs,
		     struct conf_real_server *rs, struct conf_check_http *http,
		     enum conf_check_kind kind)
{
	const char *sni = http->sni_name && *http->sni_name ? http->sni_name : NULL;

	for (unsigned i = 0; i < http->urls.n; i++) {
		struct conf_url *url = http->urls.v[i];

		url->host = first_set(url->virtualhost, http->virtualhost, rs->virtualhost,
				      vs->virtualhost);
		if (kind == CHECK_SSL && (http->enable_sni || http->sni_name))
			url->server_name = sni ? sni : url->host;
		url->tls_compliant |= http->tls_compliant;
	}
	socket_add(l, rs, &http->sock, kind, timing_set(&l->bits_checker, http));
}

/* A checker for one host: its own words, then those of the block around it. */
static void smtp_host_add(struct lvs *l, struct conf_real_server *rs,
			  const struct conf_check_smtp *smtp, const struct conf_check_socket *host)
{
	struct conf_check_smtp *one = arena_new_of(l->c->a, struct conf_check_smtp);
	const struct conf_check_socket *outer = &smtp->sock;
	unsigned own = timing_set(&l->bits_checker, host);
	struct conf_check_socket *s = &one->sock;

	*one = (struct conf_check_smtp){.sock = *host, .helo_name = smtp->helo_name};
	own = timing_inherit(&s->check.timing, own, &outer->check.timing,
			     timing_set(&l->bits_checker, outer));
	s->check.log_all_failures |= outer->check.log_all_failures;
	if (!ip_is_set(&s->connect_ip))
		s->connect_ip = outer->connect_ip;
	if (!s->connect_port)
		s->connect_port = outer->connect_port;
	if (!ip_is_set(&s->bindto))
		s->bindto = outer->bindto;
	if (!s->bind_port)
		s->bind_port = outer->bind_port;
	if (!s->bind_if)
		s->bind_if = outer->bind_if;
	if (!s->fwmark)
		s->fwmark = outer->fwmark;
	socket_add(l, rs, s, CHECK_SMTP, own);
}

static void smtp_add(struct lvs *l, struct conf_real_server *rs, struct conf_check_smtp *smtp)
{
	for (unsigned i = 0; i < smtp->hosts.n; i++)
		smtp_host_add(l, rs, smtp, smtp->hosts.v[i]);
	if (!smtp->hosts.n)
		socket_add(l, rs, &smtp->sock, CHECK_SMTP, timing_set(&l->bits_checker, smtp));
}

/* ---- checkers without a socket ---- */

static void misc_add(struct lvs *l, const struct conf_virtual_server *vs,
		     struct conf_real_server *rs, struct conf_check_misc *misc)
{
	if (!misc->timeout)
		misc->timeout = vs->timing.delay_loop;
	checker_add(l, rs, &misc->check, CHECK_MISC, timing_set(&l->bits_misc, misc));
}

static bool bfd_is_followed(const struct conf_real_server *rs, uint32_t bfd)
{
	for (unsigned i = 0; i < rs->checkers.n; i++)
		if (rs->checkers.v[i]->kind == CHECK_BFD &&
		    ((const struct conf_check_bfd *)rs->checkers.v[i])->bfd == bfd)
			return true;
	return false;
}

static bool bfd_add(struct lvs *l, struct conf_real_server *rs, struct conf_check_bfd *check)
{
	const struct conf_bfd *bfd;

	check->bfd = name_index_find(&l->c->tracked[TRACK_BFD], check->name);
	if (check->bfd == CONF_NONE || bfd_is_followed(rs, check->bfd)) {
		diag_add(l->c->diags, DIAG_ERROR, "unknown-name", check->check.block.at,
			 check->bfd == CONF_NONE
				 ? "there is no bfd_instance %s; the BFD_CHECK is ignored"
				 : "bfd_instance %s is followed twice; this BFD_CHECK is ignored",
			 check->name);
		return false;
	}
	bfd = l->c->conf->bfds.v[check->bfd];
	if (bfd->vrrp && !bfd->checker)
		check_say(l, &check->check, DIAG_WARNING, "bfd",
			  "its bfd_instance tells instances only; add `checker` to it");
	checker_add(l, rs, &check->check, CHECK_BFD, timing_set(&l->bits_bfd, check));
	return true;
}

static bool file_add(struct lvs *l, struct conf_real_server *rs, struct conf_check_file *check)
{
	const struct conf_track_file *file;

	check->file = name_index_find(&l->c->tracked[TRACK_FILE], check->name);
	if (check->file == CONF_NONE) {
		diag_add(l->c->diags, DIAG_ERROR, "unknown-name", check->check.block.at,
			 "there is no track_file %s; the FILE_CHECK is ignored", check->name);
		return false;
	}
	file = l->c->conf->files.v[check->file];
	if (!block_is_set(check, l->bit_file_weight))
		check->weight = file->weight;
	check->reverse = check->direction == DIRECTION_UNSET
				 ? file->reverse
				 : check->direction == DIRECTION_REVERSE;
	checker_add(l, rs, &check->check, CHECK_FILE, 0);
	check->check.timing.alpha = false; /* its state is known at once */
	return true;
}

/* Their order in a server, and so that of their ids: the same in every process, whatever order a
 * file has them in. */
static const uint8_t kind_order[CHECK_KINDS] = {
	CHECK_HTTP, CHECK_SSL,	 CHECK_TCP,   CHECK_SMTP,  CHECK_DNS,	CHECK_MISC, CHECK_PING, CHECK_UDP,
	CHECK_GRPC, CHECK_PGSQL, CHECK_MYSQL, CHECK_REDIS, CHECK_AGENT, CHECK_BFD,  CHECK_FILE,
};

static unsigned kind_rank(uint8_t kind)
{
	unsigned i = 0;

	while (i < CHECK_KINDS - 1 && kind_order[i] != kind)
		i++;
	return i;
}

static void sort_by_kind(struct conf_real_server *rs)
{
	for (unsigned i = 1; i < rs->written.n; i++) {
		struct conf_checker *c = rs->written.v[i];
		unsigned k = i, rank = kind_rank(c->kind);

		for (; k && kind_rank(rs->written.v[k - 1]->kind) > rank; k--)
			rs->written.v[k] = rs->written.v[k - 1];
		rs->written.v[k] = c;
	}
}

/* false: it can't be used. */
static bool check_add(struct lvs *l, const struct conf_virtual_server *vs,
		      struct conf_real_server *rs, struct conf_checker *c)
{
	enum conf_check_kind kind = (enum conf_check_kind)c->kind;

	switch (kind) {
	case CHECK_HTTP:
	case CHECK_SSL:
		http_add(l, vs, rs, (struct conf_check_http *)c, kind);
		return true;
	case CHECK_SMTP:
		smtp_add(l, rs, (struct conf_check_smtp *)c);
		return true;
	case CHECK_MISC:
		misc_add(l, vs, rs, (struct conf_check_misc *)c);
		return true;
	case CHECK_BFD:
		return bfd_add(l, rs, (struct conf_check_bfd *)c);
	case CHECK_FILE:
		return file_add(l, rs, (struct conf_check_file *)c);
	case CHECK_TCP:
	case CHECK_DNS:
	case CHECK_PING:
	case CHECK_UDP:
	case CHECK_GRPC:
	case CHECK_PGSQL:
	case CHECK_MYSQL:
	case CHECK_REDIS:
	case CHECK_AGENT:
	case CHECK_KINDS:
		break;
	}
	socket_add(l, rs, (struct conf_check_socket *)c, kind, timing_set(&l->bits_checker, c));
	return true;
}

static unsigned count_of(const struct conf_real_server *rs)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rs->written.n; i++) {
		const struct conf_check_smtp *smtp = (const void *)rs->written.v[i];

		n += smtp->sock.check.kind == CHECK_SMTP && smtp->hosts.n ? smtp->hosts.n : 1;
	}
	return n;
}

void complete_checks_reserve(struct lvs *l)
{
	struct conf *conf = l->c->conf;
	unsigned servers = 0, checkers = 0;

	for (unsigned i = 0; i < conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = conf->virtual_servers.v[i];

		servers += vs->rs.n;
		for (unsigned k = 0; k < vs->rs.n; k++)
			checkers += count_of(vs->rs.v[k]);
	}
	conf->real_servers.v = arena_alloc(l->c->a, (servers + 1) * sizeof(*conf->real_servers.v));
	conf->real_servers.cap = servers + 1;
	conf->checkers.v = arena_alloc(l->c->a, (checkers + 1) * sizeof(*conf->checkers.v));
	conf->checkers.cap = checkers + 1;
}

void complete_checks(struct lvs *l, const struct conf_virtual_server *vs,
		     struct conf_real_server *rs)
{
	unsigned n = 0;

	sort_by_kind(rs);
	rs->checkers.v = l->c->conf->checkers.v + l->c->conf->checkers.n;
	for (unsigned i = 0; i < rs->written.n; i++)
		if (check_add(l, vs, rs, rs->written.v[i]))
			rs->written.v[n++] = rs->written.v[i];
	rs->lost_checks |= n != rs->written.n;
	rs->written.n = n;
}
