/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text dumps: statistics in keepalived's words, state in ours. */
#include <inttypes.h>
#include <time.h>

#include "conf/conf.h"
#include "core/vrrp/vrrp.h"
#include "proc/supervisor/dump.h"

static void one_stats(FILE *to, const struct board_instance *i)
{
	const struct board_counters *c = &i->counters;

	fprintf(to, "VRRP Instance: %s\n", i->name);
	fprintf(to, "  Advertisements:\n    Received: %" PRIu64 "\n    Sent: %" PRIu64 "\n",
		c->advert_rcvd, c->advert_sent);
	fprintf(to, "  Became master: %" PRIu64 "\n  Released master: %" PRIu64 "\n",
		c->become_master, c->release_master);
	fprintf(to,
		"  Packet Errors:\n    Length: %u\n    TTL: %u\n    Invalid Type: %u\n"
		"    Advertisement Interval: %u\n    Address List: %u\n",
		c->packet_len_err, c->ip_ttl_err, c->invalid_type_rcvd, c->advert_interval_err,
		c->addr_list_err);
	fprintf(to,
		"  Authentication Errors:\n    Invalid Type: %u\n    Type Mismatch: %u\n    "
		"Failure: %u\n",
		c->invalid_authtype, c->authtype_mismatch, c->auth_failure);
	fputs("  Authentication Extension Errors:\n    Missing: 0\n    Malformed: 0\n    Unknown "
	      "Key: 0\n"
	      "    Invalid HMAC: 0\n    Stale: 0\n    Replay: 0\n",
	      to);
	fprintf(to, "  Priority Zero:\n    Received: %u\n    Sent: %u\n", c->pri_zero_rcvd,
		c->pri_zero_sent);
}

void dump_stats(FILE *to, const struct board *vrrp)
{
	for (uint32_t k = 0; k < vrrp->header->shape.instances; k++) {
		struct board_instance i;

		(void)board_read(&vrrp->instances[k], &i, sizeof(i));
		one_stats(to, &i);
	}
}

/* ---- words that the text and the JSON document share ---- */

static const char *scope_text(uint8_t scope, char buf[static 4])
{
	switch (scope) {
	case 0:
		return "global";
	case 200:
		return "site";
	case 253:
		return "link";
	case 254:
		return "host";
	case 255:
		return "nowhere";
	}
	snprintf(buf, 4, "%u", scope);
	return buf;
}

static void broadcast_text(struct buf *b, const struct conf_address *a)
{
	struct ip_addr brd = a->brd == BRD_ADDRESS ? a->brd_addr : a->addr;
	char text[IP_TEXT_MAX];

	if (a->brd == BRD_NONE)
		return;
	for (unsigned bit = a->prefix; a->brd != BRD_ADDRESS && bit < 32; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		brd.b[bit / 8] = a->brd == BRD_PLUS ? brd.b[bit / 8] | mask : brd.b[bit / 8] & ~mask;
	}
	buf_printf(b, " brd %s", ip_format(&brd, text));
}

void dump_address(struct buf *b, const struct conf_address *a, const struct board_vip *state)
{
	char text[IP_TEXT_MAX], number[4];

	buf_printf(b, "%s", ip_format(&a->addr, text));
	if (a->prefix != ip_bits(&a->addr))
		buf_printf(b, "/%u", a->prefix);
	if (ip_is_set(&a->peer))
		buf_printf(b, " peer %s", ip_format(&a->peer, text));
	broadcast_text(b, a);
	buf_printf(b, " dev %s scope %s", state->interface, scope_text(a->scope, number));
	if (a->label)
		buf_printf(b, " label %s", a->label);
	if (a->addr.family == IP_V6 && a->preferred_lft == UINT32_MAX)
		buf_printf(b, " preferred_lft forever");
	else if (a->addr.family == IP_V6)
		buf_printf(b, " preferred_lft %u", a->preferred_lft);
	if (state->present)
		buf_printf(b, " set");
}

void dump_command(struct buf *b, const struct conf_script *s)
{
	for (unsigned i = 0; s->argv && s->argv[i]; i++)
		buf_printf(b, "%s'%s'", i ? " " : "", s->argv[i]);
}

enum vrrp_state dump_wanted_state(const struct conf_instance *c, const struct board_instance *b)
{
	if (b->state == VRRP_MASTER)
		return VRRP_MASTER;
	return b->state == VRRP_BACKUP && b->master_heard ? VRRP_BACKUP : c->state;
}

/* ---- SIGUSR1 ---- */

static void seconds(FILE *to, const char *what, usec_t t)
{
	fprintf(to, "   %s = %lld", what, (long long)(t / USEC_PER_SEC));
	if (t % USEC_PER_SEC)
		fprintf(to, ".%06lld", (long long)(t % USEC_PER_SEC));
	fputs("\n", to);
}

