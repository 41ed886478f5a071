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
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "io/loop.h"
#include "ipc/channel.h"

#define REFUSED_FOR (10 * USEC_PER_SEC) /* at least as long a refused advert is news */

static const char *const files[PROC_COUNT] = {
	[PROC_VRRP] = "vrrp.board",
	[PROC_RUNNER] = "runner.board",
};

static int open_board(const char *run_dir, enum process p, struct board *ret)
{
	char path[512];
	int fd, r;

	snprintf(path, sizeof(path), "%s/%s", run_dir, files[p]);
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

/* Fills the reason when the board is not the present state of a living daemon. */
static bool judge(const struct snapshot *s, const struct board_header *h, struct buf *reason)
{
	int32_t pid = atomic_load(&h->pid);
	usec_t beat = atomic_load(&h->heartbeat);

	if (!is_alive(h->daemon_pid)) {
		buf_printf(reason, "the daemon (pid %d) is gone", h->daemon_pid);
		return false;
	}
	if (!is_alive(pid)) {
		buf_printf(reason, "the %s worker ", process_name(h->process));
		if (pid > 0)
			buf_printf(reason, "(pid %d) is gone", pid);
		else
			buf_printf(reason, "does not run");
		return false;
	}
	if (s->now - beat > SNAPSHOT_HEARTBEAT_MAX) {
		buf_printf(reason, "the %s worker (pid %d) gave no sign of life for %.1f s",
			   process_name(h->process), pid, (double)(s->now - beat) / USEC_PER_SEC);
		return false;
	}
	return true;
}

/* A board is mapped to be read only. */
static void read_header(struct snapshot *s, const struct board_header *h)
{
	memcpy(s->conf_path, h->conf_path, sizeof(s->conf_path));
	utf8_clean(s->conf_path, sizeof(s->conf_path));
	memcpy(s->router_id, h->router_id, sizeof(s->router_id));
	utf8_clean(s->router_id, sizeof(s->router_id));
}

void snapshot_open(const char *run_dir, struct snapshot *ret)
{
	struct buf reason = BUF_ON(ret->reason);

	*ret = (struct snapshot){.now = clock_monotonic(), .wall = clock_wall()};
	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++) {
		int r = open_board(run_dir, p, &ret->board[p]);

		if (r < 0 && p == PROC_VRRP && r == -ENOENT)
			buf_printf(&reason, "no daemon runs in %s", run_dir);
		else if (r < 0 && reason.n == 0)
			buf_printf(&reason, "%s/%s: %s", run_dir, files[p],
				   r == -EBADMSG ? "made by another version" : strerror(-r));
	}
	if (reason.n == 0)
		(void)judge(ret, ret->board[PROC_VRRP].header, &reason);
	ret->reachable = reason.n == 0;
	if (ret->reachable)
		read_header(ret, ret->board[PROC_VRRP].header);
	if (ret->reachable) /* the elections go on without it */
		ret->runner_lost = !judge(ret, ret->board[PROC_RUNNER].header, &reason);
	(void)buf_text(&reason);
}

void snapshot_close(struct snapshot *s)
{
	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++)
		board_unmap(&s->board[p]);
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

bool snapshot_event(const struct snapshot *s, uint32_t i, struct board_event *ret)
{
	const struct board *b = &s->board[PROC_VRRP];
	uint64_t newest = atomic_load(&b->header->events);
	uint64_t oldest = newest > BOARD_EVENTS ? newest - BOARD_EVENTS + 1 : 1;

	if (oldest + i > newest)
		return false;
	(void)board_read(&b->events[(oldest + i - 1) % BOARD_EVENTS], ret, sizeof(*ret));
	utf8_clean(ret->name, sizeof(ret->name));
	return true;
}

usec_t snapshot_wall(const struct snapshot *s, usec_t monotonic)
{
	return s->wall - (s->now - monotonic);
}

static bool addresses_are_there(const struct snapshot *s, const struct board_instance *i)
{
	for (uint32_t k = 0; k < snapshot_count_vips(s, i); k++) {
		struct board_vip v;

		snapshot_vip(s, i, k, &v);
		if (!v.present)
			return false;
	}
	return true;
}

/* Now, not some time ago: the sender of the newest one has had time for another. */
bool snapshot_goes_on(const struct snapshot *s, const struct board_instance *i,
		      const struct board_refused *r)
{
	return r->at && s->now - r->at <= usec_max(REFUSED_FOR, 3 * i->advert_int);
}

bool snapshot_master_is_gone(const struct snapshot *s, const struct board_instance *i)
{
	return i->state != VRRP_MASTER && i->master_heard &&
	       (!i->master_priority || s->now - i->master_heard > i->master_down);
}

bool snapshot_is_healthy(const struct snapshot *s)
{
	if (s->runner_lost)
		return false;
	for (uint32_t i = 0; i < s->board[PROC_VRRP].header->shape.instances; i++) {
		struct board_instance x;

		snapshot_instance(s, i, &x);
		if (x.state == VRRP_FAULT || ip_is_set(&x.rival) ||
		    snapshot_goes_on(s, &x, &x.refused) || snapshot_goes_on(s, &x, &x.differs))
			return false;
		if (x.state == VRRP_MASTER && !addresses_are_there(s, &x))
			return false;
	}
	for (uint32_t i = 0; i < s->board[PROC_RUNNER].header->shape.scripts; i++) {
		struct board_script x;

		snapshot_script(s, i, &x);
		if (x.unusable)
			return false;
	}
	return true;
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
