/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The marks of nftables_ipvs mode: virtual server groups as one mark for IPVS, set by nftables when
 * a packet comes in. Names and form of the tables are keepalived's (lvs manual, "nftables mode").
 */
#ifndef HF_CORE_LVS_NFT_MARKS_H
#define HF_CORE_LVS_NFT_MARKS_H

#include "core/lvs/nft_text.h"
#include "model/lvs.h"

/* The addresses first..last with a port (0: any) get a mark. */
struct nft_mark {
	uint8_t protocol; /* enum lvs_protocol */
	struct ip_addr first, last;
	uint16_t port;
	uint32_t mark;
};

struct nft_marks {
	const char *table; /* NULL: the mode is off */
	int32_t priority;
	bool counters;
	VEC(struct nft_mark) v; /* sorted */
};

/* What a configuration asks for, in `a`, without reference to it. */
void nft_marks_gather(const struct conf *conf, struct arena *a, struct nft_marks *ret);

/* From one to the other: element by element while nothing else differs; `old` NULL: in place of
 * whatever is there. Empty text: nothing to do. */
void nft_marks_render(struct nft_text *t, const struct nft_marks *old, const struct nft_marks *new);

#endif
