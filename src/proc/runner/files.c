/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track_file: the numbers in files, told to vrrp and lvs when they change. A file that is missing counts as
 * 0. Owns the watches; must not know weights.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/filewatch.h"
#include "proc/runner/internal.h"

struct track_file {
	struct runner *r;
	const struct conf_track_file *conf;
	struct filewatch_file *watch;
	int32_t value;
};

struct track_files {
	struct runner *r;
	struct filewatch *watch; /* made when first needed */
	struct track_file *v;
	unsigned n;
};

static struct msg_file_value value_message(const struct track_file *f)
{
	return (struct msg_file_value){
		.generation = f->r->generation, .file = f->conf->id, .value = f->value};
}

static void tell(const struct track_file *f)
{
	const struct msg_file_value m = value_message(f);

	runner_send(f->r, MSG_FILE_VALUE, &m);
	runner_send_lvs(f->r, MSG_FILE_VALUE_LVS, &m);
}

static void write_board(const struct track_file *f)
{
	struct board_file *b = &f->r->board.files[f->conf->id];

	board_write_begin(&b->seq);
	b->known = true;
	b->value = f->value;
	str_copy(b->name, sizeof(b->name), f->conf->name);
	board_write_end(&b->seq);
}

static void on_change(void *ctx, int32_t value)
{
	struct track_file *f = ctx;

	log_info("Track file %s: value %d -> %d", f->conf->name, f->value, value);
	f->value = value;
	write_board(f);
	tell(f);
}

static void start_one(struct track_files *all, struct track_file *f,
		      const struct conf_track_file *conf, bool fresh)
{
	int r;

	*f = (struct track_file){.r = all->r, .conf = conf};
	if (!conf->file)
		return;
	if (conf->init_file && fresh) {
		r = filewatch_init(conf->file, conf->init_value, conf->overwrite);
		if (r < 0 && r != -EEXIST)
			log_err("Track file %s: %s can't be initialised: %s", conf->name,
				conf->file, strerror(-r));
	}
	f->watch = filewatch_add(all->watch, conf->file, on_change, f, &f->value);
	if (!f->watch)
		log_err("Track file %s: %s can't be watched: %s", conf->name, conf->file,
			strerror(errno));
	write_board(f);
}

/* Whether a file of this name and path was watched before: it is initialised once. */
static bool was_there(const struct track_file *v, unsigned n, const struct conf_track_file *conf)
{
	for (unsigned i = 0; i < n; i++)
		if (str_eq(v[i].conf->name, conf->name) && str_eq0(v[i].conf->file, conf->file))
			return true;
	return false;
}

void files_configure(struct track_files *all)
{
	const struct conf *conf = all->r->conf;
	unsigned n_old = all->n;
	struct track_file *old = all->v;

	if (!all->watch && conf->files.n > 0)
		all->watch = filewatch_new(all->r->loop);
	for (unsigned i = 0; i < n_old; i++)
		filewatch_remove(old[i].watch);
	all->n = conf->files.n;
	all->v = calloc(all->n + 1, sizeof(*all->v));
	if (!all->v || (all->n > 0 && !all->watch)) {
		log_err("track files can't be watched: %s", strerror(errno));
		all->n = 0;
	}
	for (unsigned i = 0; i < all->n; i++)
		start_one(all, &all->v[i], conf->files.v[i],
			  !was_there(old, n_old, conf->files.v[i]));
	free(old);
}

void files_send_all(struct track_files *all, bool to_lvs)
{
	for (unsigned i = 0; i < all->n; i++) {
		const struct msg_file_value m = value_message(&all->v[i]);

		if (to_lvs)
			runner_send_lvs(all->r, MSG_FILE_VALUE_LVS, &m);
		else
			runner_send(all->r, MSG_FILE_VALUE, &m);
	}
}

struct track_files *files_new(struct runner *r)
{
	struct track_files *all = calloc(1, sizeof(*all));

	if (!all)
		abort();
	all->r = r;
	return all;
}

struct track_files *files_free(struct track_files *all)
{
	if (!all)
		return NULL;
	if (all->watch)
		filewatch_free(all->watch);
	free(all->v);
	free(all);
	return NULL;
}
