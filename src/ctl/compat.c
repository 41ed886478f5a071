/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program under keepalived's name: its start (foreground or daemon), its configuration test and
 * its exit statuses (operations.md 3 to 6, config-language.md 12).
 */
#include "ctl/compat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl/command.h"
#include "ctl/load.h"
#include "io/process.h"

enum {
	TEST_GOOD = 0,
	TEST_MISSING_WORD = 2,
	TEST_CANNOT_RUN = 4,
	TEST_FINDINGS = 5,
	TEST_SECURITY = 6
};

/* Judgements of ours that keepalived does not make: said, but a file that was good for it stays
 * good. */
static const char *const our_own[] = {
	"alpha-unchecked", "bad-path", "bad-recipient", "clear-password", "engine", "include-no-match",
	"include-unreadable", "missing-file",
	"no-engine", "no-mail", "no-weight", "not-utf-8", "quorum-unreachable", "weights-ignored",
	"duplicate-address", "duplicate-name",	    "extra-word",  "foreign-source", "loopback",
	"loopback-vip", "preempt-twice", "server-is-service", "subnet-end",
	"multicast-vip",     "nopreempt-weight",    "nothing-to-do", "owner-address", "owner-weight", "peer-is-self",
	"prefix-zero", "script-without-fifo", "slow-script",	    "useless-weight", "vip-is-source", "weight-range",
};

static bool is_our_own(const struct conf *conf, const struct diag *d)
{
	if (conf->global.dynamic_interfaces && str_eq(d->code, "missing-interface"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(our_own); i++)
		if (d->severity == DIAG_WARNING && str_eq(d->code, our_own[i]))
			return true;
	return false;
}

/* Scripts that run as root, and nothing that forbids others to change them. One whose user does not
 * exist is not run. */
static bool scripts_unprotected(const struct conf *conf)
{
	for (unsigned i = 0; !conf->global.script_security && i < conf->commands.n; i++)
		if (conf->commands.v[i]->uid == 0 && !conf->commands.v[i]->unsafe)
			return true;
	return false;
}

/* A missing word ends the reading there; a security finding hides all others, any ordinary one
 * those that can't run. */
static int test_status(const struct conf_loaded *l)
{
	bool security = scripts_unprotected(l->conf), general = false, cannot_run = false;

	for (unsigned i = 0; i < l->diags.list.n; i++) {
		const struct diag *d = &l->diags.list.v[i];

		if (d->severity == DIAG_NOTE || is_our_own(l->conf, d))
			continue;
		if (d->class == DIAG_MISSING_WORD)
			return TEST_MISSING_WORD;
		security |= d->class == DIAG_SECURITY || d->class == DIAG_INCLUDE;
		if (d->class == DIAG_CANNOT_RUN ||
		    (d->class == DIAG_GENERAL && d->severity == DIAG_FATAL))
			cannot_run = true;
		else
			general |= d->class == DIAG_GENERAL;
	}
	if (security)
		return TEST_SECURITY;
	if (general)
		return TEST_FINDINGS;
	return cannot_run ? TEST_CANNOT_RUN : TEST_GOOD;
}

static int test_configuration(const struct compat *c)
{
	const struct load_options o = {.config_id = c->daemon.config_id,
				       .include_check = c->daemon.include_check};
	FILE *to = c->test_file ? fopen(c->test_file, "ae") : stderr;
	struct conf_loaded l;
	int status;

	if (!to) {
		perror(c->test_file);
		return EXIT_FATAL;
	}
	l = load_file(supervisor_conf_path(c->daemon.conf_path), &o);
	load_print_diags_keepalived(&l, to);
	if (scripts_unprotected(l.conf))
		fputs("SECURITY VIOLATION - scripts are being executed but script_security not enabled.\n",
		      to);
	status = test_status(&l);
	arena_free(l.arena);
	if (to != stderr)
		fclose(to);
	return status;
}

/* The log goes where keepalived's goes. */
static void choose_log(struct compat *c)
{
	struct log_options *log = &c->daemon.log;
	bool console = c->log_console && c->dont_fork;

	log->sink = LOG_TO_SYSLOG;
	log->also_stderr = console;
	if (c->no_syslog) {
		log->sink = console ? LOG_TO_STDERR : LOG_TO_NOTHING;
		log->also_stderr = false;
	}
	log->level = c->daemon.log_detail > 0 ? LVL_DEBUG : LVL_INFO;
}

/* A daemon with pid files of its own is one of several: it gets a run directory of its own. */
static const char *choose_run_dir(const struct compat *c)
{
	static const char prefix[] = SUPERVISOR_RUN_DIR;
	char *dir, *p;

	if (getenv("HOLDFAST_RUN_DIR") || !c->daemon.pid_file)
		return ctl_run_dir(NULL);
	dir = malloc(sizeof(prefix) + strlen(c->daemon.pid_file) + 1);
	if (!dir)
		abort();
	sprintf(dir, "%s%s%s", prefix, c->daemon.pid_file[0] == '/' ? "" : "-", c->daemon.pid_file);
	for (p = dir + sizeof(prefix) - 1; *p; p++)
		if (*p == '/')
			*p = '-';
	return dir;
}

int compat_keepalived_main(int argc, char **argv)
{
	struct compat c = {
		.daemon =
			{
				.keepalived = true,
				.file_mask = -1,
				.started_fd = -1,
				.log = {.facility = LOG_DAEMON, .ident = "Keepalived"},
			},
	};
	int status;

	if (!compat_take_options(&c, argc, argv))
		return EXIT_FATAL;
	if (c.done)
		return c.status;
	if (c.genhash)
		return compat_genhash_main(argc - optind + 1, argv + optind - 1);
	if (c.test)
		return test_configuration(&c);
	choose_log(&c);
	c.daemon.run_dir = choose_run_dir(&c);
	if (!c.dont_fork && process_daemonise(&c.daemon.started_fd, &status))
		return status;
	return supervisor_main(&c.daemon);
}
