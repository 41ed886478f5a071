/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of the simulators: which seeds, and whether the steps are shown. */
#ifndef HF_SIM_OPTIONS_H
#define HF_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct sim_options {
	uint64_t first, seeds;
	bool trace;
};

/* `program` for the usage text; `seeds` unless said. A mistake ends the program with status 2. */
struct sim_options sim_options_read(int argc, char **argv, const char *program, uint64_t seeds);

#endif
