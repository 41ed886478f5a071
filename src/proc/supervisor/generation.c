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

const char *slot_name(enum slot slot, char buf[static PROCESS_LABEL_MAX])
{
	return process_label(slot_process(slot), slot_index(slot), buf);
}

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
			diag_render_line(d, l->source, &b);
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

static void board_path(const struct supervisor *s, enum slot slot, bool published,
		       char buf[static RUN_PATH_MAX])
{
	char name[PROCESS_LABEL_MAX], file[PROCESS_LABEL_MAX + 16];

	snprintf(file, sizeof(file), "%s.board%s", slot_name(slot, name), published ? "" : ".next");
	run_path(s, file, buf);
}

static int make_board(struct supervisor *s, const struct conf *conf, struct generation *g,
		      enum slot slot)
{
	struct board_shape shape = needs_shape(conf, &g->needs, slot);
	struct board_header *h;
	char path[RUN_PATH_MAX];
	int r;

	board_path(s, slot, false, path);
	r = board_create(path, slot_process(slot), &shape, g->number, s->conf_path);
	if (r < 0) {
		log_err("%s can't be made: %s", path, strerror(-r));
		return r;
	}
	g->board[slot].fd = r;
	r = board_map(g->board[slot].fd, true, &g->board[slot].map);
	if (r < 0)
		return r;
	h = g->board[slot].map.header;
	h->index = slot_index(slot);
	str_copy(h->router_id, BOARD_NAME_MAX, conf->global.router_id ? conf->global.router_id : "");
	h->errors = g->errors;
	h->daemon_pid = getpid();
	h->daemon_started = s->started;
	h->wall_offset = clock_wall() - clock_monotonic();
	return 0;
}

/* What has its effect all the same is none that anybody need know of later. */
static struct board_errors errors_of(const struct conf_loaded *l)
{
	struct board_errors e = {0};

	for (unsigned i = 0; i < l->diags.list.n; i++) {
		const struct diag *d = &l->diags.list.v[i];
		struct buf b = BUF_ON(e.first);

		if (d->severity < DIAG_ERROR || d->tolerated || e.n++ > 0)
			continue;
		diag_render_line(d, l->source, &b);
		(void)buf_text(&b);
		e.first[strcspn(e.first, "\n")] = '\0';
	}
	return e;
}

struct generation generation_begin(struct supervisor *s, const struct conf_loaded *l, uint32_t number)
{
	const struct conf *conf = l->conf;
	struct generation g = {.number = number, .text_fd = -1, .tls_fd = -1};

	for (enum slot slot = 0; slot < SLOTS; slot++)
		g.board[slot].fd = -1;
	g.settings = settings_new(conf);
	g.faults = faults_new(l);
	g.errors = errors_of(l);
	g.instances = conf->instances.n;
	g.services = conf->virtual_servers.n;
	g.needs = needs_of(conf, s->o, s->now.needs.checks);
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

/* vrrp and lvs take a configuration that has nothing for them any more, to clean up after the old one. */
static bool needs_board(const struct supervisor *s, const struct generation *g, enum slot slot)
{
	return g->needs.wanted[slot] ||
	       (slot < SLOT_CHECK && g->number > 1 && s->now.board[slot].map.header);
}

int generation_fill(struct supervisor *s, const struct conf *conf, struct generation *g,
		    const struct report *report)
{
	int r = make_text(conf, g);

	if (r == 0 && g->needs.wanted[SLOT_LVS])
		g->engine = needs_engine(s, conf);
	g->engine_chosen = conf->global.lvs_engine == ENGINE_AUTO && !conf->global.net_namespace_ipvs;
	for (enum slot slot = 0; slot < SLOTS && r == 0; slot++)
		if (needs_board(s, g, slot))
			r = make_board(s, conf, g, slot);
	if (r < 0) {
		report_text(report, LVL_ERR, "configuration can't be handed out: %s", strerror(-r));
		return r;
	}
	return g->needs.tls ? tls_read(conf, g, report) : 0;
}

int generation_make(struct supervisor *s, const struct conf_loaded *l, uint32_t number,
		    const struct report *report, struct generation *ret)
{
	struct generation g = generation_begin(s, l, number);
	int r = generation_fill(s, l->conf, &g, report);

	if (r < 0)
		generation_done(s, &g);
	else
		*ret = g;
	return r;
}

void generation_publish(struct supervisor *s, enum slot slot)
{
	char from[RUN_PATH_MAX], to[RUN_PATH_MAX];

	board_path(s, slot, false, from);
	board_path(s, slot, true, to);
	if (!s->now.board[slot].map.header)
		(void)unlink(to);
	else if (!s->now.board[slot].published && rename(from, to) < 0)
		log_err("%s: %s", to, strerror(errno));
	s->now.board[slot].published = true;
}

static void close_board(struct supervisor *s, struct generation *g, enum slot slot)
{
	char path[RUN_PATH_MAX];

	if (g->board[slot].fd < 0)
		return;
	board_unmap(&g->board[slot].map);
	close(g->board[slot].fd);
	g->board[slot].fd = -1;
	if (g->board[slot].published)
		return;
	board_path(s, slot, false, path);
	(void)unlink(path);
}

void generation_drop_board(struct supervisor *s, enum slot slot)
{
	close_board(s, &s->now, slot);
	generation_publish(s, slot);
}

void generation_done(struct supervisor *s, struct generation *g)
{
	for (enum slot slot = 0; slot < SLOTS; slot++)
		close_board(s, g, slot);
	if (g->text_fd >= 0)
		close(g->text_fd);
	if (g->tls_fd >= 0)
		close(g->tls_fd);
	settings_free(g->settings);
	faults_free(g->faults);
	*g = (struct generation){.text_fd = -1, .tls_fd = -1};
}

void generation_drop_past(struct supervisor *s)
{
	if (s->lvs_past.number > 0)
		generation_done(s, &s->lvs_past);
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
