/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual servers as an nftables ruleset, for kernels without IPVS: desired services -> the text of
 * one transaction, for `nft -f` or libnftables.
 *
 * Two tables of one name, ours alone. NAT lives in family inet, where connection tracking keeps
 * established connections going whatever the rules say later. DR lives in family netdev at ingress:
 * the frame goes on, unchanged, to the server's MAC, which the kernel resolves. Each service is a
 * chain of its own, found through a map; a changed service re-writes its chain and nothing else.
 *
 * What this engine can't do is in nft_limits.h.
 */
#ifndef HF_CORE_LVS_NFT_RULESET_H
#define HF_CORE_LVS_NFT_RULESET_H

#include "core/lvs/nft_text.h"
#include "model/nft.h"
#include "model/service.h"

/* For those who fill the lists of model/nft.h. */
void nft_links_sort(struct nft_options *o);
void nft_names_sort(struct nft_names *n);
/* Of sorted links that to a server, or NULL. */
const struct nft_link *nft_link_find(const struct nft_options *o, const struct ip_addr *addr);

/* 0, or -EOPNOTSUPP: this engine can't forward to it (see nft_limits.h). */
int nft_dest_check(const struct service *s, const struct dest *d);
/* Whether the netdev table is needed. */
bool nft_service_is_dr(const struct service *s);

/* Everything, in place of what is `present` in tables of our name: what connections and clients
 * hold (persistence, flows) stays. `dr`: the netdev table as well. */
void nft_render_start(struct nft_text *t, const struct nft_options *o,
		      const struct nft_present *present, const struct service_table *desired,
		      bool dr);

/* From one state of a service to another; either may be NULL, not both. The tables are there. */
void nft_render_service(struct nft_text *t, const struct nft_options *o, const struct service *old,
			const struct service *new);

/* The netdev table, when the first DR service comes after the start. */
void nft_render_dr_frame(struct nft_text *t, const struct nft_options *o);
/* Only its hooks, after the devices have changed. `hooked`: there are some now. */
void nft_render_devices(struct nft_text *t, const struct nft_options *o, bool hooked);

/* Removes what nft_render_start() made; `dr` as there. */
void nft_render_stop(struct nft_text *t, bool dr);

#endif
