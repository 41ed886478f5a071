/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of subcommands, and what follows from it alone: dispatch, help, usage, version.
 * Must not know what a command does.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/diag.h"
#include "ctl/ctl.h"
#include "proc/supervisor/supervisor.h"

#define USAGE_STATUS 2
#define LINE_WIDTH 78

const struct ctl_command ctl_commands[] = {
	{"run",
	 "[-f FILE] [--run-dir DIR] [--log stderr|syslog|journal|none] [--log-format text|json]\n"
	 "[--log-level LEVEL] [--config-id ID] [--pid-file FILE] [-D]",
	 "Runs the daemon in the foreground.", ctl_run,
	 "0 stopped as asked, 1 failed, 2 unusable configuration, 4 missing permission, 6 no "
	 "configuration"},
	{"status", "[--json] [--servers] [--checks] [--events] [--run-dir DIR] [NAME...]",
	 "Shows what is not as it should be, every instance and every virtual server. Of an instance its "
	 "role, since when and why, its priority, the master, the addresses; of many servers only what is "
	 "not up, unless --servers; with --checks each check, with --events more than the last events. "
	 "NAMEs are instances, virtual or real servers (192.0.2.1, 192.0.2.1:80), of which all is shown.",
	 ctl_status,
	 "0 all is well, 1 degraded (or nothing has such a NAME), 2 the daemon can't be reached"},
	{"reload", "[--dry-run] [--run-dir DIR]",
	 "Makes the daemon read its configuration again. With --dry-run it only shows what that would "
	 "do.",
	 ctl_reload, "0 done, 1 failed, 2 the configuration has errors, 3 no daemon runs"},
	{"check", "[--strict] [--offline] [--json] [--config-id ID] [FILE...]",
	 "Judges configuration files. Without FILE it is the one that the daemon would read. The last line "
	 "says what a start and a reload do with errors: a start goes on without what can't be used, a "
	 "reload refuses a file with errors that were not there before, and a few warnings, such as an "
	 "interface that is not there, likewise.",
	 ctl_check,
	 "0 good (or warnings only), 1 warnings with --strict, 2 errors"},
	{"print", "[--config-id ID] FILE", "Prints a configuration in its canonical form.",
	 ctl_print, "0 printed, 2 the file has errors"},
	{"plan", "[--config-id ID] OLD NEW",
	 "Shows what a reload from one configuration to another would do.", ctl_plan,
	 "0 shown, 2 a file has errors"},
	{"explain", "[--list | --ours | --coverage | --man | CONTEXT[.KEYWORD] | KEYWORD]",
	 "Explains keywords of the configuration.", ctl_explain, "0 found, 1 no such keyword"},
	{"genhash", "-s ADDRESS -p PORT -u PATH [-S] [-I] [-V NAME] [-P 1.0|1.0c|1.1] [-t SECONDS] [-m MARK] [-v]",
	 "Prints the digest of a page, for `digest` in HTTP_GET and SSL_GET.", ctl_genhash,
	 "0 printed, 1 there is no page, or bad arguments"},
	{"version", "", "Says which version this is.", ctl_version, NULL},
	{"help", "[COMMAND | --man]", "Explains the commands.", ctl_help, NULL},
	{0},
};

const char *ctl_run_dir(const char *asked)
{
	const char *dir = asked ? asked : getenv("HOLDFAST_RUN_DIR");

	return dir && *dir ? dir : SUPERVISOR_RUN_DIR;
}

static const struct ctl_command *find(const char *name)
{
	for (const struct ctl_command *c = ctl_commands; c->name; c++)
		if (str_eq(c->name, name))
			return c;
	return NULL;
}

int ctl_usage(const struct ctl_command *self)
{
	fprintf(stderr, "usage: holdfast %s %s\n", self->name, self->args);
	return USAGE_STATUS;
}

int ctl_surplus(const struct ctl_command *self, const char *word, const char *hint)
{
	fprintf(stderr, "holdfast %s: `%s` has no meaning here%s%s\n", self->name, word, *hint ? ": " : "",
		hint);
	return ctl_usage(self);
}

