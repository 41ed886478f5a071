/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: GRPC_CHECK: one call of grpc.health.v1.Health/Check over HTTP/2 (RFC 9113, framing by
 * nghttp2; "gRPC over HTTP2", "GRPC Health Checking Protocol"). The request and the answer are one
 * protobuf field each, done by hand. SERVING with grpc-status 0 is up. A session of the library
 * lives for one run. What the peer may say is limited as a whole, and so is what we answer to its
 * pings and settings.
 * Must not know: sockets, TLS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/check/judge.h"

#define GRPC_PATH "/grpc.health.v1.Health/Check"
#define GRPC_PREFIX 5 /* compressed flag and length before each message */
#define GRPC_SERVICE_MAX 255
#define GRPC_REPLY_MAX 64
#define GRPC_IN_MAX ((size_t)64 * 1024)
#define GRPC_OUT_MAX 4096
#define GRPC_TEXT_MAX 80

enum grpc_serving { GRPC_UNKNOWN, GRPC_SERVING, GRPC_NOT_SERVING, GRPC_SERVICE_UNKNOWN };

struct grpc_plan {
	const char *authority, *scheme;
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	size_t n;
	char message[GRPC_PREFIX + 3 + GRPC_SERVICE_MAX];
};

struct grpc_state {
	nghttp2_session *session;
	int32_t stream;
	size_t n_in;
	size_t n_asked; /* of plan.message, handed to the library */
	bool closed;	/* the stream */
	uint32_t http_status, reset;
	int grpc_status;	  /* -1: not said */
	char text[GRPC_TEXT_MAX]; /* grpc-message */
	size_t n_reply;
	uint8_t reply[GRPC_REPLY_MAX];
	uint8_t out[GRPC_OUT_MAX];
};

/* ---- the library's callbacks ---- */

static struct grpc_state *state_of(void *user)
{
	return ((struct dialogue *)user)->state;
}

static bool is_name(const char *name, const uint8_t *p, size_t n)
{
	return strlen(name) == n && memcmp(name, p, n) == 0;
}

