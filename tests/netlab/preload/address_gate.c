/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a daemon: its requests for changes of addresses wait as long as the file $ADDRESS_GATE is
 * there, as they do in the kernel while others hold its lock on interfaces. Owns nothing else of the process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_AGAIN 2000 /* usec */

ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
	ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "sendto");
	const struct nlmsghdr *h = data;
	const char *gate = getenv("ADDRESS_GATE");

	while (gate && to && to->sa_family == AF_NETLINK && len >= sizeof(*h) &&
	       (h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR) && access(gate, F_OK) == 0)
		usleep(LOOK_AGAIN);
	return real(fd, data, len, flags, to, to_len);
}
