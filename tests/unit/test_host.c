/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's answers, on files of a temporary directory. Ownership needs root. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/host.h"

#define NOBODY 65534

/* A directory that root owns, in a place whose own path is safe. */
struct place {
	char dir[64];
	char path[256];
	struct conf_host host;
	struct conf_script_fault fault;
	struct arena *arena;
};

static struct place *place_new(void)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->dir, "/tmp/hf-host-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(chmod(p->dir, 0755), 0);
	host_init(&p->host, NULL);
	p->arena = arena_new();
	return p;
}

static void place_free(struct place *p)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", p->dir);
	assert_int_equal(system(command), 0);
	host_done(&p->host);
	arena_free(p->arena);
	free(p);
}

static const char *in(struct place *p, const char *name)
{
	snprintf(p->path, sizeof(p->path), "%s/%s", p->dir, name);
	return p->path;
}

static void put(struct place *p, const char *name, const char *text, unsigned mode)
{
	int fd = open(in(p, name), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void make_dir(struct place *p, const char *name, unsigned mode, unsigned uid, unsigned gid)
{
	assert_int_equal(mkdir(in(p, name), 0700), 0);
	assert_int_equal(chown(p->path, uid, gid), 0);
	assert_int_equal(chmod(p->path, mode), 0);
}

static bool runs(struct place *p, const char *name, unsigned uid, bool secure)
{
	return p->host.script(p->host.ctx, in(p, name), uid, uid, secure, &p->fault);
}

/* It runs and there is nothing to say. */
static void assert_fine(struct place *p, const char *name, unsigned uid)
{
	assert_true(runs(p, name, uid, true));
	assert_string_equal(p->fault.path, "");
	assert_false(p->fault.unsafe);
}

static void assert_unsafe(struct place *p, const char *name, const char *component,
			  const char *reason)
{
	char full[256];

	assert_true(runs(p, name, 0, false));
	assert_true(p->fault.unsafe);
	assert_false(runs(p, name, 0, true));
	assert_true(p->fault.unsafe);
	snprintf(full, sizeof(full), "%s/%s", p->dir, component);
	assert_string_equal(p->fault.path, full);
	assert_non_null(strstr(p->fault.reason, reason));
	assert_non_null(strstr(p->fault.fix, full));
	assert_true(p->fault.owner[0]);
	/* as somebody else than root nothing is to be gained by it */
	assert_true(runs(p, name, NOBODY, true));
	assert_false(p->fault.unsafe);
}

static void assert_impossible(struct place *p, const char *name, unsigned uid,
			      const char *component, const char *reason)
{
	char full[256];

	assert_false(runs(p, name, uid, false));
	assert_false(p->fault.unsafe);
	snprintf(full, sizeof(full), "%s/%s", p->dir, component);
	assert_string_equal(p->fault.path, full);
	assert_non_null(strstr(p->fault.reason, reason));
}

static void test_script_fine(void **state)
{
	struct place *p = place_new();

	put(p, "s", "#!/bin/sh\n", 0755);
	assert_fine(p, "s", 0);
	assert_fine(p, "s", NOBODY);
	assert_fine(p, "./../../tmp/../bin//sh", 0);
	place_free(p);
}

static void test_script_links(void **state)
{
	struct place *p = place_new();

	put(p, "s", "#!/bin/sh\n", 0755);
	assert_int_equal(symlink("s", in(p, "relative")), 0);
	assert_int_equal(symlink(p->dir, in(p, "dir")), 0);
	assert_int_equal(symlink("loop", in(p, "loop")), 0);
	assert_fine(p, "relative", 0);
	assert_fine(p, "dir/s", 0);
	assert_fine(p, "dir/dir/relative", 0);
	assert_impossible(p, "loop", 0, "loop", "too many symbolic links");
	/* a merged /usr: /bin is a link and must not disable every script */
	assert_true(p->host.script(p->host.ctx, "/bin/true", 0, 0, true, &p->fault));
	assert_string_equal(p->fault.path, "");
	place_free(p);
}

static void test_script_writable(void **state)
{
	struct place *p = place_new();

	put(p, "all", "", 0757);
	assert_unsafe(p, "all", "all", "is writable by everybody");
	put(p, "group", "", 0775);
	assert_fine(p, "group", 0); /* group root */
	assert_int_equal(chown(in(p, "group"), 0, 50), 0);
	assert_unsafe(p, "group", "group", "is writable by group");
	put(p, "other", "", 0755);
	assert_int_equal(chown(in(p, "other"), NOBODY, 0), 0);
	assert_unsafe(p, "other", "other", "(uid 65534)");
	place_free(p);
}

static void test_script_directories(void **state)
{
	struct place *p = place_new();

	make_dir(p, "open", 0777, 0, 0);
	put(p, "open/s", "", 0755);
	assert_unsafe(p, "open/s", "open", "is writable by everybody");
	make_dir(p, "sticky", 01777, 0, 0);
	put(p, "sticky/s", "", 0755);
	assert_fine(p, "sticky/s", 0);
	make_dir(p, "owned", 0755, NOBODY, 0);
	put(p, "owned/s", "", 0755);
	assert_unsafe(p, "owned/s", "owned", "(uid 65534)");
	/* a link into it is no better, and a link that somebody else owns is none */
	assert_int_equal(symlink("open/s", in(p, "link")), 0);
	assert_unsafe(p, "link", "open", "is writable by everybody");
	assert_int_equal(symlink("../open/../sticky/s", in(p, "sticky/l")), 0);
	assert_int_equal(lchown(p->path, NOBODY, NOBODY), 0);
	assert_unsafe(p, "sticky/l", "sticky/l", "(uid 65534)");
	place_free(p);
}

static void test_script_impossible(void **state)
{
	struct place *p = place_new();

	assert_impossible(p, "nope", 0, "nope", "does not exist");
	put(p, "s", "", 0644);
	assert_impossible(p, "s", 0, "s", "can't be executed by user root");
	assert_non_null(strstr(p->fault.fix, "chmod a+x /tmp/hf-host-"));
	assert_int_equal(p->fault.mode, 0644);
	assert_string_equal(p->fault.owner, "root:root");
	assert_impossible(p, "s/x", 0, "s", "is not a directory");
	make_dir(p, "d", 0700, 0, 0);
	put(p, "d/s", "", 0755);
	assert_impossible(p, "d", 0, "d", "is a directory");
	assert_fine(p, "d/s", 0);
	assert_impossible(p, "d/s", NOBODY, "d", "can't be searched");
	assert_int_equal(chown(in(p, "d"), 0, NOBODY), 0);
	assert_impossible(p, "d/s", NOBODY, "d", "can't be searched");
	assert_int_equal(chmod(in(p, "d"), 0710), 0);
	assert_true(runs(p, "d/s", NOBODY, true)); /* by its group */
	place_free(p);
}

/* It may be run, and will not be: said, and tried all the same. */
static void assert_fails(struct place *p, const char *name, const char *reason)
{
	assert_true(runs(p, name, 0, true));
	assert_true(p->fault.fails);
	assert_false(p->fault.unsafe);
	assert_non_null(strstr(p->fault.reason, reason));
	assert_true(runs(p, name, NOBODY, true));
	assert_true(p->fault.fails);
}

static void test_script_first_line(void **state)
{
	struct place *p = place_new();

	put(p, "crlf", "#!/bin/sh\r\nexit 0\r\n", 0755);
	assert_fails(p, "crlf", "CR LF");
	assert_non_null(strstr(p->fault.fix, "sed -i 's/\\r$//' /tmp/hf-host-"));
	put(p, "env", "#!/usr/bin/env sh -e\r\n", 0755);
	assert_fails(p, "env", "CR LF");
	put(p, "missing", "#! /no/such/shell -e\nexit 0\n", 0755);
	assert_fails(p, "missing", "the interpreter /no/such/shell, which does not exist");
	put(p, "options", "#! \t/bin/sh -e", 0755);
	assert_fine(p, "options", 0);
	put(p, "none", "exit 0\r\n", 0755); /* the shell runs it, as well as it can */
	assert_fine(p, "none", 0);
	put(p, "short", "#!", 0755);
	assert_fine(p, "short", 0);
	put(p, "wide", "#!/no/such/shell\n", 0757);
	assert_unsafe(p, "wide", "wide", "is writable by everybody"); /* that first */
	place_free(p);
}

static void test_script_set_id(void **state)
{
	struct place *p = place_new();

	put(p, "s", "", 04757);
	assert_false(runs(p, "s", NOBODY, true)); /* whoever changes it, root runs it */
	assert_true(p->fault.unsafe);
	place_free(p);
}

static void test_script_search(void **state)
{
	struct place *p = place_new();

	assert_true(p->host.script(p->host.ctx, "true", 0, 0, true, &p->fault));
	assert_false(
		p->host.script(p->host.ctx, "no-such-command-anywhere", 0, 0, true, &p->fault));
	assert_string_equal(p->fault.path, "no-such-command-anywhere");
	assert_string_equal(p->fault.reason, "is in no directory of PATH");
	assert_false(p->host.script(p->host.ctx, "", 0, 0, true, &p->fault));
	assert_false(p->host.script(p->host.ctx, "/", 0, 0, true, &p->fault));
	place_free(p);
}

/* --- files --- */

static void test_read_file(void **state)
{
	struct place *p = place_new();
	const struct conf_host *h = &p->host;
	char *text;
	size_t len;

	put(p, "f", "a\nb", 0600);
	assert_int_equal(h->read_file(h->ctx, in(p, "f"), p->arena, &text, &len), 0);
	assert_int_equal(len, 3);
	assert_string_equal(text, "a\nb");
	put(p, "f", "", 0600);
	assert_int_equal(h->read_file(h->ctx, in(p, "f"), p->arena, &text, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(h->read_file(h->ctx, "/proc/self/status", p->arena, &text, &len), 0);
	assert_true(len > 100); /* though its size is said to be 0 */
	assert_int_equal(h->read_file(h->ctx, in(p, "g"), p->arena, &text, &len), -ENOENT);
	assert_int_equal(h->read_file(h->ctx, p->dir, p->arena, &text, &len), -EISDIR);
	assert_int_equal(mkfifo(in(p, "fifo"), 0600), 0);
	assert_int_equal(h->read_file(h->ctx, p->path, p->arena, &text, &len), -EINVAL);
	place_free(p);
}

static void test_path_kind(void **state)
{
	struct place *p = place_new();
	const struct conf_host *h = &p->host;
	bool readable;

	put(p, "f", "", 0644);
	assert_int_equal(h->path_kind(h->ctx, in(p, "f"), &readable), PATH_FILE);
	assert_true(readable);
	put(p, "x", "", 0654);
	assert_int_equal(h->path_kind(h->ctx, in(p, "x"), &readable), PATH_EXECUTABLE);
	assert_int_equal(h->path_kind(h->ctx, in(p, "n"), &readable), PATH_MISSING);
	assert_int_equal(h->path_kind(h->ctx, p->dir, &readable), PATH_DIRECTORY);
	assert_int_equal(h->path_kind(h->ctx, "/dev/null", &readable), PATH_SPECIAL);
	place_free(p);
}

static void test_glob(void **state)
{
	struct place *p = place_new();
	const struct conf_host *h = &p->host;
	char **paths;
	unsigned n;

	put(p, "b.conf", "", 0644);
	put(p, "a.conf", "", 0644);
	put(p, "c", "", 0644);
	assert_int_equal(h->glob(h->ctx, in(p, "*.conf"), p->arena, &paths, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(paths[0], in(p, "a.conf"));
	assert_int_equal(h->glob(h->ctx, in(p, "{c,b.conf}"), p->arena, &paths, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(paths[0], in(p, "c"));
	assert_int_equal(h->glob(h->ctx, in(p, "x*"), p->arena, &paths, &n), 0);
	assert_int_equal(n, 0);
	place_free(p);
}

static void test_accounts(void **state)
{
	struct place *p = place_new();
	const struct conf_host *h = &p->host;
	uint32_t uid = 7, gid = 7;

	assert_true(h->user(h->ctx, "root", &uid, &gid));
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
	assert_false(h->user(h->ctx, "no-such-user", &uid, &gid));
	assert_true(h->group(h->ctx, "root", &gid));
	assert_false(h->group(h->ctx, "no-such-group", &gid));
	assert_true(h->interface(h->ctx, "lo"));
	assert_false(h->interface(h->ctx, "no-such-if"));
	place_free(p);
}

static void test_config_id(void **state)
{
	struct conf_host h;
	char name[256];

	assert_int_equal(gethostname(name, sizeof(name)), 0);
	name[strcspn(name, ".")] = '\0';
	host_init(&h, NULL);
	assert_string_equal(h.config_id, name);
	host_done(&h);
	host_init(&h, "web1");
	assert_string_equal(h.config_id, "web1");
	host_done(&h);
}

static void test_random(void **state)
{
	struct conf_host h;
	uint32_t a[4];

	host_init(&h, "x");
	h.random(h.ctx, true, 42);
	for (int i = 0; i < 4; i++)
		a[i] = h.random(h.ctx, false, 0);
	assert_int_not_equal(a[0], a[1]);
	h.random(h.ctx, true, 42);
	for (int i = 0; i < 4; i++)
		assert_int_equal(h.random(h.ctx, false, 0), a[i]);
	host_done(&h);
}

static void test_names(void **state)
{
	struct place *p = place_new();
	const struct conf_host *h = &p->host;
	uint32_t v = 7;

	assert_true(h->name_table(h->ctx, "rt_tables", "main", &v));
	assert_int_equal(v, 254);
	assert_true(h->name_table(h->ctx, "rt_scopes", "link", &v));
	assert_int_equal(v, 253);
	assert_true(h->name_table(h->ctx, "rt_dsfield", "EF", &v));
	assert_int_equal(v, 0xb8);
	assert_false(h->name_table(h->ctx, "rt_tables", "no-such-table", &v));
	assert_false(h->name_table(h->ctx, "nothing", "main", &v));
	put(p, "rt_tables", "# a comment\n100\tone # more\n0x65 two\nx three\n\n", 0644);
	assert_true(host_name_file(in(p, "rt_tables"), "one", &v));
	assert_int_equal(v, 100);
	assert_true(host_name_file(p->path, "two", &v));
	assert_int_equal(v, 101);
	assert_false(host_name_file(p->path, "three", &v));
	assert_false(host_name_file(p->path, "comment", &v));
	place_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_file), cmocka_unit_test(test_path_kind),
		cmocka_unit_test(test_glob),	  cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_config_id), cmocka_unit_test(test_random),
		cmocka_unit_test(test_names),
	};
	/* files of other owners can't be made by anybody else */
	const struct CMUnitTest as_root[] = {
		cmocka_unit_test(test_script_fine),	  cmocka_unit_test(test_script_links),
		cmocka_unit_test(test_script_writable),	  cmocka_unit_test(test_script_directories),
		cmocka_unit_test(test_script_impossible), cmocka_unit_test(test_script_set_id),
		cmocka_unit_test(test_script_first_line),
		cmocka_unit_test(test_script_search),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (geteuid() != 0)
		return failed ? 1 : 77; /* skipped */
	return failed + cmocka_run_group_tests(as_root, NULL, NULL);
}
