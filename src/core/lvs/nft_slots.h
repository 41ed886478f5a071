/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of slots: how a number that the kernel counts or hashes becomes a destination. A turn
 * table is walked in order (round robin), a hash table is hit by the hash of a connection or
 * client.
 */
#ifndef HF_CORE_LVS_NFT_SLOTS_H
#define HF_CORE_LVS_NFT_SLOTS_H

#include "base/arena.h"

#include <stdint.h>

struct nft_candidate {
	uint32_t id;	 /* identity: the same server has the same in every table */
	uint32_t weight; /* > 0 */
	unsigned index;	 /* the caller's */
};

struct nft_slots {
	unsigned n;
	unsigned *index; /* of candidates, by slot */
};

#define NFT_TURNS_MOST 1024

/* Smooth weighted turns: of 5, 1, 1 becomes a a b a c a a. As many slots as the weights need after
 * division by what they have in common, at most NFT_TURNS_MOST (or one each): greater ones are
 * rounded, and no candidate gets none. */
struct nft_slots nft_slots_turns(const struct nft_candidate *c, unsigned n, struct arena *a);

/* A consistent table (Maglev; Eisenbud et al., NSDI 2016, 3.4) of a prime number of slots in
 * proportion to the weights: when a candidate leaves, the slots of the others mostly stay. Depends
 * on nothing but the candidates, so that two directors have the same. */
struct nft_slots nft_slots_hashed(const struct nft_candidate *c, unsigned n, struct arena *a);

#endif
