/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine `ipvs`. Owns the namespace its socket lives in and the kernel's timeouts, which it
 * gives back. Must not know why a service changes.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/ipvs.h"
#include "io/log.h"
#include "io/netns.h"
#include "ipc/board.h"
#include "proc/lvs/engine.h"
#include "proc/lvs/group_marks.h"

struct engine_ipvs {
	struct engine base; /* first */
	struct ipvs *ipvs;
	bool saved; /* `original` is to be restored */
	struct ipvs_timeouts original;
	struct group_marks *marks;
};

static struct engine_ipvs *self(struct engine *e)
{
	return (struct engine_ipvs *)e;
}

/* As they were before us: known already, of a predecessor that died, or still to be asked for. */
static bool save_timeouts(struct engine_ipvs *i, struct board_timeouts *board)
{
	if (!i->saved && atomic_load(&board->known))
		i->original = (struct ipvs_timeouts){board->tcp, board->tcpfin, board->udp};
	else if (!i->saved && ipvs_timeouts_get(i->ipvs, &i->original) < 0)
		return false;
	i->saved = true;
	board->tcp = i->original.tcp;
	board->tcpfin = i->original.tcpfin;
	board->udp = i->original.udp;
	atomic_store(&board->known, 1);
	return true;
}

static void set_timeouts(struct engine_ipvs *i, const struct conf *conf, struct board_timeouts *board)
{
	const struct conf_lvs_timeouts *c = &conf->global.lvs_timeouts;
	bool wanted = c->tcp > 0 || c->tcpfin > 0 || c->udp > 0;
	struct ipvs_timeouts t;

	if (!wanted && !i->saved && !atomic_load(&board->known))
		return;
	if (!save_timeouts(i, board))
		return;
	t.tcp = c->tcp ? c->tcp : i->original.tcp;
	t.tcpfin = c->tcpfin ? c->tcpfin : i->original.tcpfin;
	t.udp = c->udp ? c->udp : i->original.udp;
	if (ipvs_timeouts_set(i->ipvs, &t) < 0)
		log_err("IPVS refuses the timeouts tcp %u tcpfin %u udp %u", t.tcp, t.tcpfin, t.udp);
}

static void configure(struct engine *e, const struct conf *conf, struct board_timeouts *original)
{
	set_timeouts(self(e), conf, original);
	group_marks_configure(&self(e)->marks, conf);
}

/* The socket lives in the namespace of net_namespace_ipvs, whatever else this process does in that of
 * the daemon (ha_suspend looks for addresses there). */
static int open_there(const struct conf *conf, const char *name, struct ipvs **ret)
{
	const struct conf_rcvbuf *buffer = &conf->global.lvs_cmd_rcvbuf;
	int back = netns_current(), r = back;

	if (r < 0)
		return r;
	r = netns_enter(name);
	if (r == -ENOENT)
		r = -ENODEV; /* not to be taken for a kernel without IPVS */
	if (r == 0) {
		r = ipvs_open(buffer->size, buffer->force, ret);
		if (netns_return(back) < 0)
			abort();
		return r;
	}
	close(back);
	return r;
}

static int open_ipvs(const struct conf *conf, struct engine **ret, const char **ret_error)
{
	const struct conf_rcvbuf *buffer = &conf->global.lvs_cmd_rcvbuf;
	const char *name = conf->global.net_namespace_ipvs;
	struct engine_ipvs *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		abort();
	r = name ? open_there(conf, name, &i->ipvs)
		 : ipvs_open(buffer->size, buffer->force, &i->ipvs);
	if (r < 0) {
		free(i);
		if (r == -ENOENT)
			*ret_error = "this kernel has no IPVS (module ip_vs)";
		else if (name)
			*ret_error = "in the namespace of net_namespace_ipvs";
		return r;
	}
	i->base.ops = &engine_ipvs;
	*ret = &i->base;
	return 0;
}

static struct engine *close_ipvs(struct engine *e)
{
	ipvs_close(self(e)->ipvs);
	group_marks_close(self(e)->marks, true);
	free(e);
	return NULL;
}

static int observe(struct engine *e, const struct service_table *keys, struct arena *a,
		   struct service_table *ret)
{
	return ipvs_read(self(e)->ipvs, keys, a, ret);
}

static unsigned apply(struct engine *e, const struct engine_step *step, const char **ret_error)
{
	*ret_error = "";
	return ipvs_apply(self(e)->ipvs, step->changes->v, step->changes->n);
}

static int flush(struct engine *e)
{
	return ipvs_flush(self(e)->ipvs);
}

static void stop(struct engine *e, bool keep)
{
	struct engine_ipvs *i = self(e);

	if (!keep && i->saved)
		(void)ipvs_timeouts_set(i->ipvs, &i->original);
	i->marks = group_marks_close(i->marks, keep);
}

static void census(struct engine *e, struct dest_census *v, unsigned n)
{
	for (unsigned i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && v[k].service == v[i].service; k++)
			;
		(void)ipvs_census(self(e)->ipvs, &v[i], k - i);
	}
}

static int sync_start(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d)
{
	return ipvs_sync_start(self(e)->ipvs, master, d);
}

static int sync_stop(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d)
{
	return ipvs_sync_stop(self(e)->ipvs, master, d);
}

const struct engine_ops engine_ipvs = {
	.name = "ipvs",
	.open = open_ipvs,
	.close = close_ipvs,
	.configure = configure,
	.observe = observe,
	.apply = apply,
	.flush = flush,
	.stop = stop,
	.census = census,
	.sync_start = sync_start,
	.sync_stop = sync_stop,
};
