/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: what an address is. Must not know: interfaces, sockets. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool ip_parse(const char *text, struct ip_addr *ret)
{
	struct ip_addr a = {0};

	if (inet_pton(AF_INET, text, a.b) == 1)
		a.family = IP_V4;
	else if (inet_pton(AF_INET6, text, a.b) == 1)
		a.family = IP_V6;
	else
		return false;
	*ret = a;
	return true;
}

const char *ip_format(const struct ip_addr *a, char buf[static IP_TEXT_MAX])
{
	if (a->family == IP_V4)
		inet_ntop(AF_INET, a->b, buf, IP_TEXT_MAX);
	else if (a->family == IP_V6)
		inet_ntop(AF_INET6, a->b, buf, IP_TEXT_MAX);
	else
		snprintf(buf, IP_TEXT_MAX, "none");
	return buf;
}

struct ip_addr ip_from_bytes(enum ip_family family, const void *bytes)
{
	struct ip_addr a = {.family = family};

	memcpy(a.b, bytes, ip_len(&a));
	return a;
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_compare(a, b) == 0;
}

bool ip_is_multicast(const struct ip_addr *a)
{
	return a->family == IP_V4 ? (a->b[0] & 0xf0) == 0xe0 : a->family == IP_V6 && a->b[0] == 0xff;
}

bool ip_is_link_local(const struct ip_addr *a)
{
	if (a->family == IP_V4)
		return a->b[0] == 169 && a->b[1] == 254;
	return a->family == IP_V6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool ip_is_loopback(const struct ip_addr *a)
{
	static const struct ip_addr v6 = {.family = IP_V6, .b = {[15] = 1}};

	return a->family == IP_V4 ? a->b[0] == 127 : ip_equal(a, &v6);
}

uint32_t ip_range_count(const struct ip_addr *first, const struct ip_addr *last)
{
	uint64_t n = 0;

	/* The first byte that differs makes it positive, and no borrow takes that back. */
	for (unsigned i = 0; i < ip_len(first); i++) {
		n = n * 256 + last->b[i] - first->b[i];
		if (n > UINT64_C(1) << 40)
			return UINT32_MAX;
	}
	return n < UINT32_MAX ? (uint32_t)n + 1 : UINT32_MAX;
}
