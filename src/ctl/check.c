/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast check`: what is wrong with these files, all of it, with places and hints. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/utf8.h"
#include "ctl/command.h"
#include "ctl/load.h"
#include "proc/supervisor/supervisor.h"

enum { CHECK_GOOD = 0, CHECK_WARNINGS = 1, CHECK_ERRORS = 2 };

static const char *const severities[] = {
	[DIAG_NOTE] = "note",
	[DIAG_WARNING] = "warning",
	[DIAG_ERROR] = "error",
	[DIAG_FATAL] = "fatal",
};

static void set_string(json_t *o, const char *key, const char *value)
{
	char *clean = value ? strdup(value) : NULL;

	if (clean)
		utf8_clean(clean, strlen(clean) + 1);
	json_object_set_new(o, key, clean ? json_string(clean) : json_null());
	free(clean);
}

static void add_json(json_t *list, const struct conf_loaded *l, const char *path)
{
	for (unsigned i = 0; i < l->diags.list.n; i++) {
		const struct diag *d = &l->diags.list.v[i];
		json_t *o = json_object();
		bool placed = d->at.line > 0 && l->source && d->at.file < l->source->files.n;

		set_string(o, "file", placed ? l->source->files.v[d->at.file].path : path);
		json_object_set_new(o, "line", json_integer(d->at.line));
		json_object_set_new(o, "column", json_integer(d->at.col));
		json_object_set_new(o, "length", json_integer(d->at.len));
		set_string(o, "severity", severities[d->severity]);
		set_string(o, "code", d->code);
		set_string(o, "text", d->text);
		set_string(o, "expected", d->expected);
		set_string(o, "hint", d->hint);
		json_array_append_new(list, o);
	}
}

struct tally {
	unsigned errors, warnings, notes;
	bool no_start, no_reload;
	json_t *json; /* NULL: text */
};

static void check_one(const char *path, const struct load_options *o, struct tally *t)
{
	struct conf_loaded l = load_file(path, o);

	t->errors += l.diags.count[DIAG_ERROR] + l.diags.count[DIAG_FATAL];
	t->warnings += l.diags.count[DIAG_WARNING];
	t->notes += l.diags.count[DIAG_NOTE];
	t->no_start |= l.diags.count[DIAG_FATAL] > 0;
	t->no_reload |= diags_refuse_reload(&l.diags);
	if (t->json)
		add_json(t->json, &l, path);
	else
		load_print_diags(&l, stdout);
	arena_free(l.arena);
}

/* The file that the daemon would read. */
static void check_usual(const struct load_options *o, struct tally *t)
{
	const char *path = supervisor_conf_path(NULL);

	if (!t->json)
		printf("%s:\n", path);
	check_one(path, o, t);
	if (!t->json && access(path, F_OK) < 0)
		puts("Nor is there one of keepalived's. Another file is named: holdfast check FILE");
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static void print_result(const struct tally *t)
{
	if (t->json) {
		json_t *o = json_pack("{s:i, s:i, s:i, s:i, s:O}", "schema", 1, "errors",
				      (int)t->errors, "warnings", (int)t->warnings, "notes",
				      (int)t->notes, "messages", t->json);

		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(o);
	} else {
		printf("%u error%s, %u warning%s, %u note%s\n", t->errors, plural(t->errors), t->warnings,
		       plural(t->warnings), t->notes, plural(t->notes));
		if (t->no_start)
			puts("No daemon starts with this.");
		else if (t->no_reload)
			puts(t->errors > 0
				     ? "A start goes on without what can't be used, a reload refuses new errors."
				     : "A start goes on with this, a reload refuses it when it is new.");
		else if (t->errors > 0)
			puts("A start and a reload take this all the same, as the messages say.");
	}
}

int ctl_check(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"strict", no_argument, NULL, 's'},
		{"offline", no_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'j'},
		{"config-id", required_argument, NULL, 'i'},
		{"run-dir", required_argument, NULL, 'r'},
		{0},
	};
	struct load_options load = {0};
	struct tally tally = {0};
	bool strict = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			strict = true;
		else if (option == 'o')
			load.offline = true;
		else if (option == 'j')
			tally.json = tally.json ? tally.json : json_array();
		else if (option == 'i')
			load.config_id = optarg;
		else if (option != 'r')
			return ctl_usage(self);
	}
	if (optind == argc)
		check_usual(&load, &tally);
	for (int i = optind; i < argc; i++)
		check_one(argv[i], &load, &tally);
	print_result(&tally);
	json_decref(tally.json);
	if (tally.errors > 0)
		return CHECK_ERRORS;
	return strict && tally.warnings > 0 ? CHECK_WARNINGS : CHECK_GOOD;
}
