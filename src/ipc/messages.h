/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every message between the processes: one table gives name, sender, receiver and struct, and the
 * receiving side checks all three. Both ends are the same binary, so there is no versioning.
 * Objects are ids of a configuration generation: what belongs to another generation is dropped.
 */
#ifndef HF_IPC_MESSAGES_H
#define HF_IPC_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/usec.h"

/* There may be several check processes; all other kinds exist once. */
enum process { PROC_SUPERVISOR, PROC_VRRP, PROC_RUNNER, PROC_LVS, PROC_CHECK, PROC_COUNT };
#define CHECK_PROCESSES_MAX 16

/* A configuration to run: carries descriptors of the sealed text and of the worker's board. The
 * first one also tells what the command line said. */
struct msg_config {
	uint32_t generation;
	uint32_t text_len;
	uint8_t log_sink, log_format, log_level, log_facility; /* io/log.h */
	uint8_t log_detail;	 /* -D count */
	bool log_also_stderr;	 /* -l */
	bool dont_release;	 /* -V: leave addresses at stop */
	bool dont_release_ipvs;	 /* -I: leave the virtual servers at stop */
	bool address_monitoring; /* -a */
	uint8_t share, n_shares; /* check: which of the check processes this is, and of how many;
				  * lvs: n_shares of them will answer its snapshot, maybe none */
	uint8_t engine;		 /* lvs: enum conf_lvs_engine in force, never AUTO */
	bool no_services;	 /* runner: of the virtual servers nothing concerns it */
	bool first;		 /* the daemon has just started: lvs_flush is in force */
	bool adopt;		 /* the board holds the past of a predecessor that died */
	usec_t died;		 /* when it was seen dead */
	char run_dir[128];
	char ident_suffix[64];	 /* _NAMESPACE_INSTANCE of syslog idents */
};

/* A new channel to another worker: carries one descriptor. It replaces an older one to the same. */
struct msg_peer {
	uint8_t process; /* enum process */
	uint8_t index;	 /* of the check process */
};

/* Certificates and key for TLS probes, read by the supervisor since a check process may not: comes
 * before each configuration, with one descriptor of a sealed memory file (the three PEM texts one after
 * another, io/memfile.h); without one, and all lengths 0, when the configuration has none. */
struct msg_tls {
	uint32_t ca_len, certificate_len, key_len;
};

/* Raw ICMP and ICMPv6 sockets for PING_CHECK, once per check process, before the first configuration that
 * has one: those that could be opened, in this order; they hear echo replies only. */
struct msg_ping_sockets {
	bool have_v4, have_v6;
};

/* The generation is in force, or could not be (error: -errno, text). */
struct msg_ready {
	uint32_t generation;
	int32_t error;
	char text[160];
};

/* Stop in good order; `stopped` is the answer. */
struct msg_stop {
	uint32_t unused;
};
struct msg_stopped {
	uint32_t unused;
};

/* keepalived's signals that ask for files: enum dump_kind. */
enum dump_kind { DUMP_DATA, DUMP_STATS, DUMP_STATS_CLEAR, DUMP_JSON };
struct msg_dump {
	uint32_t kind;
};

/* vrrp -> runner: send every tracker state you know of this generation, and changes from now on. */
struct msg_snapshot {
	uint32_t generation;
};

/* runner -> vrrp */
struct msg_script_state {
	uint32_t generation, script; /* id of the vrrp_script */
	bool good, timed_out;
	int32_t status; /* exit status or -signal */
};
struct msg_file_value {
	uint32_t generation, file;
	int64_t value;
};

/* vrrp -> runner: something happened; run what is configured for it, in order. */
enum notify_event { NOTIFY_STATE, NOTIFY_RX_LOWER, NOTIFY_PRIORITY };
struct msg_notify {
	uint32_t generation, id; /* instance or group */
	bool is_group;
	bool fifo_only;		 /* after a reload: fifo_write_vrrp_states_on_reload */
	uint8_t event;		 /* enum notify_event */
	uint8_t priority;	 /* 0 for groups */
	uint16_t state, previous; /* enum vrrp_state */
	uint64_t sequence;
	char cause[160];
};

/* check, runner -> lvs: one checker's verdict. */
struct msg_verdict {
	uint32_t generation, checker;
	bool up, drain, has_percent;
	bool absent; /* the check can't be run: its server is judged as if it had none */
	uint16_t percent;
	int64_t contribution;
	char reason[120];
};

/* The answer to SNAPSHOT is complete. */
struct msg_snapshot_end {
	uint32_t generation;
};

/* lvs -> check, runner: ha_suspend. Checkers of the virtual server rest. */
struct msg_suspend {
	uint32_t generation, vs;
	bool suspended;
};

/* vrrp -> lvs: state of an instance, for the sync daemon. */
struct msg_instance_state {
	uint32_t generation, instance;
	uint16_t state; /* enum vrrp_state */
};

