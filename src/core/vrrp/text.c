/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the sentences of causes and notes. Where keepalived has a phrase that people grep for, it
 * is that phrase; the numbers behind it follow. Must not know: where they are written to.
 */
#include "core/vrrp/internal.h"

#include "base/str.h"

void cause_names(struct cause *c, const char *name, const char *name2)
{
	if (name)
		str_copy(c->name, sizeof(c->name), name);
	if (name2)
		str_copy(c->name2, sizeof(c->name2), name2);
}

/* 3 s, 3.61 s, 36.1 ms */
static void span_text(usec_t t, struct buf *out)
{
	long long hundredths;

	if (t < USEC_PER_SEC / 10) {
		long long tenths = (t + 50) / 100;

		buf_printf(out, tenths % 10 ? "%lld.%lld ms" : "%lld ms", tenths / 10, tenths % 10);
		return;
	}
	hundredths = (t + 5000) / 10000;
	if (hundredths % 100 == 0)
		buf_printf(out, "%lld s", hundredths / 100);
	else if (hundredths % 10 == 0)
		buf_printf(out, "%lld.%lld s", hundredths / 100, hundredths % 100 / 10);
	else
		buf_printf(out, "%lld.%02lld s", hundredths / 100, hundredths % 100);
}

static void no_advert_text(const struct cause *c, const char *who, struct buf *out)
{
	if (ip_is_set(&c->address))
		buf_printf(out, "no advert from %s for ", who);
	else
		buf_printf(out, "no advert heard for ");
	span_text(c->silence, out);
	buf_printf(out, " (%u x ", c->adverts);
	span_text(c->interval, out);
	buf_printf(out, " + skew ");
	span_text(c->skew, out);
	buf_printf(out, ")");
}

static void cleared_text(const struct cause *c, struct buf *out)
{
	if (c->value == CAUSE_INTERFACE_DOWN)
		buf_printf(out, "interface %s up", c->name);
	else if (c->value == CAUSE_INTERFACE_MISSING)
		buf_printf(out, "interface %s is there", c->name);
	else if (c->value == CAUSE_NO_ADDRESS)
		buf_printf(out, "interface %s has an address", c->name);
	else if (c->value == CAUSE_SCRIPT_FAILED)
		buf_printf(out, "script %s succeeds", c->name);
	else if (c->value == CAUSE_FILE_VALUE)
		buf_printf(out, "tracked file %s is good", c->name);
	else if (c->value == CAUSE_VIP_REMOVED)
		buf_printf(out, "trying again after addresses had been removed");
	else
		buf_printf(out, "all faults cleared");
}

static void script_text(const struct cause *c, struct buf *out)
{
	buf_printf(out, "script %s ", c->name);
	if (c->adverts)
		buf_printf(out, "timed out");
	else if (c->value < 0)
		buf_printf(out, "failed (due to signal %d)", -c->value);
	else
		buf_printf(out, "failed (exited with status %d)", c->value);
}

static void fault_text(const struct cause *c, struct buf *out)
{
	if (c->kind == CAUSE_INTERFACE_DOWN)
		buf_printf(out, "interface %s %s", c->name, c->value ? "up" : "down");
	else if (c->kind == CAUSE_INTERFACE_MISSING)
		buf_printf(out, "waiting for interface %s to appear", c->name);
	else if (c->kind == CAUSE_NO_ADDRESS)
		buf_printf(out, "no IPv%d address for interface %s", c->value, c->name);
	else if (c->kind == CAUSE_SCRIPT_FAILED)
		script_text(c, out);
	else if (c->kind == CAUSE_SCRIPT_PENDING)
		buf_printf(out, "waiting for the first result of script %s", c->name);
	else if (c->kind == CAUSE_FILE_VALUE)
		buf_printf(out, "tracked file %s has status %d", c->name, c->value);
	else if (c->kind == CAUSE_PROCESS_QUORUM)
		buf_printf(out, "tracked process %s quorum not achieved", c->name);
	else if (c->kind == CAUSE_BFD_DOWN)
		buf_printf(out, "BFD instance %s down", c->name);
	else if (c->kind == CAUSE_CONFIG)
		buf_printf(out, "disabled by its configuration: %s", c->name);
	else if (c->kind == CAUSE_VRID_CLASH)
		buf_printf(out, "VRID clash with %s", c->name);
}

