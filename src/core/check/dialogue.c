/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the table of judges, and the small things they share: reasons, lines, names of the target.
 * Must not know: any protocol, any transport.
 */
#include "core/check/dialogue.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "core/check/judge.h"

static const struct dialogue_ops *const judges[CHECK_KINDS] = {
	[CHECK_TCP] = &dialogue_tcp,	 [CHECK_HTTP] = &dialogue_http,
	[CHECK_SSL] = &dialogue_ssl,	 [CHECK_SMTP] = &dialogue_smtp,
	[CHECK_DNS] = &dialogue_dns,	 [CHECK_PING] = &dialogue_ping,
	[CHECK_UDP] = &dialogue_udp,	 [CHECK_GRPC] = &dialogue_grpc,
	[CHECK_PGSQL] = &dialogue_pgsql, [CHECK_MYSQL] = &dialogue_mysql,
	[CHECK_REDIS] = &dialogue_redis, [CHECK_AGENT] = &dialogue_agent,
};

const struct dialogue_ops *dialogue_ops_of(const struct conf_checker *c)
{
	if (c->kind == CHECK_GRPC && ((const struct conf_check_grpc *)c)->tls)
		return &dialogue_grpc_tls;
	return c->kind < CHECK_KINDS ? judges[c->kind] : NULL;
}

enum probe_step dialogue_fail(struct dialogue *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->reason, sizeof(d->reason), fmt, ap);
	va_end(ap);
	for (char *p = d->reason; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	return PROBE_BAD;
}

size_t judge_line_take(struct judge_line *l, const void *data, size_t len)
{
	const char *end = memchr(data, '\n', len);
	size_t n = end ? (size_t)(end - (const char *)data) : len;

	if (n >= sizeof(l->text) - l->n) {
		l->too_long = true;
		return len;
	}
	memcpy(l->text + l->n, data, n);
	l->n += (uint16_t)n;
	if (!end)
		return len;
	if (l->n && l->text[l->n - 1] == '\r')
		l->n--;
	l->text[l->n] = '\0';
	l->complete = true;
	return n + 1;
}

static void line_next(struct judge_line *l)
{
	l->n = 0;
	l->complete = false;
}

static void frame_add(struct judge_frame *f, const uint8_t *p, size_t n)
{
	size_t kept = judge_frame_kept(f), room = sizeof(f->bytes) - kept;

	memcpy(f->bytes + kept, p, n < room ? n : room);
	f->n += n;
}

/* Takes bytes up to the end of the frame; returns how many. */
static size_t frame_take(struct judge_frame *f, const void *data, size_t len,
			 const struct judge_frame_kind *kind)
{
	const uint8_t *p = data;
	size_t used = 0, n;

	if (!f->len) {
		used = kind->n_head - f->n < len ? kind->n_head - f->n : len;
		frame_add(f, p, used);
		if (f->n < kind->n_head)
			return used;
		f->len = kind->length(f->bytes);
		f->broken = f->len < kind->n_head || f->len > JUDGE_FRAME_LEN_MAX;
		if (f->broken)
			return len;
	}
	n = f->len - f->n < len - used ? f->len - f->n : len - used;
	frame_add(f, p + used, n);
	f->complete = f->n == f->len;
	return used + n;
}

static void frame_next(struct judge_frame *f)
{
	f->n = f->len = 0;
	f->complete = false;
}

enum probe_step judge_lines(struct dialogue *d, struct judge_line *l, const void *data, size_t len,
			    const char *what,
			    enum probe_step (*line)(struct dialogue *d, const char *text))
{
	const char *p = data;

	while (len) {
		size_t n = judge_line_take(l, p, len);
		enum probe_step step;

		p += n;
		len -= n;
		if (l->too_long)
			return dialogue_fail(d, "%s of more than %d bytes", what, JUDGE_LINE_MAX);
		if (!l->complete)
			break;
		step = line(d, l->text);
		line_next(l);
		if (step != PROBE_MORE || d->out.n)
			return step;
	}
	return dialogue_more(d);
}

enum probe_step judge_frames(struct dialogue *d, struct judge_frame *f, const void *data,
			     size_t len, const struct judge_frame_kind *kind)
{
	const char *p = data;

	while (len) {
		size_t n = frame_take(f, p, len, kind);
		enum probe_step step;

		p += n;
		len -= n;
		if (f->broken)
			return dialogue_fail(d, "%s", kind->broken);
		if (!f->complete)
			break;
		step = kind->frame(d);
		frame_next(f);
		if (step != PROBE_MORE || d->out.n)
			return step;
	}
	return dialogue_more(d);
}

enum probe_step judge_closed_early(struct dialogue *d)
{
	return dialogue_fail(d, "the server closed the connection before its answer was complete");
}

const char *judge_authority(const struct conf_check_socket *s, struct arena *a)
{
	char ip[IP_TEXT_MAX];

	ip_format(&s->connect_ip, ip);
	return arena_printf(a, s->connect_ip.family == IP_V6 ? "[%s]:%u" : "%s:%u", ip,
			    (unsigned)s->connect_port);
}
