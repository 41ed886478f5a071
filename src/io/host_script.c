/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the judgement whether a file can be run by a user, and whether somebody else than that
 * user or root could put another program in its place.
 * Must not know: who runs it, when, with which arguments.
 *
 * The path is walked component by component as the kernel would, symbolic links included, because
 * whoever can replace any of them decides what is run. A link is as good as any other component:
 * on a merged-/usr system /bin is one. A sticky directory may be writable by all: what is in it
 * belongs to its owner, and is itself looked at.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"
#include "io/host.h"

#define LINKS_MAX 40
#define GROUPS_MAX 256
#define FIRST_LINE_MAX 256 /* the kernel reads no more of it */
#define ACCOUNT_MAX 16384
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct identity {
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int groups_n;
};

struct walk {
	const struct identity *who;
	bool judge;	     /* look at owners and modes too */
	char done[PATH_MAX]; /* what has been walked, without a last slash; "" is / */
	char todo[PATH_MAX];
	unsigned links;
	struct stat st;		       /* of the last component */
	struct conf_script_fault *ret; /* the first unsafe component, or the impossible one */
};

/* --- who --- */

static void identity_fill(struct identity *who, uid_t uid, gid_t gid)
{
	char buf[ACCOUNT_MAX];
	struct passwd pw, *found = NULL;

	who->uid = uid;
	who->gid = gid;
	who->groups_n = GROUPS_MAX;
	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) || !found ||
	    getgrouplist(pw.pw_name, gid, who->groups, &who->groups_n) < 0)
		who->groups_n = 0;
}

static bool identity_has_group(const struct identity *who, gid_t gid)
{
	if (gid == who->gid)
		return true;
	for (int i = 0; i < who->groups_n; i++) {
		if (who->groups[i] == gid)
			return true;
	}
	return false;
}

static bool may_execute(const struct identity *who, const struct stat *st)
{
	if (who->uid == 0)
		return S_ISDIR(st->st_mode) || (st->st_mode & 0111);
	if (who->uid == st->st_uid)
		return st->st_mode & 0100;
	if (identity_has_group(who, st->st_gid))
		return st->st_mode & 0010;
	return st->st_mode & 0001;
}

/* --- what is wrong --- */

static const char *user_name(uid_t uid, char buf[static 32])
{
	char space[ACCOUNT_MAX];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) || !found)
		snprintf(buf, 32, "%u", uid);
	else
		str_copy(buf, 32, pw.pw_name);
	return buf;
}

static const char *group_name(gid_t gid, char buf[static 32])
{
	char space[ACCOUNT_MAX];
	struct group gr, *found = NULL;

	if (getgrgid_r(gid, &gr, space, sizeof(space), &found) || !found)
		snprintf(buf, 32, "%u", gid);
	else
		str_copy(buf, 32, gr.gr_name);
	return buf;
}

static void fault_place(struct conf_script_fault *f, const char *path, const struct stat *st)
{
	char user[32], group[32];

	*f = (struct conf_script_fault){0};
	str_copy(f->path, sizeof(f->path), *path ? path : "/");
	if (!st)
		return;
	f->mode = st->st_mode & 07777;
	snprintf(f->owner, sizeof(f->owner), "%s:%s", user_name(st->st_uid, user),
		 group_name(st->st_gid, group));
}

static void fault_fix(struct conf_script_fault *f, const char *command)
{
	int n = snprintf(f->fix, sizeof(f->fix), "%s %s", command, f->path);

	if (n < 0 || (size_t)n >= sizeof(f->fix))
		f->fix[0] = '\0'; /* half a command is worse than none */
}

/* It can't be run at all. */
static bool fault_impossible(struct conf_script_fault *f, const char *path, const struct stat *st,
			     const char *reason)
{
	fault_place(f, path, st);
	str_copy(f->reason, sizeof(f->reason), reason);
	return false;
}

static bool fault_errno(struct walk *w, int error)
{
	return fault_impossible(w->ret, w->done, NULL,
				error == ENOENT	   ? "does not exist"
				: error == ENOTDIR ? "is not a directory"
				: error == ELOOP   ? "leads through too many symbolic links"
						   : strerror(error));
}