/* What other programs call it, and what is a part of a command here. */
static const char *const other_names[][2] = {
	{"start", "run"},	      {"daemon", "run"},	   {"test", "check"},
	{"lint", "check"},	      {"show", "status"},	   {"events", "status --events"},
	{"checks", "status --checks"}, {"servers", "status --servers"}, {"diff", "plan"},
};

static const char *nearest(const char *name)
{
	const char *names[32];
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(other_names); i++)
		if (str_eq(name, other_names[i][0]))
			return other_names[i][1];
	for (const struct ctl_command *c = ctl_commands; c->name && n < ARRAY_SIZE(names); c++)
		names[n++] = c->name;
	return diag_nearest(name, names, n);
}

/* The list of commands is long, and a typing error needs none of it. */
static int no_command(const char *name, void (*list)(FILE *to))
{
	const char *near = nearest(name);

	if (near) {
		fprintf(stderr, "holdfast: no command `%s`, did you mean `holdfast %s`?\n", name, near);
		return USAGE_STATUS;
	}
	if (*name == '-') {
		fprintf(stderr, "holdfast: no option `%s` here: options come after the command, as in `holdfast status "
				"%s ...`\n", name, name);
		return USAGE_STATUS;
	}
	fprintf(stderr, "holdfast: no command `%s`\n", name);
	list(stderr);
	return USAGE_STATUS;
}

int ctl_version(const struct ctl_command *self, int argc, char **argv)
{
	puts("holdfast " HOLDFAST_VERSION);
	return 0;
}

static size_t first_sentence(const char *help)
{
	const char *end = strstr(help, ". ");

	return end ? (size_t)(end - help) + 1 : strlen(help);
}

static void list_commands(FILE *to)
{
	fputs("usage: holdfast COMMAND ...\n\n", to);
	for (const struct ctl_command *c = ctl_commands; c->name; c++)
		fprintf(to, "  %-8s %.*s\n", c->name, (int)first_sentence(c->help), c->help);
	fputs("\n`holdfast help COMMAND` says more.\n", to);
}

/* Lines that end between words. */
static void print_folded(const char *text)
{
	while (*text) {
		size_t n = strlen(text);

		if (n > LINE_WIDTH) {
			n = LINE_WIDTH;
			while (n > 0 && text[n] != ' ')
				n--;
		}
		n = n > 0 ? n : strcspn(text, " ");
		printf("%.*s\n", (int)n, text);
		text += n;
		text += *text == ' ';
	}
}

static void explain_command(const struct ctl_command *c)
{
	printf("usage: holdfast %s %s\n\n", c->name, c->args);
	print_folded(c->help);
	if (!c->statuses)
		return;
	puts("\nExit status:");
	print_folded(c->statuses);
}

int ctl_help(const struct ctl_command *self, int argc, char **argv)
{
	const struct ctl_command *c;

	if (argc < 2) {
		list_commands(stdout);
		return 0;
	}
	if (str_eq(argv[1], "--man")) {
		ctl_man_page(stdout);
		return 0;
	}
	c = find(argv[1]);
	if (!c)
		return no_command(argv[1], list_commands);
	explain_command(c);
	return 0;
}

/* The messages of getopt begin with argv[0]. */
static int run_command(const struct ctl_command *c, int argc, char **argv)
{
	char name[32];

	/* genhash has more options than this table tells */
	if (argc == 2 && c->run != ctl_genhash && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))) {
		explain_command(c);
		return 0;
	}
	snprintf(name, sizeof(name), "holdfast %s", c->name);
	argv[0] = name;
	return c->run(c, argc, argv);
}

static int subcommand(int argc, char **argv)
{
	const struct ctl_command *c;

	if (argc < 2) {
		list_commands(stderr);
		return USAGE_STATUS;
	}
	if (str_eq(argv[1], "--version") || str_eq(argv[1], "-v"))
		return ctl_version(NULL, 0, NULL);
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h")) {
		list_commands(stdout);
		return 0;
	}
	c = find(argv[1]);
	if (!c)
		return no_command(argv[1], list_commands);
	return run_command(c, argc - 1, argv + 1);
}

int ctl_main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";

	if (str_eq(name, "keepalived"))
		return compat_keepalived_main(argc, argv);
	if (str_eq(name, "genhash"))
		return compat_genhash_main(argc, argv);
	return subcommand(argc, argv);
}
