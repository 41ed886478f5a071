/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of REDIS_CHECK, ours. */
#include "conf/schema/lvs.h"

static bool redis_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_check_redis *redis = obj;

	if (!redis->user || redis->password)
		return true;
	diag_add(b->diags, DIAG_ERROR, "no-password", stmt->at,
		 "REDIS_CHECK has a user but no password; the user is ignored");
	block_drop(&schema_redis_check, redis, block_bit(&schema_redis_check, "user"));
	return true;
}

static const struct row rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common."},
	{"user", STRING(conf_check_redis, user), .args = "NAME",
	 .dflt_text = "none: the server's default user",
	 .help = "User that authenticates; needs password."},
	{"password", STRING(conf_check_redis, password), .args = "TEXT", .dflt_text = "none",
	 .help = "Password to authenticate with before asking."},
	{"role_master", BOOL(conf_check_redis, role_master), .args = "[on|off]", .dflt_text = "off",
	 .help = "Only a server in the role of master is good."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_redis_check =
	BLOCK_ON(KEYWORDS, conf_check_redis, rows, &schema_check_socket, .contexts = "REDIS_CHECK",
		 .ours = true, .finish = redis_finish,
		 .help = "Sends PING to a Redis server and wants PONG.");
