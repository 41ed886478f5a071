/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the sinks of log lines. The only state of io/ that is not in an object of its user: a line
 * may have to be written from anywhere in a process, so there is one log per process.
 *
 * Nothing here waits: datagram sockets are used with MSG_DONTWAIT; a terminal or pipe given to us
 * as standard error is opened a second time, non-blocking, since its own file flags belong to
 * everybody who has it; if that is refused, poll() says whether PIPE_BUF bytes fit. What a sink does
 * not take is counted for that sink. No allocation: a line is put together on the stack.
 *
 * Must not know: what is logged. RFC 3164 (syslog), RFC 3339 (times), systemd's native journal
 * protocol.
 */
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SYSLOG_SOCKET "/dev/log"
#define MESSAGE_MAX 1536
#define LINE_MAX_BYTES PIPE_BUF

struct sink {
	int fd;		   /* -1: not open */
	bool stream;	   /* lines on a stream, not datagrams */
	bool socket;	   /* send() knows how not to wait */
	bool ask;	   /* poll() before writing */
	bool torn;	   /* the last line is incomplete */
	unsigned long dropped;
};

struct line {
	enum log_level level;
	const struct log_fields *fields;
	const char *message;
	struct timespec at;
};

/* Of a time what changes once a second at most: a thousand instances say something at once. */
struct stamp {
	time_t second;
	size_t n; /* 0: not made yet */
	char text[64], zone[32];
};

static struct log {
	enum log_format format;
	enum log_level level;
	int facility;
	char ident[64];
	char tag[96]; /* "ident[pid]: "; "" not made yet */
	struct stamp stamp;
	bool to_syslog, to_journal, to_stderr;
	bool open;
	bool own_stderr; /* err.fd is ours to close */
	struct sink syslog, journal, err, file;
	/* log_hold(): lines for standard error, written together */
	bool hold;
	size_t held, held_lines;
	char hold_mem[PIPE_BUF - 1]; /* a newline for a torn line may come before it */
} the_log = {
	.level = LVL_INFO,
	.facility = LOG_DAEMON,
	.ident = "holdfast",
	.to_stderr = true,
	.syslog.fd = -1,
	.journal.fd = -1,
	.err = {.fd = STDERR_FILENO, .stream = true, .ask = true},
	.file.fd = -1,
};

static int datagram_connect(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	str_copy(sa.sun_path, sizeof(sa.sun_path), path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The other end may have been restarted: then once more, connected anew. */
static bool datagram_send(struct sink *s, const char *path, const struct buf *b)
{
	for (int tries = 0; tries < 2; tries++) {
		if (s->fd < 0)
			s->fd = datagram_connect(path);
		if (s->fd < 0)
			return false;
		if (send(s->fd, b->p, b->n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EAGAIN || errno == EMSGSIZE || errno == ENOBUFS)
			return false;
		close(s->fd);
		s->fd = -1;
	}
	return false;
}

static bool stream_write(struct sink *s, const char *data, size_t n)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	struct iovec v[2] = {{.iov_base = "\n", .iov_len = s->torn}, {(char *)data, n}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	ssize_t r;

	if (s->ask && (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT)))
		return false;
	r = s->socket ? sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) : writev(s->fd, v, 2);
	if (r <= 0)
		return false;
	s->torn = (size_t)r < n + v[0].iov_len;
	return !s->torn;
}

/* Text on one line: a name from the network or a file must not make lines of its own. */
static void text_clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {"emerg",   "alert",  "crit", "error",
					    "warning", "notice", "info", "debug"};

	return names[(unsigned)level & 7];
}

/* The fields in one order for every format. */
static void fields_each(const struct line *l, void (*fn)(struct buf *b, const char *name,
							 const char *value), struct buf *b, bool upper)
{
	const struct log_fields none = {0}, *f = l->fields ? l->fields : &none;
	const struct {
		const char *upper, *lower, *value;
	} rows[] = {
		{"INSTANCE", "instance", f->instance},	  {"GROUP", "group", f->group},
		{"OLD_STATE", "old_state", f->old_state}, {"NEW_STATE", "new_state", f->new_state},
		{"CAUSE", "cause", f->cause},		  {"PEER", "peer", f->peer},
		{"EVENT_ID", "event_id", f->event},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].value)
			fn(b, upper ? rows[i].upper : rows[i].lower, rows[i].value);
}

static void stamp_make(struct stamp *s, time_t second)
{
	struct tm tm;
	long off;

	localtime_r(&second, &tm);
	off = tm.tm_gmtoff / 60;
	s->second = second;
	s->n = (size_t)snprintf(s->text, sizeof(s->text), "%04d-%02d-%02dT%02d:%02d:%02d.",
				tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
				tm.tm_sec);
	if (off)
		snprintf(s->zone, sizeof(s->zone), "%c%02ld:%02ld", off < 0 ? '-' : '+',
			 labs(off) / 60, labs(off) % 60);
	else
		str_copy(s->zone, sizeof(s->zone), "Z");
}

