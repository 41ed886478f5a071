/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: which fields of a checker make it what it is. Every field is absorbed with its length, so
 * that no two checkers read as the same bytes; two 64 bit lanes of multiply-and-shift mixing make
 * an accident among millions of checkers unthinkable (nobody attacks these keys: whoever writes the
 * configuration owns the daemon).
 * Must not know: ids, generations, addresses in memory, which server a checker belongs to.
 */
#include "core/check/key.h"

#include <string.h>

#include "base/str.h"

struct lanes {
	uint64_t a, b;
};

static uint64_t mix(uint64_t x, uint64_t odd)
{
	x = (x ^ (x >> 32)) * odd;
	x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
	return x ^ (x >> 32);
}

static void absorb(struct lanes *l, uint64_t word)
{
	l->a = mix(l->a ^ word, 0x9e3779b97f4a7c15u);
	l->b = mix(l->b + word, 0xd6e8feb86659fd93u) + l->a;
}

static void absorb_bytes(struct lanes *l, const void *data, size_t n)
{
	const uint8_t *p = data;

	absorb(l, n);
	while (n) {
		uint64_t word = 0;
		size_t part = n < sizeof(word) ? n : sizeof(word);

		for (size_t i = 0; i < part; i++)
			word |= (uint64_t)p[i] << (8 * i);
		absorb(l, word);
		p += part;
		n -= part;
	}
}

/* NULL is not the empty string. */
static void absorb_text(struct lanes *l, const char *s)
{
	absorb(l, s != NULL);
	if (s)
		absorb_bytes(l, s, strlen(s));
}

static void absorb_addr(struct lanes *l, const struct ip_addr *a)
{
	absorb(l, a->family);
	absorb_bytes(l, a->b, ip_len(a));
}

static void absorb_tls(struct lanes *l, const struct conf_ssl *ssl)
{
	absorb(l, ssl != NULL);
	if (!ssl)
		return;
	absorb_text(l, ssl->password);
	absorb_text(l, ssl->ca);
	absorb_text(l, ssl->certificate);
	absorb_text(l, ssl->key);
}

static void absorb_url(struct lanes *l, const struct conf_url *u)
{
	absorb_text(l, u->path);
	absorb_text(l, u->host);
	absorb_text(l, u->server_name);
	absorb(l, u->has_digest);
	absorb_bytes(l, u->digest, u->has_digest ? sizeof(u->digest) : 0);
	absorb(l, u->tls_compliant);
	absorb(l, u->status.n);
	for (unsigned i = 0; i < u->status.n; i++)
		absorb(l, (uint64_t)u->status.v[i].min << 16 | u->status.v[i].max);
	absorb_text(l, u->regex);
	absorb(l, u->regex_no_match);
	absorb(l, u->regex_options);
	absorb(l, (uint64_t)u->regex_min_offset << 32 | u->regex_max_offset);
	absorb(l, (uint64_t)u->regex_stack_start << 32 | u->regex_stack_max);
}

static void absorb_http(struct lanes *l, const struct conf *conf, const struct conf_check_http *h)
{
	absorb(l, h->protocol);
	absorb(l, h->tls_compliant);
	absorb(l, h->tls_verify);
	if (h->sock.check.kind == CHECK_SSL)
		absorb_tls(l, conf->ssl);
	absorb(l, h->urls.n);
	for (unsigned i = 0; i < h->urls.n; i++)
		absorb_url(l, h->urls.v[i]);
}

static void absorb_misc(struct lanes *l, const struct conf_check_misc *m)
{
	absorb(l, m->dynamic);
	absorb(l, m->script != NULL);
	if (!m->script)
		return;
	absorb(l, m->script->shell);
	absorb(l, (uint64_t)m->script->uid << 32 | m->script->gid);
	for (char **word = m->script->argv; word && *word; word++)
		absorb_text(l, *word);
}

static void absorb_udp(struct lanes *l, const struct conf_check_udp *u)
{
	absorb_bytes(l, u->payload.v, u->payload.n);
	absorb(l, u->require_reply);
	absorb_bytes(l, u->reply.v, u->reply.n);
	absorb_bytes(l, u->reply_mask.v, u->reply_mask.n);
	absorb(l, (uint64_t)u->min_reply_length << 16 | u->max_reply_length);
}

static void absorb_file(struct lanes *l, const struct conf_check_file *f)
{
	absorb_text(l, f->name);
	absorb(l, (uint32_t)f->weight);
	absorb(l, f->reverse);
}

