/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of the checkers without a socket: MISC_CHECK, BFD_CHECK and FILE_CHECK. */
#include "conf/schema/lvs.h"

/* ---- MISC_CHECK ---- */

static const struct row misc_rows[] = {
	{"(check_common)", DOC(),
	 .help = "retry, delay_before_retry, warmup, delay_loop, alpha, log_all_failures; retry is "
		 "0 unless said."},
	{"misc_path", SCRIPT(conf_check_misc, script), .flags = ROW_REQUIRED, .args = "COMMAND",
	 .owner = OWNER_RUNNER, .dflt_text = "none, required",
	 .help = "Command to run; exit status 0 is good, 1 bad."},
	{"misc_timeout", TIME(conf_check_misc, timeout, 0, 4294 * USEC_PER_SEC), .flags = ROW_WHOLE,
	 .dflt_text = "delay_loop of the service", .args = "SECONDS",
	 .help = "Run time after which the command is ended and has failed; 0: the default."},
	{"misc_dynamic", BOOL(conf_check_misc, dynamic), .args = "[on|off]", .dflt_text = "off",
	 .help = "Exit status 2 to 255 is good and sets the weight to the status less 2."},
	{"user", USER(conf_check_misc, user, group, user_at), .args = "USER [[:]GROUP]",
	 .owner = OWNER_RUNNER,
	 .dflt_text = "global script_user, else keepalived_script, else the daemon's user",
	 .help = "User and group the command runs as."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_misc_check =
	BLOCK_ON(KEYWORDS, conf_check_misc, misc_rows, &schema_checker, .contexts = "MISC_CHECK",
		 .help = "Runs a command.");

/* ---- BFD_CHECK ---- */

static const struct row bfd_rows[] = {
	{"name", STRING(conf_check_bfd, name), .max = 31, .flags = ROW_REQUIRED, .args = "NAME",
	 .dflt_text = "none, required", .help = "The bfd_instance to follow."},
	{"alpha", BOOL(conf_check_bfd, check.timing.alpha), .args = "[on|off]",
	 .dflt_text = "that of the real server",
	 .help = "Counts as failed until the session is up."},
};

const struct block schema_bfd_check = BLOCK_ON(
	KEYWORDS, conf_check_bfd, bfd_rows, NULL, .contexts = "BFD_CHECK", .owner = OWNER_CHECK,
	.reload = RELOAD_LIVE, .effect = ACCEPTED, .help = "Follows a BFD session.");

/* ---- FILE_CHECK ---- */

static const struct choice directions[] = {
	{"reverse", DIRECTION_REVERSE, "Negates what the file adds to the weight."},
	{"noreverse", DIRECTION_NOREVERSE,
	 "Adds what the file says even if the track_file is reversed."},
	{0},
};

static bool parse_weight(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_check_file *f = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);
	const struct choice *ch;
	int64_t n;

	if (!w || !bind_number(b, w, false, -INT32_MAX, INT32_MAX, &n))
		return false;
	f->weight = (int32_t)n;
	f->direction = DIRECTION_UNSET;
	ch = (w = cursor_peek(c)) ? choice_named(directions, w->text) : NULL;
	if (ch) {
		f->direction = (uint8_t)ch->value;
		cursor_take(c);
	}
	return true;
}

static void print_weight(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_check_file *f = obj;
	const struct choice *ch = choice_valued(directions, f->direction);

	text_printf(t, " %d", f->weight);
	if (ch)
		print_word(t, ch->name);
}

static const struct row file_rows[] = {
	{"track_file", STRING(conf_check_file, name), .flags = ROW_REQUIRED, .args = "NAME",
	 .dflt_text = "none, required", .help = "The track_file to follow."},
	{"weight", HANDLER(conf_check_file, weight, parse_weight, print_weight),
	 .choices = directions, .list_choices = "FILE_CHECK\tweight:",
	 .args = "WEIGHT [reverse|noreverse]", .dflt_text = "that of the track_file",
	 .help = "Factor of the file's number, added to the weight; 0: a number other than 0 is a "
		 "failure."},
	{"dynamic", FLAG(conf_check_file, dynamic), .effect = NOOP, .dflt_text = "off",
	 .help = "The file always changes the weight."},
};

const struct block schema_file_check = BLOCK_ON(
	KEYWORDS, conf_check_file, file_rows, NULL, .contexts = "FILE_CHECK", .owner = OWNER_CHECK,
	.reload = RELOAD_LIVE, .help = "Follows the number in a file.");
