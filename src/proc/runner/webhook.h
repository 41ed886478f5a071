/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as JSON, posted to the URL of the keyword `webhook`. */
#ifndef HF_PROC_RUNNER_WEBHOOK_H
#define HF_PROC_RUNNER_WEBHOOK_H

#include "proc/runner/internal.h"

struct webhook *webhook_new(struct runner *r);
void webhook_vrrp(struct webhook *w, const struct msg_notify *event, const char *name);
void webhook_lvs(struct webhook *w, const struct msg_notify_lvs *event);
void webhook_worker(struct webhook *w, const struct msg_worker_news *event, const char *name);
/* A new configuration: what waits goes where that says. */
void webhook_configure(struct webhook *w);
bool webhook_is_idle(const struct webhook *w);
struct webhook *webhook_free(struct webhook *w);

#endif
