/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of the simulator of load balancing:
 *   sim-lvs [--seeds N] [--first K]   runs N seeds (500) from K (1) on, prints those that fail
 *   sim-lvs --seed K [--trace]        runs one, tells everything
 * Exit status 1 when a property broke.
 */
#include <inttypes.h>
#include <stdio.h>

#include "sim/lvs_sim.h"
#include "sim/options.h"

int main(int argc, char **argv)
{
	struct sim_options o = sim_options_read(argc, argv, "sim-lvs", 500);
	uint64_t failed = 0, steps = 0, changes = 0;

	for (uint64_t seed = o.first; seed < o.first + o.seeds; seed++) {
		struct lvs_sim s;

		if (!lvs_sim_run(&s, seed, o.trace)) {
			failed++;
			printf("seed %" PRIu64 " failed: %s\n", seed, s.failure);
			printf("  replay: sim-lvs --seed %" PRIu64 " --trace\n", seed);
		}
		steps += s.steps;
		changes += s.changes;
	}
	printf("%" PRIu64 " seeds, %" PRIu64 " steps, %" PRIu64 " kernel requests, %" PRIu64
	       " failed\n",
	       o.seeds, steps, changes, failed);
	return failed ? 1 : 0;
}
