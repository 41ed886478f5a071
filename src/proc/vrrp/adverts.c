/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the packets of the instances, built once and sent many times, and the batches in which they
 * leave. Must not know: when an advert is due.
 */
#include "proc/vrrp/driver.h"

#include "io/log.h"

#include <errno.h>
#include <string.h>

static struct ip_addr destination(const struct vi *vi, unsigned i)
{
	return vi->conf->peers.n ? vi->conf->peers.v[i]->addr : vi->conf->group_addr;
}

static uint8_t ttl(const struct conf_instance *c)
{
	return c->peers.n && c->unicast_ttl_set ? c->unicast_ttl : VRRP_TTL;
}

/* Unicast IPv6 without unicast_ttl leaves with the kernel's hop limit, as keepalived's do. */
static int hop_limit(const struct conf_instance *c)
{
	if (!c->peers.n)
		return VRRP_TTL;
	return c->unicast_ttl_set ? c->unicast_ttl : -1;
}

static bool build(struct vi *vi, uint8_t priority)
{
	const struct conf_instance *c = vi->conf;
	unsigned head = c->family == IP_V4 ? VRRP_IP4_HEADER : 0;

	for (unsigned i = 0; i < vi->n_dest; i++) {
		struct ip_addr to = destination(vi, i);
		uint8_t *p = vi->packets + (size_t)i * vi->stride;
		size_t n = vrrp_pdu_write(c, priority, c->advert_int, &vi->source, &to, p + head,
					  vi->stride - head);

		if (!n)
			return false;
		if (head)
			vrrp_ip4_header_write(p, vi->ip_id, ttl(c), &vi->source, &to, n);
		vi->length = (unsigned)n + head;
	}
	vi->packet_priority = priority;
	vi->built = true;
	return true;
}

/* All copies of one advert carry the same identification, which skips 0. */
static void number(struct vi *vi)
{
	if (++vi->ip_id == 0)
		vi->ip_id = 1;
	if (vi->conf->family != IP_V4)
		return;
	for (unsigned i = 0; i < vi->n_dest; i++) {
		uint8_t *p = vi->packets + (size_t)i * vi->stride;

		p[4] = vi->ip_id >> 8;
		p[5] = vi->ip_id & 0xff;
	}
}

static void port_flush(struct generation *g, struct vrrp_port *p)
{
	unsigned failed;

	if (!p->n_tx)
		return;
	failed = vrrp_tx_send(p->tx_fd, p->family, p->ifindex, p->tx, p->n_tx);
	for (unsigned i = 0; failed && i < p->n_tx; i++) {
		char to[IP_TEXT_MAX];

		if (!p->tx[i].error)
			continue;
		failed--;
		log_write(p->tx[i].error == -ENETUNREACH ? LVL_DEBUG : LVL_NOTICE, NULL,
			  "send advert error %d (%s) to %s", -p->tx[i].error,
			  strerror(-p->tx[i].error), ip_format(&p->tx[i].to, to));
	}
	p->n_tx = 0;
}

void adverts_flush(struct vrrp_worker *w)
{
	if (!w->n_queued)
		return;
	for (struct vrrp_port *p = w->ports; p; p = p->next)
		port_flush(w->g, p);
	for (unsigned i = 0; i < w->n_queued; i++)
		w->queued[i]->queued = false;
	w->n_queued = 0;
}

void adverts_send(struct vrrp_worker *w, struct generation *g, struct vi *vi, uint8_t priority)
{
	struct vrrp_port *p = vi->port;

	if (!p || !ip_is_set(&vi->source))
		return;
	if (vi->queued || w->n_queued == VRRP_TX_BATCH)
		adverts_flush(w);
	if ((!vi->built || vi->packet_priority != priority) && !build(vi, priority)) {
		log_err("(%s) an advert with %u addresses does not fit a packet", vi->conf->name,
			vi->conf->vips.n);
		return;
	}
	number(vi);
	for (unsigned i = 0; i < vi->n_dest; i++) {
		if (p->n_tx == VRRP_TX_BATCH)
			port_flush(g, p);
		p->tx[p->n_tx++] = (struct vrrp_socket_tx){
			.data = vi->packets + (size_t)i * vi->stride,
			.len = vi->length,
			.from = vi->source,
			.to = destination(vi, i),
			.hop_limit = hop_limit(vi->conf),
		};
	}
	vi->queued = true;
	w->queued[w->n_queued++] = vi;
	vi->board->counters.advert_sent++;
	if (!priority)
		vi->board->counters.pri_zero_sent++;
}
