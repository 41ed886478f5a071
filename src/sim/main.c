/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator's command line:
 *   sim [--seeds N] [--first K]   runs N seeds (1000) from K (1) on, prints those that fail
 *   sim --seed K [--trace]        runs one, tells everything
 * Exit status 1 when a property broke.
 */
#include "sim/sim.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
	uint64_t first, seeds;
	bool trace;
};

static void usage(void)
{
	fprintf(stderr, "usage: sim [--seeds N] [--first K] | --seed K [--trace]\n");
	exit(2);
}

static uint64_t number(const char *text)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (*end || end == text)
		usage();
	return v;
}

static struct options options_read(int argc, char **argv)
{
	static const struct option table[] = {{"seeds", required_argument, NULL, 'n'},
					      {"first", required_argument, NULL, 'f'},
					      {"seed", required_argument, NULL, 's'},
					      {"trace", no_argument, NULL, 't'},
					      {0}};
	struct options o = {.first = 1, .seeds = 1000};

	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (c == 'n') {
			o.seeds = number(optarg);
		} else if (c == 'f') {
			o.first = number(optarg);
		} else if (c == 's') {
			o.first = number(optarg);
			o.seeds = 1;
		} else if (c == 't') {
			o.trace = true;
		} else {
			usage();
		}
	}
	if (optind != argc)
		usage();
	return o;
}

int main(int argc, char **argv)
{
	struct options o = options_read(argc, argv);
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
