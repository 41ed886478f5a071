/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: two nftables tables (ip and ip6) with these rules, in libnftnl's objects:
 *
 *	in:  ip daddr @vips drop		out: ip saddr @vips drop
 *	ip6 the same, after accepting neighbour solicitations and advertisements, and link-local
 *	addresses by (address . interface): ip6 daddr . iif @vips_link_local drop
 *
 * Must not know: instances, accept mode.
 */
#include "io/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_SIZE 32768
#define ELEMENTS_MOST 128 /* of one request */

/* nftables' numbers of data types, for tools that print the sets */
#define TYPE_IP4 7
#define TYPE_IP6 8
#define TYPE_IFINDEX 20
#define TYPE_PAIR(a, b) ((a) << 6 | (b))

struct firewall {
	struct mnl_socket *socket;
	char table[256];
	int32_t priority;
	bool counters;
	bool made[2]; /* the family's table is there: ip, ip6 */
	uint32_t sequence;
	char buffer[BATCH_SIZE * 2];
	struct mnl_nlmsg_batch *batch;
};

/* ---- batches ---- */

static void batch_begin(struct firewall *f)
{
	f->batch = mnl_nlmsg_batch_start(f->buffer, BATCH_SIZE);
	nftnl_batch_begin(mnl_nlmsg_batch_current(f->batch), f->sequence++);
	mnl_nlmsg_batch_next(f->batch);
}

static struct nlmsghdr *message(struct firewall *f, uint16_t type, uint16_t family, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(f->batch), type, family, flags | NLM_F_ACK,
				     f->sequence++);
}

static int acks_read(struct firewall *f)
{
	char answer[8192];
	int result = 0;
	ssize_t n;

	/* The kernel answers a batch before the send returns. */
	while ((n = recv(mnl_socket_get_fd(f->socket), answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
		int left = (int)n;

		for (struct nlmsghdr *h = (void *)answer; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

			if (h->nlmsg_type == NLMSG_ERROR && e->error && !result)
				result = e->error;
		}
	}
	return result;
}

static int batch_end(struct firewall *f)
{
	int r;

	nftnl_batch_end(mnl_nlmsg_batch_current(f->batch), f->sequence++);
	mnl_nlmsg_batch_next(f->batch);
	r = mnl_socket_sendto(f->socket, mnl_nlmsg_batch_head(f->batch), mnl_nlmsg_batch_size(f->batch)) < 0
		    ? -errno
		    : acks_read(f);
	mnl_nlmsg_batch_stop(f->batch);
	return r;
}

/* ---- tables, chains, sets ---- */

static void table_put(struct firewall *f, uint16_t family, uint16_t type, uint16_t flags)
{
	struct nftnl_table *t = nftnl_table_alloc();

	nftnl_table_set_str(t, NFTNL_TABLE_NAME, f->table);
	nftnl_table_nlmsg_build_payload(message(f, type, family, flags), t);
	nftnl_table_free(t);
	mnl_nlmsg_batch_next(f->batch);
}

/* hook -1: a chain that others jump to */
static void chain_put(struct firewall *f, uint16_t family, const char *name, int hook)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, f->table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
	if (hook >= 0) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, (uint32_t)hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, f->priority);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	nftnl_chain_nlmsg_build_payload(message(f, NFT_MSG_NEWCHAIN, family, NLM_F_CREATE), c);
	nftnl_chain_free(c);
	mnl_nlmsg_batch_next(f->batch);
}

static void set_put(struct firewall *f, uint16_t family, const char *name, uint32_t type, uint32_t key_len,
		    uint32_t id)
{
	struct nftnl_set *s = nftnl_set_alloc();

	nftnl_set_set_str(s, NFTNL_SET_TABLE, f->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(s, NFTNL_SET_FAMILY, family);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, key_len);
	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	nftnl_set_nlmsg_build_payload(message(f, NFT_MSG_NEWSET, family, NLM_F_CREATE), s);
	nftnl_set_free(s);
	mnl_nlmsg_batch_next(f->batch);
}

/* ---- rules ---- */

static void expr_payload(struct nftnl_rule *r, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *e = nftnl_expr_alloc("payload");

	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
	nftnl_rule_add_expr(r, e);
}

static void expr_meta(struct nftnl_rule *r, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = nftnl_expr_alloc("meta");

	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
	nftnl_rule_add_expr(r, e);
}

static void expr_compare(struct nftnl_rule *r, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = nftnl_expr_alloc("cmp");

	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
	nftnl_rule_add_expr(r, e);
}

static void expr_lookup(struct nftnl_rule *r, const char *set, uint32_t id)
{
	struct nftnl_expr *e = nftnl_expr_alloc("lookup");

	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, id);
	nftnl_rule_add_expr(r, e);
}

