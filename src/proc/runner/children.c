/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash of pids, so that a thousand running scripts cost no more than one. */
#include "proc/runner/children.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "io/process.h"

static struct child **bucket_of(struct children *all, pid_t pid)
{
	return &all->bucket[(unsigned)pid % CHILDREN_BUCKETS];
}

void children_add(struct children *all, struct child *c)
{
	struct child **b = bucket_of(all, c->pid);

	c->next = *b;
	*b = c;
	all->running++;
}

static struct child *take(struct children *all, pid_t pid)
{
	for (struct child **p = bucket_of(all, pid); *p; p = &(*p)->next) {
		struct child *c = *p;

		if (c->pid != pid)
			continue;
		*p = c->next;
		all->running--;
		return c;
	}
	return NULL;
}

void children_reap(struct children *all)
{
	int status;
	pid_t pid;

	while ((pid = process_reap(&status)) > 0) {
		struct child *c = take(all, pid);

		if (!c)
			continue;
		c->pid = 0;
		c->ended(c, status);
	}
}

unsigned children_groups(const struct children *all, pid_t **ret)
{
	pid_t *v = calloc(all->running + 1, sizeof(*v));
	unsigned n = 0;

	if (!v)
		abort();
	for (unsigned i = 0; i < CHILDREN_BUCKETS; i++)
		for (const struct child *c = all->bucket[i]; c; c = c->next)
			v[n++] = c->pid;
	*ret = v;
	return n;
}

int children_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