static void addresses_state(FILE *to, struct conf_address *const *v, unsigned n,
			    const struct board_vip *state)
{
	for (unsigned i = 0; i < n; i++) {
		char text[256];
		struct buf b = BUF_ON(text);

		dump_address(&b, v[i], &state[i]);
		fprintf(to, "     %s\n", buf_text(&b));
	}
}

static void last_transition(FILE *to, usec_t wall)
{
	time_t whole = wall / USEC_PER_SEC;
	char day[32], year[8];
	struct tm tm;

	localtime_r(&whole, &tm);
	strftime(day, sizeof(day), "%a %b %e %H:%M:%S", &tm);
	strftime(year, sizeof(year), "%Y", &tm);
	fprintf(to, "   Last transition = %lld.%06lld (%s.%06lld %s)\n", (long long)whole,
		(long long)(wall % USEC_PER_SEC), day, (long long)(wall % USEC_PER_SEC), year);
}

static void one_state(FILE *to, const struct conf_instance *c, const struct board_instance *i,
		      const struct board *board)
{
	const struct board_vip *vips = board->vips + i->first_vip;
	char address[IP_TEXT_MAX], text[320];
	struct buf b = BUF_ON(text);

	vrrp_cause_text(&i->cause, &b);
	fprintf(to, " VRRP Instance = %s\n   VRRP Version = %u\n   State = %s\n   Cause = %s\n",
		i->name, i->version, vrrp_state_name(i->state), buf_text(&b));
	fprintf(to, "   Wantstate = %s\n", vrrp_state_name(dump_wanted_state(c, i)));
	last_transition(to, i->since + board->header->wall_offset);
	fprintf(to, "   Interface = %s\n   Using src_ip = %s\n", i->interface,
		ip_is_set(&i->source) ? ip_format(&i->source, address) : "(none)");
	seconds(to, "Gratuitous ARP delay", c->garp_master_delay);
	fprintf(to, "   Gratuitous ARP repeat = %u\n", c->garp_master_repeat);
	seconds(to, "Gratuitous ARP refresh", c->garp_master_refresh);
	fprintf(to,
		"   Virtual Router ID = %u\n   Priority = %u\n   Effective priority = %u\n",
		i->vrid, i->base, i->effective);
	seconds(to, "Advert interval", i->advert_int);
	fprintf(to, "   Accept = %s\n   Preempt = %s\n", c->accept ? "enabled" : "disabled",
		c->nopreempt ? "disabled" : "enabled");
	fprintf(to, "   Master router = %s\n   Master priority = %u\n",
		ip_is_set(&i->master) ? ip_format(&i->master, address) : "(none)",
		i->master_priority);
	fprintf(to, "   Virtual IP (%u):\n", c->vips.n);
	addresses_state(to, c->vips.v, c->vips.n, vips);
	if (c->excluded.n)
		fprintf(to, "   Virtual IP Excluded (%u):\n", c->excluded.n);
	addresses_state(to, c->excluded.v, c->excluded.n, vips + c->vips.n);
}

static void scripts_state(FILE *to, const struct conf *conf, const struct board *runner)
{
	if (conf->scripts.n)
		fputs("------< VRRP Scripts >------\n", to);
	for (unsigned k = 0; k < conf->scripts.n && k < runner->header->shape.scripts; k++) {
		const struct conf_vrrp_script *c = conf->scripts.v[k];
		char text[1024];
		struct buf b = BUF_ON(text);
		struct board_script s;

		(void)board_read(&runner->scripts[k], &s, sizeof(s));
		if (c->script)
			dump_command(&b, c->script);
		fprintf(to, " VRRP Script = %s\n   Command = %s\n", c->name, buf_text(&b));
		seconds(to, "Interval", c->interval);
		seconds(to, "Timeout", c->timeout);
		fprintf(to, "   Weight = %d\n   Rise = %u\n   Fall = %u\n   Status = %s\n   State = %s\n",
			c->weight, c->rise, c->fall, !s.known ? "INIT" : s.good ? "GOOD" : "BAD",
			s.running ? "running" : "idle");
	}
}

void dump_data(FILE *to, const struct board *vrrp, const struct board *runner,
	       const struct conf *conf)
{
	struct arena *a = arena_new();
	size_t len;
	char *text = conf_print(conf, a, &len);

	fputs("------< Configuration >------\n", to);
	fwrite(text, 1, len, to);
	fputs("------< VRRP Topology >------\n", to);
	for (uint32_t k = 0; k < vrrp->header->shape.instances && k < conf->instances.n; k++) {
		struct board_instance i;

		(void)board_read(&vrrp->instances[k], &i, sizeof(i));
		one_state(to, conf->instances.v[k], &i, vrrp);
	}
	scripts_state(to, conf, runner);
	arena_free(a);
}
