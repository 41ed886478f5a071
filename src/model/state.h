/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States of an instance or group, and the causes of transitions: the words every layer shares.
 * A cause is data (numbers and addresses), its sentence is made from it by vrrp_cause_text().
 */
#ifndef HF_MODEL_STATE_H
#define HF_MODEL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/usec.h"

/* The numbers are those of keepalived's JSON and MIB. STOP and DELETED exist only for notifications. */
enum vrrp_state {
	VRRP_INIT = 0,
	VRRP_BACKUP = 1,
	VRRP_MASTER = 2,
	VRRP_FAULT = 3,
	VRRP_DELETED = 97,
	VRRP_STOP = 98,
};

static inline const char *vrrp_state_name(enum vrrp_state s)
{
	switch (s) {
	case VRRP_INIT:
		return "INIT";
	case VRRP_BACKUP:
		return "BACKUP";
	case VRRP_MASTER:
		return "MASTER";
	case VRRP_FAULT:
		return "FAULT";
	case VRRP_DELETED:
		return "DELETED";
	case VRRP_STOP:
		return "STOP";
	}
	return "?";
}

enum cause_kind {
	CAUSE_NONE = 0,
	CAUSE_START,		/* the daemon started */
	CAUSE_ADOPTED,		/* a restarted worker took up the role it had */
	CAUSE_OWNER,		/* priority 255 and state MASTER: no waiting */
	CAUSE_NO_ADVERT,	/* master down interval ran out: address, numbers below */
	CAUSE_MASTER_LEFT,	/* priority 0 advert heard, skew time ran out */
	CAUSE_HIGHER_PRIORITY,	/* address, peer_priority, own_priority */
	CAUSE_HIGHER_ADDRESS,	/* same priority, greater address */
	CAUSE_INTERFACE_DOWN,	/* name */
	CAUSE_INTERFACE_MISSING, /* name: waiting for it to appear */
	CAUSE_NO_ADDRESS,	/* name: no source address (of the family) on it */
	CAUSE_SCRIPT_FAILED,	/* name, value = exit status */
	CAUSE_SCRIPT_PENDING,	/* name: no result yet */
	CAUSE_FILE_VALUE,	/* name, value */
	CAUSE_PROCESS_QUORUM,	/* name */
	CAUSE_BFD_DOWN,		/* name */
	CAUSE_CONFIG,		/* the configuration disables the instance; name = why */
	CAUSE_VRID_CLASH,	/* name = other instance */
	CAUSE_FAULT_CLEARED,	/* everything that held it in FAULT is good again; name = the last of it */
	CAUSE_GROUP,		/* dragged along by sync group `name`, member in `name2` */
	CAUSE_VIP_REMOVED,	/* address: removed by somebody else too often */
	CAUSE_STALLED,		/* this process was not run for value ms */
	CAUSE_RELOAD,		/* a new configuration demands it */
	CAUSE_SHUTDOWN,		/* the daemon stops */
	CAUSE_DUPLICATE_OWNER,	/* another address owner, address */
	CAUSE_PREEMPT,		/* a master of lower priority was ignored until the time was up: address,
				 * peer_priority, own_priority */
};

#define CAUSE_NAME_MAX 64

struct cause {
	uint16_t kind;		/* enum cause_kind */
	uint8_t own_priority;
	uint8_t peer_priority;
	int32_t value;
	struct ip_addr address; /* the router it is about */
	uint8_t adverts;	/* down_timer_adverts, for CAUSE_NO_ADVERT */
	usec_t silence;		/* how long nothing was heard */
	usec_t interval;	/* master advert interval used in the sum */
	usec_t skew;
	char name[CAUSE_NAME_MAX];
	char name2[CAUSE_NAME_MAX];
};

#endif
