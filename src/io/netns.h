/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces by the names that `ip netns` gives them. */
#ifndef HF_IO_NETNS_H
#define HF_IO_NETNS_H

/* The calling thread goes over to the namespace; it needs CAP_SYS_ADMIN. 0 or -errno. */
int netns_enter(const char *name);

/* The namespace the calling thread is in, as a descriptor; -errno. */
int netns_current(void);
/* Goes back to it, and closes the descriptor. 0 or -errno. */
int netns_return(int fd);

/* Holds a name in the calling thread's namespace as long as the descriptor that is returned is open:
 * -EADDRINUSE when another process holds it for more than two seconds (one that has been killed goes
 * sooner), other -errno. */
int netns_claim(const char *name);

#endif
