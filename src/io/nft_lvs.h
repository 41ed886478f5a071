/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of the nftables engine: runs the text of a transaction (libnftables) and says
 * what is there. The text is core/lvs/nft_ruleset.h's.
 */
#ifndef HF_IO_NFT_LVS_H
#define HF_IO_NFT_LVS_H

#include "io/conntrack.h"
#include "model/nft.h"

struct nft_lvs;

/* In the named network namespace, or (NULL) that of the calling thread. 0, or -errno and what is
 * missing ("" or valid for a while). */
int nft_lvs_open(const char *namespace, struct nft_lvs **ret, const char **ret_error);
struct nft_lvs *nft_lvs_close(struct nft_lvs *n);

/* All of the text or nothing of it. 0, or -errno and what nftables says about it, valid until the
 * next call. */
int nft_lvs_run(struct nft_lvs *n, const char *text, const char **ret_error);

/* Whether it would be taken; nothing is changed. As nft_lvs_run(). */
int nft_lvs_try(struct nft_lvs *n, const char *text, const char **ret_error);

/* Handles of our tables, the inet one first; 0: there is none. Another handle is another table. 0 or
 * -errno. */
int nft_lvs_handles(struct nft_lvs *n, uint64_t ret[2]);

/* The number of the rules in force here: each transaction, whoever's, adds 1. 0 when it can't be had. */
uint32_t nft_lvs_generation(struct nft_lvs *n);

/* Names of chains and maps in our tables, in `a`; none where there is no table. 0 or -errno. */
int nft_lvs_present(struct nft_lvs *n, struct arena *a, struct nft_present *ret);

/* Ethernet interfaces that are up, sorted, in `a`. 0 or -errno. */
int nft_lvs_devices(struct nft_lvs *n, struct arena *a, struct nft_options *ret);

/* The way to an address by the routing table. -EHOSTUNREACH: there is none, or it leads through a
 * gateway; other -errno. The device is in `a`. */
int nft_lvs_link(struct nft_lvs *n, const struct ip_addr *addr, struct arena *a,
		 struct nft_link *ret);

/* Counts the connections of these ways (io/conntrack.h). 0 or -errno. */
int nft_lvs_count(struct nft_lvs *n, struct conntrack_way *v, unsigned count);
/* Forgets connections that would stay with a server that is gone (io/conntrack.h): their number, or
 * -errno. */
int nft_lvs_forget(struct nft_lvs *n, struct conntrack_way *v, unsigned count);

/* Readable when interfaces or routes have changed. */
int nft_lvs_fd(const struct nft_lvs *n);
/* Whether they have since the last call. */
bool nft_lvs_heed(struct nft_lvs *n);

#endif
