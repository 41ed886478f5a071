/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time: one signed 64 bit count of microseconds, monotonic unless a name says "wall".
 * Nothing outside io/ can ask what time it is; everybody else is told.
 */
#ifndef HF_BASE_USEC_H
#define HF_BASE_USEC_H

#include <stdint.h>

typedef int64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_PER_CSEC ((usec_t)10000) /* the centisecond of VRRPv3 */
#define USEC_NEVER INT64_MAX	      /* a deadline that does not come */

static inline usec_t usec_min(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

static inline usec_t usec_max(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

#endif
