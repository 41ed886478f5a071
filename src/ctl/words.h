/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the model as the words that JSON and metrics show. */
#ifndef HF_CTL_WORDS_H
#define HF_CTL_WORDS_H

#include <stdbool.h>

/* "no-advert" for CAUSE_NO_ADVERT, ... */
const char *words_cause(unsigned kind);
/* "TCP_CHECK", ...: keywords of the configuration. */
const char *words_check(unsigned kind);
/* "server-up" for LVS_RS_UP, ... */
const char *words_lvs_event(unsigned kind);
/* "died" for WORKER_DIED, ... */
const char *words_worker_news(unsigned event);
/* "NAT", "DR", "TUN" */
const char *words_method(unsigned method);
/* "script" for TRACK_SCRIPT, ... */
const char *words_tracker(unsigned kind);

/* The name of a virtual or real server ("[192.0.2.1]:tcp:80", "FWM 1", "[GROUP]:0") for people:
 * "192.0.2.1:80 tcp" or, without the protocol, "192.0.2.1:80"; "[2001:db8::1]:80 tcp"; "fwmark 1";
 * "group GROUP", with its number behind it from the second service of the group on. */
#define WORDS_ENDPOINT_MAX 112
const char *words_endpoint(const char *name, bool protocol, char buf[static WORDS_ENDPOINT_MAX]);

/* Why a server that is up gets nothing new. */
const char *words_idle(bool told_to_drain, unsigned configured_weight);

#endif
