/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of scripts, and their start as the user they belong to. Owns no process: who starts one
 * waits for it. A script of a shell line gets further arguments appended to the line, quoted.
 */
#include "proc/command.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "io/child.h"

#define COMMAND_GROUPS_MAX 64

static unsigned count(const char *const *v)
{
	unsigned n = 0;

	while (v && v[n])
		n++;
	return n;
}

/* "line" 'a' 'b': the shell sees the extra words as they are. */
static char *shell_line(const char *line, const char *const *extra, unsigned n_extra)
{
	size_t size = strlen(line) + 1;
	struct buf b;

	for (unsigned i = 0; i < n_extra; i++)
		size += 4 * strlen(extra[i]) + 3;
	b = (struct buf){.p = malloc(size + 1), .cap = size + 1};
	if (!b.p)
		abort();
	buf_printf(&b, "%s", line);
	for (unsigned i = 0; i < n_extra; i++) {
		buf_bytes(&b, " '", 2);
		for (const char *p = extra[i]; *p; p++)
			if (*p == '\'')
				buf_bytes(&b, "'\\''", 4);
			else
				buf_bytes(&b, p, 1);
		buf_bytes(&b, "'", 1);
	}
	(void)buf_text(&b);
	return b.p;
}

static size_t words_size(const char *const *v, unsigned n)
{
	size_t size = 0;

	for (unsigned i = 0; i < n; i++)
		size += strlen(v[i]) + 1;
	return size;
}

static char *copy_words(char **to, const char *const *v, unsigned n, char *text)
{
	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(v[i]) + 1;

		memcpy(text, v[i], len);
		to[i] = text;
		text += len;
	}
	return text;
}

/* One block: the struct, both pointer lists, the strings. */
static struct command *build(const struct conf_script *s, const char *const *words,
			     unsigned n_words, const char *const *extra, unsigned n_extra,
			     const char *const *env)
{
	unsigned n_env = count(env);
	size_t pointers = n_words + n_extra + 1 + n_env + 1;
	size_t text =
		words_size(words, n_words) + words_size(extra, n_extra) + words_size(env, n_env);
	size_t own = strlen(s->command) + 1;
	struct command *c = malloc(sizeof(*c) + pointers * sizeof(char *) + text + own);
	char *p;

	if (!c)
		abort();
	*c = (struct command){
		.shell = s->shell, .bash = s->bash, .supplementary = s->supplementary,
		.uid = s->uid, .gid = s->gid};
	c->argv = (char **)(c + 1);
	p = (char *)(c->argv + pointers);
	p = copy_words(c->argv, words, n_words, p);
	p = copy_words(c->argv + n_words, extra, n_extra, p);
	c->argv[n_words + n_extra] = NULL;
	if (env) {
		c->env = c->argv + n_words + n_extra + 1;
		p = copy_words(c->env, env, n_env, p);
		c->env[n_env] = NULL;
	}
	memcpy(p, s->command, own);
	c->text = p;
	return c;
}

struct command *command_new(const struct conf_script *script, const char *const *extra,
			    unsigned n_extra, const char *const *env)
{
	const char *const *argv;
	struct command *c;
	char *line;

	if (!script || script->unsafe || !script->argv || !script->argv[0])
		return NULL;
	argv = (const char *const *)script->argv;
	if (!script->shell) {
		c = build(script, argv, count(argv), extra, n_extra, env);
	} else {
		line = shell_line(script->command, extra, n_extra);
		c = build(script, (const char *const[]){line}, 1, NULL, 0, env);
		free(line);
	}
	c->set_user = geteuid() == 0;
	return c;
}

struct command *command_free(struct command *c)
{
	free(c);
	return NULL;
}

bool command_equal(const struct command *a, const struct command *b)
{
	char *const *x = a->argv, *const *y = b->argv;

	if (a->uid != b->uid || a->gid != b->gid || a->shell != b->shell ||
	    a->supplementary != b->supplementary)
		return false;
	for (; *x && *y; x++, y++)
		if (strcmp(*x, *y) != 0)
			return false;
	return !*x && !*y;
}

static unsigned groups_of(uid_t uid, gid_t gid, gid_t groups[static COMMAND_GROUPS_MAX])
{
	const struct passwd *user = getpwuid(uid);
	int n = COMMAND_GROUPS_MAX;

	if (!user || getgrouplist(user->pw_name, gid, groups, &n) < 0)
		return 0;
	return (unsigned)n;
}

pid_t command_start(const struct command *c, int stderr_fd)
{
	gid_t groups[COMMAND_GROUPS_MAX];
	struct child_options o = {
		.argv = c->argv,
		.shell = c->shell,
		.bash = c->bash,
		.set_user = c->set_user,
		.uid = c->uid,
		.gid = c->gid,
		.extra_env = c->env,
		.stderr_fd = stderr_fd,
	};

	if (c->set_user && c->supplementary) {
		o.groups = groups;
		o.n_groups = groups_of(c->uid, c->gid, groups);
	}
	return child_start(&o);
}

const char *command_error(int error)
{
	switch (error < 0 ? -error : error) {
	case ENOENT:
		return "there is no such file, or no such interpreter as its first line names";
	case EACCES:
		return "permission denied, by its mode, a directory, noexec or SELinux (ausearch -m avc)";
	default:
		return strerror(error < 0 ? -error : error);
	}
}
