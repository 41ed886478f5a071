/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the answer whether this kernel has IPVS or nftables, or would load them. What is loaded shows
 * in /proc or answers on its netlink socket; what would be is a file among the modules. A question
 * over netlink may load a module, so that it comes last.
 */
#include "io/host.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The kernel's answer to one request: 0 or -errno. */
static int netlink_ask(int protocol, struct nlmsghdr *nlh)
{
	struct mnl_socket *s = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	union {
		struct nlmsghdr nlh;
		char bytes[8192]; /* MNL_SOCKET_BUFFER_SIZE is no constant */
	} answer;
	const struct nlmsgerr *e;
	ssize_t n;
	int r = 0;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0 ||
	    (n = mnl_socket_recvfrom(s, &answer, sizeof(answer))) < 0) {
		r = -errno;
	} else if (n >= (ssize_t)sizeof(struct nlmsghdr) && answer.nlh.nlmsg_type == NLMSG_ERROR &&
		   n >= (ssize_t)(sizeof(struct nlmsghdr) + sizeof(*e))) {
		e = mnl_nlmsg_get_payload(&answer.nlh);
		r = e->error;
	}
	mnl_socket_close(s);
	return r;
}

static int family_ask(const char *name)
{
	char bytes[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(bytes);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	g->cmd = CTRL_CMD_GETFAMILY;
	g->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	return netlink_ask(NETLINK_GENERIC, nlh);
}

static int generation_ask(void)
{
	char bytes[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(bytes);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	*g = (struct nfgenmsg){.version = NFNETLINK_V0};
	return netlink_ask(NETLINK_NETFILTER, nlh);
}

static bool module_exists(const char *path)
{
	static const char *const packed[] = {"", ".zst", ".xz", ".gz"};
	struct utsname u;
	char file[512];

	if (uname(&u) < 0)
		return false;
	for (size_t i = 0; i < sizeof(packed) / sizeof(*packed); i++) {
		snprintf(file, sizeof(file), "/lib/modules/%s/kernel/net/netfilter/%s.ko%s",
			 u.release, path, packed[i]);
		if (access(file, F_OK) == 0)
			return true;
	}
	return false;
}

bool host_kernel(void *ctx, enum conf_kernel_part part)
{
	int r = 0;

	(void)ctx;
	switch (part) {
	case KERNEL_IPVS:
		if (access("/proc/net/ip_vs", F_OK) == 0 || module_exists("ipvs/ip_vs"))
			return true;
		r = family_ask("IPVS");
		break;
	case KERNEL_NFTABLES:
		if (module_exists("nf_tables"))
			return true;
		r = generation_ask();
		break;
	}
	return r == 0 || r == -EPERM; /* the latter: somebody else has to ask */
}
