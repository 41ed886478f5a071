/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: subcommands, and the names `keepalived` and `genhash`. */
#ifndef HF_CTL_CTL_H
#define HF_CTL_CTL_H

/* Does what argv asks for; the exit status. */
int ctl_main(int argc, char **argv);

#endif
