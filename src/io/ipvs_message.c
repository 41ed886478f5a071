/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes of the IPVS messages, both ways. Addresses are 16 bytes, ports in network order, the
 * rest in host order.
 */
#include "io/ipvs_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"

#define IPVS_VERSION 1
#define FLAGS_KEPT (LVS_ONEPACKET | LVS_SCHED1 | LVS_SCHED2 | LVS_SCHED3)

struct nlmsghdr *ipvs_request(char *at, uint16_t family, uint8_t command, uint16_t flags,
			      uint32_t seq)
{
	struct genlmsghdr *g;
	struct nlmsghdr *h;

	memset(at, 0, IPVS_REQUEST_MAX);
	h = mnl_nlmsg_put_header(at);
	h->nlmsg_type = family;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = seq;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->cmd = command;
	g->version = IPVS_VERSION;
	return h;
}

static uint16_t kernel_family(uint8_t family)
{
	return family == IP_V6 ? AF_INET6 : AF_INET;
}

static void put_address(struct nlmsghdr *h, uint16_t type, const struct ip_addr *a)
{
	mnl_attr_put(h, type, sizeof(a->b), a->b);
}

/* ---- service ---- */

static void put_key(struct nlmsghdr *h, const struct service_key *k)
{
	mnl_attr_put_u16(h, IPVS_SVC_ATTR_AF, kernel_family(k->family));
	if (k->fwmark > 0) {
		mnl_attr_put_u32(h, IPVS_SVC_ATTR_FWMARK, k->fwmark);
		return;
	}
	mnl_attr_put_u16(h, IPVS_SVC_ATTR_PROTOCOL, k->protocol);
	put_address(h, IPVS_SVC_ATTR_ADDR, &k->addr);
	mnl_attr_put_u16(h, IPVS_SVC_ATTR_PORT, htons(k->port));
}

static uint32_t full_netmask(const struct service *s)
{
	return s->key.family == IP_V6 ? 128 : UINT32_MAX;
}

static uint32_t kernel_netmask(const struct service *s)
{
	return s->key.family == IP_V6 ? s->netmask : htonl(s->netmask);
}

