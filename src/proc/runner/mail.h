/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts by mail (operations: mail alerts): who gets which event, subject and body. */
#ifndef HF_PROC_RUNNER_MAIL_H
#define HF_PROC_RUNNER_MAIL_H

#include "proc/runner/internal.h"

struct mail *mail_new(struct runner *r);
/* `name`: of the instance or group. */
void mail_vrrp(struct mail *m, const struct msg_notify *event, const char *name);
/* vs, rs: what the event is about in the configuration it belongs to; NULL: not known (any more). */
void mail_lvs(struct mail *m, const struct msg_notify_lvs *event,
	      const struct conf_virtual_server *vs, const struct conf_real_server *rs);
/* `name`: of the process. */
void mail_worker(struct mail *m, const struct msg_worker_news *event, const char *name);
/* A new configuration: what waits goes where that says. */
void mail_configure(struct mail *m);
bool mail_is_idle(const struct mail *m);
struct mail *mail_free(struct mail *m);

#endif
