/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transports of probes, against servers in threads that follow a script. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "io/icmp_socket.h"
#include "io/probe_internal.h"

/* ---- the client: a judge that follows a script, too ---- */

struct client {
	struct probe probe; /* first */
	struct conf_check_socket conf;
	struct loop *loop;
	struct probe_bytes say;
	const char *want; /* GOOD when all of it has come; NULL: when the peer closes */
	bool silence_is_good;
	char got[64];
	size_t n_got;
	_Atomic size_t n_feeds; /* the server waits for it */
	/* the result */
	unsigned done;
	enum probe_outcome outcome;
	char reason[PROBE_REASON_MAX];
	usec_t certificate_ends;
};

static struct client *client_of(struct probe *p)
{
	return (struct client *)p;
}

static enum probe_step on_begin(struct probe *p, struct probe_bytes *out)
{
	*out = client_of(p)->say;
	return PROBE_MORE;
}

static enum probe_step on_feed(struct probe *p, const void *data, size_t n, struct probe_bytes *out)
{
	struct client *c = client_of(p);
	size_t room = sizeof(c->got) - 1 - c->n_got;

	(void)out;
	c->n_feeds++;
	memcpy(c->got + c->n_got, data, n < room ? n : room);
	c->n_got += n < room ? n : room;
	if (c->want && str_eq(c->got, c->want))
		return PROBE_GOOD;
	return c->want && !str_starts(c->want, c->got) ? PROBE_BAD : PROBE_WAIT;
}

static enum probe_step on_closed(struct probe *p)
{
	return client_of(p)->want ? PROBE_BAD : PROBE_GOOD;
}

static enum probe_step on_silence(struct probe *p)
{
	return client_of(p)->silence_is_good ? PROBE_GOOD : PROBE_BAD;
}

static const char *on_reason(struct probe *p)
{
	(void)p;
	return "not what was wanted";
}

static void on_done(struct probe *p, const struct probe_result *r)
{
	struct client *c = client_of(p);

	c->done++;
	c->outcome = r->outcome;
	str_copy(c->reason, sizeof(c->reason), r->reason);
	c->certificate_ends = r->certificate_ends;
	loop_quit(c->loop);
}

static const struct probe_judge judge = {
	.begin = on_begin, .feed = on_feed, .closed = on_closed, .reason = on_reason, .done = on_done};
static const struct probe_judge judge_of_silence = {.begin = on_begin,
						    .feed = on_feed,
						    .closed = on_closed,
						    .silence = on_silence,
						    .reason = on_reason,
						    .done = on_done};

struct bench {
	struct loop *loop;
	struct agenda *agenda;
	struct probe_engine *engine;
	struct client client;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->loop = loop_new();
	b->agenda = agenda_new(b->loop);
	b->engine = probe_engine_new(b->loop, b->agenda);
	b->client.loop = b->loop;
	b->client.probe.judge = &judge;
	b->client.probe.conf = &b->client.conf;
	b->client.conf.check.timing.connect_timeout = 5 * USEC_PER_SEC;
	ip_parse("127.0.0.1", &b->client.conf.connect_ip);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	probe_clear(&b->client.probe);
	probe_engine_free(b->engine);
	agenda_free(b->agenda);
	loop_free(b->loop);
	free(b);
	return 0;
}

static void run(struct bench *b, enum probe_transport transport)
{
	b->client.probe.transport = (uint8_t)transport;
	b->client.done = 0;
	probe_start(b->engine, &b->client.probe);
	if (!b->client.done)
		loop_run(b->loop);
	assert_int_equal(b->client.done, 1);
	assert_false(probe_is_running(&b->client.probe));
}

static void expect_failure(const struct bench *b, const char *reason)
{
	assert_string_equal(b->client.reason, reason);
	assert_int_equal(b->client.outcome, PROBE_FAILED);
}

static void expect_success(const struct bench *b)
{
	assert_string_equal(b->client.reason, "");
	assert_int_equal(b->client.outcome, PROBE_SUCCEEDED);
}

/* ---- the server ---- */

struct server {
	int fd;
	pthread_t thread;
	void (*play)(int fd, struct server *s);
	struct sockaddr_in peer;
	size_t heard;
	struct bench *b;
};

