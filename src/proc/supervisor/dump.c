/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that keepalived's signals ask for. All is known from the board and the text of the
 * configuration, so the elections are not disturbed; only zeroing counters is the vrrp worker's.
 *
 * A file is written under another name and renamed: a reader never sees half of it, and a link that
 * somebody put into a public directory is replaced, not followed.
 */
#include "proc/supervisor/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "proc/supervisor/internal.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *dump_directory(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && dir[0] == '/' && is_directory(dir) ? dir : "/tmp";
}

/* What each file holds. DATA of keepalived is one file a process. */
struct dump {
	enum dump_kind kind;
	bool check; /* DATA of the checkers */
};

/* The checkers' file: _check before the extension. */
static void insert_check(char buf[static RUN_PATH_MAX])
{
	char *slash = strrchr(buf, '/'), *dot = strrchr(slash ? slash : buf, '.');
	char extension[64];
	size_t at = dot ? (size_t)(dot - buf) : strlen(buf);

	str_copy(extension, sizeof(extension), buf + at);
	snprintf(buf + at, RUN_PATH_MAX - at, "_check%s", extension);
}

/* data_use_instance: .NAMESPACE_INSTANCE before the extension. */
static void insert_instance(const struct settings *s, char buf[static RUN_PATH_MAX])
{
	const char *names[] = {s->net_namespace, s->instance};
	char *slash = strrchr(buf, '/'), *dot = strrchr(slash ? slash : buf, '.');
	char extension[64];
	size_t at = dot ? (size_t)(dot - buf) : strlen(buf);
	char mark = '.';

	str_copy(extension, sizeof(extension), buf + at);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && at < RUN_PATH_MAX) {
			at += (size_t)snprintf(buf + at, RUN_PATH_MAX - at, "%c%s", mark, names[i]);
			mark = '_';
		}
	if (at < RUN_PATH_MAX)
		snprintf(buf + at, RUN_PATH_MAX - at, "%s", extension);
}

/* Where a file goes: the keyword names a directory, a file, or both. */
static void dump_path(const struct settings *s, const struct dump *d, char buf[static RUN_PATH_MAX])
{
	const char *asked = s->stats_dump_file, *name = "keepalived.stats";

	if (d->kind == DUMP_DATA) {
		asked = s->state_dump_file;
		name = "keepalived.data";
	} else if (d->kind == DUMP_JSON) {
		asked = s->json_dump_file;
		name = "keepalived.json";
	}
	if (!asked)
		snprintf(buf, RUN_PATH_MAX, "%s/%s", dump_directory(), name);
	else if (is_directory(asked))
		snprintf(buf, RUN_PATH_MAX, "%s/%s", asked, name);
	else if (asked[0] == '/')
		snprintf(buf, RUN_PATH_MAX, "%s", asked);
	else
		snprintf(buf, RUN_PATH_MAX, "%s/%s", dump_directory(), asked);
	if (d->check)
		insert_check(buf);
	if (s->data_use_instance)
		insert_instance(s, buf);
}

static int save(const char *path, const char *text, size_t len)
{
	char temporary[RUN_PATH_MAX + 8];
	int fd, r = 0;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = -errno;
			break;
		}
		text += n;
		len -= (size_t)n;
	}
	close(fd);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

static void fill(struct supervisor *s, const struct dump *d, FILE *to)
{
	const struct board *vrrp = &s->now.board[SLOT_VRRP].map;
	struct conf_loaded l;

	if (d->kind == DUMP_STATS || d->kind == DUMP_STATS_CLEAR) {
		dump_stats(to, vrrp);
		return;
	}
	l = generation_reread(&s->now);
	if (d->kind == DUMP_JSON)
		dump_json(to, vrrp, l.conf);
	else if (d->check)
		dump_check_data(to, &s->now.board[SLOT_LVS].map, l.conf);
	else
		dump_data(to, vrrp, &s->now.board[SLOT_RUNNER].map, l.conf);
	arena_free(l.arena);
}

static void write_one(struct supervisor *s, const struct dump *d)
{
	char path[RUN_PATH_MAX];
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	int r;

	if (!to)
		return;
	dump_path(s->now.settings, d, path);
	fill(s, d, to);
	fclose(to);
	if (len > 0) {
		r = save(path, text, len);
		if (r < 0)
			log_err("%s: %s", path, strerror(-r));
		else
			log_info("wrote %s", path);
	}
	free(text);
}

/* A process that has nothing to do has nothing to dump. */
void dump_write(struct supervisor *s, enum dump_kind kind)
{
	const struct msg_dump clear = {.kind = DUMP_STATS_CLEAR};

	if (s->now.board[SLOT_VRRP].map.header)
		write_one(s, &(struct dump){.kind = kind});
	if (kind == DUMP_DATA && s->now.board[SLOT_LVS].map.header)
		write_one(s, &(struct dump){.kind = kind, .check = true});
	if (kind == DUMP_STATS_CLEAR && s->worker[SLOT_VRRP].channel.fd >= 0)
		(void)channel_send(&s->worker[SLOT_VRRP].channel, MSG_DUMP_VRRP, &clear, NULL, 0);
}
