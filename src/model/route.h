/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes and policy rules, as configured: of an instance (virtual_routes, virtual_rules) or kept
 * whatever the state (static_routes, static_rules). The words are those of `ip route` and `ip
 * rule`.
 */
#ifndef HF_MODEL_ROUTE_H
#define HF_MODEL_ROUTE_H

#include "model/conf.h"

#define ROUTE_PROTO_OURS 18 /* keepalived's number in rt_protos */
#define ROUTE_TABLE_MAIN 254
#define ROUTE_MPLS_LABELS 2
#define RULE_PREFERENCE_FIRST 16384 /* rules without one count down from here, per family */

/* The kernel's numbers (RTN_*). */
enum route_type {
	ROUTE_UNICAST = 1,
	ROUTE_LOCAL,
	ROUTE_BROADCAST,
	ROUTE_ANYCAST,
	ROUTE_MULTICAST,
	ROUTE_BLACKHOLE,
	ROUTE_UNREACHABLE,
	ROUTE_PROHIBIT,
	ROUTE_THROW,
	ROUTE_NAT,
	ROUTE_XRESOLVE,
};

/* The kernel's numbers (RTAX_*): indices of conf_route.metric and bits of .metrics. */
enum route_metric {
	METRIC_MTU = 2,
	METRIC_WINDOW = 3,
	METRIC_RTT = 4,	   /* 1/8 ms */
	METRIC_RTTVAR = 5, /* 1/4 ms */
	METRIC_SSTHRESH = 6,
	METRIC_CWND = 7,
	METRIC_ADVMSS = 8,
	METRIC_REORDERING = 9,
	METRIC_HOPLIMIT = 10,
	METRIC_INITCWND = 11,
	METRIC_RTO_MIN = 13, /* ms */
	METRIC_INITRWND = 14,
	METRIC_QUICKACK = 15,
	METRIC_FASTOPEN_NO_COOKIE = 17,
	ROUTE_METRICS,
};

struct conf_metric {
	uint32_t value;
	bool lock;
};

struct conf_encap_ip { /* `encap ip` and `encap ip6` */
	struct conf_block block;
	bool has_id;
	uint64_t id;
	struct ip_addr dst, src;
	uint8_t tos, ttl; /* traffic class and hop limit of IPv6 */
	uint16_t flags;
};

struct conf_encap { /* exactly one kind */
	struct conf_block block;
	struct conf_encap_ip *ip, *ip6;
	uint8_t n_labels;
	uint32_t labels[ROUTE_MPLS_LABELS];
	bool has_ila;
	uint64_t ila; /* the locator, host order */
};

struct conf_realms {
	uint8_t from, to;
};

struct conf_nexthop {
	struct conf_block block;
	struct ip_addr via;
	const char *dev;
	uint16_t weight; /* 1..256; 0: not said */
	bool onlink;
	struct conf_realms realms;
	struct conf_encap *encap;
	bool bad; /* while reading: has a word that can't be used */
};

enum route_order { ROUTE_PREPEND, ROUTE_ADD, ROUTE_APPEND };
enum route_ttl_propagate { TTL_PROPAGATE_UNSET, TTL_PROPAGATE_ENABLED, TTL_PROPAGATE_DISABLED };

struct conf_route {
	struct conf_block block;
	uint8_t family;	    /* enum ip_family, final */
	uint8_t type;	    /* enum route_type or another number */
	struct ip_addr dst; /* unset: everything (default) */
	uint8_t dst_len, from_len;
	struct ip_addr src, via, via2, from; /* via2: `or` */
	uint8_t tos, protocol, scope, pref;
	bool has_pref;
	uint32_t table;
	uint32_t priority; /* `metric`; 0: not said */
	const char *dev, *vrf, *congctl, *track_group;
	bool congctl_lock, onlink, no_track;
	uint8_t features; /* 1: ecn */
	uint32_t expires; /* seconds; 0: never */
	uint8_t order;	  /* enum route_order */
	uint8_t ttl_propagate;
	struct conf_realms realms;
	uint32_t metrics; /* bits: which of these are given */
	struct conf_metric metric[ROUTE_METRICS];
	struct conf_encap *encap;
	VEC(struct conf_nexthop *) nexthops;
	bool inet, inet6;	     /* as written */
	bool default6, has_dst, bad; /* while reading */
};

enum rule_action { /* the kernel's numbers (FR_ACT_*) */
		   RULE_NONE = 0,
		   RULE_TABLE = 1,
		   RULE_GOTO = 2,
		   RULE_NOP = 3,
		   RULE_BLACKHOLE = 6,
		   RULE_UNREACHABLE = 7,
		   RULE_PROHIBIT = 8,
};

struct conf_range { /* lo > hi: not given */
	uint32_t lo, hi;
};

struct conf_rule {
	struct conf_block block;
	uint8_t family;		 /* enum ip_family, final */
	uint8_t action;		 /* enum rule_action, final */
	struct ip_addr from, to; /* unset: all */
	uint8_t from_len, to_len;
	bool invert, l3mdev, no_track, has_fwmark, has_preference, has_sport, has_dport, has_uid;
	uint32_t table, preference, goto_target;
	uint8_t tos, protocol, ip_proto;
	uint32_t fwmark, fwmask;
	struct conf_realms realms;
	int32_t suppress_prefixlength, suppress_ifgroup; /* -1: off */
	const char *iif, *oif, *track_group;
	uint64_t tunnel_id; /* 0: none */
	struct conf_range uid, sport, dport;
	bool inet, inet6, nop, blackhole, unreachable, prohibit; /* as written */
	bool type_word, bad;					 /* while reading */
};

#endif
