/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quorum and weight arithmetic as tables: reads a virtual server with real servers and what happens
 * to them, prints after each step what the kernel should have. For test_golden.py.
 *
 *   service [quorum N] [hysteresis N] [sorry] [sorry-inhibit] [panic PERCENT]
 *   server NAME [weight N] [alpha] [inhibit] [drain SECONDS] [slow SECONDS] [free]
 *   up NAME | down NAME | add NAME N | percent NAME N | drain NAME | weight NAME N | wait SECONDS
 *
 * Servers have one letter as name and, unless free, one checker. In the table: the weight in the
 * kernel, - not there, lower case events as in a log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/lvs/lvs.h"
#include "sim/lvs_conf.h"

#define WORDS_MAX 16
#define SERVERS_MAX 8

struct table {
	struct conf *conf;
	struct conf_virtual_server *vs;
	char names[SERVERS_MAX];
	struct lvs *l;
	struct arena *arena;
	usec_t now;
};

static void fail(const char *what)
{
	fprintf(stderr, "bad line: %s\n", what);
	exit(2);
}

static long number(char **words, unsigned *i)
{
	char *end, *word = words[++*i];
	long n;

	if (!word)
		fail("a number is missing");
	n = strtol(word, &end, 10);
	if (*end)
		fail(word);
	return n;
}

/* ---- configuration ---- */

static void read_service(struct table *t, char **words)
{
	t->vs = lvs_conf_service(t->conf, "10.0.0.1", 80);
	for (unsigned i = 1; words[i]; i++) {
		if (str_eq(words[i], "quorum"))
			t->vs->quorum = (uint32_t)number(words, &i);
		else if (str_eq(words[i], "hysteresis"))
			t->vs->hysteresis = (uint32_t)number(words, &i);
		else if (str_eq(words[i], "panic"))
			t->vs->panic_threshold = (uint8_t)number(words, &i);
		else if (str_starts(words[i], "sorry"))
			lvs_conf_sorry(t->conf, t->vs, "192.0.2.99", 80);
		else
			fail(words[i]);
		t->vs->sorry_inhibit |= str_eq(words[i], "sorry-inhibit");
	}
}

static void read_server(struct table *t, char **words)
{
	unsigned n = t->conf->real_servers.n;
	char ip[] = "192.0.2.1";
	struct conf_real_server *rs;
	bool alpha = false, checked = true;

	if (!t->vs || !words[1] || n == SERVERS_MAX)
		fail("server");
	ip[8] = (char)('1' + n);
	t->names[n] = words[1][0];
	rs = lvs_conf_server(t->conf, t->vs, ip, 80, 1);
	for (unsigned i = 2; words[i]; i++) {
		if (str_eq(words[i], "weight"))
			rs->weight = (uint32_t)number(words, &i);
		else if (str_eq(words[i], "drain"))
			rs->drain_timeout = number(words, &i) * USEC_PER_SEC;
		else if (str_eq(words[i], "slow"))
			rs->slow_start = number(words, &i) * USEC_PER_SEC;
		else if (str_eq(words[i], "inhibit"))
			rs->inhibit_on_failure = true;
		else if (str_eq(words[i], "alpha"))
			alpha = true;
		else if (str_eq(words[i], "free"))
			checked = false;
		else
			fail(words[i]);
	}
	if (checked)
		lvs_conf_check(t->conf, rs, CHECK_AGENT, 80)->timing.alpha = alpha;
}

/* ---- rows ---- */

static const char *event_text(const struct lvs_event *e)
{
	static const char *const texts[] = {
		[LVS_RS_UP] = "up",
		[LVS_RS_DOWN] = "down",
		[LVS_RS_WEIGHT] = "weight",
		[LVS_QUORUM_UP] = "quorum-gained",
		[LVS_QUORUM_DOWN] = "quorum-lost",
		[LVS_SORRY_ON] = "sorry-in",
		[LVS_SORRY_OFF] = "sorry-out",
		[LVS_PANIC_ON] = "panic",
		[LVS_PANIC_OFF] = "panic-over",
		[LVS_DRAINING] = "draining",
		[LVS_DRAINED] = "drained",
		[LVS_CHECKER_UP] = NULL,
		[LVS_CHECKER_DOWN] = NULL,
	};

	return texts[e->kind];
}

static void print_events(struct table *t)
{
	struct lvs_event e;

	while (lvs_next_event(t->l, &e)) {
		if (!event_text(&e))
			continue;
		printf(" %s", event_text(&e));
		if (e.rs != CONF_NONE)
			printf("(%c)", t->names[e.rs]);
	}
	printf("\n");
}

