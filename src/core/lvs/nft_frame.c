/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the hooks of the nftables engine and the maps through which they find a service's chain.
 * Must not know services.
 *
 * inet: prerouting and output lead to the service (marks first, then address and port, then any
 * port, the order of IPVS); what is of a service where nobody takes connections is refused with the
 * ICMP error that IPVS sends. A filter chain does that, because nat chains can't. The packet itself
 * says it (NFT_REFUSED): the rules may have changed since it was in the other chain.
 *
 * netdev: ingress leads to the service. Each connection has a number, the hash of its four ends and
 * protocol. By it and the client's port `flows` remembers which server has it as long as packets
 * come, a minute while the client has only asked for it or once it is `closing`. While a packet is
 * on its way through our chains, its mark is that number and its priority is the server; both are
 * cleared when it leaves them.
 */
#include "core/lvs/nft_frame.h"

#include "base/str.h"

#define FLOWS_MOST 1048576

static const char *const kinds[] = {"", "-any", "-mark"};
static const char *const nat_chains[] = {"prerouting",	 "output",	 "postrouting", "services",
					 "refuse-input", "refuse-local"};
static const char *const dr_chains[] = {"ingress", "flow4", "flow6"};

static const char *address_word(unsigned family)
{
	return family == 4 ? "ip" : "ip6";
}

static void put_map(struct nft_text *t, const char *table, const char *name, unsigned family,
		    unsigned kind, bool set)
{
	const char *of = family == 4 ? "ipv4_addr" : "ipv6_addr";
	const char *more = kind == 0 ? " . inet_proto . inet_service" : " . inet_proto";

	nft_put(t, "add %s %s " NFT_TABLE " %s%u%s { type %s%s%s; }\n", set ? "set" : "map", table,
		name, family, kinds[kind], kind == 2 ? "mark" : of, kind == 2 ? "" : more,
		set ? "" : " : verdict");
	nft_put(t, "flush %s %s " NFT_TABLE " %s%u%s\n", set ? "set" : "map", table, name, family,
		kinds[kind]);
}

static void put_maps(struct nft_text *t, const char *table, const char *name, bool set,
		     unsigned nkinds)
{
	for (unsigned family = 4; family <= 6; family += 2)
		for (unsigned kind = 0; kind < nkinds; kind++)
			put_map(t, table, name, family, kind, set);
}

/* The rules that look up whose a packet is. */
static void put_lookups(struct nft_text *t)
{
	const char *rule = "add rule inet " NFT_TABLE " services";

	for (unsigned family = 4; family <= 6; family += 2)
		nft_put(t, "%s meta nfproto ipv%u meta mark vmap @services%u-mark\n", rule, family,
			family);
	for (unsigned family = 4; family <= 6; family += 2) {
		const char *ip = address_word(family);

		nft_put(t, "%s %s daddr . meta l4proto . th dport vmap @services%u\n", rule, ip,
			family);
		nft_put(t, "%s %s daddr . meta l4proto vmap @services%u-any\n", rule, ip, family);
	}
}

/* The port of the first packet's destination has a type only where the protocol is known. */
static void put_masquerade(struct nft_text *t)
{
	const char *const protocols[] = {"tcp", "udp", "sctp"};
	const char *rule = "add rule inet " NFT_TABLE " postrouting ct status dnat";

	for (unsigned family = 4; family <= 6; family += 2) {
		const char *ip = address_word(family);

		nft_put(t, "%s meta nfproto ipv%u meta mark @masquerade%u-mark masquerade\n", rule,
			family, family);
		for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++)
			nft_put(t,
				"%s meta l4proto %s ct original %s daddr . meta l4proto . ct "
				"original proto-dst "
				"@masquerade%u masquerade\n",
				rule, protocols[i], ip, family);
		nft_put(t, "%s ct original %s daddr . meta l4proto @masquerade%u-any masquerade\n",
			rule, ip, family);
	}
}

static void put_hook(struct nft_text *t, const char *chain, const char *type, const char *hook,
		     const char *priority)
{
	nft_put(t, "add chain inet " NFT_TABLE " %s { type %s hook %s priority %s; }\n", chain,
		type, hook, priority);
}

static void put_refusal(struct nft_text *t, const char *chain)
{
	nft_put(t,
		"add rule inet " NFT_TABLE " %s meta priority " NFT_REFUSED
		" ct state new ct status & dnat == 0 reject with icmpx port-unreachable\n",
		chain);
}

