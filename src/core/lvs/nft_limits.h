/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the nftables engine can't do, for those who judge a configuration. No code: a list.
 *
 * Errors (the service or server would not be served):
 *   - TUN, in any form: nftables does not encapsulate.
 *   - DR of a mark: at ingress, where DR works, no packet has its mark yet.
 *   - NAT and DR servers of weight > 0 in one virtual server (a sorry server may differ: it serves
 * alone).
 *   - a server of another family than its virtual server.
 *   - lvs_sync_daemon: there are no connections of ours to synchronize. (DR needs none: every
 *     director chooses the same server for a connection.)
 *   - persistence_engine.
 *
 * Warnings (another thing happens, or nothing):
 *   - lc, wlc, lblc, lblcr, sed, nq, twos count connections, which the rules can't: lc is rr, wlc,
 *     sed, nq, twos are wrr; lblc and lblcr are dh; ovf is fo.
 *   - uthreshold, lthreshold: nothing counts connections.
 *   - sh-fallback, mh-fallback, flag-1, flag-3: a server of weight 0 or down is never chosen.
 *   - ops with NAT: connection tracking makes a flow of the datagrams.
 *   - rr and wrr with DR: by the hash of each connection, so in proportion, not in turn.
 *   - persistence with NAT: the time counts from a client's last new connection.
 *   - weights in ratios finer than 1:1024 are rounded.
 *   - lvs_timeouts: those of connection tracking (net.netfilter.nf_conntrack_*) count; with DR
 *     those of IPVS (TCP 900 s, UDP 300 s, 60 s before and after a connection).
 *
 * For the manual:
 *   - DR: interfaces must be Ethernet, servers neighbours; fragments but the first of a datagram
 *     stay, and so do ICMP errors (path MTU): use net.ipv4.tcp_mtu_probing on the servers.
 *   - from NAT to DR or back, connections are reset: packets take the new way at once.
 *   - DR: clients on the director itself don't reach the service.
 *   - NAT without `masquerade` needs the director as the servers' gateway, as IPVS does.
 */
#ifndef HF_CORE_LVS_NFT_LIMITS_H
#define HF_CORE_LVS_NFT_LIMITS_H

#endif
