/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole check process in a child; the test is its supervisor and its lvs, and has the servers. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "conf/conf.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memfile.h"
#include "ipc/board.h"
#include "ipc/channel.h"
#include "proc/check/worker.h"

#define PATIENCE 8000 /* ms */

struct rig {
	pid_t pid;
	struct channel supervisor, lvs;
	struct board board;
	char path[64];
	uint32_t generation;
	uint16_t port; /* of a server that accepts */
	int listener;
};

/* ---- the rig ---- */

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void start_worker(struct rig *r)
{
	int ends[2], peers[2];
	const struct msg_peer peer = {.process = PROC_LVS};

	assert_int_equal(channel_pair(ends), 0);
	r->pid = fork();
	if (r->pid == 0) {
		close(ends[0]);
		if (r->listener >= 0)
			close(r->listener);
		_exit(check_worker_main(ends[1]));
	}
	close(ends[1]);
	r->supervisor = (struct channel){ends[0], PROC_SUPERVISOR, PROC_CHECK};
	assert_int_equal(channel_pair(peers), 0);
	assert_int_equal(channel_send(&r->supervisor, MSG_PEER_CHECK, &peer, &peers[1], 1), 0);
	close(peers[1]);
	r->lvs = (struct channel){peers[0], PROC_LVS, PROC_CHECK};
}

static void end_worker(struct rig *r, int expected)
{
	int status;

	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_int_equal(status, expected);
	r->pid = 0;
	if (r->supervisor.fd >= 0)
		close(r->supervisor.fd);
	close(r->lvs.fd);
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	snprintf(r->path, sizeof(r->path), "/tmp/hf-check-board-%d", (int)getpid());
	r->listener = listen_somewhere(&r->port);
	start_worker(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		end_worker(r, SIGKILL);
	}
	if (r->board.header)
		board_unmap(&r->board);
	close(r->listener);
	unlink(r->path);
	free(r);
	return 0;
}

/* The next message on a channel; its kind, or MSG_KINDS when there is none in time. */
static enum message_kind next(const struct channel *c, struct message *m, int ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1 && channel_receive(c, m) == 1 ? m->kind : MSG_KINDS;
}

static int sealed_text(const char *text, uint32_t *ret_len)
{
	const struct conf_host nobody = {0};
	struct conf_loaded l = conf_load_text("test", text, strlen(text), &nobody,
					      &(struct conf_load_options){0});
	size_t len;
	char *canonical;
	int fd;

	assert_int_equal(l.diags.count[DIAG_FATAL], 0);
	canonical = conf_print(l.conf, l.arena, &len);
	fd = memfile_sealed("test", canonical, len);
	assert_true(fd >= 0);
	*ret_len = (uint32_t)len;
	arena_free(l.arena);
	return fd;
}

struct how {
	uint32_t probes;
	bool adopt, old_board, not_first;
	uint8_t share, n_shares;
};

