/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: how an advert is written (RFC 3768 5, RFC 5798 5, RFC 9568 5) and its checksums.
 * Must not know: sockets, states, who receives it. The checks of received packets are in rx.c.
 */
#include "core/vrrp/packet.h"

#include <string.h>

uint32_t vrrp_checksum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	if (len)
		sum += (uint32_t)p[0] << 8;
	return sum;
}

uint16_t vrrp_checksum_finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t vrrp_checksum_pseudo4(const struct ip_addr *from, const struct ip_addr *to, size_t len)
{
	uint32_t sum = vrrp_checksum_add(0, from->b, 4);

	return vrrp_checksum_add(sum, to->b, 4) + VRRP_PROTOCOL + (uint32_t)len;
}

/* What the checksum of an IPv4 PDU starts with. Only version 3 has a pseudo-header. */
static uint32_t pseudo_of(const struct conf_instance *conf, const struct ip_addr *from,
			  const struct ip_addr *to, size_t len)
{
	if (conf->version != 3 || conf->v3_checksum_as_v2)
		return 0;
	if (conf->peers.n && conf->old_unicast_checksum == 1)
		to = &conf->group_addr;
	return vrrp_checksum_pseudo4(from, to, len);
}

/* The VIPs of the family of the adverts; returns how many were written. */
static unsigned addresses_write(const struct conf_instance *conf, struct buf *b)
{
	unsigned count = 0;

	for (unsigned i = 0; i < conf->vips.n && count < 255; i++) {
		const struct ip_addr *a = &conf->vips.v[i]->addr;

		if (a->family != conf->family)
			continue;
		buf_bytes(b, a->b, ip_len(a));
		count++;
	}
	return count;
}

static void auth_write(const struct conf_instance *conf, struct buf *b)
{
	uint8_t data[8] = {0};

	if (conf->auth_type == AUTH_PASS && conf->auth_pass)
		memcpy(data, conf->auth_pass, strnlen(conf->auth_pass, sizeof(data)));
	buf_bytes(b, data, sizeof(data));
}

size_t vrrp_pdu_write(const struct conf_instance *conf, uint8_t priority, usec_t interval,
		      const struct ip_addr *from, const struct ip_addr *to, uint8_t *p, size_t cap)
{
	struct buf b = {.p = (char *)p, .cap = cap};
	unsigned count;
	uint16_t sum;

	buf_u8(&b, (uint8_t)(conf->version << 4 | 1));
	buf_u8(&b, conf->vrid);
	buf_u8(&b, priority);
	buf_u8(&b, 0);
	if (conf->version == 3) {
		buf_be16(&b, (uint16_t)(interval / USEC_PER_CSEC) & 0x0fff);
	} else {
		buf_u8(&b, conf->auth_type);
		buf_u8(&b, (uint8_t)(interval / USEC_PER_SEC));
	}
	buf_be16(&b, 0);
	count = addresses_write(conf, &b);
	if (conf->version == 2 && conf->family == IP_V4)
		auth_write(conf, &b);
	if (b.full)
		return 0;
	p[3] = (uint8_t)count;
	if (conf->family == IP_V4) {
		sum = vrrp_checksum_finish(
			vrrp_checksum_add(pseudo_of(conf, from, to, b.n), p, b.n));
		p[VRRP_CHECKSUM_OFFSET] = (uint8_t)(sum >> 8);
		p[VRRP_CHECKSUM_OFFSET + 1] = (uint8_t)sum;
	}
	return b.n;
}

void vrrp_ip4_header_write(uint8_t p[static VRRP_IP4_HEADER], uint16_t id, uint8_t ttl,
			   const struct ip_addr *from, const struct ip_addr *to, size_t pdu_len)
{
	struct buf b = {.p = (char *)p, .cap = VRRP_IP4_HEADER};

	buf_u8(&b, 0x45);
	buf_u8(&b, VRRP_TOS);
	buf_be16(&b, (uint16_t)(VRRP_IP4_HEADER + pdu_len));
	buf_be16(&b, id);
	buf_be16(&b, 0);
	buf_u8(&b, ttl);
	buf_u8(&b, VRRP_PROTOCOL);
	buf_be16(&b, 0);
	buf_bytes(&b, from->b, 4);
	buf_bytes(&b, to->b, 4);
}

unsigned vrrp_pdu_room(uint8_t family, uint8_t version, unsigned mtu)
{
	/* 14: the Ethernet header, which the MTU does not include, is subtracted all the same:
	 * peers of the field do, and the address lists of both sides must agree. */
	unsigned used = 14 + 8 + (family == IP_V4 ? VRRP_IP4_HEADER : 40);
	unsigned room;

	if (version == 2 && family == IP_V4)
		used += 8;
	room = mtu > used ? (mtu - used) / (family == IP_V4 ? 4 : 16) : 0;
	return room > 255 ? 255 : room;
}
