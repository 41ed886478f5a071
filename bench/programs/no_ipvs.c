/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a keepalived on a kernel without IPVS: the kernel's table, reached by socket options
 * (linux/ip_vs.h), takes everything and holds nothing. What is left to be measured is the checking.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
	if (level != IPPROTO_IP || name < IP_VS_BASE_CTL || name > IP_VS_SO_GET_MAX)
		return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
	memset(value, 0, *len);
	if (name == IP_VS_SO_GET_INFO)
		*(struct ip_vs_getinfo *)value = (struct ip_vs_getinfo){.version = 0x010201, .size = 4096};
	return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level != IPPROTO_IP || name < IP_VS_BASE_CTL || name > IP_VS_SO_SET_MAX)
		return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
	return 0;
}
