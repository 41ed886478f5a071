/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contents of a track file: whatever is written there, a 32 bit number or an error. */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/filewatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int32_t untouched = 4711, value = untouched;
	char path[64];
	int fd = memfd_create("number", MFD_CLOEXEC), r;

	MUST(fd >= 0);
	MUST(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = filewatch_read(path, &value);
	MUST(r == 0 || r == -ERANGE);
	MUST(r == 0 || value == untouched);
	if (size == 0 || !(isspace(data[0]) || isdigit(data[0]) || data[0] == '-' || data[0] == '+'))
		MUST(r == 0 && value == 0);
	close(fd);
	return 0;
}
