/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `status`: how servers are called there, and what a NAME on its command line is taken to mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/lvs/lvs.h"
#include "ctl/filter.h"
#include "ctl/snapshot.h"
#include "ctl/words.h"

static void names_for_people(void **state)
{
	static const struct {
		const char *name, *whole, *bare;
	} names[] = {
		{"[192.0.2.1]:tcp:80", "192.0.2.1:80 tcp", "192.0.2.1:80"},
		{"[192.0.2.1]:udp:0", "192.0.2.1:0 udp", "192.0.2.1:0"},
		{"[2001:db8::1]:sctp:65535", "[2001:db8::1]:65535 sctp", "[2001:db8::1]:65535"},
		{"[192.0.2.1]:none:80", "192.0.2.1:80", "192.0.2.1:80"},
		{"FWM 4294967295", "fwmark 4294967295", "fwmark 4294967295"},
		{"[web]:0", "group web", "group web"},
		{"[web]:3", "group web 3", "group web 3"},
		/* from a board that somebody else wrote */
		{"", "", ""},
		{"[", "[", "["},
		{"[192.0.2.1]", "[192.0.2.1]", "[192.0.2.1]"},
		{"[2001:db8::1]", "[2001:db8::1]", "[2001:db8::1]"},
		{"[]:", "group  ", "group  "},
	};
	char buf[WORDS_ENDPOINT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(words_endpoint(names[i].name, true, buf), names[i].whole);
		assert_string_equal(words_endpoint(names[i].name, false, buf), names[i].bare);
	}
}

static bool takes(const char *asked, const char *name)
{
	char *names[] = {(char *)asked};
	bool found = false;
	struct filter f = {.names = names, .n = 1, .found = &found};
	bool r = filter_takes(&f, name);

	assert_int_equal(r, found);
	return r;
}

static void asked_for_in_any_form(void **state)
{
	static const char *const forms[] = {"192.0.2.1", "192.0.2.1:80", "192.0.2.1:80 tcp",
					    "[192.0.2.1]:tcp:80"};
	static const char *const others[] = {"192.0.2.10", "192.0.2", "192.0.2.1:8", "tcp", "",
					     "[192.0.2.1]:udp:80"};
	const struct filter everything = {0};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		assert_true(takes(forms[i], "[192.0.2.1]:tcp:80"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(takes(others[i], "[192.0.2.1]:tcp:80"));
	assert_true(takes("2001:DB8:0::1", "[2001:db8::1]:tcp:80"));
	assert_true(takes("group web", "[web]:0"));
	assert_true(takes("fwmark 5", "FWM 5"));
	assert_false(takes("fwmark 5", "FWM 55"));
	assert_true(filter_takes(&everything, "[192.0.2.1]:tcp:80"));
	assert_true(filter_takes(&everything, "VI_1"));
}

static bool takes_event(const char *asked, const char *name, const char *text)
{
	char *names[] = {(char *)asked};
	bool found = false;
	const struct filter f = {.names = names, .n = 1, .found = &found};
	struct board_event e = {.is_service = true};

	str_copy(e.name, sizeof(e.name), name);
	str_copy(e.text, sizeof(e.text), text);
	return filter_takes_event(&f, &e);
}

static void events_of_what_was_asked_for(void **state)
{
	static const char text[] =
		"Removing service [10.1.0.1]:tcp:80 from VS [192.0.2.1]:tcp:80: connection refused";

	assert_true(takes_event("10.1.0.1", "[10.1.0.1]:tcp:80", text));
	assert_true(takes_event("192.0.2.1", "[10.1.0.1]:tcp:80", text));
	assert_true(takes_event("192.0.2.1:80", "[10.1.0.1]:tcp:80", text));
	assert_false(takes_event("192.0.2.1:8", "[10.1.0.1]:tcp:80", text));
	assert_false(takes_event("10.1.0.10", "[10.1.0.1]:tcp:80", text));
	assert_true(takes_event("VI_1", "VI_1", ""));
	assert_false(takes_event("VI_1", "VI_2", "[[[ [:::"));
}

static void sync_write(struct board_sync *b, bool master)
{
	board_write_begin(&b->seq);
	b->master = master;
	b->backup = !master;
	str_copy(b->interface, sizeof(b->interface), master ? "a-long-master" : "b-long-backup");
	b->id = master;
	board_write_end(&b->seq);
}

static bool sync_is_whole(const struct board_sync *b)
{
	return b->backup == !b->master && b->id == b->master &&
	       str_eq(b->interface, b->master ? "a-long-master" : "b-long-backup");
}

/* What is read while it changes is one state or the other, not half of each. Few are torn all the
 * same: nobody waits long for a writer that has lost its processor in the middle. */
static void sync_daemon_is_read_whole(void **state)
{
	struct board_header *h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct snapshot s = {.board[PROC_LVS].header = h};
	unsigned torn = 0;
	pid_t writer;

	assert_true(h != MAP_FAILED);
	sync_write(&h->sync, false);
	writer = fork();
	for (unsigned i = 0; writer == 0; i++)
		sync_write(&h->sync, i % 2);
	assert_true(writer > 0);
	for (unsigned i = 0; i < 100000; i++) {
		struct board_sync b = snapshot_sync(&s);

		torn += !sync_is_whole(&b);
	}
	(void)kill(writer, SIGKILL);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	print_message("%u of 100000 torn\n", torn);
	assert_true(torn < 500);
	munmap(h, sizeof(*h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_for_people),
		cmocka_unit_test(asked_for_in_any_form),
		cmocka_unit_test(events_of_what_was_asked_for),
		cmocka_unit_test(sync_daemon_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
