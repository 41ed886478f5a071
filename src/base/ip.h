/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internet addresses of both families: one type, its text form, its order. */
#ifndef HF_BASE_IP_H
#define HF_BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/* Network byte order; an IPv4 address uses the first four bytes, the rest is zero, so that two
 * addresses are equal when their bytes are. */
struct ip_addr {
	uint8_t family; /* enum ip_family */
	uint8_t b[16];
};

#define IP_TEXT_MAX 48 /* longest text form with its NUL */

static inline size_t ip_len(const struct ip_addr *a)
{
	return a->family == IP_V4 ? 4 : a->family == IP_V6 ? 16 : 0;
}

static inline unsigned ip_bits(const struct ip_addr *a)
{
	return (unsigned)ip_len(a) * 8;
}

static inline bool ip_is_set(const struct ip_addr *a)
{
	return a->family != IP_NONE;
}

/* Dotted quad with four parts or IPv6 text, nothing else; false leaves *ret untouched. */
bool ip_parse(const char *text, struct ip_addr *ret);

/* Text form in the caller's buffer (IP_TEXT_MAX), "none" when unset. Returns buf. */
const char *ip_format(const struct ip_addr *a, char buf[static IP_TEXT_MAX]);

struct ip_addr ip_from_bytes(enum ip_family family, const void *bytes);

/* As unsigned numbers in network order (RFC 9568 6.4.3: ties go to the greater address);
 * different families compare by family. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);

/* How many addresses first..last are, of one family and first not after last; at most UINT32_MAX. */
uint32_t ip_range_count(const struct ip_addr *first, const struct ip_addr *last);
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);

bool ip_is_multicast(const struct ip_addr *a);
bool ip_is_link_local(const struct ip_addr *a); /* fe80::/10 or 169.254/16 */
bool ip_is_loopback(const struct ip_addr *a);	/* ::1 or 127/8 */

#endif
