/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner: executes track scripts and notify scripts, watches track files, writes FIFOs. */
#ifndef HF_PROC_RUNNER_RUNNER_H
#define HF_PROC_RUNNER_RUNNER_H

/* The worker's life; the channel of the supervisor is channel_fd. The exit status. */
int runner_worker_main(int channel_fd);

#endif
