/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as the nftables engine has to know it: what io/ finds out and core/lvs writes the
 * ruleset from.
 */
#ifndef HF_MODEL_NFT_H
#define HF_MODEL_NFT_H

#include "base/ip.h"
#include "base/vec.h"

#define NFT_TABLE "holdfast_lvs"

/* The way to a DR server, which must be a neighbour. */
struct nft_link {
	struct ip_addr addr;
	bool local;	    /* the server is this machine */
	const char *device; /* unless local */
	uint32_t ifindex;   /* the kernel's rules hold this, not the name */
};

struct nft_options {
	/* Ethernet interfaces where packets to DR services arrive, sorted. */
	VEC(const char *) devices;
	uint32_t devices_sum; /* another one when one of them is a new one of the old name */
	/* Sorted by address; a DR server that is not here gets nothing. */
	VEC(struct nft_link) links;
};

struct nft_names {
	VEC(const char *) v; /* sorted */
};

/* What the tables of our name have. */
struct nft_present {
	struct nft_names nat_chains, nat_maps, dr_chains, dr_maps;
	struct nft_names hooked; /* the interfaces of the chain `ingress` */
};

#endif
