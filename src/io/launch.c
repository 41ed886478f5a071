/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the vfork. No page table is copied (CLONE_VM | CLONE_VFORK), so that two hundred scripts a
 * second cost little, and the child tells us in a variable why it could not execute.
 *
 * In return all signals are blocked until the handlers it has from us are back to default, and it runs
 * on a stack of its own.
 *
 * Must not know: what is started.
 */
#include "io/launch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

#define STACK_BYTES (64 * 1024) /* execvpe() puts names from PATH on it */

extern char **environ;

struct launch {
	int (*become)(void *ctx);
	void *ctx;
	int error;
};

static void signals_reset(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};

	/* execve() resets what is caught, not what is ignored */
	for (int s = 1; s < NSIG; s++)
		sigaction(s, &sa, NULL);
}

int launch_ready(pid_t parent)
{
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return errno;
	if (getppid() != parent)
		return ESRCH;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? errno : 0;
}

static LAUNCH_BECOME int child_main(void *arg)
{
	struct launch *l = arg;

	signals_reset();
	l->error = l->become(l->ctx);
	_exit(127);
}

pid_t launch(int (*become)(void *ctx), void *ctx)
{
	_Alignas(16) char stack[STACK_BYTES];
	struct launch l = {become, ctx, 0};
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &l);
	if (pid < 0)
		l.error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (!l.error)
		return pid;
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return -l.error;
}

static bool is_named(const char *variable, const char *const *names)
{
	for (; *names; names++)
		if (str_starts(variable, *names))
			return true;
	return false;
}

char **launch_environment(const char *const *names, char *const *extra)
{
	size_t n = 0, have = 0, more = 0;
	char **env;

	while (environ && environ[have])
		have++;
	while (extra && extra[more])
		more++;
	env = calloc(have + more + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < have; i++)
		if (!is_named(environ[i], names))
			env[n++] = environ[i];
	for (size_t i = 0; i < more; i++)
		env[n++] = extra[i];
	return env;
}
