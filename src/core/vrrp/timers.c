/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the timer formulas of RFC 3768 6.1, RFC 5798 6.1 and RFC 9568 6.1.
 * Must not know: instances, what happens when a timer runs out.
 */
#include "core/vrrp/vrrp.h"

usec_t vrrp_skew_time(uint8_t version, uint8_t priority, usec_t master_interval)
{
	usec_t unit = version == 2 ? USEC_PER_SEC : master_interval;

	return (256 - priority) * unit / 256;
}

usec_t vrrp_master_down_interval(uint8_t version, uint8_t priority, usec_t master_interval,
				 unsigned adverts)
{
	return adverts * master_interval + vrrp_skew_time(version, priority, master_interval);
}
