/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of the simulator of load balancing:
 *   sim-lvs [--seeds N] [--first K]   runs N seeds (500) from K (1) on, prints those that fail
 *   sim-lvs --seed K [--trace]        runs one, tells everything
 * Exit status 1 when a property broke.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "sim/lvs_sim.h"

struct options {
	uint64_t first, seeds;
	bool trace;
};

static struct options options_read(int argc, char **argv)
{
	static const struct option table[] = {{"seeds", required_argument, NULL, 'n'},
					      {"first", required_argument, NULL, 'f'},
					      {"seed", required_argument, NULL, 's'},
					      {"trace", no_argument, NULL, 't'},
					      {0}};
	struct options o = {.first = 1, .seeds = 500};

	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (c == 'n')
			o.seeds = strtoull(optarg, NULL, 10);
		if (c == 'f' || c == 's')
			o.first = strtoull(optarg, NULL, 10);
		if (c == 's')
			o.seeds = 1;
		if (c == 't')
			o.trace = true;
		if (c == '?')
			exit(2);
	}
	return o;
}

int main(int argc, char **argv)
{
	struct options o = options_read(argc, argv);
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