/* Somebody else can replace it. Only the first such component is told. */
static void judge_component(struct walk *w)
{
	const struct stat *st = &w->st;
	struct conf_script_fault *f = w->ret;
	bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);
	char name[32];

	if (!w->judge || f->unsafe)
		return;
	if (st->st_uid != 0 && st->st_uid != w->who->uid) {
		fault_place(f, w->done, st);
		snprintf(f->reason, sizeof(f->reason), "belongs to user %s (uid %u)",
			 user_name(st->st_uid, name), st->st_uid);
		fault_fix(f, S_ISLNK(st->st_mode) ? "chown -h root" : "chown root");
		f->unsafe = true;
	} else if (S_ISLNK(st->st_mode) || sticky) {
		return;
	} else if (st->st_mode & S_IWOTH) {
		fault_place(f, w->done, st);
		str_copy(f->reason, sizeof(f->reason), "is writable by everybody");
		fault_fix(f, st->st_mode & S_IWGRP ? "chmod go-w" : "chmod o-w");
		f->unsafe = true;
	} else if ((st->st_mode & S_IWGRP) && st->st_gid != 0) {
		fault_place(f, w->done, st);
		snprintf(f->reason, sizeof(f->reason), "is writable by group %s (gid %u)",
			 group_name(st->st_gid, name), st->st_gid);
		fault_fix(f, "chmod g-w");
		f->unsafe = true;
	}
}

/* --- the walk --- */

/* Puts the target of a link before what is left to walk. */
static bool follow_link(struct walk *w)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlink(w->done, target, sizeof(target) - 1);
	char *slash = strrchr(w->done, '/');

	if (n < 0)
		return fault_errno(w, errno);
	target[n] = '\0';
	strcpy(rest, w->todo);
	if (++w->links > LINKS_MAX ||
	    (size_t)snprintf(w->todo, sizeof(w->todo), "%s/%s", target, rest) >= sizeof(w->todo))
		return fault_errno(w, ELOOP);
	if (target[0] == '/')
		w->done[0] = '\0';
	else if (slash)
		*slash = '\0';
	return true;
}

/* Takes the next name off `todo` and appends it to `done`. */
static bool next_component(struct walk *w)
{
	size_t skip = strspn(w->todo, "/"), len = strcspn(w->todo + skip, "/"),
	       at = strlen(w->done);
	char name[PATH_MAX];

	memcpy(name, w->todo + skip, len);
	name[len] = '\0';
	memmove(w->todo, w->todo + skip + len, strlen(w->todo + skip + len) + 1);
	if (!len || str_eq(name, "."))
		return true;
	if (str_eq(name, "..")) {
		char *slash = strrchr(w->done, '/');

		if (slash)
			*slash = '\0';
		return true;
	}
	if ((size_t)snprintf(w->done + at, sizeof(w->done) - at, "/%s", name) >=
	    sizeof(w->done) - at)
		return fault_errno(w, ENAMETOOLONG);
	return true;
}

static bool walk_component(struct walk *w, bool last)
{
	const char *path = w->done[0] ? w->done : "/";

	if (lstat(path, &w->st) < 0)
		return fault_errno(w, errno);
	judge_component(w);
	if (S_ISLNK(w->st.st_mode))
		return follow_link(w);
	if (last)
		return true;
	if (!S_ISDIR(w->st.st_mode))
		return fault_errno(w, ENOTDIR);
	if (!may_execute(w->who, &w->st)) {
		char name[32], reason[160];

		snprintf(reason, sizeof(reason), "can't be searched by user %s",
			 user_name(w->who->uid, name));
		fault_impossible(w->ret, path, &w->st, reason);
		fault_fix(w->ret, "chmod a+x");
		return false;
	}
	return true;
}

static bool walk_path(struct walk *w)
{
	if (!walk_component(w, false))
		return false;
	while (w->todo[strspn(w->todo, "/")]) {
		if (!next_component(w) || !walk_component(w, !w->todo[strspn(w->todo, "/")]))
			return false;
	}
	return true;
}

/* Where the walk ended must be a file that can be run. */
static bool walk_target(struct walk *w)
{
	struct statvfs fs;
	char name[32], reason[160];

	if (S_ISDIR(w->st.st_mode))
		return fault_impossible(w->ret, w->done, &w->st, "is a directory");
	if (!S_ISREG(w->st.st_mode))
		return fault_impossible(w->ret, w->done, &w->st, "is not a regular file");
	if (!may_execute(w->who, &w->st)) {
		snprintf(reason, sizeof(reason), "can't be executed by user %s",
			 user_name(w->who->uid, name));
		fault_impossible(w->ret, w->done, &w->st, reason);
		fault_fix(w->ret, "chmod a+x");
		return false;
	}
	if (statvfs(w->done, &fs) == 0 && (fs.f_flag & ST_NOEXEC))
		return fault_impossible(w->ret, w->done, &w->st,
					"is on a file system mounted with noexec");
	return true;
}

