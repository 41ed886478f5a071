/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a reload changes the number of check processes most probes go to another one. What is known of
 * them (verdict, failures in a row, when they are due) goes with them: the records of the old boards
 * are put on the new boards before those are handed out. Nobody writes a board that no worker has got.
 * Must not know what a record means but for its key.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/check/dialogue.h"
#include "core/check/key.h"
#include "proc/supervisor/internal.h"

struct home {
	uint64_t identity[2];
	unsigned process;
};

struct moves {
	struct home *homes; /* by identity */
	unsigned n;
	struct {
		int fd;
		struct board map; /* .header NULL: none */
	} from[CHECK_PROCESSES_MAX];
};

static int compare_homes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct home *)0)->identity));
}

struct moves *moves_new(const struct conf *conf, unsigned before, unsigned now)
{
	struct moves *m;

	if (before == now || before == 0 || now == 0)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m || !(m->homes = calloc(conf->checkers.n + 1, sizeof(*m->homes))))
		abort();
	for (unsigned i = 0; i < conf->checkers.n; i++) {
		struct home *h = &m->homes[m->n];
		struct check_key key;

		if (!dialogue_ops_of(conf->checkers.v[i]))
			continue;
		key = check_key_of(conf, conf->checkers.v[i]);
		memcpy(h->identity, key.identity, sizeof(h->identity));
		h->process = check_key_process(&key, now);
		m->n++;
	}
	qsort(m->homes, m->n, sizeof(*m->homes), compare_homes);
	return m;
}

void moves_keep(struct moves *m, struct generation *old)
{
	for (unsigned i = 0; m && i < CHECK_PROCESSES_MAX; i++) {
		m->from[i].fd = old->board[SLOT_CHECK + i].fd;
		m->from[i].map = old->board[SLOT_CHECK + i].map;
		old->board[SLOT_CHECK + i].fd = -1;
		old->board[SLOT_CHECK + i].map = (struct board){0};
	}
}

static void put(struct board *to, uint32_t at, const struct board_probe *from)
{
	struct board_probe *b = &to->probes[at];

	board_write_begin(&b->seq);
	memcpy((char *)b + sizeof(b->seq), (const char *)from + sizeof(from->seq),
	       sizeof(*b) - sizeof(b->seq));
	board_write_end(&b->seq);
}

void moves_make(const struct moves *m, struct generation *now)
{
	uint32_t used[CHECK_PROCESSES_MAX] = {0};

	for (unsigned i = 0; m && i < CHECK_PROCESSES_MAX; i++) {
		const struct board *from = &m->from[i].map;

		for (uint32_t k = 0; from->header && k < from->header->shape.probes; k++) {
			struct board_probe p;
			const struct home *h;
			struct board *to;

			if (!board_read(&from->probes[k], &p, sizeof(p)))
				continue;
			h = bsearch(p.identity, m->homes, m->n, sizeof(*m->homes), compare_homes);
			to = h ? &now->board[SLOT_CHECK + h->process].map : NULL;
			if (to && to->header && used[h->process] < to->header->shape.probes)
				put(to, used[h->process]++, &p);
		}
	}
}

struct moves *moves_free(struct moves *m)
{
	for (unsigned i = 0; m && i < CHECK_PROCESSES_MAX; i++) {
		if (m->from[i].map.header)
			close(m->from[i].fd);
		board_unmap(&m->from[i].map);
	}
	if (m)
		free(m->homes);
	free(m);
	return NULL;
}
