/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what may be seen of a router from outside.
 * Must not know: who looks.
 */
#include "core/vrrp/internal.h"

unsigned vrrp_router_ports(const struct vrrp_router *r)
{
	return r->n_ports;
}

const char *vrrp_router_port_name(const struct vrrp_router *r, uint32_t port)
{
	return port < r->n_ports ? r->ports[port].name : NULL;
}

void vrrp_router_view(const struct vrrp_router *r, uint32_t instance, struct vrrp_view *ret)
{
	const struct inst *i;

	*ret = (struct vrrp_view){0};
	if (instance >= r->n)
		return;
	i = &r->inst[instance];
	*ret = (struct vrrp_view){.state = i->state,
				  .since = i->since,
				  .cause = i->cause,
				  .followed = i->followed,
				  .base = i->conf->priority,
				  .effective = i->effective,
				  .leaving = i->leaving,
				  .adopted = i->adopted,
				  .wants = i->wants,
				  .source = i->source,
				  .master = i->state == VRRP_MASTER ? i->source : i->master,
				  .master_priority = i->state == VRRP_MASTER ? i->effective
									     : i->master_priority,
				  .master_interval = i->master_interval,
				  .master_heard = i->master_heard,
				  .master_down = inst_down_interval(i),
				  .rival = i->rival,
				  .rival_priority = i->rival_priority,
				  .rival_since = i->rival_since,
				  .rival_last = i->rival_last,
				  .rival_adverts = i->rival_adverts,
				  .deadline = i->due,
				  .become_master = i->become_master,
				  .release_master = i->release_master,
				  .advert_sent = i->advert_sent,
				  .pri_zero_sent = i->pri_zero_sent,
				  .pri_zero_rcvd = i->pri_zero_rcvd,
				  .advert_rcvd = i->advert_rcvd};
}

unsigned vrrp_router_parts(const struct vrrp_router *r, uint32_t instance,
			   struct vrrp_priority_part *ret, unsigned max)
{
	const struct inst *i;

	if (instance >= r->n)
		return 0;
	i = &r->inst[instance];
	for (unsigned k = 0; k < i->n_tracks && k < max; k++) {
		const struct track *t = &i->tracks[k];
		struct reason fault = {0};
		bool pending;

		ret[k] = (struct vrrp_priority_part){
			.kind = t->kind,
			.index = t->index,
			.name = t->name,
			.value = track_contribution(r, t, &fault, &pending)};
		ret[k].fault = fault.kind != 0;
		ret[k].known = !pending;
	}
	return i->n_tracks;
}

enum vrrp_state vrrp_router_group_state(const struct vrrp_router *r, uint32_t group,
					usec_t *ret_since, struct cause *ret_cause)
{
	if (group >= r->conf->groups.n)
		return VRRP_INIT;
	*ret_since = r->groups[group].since;
	*ret_cause = r->groups[group].cause;
	return r->groups[group].state;
}
