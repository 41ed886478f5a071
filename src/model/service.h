/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of load balancing: services and their destinations as they should be or as they
 * are. Made by core/lvs, compared by core/reconcile, read and carried out by the engines in io/.
 *
 * A table is sorted: services by service_key_compare(), destinations of one by dest_compare().
 */
#ifndef HF_MODEL_SERVICE_H
#define HF_MODEL_SERVICE_H

#include "base/ip.h"
#include "base/vec.h"

#define SERVICE_NAME_MAX 16 /* of schedulers and persistence engines, with the NUL */

/* A service is an address with protocol and port, or a mark with a family. */
struct service_key {
	uint8_t family;	  /* enum ip_family */
	uint8_t protocol; /* enum lvs_protocol; 0 for marks */
	uint16_t port;	  /* host order; 0: any */
	uint32_t fwmark;  /* 0: by address */
	struct ip_addr addr;
};

struct dest {
	struct ip_addr addr; /* may be of another family for tunnels */
	uint16_t port;	     /* host order */
	uint8_t method;	     /* enum lvs_method */
	uint8_t tun_type, tun_flags;
	uint16_t tun_port;
	uint32_t weight; /* 0..INT32_MAX */
	uint32_t uthreshold, lthreshold;
};

struct service {
	struct service_key key;
	char scheduler[SERVICE_NAME_MAX];
	char pe[SERVICE_NAME_MAX]; /* persistence engine, "": none */
	uint32_t flags;		   /* enum lvs_service_flags; without PERSISTENT, see timeout */
	uint32_t timeout;	   /* seconds of persistence, 0: none */
	uint32_t netmask;	   /* IPv4: mask in host order, IPv6: prefix length */
	bool masquerade;	   /* nftables engine only */
	uint32_t vs;		   /* id of the virtual server; CONF_NONE in an observed table */
	VEC(struct dest) dests;
};

struct service_table {
	VEC(struct service) services;
};

/* A destination whose connections are asked for. */
struct dest_census {
	const struct service *service;
	const struct dest *dest;
	uint32_t connections;
};
#define DEST_CENSUS_UNKNOWN UINT32_MAX

enum service_change_kind {
	SERVICE_ADD,
	SERVICE_SET,
	DEST_ADD,
	DEST_SET,
	DEST_DEL,
	SERVICE_DEL,
};

/* One request to the kernel. `service` is never NULL, `dest` is for the DEST_ kinds. */
struct service_change {
	enum service_change_kind kind;
	const struct service *service;
	const struct dest *dest;
	int error; /* result: 0 or -errno */
};

typedef VEC(struct service_change) service_changes;

#endif
