/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines: to syslog, to journald with fields, or to standard error as text or JSON lines.
 * Writing never blocks: what a full sink does not take is dropped and counted, and the count is said
 * in the next line that gets through.
 */
#ifndef HF_IO_LOG_H
#define HF_IO_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_sink { LOG_TO_AUTO, LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_JOURNAL, LOG_TO_NOTHING };
enum log_format { LOG_TEXT, LOG_JSON };
/* syslog's numbers */
enum log_level { LVL_ERR = 3, LVL_WARNING = 4, LVL_NOTICE = 5, LVL_INFO = 6, LVL_DEBUG = 7 };

struct log_options {
	enum log_sink sink;   /* AUTO: journald if standard error is its stream, stderr if a terminal, else syslog */
	enum log_format format;
	enum log_level level; /* least urgent level that is written */
	int facility;	      /* LOG_DAEMON etc. */
	const char *ident;    /* "Keepalived_vrrp" */
	bool also_stderr;     /* -l: stderr besides */
	const char *file;     /* -g: also append there, or NULL */
};

/* Fields for journald and JSON; NULL or 0: not said. Names: INSTANCE, OLD_STATE, ... as in the design. */
struct log_fields {
	const char *instance, *group, *old_state, *new_state, *cause, *peer, *event;
	int priority;
};

void log_open(const struct log_options *o);
void log_close(void);

/* Between these two, lines for standard error are collected and written together: for work that may
 * say a thousand things at once. */
void log_hold(void);
void log_release(void);

void log_write(enum log_level level, const struct log_fields *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define log_err(...) log_write(LVL_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LVL_WARNING, NULL, __VA_ARGS__)
#define log_notice(...) log_write(LVL_NOTICE, NULL, __VA_ARGS__)
#define log_info(...) log_write(LVL_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_write(LVL_DEBUG, NULL, __VA_ARGS__)

#endif
