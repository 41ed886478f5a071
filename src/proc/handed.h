/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every worker does with a configuration that the supervisor hands it. */
#ifndef HF_PROC_HANDED_H
#define HF_PROC_HANDED_H

#include "conf/conf.h"
#include "io/sched.h"
#include "ipc/channel.h"

/* Opens the log as the command line said, under this name ("Keepalived_vrrp"). */
void handed_open_log(const struct msg_config *c, const char *program);

/* Reads the sealed text. .arena is NULL when it can't be mapped or read; else freed by the caller. */
struct conf_loaded handed_load(const struct msg_config *c, int text_fd, const struct conf_host *host,
			       const struct conf_load_options *options);

/* Scheduling of keepalived's checker process, which is several here: lvs and the check processes. A real-time
 * process that runs away is stopped by rlimit_rttime. */
struct sched_got handed_schedule_checker(const struct conf_sched *s);

/* Says that the generation is in force, or (error: -errno) why it is not. */
void handed_ready(const struct channel *supervisor, enum message_kind kind, uint32_t generation,
		  int error, const char *text);

#endif
