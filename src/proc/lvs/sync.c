/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lvs_sync_daemon (LVS behaviour 14): without an instance both halves run all the time; with one,
 * the master half while it is MASTER and the backup half otherwise. Owns what runs.
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "model/state.h"
#include "proc/lvs/internal.h"

#define RETRY (5 * USEC_PER_SEC) /* the interface may come later */

static void tell_board(struct lvs_worker *w)
{
	const struct conf_lvs_sync_daemon *d = w->ops->sync_start ? w->sync.conf : NULL;
	struct board_sync *b;

	if (!w->board.header)
		return;
	b = &w->board.header->sync;
	board_write_begin(&b->seq);
	b->configured = d != NULL;
	b->master = w->sync.master;
	b->backup = w->sync.backup;
	b->failed = d && w->sync.retry_at != USEC_NEVER;
	b->id = d ? (uint8_t)d->sync_id : 0;
	str_copy(b->interface, sizeof(b->interface), d ? w->sync.interface : "");
	board_write_end(&b->seq);
}

/* What runs since before we were started has settings, and a state, that nobody knows. */
static void stop_unknown(struct lvs_worker *w)
{
	if (w->sync.known || !w->ops->sync_stop)
		return;
	w->sync.known = true;
	(void)w->ops->sync_stop(w->engine, true, &w->sync.copy);
	(void)w->ops->sync_stop(w->engine, false, &w->sync.copy);
}

static void stop_half(struct lvs_worker *w, bool master)
{
	bool *runs = master ? &w->sync.master : &w->sync.backup;

	if (*runs && w->ops->sync_stop)
		(void)w->ops->sync_stop(w->engine, master, &w->sync.copy);
	*runs = false;
}

static void failed(struct lvs_worker *w, bool master, int error)
{
	if (!w->sync.told)
		log_err("the sync daemon (%s) can't be started on %s: %s",
			master ? "master" : "backup", w->sync.copy.interface, strerror(-error));
	w->sync.told = true;
	w->sync.retry_at = loop_now(w->loop) + RETRY;
}

static void start_half(struct lvs_worker *w, bool master)
{
	bool *runs = master ? &w->sync.master : &w->sync.backup;
	int r;

	if (*runs || !w->ops->sync_start)
		return;
	stop_unknown(w);
	r = w->ops->sync_start(w->engine, master, &w->sync.copy);
	*runs = r == 0;
	if (r == 0)
		log_info("IPVS sync daemon: %s on %s, id %u", master ? "master" : "backup",
			 w->sync.copy.interface, w->sync.copy.sync_id);
	else
		failed(w, master, r);
}

void sync_retry(struct lvs_worker *w)
{
	const struct conf_lvs_sync_daemon *d = w->sync.conf;

	if (!d || loop_now(w->loop) < w->sync.retry_at)
		return;
	w->sync.retry_at = USEC_NEVER;
	if (d->instance != CONF_NONE) {
		start_half(w, w->sync.is_master);
	} else {
		start_half(w, true);
		start_half(w, false);
	}
	w->sync.told &= w->sync.retry_at != USEC_NEVER;
	tell_board(w);
}

static bool is_same(const struct conf_lvs_sync_daemon *a, const struct conf_lvs_sync_daemon *b)
{
	return str_eq(a->interface, b->interface) && a->sync_id == b->sync_id && a->ttl == b->ttl &&
	       a->maxlen == b->maxlen && a->port == b->port && ip_equal(&a->group, &b->group) &&
	       (a->instance == CONF_NONE) == (b->instance == CONF_NONE);
}

static void take_copy(struct lvs_worker *w, const struct conf_lvs_sync_daemon *d)
{
	w->sync.copy = *d;
	str_copy(w->sync.interface, sizeof(w->sync.interface), d->interface);
	w->sync.copy.interface = w->sync.interface;
}

void sync_configure(struct lvs_worker *w)
{
	const struct conf_lvs_sync_daemon *d = w->conf->global.lvs_sync_daemon;
	bool runs = w->sync.master || w->sync.backup;

	w->sync.conf = d;
	w->sync.told = false;
	w->sync.retry_at = USEC_NEVER;
	if (runs && (!d || !is_same(&w->sync.copy, d)))
		sync_stop(w);
	if (d)
		take_copy(w, d);
	if (d && d->instance == CONF_NONE) { /* else vrrp will say what it is */
		start_half(w, true);
		start_half(w, false);
	}
	tell_board(w);
}

void sync_instance_state(struct lvs_worker *w, const struct msg_instance_state *m)
{
	const struct conf_lvs_sync_daemon *d = w->sync.conf;
	bool master = m->state == VRRP_MASTER;

	if (m->generation != w->generation || !d || d->instance != m->instance)
		return;
	w->sync.is_master = master;
	w->sync.retry_at = USEC_NEVER;
	stop_unknown(w);
	stop_half(w, !master);
	start_half(w, master);
	tell_board(w);
}

void sync_stop(struct lvs_worker *w)
{
	stop_half(w, true);
	stop_half(w, false);
	tell_board(w);
}
