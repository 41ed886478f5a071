/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast status`: walks over the boards and gives every record to a writer. */
#include <getopt.h>
#include <stddef.h>

#include "ctl/command.h"
#include "ctl/output.h"

enum { STATUS_GOOD = 0, STATUS_DEGRADED = 1, STATUS_UNREACHABLE = 2 };

static void walk_vrrp(const struct snapshot *s, const struct output *out, void *ctx)
{
	const struct board *vrrp = &s->board[PROC_VRRP];
	struct board_instance instance;
	struct board_group group;

	for (uint32_t i = 0; vrrp->header && i < vrrp->header->shape.instances; i++) {
		snapshot_instance(s, i, &instance);
		out->instance(ctx, s, &instance);
	}
	for (uint32_t i = 0; vrrp->header && i < vrrp->header->shape.groups; i++) {
		snapshot_group(s, i, &group);
		out->group(ctx, s, &group);
	}
}

static void walk_runner(const struct snapshot *s, const struct output *out, void *ctx)
{
	const struct board *runner = &s->board[PROC_RUNNER];
	struct board_script script;
	struct board_file file;

	for (uint32_t i = 0; i < runner->header->shape.scripts; i++) {
		snapshot_script(s, i, &script);
		out->script(ctx, s, &script);
	}
	for (uint32_t i = 0; i < runner->header->shape.files; i++) {
		snapshot_file(s, i, &file);
		out->file(ctx, s, &file);
	}
}

static void walk_services(const struct snapshot *s, const struct output *out, void *ctx)
{
	const struct board *lvs = &s->board[PROC_LVS];
	struct board_service service;
	struct board_server server;

	for (uint32_t i = 0; lvs->header && i < lvs->header->shape.services; i++) {
		snapshot_service(s, i, &service);
		out->service(ctx, s, &service);
		for (uint32_t k = 0; k < snapshot_count_servers(s, &service); k++) {
			snapshot_server(s, service.first_server + k, &server);
			out->server(ctx, s, &service, &server);
		}
	}
}

static void walk_checks(const struct snapshot *s, const struct output *out, void *ctx,
			const struct board *b)
{
	struct board_probe probe;

	for (uint32_t i = 0; i < b->header->shape.probes; i++)
		if (snapshot_probe(b, i, &probe))
			out->check(ctx, s, b->header, &probe);
}

static void walk(const struct snapshot *s, const struct output *out, const struct output_options *o)
{
	void *ctx = out->begin(s, o);

	walk_vrrp(s, out, ctx);
	walk_runner(s, out, ctx);
	walk_services(s, out, ctx);
	for (unsigned i = 0; o->checks && i < s->n_checks; i++)
		walk_checks(s, out, ctx, &s->check[i]);
	if (o->checks)
		walk_checks(s, out, ctx, &s->board[PROC_RUNNER]);
	for (enum process p = PROC_VRRP; p <= PROC_LVS; p++)
		if (s->board[p].header)
			out->process(ctx, s, s->board[p].header);
	for (unsigned i = 0; i < s->n_checks; i++)
		out->process(ctx, s, s->check[i].header);
	for (unsigned i = 0; i < s->n_events; i++)
		out->event(ctx, s, &s->events[i]);
	out->end(ctx);
}

int ctl_status(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"servers", no_argument, NULL, 's'},
		{"checks", no_argument, NULL, 'c'},
		{"run-dir", required_argument, NULL, 'r'},
		{0}};
	const struct output *out = &output_text;
	struct output_options o = {0};
	const char *run_dir = NULL;
	struct snapshot s;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			out = &output_json;
		else if (option == 's')
			o.servers = true;
		else if (option == 'c')
			o.checks = true;
		else if (option == 'r')
			run_dir = optarg;
		else
			return ctl_usage(self);
	}
	if (optind < argc)
		return ctl_usage(self);
	o.checks |= out == &output_json;
	snapshot_open(ctl_run_dir(run_dir), &s);
	if (s.reachable) {
		walk(&s, out, &o);
		status = snapshot_is_healthy(&s) ? STATUS_GOOD : STATUS_DEGRADED;
	} else {
		out->unreachable(s.reason);
		status = STATUS_UNREACHABLE;
	}
	snapshot_close(&s);
	return status;
}
