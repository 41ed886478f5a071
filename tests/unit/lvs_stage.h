/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lvs process as the others see it: a child with the real life of the worker, this process as
 * supervisor, runner and check process at the other ends of its channels, and a kernel made of
 * shared memory in place of both engines. Included by one file of a program only.
 */
#ifndef HF_TEST_LVS_STAGE_H
#define HF_TEST_LVS_STAGE_H

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

static inline int kernel_find(const struct service_key *key)
{
	for (unsigned i = 0; i < kernel->n; i++)
		if (service_key_compare(&kernel->v[i].s.key, key) == 0)
			return (int)i;
	return -1;
}

static inline int kernel_find_dest(int i, const struct dest *d)
{
	for (unsigned k = 0; k < kernel->v[i].n; k++)
		if (dest_compare(&kernel->v[i].d[k], d) == 0)
			return (int)k;
	return -1;
}

static inline void kernel_do_service(const struct service_change *c, int i)
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

static inline void kernel_do_dest(const struct service_change *c, int i)
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

static inline unsigned stub_apply(struct engine *e, const struct engine_step *step, const char **ret_error)
{
	unsigned failed = 0;

	*ret_error = "";
	for (unsigned i = 0; i < step->changes->n; i++) {
		struct service_change *c = &step->changes->v[i];
		int at = kernel_find(&c->service->key);

		c->error = kernel->error ? kernel->error : c->dest && at < 0 ? -ESRCH : 0;
		failed += c->error != 0;
		if (c->error)
			continue;
		if (c->dest)
			kernel_do_dest(c, at);
		else
			kernel_do_service(c, at);
	}
	kernel->applies++;
	return failed;
}

static inline bool is_asked(const struct service_table *keys, const struct service_key *key)
{
	for (unsigned i = 0; i < keys->services.n; i++)
		if (service_key_compare(&keys->services.v[i].key, key) == 0)
			return true;
	return false;
}

/* Of `keys`; NULL: everything. */
static inline int stub_observe(struct engine *e, const struct service_table *keys, struct arena *a,
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

static inline int stub_flush(struct engine *e)
{
	kernel->n = 0;
	kernel->flushes++;
	return 0;
}

/* Seven connections each. */
static inline void stub_census(struct engine *e, struct dest_census *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (kernel_find(&v[i].service->key) >= 0 && v[i].dest->weight == 0)
			v[i].connections = 7;
}

static inline int stub_sync_start(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d)
{
	if (kernel->sync_error)
		return kernel->sync_error;
	kernel->sync_started[master]++;
	return 0;
}

static inline int stub_sync_stop(struct engine *e, bool master, const struct conf_lvs_sync_daemon *d)
{
	kernel->sync_stopped[master]++;
	return 0;
}

static inline int stub_open(const struct conf *conf, struct engine **ret, const char **ret_error)
{
	static struct engine engine = {.ops = &engine_ipvs};

	*ret = &engine;
	return 0;
}

static inline struct engine *stub_close(struct engine *e)
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
static inline const char *kernel_text(char ret[2048])
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

static inline void wait_kernel(const char *want)
{
	char text[2048];
	int left = PATIENCE;

	while (!str_eq(kernel_text(text), want) && left-- > 0)
		usleep(1000);
	assert_string_equal(kernel_text(text), want);
}

/* Time for something that must not happen. */
static inline void stays(const char *want)
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
static inline struct channel far_end_of(struct stage *s, enum process peer, int capacity)
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

static inline struct channel far_end(struct stage *s, enum process peer)
{
	return far_end_of(s, peer, 0);
}

static inline void configure(struct stage *s, const char *text, struct board_shape shape,
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

static inline struct message expect(const struct channel *c, enum message_kind kind)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	struct message m;

	do {
		assert_int_equal(poll(&p, 1, PATIENCE), 1);
		assert_int_equal(channel_receive(c, &m), 1);
	} while (m.kind != kind);
	return m;
}

static inline bool is_silent(const struct channel *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return poll(&p, 1, 150) == 0;
}

static inline void spawn(struct stage *s)
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

static inline void meet(struct stage *s)
{
	s->vrrp = far_end(s, PROC_VRRP);
	s->runner = far_end(s, PROC_RUNNER);
	s->check = far_end(s, PROC_CHECK);
}

static const struct board_shape shape_of_two = {.services = 1, .servers = 2};

static inline void stage_start(struct stage *s, const char *text, struct board_shape shape)
{
	spawn(s);
	configure(s, text, shape, (struct msg_config){.generation = 1, .first = true});
	meet(s);
	assert_int_equal(expect(&s->supervisor, MSG_READY_LVS).READY_LVS.error, 0);
}

static inline void hang_up(struct stage *s)
{
	close(s->vrrp.fd);
	close(s->runner.fd);
	close(s->check.fd);
	close(s->supervisor.fd);
}

static inline void stage_stop(struct stage *s)
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
static inline void stage_revive(struct stage *s, const char *text)
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

static inline void say(struct stage *s, uint32_t checker, bool up)
{
	struct msg_verdict v = {.generation = s->generation, .checker = checker, .up = up};

	str_copy(v.reason, sizeof(v.reason), up ? "" : "refused");
	assert_int_equal(channel_send(&s->check, MSG_VERDICT_CHECK, &v, NULL, 0), 0);
}

static inline void say_all(struct stage *s)
{
	const struct msg_snapshot_end end = {.generation = s->generation};

	assert_int_equal(channel_send(&s->runner, MSG_SNAPSHOT_END_RUNNER, &end, NULL, 0), 0);
	assert_int_equal(channel_send(&s->check, MSG_SNAPSHOT_END_CHECK, &end, NULL, 0), 0);
}

#define GLOBAL "global_defs {\nlvs_notify_fifo /nowhere\n}\n"
#define SERVER(n) "real_server 10.0.0.1" #n " 80 {\nTCP_CHECK {\n}\n}\n"
#define SERVICE(n, servers)                                                                        \
	"virtual_server 10.0.0." #n                                                                \
	" 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n" servers "}\n"
#define TWO GLOBAL SERVICE(1, SERVER(1) SERVER(2))
#define BOTH_UP "10.0.0.1:80: 10.0.0.11=1 10.0.0.12=1"
#define ONE_UP "10.0.0.1:80: 10.0.0.12=1"

static inline int setup(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	s->board_fd = -1;
	memset(kernel, 0, sizeof(*kernel));
	*state = s;
	return 0;
}

static inline int teardown(void **state)
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static inline bool kernel_new(void)
{
	kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return kernel != MAP_FAILED;
}

#endif
