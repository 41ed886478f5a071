/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lvs process as the others see it: a child with the real life of the worker, this process as
 * supervisor, runner and check process at the other ends of its channels, and a kernel made of
 * shared memory in place of both engines.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/lvs/lvs.h"
#include "core/reconcile/services.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memfile.h"
#include "ipc/board.h"
#include "ipc/channel.h"
#include "proc/lvs/engine.h"
#include "proc/lvs/worker.h"

#define PATIENCE 5000 /* ms */
#define SERVICES 8
#define DESTS 8

/* ---- a kernel ---- */

struct kernel {
	volatile int error; /* every request gets it */
	volatile int sync_error;
	volatile unsigned dumps, applies, flushes;
	volatile unsigned sync_started[2], sync_stopped[2]; /* backup, master */
	unsigned n;
	struct {
		struct service s;
		struct dest d[DESTS];
		unsigned n;
	} v[SERVICES];
};

static struct kernel *kernel;

static int kernel_find(const struct service_key *key)
{
	for (unsigned i = 0; i < kernel->n; i++)
		if (service_key_compare(&kernel->v[i].s.key, key) == 0)
			return (int)i;
	return -1;
}

static int kernel_find_dest(int i, const struct dest *d)
{
	for (unsigned k = 0; k < kernel->v[i].n; k++)
		if (dest_compare(&kernel->v[i].d[k], d) == 0)
			return (int)k;
	return -1;
}

static void kernel_do_service(const struct service_change *c, int i)
{
	if (c->kind == SERVICE_DEL) {
		assert(i >= 0);
		kernel->v[i] = kernel->v[--kernel->n];
		return;
	}
	assert(c->kind == SERVICE_ADD ? i < 0 && kernel->n < SERVICES : i >= 0);
	if (i < 0) {
		i = (int)kernel->n;
		kernel->v[i].n = 0;
	}
	kernel->v[i].s = *c->service;
	if (c->kind == SERVICE_ADD)
		kernel->n++;
}

static void kernel_do_dest(const struct service_change *c, int i)
{
	int k;

	assert(i >= 0);
	k = kernel_find_dest(i, c->dest);
	assert(c->kind == DEST_ADD ? k < 0 && kernel->v[i].n < DESTS : k >= 0);
	if (c->kind == DEST_DEL)
		kernel->v[i].d[k] = kernel->v[i].d[--kernel->v[i].n];
	else
		kernel->v[i].d[k < 0 ? (int)kernel->v[i].n++ : k] = *c->dest;
}

static unsigned stub_apply(struct engine *e, const struct engine_step *step, const char **ret_error)
{
	*ret_error = "";
	for (unsigned i = 0; i < step->changes->n; i++) {
		struct service_change *c = &step->changes->v[i];
		int at = kernel_find(&c->service->key);

		c->error = kernel->error;
		if (c->error)
			continue;
		if (c->dest)
			kernel_do_dest(c, at);
		else
			kernel_do_service(c, at);
	}
	kernel->applies++;
	return kernel->error ? step->changes->n : 0;
}

static bool is_asked(const struct service_table *keys, const struct service_key *key)
{
	for (unsigned i = 0; i < keys->services.n; i++)
		if (service_key_compare(&keys->services.v[i].key, key) == 0)
			return true;
	return false;
}

/* Of `keys`; NULL: everything. */
static int stub_observe(struct engine *e, const struct service_table *keys, struct arena *a,
			struct service_table *ret)
{
	*ret = (struct service_table){0};
	for (unsigned i = 0; i < kernel->n; i++) {
		struct service s = kernel->v[i].s;

		if (keys && !is_asked(keys, &s.key))
			continue;
		s.dests.v = NULL;
		s.dests.n = s.dests.cap = 0;
		for (unsigned k = 0; k < kernel->v[i].n; k++)
			vec_push(a, &s.dests, kernel->v[i].d[k]);
		vec_push(a, &ret->services, s);
	}
	kernel->dumps++;
	return 0;
}

static int stub_flush(struct engine *e)
{
	kernel->n = 0;
	kernel->flushes++;
	return 0;
}

/* Seven connections each. */
static void stub_census(struct engine *e, struct dest_census *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (kernel_find(&v[i].service->key) >= 0 && v[i].dest->weight == 0)
			v[i].connections = 7;
}

