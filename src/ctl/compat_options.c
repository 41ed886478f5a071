/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived's flags as rows. What has no meaning here is taken silently when nothing is lost by
 * it, and said when something is. Must not know how the daemon is started.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "base/str.h"
#include "ctl/compat.h"

enum argument { NONE = no_argument, NEEDS = required_argument, MAY = optional_argument };

struct flag {
	char letter; /* 0: none */
	const char *name;
	enum argument argument;
	/* NULL: nothing to do. false: a bad argument. */
	bool (*take)(struct compat *c, const char *text);
	const char *not_yet; /* said when it is used */
	const char *help;
};

static bool take_file(struct compat *c, const char *text)
{
	c->daemon.conf_path = text;
	return true;
}

static bool take_console(struct compat *c, const char *text)
{
	c->log_console = true;
	return true;
}

static bool take_detail(struct compat *c, const char *text)
{
	c->daemon.log_detail++;
	return true;
}

static bool take_facility(struct compat *c, const char *text)
{
	static const struct {
		const char *name;
		int value;
	} facilities[] = {
		{"0", LOG_LOCAL0},	{"1", LOG_LOCAL1},	{"2", LOG_LOCAL2},
		{"3", LOG_LOCAL3},	{"4", LOG_LOCAL4},	{"5", LOG_LOCAL5},
		{"6", LOG_LOCAL6},	{"7", LOG_LOCAL7},	{"local0", LOG_LOCAL0},
		{"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
		{"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
		{"local7", LOG_LOCAL7}, {"user", LOG_USER},	{"daemon", LOG_DAEMON},
	};

	for (size_t i = 0; i < ARRAY_SIZE(facilities); i++)
		if (strcasecmp(text, facilities[i].name) == 0) {
			c->daemon.log.facility = facilities[i].value;
			return true;
		}
	fprintf(stderr, "Invalid log facility '%s'\n", text);
	return true; /* said and ignored */
}

static bool take_log_file(struct compat *c, const char *text)
{
	fputs("-g requires configure option --enable-log-file\n", stderr);
	return false;
}

static bool take_no_syslog(struct compat *c, const char *text)
{
	c->no_syslog = true;
	return true;
}

static bool take_umask(struct compat *c, const char *text)
{
	char *end;
	unsigned long mask = strtoul(text, &end, 0);

	if (*end || mask > 0777) {
		fprintf(stderr, "Invalid --umask '%s'\n", text);
		return false;
	}
	c->daemon.file_mask = (int)mask;
	return true;
}

static bool take_keep(struct compat *c, const char *text)
{
	c->daemon.dont_release = true;
	return true;
}

static bool take_keep_ipvs(struct compat *c, const char *text)
{
	c->daemon.dont_release_ipvs = true;
	return true;
}

static bool take_only_vrrp(struct compat *c, const char *text)
{
	c->daemon.no_checkers = true;
	return true;
}

static bool take_only_check(struct compat *c, const char *text)
{
	c->daemon.no_vrrp = true;
	return true;
}

static bool take_all(struct compat *c, const char *text)
{
	c->daemon.all = true;
	return true;
}

static bool take_checkers_pid(struct compat *c, const char *text)
{
	c->daemon.checkers_pid_file = text;
	return true;
}

static bool take_no_respawn(struct compat *c, const char *text)
{
	c->daemon.dont_respawn = true;
	return true;
}

static bool take_no_fork(struct compat *c, const char *text)
{
	c->dont_fork = true;
	return true;
}

static bool take_dump(struct compat *c, const char *text)
{
	c->daemon.dump_conf = true;
	return true;
}

static bool take_pid(struct compat *c, const char *text)
{
	c->daemon.pid_file = text;
	return true;
}

static bool take_vrrp_pid(struct compat *c, const char *text)
{
	c->daemon.vrrp_pid_file = text;
	return true;
}

static bool take_genhash(struct compat *c, const char *text)
{
	c->genhash = true;
	return true;
}

static bool take_addresses(struct compat *c, const char *text)
{
	c->daemon.address_monitoring = true;
	return true;
}

static bool take_all_config(struct compat *c, const char *text)
{
	c->daemon.include_check = true;
	return true;
}

static bool take_id(struct compat *c, const char *text)
{
	c->daemon.config_id = text;
	return true;
}

static bool take_test(struct compat *c, const char *text)
{
	c->test = true;
	c->test_file = text;
	return true;
}

static bool take_no_int(struct compat *c, const char *text)
{
	c->daemon.ignore_int = true;
	return true;
}

static bool refuse(struct compat *c, const char *text)
{
	return false;
}

static bool take_signum(struct compat *c, const char *text)
{
	const struct {
		const char *name;
		int number;
	} signals[] = {
		{"STOP", SIGTERM},
		{"RELOAD", SIGHUP},
		{"DATA", SIGUSR1},
		{"STATS", SIGUSR2},
		{"STATS_CLEAR", SIGRTMAX - 1},
		{"JSON", SIGRTMIN + 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (str_eq(text, signals[i].name)) {
			printf("%d\n", signals[i].number);
			c->done = true;
			return true;
		}
	fprintf(stderr, "Unknown sigfunc %s\n", text);
	return false;
}

static bool take_version(struct compat *c, const char *text)
{
	fputs("Keepalived v2.4.3 (compatible), holdfast " HOLDFAST_VERSION "\n"
	      "\n"
	      "Configuration language, signals, files and exit statuses are those of keepalived "
	      "2.4.3.\n",
	      stderr);
	c->done = true;
	return true;
}

static bool take_help(struct compat *c, const char *text);

static const struct flag flags[] = {
	{'f', "use-file", NEEDS, take_file, NULL, "Use the specified configuration file"},
	{'P', "vrrp", NONE, take_only_vrrp, NULL, "Only run with VRRP subsystem"},
	{'C', "check", NONE, take_only_check, NULL, "Only run with Health-checker subsystem"},
	{'B', "no_bfd", NONE, NULL, NULL, "Don't run BFD subsystem"},
	{0, "all", NONE, take_all, NULL, "Run all subsystems even without configuration for them"},
	{'l', "log-console", NONE, take_console, NULL, "Log messages to local console (with -n)"},
	{'D', "log-detail", NONE, take_detail, NULL, "Detailed log messages"},
	{'S', "log-facility", NEEDS, take_facility, NULL,
	 "Set syslog facility to LOG_LOCAL[0-7], user, daemon"},
	{'g', "log-file", MAY, take_log_file, NULL, "Also log to FILE (not built in)"},
	{0, "flush-log-file", NONE, NULL, NULL, "Flush log file on write"},
	{'G', "no-syslog", NONE, take_no_syslog, NULL, "Don't log via syslog"},
	{'u', "umask", NEEDS, take_umask, NULL, "Umask for file creation (in numeric form)"},
	{'X', "release-vips", NONE, NULL, NULL, "Drop VIP on transition from signal"},
	{'V', "dont-release-vrrp", NONE, take_keep, NULL,
	 "Don't remove VRRP VIPs and VROUTEs on daemon stop"},
	{'I', "dont-release-ipvs", NONE, take_keep_ipvs, NULL,
	 "Don't remove IPVS topology on daemon stop"},
	{'R', "dont-respawn", NONE, take_no_respawn, NULL, "Don't respawn child processes"},
	{'n', "dont-fork", NONE, take_no_fork, NULL, "Don't fork the daemon process"},
	{'d', "dump-conf", NONE, take_dump, NULL, "Dump the configuration data"},
	{'p', "pid", NEEDS, take_pid, NULL, "Use specified pidfile for parent process"},
	{'r', "vrrp_pid", NEEDS, take_vrrp_pid, NULL,
	 "Use specified pidfile for VRRP child process"},
	{'c', "checkers_pid", NEEDS, take_checkers_pid, NULL,
	 "Use specified pidfile for checkers child process"},
	{'b', "bfd_pid", NEEDS, NULL, NULL, "Use specified pidfile for BFD child process"},
	{'T', "genhash", NONE, take_genhash, NULL, "Enter into genhash utility mode"},
	{'a', "address-monitoring", NONE, take_addresses, NULL,
	 "Report all address additions/deletions"},
	{'x', "snmp", NONE, NULL, "SNMP is not there yet", "Enable SNMP subsystem"},
	{'A', "snmp-agent-socket", NEEDS, NULL, "SNMP is not there yet",
	 "Use the specified socket for master agent"},
	{'s', "namespace", NEEDS, refuse,
	 "network namespaces are not entered yet; use `ip netns exec`",
	 "Run in network namespace NAME (overrides config)"},
	{'m', "core-dump", NONE, NULL, NULL, "Produce core dump if terminate abnormally"},
	{'M', "core-dump-pattern", MAY, NULL, NULL, "Also set /proc/sys/kernel/core_pattern"},
	{'e', "all-config", NONE, take_all_config, NULL, "Error if any configuration file missing"},
	{'i', "config-id", NEEDS, take_id, NULL,
	 "Skip any configuration lines beginning '@' that don't match id"},
	{0, "signum", NEEDS, take_signum, NULL,
	 "Return signal number for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON"},
	{'t', "config-test", MAY, take_test, NULL,
	 "Check the configuration for obvious errors, output to FILE or stderr"},
	{0, "config-fd", NEEDS, NULL, NULL, "(internal to keepalived)"},
	{0, "ignore-sigint", NONE, take_no_int, NULL, "Ignore SIGINT"},
	{0, "perf", MAY, NULL, "there is no perf recording", "Collect perf data"},
	{0, "debug", MAY, NULL, "there are no debug topics; see --log-detail",
	 "Enable debug options"},
	{0, "no-mem-check", NONE, NULL, NULL, "Disable memory alloc checking"},
	{'L', "mem-check-log", NONE, NULL, NULL, "Log memory allocs"},
	{'O', "openssl-mem-check", NONE, NULL, NULL, "Check memory allocs of openssl"},
	{'v', "version", NONE, take_version, NULL, "Display the version number"},
	{'h', "help", NONE, take_help, NULL, "Display this help message"},
};

static bool take_help(struct compat *c, const char *text)
{
	fputs("Usage: keepalived [OPTION...]\n", stderr);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const struct flag *f = &flags[i];
		char name[64];

		snprintf(name, sizeof(name), "%s%s", f->name,
			 f->argument == NEEDS ? "=ARG"
			 : f->argument == MAY ? "[=ARG]"
					      : "");
		if (f->letter)
			fprintf(stderr, "  -%c, --%-22s %s\n", f->letter, name, f->help);
		else
			fprintf(stderr, "      --%-22s %s\n", name, f->help);
	}
	c->done = true;
	return true;
}

static void make_tables(char *letters, struct option *names)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		names[i] = (struct option){flags[i].name, flags[i].argument, NULL, 256 + (int)i};
		if (!flags[i].letter)
			continue;
		*letters++ = flags[i].letter;
		for (int k = 0; k < (int)flags[i].argument; k++)
			*letters++ = ':';
	}
	*letters = '\0';
	names[ARRAY_SIZE(flags)] = (struct option){0};
}

static const struct flag *find(int option)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (option == 256 + (int)i || (option < 256 && option == flags[i].letter))
			return &flags[i];
	return NULL;
}

static bool take_flag(struct compat *c, const struct flag *f, const char *text)
{
	if (f->argument == NEEDS && !*text) {
		fprintf(stderr, "Option --%s needs a value\n", f->name);
		return false;
	}
	if (f->not_yet)
		fprintf(stderr, "keepalived: --%s: %s\n", f->name, f->not_yet);
	return f->take ? f->take(c, text) : true;
}

bool compat_take_options(struct compat *c, int argc, char **argv)
{
	char letters[ARRAY_SIZE(flags) * 3 + 1];
	struct option names[ARRAY_SIZE(flags) + 1];
	int option;

	make_tables(letters, names);
	while (!c->done && !c->genhash &&
	       (option = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct flag *f = find(option);

		if (!f || !take_flag(c, f, optarg))
			return false;
	}
	if (!c->done && !c->genhash && optind < argc) {
		fputs("Unexpected argument(s):", stderr);
		for (int i = optind; i < argc; i++)
			fprintf(stderr, " %s", argv[i]);
		fputc('\n', stderr);
	}
	return true;
}