static void absorb_grpc(struct lanes *l, const struct conf *conf, const struct conf_check_grpc *g)
{
	absorb_text(l, g->service);
	absorb_text(l, g->authority);
	absorb(l, g->tls);
	absorb(l, g->tls_verify);
	if (g->tls)
		absorb_tls(l, conf->ssl);
}

static void absorb_content(struct lanes *l, const struct conf *conf, const struct conf_checker *c)
{
	switch ((enum conf_check_kind)c->kind) {
	case CHECK_TCP:
	case CHECK_PING:
	case CHECK_KINDS:
		break;
	case CHECK_HTTP:
	case CHECK_SSL:
		absorb_http(l, conf, (const void *)c);
		break;
	case CHECK_SMTP:
		absorb_text(l, ((const struct conf_check_smtp *)c)->helo_name);
		break;
	case CHECK_DNS:
		absorb(l, ((const struct conf_check_dns *)c)->type);
		absorb_text(l, ((const struct conf_check_dns *)c)->name);
		break;
	case CHECK_MISC:
		absorb_misc(l, (const void *)c);
		break;
	case CHECK_BFD:
		absorb_text(l, ((const struct conf_check_bfd *)c)->name);
		break;
	case CHECK_UDP:
		absorb_udp(l, (const void *)c);
		break;
	case CHECK_FILE:
		absorb_file(l, (const void *)c);
		break;
	case CHECK_GRPC:
		absorb_grpc(l, conf, (const void *)c);
		break;
	case CHECK_PGSQL:
		absorb_text(l, ((const struct conf_check_pgsql *)c)->user);
		absorb_text(l, ((const struct conf_check_pgsql *)c)->database);
		break;
	case CHECK_MYSQL:
		absorb_text(l, ((const struct conf_check_mysql *)c)->user);
		break;
	case CHECK_REDIS:
		absorb_text(l, ((const struct conf_check_redis *)c)->user);
		absorb_text(l, ((const struct conf_check_redis *)c)->password);
		absorb(l, ((const struct conf_check_redis *)c)->role_master);
		break;
	case CHECK_AGENT:
		absorb_text(l, ((const struct conf_check_agent *)c)->send);
		break;
	}
}

static bool has_socket(const struct conf_checker *c)
{
	return c->kind != CHECK_MISC && c->kind != CHECK_BFD && c->kind != CHECK_FILE;
}

static void absorb_socket(struct lanes *l, const struct conf_check_socket *s)
{
	absorb_addr(l, &s->connect_ip);
	absorb_addr(l, &s->bindto);
	absorb(l, (uint64_t)s->connect_port << 16 | s->bind_port);
	absorb(l, s->fwmark);
	absorb_text(l, s->bind_if);
}

/* How often and how patiently: what changes when a verdict comes, not what it says. */
static void absorb_timing(struct lanes *l, const struct conf_checker *c)
{
	absorb(l, (uint64_t)c->timing.delay_loop);
	absorb(l, (uint64_t)c->timing.delay_before_retry);
	absorb(l, (uint64_t)c->timing.warmup);
	absorb(l, (uint64_t)c->timing.connect_timeout);
	absorb(l, c->timing.retry);
	absorb(l, c->timing.alpha);
	absorb(l, c->log_all_failures);
	if (c->kind == CHECK_HTTP || c->kind == CHECK_SSL) {
		absorb(l, ((const struct conf_check_http *)c)->fast_recovery);
		absorb(l, ((const struct conf_check_http *)c)->tls_expiry_days);
	}
	if (c->kind == CHECK_MISC)
		absorb(l, (uint64_t)((const struct conf_check_misc *)c)->timeout);
}

struct check_key check_key_of(const struct conf *conf, const struct conf_checker *c)
{
	struct lanes l = {1, 2}, target = {3, 4};
	struct check_key key;

	absorb(&l, c->kind);
	if (has_socket(c)) {
		const struct conf_check_socket *s = (const void *)c;

		absorb_socket(&l, s);
		absorb_addr(&target, &s->connect_ip);
		absorb(&target, s->connect_port);
	}
	absorb_content(&l, conf, c);
	key.identity[0] = l.a;
	key.identity[1] = l.b;
	absorb_timing(&l, c);
	key.share[0] = l.a;
	key.share[1] = l.b;
	key.target = target.b;
	return key;
}

unsigned check_key_process(const struct check_key *k, unsigned n)
{
	return n > 1 ? (unsigned)(k->target % n) : 0;
}
