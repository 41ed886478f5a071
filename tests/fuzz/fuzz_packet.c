/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A received packet against an instance. The first bytes of the input choose the instance and the
 * way of the packet, the rest is the packet. With CHOOSE_MEND its checksum is made right, so that
 * what lies behind the checksum is reached too.
 */
#include "fuzz.h"

#include <string.h>

#include "base/buf.h"
#include "core/vrrp/packet.h"

enum {
	CHOOSE_V6 = 1, CHOOSE_V3 = 2, CHOOSE_PASS = 4, CHOOSE_UNICAST = 8,
	CHOOSE_OWNER = 16, CHOOSE_ADDRESSES = 32, CHOOSE_MEND = 64, CHOOSE_STRICT = 128,
};
#define CHOICES 2

static struct ip_addr address(bool v6, uint8_t last)
{
	struct ip_addr a = {.family = v6 ? IP_V6 : IP_V4};

	if (v6) {
		a.b[0] = 0xfe;
		a.b[1] = 0x80;
		a.b[15] = last;
	} else {
		a.b[0] = 10;
		a.b[3] = last;
	}
	return a;
}

static struct ip_addr group(bool v6)
{
	static const uint8_t v4_group[] = {224, 0, 0, 18};
	struct ip_addr a = {.family = v6 ? IP_V6 : IP_V4};

	if (v6) {
		a.b[0] = 0xff;
		a.b[1] = 2;
		a.b[15] = 18;
	} else {
		memcpy(a.b, v4_group, sizeof(v4_group));
	}
	return a;
}

/* Version 2 and version 3 without a pseudo-header: the sum over the PDU alone. */
static void mend(uint8_t *pdu, size_t len, bool with_auth)
{
	uint16_t sum;

	if (len < 8)
		return;
	pdu[6] = pdu[7] = 0;
	if (with_auth && (pdu[0] >> 4) == 2 && len >= 16)
		len -= 8;
	sum = vrrp_checksum_finish(vrrp_checksum_add(0, pdu, len));
	memcpy(pdu + 6, &sum, sizeof(sum));
}

static void check_result(const struct vrrp_rx *rx, const struct vrrp_advert *a, size_t width)
{
	volatile uint8_t sum = 0; /* the addresses can be read */

	MUST(a->addrs == NULL || (a->addrs >= rx->data && a->addrs + a->count * width <= rx->data + rx->len));
	for (size_t i = 0; a->addrs && i < a->count * width; i++)
		sum ^= a->addrs[i];
	(void)sum;
	MUST(vrrp_rx_vrid(rx) == a->vrid);
	MUST(a->interval >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_address vip = {0};
	struct conf_address *vips[] = {&vip};
	struct conf_unicast_peer peer = {0};
	struct conf_unicast_peer *peers[] = {&peer};
	struct conf_instance conf = {.name = "VI_1", .vrid = 51, .advert_int = USEC_PER_SEC, .auth_pass = "1111"};
	struct vrrp_rx rx = {0};
	struct vrrp_advert advert = {0};
	enum vrrp_rx_verdict verdict;
	unsigned odd = 0;
	int got = 0, expected = 0;
	char text[256];
	struct buf out = BUF_ON(text);
	uint8_t *packet, choice;
	bool v6;

	if (size < CHOICES)
		return 0;
	choice = data[0];
	v6 = choice & CHOOSE_V6;
	conf.family = v6 ? IP_V6 : IP_V4;
	conf.version = v6 || (choice & CHOOSE_V3) ? 3 : 2;
	conf.auth_type = choice & CHOOSE_PASS ? AUTH_PASS : AUTH_NONE;
	conf.priority = choice & CHOOSE_OWNER ? 255 : 100;
	conf.strict = choice & CHOOSE_STRICT;
	conf.group_addr = group(v6);
	vip.addr = address(v6, 100);
	conf.vips.v = vips;
	conf.vips.n = 1;
	peer.addr = address(v6, 2);
	conf.peers.v = peers;
	conf.peers.n = choice & CHOOSE_UNICAST ? 1 : 0;

	packet = malloc(size - CHOICES + 1);
	memcpy(packet, data + CHOICES, size - CHOICES);
	rx.data = packet;
	rx.len = size - CHOICES;
	rx.from = address(v6, 2);
	rx.to = choice & CHOOSE_UNICAST ? address(v6, 1) : group(v6);
	rx.hop_limit = data[1];
	if (choice & CHOOSE_MEND) {
		size_t header = v6 || rx.len == 0 ? 0 : (size_t)(packet[0] & 15) * 4;

		if (rx.len >= header)
			mend(packet + header, rx.len - header, conf.auth_type != AUTH_NONE);
	}

	(void)vrrp_rx_vrid(&rx);
	verdict = vrrp_rx_check(&conf, &rx, choice & CHOOSE_ADDRESSES, &advert, &odd, &got, &expected);
	MUST((unsigned)verdict < VRRP_RX_VERDICTS);
	if (verdict == VRRP_RX_OK)
		check_result(&rx, &advert, v6 ? 16 : 4);
	vrrp_rx_verdict_text(verdict, &rx, got, expected, &out);
	free(packet);
	return 0;
}