static void *serve(void *ctx)
{
	struct server *s = ctx;
	socklen_t len = sizeof(s->peer);
	int fd = accept(s->fd, (struct sockaddr *)&s->peer, &len);

	assert_true(fd >= 0);
	if (s->play)
		s->play(fd, s);
	close(fd);
	return NULL;
}

static int bound_socket(struct bench *b, int type)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	b->client.conf.connect_port = ntohs(a.sin_port);
	return fd;
}

static void server_start(struct server *s, struct bench *b, void (*play)(int fd, struct server *s))
{
	*s = (struct server){.fd = bound_socket(b, SOCK_STREAM), .play = play, .b = b};
	assert_int_equal(listen(s->fd, 8), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_end(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static void hear(int fd, const char *text)
{
	char buf[64] = {0};

	assert_int_equal(recv(fd, buf, strlen(text), MSG_WAITALL), strlen(text));
	assert_string_equal(buf, text);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* ---- connecting ---- */

static void test_connected_is_good(void **state)
{
	struct bench *b = *state;
	struct server s;

	server_start(&s, b, NULL);
	run(b, PROBE_CONNECT);
	expect_success(b);
	server_end(&s);
}

static void test_connected_by_ipv6(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		print_message("needs IPv6 on the loopback interface\n");
		skip();
	}
	listen(fd, 8);
	getsockname(fd, (struct sockaddr *)&a, &len);
	ip_parse("::1", &b->client.conf.connect_ip);
	b->client.conf.connect_port = ntohs(a.sin6_port);
	b->client.conf.bindto = b->client.conf.connect_ip;
	run(b, PROBE_CONNECT);
	expect_success(b);
	close(fd);
	run(b, PROBE_CONNECT);
	expect_failure(b, "connection refused");
}

static void test_refused(void **state)
{
	struct bench *b = *state;

	close(bound_socket(b, SOCK_STREAM));
	run(b, PROBE_CONNECT);
	expect_failure(b, "connection refused");
}

/* A queue of length 0 takes one connection; of others it does not even hear. */
static void test_no_answer_to_a_connection(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = bound_socket(b, SOCK_STREAM), filler = socket(AF_INET, SOCK_STREAM, 0);
	usec_t before;

	listen(fd, 0);
	a.sin_port = htons(b->client.conf.connect_port);
	assert_int_equal(connect(filler, (struct sockaddr *)&a, sizeof(a)), 0);
	b->client.conf.check.timing.connect_timeout = USEC_PER_SEC / 5;
	before = clock_monotonic();
	run(b, PROBE_CONNECT);
	expect_failure(b, "no connection within 0.2 s");
	assert_in_range(clock_monotonic() - before, 195000, 900000);
	close(filler);
	close(fd);
}

static void test_source_address_and_port(void **state)
{
	struct bench *b = *state;
	struct server s;

	ip_parse("127.0.0.5", &b->client.conf.bindto);
	for (unsigned i = 0; i < 3; i++) { /* the same port again and again */
		server_start(&s, b, NULL);
		b->client.conf.bind_port = (uint16_t)(s.b->client.conf.connect_port ^ 1);
		run(b, PROBE_CONNECT);
		server_end(&s);
		expect_success(b);
		assert_int_equal(ntohl(s.peer.sin_addr.s_addr), 0x7f000005);
		assert_int_equal(ntohs(s.peer.sin_port), b->client.conf.bind_port);
	}
}

static void test_what_is_ours_is_no_verdict(void **state)
{
	struct bench *b = *state;

	ip_parse("192.0.2.77", &b->client.conf.bindto);
	b->client.conf.connect_port = 9;
	run(b, PROBE_CONNECT);
	assert_int_equal(b->client.outcome, PROBE_UNDECIDED);
	assert_string_equal(b->client.reason, "the source address: cannot assign requested address");
	b->client.conf.bindto = (struct ip_addr){0};
	b->client.conf.bind_if = "no-such-if";
	run(b, PROBE_CONNECT);
	assert_int_equal(b->client.outcome, PROBE_UNDECIDED);
	assert_string_equal(b->client.reason, "no-such-if: no such device");
}

/* ---- talking ---- */

static void play_greeting(int fd, struct server *s)
{
	hear(fd, "hello");
	say(fd, "wor");
	for (int left = 5000; left > 0 && s->b->client.n_feeds == 0; left--)
		usleep(1000); /* until the first piece has been judged */
	say(fd, "ld");
}

static void test_answer_in_pieces(void **state)
{
	struct bench *b = *state;
	struct server s;

	b->client.say = (struct probe_bytes){"hello", 5};
	b->client.want = "world";
	server_start(&s, b, play_greeting);
	run(b, PROBE_STREAM);
	expect_success(b);
	assert_int_equal(b->client.n_feeds, 2);
	server_end(&s);
}

static void play_part(int fd, struct server *s)
{
	(void)s;
	hear(fd, "hello");
	say(fd, "wor");
}

static void test_end_before_the_answer(void **state)
{
	struct bench *b = *state;
	struct server s;

	b->client.say = (struct probe_bytes){"hello", 5};
	b->client.want = "world";
	server_start(&s, b, play_part);
	run(b, PROBE_STREAM);
	expect_failure(b, "not what was wanted");
	assert_string_equal(b->client.got, "wor");
	server_end(&s);
}

static void play_half_close(int fd, struct server *s)
{
	char c;

	say(fd, "all of it");
	shutdown(fd, SHUT_WR);
	s->heard = (size_t)recv(fd, &c, 1, 0); /* 0: the client closes */
}

static void test_half_closed_is_the_end(void **state)
{
	struct bench *b = *state;
	struct server s;

	server_start(&s, b, play_half_close);
	run(b, PROBE_STREAM);
	expect_success(b);
	assert_string_equal(b->client.got, "all of it");
	server_end(&s);
	assert_int_equal(s.heard, 0);
}

static void play_answer_and_close(int fd, struct server *s)
{
	char c;

	hear(fd, "hello");
	/* One segment with answer and FIN: it has closed when the answer is judged. */
	assert_int_equal(send(fd, "world", 5, MSG_NOSIGNAL | MSG_MORE), 5);
	shutdown(fd, SHUT_WR);
	s->heard = (size_t)recv(fd, &c, 1, 0); /* an error: there was no goodbye */
}

/* Who has answered what we asked and closed is left without TIME_WAIT. */
static void test_reset_of_what_is_over(void **state)
{
	struct bench *b = *state;
	struct server s;

	b->client.probe.speaks_first = true;
	b->client.say = (struct probe_bytes){"hello", 5};
	b->client.want = "never";
	server_start(&s, b, play_answer_and_close);
	run(b, PROBE_STREAM);
	assert_string_equal(b->client.got, "world");
	server_end(&s);
	assert_int_equal(s.heard, (size_t)-1);
}

/* ---- the socket that is kept for the next run ---- */

static void run_to_the_end(struct bench *b)
{
	struct server s;

	server_start(&s, b, play_answer_and_close);
	run(b, PROBE_STREAM);
	server_end(&s);
	assert_int_equal(s.heard, (size_t)-1);
	b->client.conf.connect_port = 0; /* the next server has another */
}

static int setup_question(void **state)
{
	struct bench *b;

	setup(state);
	b = *state;
	b->client.probe.speaks_first = true;
	b->client.say = (struct probe_bytes){"hello", 5};
	return 0;
}

static void test_kept_for_the_next_run(void **state)
{
	struct bench *b = *state;
	struct probe *p = &b->client.probe;
	int fd;

	run_to_the_end(b);
	expect_success(b);
	assert_true(p->kept);
	fd = p->fd;
	for (unsigned i = 0; i < 3; i++) {
		b->client.n_got = 0;
		run_to_the_end(b);
		expect_success(b);
		assert_memory_equal(b->client.got, "world", 6);
		assert_int_equal(p->fd, fd);
	}
	close(bound_socket(b, SOCK_STREAM)); /* nobody is there */
	run(b, PROBE_STREAM);
	expect_failure(b, "connection refused");
	assert_false(p->kept);
	run_to_the_end(b);
	expect_success(b);
	probe_clear(p);
	assert_false(p->kept);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* From another port each time: the last one may still be in TIME_WAIT at the peer. */
static void test_kept_without_its_port(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	struct server s;
	in_port_t port;

	server_start(&s, b, play_answer_and_close);
	run(b, PROBE_STREAM);
	port = s.peer.sin_port;
	pthread_join(s.thread, NULL);
	assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
	run(b, PROBE_STREAM);
	server_end(&s);
	assert_true(b->client.probe.kept);
	assert_int_not_equal(s.peer.sin_port, port);
	assert_int_equal(getpeername(b->client.probe.fd, (struct sockaddr *)&a, &len), -1);
}

static void test_kept_quietly(void **state)
{
	struct bench *b = *state;
	struct epoll_event ev;

	run_to_the_end(b);
	assert_true(b->client.probe.kept);
	assert_true(b->client.probe.watched);
	assert_int_equal(epoll_wait(b->engine->epoll_fd, &ev, 1, 0), 0);
}

static void expect_not_kept(struct bench *b)
{
	run_to_the_end(b);
	expect_success(b);
	assert_false(b->client.probe.kept);
	assert_int_equal(b->client.probe.fd, -1);
}

static void test_not_kept(void **state)
{
	struct bench *b = *state;
	struct conf_check_socket *c = &b->client.conf;

	c->check.timing.delay_loop = 11 * USEC_PER_SEC;
	expect_not_kept(b);
	c->check.timing.delay_loop = USEC_PER_SEC;
	ip_parse("127.0.0.1", &c->bindto);
	expect_not_kept(b);
	c->bindto = (struct ip_addr){0};
	b->engine->keep_max = 0;
	expect_not_kept(b);
	b->engine->keep_max = 1;
	run_to_the_end(b);
	assert_true(b->client.probe.kept);
}

static void test_few_descriptors_keep_few(void **state)
{
	struct bench *b = *state;
	struct rlimit was, few;
	struct probe_engine *e;

	getrlimit(RLIMIT_NOFILE, &was);
	few = (struct rlimit){100, was.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	e = probe_engine_new(b->loop, b->agenda);
	setrlimit(RLIMIT_NOFILE, &was);
	assert_int_equal(e->keep_max, 50);
	probe_engine_free(e);
}

static void play_reset(int fd, struct server *s)
{
	const struct linger hard = {.l_onoff = 1};

	(void)s;
	hear(fd, "hello");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static void test_reset(void **state)
{
	struct bench *b = *state;
	struct server s;

	b->client.say = (struct probe_bytes){"hello", 5};
	server_start(&s, b, play_reset);
	run(b, PROBE_STREAM);
	expect_failure(b, "connection reset by peer");
	server_end(&s);
}

static void play_nothing(int fd, struct server *s)
{
	char c;

	(void)s;
	(void)!recv(fd, &c, 1, 0);
}

static void test_silence(void **state)
{
	struct bench *b = *state;
	struct server s;

	b->client.conf.check.timing.connect_timeout = USEC_PER_SEC / 10;
	server_start(&s, b, play_nothing);
	run(b, PROBE_STREAM);
	expect_failure(b, "no answer within 0.1 s");
	server_end(&s);
	b->client.probe.judge = &judge_of_silence;
	b->client.silence_is_good = true;
	server_start(&s, b, play_nothing);
	run(b, PROBE_STREAM);
	expect_success(b);
	server_end(&s);
}

/* Each byte comes in time, but the judge only waits: the limit does not start anew. */
static void play_drip(int fd, struct server *s)
{
	for (s->heard = 0; s->heard < 1000; s->heard++) {
		if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
			return;
		usleep(2000);
	}
}

static void test_drops_do_not_wear_the_limit_away(void **state)
{
	struct bench *b = *state;
	struct server s;

	b->client.conf.check.timing.connect_timeout = USEC_PER_SEC / 5;
	server_start(&s, b, play_drip);
	run(b, PROBE_STREAM);
	expect_failure(b, "no answer within 0.2 s");
	server_end(&s);
	assert_in_range(s.heard, 3, 600);
}

#define MUCH ((size_t)6 << 20)

static void play_slow_reader(int fd, struct server *s)
{
	static char buf[1 << 20];
	ssize_t n;

	usleep(50000);
	while (s->heard < MUCH && (n = recv(fd, buf, sizeof(buf), 0)) > 0)
		s->heard += (size_t)n;
	say(fd, "got it");
}

static void test_much_to_say(void **state)
{
	struct bench *b = *state;
	struct server s;
	char *much = calloc(1, MUCH);

	b->client.say = (struct probe_bytes){much, MUCH};
	b->client.want = "got it";
	server_start(&s, b, play_slow_reader);
	run(b, PROBE_STREAM);
	expect_success(b);
	server_end(&s);
	assert_int_equal(s.heard, MUCH);
	free(much);
}

static void play_flood(int fd, struct server *s)
{
	static char buf[1 << 20];

	(void)s;
	while (send(fd, buf, sizeof(buf), MSG_NOSIGNAL) > 0)
		;
}

static void quit(void *ctx)
{
	loop_quit(ctx);
}

/* Somebody who talks without end does not keep a timer waiting, and is not listened to without end. */
static void test_flood_delays_nobody(void **state)
{
	struct bench *b = *state;
	struct loop_timer *t = loop_timer_new(b->loop, quit, b->loop);
	struct server s;
	unsigned turns = 0;

	server_start(&s, b, play_flood);
	b->client.probe.transport = PROBE_STREAM;
	probe_start(b->engine, &b->client.probe);
	while (!b->client.done) {
		loop_timer_set(t, clock_monotonic() + 1000);
		loop_run(b->loop);
		turns++;
	}
	expect_failure(b, "an answer of more than 64 MB");
	assert_true(b->client.n_feeds > 1000);
	assert_true(turns > 5);
	server_end(&s);
	loop_timer_free(t);
}

static void test_cancelled_says_nothing(void **state)
{
	struct bench *b = *state;
	struct loop_timer *t = loop_timer_new(b->loop, quit, b->loop);
	struct server s;

	server_start(&s, b, NULL);
	b->client.probe.transport = PROBE_CONNECT;
	probe_start(b->engine, &b->client.probe);
	usleep(20000); /* the answer is there by now */
	probe_cancel(&b->client.probe);
	probe_cancel(&b->client.probe);
	loop_timer_set(t, clock_monotonic() + 20000);
	loop_run(b->loop);
	assert_int_equal(b->client.done, 0);
	server_end(&s);
	loop_timer_free(t);
}

/* ---- many at once: what a turn of the agenda starts is settled together ---- */

#define CROWD 150

struct many {
	struct bench *b;
	struct agenda_item due[CROWD];
	struct client clients[CROWD];
	unsigned started;
};

static struct many *crowd;

static void start_one(struct agenda_item *item)
{
	unsigned i = (unsigned)(item - crowd->due);

	crowd->started++;
	probe_start(crowd->b->engine, &crowd->clients[i].probe);
	if (i % 10 == 3) /* taken back before it was settled */
		probe_cancel(&crowd->clients[i].probe);
}

static void test_a_crowd(void **state)
{
	struct bench *b = *state;
	struct loop_timer *t = loop_timer_new(b->loop, quit, b->loop);
	int fd = bound_socket(b, SOCK_STREAM);
	usec_t soon = clock_monotonic() + 20000;

	listen(fd, 2 * CROWD);
	crowd = calloc(1, sizeof(*crowd));
	crowd->b = b;
	for (unsigned i = 0; i < CROWD; i++) {
		struct client *c = &crowd->clients[i];

		*c = b->client;
		c->probe.conf = &c->conf;
		c->probe.transport = PROBE_CONNECT;
		if (i % 10 == 5)
			c->conf.connect_port = 1; /* refused */
		crowd->due[i].fn = start_one;
		agenda_set(b->agenda, &crowd->due[i], soon);
	}
	for (unsigned tries = 0; tries < 200 && crowd->started < CROWD; tries++) {
		loop_timer_set(t, clock_monotonic() + 20000);
		loop_run(b->loop);
	}
	for (unsigned tries = 0; tries < 20; tries++) {
		loop_timer_set(t, clock_monotonic() + 10000);
		loop_run(b->loop);
	}
	for (unsigned i = 0; i < CROWD; i++) {
		assert_int_equal(crowd->clients[i].done, i % 10 != 3);
		if (i % 10 != 3)
			assert_int_equal(crowd->clients[i].outcome,
					 i % 10 == 5 ? PROBE_FAILED : PROBE_SUCCEEDED);
	}
	free(crowd);
	close(fd);
	loop_timer_free(t);
}

/* ---- datagrams ---- */

static void test_datagram_refused(void **state)
{
	struct bench *b = *state;

	close(bound_socket(b, SOCK_DGRAM));
	b->client.say = (struct probe_bytes){"hello", 5};
	b->client.probe.judge = &judge_of_silence;
	b->client.silence_is_good = true;
	run(b, PROBE_DATAGRAM);
	expect_failure(b, "connection refused");
}

static void test_datagram_silence(void **state)
{
	struct bench *b = *state;
	int fd = bound_socket(b, SOCK_DGRAM);

	b->client.say = (struct probe_bytes){"hello", 5};
	b->client.conf.check.timing.connect_timeout = USEC_PER_SEC / 10;
	run(b, PROBE_DATAGRAM);
	expect_failure(b, "no answer within 0.1 s");
	b->client.probe.judge = &judge_of_silence;
	b->client.silence_is_good = true;
	run(b, PROBE_DATAGRAM);
	expect_success(b);
	close(fd);
}

static void *answer_datagrams(void *ctx)
{
	int fd = *(int *)ctx;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[16];

	assert_int_equal(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 5);
	sendto(fd, "wor", 3, 0, (struct sockaddr *)&from, len);
	usleep(10000);
	sendto(fd, "ld", 2, 0, (struct sockaddr *)&from, len);
	return NULL;
}

static void test_datagrams_come_one_by_one(void **state)
{
	struct bench *b = *state;
	int fd = bound_socket(b, SOCK_DGRAM);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, answer_datagrams, &fd), 0);
	b->client.say = (struct probe_bytes){"hello", 5};
	b->client.want = "world";
	run(b, PROBE_DATAGRAM);
	expect_success(b);
	assert_int_equal(b->client.n_feeds, 2);
	pthread_join(thread, NULL);
	close(fd);
}

/* ---- echo ---- */

static void test_echo_needs_a_socket(void **state)
{
	struct bench *b = *state;

	run(b, PROBE_ECHO);
	assert_int_equal(b->client.outcome, PROBE_UNDECIDED);
}

static void test_echo(void **state)
{
	struct bench *b = *state;
	int v4 = icmp_socket_open(IP_V4, 65536), v6;

	if (v4 < 0) {
		print_message("needs the right to open a raw socket\n");
		skip();
	}
	v6 = icmp_socket_open(IP_V6, 65536);
	probe_engine_set_ping(b->engine, v4, v6);
	for (unsigned i = 0; i < 200; i++) { /* more often than there are slots at first */
		run(b, PROBE_ECHO);
		expect_success(b);
	}
	ip_parse("127.0.0.9", &b->client.conf.bindto);
	run(b, PROBE_ECHO);
	expect_success(b);
	if (v6 >= 0) {
		b->client.conf.bindto = (struct ip_addr){0};
		ip_parse("::1", &b->client.conf.connect_ip);
		run(b, PROBE_ECHO);
		expect_success(b);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define QUESTION(name) cmocka_unit_test_setup_teardown(name, setup_question, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_connected_is_good),
		TEST(test_connected_by_ipv6),
		TEST(test_refused),
		TEST(test_no_answer_to_a_connection),
		TEST(test_source_address_and_port),
		TEST(test_what_is_ours_is_no_verdict),
		TEST(test_answer_in_pieces),
		TEST(test_end_before_the_answer),
		TEST(test_half_closed_is_the_end),
		TEST(test_reset_of_what_is_over),
		QUESTION(test_kept_for_the_next_run),
		QUESTION(test_kept_without_its_port),
		QUESTION(test_kept_quietly),
		QUESTION(test_not_kept),
		TEST(test_few_descriptors_keep_few),
		TEST(test_reset),
		TEST(test_silence),
		TEST(test_drops_do_not_wear_the_limit_away),
		TEST(test_much_to_say),
		TEST(test_flood_delays_nobody),
		TEST(test_cancelled_says_nothing),
		TEST(test_a_crowd),
		TEST(test_datagram_refused),
		TEST(test_datagram_silence),
		TEST(test_datagrams_come_one_by_one),
		TEST(test_echo_needs_a_socket),
		TEST(test_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
