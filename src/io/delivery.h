/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handing over one mail or one HTTP POST, by libcurl. The calls block (names are resolved, servers
 * are slow): they are made aside (io/aside.h), one at a time per thread.
 */
#ifndef HF_IO_DELIVERY_H
#define HF_IO_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/usec.h"

enum delivery_tls { DELIVERY_PLAIN, DELIVERY_STARTTLS, DELIVERY_TLS };

struct delivery_mail {
	const char *host;
	uint16_t port;
	uint8_t tls;		/* enum delivery_tls */
	bool no_verify;		/* of the server's certificate */
	const char *helo;	/* NULL: the host's name */
	const char *user, *password; /* NULL: no login */
	const char *from;	/* address only */
	const char *const *to;	/* addresses only, NULL-terminated */
	const char *text;	/* header and body, lines ended by CRLF */
	usec_t timeout;		/* of connecting and of each silence */
};

struct delivery_post {
	const char *url;
	const char *header; /* one more line, or NULL */
	const char *body;   /* JSON */
	usec_t timeout;	    /* of all of it */
};

struct delivery_result {
	bool good;
	bool hopeless; /* refused for good: another try would be refused as well */
	bool postponed; /* a mail that the server has looked at and put off: it may take another one */
	char text[160]; /* why not */
};

/* libcurl, once it is loaded. */
struct delivery;

/* Loads it, for the life of the process: NULL and why in *ret_error when it is not there. */
struct delivery *delivery_open(const char **ret_error);
struct delivery *delivery_close(struct delivery *d);

void delivery_mail(const struct delivery *d, const struct delivery_mail *m,
		   struct delivery_result *ret);
void delivery_post(const struct delivery *d, const struct delivery_post *p,
		   struct delivery_result *ret);

#endif
