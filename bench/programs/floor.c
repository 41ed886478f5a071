/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a check costs at least: a bare loop that asks COUNT servers from FIRST on once a second, with
 * the fewest system calls, no verdicts, no board, no reasons.
 *
 *     floor tcp|http FIRST COUNT PORT SECONDS        prints milliseconds of processor per 1,000 checks
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cost.h"

#define EVENTS 256

static const char request[] = "GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: server\r\n\r\n";

static int http, epoll_fd;
static uint16_t port;
static unsigned long done, failed;
static char *asking; /* by descriptor: the request is sent */

static void start(uint32_t address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	struct epoll_event ev = {.events = (http ? EPOLLIN | EPOLLRDHUP : 0) | EPOLLOUT | EPOLLET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0 && errno != EINPROGRESS)) {
		failed++;
		close(fd);
		return;
	}
	ev.data.fd = fd;
	asking[fd] = 0;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void serve(int fd, uint32_t events)
{
	char answer[4096];
	ssize_t n;

	if (http && !asking[fd] && !(events & EPOLLERR)) {
		asking[fd] = 1;
		(void)!send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
		if (!(events & EPOLLIN))
			return;
	}
	if (http && !(events & EPOLLERR)) {
		n = recv(fd, answer, sizeof(answer), 0);
		if (n < 0 && errno == EAGAIN)
			return;
		failed += n <= 0 || !memmem(answer, (size_t)n, " 200 ", 5);
	} else {
		failed += (events & (EPOLLERR | EPOLLHUP)) != 0;
	}
	close(fd);
	done++;
}

int main(int argc, char **argv)
{
	struct rlimit files = {65536, 65536};
	struct epoll_event events[EVENTS];
	struct rusage before;
	int64_t begin, end;
	uint64_t started = 0;
	struct in_addr first;
	unsigned count;

	if (argc != 6 || inet_pton(AF_INET, argv[2], &first) != 1)
		return 2;
	http = strcmp(argv[1], "http") == 0;
	count = (unsigned)atoi(argv[3]);
	port = (uint16_t)atoi(argv[4]);
	setrlimit(RLIMIT_NOFILE, &files);
	asking = calloc(65536, 1);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	getrusage(RUSAGE_SELF, &before);
	begin = now_us();
	end = begin + atoll(argv[5]) * 1000000;
	for (int64_t now = begin; now < end; now = now_us()) {
		uint64_t due = (uint64_t)(now - begin) * count / 1000000;
		int n;

		for (; started < due; started++)
			start(ntohl(first.s_addr) + (uint32_t)(started % count));
		n = epoll_wait(epoll_fd, events, EVENTS, 1);
		for (int i = 0; i < n; i++)
			serve(events[i].data.fd, events[i].events);
	}
	return cost_print(&before, done, failed);
}
