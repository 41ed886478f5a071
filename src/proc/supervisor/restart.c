/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back-off of restarts. Pure: told the time, owns a counter, must not know what a process is. */
#include "proc/supervisor/restart.h"

usec_t restart_after_death(struct restart *r, usec_t started, usec_t now)
{
	usec_t delay = USEC_PER_SEC;

	if (now - started >= RESTART_LONG_ENOUGH) {
		r->quick = 0;
		return 0;
	}
	r->quick++;
	if (r->quick == 1)
		return 0;
	for (unsigned i = 2; i < r->quick && delay < RESTART_DELAY_MAX; i++)
		delay *= 2;
	return usec_min(delay, RESTART_DELAY_MAX);
}

bool restart_is_hopeless(const struct restart *r)
{
	return r->quick >= RESTART_HOPELESS;
}
