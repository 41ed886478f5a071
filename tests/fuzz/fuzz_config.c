/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration text, with a machine that has one more file to include, one interface and one
 * user. What was understood is printed, and reads back as what prints alike.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "conf/conf.h"

/* The input is split at the first NUL: the main file, and the file "more.conf". */
struct input {
	const char *more;
	size_t more_len;
};

static int read_file(void *ctx, const char *path, struct arena *a, char **ret, size_t *ret_len)
{
	const struct input *in = ctx;

	if (!strstr(path, "more.conf"))
		return -ENOENT;
	*ret = arena_copy(a, in->more, in->more_len);
	*ret_len = in->more_len;
	return 0;
}

static enum conf_path_kind path_kind(void *ctx, const char *path, bool *ret_readable)
{
	*ret_readable = true;
	if (strstr(path, "more.conf"))
		return PATH_FILE;
	return strstr(path, "bin/") ? PATH_EXECUTABLE : PATH_MISSING;
}

static int glob_files(void *ctx, const char *pattern, struct arena *a, char ***ret, unsigned *ret_n)
{
	char **v = arena_alloc(a, sizeof(*v));

	*ret = v;
	*ret_n = strstr(pattern, "more") ? 1 : 0;
	v[0] = arena_strdup(a, "/etc/holdfast/more.conf");
	return 0;
}

static const char *get_env(void *ctx, const char *name)
{
	return strcmp(name, "HOME") == 0 ? "/root" : NULL;
}

static uint32_t random_number(void *ctx, bool reseed, uint32_t seed)
{
	return reseed ? seed : 4;
}

static bool user(void *ctx, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	*ret_uid = *ret_gid = 65534;
	return strcmp(name, "nobody") == 0;
}

static bool user_group(void *ctx, const char *name, uint32_t *ret_gid)
{
	*ret_gid = 65534;
	return strcmp(name, "nogroup") == 0;
}

static bool interface(void *ctx, const char *name)
{
	return strcmp(name, "eth0") == 0;
}

static bool name_table(void *ctx, const char *table, const char *name, uint32_t *ret)
{
	*ret = 253;
	return strcmp(name, "main") == 0;
}

static bool script(void *ctx, const char *argv0, uint32_t uid, uint32_t gid, bool secure,
		   struct conf_script_fault *ret)
{
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->path, sizeof(ret->path), "%s", argv0);
	snprintf(ret->reason, sizeof(ret->reason), "does not exist");
	return strstr(argv0, "bin/") != NULL;
}

static bool kernel(void *ctx, enum conf_kernel_part part)
{
	return part == KERNEL_NFTABLES;
}

static const struct conf_host machine = {
	.config_id = "node", .read_file = read_file, .path_kind = path_kind, .glob = glob_files, .getenv = get_env,
	.random = random_number, .user = user, .group = user_group, .interface = interface,
	.name_table = name_table, .script = script, .kernel = kernel,
};

static void render_all(const struct conf_loaded *l)
{
	char text[4096];

	for (unsigned i = 0; i < l->diags.list.n; i++) {
		struct buf out = BUF_ON(text);

		diag_render(&l->diags.list.v[i], l->source, &out);
		out = (struct buf)BUF_ON(text);
		diag_render_line(&l->diags.list.v[i], l->source, &out);
		out = (struct buf)BUF_ON(text);
		diag_render_keepalived(&l->diags.list.v[i], l->source, &out);
	}
}

static void round_trip(const struct conf_loaded *first, const struct conf_host *host)
{
	/* The sealed reader carries every word; the ordinary one would expand ${_ENV X} again. */
	struct conf_load_options options = {.tree = {.literal = true}};
	struct conf_loaded second;
	size_t len, len_again;
	char *text, *again;

	text = conf_print(first->conf, first->arena, &len);
	second = conf_load_text("printed", text, len, host, &options);
	again = conf_print(second.conf, second.arena, &len_again);
	if (len != len_again || memcmp(text, again, len) != 0) {
		fprintf(stderr, "---- printed\n%.*s\n---- printed again\n%.*s\n", (int)len, text, (int)len_again, again);
		MUST(!"what was printed reads back as something else");
	}
	(void)conf_plan_text(conf_diff(first->conf, second.conf, second.arena), second.arena);
	arena_free(second.arena);
	options.skip_services = true;
	second = conf_load_text("printed", text, len, host, &options);
	MUST(second.diags.count[DIAG_FATAL] == 0);
	MUST(second.conf->virtual_servers.n == 0 && second.conf->checkers.n == 0);
	MUST(second.conf->instances.n == first->conf->instances.n);
	arena_free(second.arena);
}

/* A reload to another configuration, and back. */
static void plans(const struct conf_loaded *first, const struct input *in, const struct conf_host *host)
{
	struct conf_load_options options = {.judge = false};
	struct conf_loaded other = conf_load_text("other.conf", in->more, in->more_len, host, &options);

	(void)conf_plan_text(conf_diff(first->conf, other.conf, other.arena), other.arena);
	(void)conf_plan_text(conf_diff(other.conf, first->conf, other.arena), other.arena);
	arena_free(other.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_load_options options = {.judge = true};
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;
	struct input in = {"", 0};
	struct conf_host host = machine;
	struct conf_loaded l;
	char *text = malloc(len + 1);

	if (nul) {
		in.more = (const char *)nul + 1;
		in.more_len = size - len - 1;
	}
	memcpy(text, data, len);
	text[len] = '\0';
	host.ctx = &in;
	l = conf_load_text("/etc/holdfast/holdfast.conf", text, len, &host, &options);
	MUST(l.conf != NULL);
	render_all(&l);
	if (l.diags.count[DIAG_FATAL] == 0)
		round_trip(&l, &host);
	plans(&l, &in, &host);
	arena_free(l.arena);
	free(text);
	return 0;
}
