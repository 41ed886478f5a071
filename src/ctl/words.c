/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for numbers; stable, as programs match on them. */
#include "ctl/words.h"

#include <stddef.h>

#include "base/str.h"
#include "model/conf.h"
#include "model/state.h"

static const char *const causes[] = {
	[CAUSE_NONE] = "none",
	[CAUSE_START] = "start",
	[CAUSE_ADOPTED] = "adopted",
	[CAUSE_OWNER] = "owner",
	[CAUSE_NO_ADVERT] = "no-advert",
	[CAUSE_MASTER_LEFT] = "master-left",
	[CAUSE_HIGHER_PRIORITY] = "higher-priority",
	[CAUSE_HIGHER_ADDRESS] = "higher-address",
	[CAUSE_INTERFACE_DOWN] = "interface-down",
	[CAUSE_INTERFACE_MISSING] = "interface-missing",
	[CAUSE_NO_ADDRESS] = "no-address",
	[CAUSE_SCRIPT_FAILED] = "script-failed",
	[CAUSE_SCRIPT_PENDING] = "script-pending",
	[CAUSE_FILE_VALUE] = "file-value",
	[CAUSE_PROCESS_QUORUM] = "process-quorum",
	[CAUSE_BFD_DOWN] = "bfd-down",
	[CAUSE_CONFIG] = "configuration",
	[CAUSE_VRID_CLASH] = "vrid-clash",
	[CAUSE_FAULT_CLEARED] = "fault-cleared",
	[CAUSE_GROUP] = "group",
	[CAUSE_VIP_REMOVED] = "vip-removed",
	[CAUSE_STALLED] = "stalled",
	[CAUSE_RELOAD] = "reload",
	[CAUSE_SHUTDOWN] = "shutdown",
	[CAUSE_DUPLICATE_OWNER] = "duplicate-owner",
	[CAUSE_PREEMPT] = "preempt",
};

static const char *const trackers[TRACK_KINDS] = {
	[TRACK_INTERFACE] = "interface", [TRACK_SCRIPT] = "script", [TRACK_FILE] = "file",
	[TRACK_PROCESS] = "process",	 [TRACK_BFD] = "bfd",
};

const char *words_cause(unsigned kind)
{
	return kind < ARRAY_SIZE(causes) && causes[kind] ? causes[kind] : "unknown";
}

const char *words_tracker(unsigned kind)
{
	return kind < ARRAY_SIZE(trackers) ? trackers[kind] : "unknown";
}
