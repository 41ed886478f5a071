/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the messages of ctnetlink. One dump for all ways; where there is only one, the kernel is
 * asked for its connections alone (since 5.8; older ones tell all). What is found is collected
 * first and deleted then: deleting during a dump may skip some.
 */
#include "io/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/vec.h"

/* Bits of CTA_FILTER_ORIG_FLAGS; no header for programs has them. */
#define FILTER_IP_DST (1u << 1)
#define FILTER_PROTOCOL (1u << 3)
#define FILTER_PORT_DST (1u << 5)

#define TUPLE_MAX 128

struct end {
	struct ip_addr src, dst;
	uint8_t protocol;
	uint16_t sport, dport;
};

struct found {
	uint8_t family;
	uint16_t len;
	char tuple[TUPLE_MAX]; /* the attribute CTA_TUPLE_ORIG as it came */
};

struct search {
	struct arena *a;
	struct conntrack_way *v;
	unsigned n;
	VEC(struct found) found; /* what is to be forgotten */
};

/* ---- reading ---- */

static void ip_read(const struct nlattr *nest, struct end *e)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);
		bool v4 = type == CTA_IP_V4_SRC || type == CTA_IP_V4_DST;
		bool src = type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC;

		if (type <= CTA_IP_V6_DST && len == (v4 ? 4 : 16))
			*(src ? &e->src : &e->dst) =
				ip_from_bytes(v4 ? IP_V4 : IP_V6, mnl_attr_get_payload(attr));
	}
}

static void protocol_read(const struct nlattr *nest, struct end *e)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);

		if (type == CTA_PROTO_NUM && len == 1)
			e->protocol = mnl_attr_get_u8(attr);
		else if (type == CTA_PROTO_SRC_PORT && len == 2)
			e->sport = ntohs(mnl_attr_get_u16(attr));
		else if (type == CTA_PROTO_DST_PORT && len == 2)
			e->dport = ntohs(mnl_attr_get_u16(attr));
	}
}

static struct end tuple_read(const struct nlattr *nest)
{
	struct end e = {0};
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		if (mnl_attr_get_type(attr) == CTA_TUPLE_IP)
			ip_read(attr, &e);
		else if (mnl_attr_get_type(attr) == CTA_TUPLE_PROTO)
			protocol_read(attr, &e);
	}
	return e;
}

static const struct nlattr *nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	if (nest)
		mnl_attr_for_each_nested(attr, nest)
		{
			if (mnl_attr_get_type(attr) == type)
				return attr;
		}
	return NULL;
}

static unsigned tcp_state_read(const struct nlattr *info)
{
	const struct nlattr *state =
		nested(nested(info, CTA_PROTOINFO_TCP), CTA_PROTOINFO_TCP_STATE);

	return state && mnl_attr_get_payload_len(state) == 1 ? mnl_attr_get_u8(state)
							     : TCP_CONNTRACK_NONE;
}

/* ---- matching ---- */

static int way_compare(const void *a, const void *b)
{
	return ip_compare(&((const struct conntrack_way *)a)->server,
			  &((const struct conntrack_way *)b)->server);
}

static bool way_fits(const struct conntrack_way *w, const struct end *orig, const struct end *reply)
{
	return (!ip_is_set(&w->vip) || ip_equal(&w->vip, &orig->dst)) &&
	       (!w->protocol || w->protocol == orig->protocol) &&
	       (!w->port || w->port == orig->dport) &&
	       (!w->server_port || w->server_port == reply->sport);
}

/* Never 0. */
static unsigned way_exactness(const struct conntrack_way *w)
{
	return ip_is_set(&w->vip) ? w->port ? 3 : 2 : 1;
}

static struct conntrack_way *way_of(const struct search *s, const struct end *orig,
				    const struct end *reply)
{
	const struct conntrack_way key = {.server = reply->src};
	unsigned low = 0, high = s->n, exactness = 0;
	struct conntrack_way *best = NULL;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (way_compare(&s->v[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < s->n && way_compare(&s->v[low], &key) == 0; low++)
		if (way_fits(&s->v[low], orig, reply) && way_exactness(&s->v[low]) > exactness) {
			best = &s->v[low];
			exactness = way_exactness(best);
		}
	return best;
}

static bool would_stay(uint8_t protocol, unsigned tcp_state)
{
	return protocol == IPPROTO_UDP ||
	       (protocol == IPPROTO_TCP && tcp_state == TCP_CONNTRACK_SYN_SENT);
}

static bool is_alive(uint8_t protocol, unsigned tcp_state)
{
	return protocol != IPPROTO_TCP ||
	       (tcp_state > TCP_CONNTRACK_NONE && tcp_state < TCP_CONNTRACK_TIME_WAIT);
}

/* What a message of a dump says; false: nothing that can be used. */
struct connection {
	const struct nlattr *tuple; /* CTA_TUPLE_ORIG */
	struct end orig, reply;
	unsigned tcp_state;
};

static bool connection_read(const struct nlmsghdr *nlh, struct connection *ret)
{
	const struct nlattr *attr, *orig = NULL, *reply = NULL, *info = NULL;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == CTA_TUPLE_ORIG)
			orig = attr;
		else if (mnl_attr_get_type(attr) == CTA_TUPLE_REPLY)
			reply = attr;
		else if (mnl_attr_get_type(attr) == CTA_PROTOINFO)
			info = attr;
	}
	if (!orig || !reply || orig->nla_len > TUPLE_MAX)
		return false;
	*ret = (struct connection){orig, tuple_read(orig), tuple_read(reply), tcp_state_read(info)};
	return true;
}