static void time_text(struct buf *b, const struct line *l)
{
	struct stamp *s = &the_log.stamp;
	long rest = l->at.tv_nsec / 1000;
	char digits[6];

	if (!s->n || s->second != l->at.tv_sec)
		stamp_make(s, l->at.tv_sec);
	for (size_t i = sizeof(digits); i-- > 0; rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	buf_bytes(b, s->text, s->n);
	buf_bytes(b, digits, sizeof(digits));
	buf_bytes(b, s->zone, strlen(s->zone));
}

static void format_text(struct buf *b, const struct line *l)
{
	if (!the_log.tag[0])
		snprintf(the_log.tag, sizeof(the_log.tag), " %s[%d]: ", the_log.ident, getpid());
	time_text(b, l);
	buf_bytes(b, the_log.tag, strlen(the_log.tag));
	buf_bytes(b, l->message, strlen(l->message));
}

/* The next character of s; '?' for a byte that is none in UTF-8 (a name in another character set, a
 * text that was cut): it makes JSON invalid, and journalctl says "blob data". Its length. */
static size_t put_character(struct buf *b, const char *s)
{
	size_t n = utf8_sequence(s);

	buf_bytes(b, n ? s : "?", n ? n : 1);
	return n ? n : 1;
}

static void json_string(struct buf *b, const char *s)
{
	buf_u8(b, '"');
	while (*s) {
		if (*s == '"' || *s == '\\')
			buf_u8(b, '\\');
		if ((unsigned char)*s < ' ')
			buf_printf(b, "\\u%04x", *s++);
		else
			s += put_character(b, s);
	}
	buf_u8(b, '"');
}

static void json_field(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, ",\"%s\":", name);
	json_string(b, value);
}

static void format_json(struct buf *b, const struct line *l)
{
	buf_printf(b, "{\"time\":\"");
	time_text(b, l);
	buf_printf(b, "\",\"level\":\"%s\"", level_name(l->level));
	json_field(b, "ident", the_log.ident);
	buf_printf(b, ",\"pid\":%d", getpid());
	fields_each(l, json_field, b, false);
	if (l->fields && l->fields->priority)
		buf_printf(b, ",\"priority\":%d", l->fields->priority);
	/* Last, and the only long one: if anything is cut it is this. */
	json_field(b, "message", l->message);
	buf_u8(b, '}');
}

static void format_line(struct buf *b, const struct line *l)
{
	if (the_log.format == LOG_JSON)
		format_json(b, l);
	else
		format_text(b, l);
	if (b->full) {
		b->n = b->cap - 3;
		buf_bytes(b, the_log.format == LOG_JSON ? "\"}" : "..", 2);
	}
	buf_u8(b, '\n');
}

static void journal_field(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=", name);
	while (*value) {
		if ((unsigned char)*value < ' ') {
			buf_u8(b, ' ');
			value++;
		} else {
			value += put_character(b, value);
		}
	}
	buf_u8(b, '\n');
}

static bool journal_write(const struct line *l)
{
	char mem[LINE_MAX_BYTES];
	struct buf b = BUF_ON(mem);

	buf_printf(&b, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_PID=%d\n", l->level,
		   the_log.facility >> 3, getpid());
	journal_field(&b, "SYSLOG_IDENTIFIER", the_log.ident);
	fields_each(l, journal_field, &b, true);
	/* PRIORITY is the journal's own word for the level */
	if (l->fields && l->fields->priority)
		buf_printf(&b, "VRRP_PRIORITY=%d\n", l->fields->priority);
	journal_field(&b, "MESSAGE", l->message);
	if (b.full)
		mem[b.n++] = '\n';
	return datagram_send(&the_log.journal, JOURNAL_SOCKET, &b);
}

static bool syslog_write(const struct line *l)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char mem[LINE_MAX_BYTES];
	struct buf b = BUF_ON(mem);
	struct tm tm;

	localtime_r(&l->at.tv_sec, &tm);
	buf_printf(&b, "<%d>%.3s %2d %02d:%02d:%02d %s[%d]: %s", the_log.facility | (int)l->level,
		   months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		   the_log.ident, getpid(), l->message);
	return datagram_send(&the_log.syslog, SYSLOG_SOCKET, &b);
}

static void held_write(void)
{
	if (the_log.held && !stream_write(&the_log.err, the_log.hold_mem, the_log.held))
		the_log.err.dropped += the_log.held_lines;
	the_log.held = the_log.held_lines = 0;
}

static bool stderr_write(const struct line *l)
{
	char mem[LINE_MAX_BYTES - 1]; /* a newline for a torn line may come before it */
	struct buf b = BUF_ON(mem);

	format_line(&b, l);
	if (!the_log.hold)
		return stream_write(&the_log.err, b.p, b.n);
	if (b.n > sizeof(the_log.hold_mem) - the_log.held)
		held_write();
	memcpy(the_log.hold_mem + the_log.held, b.p, b.n);
	the_log.held += b.n;
	the_log.held_lines++;
	return true;
}