static int stub_sync_start(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d)
{
	if (kernel->sync_error)
		return kernel->sync_error;
	kernel->sync_started[master]++;
	return 0;
}

static int stub_sync_stop(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d)
{
	kernel->sync_stopped[master]++;
	return 0;
}

static int stub_open(const struct conf *conf, struct engine **ret, const char **ret_error)
{
	static struct engine engine = {.ops = &engine_ipvs};

	*ret = &engine;
	return 0;
}

static struct engine *stub_close(struct engine *e)
{
	return NULL;
}

const struct engine_ops engine_ipvs = {
	.name = "stub",
	.open = stub_open,
	.close = stub_close,
	.observe = stub_observe,
	.apply = stub_apply,
	.flush = stub_flush,
	.census = stub_census,
	.sync_start = stub_sync_start,
	.sync_stop = stub_sync_stop,
};
const struct engine_ops engine_nft;

/* "10.0.0.1:80: 10.0.0.11=1 10.0.0.12=0", a line a service, in the order of keys. */
static const char *kernel_text(char ret[2048])
{
	struct arena *a = arena_new();
	struct service_table t;
	struct buf b = {.p = ret, .cap = 2048};
	unsigned dumps = kernel->dumps;
	char ip[IP_TEXT_MAX];

	(void)stub_observe(NULL, NULL, a, &t);
	kernel->dumps = dumps;
	service_table_sort(&t);
	for (unsigned i = 0; i < t.services.n; i++) {
		const struct service *s = &t.services.v[i];

		buf_printf(&b, "%s%s:%u:", i ? "\n" : "", ip_format(&s->key.addr, ip), s->key.port);
		for (unsigned k = 0; k < s->dests.n; k++)
			buf_printf(&b, " %s=%u", ip_format(&s->dests.v[k].addr, ip),
				   s->dests.v[k].weight);
	}
	arena_free(a);
	return buf_text(&b);
}

static void wait_kernel(const char *want)
{
	char text[2048];
	int left = PATIENCE;

	while (!str_eq(kernel_text(text), want) && left-- > 0)
		usleep(1000);
	assert_string_equal(kernel_text(text), want);
}

/* Time for something that must not happen. */
static void stays(const char *want)
{
	char text[2048];

	usleep(150 * 1000);
	assert_string_equal(kernel_text(text), want);
}

/* ---- those at the other ends ---- */

struct stage {
	pid_t pid;
	struct channel supervisor, runner, check, vrrp;
	struct board board;
	int board_fd;
	uint32_t generation;
	bool dont_release;
};

/* `capacity` of what waits there to be read, in bytes; 0: that of all channels. */
static struct channel far_end_of(struct stage *s, enum process peer, int capacity)
{
	const struct msg_peer m = {.process = (uint8_t)peer};
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	if (capacity > 0)
		assert_int_equal(
			setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &capacity, sizeof(capacity)), 0);
	assert_int_equal(channel_send(&s->supervisor, MSG_PEER_LVS, &m, &ends[1], 1), 0);
	close(ends[1]);
	return (struct channel){.fd = ends[0], .self = peer, .peer = PROC_LVS};
}

static struct channel far_end(struct stage *s, enum process peer)
{
	return far_end_of(s, peer, 0);
}

static void configure(struct stage *s, const char *text, struct board_shape shape,
		      struct msg_config m)
{
	int fds[2] = {memfile_sealed("text", text, strlen(text)), s->board_fd};

	assert_true(fds[0] >= 0);
	if (!m.adopt) {
		char path[64];

		snprintf(path, sizeof(path), "/tmp/hf-test-lvs-%d", (int)getpid());
		if (s->board_fd >= 0) {
			board_unmap(&s->board);
			close(s->board_fd);
		}
		s->board_fd = fds[1] = board_create(path, PROC_LVS, &shape, m.generation, "x");
		unlink(path);
		assert_true(s->board_fd >= 0);
		assert_int_equal(board_map(s->board_fd, true, &s->board), 0);
	}
	m.text_len = (uint32_t)strlen(text);
	m.log_sink = LOG_TO_NOTHING;
	m.log_level = LVL_ERR;
	m.n_shares = 1;
	m.engine = ENGINE_IPVS;
	m.dont_release_ipvs = s->dont_release;
	s->generation = m.generation;
	assert_int_equal(channel_send(&s->supervisor, MSG_CONFIG_LVS, &m, fds, 2), 0);
	close(fds[0]);
}

