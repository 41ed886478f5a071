/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the model as the words that JSON and metrics show. */
#ifndef HF_CTL_WORDS_H
#define HF_CTL_WORDS_H

/* "no-advert" for CAUSE_NO_ADVERT, ... */
const char *words_cause(unsigned kind);
/* "TCP_CHECK", ...: keywords of the configuration. */
const char *words_check(unsigned kind);
/* "server-up" for LVS_RS_UP, ... */
const char *words_lvs_event(unsigned kind);
/* "NAT", "DR", "TUN" */
const char *words_method(unsigned method);
/* "script" for TRACK_SCRIPT, ... */
const char *words_tracker(unsigned kind);

#endif
