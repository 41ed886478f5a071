/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: starting programs. The child shares our memory until it executes (CLONE_VM | CLONE_VFORK): no
 * page table is copied, so that two hundred scripts a second cost little, and it tells us in a
 * variable why it could not.
 *
 * In return the child must not touch what is ours: it calls the kernel directly (glibc's setresuid()
 * would look for threads), all signals are blocked until its handlers are back to default, and it
 * runs on a stack of its own.
 *
 * Must not know: what is run and why.
 */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "io/compat.h"

#define STACK_BYTES (64 * 1024) /* execvpe() puts names from PATH on it */

extern char **environ;

struct launch {
	const struct child_options *o;
	char *const *argv;
	char **env;
	pid_t parent;
	int error; /* result, positive errno */
};

static bool variable_is_ours(const char *v)
{
	static const char *const names[] = {"IFS=", "LD_PRELOAD=", "LD_LIBRARY_PATH=", "NOTIFY_SOCKET="};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (str_starts(v, names[i]))
			return true;
	return false;
}

/* Our environment without what must not be inherited, and the caller's variables. To be freed. */
static char **environment_new(char *const *extra)
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
		if (!variable_is_ours(environ[i]))
			env[n++] = environ[i];
	for (size_t i = 0; i < more; i++)
		env[n++] = extra[i];
	return env;
}

static void signals_reset(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};

	/* execve() resets what is caught, not what is ignored */
	for (int s = 1; s < NSIG; s++)
		sigaction(s, &sa, NULL);
}

static void scheduling_reset(void)
{
	struct sched_param p = {0};

	if (sched_getscheduler(0) != SCHED_OTHER)
		sched_setscheduler(0, SCHED_OTHER, &p);
	if (getpriority(PRIO_PROCESS, 0) < 0)
		setpriority(PRIO_PROCESS, 0, 0);
}

static int streams_set(int stderr_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* our own may be closed: out of the way of what is set now */
	if (null >= 0 && null < 3)
		null = fcntl(null, F_DUPFD_CLOEXEC, 3);
	if (null < 0)
		return errno;
	if (dup2(stderr_fd < 0 ? null : stderr_fd, STDERR_FILENO) < 0 ||
	    dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return errno;
	compat_close_from(3);
	return 0;
}

static int user_set(const struct child_options *o)
{
	if (!o->set_user)
		return 0;
	/* Without privileges only what we are already can be had. */
	if (syscall(SYS_setgroups, o->n_groups, o->groups) < 0 &&
	    !(geteuid() == o->uid && getegid() == o->gid))
		return errno;
	if (syscall(SYS_setresgid, o->gid, o->gid, o->gid) < 0 ||
	    syscall(SYS_setresuid, o->uid, o->uid, o->uid) < 0)
		return errno;
	return 0;
}

static int child_main(void *arg)
{
	struct launch *l = arg;
	sigset_t none;

	signals_reset();
	setpgid(0, 0);
	scheduling_reset();
	l->error = streams_set(l->o->stderr_fd);
	if (!l->error)
		l->error = user_set(l->o);
	if (l->error)
		_exit(127);
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != l->parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvpe(l->argv[0], l->argv, l->env);
	l->error = errno;
	_exit(127);
}

static pid_t launch_run(struct launch *l)
{
	_Alignas(16) char stack[STACK_BYTES];
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, l);
	if (pid < 0)
		l->error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

pid_t child_start(const struct child_options *o)
{
	char *const shell[] = {"/bin/sh", "-c", o->argv[0], NULL};
	struct launch l = {.o = o, .argv = o->shell ? shell : o->argv, .parent = getpid()};
	pid_t pid;

	l.env = environment_new(o->extra_env);
	if (!l.env)
		return -ENOMEM;
	pid = launch_run(&l);
	free(l.env);
	if (!l.error)
		return pid;
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return -l.error;
}

int child_kill(pid_t pid, int signo)
{
	if (pid <= 1)
		return -EINVAL;
	return kill(-pid, signo) < 0 ? -errno : 0;
}
