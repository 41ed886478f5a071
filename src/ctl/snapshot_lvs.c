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

bool snapshot_probe(const struct board *b, uint32_t i, struct board_probe *ret)
{
	(void)board_read(&b->probes[i], ret, sizeof(*ret));
	utf8_clean(ret->reason, sizeof(ret->reason));
	return ret->identity[0] || ret->identity[1];
}

uint32_t snapshot_count_servers(const struct snapshot *s, const struct board_service *of)
{
	uint32_t all = count_of(s, true);

	if (of->first_server > all)
		return 0;
	return of->n_servers < all - of->first_server ? of->n_servers : all - of->first_server;
}

bool snapshot_service_is_good(const struct board_service *v)
{
	return !v->error && !v->panic && (v->up || v->suspended);
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
	s->events = calloc(2 * BOARD_EVENTS, sizeof(*s->events));
	if (!s->events)
		abort();
	read_ring(s, &s->board[PROC_VRRP]);
	read_ring(s, &s->board[PROC_LVS]);
	qsort(s->events, s->n_events, sizeof(*s->events), compare_events);
}
