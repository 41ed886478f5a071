/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what becomes of virtual servers, their real servers and checks, and of groups. Each is known
 * by what it is to the kernel: service, address and port; a check by its kind and place. What is
 * inherited is told where it is said, not once more for everybody who inherits it.
 */
#include "conf/diff.h"

#include <stdlib.h>

#include "conf/print.h"
#include "conf/schema/lvs.h"

/* ---- virtual servers by what they are ---- */

struct keyed {
	const char *key;
	const struct conf_virtual_server *vs;
};

/* Twins stay in the order of the file. */
static int keyed_order(const void *x, const void *y)
{
	const struct keyed *a = x, *b = y;
	int r = strcmp(a->key, b->key);

	return r ? r : a->vs->id < b->vs->id ? -1 : a->vs->id > b->vs->id;
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == LVS_TCP    ? " TCP"
	       : protocol == LVS_UDP  ? " UDP"
	       : protocol == LVS_SCTP ? " SCTP"
				      : "";
}

/* "10.0.0.1 80 TCP", "fwmark 5", "group web TCP": tells services apart, and people what is meant. */
static const char *service_key(struct arena *a, const struct conf_virtual_server *vs)
{
	const char *text = lvs_service_text(vs, a);

	if (vs->kind == SERVICE_MARK)
		return vs->family == IP_V6 ? arena_printf(a, "%s inet6", text) : text;
	return arena_printf(a, "%s%s", text, protocol_name(vs->protocol));
}

static struct keyed *services_by_key(struct diff *d, const struct conf *conf)
{
	unsigned n = conf->virtual_servers.n;
	struct keyed *v = arena_alloc(d->a, (n + 1) * sizeof(*v));

	for (unsigned i = 0; i < n; i++)
		v[i] = (struct keyed){service_key(d->a, conf->virtual_servers.v[i]),
				      conf->virtual_servers.v[i]};
	if (n)
		qsort(v, n, sizeof(*v), keyed_order);
	return v;
}

/* ---- checks ---- */

static const char *body_text(struct diff *d, const struct block *blk, const void *obj)
{
	struct text t = {.a = d->a};

	print_body(&t, blk, obj, 0);
	return text_get(&t);
}

static const char *check_name(struct diff *d, const struct row *row, const char *server)
{
	return arena_printf(d->a, "%s of %s", row->name, server);
}

/* Objects of `list` whose text is in no object of `other`, each of which stands for one. */
static void_vec unlike(struct diff *d, const struct block *blk, const void_vec *list,
		       const void_vec *other)
{
	bool *taken = arena_alloc(d->a, other->n + 1);
	void_vec rest = {0};

	for (unsigned i = 0; i < list->n; i++) {
		const char *text = body_text(d, blk, list->v[i]);
		unsigned k = 0;

		while (k < other->n &&
		       (taken[k] || !str_eq(text, body_text(d, blk, other->v[k]))))
			k++;
		if (k < other->n)
			taken[k] = true;
		else
			vec_push(d->a, &rest, list->v[i]);
	}
	return rest;
}

static void_vec of_row(struct diff *d, const struct row *row, const void *obj)
{
	void_vec own = {0};
	const void *sub;

	for (unsigned i = 0; (sub = row_next(row, obj, &i));)
		vec_push(d->a, &own, (void *)sub);
	return own;
}

static unsigned diff_checks(struct diff *d, const struct row *row, const void *old,
			    const void *new, const char *server)
{
	void_vec from = of_row(d, row, old), to = of_row(d, row, new);
	void_vec gone = unlike(d, row->sub, &from, &to), come = unlike(d, row->sub, &to, &from);
	unsigned i = 0, n = 0;

	for (; i < gone.n && i < come.n; i++)
		n += diff_said(d, row->sub, gone.v[i], come.v[i], check_name(d, row, server), NULL);
	for (unsigned k = i; k < gone.n; k++, n++)
		diff_item(d, PLAN_REMOVE, check_name(d, row, server), NULL);
	for (unsigned k = i; k < come.n; k++, n++)
		diff_item(d, PLAN_ADD, check_name(d, row, server), "gives its first verdict soon");
	return n;
}

/* ---- real servers ---- */

static int server_order(const void *x, const void *y)
{
	const struct conf_real_server *a = *(const struct conf_real_server *const *)x;
	const struct conf_real_server *b = *(const struct conf_real_server *const *)y;
	int r = ip_compare(&a->addr, &b->addr);

	return r ? r : a->port < b->port ? -1 : a->port > b->port;
}

static const struct conf_real_server **servers_sorted(struct diff *d,
						      const struct conf_virtual_server *vs)
{
	const struct conf_real_server **v = arena_alloc(d->a, (vs->rs.n + 1) * sizeof(*v));

	for (unsigned i = 0; i < vs->rs.n; i++)
		v[i] = vs->rs.v[i];
	if (vs->rs.n)
		qsort(v, vs->rs.n, sizeof(*v), server_order);
	return v;
}

static const char *server_name(struct diff *d, const struct conf_real_server *rs, const char *key)
{
	char ip[IP_TEXT_MAX];

	return arena_printf(d->a, "real_server %s %u of %s", ip_format(&rs->addr, ip), rs->port,
			    key);
}

