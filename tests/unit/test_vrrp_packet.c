/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adverts byte by byte as observed on the wire, announcements, and every check of a received one.
 */
#include "vrrp_fixture.h"

#include <stdio.h>

static size_t unhex(const char *text, uint8_t *p)
{
	size_t n = 0;
	int digits = 0;

	for (; *text; text++) {
		unsigned v;

		if (*text == ' ')
			continue;
		v = *text <= '9' ? (unsigned)(*text - '0') : (unsigned)(*text - 'a' + 10);
		p[n] = (uint8_t)(digits ? p[n] << 4 | v : v);
		n += digits;
		digits = !digits;
	}
	return n;
}

static void bytes_equal(const uint8_t *got, size_t n, const char *expected)
{
	uint8_t want[1024];
	size_t len = unhex(expected, want);

	assert_int_equal(n, len);
	assert_memory_equal(got, want, len);
}

static struct conf_instance *v2_pass(struct conf *c)
{
	struct conf_instance *i = conf_instance_add(c, "VI_1", 0x33, 100);

	i->auth_type = AUTH_PASS;
	i->auth_pass = "s3cret";
	conf_vip(c, i, "192.0.2.100");
	conf_vip(c, i, "192.0.2.101");
	return i;
}

static void test_v2_pass(void **state)
{
	struct conf *c = conf_empty();
	struct conf_instance *i = v2_pass(c);
	struct ip_addr from = ip("192.0.2.1"), to = ip("224.0.0.18");
	uint8_t p[VRRP_IP4_HEADER + VRRP_PDU_MAX];
	size_t n = vrrp_pdu_write(i, 100, SEC, &from, &to, p + VRRP_IP4_HEADER, VRRP_PDU_MAX);

	vrrp_ip4_header_write(p, 1, 255, &from, &to, n);
	/* the dump has the header checksum 188d, which is the kernel's */
	bytes_equal(p, VRRP_IP4_HEADER + n,
		    "45c0002c00010000ff700000c0000201e0000012 "
		    "213364020101b8e4c0000264c00002657333637265740000");
	n = vrrp_pdu_write(i, 0, SEC, &from, &to, p, sizeof(p));
	bytes_equal(p, n, "2133000201011ce5c0000264c00002657333637265740000");
	arena_free(c->arena);
}

static struct conf_instance *v3(struct conf *c, uint8_t vrid, uint8_t priority, usec_t interval)
{
	struct conf_instance *i = conf_instance_add(c, "V3", vrid, priority);

	i->version = 3;
	i->advert_int = interval;
	return i;
}

static void test_v3_ip4(void **state)
{
	struct conf *c = conf_empty();
	struct conf_instance *i = v3(c, 0x33, 150, 500 * MS);
	struct ip_addr from = ip("192.0.2.1"), to = ip("224.0.0.18");
	uint8_t p[VRRP_PDU_MAX];

	conf_vip(c, i, "192.0.2.100");
	bytes_equal(p, vrrp_pdu_write(i, 150, i->advert_int, &from, &to, p, sizeof(p)),
		    "313396010032d3a3c0000264");
	i = v3(c, 52, 150, SEC);
	i->v3_checksum_as_v2 = true;
	conf_vip(c, i, "192.0.2.101");
	bytes_equal(p, vrrp_pdu_write(i, 150, i->advert_int, &from, &to, p, sizeof(p)),
		    "3134960100647600c0000265");
	arena_free(c->arena);
}

static void test_v3_ip6(void **state)
{
	struct conf *c = conf_empty();
	struct conf_instance *i = v3(c, 0x33, 200, SEC);
	struct ip_addr from = ip("fe80::ff:fe00:1"), to = ip("ff02::12");
	uint8_t p[VRRP_PDU_MAX];
	size_t n;

	i->family = IP_V6;
	conf_vip(c, i, "fe80::100");
	conf_vip(c, i, "2001:db8::100");
	conf_vip(c, i, "2001:db8::101");
	n = vrrp_pdu_write(i, 200, SEC, &from, &to, p, sizeof(p));
	/* the kernel fills in ac31 */
	bytes_equal(p, n,
		    "3133c80300640000 fe800000000000000000000000000100"
		    "20010db8000000000000000000000100 20010db8000000000000000000000101");
	arena_free(c->arena);
}

