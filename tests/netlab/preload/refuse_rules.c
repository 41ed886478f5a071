/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A libnftables that says no to every transaction with the text of REFUSE_RULES in it. Named as the library,
 * it is found first by LD_LIBRARY_PATH; all else is the library's own, at the path that REAL_NFTABLES says. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct nft_ctx;

static void *real(const char *name)
{
	static void *handle;

	if (!handle)
		handle = dlopen(getenv("REAL_NFTABLES"), RTLD_NOW | RTLD_LOCAL);
	return handle ? dlsym(handle, name) : NULL;
}

struct nft_ctx *nft_ctx_new(uint32_t flags)
{
	return ((struct nft_ctx * (*)(uint32_t)) real(__func__))(flags);
}

void nft_ctx_free(struct nft_ctx *c)
{
	((void (*)(struct nft_ctx *))real(__func__))(c);
}

int nft_ctx_buffer_error(struct nft_ctx *c)
{
	return ((int (*)(struct nft_ctx *))real(__func__))(c);
}

int nft_ctx_buffer_output(struct nft_ctx *c)
{
	return ((int (*)(struct nft_ctx *))real(__func__))(c);
}

const char *nft_ctx_get_error_buffer(struct nft_ctx *c)
{
	return ((const char *(*)(struct nft_ctx *))real(__func__))(c);
}

void nft_ctx_set_dry_run(struct nft_ctx *c, bool dry)
{
	((void (*)(struct nft_ctx *, bool))real(__func__))(c, dry);
}

int nft_run_cmd_from_buffer(struct nft_ctx *c, const char *text)
{
	if (strstr(text, getenv("REFUSE_RULES"))) {
		errno = ENODATA;
		return -1;
	}
	return ((int (*)(struct nft_ctx *, const char *))real(__func__))(c, text);
}
