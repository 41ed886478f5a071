/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the libnftables context (the library is opened by the one worker that needs it), the two
 * netlink sockets (netfilter, routes) that answer what the text is written from, and one that hears
 * when the answers change.
 *
 * libnftables reads names of tables, chains and maps before each transaction, which takes time in
 * proportion to them; the elements it does not read. Its messages go into its own buffer, never to
 * a descriptor of ours.
 *
 * Must not know: services.
 */
#include "io/nft_lvs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/library.h"
#include "io/memory.h"
#include "io/netns.h"

/* What libnftables makes of a transaction of this size is worth giving back. */
#define LARGE ((size_t)64 * 1024)

struct functions {
	struct nft_ctx *(*ctx_new)(uint32_t);
	void (*ctx_free)(struct nft_ctx *);
	int (*buffer_error)(struct nft_ctx *);
	int (*buffer_output)(struct nft_ctx *);
	const char *(*error_text)(struct nft_ctx *);
	int (*run)(struct nft_ctx *, const char *);
	void (*dry_run)(struct nft_ctx *, bool);
};

struct nft_lvs {
	struct functions nft;
	struct nft_ctx *ctx;
	struct mnl_socket *netfilter, *routes, *monitor;
	uint32_t seq;
	_Alignas(8) char rx[32768];
};

/* ---- transactions ---- */

int nft_lvs_run(struct nft_lvs *n, const char *text, const char **ret_error)
{
	int r;

	*ret_error = "";
	if (!*text)
		return 0;
	errno = 0;
	r = n->nft.run(n->ctx, text);
	if (strlen(text) > LARGE)
		memory_trim();
	if (r == 0)
		return 0;
	r = errno ? -errno : -EINVAL;
	*ret_error = n->nft.error_text(n->ctx);
	return r;
}

int nft_lvs_try(struct nft_lvs *n, const char *text, const char **ret_error)
{
	int r;

	n->nft.dry_run(n->ctx, true);
	r = nft_lvs_run(n, text, ret_error);
	n->nft.dry_run(n->ctx, false);
	return r;
}

/* ---- questions ---- */

typedef int (*answer_fn)(const struct nlmsghdr *nlh, void *data);

static int ask(struct nft_lvs *n, struct mnl_socket *s, struct nlmsghdr *nlh, answer_fn fn,
	       void *data)
{
	uint32_t seq = nlh->nlmsg_seq;
	int r = 1;

	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (r > 0) {
		ssize_t got = mnl_socket_recvfrom(s, n->rx, sizeof(n->rx));

		if (got < 0)
			return -errno;
		r = mnl_cb_run(n->rx, (size_t)got, seq, mnl_socket_get_portid(s), fn, data);
		if (r < 0)
			return -errno;
		/* An answer that is no dump has no end mark. */
		if (r > 0 && !(((struct nlmsghdr *)n->rx)->nlmsg_flags & NLM_F_MULTI))
			break;
	}
	return 0;
}

struct gathering {
	struct arena *a;
	struct nft_names *ret, *hooked;
};

static void hooks_take(const struct nftnl_chain *c, struct gathering *g)
{
	const char *const *names = nftnl_chain_get_array(c, NFTNL_CHAIN_DEVICES);

	for (; names && *names; names++)
		vec_push(g->a, &g->hooked->v, arena_strdup(g->a, *names));
}

static int chain_take(const struct nlmsghdr *nlh, void *data)
{
	struct gathering *g = data;
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (c && nftnl_chain_nlmsg_parse(nlh, c) == 0 &&
	    str_eq0(nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE), NFT_TABLE)) {
		vec_push(g->a, &g->ret->v,
			 arena_strdup(g->a, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME)));
		if (g->hooked)
			hooks_take(c, g);
	}
	nftnl_chain_free(c);
	return MNL_CB_OK;
}