static void put_service(struct nlmsghdr *h, const struct service *s, bool persistent)
{
	struct nlattr *nest = mnl_attr_nest_start(h, IPVS_CMD_ATTR_SERVICE);
	struct ip_vs_flags flags = {.flags = s->flags & FLAGS_KEPT, .mask = UINT32_MAX};

	put_key(h, &s->key);
	mnl_attr_put_strz(h, IPVS_SVC_ATTR_SCHED_NAME, s->scheduler);
	if (persistent && s->pe[0])
		mnl_attr_put_strz(h, IPVS_SVC_ATTR_PE_NAME, s->pe);
	if (persistent)
		flags.flags |= IP_VS_SVC_F_PERSISTENT;
	mnl_attr_put(h, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	mnl_attr_put_u32(h, IPVS_SVC_ATTR_TIMEOUT, persistent ? s->timeout : 0);
	mnl_attr_put_u32(h, IPVS_SVC_ATTR_NETMASK,
			 persistent ? kernel_netmask(s) : full_netmask(s));
	mnl_attr_nest_end(h, nest);
}

void ipvs_put_service(struct nlmsghdr *h, const struct service *s)
{
	put_service(h, s, s->timeout > 0);
}

void ipvs_put_service_of_dest(struct nlmsghdr *h, const struct service *s)
{
	put_service(h, s, false);
}

void ipvs_put_service_key(struct nlmsghdr *h, const struct service *s)
{
	struct nlattr *nest = mnl_attr_nest_start(h, IPVS_CMD_ATTR_SERVICE);

	put_key(h, &s->key);
	mnl_attr_nest_end(h, nest);
}

/* ---- destination ---- */

static void put_tunnel(struct nlmsghdr *h, const struct dest *d)
{
	mnl_attr_put_u8(h, IPVS_DEST_ATTR_TUN_TYPE, d->tun_type);
	if (d->tun_type == LVS_TUN_GUE)
		mnl_attr_put_u16(h, IPVS_DEST_ATTR_TUN_PORT, htons(d->tun_port));
	if (d->tun_type != LVS_TUN_IPIP)
		mnl_attr_put_u16(h, IPVS_DEST_ATTR_TUN_FLAGS, d->tun_flags);
}

void ipvs_put_dest(struct nlmsghdr *h, const struct dest *d)
{
	struct nlattr *nest = mnl_attr_nest_start(h, IPVS_CMD_ATTR_DEST);

	mnl_attr_put_u16(h, IPVS_DEST_ATTR_ADDR_FAMILY, kernel_family(d->addr.family));
	put_address(h, IPVS_DEST_ATTR_ADDR, &d->addr);
	mnl_attr_put_u16(h, IPVS_DEST_ATTR_PORT, htons(d->port));
	mnl_attr_put_u32(h, IPVS_DEST_ATTR_FWD_METHOD, d->method);
	mnl_attr_put_u32(h, IPVS_DEST_ATTR_WEIGHT, d->weight);
	if (d->method == LVS_TUN)
		put_tunnel(h, d);
	mnl_attr_put_u32(h, IPVS_DEST_ATTR_U_THRESH, d->uthreshold);
	mnl_attr_put_u32(h, IPVS_DEST_ATTR_L_THRESH, d->lthreshold);
	mnl_attr_nest_end(h, nest);
}

/* ---- settings ---- */

void ipvs_put_timeouts(struct nlmsghdr *h, const struct ipvs_timeouts *t)
{
	mnl_attr_put_u32(h, IPVS_CMD_ATTR_TIMEOUT_TCP, t->tcp);
	mnl_attr_put_u32(h, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, t->tcpfin);
	mnl_attr_put_u32(h, IPVS_CMD_ATTR_TIMEOUT_UDP, t->udp);
}

static void put_sync_group(struct nlmsghdr *h, const struct ip_addr *group)
{
	if (group->family == IP_V4)
		mnl_attr_put(h, IPVS_DAEMON_ATTR_MCAST_GROUP, 4, group->b);
	else if (group->family == IP_V6)
		mnl_attr_put(h, IPVS_DAEMON_ATTR_MCAST_GROUP6, 16, group->b);
}

void ipvs_put_sync_daemon(struct nlmsghdr *h, bool master, const struct conf_lvs_sync_daemon *d)
{
	struct nlattr *nest = mnl_attr_nest_start(h, IPVS_CMD_ATTR_DAEMON);

	mnl_attr_put_u32(h, IPVS_DAEMON_ATTR_STATE, master ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP);
	mnl_attr_put_strz(h, IPVS_DAEMON_ATTR_MCAST_IFN, d->interface);
	mnl_attr_put_u32(h, IPVS_DAEMON_ATTR_SYNC_ID, d->sync_id);
	if (d->maxlen > 0)
		mnl_attr_put_u16(h, IPVS_DAEMON_ATTR_SYNC_MAXLEN, d->maxlen);
	if (d->port > 0)
		mnl_attr_put_u16(h, IPVS_DAEMON_ATTR_MCAST_PORT, d->port);
	if (d->ttl > 0)
		mnl_attr_put_u8(h, IPVS_DAEMON_ATTR_MCAST_TTL, d->ttl);
	put_sync_group(h, &d->group);
	mnl_attr_nest_end(h, nest);
}

/* ---- reading ---- */

#define ATTRS_MAX 24

struct attrs {
	const struct nlattr *v[ATTRS_MAX];
};

static void attrs_note(struct attrs *a, const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ATTRS_MAX)
		a->v[type] = attr;
}

/* The attributes nested in the one of this type; false: there is none. */
static bool attrs_nested(const struct nlmsghdr *h, uint16_t type, struct attrs *ret)
{
	const struct nlattr *outer, *attr;

	mnl_attr_for_each(outer, h, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(outer) != type)
			continue;
		*ret = (struct attrs){0};
		mnl_attr_for_each_nested(attr, outer)
			attrs_note(ret, attr);
		return true;
	}
	return false;
}

static uint32_t get_u32(const struct attrs *a, unsigned type)
{
	const struct nlattr *attr = a->v[type];

	return attr && mnl_attr_get_payload_len(attr) >= 4 ? mnl_attr_get_u32(attr) : 0;
}

static uint16_t get_u16(const struct attrs *a, unsigned type)
{
	const struct nlattr *attr = a->v[type];

	return attr && mnl_attr_get_payload_len(attr) >= 2 ? mnl_attr_get_u16(attr) : 0;
}

static struct ip_addr get_address(const struct attrs *a, unsigned type, uint8_t family)
{
	const struct nlattr *attr = a->v[type];
	size_t need = family == IP_V6 ? 16 : 4;

	if (!attr || mnl_attr_get_payload_len(attr) < need)
		return (struct ip_addr){0};
	return ip_from_bytes(family, mnl_attr_get_payload(attr));
}

