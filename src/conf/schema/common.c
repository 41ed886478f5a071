/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: handlers several tables share, and the table of track_group. */
#include "conf/schema/common.h"

#include <inttypes.h>

bool parse_extra_if(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	bool *all = row_field2(row, obj);
	const struct conf_word *w = cursor_need(b, c, "[all] SECONDS");
	bool is_all = w && str_eq(w->text, "all");
	int64_t n;

	if (is_all)
		w = cursor_need(b, c, "a number of seconds");
	if (!w || !bind_number(b, w, false, row->min, row->max, &n))
		return false;
	*all = is_all;
	*(usec_t *)row_field(row, obj) = n * USEC_PER_SEC;
	return true;
}

void print_extra_if(struct text *t, const struct row *row, const void *obj)
{
	text_printf(t, "%s %" PRId64, *(const bool *)row_value2(row, obj) ? " all" : "",
		    *(const usec_t *)row_value(row, obj) / USEC_PER_SEC);
}

bool parse_inverse(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct row plain = *row;
	bool *field = row_field(row, obj);

	plain.type = T_BOOL;
	if (!row_parse(b, &plain, obj, c))
		return false;
	*field = !*field;
	return true;
}

void print_inverse(struct text *t, const struct row *row, const void *obj)
{
	text_add(t, *(const bool *)row_value(row, obj) ? " off" : " on");
}

bool parse_nopreempt(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_instance *vi = obj;

	vi->nopreempt = true;
	vi->preempt = false;
	return true;
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
