/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of vrrp_sync_group and the track_* lines it shares with vrrp_instance. */
#include "conf/schema/common.h"

#define SCRIPT_ROW(name_, field, when)                                                       \
	{name_, SCRIPT(conf_group, notify.field), .args = SCRIPT_ARGS, .flags = ROW_FIRST_WINS, \
	 .owner = OWNER_RUNNER, .dflt_text = "none", .help = when}

static const struct row rows[] = {
	{"NAME", STRING(conf_group, name), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Name of the sync group, unique among sync groups."},
	{"group", LIST(conf_group, member_names), .flags = ROW_REQUIRED, .args = "{ INSTANCE ... }",
	 .help = "Members, whose states move together; an instance can be in one group only."},
	TRACK_ROWS(conf_group, "every member"),
	SCRIPT_ROW("notify_master", master, "Run when the group enters MASTER."),
	SCRIPT_ROW("notify_backup", backup, "Run when the group enters BACKUP."),
	SCRIPT_ROW("notify_fault", fault, "Run when the group enters FAULT."),
	SCRIPT_ROW("notify_stop", stop, "Run when the daemon stops."),
	SCRIPT_ROW("notify", any,
		   "Run on every transition of the group with four more arguments: GROUP, name, state, 0."),
	{"notify_deleted", SCRIPT(conf_group, notify.deleted), .flags = ROW_OPTIONAL,
	 .args = "[" SCRIPT_ARGS "]", .owner = OWNER_RUNNER, .dflt_text = "off",
	 .help = "Reports DELETED when a reload removes the group, and may run a script."},
	{"smtp_alert", BOOL(conf_group, smtp_alert), .owner = OWNER_RUNNER,
	 .dflt_text = "global smtp_alert_vrrp, else global smtp_alert", .help = "Mails transitions."},
	{"notify_priority_changes", BOOL(conf_group, notify_priority_changes),
	 INHERIT(notify_priority_changes), .dflt_text = "global vrrp_notify_priority_changes",
	 .help = "Members that don't say otherwise write changes of priority to the notify FIFOs."},
	{"sync_group_tracking_weight", FLAG(conf_group, tracking_weight), .dflt_text = "off",
	 .help = "Members keep the weights of their trackers."},
	{"global_tracking", FLAG(conf_group, tracking_weight), .dflt_text = "off",
	 .obsolete = "use sync_group_tracking_weight", .help = "The same as sync_group_tracking_weight."},
};

const struct block schema_vrrp_sync_group =
	BLOCK(KEYWORDS, conf_group, rows, .contexts = "vrrp_sync_group", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .help = "Instances whose state moves together.");

/* ---- the lines of track_* blocks ---- */

#define TRACK_NAME(shown, help_) \
	{shown, STRING(conf_track, name), .flags = ROW_POSITIONAL, .args = "NAME", .help = help_}
#define TRACK_WEIGHT(limit, dflt_) \
	{"weight", NUMBER(conf_track, weight, -(limit), limit), .flags = ROW_CLAMP, .dflt_text = dflt_, \
	 .help = "Change of priority; 0 means FAULT while it is bad."}
#define TRACK_REVERSE(whose) \
	{"reverse", FLAG(conf_track, reverse), .dflt_text = whose, .help = "Turns good and bad around."}
#define TRACK_NOREVERSE \
	{"noreverse", FLAG(conf_track, noreverse), .dflt_text = "off", .help = "Cancels an inherited reverse."}

static const struct row interface_rows[] = {
	TRACK_NAME("<IFNAME>", "Interface to follow."),
	TRACK_WEIGHT(253, "0"),
	TRACK_REVERSE("off"),
};

const struct block schema_track_interface =
	BLOCK(ENTRIES, conf_track, interface_rows,
	      .contexts = "vrrp_instance.track_interface vrrp_sync_group.track_interface",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .help = "One interface.");

static const struct row script_rows[] = {
	TRACK_NAME("<SCRIPT_NAME>", "vrrp_script to follow."),
	TRACK_WEIGHT(253, "that of the vrrp_script"),
	TRACK_REVERSE("that of the vrrp_script"),
	TRACK_NOREVERSE,
};

const struct block schema_track_script =
	BLOCK(ENTRIES, conf_track, script_rows,
	      .contexts = "vrrp_instance.track_script vrrp_sync_group.track_script", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .help = "One script.");

static const struct row file_rows[] = {
	TRACK_NAME("<FILE_NAME>", "track_file to follow."),
	TRACK_WEIGHT(254, "that of the track_file, 1"),
	TRACK_REVERSE("that of the track_file"),
	TRACK_NOREVERSE,
};

const struct block schema_track_file_line =
	BLOCK(ENTRIES, conf_track, file_rows,
	      .contexts = "vrrp_instance.track_file vrrp_sync_group.track_file", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .help = "One track file.");

static const struct row process_rows[] = {
	TRACK_NAME("<PROCESS_NAME>", "vrrp_track_process to follow."),
	TRACK_WEIGHT(254, "that of the vrrp_track_process, 0"),
	TRACK_REVERSE("that of the vrrp_track_process"),
	TRACK_NOREVERSE,
};

const struct block schema_track_process_line =
	BLOCK(ENTRIES, conf_track, process_rows,
	      .contexts = "vrrp_instance.track_process vrrp_sync_group.track_process",
	      .owner = OWNER_VRRP, .reload = RELOAD_LIVE, .effect = ACCEPTED, .help = "One process.");

static const struct row bfd_rows[] = {
	{"<BFD_NAME>", STRING(conf_track, name), .max = 31, .flags = ROW_POSITIONAL, .args = "NAME",
	 .help = "bfd_instance to follow."},
	TRACK_WEIGHT(253, "that of the bfd_instance, 0"),
	TRACK_REVERSE("that of the bfd_instance"),
	TRACK_NOREVERSE,
};

const struct block schema_track_bfd =
	BLOCK(ENTRIES, conf_track, bfd_rows,
	      .contexts = "vrrp_instance.track_bfd vrrp_sync_group.track_bfd", .owner = OWNER_VRRP,
	      .reload = RELOAD_LIVE, .effect = ACCEPTED, .help = "One BFD session.");
