/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of PGSQL_CHECK, ours. */
#include "conf/schema/lvs.h"

static const struct row rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common."},
	{"user", STRING(conf_check_pgsql, user), .max = 63, .args = "NAME", .dflt = "holdfast",
	 .help = "User the start-up message names; a server that asks it for a password is good."},
	{"database", STRING(conf_check_pgsql, database), .max = 63, .args = "NAME",
	 .dflt_text = "the name of the user", .help = "Database the start-up message names."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_pgsql_check =
	BLOCK_ON(KEYWORDS, conf_check_pgsql, rows, &schema_check_socket, .contexts = "PGSQL_CHECK",
		 .ours = true, .help = "Starts a session with a PostgreSQL server and leaves.");
