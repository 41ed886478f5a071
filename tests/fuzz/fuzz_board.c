/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board file with any content: as the whole file, or behind a header that fits, so that records
 * are reached. What a reader maps stays inside the file.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/board.h"

static void read_all(const struct board *b)
{
	const struct board_shape *s = &b->header->shape;
	struct board_instance instance;
	struct board_group group;
	struct board_script script;
	struct board_file file;
	struct board_event event;

	for (uint32_t i = 0; i < s->instances; i++)
		(void)board_read(&b->instances[i], &instance, sizeof(instance));
	for (uint32_t i = 0; i < s->groups; i++)
		(void)board_read(&b->groups[i], &group, sizeof(group));
	for (uint32_t i = 0; i < s->scripts; i++)
		(void)board_read(&b->scripts[i], &script, sizeof(script));
	for (uint32_t i = 0; i < s->files; i++)
		(void)board_read(&b->files[i], &file, sizeof(file));
	for (unsigned i = 0; i < 4; i++)
		(void)board_read(&b->events[i], &event, sizeof(event));
	if (s->vips) {
		volatile char last = b->vips[s->vips - 1].interface[15];

		(void)last;
	}
}

/* Fills the records behind a header that fits with the input, again and again. */
static size_t dress(int fd, const uint8_t *data, size_t size)
{
	struct board_header h = {.magic = BOARD_MAGIC, .layout = BOARD_LAYOUT};
	uint8_t *p;

	h.shape.instances = data[0] & 3;
	h.shape.vips = data[0] >> 2 & 3;
	h.shape.groups = data[0] >> 4 & 1;
	h.shape.scripts = data[0] >> 5 & 1;
	h.shape.files = data[0] >> 6 & 1;
	h.size = board_size(&h.shape);
	MUST(ftruncate(fd, (off_t)h.size) == 0);
	p = mmap(NULL, h.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(p != MAP_FAILED);
	memcpy(p, &h, sizeof(h));
	for (size_t at = sizeof(h); at < h.size; at += size) {
		size_t n = h.size - at < size ? h.size - at : size;

		memcpy(p + at, data, n);
	}
	munmap(p, h.size);
	return h.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct board b;
	int fd;

	if (size < 2)
		return 0;
	fd = memfd_create("board", MFD_CLOEXEC);
	MUST(fd >= 0);
	if (data[0] & 0x80)
		MUST(write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
	else
		dress(fd, data, size);
	if (board_map(fd, false, &b) == 0) {
		MUST((size_t)lseek(fd, 0, SEEK_END) == b.size);
		MUST((uint8_t *)(b.files + b.header->shape.files) <= (uint8_t *)b.header + b.size);
		read_all(&b);
		board_unmap(&b);
	}
	close(fd);
	return 0;
}
