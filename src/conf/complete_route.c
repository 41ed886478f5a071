/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what routes and rules need of the rest of the configuration: preferences of rules that have
 * none, and track groups.
 */
#include "conf/complete.h"
#include "model/route.h"

struct preferences {
	uint32_t next[2]; /* IPv4, IPv6 */
};

static void rule_preference(struct complete *c, struct preferences *p, struct conf_rule *r)
{
	uint32_t *next = &p->next[r->family == IP_V6];

	if (r->has_preference)
		return;
	r->preference = (*next)--;
	diag_add(c->diags, DIAG_WARNING, "no-preference", r->block.at,
		 "the rule has no preference, %u is used", r->preference)
		->hint = "the number changes when rules are added before it";
}

/* An interface that is missing now: waited for, so worth a warning only. */
static void interface_check(struct complete *c, const struct conf_block *block, const char *name)
{
	const struct conf_host *h = c->host;

	if (name && c->judge && h && h->interface && !h->interface(h->ctx, name))
		diag_add(c->diags, DIAG_WARNING, "missing-interface", block->at,
			 "there is no interface %s on this machine now", name);
}

static void route_interfaces(struct complete *c, const struct conf_route *r)
{
	interface_check(c, &r->block, r->dev);
	interface_check(c, &r->block, r->vrf);
	for (unsigned i = 0; i < r->nexthops.n; i++)
		interface_check(c, &r->block, r->nexthops.v[i]->dev);
}

static void rule_complete(struct complete *c, struct preferences *p, struct conf_rule *r)
{
	rule_preference(c, p, r);
	interface_check(c, &r->block, r->iif);
	interface_check(c, &r->block, r->oif);
}

/* A name that leads nowhere is dropped, the route or rule stays. */
static void track_group_check(struct complete *c, struct conf_block *block,
			      const struct block *rows, const char *name, const char *device)
{
	const char *why = device ? NULL : "it needs an interface (dev or iif)";

	if (!name)
		return;
	for (unsigned i = 0; !why && i < c->conf->track_groups.n; i++)
		if (str_eq(c->conf->track_groups.v[i]->name, name))
			return;
	diag_add(c->diags, DIAG_ERROR, "unknown-name", block->at, "track_group %s is ignored: %s",
		 name, why ? why : "there is no such group");
	block_drop(rows, block, block_bit(rows, "track_group"));
}

void complete_routes(struct complete *c)
{
	struct preferences p = {{RULE_PREFERENCE_FIRST, RULE_PREFERENCE_FIRST}};
	struct conf *conf = c->conf;

	for (unsigned i = 0; i < conf->static_addresses.n; i++) {
		struct conf_address *a = conf->static_addresses.v[i];

		track_group_check(c, &a->block, &schema_static_address, a->track_group, "");
	}
	for (unsigned i = 0; i < conf->static_routes.n; i++) {
		struct conf_route *r = conf->static_routes.v[i];

		track_group_check(c, &r->block, &schema_static_route, r->track_group, r->dev);
		route_interfaces(c, r);
	}
	for (unsigned i = 0; i < conf->static_rules.n; i++) {
		struct conf_rule *r = conf->static_rules.v[i];

		track_group_check(c, &r->block, &schema_static_rule, r->track_group, r->iif);
		rule_complete(c, &p, r);
	}
	for (unsigned i = 0; i < conf->instances.n; i++) {
		const struct conf_instance *vi = conf->instances.v[i];

		for (unsigned k = 0; k < vi->routes.n; k++)
			route_interfaces(c, vi->routes.v[k]);
		for (unsigned k = 0; k < vi->rules.n; k++)
			rule_complete(c, &p, vi->rules.v[k]);
	}
}
