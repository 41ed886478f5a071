/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the rows of SMTP_CHECK. Each `host` block is one more destination with options of its own,
 * as the manual means it; complete_lvs.c makes a checker of each.
 */
#include "conf/schema/lvs.h"

static const struct row host_rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common, for this host only."},
	REFUSE_NB_GET_RETRY,
};

static const struct block schema_smtp_host =
	BLOCK_ON(KEYWORDS, conf_check_socket, host_rows, &schema_check_socket,
		 .contexts = "SMTP_CHECK.host", .help = "One more host to greet.");

static const struct row rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common."},
	{"helo_name", STRING(conf_check_smtp, helo_name), .args = "NAME",
	 .dflt = "smtpchecker.keepalived.org", .help = "Name given in HELO."},
	{"host", BLOCK_VEC(conf_check_smtp, hosts, conf_check_socket, schema_smtp_host),
	 .flags = ROW_QUIET, .args = "{ }", .obsolete = "write one SMTP_CHECK for each host",
	 .dflt_text = "the real server",
	 .help = "A host to greet instead of the real server; what it does not say is that of the "
		 "checker."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_smtp_check =
	BLOCK_ON(KEYWORDS, conf_check_smtp, rows, &schema_check_socket, .contexts = "SMTP_CHECK",
		 .help = "Greets a mail server.");
