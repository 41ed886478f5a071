/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine around the DR services of the nftables engine. */
#ifndef HF_PROC_LVS_NFT_WORLD_H
#define HF_PROC_LVS_NFT_WORLD_H

#include "base/arena.h"
#include "model/nft.h"
#include "model/service.h"

struct nft_lvs;

struct nft_world {
	struct nft_lvs *nft;
	struct arena *arena;
	struct nft_options now; /* in `arena`: what the rules know */
	struct arena *told_arena;
	VEC(struct ip_addr) told; /* DR servers without a way, as the log says */
};

/* `nft` stays the caller's. */
void nft_world_init(struct nft_world *w, struct nft_lvs *nft);
void nft_world_done(struct nft_world *w);

/* As it is now, for these services, in `a`. The log says which servers get or lose their way. */
void nft_world_look(struct nft_world *w, const struct service_table *t, struct arena *a,
		    struct nft_options *ret);
/* From now on that is what the rules know; `a` is the world's. */
void nft_world_take(struct nft_world *w, struct arena *a, const struct nft_options *now);
/* Both, and what was heard of changes is over. */
void nft_world_renew(struct nft_world *w, const struct service_table *t);
/* The ways to the servers of one more service. */
void nft_world_add(struct nft_world *w, const struct service *s);

/* Whether the way to each of its servers is the same in both. */
bool nft_world_ways_equal(const struct service *s, const struct nft_options *a,
			  const struct nft_options *b);
/* How many servers of these services have no way, and the first of them. */
unsigned nft_world_wayless(const struct nft_world *w, const struct service_table *t,
			   struct ip_addr *ret_first);

#endif
