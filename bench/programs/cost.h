/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stand-alone clients measure: processor time for each check that they made. */
#ifndef HF_BENCH_COST_H
#define HF_BENCH_COST_H

#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static inline int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* Prints milliseconds per 1,000 checks since `before`; the exit status: 1 when any failed. */
static inline int cost_print(const struct rusage *before, unsigned long done, unsigned long failed)
{
	struct rusage after;
	double ms;

	getrusage(RUSAGE_SELF, &after);
	ms = (double)(after.ru_utime.tv_sec - before->ru_utime.tv_sec + after.ru_stime.tv_sec -
		      before->ru_stime.tv_sec) * 1e3 +
	     (double)(after.ru_utime.tv_usec - before->ru_utime.tv_usec + after.ru_stime.tv_usec -
		      before->ru_stime.tv_usec) / 1e3;
	if (failed || !done) {
		fprintf(stderr, "%lu of %lu failed\n", failed, done);
		return 1;
	}
	printf("%.3f\n", ms * 1000 / (double)done);
	return 0;
}

#endif
