/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast explain`: the rows of the schema in words. */
#include <getopt.h>
#include <stdio.h>

#include "conf/explain.h"
#include "conf/man.h"
#include "conf/text.h"
#include "ctl/command.h"

enum { EXPLAIN_FOUND = 0, EXPLAIN_UNKNOWN = 1 };

static int explain_word(const char *word, struct text *out)
{
	bool found = explain_text(word, out);

	if (found)
		return EXPLAIN_FOUND;
	fprintf(stderr, "holdfast: no keyword \"%s\"\n%s", word, text_get(out));
	out->n = 0;
	return EXPLAIN_UNKNOWN;
}

int ctl_explain(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {{"list", no_argument, NULL, 'l'},
						{"ours", no_argument, NULL, 'o'},
						{"coverage", no_argument, NULL, 'c'},
						{"man", no_argument, NULL, 'm'},
						{0}};
	struct text out = {.a = arena_new()};
	int option, what = 0, status = EXPLAIN_FOUND;
	size_t len;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return ctl_usage(self);
		what = option;
	}
	if (what ? optind != argc : optind != argc - 1)
		return ctl_usage(self);
	if (what == 'l' || what == 'o')
		explain_print_list(&out, what == 'o');
	else if (what == 'c')
		explain_print_coverage(&out);
	else if (what == 'm')
		text_add(&out, conf_man_page(out.a, &len));
	else
		status = explain_word(argv[optind], &out);
	fputs(text_get(&out), stdout);
	arena_free(out.a);
	return status;
}
