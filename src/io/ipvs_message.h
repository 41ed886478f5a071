/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of generic netlink family IPVS, for ipvs.c and its tests. */
#ifndef HF_IO_IPVS_MESSAGE_H
#define HF_IO_IPVS_MESSAGE_H

#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include "io/ipvs.h"

#define IPVS_REQUEST_MAX 512 /* bytes; the longest has well under 400 */

/* A request's headers at `at` (IPVS_REQUEST_MAX bytes, zeroed here). */
struct nlmsghdr *ipvs_request(char *at, uint16_t family, uint8_t command, uint16_t flags,
			      uint32_t seq);

/* A service to add, change or delete. */
void ipvs_put_service(struct nlmsghdr *h, const struct service *s);
/* The service in a request about one of its destinations: without its persistence. */
void ipvs_put_service_of_dest(struct nlmsghdr *h, const struct service *s);
/* Only what identifies it. */
void ipvs_put_service_key(struct nlmsghdr *h, const struct service *s);
void ipvs_put_dest(struct nlmsghdr *h, const struct dest *d);
void ipvs_put_timeouts(struct nlmsghdr *h, const struct ipvs_timeouts *t);
void ipvs_put_sync_daemon(struct nlmsghdr *h, bool master, const struct conf_lvs_sync_daemon *d);

/* What a dump tells; false: nothing that can be used. */
bool ipvs_read_service(const struct nlmsghdr *h, struct service *ret);
/* Destinations without a family are of that of the service. */
bool ipvs_read_dest(const struct nlmsghdr *h, const struct service *of, struct dest *ret);
/* Of the same message: its connections; of TCP and SCTP those that are established. */
uint32_t ipvs_read_connections(const struct nlmsghdr *h, uint8_t protocol);
void ipvs_read_timeouts(const struct nlmsghdr *h, struct ipvs_timeouts *ret);

#endif
