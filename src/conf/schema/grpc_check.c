/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of GRPC_CHECK, ours: the health protocol of gRPC over HTTP/2. */
#include "conf/schema/lvs.h"

static bool grpc_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	const struct conf_check_grpc *grpc = obj;

	if (grpc->tls_verify && !grpc->tls)
		diag_add(b->diags, DIAG_WARNING, "no-tls", stmt->at,
			 "GRPC_CHECK has tls_verify without tls: there is no certificate to verify");
	return true;
}

static const struct row rows[] = {
	{"(check_common)", DOC(), .help = "All words of check_common."},
	{"service", STRING(conf_check_grpc, service), .args = "NAME",
	 .dflt_text = "none: the server as a whole",
	 .help = "Service whose health is asked for; SERVING is good."},
	{"authority", STRING(conf_check_grpc, authority), .args = "NAME",
	 .dflt_text = "the probed address and port",
	 .help = "The :authority of the request, and the TLS server name."},
	{"tls", BOOL(conf_check_grpc, tls), .args = "[on|off]", .dflt_text = "off",
	 .help = "Speaks TLS, with the material of the SSL block."},
	{"tls_verify", BOOL(conf_check_grpc, tls_verify), .args = "[on|off]", .dflt_text = "off",
	 .help = "The certificate must be valid and name the authority or the probed address; only "
		 "with tls."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_grpc_check =
	BLOCK_ON(KEYWORDS, conf_check_grpc, rows, &schema_check_socket, .contexts = "GRPC_CHECK",
		 .ours = true, .finish = grpc_finish, .help = "Asks a gRPC server for its health.");