void log_hold(void)
{
	the_log.hold = true;
}

void log_release(void)
{
	the_log.hold = false;
	held_write();
}

static bool file_write(const struct line *l)
{
	char mem[LINE_MAX_BYTES - 1];
	struct buf b = BUF_ON(mem);

	format_line(&b, l);
	return stream_write(&the_log.file, b.p, b.n);
}

static void sink_write(struct sink *s, bool (*write_line)(const struct line *l),
		       const struct line *l)
{
	char text[80];
	struct line said = {.level = LVL_WARNING, .message = text, .at = l->at};

	if (s->dropped) {
		snprintf(text, sizeof(text), "%lu log lines were lost here: not taken in time",
			 s->dropped);
		if (!write_line(&said)) {
			s->dropped++;
			return;
		}
		s->dropped = 0;
	}
	if (!write_line(l))
		s->dropped++;
}

void log_write(enum log_level level, const struct log_fields *fields, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	struct line l = {.level = level, .fields = fields, .message = message};
	int saved = errno;
	va_list ap;

	if (level > the_log.level)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	text_clean(message);
	clock_gettime(CLOCK_REALTIME, &l.at);
	if (the_log.to_journal)
		sink_write(&the_log.journal, journal_write, &l);
	if (the_log.to_syslog)
		sink_write(&the_log.syslog, syslog_write, &l);
	if (the_log.to_stderr)
		sink_write(&the_log.err, stderr_write, &l);
	if (the_log.file.fd >= 0)
		sink_write(&the_log.file, file_write, &l);
	errno = saved;
}

/* Whether systemd connected standard error to the journal. */
static bool stderr_is_journal(void)
{
	const char *said = getenv("JOURNAL_STREAM");
	unsigned long dev, ino;
	struct stat st;

	return said && sscanf(said, "%lu:%lu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static enum log_sink sink_choose(void)
{
	if (stderr_is_journal() && access(JOURNAL_SOCKET, W_OK) == 0)
		return LOG_TO_JOURNAL;
	if (isatty(STDERR_FILENO))
		return LOG_TO_STDERR;
	/* No syslog, as in most containers: better the place where somebody may look. */
	return access(SYSLOG_SOCKET, W_OK) == 0 ? LOG_TO_SYSLOG : LOG_TO_STDERR;
}

static void stderr_open(void)
{
	struct sink *s = &the_log.err;
	struct stat st;
	int fd;

	*s = (struct sink){.fd = STDERR_FILENO, .stream = true, .ask = true};
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	if (S_ISSOCK(st.st_mode)) {
		s->socket = true;
		s->ask = false;
	} else if (S_ISFIFO(st.st_mode) || isatty(STDERR_FILENO)) {
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return;
		s->fd = fd;
		s->ask = false;
		the_log.own_stderr = true;
	}
}

void log_open(const struct log_options *o)
{
	enum log_sink to = o->sink == LOG_TO_AUTO ? sink_choose() : o->sink;

	log_close();
	tzset();
	the_log.open = true;
	the_log.stamp.n = 0; /* the zone may be another now */
	the_log.tag[0] = '\0';
	the_log.format = o->format;
	the_log.level = o->level ? o->level : LVL_INFO;
	the_log.facility = o->facility ? o->facility : LOG_DAEMON;
	if (o->ident)
		str_copy(the_log.ident, sizeof(the_log.ident), o->ident);
	text_clean(the_log.ident);
	the_log.to_journal = to == LOG_TO_JOURNAL;
	the_log.to_syslog = to == LOG_TO_SYSLOG;
	the_log.to_stderr = to == LOG_TO_STDERR || o->also_stderr;
	if (the_log.to_journal)
		the_log.journal.fd = datagram_connect(JOURNAL_SOCKET);
	if (the_log.to_syslog)
		the_log.syslog.fd = datagram_connect(SYSLOG_SOCKET);
	if (the_log.to_stderr)
		stderr_open();
	if (o->file)
		the_log.file = (struct sink){
			.fd = open(o->file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC |
						    O_NOCTTY, 0644),
			.stream = true,
		};
}

static void sink_close(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct sink){.fd = -1};
}

void log_close(void)
{
	if (!the_log.open)
		return;
	sink_close(&the_log.journal);
	sink_close(&the_log.syslog);
	sink_close(&the_log.file);
	if (the_log.own_stderr)
		sink_close(&the_log.err);
	the_log.own_stderr = false;
	the_log.err = (struct sink){.fd = STDERR_FILENO, .stream = true, .ask = true};
	the_log.to_journal = the_log.to_syslog = false;
	the_log.to_stderr = true;
	the_log.open = false;
	the_log.tag[0] = '\0';
}
