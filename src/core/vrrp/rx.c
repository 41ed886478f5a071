/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the checks of a received advert, in the order in which they are reported and counted
 * (RFC 3768 7.1, RFC 5798 7.1, RFC 9568 7.1). A packet that fails one never reaches the election.
 * Must not know: sockets, states, what happens to an advert afterwards.
 *
 * Both checksum forms of version 3 over IPv4 (RFC 5798 as the field reads it: with pseudo-header;
 * RFC 9568: without) are always accepted, and nothing else.
 */
#include "core/vrrp/packet.h"

#include <string.h>

#define ETHERNET_PADDED 46

/* A packet taken apart; offsets were checked against its length. */
struct parts {
	const uint8_t *pdu;
	size_t pdu_len;
	size_t header_len; /* IPv4 */
	int total_len;	   /* IPv4: as its header says */
	int ttl;
	bool multicast;
};

struct verdict {
	int got, expected;
};

static bool parts_find(const struct vrrp_rx *rx, struct parts *ret)
{
	struct parts p = {.pdu = rx->data, .pdu_len = rx->len, .ttl = rx->hop_limit};

	if (rx->from.family == IP_V4) {
		if (rx->len < VRRP_IP4_HEADER)
			return false;
		p.header_len = (size_t)(rx->data[0] & 0x0f) * 4;
		if (p.header_len < VRRP_IP4_HEADER || rx->len < p.header_len)
			return false;
		p.total_len = rx->data[2] << 8 | rx->data[3];
		p.ttl = rx->data[8];
		p.pdu += p.header_len;
		p.pdu_len -= p.header_len;
	}
	if (p.pdu_len < 8)
		return false;
	p.multicast = ip_is_multicast(&rx->to);
	*ret = p;
	return true;
}

int vrrp_rx_vrid(const struct vrrp_rx *rx)
{
	struct parts p;

	return parts_find(rx, &p) ? p.pdu[1] : -1;
}

static size_t expected_len(const struct conf_instance *conf, const struct parts *p)
{
	size_t addr = conf->family == IP_V4 ? 4 : 16;

	return 8 + p->pdu[3] * addr + (conf->version == 2 && conf->family == IP_V4 ? 8 : 0);
}

/* Ethernet pads short frames with what a raw socket may still show. */
static bool len_fits(size_t got, size_t expected)
{
	return got == expected || (got > expected && got <= ETHERNET_PADDED);
}

static enum vrrp_rx_verdict check_shape(const struct conf_instance *conf, const struct parts *p,
					struct verdict *v)
{
	size_t expected = expected_len(conf, p);

	if (conf->family == IP_V6 && p->multicast != (conf->peers.n == 0))
		return p->multicast ? VRRP_RX_MULTICAST_ON_UNICAST : VRRP_RX_UNICAST_ON_MULTICAST;
	*v = (struct verdict){(int)p->pdu_len, (int)expected};
	if (p->pdu_len < expected ||
	    !len_fits(p->header_len + p->pdu_len, p->header_len + expected))
		return VRRP_RX_LENGTH;
	*v = (struct verdict){p->ttl, VRRP_TTL};
	if (!conf->peers.n && p->ttl != VRRP_TTL)
		return VRRP_RX_TTL;
	*v = (struct verdict){p->pdu[0] >> 4, conf->version};
	if (p->pdu[0] >> 4 != conf->version)
		return VRRP_RX_VERSION;
	return VRRP_RX_OK;
}

static bool password_equal(const struct conf_instance *conf, const uint8_t *data)
{
	uint8_t mine[8] = {0}, differ = 0;

	if (conf->auth_pass)
		memcpy(mine, conf->auth_pass, strnlen(conf->auth_pass, sizeof(mine)));
	for (unsigned i = 0; i < sizeof(mine); i++)
		differ |= mine[i] ^ data[i];
	return !differ;
}

static enum vrrp_rx_verdict check_v2(const struct conf_instance *conf, const struct parts *p,
				     struct verdict *v)
{
	int type = p->pdu[4], mine = (int)(conf->advert_int / USEC_PER_SEC);

	*v = (struct verdict){type, conf->auth_type};
	if (type > AUTH_AH)
		return VRRP_RX_AUTH_INVALID;
	if (type != conf->auth_type)
		return VRRP_RX_AUTH_MISMATCH;
	if (type == AUTH_PASS && conf->family == IP_V4 &&
	    !password_equal(conf, p->pdu + expected_len(conf, p) - 8))
		return VRRP_RX_AUTH_FAILED;
	*v = (struct verdict){p->pdu[5], mine};
	return p->pdu[5] == mine ? VRRP_RX_OK : VRRP_RX_INTERVAL;
}

