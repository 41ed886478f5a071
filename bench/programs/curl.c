/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same checks by libcurl: its multi interface with epoll, one connection a request, handles used
 * again. Measured to know what a library would cost.
 *
 *     curl FIRST COUNT PORT SECONDS        prints milliseconds of processor per 1,000 checks
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "cost.h"

#define EVENTS 256
#define HANDLES 1024

static CURLM *multi;
static CURL *unused[HANDLES];
static unsigned n_unused;
static int epoll_fd;
static int64_t deadline = -1;
static unsigned long done, failed;

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct epoll_event ev = {.data.fd = fd};

	(void)easy;
	(void)ctx;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	epoll_ctl(epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	curl_multi_assign(multi, fd, &deadline);
	return 0;
}

static int on_timer(CURLM *m, long ms, void *ctx)
{
	(void)m;
	(void)ctx;
	deadline = ms < 0 ? -1 : now_us() + ms * 1000;
	return 0;
}

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static CURL *handle_new(void)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_0);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 3000L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	return easy;
}

static void start(uint32_t address, int port)
{
	struct in_addr in = {.s_addr = htonl(address)};
	char url[64], text[INET_ADDRSTRLEN];

	snprintf(url, sizeof(url), "http://%s:%d/", inet_ntop(AF_INET, &in, text, sizeof(text)), port);
	curl_easy_setopt(unused[--n_unused], CURLOPT_URL, url);
	curl_multi_add_handle(multi, unused[n_unused]);
}

static void collect(void)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(multi, &left))) {
		CURL *easy = m->easy_handle;
		long code = 0;

		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
		failed += m->data.result != CURLE_OK || code != 200;
		done++;
		curl_multi_remove_handle(multi, easy);
		unused[n_unused++] = easy;
	}
}

static void turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll_fd, events, EVENTS, 1), running;

	for (int i = 0; i < n; i++)
		curl_multi_socket_action(multi, events[i].data.fd,
					 (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
						 (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
						 (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0),
					 &running);
	if (deadline >= 0 && now_us() >= deadline) {
		deadline = -1;
		curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	collect();
}

int main(int argc, char **argv)
{
	struct rlimit files = {65536, 65536};
	struct rusage before;
	int64_t begin, end;
	uint64_t started = 0;
	struct in_addr first;
	unsigned count;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &first) != 1)
		return 2;
	count = (unsigned)atoi(argv[2]);
	setrlimit(RLIMIT_NOFILE, &files);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	for (; n_unused < HANDLES; n_unused++)
		unused[n_unused] = handle_new();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	getrusage(RUSAGE_SELF, &before);
	begin = now_us();
	end = begin + atoll(argv[4]) * 1000000;
	for (int64_t now = begin; now < end; now = now_us()) {
		uint64_t due = (uint64_t)(now - begin) * count / 1000000;

		for (; started < due && n_unused; started++)
			start(ntohl(first.s_addr) + (uint32_t)(started % count), atoi(argv[3]));
		turn();
	}
	return cost_print(&before, done, failed);
}
