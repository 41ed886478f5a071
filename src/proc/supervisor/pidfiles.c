/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pid files: the one in the run directory whose lock keeps a second daemon away, and those that the
 * command line or keepalived's habits ask for (operations.md 6).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "io/runfile.h"
#include "proc/supervisor/internal.h"

#define KEEPALIVED_PID_DIR "/run"
#define KEEPALIVED_PRIVATE_PID_DIR "/run/keepalived"

/* keepalived takes it for success: there is a daemon. */
static int runs_already(const struct supervisor *s, const char *path)
{
	log_err("daemon is already running (its pid is in %s)", path);
	return s->o->keepalived ? EXIT_RUNS_ALREADY : EXIT_FATAL;
}

int pidfiles_take_run_dir(struct supervisor *s)
{
	char path[RUN_PATH_MAX];
	int r = runfile_directory(s->o->run_dir);

	if (r < 0) {
		log_err("%s: %s", s->o->run_dir, strerror(-r));
		return r == -EACCES || r == -EPERM ? EXIT_PERMISSION : EXIT_FATAL;
	}
	s->lock_fd = runfile_pid(run_path(s, "holdfast.pid", path));
	if (s->lock_fd >= 0)
		return EXIT_OK;
	if (s->lock_fd == -EAGAIN)
		return runs_already(s, path);
	log_err("%s: %s", path, strerror(-s->lock_fd));
	return s->lock_fd == -EACCES || s->lock_fd == -EPERM ? EXIT_PERMISSION : EXIT_FATAL;
}

/* With another inode: the descriptor that we have keeps no second daemon away any more. */
int pidfiles_mend_run_dir(struct supervisor *s)
{
	char path[RUN_PATH_MAX];
	int fd;

	if (runfile_is_at(s->lock_fd, run_path(s, "holdfast.pid", path)))
		return 0;
	fd = runfile_directory(s->o->run_dir);
	if (fd == 0)
		fd = runfile_pid(path);
	if (fd == -EAGAIN)
		log_err("%s is of another daemon now", path);
	else if (fd < 0)
		log_err("%s is gone and can't be made again: %s", path, strerror(-fd));
	if (fd < 0)
		return fd;
	close(s->lock_fd);
	s->lock_fd = fd;
	log_warning("%s was removed by somebody else, made again", path);
	return 0;
}

/* The file asked for, else keepalived's usual one when we go by that name; "" for none. */
static void choose(const struct supervisor *s, const char *asked, const char *name,
		   char buf[static RUN_PATH_MAX])
{
	const struct settings *set = s->now.settings;
	bool private = set->instance || set->net_namespace || set->use_pid_dir;

	buf[0] = '\0';
	if (asked) {
		str_copy(buf, RUN_PATH_MAX, asked);
	} else if (s->o->keepalived && !s->o->pid_file) {
		if (private)
			(void)runfile_directory(KEEPALIVED_PRIVATE_PID_DIR);
		snprintf(buf, RUN_PATH_MAX, "%s/%s%s%s.pid",
			 private ? KEEPALIVED_PRIVATE_PID_DIR : KEEPALIVED_PID_DIR, name,
			 set->instance ? "_" : "", set->instance ? set->instance : "");
	}
}

int pidfiles_take(struct supervisor *s)
{
	choose(s, s->o->pid_file, "keepalived", s->pid_path);
	choose(s, s->o->vrrp_pid_file, "vrrp", s->worker_pid[PROC_VRRP].path);
	choose(s, s->o->checkers_pid_file, "checkers", s->worker_pid[PROC_LVS].path);
	if (!s->pid_path[0])
		return EXIT_OK;
	s->pid_fd = runfile_pid(s->pid_path);
	if (s->pid_fd >= 0)
		return EXIT_OK;
	if (s->pid_fd == -EAGAIN)
		return runs_already(s, s->pid_path);
	log_err("%s: %s", s->pid_path, strerror(-s->pid_fd));
	return EXIT_FATAL;
}

void pidfiles_worker(struct supervisor *s, enum process id, pid_t pid)
{
	const char *path = s->worker_pid[id].path;
	char text[16];
	int fd, n = snprintf(text, sizeof(text), "%d\n", (int)pid);

	if (!path[0])
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0 || write(fd, text, (size_t)n) != n)
		log_err("%s: %s", path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		s->worker_pid[id].written = true;
	}
}

void pidfiles_worker_gone(struct supervisor *s, enum process id)
{
	if (s->worker_pid[id].written)
		(void)unlink(s->worker_pid[id].path);
	s->worker_pid[id].written = false;
}

void pidfiles_remove(struct supervisor *s)
{
	char path[RUN_PATH_MAX];

	for (enum process id = 0; id < PROC_COUNT; id++)
		pidfiles_worker_gone(s, id);
	if (s->pid_fd >= 0)
		runfile_remove(s->pid_path, s->pid_fd);
	if (s->lock_fd >= 0)
		runfile_remove(run_path(s, "holdfast.pid", path), s->lock_fd);
}