static const struct dest *find_dest(const struct service *s, unsigned last)
{
	for (unsigned i = 0; i < s->dests.n; i++)
		if (s->dests.v[i].addr.b[3] == last)
			return &s->dests.v[i];
	return NULL;
}

static void print_weight(const struct dest *d)
{
	if (d)
		printf(" %10u", d->weight);
	else
		printf(" %10s", "-");
}

static void print_row(struct table *t, const char *step)
{
	struct arena *a = arena_new();
	struct service_table desired;
	struct lvs_service_view v = lvs_view_service(t->l, 0);

	lvs_desired(t->l, a, &desired);
	printf("%-20s %10lld %-6s", step, (long long)v.live_weight, v.quorum_up ? "yes" : "no");
	for (unsigned i = 0; i < t->conf->real_servers.n; i++)
		print_weight(find_dest(&desired.services.v[0], i + 1));
	if (t->vs->sorry)
		print_weight(find_dest(&desired.services.v[0], 99));
	printf(" ");
	print_events(t);
	arena_free(a);
}

static void start(struct table *t)
{
	if (!t->vs)
		fail("no service");
	printf("quorum %u hysteresis %u%s\n", t->vs->quorum, t->vs->hysteresis,
	       t->vs->panic_threshold ? " with panic threshold" : "");
	printf("%-20s %10s %-6s", "step", "live", "quorum");
	for (unsigned i = 0; i < t->conf->real_servers.n; i++)
		printf(" %10c", t->names[i]);
	if (t->vs->sorry)
		printf(" %10s", "sorry");
	printf("\n");
	t->now = 1000 * USEC_PER_SEC;
	t->l = lvs_new(t->conf, t->arena, NULL, NULL, t->now);
	print_row(t, "start");
}

/* ---- what happens ---- */

static void wait_for(struct table *t, long seconds)
{
	usec_t until = t->now + seconds * USEC_PER_SEC;

	while (lvs_deadline(t->l) <= until) {
		t->now = lvs_deadline(t->l);
		lvs_tick(t->l, t->now);
	}
	t->now = until;
}

static uint32_t server_of(const struct table *t, const char *name)
{
	for (unsigned i = 0; name && i < t->conf->real_servers.n; i++)
		if (t->names[i] == name[0])
			return i;
	fail(name ? name : "a name is missing");
	return 0;
}

static void happen(struct table *t, char **words)
{
	struct lvs_verdict v = {.up = !str_eq(words[0], "down")};
	unsigned i = 1;
	uint32_t rs = server_of(t, words[1]);

	if (str_eq(words[0], "weight")) {
		lvs_override_weight(t->l, rs, (uint32_t)number(words, &i), t->now);
		return;
	}
	if (str_eq(words[0], "add"))
		v.contribution = number(words, &i);
	v.drain = str_eq(words[0], "drain");
	v.has_percent = str_eq(words[0], "percent");
	if (v.has_percent)
		v.percent = (uint16_t)number(words, &i);
	lvs_set_verdict(t->l, t->conf->real_servers.v[rs]->checkers.v[0]->id, &v, t->now);
}

static void line(struct table *t, char *text)
{
	char *words[WORDS_MAX + 1] = {0}, *save = NULL, step[64];
	unsigned n = 0;

	str_copy(step, sizeof(step), text);
	step[strcspn(step, "\n")] = '\0';
	for (char *w = strtok_r(text, " \t\n", &save); w && n < WORDS_MAX;
	     w = strtok_r(NULL, " \t\n", &save))
		words[n++] = w;
	if (!n || words[0][0] == '#')
		return;
	if (str_eq(words[0], "service")) {
		read_service(t, words);
		return;
	}
	if (str_eq(words[0], "server")) {
		read_server(t, words);
		return;
	}
	if (!t->l)
		start(t);
	n = 0;
	if (str_eq(words[0], "wait"))
		wait_for(t, number(words, &n));
	else
		happen(t, words);
	print_row(t, step);
}

int main(int argc, char **argv)
{
	struct table t = {.conf = lvs_conf_new(), .arena = arena_new()};
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	char text[256];

	if (!f) {
		fprintf(stderr, "usage: lvs_table FILE\n");
		return 2;
	}
	while (fgets(text, sizeof(text), f))
		line(&t, text);
	fclose(f);
	if (!t.l)
		start(&t);
	arena_free(t.arena);
	arena_free(t.conf->arena);
	return 0;
}
