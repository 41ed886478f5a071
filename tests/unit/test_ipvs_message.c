/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages to the kernel's IPVS: attributes, their order and byte orders; and reading them back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "base/str.h"
#include "io/ipvs_message.h"

static char mem[IPVS_REQUEST_MAX];

static struct ip_addr ip(const char *text)
{
	struct ip_addr a = {0};

	assert_true(ip_parse(text, &a));
	return a;
}

static struct service tcp_service(void)
{
	return (struct service){
		.key = {.family = IP_V4, .protocol = LVS_TCP, .port = 80, .addr = ip("192.0.2.1")},
		.scheduler = "wrr",
		.flags = LVS_SCHED1,
		.netmask = UINT32_MAX,
		.vs = CONF_NONE,
	};
}

static struct nlmsghdr *begin(uint8_t command)
{
	return ipvs_request(mem, 0x1c, command, NLM_F_ACK, 7);
}

/* The types of the attributes nested in the first one, in order, 0 at the end. */
static void nested_types(const struct nlmsghdr *h, unsigned skip, uint16_t ret[24])
{
	const struct nlattr *outer, *attr;
	unsigned n = 0;

	mnl_attr_for_each(outer, h, sizeof(struct genlmsghdr)) {
		if (skip-- > 0)
			continue;
		assert_true(outer->nla_type & NLA_F_NESTED);
		mnl_attr_for_each_nested(attr, outer)
			ret[n++] = mnl_attr_get_type(attr);
		break;
	}
	ret[n] = 0;
}

static const void *nested_payload(const struct nlmsghdr *h, unsigned skip, uint16_t type)
{
	const struct nlattr *outer, *attr;

	mnl_attr_for_each(outer, h, sizeof(struct genlmsghdr)) {
		if (skip-- > 0)
			continue;
		mnl_attr_for_each_nested(attr, outer)
			if (mnl_attr_get_type(attr) == type)
				return mnl_attr_get_payload(attr);
	}
	fail_msg("no attribute %u", type);
	return NULL;
}

static void test_header(void **state)
{
	const struct nlmsghdr *h = begin(IPVS_CMD_NEW_SERVICE);
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(h);

	(void)state;
	assert_int_equal(h->nlmsg_type, 0x1c);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(h->nlmsg_seq, 7);
	assert_int_equal(g->cmd, 1);
	assert_int_equal(g->version, 1);
}

