/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the raw sockets and the way from a received packet to an event: which instance is it for,
 * is it valid, what is counted and logged. Must not know: what an advert means (core/vrrp).
 */
#include "proc/vrrp/driver.h"

#include "base/str.h"
#include "io/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_AGAIN (10 * USEC_PER_SEC) /* for a new master */
#define ODD_LIST (VRRP_RX_ODD_COUNT | VRRP_RX_ODD_ADDRESS)

static void count(struct vrrp_worker *w, struct vi *vi, enum vrrp_rx_verdict v)
{
	struct board_counters *c = &vi->board->counters;

	switch (v) {
	case VRRP_RX_LENGTH:
	case VRRP_RX_IP_LENGTH:
	case VRRP_RX_SHORT:
		c->packet_len_err++;
		break;
	case VRRP_RX_TTL:
	case VRRP_RX_PEER_TTL:
		c->ip_ttl_err++;
		break;
	case VRRP_RX_VERSION:
		c->version_err++;
		break;
	case VRRP_RX_AUTH_INVALID:
		c->invalid_authtype++;
		break;
	case VRRP_RX_AUTH_MISMATCH:
		c->authtype_mismatch++;
		break;
	case VRRP_RX_AUTH_FAILED:
		c->auth_failure++;
		break;
	case VRRP_RX_INTERVAL:
		c->advert_interval_err++;
		break;
	case VRRP_RX_TYPE:
		c->invalid_type_rcvd++;
		break;
	case VRRP_RX_CHECKSUM:
		c->checksum_err++;
		break;
	case VRRP_RX_UNICAST_ON_MULTICAST:
	case VRRP_RX_MULTICAST_ON_UNICAST:
		c->addr_list_err++;
		break;
	case VRRP_RX_OK:
	case VRRP_RX_UNKNOWN_VRID:
	case VRRP_RX_NOT_LISTENING:
	case VRRP_RX_OWNER_IGNORES:
	case VRRP_RX_NOT_A_PEER:
	case VRRP_RX_VERDICTS:
		break;
	}
}

/* For those who ask why two are master: the newest, in the words of the log. */
static void refused_write(struct vi *vi, struct board_refused *r, enum vrrp_rx_verdict v,
			  const struct ip_addr *from, const char *line)
{
	board_write_begin(&vi->board->seq);
	r->at = clock_monotonic();
	r->n++;
	r->from = *from;
	r->verdict = (uint8_t)v;
	r->over = false;
	str_copy(r->text, sizeof(r->text), line);
	board_write_end(&vi->board->seq);
}

/* Each kind of trouble is logged once, until a change of state or of the master. */
static void refuse(struct vrrp_worker *w, struct vi *vi, enum vrrp_rx_verdict v, const struct vrrp_rx *rx,
		   int got, int expected)
{
	char line[256], from[IP_TEXT_MAX];
	struct buf b = BUF_ON(line);

	count(w, vi, v);
	vrrp_rx_verdict_text(v, rx, got, expected, &b);
	if (v != VRRP_RX_OWNER_IGNORES) /* as configured */
		refused_write(vi, &vi->board->refused, v, &rx->from, buf_text(&b));
	if (vi->logged & UINT64_C(1) << v)
		return;
	vi->logged |= UINT64_C(1) << v;
	log_write(LVL_NOTICE,
		  &(struct log_fields){.instance = vi->conf->name, .peer = ip_format(&rx->from, from)},
		  "(%s) %s", vi->conf->name, buf_text(&b));
}

/* The first own VIP the advert does not list. */
static const struct ip_addr *missing_vip(const struct conf_instance *c, const struct vrrp_advert *a)
{
	for (unsigned i = 0; i < c->vips.n; i++) {
		const struct ip_addr *vip = &c->vips.v[i]->addr;
		size_t len = ip_len(vip);
		unsigned j = 0;

		while (j < a->count && memcmp(a->addrs + j * len, vip->b, len) != 0)
			j++;
		if (j == a->count)
			return vip;
	}
	return NULL;
}

/* The lists of addresses were compared and are the same again. */
static void differs_clear(struct vi *vi)
{
	board_write_begin(&vi->board->seq);
	vi->board->differs = (struct board_refused){0};
	board_write_end(&vi->board->seq);
}

/* What was wrong there is mended: the newest refusal is history. */
static void refused_end(struct vi *vi, const struct ip_addr *from)
{
	struct board_refused *r = &vi->board->refused;

	if (!r->at || r->over || !ip_equal(&r->from, from))
		return;
	board_write_begin(&vi->board->seq);
	r->over = true;
	board_write_end(&vi->board->seq);
}

