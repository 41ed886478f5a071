/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration belongs to one daemon in a network namespace: a second one, with another run
 * directory, would take the addresses of the first for what a crash has left. Owns the two names
 * that say so. Must not know what is in the configuration.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "io/netns.h"
#include "proc/supervisor/internal.h"

#define CLAIM_NAME_MAX 107 /* what a Unix socket's address has room for */

/* -P and -C share the work of one file between two daemons. */
static const struct {
	const char *name, *what;
} parts[CLAIMS] = {{"vrrp", "virtual routers"}, {"lvs", "virtual servers"}};

/* The folder by its inode: it is the same in every mount namespace, and the files of two containers
 * may have the same path. That of the file itself changes when an editor renames a new one there.
 * False where there is no such file. */
static bool make_name(const struct supervisor *s, unsigned part, char buf[static CLAIM_NAME_MAX])
{
	char path[PATH_MAX], file_and_id[PATH_MAX + NAME_MAX];
	struct stat folder;
	char *slash;

	if (!realpath(s->conf_path, path))
		return false;
	slash = strrchr(path, '/');
	snprintf(file_and_id, sizeof(file_and_id), "%s@%s", slash + 1, s->host.config_id);
	slash[1] = '\0';
	if (stat(path, &folder) < 0)
		return false;
	snprintf(buf, CLAIM_NAME_MAX, "holdfast/conf/%s/%jx:%jx/%08x/%.32s", parts[part].name,
		 (uintmax_t)folder.st_dev, (uintmax_t)folder.st_ino, str_hash(file_and_id),
		 file_and_id);
	return true;
}

static int claim(struct supervisor *s, unsigned part)
{
	char name[CLAIM_NAME_MAX];

	if (!make_name(s, part, name))
		return EXIT_OK; /* reading it will say why */
	s->claim[part] = netns_claim(name);
	if (s->claim[part] == -EADDRINUSE) {
		log_err("another holdfast runs here with %s (its %s, configuration id %s)",
			s->conf_path, parts[part].what, s->host.config_id);
		return EXIT_FATAL;
	}
	if (s->claim[part] < 0)
		log_warning("a second daemon with %s would not be noticed: %s", s->conf_path,
			    strerror(-s->claim[part]));
	return EXIT_OK;
}

int claim_configuration(struct supervisor *s)
{
	const bool wanted[CLAIMS] = {!s->o->no_vrrp || s->o->all, !s->o->no_checkers || s->o->all};
	int status = EXIT_OK;

	for (unsigned part = 0; part < CLAIMS && status == EXIT_OK; part++)
		if (wanted[part])
			status = claim(s, part);
	return status;
}

void claim_release(struct supervisor *s)
{
	for (unsigned part = 0; part < CLAIMS; part++) {
		if (s->claim[part] >= 0)
			close(s->claim[part]);
		s->claim[part] = -1;
	}
}