static void configure(struct rig *r, const char *text, struct how how)
{
	struct board_shape shape = {.probes = how.probes};
	struct msg_config c = {.generation = ++r->generation,
			       .log_sink = LOG_TO_NOTHING,
			       .share = how.share,
			       .n_shares = how.n_shares ? how.n_shares : 1,
			       .first = !how.not_first,
			       .adopt = how.adopt};
	struct message m;
	int fds[2];

	fds[0] = sealed_text(text, &c.text_len);
	if (how.old_board) {
		fds[1] = open(r->path, O_RDWR | O_CLOEXEC);
	} else {
		if (r->board.header)
			board_unmap(&r->board);
		fds[1] = board_create(r->path, PROC_CHECK, &shape, r->generation, "test");
		assert_int_equal(board_map(fds[1], false, &r->board), 0);
	}
	assert_true(fds[1] >= 0);
	assert_int_equal(channel_send(&r->supervisor, MSG_CONFIG_CHECK, &c, fds, 2), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(next(&r->supervisor, &m, PATIENCE), MSG_READY_CHECK);
	assert_int_equal(m.READY_CHECK.generation, r->generation);
	assert_string_equal(m.READY_CHECK.text, "");
}

static void ask_snapshot(struct rig *r)
{
	const struct msg_snapshot m = {.generation = r->generation};

	assert_int_equal(channel_send(&r->lvs, MSG_SNAPSHOT_CHECK, &m, NULL, 0), 0);
}

static void expect_verdict(struct rig *r, uint32_t checker, bool up, const char *reason)
{
	struct message m;

	assert_int_equal(next(&r->lvs, &m, PATIENCE), MSG_VERDICT_CHECK);
	assert_int_equal(m.VERDICT_CHECK.generation, r->generation);
	assert_int_equal(m.VERDICT_CHECK.checker, checker);
	assert_int_equal(m.VERDICT_CHECK.up, up);
	assert_string_equal(m.VERDICT_CHECK.reason, reason);
}

/* Of both checkers, in any order. */
static void expect_both(struct rig *r, bool up, const char *reason)
{
	unsigned told = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct message m;

		assert_int_equal(next(&r->lvs, &m, PATIENCE), MSG_VERDICT_CHECK);
		assert_int_equal(m.VERDICT_CHECK.up, up);
		assert_string_equal(m.VERDICT_CHECK.reason, reason);
		told |= 1u << m.VERDICT_CHECK.checker;
	}
	assert_int_equal(told, 3);
}

static void expect_end(struct rig *r)
{
	struct message m;

	assert_int_equal(next(&r->lvs, &m, PATIENCE), MSG_SNAPSHOT_END_CHECK);
	assert_int_equal(m.SNAPSHOT_END_CHECK.generation, r->generation);
}

static void expect_quiet(struct rig *r, int ms)
{
	struct message m;

	assert_int_equal(next(&r->lvs, &m, ms), MSG_KINDS);
}

/* One virtual server per word of `servers`, each with one real server and one TCP check. */
static const char *conf_of(const char *global, const char *servers, uint16_t port)
{
	static char text[65536];
	struct buf b = BUF_ON(text);
	char copy[256], *rest = copy;
	unsigned n = 0;

	str_copy(copy, sizeof(copy), servers);
	buf_printf(&b, "global_defs { router_id test\n%s }\n", global);
	for (char *ip = strsep(&rest, " "); ip; ip = strsep(&rest, " "))
		buf_printf(&b,
			   "virtual_server 10.9.0.%u 80 {\n delay_loop 0.2\n warmup 0\n protocol TCP\n"
			   " lb_algo rr\n lb_kind NAT\n real_server %s %u {\n"
			   "  TCP_CHECK {\n connect_timeout 1\n retry 0\n }\n }\n}\n",
			   ++n, ip, port);
	return buf_text(&b);
}

static struct board_probe record_of(const struct rig *r, uint32_t probe)
{
	struct board_probe p;

	assert_true(board_read(&r->board.probes[probe], &p, sizeof(p)));
	return p;
}

static uint64_t runs_of(const struct rig *r, uint32_t probe)
{
	return record_of(r, probe).runs;
}

/* Until a probe has run so often. */
static void wait_runs(const struct rig *r, uint32_t probe, uint64_t wanted)
{
	for (int left = PATIENCE; left > 0 && runs_of(r, probe) < wanted; left--)
		usleep(1000);
	assert_true(runs_of(r, probe) >= wanted);
}

/* ---- tests ---- */

static void test_verdicts(void **state)
{
	struct rig *r = *state;

	configure(r, conf_of("", "127.0.0.1 127.0.0.2", r->port), (struct how){.probes = 2});
	ask_snapshot(r);
	expect_end(r);
	expect_both(r, true, "");
	expect_quiet(r, 700);
	close(r->listener);
	expect_both(r, false, "connection refused");
	ask_snapshot(r);
	expect_both(r, false, "connection refused");
	expect_end(r);
	assert_true(runs_of(r, 0) >= 3);
	r->listener = -1;
}

