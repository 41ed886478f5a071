/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board: one shared memory file per worker, written by that worker alone, read by anybody.
 * Asking never reaches a worker. Records are fixed, one per object of the configuration, each under
 * a sequence lock. A restarted worker reads its own past from it.
 */
#ifndef HF_IPC_BOARD_H
#define HF_IPC_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/usec.h"
#include "ipc/messages.h"
#include "model/state.h"

#define BOARD_MAGIC 0x48464254u /* "HFBT"; the layout is checked by BOARD_LAYOUT */
#define BOARD_LAYOUT 16
#define BOARD_NAME_MAX 64
#define BOARD_EVENTS 256
#define BOARD_PARTS 8
#define BOARD_PEERS 8
#define BOARD_DRAINS 64 /* records of lvs for servers that a reload removed */
#define BOARD_NO_FORWARDING 1u  /* net.ipv4.ip_forward */
#define BOARD_NO_FORWARDING6 2u /* net.ipv6.conf.all.forwarding */
#define BOARD_UNKNOWN UINT32_MAX /* a number that nobody knows */

/* Sequence lock: odd while the record is being written. */
typedef _Atomic uint32_t board_seq;

struct board_part {
	char name[32];
	uint8_t kind; /* TRACK_* */
	bool fault;
	int16_t value;
};

/* Counters, named as in keepalived's JSON, which has those of authentication extensions between the
 * first and the second list, and not the third. */
#define BOARD_COUNTERS_FIRST(X)                                                                    \
	X(uint64_t, advert_rcvd)                                                                   \
	X(uint64_t, advert_sent)                                                                   \
	X(uint64_t, become_master)                                                                 \
	X(uint64_t, release_master)                                                                \
	X(uint32_t, packet_len_err)                                                                \
	X(uint32_t, advert_interval_err)                                                           \
	X(uint32_t, ip_ttl_err)                                                                    \
	X(uint32_t, invalid_type_rcvd)                                                             \
	X(uint32_t, addr_list_err)                                                                 \
	X(uint32_t, invalid_authtype)                                                              \
	X(uint32_t, authtype_mismatch)                                                             \
	X(uint32_t, auth_failure)
#define BOARD_COUNTERS_SECOND(X)                                                                   \
	X(uint32_t, pri_zero_rcvd)                                                                 \
	X(uint32_t, pri_zero_sent)
#define BOARD_COUNTERS_OURS(X)                                                                     \
	X(uint32_t, checksum_err)                                                                  \
	X(uint32_t, version_err)                                                                   \
	X(uint32_t, vrid_err)

struct board_counters {
#define X(type, name) type name;
	BOARD_COUNTERS_FIRST(X)
	BOARD_COUNTERS_SECOND(X)
	BOARD_COUNTERS_OURS(X)
#undef X
};

/* Adverts for an instance that were not accepted, or that list other addresses than it has. */
struct board_refused {
	usec_t at;  /* of the newest, monotonic, 0: never */
	uint64_t n; /* all of them */
	struct ip_addr from;
	uint8_t verdict; /* enum vrrp_rx_verdict; VRRP_RX_OK of those that differ */
	bool over; /* one of its sender has been accepted since */
	char text[112];
};

struct board_instance {
	board_seq seq;
	uint8_t state, family, version, vrid;
	uint8_t base, effective, master_priority, n_parts;
	bool leaving, adopted, legacy_checksum;
	bool wants; /* BACKUP: it would be MASTER, its sync group is not ready */
	uint32_t group;		/* id or UINT32_MAX */
	uint32_t first_vip, n_vips;
	char name[BOARD_NAME_MAX];
	char interface[16];
	usec_t since;		/* monotonic */
	usec_t advert_int, master_interval;
	usec_t master_heard;	/* monotonic, 0: never */
	usec_t master_down;	/* silence after which there is no master */
	struct ip_addr source, master, rival;
	uint8_t rival_priority;
	uint32_t rival_adverts;
	usec_t rival_since, rival_last;
	struct cause cause;
	struct cause followed; /* CAUSE_GROUP: that of the member it follows, as it was then */
	struct board_part parts[BOARD_PARTS];
	struct board_counters counters;
	struct board_refused refused, differs;
	uint32_t n_peers; /* all of them; 0: multicast */
	struct ip_addr peers[BOARD_PEERS]; /* the first ones */
};

