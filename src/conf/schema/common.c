/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: handlers several tables share, and the table of track_group. */
#include "conf/schema/common.h"

#include <inttypes.h>

bool parse_extra_if(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	bool *all = (bool *)((char *)obj + row->offset2);
	const struct conf_word *w = cursor_need(b, c, "[all] SECONDS");
	bool is_all = w && str_eq(w->text, "all");
	int64_t n;

	if (is_all)
		w = cursor_need(b, c, "a number of seconds");
	if (!w || !bind_number(b, w, false, row->min, row->max, &n))
		return false;
	*all = is_all;
	*(usec_t *)((char *)obj + row->offset) = n * USEC_PER_SEC;
	return true;
}

void print_extra_if(struct text *t, const struct row *row, const void *obj)
{
	text_printf(t, "%s %" PRId64, *(const bool *)((const char *)obj + row->offset2) ? " all" : "",
		    *(const usec_t *)((const char *)obj + row->offset) / USEC_PER_SEC);
}

bool parse_inverse(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct row plain = *row;
	bool *field = (bool *)((char *)obj + row->offset);

	plain.type = T_BOOL;
	if (!row_parse(b, &plain, obj, c))
		return false;
	*field = !*field;
	return true;
}

void print_inverse(struct text *t, const struct row *row, const void *obj)
{
	text_add(t, *(const bool *)((const char *)obj + row->offset) ? " off" : " on");
}

bool parse_nopreempt(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_instance *vi = obj;

	(void)b;
	(void)row;
	(void)c;
	vi->nopreempt = true;
	vi->preempt = false;
	return true;
}

void print_flag(struct text *t, const struct row *row, const void *obj)
{
	(void)t;
	(void)row;
	(void)obj;
}

static const struct row track_group_rows[] = {
	{"NAME", STRING(conf_track_group, name), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name of the track group, unique among track groups."},
	{"group", LIST(conf_track_group, members), .flags = ROW_FIRST_WINS | ROW_REQUIRED,
	 .args = "{ INSTANCE ... }", .help = "Instances that follow the static items naming this group."},
};

const struct block schema_track_group =
	BLOCK(KEYWORDS, conf_track_group, track_group_rows, .contexts = "track_group",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED,
	      .help = "Instances that follow static addresses, routes or rules.");