static struct message expect(const struct channel *c, enum message_kind kind)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	struct message m;

	do {
		assert_int_equal(poll(&p, 1, PATIENCE), 1);
		assert_int_equal(channel_receive(c, &m), 1);
	} while (m.kind != kind);
	return m;
}

static bool is_silent(const struct channel *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return poll(&p, 1, 150) == 0;
}

static void spawn(struct stage *s)
{
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		close(ends[0]);
		_exit(lvs_worker_main(ends[1]));
	}
	close(ends[1]);
	s->supervisor = (struct channel){ends[0], PROC_SUPERVISOR, PROC_LVS};
}

static void meet(struct stage *s)
{
	s->vrrp = far_end(s, PROC_VRRP);
	s->runner = far_end(s, PROC_RUNNER);
	s->check = far_end(s, PROC_CHECK);
}

static const struct board_shape shape_of_two = {.services = 1, .servers = 2};

static void stage_start(struct stage *s, const char *text, struct board_shape shape)
{
	spawn(s);
	configure(s, text, shape, (struct msg_config){.generation = 1, .first = true});
	meet(s);
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.error, 0);
}

static void hang_up(struct stage *s)
{
	close(s->vrrp.fd);
	close(s->runner.fd);
	close(s->check.fd);
	close(s->supervisor.fd);
}

static void stage_stop(struct stage *s)
{
	int status;

	assert_int_equal(
		channel_send(&s->supervisor, MSG_STOP_LVS, &(struct msg_stop){0}, NULL, 0), 0);
	expect(&s->supervisor, MSG_STOPPED_LVS);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
	s->pid = 0;
	hang_up(s);
}

/* It dies as by a fault, and its successor knows the board. */
static void stage_revive(struct stage *s, const char *text)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	hang_up(s);
	spawn(s);
	configure(s, text, (struct board_shape){0},
		  (struct msg_config){.generation = s->generation,
				      .adopt = true,
				      .died = clock_monotonic()});
	meet(s);
}

static void say(struct stage *s, uint32_t checker, bool up)
{
	struct msg_verdict v = {.generation = s->generation, .checker = checker, .up = up};

	str_copy(v.reason, sizeof(v.reason), up ? "" : "refused");
	assert_int_equal(channel_send(&s->check, MSG_VERDICT_CHECK, &v, NULL, 0), 0);
}

static void say_all(struct stage *s)
{
	const struct msg_snapshot_end end = {.generation = s->generation};

	assert_int_equal(channel_send(&s->runner, MSG_SNAPSHOT_END_RUNNER, &end, NULL, 0), 0);
	assert_int_equal(channel_send(&s->check, MSG_SNAPSHOT_END_CHECK, &end, NULL, 0), 0);
}

/* ---- tests ---- */

#define GLOBAL "global_defs {\nlvs_notify_fifo /nowhere\n}\n"
#define SERVER(n) "real_server 10.0.0.1" #n " 80 {\nTCP_CHECK {\n}\n}\n"
#define SERVICE(n, servers)                                                                        \
	"virtual_server 10.0.0." #n                                                                \
	" 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n" servers "}\n"
#define TWO GLOBAL SERVICE(1, SERVER(1) SERVER(2))
#define BOTH_UP "10.0.0.1:80: 10.0.0.11=1 10.0.0.12=1"
#define ONE_UP "10.0.0.1:80: 10.0.0.12=1"

static void test_verdicts_become_destinations(void **state)
{
	struct stage *s = *state;
	struct message m;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	assert_int_equal(expect(&s->check, MSG_SNAPSHOT_CHECK).SNAPSHOT_CHECK.generation, 1);
	assert_int_equal(expect(&s->runner, MSG_SNAPSHOT_RUNNER).SNAPSHOT_RUNNER.generation, 1);
	say(s, 0, false);
	wait_kernel(ONE_UP);
	do
		m = expect(&s->runner, MSG_NOTIFY_LVS);
	while (m.NOTIFY_LVS.event != LVS_RS_DOWN);
	assert_string_equal(m.NOTIFY_LVS.rs_name, "[10.0.0.11]:tcp:80");
	assert_string_equal(m.NOTIFY_LVS.vs_name, "[10.0.0.1]:tcp:80");
	assert_string_equal(m.NOTIFY_LVS.reason, "refused");
	assert_int_equal(kernel->dumps, 1); /* looked at once: the rest is known */
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	stage_stop(s);
	wait_kernel("");
}

