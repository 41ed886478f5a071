/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vrrp process: elections, addresses, announcements. Never executes anything, never resolves a
 * name, never waits for anybody. */
#ifndef HF_PROC_VRRP_WORKER_H
#define HF_PROC_VRRP_WORKER_H

/* Runs the worker on its end of the channel to the supervisor; returns its exit status. */
int vrrp_worker_main(int channel_fd);

#endif
