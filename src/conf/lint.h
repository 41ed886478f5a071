/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Meaning judged: what can be read and run but hardly was meant. */
#ifndef HF_CONF_LINT_H
#define HF_CONF_LINT_H

#include "conf/diag.h"
#include "model/conf.h"
#include "model/conf_host.h"

/* `path` of the main file is for what has no line. */
void conf_lint(const struct conf *conf, const struct conf_host *host, const char *path,
	       struct diags *diags);

#endif
