/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast run`: the options of the daemon in the foreground. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "base/str.h"
#include "ctl/command.h"
#include "proc/supervisor/supervisor.h"

struct word {
	const char *name;
	int value;
};

static const struct word sinks[] = {
	{"auto", LOG_TO_AUTO},
	{"stderr", LOG_TO_STDERR},
	{"syslog", LOG_TO_SYSLOG},
	{"journal", LOG_TO_JOURNAL},
	{"journald", LOG_TO_JOURNAL},
	{"none", LOG_TO_NOTHING},
	{0},
};
static const struct word formats[] = {{"text", LOG_TEXT}, {"json", LOG_JSON}, {0}};
static const struct word levels[] = {
	{"error", LVL_ERR}, {"warning", LVL_WARNING}, {"notice", LVL_NOTICE},
	{"info", LVL_INFO}, {"debug", LVL_DEBUG},     {0},
};

/* The value of a word; complains and returns -1 when it is none of them. */
static int choose(const struct word *words, const char *text, const char *option)
{
	for (const struct word *w = words; w->name; w++)
		if (str_eq(w->name, text))
			return w->value;
	fprintf(stderr, "holdfast: --%s %s: expected one of", option, text);
	for (const struct word *w = words; w->name; w++)
		fprintf(stderr, " %s", w->name);
	fputc('\n', stderr);
	return -1;
}

enum { OPT_RUN_DIR = 256, OPT_LOG, OPT_FORMAT, OPT_LEVEL, OPT_ID, OPT_PID };

static const struct option long_options[] = {
	{"file", required_argument, NULL, 'f'},
	{"run-dir", required_argument, NULL, OPT_RUN_DIR},
	{"log", required_argument, NULL, OPT_LOG},
	{"log-format", required_argument, NULL, OPT_FORMAT},
	{"log-level", required_argument, NULL, OPT_LEVEL},
	{"config-id", required_argument, NULL, OPT_ID},
	{"pid-file", required_argument, NULL, OPT_PID},
	{"log-detail", no_argument, NULL, 'D'},
	{0},
};

/* false: not an option, or a bad value. */
static bool take(struct supervisor_options *o, int option)
{
	int value = 0;

	switch (option) {
	case 'f':
		o->conf_path = optarg;
		break;
	case 'D':
		o->log_detail++;
		break;
	case OPT_RUN_DIR:
		o->run_dir = optarg;
		break;
	case OPT_LOG:
		value = choose(sinks, optarg, "log");
		o->log.sink = (enum log_sink)value;
		break;
	case OPT_FORMAT:
		value = choose(formats, optarg, "log-format");
		o->log.format = (enum log_format)value;
		break;
	case OPT_LEVEL:
		value = choose(levels, optarg, "log-level");
		o->log.level = (enum log_level)value;
		break;
	case OPT_ID:
		o->config_id = optarg;
		break;
	case OPT_PID:
		o->pid_file = optarg;
		break;
	default:
		return false;
	}
	return value >= 0;
}

int ctl_run(const struct ctl_command *self, int argc, char **argv)
{
	struct supervisor_options o = {
		.log = {.sink = LOG_TO_AUTO,
			.level = LVL_INFO,
			.facility = LOG_DAEMON,
			.ident = "Keepalived"},
		.file_mask = -1,
		.started_fd = -1,
	};
	int option;

	while ((option = getopt_long(argc, argv, "f:D", long_options, NULL)) != -1)
		if (!take(&o, option))
			return ctl_usage(self);
	if (optind < argc)
		return ctl_surplus(self, argv[optind], "a configuration is named with -f");
	o.run_dir = ctl_run_dir(o.run_dir);
	return supervisor_main(&o);
}
