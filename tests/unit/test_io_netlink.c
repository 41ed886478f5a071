/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of links and addresses against a real kernel, and batches of changes. */
#include "netns.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <poll.h>
#include <string.h>

#include "base/ip.h"
#include "io/netlink.h"

struct heard {
	unsigned added, gone, links, links_gone;
	struct address_state last;
	struct link_state link;
};

static void on_link(void *ctx, const struct link_state *l, bool gone)
{
	struct heard *h = ctx;

	*(gone ? &h->links_gone : &h->links) += 1;
	h->link = *l;
}

static void on_address(void *ctx, const struct address_state *a, bool gone)
{
	struct heard *h = ctx;

	*(gone ? &h->gone : &h->added) += 1;
	h->last = *a;
}

static struct heard heard;
static struct netlink *nl;

static void open_with(struct netlink_options o)
{
	struct netlink_events ev = {&heard, on_link, on_address};

	memset(&heard, 0, sizeof(heard));
	assert_int_equal(netlink_open(&o, &ev, &nl), 0);
}

/* What is there to hear within 100 ms of silence. */
static void listen_all(void)
{
	struct pollfd p = {.fd = netlink_fd(nl), .events = POLLIN};

	while (poll(&p, 1, 100) > 0)
		netlink_dispatch(nl);
}

static void forget(void)
{
	listen_all();
	memset(&heard, 0, sizeof(heard));
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr a = {0};

	assert_true(ip_parse(text, &a));
	return a;
}

static uint32_t v0(void)
{
	const struct link_state *l = netlink_link_by_name(nl, "v0");

	assert_non_null(l);
	return l->index;
}

static struct address_change change(bool add, const char *addr, uint8_t prefix)
{
	return (struct address_change){
		.add = add,
		.a = {.ifindex = v0(), .addr = ip(addr), .prefix = prefix,
		      .proto = ADDRESS_PROTO_KEEPALIVED,
		      .flags = strchr(addr, ':') ? IFA_F_NODAD : 0},
	};
}

/* The kernel may tell of a carrier up to a second late. */
static bool v0_comes_to(bool up)
{
	for (int i = 0; i < 30; i++) {
		listen_all();
		if (netlink_link_by_name(nl, "v0")->up == up)
			return true;
	}
	return false;
}

static void links_and_their_state(void **state)
{
	const struct link_state *l;

	netns_enter();
	open_with((struct netlink_options){.monitor = true});
	l = netlink_link_by_name(nl, "v0");
	assert_non_null(l);
	assert_true(l->up && l->multicast && !l->loopback);
	assert_memory_equal(l->mac, "\x02\0\0\0\0\1", 6);
	assert_int_equal(l->mtu, 1500);
	assert_true(netlink_link_by_name(nl, "lo")->loopback);
	assert_null(netlink_link_by_name(nl, "v9"));
	forget();
	sh("ip link set v1 down"); /* carrier of v0 goes */
	assert_true(v0_comes_to(false));
	sh("ip link set v1 up");
	assert_true(v0_comes_to(true));
	/* leaving a bridge is not being deleted */
	sh("ip link add b0 type bridge && ip link set v0 master b0 && ip link set v0 nomaster");
	listen_all();
	assert_non_null(netlink_link_by_name(nl, "v0"));
	assert_int_equal(heard.links_gone, 0);
	sh("ip link set b0 name b1 && ip link del v0");
	listen_all();
	assert_null(netlink_link_by_name(nl, "v0"));
	assert_null(netlink_link_by_name(nl, "b0"));
	assert_non_null(netlink_link_by_name(nl, "b1"));
	assert_int_equal(heard.links_gone, 2);
	nl = netlink_close(nl);
}

static bool is_second(void *ctx, const struct address_state *a)
{
	struct ip_addr no = ip("10.9.0.1");

	return ip_equal(&a->addr, &no);
}

