/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the halves of the status for people share. */
#ifndef HF_CTL_OUTPUT_TEXT_H
#define HF_CTL_OUTPUT_TEXT_H

#include "ctl/output.h"

struct text {
	struct output_options options;
	const char *section; /* whose heading was printed last */
	unsigned problems;
	unsigned services, services_good, servers, servers_up;
	int width;			/* of the column of names */
	bool all_services, all_servers; /* few enough to show each */
	bool skipped;			/* the present service is not shown */
	uint8_t method;			/* of its first server: of others it is said when it differs */
	unsigned bad;			/* services that are not good, when there are many */
	unsigned listed, left_out;	/* servers of the present service */
};

void text_heading(struct text *t, const char *section);
/* "3 h 12 min", two units at most. */
const char *text_duration(usec_t t, char buf[static 40]);

/* ---- output_text_lvs.c ---- */
void text_count_services(struct text *t, const struct snapshot *s);
void text_service(void *ctx, const struct snapshot *s, const struct board_service *v);
void text_server(void *ctx, const struct snapshot *s, const struct board_service *of,
		 const struct board_server *r);
void text_drain(void *ctx, const struct snapshot *s, const struct board_service *of,
		const struct board_drain *d);
/* Says how many were left out at the end. */
void text_end_services(struct text *t);

/* ---- output_text_check.c ---- */
void text_check(void *ctx, const struct snapshot *s, const struct board_header *of,
		const struct board_probe *p);
/* "in 0.7 s", "now", or "" when it is not known. */
const char *text_next_run(const struct snapshot *s, const struct board_probe *p, char buf[static 48]);

#endif