static void get_name(const struct attrs *a, unsigned type, char ret[SERVICE_NAME_MAX])
{
	const struct nlattr *attr = a->v[type];

	if (attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		str_copy(ret, SERVICE_NAME_MAX, mnl_attr_get_str(attr));
}

static void read_key(const struct attrs *a, struct service_key *k)
{
	k->fwmark = get_u32(a, IPVS_SVC_ATTR_FWMARK);
	if (k->fwmark > 0)
		return;
	k->protocol = (uint8_t)get_u16(a, IPVS_SVC_ATTR_PROTOCOL);
	k->addr = get_address(a, IPVS_SVC_ATTR_ADDR, k->family);
	k->port = ntohs(get_u16(a, IPVS_SVC_ATTR_PORT));
}

static uint8_t our_family(uint16_t family)
{
	return family == AF_INET6 ? IP_V6 : family == AF_INET ? IP_V4 : IP_NONE;
}

bool ipvs_read_service(const struct nlmsghdr *h, struct service *ret)
{
	struct ip_vs_flags flags = {0};
	struct attrs a;

	*ret = (struct service){.vs = CONF_NONE};
	if (!attrs_nested(h, IPVS_CMD_ATTR_SERVICE, &a))
		return false;
	ret->key.family = our_family(get_u16(&a, IPVS_SVC_ATTR_AF));
	if (ret->key.family == IP_NONE)
		return false;
	read_key(&a, &ret->key);
	get_name(&a, IPVS_SVC_ATTR_SCHED_NAME, ret->scheduler);
	get_name(&a, IPVS_SVC_ATTR_PE_NAME, ret->pe);
	if (a.v[IPVS_SVC_ATTR_FLAGS] &&
	    mnl_attr_get_payload_len(a.v[IPVS_SVC_ATTR_FLAGS]) >= sizeof(flags))
		memcpy(&flags, mnl_attr_get_payload(a.v[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	ret->flags = flags.flags & FLAGS_KEPT;
	if (flags.flags & IP_VS_SVC_F_PERSISTENT)
		ret->timeout = get_u32(&a, IPVS_SVC_ATTR_TIMEOUT);
	ret->netmask = get_u32(&a, IPVS_SVC_ATTR_NETMASK);
	if (ret->key.family == IP_V4)
		ret->netmask = ntohl(ret->netmask);
	return true;
}

bool ipvs_read_dest(const struct nlmsghdr *h, const struct service *of, struct dest *ret)
{
	uint8_t family;
	struct attrs a;

	*ret = (struct dest){0};
	if (!attrs_nested(h, IPVS_CMD_ATTR_DEST, &a))
		return false;
	family = our_family(get_u16(&a, IPVS_DEST_ATTR_ADDR_FAMILY));
	ret->addr = get_address(&a, IPVS_DEST_ATTR_ADDR, family ? family : of->key.family);
	ret->port = ntohs(get_u16(&a, IPVS_DEST_ATTR_PORT));
	ret->method = (uint8_t)(get_u32(&a, IPVS_DEST_ATTR_FWD_METHOD) & IP_VS_CONN_F_FWD_MASK);
	ret->weight = get_u32(&a, IPVS_DEST_ATTR_WEIGHT);
	ret->uthreshold = get_u32(&a, IPVS_DEST_ATTR_U_THRESH);
	ret->lthreshold = get_u32(&a, IPVS_DEST_ATTR_L_THRESH);
	if (a.v[IPVS_DEST_ATTR_TUN_TYPE])
		ret->tun_type = mnl_attr_get_u8(a.v[IPVS_DEST_ATTR_TUN_TYPE]);
	ret->tun_port = ntohs(get_u16(&a, IPVS_DEST_ATTR_TUN_PORT));
	ret->tun_flags = (uint8_t)get_u16(&a, IPVS_DEST_ATTR_TUN_FLAGS);
	return ip_is_set(&ret->addr);
}

uint32_t ipvs_read_connections(const struct nlmsghdr *h, uint8_t protocol)
{
	bool ends = protocol == LVS_TCP || protocol == LVS_SCTP;
	struct attrs a;

	if (!attrs_nested(h, IPVS_CMD_ATTR_DEST, &a))
		return 0;
	return get_u32(&a, IPVS_DEST_ATTR_ACTIVE_CONNS) +
	       (ends ? 0 : get_u32(&a, IPVS_DEST_ATTR_INACT_CONNS));
}

void ipvs_read_timeouts(const struct nlmsghdr *h, struct ipvs_timeouts *ret)
{
	const struct nlattr *attr;
	struct attrs a = {0};

	mnl_attr_for_each(attr, h, sizeof(struct genlmsghdr))
		attrs_note(&a, attr);
	ret->tcp = get_u32(&a, IPVS_CMD_ATTR_TIMEOUT_TCP);
	ret->tcpfin = get_u32(&a, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN);
	ret->udp = get_u32(&a, IPVS_CMD_ATTR_TIMEOUT_UDP);
}
