/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the names of virtual and real servers in logs, FIFOs and mails. */
#include "base/buf.h"
#include "core/lvs/lvs.h"

static const char *protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case LVS_TCP:
		return "tcp";
	case LVS_UDP:
		return "udp";
	case LVS_SCTP:
		return "sctp";
	default:
		return "none";
	}
}

static const char *endpoint_name(const struct ip_addr *addr, uint8_t protocol, uint16_t port,
				 char buf[static LVS_NAME_MAX])
{
	struct buf b = {.p = buf, .cap = LVS_NAME_MAX};
	char ip[IP_TEXT_MAX];

	buf_printf(&b, "[%s]:%s:%u", ip_format(addr, ip), protocol_name(protocol), port);
	return buf_text(&b);
}

const char *lvs_service_name(const struct conf_virtual_server *vs, char buf[static LVS_NAME_MAX])
{
	struct buf b = {.p = buf, .cap = LVS_NAME_MAX};

	switch ((enum conf_service_kind)vs->kind) {
	case SERVICE_MARK:
		buf_printf(&b, "FWM %u", vs->fwmark);
		break;
	case SERVICE_GROUP:
		buf_printf(&b, "[%s]:%u", vs->group_name, vs->ordinal);
		break;
	case SERVICE_ADDRESS:
	default:
		return endpoint_name(&vs->addr, vs->protocol, vs->port, buf);
	}
	return buf_text(&b);
}

const char *lvs_server_name(const struct conf_real_server *rs, const struct conf_virtual_server *vs,
			    char buf[static LVS_NAME_MAX])
{
	return endpoint_name(&rs->addr, vs->protocol, rs->port, buf);
}