static void differs_write(struct vi *vi, const struct vrrp_advert *a, const struct ip_addr *from)
{
	const struct ip_addr *vip = missing_vip(vi->conf, a);
	char line[112], text[IP_TEXT_MAX], missing[IP_TEXT_MAX];
	struct buf b = BUF_ON(line);

	buf_printf(&b, "advert of %s lists other addresses than ours (", ip_format(from, text));
	if (vip)
		buf_printf(&b, "%s missing)", ip_format(vip, missing));
	else
		buf_printf(&b, "%u, we have %u)", a->count, vi->conf->vips.n);
	refused_write(vi, &vi->board->differs, VRRP_RX_OK, from, buf_text(&b));
}

static void odd(struct vi *vi, unsigned bits, const struct vrrp_advert *a, const struct vrrp_rx *rx)
{
	char from[IP_TEXT_MAX], text[IP_TEXT_MAX];
	const struct ip_addr *vip;
	unsigned fresh = bits & ~(unsigned)(vi->logged >> VRRP_RX_VERDICTS);

	if (bits & ODD_LIST) {
		vi->board->counters.addr_list_err++;
		differs_write(vi, a, &rx->from);
	}
	vi->logged |= (uint64_t)bits << VRRP_RX_VERDICTS;
	ip_format(&rx->from, from);
	if (fresh & VRRP_RX_ODD_COUNT)
		log_notice("(%s) expected %u VIPs but received %u from %s", vi->conf->name,
			   vi->conf->vips.n, a->count, from);
	vip = fresh & VRRP_RX_ODD_ADDRESS ? missing_vip(vi->conf, a) : NULL;
	if (vip)
		log_notice("(%s) ip address associated with VRID %u not present in advert from %s: %s",
			   vi->conf->name, vi->conf->vrid, from, ip_format(vip, text));
	if (fresh & VRRP_RX_ODD_INTERVAL)
		log_notice("(%s) advertisement interval mismatch ours = %u centi-sec rcv'd=%u centi-sec",
			   vi->conf->name, (unsigned)(vi->conf->advert_int / USEC_PER_CSEC),
			   (unsigned)(a->interval / USEC_PER_CSEC));
}

static bool has_peer(const struct conf_instance *c, const struct ip_addr *from)
{
	for (unsigned i = 0; i < c->peers.n; i++)
		if (ip_equal(&c->peers.v[i]->addr, from))
			return true;
	return false;
}

/* Several unicast instances may share VRID and local address: the sender tells which is meant. */
static struct vi *instance_for(struct generation *g, const struct vrrp_port *p, int vrid,
			       const struct ip_addr *from)
{
	uint32_t first = p->by_vrid[vrid], i = first;

	if (!first)
		return NULL;
	if (g->vis[first - 1].next_same) {
		while (i && !has_peer(g->vis[i - 1].conf, from))
			i = g->vis[i - 1].next_same;
	}
	return &g->vis[(i ? i : first) - 1];
}

static void unknown_vrid(struct vrrp_worker *w, const struct vrrp_port *p, int vrid)
{
	const struct link_state *l;

	if (!w->g->conf->global.log_unknown_vrids)
		return;
	l = netlink_link_by_index(w->netlink, p->ifindex);
	log_info("Unknown VRID(%d) received on interface(%s). ignoring...", vrid, l ? l->name : "?");
}

/* The peers use the checksum of old keepalived releases: so do we from now on. */
static void switch_checksum(struct vi *vi, const struct ip_addr *from)
{
	char text[IP_TEXT_MAX];

	vi->detect->old_unicast_checksum = 1;
	vi->built = false;
	vi->board->legacy_checksum = true;
	log_notice("(%s) Setting unicast VRRPv3 checksum to old version, as %s uses it", vi->conf->name,
		   ip_format(from, text));
}

/* Not each time when senders alternate: a flood must not fill the log. */
static void forget_logged(struct vi *vi)
{
	usec_t now = clock_monotonic();

	if (vi->forgot_logged && now - vi->forgot_logged < LOG_AGAIN)
		return;
	vi->forgot_logged = now;
	vi->logged = 0;
}

static void accept_advert(struct vrrp_worker *w, struct vi *vi, const struct vrrp_rx *rx,
			  const struct vrrp_advert *advert, bool checked, unsigned odds)
{
	struct vrrp_event ev = {.kind = VRRP_EV_ADVERT, .id = vi->id};

	vi->board->counters.advert_rcvd++;
	if (!advert->priority)
		vi->board->counters.pri_zero_rcvd++;
	vi->board->legacy_checksum = advert->version == 3 && rx->from.family == IP_V4 && !advert->checksum_plain;
	if (odds)
		odd(vi, odds, advert, rx);
	refused_end(vi, &rx->from);
	if (checked && !(odds & ODD_LIST) && ip_equal(&vi->board->differs.from, &rx->from))
		differs_clear(vi);
	if (advert->checksum_old && vi->detect && !vi->detect->old_unicast_checksum)
		switch_checksum(vi, &rx->from);
	if (!ip_equal(&vi->last_from, &rx->from)) {
		vi->last_from = rx->from;
		forget_logged(vi);
	}
	ev.rx.advert = *advert;
	ev.rx.from = rx->from;
	driver_event(w, &ev);
	report_advert(w->g, vi, advert->priority, clock_monotonic());
}

