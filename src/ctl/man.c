/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: holdfast(8) in mdoc(7), its commands made from their table. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"

static const char intro[] =
	".Dd November 24, 2026\n"
	".Dt HOLDFAST 8\n"
	".Os\n"
	".Sh NAME\n"
	".Nm holdfast\n"
	".Nd keep virtual IP addresses alive\n"
	".Sh SYNOPSIS\n"
	".Nm\n"
	".Ar command\n"
	".Op Ar option ...\n"
	".Sh DESCRIPTION\n"
	".Nm\n"
	"speaks VRRP (RFC 3768, 5798, 9568) with other routers on the link, so that virtual "
	"addresses are\n"
	"on one of them at any time.\n"
	"It reads the configuration of\n"
	".Xr keepalived 8 ,\n"
	"see\n"
	".Xr holdfast.conf 5 .\n"
	"Called by the name\n"
	".Nm keepalived\n"
	"it takes the command line, signals and exit statuses of that program.\n"
	".Sh COMMANDS\n"
	".Bl -tag -width Ds\n";

static const char outro[] =
	".El\n"
	".Sh SIGNALS\n"
	".Bl -tag -width TERM,\\ INT -compact\n"
	".It TERM, INT\n"
	"stop; addresses are handed over\n"
	".It HUP\n"
	"reload\n"
	".It USR1\n"
	"write the state to\n"
	".Pa keepalived.data\n"
	".It USR2\n"
	"write statistics to\n"
	".Pa keepalived.stats\n"
	".It RTMAX-1\n"
	"the same, then set them to zero\n"
	".It RTMIN+2\n"
	"write keepalived's JSON document to\n"
	".Pa keepalived.json\n"
	".El\n"
	".Sh ENVIRONMENT\n"
	".Bl -tag -width Ds\n"
	".It Ev HOLDFAST_RUN_DIR\n"
	"The run directory when there is no\n"
	".Fl -run-dir .\n"
	".It Ev TMPDIR\n"
	"Where the files that signals ask for are written, instead of\n"
	".Pa /tmp .\n"
	".El\n"
	".Sh FILES\n"
	".Bl -tag -width Ds -compact\n"
	".It Pa /etc/holdfast/holdfast.conf , Pa /etc/keepalived/keepalived.conf\n"
	"the configuration: the first that exists\n"
	".It Pa /run/holdfast/\n"
	"pid file, control socket, boards\n"
	".El\n"
	".Sh SEE ALSO\n"
	".Xr holdfast.conf 5\n";

/* Options as they are in the usage line, on a line of their own; a hyphen stays a hyphen. */
static void put_escaped(const char *s, FILE *to)
{
	for (; *s; s++) {
		if (*s == '-')
			fputs("\\-", to);
		else if (*s == '\n')
			fputc(' ', to);
		else if (*s == '\\')
			fputs("\\e", to);
		else
			fputc(*s, to);
	}
}

static void put_command(const struct ctl_command *c, FILE *to)
{
	fprintf(to, ".It Xo Ic %s\n", c->name);
	if (*c->args) {
		fputs("\\&", to);
		put_escaped(c->args, to);
		fputc('\n', to);
	}
	fprintf(to, ".Xc\n%s\n", c->help);
	if (c->statuses)
		fprintf(to, "Exit status: %s.\n", c->statuses);
}

void ctl_man_page(FILE *to)
{
	fputs(intro, to);
	for (const struct ctl_command *c = ctl_commands; c->name; c++)
		put_command(c, to);
	fputs(outro, to);
}
