/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces several tables share. */
#ifndef HF_CONF_SCHEMA_COMMON_H
#define HF_CONF_SCHEMA_COMMON_H

#include "conf/schema.h"

#define SCRIPT_ARGS "COMMAND [USER [[:]GROUP]]"

/* The track blocks of an instance or a group; `whom` is who follows. */
#define TRACK_ROWS(s, whom)                                                                             \
	{"track_interface", ENTRIES_OF(s, tracks[TRACK_INTERFACE], conf_track, schema_track_interface),  \
	 .dflt_text = "none", .help = "Interfaces " whom " follows."},                                   \
	{"track_script", ENTRIES_OF(s, tracks[TRACK_SCRIPT], conf_track, schema_track_script),           \
	 .dflt_text = "none", .help = "Scripts " whom " follows."},                                      \
	{"track_file", ENTRIES_OF(s, tracks[TRACK_FILE], conf_track, schema_track_file_line),            \
	 .dflt_text = "none", .help = "Track files " whom " follows."},                                  \
	{"track_process", ENTRIES_OF(s, tracks[TRACK_PROCESS], conf_track, schema_track_process_line),   \
	 .effect = ACCEPTED, .lacking = "the process can end and nothing moves",                         \
	 .dflt_text = "none", .help = "Track processes " whom " follows."},                              \
	{"track_bfd", ENTRIES_OF(s, tracks[TRACK_BFD], conf_track, schema_track_bfd),                    \
	 .effect = ACCEPTED, .lacking = "the session can fail and nothing moves",                        \
	 .dflt_text = "none", .help = "BFD sessions " whom " follows."}

/* [all] SECONDS into a usec_t at offset and a bool at offset2; min and max in seconds. */
row_parse_fn parse_extra_if;
row_print_fn print_extra_if;

/* [on|off] into a bool that says the opposite; `off` makes it true. */
row_parse_fn parse_inverse;
row_print_fn print_inverse;

/* nopreempt, which a later preempt cancels. */
row_parse_fn parse_nopreempt;

#endif
