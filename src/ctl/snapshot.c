/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the boards. Asks no process: a board with a living pid and a fresh heartbeat is the
 * truth, any other one is only history. Must not know how it is shown.
 */
#include "ctl/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "ctl/snapshot_read.h"
#include "io/loop.h"
#include "ipc/channel.h"

#define RELOAD_TRIES 10
#define RELOAD_PAUSE (10 * USEC_PER_MSEC)
#define REFUSED_FOR (10 * USEC_PER_SEC) /* at least as long a refused advert is news */

static int open_board(const char *run_dir, const char *name, struct board *ret)
{
	char path[512];
	int fd, r;

	snprintf(path, sizeof(path), "%s/%s.board", run_dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = board_map(fd, false, ret);
	close(fd);
	return r;
}

static bool is_alive(int32_t pid)
{
	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

bool snapshot_is_lost(const struct snapshot *s, const struct board_header *h, char reason[static 160])
{
	int32_t pid = atomic_load(&h->pid);
	usec_t beat = atomic_load(&h->heartbeat), next = atomic_load(&h->next_start);
	char name[PROCESS_LABEL_MAX];

	process_label(h->process, h->index, name);
	if (!is_alive(h->daemon_pid))
		snprintf(reason, 160, "the daemon (pid %d) is gone", h->daemon_pid);
	else if (pid <= 0 && next > s->now)
		snprintf(reason, 160, "the %s worker does not run, started again in %.1f s", name,
			 (double)(next - s->now) / USEC_PER_SEC);
	else if (pid <= 0)
		snprintf(reason, 160, "the %s worker does not run", name);
	else if (!is_alive(pid))
		snprintf(reason, 160, "the %s worker (pid %d) is gone", name, pid);
	else if (s->now - beat > SNAPSHOT_HEARTBEAT_MAX)
		snprintf(reason, 160, "the %s worker (pid %d) gave no sign of life for %.1f s", name, pid,
			 (double)(s->now - beat) / USEC_PER_SEC);
	else
		return false;
	return true;
}

/* A board is mapped to be read only. */
static void read_header(struct snapshot *s, const struct board_header *h)
{
	memcpy(s->conf_path, h->conf_path, sizeof(s->conf_path));
	utf8_clean(s->conf_path, sizeof(s->conf_path));
	memcpy(s->router_id, h->router_id, sizeof(s->router_id));
	utf8_clean(s->router_id, sizeof(s->router_id));
	s->errors = h->errors;
	utf8_clean(s->errors.first, sizeof(s->errors.first));
}

/* false, and a reason: the board is there but can't be read. */
static bool open_one(struct snapshot *s, const char *run_dir, const char *name, struct board *ret)
{
	int r = open_board(run_dir, name, ret);

	if (r == 0 || r == -ENOENT)
		return true;
	snprintf(s->reason, sizeof(s->reason), "%s/%s.board: %s", run_dir, name,
		 r == -EBADMSG ? "made by another version" : strerror(-r));
	return false;
}

static bool open_checks(struct snapshot *s, const char *run_dir)
{
	for (; s->n_checks < CHECK_PROCESSES_MAX; s->n_checks++) {
		struct board *b = &s->check[s->n_checks];
		char name[PROCESS_LABEL_MAX];

		if (!open_one(s, run_dir, process_label(PROC_CHECK, s->n_checks, name), b))
			return false;
		if (!b->header)
			break;
	}
	return true;
}

/* There is always a runner; the others may have nothing to do and are not there then. */
static bool open_boards(struct snapshot *s, const char *run_dir)
{
	struct board *b = s->board;

	if (!open_one(s, run_dir, "vrrp", &b[PROC_VRRP]) ||
	    !open_one(s, run_dir, "runner", &b[PROC_RUNNER]) ||
	    !open_one(s, run_dir, "lvs", &b[PROC_LVS]) || !open_checks(s, run_dir))
		return false;
	if (!b[PROC_RUNNER].header) {
		snprintf(s->reason, sizeof(s->reason), "no daemon runs in %s", run_dir);
		return false;
	}
	s->header = b[PROC_VRRP].header ? b[PROC_VRRP].header : b[PROC_RUNNER].header;
	return true;
}

const struct board_header *snapshot_process(const struct snapshot *s, unsigned *i)
{
	const struct board_header *h = NULL;

	while (!h && *i < PROC_CHECK)
		h = s->board[(*i)++].header;
	if (!h && *i - PROC_CHECK < s->n_checks)
		h = s->check[(*i)++ - PROC_CHECK].header;
	return h;
}

static bool some_are_lost(const struct snapshot *s)
{
	const struct board_header *h;
	char reason[160];

	for (unsigned i = 0; (h = snapshot_process(s, &i));)
		if (snapshot_is_lost(s, h, reason))
			return true;
	return false;
}

static void open_once(const char *run_dir, struct snapshot *ret)
{
	const struct board_header *vrrp;
	char reason[160];

	*ret = (struct snapshot){.now = clock_monotonic(), .wall = clock_wall()};
	if (!open_boards(ret, run_dir))
		return;
	if (!is_alive(ret->header->daemon_pid)) {
		snprintf(ret->reason, sizeof(ret->reason), "the daemon (pid %d) is gone",
			 ret->header->daemon_pid);
		return;
	}
	vrrp = ret->board[PROC_VRRP].header;
	ret->vrrp_lost = vrrp && snapshot_is_lost(ret, vrrp, reason);
	ret->reachable = true;
	ret->degraded = some_are_lost(ret);
}

/* In the middle of a reload a worker has left its old board and the new one has no place yet. */
static bool may_pass(const struct snapshot *s)
{
	return s->header && (!s->reachable || s->degraded) && is_alive(s->header->daemon_pid);
}

void snapshot_open(const char *run_dir, struct snapshot *ret)
{
	open_once(run_dir, ret);
	for (unsigned i = 0; i < RELOAD_TRIES && may_pass(ret); i++) {
		snapshot_close(ret);
		usleep(RELOAD_PAUSE);
		open_once(run_dir, ret);
	}
	if (!ret->reachable)
		return;
	read_header(ret, ret->header);
	snapshot_read_services(ret);
	snapshot_read_probes(ret);
	snapshot_read_events(ret);
}

void snapshot_close(struct snapshot *s)
{
	for (enum process p = PROC_VRRP; p < PROC_COUNT; p++)
		board_unmap(&s->board[p]);
	for (unsigned i = 0; i < s->n_checks; i++)
		board_unmap(&s->check[i]);
	free(s->first_checker);
	free(s->probes);
	free(s->by_share);
	free(s->events);
	*s = (struct snapshot){0};
}

void snapshot_instance(const struct snapshot *s, uint32_t i, struct board_instance *ret)
{
	(void)board_read(&s->board[PROC_VRRP].instances[i], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
	utf8_clean(ret->interface, sizeof(ret->interface));
	utf8_clean(ret->refused.text, sizeof(ret->refused.text));
	utf8_clean(ret->differs.text, sizeof(ret->differs.text));
	if (ret->n_parts > BOARD_PARTS)
		ret->n_parts = BOARD_PARTS;
	for (uint8_t k = 0; k < ret->n_parts; k++)
		utf8_clean(ret->parts[k].name, sizeof(ret->parts[k].name));
}

uint32_t snapshot_count_vips(const struct snapshot *s, const struct board_instance *i)
{
	uint32_t all = s->board[PROC_VRRP].header->shape.vips;

	if (i->first_vip > all)
		return 0;
	return i->n_vips < all - i->first_vip ? i->n_vips : all - i->first_vip;
}

void snapshot_vip(const struct snapshot *s, const struct board_instance *of, uint32_t i,
		  struct board_vip *ret)
{
	/* A board_vip has no lock of its own and is written field by field: a copy is good enough.
	 */
	memcpy(ret, &s->board[PROC_VRRP].vips[of->first_vip + i], sizeof(*ret));
	utf8_clean(ret->interface, sizeof(ret->interface));
}

void snapshot_group(const struct snapshot *s, uint32_t i, struct board_group *ret)
{
	(void)board_read(&s->board[PROC_VRRP].groups[i], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
}

void snapshot_script(const struct snapshot *s, uint32_t i, struct board_script *ret)
{
	(void)board_read(&s->board[PROC_RUNNER].scripts[i], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
	utf8_clean(ret->output, sizeof(ret->output));
}

void snapshot_file(const struct snapshot *s, uint32_t i, struct board_file *ret)
{
	(void)board_read(&s->board[PROC_RUNNER].files[i], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
}

usec_t snapshot_wall(const struct snapshot *s, usec_t monotonic)
{
	return s->wall - (s->now - monotonic);
}

bool snapshot_undelivered(const struct snapshot *s, unsigned *i, struct board_outbox *ret)
{
	const struct board_header *h = s->board[PROC_RUNNER].header;

	while (h && *i < BOARD_OUTBOXES) {
		(void)board_read(&h->outbox[(*i)++], ret, sizeof(*ret));
		if (ret->waiting == 0)
			continue;
		utf8_clean(ret->name, sizeof(ret->name));
		utf8_clean(ret->error, sizeof(ret->error));
		return true;
	}
	return false;
}

/* Now, not some time ago: the sender of the newest one has had time for another. */
bool snapshot_goes_on(const struct snapshot *s, const struct board_instance *i,
		      const struct board_refused *r)
{
	return r->at && !r->over && s->now - r->at <= usec_max(REFUSED_FOR, 3 * i->advert_int);
}

bool snapshot_master_is_gone(const struct snapshot *s, const struct board_instance *i)
{
	return i->state != VRRP_MASTER && i->master_heard &&
	       (!i->master_priority || s->now - i->master_heard > i->master_down);
}

const char *snapshot_rfc3339(usec_t wall, char buf[static 40])
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(buf, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, 40 - n, ".%03dZ", (int)(wall % USEC_PER_SEC / USEC_PER_MSEC));
	return buf;
}
