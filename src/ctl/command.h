/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A subcommand is a row: commands.c has the table, one file each has the function. */
#ifndef HF_CTL_COMMAND_H
#define HF_CTL_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

struct ctl_command {
	const char *name;
	const char *args; /* as shown in the usage line */
	const char *help; /* one sentence */
	/* argv[0] is "holdfast" and the name of the command; the exit status. */
	int (*run)(const struct ctl_command *self, int argc, char **argv);
	const char *statuses; /* what the exit status means, or NULL */
};

/* The table, ended by a row without a name. */
extern const struct ctl_command ctl_commands[];

int ctl_run(const struct ctl_command *self, int argc, char **argv);
int ctl_status(const struct ctl_command *self, int argc, char **argv);
int ctl_reload(const struct ctl_command *self, int argc, char **argv);
int ctl_check(const struct ctl_command *self, int argc, char **argv);
int ctl_print(const struct ctl_command *self, int argc, char **argv);
int ctl_plan(const struct ctl_command *self, int argc, char **argv);
int ctl_explain(const struct ctl_command *self, int argc, char **argv);
int ctl_genhash(const struct ctl_command *self, int argc, char **argv);
int ctl_version(const struct ctl_command *self, int argc, char **argv);
int ctl_help(const struct ctl_command *self, int argc, char **argv);

/* The programs of other names. */
int compat_keepalived_main(int argc, char **argv);
int compat_genhash_main(int argc, char **argv);

/* One line of usage to standard error; returns 2, the status of a bad command line. */
int ctl_usage(const struct ctl_command *self);
/* The same, after what is wrong: a word too many, and what may have been meant ("": nothing to say). */
int ctl_surplus(const struct ctl_command *self, const char *word, const char *hint);

/* holdfast(8) as mdoc(7) source. */
void ctl_man_page(FILE *to);

/* --run-dir as given (or NULL), else HOLDFAST_RUN_DIR, else the default. */
const char *ctl_run_dir(const char *asked);

#endif
