/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that need interfaces: a network namespace of their own, with two ends of a cable. */
#ifndef HF_TEST_NETNS_H
#define HF_TEST_NETNS_H

#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Runs a shell command that must succeed. */
__attribute__((format(printf, 1, 2))) static inline void sh(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

/* A new namespace with lo up and veth pair v0 (02:..:01), v1 (02:..:02), both up. Everything goes
 * when the process leaves it. Skips the test without root. */
static inline void netns_enter(void)
{
	if (geteuid() != 0) {
		print_message("needs root for a network namespace\n");
		skip();
	}
	if (unshare(CLONE_NEWNET) < 0)
		fail_msg("unshare");
	sh("ip link set lo up && sysctl -qw net.ipv6.conf.all.accept_dad=0"
	   " net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.rp_filter=0"
	   " net.ipv4.conf.default.rp_filter=0");
	sh("ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02");
	sh("ip link set v0 up && ip link set v1 up");
	/* The kernel says that a link runs a little later, up to a second when it is busy, and that its
	 * link-local address may be used later still. */
	sh("up() { ip link show $1 | grep -q 'state UP' && ip -6 addr show dev $1 scope link -tentative | grep -q inet6; };"
	   " for i in $(seq 200); do up v0 && up v1 && exit 0; sleep 0.02; done; exit 1");
}

#endif