/* `chain` for NFT_GOTO only. */
static void expr_verdict(struct firewall *f, struct nftnl_rule *r, uint32_t verdict, const char *chain)
{
	struct nftnl_expr *e;

	if (f->counters)
		nftnl_rule_add_expr(r, nftnl_expr_alloc("counter"));
	e = nftnl_expr_alloc("immediate");
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, verdict);
	if (chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
	nftnl_rule_add_expr(r, e);
}

static struct nftnl_rule *rule_begin(struct firewall *f, uint16_t family, const char *chain)
{
	struct nftnl_rule *r = nftnl_rule_alloc();

	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, f->table);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_u32(r, NFTNL_RULE_FAMILY, family);
	return r;
}

static void rule_end(struct firewall *f, uint16_t family, struct nftnl_rule *r)
{
	nftnl_rule_nlmsg_build_payload(message(f, NFT_MSG_NEWRULE, family, NLM_F_CREATE | NLM_F_APPEND), r);
	nftnl_rule_free(r);
	mnl_nlmsg_batch_next(f->batch);
}

/* address @vips drop */
static void rule_drop(struct firewall *f, uint16_t family, const char *chain, uint32_t offset, uint32_t len)
{
	struct nftnl_rule *r = rule_begin(f, family, chain);

	expr_payload(r, NFT_PAYLOAD_NETWORK_HEADER, offset, len, NFT_REG_1);
	expr_lookup(r, "vips", 1);
	expr_verdict(f, r, NF_DROP, NULL);
	rule_end(f, family, r);
}

/* Without neighbour discovery nobody could reach the virtual router's MAC. */
static void rule_neighbours(struct firewall *f, const char *chain, uint8_t icmp_type)
{
	struct nftnl_rule *r = rule_begin(f, NFPROTO_IPV6, chain);
	uint8_t protocol = IPPROTO_ICMPV6;

	expr_meta(r, NFT_META_L4PROTO, NFT_REG_1);
	expr_compare(r, NFT_CMP_EQ, &protocol, 1);
	expr_payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	expr_compare(r, NFT_CMP_EQ, &icmp_type, 1);
	expr_verdict(f, r, NF_ACCEPT, NULL);
	rule_end(f, NFPROTO_IPV6, r);
}

/* fe80::/10 goes to the chain that also looks at the interface. */
static void rule_link_local(struct firewall *f, const char *chain, const char *to, uint32_t offset)
{
	struct nftnl_rule *r = rule_begin(f, NFPROTO_IPV6, chain);
	struct nftnl_expr *e = nftnl_expr_alloc("bitwise");
	const uint8_t mask[2] = {0xff, 0xc0}, zero[2] = {0}, net[2] = {0xfe, 0x80};

	expr_payload(r, NFT_PAYLOAD_NETWORK_HEADER, offset, 2, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, 2);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, 2);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, 2);
	nftnl_rule_add_expr(r, e);
	expr_compare(r, NFT_CMP_EQ, net, 2);
	expr_verdict(f, r, (uint32_t)NFT_GOTO, to);
	rule_end(f, NFPROTO_IPV6, r);
}

static void rule_drop_link_local(struct firewall *f, const char *chain, uint32_t offset, uint32_t meta)
{
	struct nftnl_rule *r = rule_begin(f, NFPROTO_IPV6, chain);

	expr_payload(r, NFT_PAYLOAD_NETWORK_HEADER, offset, 16, NFT_REG_1);
	expr_meta(r, meta, NFT_REG_2);
	expr_lookup(r, "vips_link_local", 2);
	expr_verdict(f, r, NF_DROP, NULL);
	rule_end(f, NFPROTO_IPV6, r);
}

static void ip4_make(struct firewall *f)
{
	set_put(f, NFPROTO_IPV4, "vips", TYPE_IP4, 4, 1);
	chain_put(f, NFPROTO_IPV4, "in", NF_INET_LOCAL_IN);
	chain_put(f, NFPROTO_IPV4, "out", NF_INET_LOCAL_OUT);
	rule_drop(f, NFPROTO_IPV4, "in", 16, 4);
	rule_drop(f, NFPROTO_IPV4, "out", 12, 4);
}

static void ip6_chain_make(struct firewall *f, const char *name, int hook, const char *local, uint32_t offset,
			   uint32_t meta)
{
	chain_put(f, NFPROTO_IPV6, local, -1);
	chain_put(f, NFPROTO_IPV6, name, hook);
	rule_drop_link_local(f, local, offset, meta);
	rule_neighbours(f, name, ND_NEIGHBOR_SOLICIT);
	rule_neighbours(f, name, ND_NEIGHBOR_ADVERT);
	rule_link_local(f, name, local, offset);
	rule_drop(f, NFPROTO_IPV6, name, offset, 16);
}

