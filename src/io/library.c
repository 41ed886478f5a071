/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: dlopen(). A library that was opened stays. */
#include "io/library.h"

#include <dlfcn.h>
#include <errno.h>

int library_open(const char *soname, const char *const *names, void **functions, size_t n,
		 const char **ret_error)
{
	void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		*ret_error = dlerror();
		return -ENOENT;
	}
	for (size_t i = 0; i < n; i++) {
		functions[i] = dlsym(handle, names[i]);
		if (!functions[i]) {
			*ret_error = dlerror();
			return -ENOENT;
		}
	}
	return 0;
}
