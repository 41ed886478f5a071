/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picks what this process is: a worker that the supervisor has started, or a command. */
#include <stdio.h>
#include <sys/prctl.h>

#include "base/str.h"
#include "ctl/ctl.h"
#include "io/memory.h"
#include "io/process.h"
#include "proc/check/worker.h"
#include "proc/lvs/worker.h"
#include "proc/runner/runner.h"
#include "proc/vrrp/worker.h"

static const struct {
	const char *name;
	int (*main)(int channel_fd);
} workers[] = {
	{"vrrp", vrrp_worker_main},
	{"runner", runner_worker_main},
	{"lvs", lvs_worker_main},
	{"check", check_worker_main},
};

static int run_worker(const char *program, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		if (str_eq(name, workers[i].name)) {
			prctl(PR_SET_NAME, program); /* /proc/self/exe would have named it "exe" */
			return workers[i].main(PROCESS_CHANNEL_FD);
		}
	fprintf(stderr, "holdfast: no worker \"%s\"\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	memory_init();
	if (argc == 3 && str_eq(argv[1], "--worker"))
		return run_worker(argv[0], argv[2]);
	return ctl_main(argc, argv);
}