static enum vrrp_rx_verdict check_sum(const struct conf_instance *conf, const struct vrrp_rx *rx,
				      const struct parts *p, struct vrrp_advert *ret)
{
	size_t len = expected_len(conf, p);
	uint32_t sum = vrrp_checksum_add(0, p->pdu, len);

	if (conf->family != IP_V4)
		return VRRP_RX_OK;
	if (vrrp_checksum_finish(sum) == 0) {
		ret->checksum_plain = conf->version == 3;
		return VRRP_RX_OK;
	}
	if (conf->version != 3)
		return VRRP_RX_CHECKSUM;
	if (vrrp_checksum_finish(sum + vrrp_checksum_pseudo4(&rx->from, &rx->to, len)) == 0)
		return VRRP_RX_OK;
	ret->checksum_old =
		conf->peers.n && conf->old_unicast_checksum != 2 &&
		vrrp_checksum_finish(sum +
				     vrrp_checksum_pseudo4(&rx->from, &conf->group_addr, len)) == 0;
	return ret->checksum_old ? VRRP_RX_OK : VRRP_RX_CHECKSUM;
}

static enum vrrp_rx_verdict check_peer(const struct conf_instance *conf, const struct vrrp_rx *rx,
				       const struct parts *p, struct verdict *v)
{
	for (unsigned i = 0; i < conf->peers.n; i++) {
		const struct conf_unicast_peer *peer = conf->peers.v[i];
		int most = peer->max_ttl ? peer->max_ttl : 255;

		if (!ip_equal(&peer->addr, &rx->from))
			continue;
		if (p->ttl >= peer->min_ttl && p->ttl <= most)
			return VRRP_RX_OK;
		/* both ends of the range in one number: the text takes it apart */
		*v = (struct verdict){p->ttl, peer->min_ttl << 8 | most};
		return VRRP_RX_PEER_TTL;
	}
	return conf->peers.n && conf->check_unicast_src ? VRRP_RX_NOT_A_PEER : VRRP_RX_OK;
}

static bool addresses_include(const struct vrrp_advert *a, const struct ip_addr *vip)
{
	for (unsigned i = 0; i < a->count; i++)
		if (memcmp(a->addrs + i * ip_len(vip), vip->b, ip_len(vip)) == 0)
			return true;
	return false;
}

/* What is said and counted but does not drop the packet. Two nodes with the same file send the same
 * list, so one comparison settles the usual case. */
static unsigned odd_find(const struct conf_instance *conf, const struct vrrp_advert *a,
			 bool check_addresses)
{
	unsigned odd = 0, mine = 0;
	bool missing = false;

	for (unsigned i = 0; i < conf->vips.n && mine < 255; i++) {
		const struct ip_addr *vip = &conf->vips.v[i]->addr;

		if (vip->family != conf->family)
			continue;
		if (check_addresses && !missing &&
		    (mine >= a->count ||
		     memcmp(a->addrs + mine * ip_len(vip), vip->b, ip_len(vip)) != 0))
			missing = !addresses_include(a, vip);
		mine++;
	}
	if (missing)
		odd |= VRRP_RX_ODD_ADDRESS;
	if (mine != a->count)
		odd |= VRRP_RX_ODD_COUNT;
	if (a->version == 3 && a->interval != conf->advert_int)
		odd |= VRRP_RX_ODD_INTERVAL;
	return odd;
}

static void advert_read(const struct parts *p, struct vrrp_advert *ret)
{
	*ret = (struct vrrp_advert){.version = p->pdu[0] >> 4,
				    .vrid = p->pdu[1],
				    .priority = p->pdu[2],
				    .count = p->pdu[3],
				    .addrs = p->pdu + 8};
	if (ret->version == 3) {
		ret->interval = ((p->pdu[4] << 8 | p->pdu[5]) & 0x0fff) * USEC_PER_CSEC;
	} else {
		ret->auth_type = p->pdu[4];
		ret->interval = p->pdu[5] * USEC_PER_SEC;
	}
}

/* The part after version and authentication. */
static enum vrrp_rx_verdict check_content(const struct conf_instance *conf,
					  const struct vrrp_rx *rx, const struct parts *p,
					  struct verdict *v, struct vrrp_advert *a)
{
	enum vrrp_rx_verdict r;

	*v = (struct verdict){p->pdu[0] & 0x0f, 1};
	if ((p->pdu[0] & 0x0f) != 1)
		return VRRP_RX_TYPE;
	*v = (struct verdict){p->total_len, (int)rx->len};
	if (conf->family == IP_V4 &&
	    ((size_t)p->total_len > rx->len || !len_fits(rx->len, (size_t)p->total_len)))
		return VRRP_RX_IP_LENGTH;
	/* An interval of 0 would make every timer fire at once; the RFCs start at 1. */
	if (a->version == 3 && a->interval == 0) {
		*v = (struct verdict){0, (int)(conf->advert_int / USEC_PER_CSEC)};
		return VRRP_RX_INTERVAL;
	}
	r = check_sum(conf, rx, p, a);
	if (r != VRRP_RX_OK)
		return r;
	if (p->multicast != (conf->peers.n == 0))
		return p->multicast ? VRRP_RX_MULTICAST_ON_UNICAST : VRRP_RX_UNICAST_ON_MULTICAST;
	if (conf->owner_ignore_adverts && conf->priority == 255)
		return VRRP_RX_OWNER_IGNORES;
	return check_peer(conf, rx, p, v);
}