static int connection_count(const struct nlmsghdr *nlh, void *data)
{
	struct connection c;
	struct conntrack_way *w;

	if (!connection_read(nlh, &c) || !is_alive(c.orig.protocol, c.tcp_state))
		return MNL_CB_OK;
	w = way_of(data, &c.orig, &c.reply);
	if (w)
		w->count++;
	return MNL_CB_OK;
}

static int connection_take(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct conntrack_way *w;
	struct search *s = data;
	struct connection c;

	if (!connection_read(nlh, &c) || !would_stay(c.orig.protocol, c.tcp_state))
		return MNL_CB_OK;
	w = way_of(s, &c.orig, &c.reply);
	if (w && !w->keep) {
		struct found *f = vec_add(s->a, &s->found);

		f->family = g->nfgen_family;
		f->len = c.tuple->nla_len;
		memcpy(f->tuple, c.tuple, c.tuple->nla_len);
	}
	return MNL_CB_OK;
}

/* ---- messages ---- */

static struct nlmsghdr *request(char *bytes, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(bytes);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 0;
	*g = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0};
	return nlh;
}

static void put_filter(struct nlmsghdr *nlh, const struct conntrack_way *w)
{
	struct nlattr *tuple, *nest;
	uint32_t flags = FILTER_IP_DST;

	tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put(nlh, w->vip.family == IP_V4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, ip_len(&w->vip),
		     w->vip.b);
	mnl_attr_nest_end(nlh, nest);
	if (w->protocol && w->port) {
		nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
		mnl_attr_put_u8(nlh, CTA_PROTO_NUM, w->protocol);
		mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(w->port));
		mnl_attr_nest_end(nlh, nest);
		flags |= FILTER_PROTOCOL | FILTER_PORT_DST;
	}
	mnl_attr_nest_end(nlh, tuple);
	nest = mnl_attr_nest_start(nlh, CTA_FILTER);
	mnl_attr_put_u32(nlh, CTA_FILTER_ORIG_FLAGS, flags);
	mnl_attr_nest_end(nlh, nest);
}

static int answers_read(struct mnl_socket *s, mnl_cb_t fn, void *data)
{
	union {
		struct nlmsghdr nlh;
		char bytes[32768];
	} rx;
	int r = 1;

	while (r > 0) {
		ssize_t got = mnl_socket_recvfrom(s, &rx, sizeof(rx));

		if (got < 0)
			return -errno;
		r = mnl_cb_run(&rx, (size_t)got, 0, mnl_socket_get_portid(s), fn, data);
	}
	return r < 0 ? -errno : 0;
}

static int connections_find(struct mnl_socket *s, struct search *search, mnl_cb_t fn)
{
	char bytes[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = request(bytes, IPCTNL_MSG_CT_GET, NLM_F_DUMP,
				       search->v[0].server.family == IP_V4 ? AF_INET : AF_INET6);

	if (search->n == 1 && ip_is_set(&search->v[0].vip))
		put_filter(nlh, &search->v[0]);
	else if (search->v[0].server.family != search->v[search->n - 1].server.family)
		((struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family = AF_UNSPEC;
	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return answers_read(s, fn, search);
}

/* False: it has gone by itself. */
static bool connection_delete(struct mnl_socket *s, const struct found *f)
{
	char bytes[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = request(bytes, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, f->family);

	memcpy(mnl_nlmsg_get_payload_tail(nlh), f->tuple, f->len);
	nlh->nlmsg_len += (uint32_t)MNL_ALIGN(f->len);
	return mnl_socket_sendto(s, nlh, nlh->nlmsg_len) >= 0 && answers_read(s, NULL, NULL) == 0;
}

int conntrack_forget(struct mnl_socket *s, struct conntrack_way *v, unsigned n)
{
	struct search search = {.v = v, .n = n};
	int r, count = 0;

	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), way_compare);
	search.a = arena_new();
	r = connections_find(s, &search, connection_take);
	for (unsigned i = 0; r == 0 && i < search.found.n; i++)
		count += connection_delete(s, &search.found.v[i]);
	arena_free(search.a);
	return r < 0 ? r : count;
}

int conntrack_count(struct mnl_socket *s, struct conntrack_way *v, unsigned n)
{
	struct search search = {.v = v, .n = n};

	if (!n)
		return 0;
	for (unsigned i = 0; i < n; i++)
		v[i].count = 0;
	qsort(v, n, sizeof(*v), way_compare);
	return connections_find(s, &search, connection_count);
}
