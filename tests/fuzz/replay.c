/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main() of a fuzz target as an ordinary test: every file of the folders given, once. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

static void replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t n, size;

	MUST(f != NULL);
	MUST(fseek(f, 0, SEEK_END) == 0);
	size = (size_t)ftell(f);
	rewind(f);
	/* Exactly as long as the input, so that reading past its end is seen by a sanitizer. */
	data = malloc(size ? size : 1);
	n = fread(data, 1, size, f);
	fclose(f);
	MUST(n == size);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static unsigned replay_folder(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	char path[4096];
	unsigned n = 0;

	MUST(d != NULL);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		replay_file(path);
		n++;
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++)
		n += replay_folder(argv[i]);
	printf("%u inputs\n", n);
	return n ? 0 : 1;
}