static void test_equal_checks_are_one_probe(void **state)
{
	struct rig *r = *state;
	struct board_probe p;
	unsigned told = 0;

	configure(r, conf_of("", "127.0.0.1 127.0.0.1 127.0.0.1", r->port), (struct how){.probes = 1});
	ask_snapshot(r);
	expect_end(r);
	for (uint32_t i = 0; i < 3; i++)
		expect_verdict(r, i, true, "");
	assert_true(board_read(&r->board.probes[0], &p, sizeof(p)));
	assert_int_equal(p.sharers, 3);
	configure(r, conf_of("share_checks off\n", "127.0.0.1 127.0.0.1 127.0.0.1", r->port),
		  (struct how){.probes = 3});
	ask_snapshot(r);
	expect_verdict(r, 0, true, ""); /* goes on with what it knows; the other two are new */
	expect_end(r);
	for (unsigned i = 0; i < 2; i++) {
		struct message m;

		assert_int_equal(next(&r->lvs, &m, PATIENCE), MSG_VERDICT_CHECK);
		assert_true(m.VERDICT_CHECK.up);
		told |= 1u << m.VERDICT_CHECK.checker;
	}
	assert_int_equal(told, 1u << 1 | 1u << 2);
}

static void test_reload_keeps_verdicts(void **state)
{
	struct rig *r = *state;
	uint64_t runs;

	configure(r, conf_of("", "127.0.0.1 127.0.0.2", r->port), (struct how){.probes = 2});
	ask_snapshot(r);
	expect_end(r);
	expect_both(r, true, "");
	wait_runs(r, 1, 2);
	runs = runs_of(r, 1);
	configure(r, conf_of("", "127.0.0.3 127.0.0.2", r->port), (struct how){.probes = 2});
	assert_true(runs_of(r, 1) >= runs);
	expect_quiet(r, 300); /* lvs has not asked for this generation yet */
	ask_snapshot(r);
	expect_verdict(r, 1, true, "");
	expect_end(r);
	expect_verdict(r, 0, true, "");
}

static void test_successor_adopts(void **state)
{
	struct rig *r = *state;
	const char *conf = conf_of("", "127.0.0.1 127.0.0.2", r->port);
	uint64_t runs;
	usec_t began;

	configure(r, conf, (struct how){.probes = 2});
	ask_snapshot(r);
	expect_end(r);
	expect_both(r, true, "");
	runs = runs_of(r, 0);
	kill(r->pid, SIGKILL);
	end_worker(r, SIGKILL);
	start_worker(r);
	r->generation--;
	began = clock_monotonic();
	configure(r, conf, (struct how){.probes = 2, .adopt = true, .old_board = true, .not_first = true});
	ask_snapshot(r);
	expect_both(r, true, "");
	expect_end(r);
	wait_runs(r, 0, runs + 1);
	/* after one delay_loop, not after the second of a start */
	assert_true(clock_monotonic() - began < USEC_PER_SEC);
}

static void test_suspended_rest(void **state)
{
	struct rig *r = *state;
	struct msg_suspend m = {.vs = 1, .suspended = true};
	uint64_t runs;

	m.generation = 1; /* lvs is told of a configuration before this process */
	assert_int_equal(channel_send(&r->lvs, MSG_SUSPEND_CHECK, &m, NULL, 0), 0);
	usleep(50000);
	configure(r, conf_of("", "127.0.0.1 127.0.0.2", r->port), (struct how){.probes = 2});
	ask_snapshot(r);
	expect_end(r);
	expect_verdict(r, 0, true, "");
	expect_quiet(r, 800);
	assert_int_equal(runs_of(r, 1), 0);
	m.suspended = false;
	assert_int_equal(channel_send(&r->lvs, MSG_SUSPEND_CHECK, &m, NULL, 0), 0);
	expect_verdict(r, 1, true, "");
	m.suspended = true;
	assert_int_equal(channel_send(&r->lvs, MSG_SUSPEND_CHECK, &m, NULL, 0), 0);
	usleep(300000);
	runs = runs_of(r, 1);
	usleep(600000);
	assert_int_equal(runs_of(r, 1), runs);
}

