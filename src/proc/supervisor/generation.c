/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration on its way to the workers: read and judged once, printed as canonical text into a
 * sealed memory file that every worker parses with the same code, and the boards that fit it. The
 * model itself is not kept. A board's file gets its final name only when its worker is ready, so
 * that a reader never sees an empty one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/memfile.h"
#include "proc/supervisor/internal.h"

static const char *const board_names[PROC_COUNT] = {
	[PROC_VRRP] = "vrrp.board",
	[PROC_RUNNER] = "runner.board",
};

const char *run_path(const struct supervisor *s, const char *name, char buf[static RUN_PATH_MAX])
{
	snprintf(buf, RUN_PATH_MAX, "%s/%s", s->o->run_dir, name);
	return buf;
}

static enum log_level level_of(enum diag_severity severity)
{
	switch (severity) {
	case DIAG_NOTE:
		return LVL_INFO;
	case DIAG_WARNING:
		return LVL_WARNING;
	case DIAG_ERROR:
	case DIAG_FATAL:
		break;
	}
	return LVL_ERR;
}

/* A file that is no configuration at all gives a message a line. */
#define REPORT_MAX 100

void generation_report(const struct conf_loaded *l, const struct report *r, bool in_full)
{
	unsigned errors = 0, others = 0, untold = 0;

	for (unsigned i = 0; i < l->diags.list.n; i++) {
		const struct diag *d = &l->diags.list.v[i];
		char text[4096];
		struct buf b = BUF_ON(text);

		if ((level_of(d->severity) == LVL_ERR ? errors++ : others++) >= REPORT_MAX) {
			untold++;
			continue;
		}
		if (in_full)
			diag_render(d, l->source, &b);
		else
			diag_render_keepalived(d, l->source, &b);
		(void)buf_text(&b);
		for (size_t n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
			text[n - 1] = '\0';
		r->line(r->ctx, level_of(d->severity), text);
	}
	if (untold > 0)
		report_text(r, LVL_NOTICE, "%u more messages: see `holdfast check`", untold);
}

struct conf_loaded generation_load(struct supervisor *s)
{
	const struct conf_load_options options = {
		.judge = true,
		.tree = {.include_check_all = s->o->include_check, .missing_main_is_error = true},
	};

	return conf_load_file(s->conf_path, &s->host, &options);
}

int generation_load_status(const struct conf_loaded *l)
{
	for (unsigned i = 0; i < l->diags.list.n; i++) {
		const struct diag *d = &l->diags.list.v[i];

		if (d->severity == DIAG_FATAL &&
		    (d->class == DIAG_INCLUDE || d->class == DIAG_CANNOT_RUN))
			return EXIT_NO_CONFIG;
	}
	return EXIT_CONFIG;
}

static struct board_shape shape_of(const struct conf *conf, enum process p)
{
	struct board_shape shape = {0};

	if (p == PROC_RUNNER) {
		shape.scripts = conf->scripts.n;
		shape.files = conf->files.n;
		return shape;
	}
	shape.instances = conf->instances.n;
	shape.groups = conf->groups.n;
	for (unsigned i = 0; i < conf->instances.n; i++)
		shape.vips += conf->instances.v[i]->vips.n + conf->instances.v[i]->excluded.n;
	return shape;
}

static void board_path(const struct supervisor *s, enum process p, bool published,
		       char buf[static RUN_PATH_MAX])
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", board_names[p], published ? "" : ".next");
	run_path(s, name, buf);
}

static int make_board(struct supervisor *s, const struct conf *conf, struct generation *g,
		      enum process p)
{
	struct board_shape shape = shape_of(conf, p);
	char path[RUN_PATH_MAX];
	int r;

	board_path(s, p, false, path);
	r = board_create(path, p, &shape, g->number, s->conf_path);
	if (r < 0)
		return r;
	g->board[p].fd = r;
	r = board_map(g->board[p].fd, true, &g->board[p].map);
	if (r < 0)
		return r;
	str_copy(g->board[p].map.header->router_id, BOARD_NAME_MAX,
		 conf->global.router_id ? conf->global.router_id : "");
	g->board[p].map.header->daemon_pid = getpid();
	g->board[p].map.header->daemon_started = s->started;
	g->board[p].map.header->wall_offset = clock_wall() - clock_monotonic();
	return 0;
}

struct generation generation_begin(const struct conf *conf, uint32_t number)
{
	struct generation g = {.number = number, .text_fd = -1};

	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++)
		g.board[p].fd = -1;
	g.settings = settings_new(conf);
	g.instances = conf->instances.n;
	return g;
}

static int make_text(const struct conf *conf, struct generation *g)
{
	struct arena *a = arena_new();
	size_t len;
	char *text = conf_print(conf, a, &len);

	g->text_len = (uint32_t)len;
	g->text_fd = memfile_sealed("holdfast.conf", text, len);
	arena_free(a);
	return g->text_fd < 0 ? g->text_fd : 0;
}

int generation_fill(struct supervisor *s, const struct conf *conf, struct generation *g)
{
	int r = make_text(conf, g);

	for (enum process p = PROC_VRRP; p <= PROC_RUNNER && r == 0; p++)
		r = make_board(s, conf, g, p);
	return r;
}

int generation_make(struct supervisor *s, const struct conf *conf, uint32_t number,
		    struct generation *ret)
{
	struct generation g = generation_begin(conf, number);
	int r = generation_fill(s, conf, &g);

	if (r < 0)
		generation_done(s, &g, false);
	else
		*ret = g;
	return r;
}

void generation_publish(struct supervisor *s, enum process p)
{
	char from[RUN_PATH_MAX], to[RUN_PATH_MAX];

	board_path(s, p, false, from);
	board_path(s, p, true, to);
	if (rename(from, to) < 0)
		log_err("%s: %s", to, strerror(errno));
}

void generation_done(struct supervisor *s, struct generation *g, bool published)
{
	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++) {
		char path[RUN_PATH_MAX];

		board_unmap(&g->board[p].map);
		if (g->board[p].fd >= 0)
			close(g->board[p].fd);
		if (published)
			continue;
		board_path(s, p, false, path);
		(void)unlink(path);
	}
	if (g->text_fd >= 0)
		close(g->text_fd);
	settings_free(g->settings);
	*g = (struct generation){.text_fd = -1};
}

struct conf_loaded generation_reread(const struct generation *g)
{
	const struct conf_host nobody = {0};
	const struct conf_load_options options = {.tree = {.literal = true}};
	char *text = memfile_map(g->text_fd, g->text_len);
	struct conf_loaded l = conf_load_text("running configuration", text ? text : "",
					      text ? g->text_len : 0, &nobody, &options);

	memfile_unmap(text, g->text_len);
	return l;
}