static int map_take(const struct nlmsghdr *nlh, void *data)
{
	struct gathering *g = data;
	struct nftnl_set *s = nftnl_set_alloc();
	uint32_t flags = 0;

	if (s && nftnl_set_nlmsg_parse(nlh, s) == 0)
		flags = nftnl_set_get_u32(s, NFTNL_SET_FLAGS);
	if ((flags & NFT_SET_MAP) && !(flags & NFT_SET_ANONYMOUS) &&
	    str_eq0(nftnl_set_get_str(s, NFTNL_SET_TABLE), NFT_TABLE))
		vec_push(g->a, &g->ret->v,
			 arena_strdup(g->a, nftnl_set_get_str(s, NFTNL_SET_NAME)));
	nftnl_set_free(s);
	return MNL_CB_OK;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(struct nft_lvs *n, uint16_t type, uint16_t family, struct gathering g)
{
	char bytes[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(bytes, type, family, NLM_F_DUMP, ++n->seq);
	int r;

	if (type == NFT_MSG_GETSET)
		mnl_attr_put_strz(nlh, NFTA_SET_TABLE, NFT_TABLE);
	r = ask(n, n->netfilter, nlh, type == NFT_MSG_GETSET ? map_take : chain_take, &g);
	if (g.ret->v.n)
		qsort(g.ret->v.v, g.ret->v.n, sizeof(*g.ret->v.v), name_compare);
	return r == -ENOENT ? 0 : r;
}

int nft_lvs_present(struct nft_lvs *n, struct arena *a, struct nft_present *ret)
{
	int r;

	*ret = (struct nft_present){0};
	r = names_read(n, NFT_MSG_GETCHAIN, NFPROTO_INET, (struct gathering){a, &ret->nat_chains});
	if (r == 0 && ret->nat_chains.v.n)
		r = names_read(n, NFT_MSG_GETSET, NFPROTO_INET,
			       (struct gathering){a, &ret->nat_maps});
	if (r == 0)
		r = names_read(n, NFT_MSG_GETCHAIN, NFPROTO_NETDEV,
			       (struct gathering){a, &ret->dr_chains, &ret->hooked});
	if (r == 0 && ret->dr_chains.v.n)
		r = names_read(n, NFT_MSG_GETSET, NFPROTO_NETDEV,
			       (struct gathering){a, &ret->dr_maps});
	if (ret->hooked.v.n)
		qsort(ret->hooked.v.v, ret->hooked.v.n, sizeof(*ret->hooked.v.v), name_compare);
	return r;
}

static int handle_take(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_table *t = nftnl_table_alloc();
	uint64_t *ret = data;

	if (t && nftnl_table_nlmsg_parse(nlh, t) == 0)
		*ret = nftnl_table_get_u64(t, NFTNL_TABLE_HANDLE);
	nftnl_table_free(t);
	return MNL_CB_OK;
}

int nft_lvs_handles(struct nft_lvs *n, uint64_t ret[2])
{
	static const uint16_t families[] = {NFPROTO_INET, NFPROTO_NETDEV};
	int r = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(families) && r == 0; i++) {
		char bytes[512] __attribute__((aligned(NLMSG_ALIGNTO)));
		struct nlmsghdr *nlh =
			nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETTABLE, families[i], 0, ++n->seq);

		ret[i] = 0;
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NFT_TABLE);
		r = ask(n, n->netfilter, nlh, handle_take, &ret[i]);
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}

static int generation_take(const struct nlmsghdr *nlh, void *data)
{
	uint32_t *ret = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			*ret = ntohl(mnl_attr_get_u32(attr));
	}
	return MNL_CB_OK;
}

uint32_t nft_lvs_generation(struct nft_lvs *n)
{
	char bytes[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh =
		nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0, ++n->seq);
	uint32_t generation = 0;

	return ask(n, n->netfilter, nlh, generation_take, &generation) == 0 ? generation : 0;
}

/* ---- interfaces and routes ---- */

struct looking {
	struct arena *a;
	struct nft_options *devices;
	const char *name;
	unsigned type, out; /* of a route */
	bool gateway;
};

static struct nlmsghdr *route_request(struct nft_lvs *n, char *bytes, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(bytes);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++n->seq;
	return nlh;
}

static const char *name_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			return mnl_attr_get_str(attr);
	}
	return NULL;
}

static int device_take(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(nlh);
	struct looking *l = data;
	const char *name = name_of(nlh);

	/* What nft would read as something else than a name. */
	if (i->ifi_type != ARPHRD_ETHER || !(i->ifi_flags & IFF_UP) || !name ||
	    strpbrk(name, "\"*\\"))
		return MNL_CB_OK;
	vec_push(l->a, &l->devices->devices, arena_strdup(l->a, name));
	l->devices->devices_sum += (uint32_t)i->ifi_index * 2654435761u;
	return MNL_CB_OK;
}

static int name_take(const struct nlmsghdr *nlh, void *data)
{
	struct looking *l = data;

	l->name = arena_strdup(l->a, name_of(nlh));
	return MNL_CB_OK;
}

