/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: numbers that look random and follow from a seed (splitmix64). */
#include "sim/sim.h"

static uint64_t next(struct sim_random *r)
{
	uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint32_t sim_random_below(struct sim_random *r, uint32_t n)
{
	return (uint32_t)((next(r) >> 32) * n >> 32);
}

bool sim_random_chance(struct sim_random *r, uint32_t percent)
{
	return sim_random_below(r, 100) < percent;
}