static void election_text(const struct cause *c, const char *who, struct buf *out)
{
	if (c->kind == CAUSE_MASTER_LEFT) {
		buf_printf(out, "master %s left (priority 0), skew ", who);
		span_text(c->skew, out);
	} else if (c->kind == CAUSE_PREEMPT) {
		buf_printf(out, "master %s has lower priority %u, ours %u", who, c->peer_priority,
			   c->own_priority);
	} else if (c->kind == CAUSE_HIGHER_PRIORITY) {
		buf_printf(out, "Master received advert from %s with higher priority %u, ours %u",
			   who, c->peer_priority, c->own_priority);
	} else if (c->kind == CAUSE_HIGHER_ADDRESS) {
		buf_printf(out,
			   "Master received advert from %s with same priority %u but higher IP "
			   "address than ours",
			   who, c->peer_priority);
	} else if (c->kind == CAUSE_DUPLICATE_OWNER) {
		buf_printf(out,
			   "CONFIGURATION ERROR: local instance and %s are both configured as "
			   "address owner, please resolve",
			   who);
	}
}

void vrrp_cause_text(const struct cause *c, struct buf *out)
{
	char who[IP_TEXT_MAX];

	ip_format(&c->address, who);
	switch ((enum cause_kind)c->kind) {
	case CAUSE_NONE:
		return;
	case CAUSE_START:
		buf_printf(out, "started, listening for a master");
		return;
	case CAUSE_ADOPTED:
		buf_printf(out, "role adopted from the process before");
		return;
	case CAUSE_OWNER:
		buf_printf(out, "address owner (priority 255)");
		return;
	case CAUSE_NO_ADVERT:
		no_advert_text(c, who, out);
		return;
	case CAUSE_MASTER_LEFT:
	case CAUSE_PREEMPT:
	case CAUSE_HIGHER_PRIORITY:
	case CAUSE_HIGHER_ADDRESS:
	case CAUSE_DUPLICATE_OWNER:
		election_text(c, who, out);
		return;
	case CAUSE_INTERFACE_DOWN:
	case CAUSE_INTERFACE_MISSING:
	case CAUSE_NO_ADDRESS:
	case CAUSE_SCRIPT_FAILED:
	case CAUSE_SCRIPT_PENDING:
	case CAUSE_FILE_VALUE:
	case CAUSE_PROCESS_QUORUM:
	case CAUSE_BFD_DOWN:
	case CAUSE_CONFIG:
	case CAUSE_VRID_CLASH:
		fault_text(c, out);
		return;
	case CAUSE_FAULT_CLEARED:
		cleared_text(c, out);
		return;
	case CAUSE_GROUP:
		buf_printf(out, "sync group %s follows %s", c->name, c->name2);
		return;
	case CAUSE_VIP_REMOVED:
		buf_printf(out, "address %s was removed by somebody else again and again", who);
		return;
	case CAUSE_STALLED:
		buf_printf(out, "this process was not run for %d ms", c->value);
		return;
	case CAUSE_RELOAD:
		buf_printf(out, "configuration changed");
		return;
	case CAUSE_SHUTDOWN:
		buf_printf(out, "shutdown");
		return;
	}
}

static void rival_text(const struct vrrp_action *a, uint8_t own, const char *peer, const char *mine,
		       struct buf *out)
{
	const char *why = a->value == CAUSE_OWNER	      ? "address owner"
			  : a->value == CAUSE_HIGHER_PRIORITY ? "higher priority"
							      : "same priority and higher address";

	buf_printf(out,
		   "Received advert from %s with lower priority %u, ours %u%s: "
		   "two masters, %s (%u) does not yield to %s (%u): %s",
		   peer, a->priority, own, a->rounds ? ", forcing new election" : "", mine, own,
		   peer, a->priority, why);
}