static void test_v2_ip6(void **state)
{
	struct conf *c = conf_empty();
	struct conf_instance *i = conf_instance_add(c, "V", 14, 100);
	struct ip_addr from = ip("fe80::ff:fe00:1"), to = ip("ff02::12");
	uint8_t p[VRRP_PDU_MAX];
	size_t n;

	i->family = IP_V6;
	conf_vip(c, i, "fe80::100");
	n = vrrp_pdu_write(i, 100, SEC, &from, &to, p, sizeof(p));
	bytes_equal(p, n, "210e640100010000 fe800000000000000000000000000100");
	arena_free(c->arena);
}

static void test_v2_no_auth(void **state)
{
	struct conf *c = conf_empty();
	struct conf_instance *i = conf_instance_add(c, "V", 11, 100);
	struct ip_addr from = ip("192.0.2.1"), to = ip("224.0.0.18");
	uint8_t p[VRRP_PDU_MAX];

	conf_vip(c, i, "192.0.2.111");
	bytes_equal(p, vrrp_pdu_write(i, 100, SEC, &from, &to, p, sizeof(p)),
		    "210b64010001b882c000026f0000000000000000");
	assert_int_equal(vrrp_pdu_write(i, 100, SEC, &from, &to, p, 19), 0);
	arena_free(c->arena);
}

static void test_v3_hmac_pdu(void **state)
{
	struct conf *c = conf_empty();
	struct conf_instance *i = v3(c, 12, 100, SEC);
	struct ip_addr from = ip("192.0.2.1"), to = ip("224.0.0.18");
	uint8_t p[VRRP_PDU_MAX];

	conf_vip(c, i, "192.0.2.112");
	bytes_equal(p, vrrp_pdu_write(i, 100, SEC, &from, &to, p, sizeof(p)),
		    "310c64010064058dc0000270");
	arena_free(c->arena);
}

static void test_announcements(void **state)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct ip_addr v4 = ip("192.0.2.100"), v6 = ip("2001:db8::100");
	uint8_t p[VRRP_ANNOUNCE_MAX];

	bytes_equal(p, vrrp_garp_write(&v4, mac, p),
		    "ffffffffffff 020000000001 0806 0001 0800 06 04 0001"
		    "020000000001 c0000264 ffffffffffff c0000264");
	bytes_equal(p, vrrp_na_write(&v6, mac, false, p),
		    "333300000001 020000000001 86dd 60000000 0020 3a ff"
		    "20010db8000000000000000000000100 ff020000000000000000000000000001"
		    "8800f72c20000000 20010db8000000000000000000000100 0201 020000000001");
	vrrp_na_write(&v6, mac, true, p);
	assert_int_equal(p[14 + 40 + 4], 0xa0);
}

static void test_room(void **state)
{
	assert_int_equal(vrrp_pdu_room(IP_V4, 2, 1500), 255);
	assert_int_equal(vrrp_pdu_room(IP_V6, 3, 1500), (1500 - 14 - 40 - 8) / 16);
	assert_int_equal(vrrp_pdu_room(IP_V4, 2, 576), (576 - 14 - 20 - 8 - 8) / 4);
	assert_int_equal(vrrp_pdu_room(IP_V4, 3, 20), 0);
}

/* ---- received ---- */

struct rx_bench {
	struct conf *conf;
	struct conf_instance *i;
	uint8_t p[VRRP_IP4_HEADER + VRRP_PDU_MAX];
	struct vrrp_rx rx;
	struct vrrp_advert advert;
	unsigned odd;
	int got, expected;
};

/* A packet that another router with the same configuration sends. */
static void rx_make(struct rx_bench *b)
{
	size_t n;

	b->rx.from = ip(b->i->family == IP_V4 ? "192.0.2.2" : "fe80::2");
	b->rx.to = b->i->peers.n ? ip("192.0.2.1") : b->i->group_addr;
	b->rx.data = b->p;
	b->rx.hop_limit = 255;
	if (b->i->family == IP_V4) {
		n = vrrp_pdu_write(b->i, 90, b->i->advert_int, &b->rx.from, &b->rx.to,
				   b->p + VRRP_IP4_HEADER, VRRP_PDU_MAX);
		vrrp_ip4_header_write(b->p, 7, 255, &b->rx.from, &b->rx.to, n);
		b->rx.len = VRRP_IP4_HEADER + n;
	} else {
		b->rx.len = vrrp_pdu_write(b->i, 90, b->i->advert_int, &b->rx.from, &b->rx.to, b->p,
					   sizeof(b->p));
	}
}