static int number_of(const uint8_t *p, size_t n)
{
	int v = 0;

	if (!n || n > 4)
		return -1;
	for (; n; n--, p++) {
		if (*p < '0' || *p > '9')
			return -1;
		v = v * 10 + (*p - '0');
	}
	return v;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t n_name, const uint8_t *value, size_t n_value, uint8_t flags, void *user)
{
	struct grpc_state *s = state_of(user);

	(void)session;
	(void)flags;
	if (frame->hd.stream_id != s->stream)
		return 0;
	if (is_name(":status", name, n_name)) {
		int status = number_of(value, n_value);

		s->http_status = status > 0 ? (uint32_t)status : 0;
	} else if (is_name("grpc-status", name, n_name)) {
		s->grpc_status = number_of(value, n_value);
	} else if (is_name("grpc-message", name, n_name)) {
		snprintf(s->text, sizeof(s->text), "%.*s", (int)n_value, (const char *)value);
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		   size_t len, void *user)
{
	struct grpc_state *s = state_of(user);
	size_t room = sizeof(s->reply) - s->n_reply;

	(void)session;
	(void)flags;
	if (stream != s->stream)
		return 0;
	memcpy(s->reply + s->n_reply, data, len < room ? len : room);
	s->n_reply += len < room ? len : room;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user)
{
	struct grpc_state *s = state_of(user);

	(void)session;
	if (stream == s->stream) {
		s->closed = true;
		s->reset = error;
	}
	return 0;
}

static ssize_t on_read(nghttp2_session *session, int32_t stream, uint8_t *to, size_t size,
		       uint32_t *flags, nghttp2_data_source *source, void *user)
{
	const struct grpc_plan *plan = ((struct dialogue *)user)->plan;
	struct grpc_state *s = state_of(user);
	size_t n = plan->n - s->n_asked;

	(void)session;
	(void)stream;
	(void)source;
	if (n > size)
		n = size;
	memcpy(to, plan->message + s->n_asked, n);
	s->n_asked += n;
	if (s->n_asked == plan->n)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

/* ---- the plan ---- */

/* HealthCheckRequest { string service = 1; }; absent when empty. */
static void put_request(struct buf *b, const char *service)
{
	size_t n = service ? strnlen(service, GRPC_SERVICE_MAX) : 0;
	size_t length = n ? n + (n < 0x80 ? 2 : 3) : 0;

	buf_u8(b, 0);
	buf_be32(b, (uint32_t)length);
	if (!n)
		return;
	buf_u8(b, 1 << 3 | 2);
	if (n < 0x80) {
		buf_u8(b, (uint8_t)n);
	} else {
		buf_u8(b, (uint8_t)(n & 0x7f) | 0x80);
		buf_u8(b, (uint8_t)(n >> 7));
	}
	buf_bytes(b, service, n);
}

static const void *grpc_prepare(const struct conf *conf, const struct conf_checker *c,
				struct arena *a)
{
	const struct conf_check_grpc *grpc = (const void *)c;
	struct grpc_plan *plan = arena_new_of(a, struct grpc_plan);
	struct buf b = BUF_ON(plan->message);

	(void)conf;
	plan->authority = grpc->authority ? grpc->authority : judge_authority(&grpc->sock, a);
	plan->scheme = grpc->tls ? "https" : "http";
	put_request(&b, grpc->service);
	plan->n = b.n;
	if (nghttp2_session_callbacks_new(&plan->callbacks) || nghttp2_option_new(&plan->option))
		return plan;
	nghttp2_session_callbacks_set_on_header_callback(plan->callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(plan->callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(plan->callbacks, on_close);
	nghttp2_option_set_max_outbound_ack(plan->option, 100);
	nghttp2_option_set_max_settings(plan->option, 32);
	nghttp2_option_set_max_deflate_dynamic_table_size(plan->option, 0);
	return plan;
}

static void grpc_release(const void *p)
{
	const struct grpc_plan *plan = p;

	nghttp2_session_callbacks_del(plan->callbacks);
	nghttp2_option_del(plan->option);
}

/* ---- the call ---- */

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name,
		.namelen = strlen(name),
		.value = (uint8_t *)(uintptr_t)value,
		.valuelen = strlen(value),
	};
}

/* Hands everything that the library wants to say to the transport. */
static enum probe_step grpc_flush(struct dialogue *d)
{
	struct grpc_state *s = d->state;
	const uint8_t *data;
	size_t total = 0;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(s->session, &data)) > 0) {
		if ((size_t)n > sizeof(s->out) - total)
			return dialogue_fail(d, "the server asks for too many HTTP/2 answers");
		memcpy(s->out + total, data, (size_t)n);
		total += (size_t)n;
	}
	if (n < 0)
		return dialogue_fail(d, "HTTP/2: %s", nghttp2_strerror((int)n));
	return dialogue_send(d, s->out, total);
}

static bool grpc_submit(struct dialogue *d)
{
	const struct grpc_plan *plan = d->plan;
	struct grpc_state *s = d->state;
	/* No pushes, a small table, small headers: that is all this needs. */
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16384},
	};
	const nghttp2_nv headers[] = {
		header(":method", "POST"),
		header(":scheme", plan->scheme),
		header(":path", GRPC_PATH),
		header(":authority", plan->authority),
		header("content-type", "application/grpc"),
		header("te", "trailers"),
		header("user-agent", "holdfast"),
	};
	nghttp2_data_provider body = {.read_callback = on_read};

	if (!plan->callbacks || !plan->option ||
	    nghttp2_session_client_new2(&s->session, plan->callbacks, d, plan->option) != 0)
		return false;
	if (nghttp2_submit_settings(s->session, NGHTTP2_FLAG_NONE, settings,
				    ARRAY_SIZE(settings)) != 0)
		return false;
	s->stream =
		nghttp2_submit_request(s->session, NULL, headers, ARRAY_SIZE(headers), &body, NULL);
	return s->stream > 0;
}

static enum probe_step grpc_begin(struct dialogue *d)
{
	struct grpc_state *s = d->state;

	s->grpc_status = -1;
	if (!grpc_submit(d))
		return dialogue_fail(d, "no memory for an HTTP/2 session");
	return grpc_flush(d);
}

