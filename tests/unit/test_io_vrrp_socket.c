/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets over a cable: what is sent, what is heard, what must not be heard. */
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ip.h"
#include "io/vrrp_socket.h"

struct got {
	unsigned n;
	struct vrrp_socket_rx last;
	uint8_t data[128];
};

static void on_packet(void *ctx, const struct vrrp_socket_rx *rx)
{
	struct got *g = ctx;

	g->n++;
	g->last = *rx;
	memcpy(g->data, rx->data, rx->len < sizeof(g->data) ? rx->len : sizeof(g->data));
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr a = {0};

	if (text)
		assert_true(ip_parse(text, &a));
	return a;
}

static struct vrrp_socket_options options(enum ip_family family, const char *dev, const char *group,
					  const char *local)
{
	return (struct vrrp_socket_options){
		.family = family, .ifname = dev, .ifindex = dev ? if_nametoindex(dev) : 0,
		.group = ip(group), .local = ip(local),
	};
}

/* So many packets, however long they take, and what else comes within a short while. */
static struct got receive(int fd, enum ip_family family, unsigned n)
{
	struct vrrp_rx_ring *ring = vrrp_rx_ring_new(128);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct got g = {0};

	while (poll(&p, 1, g.n < n ? 5000 : 60) > 0)
		assert_true(vrrp_rx_drain(fd, family, ring, on_packet, &g) > 0);
	vrrp_rx_ring_free(ring);
	return g;
}

/* Sends and receives; again, while the kernel is still busy with an address that was just added. */
static struct got exchange(int out, int rx, uint32_t ifindex, struct vrrp_socket_tx *tx, unsigned n)
{
	struct got g = {0};

	for (int tries = 0; tries < 50 && g.n != n; tries++)
		if (vrrp_tx_send(out, IP_V6, ifindex, tx, n) == 0)
			g = receive(rx, IP_V6, 0);
	return g;
}

/* An IPv4 packet with a PDU of 12 bytes. */
static void packet_v4(uint8_t p[32], const char *from, const char *to, uint8_t ttl)
{
	struct ip_addr f = ip(from), t = ip(to);

	memset(p, 0, 32);
	p[0] = 0x45;
	p[1] = 0xc0;
	p[3] = 32;
	p[5] = 7; /* identification */
	p[8] = ttl;
	p[9] = 112;
	memcpy(p + 12, f.b, 4);
	memcpy(p + 16, t.b, 4);
	memcpy(p + 20, "\x31\x33\x64\0\0\x64\xab\xcd\x0a\x09\x00\x05", 12);
}

static void ipv4_multicast(void **state)
{
	struct vrrp_socket_options o;
	struct vrrp_socket_tx tx[3];
	uint8_t p[3][32];
	int rx, other, out;
	struct got g;

	netns_enter();
	sh("ip addr add 10.9.0.1/24 dev v1");
	o = options(IP_V4, "v1", "224.0.0.18", NULL);
	rx = vrrp_rx_open(&o);
	assert_true(rx >= 0);
	o = options(IP_V4, "lo", "224.0.0.18", NULL);
	other = vrrp_rx_open(&o);
	assert_true(other >= 0);
	o = options(IP_V4, "v0", "224.0.0.18", NULL);
	out = vrrp_tx_open(&o);
	assert_true(out >= 0);
	for (int i = 0; i < 3; i++) {
		packet_v4(p[i], "10.9.0.77", "224.0.0.18", 255);
		tx[i] = (struct vrrp_socket_tx){.data = p[i], .len = 32, .from = ip("10.9.0.77"),
						.to = ip("224.0.0.18"), .hop_limit = -1, .error = 99};
	}
	p[0][5] = 1;
	p[2][5] = 3;
	assert_int_equal(vrrp_tx_send(out, IP_V4, o.ifindex, tx, 3), 0);
	assert_int_equal(tx[0].error, 0);
	g = receive(rx, IP_V4, 3);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.last.len, 32);
	assert_int_equal(g.last.ifindex, if_nametoindex("v1"));
	assert_true(ip_equal(&g.last.from, &tx[0].from));
	assert_true(ip_equal(&g.last.to, &tx[0].to));
	assert_int_equal(g.data[1], 0xc0);
	assert_int_equal(g.data[5], 3);
	assert_int_equal(g.data[8], 255);
	assert_memory_equal(g.data + 20, p[2] + 20, 12);
	assert_int_equal(receive(other, IP_V4, 0).n, 0);

	/* one that cannot be sent does not hold up the others */
	tx[1].to = ip("224.0.0.18");
	p[1][0] = 0x41;
	assert_int_equal(vrrp_tx_send(out, IP_V4, o.ifindex, tx, 3), 1);
	assert_int_equal(tx[1].error, -EINVAL);
	assert_int_equal(receive(rx, IP_V4, 2).n, 2);
	/* nor is what we send heard by ourselves */
	o = options(IP_V4, "v0", "224.0.0.18", NULL);
	close(other);
	other = vrrp_rx_open(&o);
	p[1][0] = 0x45;
	assert_int_equal(vrrp_tx_send(out, IP_V4, o.ifindex, tx, 3), 0);
	assert_int_equal(receive(other, IP_V4, 0).n, 0);
	assert_int_equal(receive(rx, IP_V4, 3).n, 3);
	close(rx);
	close(other);
	close(out);
}

