/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A check process: probes strangers, and tells lvs what it thinks of them. */
#ifndef HF_PROC_CHECK_WORKER_H
#define HF_PROC_CHECK_WORKER_H

/* Runs until told to stop or the supervisor is gone; the exit status. */
int check_worker_main(int channel_fd);

#endif