static int rx_setup(void **state)
{
	struct rx_bench *b = calloc(1, sizeof(*b));

	b->conf = conf_empty();
	b->i = v2_pass(b->conf);
	rx_make(b);
	*state = b;
	return 0;
}

static int rx_teardown(void **state)
{
	struct rx_bench *b = *state;

	arena_free(b->conf->arena);
	free(b);
	return 0;
}

static enum vrrp_rx_verdict rx(struct rx_bench *b)
{
	return vrrp_rx_check(b->i, &b->rx, true, &b->advert, &b->odd, &b->got, &b->expected);
}

static const char *rx_text(struct rx_bench *b, enum vrrp_rx_verdict v)
{
	static char text[200];
	struct buf out = BUF_ON(text);

	vrrp_rx_verdict_text(v, &b->rx, b->got, b->expected, &out);
	return buf_text(&out);
}

static void resum(struct rx_bench *b)
{
	uint8_t *pdu = b->p + VRRP_IP4_HEADER;
	uint16_t sum;

	pdu[6] = pdu[7] = 0;
	sum = vrrp_checksum_finish(vrrp_checksum_add(0, pdu, b->rx.len - VRRP_IP4_HEADER));
	pdu[6] = (uint8_t)(sum >> 8);
	pdu[7] = (uint8_t)sum;
}

static void test_rx_good(void **state)
{
	struct rx_bench *b = *state;

	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_int_equal(b->odd, 0);
	assert_int_equal(b->advert.priority, 90);
	assert_int_equal(b->advert.interval, SEC);
	assert_int_equal(b->advert.count, 2);
	assert_int_equal(b->advert.vrid, 0x33);
	assert_int_equal(vrrp_rx_vrid(&b->rx), 0x33);
}

static void test_rx_short(void **state)
{
	struct rx_bench *b = *state;

	for (b->rx.len = 0; b->rx.len < 28; b->rx.len++) {
		assert_int_equal(rx(b), VRRP_RX_SHORT);
		assert_int_equal(vrrp_rx_vrid(&b->rx), -1);
	}
	b->p[0] = 0x4f; /* an IP header longer than the packet */
	assert_int_equal(rx(b), VRRP_RX_SHORT);
	b->p[0] = 0x41;
	assert_int_equal(rx(b), VRRP_RX_SHORT);
	assert_string_equal(rx_text(b, VRRP_RX_SHORT), "IPv4 VRRP packet too short - 28 bytes");
}

static void test_rx_length(void **state)
{
	struct rx_bench *b = *state;
	size_t n = b->rx.len;

	b->rx.len = n - 4;
	assert_int_equal(rx(b), VRRP_RX_LENGTH);
	assert_string_equal(rx_text(b, VRRP_RX_LENGTH),
			    "vrrp packet from 192.0.2.2 too short, length 20 and expect 24");
	b->rx.len = n + 40;
	assert_int_equal(rx(b), VRRP_RX_LENGTH);
	b->rx.len = 46; /* Ethernet padding */
	assert_int_equal(rx(b), VRRP_RX_OK);
	b->rx.len = 47;
	assert_int_equal(rx(b), VRRP_RX_LENGTH);
	b->rx.len = n;
	b->p[VRRP_IP4_HEADER + 3] = 255; /* more addresses than there are */
	assert_int_equal(rx(b), VRRP_RX_LENGTH);
}

static void test_rx_ttl(void **state)
{
	struct rx_bench *b = *state;

	b->p[8] = 254;
	assert_int_equal(rx(b), VRRP_RX_TTL);
	assert_string_equal(rx_text(b, VRRP_RX_TTL),
			    "invalid TTL/HL from 192.0.2.2. Received 254 and expect 255");
}

static void test_rx_version(void **state)
{
	struct rx_bench *b = *state;

	b->p[VRRP_IP4_HEADER] = 0x31;
	assert_int_equal(rx(b), VRRP_RX_VERSION);
	assert_string_equal(rx_text(b, VRRP_RX_VERSION),
			    "wrong VRRP version from 192.0.2.2. Received 3 and expect 2");
}