static void test_what_is_not_ours_stays(void **state)
{
	struct stage *s = *state;

	kernel->n = 1;
	kernel->v[0].s = (struct service){
		.key = {.family = IP_V4, .protocol = LVS_TCP, .port = 7}, .scheduler = "rr"};
	assert_true(ip_parse("10.9.9.9", &kernel->v[0].s.key.addr));
	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP "\n10.9.9.9:7:");
	stage_stop(s);
	wait_kernel("10.9.9.9:7:");
	s->dont_release = true;
	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP "\n10.9.9.9:7:");
	stage_stop(s);
	stays(BOTH_UP "\n10.9.9.9:7:");
}

static void test_flush_at_the_start_only(void **state)
{
	static const char text[] =
		"global_defs {\nlvs_flush\n}\n" SERVICE(1, SERVER(1) SERVER(2));
	struct stage *s = *state;

	kernel->n = 1;
	kernel->v[0].s = (struct service){
		.key = {.family = IP_V4, .protocol = LVS_TCP, .port = 7}, .scheduler = "rr"};
	stage_start(s, text, shape_of_two);
	wait_kernel(BOTH_UP);
	configure(s, text, shape_of_two, (struct msg_config){.generation = 2});
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.generation, 2);
	assert_int_equal(kernel->flushes, 1);
	stage_stop(s);
}

static void wait_error(const struct stage *s, int32_t error)
{
	struct board_service b = {0};

	for (int left = PATIENCE; left > 0; left--) {
		assert_true(board_read(&s->board.services[0], &b, sizeof(b)));
		if (b.error == error)
			return;
		usleep(1000);
	}
	assert_int_equal(b.error, error);
}

static void test_a_refusal_is_tried_again(void **state)
{
	struct stage *s = *state;

	kernel->error = -ENOENT;
	stage_start(s, TWO, shape_of_two);
	wait_error(s, -ENOENT);
	assert_int_equal(kernel->n, 0);
	kernel->error = 0;
	wait_kernel(BOTH_UP);
	wait_error(s, 0);
	assert_true(kernel->dumps >= 2);
	stage_stop(s);
}

static void test_a_reload_keeps_verdicts(void **state)
{
	struct stage *s = *state;
	struct message m;

	stage_start(s, GLOBAL SERVICE(1, SERVER(1) SERVER(2)) SERVICE(2, SERVER(3)),
		    (struct board_shape){.services = 2, .servers = 3});
	say(s, 0, false);
	wait_kernel(ONE_UP "\n10.0.0.2:80: 10.0.0.13=1");
	configure(s, TWO, shape_of_two, (struct msg_config){.generation = 2});
	wait_kernel(ONE_UP);
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.generation, 2);
	do
		m = expect(&s->runner, MSG_NOTIFY_LVS);
	while (!str_eq(m.NOTIFY_LVS.vs_name, "[10.0.0.2]:tcp:80") ||
	       m.NOTIFY_LVS.event != LVS_QUORUM_DOWN);
	assert_true(m.NOTIFY_LVS.stopping);
	do
		m = expect(&s->check, MSG_SNAPSHOT_CHECK);
	while (m.SNAPSHOT_CHECK.generation != 2);
	/* What was said of the old configuration means another checker now. */
	s->generation = 1;
	say(s, 1, false);
	stays(ONE_UP);
	s->generation = 2;
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	stage_stop(s);
}

/* ---- draining ---- */

#define DRAINS(n, weight) \
	"real_server 10.0.0.1" #n " 80 {\nweight " #weight "\ndrain_timeout 3\nTCP_CHECK {\n}\n}\n"
#define SHAPE_THREE (struct board_shape){.services = 1, .servers = 3, .drains = 4}
#define SHAPE_DRAINING (struct board_shape){.services = 1, .servers = 2, .drains = 4}

