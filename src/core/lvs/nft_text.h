/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows: what the nftables renderers write into. */
#ifndef HF_CORE_LVS_NFT_TEXT_H
#define HF_CORE_LVS_NFT_TEXT_H

#include "base/arena.h"
#include "base/ip.h"

#include <stddef.h>

struct nft_text {
	struct arena *a;
	char *p; /* NUL-terminated; NULL while empty */
	size_t n, cap;
};

#define NFT_TEXT_IN(arena) ((struct nft_text){.a = (arena)})

/* Like printf, appended. */
void nft_put(struct nft_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nft_put_ip(struct nft_text *t, const struct ip_addr *a);
/* What was written so far, never NULL. */
const char *nft_text_of(const struct nft_text *t);

#endif
