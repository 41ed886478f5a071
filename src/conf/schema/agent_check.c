/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of AGENT_CHECK, ours: HAProxy's agent protocol, which sets weight, drain and down. */
#include "conf/schema/lvs.h"

static const struct row rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common."},
	{"send", STRING(conf_check_agent, send), .args = "TEXT", .dflt_text = "nothing",
	 .help = "Text sent to the agent, as a line, before its answer is read."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_agent_check =
	BLOCK_ON(KEYWORDS, conf_check_agent, rows, &schema_check_socket, .contexts = "AGENT_CHECK",
		 .ours = true,
		 .help = "Asks an agent on the server for a line such as \"up 75%\", \"drain\" or "
			 "\"down\".");
