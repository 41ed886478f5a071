/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration files for subcommands: read, judged, their messages printed. */
#include "ctl/load.h"

#include <string.h>

#include "core/check/search.h"
#include "io/host.h"

struct conf_loaded load_file(const char *path, const struct load_options *o)
{
	const struct conf_load_options options = {
		.judge = true,
		.tree = {.include_check_all = o->include_check,
			 .missing_main_is_error = !o->lenient_main},
	};
	struct conf_host host;
	struct conf_loaded l;

	host_init(&host, o->config_id);
	host.regex = search_pattern_check;
	if (o->offline) {
		host.user = NULL;
		host.group = NULL;
		host.interface = NULL;
		host.interfaces = NULL;
		host.addresses = NULL;
		host.kernel = NULL;
		host.readable = NULL;
		host.script = NULL;
	}
	l = conf_load_file(path, &host, &options);
	host_done(&host);
	return l;
}

static void print_one(const struct conf_loaded *l, const struct diag *d, FILE *to,
		      void (*render)(const struct diag *, const struct conf_source *, struct buf *))
{
	char text[8192];
	struct buf b = BUF_ON(text);
	size_t n;

	render(d, l->source, &b);
	(void)buf_text(&b);
	n = strlen(text);
	fputs(text, to);
	if (n == 0 || text[n - 1] != '\n')
		fputc('\n', to);
}

void load_print_diags(const struct conf_loaded *l, FILE *to)
{
	for (unsigned i = 0; i < l->diags.list.n; i++)
		print_one(l, &l->diags.list.v[i], to, diag_render);
}

void load_print_diags_keepalived(const struct conf_loaded *l, FILE *to)
{
	for (unsigned i = 0; i < l->diags.list.n; i++)
		print_one(l, &l->diags.list.v[i], to, diag_render_keepalived);
}
