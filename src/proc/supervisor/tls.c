/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the SSL block: read here, where that is permitted, and handed to the check processes,
 * which may read nothing, in sealed memory. Must not know what a certificate is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/memfile.h"
#include "model/lvs.h"
#include "proc/supervisor/internal.h"

#define TLS_FILE_MAX (8u << 20) /* all authorities of the world are 0.3 MB */

struct material {
	char *text;
	size_t n;
};

static int read_all(int fd, struct material *m, size_t size)
{
	size_t wanted = m->n + size;
	char *text = realloc(m->text, wanted + 1);

	if (!text)
		abort();
	m->text = text;
	while (m->n < wanted) {
		ssize_t n = read(fd, m->text + m->n, wanted - m->n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO; /* it got shorter meanwhile */
		m->n += (size_t)n;
	}
	return 0;
}

/* Appends a file: neither a pipe nor a terminal may hold us up. */
static int append(const char *path, struct material *m, uint32_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t before = m->n;
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	else if (st.st_size > TLS_FILE_MAX)
		r = -EFBIG;
	else
		r = read_all(fd, m, (size_t)st.st_size);
	close(fd);
	*ret_len = (uint32_t)(m->n - before);
	return r;
}

static int append_named(const char *what, const char *path, struct material *m, uint32_t *ret_len,
			const struct report *report)
{
	int r = path ? append(path, m, ret_len) : 0;

	if (r < 0)
		report_text(report, LVL_ERR, "SSL %s %s: %s", what, path, strerror(-r));
	return r;
}

/* A key may stand in memory no longer than it takes to hand it on. */
static void forget(struct material *m)
{
	if (m->text)
		explicit_bzero(m->text, m->n);
	free(m->text);
}

int tls_read(const struct conf *conf, struct generation *g, const struct report *report)
{
	const struct conf_ssl *ssl = conf->ssl;
	struct material m = {0};
	int r;

	r = append_named("ca", ssl->ca, &m, &g->tls.ca_len, report);
	if (r == 0)
		r = append_named("certificate", ssl->certificate, &m, &g->tls.certificate_len, report);
	if (r == 0)
		r = append_named("key", ssl->key, &m, &g->tls.key_len, report);
	if (r == 0 && m.n > 0) {
		g->tls_fd = memfile_sealed("holdfast.tls", m.text, m.n);
		r = g->tls_fd < 0 ? g->tls_fd : 0;
	}
	forget(&m);
	return r;
}