struct board_vip {
	struct ip_addr addr;
	uint8_t prefix;
	bool present, excluded;
	char interface[16];
};

struct board_group {
	board_seq seq;
	uint8_t state;
	char name[BOARD_NAME_MAX];
	usec_t since;
	struct cause cause;
};

struct board_script { /* of the runner: vrrp_script */
	board_seq seq;
	bool known, good, running, timed_out;
	bool unusable; /* there is no command that may be run: nobody follows it */
	int32_t last_status;
	uint64_t runs, failures, skipped;
	usec_t last_start, last_duration;
	char name[BOARD_NAME_MAX];
	char output[128]; /* end of what it last wrote to standard error */
};

struct board_file { /* of the runner: track_file */
	board_seq seq;
	bool known;
	int64_t value;
	char name[BOARD_NAME_MAX];
};

struct board_service { /* of lvs: virtual_server */
	board_seq seq;
	char name[96]; /* lvs_service_name() */
	char scheduler[16];
	bool up, sorry, panic, suspended;
	uint32_t first_server, n_servers, n_up;
	uint32_t n_unchecked; /* servers with checks that can't be run */
	uint32_t n_idle; /* servers that are up, but with weight 0 */
	uint32_t quorum, hysteresis;
	int64_t live_weight;
	usec_t since; /* monotonic, of `up` */
	int32_t error; /* of the kernel's last refusal, -errno, 0: none */
};

struct board_server { /* of lvs: real_server */
	board_seq seq;
	char name[96]; /* lvs_server_name() */
	uint32_t service;
	bool up, in_table, draining, ramping;
	bool idle, told_to_drain; /* weight 0, though it is up; an agent says so */
	uint8_t method; /* enum lvs_method */
	uint32_t weight, configured_weight;
	uint32_t target;      /* where a slow start leads to */
	uint32_t connections; /* while it drains, or BOARD_UNKNOWN */
	uint32_t n_checkers, n_failed;
	uint32_t n_absent; /* checkers that can't be run */
	usec_t since;
	usec_t until; /* monotonic: the end of draining or of slow start; 0: neither, or nobody knows */
	uint8_t failed_kind; /* enum conf_check_kind of the first failed (else absent) checker ... */
	uint64_t failed_share[2]; /* ... and its key: whose board_probe says more; 0: none */
	char reason[120];
};

struct board_drain { /* of lvs: a real server that a reload removed, while it drains */
	board_seq seq;
	uint32_t service;
	uint32_t connections; /* or BOARD_UNKNOWN */
	usec_t until; /* monotonic */
	char name[96]; /* lvs_server_name() */
};

/* What lvs_sync_daemon has the kernel do. */
struct board_sync {
	board_seq seq;
	bool configured, master, backup; /* which halves run */
	bool failed; /* one that should run can't be started */
	uint8_t id;
	char interface[16];
};

/* Servers that get nothing, as the nftables engine finds no way to them. */
struct board_wayless {
	board_seq seq;
	uint32_t n;
	struct ip_addr first;
};

/* Alerts of the runner that can't be delivered at the moment. */
#define BOARD_OUTBOXES 2 /* mail, webhook */
struct board_outbox {
	board_seq seq;
	uint32_t waiting; /* 0: all is well */
	usec_t since;	  /* monotonic, of the oldest */
	char name[16];
	char error[160]; /* of the last try */
};

/* What the kernel's IPVS timeouts were before us, to be given back, whoever of us does it. */
struct board_timeouts {
	_Atomic uint32_t known; /* set when the others are */
	uint32_t tcp, tcpfin, udp; /* seconds */
};

struct board_probe { /* of a check process: what it knows of one probe; of the runner: MISC_CHECK */
	board_seq seq;
	uint64_t identity[2], share[2]; /* struct check_key */
	uint32_t checker; /* id of the first checker it stands for */
	uint32_t sharers; /* how many it stands for */
	uint8_t kind;	  /* enum conf_check_kind */
	bool has_run, up, fresh, drain, has_percent;
	bool has_weight; /* MISC: `contribution` is the weight that the script has said */
	uint16_t percent, url, good_urls;
	uint32_t failures;
	int64_t contribution;
	int32_t status; /* MISC: exit status or -signal */
	uint64_t runs, failed_runs;
	usec_t last_start, last_duration; /* monotonic */
	usec_t due;
	usec_t worst_lateness;
	usec_t certificate_ends; /* wall time, 0: not known */
	char reason[120]; /* why the last run failed, "": it did not */
};

