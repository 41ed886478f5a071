/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels and boards: what breaks the message table is dropped with its descriptors, what fits
 * arrives whole; a board that lies about its size is refused and a torn record is never handed out.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/board.h"
#include "ipc/channel.h"
#include "ipc/message_rule.h"

struct pair {
	struct channel supervisor, vrrp;
};

static struct pair pair_open(void)
{
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	return (struct pair){.supervisor = {fds[0], PROC_SUPERVISOR, PROC_VRRP},
			     .vrrp = {fds[1], PROC_VRRP, PROC_SUPERVISOR}};
}

static void pair_close(struct pair *p)
{
	close(p->supervisor.fd);
	close(p->vrrp.fd);
}

static void test_every_kind_has_a_row(void **state)
{
	for (unsigned k = 0; k < MSG_KINDS; k++) {
		const struct message_rule *r = message_rule_find(k);

		assert_non_null(r);
		assert_non_null(r->name);
		assert_true(r->from != r->to && r->length > 0 && r->length <= MSG_MAX);
	}
	assert_null(message_rule_find(MSG_KINDS));
	assert_string_equal(message_name(MSG_NOTIFY), "NOTIFY");
	assert_string_equal(process_name(PROC_RUNNER), "runner");
}

static void test_message_arrives_with_descriptors(void **state)
{
	struct pair p = pair_open();
	struct msg_config sent = {.generation = 7, .run_dir = "/run/x"};
	int ends[2];
	struct message m;
	char c = 0;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(channel_receive(&p.vrrp, &m), 0);
	assert_int_equal(channel_send(&p.supervisor, MSG_CONFIG_VRRP, &sent, ends, 2), 0);
	assert_int_equal(channel_receive(&p.vrrp, &m), 1);
	assert_int_equal(m.kind, MSG_CONFIG_VRRP);
	assert_int_equal(m.CONFIG_VRRP.generation, 7);
	assert_string_equal(m.CONFIG_VRRP.run_dir, "/run/x");
	assert_true(m.fds[0] >= 0 && m.fds[1] >= 0);
	assert_true(fcntl(m.fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(m.fds[1], "!", 1), 1);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(c, '!');
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(m.fds[i]);
	}
	pair_close(&p);
}

static void raw_send(int fd, uint16_t kind, uint8_t from, uint8_t to, size_t length)
{
	struct message_header h = {kind, from, to};
	uint8_t bytes[MSG_MAX + 64] = {0};

	memcpy(bytes, &h, sizeof(h));
	assert_int_equal(send(fd, bytes, sizeof(h) + length, 0), (ssize_t)(sizeof(h) + length));
}

static void test_what_breaks_the_table_is_dropped(void **state)
{
	static const struct {
		const char *what;
		uint16_t kind;
		uint8_t from, to;
		size_t length;
	} bad[] = {
		{"no such kind", MSG_KINDS, PROC_SUPERVISOR, PROC_VRRP, 4},
		{"sender of another kind", MSG_STOP_VRRP, PROC_RUNNER, PROC_VRRP,
		 sizeof(struct msg_stop)},
		{"meant for another", MSG_STOP_RUNNER, PROC_SUPERVISOR, PROC_RUNNER,
		 sizeof(struct msg_stop)},
		{"our own message", MSG_READY_VRRP, PROC_VRRP, PROC_SUPERVISOR,
		 sizeof(struct msg_ready)},
		{"from a peer that is not there", MSG_SCRIPT_STATE, PROC_RUNNER, PROC_VRRP,
		 sizeof(struct msg_script_state)},
		{"short", MSG_STOP_VRRP, PROC_SUPERVISOR, PROC_VRRP, sizeof(struct msg_stop) - 1},
		{"long", MSG_STOP_VRRP, PROC_SUPERVISOR, PROC_VRRP, sizeof(struct msg_stop) + 1},
		{"longer than anything", MSG_STOP_VRRP, PROC_SUPERVISOR, PROC_VRRP, MSG_MAX + 10},
	};
	struct pair p = pair_open();
	struct message m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		raw_send(p.supervisor.fd, bad[i].kind, bad[i].from, bad[i].to, bad[i].length);
		if (channel_receive(&p.vrrp, &m) != -EPROTO)
			fail_msg("accepted: %s", bad[i].what);
	}
	assert_int_equal(send(p.supervisor.fd, "ab", 2, 0), 2);
	assert_int_equal(channel_receive(&p.vrrp, &m), -EPROTO);
	raw_send(p.supervisor.fd, MSG_STOP_VRRP, PROC_SUPERVISOR, PROC_VRRP,
		 sizeof(struct msg_stop));
	assert_int_equal(channel_receive(&p.vrrp, &m), 1);
	pair_close(&p);
}

