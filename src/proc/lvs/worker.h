/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lvs process: verdicts in, kernel tables out. */
#ifndef HF_PROC_LVS_WORKER_H
#define HF_PROC_LVS_WORKER_H

/* Runs until told to stop; the exit status. */
int lvs_worker_main(int channel_fd);

#endif
