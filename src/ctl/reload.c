/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast reload`: one request to the control socket, its answers printed as they come. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/str.h"
#include "ctl/command.h"
#include "io/unixsock.h"

enum { RELOAD_FAILED = 1, RELOAD_NO_DAEMON = 3 };

static int ask(const char *run_dir, bool dry_run)
{
	const char *request =
		dry_run ? "{\"command\":\"reload\",\"dry_run\":true}" : "{\"command\":\"reload\"}";
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/control.sock", run_dir);
	fd = unixsock_connect(path);
	if (fd == -EACCES)
		fprintf(stderr, "holdfast: reload needs the rights of the daemon (root): %s: %s\n", path,
			strerror(-fd));
	else if (fd == -ENOENT || fd == -ECONNREFUSED)
		fprintf(stderr, "holdfast: no daemon runs in %s\n", run_dir);
	else if (fd < 0)
		fprintf(stderr, "holdfast: no daemon answers at %s: %s\n", path, strerror(-fd));
	if (fd < 0)
		return fd;
	if (unixsock_send_line(fd, request) < 0) {
		close(fd);
		return -EPIPE;
	}
	return fd;
}

/* Prints one line of the answer; true when it was the last and set *ret_status. */
static bool show(const char *line, int *ret_status)
{
	json_t *o = json_loads(line, 0, NULL);
	const char *text = json_string_value(json_object_get(o, "text"));
	const char *level = json_string_value(json_object_get(o, "level"));
	json_t *status = json_object_get(o, "status");
	bool last = json_is_integer(status);

	if (last)
		*ret_status = (int)json_integer_value(status);
	else if (text)
		fprintf(level && str_eq(level, "info") ? stdout : stderr, "%s\n", text);
	json_decref(o);
	return last;
}

int ctl_reload(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {{"dry-run", no_argument, NULL, 'n'},
						{"run-dir", required_argument, NULL, 'r'},
						{0}};
	const char *run_dir = NULL;
	int option, fd, status = RELOAD_FAILED;
	bool dry_run = false, last = false;
	char *line = NULL;
	size_t size = 0;
	FILE *answers;

	while ((option = getopt_long(argc, argv, "n", options, NULL)) != -1) {
		if (option == 'n')
			dry_run = true;
		else if (option == 'r')
			run_dir = optarg;
		else
			return ctl_usage(self);
	}
	if (optind < argc)
		return ctl_surplus(self, argv[optind], "it is the file that the daemon was started with");
	fd = ask(ctl_run_dir(run_dir), dry_run);
	if (fd < 0)
		return fd == -EACCES ? RELOAD_FAILED : RELOAD_NO_DAEMON;
	answers = fdopen(fd, "r");
	while (answers && !last && getline(&line, &size, answers) > 0)
		last = show(line, &status);
	if (!last)
		fputs("holdfast: the daemon hung up before the reload was done\n", stderr);
	free(line);
	if (answers)
		fclose(answers);
	return status;
}
