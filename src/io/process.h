/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes of our own program: workers, the daemon in the background, and how they end. */
#ifndef HF_IO_PROCESS_H
#define HF_IO_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* The descriptor on which a worker finds its channel. */
#define PROCESS_CHANNEL_FD 3

/* Starts this very program (also if its file was replaced meanwhile) with argv. It inherits our
 * standard streams and environment (less NOTIFY_SOCKET) and `channel_fd` as PROCESS_CHANNEL_FD, no
 * other descriptor; it has its own process group, so that a terminal's ^C is ours to pass on, all
 * signals unblocked and at their default, and gets SIGTERM when we die. pid or -errno. */
pid_t process_start_self(char *const argv[], int channel_fd);

int process_kill(pid_t pid, int signo); /* 0 or -errno */

/* Reaps one child that has ended: its pid and wait status; 0 when there is none (now). */
pid_t process_reap(int *ret_status);

/* Children of children that lose their parent become ours. 0 or -errno. */
int process_subreaper(void);

/* Goes into the background: new session, directory /, standard streams on the null device. Returns
 * false in the daemon, which writes one byte, its exit status so far, to *ret_started_fd when it has
 * started or failed, and closes it. Returns true in the process that was called, after that byte has
 * come or the daemon has died: *ret_status is to be its exit status. */
bool process_daemonise(int *ret_started_fd, int *ret_status);

#endif