static void packet(void *ctx, const struct vrrp_socket_rx *s)
{
	struct vrrp_port *p = ctx;
	struct vrrp_worker *w = p->worker;
	struct vrrp_rx rx = {.data = s->data, .len = s->len, .from = s->from, .to = s->to, .hop_limit = s->hop_limit};
	int vrid = vrrp_rx_vrid(&rx), got = 0, expected = 0;
	enum vrrp_rx_verdict v;
	struct vrrp_advert advert;
	unsigned odds = 0;
	struct vi *vi;
	bool check;

	if (vrid < 0) {
		log_debug("IPv4 VRRP packet too short - %zu bytes", s->len);
		return;
	}
	vi = w->g ? instance_for(w->g, p, vrid, &rx.from) : NULL;
	if (!vi) {
		if (w->g)
			unknown_vrid(w, p, vrid);
		return;
	}
	if (vi->state == VRRP_INIT || vi->state == VRRP_FAULT)
		return;
	check = !vi->conf->skip_check_adv_addr ||
		(vi->state == VRRP_BACKUP && !ip_equal(&vi->last_from, &rx.from));
	v = vrrp_rx_check(vi->conf, &rx, check, &advert, &odds, &got, &expected);
	if (v == VRRP_RX_OK)
		accept_advert(w, vi, &rx, &advert, check, odds);
	else
		refuse(w, vi, v, &rx, got, expected);
}

static void readable(void *ctx)
{
	struct vrrp_port *p = ctx;

	vrrp_rx_drain(p->rx_fd, p->family, p->worker->ring, packet, p);
}

/* ---- opening and sharing ---- */

static void port_close(struct vrrp_port *p)
{
	loop_fd_free(p->watch);
	close(p->rx_fd);
	close(p->tx_fd);
	free(p);
}

static struct vrrp_port *port_open(struct vrrp_worker *w, const struct vrrp_socket_options *o)
{
	int rx = vrrp_rx_open(o), tx = rx < 0 ? rx : vrrp_tx_open(o);
	struct vrrp_port *p;

	if (tx < 0) {
		w->denied |= tx == -EPERM || tx == -EACCES;
		log_err("can't open a VRRP socket on %s: %s", o->ifname ? o->ifname : "any interface", strerror(-tx));
		if (rx >= 0)
			close(rx);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	*p = (struct vrrp_port){.next = w->ports, .worker = w, .family = o->family, .ifindex = o->ifindex,
				.group = o->group, .local = o->local, .rx_fd = rx, .tx_fd = tx};
	p->watch = loop_fd_add(w->loop, rx, readable, p);
	w->ports = p;
	return p;
}

static struct vrrp_port *port_get(struct vrrp_worker *w, const struct vrrp_socket_options *o)
{
	for (struct vrrp_port *p = w->ports; p; p = p->next)
		if (p->family == o->family && p->ifindex == o->ifindex && ip_equal(&p->group, &o->group) &&
		    ip_equal(&p->local, &o->local))
			return p;
	return port_open(w, o);
}

static uint32_t rcvbuf(const struct conf *c)
{
	const struct conf_global *g = &c->global;

	return g->rx_bufs_policy == 3 ? g->rx_bufs_size : 0;
}

static struct vrrp_port *port_for(struct vrrp_worker *w, struct generation *g, struct vi *vi)
{
	const struct link *l = vi->link == LINK_NONE ? NULL : &g->links[vi->link];
	struct vrrp_socket_options o = {.family = vi->conf->family, .rcvbuf = rcvbuf(g->conf)};

	if (l && !l->index)
		return NULL;
	if (l) {
		o.ifindex = l->index;
		o.ifname = l->name;
	}
	if (!vi->conf->peers.n)
		o.group = vi->conf->group_addr;
	else if (ip_is_set(&vi->source))
		o.local = vi->source;
	else
		return NULL; /* bound when there is an address to bind to */
	return port_get(w, &o);
}

/* Finds or opens the sockets of every instance and makes the tables VRID -> instance anew. */
void ports_attach(struct vrrp_worker *w, struct generation *g)
{
	for (struct vrrp_port *p = w->ports; p; p = p->next) {
		p->used = false;
		memset(p->by_vrid, 0, sizeof(p->by_vrid));
	}
	for (unsigned i = g->conf->instances.n; i-- > 0;) {
		struct vi *vi = &g->vis[i];

		vi->port = port_for(w, g, vi);
		if (!vi->port)
			continue;
		vi->port->used = true;
		vi->next_same = vi->port->by_vrid[vi->conf->vrid];
		vi->port->by_vrid[vi->conf->vrid] = i + 1;
	}
}

void ports_close_unused(struct vrrp_worker *w, struct generation *g)
{
	for (struct vrrp_port **at = &w->ports; *at;) {
		struct vrrp_port *p = *at;

		if (p->used) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		port_close(p);
	}
}
