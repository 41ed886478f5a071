/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of a vrrp worker that won't be back in time: read from its board, removed from the
 * host. Knows where addresses are from the board alone; a backup takes over when our adverts stop,
 * and two owners are worse than none. What a backup had still to remove goes, too.
 */
#include <string.h>

#include "io/netlink.h"
#include "proc/supervisor/internal.h"

/* A backup with priority 254 waits this little: three intervals (RFC 9568 6.1, the skew left out).
 */
#define DOWN_ADVERTS 3

static void ignore_link(void *ctx, const struct link_state *l, bool gone)
{
}

static void ignore_address(void *ctx, const struct address_state *a, bool gone)
{
}

/* Whether the backups of this instance take over before `delay` has passed. */
static bool is_lost(const struct board_instance *i, usec_t delay)
{
	if (i->state != VRRP_MASTER)
		return false;
	return delay == USEC_NEVER ||
	       delay >= DOWN_ADVERTS * usec_max(i->advert_int, i->master_interval);
}

static bool to_change(struct netlink *n, const struct board_vip *v, struct address_change *ret)
{
	const struct link_state *link = netlink_link_by_name(n, v->interface);

	if (!v->present || !link)
		return false;
	*ret = (struct address_change){
		.add = false, .a = {.ifindex = link->index, .addr = v->addr, .prefix = v->prefix}};
	return true;
}

static unsigned remove_of_instance(struct netlink *n, const struct board *b,
				   const struct board_instance *i)
{
	struct address_change batch[NETLINK_BATCH_MAX];
	unsigned count = 0, removed = 0;

	for (uint32_t k = 0; k < i->n_vips && i->first_vip + k < b->header->shape.vips; k++) {
		if (!to_change(n, &b->vips[i->first_vip + k], &batch[count]))
			continue;
		if (++count < NETLINK_BATCH_MAX)
			continue;
		removed += count - netlink_batch_send(n, batch, count);
		count = 0;
	}
	if (count > 0)
		removed += count - netlink_batch_send(n, batch, count);
	return removed;
}

unsigned orphan_remove_addresses(struct supervisor *s, usec_t delay)
{
	const struct netlink_options options = {.monitor = false};
	const struct netlink_events events = {.link = ignore_link, .address = ignore_address};
	const struct board *b = &s->now.board[SLOT_VRRP].map;
	struct netlink *n;
	unsigned removed = 0;

	if (!b->header || netlink_open(&options, &events, &n) < 0)
		return 0;
	for (uint32_t k = 0; k < b->header->shape.instances; k++) {
		struct board_instance i;

		(void)board_read(&b->instances[k], &i,
				 sizeof(i)); /* torn by its death: still the best there is */
		if (is_lost(&i, delay))
			removed += remove_of_instance(n, b, &i);
		else if (i.state != VRRP_MASTER)
			(void)remove_of_instance(n, b, &i);
	}
	netlink_close(n);
	return removed;
}
