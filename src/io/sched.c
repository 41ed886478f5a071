/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: how this process is scheduled, what of its memory stays in, which privileges it keeps.
 *
 * Real-time scheduling is taken with reset-on-fork, so that no program we start inherits it. Memory is
 * locked as it is touched (MCL_ONFAULT): locking everything would pull in whole libraries. Our own
 * text and some stack are touched first. A process with a limit on locked memory would fail to grow
 * beyond it: the limit goes, or else CAP_IPC_LOCK stays with the process.
 *
 * The guard: a real-time process that runs without ever blocking gets SIGXCPU from the kernel
 * (RLIMIT_RTTIME) and goes on as a normal one. Its flag, and whether CAP_IPC_LOCK is needed, are
 * facts of the process: the variables here.
 *
 * Must not know: which process this is.
 */
#include "io/sched.h"

#include <cap-ng.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK_TOUCHED (128 * 1024)
#define PAGE 4096

static volatile bool *guard_told;
static bool lock_needs_capability;

static int policy_set(pid_t pid, int policy, int priority)
{
	struct sched_param p = {.sched_priority = priority};

	return sched_setscheduler(pid, policy | SCHED_RESET_ON_FORK, &p) < 0 ? -errno : 0;
}

int sched_demote(void)
{
	return policy_set(0, SCHED_OTHER, 0);
}

int sched_promote(pid_t pid, int priority)
{
	return policy_set(pid, SCHED_RR, priority);
}

int sched_priority(void)
{
	struct sched_param p;

	if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) != SCHED_RR ||
	    sched_getparam(0, &p) < 0)
		return 0;
	return p.sched_priority;
}

static void guard_fired(int signo)
{
	int saved = errno;

	/* a thread beside the main one is demoted alone, and nobody needs to know */
	if (sched_demote() == 0 && guard_told && gettid() == getpid())
		*guard_told = true;
	errno = saved;
}

int sched_guard(uint32_t usec, volatile bool *told)
{
	struct sigaction sa = {.sa_handler = guard_fired, .sa_flags = SA_RESTART};
	struct rlimit lim;

	guard_told = told;
	if (sigaction(SIGXCPU, &sa, NULL) < 0 || getrlimit(RLIMIT_RTTIME, &lim) < 0)
		return -errno;
	/* At the hard limit the kernel kills: keep away from it where that is allowed. */
	if (lim.rlim_max != RLIM_INFINITY) {
		struct rlimit more = {usec, RLIM_INFINITY};

		if (setrlimit(RLIMIT_RTTIME, &more) == 0)
			return 0;
	}
	lim.rlim_cur = usec < lim.rlim_max ? usec : lim.rlim_max;
	return setrlimit(RLIMIT_RTTIME, &lim) < 0 ? -errno : 0;
}

static void cpus_set(const struct sched_wish *w)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned i = 0; i < w->n_cpus; i++)
		if (w->cpus[i] < CPU_SETSIZE)
			CPU_SET(w->cpus[i], &set);
	if (w->n_cpus)
		sched_setaffinity(0, sizeof(set), &set);
}

/* Also between variables, where AddressSanitizer sees nothing to be read. */
static __attribute__((no_sanitize_address)) void pages_touch(const volatile char *p, size_t n)
{
	for (size_t i = 0; i < n; i += PAGE)
		(void)p[i];
}

/* The first object is the program itself. */
static int text_touch(struct dl_phdr_info *info, size_t size, void *ctx)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];

		/* not the constants: half of them is help text */
		if (h->p_type == PT_LOAD && (h->p_flags & PF_X))
			pages_touch((const char *)info->dlpi_addr + h->p_vaddr, h->p_filesz);
	}
	return 1;
}

static __attribute__((noinline)) void stack_touch(void)
{
	volatile char room[STACK_TOUCHED];

	for (size_t i = 0; i < sizeof(room); i += PAGE)
		room[i] = 0;
}

static int memory_lock(void)
{
	struct rlimit lim = {RLIM_INFINITY, RLIM_INFINITY};
	bool limited = setrlimit(RLIMIT_MEMLOCK, &lim) < 0 &&
		       (getrlimit(RLIMIT_MEMLOCK, &lim) < 0 || lim.rlim_cur != RLIM_INFINITY);

	if (limited && (capng_get_caps_process() < 0 ||
			!capng_have_capability(CAPNG_EFFECTIVE, CAP_IPC_LOCK)))
		return -EPERM;
	stack_touch();
	dl_iterate_phdr(text_touch, NULL);
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		return -errno;
	lock_needs_capability = limited;
	return 0;
}

void sched_apply(const struct sched_wish *w, struct sched_got *ret)
{
	*ret = (struct sched_got){0};
	cpus_set(w);
	if (w->nice)
		setpriority(PRIO_PROCESS, 0, w->nice);
	if (w->lock_memory) {
		ret->lock_error = memory_lock();
		ret->locked = ret->lock_error == 0;
	}
	if (w->rt_priority <= 0)
		return;
	if (w->rlimit_rttime)
		ret->rt_error = sched_guard(w->rlimit_rttime, guard_told);
	if (ret->rt_error == 0)
		ret->rt_error = policy_set(0, SCHED_RR, w->rt_priority);
	if (ret->rt_error == 0)
		ret->rt_priority = w->rt_priority;
}

static int caps_apply(capng_select_t set, capng_type_t type, uint64_t keep)
{
	capng_clear(set);
	for (unsigned c = 0; c <= CAP_LAST_CAP; c++)
		if (keep >> c & 1)
			capng_update(CAPNG_ADD, type, c);
	return capng_apply(set) < 0 ? -EPERM : 0;
}

int privileges_keep(const int *caps, unsigned n, bool sealed)
{
	uint64_t keep = lock_needs_capability ? 1ull << CAP_IPC_LOCK : 0;
	int r = 0;

	if (sealed && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EIO;
	for (unsigned i = 0; i < n; i++)
		if (capng_have_capability(CAPNG_PERMITTED, (unsigned)caps[i]))
			keep |= 1ull << caps[i];
	/* while there is still the right to change it */
	if (sealed && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		r = caps_apply(CAPNG_SELECT_BOUNDS, CAPNG_BOUNDING_SET, keep);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return r < 0 ? r : caps_apply(CAPNG_SELECT_CAPS, CAPNG_EFFECTIVE | CAPNG_PERMITTED, keep);
}

bool privileges_have(int cap)
{
	return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, (unsigned)cap);
}
