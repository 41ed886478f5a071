/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What snapshot_open() reads at once, since it is asked for in another order than it lies there. */
#ifndef HF_CTL_SNAPSHOT_READ_H
#define HF_CTL_SNAPSHOT_READ_H

#include "ctl/snapshot.h"

void snapshot_read_services(struct snapshot *s);
void snapshot_read_probes(struct snapshot *s);
void snapshot_read_events(struct snapshot *s);

#endif