static void ipv4_unicast(void **state)
{
	struct vrrp_socket_options o;
	struct vrrp_socket_tx tx;
	uint8_t p[32];
	int rx, out, elsewhere;
	struct got g;

	netns_enter();
	/* bound before the address is there */
	o = options(IP_V4, NULL, NULL, "10.9.0.2");
	rx = vrrp_rx_open(&o);
	assert_true(rx >= 0);
	o = options(IP_V4, NULL, NULL, "10.9.0.3");
	elsewhere = vrrp_rx_open(&o);
	sh("ip addr add 10.9.0.1/24 dev lo && ip addr add 10.9.0.2/24 dev lo");
	o = options(IP_V4, NULL, NULL, "10.9.0.1");
	out = vrrp_tx_open(&o);
	assert_true(out >= 0);
	packet_v4(p, "10.9.0.1", "10.9.0.2", 64);
	tx = (struct vrrp_socket_tx){.data = p, .len = 32, .from = ip("10.9.0.1"), .to = ip("10.9.0.2"),
				     .hop_limit = -1};
	assert_int_equal(vrrp_tx_send(out, IP_V4, 0, &tx, 1), 0);
	g = receive(rx, IP_V4, 1);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.data[8], 64);
	assert_int_equal(receive(elsewhere, IP_V4, 0).n, 0);
	close(rx);
	close(elsewhere);
	close(out);
}

static void ipv6_multicast(void **state)
{
	uint8_t pdu[24] = "\x31\x33\x64\1\0\x64\0\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5";
	struct vrrp_socket_options o;
	struct vrrp_socket_tx tx[2];
	int rx, out;
	struct got g;

	netns_enter();
	o = options(IP_V6, "v1", "ff02::12", NULL);
	rx = vrrp_rx_open(&o);
	assert_true(rx >= 0);
	o = options(IP_V6, "v0", "ff02::12", NULL);
	out = vrrp_tx_open(&o);
	assert_true(out >= 0);
	for (int i = 0; i < 2; i++)
		tx[i] = (struct vrrp_socket_tx){.data = pdu, .len = 24, .from = ip("fe80::ff:fe00:1"),
						.to = ip("ff02::12"), .hop_limit = -1};
	g = exchange(out, rx, o.ifindex, tx, 2);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.last.len, 24);
	assert_int_equal(g.last.hop_limit, 255);
	assert_int_equal(g.last.ifindex, if_nametoindex("v1"));
	assert_true(ip_equal(&g.last.from, &tx[0].from));
	assert_true(ip_equal(&g.last.to, &tx[0].to));
	assert_true(g.data[6] || g.data[7]); /* the kernel's checksum */
	tx[0].hop_limit = 7;
	assert_int_equal(vrrp_tx_send(out, IP_V6, o.ifindex, tx, 1), 0);
	assert_int_equal(receive(rx, IP_V6, 1).last.hop_limit, 7);
	/* a source that is not there yet, as on a link whose address is tentative */
	tx[0].from = ip("fe80::1234");
	assert_int_equal(vrrp_tx_send(out, IP_V6, o.ifindex, tx, 1), 0);
	g = receive(rx, IP_V6, 1);
	assert_true(ip_equal(&g.last.from, &tx[0].from));
	close(rx);
	close(out);
}

static void ipv6_unicast(void **state)
{
	uint8_t pdu[24] = "\x31\x33\x64\1\0\x64\0\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5";
	struct vrrp_socket_options o;
	struct vrrp_socket_tx tx;
	struct got g;
	int rx, out;

	netns_enter();
	o = options(IP_V6, NULL, NULL, "fd00::2");
	rx = vrrp_rx_open(&o);
	assert_true(rx >= 0);
	sh("ip addr add fd00::1/64 dev lo nodad && ip addr add fd00::2/64 dev lo nodad");
	o = options(IP_V6, NULL, NULL, "fd00::1");
	out = vrrp_tx_open(&o);
	assert_true(out >= 0);
	tx = (struct vrrp_socket_tx){.data = pdu, .len = 24, .from = ip("fd00::1"), .to = ip("fd00::2"),
				     .hop_limit = -1};
	g = exchange(out, rx, 0, &tx, 1);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.last.hop_limit, 64);
	assert_true(ip_equal(&g.last.from, &tx.from));
	assert_true(ip_equal(&g.last.to, &tx.to));
	close(rx);
	close(out);
}

static void frames(void **state)
{
	struct frame_tx f[FRAME_BATCH];
	uint8_t data[42] = "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\x06", in[128];
	struct sockaddr_ll sa = {.sll_family = AF_PACKET, .sll_protocol = htons(0x0806)};
	unsigned heard = 0;
	int out, tap;

	netns_enter();
	out = frame_socket_open();
	assert_true(out >= 0);
	tap = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(0x0806));
	sa.sll_ifindex = (int)if_nametoindex("v1");
	assert_int_equal(bind(tap, (struct sockaddr *)&sa, sizeof(sa)), 0);
	for (unsigned i = 0; i < FRAME_BATCH; i++)
		f[i] = (struct frame_tx){if_nametoindex("v0"), data, sizeof(data), 0x0806};
	assert_int_equal(frame_send(out, f, FRAME_BATCH), FRAME_BATCH);
	for (struct pollfd p = {.fd = tap, .events = POLLIN}; heard < FRAME_BATCH && poll(&p, 1, 5000) > 0; heard++) {
		assert_int_equal(recv(tap, in, sizeof(in), 0), sizeof(data));
		assert_memory_equal(in, data, sizeof(data));
	}
	assert_int_equal(heard, FRAME_BATCH);
	/* up to the one that cannot be sent, then why */
	f[2].ifindex = 9999;
	assert_int_equal(frame_send(out, f, 5), 2);
	assert_int_equal(frame_send(out, f + 2, 3), -ENXIO);
	assert_int_equal(frame_send(out, f, 0), 0);
	close(out);
	close(tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_multicast), cmocka_unit_test(ipv4_unicast),
		cmocka_unit_test(ipv6_multicast), cmocka_unit_test(ipv6_unicast),
		cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