static void test_dropped_message_closes_its_descriptors(void **state)
{
	struct pair p = pair_open();
	struct channel liar = {p.supervisor.fd, PROC_RUNNER, PROC_VRRP};
	struct msg_file_value v = {0};
	int ends[2];
	struct message m;
	char c;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(channel_send(&liar, MSG_FILE_VALUE, &v, &ends[1], 1), 0);
	close(ends[1]);
	assert_int_equal(channel_receive(&p.vrrp, &m), -EPROTO);
	assert_int_equal(m.fds[0], -1);
	assert_int_equal(read(ends[0], &c, 1), 0); /* nobody holds the other end */
	close(ends[0]);
	pair_close(&p);
}

static void test_full_channel_says_again_and_gone_peer_says_gone(void **state)
{
	struct pair p = pair_open();
	struct msg_stop stop = {0};
	struct message m;
	int r = 0;

	for (unsigned i = 0; i < 1000000 && r == 0; i++)
		r = channel_send(&p.supervisor, MSG_STOP_VRRP, &stop, NULL, 0);
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(channel_receive(&p.vrrp, &m), 1);
	close(p.vrrp.fd);
	assert_true(channel_send(&p.supervisor, MSG_STOP_VRRP, &stop, NULL, 0) < 0);
	close(p.supervisor.fd);

	p = pair_open();
	close(p.supervisor.fd);
	assert_int_equal(channel_receive(&p.vrrp, &m), -ECONNRESET);
	close(p.vrrp.fd);
}

static char directory[] = "/tmp/test_ipc.XXXXXX";
static char path[64];

static int board_open(const struct board_shape *shape, struct board *b)
{
	int fd = board_create(path, PROC_VRRP, shape, 3, "/etc/x.conf");

	assert_true(fd >= 0);
	assert_int_equal(board_map(fd, true, b), 0);
	return fd;
}

static void test_board_has_the_shape_it_was_made_with(void **state)
{
	struct board_shape shape = {
		.instances = 3, .vips = 5, .groups = 2, .scripts = 1, .files = 4};
	struct board w, r;
	struct board_instance copy;
	struct stat st;
	int fd = board_open(&shape, &w);
	int reader = open(path, O_RDONLY);

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(board_map(reader, false, &r), 0);
	assert_int_equal(r.header->generation, 3);
	assert_string_equal(r.header->conf_path, "/etc/x.conf");
	for (unsigned i = 0; i < 3; i++) {
		board_write_begin(&w.instances[i].seq);
		memset((char *)&w.instances[i] + 4, 0x40 + (int)i, sizeof(w.instances[i]) - 4);
		board_write_end(&w.instances[i].seq);
	}
	memset(w.vips, 0xee, 5 * sizeof(*w.vips));
	memset(w.files, 0xee, 4 * sizeof(*w.files));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(board_read(&r.instances[i], &copy, sizeof(copy)));
		assert_int_equal(copy.vrid, 0x40 + i);
	}
	board_unmap(&w);
	board_unmap(&r);
	board_unmap(&r);
	close(fd);
	close(reader);
}

static void test_records_of_each_kind_have_their_place(void **state)
{
	struct board_shape shape = {.instances = 1, .scripts = 1, .services = 2, .servers = 3, .probes = 4, .drains = 2};
	struct board w, r;
	struct board_service service;
	struct board_server server;
	struct board_probe probe;
	struct board_drain drain;
	int fd = board_open(&shape, &w), reader = open(path, O_RDONLY);

	assert_int_equal(board_map(reader, false, &r), 0);
	for (unsigned i = 0; i < 2; i++)
		w.services[i].quorum = 10 + i;
	for (unsigned i = 0; i < 3; i++)
		w.servers[i].weight = 20 + i;
	for (unsigned i = 0; i < 4; i++)
		w.probes[i].checker = 30 + i;
	for (unsigned i = 0; i < 2; i++)
		w.drains[i].connections = 40 + i;
	w.events[BOARD_EVENTS - 1].number = 5;
	for (unsigned i = 0; i < 4; i++) {
		assert_true(board_read(&r.services[i % 2], &service, sizeof(service)));
		assert_int_equal(service.quorum, 10 + i % 2);
		assert_true(board_read(&r.servers[i % 3], &server, sizeof(server)));
		assert_int_equal(server.weight, 20 + i % 3);
		assert_true(board_read(&r.probes[i], &probe, sizeof(probe)));
		assert_int_equal(probe.checker, 30 + i);
		assert_true(board_read(&r.drains[i % 2], &drain, sizeof(drain)));
		assert_int_equal(drain.connections, 40 + i % 2);
	}
	assert_true((char *)&r.drains[2] <= (char *)r.header + r.size);
	assert_int_equal(r.size, board_size(&shape));
	board_unmap(&w);
	board_unmap(&r);
	close(fd);
	close(reader);
}