/* --- its first line --- */

/* It is tried all the same: the interpreter may come later, and a check that fails says so. */
static void fault_first_line(struct walk *w, const char *reason, const char *fix)
{
	if (w->ret->unsafe)
		return;
	fault_place(w->ret, w->done, &w->st);
	str_copy(w->ret->reason, sizeof(w->ret->reason), reason);
	if (*fix)
		fault_fix(w->ret, fix);
	w->ret->fails = true;
}

/* What #! names must be there; an editor of another system leaves a CR behind the name. */
static void judge_first_line(struct walk *w)
{
	char line[FIRST_LINE_MAX], reason[160], *name;
	FILE *f = fopen(w->done, "re");
	size_t n = f ? fread(line, 1, sizeof(line) - 1, f) : 0;

	if (f)
		fclose(f);
	line[n] = '\0';
	if (line[0] != '#' || line[1] != '!')
		return;
	n = strcspn(line, "\n");
	if (line[n - 1] == '\r') {
		fault_first_line(w, "has lines that end with CR LF: no interpreter has such a name",
				 "sed -i 's/\\r$//'");
		return;
	}
	line[n] = '\0';
	name = line + 2 + strspn(line + 2, " \t");
	name[strcspn(name, " \t")] = '\0';
	if (*name != '/' || access(name, F_OK) == 0)
		return;
	snprintf(reason, sizeof(reason), "asks for the interpreter %.100s, which does not exist", name);
	fault_first_line(w, reason, "");
}

/* --- finding it --- */

/* The path of a bare name, as execvp() would find it. */
static bool search_path(const char *name, const struct identity *who, char ret[static PATH_MAX])
{
	const char *dir = getenv("PATH");

	for (dir = dir && *dir ? dir : PATH_DEFAULT; *dir;) {
		size_t n = strcspn(dir, ":");
		struct stat st;

		if (n && (size_t)snprintf(ret, PATH_MAX, "%.*s/%s", (int)n, dir, name) < PATH_MAX &&
		    stat(ret, &st) == 0 && S_ISREG(st.st_mode) && may_execute(who, &st))
			return true;
		dir += n + (dir[n] == ':');
	}
	return false;
}

static bool absolute_path(const char *argv0, const struct identity *who, char ret[static PATH_MAX],
			  struct conf_script_fault *f)
{
	char cwd[PATH_MAX];

	if (!argv0[0])
		return fault_impossible(f, "(no name)", NULL, "is not a command");
	if (!strchr(argv0, '/')) {
		if (search_path(argv0, who, ret))
			return true;
		return fault_impossible(f, argv0, NULL, "is in no directory of PATH");
	}
	if (!getcwd(cwd, sizeof(cwd)))
		strcpy(cwd, "/");
	if ((size_t)snprintf(ret, PATH_MAX, "%s%s%s", argv0[0] == '/' ? "" : cwd,
			     argv0[0] == '/' ? "" : "/", argv0) >= PATH_MAX)
		return fault_impossible(f, argv0, NULL, "is too long");
	return true;
}

bool host_script_check(void *ctx, const char *argv0, uint32_t uid, uint32_t gid, bool secure,
		       struct conf_script_fault *ret)
{
	struct walk w = {.ret = ret, .judge = true};
	struct identity who;
	bool set_id;

	*ret = (struct conf_script_fault){0};
	identity_fill(&who, uid, gid);
	w.who = &who;
	if (!absolute_path(argv0, &who, w.todo, ret) || !walk_path(&w) || !walk_target(&w))
		return false;
	set_id = ((w.st.st_mode & S_ISUID) && w.st.st_uid == 0) ||
		 ((w.st.st_mode & S_ISGID) && w.st.st_gid == 0);
	if (uid != 0 && !set_id) /* nothing is to be gained by replacing it */
		*ret = (struct conf_script_fault){0};
	judge_first_line(&w);
	return !ret->unsafe || !secure;
}
