/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop rules for virtual addresses that must not be accepted (accept mode off): an nftables table in
 * each family with a set of addresses, made when the first address comes and gone with the last.
 */
#ifndef HF_IO_FIREWALL_H
#define HF_IO_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct firewall;

struct firewall_options {
	const char *table; /* NULL: "keepalived" */
	int32_t priority;  /* of the base chains */
	bool counters;
};

/* An address on a link; `ifindex` matters for IPv6 link-local ones only. */
struct firewall_element {
	struct ip_addr addr;
	uint32_t ifindex;
};

/* Opens the socket; removes what a predecessor left in tables of this name. 0 or -errno. */
int firewall_open(const struct firewall_options *o, struct firewall **ret);
/* Deletes the tables; NULL is fine, returns NULL. */
struct firewall *firewall_close(struct firewall *f);

/* Adds or removes elements in one transaction each family; present or absent ones are fine.
 * 0 or -errno (then nothing of the family's part was done). */
int firewall_change(struct firewall *f, bool add, const struct firewall_element *v, unsigned n);

#endif
