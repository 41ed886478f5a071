/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast print` and `holdfast plan`: a configuration, or the way from one to another, as text.
 */
#include <getopt.h>
#include <stdio.h>

#include "ctl/command.h"
#include "ctl/load.h"

#define PRINT_ERRORS 2

/* Options of both; false for a bad one. */
static bool take_options(int argc, char **argv, struct load_options *ret)
{
	static const struct option options[] = {{"config-id", required_argument, NULL, 'i'},
						{"offline", no_argument, NULL, 'o'},
						{0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'i')
			ret->config_id = optarg;
		else if (option == 'o')
			ret->offline = true;
		else
			return false;
	}
	return true;
}

int ctl_print(const struct ctl_command *self, int argc, char **argv)
{
	struct load_options o = {0};
	struct conf_loaded l;
	char *text;
	size_t len;
	int status;

	if (!take_options(argc, argv, &o) || argc - optind != 1)
		return ctl_usage(self);
	l = load_file(argv[optind], &o);
	load_print_diags(&l, stderr);
	text = conf_print(l.conf, l.arena, &len);
	fwrite(text, 1, len, stdout);
	status = load_has_errors(&l) ? PRINT_ERRORS : 0;
	arena_free(l.arena);
	return status;
}

int ctl_plan(const struct ctl_command *self, int argc, char **argv)
{
	struct load_options o = {0};
	struct conf_loaded from, to;
	int status = PRINT_ERRORS;

	if (!take_options(argc, argv, &o) || argc - optind != 2)
		return ctl_usage(self);
	from = load_file(argv[optind], &o);
	to = load_file(argv[optind + 1], &o);
	if (load_has_errors(&from) || load_has_errors(&to)) {
		load_print_diags(&from, stderr);
		load_print_diags(&to, stderr);
	} else {
		fputs(conf_plan_text(conf_diff(from.conf, to.conf, to.arena), to.arena), stdout);
		status = 0;
	}
	arena_free(from.arena);
	arena_free(to.arena);
	return status;
}