static void test_liars_are_refused(void **state)
{
	struct board_shape shape = {.instances = 1};
	struct board b;
	int fd = board_open(&shape, &b);
	struct board_header h = *b.header;
	struct board_header bad;

	board_unmap(&b);
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		bad = h;                                                                           \
		change;                                                                            \
		assert_int_equal(pwrite(fd, &bad, sizeof(bad), 0), sizeof(bad));                   \
		assert_int_equal(board_map(fd, false, &b), -EBADMSG);                              \
	} while (0)
	REFUSED(bad.magic++);
	REFUSED(bad.layout++);
	REFUSED(bad.size++);
	REFUSED(bad.shape.instances = 2);
	REFUSED(bad.shape.vips = UINT32_MAX);
	REFUSED(bad.process = 99);
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(board_map(fd, false, &b), 0);
	board_unmap(&b);
	assert_int_equal(ftruncate(fd, 10), 0);
	assert_int_equal(board_map(fd, false, &b), -EBADMSG);
	close(fd);
	shape.instances = UINT32_MAX;
	assert_int_equal(board_create(path, PROC_VRRP, &shape, 1, NULL), -E2BIG);
}

static void test_writer_that_died_in_the_middle(void **state)
{
	struct board_shape shape = {.instances = 1};
	struct board b;
	struct board_instance copy;
	int fd = board_open(&shape, &b);

	board_write_begin(&b.instances[0].seq);
	assert_false(board_read(&b.instances[0], &copy, sizeof(copy)));
	board_write_begin(&b.instances[0].seq); /* the successor */
	board_write_end(&b.instances[0].seq);
	assert_true(board_read(&b.instances[0], &copy, sizeof(copy)));
	board_unmap(&b);
	close(fd);
}

struct race {
	struct board *b;
	_Atomic bool stop;
};

static void *scribble(void *ctx)
{
	struct race *r = ctx;

	for (unsigned i = 0; !r->stop; i++) {
		board_write_begin(&r->b->instances[0].seq);
		memset((char *)&r->b->instances[0] + sizeof(board_seq), (int)(i & 0xff),
		       sizeof(r->b->instances[0]) - sizeof(board_seq));
		board_write_end(&r->b->instances[0].seq);
		for (volatile int rest = 0; rest < 3000; rest++)
			; /* a real writer has other things to do, too */
	}
	return NULL;
}

static void test_no_torn_reads(void **state)
{
	struct board_shape shape = {.instances = 1};
	struct board b;
	int fd = board_open(&shape, &b);
	struct race race = {.b = &b};
	pthread_t thread;
	unsigned whole = 0;
	time_t end = time(NULL) + 4; /* sanitizers are slow */

	assert_int_equal(pthread_create(&thread, NULL, scribble, &race), 0);
	for (unsigned i = 0; i < 20000 && time(NULL) < end; i++) {
		struct board_instance copy;
		const uint8_t *p = (const uint8_t *)&copy + sizeof(board_seq);

		if (!board_read(&b.instances[0], &copy, sizeof(copy)))
			continue;
		whole++;
		for (size_t k = 1; k < sizeof(copy) - sizeof(board_seq); k++)
			if (p[k] != p[0])
				fail_msg("torn at byte %zu of copy %u", k, i);
	}
	race.stop = true;
	pthread_join(thread, NULL);
	assert_true(whole > 100);
	board_unmap(&b);
	close(fd);
}

static void test_events_wrap_and_are_carried_over(void **state)
{
	struct board_shape shape = {.instances = 1};
	struct board a, b;
	int fd = board_open(&shape, &a), next;

	for (unsigned i = 1; i <= BOARD_EVENTS + 3; i++) {
		struct board_event e = {.at = i, .to = VRRP_MASTER};

		board_event_add(&a, &e);
	}
	assert_int_equal(a.header->events, BOARD_EVENTS + 3);
	assert_int_equal(a.events[0].number, BOARD_EVENTS + 1);
	assert_int_equal(a.events[3].number, 4);
	assert_int_equal(a.events[3].at, 4);
	next = board_open(&shape, &b);
	board_event_carry(&b, &a);
	assert_int_equal(b.header->events, BOARD_EVENTS + 3);
	assert_int_equal(b.events[2].number, BOARD_EVENTS + 3);
	board_unmap(&a);
	board_unmap(&b);
	close(fd);
	close(next);
}

static int set_up(void **state)
{
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/board", directory);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_has_a_row),
		cmocka_unit_test(test_message_arrives_with_descriptors),
		cmocka_unit_test(test_what_breaks_the_table_is_dropped),
		cmocka_unit_test(test_dropped_message_closes_its_descriptors),
		cmocka_unit_test(test_full_channel_says_again_and_gone_peer_says_gone),
		cmocka_unit_test(test_board_has_the_shape_it_was_made_with),
		cmocka_unit_test(test_records_of_each_kind_have_their_place),
		cmocka_unit_test(test_liars_are_refused),
		cmocka_unit_test(test_writer_that_died_in_the_middle),
		cmocka_unit_test(test_no_torn_reads),
		cmocka_unit_test(test_events_wrap_and_are_carried_over),
	};

	return cmocka_run_group_tests_name("ipc", tests, set_up, tear_down);
}
