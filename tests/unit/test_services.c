/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of services: their order, and the way from the observed to the desired one. */
#include "lvs_fixture.h"

static struct service *service(struct arena *a, struct service_table *t, const char *ip,
			       uint16_t port)
{
	struct service *s = vec_add(a, &t->services);

	s->key = (struct service_key){
		.family = IP_V4, .protocol = LVS_TCP, .port = port, .addr = lvs_conf_ip(ip)};
	str_copy(s->scheduler, sizeof(s->scheduler), "wlc");
	s->netmask = UINT32_MAX;
	return s;
}

static struct dest *dest(struct arena *a, struct service *s, const char *ip, uint32_t weight)
{
	struct dest *d = vec_add(a, &s->dests);

	d->addr = lvs_conf_ip(ip);
	d->port = 80;
	d->weight = weight;
	return d;
}

/* "A80" add service of port 80, "a80/1=5" add destination x.x.x.1 with weight 5; S s set, D d
 * delete. */
static const char *changes_text(const service_changes *c, char *to, size_t size)
{
	static const char letters[] = "ASasdD";
	struct buf b = {.p = to, .cap = size};

	for (unsigned i = 0; i < c->n; i++) {
		const struct service_change *x = &c->v[i];

		buf_printf(&b, "%s%c%u", i ? " " : "", letters[x->kind], x->service->key.port);
		if (x->dest)
			buf_printf(&b, "/%u=%u", x->dest->addr.b[3], x->dest->weight);
	}
	return buf_text(&b);
}

static void assert_diff(const struct service_table *observed, const struct service_table *desired,
			const struct service_table *before, const char *text)
{
	struct arena *a = arena_new();
	service_changes c = {0};
	char got[1024];

	services_diff(observed, desired, before, a, &c);
	assert_string_equal(changes_text(&c, got, sizeof(got)), text);
	arena_free(a);
}

static void equal_tables_need_nothing(void **state)
{
	struct arena *a = arena_new();
	struct service_table t = {0}, none = {0};

	dest(a, service(a, &t, "10.0.0.1", 80), "192.0.2.1", 1);
	assert_diff(&t, &t, NULL, "");
	assert_diff(&t, &t, &t, "");
	assert_diff(&none, &none, &none, "");
	arena_free(a);
}

static void new_service_comes_with_destinations(void **state)
{
	struct arena *a = arena_new();
	struct service_table t = {0}, none = {0};
	struct service *s = service(a, &t, "10.0.0.1", 80);

	dest(a, s, "192.0.2.1", 1);
	dest(a, s, "192.0.2.2", 0);
	dest(a, s, "192.0.2.3", 2);
	assert_diff(&none, &t, NULL, "A80 a80/1=1 a80/3=2 a80/2=0");
	arena_free(a);
}

static void only_ours_are_deleted(void **state)
{
	struct arena *a = arena_new();
	struct service_table observed = {0}, before = {0}, none = {0};

	dest(a, service(a, &observed, "10.0.0.1", 80), "192.0.2.1", 1);
	dest(a, service(a, &observed, "10.0.0.1", 81), "192.0.2.1", 1);
	service(a, &before, "10.0.0.1", 81);
	service(a, &before, "10.0.0.1", 82);
	assert_diff(&observed, &none, NULL, "");
	assert_diff(&observed, &none, &before, "D81");
	assert_diff(&observed, &observed, &before, "");
	arena_free(a);
}

/* The last usable destination leaves when the next one is in. */
static void traffic_in_before_traffic_out(void **state)
{
	struct arena *a = arena_new();
	struct service_table sorry = {0}, live = {0};
	struct service *s = service(a, &sorry, "10.0.0.1", 80),
		       *r = service(a, &live, "10.0.0.1", 80);

	dest(a, s, "192.0.2.1", 0); /* inhibited */
	dest(a, s, "192.0.2.9", 1);
	dest(a, r, "192.0.2.1", 5);
	dest(a, r, "192.0.2.2", 5);
	assert_diff(&sorry, &live, NULL, "s80/1=5 a80/2=5 d80/9=1");
	assert_diff(&live, &sorry, NULL, "a80/9=1 s80/1=0 d80/2=5");
	arena_free(a);
}

static void settings_come_first(void **state)
{
	struct arena *a = arena_new();
	struct service_table x = {0}, y = {0};
	struct service *s = service(a, &x, "10.0.0.1", 80), *r;

	dest(a, s, "192.0.2.1", 1);
	r = service(a, &y, "10.0.0.1", 80);
	dest(a, r, "192.0.2.2", 1);
	str_copy(r->scheduler, sizeof(r->scheduler), "rr");
	assert_diff(&x, &y, NULL, "S80 a80/2=1 d80/1=1");
	arena_free(a);
}

static void what_makes_services_different(void **state)
{
	struct arena *a = arena_new();
	struct service_table x = {0}, y = {0};
	struct service *s = service(a, &x, "10.0.0.1", 80), *r = service(a, &y, "10.0.0.1", 80);

	s->flags = 0x1 | 0x2; /* the kernel's PERSISTENT and HASHED */
	s->netmask = 0xffffff00;
	str_copy(s->pe, sizeof(s->pe), "sip");
	s->vs = CONF_NONE;
	assert_diff(&x, &y, NULL, ""); /* not persistent: mask and engine mean nothing */
	s->timeout = r->timeout = 60;
	assert_diff(&x, &y, NULL, "S80");
	s->netmask = r->netmask;
	assert_diff(&x, &y, NULL, "S80");
	str_copy(r->pe, sizeof(r->pe), "sip");
	assert_diff(&x, &y, NULL, "");
	r->timeout = 61;
	assert_diff(&x, &y, NULL, "S80");
	r->timeout = 60;
	r->flags = LVS_ONEPACKET;
	assert_diff(&x, &y, NULL, "S80");
	arena_free(a);
}

