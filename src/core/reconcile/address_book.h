/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that should be on this host against those that are. Several instances may want one
 * address (a VIP that moves from one to another is wanted by both for a moment, and so never leaves
 * the kernel). Start, crash recovery, reload and "somebody removed our address" are this one
 * comparison. Pure; the caller tells what it saw and did.
 */
#ifndef HF_CORE_RECONCILE_ADDRESS_BOOK_H
#define HF_CORE_RECONCILE_ADDRESS_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"

struct address_key {
	uint32_t link; /* the caller's number of the interface */
	struct ip_addr addr;
	uint8_t prefix;
};

struct address_book;

#define ADDRESS_NONE UINT32_MAX

/* A book for at most `max` different addresses, in the arena. */
struct address_book *address_book_new(struct arena *a, unsigned max);

/* The number of this address, new or known before. Asserts that there is room. */
uint32_t address_book_add(struct address_book *b, const struct address_key *key);
/* ... or ADDRESS_NONE when it was never added. */
uint32_t address_book_find(const struct address_book *b, const struct address_key *key);
const struct address_key *address_book_key(const struct address_book *b, uint32_t slot);
unsigned address_book_count(const struct address_book *b);

/* One more owner wants it / does not want it any longer. */
void address_book_want(struct address_book *b, uint32_t slot);
void address_book_unwant(struct address_book *b, uint32_t slot);
bool address_book_wanted(const struct address_book *b, uint32_t slot);

/* What the kernel has. */
void address_book_seen(struct address_book *b, uint32_t slot, bool present);
bool address_book_present(const struct address_book *b, uint32_t slot);

/* The next addresses that are there and that nobody wants; at most `max` into ret. The caller
 * removes them and says so with address_book_seen(); one that can't be removed is not offered again
 * until it is seen again. */
unsigned address_book_surplus(struct address_book *b, uint32_t *ret, unsigned max);
bool address_book_has_surplus(struct address_book *b);

#endif