static uint32_t drains_of(const struct stage *s)
{
	return atomic_load(&s->board.header->drains);
}

static void test_the_board_shows_what_drains(void **state)
{
	struct stage *s = *state;
	struct board_drain gone = {0};
	struct board_server zero = {0}, other;
	usec_t now;

	stage_start(s, GLOBAL SERVICE(1, DRAINS(1, 1) DRAINS(2, 1) SERVER(3)), SHAPE_THREE);
	wait_kernel("10.0.0.1:80: 10.0.0.11=1 10.0.0.12=1 10.0.0.13=1");
	assert_int_equal(drains_of(s), 0);
	configure(s, GLOBAL SERVICE(1, DRAINS(2, 0) SERVER(3)), SHAPE_DRAINING,
		  (struct msg_config){.generation = 2});
	wait_kernel("10.0.0.1:80: 10.0.0.11=0 10.0.0.12=0 10.0.0.13=1");
	for (int left = PATIENCE; left > 0 && zero.connections != 7; left--, usleep(1000)) {
		assert_true(board_read(&s->board.drains[0], &gone, sizeof(gone)));
		assert_true(board_read(&s->board.servers[0], &zero, sizeof(zero)));
	}
	now = clock_monotonic();
	assert_int_equal(drains_of(s), 1);
	assert_string_equal(gone.name, "[10.0.0.11]:tcp:80");
	assert_int_equal(gone.service, 0);
	assert_int_equal(gone.connections, 7);
	assert_true(gone.until > now && gone.until <= now + 3 * USEC_PER_SEC);
	assert_true(zero.draining && zero.up && zero.in_table);
	assert_int_equal(zero.connections, 7);
	assert_true(zero.until > now && zero.until <= now + 3 * USEC_PER_SEC);
	assert_true(board_read(&s->board.servers[1], &other, sizeof(other)));
	assert_false(other.draining);
	assert_int_equal(other.connections, BOARD_UNKNOWN);
	assert_int_equal(other.until, 0);
	wait_kernel("10.0.0.1:80: 10.0.0.13=1");
	for (int left = PATIENCE; left > 0 && drains_of(s) > 0; left--)
		usleep(1000);
	assert_int_equal(drains_of(s), 0);
	stage_stop(s);
}

/* Which check has failed the server, so that its probe can be looked up. */
static void test_the_board_names_the_failed_check(void **state)
{
	static const uint64_t none[2];
	struct stage *s = *state;
	struct board_server b = {.up = true};

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	assert_true(board_read(&s->board.servers[0], &b, sizeof(b)));
	assert_memory_equal(b.failed_share, none, sizeof(none));
	say(s, 0, false);
	wait_kernel(ONE_UP);
	for (int left = PATIENCE; left > 0 && b.up; left--, usleep(1000))
		assert_true(board_read(&s->board.servers[0], &b, sizeof(b)));
	assert_memory_not_equal(b.failed_share, none, sizeof(none));
	assert_int_equal(b.failed_kind, CHECK_TCP);
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	for (int left = PATIENCE; left > 0 && !b.up; left--, usleep(1000))
		assert_true(board_read(&s->board.servers[0], &b, sizeof(b)));
	assert_memory_equal(b.failed_share, none, sizeof(none));
	stage_stop(s);
}

/* ---- a successor ---- */

static void test_a_successor_waits_for_verdicts(void **state)
{
	struct stage *s = *state;
	unsigned applies;

	stage_start(s, TWO, shape_of_two);
	say(s, 0, false);
	wait_kernel(ONE_UP);
	applies = kernel->applies;
	stage_revive(s, TWO);
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.error, 0);
	expect(&s->check, MSG_SNAPSHOT_CHECK);
	say(s, 0, false);
	say(s, 1, true);
	stays(ONE_UP);
	say_all(s);
	stays(ONE_UP);
	assert_int_equal(kernel->applies, applies);
	say(s, 0, true);
	wait_kernel(BOTH_UP);
	stage_stop(s);
	wait_kernel("");
}

static void test_a_successor_does_not_wait_forever(void **state)
{
	struct stage *s = *state;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	kernel->v[0].n = 1; /* somebody took one out meanwhile */
	stage_revive(s, TWO);
	wait_kernel(BOTH_UP);
	stage_stop(s);
}

