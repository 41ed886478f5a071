/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling, locked memory, the guard, privileges: each in a process of its own, which it changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/loop.h"
#include "io/sched.h"

#define CHECK(x)                                                             \
	do {                                                                 \
		if (!(x)) {                                                  \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			return 1;                                            \
		}                                                            \
	} while (0)

static void in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void need_rt(void)
{
	struct rlimit lim;

	getrlimit(RLIMIT_RTPRIO, &lim);
	if (geteuid() != 0 && lim.rlim_cur == 0) {
		print_message("needs real-time scheduling to be permitted\n");
		skip();
	}
}

static long status_kb(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long v = -1;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			v = strtol(line + strlen(name) + 1, NULL, 10);
	if (f)
		fclose(f);
	return v;
}

/* AddressSanitizer turns mlockall() into nothing. */
extern void __asan_init(void) __attribute__((weak));

static int wishes(void)
{
	uint32_t cpu = 0;
	struct sched_wish w = {.rt_priority = 3, .lock_memory = true, .nice = -2, .cpus = &cpu, .n_cpus = 1};
	struct sched_got got;
	cpu_set_t set;
	char *more;

	sched_apply(&w, &got);
	CHECK(got.rt_priority == 3 && got.rt_error == 0);
	CHECK(sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
	CHECK(getpriority(PRIO_PROCESS, 0) == -2);
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set));
	CHECK(got.locked && got.lock_error == 0);
	CHECK(__asan_init || status_kb("VmLck:") > 0);
	/* locked as it is touched, not all of it: what is only reserved costs nothing */
	more = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(more != MAP_FAILED && (__asan_init || status_kb("VmRSS:") < 32 << 10));
	munmap(more, 64 << 20);
	CHECK(sched_demote() == 0);
	CHECK((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_OTHER);
	return 0;
}

static void wishes_come_true(void **state)
{
	need_rt();
	in_child(wishes);
}

static int refused(void)
{
	struct rlimit none = {0, 0};
	struct sched_wish w = {.rt_priority = 1, .lock_memory = true, .nice = -5, .rlimit_rttime = 10000};
	struct sched_got got;

	CHECK(setrlimit(RLIMIT_RTPRIO, &none) == 0 && setrlimit(RLIMIT_MEMLOCK, &none) == 0);
	CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	sched_apply(&w, &got);
	CHECK(got.rt_priority == 0 && got.rt_error == -EPERM);
	CHECK(!got.locked && got.lock_error == -EPERM);
	CHECK(sched_getscheduler(0) == SCHED_OTHER);
	return 0;
}

/* As in a container without the capabilities: it goes on without. */
static void wishes_are_refused(void **state)
{
	if (geteuid() != 0) {
		print_message("needs root to give up root\n");
		skip();
	}
	in_child(refused);
}

static volatile bool demoted;

static int runaway(void)
{
	struct sched_wish w = {.rt_priority = 1};
	struct sched_got got;
	usec_t end = clock_monotonic() + 5 * USEC_PER_SEC;

	sched_apply(&w, &got);
	CHECK(got.rt_priority == 1);
	CHECK(sched_guard(100000, &demoted) == 0);
	while (!demoted && clock_monotonic() < end)
		;
	CHECK(demoted);
	CHECK((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_OTHER);
	/* and it lives on, however long it runs */
	end = clock_monotonic() + 1500 * USEC_PER_MSEC;
	while (clock_monotonic() < end)
		;
	return 0;
}

/* The kernel would kill it at the hard limit; here it is only demoted. */
static void guard_demotes(void **state)
{
	need_rt();
	in_child(runaway);
}

static int blocking(void)
{
	struct sched_wish w = {.rt_priority = 1, .rlimit_rttime = 100000};
	struct sched_got got;

	sched_apply(&w, &got);
	CHECK(sched_guard(100000, &demoted) == 0);
	for (int i = 0; i < 100; i++) {
		usec_t end = clock_monotonic() + 5000;

		while (clock_monotonic() < end)
			;
		usleep(100);
	}
	CHECK(!demoted);
	CHECK(sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
	return 0;
}

static void guard_leaves_the_busy_alone(void **state)
{
	need_rt();
	in_child(blocking);
}

static uint64_t caps(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	uint64_t v = UINT64_MAX;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			v = strtoull(line + strlen(name) + 1, NULL, 16);
	if (f)
		fclose(f);
	return v;
}

static int keep_sealed(void)
{
	const int keep[] = {CAP_NET_ADMIN, CAP_NET_RAW};
	uint64_t two = 1ull << CAP_NET_ADMIN | 1ull << CAP_NET_RAW;

	CHECK(privileges_keep(keep, 2, true) == 0);
	CHECK(caps("CapEff") == two && caps("CapPrm") == two && caps("CapBnd") == two);
	CHECK(caps("CapInh") == 0 && caps("CapAmb") == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	/* what is not there any more cannot be kept, and is not missed */
	CHECK(privileges_keep((const int[]){CAP_SYS_ADMIN, CAP_NET_RAW}, 2, true) == 0);
	CHECK(caps("CapEff") == 1ull << CAP_NET_RAW);
	CHECK(privileges_keep(NULL, 0, true) == 0);
	CHECK(caps("CapEff") == 0 && caps("CapPrm") == 0);
	return 0;
}

static int keep_open(void)
{
	const int keep[] = {CAP_SETUID, CAP_SETGID, CAP_KILL};
	uint64_t all = caps("CapBnd");

	CHECK(privileges_keep(keep, 3, false) == 0);
	CHECK(caps("CapEff") == (1ull << CAP_SETUID | 1ull << CAP_SETGID | 1ull << CAP_KILL));
	CHECK(caps("CapBnd") == all);
	/* a script run as root has root's powers */
	CHECK(system("test $(id -u) != 0 || ! grep -q 'CapEff:.00*e0$' /proc/self/status") == 0);
	return 0;
}

static void privileges_are_dropped(void **state)
{
	if (geteuid() != 0) {
		print_message("needs root to have privileges\n");
		skip();
	}
	in_child(keep_sealed);
	in_child(keep_open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wishes_come_true), cmocka_unit_test(wishes_are_refused),
		cmocka_unit_test(guard_demotes),    cmocka_unit_test(guard_leaves_the_busy_alone),
		cmocka_unit_test(privileges_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
