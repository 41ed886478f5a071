/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commonest reason why NAT does not work, and nobody says so: the kernel does not forward. It is
 * somebody else's setting: it is looked at, never changed. Must not know the engines.
 */
#include "base/str.h"
#include "io/log.h"
#include "io/sysctl.h"
#include "proc/lvs/internal.h"

static const struct {
	enum ip_family family;
	unsigned bit; /* of board_header.unforwarded */
	const char *directory, *link, *file, *name;
} switches[] = {
	{IP_V4, BOARD_NO_FORWARDING, "net/ipv4", ".", "ip_forward", "net.ipv4.ip_forward"},
	{IP_V6, BOARD_NO_FORWARDING6, "net/ipv6/conf", "all", "forwarding", "net.ipv6.conf.all.forwarding"},
};

static bool has_nat(const struct conf *conf, enum ip_family family)
{
	for (unsigned i = 0; i < conf->real_servers.n; i++) {
		const struct conf_real_server *rs = conf->real_servers.v[i];

		if ((!rs->method || rs->method->method == LVS_NAT) && rs->addr.family == family)
			return true;
	}
	return false;
}

/* Said when it changes; `before` is what was said last. */
static void look(struct lvs_worker *w, unsigned before)
{
	unsigned now = 0;

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		unsigned bit = switches[i].bit;

		if (!(w->nat & bit))
			continue;
		if (sysctl_read(switches[i].directory, switches[i].link, switches[i].file) == 0)
			now |= bit;
		if (now & ~before & bit)
			log_warning("NAT needs %s=1, which is 0: clients get no answer", switches[i].name);
		else if (before & ~now & bit)
			log_notice("%s is 1 now", switches[i].name);
	}
	atomic_store(&w->board.header->unforwarded, now);
}

void forwarding_configure(struct lvs_worker *w)
{
	w->nat = 0;
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (has_nat(w->conf, switches[i].family))
			w->nat |= switches[i].bit;
	look(w, 0);
}

void forwarding_look(struct lvs_worker *w)
{
	if (w->board.header)
		look(w, atomic_load(&w->board.header->unforwarded));
}