enum vrrp_rx_verdict vrrp_rx_check(const struct conf_instance *conf, const struct vrrp_rx *rx,
				   bool check_addresses, struct vrrp_advert *ret, unsigned *ret_odd,
				   int *ret_got, int *ret_expected)
{
	struct verdict v = {(int)rx->len, 0};
	struct parts p;
	struct vrrp_advert a;
	enum vrrp_rx_verdict r = VRRP_RX_SHORT;

	if (rx->from.family == conf->family && parts_find(rx, &p)) {
		r = check_shape(conf, &p, &v);
		if (r == VRRP_RX_OK && conf->version == 2)
			r = check_v2(conf, &p, &v);
		if (r == VRRP_RX_OK) {
			advert_read(&p, &a);
			r = check_content(conf, rx, &p, &v, &a);
		}
	}
	*ret_got = v.got;
	*ret_expected = v.expected;
	if (r != VRRP_RX_OK)
		return r;
	*ret = a;
	*ret_odd = odd_find(conf, &a, check_addresses);
	return VRRP_RX_OK;
}

/* Sentences with the sender as their only argument. */
static const char *plain_text(enum vrrp_rx_verdict v, int version)
{
	static const char *const text[VRRP_RX_VERDICTS] = {
		[VRRP_RX_NOT_LISTENING] = "ignoring advert from %s",
		[VRRP_RX_UNICAST_ON_MULTICAST] =
			"Expected multicast packet but received unicast packet from %s",
		[VRRP_RX_MULTICAST_ON_UNICAST] =
			"Expected unicast packet but received multicast packet from %s",
		[VRRP_RX_AUTH_FAILED] = "received an invalid passwd from %s!",
		[VRRP_RX_OWNER_IGNORES] = "Dropping packet(s) from %s since we are address owner",
		[VRRP_RX_NOT_A_PEER] = "unicast source address %s not a unicast peer",
	};

	if (v == VRRP_RX_CHECKSUM)
		return version == 2 ? "Invalid VRRPv2 checksum from %s"
				    : "Invalid VRRPv3 checksum from %s";
	return v < VRRP_RX_VERDICTS ? text[v] : NULL;
}

static void number_text(enum vrrp_rx_verdict v, const char *from, int got, int expected,
			struct buf *out)
{
	if (v == VRRP_RX_UNKNOWN_VRID)
		buf_printf(out, "Unknown VRID(%d) received from %s. ignoring...", got, from);
	else if (v == VRRP_RX_LENGTH)
		buf_printf(out, "vrrp packet from %s too %s, length %d and expect %d", from,
			   got < expected ? "short" : "long", got, expected);
	else if (v == VRRP_RX_TTL)
		buf_printf(out, "invalid TTL/HL from %s. Received %d and expect %d", from, got,
			   expected);
	else if (v == VRRP_RX_VERSION)
		buf_printf(out, "wrong VRRP version from %s. Received %d and expect %d", from, got,
			   expected);
	else if (v == VRRP_RX_AUTH_INVALID)
		buf_printf(out, "Invalid auth type from %s: %d", from, got);
	else if (v == VRRP_RX_AUTH_MISMATCH)
		buf_printf(out, "received a %d auth from %s, expecting %d!", got, from, expected);
	else if (v == VRRP_RX_INTERVAL)
		buf_printf(out, "advertisement interval mismatch with %s mine=%d sec rcv'd=%d sec",
			   from, expected, got);
	else if (v == VRRP_RX_TYPE)
		buf_printf(out, "Invalid packet type from %s. %d and expect %d", from, got,
			   expected);
	else if (v == VRRP_RX_IP_LENGTH)
		buf_printf(
			out,
			"ip_tot_len mismatch against received length from %s. %d and received %d",
			from, got, expected);
	else if (v == VRRP_RX_PEER_TTL)
		buf_printf(out, "TTL/HL %d from %s not in range [%d, %d]", got, from, expected >> 8,
			   expected & 0xff);
}

void vrrp_rx_verdict_text(enum vrrp_rx_verdict v, const struct vrrp_rx *rx, int got, int expected,
			  struct buf *out)
{
	int version = rx->len > 0 && rx->from.family == IP_V6 ? rx->data[0] >> 4 : 0;
	char from[IP_TEXT_MAX];
	struct parts p;
	const char *plain;

	if (parts_find(rx, &p))
		version = p.pdu[0] >> 4;
	plain = plain_text(v, version);
	ip_format(&rx->from, from);
	if (v == VRRP_RX_SHORT) {
		buf_printf(out, "IPv%d VRRP packet too short - %d bytes", rx->from.family, got);
	} else if (plain) {
		const char *at = strstr(plain, "%s");

		buf_printf(out, "%.*s%s%s", (int)(at - plain), plain, from, at + 2);
	} else {
		number_text(v, from, got, expected, out);
	}
}
