/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The errors of a configuration that is in force all the same. keepalived starts with almost any file and
 * so do we; such files live for years, written for an older version or by another program. A reload forbids
 * errors, but one that was there when the present configuration was read can do no new harm: if it
 * counted, nothing in that file could ever be changed without a restart.
 *
 * The same error is the same message about the same text; the line may have another number, and a copy of
 * it elsewhere is no other error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/supervisor/internal.h"

struct faults {
	char **v; /* sorted */
	unsigned n;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* To be freed by the caller. */
static char *identity(const struct diag *d, const struct conf_source *source)
{
	size_t len = 0;
	const char *line = diag_source_line(d, source, &len);
	char *s;

	while (len > 0 && is_blank(line[0]))
		line++, len--;
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	if (asprintf(&s, "%s\n%s\n%.*s", d->code, d->text, (int)len, len > 0 ? line : "") < 0)
		abort();
	return s;
}

struct faults *faults_new(const struct conf_loaded *l)
{
	struct faults *f = calloc(1, sizeof(*f));

	if (f)
		f->v = calloc(l->diags.list.n + 1, sizeof(*f->v));
	if (!f || !f->v)
		abort();
	for (unsigned i = 0; i < l->diags.list.n; i++)
		if (diag_refuses_reload(&l->diags.list.v[i]))
			f->v[f->n++] = identity(&l->diags.list.v[i], l->source);
	qsort(f->v, f->n, sizeof(*f->v), compare);
	return f;
}

bool faults_known(const struct faults *f, const struct diag *d, const struct conf_source *source)
{
	char *s = f ? identity(d, source) : NULL;
	bool found = s && bsearch(&s, f->v, f->n, sizeof(*f->v), compare);

	free(s);
	return found;
}

struct faults *faults_free(struct faults *f)
{
	for (unsigned i = 0; f && i < f->n; i++)
		free(f->v[i]);
	if (f)
		free(f->v);
	free(f);
	return NULL;
}
