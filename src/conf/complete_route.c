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

/* A name that leads nowhere is dropped, the route or rule stays. */
static void track_group_check(struct complete *c, struct conf_block *block, const struct block *rows,
			      const char **name, const char *device)
{
	const char *why = device ? NULL : "it needs an interface (dev or iif)";

	if (!*name)
		return;
	for (unsigned i = 0; !why && i < c->conf->track_groups.n; i++)
		if (str_eq(c->conf->track_groups.v[i]->name, *name))
			return;
	diag_add(c->diags, DIAG_ERROR, "unknown-name", block->at, "track_group %s is ignored: %s", *name,
		 why ? why : "there is no such group");
	*name = NULL;
	block_unmark(block, block_bit(rows, "track_group"));
}

void complete_routes(struct complete *c)
{
	struct preferences p = {{RULE_PREFERENCE_FIRST, RULE_PREFERENCE_FIRST}};
	struct conf *conf = c->conf;

	for (unsigned i = 0; i < conf->static_routes.n; i++) {
		struct conf_route *r = conf->static_routes.v[i];

		track_group_check(c, &r->block, &schema_static_route, &r->track_group, r->dev);
	}
	for (unsigned i = 0; i < conf->static_rules.n; i++) {
		struct conf_rule *r = conf->static_rules.v[i];

		track_group_check(c, &r->block, &schema_static_rule, &r->track_group, r->iif);
		rule_preference(c, &p, r);
	}
	for (unsigned i = 0; i < conf->instances.n; i++)
		for (unsigned k = 0; k < conf->instances.v[i]->rules.n; k++)
			rule_preference(c, &p, conf->instances.v[i]->rules.v[k]);
}
