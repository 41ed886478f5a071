/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keepalived_check.data: the virtual servers as configured and as they are, in words like keepalived's. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "core/lvs/lvs.h"
#include "proc/supervisor/dump.h"

static const char *const schedulers[] = {
	[LVS_SCHED_NONE] = "",
#define X(id, name, help) [LVS_SCHED_##id] = name,
	LVS_SCHEDULERS(X)
#undef X
};

static const char *method_name(const struct conf_forwarding *f)
{
	uint8_t method = f ? f->method : LVS_NAT;

	return method == LVS_NAT ? "NAT" : method == LVS_DR ? "DR" : "TUN";
}

static void seconds(FILE *to, const char *what, usec_t t)
{
	fprintf(to, "     %s = %lld", what, (long long)(t / USEC_PER_SEC));
	if (t % USEC_PER_SEC)
		fprintf(to, ".%06lld", (long long)(t % USEC_PER_SEC));
	fputc('\n', to);
}

static void target(FILE *to, const struct conf_virtual_server *vs)
{
	char text[IP_TEXT_MAX];

	switch ((enum conf_service_kind)vs->kind) {
	case SERVICE_MARK:
		fprintf(to, " VS FWMARK = %u\n", vs->fwmark);
		break;
	case SERVICE_GROUP:
		fprintf(to, " VS GROUP = %s\n", vs->group_name);
		break;
	case SERVICE_ADDRESS:
		fprintf(to, " VIP = %s, VPORT = %u\n", ip_format(&vs->addr, text), vs->port);
		break;
	}
}

static void service_settings(FILE *to, const struct conf_virtual_server *vs)
{
	char text[IP_TEXT_MAX];

	seconds(to, "delay_loop", vs->timing.delay_loop);
	fprintf(to, "     lvs_sched = %s\n",
		vs->scheduler < ARRAY_SIZE(schedulers) ? schedulers[vs->scheduler] : "");
	fprintf(to, "     protocol = %s\n",
		vs->protocol == LVS_TCP	   ? "TCP"
		: vs->protocol == LVS_UDP  ? "UDP"
		: vs->protocol == LVS_SCTP ? "SCTP"
					   : "none");
	if (vs->persistence_timeout)
		fprintf(to, "     persistence timeout = %u\n", vs->persistence_timeout);
	fprintf(to, "     forwarding method = %s\n", method_name(vs->method));
	fprintf(to, "     quorum = %u, hysteresis = %u\n", vs->quorum, vs->hysteresis);
	fprintf(to, "     alpha is %s, omega is %s, ha_suspend is %s\n", vs->timing.alpha ? "ON" : "OFF",
		vs->omega ? "ON" : "OFF", vs->ha_suspend ? "ON" : "OFF");
	if (vs->sorry)
		fprintf(to, "     sorry server = [%s]:%u\n", ip_format(&vs->sorry->addr, text),
			vs->sorry->port);
}

static void service_state(FILE *to, const struct board_service *b)
{
	fprintf(to, "     quorum state = %s, live weight = %" PRId64 ", %u of %u servers\n",
		b->up ? "UP" : "DOWN", b->live_weight, b->n_up, b->n_servers);
	fprintf(to, "     sorry server %s, panic %s, checkers %s\n", b->sorry ? "in use" : "not in use",
		b->panic ? "on" : "off", b->suspended ? "suspended" : "enabled");
	if (b->error)
		fprintf(to, "     kernel error = %s\n", strerror(b->error < 0 ? -b->error : b->error));
}

static void server(FILE *to, const struct conf_real_server *rs, const struct board *lvs)
{
	char text[IP_TEXT_MAX];
	struct board_server b = {0};

	if (rs->id < lvs->header->shape.servers)
		(void)board_read(&lvs->servers[rs->id], &b, sizeof(b));
	fprintf(to, "   -> RIP = %s, RPORT = %u, WEIGHT = %u\n", ip_format(&rs->addr, text), rs->port,
		rs->weight);
	fprintf(to, "        forwarding method = %s\n", method_name(rs->method));
	fprintf(to, "        Alive = %s, in the table = %s, weight there = %u%s%s\n", b.up ? "yes" : "no",
		b.in_table ? "yes" : "no", b.weight, b.draining ? ", draining" : "",
		b.ramping ? ", starting slowly" : "");
	fprintf(to, "        checkers = %u, failed = %u\n", b.n_checkers, b.n_failed);
	if (b.reason[0])
		fprintf(to, "        reason = %.*s\n", (int)sizeof(b.reason), b.reason);
}

void dump_check_data(FILE *to, const struct board *lvs, const struct conf *conf)
{
	fprintf(to, "------< LVS Topology >------\n Engine = %.*s\n", (int)sizeof(lvs->header->engine),
		lvs->header->engine);
	for (unsigned i = 0; i < conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = conf->virtual_servers.v[i];
		char name[LVS_NAME_MAX];
		struct board_service b;

		target(to, vs);
		fprintf(to, "     name = %s\n", lvs_service_name(vs, name));
		service_settings(to, vs);
		if (i < lvs->header->shape.services && board_read(&lvs->services[i], &b, sizeof(b)))
			service_state(to, &b);
		for (unsigned k = 0; k < vs->rs.n; k++)
			server(to, vs->rs.v[k], lvs);
	}
}
