/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of links and addresses that netlink.c keeps: an index by (interface, address), so that
 * every question costs the same with two addresses and with two thousand. Private to io/.
 *
 * An entry also remembers how many deletions we did ourselves whose notification is still to
 * come; until then it stays, absent, and older news about the address are not believed.
 */
#ifndef HF_IO_PICTURE_H
#define HF_IO_PICTURE_H

#include "io/netlink.h"

struct picture;

struct picture *picture_new(void);
struct picture *picture_free(struct picture *p);

/* A new round of a dump begins: what is not put before picture_sweep() is gone. */
void picture_mark(struct picture *p);
void picture_sweep(struct picture *p, const struct netlink_events *ev);

/* From the kernel: changes the picture and tells what is new in it. */
void picture_link(struct picture *p, const struct link_state *l, bool gone,
		  const struct netlink_events *ev);
void picture_address(struct picture *p, const struct address_state *a, bool gone,
		     const struct netlink_events *ev);

/* Our own change was done; `echo`: a notification of it will come. Tells nobody. */
void picture_own(struct picture *p, const struct address_state *a, bool gone, bool echo);

const struct link_state *picture_link_by_name(const struct picture *p, const char *name);
const struct link_state *picture_link_by_index(const struct picture *p, uint32_t index);
bool picture_has_address(const struct picture *p, uint32_t ifindex, const struct ip_addr *a,
			 uint8_t prefix);
/* Every address present, oldest first within one interface when `ifindex` is not 0. */
void picture_each(const struct picture *p, uint32_t ifindex,
		  bool (*fn)(void *ctx, const struct address_state *a), void *ctx);

#endif
