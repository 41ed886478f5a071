/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service as the nftables engine sees it: what is forwarded how, by which names. For nft_*.c
 * only. */
#ifndef HF_CORE_LVS_NFT_SERVICE_H
#define HF_CORE_LVS_NFT_SERVICE_H

#include "core/lvs/nft_ruleset.h"
#include "core/lvs/nft_slots.h"

enum nft_mode { NFT_NAT, NFT_DR };

#define NFT_NAME_MAX 96

struct nft_dest {
	const struct dest *d;
	uint32_t id;   /* never 0; unique in the service, and what clients and flows remember */
	uint16_t port; /* 0: that of the packet stays */
	const struct nft_link *link; /* DR; NULL: not known */
	char chain[NFT_NAME_MAX];    /* "" when it needs none */
};

struct nft_service {
	const struct service *s;
	enum nft_mode mode;
	bool v6;
	bool apart; /* each server has a rule of its own, see nft_ruleset.c */
	char chain[NFT_NAME_MAX];
	char persist[NFT_NAME_MAX]; /* map of clients, "": not persistent */
	char map_suffix[16];	    /* "4", "6-any", "4-mark": which maps know its key */
	char key[NFT_NAME_MAX];	    /* its key in them */
	char transport[64];	    /* a match that rules with ports need */
	VEC(struct nft_dest) dests;
};

/* In `a`; `o` may be NULL: links stay unknown. */
struct nft_service *nft_service_new(const struct service *s, const struct nft_options *o,
				    struct arena *a);

/* Who takes the next connection; n is 0: nobody. */
struct nft_slots nft_service_slots(const struct nft_service *n, struct arena *a);
/* Whether the slots are hit by a hash of the client or the address (else turns, or any hash). */
bool nft_service_is_hashed(const struct nft_service *n);

#endif
