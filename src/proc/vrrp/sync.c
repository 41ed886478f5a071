/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the channel to lvs, which wants to know one thing: the state of the instance that
 * lvs_sync_daemon follows. Told when asked and on every change; what the channel does not take is
 * told with the next heartbeat. Nothing waits for lvs, nothing is allocated.
 */
#include "model/lvs.h"
#include "proc/vrrp/driver.h"

#include <errno.h>
#include <unistd.h>

/* The followed instance, or NULL. */
static const struct vi *followed(const struct generation *g)
{
	const struct conf_lvs_sync_daemon *d = g->conf->global.lvs_sync_daemon;

	return d && d->instance < g->conf->instances.n ? &g->vis[d->instance] : NULL;
}

void sync_tell(struct vrrp_worker *w)
{
	const struct vi *vi = w->g && w->lvs.fd >= 0 ? followed(w->g) : NULL;
	struct msg_instance_state m;

	if (!vi || w->lvs_wanted != w->g->conf->generation ||
	    (w->lvs_told && w->lvs_told_state == vi->state))
		return;
	m = (struct msg_instance_state){.generation = w->lvs_wanted, .instance = vi->id, .state = vi->state};
	w->lvs_told = channel_send(&w->lvs, MSG_INSTANCE_STATE, &m, NULL, 0) == 0;
	w->lvs_told_state = vi->state;
}

static void hang_up(struct vrrp_worker *w)
{
	w->lvs_watch = loop_fd_free(w->lvs_watch);
	if (w->lvs.fd >= 0)
		close(w->lvs.fd);
	w->lvs.fd = -1;
	w->lvs_wanted = 0;
}

static void lvs_readable(void *ctx)
{
	struct vrrp_worker *w = ctx;
	struct message m;
	int r;

	while ((r = channel_receive(&w->lvs, &m)) == 1) {
		w->lvs_wanted = m.SNAPSHOT_VRRP.generation; /* the table lets no other kind through */
		w->lvs_told = false;
		sync_tell(w);
	}
	if (r == -ECONNRESET)
		hang_up(w); /* the supervisor will send a new one */
}

void sync_attach(struct vrrp_worker *w, int fd)
{
	hang_up(w);
	w->lvs = (struct channel){.fd = fd, .self = PROC_VRRP, .peer = PROC_LVS};
	w->lvs_watch = loop_fd_add(w->loop, fd, lvs_readable, w);
}
