/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a vrrp_script from the results of its runs: `rise` successes in a row make it
 * good, `fall` failures in a row make it bad. At the start one success is enough for good; a
 * failure at the start counts like any other, so `fall` are needed. With init_fail it starts bad.
 */
#ifndef HF_CORE_VRRP_SCRIPT_H
#define HF_CORE_VRRP_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/conf.h"

struct script_verdict {
	bool known;	   /* there is a verdict */
	bool good;	   /* it, when known */
	uint32_t contrary; /* results in a row that speak against it */
};

struct script_verdict script_verdict_new(const struct conf_vrrp_script *conf);

/* One result; whether the verdict is another one now (also from unknown to known). */
bool script_verdict_step(struct script_verdict *v, const struct conf_vrrp_script *conf,
			 bool success);

#endif
