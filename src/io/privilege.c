/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the way from root to nobody: limits, ids, capabilities and no_new_privs. Must not know what
 * the process is for.
 */
#include "io/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOBODY 65534
#define FILES_WANTED 1048576

void privilege_raise_files(void)
{
	struct rlimit lim = {FILES_WANTED, FILES_WANTED};
	unsigned long most = FILES_WANTED;
	FILE *f = fopen("/proc/sys/fs/nr_open", "re");

	if (f) {
		if (fscanf(f, "%lu", &most) == 1 && most < FILES_WANTED)
			lim.rlim_cur = lim.rlim_max = most;
		fclose(f);
	}
	if (setrlimit(RLIMIT_NOFILE, &lim) == 0 || getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	lim.rlim_cur = lim.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &lim);
}

/* Since Linux 5.17 CAP_NET_RAW is enough; CAP_NET_ADMIN can do much more and goes if it can. */
static bool marks_need_admin(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), mark = 1;
	bool needs;

	capng_clear(CAPNG_SELECT_CAPS);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
	capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_NET_ADMIN);
	capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_SETPCAP);
	capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_SETUID);
	capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_SETGID);
	capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_NET_BIND_SERVICE);
	if (fd < 0 || capng_apply(CAPNG_SELECT_CAPS) < 0)
		needs = true;
	else
		needs = setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 && errno == EPERM;
	if (fd >= 0)
		close(fd);
	return needs;
}

int privilege_drop(unsigned kept)
{
	bool root = geteuid() == 0, admin = root && kept & PRIVILEGE_MARK && marks_need_admin();
	const int types = CAPNG_EFFECTIVE | CAPNG_PERMITTED;
	int r = 0;

	capng_clear(CAPNG_SELECT_BOTH);
	if (root && kept & PRIVILEGE_MARK)
		capng_update(CAPNG_ADD, types, CAP_NET_RAW);
	if (admin)
		capng_update(CAPNG_ADD, types, CAP_NET_ADMIN);
	if (root && kept & PRIVILEGE_LOW_PORT)
		capng_update(CAPNG_ADD, types, CAP_NET_BIND_SERVICE);
	/* Somebody else's user has nothing to change into. */
	if (root && capng_change_id(NOBODY, NOBODY, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) < 0)
		r = -EPERM;
	if ((!root || r < 0) && capng_apply(CAPNG_SELECT_CAPS) < 0 && r == 0)
		r = -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 && r == 0)
		r = -errno;
	return r;
}