static void test_a_successor_may_have_to_stop_at_once(void **state)
{
	struct stage *s = *state;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	stage_revive(s, TWO);
	stage_stop(s);
	wait_kernel("");
}

static void test_notifications_wait_for_the_runner(void **state)
{
	struct stage *s = *state;

	stage_start(s, TWO, shape_of_two);
	close(s->runner.fd);
	for (unsigned i = 0; i < 3; i++) {
		say(s, 0, false);
		wait_kernel(ONE_UP);
		say(s, 0, true);
		wait_kernel(BOTH_UP);
	}
	s->runner = far_end(s, PROC_RUNNER);
	for (unsigned i = 0; i < 3; i++) {
		struct message m;

		do
			m = expect(&s->runner, MSG_NOTIFY_LVS);
		while (m.NOTIFY_LVS.event != LVS_RS_DOWN);
		do
			m = expect(&s->runner, MSG_NOTIFY_LVS);
		while (m.NOTIFY_LVS.event != LVS_RS_UP);
	}
	stage_stop(s);
}

/* More than a channel holds, to a runner that is slow; a stop waits until it has them. */
static void test_nothing_is_lost_in_a_full_channel(void **state)
{
	enum { ROUNDS = 200 };
	struct stage *s = *state;
	unsigned downs = 0, ups = 0;
	struct message m;
	int e;

	stage_start(s, TWO, shape_of_two);
	close(s->runner.fd);
	s->runner = far_end_of(s, PROC_RUNNER, 16384);
	for (unsigned i = 0; i < ROUNDS; i++) {
		say(s, 0, false);
		wait_kernel(ONE_UP);
		say(s, 0, true);
		wait_kernel(BOTH_UP);
	}
	assert_int_equal(
		channel_send(&s->supervisor, MSG_STOP_LVS, &(struct msg_stop){0}, NULL, 0), 0);
	wait_kernel("");
	assert_true(is_silent(&s->supervisor)); /* it waits */
	do {
		struct pollfd p = {.fd = s->runner.fd, .events = POLLIN};

		(void)poll(&p, 1, PATIENCE);
		e = channel_receive(&s->runner, &m);
		downs += e == 1 && m.kind == MSG_NOTIFY_LVS && m.NOTIFY_LVS.event == LVS_RS_DOWN;
		ups += e == 1 && m.kind == MSG_NOTIFY_LVS && m.NOTIFY_LVS.event == LVS_RS_UP;
	} while (e >= 0);
	assert_int_equal(downs, ROUNDS);
	assert_int_equal(ups, ROUNDS);
	expect(&s->supervisor, MSG_STOPPED_LVS);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
	hang_up(s);
}

