/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's IPVS tables through generic netlink: what is there, and changes in batches. Knows the
 * messages and what errors mean, not who wants which service and why.
 */
#ifndef HF_IO_IPVS_H
#define HF_IO_IPVS_H

#include "base/arena.h"
#include "model/lvs.h"
#include "model/service.h"

struct ipvs;

/* Opens the channel in the network namespace of the calling thread; the module is loaded by the
 * kernel when it may. 0; -ENOENT: this kernel has no IPVS; -EPERM: we may not change it; other -errno.
 * rcvbuf in bytes, 0: the system's. */
int ipvs_open(uint32_t rcvbuf, bool force, struct ipvs **ret);
struct ipvs *ipvs_close(struct ipvs *i);

/* What there is of the services in `keys`, with their destinations (unsorted), in `a` and in the order
 * of `keys`. One by one: the kernel's dump of all counts over every namespace, and misses some while
 * others come and go anywhere. 0 or -errno. */
int ipvs_read(struct ipvs *i, const struct service_table *keys, struct arena *a,
	      struct service_table *ret);

/* Connections of destinations of one service: established ones of TCP and SCTP, all of others. 0 or
 * -errno. */
int ipvs_census(struct ipvs *i, struct dest_census *v, unsigned n);

/* Sends the changes in batches, in order, and fills their errors. What is so already (an addition
 * that exists, a deletion of what is not there) counts as done; an addition that exists with other
 * values, and a change of what is not there, are mended. Returns how many failed. */
unsigned ipvs_apply(struct ipvs *i, struct service_change *v, unsigned n);

/* Removes everything, also what others made. */
int ipvs_flush(struct ipvs *i);

struct ipvs_timeouts {
	uint32_t tcp, tcpfin, udp; /* seconds */
};
int ipvs_timeouts_get(struct ipvs *i, struct ipvs_timeouts *ret);
int ipvs_timeouts_set(struct ipvs *i, const struct ipvs_timeouts *t);

/* The connection synchronisation daemon: one for sending (master), one for receiving (backup).
 * Starting one that runs and stopping one that does not are -EEXIST and -ESRCH. */
int ipvs_sync_start(struct ipvs *i, bool master, const struct conf_lvs_sync_daemon *d);
int ipvs_sync_stop(struct ipvs *i, bool master, const struct conf_lvs_sync_daemon *d);

#endif
