/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: rows for explain only: the words of the language itself and the name tables. */
#include "conf/schema.h"

#define WORD(name_, args_, help_) {name_, DOC(), .args = args_, .help = help_}

static const struct row language_rows[] = {
	WORD("#", "rest of the line", "Starts a comment outside double quotes, as ! does; \\# is a plain #."),
	WORD("{ }", NULL, "Enclose a block; may stand anywhere outside double quotes."),
	WORD("@ID", "statement", "The statement counts only where ID is the config-id."),
	WORD("@^ID", "statement", "The statement counts only where ID is not the config-id."),
	WORD("$NAME=VALUE", NULL, "Defines a macro; no blank before the =."),
	WORD("$NAME=LINE \\", "more lines", "Defines a macro of several lines; all but the last end with \\."),
	WORD("$NAME", NULL, "Expands a macro; needs a blank, a comma, ) or the end of the line after it."),
	WORD("${NAME}", NULL, "Expands a macro whatever follows."),
	WORD("${_PWD}", NULL, "Directory of the file being read."),
	WORD("${_INSTANCE}", NULL, "The config-id: the value of -i, or the host's name up to its first dot."),
	WORD("${_RANDOM [MIN [MAX]]}", NULL, "A random number from MIN to MAX, 0 to 32767 by default."),
	WORD("${_ENV NAME}", NULL, "Value of an environment variable, empty if it is not set."),
	WORD("${_HASH}", NULL, "A # that survives inside double quotes."),
	WORD("${_BANG}", NULL, "A ! that survives inside double quotes."),
	WORD("~SEQ", "(VAR, [START, [STEP,]] END) text", "Repeats the text with VAR from START to END."),
	WORD("~SEQx", "(VAR, [START, [STEP,]] END) text", "The same with VAR in hexadecimal."),
	WORD("~LST", "(VAR, V1, V2 ...) text", "Repeats the text with VAR as each of the values."),
};

static const struct block language =
	{.kind = WORDS, .rows = language_rows, .n = ARRAY_SIZE(language_rows), .contexts = "language",
	 .owner = OWNER_SUPERVISOR, .reload = RELOAD_LIVE, .help = "The words of the language itself."};

static const struct row table_rows[] = {
	WORD("rt_tables", NULL, "Names of routing tables: default, main, local and those of iproute2."),
	WORD("rt_dsfield", NULL, "Names for tos, dsfield and tc."),
	WORD("rt_scopes", NULL, "Names of scopes: global, site, link, host, nowhere."),
	WORD("rt_realms", NULL, "Names of realms."),
	WORD("rt_protos", NULL, "Names of routing protocols."),
	WORD("group", NULL, "Names of interface groups."),
};

static const struct block name_table =
	{.kind = WORDS, .rows = table_rows, .n = ARRAY_SIZE(table_rows), .contexts = "name_table",
	 .effect = ACCEPTED, .owner = OWNER_SUPERVISOR, .reload = RELOAD_LIVE,
	 .help = "Tables of iproute2 with names for numbers."};

const struct block *const schema_listed_only[] = {
	&language,
	&name_table,
	&schema_route_types,
	&schema_route_destinations,
	&schema_route_values,
	&schema_rule_lines,
	NULL,
};