static void addresses_of_others(void **state)
{
	struct ip_addr a;

	netns_enter();
	sh("ip addr add 10.9.0.1/24 dev v0 && ip addr add 10.9.0.2/24 dev v0"
	   " && ip addr add 10.8.0.1 peer 10.8.0.2/32 dev v0");
	open_with((struct netlink_options){.monitor = true});
	assert_true(netlink_has_address(nl, v0(), &(struct ip_addr){IP_V4, {10, 9, 0, 1}}, 24));
	assert_false(netlink_has_address(nl, v0(), &(struct ip_addr){IP_V4, {10, 9, 0, 1}}, 32));
	assert_true(netlink_has_address(nl, v0(), &(struct ip_addr){IP_V4, {10, 8, 0, 1}}, 32));
	assert_true(netlink_source(nl, v0(), IP_V4, NULL, NULL, &a));
	assert_int_equal(a.b[3], 1);
	assert_true(netlink_source(nl, v0(), IP_V4, is_second, NULL, &a));
	assert_int_equal(a.b[1], 8);
	assert_true(netlink_source(nl, v0(), IP_V6, NULL, NULL, &a));
	assert_true(ip_is_link_local(&a));
	forget();
	sh("ip addr add 10.9.0.3/24 dev v0");
	listen_all();
	assert_int_equal(heard.added, 1);
	assert_int_equal(heard.last.addr.b[3], 3);
	assert_int_equal(heard.last.proto, 0);
	sh("ip addr del 10.9.0.3/24 dev v0");
	listen_all();
	assert_int_equal(heard.gone, 1);
	assert_false(netlink_has_address(nl, v0(), &heard.last.addr, 24));
	sh("ip addr flush dev v0");
	listen_all();
	assert_false(netlink_source(nl, v0(), IP_V4, NULL, NULL, &a));
	assert_false(netlink_source(nl, v0(), IP_V6, NULL, NULL, &a));
	nl = netlink_close(nl);
}

/* What we do ourselves is never told to us; what others do to it is. */
static void own_changes_are_silent(void **state)
{
	struct address_change c[4];

	netns_enter();
	open_with((struct netlink_options){.monitor = true});
	forget();
	c[0] = change(true, "10.9.0.5", 24);
	c[0].label = "v0:hf";
	c[0].brd_set = true;
	c[0].brd = ip("10.9.0.255");
	c[1] = change(true, "fd00::5", 128);
	c[1].preferred_lft_set = true;
	c[2] = change(true, "10.9.0.6", 32);
	c[3] = change(true, "10.7.0.1", 32);
	c[3].a.peer = ip("10.7.0.2");
	assert_int_equal(netlink_batch_send(nl, c, 4), 0);
	assert_true(netlink_has_address(nl, v0(), &c[1].a.addr, 128));
	sh("ip -4 addr show dev v0 | grep -q 'inet 10.9.0.5/24 brd 10.9.0.255 scope global proto keepalived v0:hf'"
	   " || ip -4 addr show dev v0 | grep -q 'inet 10.9.0.5/24 brd 10.9.0.255 scope global proto 18 v0:hf'"
	   " || ip -4 addr show dev v0 | grep -q 'inet 10.9.0.5/24 brd 10.9.0.255 scope global.* v0:hf'");
	sh("ip -4 addr show dev v0 | grep -q 'inet 10.7.0.1 peer 10.7.0.2/32'");
	sh("ip -6 addr show dev v0 | grep -q 'inet6 fd00::5/128 .*deprecated'");
	listen_all();
	assert_int_equal(heard.added + heard.gone, 0);

	/* again: there already */
	assert_int_equal(netlink_batch_send(nl, c, 4), 0);
	/* added, removed, added before anything was read */
	for (int i = 0; i < 4; i++)
		c[i].add = false;
	assert_int_equal(netlink_batch_send(nl, c, 4), 0);
	assert_false(netlink_has_address(nl, v0(), &c[0].a.addr, 24));
	for (int i = 0; i < 4; i++)
		c[i].add = true;
	assert_int_equal(netlink_batch_send(nl, c, 4), 0);
	listen_all();
	assert_int_equal(heard.added + heard.gone, 0);
	assert_true(netlink_has_address(nl, v0(), &c[1].a.addr, 128));
	assert_true(netlink_has_address(nl, v0(), &c[3].a.addr, 32));

	sh("ip addr del 10.9.0.5/24 dev v0 && ip addr del fd00::5/128 dev v0");
	listen_all();
	assert_int_equal(heard.gone, 2);
	assert_false(netlink_has_address(nl, v0(), &c[0].a.addr, 24));
	/* removing what is not there is done */
	for (int i = 0; i < 4; i++)
		c[i].add = false;
	assert_int_equal(netlink_batch_send(nl, c, 4), 0);
	sh("ip addr add 10.9.0.5/24 dev v0");
	listen_all();
	assert_int_equal(heard.added, 1);
	assert_int_equal(heard.gone, 2);
	nl = netlink_close(nl);
}