static void test_service_by_address(void **state)
{
	static const uint16_t order[] = {1, 2, 3, 4, 6, 7, 8, 9, 0};
	struct service s = tcp_service();
	struct nlmsghdr *h = begin(IPVS_CMD_NEW_SERVICE);
	uint16_t types[24];
	uint32_t flags[2];

	(void)state;
	ipvs_put_service(h, &s);
	nested_types(h, 0, types);
	assert_memory_equal(types, order, sizeof(order));
	assert_memory_equal(nested_payload(h, 0, 3), "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(nested_payload(h, 0, 4), "\x00\x50", 2);
	assert_string_equal(nested_payload(h, 0, 6), "wrr");
	memcpy(flags, nested_payload(h, 0, 7), sizeof(flags));
	assert_int_equal(flags[0], LVS_SCHED1);
	assert_int_equal(flags[1], UINT32_MAX);
	assert_memory_equal(nested_payload(h, 0, 9), "\xff\xff\xff\xff", 4);
}

static void test_service_by_mark(void **state)
{
	static const uint16_t order[] = {1, 5, 6, 7, 8, 9, 0};
	struct service s = {
		.key = {.family = IP_V6, .fwmark = 5}, .scheduler = "rr", .netmask = 128};
	struct nlmsghdr *h = begin(IPVS_CMD_NEW_SERVICE);
	uint16_t types[24];
	uint32_t prefix;

	(void)state;
	ipvs_put_service(h, &s);
	nested_types(h, 0, types);
	assert_memory_equal(types, order, sizeof(order));
	memcpy(&prefix, nested_payload(h, 0, 9), sizeof(prefix));
	assert_int_equal(prefix, 128);
}

/* Persistence belongs to the service's own requests, not to those about its destinations. */
static void test_persistence(void **state)
{
	struct service s = tcp_service();
	struct nlmsghdr *h;
	uint32_t v[2];

	(void)state;
	s.timeout = 300;
	s.netmask = 0xffffff00;
	str_copy(s.pe, sizeof(s.pe), "sip");
	h = begin(IPVS_CMD_NEW_SERVICE);
	ipvs_put_service(h, &s);
	memcpy(v, nested_payload(h, 0, 7), sizeof(v));
	assert_int_equal(v[0], LVS_SCHED1 | 1);
	memcpy(v, nested_payload(h, 0, 8), 4);
	assert_int_equal(v[0], 300);
	assert_memory_equal(nested_payload(h, 0, 9), "\xff\xff\xff\x00", 4);
	assert_string_equal(nested_payload(h, 0, 11), "sip");
	h = begin(IPVS_CMD_NEW_DEST);
	ipvs_put_service_of_dest(h, &s);
	memcpy(v, nested_payload(h, 0, 8), 4);
	assert_int_equal(v[0], 0);
	assert_memory_equal(nested_payload(h, 0, 9), "\xff\xff\xff\xff", 4);
}

static void test_destination(void **state)
{
	static const uint16_t order[] = {11, 1, 2, 3, 4, 13, 14, 15, 5, 6, 0};
	struct service s = tcp_service();
	struct dest d = {.addr = ip("2001:db8::5"),
			 .port = 8080,
			 .method = LVS_TUN,
			 .tun_type = LVS_TUN_GUE,
			 .tun_port = 6080,
			 .tun_flags = LVS_TUN_CSUM,
			 .weight = 3,
			 .uthreshold = 100,
			 .lthreshold = 50};
	struct nlmsghdr *h = begin(IPVS_CMD_NEW_DEST);
	uint16_t types[24];

	(void)state;
	ipvs_put_service_of_dest(h, &s);
	ipvs_put_dest(h, &d);
	nested_types(h, 1, types);
	assert_memory_equal(types, order, sizeof(order));
	assert_memory_equal(nested_payload(h, 1, 2), "\x1f\x90", 2);
	assert_memory_equal(nested_payload(h, 1, 14), "\x17\xc0", 2);
	assert_memory_equal(nested_payload(h, 1, 1), d.addr.b, 16);
}

static void test_service_is_read_back(void **state)
{
	struct service s = tcp_service(), back;
	struct nlmsghdr *h = begin(IPVS_CMD_NEW_SERVICE);

	(void)state;
	s.timeout = 300;
	s.netmask = 0xffff0000;
	ipvs_put_service(h, &s);
	assert_true(ipvs_read_service(h, &back));
	assert_memory_equal(&back.key, &s.key, sizeof(s.key));
	assert_string_equal(back.scheduler, "wrr");
	assert_int_equal(back.flags, s.flags);
	assert_int_equal(back.timeout, 300);
	assert_int_equal(back.netmask, s.netmask);
}

static void test_destination_is_read_back(void **state)
{
	struct service s = tcp_service();
	struct dest d = {.addr = ip("198.51.100.9"), .port = 80, .method = LVS_DR, .weight = 9}, back;
	struct nlmsghdr *h = begin(IPVS_CMD_NEW_DEST);

	(void)state;
	ipvs_put_dest(h, &d);
	assert_true(ipvs_read_dest(h, &s, &back));
	assert_memory_equal(&back, &d, sizeof(d));
}

/* The kernel's own answer has connections, which a request has not. */
static void test_connections_are_read(void **state)
{
	struct nlmsghdr *h = begin(IPVS_CMD_NEW_DEST);
	struct nlattr *nest = mnl_attr_nest_start(h, IPVS_CMD_ATTR_DEST);

	(void)state;
	mnl_attr_put_u32(h, IPVS_DEST_ATTR_ACTIVE_CONNS, 3);
	mnl_attr_put_u32(h, IPVS_DEST_ATTR_INACT_CONNS, 40);
	mnl_attr_nest_end(h, nest);
	assert_int_equal(ipvs_read_connections(h, LVS_TCP), 3);
	assert_int_equal(ipvs_read_connections(h, LVS_UDP), 43);
	assert_int_equal(ipvs_read_connections(begin(IPVS_CMD_NEW_DEST), LVS_TCP), 0);
}

/* What the kernel says is cut, or of kinds nobody knows: nothing, or zeros. */
static void test_odd_answers(void **state)
{
	struct nlmsghdr *h = begin(IPVS_CMD_NEW_SERVICE);
	struct service s;
	struct nlattr *nest;

	(void)state;
	assert_false(ipvs_read_service(h, &s));
	nest = mnl_attr_nest_start(h, IPVS_CMD_ATTR_SERVICE);
	mnl_attr_put_u16(h, IPVS_SVC_ATTR_AF, 99);
	mnl_attr_nest_end(h, nest);
	assert_false(ipvs_read_service(h, &s));
	h = begin(IPVS_CMD_NEW_SERVICE);
	nest = mnl_attr_nest_start(h, IPVS_CMD_ATTR_SERVICE);
	mnl_attr_put_u16(h, IPVS_SVC_ATTR_AF, 2);
	mnl_attr_put(h, IPVS_SVC_ATTR_ADDR, 2, "ab");
	mnl_attr_put(h, IPVS_SVC_ATTR_TIMEOUT, 1, "a");
	mnl_attr_put(h, 1000, 1, "a");
	mnl_attr_nest_end(h, nest);
	assert_true(ipvs_read_service(h, &s));
	assert_int_equal(s.key.addr.family, IP_NONE);
	assert_int_equal(s.timeout, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_service_by_address),
		cmocka_unit_test(test_service_by_mark),
		cmocka_unit_test(test_persistence),
		cmocka_unit_test(test_destination),
		cmocka_unit_test(test_service_is_read_back),
		cmocka_unit_test(test_destination_is_read_back),
		cmocka_unit_test(test_connections_are_read),
		cmocka_unit_test(test_odd_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
