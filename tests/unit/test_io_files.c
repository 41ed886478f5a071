/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed memory, pid files, the control socket, named pipes, watched files, the service manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/fifo.h"
#include "io/filewatch.h"
#include "io/loop.h"
#include "io/memfile.h"
#include "io/runfile.h"
#include "io/sdnotify.h"
#include "io/unixsock.h"

static char dir[64];

static int set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/hf-test-files-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static const char *at(const char *name)
{
	static char path[4][128];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void sealed_memory(void **state)
{
	static char page[4096];
	int fd, plain;
	char *p;

	memset(page, 'x', sizeof(page));
	fd = memfile_sealed("test", page, sizeof(page));
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pwrite(fd, "y", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	p = memfile_map(fd, sizeof(page));
	assert_non_null(p);
	assert_memory_equal(p, page, sizeof(page));
	assert_int_equal(p[sizeof(page)], 0);
	memfile_unmap(p, sizeof(page));
	memfile_unmap(NULL, 17);
	/* more than there is, and what could still be cut under us */
	assert_null(memfile_map(fd, sizeof(page) + 1));
	close(fd);
	plain = memfd_create("plain", MFD_CLOEXEC);
	assert_int_equal(ftruncate(plain, 8192), 0);
	assert_null(memfile_map(plain, 10));
	close(plain);
	fd = memfile_sealed("empty", "", 0);
	p = memfile_map(fd, 0);
	assert_string_equal(p, "");
	memfile_unmap(p, 0);
	close(fd);
}

static void run_directory(void **state)
{
	struct stat st;
	mode_t old = umask(077);

	assert_int_equal(runfile_directory(at("a/b/c")), 0);
	assert_int_equal(runfile_directory(at("a/b/c")), 0);
	assert_int_equal(runfile_directory(at("a/b/d/")), 0);
	umask(old);
	assert_int_equal(stat(at("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	put(at("file"), "");
	assert_int_equal(runfile_directory(at("file")), -ENOTDIR);
	assert_int_equal(runfile_directory(at("file/x")), -ENOTDIR);
}

static int in_another(const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = runfile_pid(path);

		_exit(fd >= 0 ? 0 : -fd);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void pid_file(void **state)
{
	const char *path = at("x.pid");
	char text[16] = "", want[16];
	struct stat st;
	int fd;

	put(path, "99999999999\n"); /* left over from a crash */
	assert_int_equal(runfile_pid_read(path), 0);
	fd = runfile_pid(path);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0) > 0, 1);
	snprintf(want, sizeof(want), "%d\n", getpid());
	assert_string_equal(text, want);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(in_another(path), EAGAIN);
	runfile_remove(path, fd);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(in_another(path), 0);
	assert_int_equal(runfile_pid(at("none/x.pid")), -ENOENT);
	runfile_remove(path, -1);
	assert_int_equal(access(path, F_OK), 0);
}

static void pid_file_is_read(void **state)
{
	const char *path = at("x.pid");
	int go[2], ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(go) | pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (runfile_pid(path) >= 0 && write(ready[1], "", 1) == 1)
			(void)!read(go[0], &c, 1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(runfile_pid_read(path), pid);
	close(go[0]);
	close(go[1]);
	waitpid(pid, NULL, 0);
	assert_int_equal(runfile_pid_read(path), 0);
	assert_int_equal(runfile_pid_read(at("none")), -ENOENT);
	close(ready[0]);
	close(ready[1]);
}

static void control_socket(void **state)
{
	const char *path = at("control.sock");
	int server, client, peer, r = 0;
	static char big[100000];
	char text[64] = "";
	struct stat st;

	assert_int_equal(unixsock_connect(path), -ENOENT);
	server = unixsock_listen(path, 0600);
	assert_true(server >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(unixsock_accept(server), -EAGAIN);
	assert_int_equal(unixsock_listen(path, 0600), -EADDRINUSE);
	close(unixsock_accept(server)); /* the second one asked whether there is a first */
	client = unixsock_connect(path);
	assert_true(client >= 0);
	peer = unixsock_accept(server);
	assert_true(peer >= 0);
	assert_int_equal(unixsock_send_line(client, "{\"command\":\"reload\"}"), 0);
	assert_int_equal(read(peer, text, sizeof(text)), 21);
	assert_string_equal(text, "{\"command\":\"reload\"}\n");
	/* a client that does not read: there is room, and then an end, but no waiting */
	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < 200 && r == 0; i++) {
		r = unixsock_send_line(peer, big);
		assert_true(r == 0 || i > 5);
	}
	assert_int_equal(r, -EAGAIN);
	close(client);
	assert_int_equal(unixsock_send_line(peer, "x"), -EPIPE);
	close(peer);
	close(server);
	/* left over from a crash */
	server = unixsock_listen(path, 0660);
	assert_true(server >= 0);
	close(server);
	/* something else is not removed */
	put(at("precious"), "data");
	assert_int_equal(unixsock_listen(at("precious"), 0600), -EADDRINUSE);
	assert_int_equal(access(at("precious"), F_OK), 0);
}

static void named_pipe(void **state)
{
	const char *path = at("fifo");
	char line[100], text[200] = "";
	bool created = false;
	int fd, reader, n = 0;
	static char huge[PIPE_BUF + 2];

	fd = fifo_open(path, (uid_t)-1, (gid_t)-1, &created);
	assert_true(fd >= 0);
	assert_true(created);
	assert_int_equal(fifo_write(fd, "INSTANCE \"a\" MASTER 100\n", 24), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(read(reader, text, sizeof(text)), 24);
	assert_string_equal(text, "INSTANCE \"a\" MASTER 100\n");
	memset(line, 'x', sizeof(line));
	while (fifo_write(fd, line, sizeof(line)) == 0)
		n++;
	assert_int_equal(fifo_write(fd, line, sizeof(line)), -EAGAIN);
	assert_true(n > 100);
	assert_int_equal(fifo_write(fd, huge, sizeof(huge)), -EMSGSIZE);
	close(reader);
	/* one that is there already stays */
	close(fd);
	fd = fifo_open(path, (uid_t)-1, (gid_t)-1, &created);
	assert_false(created);
	assert_int_equal(fifo_close(fd, path, created), -1);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	fd = fifo_open(path, (uid_t)-1, (gid_t)-1, &created);
	fifo_close(fd, path, created);
	assert_int_equal(access(path, F_OK), -1);
	put(at("file"), "");
	assert_int_equal(fifo_open(at("file"), (uid_t)-1, (gid_t)-1, &created), -ENXIO);
	assert_int_equal(fifo_open(at("none/fifo"), (uid_t)-1, (gid_t)-1, &created), -ENOENT);
}

struct seen {
	struct loop *loop;
	struct loop_timer *limit;
	int32_t value;
	unsigned n;
};

static void on_value(void *ctx, int32_t value)
{
	struct seen *s = ctx;

	s->value = value;
	s->n++;
	loop_quit(s->loop);
}

static void on_limit(void *ctx)
{
	loop_quit(((struct seen *)ctx)->loop);
}

/* Runs the loop until something is told or 200 ms have passed; how often it was told. */
static unsigned wait_for(struct seen *s, int32_t value)
{
	s->n = 0;
	loop_timer_set(s->limit, clock_monotonic() + 200 * USEC_PER_MSEC);
	loop_run(s->loop);
	if (s->n)
		assert_int_equal(s->value, value);
	return s->n;
}

static void watched_files(void **state)
{
	struct seen s = {.loop = loop_new()};
	struct filewatch *w = filewatch_new(s.loop);
	struct filewatch_file *f;
	const char *path = at("n"), *other = at("other");
	char cmd[300];
	int32_t v = 9;
	int fd;

	s.limit = loop_timer_new(s.loop, on_limit, &s);
	assert_non_null(w);
	f = filewatch_add(w, path, on_value, &s, &v);
	assert_non_null(f);
	assert_int_equal(v, 0);
	put(path, "  -0x10 tail\n");
	assert_int_equal(wait_for(&s, -16), 1);
	put(path, "-16");
	assert_int_equal(wait_for(&s, 0), 0); /* the same number is no news */
	put(other, "7");
	assert_int_equal(wait_for(&s, 0), 0);
	/* written, not yet closed */
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "010", 3), 3);
	assert_int_equal(wait_for(&s, 0), 0);
	close(fd);
	assert_int_equal(wait_for(&s, 8), 1);
	put(path, "99999999999");
	assert_int_equal(wait_for(&s, 0), 0);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(wait_for(&s, 7), 1);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(wait_for(&s, 0), 1);
	put(path, "3");
	assert_int_equal(wait_for(&s, 3), 1);
	unlink(path);
	assert_int_equal(wait_for(&s, 0), 1);
	assert_null(filewatch_remove(f));
	put(path, "4");
	assert_int_equal(wait_for(&s, 0), 0);

	/* directories that come and go */
	f = filewatch_add(w, at("d/e/n"), on_value, &s, &v);
	assert_non_null(f);
	snprintf(cmd, sizeof(cmd), "mkdir -p %s && echo 5 >%s", at("d/e"), at("d/e/n"));
	assert_int_equal(system(cmd), 0);
	assert_int_equal(wait_for(&s, 5), 1);
	put(at("d/e/n"), "6");
	assert_int_equal(wait_for(&s, 6), 1);
	assert_int_equal(rename(at("d"), at("away")), 0);
	wait_for(&s, 0);
	/* its directory moved with the one above: known at the latest when it is touched */
	snprintf(cmd, sizeof(cmd), "rm -r %s", at("away"));
	assert_int_equal(system(cmd), 0);
	wait_for(&s, 0);
	assert_int_equal(s.value, 0);
	snprintf(cmd, sizeof(cmd), "mkdir -p %s && echo 8 >%s", at("d/e"), at("d/e/n"));
	assert_int_equal(system(cmd), 0);
	assert_int_equal(wait_for(&s, 8), 1);

	errno = 0;
	assert_null(filewatch_add(w, "relative", on_value, &s, &v));
	assert_int_equal(errno, EINVAL);
	filewatch_free(w);
	loop_timer_free(s.limit);
	loop_free(s.loop);
}

static void numbers_in_files(void **state)
{
	int32_t v = 1;

	assert_int_equal(filewatch_read(at("none"), &v), -ENOENT);
	assert_int_equal(v, 1);
	assert_int_equal(filewatch_init(at("n"), -5, false), 0);
	assert_int_equal(filewatch_read(at("n"), &v), 0);
	assert_int_equal(v, -5);
	assert_int_equal(filewatch_init(at("n"), 6, false), 0);
	assert_int_equal(filewatch_read(at("n"), &v), 0);
	assert_int_equal(v, -5);
	assert_int_equal(filewatch_init(at("n"), 6, true), 0);
	assert_int_equal(filewatch_read(at("n"), &v), 0);
	assert_int_equal(v, 6);
	put(at("n"), "2147483648");
	assert_int_equal(filewatch_read(at("n"), &v), -ERANGE);
	put(at("n"), "-2147483648");
	assert_int_equal(filewatch_read(at("n"), &v), 0);
	assert_int_equal(v, INT32_MIN);
	put(at("n"), "word");
	assert_int_equal(filewatch_read(at("n"), &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(filewatch_init(at("none/n"), 1, true), -ENOENT);
}

static void service_manager(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char text[100] = "", want[48];

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", at("notify"));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	unsetenv("NOTIFY_SOCKET");
	sdnotify_ready();
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	assert_int_equal(recv(fd, text, sizeof(text), 0), -1);
	sdnotify_ready();
	assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	snprintf(want, sizeof(want), "READY=1\nMAINPID=%d", getpid());
	assert_string_equal(text, want);
	sdnotify_reloading();
	assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	assert_memory_equal(text, "RELOADING=1\nMONOTONIC_USEC=", 27);
	unsetenv("NOTIFY_SOCKET");
	close(fd);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(sealed_memory),  TEST(run_directory), TEST(pid_file),
		TEST(pid_file_is_read), TEST(control_socket), TEST(named_pipe),
		TEST(watched_files),  TEST(numbers_in_files), TEST(service_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
