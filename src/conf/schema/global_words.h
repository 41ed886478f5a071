/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers of global_defs: the keywords whose words are more than one value. */
#ifndef HF_CONF_SCHEMA_GLOBAL_WORDS_H
#define HF_CONF_SCHEMA_GLOBAL_WORDS_H

#include "conf/schema.h"

extern const struct choice umask_bits[], include_checks[];

row_parse_fn parse_fifo, parse_smtp_server, parse_iptables, parse_dynamic, parse_rx_policy, parse_umask,
	parse_include_check;
row_print_fn print_fifo, print_smtp_server, print_iptables, print_dynamic, print_rx_policy, print_umask,
	print_include_check;

#endif