static void preempt_text(const struct vrrp_action *a, struct buf *out)
{
	if (a->value)
		buf_printf(out, "start preempt delay (%lld.%03lld000)", (long long)a->value / 1000,
			   (long long)a->value % 1000);
	else
		buf_printf(out, "stop preempt delay");
}

void vrrp_waiting_text(const struct ip_addr *master, uint8_t priority, uint8_t own, struct buf *out)
{
	char text[IP_TEXT_MAX];

	if (ip_is_set(master))
		buf_printf(out, "hears %s with priority %u, its own is %u", ip_format(master, text), priority,
			   own);
	else
		buf_printf(out, "still listens for a master");
}

void vrrp_note_text(const struct vrrp_action *a, uint8_t own, struct buf *out)
{
	char peer[IP_TEXT_MAX], other[IP_TEXT_MAX];
	long long value = a->value;

	ip_format(&a->address, peer);
	ip_format(&a->address2, other);
	switch ((enum vrrp_note)a->note) {
	case VRRP_NOTE_LOWER_DISCARDED:
		buf_printf(out, "received lower priority (%u) advert from %s - discarding",
			   a->priority, peer);
		return;
	case VRRP_NOTE_MASTER_CHANGED:
		if (ip_is_set(&a->address2))
			buf_printf(out, "master changed from %s to %s", other, peer);
		else
			buf_printf(out, "master set to %s", peer);
		return;
	case VRRP_NOTE_PRIORITY_ZERO:
		buf_printf(out,
			   a->from == VRRP_MASTER
				   ? "Master received priority 0 message from %s"
				   : "Backup received priority 0 advertisement from %s",
			   peer);
		return;
	case VRRP_NOTE_RIVAL:
		rival_text(a, own, peer, other, out);
		return;
	case VRRP_NOTE_RIVAL_GONE:
		buf_printf(out,
			   "other master %s (%u) has stopped advertising after %lld ms, announcing "
			   "our addresses again",
			   peer, a->priority, value);
		return;
	case VRRP_NOTE_OWNER_CLASH:
		buf_printf(out,
			   "CONFIGURATION ERROR: local instance and %s are both configured as "
			   "address owner, please resolve",
			   peer);
		return;
	case VRRP_NOTE_OWN_ADDRESS:
		buf_printf(out, "WARNING - equal priority advert received from remote host with "
				"our IP address.");
		return;
	case VRRP_NOTE_PREEMPT_DELAY:
		preempt_text(a, out);
		return;
	case VRRP_NOTE_INTERVAL:
		buf_printf(out, "advertisement interval updated from %ums to %lldms by master",
			   a->rounds, value);
		return;
	case VRRP_NOTE_OWN_INTERVAL:
		buf_printf(out, "changing advert interval from %ums to locally configured %lldms",
			   a->rounds, value);
		return;
	case VRRP_NOTE_WAITING_GROUP:
	case VRRP_NOTE_HELD_BY_GROUP:
		buf_printf(out, "wants MASTER, sync group %s waits for %s, which ", a->cause.name,
			   a->cause.name2);
		vrrp_waiting_text(&a->address, a->priority, (uint8_t)a->value, out);
		return;
	case VRRP_NOTE_STILL_FAULT:
		buf_printf(out, "Still in FAULT: ");
		vrrp_cause_text(&a->cause, out);
		return;
	case VRRP_NOTE_VIP_RESTORED:
		buf_printf(out, "address %s was removed by somebody else, put back", peer);
		return;
	case VRRP_NOTE_LEAVING:
		buf_printf(out, "sent 0 priority, keeping the addresses until the new master "
				"speaks");
		return;
	case VRRP_NOTE_HANDED_OVER:
		buf_printf(out, "handed over to %s after %lld ms", peer, value);
		return;
	case VRRP_NOTE_STALLED:
		buf_printf(out, "this process was not run for %lld ms", value);
		return;
	case VRRP_NOTE_AUTH_OWNER_254:
		buf_printf(out, "lowering priority to 254, %s persists as address owner", peer);
		return;
	}
}
