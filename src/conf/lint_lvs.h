/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual servers judged: parts of conf_lint(). Private to conf/. */
#ifndef HF_CONF_LINT_LVS_H
#define HF_CONF_LINT_LVS_H

#include "conf/diag.h"
#include "model/conf_host.h"
#include "model/lvs.h"

/* lint_engine.c: what the engine that carries the virtual servers can't do. */
void conf_lint_engine(const struct conf *conf, const struct conf_host *host, struct diags *diags);
/* lint_lvs.c: what hardly was meant. */
void conf_lint_lvs(const struct conf *conf, const struct conf_host *host, struct diags *diags);

#endif
