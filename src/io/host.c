/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the answers of this machine to a configuration: files, patterns, environment, accounts,
 * interfaces. Scripts are in host_script.c, iproute2's names in host_names.c.
 * Must not know: what the answers are for.
 */
#include "io/host.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/str.h"

#define FILE_MAX ((size_t)256 << 20)
#define ACCOUNT_MAX 65536 /* bytes for one line of passwd or group */

struct host {
	char config_id[sizeof(((struct utsname *)0)->nodename)];
	uint64_t seed;
};

/* Reads up to the end, which may have moved since fstat(). */
static int read_all(int fd, struct arena *a, size_t guess, char **ret, size_t *ret_len)
{
	size_t cap = guess + 1, n = 0;
	char *p = arena_alloc(a, cap + 1);

	for (;;) {
		ssize_t r = read(fd, p + n, cap - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		n += (size_t)r;
		if (n > FILE_MAX)
			return -EFBIG;
		if (n == cap) {
			char *bigger = arena_alloc(a, cap * 2 + 1);

			memcpy(bigger, p, n);
			p = bigger;
			cap *= 2;
		}
	}
	p[n] = '\0';
	*ret = p;
	*ret_len = n;
	return 0;
}

static int host_read_file(void *ctx, const char *path, struct arena *a, char **ret, size_t *ret_len)
{
	/* without O_NONBLOCK a FIFO would hold us until somebody writes to it */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (st.st_size < 0 || (size_t)st.st_size > FILE_MAX)
		r = -EFBIG;
	else
		r = read_all(fd, a, st.st_size ? (size_t)st.st_size : 4096, ret, ret_len);
	close(fd);
	return r;
}

static enum conf_path_kind host_path_kind(void *ctx, const char *path, bool *ret_readable)
{
	struct stat st;

	*ret_readable = false;
	if (stat(path, &st) < 0)
		return errno == EACCES ? PATH_FILE : PATH_MISSING;
	*ret_readable = faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
	if (S_ISDIR(st.st_mode))
		return PATH_DIRECTORY;
	if (!S_ISREG(st.st_mode))
		return PATH_SPECIAL;
	return st.st_mode & 0111 ? PATH_EXECUTABLE : PATH_FILE;
}

static int host_glob(void *ctx, const char *pattern, struct arena *a, char ***ret, unsigned *ret_n)
{
	glob_t g;
	int r = glob(pattern, GLOB_BRACE, NULL, &g);

	*ret_n = 0;
	if (r == GLOB_NOMATCH) {
		globfree(&g);
		return 0;
	}
	if (r)
		return r == GLOB_NOSPACE ? -ENOMEM : -EIO;
	*ret = arena_alloc(a, g.gl_pathc * sizeof(**ret));
	for (size_t i = 0; i < g.gl_pathc; i++)
		(*ret)[i] = arena_strdup(a, g.gl_pathv[i]);
	*ret_n = (unsigned)g.gl_pathc;
	globfree(&g);
	return 0;
}

static char *host_real_path(void *ctx, const char *path, struct arena *a)
{
	char *real = realpath(path, NULL), *copy = arena_strdup(a, real);

	free(real);
	return copy;
}

static const char *host_getenv(void *ctx, const char *name)
{
	return getenv(name);
}

/* splitmix64: small, and repeatable from a seed, which is all that ${_RANDOM} needs */
static uint32_t host_random(void *ctx, bool reseed, uint32_t seed)
{
	struct host *h = ctx;
	uint64_t z;

	if (reseed) {
		h->seed = seed;
		return seed;
	}
	z = h->seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

static bool host_user(void *ctx, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	char *buf = malloc(ACCOUNT_MAX);
	struct passwd pw, *found = NULL;

	if (buf && !getpwnam_r(name, &pw, buf, ACCOUNT_MAX, &found) && found) {
		*ret_uid = pw.pw_uid;
		*ret_gid = pw.pw_gid;
	}
	free(buf);
	return found != NULL;
}

static bool host_group(void *ctx, const char *name, uint32_t *ret_gid)
{
	char *buf = malloc(ACCOUNT_MAX);
	struct group gr, *found = NULL;

	if (buf && !getgrnam_r(name, &gr, buf, ACCOUNT_MAX, &found) && found)
		*ret_gid = gr.gr_gid;
	free(buf);
	return found != NULL;
}

static bool host_interface(void *ctx, const char *name)
{
	return if_nametoindex(name) != 0;
}

static unsigned host_interfaces(void *ctx, struct arena *a, const char **ret, unsigned max)
{
	struct if_nameindex *list = if_nameindex();
	unsigned n = 0;

	for (const struct if_nameindex *i = list; i && i->if_index && n < max; i++)
		ret[n++] = arena_strdup(a, i->if_name);
	if (list)
		if_freenameindex(list);
	return n;
}

static struct ip_addr address_of(const struct sockaddr *a)
{
	if (a && a->sa_family == AF_INET)
		return ip_from_bytes(IP_V4, &((const struct sockaddr_in *)(const void *)a)->sin_addr);
	if (a && a->sa_family == AF_INET6)
		return ip_from_bytes(IP_V6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
	return (struct ip_addr){0};
}

static bool host_readable(void *ctx, const char *path)
{
	(void)ctx;
	return access(path, R_OK) == 0 || errno == EACCES; /* the daemon is root, who asks may not be */
}

static unsigned host_addresses(void *ctx, const char *interface, enum ip_family family,
			       struct ip_addr *ret, unsigned max)
{
	struct ifaddrs *list;
	unsigned n = 0;

	if (getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct ip_addr a = address_of(i->ifa_addr);

		if (a.family != family || (interface && !str_eq(i->ifa_name, interface)))
			continue;
		if (n < max)
			ret[n] = a;
		n++;
	}
	freeifaddrs(list);
	return n;
}

static const char *own_config_id(struct host *h)
{
	struct utsname u;

	if (uname(&u) < 0)
		return "";
	strcpy(h->config_id, u.nodename);
	h->config_id[strcspn(h->config_id, ".")] = '\0';
	return h->config_id;
}

void host_init(struct conf_host *ret, const char *config_id)
{
	struct host *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	if (getrandom(&h->seed, sizeof(h->seed), GRND_NONBLOCK) < 0)
		h->seed = (uint64_t)getpid();
	*ret = (struct conf_host){
		.ctx = h,
		.config_id = config_id ? config_id : own_config_id(h),
		.read_file = host_read_file,
		.path_kind = host_path_kind,
		.glob = host_glob,
		.real_path = host_real_path,
		.getenv = host_getenv,
		.random = host_random,
		.user = host_user,
		.group = host_group,
		.interface = host_interface,
		.interfaces = host_interfaces,
		.addresses = host_addresses,
		.kernel = host_kernel,
		.readable = host_readable,
		.name_table = host_name_table,
		.script = host_script_check,
	};
}

void host_done(struct conf_host *h)
{
	free(h->ctx);
	*h = (struct conf_host){0};
}