/* How many probes the board of this share has to have: all others are refused. */
static void answer_one_page(const struct rig *r)
{
	static const char page[] = "HTTP/1.0 200 OK\r\n\r\n";
	char request[1024];
	int fd = accept(r->listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_true(recv(fd, request, sizeof(request), 0) > 0);
	usleep(500);
	assert_int_equal(send(fd, page, sizeof(page) - 1, MSG_NOSIGNAL), sizeof(page) - 1);
	close(fd);
}

/* A run of a millisecond does not move the next ones. Where the machine stalls in it, another shows it. */
static void test_short_runs_keep_their_place(void **state)
{
	struct rig *r = *state;
	char conf[512];
	bool kept = false;

	snprintf(conf, sizeof(conf),
		 "global_defs { router_id test }\n"
		 "virtual_server 10.9.0.1 80 {\n delay_loop 1\n warmup 0\n protocol TCP\n lb_algo rr\n"
		 " lb_kind NAT\n real_server 127.0.0.1 %u {\n  HTTP_GET {\n url {\n path /\n status_code 200\n"
		 " }\n }\n }\n}\n",
		 r->port);
	configure(r, conf, (struct how){.probes = 1});
	for (unsigned runs = 0; runs < 10 && !kept; runs++) {
		usec_t due = record_of(r, 0).due;

		answer_one_page(r);
		wait_runs(r, 0, runs + 1);
		kept = record_of(r, 0).due == due + USEC_PER_SEC;
	}
	assert_true(kept);
}

static uint32_t probes_of(struct rig *r, const char *conf, uint8_t share, uint32_t most)
{
	uint32_t found = UINT32_MAX;

	for (uint32_t n = 0; n <= most; n++) {
		struct board_shape shape = {.probes = n};
		struct msg_config c = {.generation = ++r->generation,
				       .log_sink = LOG_TO_NOTHING,
				       .share = share,
				       .n_shares = 2,
				       .first = true};
		int fds[2] = {sealed_text(conf, &c.text_len),
			      board_create(r->path, PROC_CHECK, &shape, c.generation, "test")};
		struct message m;

		assert_int_equal(channel_send(&r->supervisor, MSG_CONFIG_CHECK, &c, fds, 2), 0);
		close(fds[0]);
		close(fds[1]);
		assert_int_equal(next(&r->supervisor, &m, PATIENCE), MSG_READY_CHECK);
		if (m.READY_CHECK.error == 0) {
			assert_int_equal(found, UINT32_MAX);
			found = n;
		} else {
			assert_string_equal(m.READY_CHECK.text, "the board does not fit the configuration");
		}
	}
	assert_int_not_equal(found, UINT32_MAX);
	return found;
}

static void test_shares_of_processes(void **state)
{
	struct rig *r = *state;
	const char *conf = conf_of("", "127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5 127.0.0.6", r->port);

	assert_int_equal(probes_of(r, conf, 0, 6) + probes_of(r, conf, 1, 6), 6);
}

static void test_snapshot_larger_than_the_channel(void **state)
{
	struct rig *r = *state;
	static char text[4 << 20];
	struct buf b = BUF_ON(text);
	struct message m;
	unsigned n = 0;

	buf_printf(&b, "global_defs { router_id test }\nvirtual_server 10.9.0.1 80 {\n delay_loop 1\n warmup 0\n"
		       "protocol TCP\nlb_algo rr\nlb_kind NAT\n");
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&b, "real_server 10.%u.%u.1 80 { TCP_CHECK { connect_ip 127.0.0.1\nconnect_port %u\n } }\n",
			   i / 250, i % 250, r->port);
	buf_printf(&b, "}\n");
	configure(r, buf_text(&b), (struct how){.probes = 1});
	for (unsigned tries = 0; tries < 100 && runs_of(r, 0) == 0; tries++)
		usleep(50000);
	ask_snapshot(r);
	usleep(300000); /* the channel is full by now */
	while (next(&r->lvs, &m, PATIENCE) == MSG_VERDICT_CHECK)
		n++;
	assert_int_equal(m.kind, MSG_SNAPSHOT_END_CHECK);
	assert_int_equal(n, 20000);
}

