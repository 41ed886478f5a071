/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw ICMP sockets, to be handed to a process that may not open one. */
#ifndef HF_IO_ICMP_SOCKET_H
#define HF_IO_ICMP_SOCKET_H

#include "base/ip.h"

/* A raw socket for ICMP (IP_V4) or ICMPv6 (IP_V6) that hears echo replies only: non-blocking, close on
 * exec, with room for `rcvbuf` bytes of replies. The descriptor or -errno. */
int icmp_socket_open(enum ip_family family, int rcvbuf);

#endif