/* lvs -> runner: something happened to a virtual or real server; run, write, mail what is configured. */
struct msg_notify_lvs {
	uint32_t generation;
	uint8_t event; /* enum lvs_event_kind */
	bool initial, stopping, rs_up, rs_changed;
	uint32_t vs, rs, checker; /* UINT32_MAX: none, or of the configuration before: */
	uint32_t old_vs, old_rs;  /* ids there */
	int64_t weight;
	uint32_t quorum, hysteresis;
	char vs_name[96], rs_name[96];
	char reason[120];
};

/* supervisor -> runner: what befell a worker, to be an event and an alert. */
enum worker_news { WORKER_DIED, WORKER_READY };
struct msg_worker_news {
	uint8_t process, index;
	uint8_t event;	 /* enum worker_news */
	usec_t at, wall; /* monotonic; since 1970 */
	char text[240];	 /* a sentence */
};

#define MESSAGES(X)                                                        \
	X(CONFIG_VRRP, SUPERVISOR, VRRP, struct msg_config)                \
	X(CONFIG_RUNNER, SUPERVISOR, RUNNER, struct msg_config)            \
	X(PEER_VRRP, SUPERVISOR, VRRP, struct msg_peer)                    \
	X(PEER_RUNNER, SUPERVISOR, RUNNER, struct msg_peer)                \
	X(STOP_VRRP, SUPERVISOR, VRRP, struct msg_stop)                    \
	X(STOP_RUNNER, SUPERVISOR, RUNNER, struct msg_stop)                \
	X(DUMP_VRRP, SUPERVISOR, VRRP, struct msg_dump)                    \
	X(READY_VRRP, VRRP, SUPERVISOR, struct msg_ready)                  \
	X(READY_RUNNER, RUNNER, SUPERVISOR, struct msg_ready)              \
	X(STOPPED_VRRP, VRRP, SUPERVISOR, struct msg_stopped)              \
	X(STOPPED_RUNNER, RUNNER, SUPERVISOR, struct msg_stopped)          \
	X(WORKER_NEWS, SUPERVISOR, RUNNER, struct msg_worker_news)         \
	X(SNAPSHOT, VRRP, RUNNER, struct msg_snapshot)                     \
	X(NOTIFY, VRRP, RUNNER, struct msg_notify)                         \
	X(SCRIPT_STATE, RUNNER, VRRP, struct msg_script_state)             \
	X(FILE_VALUE, RUNNER, VRRP, struct msg_file_value)                 \
	X(CONFIG_LVS, SUPERVISOR, LVS, struct msg_config)                  \
	X(CONFIG_CHECK, SUPERVISOR, CHECK, struct msg_config)              \
	X(PEER_LVS, SUPERVISOR, LVS, struct msg_peer)                      \
	X(PEER_CHECK, SUPERVISOR, CHECK, struct msg_peer)                  \
	X(STOP_LVS, SUPERVISOR, LVS, struct msg_stop)                      \
	X(STOP_CHECK, SUPERVISOR, CHECK, struct msg_stop)                  \
	X(READY_LVS, LVS, SUPERVISOR, struct msg_ready)                    \
	X(READY_CHECK, CHECK, SUPERVISOR, struct msg_ready)                \
	X(STOPPED_LVS, LVS, SUPERVISOR, struct msg_stopped)                \
	X(STOPPED_CHECK, CHECK, SUPERVISOR, struct msg_stopped)            \
	X(TLS, SUPERVISOR, CHECK, struct msg_tls)                          \
	X(PING_SOCKETS, SUPERVISOR, CHECK, struct msg_ping_sockets)        \
	X(SNAPSHOT_VRRP, LVS, VRRP, struct msg_snapshot)                   \
	X(SNAPSHOT_RUNNER, LVS, RUNNER, struct msg_snapshot)               \
	X(SNAPSHOT_CHECK, LVS, CHECK, struct msg_snapshot)                 \
	X(SNAPSHOT_END_RUNNER, RUNNER, LVS, struct msg_snapshot_end)       \
	X(SNAPSHOT_END_CHECK, CHECK, LVS, struct msg_snapshot_end)         \
	X(INSTANCE_STATE, VRRP, LVS, struct msg_instance_state)            \
	X(VERDICT_RUNNER, RUNNER, LVS, struct msg_verdict)                 \
	X(VERDICT_CHECK, CHECK, LVS, struct msg_verdict)                   \
	X(FILE_VALUE_LVS, RUNNER, LVS, struct msg_file_value)              \
	X(SUSPEND_RUNNER, LVS, RUNNER, struct msg_suspend)                 \
	X(SUSPEND_CHECK, LVS, CHECK, struct msg_suspend)                   \
	X(NOTIFY_LVS, LVS, RUNNER, struct msg_notify_lvs)

enum message_kind {
#define X(name, from, to, type) MSG_##name,
	MESSAGES(X)
#undef X
	MSG_KINDS,
};

#define MSG_MAX 512
#define MSG_FDS_MAX 2

#define X(name, from, to, type) _Static_assert(sizeof(type) <= MSG_MAX, #name " is too long");
MESSAGES(X)
#undef X

#endif
