/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what of the marks is in the kernel. After a start it is replaced, as nobody says what a
 * predecessor left; from then on element by element. Must not know IPVS.
 */
#include "proc/lvs/group_marks.h"

#include <stdlib.h>
#include <string.h>

#include "core/lvs/nft_marks.h"
#include "io/log.h"
#include "io/nft_lvs.h"

struct group_marks {
	struct nft_lvs *nft;
	struct arena *arena; /* of `now`; NULL: the kernel's state is not known */
	struct nft_marks now;
};

static struct group_marks *group_marks_open(const struct conf *conf)
{
	struct group_marks *m = calloc(1, sizeof(*m));
	const char *error;
	int r;

	if (!m)
		abort();
	r = nft_lvs_open(conf->global.net_namespace_ipvs, &m->nft, &error);
	if (r == 0)
		return m;
	log_err("nftables_ipvs: nftables can't be used: %s %s", strerror(-r), error);
	free(m);
	return NULL;
}

static void become(struct group_marks *m, const struct nft_marks *new, struct arena *a)
{
	struct arena *scratch = arena_new();
	struct nft_text t = NFT_TEXT_IN(scratch);
	const char *error;

	nft_marks_render(&t, m->arena ? &m->now : NULL, new);
	if (nft_lvs_run(m->nft, nft_text_of(&t), &error) < 0) {
		log_err("nftables_ipvs: %.*s", (int)strcspn(error, "\n"), error);
		a = arena_free(a);
	}
	arena_free(m->arena);
	m->arena = a;
	m->now = a ? *new : (struct nft_marks){0};
	arena_free(scratch);
}

void group_marks_configure(struct group_marks **m, const struct conf *conf)
{
	struct arena *a;
	struct nft_marks new;

	if (!*m && conf->global.nftables_ipvs)
		*m = group_marks_open(conf);
	if (!*m)
		return;
	a = arena_new();
	nft_marks_gather(conf, a, &new);
	become(*m, &new, a);
}

struct group_marks *group_marks_close(struct group_marks *m, bool keep)
{
	if (!m)
		return NULL;
	if (!keep)
		become(m, &(struct nft_marks){0}, NULL);
	nft_lvs_close(m->nft);
	arena_free(m->arena);
	free(m);
	return NULL;
}