struct board_event {
	board_seq seq;
	uint64_t number;  /* 1, 2, ...; 0: empty */
	usec_t at, wall;  /* monotonic; since 1970 */
	bool is_group;
	bool is_service; /* lvs: what happened is `lvs_event` (enum lvs_event_kind) and `text` */
	uint8_t lvs_event;
	bool is_worker; /* of the runner: what befell the process `name` (enum worker_news) and `text` */
	uint8_t worker_news;
	uint16_t from, to;
	uint8_t priority;
	char name[BOARD_NAME_MAX];
	struct cause cause;
	char text[256]; /* a sentence, when is_service or is_worker */
};

/* What a configuration says that could not be used: it runs without. */
struct board_errors {
	uint32_t n;
	char first[244]; /* "FILE:LINE:COL: error[...]: ...", "": none */
};

/* Numbers of records; the layout follows from them. */
struct board_shape {
	uint32_t instances, vips, groups, scripts, files;
	uint32_t services, servers, probes, drains;
};

struct board_header {
	uint32_t magic, layout;
	uint64_t size;
	struct board_shape shape;
	uint32_t process;     /* enum process */
	uint32_t index;	      /* of a check process */
	char engine[16];      /* lvs: "ipvs", "nftables" */
	struct board_sync sync; /* of lvs */
	struct board_wayless wayless; /* of lvs */
	struct board_outbox outbox[BOARD_OUTBOXES]; /* of the runner */
	struct board_timeouts timeouts; /* of lvs */
	_Atomic uint32_t unforwarded; /* of lvs: BOARD_NO_FORWARDING: NAT needs it, the kernel has it off */
	_Atomic uint32_t drains; /* of lvs: how many there are; the first have a record */
	uint32_t generation;
	int32_t daemon_pid;	/* the supervisor; these two and those that say so are written by it */
	int64_t daemon_started; /* monotonic */
	_Atomic int32_t pid;  /* of the worker, 0: none */
	_Atomic int64_t heartbeat; /* monotonic, at least once a second while the worker lives */
	_Atomic int64_t started; /* monotonic */
	_Atomic uint64_t events; /* number of the newest event */
	_Atomic uint32_t restarts; /* by the supervisor */
	_Atomic int64_t next_start; /* by the supervisor: of a worker that died, monotonic, 0: at once */
	_Atomic int64_t reload_refused; /* by the supervisor: when a reload last failed, monotonic, 0: none */
	_Atomic uint32_t rt_priority; /* SCHED_RR priority in force, 0: none */
	_Atomic uint32_t mem_locked;
	_Atomic int64_t worst_lateness; /* usec, of a timer */
	_Atomic uint64_t notify_sequence; /* of the newest notification; goes on over restarts and reloads */
	int64_t wall_offset;  /* wall time - monotonic time at start, for printing "since" */
	char conf_path[256];
	char router_id[BOARD_NAME_MAX]; /* "": not configured */
	struct board_errors errors; /* of the configuration */
};

struct board {
	struct board_header *header; /* the mapping */
	struct board_instance *instances;
	struct board_vip *vips;
	struct board_group *groups;
	struct board_script *scripts;
	struct board_file *files;
	struct board_service *services;
	struct board_server *servers;
	struct board_probe *probes;
	struct board_drain *drains;
	struct board_event *events; /* BOARD_EVENTS */
	size_t size;
	bool writable;
};

size_t board_size(const struct board_shape *shape);

/* Creates the file `path` (mode 0644, replaced in one step) with empty records: descriptor or -errno. */
int board_create(const char *path, enum process p, const struct board_shape *shape, uint32_t generation,
		 const char *conf_path);

/* Maps a board; checks magic, layout and that every size fits the file. 0 or -errno. */
int board_map(int fd, bool writable, struct board *ret);
void board_unmap(struct board *b);

/* Writer: before and after a record is changed. Reader: copies a record without tearing; false when
 * the writer died in the middle of it (the copy may be torn). */
void board_write_begin(board_seq *seq);
void board_write_end(board_seq *seq);
bool board_read(const void *record, void *ret, size_t size);

/* Appends an event to the ring. */
void board_event_add(struct board *b, const struct board_event *e);
/* Takes over the events of the board before a reload; the writer of `to` calls it. */
void board_event_carry(struct board *to, const struct board *from);

#endif
