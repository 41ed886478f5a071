/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: one inotify instance. What is watched is the directory of a file, because a file may be
 * replaced by another of its name; while the directory is missing, the nearest one above it, in
 * which something must appear first. After each event of such a stand-in, and when a directory
 * goes, the watch is placed anew and the file read again, so that no order of events is missed.
 *
 * Must not know: what a number means.
 */
#include "io/filewatch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define DIR_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define FILE_EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
#define APPEAR_EVENTS (IN_CREATE | IN_MOVED_TO)

struct filewatch_file {
	struct filewatch *w;
	struct filewatch_file *next;
	char *path;
	const char *name; /* its last component */
	int wd;		  /* of its directory, or of a stand-in; -1: none */
	bool stand_in;
	bool gone;	  /* removed while events are handled */
	int32_t value;
	void (*fn)(void *ctx, int32_t value);
	void *ctx;
};

struct filewatch {
	struct loop_fd *watch;
	int fd;
	bool busy; /* handling events: files stay in the list */
	struct filewatch_file *files;
};

static int number_parse(const char *text, int32_t *ret)
{
	long v;

	errno = 0;
	v = strtol(text, NULL, 0);
	if (errno == ERANGE || v < INT32_MIN || v > INT32_MAX)
		return -ERANGE;
	*ret = (int32_t)v;
	return 0;
}

int filewatch_read(const char *path, int32_t *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[128];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	close(fd);
	text[n] = '\0';
	return number_parse(text, ret);
}

int filewatch_init(const char *path, int32_t value, bool overwrite)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (overwrite ? O_TRUNC : O_EXCL),
		      0644);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", value), r = 0;

	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	if (write(fd, text, (size_t)n) != n)
		r = -EIO;
	close(fd);
	return r;
}

/* Whether the number is another than before. */
static bool file_refresh(struct filewatch_file *f)
{
	int32_t v = 0;
	int r = filewatch_read(f->path, &v);

	if (r == -ERANGE)
		return false;
	if (r < 0)
		v = 0;
	if (v == f->value)
		return false;
	f->value = v;
	return true;
}

static bool wd_is_used(const struct filewatch *w, int wd)
{
	for (const struct filewatch_file *f = w->files; f; f = f->next)
		if (f->wd == wd)
			return true;
	return false;
}

static void watch_drop(struct filewatch_file *f)
{
	int wd = f->wd;

	f->wd = -1;
	if (wd >= 0 && !wd_is_used(f->w, wd))
		inotify_rm_watch(f->w->fd, wd);
}

/* Watches the file's directory, or the nearest above it. */
static int watch_place(struct filewatch_file *f)
{
	char dir[PATH_MAX];
	int old = f->wd;
	char *slash;

	str_copy(dir, sizeof(dir), f->path);
	f->stand_in = false;
	for (;;) {
		slash = strrchr(dir, '/');
		if (!slash)
			return -ENOENT;
		slash[slash == dir] = '\0';
		f->wd = inotify_add_watch(f->w->fd, dir, DIR_EVENTS | IN_MASK_ADD |
					  (f->stand_in ? APPEAR_EVENTS : FILE_EVENTS));
		if (f->wd >= 0 || (errno != ENOENT && errno != ENOTDIR) || slash == dir)
			break;
		f->stand_in = true;
	}
	if (f->wd < 0)
		return -errno;
	if (old >= 0 && old != f->wd && !wd_is_used(f->w, old))
		inotify_rm_watch(f->w->fd, old);
	return 0;
}

/* Until placing changes nothing: what is waited for may have come between two looks. */
static void watch_replace(struct filewatch_file *f)
{
	int was;

	for (int i = 0; i < 100; i++) {
		was = f->wd;
		if (watch_place(f) < 0 || f->wd == was || !f->stand_in)
			return;
	}
}

static void file_event(struct filewatch_file *f, const struct inotify_event *e)
{
	bool lost = e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_Q_OVERFLOW);

	if (f->gone || (f->wd != e->wd && !(e->mask & IN_Q_OVERFLOW)))
		return;
	/* not its creation: it is not written yet */
	if (!lost && !f->stand_in &&
	    !((e->mask & FILE_EVENTS) && e->len && str_eq(e->name, f->name)))
		return;
	if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
		watch_drop(f);
	if (lost || f->stand_in)
		watch_replace(f);
	if (file_refresh(f))
		f->fn(f->ctx, f->value);
}

static void files_sweep(struct filewatch *w)
{
	struct filewatch_file **p = &w->files;

	while (*p) {
		struct filewatch_file *f = *p;

		if (!f->gone) {
			p = &f->next;
			continue;
		}
		*p = f->next;
		free(f->path);
		free(f);
	}
}

static void events_read(void *ctx)
{
	_Alignas(struct inotify_event) char mem[4096];
	struct filewatch *w = ctx;
	ssize_t n = read(w->fd, mem, sizeof(mem));

	w->busy = true;
	for (char *p = mem; n > 0 && p < mem + n;) {
		const struct inotify_event *e = (const struct inotify_event *)p;

		for (struct filewatch_file *f = w->files; f; f = f->next)
			file_event(f, e);
		p += sizeof(*e) + e->len;
	}
	w->busy = false;
	files_sweep(w);
}

struct filewatch *filewatch_new(struct loop *l)
{
	struct filewatch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd >= 0)
		w->watch = loop_fd_add(l, w->fd, events_read, w);
	if (!w->watch)
		return filewatch_free(w);
	return w;
}

struct filewatch *filewatch_free(struct filewatch *w)
{
	int saved = errno;

	if (!w)
		return NULL;
	for (struct filewatch_file *f = w->files; f; f = f->next)
		f->gone = true;
	files_sweep(w);
	loop_fd_free(w->watch);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
	errno = saved;
	return NULL;
}

struct filewatch_file *filewatch_add(struct filewatch *w, const char *path,
				     void (*fn)(void *ctx, int32_t value), void *ctx, int32_t *ret_value)
{
	struct filewatch_file *f;

	if (path[0] != '/' || strlen(path) >= PATH_MAX) {
		errno = EINVAL;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	*f = (struct filewatch_file){.w = w, .next = w->files, .wd = -1, .fn = fn, .ctx = ctx};
	f->path = strdup(path);
	if (!f->path)
		abort();
	f->name = strrchr(f->path, '/') + 1;
	w->files = f;
	watch_replace(f);
	if (f->wd < 0) {
		int saved = errno;

		filewatch_remove(f);
		errno = saved;
		return NULL;
	}
	file_refresh(f);
	*ret_value = f->value;
	return f;
}

struct filewatch_file *filewatch_remove(struct filewatch_file *f)
{
	if (!f)
		return NULL;
	watch_drop(f);
	f->gone = true;
	if (!f->w->busy)
		files_sweep(f->w);
	return NULL;
}
