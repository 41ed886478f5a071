/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the kernel under /proc/sys, per interface. */
#ifndef HF_IO_SYSCTL_H
#define HF_IO_SYSCTL_H

/* The number in /proc/sys/DIR/IFNAME/NAME, -1 when it can't be read. */
int sysctl_read(const char *dir, const char *ifname, const char *name);
/* Writes it: 0 or -errno. */
int sysctl_write(const char *dir, const char *ifname, const char *name, int value);

#endif
