/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what a program is given when it starts, its user, streams, scheduling, environment. The
 * child calls the kernel directly for its user: glibc's setresuid() would look for threads of ours.
 *
 * Must not know: what is run and why.
 */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/compat.h"
#include "io/launch.h"

struct program {
	const struct child_options *o;
	char *const *argv;
	char **env;
	pid_t parent;
};

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
	if (syscall(SYS_setgroups, (size_t)o->n_groups, o->groups) < 0 &&
	    !(geteuid() == o->uid && getegid() == o->gid))
		return errno;
	if (syscall(SYS_setresgid, o->gid, o->gid, o->gid) < 0 ||
	    syscall(SYS_setresuid, o->uid, o->uid, o->uid) < 0)
		return errno;
	return 0;
}

static LAUNCH_BECOME int program_become(void *ctx)
{
	const struct program *p = ctx;
	int r;

	setpgid(0, 0);
	scheduling_reset();
	r = streams_set(p->o->stderr_fd);
	if (r == 0)
		r = user_set(p->o);
	if (r == 0)
		r = launch_ready(p->parent);
	if (r)
		return r;
	/* runs what has no format of its own through /bin/sh */
	execvpe(p->argv[0], p->argv, p->env);
	return errno;
}

/* Lines are often written where /bin/sh is bash. */
static bool wants_bash(const struct child_options *o)
{
	return o->bash && access("/bin/bash", X_OK) == 0;
}

pid_t child_start(const struct child_options *o)
{
	static const char *const kept[] = {"IFS=", "LD_PRELOAD=", "LD_LIBRARY_PATH=", "NOTIFY_SOCKET=",
					   NULL};
	char *const shell[] = {wants_bash(o) ? "/bin/bash" : "/bin/sh", "-c", o->argv[0], NULL};
	struct program p = {.o = o, .argv = o->shell ? shell : o->argv, .parent = getpid()};
	pid_t pid;

	p.env = launch_environment(kept, o->extra_env);
	if (!p.env)
		return -ENOMEM;
	pid = launch(program_become, &p);
	free(p.env);
	return pid;
}

int child_kill(pid_t pid, int signo)
{
	if (pid <= 1)
		return -EINVAL;
	return kill(-pid, signo) < 0 ? -errno : 0;
}