static void what_makes_destinations_different(void **state)
{
	struct arena *a = arena_new();
	struct service_table x = {0}, y = {0};
	struct dest *d = dest(a, service(a, &x, "10.0.0.1", 80), "192.0.2.1", 1),
		    *e = dest(a, service(a, &y, "10.0.0.1", 80), "192.0.2.1", 1);

	d->tun_type = LVS_TUN_GRE; /* means nothing without a tunnel */
	assert_diff(&x, &y, NULL, "");
	e->uthreshold = 5;
	assert_diff(&x, &y, NULL, "s80/1=1");
	d->uthreshold = 5;
	d->method = e->method = LVS_TUN;
	assert_diff(&x, &y, NULL, "s80/1=1");
	e->tun_type = LVS_TUN_GRE;
	d->tun_port = 5; /* only of gue */
	assert_diff(&x, &y, NULL, "");
	d->tun_flags = LVS_TUN_CSUM;
	assert_diff(&x, &y, NULL, "s80/1=1");
	d->tun_type = e->tun_type = LVS_TUN_GUE;
	d->tun_flags = 0;
	assert_diff(&x, &y, NULL, "s80/1=1");
	e->tun_port = 5;
	assert_diff(&x, &y, NULL, "");
	e->lthreshold = 1;
	assert_diff(&x, &y, NULL, "s80/1=1");
	arena_free(a);
}

/* A part says nothing about the services that are not in it. */
static void part_of_a_table(void **state)
{
	struct arena *a = arena_new();
	struct service_table all = {0}, part = {0};

	for (uint16_t port = 80; port < 90; port++)
		dest(a, service(a, &all, "10.0.0.1", port), "192.0.2.1", 1);
	dest(a, service(a, &part, "10.0.0.1", 83), "192.0.2.1", 4);
	service(a, &part, "10.0.0.1", 88);
	assert_diff(&all, &part, NULL, "s83/1=4 d88/1=1");
	service_table_replace(&all, &part, a);
	assert_diff(&all, &part, NULL, "");
	assert_int_equal(all.services.n, 10);
	assert_int_equal(service_table_find(&all, &part.services.v[0].key)->dests.v[0].weight, 4);
	arena_free(a);
}

static void replacing_forever_needs_no_memory(void **state)
{
	struct arena *a = arena_new(), *b = arena_new();
	struct service_table all = {0}, one = {0}, two = {0};
	struct service *s = service(b, &two, "10.0.0.1", 80);
	size_t used;

	dest(b, service(b, &one, "10.0.0.1", 80), "192.0.2.1", 1);
	dest(b, s, "192.0.2.1", 1);
	dest(b, s, "192.0.2.2", 1);
	service_table_replace(&all, &two, a);
	used = arena_used(a);
	for (int i = 0; i < 1000; i++) {
		service_table_replace(&all, &one, a);
		assert_int_equal(all.services.v[0].dests.n, 1);
		service_table_replace(&all, &two, a);
		assert_int_equal(all.services.v[0].dests.n, 2);
	}
	assert_int_equal(arena_used(a), used);
	arena_free(a);
	arena_free(b);
}

static void replacing_keeps_the_order(void **state)
{
	struct arena *a = arena_new();
	struct service_table all = {0}, part = {0};

	service(a, &all, "10.0.0.1", 85);
	service(a, &part, "10.0.0.1", 80);
	service(a, &part, "10.0.0.1", 90);
	service_table_replace(&all, &part, a);
	assert_int_equal(all.services.n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(all.services.v[i].key.port, 80 + 5 * i);
	arena_free(a);
}

static void sorting_merges_destinations(void **state)
{
	struct arena *a = arena_new();
	struct service_table t = {0};
	struct service *s = service(a, &t, "10.0.0.2", 80);

	dest(a, s, "192.0.2.2", 1);
	dest(a, s, "192.0.2.1", 2);
	dest(a, s, "192.0.2.2", 7);
	dest(a, s, "192.0.2.2", 0);
	service(a, &t, "10.0.0.1", 80);
	service_table_sort(&t);
	assert_int_equal(t.services.v[0].key.addr.b[3], 1);
	s = &t.services.v[1];
	assert_int_equal(s->dests.n, 2);
	assert_int_equal(s->dests.v[0].weight, 2);
	assert_int_equal(s->dests.v[1].weight, 7);
	arena_free(a);
}

/* Marks come by family and number and know neither address nor protocol. */
static void keys_are_ordered(void **state)
{
	struct service_key mark = {.family = IP_V4, .fwmark = 7}, mark6 = mark,
			   addr = {.family = IP_V4};

	mark6.family = IP_V6;
	addr.addr = lvs_conf_ip("10.0.0.1");
	assert_true(service_key_compare(&mark, &mark6) < 0);
	assert_true(service_key_compare(&addr, &mark) < 0);
	mark6 = mark;
	mark6.protocol = LVS_TCP;
	assert_int_equal(service_key_compare(&mark, &mark6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_tables_need_nothing),
		cmocka_unit_test(new_service_comes_with_destinations),
		cmocka_unit_test(only_ours_are_deleted),
		cmocka_unit_test(traffic_in_before_traffic_out),
		cmocka_unit_test(settings_come_first),
		cmocka_unit_test(what_makes_services_different),
		cmocka_unit_test(what_makes_destinations_different),
		cmocka_unit_test(part_of_a_table),
		cmocka_unit_test(replacing_forever_needs_no_memory),
		cmocka_unit_test(replacing_keeps_the_order),
		cmocka_unit_test(sorting_merges_destinations),
		cmocka_unit_test(keys_are_ordered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
