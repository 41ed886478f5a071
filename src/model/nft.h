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
};

struct nft_options {
	VEC(const char *)
	devices; /* Ethernet interfaces where packets to DR services arrive, sorted */
	VEC(struct nft_link)
	links; /* sorted by address; a DR server that is not here gets nothing */
};

struct nft_names {
	VEC(const char *) v; /* sorted */
};

/* What the tables of our name have. */
struct nft_present {
	struct nft_names nat_chains, nat_maps, dr_chains, dr_maps;
};

#endif