static void test_has_no_privileges(void **state)
{
	struct rig *r = *state;
	char path[64], line[256];
	unsigned seen = 0;
	FILE *f;

	if (geteuid() != 0)
		skip();
	configure(r, conf_of("", "127.0.0.1", r->port), (struct how){.probes = 1});
	snprintf(path, sizeof(path), "/proc/%d/status", (int)r->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (str_starts(line, "Uid:") || str_starts(line, "Gid:"))
			assert_non_null(strstr(line, "65534\t65534\t65534\t65534"));
		else if (str_starts(line, "Groups:"))
			assert_null(strpbrk(line, "0123456789"));
		else if (str_starts(line, "CapPrm:") || str_starts(line, "CapEff:"))
			assert_non_null(strstr(line, "\t0000000000000000"));
		else if (str_starts(line, "NoNewPrivs:"))
			assert_non_null(strstr(line, "\t1"));
		else
			continue;
		seen++;
	}
	fclose(f);
	assert_int_equal(seen, 6);
}

static void test_more_privileges_need_another_process(void **state)
{
	struct rig *r = *state;
	char conf[1024];

	if (geteuid() != 0)
		skip();
	configure(r, conf_of("", "127.0.0.1", r->port), (struct how){.probes = 1});
	usleep(1400000);
	snprintf(conf, sizeof(conf),
		 "virtual_server 10.9.0.1 80 {\n delay_loop 1\n protocol TCP\n lb_algo rr\n lb_kind NAT\n"
		 " real_server 127.0.0.1 %u {\n TCP_CHECK {\n fwmark 7\n } } }\n", r->port);
	configure(r, conf, (struct how){.probes = 1});
	end_worker(r, 0);
	start_worker(r);
	r->generation--;
	configure(r, conf, (struct how){.probes = 1, .adopt = true, .old_board = true, .not_first = true});
	ask_snapshot(r);
	expect_end(r);
	expect_verdict(r, 0, true, ""); /* the mark was permitted */
}

static void test_stop(void **state)
{
	struct rig *r = *state;
	const struct msg_stop m = {0};
	struct message answer;

	configure(r, conf_of("", "127.0.0.1", r->port), (struct how){.probes = 1});
	assert_int_equal(channel_send(&r->supervisor, MSG_STOP_CHECK, &m, NULL, 0), 0);
	assert_int_equal(next(&r->supervisor, &answer, PATIENCE), MSG_STOPPED_CHECK);
	end_worker(r, 0);
}

static void test_orphan_ends(void **state)
{
	struct rig *r = *state;

	configure(r, conf_of("", "127.0.0.1", r->port), (struct how){.probes = 1});
	close(r->supervisor.fd);
	r->supervisor.fd = -1;
	end_worker(r, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_equal_checks_are_one_probe),
		TEST(test_reload_keeps_verdicts),
		TEST(test_successor_adopts),
		TEST(test_suspended_rest),
		TEST(test_short_runs_keep_their_place),
		TEST(test_shares_of_processes),
		TEST(test_snapshot_larger_than_the_channel),
		TEST(test_has_no_privileges),
		TEST(test_more_privileges_need_another_process),
		TEST(test_stop),
		TEST(test_orphan_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
