/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of MYSQL_CHECK, ours. */
#include "conf/schema/lvs.h"

static const struct row rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common."},
	{"user", STRING(conf_check_mysql, user), .max = 80, .args = "NAME",
	 .dflt_text = "none: the greeting is enough",
	 .help = "User of a login without a password; a server that answers it, even by a refusal, "
		 "is good."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_mysql_check =
	BLOCK_ON(KEYWORDS, conf_check_mysql, rows, &schema_check_socket, .contexts = "MYSQL_CHECK",
		 .ours = true, .help = "Reads the greeting of a MySQL or MariaDB server.");