/* The kernel takes secondary addresses away with their primary: nobody commanded that. */
static void cascade_is_told(void **state)
{
	struct address_change c[2];

	netns_enter();
	sh("sysctl -qw net.ipv4.conf.v0.promote_secondaries=0 net.ipv4.conf.all.promote_secondaries=0");
	open_with((struct netlink_options){.monitor = true});
	c[0] = change(true, "10.9.0.5", 24);
	c[1] = change(true, "10.9.0.6", 24);
	assert_int_equal(netlink_batch_send(nl, c, 2), 0);
	forget();
	c[0].add = false;
	assert_int_equal(netlink_batch_send(nl, c, 1), 0);
	listen_all();
	assert_int_equal(heard.gone, 1);
	assert_int_equal(heard.last.addr.b[3], 6);
	nl = netlink_close(nl);
}

static void failures_have_their_error(void **state)
{
	struct address_change c[3];

	netns_enter();
	open_with((struct netlink_options){.monitor = true});
	c[0] = change(true, "10.9.0.5", 24);
	c[0].a.ifindex = 9999;
	c[1] = change(true, "10.9.0.6", 24);
	c[2] = change(true, "10.9.0.7", 77);
	assert_int_equal(netlink_batch_send(nl, c, 3), 2);
	assert_int_equal(c[0].error, -ENODEV);
	assert_int_equal(c[1].error, 0);
	assert_int_equal(c[2].error, -EINVAL);
	/* first error last in the batch, then all good again: answers are not mixed up */
	assert_int_equal(netlink_batch_send(nl, c + 1, 1), 0);
	assert_int_equal(netlink_batch_send(nl, c, 1), 1);
	nl = netlink_close(nl);
}

static void count_proto(void *ctx, const struct address_state *a)
{
	*(unsigned *)ctx += a->proto == ADDRESS_PROTO_KEEPALIVED;
}

static void full_batches(void **state)
{
	struct address_change c[NETLINK_BATCH_MAX];
	unsigned n = 0;

	netns_enter();
	open_with((struct netlink_options){.monitor = true});
	forget();
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < NETLINK_BATCH_MAX; i++) {
			c[i] = change(true, i & 1 ? "10.9.0.0" : "fd00::", i & 1 ? 32 : 128);
			c[i].a.addr.b[2] = (uint8_t)round;
			c[i].a.addr.b[3] = (uint8_t)i;
		}
		assert_int_equal(netlink_batch_send(nl, c, NETLINK_BATCH_MAX), 0);
	}
	listen_all();
	netlink_each_address(nl, count_proto, &n);
	assert_int_equal(n, 10 * NETLINK_BATCH_MAX);
	assert_int_equal(heard.added + heard.gone, 0);
	nl = netlink_close(nl);
	/* a new process finds them */
	open_with((struct netlink_options){0});
	n = 0;
	netlink_each_address(nl, count_proto, &n);
	assert_int_equal(n, 10 * NETLINK_BATCH_MAX);
	assert_int_equal(netlink_fd(nl), -1);
	nl = netlink_close(nl);
}

/* More news than the queue holds: a new dump, and a right picture. */
static void lost_news(void **state)
{
	struct address_change own;
	struct ip_addr a = ip("10.9.3.200"), gone = ip("10.9.0.1");

	netns_enter();
	sh("ip addr add 10.9.0.1/32 dev v0");
	open_with((struct netlink_options){.monitor = true, .monitor_rcvbuf = 1});
	own = change(true, "10.1.1.1", 32);
	assert_int_equal(netlink_batch_send(nl, &own, 1), 0);
	forget();
	sh("for i in 1 2 3; do for j in $(seq 1 200); do echo addr add 10.9.$i.$j/32 dev v0; done;"
	   " done | ip -batch - && ip addr del 10.9.0.1/32 dev v0");
	listen_all();
	assert_true(netlink_has_address(nl, v0(), &a, 32));
	assert_false(netlink_has_address(nl, v0(), &gone, 32));
	assert_true(netlink_has_address(nl, v0(), &own.a.addr, 32));
	assert_int_equal(heard.added, 600);
	assert_int_equal(heard.gone, 1);
	sh("ip link del v0");
	listen_all();
	assert_null(netlink_link_by_name(nl, "v0"));
	assert_int_equal(heard.links_gone, 2);
	nl = netlink_close(nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_and_their_state),  cmocka_unit_test(addresses_of_others),
		cmocka_unit_test(own_changes_are_silent), cmocka_unit_test(cascade_is_told),
		cmocka_unit_test(failures_have_their_error), cmocka_unit_test(full_batches),
		cmocka_unit_test(lost_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
