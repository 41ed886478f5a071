/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what the nftables engine would tell the kernel, for golden files. All servers but those
 * with `alpha` are up.
 *
 *   nft_dump start FILE        the whole ruleset, nothing being there
 *   nft_dump change OLD NEW    from the services of one file to those of another, while running
 *   nft_dump restart OLD NEW   the whole ruleset, in place of what a predecessor left
 *   nft_dump stop FILE
 *   nft_dump marks FILE        the tables of nftables_ipvs, in place of what is there
 *   nft_dump marks OLD NEW     from those of one file to those of another
 *
 * A real server whose address ends in .99 is not reachable for DR, one with .98 is this machine,
 * the others are behind eth1. Packets for DR come in through eth0.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf.h"
#include "core/lvs/lvs.h"
#include "core/lvs/nft_marks.h"
#include "core/lvs/nft_ruleset.h"
#include "core/reconcile/services.h"

static int read_file(void *ctx, const char *path, struct arena *a, char **ret, size_t *ret_len)
{
	static char text[1 << 20];
	FILE *f = fopen(path, "re");

	(void)ctx;
	if (!f)
		return -errno;
	*ret_len = fread(text, 1, sizeof(text), f);
	fclose(f);
	*ret = arena_copy(a, text, *ret_len);
	return 0;
}

static const struct conf_host host = {.config_id = "golden", .read_file = read_file};

/* What the program loads, at most two files of each purpose, lives until its end. */
static struct arena *loaded[8];
static unsigned n_loaded;

static const struct conf *load(const char *path)
{
	const struct conf_load_options o = {.tree = {.missing_main_is_error = true}};
	struct conf_loaded l = conf_load_file(path, &host, &o);

	if (l.diags.count[DIAG_FATAL] || n_loaded == ARRAY_SIZE(loaded))
		exit(2);
	loaded[n_loaded++] = l.arena;
	return l.conf;
}

static struct service_table services_of(const struct conf *conf, struct arena *a)
{
	struct service_table r = {0};

	lvs_desired(lvs_new(conf, a, NULL, NULL, 0), a, &r);
	return r;
}

static void marks(struct nft_text *t, const struct conf *before, const struct conf *after)
{
	struct nft_marks old, new;

	if (before)
		nft_marks_gather(before, t->a, &old);
	nft_marks_gather(after, t->a, &new);
	nft_marks_render(t, before ? &old : NULL, &new);
}

static bool is_dr(const struct service_table *t)
{
	for (unsigned i = 0; i < t->services.n; i++)
		if (nft_service_is_dr(&t->services.v[i]))
			return true;
	return false;
}

static void add_links(struct nft_options *o, const struct service_table *t, struct arena *a)
{
	for (unsigned i = 0; i < t->services.n; i++)
		for (unsigned k = 0; k < t->services.v[i].dests.n; k++) {
			const struct ip_addr *addr = &t->services.v[i].dests.v[k].addr;
			unsigned last = addr->b[ip_len(addr) - 1];

			if (last != 99)
				vec_push(a, &o->links,
					 ((struct nft_link){*addr, last == 98,
							    last == 98 ? NULL : "eth1"}));
		}
	nft_links_sort(o);
}

/* What the text of a start makes: the predecessor's legacy. */
static void name_take(const char *line, const char *what, struct nft_names *ret, struct arena *a)
{
	char name[256];

	if (str_starts(line, what) && sscanf(line + strlen(what), "%255[^ \n]", name) == 1)
		vec_push(a, &ret->v, arena_strdup(a, name));
}

static struct nft_present present_of(const char *text, struct arena *a)
{
	struct nft_present p = {0};

	for (const char *line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		name_take(line, "add chain inet " NFT_TABLE " ", &p.nat_chains, a);
		name_take(line, "add map inet " NFT_TABLE " ", &p.nat_maps, a);
		name_take(line, "add chain netdev " NFT_TABLE " ", &p.dr_chains, a);
		name_take(line, "add map netdev " NFT_TABLE " ", &p.dr_maps, a);
		if (str_starts(line, "add chain netdev " NFT_TABLE " ingress "))
			vec_push(a, &p.hooked.v, "eth0");
	}
	nft_names_sort(&p.nat_chains);
	nft_names_sort(&p.nat_maps);
	nft_names_sort(&p.dr_chains);
	nft_names_sort(&p.dr_maps);
	return p;
}

static void change(struct nft_text *t, const struct nft_options *o, const struct service_table *old,
		   const struct service_table *new)
{
	service_changes changes = {0};
	const struct service *last = NULL;

	services_diff(old, new, old, t->a, &changes);
	if (is_dr(new) && !is_dr(old))
		nft_render_dr_frame(t, o);
	for (unsigned i = 0; i < changes.n; i++) {
		const struct service_key *k = &changes.v[i].service->key;
		bool again = false;

		for (unsigned j = 0; j < i; j++)
			again |= service_key_compare(k, &changes.v[j].service->key) == 0;
		last = changes.v[i].service;
		if (!again)
			nft_render_service(t, o, service_table_find(old, &last->key),
					   service_table_find(new, &last->key));
	}
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct nft_options o = {0};
	struct nft_text t = NFT_TEXT_IN(a), legacy = NFT_TEXT_IN(a);
	const struct conf *before, *after;
	struct service_table old, new;

	if (argc < 3)
		return 2;
	before = load(argv[2]);
	after = argc > 3 ? load(argv[3]) : before;
	old = services_of(before, a);
	new = services_of(after, a);
	vec_push(a, &o.devices, "eth0");
	add_links(&o, &old, a);
	add_links(&o, &new, a);
	if (str_eq(argv[1], "start")) {
		nft_render_start(&t, &o, &(struct nft_present){0}, &new, is_dr(&new));
	} else if (str_eq(argv[1], "change")) {
		change(&t, &o, &old, &new);
	} else if (str_eq(argv[1], "restart")) {
		struct nft_present p;

		nft_render_start(&legacy, &o, &(struct nft_present){0}, &old, is_dr(&old));
		p = present_of(nft_text_of(&legacy), a);
		nft_render_start(&t, &o, &p, &new, is_dr(&new));
	} else if (str_eq(argv[1], "marks")) {
		marks(&t, argc > 3 ? before : NULL, after);
	} else {
		nft_render_stop(&t, is_dr(&new));
	}
	fputs(nft_text_of(&t), stdout);
	while (n_loaded > 0)
		arena_free(loaded[--n_loaded]);
	arena_free(a);
	return 0;
}
