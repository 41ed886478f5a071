/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: what they get when they start, and how starting fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/child.h"
#include "io/process.h"

static char said[8192];

/* Runs it with standard error in `said`; its wait status. */
static int run(struct child_options *o)
{
	int p[2], status;
	size_t n = 0;
	ssize_t r;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	o->stderr_fd = p[1];
	pid = child_start(o);
	close(p[1]);
	assert_true(pid > 0);
	while ((r = read(p[0], said + n, sizeof(said) - 1 - n)) > 0)
		n += (size_t)r;
	said[n] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int run_shell(const char *line)
{
	struct child_options o = {.argv = (char *[]){(char *)line, NULL}, .shell = true};

	return run(&o);
}

static void arguments_and_status(void **state)
{
	struct child_options o = {.argv = (char *[]){"sh", "-c", "echo \"$0-$1\" >&2; exit 7", "a", "b c",
						     NULL}};
	int status = run(&o);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_string_equal(said, "a-b c\n");
	assert_int_equal(WEXITSTATUS(run_shell("false || exit 3")), 3);
	o = (struct child_options){.argv = (char *[]){"[[ ab == a* ]] && exit 4 || exit 5", NULL},
				   .shell = true, .bash = true};
	if (access("/bin/bash", X_OK) == 0) /* what is written for bash, wherever sh is another */
		assert_int_equal(WEXITSTATUS(run(&o)), 4);
}

static void cannot_be_executed(void **state)
{
	char path[] = "/tmp/hf-test-child-XXXXXX";
	struct child_options o = {.argv = (char *[]){"/nonexistent/script", NULL}, .stderr_fd = -1};
	int fd = mkstemp(path);

	assert_int_equal(child_start(&o), -ENOENT);
	o.argv = (char *[]){"hf-no-such-program", NULL};
	assert_int_equal(child_start(&o), -ENOENT);
	o.argv = (char *[]){path, NULL};
	fchmod(fd, 0644);
	assert_int_equal(child_start(&o), -EACCES);
	/* without a format: the shell's */
	assert_int_equal(write(fd, "echo from a script >&2\n", 23), 23);
	fchmod(fd, 0755);
	close(fd);
	assert_int_equal(run(&o), 0);
	assert_string_equal(said, "from a script\n");
	unlink(path);
	/* nobody left to reap */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void streams_and_descriptors(void **state)
{
	int leak = fcntl(0, F_DUPFD, 50); /* not close-on-exec */

	run_shell("l=$(ls -l /proc/$$/fd); echo \"$l\" >&2");
	close(leak);
	assert_non_null(strstr(said, " 0 -> /dev/null"));
	assert_non_null(strstr(said, " 1 -> /dev/null"));
	assert_non_null(strstr(said, " 2 -> pipe:"));
	assert_null(strstr(said, " 50 ->"));
}

static void environment(void **state)
{
	struct child_options o = {.argv = (char *[]){"env >&2", NULL}, .shell = true,
				  .extra_env = (char *[]){"HF_EXTRA=1", NULL}};

	setenv("IFS", "x", 1);
	setenv("LD_LIBRARY_PATH", "/nonexistent", 1);
	setenv("NOTIFY_SOCKET", "@x", 1);
	setenv("HF_KEPT", "2", 1);
	run(&o);
	unsetenv("LD_LIBRARY_PATH");
	unsetenv("NOTIFY_SOCKET");
	unsetenv("IFS");
	assert_non_null(strstr(said, "HF_EXTRA=1\n"));
	assert_non_null(strstr(said, "HF_KEPT=2\n"));
	assert_null(strstr(said, "LD_LIBRARY_PATH"));
	assert_null(strstr(said, "NOTIFY_SOCKET"));
}

static void signals_are_default(void **state)
{
	sigset_t block, old;
	const char *ignored;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	run_shell("cat /proc/self/status >&2");
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	assert_non_null(strstr(said, "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(said, "SigCgt:\t0000000000000000\n"));
	ignored = strstr(said, "SigIgn:\t");
	assert_non_null(ignored);
	/* Under make, whose posix_spawn() leaves the C library's own two signals ignored, they stay so. */
	assert_int_equal(strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & ~0x180000000ull, 0);
	/* ours are as they were */
	sigprocmask(SIG_SETMASK, &old, &block);
	assert_true(sigismember(&block, SIGTERM));
	assert_false(sigismember(&block, SIGINT));
}

static void user_and_groups(void **state)
{
	const gid_t groups[] = {12345, 12346};
	struct child_options o = {.argv = (char *[]){"id -u; id -g; id -G", NULL}, .shell = true,
				  .set_user = true, .uid = 65534, .gid = 4242, .groups = groups,
				  .n_groups = 2};

	if (geteuid() != 0) {
		print_message("needs root to become another user\n");
		skip();
	}
	o.argv = (char *[]){"(id -u; id -g; id -G; grep Cap[EP] /proc/self/status) >&2", NULL};
	assert_int_equal(run(&o), 0);
	assert_string_equal(said, "65534\n4242\n4242 12345 12346\nCapPrm:\t0000000000000000\n"
				  "CapEff:\t0000000000000000\n");
}

static void unprivileged_as_oneself(void **state)
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root to become somebody without privileges\n");
		skip();
	}
	pid = fork();
	if (pid == 0) {
		struct child_options o = {.argv = (char *[]){"true", NULL}, .set_user = true,
					  .uid = 65534, .gid = 65534, .stderr_fd = -1};

		if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(1);
		if (child_start(&o) <= 0)
			_exit(2);
		o.uid = 0;
		_exit(child_start(&o) == -EPERM ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void scheduling_is_normal(void **state)
{
	struct sched_param p = {.sched_priority = 1};

	if (sched_setscheduler(0, SCHED_RR, &p) < 0) {
		print_message("needs real-time scheduling to be permitted\n");
		skip();
	}
	run_shell("chrt -p $$ >&2");
	p.sched_priority = 0;
	assert_int_equal(sched_setscheduler(0, SCHED_OTHER, &p), 0);
	assert_non_null(strstr(said, "SCHED_OTHER"));
}

static void group_is_killed(void **state)
{
	struct child_options o = {.argv = (char *[]){"sleep 1000 & sleep 1000; true", NULL}, .shell = true};
	int p[2], status;
	pid_t pid;
	char c;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	o.stderr_fd = p[1];
	pid = child_start(&o);
	close(p[1]);
	assert_true(pid > 0);
	assert_int_equal(getpgid(pid), pid);
	usleep(20000);
	assert_int_equal(child_kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	/* ends when the last of the group has closed its standard error */
	assert_int_equal(read(p[0], &c, 1), 0);
	close(p[0]);
	assert_int_equal(child_kill(0, SIGTERM), -EINVAL);
	assert_int_equal(child_kill(-1, SIGTERM), -EINVAL);
}

/* If we die, SIGTERM comes to what we started, under another user too. */
static void dies_with_us(void **state)
{
	int p[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct child_options o = {.argv = (char *[]){"sleep", "1000", NULL}, .stderr_fd = p[1],
					  .set_user = geteuid() == 0, .uid = 65534, .gid = 65534};

		_exit(child_start(&o) > 0 ? 0 : 1);
	}
	close(p[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(p[0], &c, 1), 0);
	close(p[0]);
}

/* This program as its own worker, when told so by its name. */
static int worker(void)
{
	char text[64];
	ssize_t n = read(PROCESS_CHANNEL_FD, text, sizeof(text));

	if (n <= 0 || fcntl(4, F_GETFD) >= 0 || getpgrp() != getpid())
		return 1;
	return write(PROCESS_CHANNEL_FD, text, (size_t)n) == n ? 5 : 2;
}

static void worker_has_its_channel(void **state)
{
	char *argv[] = {"hf-test-worker", NULL};
	int p[2], status = 0, spare;
	char back[8] = "";
	pid_t pid, got;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p), 0);
	spare = dup(0);
	pid = process_start_self(argv, p[1]);
	close(spare);
	close(p[1]);
	assert_true(pid > 0);
	assert_int_equal(write(p[0], "hello", 5), 5);
	assert_int_equal(read(p[0], back, sizeof(back)), 5);
	assert_string_equal(back, "hello");
	close(p[0]);
	while ((got = process_reap(&status)) == 0)
		usleep(1000);
	assert_int_equal(got, pid);
	assert_int_equal(WEXITSTATUS(status), 5);
	assert_int_equal(process_reap(&status), 0);
}

static void daemon_says_its_status(void **state)
{
	int status = -1, fd, said_fd[2];
	char cwd[8] = "";
	pid_t pid;

	assert_int_equal(pipe(said_fd), 0);
	pid = fork();
	if (pid == 0) {
		if (process_daemonise(&fd, &status))
			_exit(status);
		if (getcwd(cwd, sizeof(cwd)) && write(said_fd[1], cwd, 1) == 1 && getsid(0) == getpid())
			(void)!write(fd, "\5", 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 5);
	assert_int_equal(read(said_fd[0], cwd, 1), 1);
	assert_int_equal(cwd[0], '/');
	pid = fork();
	if (pid == 0) {
		if (process_daemonise(&fd, &status))
			_exit(status);
		_exit(0); /* without a word */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
	close(said_fd[0]);
	close(said_fd[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_and_status),	   cmocka_unit_test(cannot_be_executed),
		cmocka_unit_test(streams_and_descriptors), cmocka_unit_test(environment),
		cmocka_unit_test(signals_are_default),	   cmocka_unit_test(user_and_groups),
		cmocka_unit_test(unprivileged_as_oneself), cmocka_unit_test(scheduling_is_normal),
		cmocka_unit_test(group_is_killed),	   cmocka_unit_test(dies_with_us),
		cmocka_unit_test(worker_has_its_channel),  cmocka_unit_test(daemon_says_its_status),
	};

	if (strcmp(argv[0], "hf-test-worker") == 0)
		return worker();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
