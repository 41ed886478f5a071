/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: rise and fall.
 * Must not know: how a script is run, what its verdict is good for.
 */
#include "core/vrrp/script.h"

struct script_verdict script_verdict_new(const struct conf_vrrp_script *conf)
{
	return (struct script_verdict){.known = conf->init_fail};
}

static uint32_t needed(const struct script_verdict *v, const struct conf_vrrp_script *conf,
		       bool success)
{
	if (!success)
		return conf->fall;
	return v->known ? conf->rise : 1;
}

bool script_verdict_step(struct script_verdict *v, const struct conf_vrrp_script *conf,
			 bool success)
{
	if (v->known && success == v->good) {
		v->contrary = 0;
		return false;
	}
	if (++v->contrary < needed(v, conf, success))
		return false;
	*v = (struct script_verdict){.known = true, .good = success};
	return true;
}
