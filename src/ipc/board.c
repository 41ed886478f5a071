/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board: layout, creation, mapping, and the sequence lock of its records. The layout follows
 * from the numbers in the header alone, so a reader trusts nothing but what it has checked against
 * the size of the file. Knows nothing of what the records mean.
 *
 * The sequence lock is the usual one: a writer makes the number odd, changes the record and makes
 * it even again; a reader copies and repeats when the number was odd or has changed. There is one
 * writer, so it needs no compare and exchange.
 */
#include "ipc/board.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define BOARD_ALIGN 64
#define BOARD_RECORDS_MAX (1u << 24) /* of one kind: keeps the sums far from overflow */
#define BOARD_READ_TRIES 10000

struct layout {
	size_t instances, vips, groups, scripts, files, services, servers, probes, drains, events, size;
};

static size_t place(size_t *at, size_t record, size_t n)
{
	size_t here = *at;

	*at = (here + record * n + BOARD_ALIGN - 1) / BOARD_ALIGN * BOARD_ALIGN;
	return here;
}

static struct layout layout_of(const struct board_shape *s)
{
	struct layout l;
	size_t at = 0;

	(void)place(&at, sizeof(struct board_header), 1);
	l.events = place(&at, sizeof(struct board_event), BOARD_EVENTS);
	l.instances = place(&at, sizeof(struct board_instance), s->instances);
	l.vips = place(&at, sizeof(struct board_vip), s->vips);
	l.groups = place(&at, sizeof(struct board_group), s->groups);
	l.scripts = place(&at, sizeof(struct board_script), s->scripts);
	l.files = place(&at, sizeof(struct board_file), s->files);
	l.services = place(&at, sizeof(struct board_service), s->services);
	l.servers = place(&at, sizeof(struct board_server), s->servers);
	l.probes = place(&at, sizeof(struct board_probe), s->probes);
	l.drains = place(&at, sizeof(struct board_drain), s->drains);
	l.size = at;
	return l;
}

static bool shape_is_sane(const struct board_shape *s)
{
	return s->instances <= BOARD_RECORDS_MAX && s->vips <= BOARD_RECORDS_MAX &&
	       s->groups <= BOARD_RECORDS_MAX && s->scripts <= BOARD_RECORDS_MAX &&
	       s->files <= BOARD_RECORDS_MAX && s->services <= BOARD_RECORDS_MAX &&
	       s->servers <= BOARD_RECORDS_MAX && s->probes <= BOARD_RECORDS_MAX &&
	       s->drains <= BOARD_RECORDS_MAX;
}

size_t board_size(const struct board_shape *shape)
{
	return layout_of(shape).size;
}

static int fill_file(int fd, enum process p, const struct board_shape *shape, uint32_t generation,
		     const char *conf_path)
{
	struct board_header h = {.magic = BOARD_MAGIC,
				 .layout = BOARD_LAYOUT,
				 .size = board_size(shape),
				 .shape = *shape,
				 .process = p,
				 .generation = generation};
	int error;

	str_copy(h.conf_path, sizeof(h.conf_path), conf_path ? conf_path : "");
	if (fchmod(fd, 0644) < 0)
		return -errno;
	/* Not ftruncate(): a page that the full file system lacks later would kill who writes to it. */
	error = posix_fallocate(fd, 0, (off_t)h.size);
	if (error)
		return -error;
	if (pwrite(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return errno ? -errno : -EIO;
	return 0;
}

int board_create(const char *path, enum process p, const struct board_shape *shape,
		 uint32_t generation, const char *conf_path)
{
	char temporary[512];
	int fd, r;

	if (!shape_is_sane(shape))
		return -E2BIG;
	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	(void)unlink(temporary);
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = fill_file(fd, p, shape, generation, conf_path);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temporary);
		close(fd);
		return r;
	}
	return fd;
}

static bool header_fits(const struct board_header *h, size_t file_size)
{
	return h->magic == BOARD_MAGIC && h->layout == BOARD_LAYOUT && h->size == file_size &&
	       shape_is_sane(&h->shape) && board_size(&h->shape) == file_size &&
	       h->process < PROC_COUNT;
}

int board_map(int fd, bool writable, struct board *ret)
{
	struct board_header *h;
	struct layout l;
	struct stat st;
	char *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < (off_t)sizeof(*h))
		return -EBADMSG;
	p = mmap(NULL, (size_t)st.st_size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
		 MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	h = (struct board_header *)p;
	if (!header_fits(h, (size_t)st.st_size)) {
		munmap(p, (size_t)st.st_size);
		return -EBADMSG;
	}
	l = layout_of(&h->shape);
	*ret = (struct board){
		.header = h,
		.instances = (struct board_instance *)(p + l.instances),
		.vips = (struct board_vip *)(p + l.vips),
		.groups = (struct board_group *)(p + l.groups),
		.scripts = (struct board_script *)(p + l.scripts),
		.files = (struct board_file *)(p + l.files),
		.services = (struct board_service *)(p + l.services),
		.servers = (struct board_server *)(p + l.servers),
		.probes = (struct board_probe *)(p + l.probes),
		.drains = (struct board_drain *)(p + l.drains),
		.events = (struct board_event *)(p + l.events),
		.size = l.size,
		.writable = writable,
	};
	return 0;
}

void board_unmap(struct board *b)
{
	if (b->header)
		munmap(b->header, b->size);
	*b = (struct board){0};
}

void board_write_begin(board_seq *seq)
{
	/* A predecessor that died while writing has left it odd already. */
	atomic_store_explicit(seq, atomic_load_explicit(seq, memory_order_relaxed) | 1,
			      memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

void board_write_end(board_seq *seq)
{
	uint32_t now = atomic_load_explicit(seq, memory_order_relaxed);

	atomic_store_explicit(seq, now + 1, memory_order_release);
}

bool board_read(const void *record, void *ret, size_t size)
{
	board_seq *seq = (board_seq *)record; /* its first field */

	for (unsigned i = 0; i < BOARD_READ_TRIES; i++) {
		uint32_t before = atomic_load_explicit(seq, memory_order_acquire);

		memcpy(ret, record, size);
		atomic_thread_fence(memory_order_acquire);
		if (!(before & 1) && before == atomic_load_explicit(seq, memory_order_relaxed))
			return true;
		if (i % 16 == 15)
			sched_yield();
	}
	return false;
}

void board_event_add(struct board *b, const struct board_event *e)
{
	uint64_t number = atomic_load(&b->header->events) + 1;
	struct board_event *slot = &b->events[(number - 1) % BOARD_EVENTS];

	board_write_begin(&slot->seq);
	memcpy((char *)slot + sizeof(slot->seq), (const char *)e + sizeof(e->seq),
	       sizeof(*e) - sizeof(e->seq));
	slot->number = number;
	board_write_end(&slot->seq);
	atomic_store(&b->header->events, number);
}

void board_event_carry(struct board *to, const struct board *from)
{
	uint64_t newest = atomic_load(&from->header->events);

	for (unsigned i = 0; i < BOARD_EVENTS; i++) {
		struct board_event e;

		if (!board_read(&from->events[i], &e, sizeof(e)))
			continue;
		board_write_begin(&to->events[i].seq);
		memcpy((char *)&to->events[i] + sizeof(e.seq), (char *)&e + sizeof(e.seq),
		       sizeof(e) - sizeof(e.seq));
		board_write_end(&to->events[i].seq);
	}
	atomic_store(&to->header->events, newest);
}
