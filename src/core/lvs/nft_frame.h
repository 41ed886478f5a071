/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the nftables engine's tables have whatever the services: hooks and the maps that lead on.
 * For nft_*.c only. */
#ifndef HF_CORE_LVS_NFT_FRAME_H
#define HF_CORE_LVS_NFT_FRAME_H

#include "core/lvs/nft_ruleset.h"

/* Adds tables, maps and hooks, all empty but for the rules of the hooks. Chains must be empty. */
void nft_frame_nat(struct nft_text *t);
/* `present`: what is there of the table; hooks on the wanted interfaces stay. */
void nft_frame_dr(struct nft_text *t, const struct nft_options *o,
		  const struct nft_present *present);
bool nft_frame_has_chain(const char *name); /* one of these */
bool nft_frame_has_map(const char *name);

#define NFT_FLOW_SEED "0x686f6c64"
/* What a connection is remembered by. Of many, some have the same hash. */
#define NFT_FLOW "meta mark . th sport"

/* As its priority: this packet is of a service where nobody takes connections. */
#define NFT_REFUSED "dead:dead"

/* The first packet of a connection. */
#define NFT_TCP_FLAGS "tcp flags & (fin | syn | rst | ack)"
#define NFT_SYN NFT_TCP_FLAGS " == syn"
#define NFT_NO_SYN NFT_TCP_FLAGS " != syn"

#endif
