/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log, text and answer: the part of taking a configuration over that is the same in every worker. */
#include "proc/handed.h"

#include <stdio.h>

#include "base/str.h"
#include "io/log.h"
#include "io/memfile.h"

void handed_open_log(const struct msg_config *c, const char *program)
{
	char ident[112];
	const struct log_options o = {
		.sink = (enum log_sink)c->log_sink,
		.format = (enum log_format)c->log_format,
		.level = (enum log_level)c->log_level,
		.facility = c->log_facility << 3,
		.also_stderr = c->log_also_stderr,
		.ident = ident,
	};

	snprintf(ident, sizeof(ident), "%s%.*s", program, (int)sizeof(c->ident_suffix),
		 c->ident_suffix);
	log_open(&o);
}

struct conf_loaded handed_load(const struct msg_config *c, int text_fd, const struct conf_host *host,
			       const struct conf_load_options *options)
{
	char *text = memfile_map(text_fd, c->text_len);
	struct conf_loaded l = {0};

	if (!text)
		return l;
	l = conf_load_text("configuration", text, c->text_len, host, options);
	memfile_unmap(text, c->text_len);
	if (l.diags.count[DIAG_FATAL] > 0)
		l.arena = arena_free(l.arena);
	else
		l.conf->generation = c->generation;
	return l;
}

struct sched_got handed_schedule_checker(const struct conf_sched *s)
{
	const struct sched_wish wish = {
		.rt_priority = s->rt_priority > 0 ? s->rt_priority : 0,
		.lock_memory = s->no_swap == TRI_ON,
		.nice = s->nice,
		.cpus = s->cpus.v,
		.n_cpus = s->cpus.n,
		.rlimit_rttime = s->rt_priority > 0 ? s->rlimit_rttime : 0,
	};
	struct sched_got got;

	sched_apply(&wish, &got);
	if (got.rt_error < 0 || got.lock_error < 0)
		log_warning("checker_rt_priority or checker_no_swap is not permitted");
	return got;
}

void handed_ready(const struct channel *supervisor, enum message_kind kind, uint32_t generation,
		  int error, const char *text)
{
	struct msg_ready m = {.generation = generation, .error = error};

	str_copy(m.text, sizeof(m.text), text);
	(void)channel_send(supervisor, kind, &m, NULL, 0);
}
