/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the frames that tell a link who holds an address now: gratuitous ARP (RFC 826, RFC 5227 3)
 * and the unsolicited neighbour advertisement (RFC 4861 4.4, 7.2.6).
 * Must not know: interfaces, how often they are sent.
 */
#include "core/vrrp/packet.h"

#include <string.h>

static void ethernet_write(struct buf *b, const uint8_t to[6], const uint8_t from[6], uint16_t type)
{
	buf_bytes(b, to, 6);
	buf_bytes(b, from, 6);
	buf_be16(b, type);
}

size_t vrrp_garp_write(const struct ip_addr *vip, const uint8_t mac[static 6],
		       uint8_t p[static VRRP_ANNOUNCE_MAX])
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct buf b = {.p = (char *)p, .cap = VRRP_ANNOUNCE_MAX};

	ethernet_write(&b, all, mac, 0x0806);
	buf_be16(&b, 1); /* Ethernet */
	buf_be16(&b, 0x0800);
	buf_u8(&b, 6);
	buf_u8(&b, 4);
	buf_be16(&b, 1); /* request */
	buf_bytes(&b, mac, 6);
	buf_bytes(&b, vip->b, 4);
	buf_bytes(&b, all, 6);
	buf_bytes(&b, vip->b, 4);
	return b.n;
}

/* RFC 8200 8.1 over addresses, length and next header 58. */
static uint16_t icmp6_checksum(const uint8_t *addresses, const uint8_t *icmp, size_t len)
{
	uint32_t sum = vrrp_checksum_add(0, addresses, 32);

	return vrrp_checksum_finish(vrrp_checksum_add(sum + (uint32_t)len + 58, icmp, len));
}

size_t vrrp_na_write(const struct ip_addr *vip, const uint8_t mac[static 6], bool router,
		     uint8_t p[static VRRP_ANNOUNCE_MAX])
{
	static const uint8_t all_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	struct buf b = {.p = (char *)p, .cap = VRRP_ANNOUNCE_MAX};
	uint16_t sum;

	ethernet_write(&b, all_mac, mac, 0x86dd);
	buf_be32(&b, 0x60000000);
	buf_be16(&b, 32);
	buf_u8(&b, 58);
	buf_u8(&b, 255);
	buf_bytes(&b, vip->b, 16);
	buf_bytes(&b, all_nodes, 16);
	buf_u8(&b, 136);
	buf_u8(&b, 0);
	buf_be16(&b, 0);
	buf_be32(&b, router ? 0xa0000000 : 0x20000000); /* Router, Override */
	buf_bytes(&b, vip->b, 16);
	buf_u8(&b, 2);
	buf_u8(&b, 1);
	buf_bytes(&b, mac, 6);
	sum = icmp6_checksum(p + 14 + 8, p + 14 + 40, 32);
	p[14 + 40 + 2] = (uint8_t)(sum >> 8);
	p[14 + 40 + 3] = (uint8_t)sum;
	return b.n;
}
