/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the service manager (sd_notify(3)); nothing happens when there is none. */
#ifndef HF_IO_SDNOTIFY_H
#define HF_IO_SDNOTIFY_H

/* Lines "NAME=value" to the socket named by NOTIFY_SOCKET. Never waits. */
void sdnotify(const char *text);

/* READY=1 with our pid: started, or a reload has ended. */
void sdnotify_ready(void);
/* RELOADING=1 with the time it began. */
void sdnotify_reloading(void);

#endif
