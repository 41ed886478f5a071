/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the wanted and the present addresses, a hash over their keys and a queue of those that
 * changed in a way that may ask for removal. Must not know: instances, netlink.
 */
#include "core/reconcile/address_book.h"

#include <assert.h>
#include <string.h>

struct slot {
	struct address_key key;
	uint32_t owners;
	bool present, queued;
};

struct address_book {
	struct slot *slots;
	unsigned n, max;
	uint32_t *table; /* open addressing, slot + 1; power of two */
	uint32_t mask;
	uint32_t *queue; /* ring of slots to look at for removal */
	unsigned head, queued;
};

struct address_book *address_book_new(struct arena *a, unsigned max)
{
	struct address_book *b = arena_new_of(a, struct address_book);
	uint32_t size = 16;

	while (size < max * 2)
		size *= 2;
	b->max = max;
	b->mask = size - 1;
	b->slots = arena_alloc(a, max * sizeof(*b->slots));
	b->queue = arena_alloc(a, max * sizeof(*b->queue));
	b->table = arena_alloc(a, size * sizeof(*b->table));
	return b;
}

static bool key_equal(const struct address_key *x, const struct address_key *y)
{
	return x->link == y->link && x->prefix == y->prefix && ip_equal(&x->addr, &y->addr);
}

/* FNV-1a over what makes a key. */
static uint32_t key_hash(const struct address_key *k)
{
	uint32_t h = 2166136261u ^ k->link ^ (uint32_t)k->prefix << 24;

	for (size_t i = 0; i < sizeof(k->addr.b); i++)
		h = (h ^ k->addr.b[i]) * 16777619u;
	return h;
}

/* Where the key is in the table, or the free place where it belongs. */
static uint32_t *place(const struct address_book *b, const struct address_key *key)
{
	uint32_t i = key_hash(key) & b->mask;

	while (b->table[i] && !key_equal(&b->slots[b->table[i] - 1].key, key))
		i = (i + 1) & b->mask;
	return &b->table[i];
}

uint32_t address_book_find(const struct address_book *b, const struct address_key *key)
{
	uint32_t at = *place(b, key);

	return at ? at - 1 : ADDRESS_NONE;
}

uint32_t address_book_add(struct address_book *b, const struct address_key *key)
{
	uint32_t *at = place(b, key);

	if (!*at) {
		assert(b->n < b->max);
		b->slots[b->n].key = *key;
		*at = ++b->n;
	}
	return *at - 1;
}

const struct address_key *address_book_key(const struct address_book *b, uint32_t slot)
{
	return &b->slots[slot].key;
}

unsigned address_book_count(const struct address_book *b)
{
	return b->n;
}

static void look_again(struct address_book *b, uint32_t slot)
{
	if (b->slots[slot].queued)
		return;
	b->slots[slot].queued = true;
	b->queue[(b->head + b->queued++) % b->max] = slot;
}

void address_book_want(struct address_book *b, uint32_t slot)
{
	b->slots[slot].owners++;
}

void address_book_unwant(struct address_book *b, uint32_t slot)
{
	assert(b->slots[slot].owners > 0);
	if (--b->slots[slot].owners == 0)
		look_again(b, slot);
}

bool address_book_wanted(const struct address_book *b, uint32_t slot)
{
	return b->slots[slot].owners > 0;
}

void address_book_seen(struct address_book *b, uint32_t slot, bool present)
{
	b->slots[slot].present = present;
	if (present && !b->slots[slot].owners)
		look_again(b, slot);
}

bool address_book_present(const struct address_book *b, uint32_t slot)
{
	return b->slots[slot].present;
}

/* Drops from the head of the queue what needs no removal any more. */
static void skip_settled(struct address_book *b)
{
	while (b->queued) {
		struct slot *s = &b->slots[b->queue[b->head]];

		if (s->present && !s->owners)
			return;
		s->queued = false;
		b->head = (b->head + 1) % b->max;
		b->queued--;
	}
}

bool address_book_has_surplus(struct address_book *b)
{
	skip_settled(b);
	return b->queued > 0;
}

unsigned address_book_surplus(struct address_book *b, uint32_t *ret, unsigned max)
{
	unsigned n = 0;

	while (n < max && address_book_has_surplus(b)) {
		uint32_t slot = b->queue[b->head];

		b->slots[slot].queued = false;
		b->head = (b->head + 1) % b->max;
		b->queued--;
		ret[n++] = slot;
	}
	return n;
}
