/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the words --seeds, --first, --seed, --trace. */
#include "sim/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void usage(const char *program)
{
	fprintf(stderr, "usage: %s [--seeds N] [--first K] | --seed K [--trace]\n", program);
	exit(2);
}

static uint64_t number(const char *text, const char *program)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (*end || end == text)
		usage(program);
	return v;
}

struct sim_options sim_options_read(int argc, char **argv, const char *program, uint64_t seeds)
{
	static const struct option table[] = {{"seeds", required_argument, NULL, 'n'},
					      {"first", required_argument, NULL, 'f'},
					      {"seed", required_argument, NULL, 's'},
					      {"trace", no_argument, NULL, 't'},
					      {0}};
	struct sim_options o = {.first = 1, .seeds = seeds};

	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (c == 'n') {
			o.seeds = number(optarg, program);
		} else if (c == 'f') {
			o.first = number(optarg, program);
		} else if (c == 's') {
			o.first = number(optarg, program);
			o.seeds = 1;
		} else if (c == 't') {
			o.trace = true;
		} else {
			usage(program);
		}
	}
	if (optind != argc)
		usage(program);
	return o;
}