static void ip6_make(struct firewall *f)
{
	set_put(f, NFPROTO_IPV6, "vips", TYPE_IP6, 16, 1);
	set_put(f, NFPROTO_IPV6, "vips_link_local", TYPE_PAIR(TYPE_IP6, TYPE_IFINDEX), 20, 2);
	ip6_chain_make(f, "in", NF_INET_LOCAL_IN, "in_link_local", 24, NFT_META_IIF);
	ip6_chain_make(f, "out", NF_INET_LOCAL_OUT, "out_link_local", 8, NFT_META_OIF);
}

static uint16_t family_of(unsigned which)
{
	return which ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

static int make(struct firewall *f, unsigned which)
{
	int r;

	batch_begin(f);
	table_put(f, family_of(which), NFT_MSG_NEWTABLE, NLM_F_CREATE);
	if (which)
		ip6_make(f);
	else
		ip4_make(f);
	r = batch_end(f);
	f->made[which] = r == 0;
	return r;
}

/* ---- elements ---- */

static bool by_link(const struct ip_addr *a)
{
	return a->family == IP_V6 && ip_is_link_local(a);
}

static void element_put(struct nftnl_set *s, const struct firewall_element *e)
{
	struct nftnl_set_elem *n = nftnl_set_elem_alloc();
	uint8_t key[20];
	uint32_t len = (uint32_t)ip_len(&e->addr);

	memcpy(key, e->addr.b, len);
	if (by_link(&e->addr)) {
		memcpy(key + 16, &e->ifindex, 4);
		len = 20;
	}
	nftnl_set_elem_set(n, NFTNL_SET_ELEM_KEY, key, len);
	nftnl_set_elem_add(s, n);
}

/* Elements of one family and set, as one message. Returns how many there were. */
static unsigned elements_put(struct firewall *f, unsigned which, bool local, bool add,
			     const struct firewall_element *v, unsigned n)
{
	struct nftnl_set *s = nftnl_set_alloc();
	unsigned count = 0;

	nftnl_set_set_str(s, NFTNL_SET_TABLE, f->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, local ? "vips_link_local" : "vips");
	for (unsigned i = 0; i < n; i++) {
		if ((v[i].addr.family == IP_V6) != which || by_link(&v[i].addr) != local)
			continue;
		element_put(s, &v[i]);
		count++;
	}
	if (count) {
		nftnl_set_elems_nlmsg_build_payload(message(f, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
							    family_of(which), add ? NLM_F_CREATE : 0),
						    s);
		mnl_nlmsg_batch_next(f->batch);
	}
	nftnl_set_free(s);
	return count;
}

static int change_family(struct firewall *f, unsigned which, bool add, const struct firewall_element *v,
			 unsigned n)
{
	unsigned count;
	int r;

	if (add && !f->made[which] && (r = make(f, which)) < 0)
		return r;
	if (!f->made[which])
		return 0;
	batch_begin(f);
	count = elements_put(f, which, false, add, v, n);
	if (which)
		count += elements_put(f, which, true, add, v, n);
	if (!count) {
		mnl_nlmsg_batch_stop(f->batch);
		return 0;
	}
	r = batch_end(f);
	return r == -ENOENT && !add ? 0 : r;
}

int firewall_change(struct firewall *f, bool add, const struct firewall_element *v, unsigned n)
{
	int result = 0;

	for (unsigned from = 0; from < n; from += ELEMENTS_MOST) {
		unsigned part = n - from < ELEMENTS_MOST ? n - from : ELEMENTS_MOST;

		for (unsigned which = 0; which < 2; which++) {
			bool any = false;
			int r;

			for (unsigned i = from; i < from + part; i++)
				any |= (v[i].addr.family == IP_V6) == which;
			r = any ? change_family(f, which, add, v + from, part) : 0;
			if (r < 0)
				result = r;
		}
	}
	return result;
}

/* ---- opening and closing ---- */

/* A table that isn't there is no error: create it first, in the same transaction. */
static void tables_delete(struct firewall *f)
{
	for (unsigned which = 0; which < 2; which++) {
		batch_begin(f);
		table_put(f, family_of(which), NFT_MSG_NEWTABLE, NLM_F_CREATE);
		table_put(f, family_of(which), NFT_MSG_DELTABLE, 0);
		batch_end(f);
		f->made[which] = false;
	}
}

int firewall_open(const struct firewall_options *o, struct firewall **ret)
{
	struct firewall *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!f->socket || mnl_socket_bind(f->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = -errno;

		if (f->socket)
			mnl_socket_close(f->socket);
		free(f);
		return r;
	}
	strncpy(f->table, o->table ? o->table : "keepalived", sizeof(f->table) - 1);
	f->priority = o->priority;
	f->counters = o->counters;
	f->sequence = (uint32_t)time(NULL);
	tables_delete(f);
	*ret = f;
	return 0;
}

struct firewall *firewall_close(struct firewall *f)
{
	if (!f)
		return NULL;
	tables_delete(f);
	mnl_socket_close(f->socket);
	free(f);
	return NULL;
}
