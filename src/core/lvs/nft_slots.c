/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the arithmetic that spreads slots over destinations by weight. Must not know addresses,
 * text.
 */
#include "core/lvs/nft_slots.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* ---- turns ---- */

static uint64_t weights_divide(const struct nft_candidate *c, unsigned n, uint32_t *weights)
{
	uint32_t divisor = 0;
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		divisor = common_divisor(divisor, c[i].weight);
	for (unsigned i = 0; i < n; i++)
		sum += weights[i] = c[i].weight / divisor;
	return sum;
}

static uint64_t weights_round(uint32_t *weights, unsigned n, uint64_t sum, uint64_t most)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t rounded = (uint32_t)((weights[i] * most + sum / 2) / sum);

		result += weights[i] = rounded ? rounded : 1;
	}
	return result;
}

/* Each candidate gains its weight, the richest takes the turn and pays all that was gained. */
static unsigned turn_take(int64_t *credit, const uint32_t *weights, unsigned n, uint64_t sum)
{
	unsigned best = 0;

	for (unsigned i = 0; i < n; i++) {
		credit[i] += weights[i];
		if (credit[i] > credit[best])
			best = i;
	}
	credit[best] -= (int64_t)sum;
	return best;
}

struct nft_slots nft_slots_turns(const struct nft_candidate *c, unsigned n, struct arena *a)
{
	uint64_t most = n > NFT_TURNS_MOST ? n : NFT_TURNS_MOST, sum;
	struct nft_slots r = {0};
	uint32_t *weights;
	int64_t *credit;

	if (!n)
		return r;
	weights = arena_alloc(a, n * sizeof(*weights));
	credit = arena_alloc(a, n * sizeof(*credit));
	sum = weights_divide(c, n, weights);
	if (sum > most)
		sum = weights_round(weights, n, sum, most);
	r.n = (unsigned)sum;
	r.index = arena_alloc(a, r.n * sizeof(*r.index));
	for (unsigned slot = 0; slot < r.n; slot++)
		r.index[slot] = c[turn_take(credit, weights, n, sum)].index;
	return r;
}

/* ---- hashed ---- */

/* Primes; one is enough for a good spread of a tenth as many candidates. */
static unsigned table_size(unsigned n)
{
	return n <= 16 ? 251 : n <= 64 ? 1021 : n <= 800 ? 8191 : 65521;
}

static uint32_t mix(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	h *= 0xc2b2ae35u;
	return h ^ h >> 16;
}

struct walker {
	unsigned offset, skip, next; /* its order of preference: offset + next * skip */
	uint64_t credit;	     /* in weights; a turn costs the greatest weight */
};

static unsigned slot_prefer(struct walker *w, unsigned size)
{
	return (unsigned)((w->offset + (uint64_t)w->next++ * w->skip) % size);
}

/* One round: who has gathered enough takes the first slot of his order that is free. */
static unsigned round_fill(struct walker *walkers, const struct nft_candidate *c, unsigned n,
			   struct nft_slots *r, uint32_t greatest, unsigned filled)
{
	for (unsigned i = 0; i < n && filled < r->n; i++) {
		unsigned slot;

		walkers[i].credit += c[i].weight;
		if (walkers[i].credit < greatest)
			continue;
		walkers[i].credit -= greatest;
		do
			slot = slot_prefer(&walkers[i], r->n);
		while (r->index[slot] != UINT32_MAX);
		r->index[slot] = c[i].index;
		filled++;
	}
	return filled;
}

struct nft_slots nft_slots_hashed(const struct nft_candidate *c, unsigned n, struct arena *a)
{
	struct nft_slots r = {0};
	struct walker *walkers;
	uint32_t greatest = 0;

	if (!n)
		return r;
	r.n = table_size(n);
	r.index = arena_alloc(a, r.n * sizeof(*r.index));
	memset(r.index, 0xff, r.n * sizeof(*r.index));
	walkers = arena_alloc(a, n * sizeof(*walkers));
	for (unsigned i = 0; i < n; i++) {
		walkers[i].offset = mix(c[i].id) % r.n;
		walkers[i].skip = mix(c[i].id ^ 0x9e3779b9u) % (r.n - 1) + 1;
		/* The first round is everybody's: a small weight must not mean no slot at all. */
		greatest = c[i].weight > greatest ? c[i].weight : greatest;
	}
	for (unsigned i = 0; i < n; i++)
		walkers[i].credit = greatest - c[i].weight;
	for (unsigned filled = 0; filled < r.n;)
		filled = round_fill(walkers, c, n, &r, greatest, filled);
	return r;
}
