/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of what instances follow: vrrp_script, track_file, vrrp_track_process, bfd_instance. */
#include "conf/schema/common.h"

/* ---- vrrp_script ---- */

static const struct row script_rows[] = {
	{"NAME", STRING(conf_vrrp_script, name), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name by which track_script refers to it."},
	{"script", SCRIPT(conf_vrrp_script, script), .flags = ROW_REQUIRED, .args = "COMMAND",
	 .owner = OWNER_RUNNER, .dflt_text = "none, required",
	 .help = "Command to run; exit status 0 is success. Shell operators make it run through /bin/sh -c, "
		 "words of bash through bash."},
	{"interval", TIME(conf_vrrp_script, interval, 1000, 4294 * USEC_PER_SEC), .flags = ROW_ZERO_IS_ONE,
	 .dflt = "1", .help = "Time between two starts of the script."},
	{"timeout", TIME(conf_vrrp_script, timeout, 1000, 4294 * USEC_PER_SEC), .flags = ROW_ZERO_IS_ONE,
	 .dflt_text = "the interval", .help = "Run time after which it is ended and has failed."},
	{"weight", WEIGHT(conf_vrrp_script, weight, reverse, -253, 253), .args = "WEIGHT [reverse]",
	 .dflt = "0", .help = "Change of priority for those that follow it; 0 means FAULT when it fails."},
	{"rise", NUMBER(conf_vrrp_script, rise, 1, INT32_MAX), .dflt = "1",
	 .help = "Successes in a row that end the failed state."},
	{"fall", NUMBER(conf_vrrp_script, fall, 1, INT32_MAX), .dflt = "1",
	 .help = "Failures in a row that end the good state."},
	{"user", USER(conf_vrrp_script, user, group, user_at), .args = "USER [[:]GROUP]", .owner = OWNER_RUNNER,
	 .dflt_text = "global script_user, else keepalived_script, else the daemon's user",
	 .help = "User and group the script runs as."},
	{"init_fail", FLAG(conf_vrrp_script, init_fail), .dflt_text = "off: unknown until the first result",
	 .help = "The script counts as failed until its first success."},
};

const struct block schema_vrrp_script =
	BLOCK(KEYWORDS, conf_vrrp_script, script_rows, .contexts = "vrrp_script", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .help = "A command run periodically.");

/* ---- track_file ---- */

static bool parse_init_file(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_track_file *f = obj;
	const struct conf_word *w;
	int64_t n = 0;

	f->overwrite = false;
	if ((w = cursor_peek(c)) && !str_eq(w->text, "overwrite") &&
	    !bind_number(b, cursor_take(c), false, INT32_MIN, INT32_MAX, &n))
		return false;
	if (w && (n < -254 || n > 254))
		diag_add(b->diags, DIAG_WARNING, "out-of-range", w->at,
			 "%s is more than a priority can change", w->text)
			->expected = "a number from -254 to 254";
	if ((w = cursor_peek(c)) && str_eq(w->text, "overwrite")) {
		f->overwrite = true;
		cursor_take(c);
	}
	f->init_file = true;
	f->init_value = (int32_t)n;
	return true;
}

static void print_init_file(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_track_file *f = obj;

	text_printf(t, " %d%s", f->init_value, f->overwrite ? " overwrite" : "");
}

static const struct row file_rows[] = {
	{"NAME", STRING(conf_track_file, name), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name by which track_file blocks refer to it."},
	{"file", STRING(conf_track_file, file), .flags = ROW_REQUIRED | ROW_FIRST_WINS, .args = "PATH",
	 .dflt_text = "none, required", .help = "File whose first number is the value; missing counts as 0."},
	{"weight", WEIGHT(conf_track_file, weight, reverse, -254, 254), .args = "WEIGHT [reverse]",
	 .dflt = "1", .help = "Factor of the value; 0 means FAULT when the value isn't 0."},
	{"init_file", HANDLER(conf_track_file, init_file, parse_init_file, print_init_file),
	 .args = "[VALUE] [overwrite]", .dflt_text = "not written; VALUE 0", .reload = RELOAD_NEVER,
	 .help = "Writes VALUE to the file at start if it is missing, or always with overwrite."},
};

const struct block schema_track_file =
	BLOCK(KEYWORDS, conf_track_file, file_rows, .contexts = "track_file", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .help = "A file whose number is followed.");

/* ---- vrrp_track_process ---- */

static const struct choice param_match[] = {
	{"", 1, NULL}, /* the bare keyword: exactly */
	{"partial", 2, NULL},
	{"initial", 3, NULL},
	{0},
};

static bool process_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_track_process *p = obj;

	if (!block_is_set(p, block_bit(&schema_track_process, "fork_delay")))
		p->fork_delay = p->delay;
	if (!block_is_set(p, block_bit(&schema_track_process, "terminate_delay")))
		p->terminate_delay = p->delay;
	if (!block_is_set(p, block_bit(&schema_track_process, "quorum_max")))
		p->quorum_max = UINT32_MAX;
	else if (p->quorum_max == 0)
		p->quorum = 0;
	else if (p->quorum_max < p->quorum)
		diag_add(b->diags, DIAG_ERROR, "quorum", stmt->at,
			 "quorum_max %u of %s is below quorum %u", p->quorum_max, p->name, p->quorum);
	if (p->process.n > 1 && !p->param_match)
		p->param_match = 1;
	if (p->param_match)
		p->full_command = true;
	return true;
}

#define PROCESS_DELAY(name_, field, dflt_, help_)                                       \
	{name_, TIME(conf_track_process, field, 1, 3600 * USEC_PER_SEC), .dflt_text = dflt_, \
	 .help = help_}

static const struct row process_rows[] = {
	{"NAME", STRING(conf_track_process, name), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name by which track_process blocks refer to it."},
	{"process", WORD_LINE(conf_track_process, process), .flags = ROW_REQUIRED | ROW_FIRST_WINS,
	 .args = "COMMAND [PARAMETER ...]", .dflt_text = "none, required",
	 .help = "Process to look for; parameters are compared when given."},
	{"param_match", ENUM(conf_track_process, param_match, param_match), .flags = ROW_OPTIONAL,
	 .bare = "", .args = "[initial|partial]", .dflt_text = "exact when parameters are given",
	 .help = "How parameters are compared."},
	{"weight", WEIGHT(conf_track_process, weight, reverse, -254, 254), .args = "WEIGHT [reverse]",
	 .dflt = "0", .help = "Change of priority; 0 means FAULT without quorum."},
	{"quorum", NUMBER(conf_track_process, quorum, 1, 65535), .dflt = "1",
	 .help = "Least number of such processes."},
	{"quorum_max", NUMBER(conf_track_process, quorum_max, 0, 65535), .dflt_text = "unlimited",
	 .help = "Largest number of such processes; 0 means that any is a failure."},
	PROCESS_DELAY("delay", delay, "0", "Sets fork_delay and terminate_delay."),
	PROCESS_DELAY("fork_delay", fork_delay, "delay", "Wait after quorum is reached before it counts."),
	PROCESS_DELAY("terminate_delay", terminate_delay, "delay",
		      "Wait after quorum is lost before it counts."),
	{"full_command", FLAG(conf_track_process, full_command), .dflt_text = "off",
	 .help = "Compares the whole command line instead of the process name."},
};

const struct block schema_track_process =
	BLOCK(KEYWORDS, conf_track_process, process_rows, .contexts = "vrrp_track_process",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED, .finish = process_finish,
	      .help = "A process whose presence is followed.");

/* ---- bfd_instance ---- */

static bool bfd_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_bfd *bfd = obj;
	struct diag *d;

	if (bfd->max_hops < 0)
		bfd->max_hops = 255;
	if (!block_is_set(bfd, block_bit(&schema_bfd_instance, "ttl")))
		bfd->ttl = bfd->neighbor.family == IP_V6 ? 64 : 255;
	if (!ip_is_set(&bfd->source) || bfd->source.family == bfd->neighbor.family)
		return true;
	d = diag_add(b->diags, DIAG_ERROR, "family", stmt->at,
		     "source_ip and neighbor_ip of %s are of different families", bfd->name);
	d->hint = "the session is left out";
	return false;
}

#define BFD_MSEC(name_, field, lo, dflt_, help_) \
	{name_, TIME_MSEC(conf_bfd, field, lo * USEC_PER_MSEC, 4294967 * USEC_PER_MSEC), .dflt = dflt_, .help = help_}

static const struct row bfd_rows[] = {
	{"NAME", STRING(conf_bfd, name), .max = 31, .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name of the session, unique among sessions."},
	{"neighbor_ip", IP(conf_bfd, neighbor, 0), .flags = ROW_REQUIRED, .aliases = "neighbour_ip",
	 .dflt_text = "none, required", .help = "Address of the peer."},
	{"source_ip", IP(conf_bfd, source, 0), .dflt_text = "chosen by the kernel", .help = "Own address."},
	BFD_MSEC("min_rx", min_rx, 1, "10", "Least interval between received packets."),
	BFD_MSEC("min_tx", min_tx, 1, "10", "Wanted interval between sent packets."),
	BFD_MSEC("idle_tx", idle_tx, 1000, "1000", "Wanted interval while the peer is not up."),
	{"multiplier", NUMBER(conf_bfd, multiplier, 1, 255), .dflt = "5",
	 .help = "Missed packets until the peer counts as down."},
	{"passive", FLAG(conf_bfd, passive), .dflt_text = "off", .help = "Waits for the peer to send first."},
	{"ttl", NUMBER(conf_bfd, ttl, 1, 255), .aliases = "hoplimit", .dflt_text = "255 (IPv6: 64)",
	 .listed = "bfd_instance\tttl\nbfd_instance\thoplimit", .help = "TTL or hop limit of sent packets."},
	{"max_hops", NUMBER(conf_bfd, max_hops, -1, 255), .dflt = "0",
	 .help = "How much lower the TTL of received packets may be; 255 or -1: not checked."},
	{"multihop", BOOL(conf_bfd, multihop), .dflt_text = "off", .help = "Uses port 4784 instead of 3784."},
	{"weight", WEIGHT(conf_bfd, weight, reverse, -253, 253), .args = "WEIGHT [reverse]", .dflt = "0",
	 .help = "Change of priority for those that follow it."},
	{"vrrp", FLAG(conf_bfd, vrrp), .dflt_text = "events go to instances and checks",
	 .help = "Events go to instances only (and to checks with checker)."},
	{"checker", FLAG(conf_bfd, checker), .dflt_text = "events go to instances and checks",
	 .help = "Events go to checks only (and to instances with vrrp)."},
};

const struct block schema_bfd_instance =
	BLOCK(KEYWORDS, conf_bfd, bfd_rows, .contexts = "bfd_instance", .owner = OWNER_BFD,
	      .reload = RELOAD_RESTART, .effect = ACCEPTED, .finish = bfd_finish, .help = "One BFD session.");
