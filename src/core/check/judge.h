/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the judges of core/check share. Private to this folder. */
#ifndef HF_CORE_CHECK_JUDGE_H
#define HF_CORE_CHECK_JUDGE_H

#include "core/check/dialogue.h"

extern const struct dialogue_ops dialogue_tcp, dialogue_ping;
extern const struct dialogue_ops dialogue_http, dialogue_ssl;
extern const struct dialogue_ops dialogue_smtp;
extern const struct dialogue_ops dialogue_dns;
extern const struct dialogue_ops dialogue_udp;
extern const struct dialogue_ops dialogue_grpc, dialogue_grpc_tls;
extern const struct dialogue_ops dialogue_pgsql;
extern const struct dialogue_ops dialogue_mysql;
extern const struct dialogue_ops dialogue_redis;
extern const struct dialogue_ops dialogue_agent;

/* Progress: the peer gets another full time limit; with something to send, which must stay. */
static inline enum probe_step dialogue_send(struct dialogue *d, const void *out, size_t n)
{
	d->out = (struct probe_bytes){out, n};
	return PROBE_MORE;
}

static inline enum probe_step dialogue_more(struct dialogue *d)
{
	return dialogue_send(d, NULL, 0);
}

/* A line of bounded length out of a stream. */
#define JUDGE_LINE_MAX 512

struct judge_line {
	char text[JUDGE_LINE_MAX]; /* without the end of line; terminated once complete */
	uint16_t n;
	bool complete, too_long;
};

/* Takes bytes up to and with the next LF; returns how many. A CR before it goes. A line that does
 * not fit is marked too_long and never completes. judge_lines() begins the next. */
size_t judge_line_take(struct judge_line *l, const void *data, size_t len);
/* Feeds each whole line of what came to `line`, until one is judged or answered: what comes unasked
 * after that is no answer to what we are about to say. `what`: "a line", for one that is too long. */
enum probe_step judge_lines(struct dialogue *d, struct judge_line *l, const void *data, size_t len,
			    const char *what,
			    enum probe_step (*line)(struct dialogue *d, const char *text));

/* A message with a length in its header, of which the first bytes are kept and the rest is skipped.
 */
#define JUDGE_FRAME_MAX 512
#define JUDGE_FRAME_LEN_MAX ((size_t)256 * 1024) /* a longer one is refused */

struct judge_frame {
	uint8_t bytes[JUDGE_FRAME_MAX]; /* header and all */
	size_t n;			/* of the whole so far */
	size_t len;			/* of the whole; 0: header not complete */
	bool complete, broken;		/* broken: no sane length */
};

/* The same as judge_lines() of frames. */
struct judge_frame_kind {
	size_t n_head;
	size_t (*length)(const uint8_t *head); /* of the whole frame that begins so */
	enum probe_step (*frame)(struct dialogue *d);
	const char *broken; /* the reason when there is no sane length */
};
enum probe_step judge_frames(struct dialogue *d, struct judge_frame *f, const void *data,
			     size_t len, const struct judge_frame_kind *kind);
/* How many of its bytes were kept. */
static inline size_t judge_frame_kept(const struct judge_frame *f)
{
	return f->n < JUDGE_FRAME_MAX ? f->n : JUDGE_FRAME_MAX;
}

/* closed() of a judge whose peer had more to say. */
enum probe_step judge_closed_early(struct dialogue *d);

/* "[2001:db8::1]:80" or "10.0.0.1:80", in `a`: how the probed address is named to the peer. */
const char *judge_authority(const struct conf_check_socket *s, struct arena *a);

#endif
