/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast status`: walks over the boards and gives every record that was asked for to a writer. */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "conf/diag.h"
#include "ctl/command.h"
#include "ctl/filter.h"
#include "ctl/output.h"
#include "ctl/problems.h"

enum { STATUS_GOOD = 0, STATUS_DEGRADED = 1, STATUS_UNREACHABLE = 2 };

struct walk {
	const struct snapshot *s;
	const struct output *out;
	void *ctx; /* of the writer */
	const struct output_options *o;
	const struct filter *filter;
};

/* The role that a lost worker had is history: it is not shown, others may have it now. */
static void walk_vrrp(const struct walk *w)
{
	const struct board *vrrp = &w->s->board[PROC_VRRP];
	struct board_instance instance;
	struct board_group group;

	for (uint32_t i = 0; vrrp->header && i < vrrp->header->shape.instances; i++) {
		snapshot_instance(w->s, i, &instance);
		if (filter_takes_instance(w->filter, w->s, &instance) && !w->s->vrrp_lost)
			w->out->instance(w->ctx, w->s, &instance);
	}
	for (uint32_t i = 0; vrrp->header && i < vrrp->header->shape.groups; i++) {
		snapshot_group(w->s, i, &group);
		if (filter_takes(w->filter, group.name) && !w->s->vrrp_lost)
			w->out->group(w->ctx, w->s, &group);
	}
}

static void walk_runner(const struct walk *w)
{
	const struct board *runner = &w->s->board[PROC_RUNNER];
	struct board_script script;
	struct board_file file;

	for (uint32_t i = 0; i < runner->header->shape.scripts; i++) {
		snapshot_script(w->s, i, &script);
		if (filter_takes(w->filter, script.name))
			w->out->script(w->ctx, w->s, &script);
	}
	for (uint32_t i = 0; i < runner->header->shape.files; i++) {
		snapshot_file(w->s, i, &file);
		if (filter_takes(w->filter, file.name))
			w->out->file(w->ctx, w->s, &file);
	}
}

/* ---- virtual servers ---- */

/* One service: `whole`: it was asked for, not a server of it. */
struct service_walk {
	const struct walk *w;
	const struct board_service *service;
	bool whole, shown;
};

static bool is_to_show(struct service_walk *x, const char *server)
{
	if (!x->whole && !filter_takes(x->w->filter, server))
		return false;
	if (!x->shown)
		x->w->out->service(x->w->ctx, x->w->s, x->service);
	x->shown = true;
	return true;
}

static void walk_service(struct service_walk *x, uint32_t id)
{
	const struct walk *w = x->w;
	uint32_t drains;

	if (x->whole)
		(void)is_to_show(x, "");
	for (uint32_t k = 0; k < snapshot_count_servers(w->s, x->service); k++) {
		struct board_server server;

		snapshot_server(w->s, x->service->first_server + k, &server);
		if (is_to_show(x, server.name))
			w->out->server(w->ctx, w->s, x->service, &server);
	}
	(void)snapshot_count_drains(w->s, &drains);
	for (uint32_t k = 0; k < drains; k++) {
		struct board_drain drain;

		snapshot_drain(w->s, k, &drain);
		if (drain.service == id && is_to_show(x, drain.name))
			w->out->drain(w->ctx, w->s, x->service, &drain);
	}
}

static void walk_services(const struct walk *w)
{
	const struct board *lvs = &w->s->board[PROC_LVS];
	struct board_service service;

	for (uint32_t i = 0; lvs->header && i < lvs->header->shape.services; i++) {
		struct service_walk x = {.w = w, .service = &service};

		snapshot_service(w->s, i, &service);
		x.whole = filter_takes(w->filter, service.name);
		walk_service(&x, i);
	}
}

/* A check stands for several servers; it is known by the first. */
static void walk_checks(const struct walk *w)
{
	for (unsigned i = 0; i < w->s->n_probes; i++) {
		const struct snapshot_probe *p = &w->s->probes[i];
		struct board_server server;
		struct board_service service = {0};
		struct board_probe probe;

		snapshot_probe_read(p, &probe);
		if (snapshot_server_of(w->s, probe.checker, &server) &&
		    server.service < w->s->board[PROC_LVS].header->shape.services) {
			snapshot_service(w->s, server.service, &service);
			if (!filter_takes(w->filter, server.name) &&
			    !filter_takes(w->filter, service.name))
				continue;
		} else if (w->filter->n > 0) {
			continue;
		}
		w->out->check(w->ctx, w->s, p->board->header, &probe);
	}
}

/* ---- the rest ---- */

static void walk_processes(const struct walk *w)
{
	const struct board_header *h;

	for (unsigned i = 0; (h = snapshot_process(w->s, &i));)
		w->out->process(w->ctx, w->s, h);
}

static void walk_events(const struct walk *w)
{
	unsigned first = w->s->n_events, most = w->o->events ? UINT32_MAX : w->out->events;

	for (unsigned n = 0; first > 0 && n < most; first--)
		n += filter_takes_event(w->filter, &w->s->events[first - 1]);
	for (unsigned i = first; i < w->s->n_events; i++)
		if (filter_takes_event(w->filter, &w->s->events[i]))
			w->out->event(w->ctx, w->s, &w->s->events[i]);
}

static void walk(struct walk *w)
{
	w->ctx = w->out->begin(w->s, w->o);
	walk_vrrp(w);
	walk_runner(w);
	walk_services(w);
	if (w->o->checks)
		walk_checks(w);
	if (w->filter->n == 0)
		walk_processes(w);
	walk_events(w);
	w->out->end(w->ctx);
}

/* The instance or group that may have been meant. An address is no misspelt name. */
static bool nearest(const struct snapshot *s, const char *asked, char buf[static BOARD_NAME_MAX])
{
	const struct board_header *h = s->board[PROC_VRRP].header;
	uint32_t groups = h ? h->shape.groups : 0, n = groups + (h ? h->shape.instances : 0);
	char(*text)[BOARD_NAME_MAX] = calloc(n + 1, sizeof(*text));
	const char **names = calloc(n + 1, sizeof(*names)), *found;
	struct ip_addr ip;

	if (!text || !names)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		struct board_instance instance;
		struct board_group group;

		names[i] = text[i];
		if (i < groups)
			snapshot_group(s, i, &group);
		else
			snapshot_instance(s, i - groups, &instance);
		str_copy(text[i], sizeof(text[i]), i < groups ? group.name : instance.name);
	}
	found = ip_parse(asked, &ip) ? NULL : diag_nearest(asked, names, n);
	if (found)
		str_copy(buf, BOARD_NAME_MAX, found);
	free(names);
	free(text);
	return found;
}

static bool all_found(const struct snapshot *s, const struct filter *f)
{
	bool all = true;

	for (int i = 0; i < f->n; i++) {
		char near[BOARD_NAME_MAX];

		if (!f->found[i] && nearest(s, f->names[i], near))
			fprintf(stderr, "holdfast: nothing is called %s, did you mean `%s`?\n", f->names[i], near);
		else if (!f->found[i])
			fprintf(stderr, "holdfast: nothing is called %s\n", f->names[i]);
		all &= f->found[i];
	}
	return all;
}

static int show(const char *run_dir, const struct output *out, const struct output_options *o,
		struct filter *f)
{
	struct snapshot s;
	struct walk w = {.s = &s, .out = out, .o = o, .filter = f};
	int status = STATUS_UNREACHABLE;

	snapshot_open(run_dir, &s);
	if (s.reachable) {
		walk(&w);
		status = all_found(&s, f) && !problems_tell(&s, NULL, NULL) ? STATUS_GOOD : STATUS_DEGRADED;
	} else {
		out->unreachable(s.reason);
	}
	snapshot_close(&s);
	return status;
}

int ctl_status(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"servers", no_argument, NULL, 's'},
		{"checks", no_argument, NULL, 'c'},
		{"events", no_argument, NULL, 'e'},
		{"run-dir", required_argument, NULL, 'r'},
		{0}};
	const struct output *out = &output_text;
	struct output_options o = {0};
	struct filter f = {0};
	const char *run_dir = NULL;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			out = &output_json;
		else if (option == 's')
			o.servers = true;
		else if (option == 'c')
			o.checks = true;
		else if (option == 'e')
			o.events = true;
		else if (option == 'r')
			run_dir = optarg;
		else
			return ctl_usage(self);
	}
	f.names = argv + optind;
	f.n = argc - optind;
	f.found = calloc((size_t)f.n + 1, sizeof(*f.found));
	if (!f.found)
		abort();
	o.servers |= f.n > 0;
	o.checks |= out == &output_json || f.n > 0;
	status = show(ctl_run_dir(run_dir), out, &o, &f);
	free(f.found);
	return status;
}
