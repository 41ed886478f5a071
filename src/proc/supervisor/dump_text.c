/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text dumps: statistics in keepalived's words, state in ours. */
#include <inttypes.h>

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

static void one_state(FILE *to, const struct board_instance *i)
{
	char address[IP_TEXT_MAX], text[320];
	struct buf b = BUF_ON(text);

	vrrp_cause_text(&i->cause, &b);
	fprintf(to, " VRRP Instance = %s\n   State = %s\n   Cause = %s\n", i->name,
		vrrp_state_name(i->state), buf_text(&b));
	fprintf(to,
		"   Interface = %s\n   Virtual Router ID = %u\n   Priority = %u\n   Effective "
		"priority = %u\n",
		i->interface, i->vrid, i->base, i->effective);
	fprintf(to, "   Source address = %s\n", ip_format(&i->source, address));
	fprintf(to, "   Master router = %s\n   Master priority = %u\n",
		ip_format(&i->master, address), i->master_priority);
}

void dump_data(FILE *to, const struct board *vrrp, const struct conf *conf)
{
	struct arena *a = arena_new();
	size_t len;
	char *text = conf_print(conf, a, &len);

	fputs("------< Configuration >------\n", to);
	fwrite(text, 1, len, to);
	fputs("------< VRRP Topology >------\n", to);
	for (uint32_t k = 0; k < vrrp->header->shape.instances; k++) {
		struct board_instance i;

		(void)board_read(&vrrp->instances[k], &i, sizeof(i));
		one_state(to, &i);
	}
	arena_free(a);
}