void nft_frame_nat(struct nft_text *t)
{
	put_maps(t, "inet", "services", false, 3);
	put_maps(t, "inet", "masquerade", true, 3);
	nft_put(t, "add chain inet " NFT_TABLE " services\n");
	put_hook(t, "prerouting", "nat", "prerouting", "dstnat");
	put_hook(t, "output", "nat", "output", "-100");
	put_hook(t, "postrouting", "nat", "postrouting", "srcnat");
	put_hook(t, "refuse-input", "filter", "prerouting", "dstnat + 1");
	put_hook(t, "refuse-local", "filter", "output", "-99");
	put_lookups(t);
	nft_put(t, "add rule inet " NFT_TABLE " prerouting jump services\n"
		   "add rule inet " NFT_TABLE " output jump services\n");
	put_masquerade(t);
	put_refusal(t, "refuse-input");
	put_refusal(t, "refuse-local");
}

static void put_flow(struct nft_text *t, unsigned family)
{
	const char *ip = address_word(family);

	nft_put(t, "add chain netdev " NFT_TABLE " flow%u\n", family);
	nft_put(t,
		"add rule netdev " NFT_TABLE
		" flow%u meta mark set jhash %s saddr . th sport . %s daddr . th dport "
		". meta l4proto mod 4294967295 seed " NFT_FLOW_SEED "\n",
		family, ip, ip);
	/* A new connection with the ends of one that is over is not of its server. */
	nft_put(t,
		"add rule netdev " NFT_TABLE
		" flow%u " NFT_SYN " " NFT_FLOW " @closing delete @flows { " NFT_FLOW
		" : none } delete @closing { " NFT_FLOW " }\n",
		family);
	nft_put(t,
		"add rule netdev " NFT_TABLE
		" flow%u tcp flags & (fin | rst) != 0 update @closing { " NFT_FLOW " }\n",
		family);
}

static void put_hooks(struct nft_text *t, const struct nft_options *o)
{
	nft_put(t,
		"add chain netdev " NFT_TABLE " ingress { type filter hook ingress devices = { ");
	for (unsigned i = 0; i < o->devices.n; i++)
		nft_put(t, "%s\"%s\"", i ? ", " : "", o->devices.v[i]);
	nft_put(t, " } priority 0; }\n");
}

/* `ether type`: what has a VLAN tag here belongs to the VLAN's interface. `pkttype host`: a frame
 * to another MAC is not ours, a real server's for example that we see in passing. */
static void put_ingress(struct nft_text *t)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		const char *ip = address_word(family);

		for (unsigned kind = 0; kind < 2; kind++)
			nft_put(t,
				"add rule netdev " NFT_TABLE
				" ingress meta pkttype host ether type %s %s daddr "
				". meta l4proto%s vmap @services%u%s\n",
				ip, ip, kind == 0 ? " . th dport" : "", family, kinds[kind]);
	}
}

static bool hooks_are(const struct nft_names *hooked, const struct nft_options *o)
{
	if (!o->devices.n || hooked->v.n != o->devices.n)
		return false;
	for (unsigned i = 0; i < o->devices.n; i++)
		if (!str_eq(hooked->v.v[i], o->devices.v[i]))
			return false;
	return true;
}

static bool has_ingress(const struct nft_present *present)
{
	for (unsigned i = 0; i < present->dr_chains.v.n; i++)
		if (str_eq(present->dr_chains.v.v[i], "ingress"))
			return true;
	return false;
}

void nft_frame_dr(struct nft_text *t, const struct nft_options *o,
		  const struct nft_present *present)
{
	nft_put(t,
		"add map netdev " NFT_TABLE
		" flows { type mark . inet_service : classid; flags dynamic,timeout; size %u; "
		"timeout 900s; }\n"
		"add set netdev " NFT_TABLE
		" closing { type mark . inet_service; flags dynamic,timeout; size %u; timeout 60s; }\n",
		FLOWS_MOST, FLOWS_MOST);
	put_maps(t, "netdev", "services", false, 2);
	put_flow(t, 4);
	put_flow(t, 6);
	/* While a chain is replaced there is a moment without rules. */
	if (hooks_are(&present->hooked, o))
		put_ingress(t);
	else
		nft_render_devices(t, o, has_ingress(present));
}

void nft_render_devices(struct nft_text *t, const struct nft_options *o, bool hooked)
{
	if (hooked)
		nft_put(t, "delete chain netdev " NFT_TABLE " ingress\n");
	if (!o->devices.n)
		return;
	put_hooks(t, o);
	put_ingress(t);
}

bool nft_frame_has_chain(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(nat_chains); i++)
		if (str_eq(name, nat_chains[i]))
			return true;
	for (unsigned i = 0; i < ARRAY_SIZE(dr_chains); i++)
		if (str_eq(name, dr_chains[i]))
			return true;
	return false;
}

bool nft_frame_has_map(const char *name)
{
	return !str_starts(name, "clients-");
}