static void test_rx_auth(void **state)
{
	struct rx_bench *b = *state;
	uint8_t *pdu = b->p + VRRP_IP4_HEADER;

	pdu[4] = 3;
	assert_int_equal(rx(b), VRRP_RX_AUTH_INVALID);
	assert_string_equal(rx_text(b, VRRP_RX_AUTH_INVALID),
			    "Invalid auth type from 192.0.2.2: 3");
	pdu[4] = 0;
	assert_int_equal(rx(b), VRRP_RX_AUTH_MISMATCH);
	assert_string_equal(rx_text(b, VRRP_RX_AUTH_MISMATCH),
			    "received a 0 auth from 192.0.2.2, expecting 1!");
	pdu[4] = 1;
	pdu[16 + 5] = 'x';
	assert_int_equal(rx(b), VRRP_RX_AUTH_FAILED);
	assert_string_equal(rx_text(b, VRRP_RX_AUTH_FAILED),
			    "received an invalid passwd from 192.0.2.2!");
	b->i->auth_pass = "s3crex";
	resum(b);
	assert_int_equal(rx(b), VRRP_RX_OK);
	b->i->auth_type = AUTH_NONE; /* data is ignored */
	pdu[4] = 0;
	resum(b);
	assert_int_equal(rx(b), VRRP_RX_OK);
}

static void test_rx_interval_v2(void **state)
{
	struct rx_bench *b = *state;

	b->p[VRRP_IP4_HEADER + 5] = 2;
	assert_int_equal(rx(b), VRRP_RX_INTERVAL);
	assert_string_equal(
		rx_text(b, VRRP_RX_INTERVAL),
		"advertisement interval mismatch with 192.0.2.2 mine=1 sec rcv'd=2 sec");
}

static void test_rx_type(void **state)
{
	struct rx_bench *b = *state;

	b->p[VRRP_IP4_HEADER] = 0x22;
	assert_int_equal(rx(b), VRRP_RX_TYPE);
	assert_string_equal(rx_text(b, VRRP_RX_TYPE),
			    "Invalid packet type from 192.0.2.2. 2 and expect 1");
}

static void test_rx_ip_length(void **state)
{
	struct rx_bench *b = *state;

	b->p[3]++;
	assert_int_equal(rx(b), VRRP_RX_IP_LENGTH);
}

static void test_rx_checksum(void **state)
{
	struct rx_bench *b = *state;

	b->p[VRRP_IP4_HEADER + 2]++;
	assert_int_equal(rx(b), VRRP_RX_CHECKSUM);
	assert_string_equal(rx_text(b, VRRP_RX_CHECKSUM), "Invalid VRRPv2 checksum from 192.0.2.2");
}

static void test_rx_checksum_v3(void **state)
{
	struct rx_bench *b = *state;

	b->i->version = 3;
	b->i->auth_type = AUTH_NONE;
	rx_make(b);
	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_false(b->advert.checksum_plain);
	resum(b); /* the form of RFC 9568, whatever is configured */
	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_true(b->advert.checksum_plain);
	for (int as_v2 = 0; as_v2 < 2; as_v2++) {
		b->i->v3_checksum_as_v2 = as_v2;
		rx_make(b);
		b->p[VRRP_IP4_HEADER + 2]++;
		assert_int_equal(rx(b), VRRP_RX_CHECKSUM);
	}
}

static struct conf_unicast_peer *peer_add(struct rx_bench *b, const char *addr)
{
	struct conf_unicast_peer *p = arena_new_of(b->conf->arena, struct conf_unicast_peer);

	p->addr = ip(addr);
	p->max_ttl = 255;
	vec_push(b->conf->arena, &b->i->peers, p);
	return p;
}

static void test_rx_checksum_old_unicast(void **state)
{
	struct rx_bench *b = *state;

	b->i->version = 3;
	b->i->auth_type = AUTH_NONE;
	peer_add(b, "192.0.2.2");
	b->i->old_unicast_checksum = 1;
	rx_make(b);
	b->i->old_unicast_checksum = 0;
	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_true(b->advert.checksum_old);
	b->i->old_unicast_checksum = 2;
	assert_int_equal(rx(b), VRRP_RX_CHECKSUM);
}

