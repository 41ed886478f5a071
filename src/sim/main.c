/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator's command line:
 *   sim [--seeds N] [--first K]   runs N seeds (1000) from K (1) on, prints those that fail
 *   sim --seed K [--trace]        runs one, tells everything
 * Exit status 1 when a property broke.
 */
#include "sim/options.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct sim_options o = sim_options_read(argc, argv, "sim", 1000);
	uint64_t failed = 0, steps = 0;

	for (uint64_t seed = o.first; seed < o.first + o.seeds; seed++) {
		struct sim s;

		if (!sim_seed_run(&s, seed, o.trace)) {
			failed++;
			printf("seed %" PRIu64 " failed: %s\n", seed, s.failure);
			printf("  replay: sim --seed %" PRIu64 " --trace\n", seed);
		}
		steps += s.steps;
		sim_free(&s);
	}
	printf("%" PRIu64 " seeds, %" PRIu64 " steps of the core, %" PRIu64 " failed\n", o.seeds,
	       steps, failed);
	return failed ? 1 : 0;
}
