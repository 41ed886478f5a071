/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line with a script: both splits of the command line. */
#include "fuzz.h"

#include <string.h>

#include "conf/tree.h"

#define PIECES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const char *pieces[PIECES];
	char **argv;
	bool shell;
	int n, argc;

	if (size == 0 || memchr(data, 0, size)) {
		arena_free(a);
		return 0;
	}
	n = conf_script_words(arena_copy(a, data, size), a, pieces, PIECES);
	MUST(n >= -1 && n <= PIECES);
	for (int i = 0; i < n; i++) {
		argc = conf_script_argv(pieces[i], a, &argv, &shell);
		MUST(argc >= -1);
		for (int k = 0; k < argc; k++)
			MUST(strlen(argv[k]) <= size);
		MUST(argc < 0 || argv[argc] == NULL);
	}
	arena_free(a);
	return 0;
}
