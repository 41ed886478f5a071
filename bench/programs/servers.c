/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real servers for the benchmarks of health checks: one process that listens on COUNT addresses from
 * FIRST on, accepts, and answers whatever is asked with a small page. It knows when each of them was
 * last asked, and so how late the next time was. It looks for work every half millisecond instead of
 * waiting for it: to be woken would be charged to the daemon that connects, and far servers wake nobody.
 *
 *     servers FIRST COUNT PORT INTERVAL_US
 *
 * Commands on standard input, one answer line each:
 *     asked N     how many were asked at least N times
 *     begin       forget the counts and intervals; "0"
 *     end         CONNECTIONS MEDIAN P99 LARGEST of what intervals exceeded INTERVAL_US, in microseconds
 *     kill I      end server I: its connections are refused from now on; when it was last asked (monotonic, us)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION ((uint64_t)1 << 32)
#define COMMANDS ((uint64_t)2 << 32)
#define LATE_MAX 4000000
#define EVENTS 512
#define NAP_NS 500000

static const char page[] = "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 40\r\nConnection: close\r\n\r\n"
			   "<html><body>It works here</body></html>\n";

struct server {
	int fd;
	unsigned asked;
	int64_t last;
};

static struct server *servers;
static unsigned n_servers;
static int64_t interval;
static int32_t *late;
static unsigned n_late;
static unsigned long n_connections;
static int epoll_fd;

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static void watch(int fd, uint32_t events, uint64_t what)
{
	struct epoll_event ev = {.events = events, .data.u64 = what};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		perror("epoll_ctl");
		exit(1);
	}
}

static void listen_on(uint32_t address, uint16_t port, unsigned i)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 || listen(fd, 16) < 0) {
		perror("listen");
		exit(1);
	}
	servers[i] = (struct server){.fd = fd};
	watch(fd, EPOLLIN, i);
}

/* True: the connection is over. */
static int answer(int fd)
{
	char request[4096];
	ssize_t n = recv(fd, request, sizeof(request), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n > 0)
		(void)!send(fd, page, sizeof(page) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
	return 1;
}

static void accept_all(struct server *s)
{
	int fd;

	while ((fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		int64_t now = now_us();

		n_connections++;
		if (s->asked && n_late < LATE_MAX)
			late[n_late++] = (int32_t)(now - s->last - interval);
		s->asked++;
		s->last = now;
		if (!answer(fd))
			watch(fd, EPOLLIN | EPOLLRDHUP | EPOLLET, CONNECTION | (uint32_t)fd);
	}
}

static int compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static void report(void)
{
	qsort(late, n_late, sizeof(*late), compare);
	if (n_late)
		printf("%lu %d %d %d\n", n_connections, late[n_late / 2], late[(uint64_t)n_late * 99 / 100],
		       late[n_late - 1]);
	else
		printf("%lu 0 0 0\n", n_connections);
}

static void obey(char *line)
{
	unsigned n = (unsigned)strtoul(strchr(line, ' ') ? strchr(line, ' ') : "0", NULL, 10), count = 0;

	if (strncmp(line, "asked", 5) == 0) {
		for (unsigned i = 0; i < n_servers; i++)
			count += servers[i].asked >= n;
		printf("%u\n", count);
	} else if (strncmp(line, "begin", 5) == 0) {
		n_connections = n_late = 0;
		for (unsigned i = 0; i < n_servers; i++)
			servers[i].asked = 0;
		printf("0\n");
	} else if (strncmp(line, "end", 3) == 0) {
		report();
	} else if (strncmp(line, "kill", 4) == 0 && n < n_servers) {
		accept_all(&servers[n]);
		close(servers[n].fd);
		printf("%lld\n", (long long)servers[n].last);
	}
	fflush(stdout);
}

static void commands(void)
{
	char text[256], *line, *rest = text;
	ssize_t n = read(0, text, sizeof(text) - 1);

	if (n <= 0)
		exit(0);
	text[n] = 0;
	while ((line = strsep(&rest, "\n")) && *line)
		obey(line);
}

int main(int argc, char **argv)
{
	struct rlimit files = {65536, 65536};
	const struct timespec nap = {.tv_nsec = NAP_NS};
	struct epoll_event events[EVENTS];
	struct in_addr first;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &first) != 1)
		return 2;
	setrlimit(RLIMIT_NOFILE, &files);
	n_servers = (unsigned)atoi(argv[2]);
	interval = atoll(argv[4]);
	servers = calloc(n_servers, sizeof(*servers));
	late = malloc(LATE_MAX * sizeof(*late));
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < n_servers; i++)
		listen_on(ntohl(first.s_addr) + i, (uint16_t)atoi(argv[3]), i);
	watch(0, EPOLLIN, COMMANDS);
	printf("ready\n");
	fflush(stdout);
	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, 0);

		if (n == 0)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);

		for (int i = 0; i < n; i++) {
			uint64_t what = events[i].data.u64;

			if (what == COMMANDS)
				commands();
			else if (what & CONNECTION)
				answer((int)(uint32_t)what);
			else
				accept_all(&servers[what]);
		}
	}
}
