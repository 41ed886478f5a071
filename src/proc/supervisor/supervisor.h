/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor: reads the configuration, starts the workers and starts them again, owns the
 * boards' files, answers the control socket. It never blocks and decides no election.
 */
#ifndef HF_PROC_SUPERVISOR_SUPERVISOR_H
#define HF_PROC_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "io/log.h"

#define SUPERVISOR_RUN_DIR "/run/holdfast"

/* Exit statuses (operations.md 4). */
enum supervisor_exit {
	EXIT_OK = 0,
	EXIT_FATAL = 1,
	EXIT_CONFIG = 2,
	EXIT_PERMISSION = 4,
	EXIT_NO_CONFIG = 6,
	EXIT_RUNS_ALREADY = 256, /* internal: 0 under keepalived's name, else 1 */
};

/* What the command line said. Strings live as long as the process. */
struct supervisor_options {
	const char *conf_path; /* NULL: /etc/holdfast/holdfast.conf, else keepalived's */
	const char *run_dir;
	const char *config_id;	   /* NULL: the host name up to its first dot */
	struct log_options log;	   /* ident is set here */
	uint8_t log_detail;	   /* number of -D */
	bool keepalived;	   /* called by that name: its pid files */
	bool include_check;	   /* -e */
	bool dont_release;	   /* -V */
	bool dont_release_ipvs;	   /* -I */
	bool no_vrrp, no_checkers; /* -C, -P */
	bool all;		   /* --all: every worker, whatever the configuration asks for */
	bool address_monitoring;   /* -a */
	bool dont_respawn;	   /* -R */
	bool ignore_int;	   /* --ignore-sigint */
	bool dump_conf;		   /* -d: the configuration goes to the log */
	int file_mask;		   /* -u, -1: of the configuration */
	const char *pid_file;	   /* besides RUN/holdfast.pid, or NULL */
	/* keepalived's pid files of its VRRP and checker processes, or NULL */
	const char *vrrp_pid_file, *checkers_pid_file;
	int started_fd; /* a byte with the exit status is written here when started or failed; -1 */
};

/* The configuration file: as asked (not NULL), else the first of the usual places that exists. */
const char *supervisor_conf_path(const char *asked);

/* Runs until it is told to stop; the exit status. */
int supervisor_main(const struct supervisor_options *options);

#endif