static const char *leaving(struct diff *d, const struct conf_real_server *rs)
{
	if (!rs->drain_timeout)
		return "leaves at once";
	return arena_printf(d->a, "gets no new connection, leaves after %.6g seconds",
			    (double)rs->drain_timeout / USEC_PER_SEC);
}

static bool is_check_or_name(const struct row *row)
{
	return row->flags & ROW_POSITIONAL || row->type == T_BLOCK;
}

static unsigned diff_server(struct diff *d, const struct conf_real_server *old,
			    const struct conf_real_server *new, const char *key)
{
	const char *name = server_name(d, new, key);
	unsigned n = diff_said(d, &schema_real_server, old, new, name, is_check_or_name);

	for (unsigned i = 0; i < block_rows(&schema_real_server); i++) {
		const struct row *row = block_row(&schema_real_server, i);

		if (row->type == T_BLOCK && (block_is_set(old, i) || block_is_set(new, i)))
			n += diff_checks(d, row, old, new, name);
	}
	return n;
}

static unsigned diff_servers(struct diff *d, const struct conf_virtual_server *from,
			     const struct conf_virtual_server *to, const char *key)
{
	const struct conf_real_server **old = servers_sorted(d, from), **new = servers_sorted(d, to);
	unsigned i = 0, k = 0, n = 0;

	while (i < from->rs.n || k < to->rs.n) {
		int r = i == from->rs.n ? 1 : k == to->rs.n ? -1 : server_order(&old[i], &new[k]);

		if (r < 0) {
			diff_item(d, PLAN_REMOVE, server_name(d, old[i], key), leaving(d, old[i]));
			i++, n++;
		} else if (r > 0) {
			diff_item(d, PLAN_ADD, server_name(d, new[k], key),
				  arena_printf(d->a, "weight %u%s", new[k]->weight,
					       new[k]->timing.alpha && new[k]->checkers.n
						       ? ", when its checks succeed"
						       : ""));
			k++, n++;
		} else {
			n += diff_server(d, old[i++], new[k++], key);
			d->plan->servers_kept++;
		}
	}
	return n;
}

/* ---- virtual servers ---- */

static bool is_server_or_name(const struct row *row)
{
	return row->flags & ROW_POSITIONAL || row->sub == &schema_real_server;
}

static void service_item(struct diff *d, enum plan_op op, const struct keyed *k)
{
	unsigned n = k->vs->rs.n;

	diff_item(d, op, arena_printf(d->a, "virtual_server %s", k->key),
		  op == PLAN_ADD
			  ? arena_printf(d->a, "with %u real server%s", n, n == 1 ? "" : "s")
			  : arena_printf(d->a, "leaves the kernel with its %u real server%s", n,
					 n == 1 ? "" : "s"));
}

void diff_services(struct diff *d)
{
	struct keyed *old = services_by_key(d, d->from), *new = services_by_key(d, d->to);
	unsigned n_old = d->from->virtual_servers.n, n_new = d->to->virtual_servers.n, i = 0, k = 0;

	while (i < n_old || k < n_new) {
		int r = i == n_old ? 1 : k == n_new ? -1 : strcmp(old[i].key, new[k].key);
		unsigned n;

		if (r < 0) {
			service_item(d, PLAN_REMOVE, &old[i++]);
			continue;
		}
		if (r > 0) {
			service_item(d, PLAN_ADD, &new[k++]);
			continue;
		}
		n = diff_said(d, &schema_virtual_server, old[i].vs, new[k].vs,
			      arena_printf(d->a, "virtual_server %s", new[k].key),
			      is_server_or_name);
		n += diff_servers(d, old[i].vs, new[k].vs, new[k].key);
		d->plan->unchanged += !n;
		i++, k++;
	}
}

/* ---- groups ---- */

static int text_order(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The entries of a group in words, sorted. */
static const char **entries_sorted(struct diff *d, const struct row *row, const void_vec *list)
{
	const char **v = arena_alloc(d->a, (list->n + 1) * sizeof(*v));

	for (unsigned i = 0; i < list->n; i++) {
		struct text t = {.a = d->a};

		print_words(&t, row->sub, list->v[i]);
		v[i] = text_get(&t);
	}
	if (list->n)
		qsort(v, list->n, sizeof(*v), text_order);
	return v;
}

unsigned diff_entries(struct diff *d, const struct row *row, const void *old, const void *new,
		      const char *object)
{
	const void_vec *from = row_value(row, old),
		       *to = row_value(row, new);
	const char **was = entries_sorted(d, row, from), **is = entries_sorted(d, row, to);
	unsigned i = 0, k = 0, n = 0;

	while (i < from->n || k < to->n) {
		int r = i == from->n ? 1 : k == to->n ? -1 : strcmp(was[i], is[k]);

		if (r)
			n++;
		if (r < 0)
			diff_item(d, PLAN_REMOVE, object, arena_printf(d->a, "entry%s", was[i]));
		else if (r > 0)
			diff_item(d, PLAN_ADD, object, arena_printf(d->a, "entry%s", is[k]));
		i += r <= 0;
		k += r >= 0;
	}
	return n;
}
