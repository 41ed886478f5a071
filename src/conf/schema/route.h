/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words routes and rules share. */
#ifndef HF_CONF_SCHEMA_ROUTE_H
#define HF_CONF_SCHEMA_ROUTE_H

#include "conf/schema.h"
#include "model/route.h"

extern const struct choice route_tables[], route_protocols[], route_scopes[];

/* ADDRESS[/LENGTH], or default, any, all: then *ret is unset. A message and false for anything
 * else. */
bool route_read_prefix(struct bind *b, const struct conf_word *w, struct ip_addr *ret,
		       uint8_t *ret_len);
/* The same as a row: a struct ip_addr at its offset, the length at offset2. */
row_parse_fn route_parse_prefix;
row_print_fn route_print_prefix;

/* A number of 64 bits in C notation. */
row_parse_fn route_parse_id;
row_print_fn route_print_id;

/* REALM[/REALM], a struct conf_realms at the row's offset; with one realm it is the destination's.
 */
row_parse_fn route_parse_realms;
row_print_fn route_print_realms;

/* [inet|inet6] ADDRESS, a struct ip_addr at the row's offset. */
row_parse_fn route_parse_via;
row_print_fn route_print_via;

/* Reports a word no row of `blk` knows. */
void route_report_word(struct bind *b, const struct block *blk, const struct conf_word *w);

/* Takes back an option, if it is set, and says why. */
void route_drop_option(struct bind *b, const struct block *blk, void *obj, unsigned bit,
		       const char *why);

/* Adds a family to what is known (*family, IP_NONE: nothing yet); false when they differ. */
bool route_family_join(uint8_t *family, const struct ip_addr *a);

/* Another originator than ours is put back, with a message, unless nothing is tracked. */
void route_check_protocol(struct bind *b, struct conf_block *block, unsigned bit, uint8_t *protocol,
			  bool no_track);

extern const struct block schema_encap, schema_nexthop;

#endif
