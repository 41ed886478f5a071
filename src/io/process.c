/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: starting our own program again, reaping, going into the background. Must not know: which
 * worker does what. */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/compat.h"
#include "io/launch.h"

struct worker {
	char *const *argv;
	char **env;
	int channel_fd;
	pid_t parent;
};

static LAUNCH_BECOME int worker_become(void *ctx)
{
	const struct worker *w = ctx;
	int r;

	setpgid(0, 0);
	if (w->channel_fd == PROCESS_CHANNEL_FD) {
		if (fcntl(w->channel_fd, F_SETFD, 0) < 0)
			return errno;
	} else if (dup2(w->channel_fd, PROCESS_CHANNEL_FD) < 0) {
		return errno;
	}
	compat_close_from(PROCESS_CHANNEL_FD + 1);
	r = launch_ready(w->parent);
	if (r)
		return r;
	execve("/proc/self/exe", w->argv, w->env);
	return errno;
}

pid_t process_start_self(char *const argv[], int channel_fd)
{
	static const char *const kept[] = {"NOTIFY_SOCKET=", NULL};
	struct worker w = {.argv = argv, .channel_fd = channel_fd, .parent = getpid()};
	pid_t pid;

	w.env = launch_environment(kept, NULL);
	if (!w.env)
		return -ENOMEM;
	pid = launch(worker_become, &w);
	free(w.env);
	return pid;
}

int process_kill(pid_t pid, int signo)
{
	if (pid <= 1)
		return -EINVAL;
	return kill(pid, signo) < 0 ? -errno : 0;
}

pid_t process_reap(int *ret_status)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) < 0 && errno == EINTR)
		;
	if (pid <= 0)
		return 0;
	*ret_status = status;
	return pid;
}

int process_subreaper(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static void background_enter(void)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	(void)!chdir("/");
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

/* The exit status the daemon says, or 1 when it died without a word. */
static int status_wait(int fd)
{
	unsigned char byte;
	ssize_t r;

	while ((r = read(fd, &byte, 1)) < 0 && errno == EINTR)
		;
	return r == 1 ? byte : 1;
}

bool process_daemonise(int *ret_started_fd, int *ret_status)
{
	int p[2];
	pid_t pid;

	*ret_status = 1;
	if (pipe2(p, O_CLOEXEC) < 0)
		return true;
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		background_enter();
		*ret_started_fd = p[1];
		return false;
	}
	close(p[1]);
	if (pid > 0)
		*ret_status = status_wait(p[0]);
	close(p[0]);
	return true;
}
