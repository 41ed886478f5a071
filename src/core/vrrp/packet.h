/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VRRP adverts on the wire (RFC 3768 5, RFC 5798 5, RFC 9568 5) and the checks of a received one.
 * Pure: bytes <-> numbers.
 */
#ifndef HF_CORE_VRRP_PACKET_H
#define HF_CORE_VRRP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/usec.h"
#include "model/conf.h"

#define VRRP_PROTOCOL 112
#define VRRP_TTL 255
#define VRRP_TOS 0xC0
#define VRRP_PDU_MAX (8 + 255 * 16 + 8)
#define VRRP_IP4_HEADER 20

struct vrrp_advert {
	uint8_t version, vrid, priority, count, auth_type;
	usec_t interval;
	bool checksum_plain;  /* v3 IPv4: the sum without pseudo-header fitted (RFC 9568) */
	bool checksum_old;    /* v3 IPv4 unicast: the pseudo-header of the group fitted */
	const uint8_t *addrs; /* `count` addresses inside the received packet, valid while it is */
};

/* A received packet as the socket gave it. */
struct vrrp_rx {
	const uint8_t *data; /* IPv4: from the IP header on; IPv6: the payload */
	size_t len;
	struct ip_addr from, to;
	int hop_limit; /* IPv6 (ancillary data); IPv4 reads its header */
};

/* Why a packet was not accepted, in the order of the checks. UNKNOWN_VRID and NOT_LISTENING are for
 * the caller to give: only it knows the instances. */
enum vrrp_rx_verdict {
	VRRP_RX_OK,
	VRRP_RX_SHORT, /* not even a header: no VRID known */
	VRRP_RX_UNKNOWN_VRID,
	VRRP_RX_NOT_LISTENING, /* instance in FAULT or INIT */
	VRRP_RX_UNICAST_ON_MULTICAST,
	VRRP_RX_MULTICAST_ON_UNICAST,
	VRRP_RX_LENGTH,
	VRRP_RX_TTL,
	VRRP_RX_VERSION,
	VRRP_RX_AUTH_INVALID, /* type not 0, 1, 2 */
	VRRP_RX_AUTH_MISMATCH,
	VRRP_RX_AUTH_FAILED,
	VRRP_RX_INTERVAL, /* v2 only */
	VRRP_RX_TYPE,
	VRRP_RX_IP_LENGTH,
	VRRP_RX_CHECKSUM,
	VRRP_RX_OWNER_IGNORES,
	VRRP_RX_NOT_A_PEER,
	VRRP_RX_PEER_TTL,
	VRRP_RX_VERDICTS,
};

/* Things that are logged and counted but do not drop the packet. */
enum { VRRP_RX_ODD_COUNT = 1, VRRP_RX_ODD_ADDRESS = 2, VRRP_RX_ODD_INTERVAL = 4 };

/* VRID of a received packet without checking more than its length: which instance is it for?
 * -1 when too short. */
int vrrp_rx_vrid(const struct vrrp_rx *rx);

/* Checks a packet against an instance. `check_addresses`: whether the address list is to be
 * compared (skip_check_adv_addr). On VRRP_RX_OK fills *ret and *ret_odd (bits above); otherwise
 * *ret_got and *ret_expected are the numbers for the log text. An IPv6 checksum is the kernel's
 * business. */
enum vrrp_rx_verdict vrrp_rx_check(const struct conf_instance *conf, const struct vrrp_rx *rx,
				   bool check_addresses, struct vrrp_advert *ret, unsigned *ret_odd,
				   int *ret_got, int *ret_expected);

/* Log sentence of a verdict: "invalid TTL/HL from 10.0.0.2. Received 64 and expect 255". */
void vrrp_rx_verdict_text(enum vrrp_rx_verdict v, const struct vrrp_rx *rx, int got, int expected,
			  struct buf *out);

/* Writes the PDU of an advert: its length, or 0 when it doesn't fit `cap`. v3 IPv4 checksums cover
 * the pseudo-header of from/to unless v3_checksum_as_v2; an IPv6 checksum is left 0 for the kernel
 * (offset VRRP_CHECKSUM_OFFSET). */
#define VRRP_CHECKSUM_OFFSET 6
size_t vrrp_pdu_write(const struct conf_instance *conf, uint8_t priority, usec_t interval,
		      const struct ip_addr *from, const struct ip_addr *to, uint8_t *p, size_t cap);

/* Writes an IPv4 header in front of a PDU of `pdu_len` bytes: TOS 0xC0, no fragments, checksum 0
 * (the kernel fills it). `id` in host order. */
void vrrp_ip4_header_write(uint8_t p[static VRRP_IP4_HEADER], uint16_t id, uint8_t ttl,
			   const struct ip_addr *from, const struct ip_addr *to, size_t pdu_len);

/* RFC 1071; `sum` carries on, start with 0; returns the sum to fold with vrrp_checksum_finish(). */
uint32_t vrrp_checksum_add(uint32_t sum, const void *data, size_t len);
uint16_t vrrp_checksum_finish(uint32_t sum);
/* The sum of an IPv4 pseudo-header in front of a PDU of `len` bytes. */
uint32_t vrrp_checksum_pseudo4(const struct ip_addr *from, const struct ip_addr *to, size_t len);

/* Ethernet frames that announce an address: gratuitous ARP request (42 bytes) and unsolicited
 * neighbour advertisement (86 bytes, RFC 4861 4.4, Override set). Return the length. */
#define VRRP_ANNOUNCE_MAX 86
size_t vrrp_garp_write(const struct ip_addr *vip, const uint8_t mac[static 6],
		       uint8_t p[static VRRP_ANNOUNCE_MAX]);
size_t vrrp_na_write(const struct ip_addr *vip, const uint8_t mac[static 6], bool router,
		     uint8_t p[static VRRP_ANNOUNCE_MAX]);

/* How many addresses an advert of this instance can carry on a link with this MTU. */
unsigned vrrp_pdu_room(uint8_t family, uint8_t version, unsigned mtu);

#endif
