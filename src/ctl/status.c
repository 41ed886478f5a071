/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast status`: walks over the boards and gives every record to a writer. */
#include <getopt.h>
#include <stddef.h>

#include "ctl/command.h"
#include "ctl/output.h"

enum { STATUS_GOOD = 0, STATUS_DEGRADED = 1, STATUS_UNREACHABLE = 2 };

static void walk(const struct snapshot *s, const struct output *out)
{
	const struct board *vrrp = &s->board[PROC_VRRP], *runner = &s->board[PROC_RUNNER];
	void *ctx = out->begin(s);
	struct board_instance instance;
	struct board_group group;
	struct board_script script;
	struct board_file file;
	struct board_event event;

	for (uint32_t i = 0; i < vrrp->header->shape.instances; i++) {
		snapshot_instance(s, i, &instance);
		out->instance(ctx, s, &instance);
	}
	for (uint32_t i = 0; i < vrrp->header->shape.groups; i++) {
		snapshot_group(s, i, &group);
		out->group(ctx, s, &group);
	}
	for (uint32_t i = 0; i < runner->header->shape.scripts; i++) {
		snapshot_script(s, i, &script);
		out->script(ctx, s, &script);
	}
	for (uint32_t i = 0; i < runner->header->shape.files; i++) {
		snapshot_file(s, i, &file);
		out->file(ctx, s, &file);
	}
	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++)
		out->process(ctx, s, s->board[p].header);
	for (uint32_t i = 0; snapshot_event(s, i, &event); i++)
		out->event(ctx, s, &event);
	out->end(ctx);
}

int ctl_status(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"run-dir", required_argument, NULL, 'r'}, {0}};
	const struct output *out = &output_text;
	const char *run_dir = NULL;
	struct snapshot s;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			out = &output_json;
		else if (option == 'r')
			run_dir = optarg;
		else
			return ctl_usage(self);
	}
	if (optind < argc)
		return ctl_usage(self);
	snapshot_open(ctl_run_dir(run_dir), &s);
	if (s.reachable) {
		walk(&s, out);
		status = snapshot_is_healthy(&s) ? STATUS_GOOD : STATUS_DEGRADED;
	} else {
		out->unreachable(s.reason);
		status = STATUS_UNREACHABLE;
	}
	snapshot_close(&s);
	return status;
}
