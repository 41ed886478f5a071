/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the boards of lvs and the check processes, and the events of all processes in one row.
 * Trusts no number on a board. Must not know how it is shown.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "ctl/snapshot_read.h"

static uint32_t count_of(const struct snapshot *s, bool servers)
{
	const struct board_header *h = s->board[PROC_LVS].header;

	return !h ? 0 : servers ? h->shape.servers : h->shape.services;
}

void snapshot_service(const struct snapshot *s, uint32_t i, struct board_service *ret)
{
	(void)board_read(&s->board[PROC_LVS].services[i], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
	utf8_clean(ret->scheduler, sizeof(ret->scheduler));
}

void snapshot_server(const struct snapshot *s, uint32_t i, struct board_server *ret)
{
	(void)board_read(&s->board[PROC_LVS].servers[i], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
	utf8_clean(ret->reason, sizeof(ret->reason));
}

uint32_t snapshot_count_drains(const struct snapshot *s, uint32_t *ret_records)
{
	const struct board_header *h = s->board[PROC_LVS].header;
	uint32_t n = h ? atomic_load(&h->drains) : 0;

	*ret_records = h && n > h->shape.drains ? h->shape.drains : n;
	return n;
}

void snapshot_drain(const struct snapshot *s, uint32_t i, struct board_drain *ret)
{
	(void)board_read(&s->board[PROC_LVS].drains[i], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
}

struct board_sync snapshot_sync(const struct snapshot *s)
{
	const struct board_header *h = s->board[PROC_LVS].header;
	struct board_sync sync = {0};

	if (h)
		(void)board_read(&h->sync, &sync, sizeof(sync));
	utf8_clean(sync.interface, sizeof(sync.interface));
	return sync;
}

struct board_wayless snapshot_wayless(const struct snapshot *s)
{
	const struct board_header *h = s->board[PROC_LVS].header;
	struct board_wayless w = {0};

	if (h)
		(void)board_read(&h->wayless, &w, sizeof(w));
	return w;
}

const char *snapshot_forwarding_off(const struct snapshot *s, unsigned *i)
{
	static const char *const names[] = {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"};
	const struct board_header *h = s->board[PROC_LVS].header;
	uint32_t off = h ? atomic_load(&h->unforwarded) : 0;

	while (*i < sizeof(names) / sizeof(names[0])) {
		unsigned k = (*i)++;

		if (off & 1u << k)
			return names[k];
	}
	return NULL;
}

uint32_t snapshot_count_servers(const struct snapshot *s, const struct board_service *of)
{
	uint32_t all = count_of(s, true);

	if (of->first_server > all)
		return 0;
	return of->n_servers < all - of->first_server ? of->n_servers : all - of->first_server;
}

/* Checkers are numbered through the real servers, in their order. */
void snapshot_read_services(struct snapshot *s)
{
	uint32_t n = count_of(s, true), sum = 0;

	s->first_checker = calloc((size_t)n + 1, sizeof(*s->first_checker));
	if (!s->first_checker)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		struct board_server x;

		snapshot_server(s, i, &x);
		s->first_checker[i] = sum;
		sum += x.n_checkers;
	}
	s->first_checker[n] = sum;
}

bool snapshot_server_of(const struct snapshot *s, uint32_t checker, struct board_server *ret)
{
	uint32_t low = 0, high = count_of(s, true);

	if (checker >= s->first_checker[high])
		return false;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (s->first_checker[middle] <= checker)
			low = middle;
		else
			high = middle;
	}
	snapshot_server(s, low, ret);
	return true;
}

/* ---- probes ---- */

void snapshot_probe_read(const struct snapshot_probe *p, struct board_probe *ret)
{
	(void)board_read(&p->board->probes[p->index], ret, sizeof(*ret));
	utf8_clean(ret->reason, sizeof(ret->reason));
}

static int compare_checkers(const void *a, const void *b)
{
	const struct snapshot_probe *x = a, *y = b;

	return (x->checker > y->checker) - (x->checker < y->checker);
}

static int compare_keys(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] != b[0] ? (a[0] > b[0] ? 1 : -1) : (a[1] > b[1]) - (a[1] < b[1]);
}

static int compare_shares(const void *a, const void *b)
{
	const struct snapshot_probe *const *x = a, *const *y = b;

	return compare_keys((*x)->share, (*y)->share);
}

static void gather_probes(struct snapshot *s, const struct board *b)
{
	for (uint32_t i = 0; b->header && i < b->header->shape.probes; i++) {
		struct board_probe p;

		(void)board_read(&b->probes[i], &p, sizeof(p));
		if (p.identity[0] || p.identity[1])
			s->probes[s->n_probes++] = (struct snapshot_probe){
				b, i, p.checker, {p.share[0], p.share[1]}};
	}
}

void snapshot_read_probes(struct snapshot *s)
{
	const struct board *runner = &s->board[PROC_RUNNER];
	size_t most = runner->header->shape.probes;

	for (unsigned i = 0; i < s->n_checks; i++)
		most += s->check[i].header->shape.probes;
	s->probes = calloc(most + 1, sizeof(*s->probes));
	s->by_share = calloc(most + 1, sizeof(struct snapshot_probe *));
	if (!s->probes || !s->by_share)
		abort();
	for (unsigned i = 0; i < s->n_checks; i++)
		gather_probes(s, &s->check[i]);
	gather_probes(s, runner);
	qsort(s->probes, s->n_probes, sizeof(*s->probes), compare_checkers);
	for (unsigned i = 0; i < s->n_probes; i++)
		s->by_share[i] = &s->probes[i];
	qsort(s->by_share, s->n_probes, sizeof(struct snapshot_probe *), compare_shares);
}

bool snapshot_failed_probe(const struct snapshot *s, const struct board_server *of,
			   struct board_probe *ret)
{
	struct snapshot_probe key = {.share = {of->failed_share[0], of->failed_share[1]}}, *k = &key;
	struct snapshot_probe **found =
		bsearch(&k, s->by_share, s->n_probes, sizeof(struct snapshot_probe *), compare_shares);

	if (!found)
		return false;
	snapshot_probe_read(*found, ret);
	return compare_keys(ret->share, of->failed_share) == 0;
}

/* ---- events ---- */

static void read_ring(struct snapshot *s, const struct board *b)
{
	for (unsigned i = 0; b->header && i < BOARD_EVENTS; i++) {
		struct board_event *e = &s->events[s->n_events];

		if (!board_read(&b->events[i], e, sizeof(*e)) || e->number == 0)
			continue;
		utf8_clean(e->name, sizeof(e->name));
		utf8_clean(e->text, sizeof(e->text));
		s->n_events++;
	}
}

static int compare_events(const void *a, const void *b)
{
	const struct board_event *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->is_service != y->is_service)
		return x->is_service ? 1 : -1;
	return (x->number > y->number) - (x->number < y->number);
}

void snapshot_read_events(struct snapshot *s)
{
	s->events = calloc(3 * BOARD_EVENTS, sizeof(*s->events));
	if (!s->events)
		abort();
	read_ring(s, &s->board[PROC_VRRP]);
	read_ring(s, &s->board[PROC_LVS]);
	read_ring(s, &s->board[PROC_RUNNER]);
	qsort(s->events, s->n_events, sizeof(*s->events), compare_events);
}