/* Not if_indextoname(): our sockets may live in another namespace. */
static const char *link_name(struct nft_lvs *n, unsigned index, struct arena *a)
{
	char bytes[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = route_request(n, bytes, RTM_GETLINK, 0);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(nlh, sizeof(*i));
	struct looking l = {.a = a};

	i->ifi_index = (int)index;
	return ask(n, n->routes, nlh, name_take, &l) == 0 ? l.name : NULL;
}

int nft_lvs_devices(struct nft_lvs *n, struct arena *a, struct nft_options *ret)
{
	char bytes[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = route_request(n, bytes, RTM_GETLINK, NLM_F_DUMP);
	struct looking l = {.a = a, .devices = ret};
	int r;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	ret->devices.n = 0;
	ret->devices_sum = 0;
	r = ask(n, n->routes, nlh, device_take, &l);
	if (ret->devices.n)
		qsort(ret->devices.v, ret->devices.n, sizeof(*ret->devices.v), name_compare);
	return r;
}

static int route_take(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
	struct looking *l = data;
	const struct nlattr *attr;

	l->type = m->rtm_type;
	mnl_attr_for_each(attr, nlh, sizeof(*m))
	{
		if (mnl_attr_get_type(attr) == RTA_OIF &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			l->out = mnl_attr_get_u32(attr);
		l->gateway |= mnl_attr_get_type(attr) == RTA_GATEWAY ||
			      mnl_attr_get_type(attr) == RTA_VIA;
	}
	return MNL_CB_OK;
}

int nft_lvs_link(struct nft_lvs *n, const struct ip_addr *addr, struct arena *a,
		 struct nft_link *ret)
{
	char bytes[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = route_request(n, bytes, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	struct looking l = {0};
	int r;

	m->rtm_family = addr->family == IP_V4 ? AF_INET : AF_INET6;
	m->rtm_dst_len = (unsigned char)ip_bits(addr);
	mnl_attr_put(nlh, RTA_DST, ip_len(addr), addr->b);
	r = ask(n, n->routes, nlh, route_take, &l);
	if (r < 0)
		return r == -ENETUNREACH ? -EHOSTUNREACH : r;
	*ret = (struct nft_link){.addr = *addr, .local = l.type == RTN_LOCAL};
	if (ret->local)
		return 0;
	if (l.gateway || !l.out)
		return -EHOSTUNREACH;
	ret->ifindex = l.out;
	ret->device = link_name(n, l.out, a);
	return ret->device ? 0 : -EHOSTUNREACH;
}

/* ---- opening and closing ---- */

int nft_lvs_count(struct nft_lvs *n, struct conntrack_way *v, unsigned count)
{
	return conntrack_count(n->netfilter, v, count);
}

int nft_lvs_forget(struct nft_lvs *n, struct conntrack_way *v, unsigned count)
{
	return conntrack_forget(n->netfilter, v, count);
}

int nft_lvs_fd(const struct nft_lvs *n)
{
	return mnl_socket_get_fd(n->monitor);
}

/* What was lost (ENOBUFS) has changed something, too: that is all one wants to know. */
bool nft_lvs_heed(struct nft_lvs *n)
{
	bool news = false;

	while (recv(nft_lvs_fd(n), n->rx, sizeof(n->rx), MSG_DONTWAIT) > 0 || errno == ENOBUFS) {
		news = true;
		errno = 0;
	}
	return news;
}

static int socket_open(int bus, unsigned groups, struct mnl_socket **ret)
{
	*ret = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!*ret || mnl_socket_bind(*ret, groups, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

static int context_open(struct nft_lvs *n, const char **ret_error)
{
	static const char *const names[] = {
		"nft_ctx_new",
		"nft_ctx_free",
		"nft_ctx_buffer_error",
		"nft_ctx_buffer_output",
		"nft_ctx_get_error_buffer",
		"nft_run_cmd_from_buffer",
		"nft_ctx_set_dry_run",
	};
	void *functions[ARRAY_SIZE(names)];
	int r;

	_Static_assert(sizeof(functions) == sizeof(n->nft), "a name for each function");
	r = library_open("libnftables.so.1", names, functions, ARRAY_SIZE(names), ret_error);
	if (r < 0)
		return r;
	memcpy(&n->nft, functions, sizeof(functions));
	n->ctx = n->nft.ctx_new(NFT_CTX_DEFAULT);
	if (!n->ctx || n->nft.buffer_error(n->ctx) || n->nft.buffer_output(n->ctx))
		return -ENOMEM;
	return 0;
}

static int open_here(struct nft_lvs **ret, const char **ret_error)
{
	struct nft_lvs *n = calloc(1, sizeof(*n));
	int r;

	*ret_error = "";
	if (!n)
		return -ENOMEM;
	r = socket_open(NETLINK_NETFILTER, 0, &n->netfilter);
	if (r == 0)
		r = socket_open(NETLINK_ROUTE, 0, &n->routes);
	if (r == 0)
		r = socket_open(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
				&n->monitor);
	if (r == 0)
		r = context_open(n, ret_error);
	if (r < 0) {
		nft_lvs_close(n);
		return r;
	}
	*ret = n;
	return 0;
}

int nft_lvs_open(const char *namespace, struct nft_lvs **ret, const char **ret_error)
{
	int back, r;

	if (!namespace)
		return open_here(ret, ret_error);
	*ret_error = "the namespace can't be entered";
	back = netns_current();
	if (back < 0)
		return back;
	r = netns_enter(namespace);
	if (r < 0) {
		close(back);
		return r;
	}
	r = open_here(ret, ret_error);
	if (netns_return(back) < 0)
		abort(); /* all that follows would be in the wrong place */
	return r;
}

struct nft_lvs *nft_lvs_close(struct nft_lvs *n)
{
	if (!n)
		return NULL;
	if (n->ctx)
		n->nft.ctx_free(n->ctx);
	if (n->netfilter)
		mnl_socket_close(n->netfilter);
	if (n->routes)
		mnl_socket_close(n->routes);
	if (n->monitor)
		mnl_socket_close(n->monitor);
	free(n);
	return NULL;
}