/* HealthCheckResponse { ServingStatus status = 1; }; -1: not that. */
static int serving_status(const uint8_t *p, size_t n)
{
	struct reader r = {.p = p, .n = n};
	uint8_t compressed = read_u8(&r);
	uint32_t length = read_be32(&r);

	if (r.bad || compressed || length != r.n)
		return -1;
	if (r.n == 0)
		return GRPC_UNKNOWN;
	if (read_u8(&r) != 1 << 3 || r.n == 0 || r.p[0] >= 0x80)
		return -1;
	return r.p[0];
}

static enum probe_step judge_serving(struct dialogue *d, int status)
{
	static const char *const names[] = {
		[GRPC_UNKNOWN] = "UNKNOWN",
		[GRPC_SERVING] = "SERVING",
		[GRPC_NOT_SERVING] = "NOT_SERVING",
		[GRPC_SERVICE_UNKNOWN] = "SERVICE_UNKNOWN",
	};

	if (status == GRPC_SERVING)
		return PROBE_GOOD;
	if (status < 0)
		return dialogue_fail(d, "not an answer of the gRPC health service");
	return dialogue_fail(d, "the gRPC service is %s",
			     (size_t)status < ARRAY_SIZE(names) ? names[status]
								: "in an unknown state");
}

static const char *grpc_status_name(int status)
{
	static const char *const names[] = {
		"OK",
		"CANCELLED",
		"UNKNOWN",
		"INVALID_ARGUMENT",
		"DEADLINE_EXCEEDED",
		"NOT_FOUND",
		"ALREADY_EXISTS",
		"PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED",
		"FAILED_PRECONDITION",
		"ABORTED",
		"OUT_OF_RANGE",
		"UNIMPLEMENTED",
		"INTERNAL",
		"UNAVAILABLE",
		"DATA_LOSS",
		"UNAUTHENTICATED",
	};

	return (size_t)status < ARRAY_SIZE(names) ? names[status] : "unassigned";
}

/* The stream is over. */
static enum probe_step grpc_judge(struct dialogue *d)
{
	const struct grpc_state *s = d->state;

	if (s->http_status && s->http_status != 200)
		return dialogue_fail(d, "HTTP status %u instead of 200", s->http_status);
	if (s->grpc_status > 0)
		return dialogue_fail(d, "gRPC status %d (%s)%s%s", s->grpc_status,
				     grpc_status_name(s->grpc_status), *s->text ? ": " : "",
				     s->text);
	if (s->grpc_status < 0)
		return dialogue_fail(d, "the call ended without a gRPC status (HTTP/2 error %u)",
				     s->reset);
	return judge_serving(d, serving_status(s->reply, s->n_reply));
}

static enum probe_step grpc_feed(struct dialogue *d, const void *data, size_t len)
{
	struct grpc_state *s = d->state;
	ssize_t n;

	s->n_in += len;
	if (s->n_in > GRPC_IN_MAX)
		return dialogue_fail(d, "an answer of more than %zu bytes", GRPC_IN_MAX);
	n = nghttp2_session_mem_recv(s->session, data, len);
	if (s->closed)
		return grpc_judge(d);
	if (n < 0)
		return dialogue_fail(d, "not a valid HTTP/2 reply: %s", nghttp2_strerror((int)n));
	if (!nghttp2_session_want_read(s->session) && !nghttp2_session_want_write(s->session))
		return dialogue_fail(d, "the server ended the HTTP/2 session");
	return grpc_flush(d);
}

static void grpc_end(struct dialogue *d)
{
	struct grpc_state *s = d->state;

	nghttp2_session_del(s->session);
	s->session = NULL;
}

const struct dialogue_ops dialogue_grpc = {
	.name = "GRPC_CHECK",
	.transport = PROBE_STREAM,
	.state_size = sizeof(struct grpc_state),
	.prepare = grpc_prepare,
	.release = grpc_release,
	.begin = grpc_begin,
	.feed = grpc_feed,
	.closed = judge_closed_early,
	.end = grpc_end,
};

const struct dialogue_ops dialogue_grpc_tls = {
	.name = "GRPC_CHECK",
	.transport = PROBE_TLS,
	.state_size = sizeof(struct grpc_state),
	.prepare = grpc_prepare,
	.release = grpc_release,
	.begin = grpc_begin,
	.feed = grpc_feed,
	.closed = judge_closed_early,
	.end = grpc_end,
	.alpn = "h2",
};
