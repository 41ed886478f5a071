/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a status is written: the walk over the boards is one, the forms are several. Every function
 * is called in the order of the table, the item functions once per item.
 */
#ifndef HF_CTL_OUTPUT_H
#define HF_CTL_OUTPUT_H

#include "ctl/snapshot.h"

/* What is shown of the many. */
struct output_options {
	bool servers; /* every real server, not only those that are not up when there are many */
	bool checks;  /* every check */
	bool events;  /* every event, not only the last */
};

struct output {
	unsigned events; /* as many of the last are shown unless all are asked for */
	void *(*begin)(const struct snapshot *s, const struct output_options *o);
	void (*instance)(void *ctx, const struct snapshot *s, const struct board_instance *i);
	void (*group)(void *ctx, const struct snapshot *s, const struct board_group *g);
	void (*script)(void *ctx, const struct snapshot *s, const struct board_script *x);
	void (*file)(void *ctx, const struct snapshot *s, const struct board_file *f);
	void (*service)(void *ctx, const struct snapshot *s, const struct board_service *v);
	void (*server)(void *ctx, const struct snapshot *s, const struct board_service *of,
		       const struct board_server *r);
	/* A server that a reload removed, while it drains. */
	void (*drain)(void *ctx, const struct snapshot *s, const struct board_service *of,
		      const struct board_drain *d);
	/* One probe of a check process or the runner. */
	void (*check)(void *ctx, const struct snapshot *s, const struct board_header *of,
		      const struct board_probe *p);
	void (*process)(void *ctx, const struct snapshot *s, const struct board_header *h);
	void (*event)(void *ctx, const struct snapshot *s, const struct board_event *e);
	void (*end)(void *ctx);
	void (*unreachable)(const char *reason);
};

extern const struct output output_text, output_json;

#endif