static usec_t processor_time(pid_t pid)
{
	struct timespec t;
	clockid_t id;

	assert_int_equal(clock_getcpuclockid(pid, &id), 0);
	assert_int_equal(clock_gettime(id, &t), 0);
	return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void test_it_sleeps_and_wakes_up(void **state)
{
	struct stage *s = *state;
	usec_t began = clock_monotonic(), used;

	stage_start(s, TWO, shape_of_two);
	wait_kernel(BOTH_UP);
	used = processor_time(s->pid);
	usleep(1500 * 1000);
	assert_true(processor_time(s->pid) - used < 100 * USEC_PER_MSEC);
	assert_true(atomic_load(&s->board.header->heartbeat) > began + 500 * USEC_PER_MSEC);
	stage_stop(s);
}

static void wait_counts(unsigned started_master, unsigned started_backup)
{
	for (int left = PATIENCE; left > 0 && (kernel->sync_started[1] != started_master ||
					       kernel->sync_started[0] != started_backup);
	     left--)
		usleep(1000);
	assert_int_equal(kernel->sync_started[1], started_master);
	assert_int_equal(kernel->sync_started[0], started_backup);
}

static void say_state(struct stage *s, enum vrrp_state instance_state)
{
	const struct msg_instance_state m = {
		.generation = s->generation, .instance = 0, .state = (uint16_t)instance_state};

	assert_int_equal(channel_send(&s->vrrp, MSG_INSTANCE_STATE, &m, NULL, 0), 0);
}

/* Written under its lock. */
static bool sync_is(const struct board_sync *is, const struct board_sync *want)
{
	return is->seq > 0 && is->configured == want->configured && is->master == want->master &&
	       is->backup == want->backup && is->failed == want->failed && is->id == want->id &&
	       str_eq(is->interface, want->interface);
}

static void wait_sync(const struct stage *s, struct board_sync want)
{
	struct board_sync is = {0};

	for (int left = PATIENCE; left > 0; left--, usleep(1000))
		if (board_read(&s->board.header->sync, &is, sizeof(is)) && sync_is(&is, &want))
			return;
	assert_true(sync_is(&is, &want));
}

static void test_the_sync_daemon_follows_an_instance(void **state)
{
	static const char text[] =
		"global_defs {\nlvs_sync_daemon eth0 inst V\n}\n"
		"vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n}\n" SERVICE(
			1, SERVER(1) SERVER(2));
	struct stage *s = *state;

	stage_start(s, text, shape_of_two);
	assert_int_equal(expect(&s->vrrp, MSG_SNAPSHOT_VRRP).SNAPSHOT_VRRP.generation, 1);
	wait_sync(s, (struct board_sync){.configured = true, .id = 1, .interface = "eth0"});
	say_state(s, VRRP_BACKUP);
	wait_counts(0, 1);
	wait_sync(s, (struct board_sync){.configured = true, .backup = true, .id = 1, .interface = "eth0"});
	say_state(s, VRRP_MASTER);
	wait_counts(1, 1);
	wait_sync(s, (struct board_sync){.configured = true, .master = true, .id = 1, .interface = "eth0"});
	say_state(s, VRRP_MASTER);
	say_state(s, VRRP_FAULT);
	wait_counts(1, 2);
	/* Both halves at first, since nobody knew what ran; then what was running. */
	assert_int_equal(kernel->sync_stopped[1], 2);
	assert_int_equal(kernel->sync_stopped[0], 2);
	stage_stop(s);
	assert_int_equal(kernel->sync_stopped[0], 3);
}

static void test_a_sync_daemon_is_tried_again(void **state)
{
	static const char text[] = "global_defs {\nlvs_sync_daemon eth0\n}\n" SERVICE(
		1, SERVER(1) SERVER(2));
	struct stage *s = *state;

	kernel->sync_error = -ENODEV;
	stage_start(s, text, shape_of_two);
	wait_kernel(BOTH_UP);
	wait_sync(s, (struct board_sync){.configured = true, .failed = true, .interface = "eth0"});
	kernel->sync_error = 0;
	for (int left = 2 * PATIENCE; left > 0 && !kernel->sync_started[0]; left--)
		usleep(1000);
	assert_int_equal(kernel->sync_started[0], 1);
	assert_int_equal(kernel->sync_started[1], 1);
	wait_sync(s, (struct board_sync){.configured = true,
					 .master = true,
					 .backup = true,
					 .interface = "eth0"});
	stage_stop(s);
}

/* ---- */

static int setup(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	s->board_fd = -1;
	memset(kernel, 0, sizeof(*kernel));
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct stage *s = *state;

	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	if (s->board_fd >= 0) {
		board_unmap(&s->board);
		close(s->board_fd);
	}
	free(s);
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts_become_destinations),
		TEST(test_what_is_not_ours_stays),
		TEST(test_flush_at_the_start_only),
		TEST(test_a_refusal_is_tried_again),
		TEST(test_a_reload_keeps_verdicts),
		TEST(test_the_board_shows_what_drains),
		TEST(test_the_board_names_the_failed_check),
		TEST(test_a_successor_waits_for_verdicts),
		TEST(test_a_successor_does_not_wait_forever),
		TEST(test_a_successor_may_have_to_stop_at_once),
		TEST(test_notifications_wait_for_the_runner),
		TEST(test_nothing_is_lost_in_a_full_channel),
		TEST(test_it_sleeps_and_wakes_up),
		TEST(test_the_sync_daemon_follows_an_instance),
		TEST(test_a_sync_daemon_is_tried_again),
	};
	int r;

	kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (kernel == MAP_FAILED)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	munmap(kernel, sizeof(*kernel));
	return r;
}