static void test_rx_unicast(void **state)
{
	struct rx_bench *b = *state;
	struct conf_unicast_peer *p;

	b->rx.to = ip("192.0.2.1");
	assert_int_equal(rx(b), VRRP_RX_UNICAST_ON_MULTICAST);
	p = peer_add(b, "192.0.2.2");
	rx_make(b);
	assert_int_equal(rx(b), VRRP_RX_OK);
	b->p[8] = 64; /* no TTL check without limits */
	assert_int_equal(rx(b), VRRP_RX_OK);
	p->min_ttl = 250;
	assert_int_equal(rx(b), VRRP_RX_PEER_TTL);
	assert_string_equal(rx_text(b, VRRP_RX_PEER_TTL),
			    "TTL/HL 64 from 192.0.2.2 not in range [250, 255]");
	b->rx.to = b->i->group_addr;
	assert_int_equal(rx(b), VRRP_RX_MULTICAST_ON_UNICAST);
	rx_make(b);
	b->rx.from = ip("192.0.2.9");
	assert_int_equal(rx(b), VRRP_RX_OK);
	b->i->check_unicast_src = true;
	assert_int_equal(rx(b), VRRP_RX_NOT_A_PEER);
	assert_string_equal(rx_text(b, VRRP_RX_NOT_A_PEER),
			    "unicast source address 192.0.2.9 not a unicast peer");
}

static void test_rx_owner_ignores(void **state)
{
	struct rx_bench *b = *state;

	b->i->owner_ignore_adverts = true;
	assert_int_equal(rx(b), VRRP_RX_OK);
	b->i->priority = 255;
	assert_int_equal(rx(b), VRRP_RX_OWNER_IGNORES);
}

static void test_rx_odd(void **state)
{
	struct rx_bench *b = *state;

	b->i->vips.v[1]->addr = ip("192.0.2.77");
	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_int_equal(b->odd, VRRP_RX_ODD_ADDRESS);
	assert_int_equal(
		vrrp_rx_check(b->i, &b->rx, false, &b->advert, &b->odd, &b->got, &b->expected),
		VRRP_RX_OK);
	assert_int_equal(b->odd, 0);
	b->i->vips.n = 1;
	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_int_equal(b->odd, VRRP_RX_ODD_COUNT);
}

static void test_rx_v3_interval(void **state)
{
	struct rx_bench *b = *state;

	b->i->version = 3;
	b->i->advert_int = 300 * MS;
	rx_make(b);
	b->i->advert_int = 2 * SEC;
	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_int_equal(b->odd, VRRP_RX_ODD_INTERVAL);
	assert_int_equal(b->advert.interval, 300 * MS);
	b->p[VRRP_IP4_HEADER + 4] |= 0xf0; /* reserved bits */
	resum(b);
	assert_int_equal(rx(b), VRRP_RX_OK);
	assert_int_equal(b->advert.interval, 300 * MS);
	b->p[VRRP_IP4_HEADER + 4] = b->p[VRRP_IP4_HEADER + 5] = 0;
	resum(b);
	assert_int_equal(rx(b), VRRP_RX_INTERVAL);
}

static void test_rx_ip6(void **state)
{
	struct rx_bench *b = *state;

	b->i->version = 3;
	b->i->family = IP_V6;
	b->i->group_addr = ip("ff02::12");
	b->i->vips.n = 0;
	conf_vip(b->conf, b->i, "fe80::100");
	rx_make(b);
	assert_int_equal(rx(b), VRRP_RX_OK);
	b->rx.hop_limit = 64;
	assert_int_equal(rx(b), VRRP_RX_TTL);
	b->rx.to = ip("fe80::1");
	assert_int_equal(rx(b), VRRP_RX_UNICAST_ON_MULTICAST);
	b->rx.from = ip("192.0.2.2");
	assert_int_equal(rx(b), VRRP_RX_SHORT);
}

#define RX(f) cmocka_unit_test_setup_teardown(f, rx_setup, rx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2_pass),
		cmocka_unit_test(test_v3_ip4),
		cmocka_unit_test(test_v3_ip6),
		cmocka_unit_test(test_v2_ip6),
		cmocka_unit_test(test_v2_no_auth),
		cmocka_unit_test(test_v3_hmac_pdu),
		cmocka_unit_test(test_announcements),
		cmocka_unit_test(test_room),
		RX(test_rx_good),
		RX(test_rx_short),
		RX(test_rx_length),
		RX(test_rx_ttl),
		RX(test_rx_version),
		RX(test_rx_auth),
		RX(test_rx_interval_v2),
		RX(test_rx_type),
		RX(test_rx_ip_length),
		RX(test_rx_checksum),
		RX(test_rx_checksum_v3),
		RX(test_rx_checksum_old_unicast),
		RX(test_rx_unicast),
		RX(test_rx_owner_ignores),
		RX(test_rx_odd),
		RX(test_rx_v3_interval),
		RX(test_rx_ip6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
