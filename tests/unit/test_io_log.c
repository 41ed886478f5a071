/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log: sinks as they are found, forms of a line, and that nothing makes it wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "io/log.h"

static int real_stderr;
static char text[1 << 17];

/* A pipe as standard error; returns its reading end. */
static int stderr_into_pipe(void)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(fd[1], STDERR_FILENO);
	close(fd[1]);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	return fd[0];
}

static void stderr_back(int fd)
{
	log_close();
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(fd);
}

static char *read_all(int fd)
{
	size_t n = 0;
	ssize_t r;

	while (n < sizeof(text) - 1 && (r = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)r;
	text[n] = '\0';
	return text;
}

static void text_lines(void **state)
{
	int fd = stderr_into_pipe();
	struct log_options o = {.sink = LOG_TO_STDERR, .level = LVL_NOTICE, .ident = "Keepalived_vrrp"};
	char *s;

	log_open(&o);
	log_notice("(VI_1) Entering %s STATE\nforged line", "MASTER");
	log_info("not urgent enough");
	s = read_all(fd);
	stderr_back(fd);
	assert_non_null(strstr(s, " Keepalived_vrrp["));
	assert_non_null(strstr(s, "]: (VI_1) Entering MASTER STATE forged line\n"));
	assert_null(strstr(s, "urgent"));
	assert_int_equal(s[strlen(s) - 1], '\n');
	assert_ptr_equal(strchr(s, '\n'), s + strlen(s) - 1);
	assert_int_equal(s[10], 'T');
}

static const char *member(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	return s ? s : "(missing)";
}

static void json_lines(void **state)
{
	struct log_fields f = {.instance = "VI \"1\"", .old_state = "BACKUP", .new_state = "MASTER",
			       .cause = "no advert", .peer = "10.0.0.2", .event = "x-1", .priority = 150};
	struct log_options o = {.sink = LOG_TO_STDERR, .format = LOG_JSON, .ident = "hf"};
	char longer[5000];
	int fd = stderr_into_pipe();
	json_t *j;
	char *s;

	log_open(&o);
	log_write(LVL_WARNING, &f, "a \"quoted\" \\ \001 word");
	s = read_all(fd);
	j = json_loads(s, 0, NULL);
	assert_non_null(j);
	assert_string_equal(member(j, "message"), "a \"quoted\" \\   word");
	assert_string_equal(member(j, "level"), "warning");
	assert_string_equal(member(j, "ident"), "hf");
	assert_string_equal(member(j, "instance"), "VI \"1\"");
	assert_string_equal(member(j, "new_state"), "MASTER");
	assert_string_equal(member(j, "peer"), "10.0.0.2");
	assert_string_equal(member(j, "event_id"), "x-1");
	assert_int_equal(json_integer_value(json_object_get(j, "priority")), 150);
	assert_null(json_object_get(j, "group"));
	json_decref(j);
	/* a name in GBK, and a text that ends within a character */
	f.instance = "\xd6\xf7\xbb\xfa";
	log_write(LVL_WARNING, &f, "\xe4\xb8\xbb \xe4\xb8");
	j = json_loads(read_all(fd), 0, NULL);
	assert_non_null(j);
	assert_string_equal(member(j, "instance"), "????");
	assert_string_equal(member(j, "message"), "\xe4\xb8\xbb ??");
	json_decref(j);
	/* the worst that fits: cut, but still JSON */
	memset(longer, '"', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_write(LVL_WARNING, &f, "%s", longer);
	j = json_loads(read_all(fd), 0, NULL);
	stderr_back(fd);
	assert_non_null(j);
	json_decref(j);
}

/* A reader that does not read: lines are dropped, and counted in the next that gets through. */
static void full_pipe_does_not_block(void **state)
{
	struct log_options o = {.sink = LOG_TO_STDERR, .ident = "hf"};
	int fd = stderr_into_pipe();
	unsigned long lost = 0, seen = 0;
	char *s, *p;

	log_open(&o);
	for (int i = 0; i < 5000; i++) /* hangs here if it waits */
		log_info("line %d", i);
	s = read_all(fd);
	for (p = s; (p = strstr(p, ": line ")); p++)
		seen++;
	assert_true(seen > 100 && seen < 5000);
	log_info("afterwards");
	s = read_all(fd);
	stderr_back(fd);
	assert_non_null(strstr(s, ": afterwards\n"));
	p = strstr(s, " log lines were lost here");
	assert_non_null(p);
	while (p[-1] >= '0' && p[-1] <= '9')
		p--;
	assert_int_equal(sscanf(p, "%lu", &lost), 1);
	assert_int_equal(seen + lost, 5000);
}

static void file_besides(void **state)
{
	char path[] = "/tmp/hf-test-log-XXXXXX";
	struct log_options o = {.sink = LOG_TO_NOTHING, .ident = "hf", .file = path};
	int tmp = mkstemp(path);

	assert_true(write(tmp, "old\n", 4) == 4);
	log_open(&o);
	log_err("into the file");
	log_close();
	lseek(tmp, 0, SEEK_SET);
	read_all(tmp);
	close(tmp);
	unlink(path);
	assert_memory_equal(text, "old\n", 4);
	assert_non_null(strstr(text, "]: into the file\n"));
}

/* Standard error as a file that others write to as well: nobody's lines are overwritten. */
static void stderr_is_a_file(void **state)
{
	char path[] = "/tmp/hf-test-log-XXXXXX";
	struct log_options o = {.sink = LOG_TO_STDERR, .ident = "hf"};
	int tmp = mkstemp(path);

	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(tmp, STDERR_FILENO);
	assert_true(write(STDERR_FILENO, "first\n", 6) == 6);
	log_open(&o);
	log_err("second");
	assert_true(write(STDERR_FILENO, "third\n", 6) == 6);
	stderr_back(-1);
	lseek(tmp, 0, SEEK_SET);
	read_all(tmp);
	close(tmp);
	unlink(path);
	assert_memory_equal(text, "first\n", 6);
	assert_non_null(strstr(text, "]: second\nthird\n"));
}

static int datagram_at(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* In a mount namespace whose /dev and /run are empty. */
static void private_places(void)
{
	if (geteuid() != 0) {
		print_message("needs root for a mount namespace\n");
		skip();
	}
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	assert_int_equal(mkdir("/run/systemd", 0755) | mkdir("/run/systemd/journal", 0755) |
				 mkdir("/run/dev", 0755), 0);
	assert_int_equal(mount("/run/dev", "/dev", NULL, MS_BIND, NULL), 0);
}

static void syslog_datagrams(void **state)
{
	struct log_options o = {.sink = LOG_TO_SYSLOG, .ident = "Keepalived", .facility = LOG_LOCAL1};
	int fd, seen = 0;
	char month[4], ident[32];
	unsigned pri, day, h, m, s;

	private_places();
	fd = datagram_at("/dev/log");
	log_open(&o);
	log_notice("to syslog");
	read_all(fd);
	assert_int_equal(sscanf(text, "<%u>%3s %u %u:%u:%u %30[^[]", &pri, month, &day, &h, &m, &s,
				ident), 7);
	assert_int_equal(pri, LOG_LOCAL1 | LOG_NOTICE);
	assert_string_equal(ident, "Keepalived");
	assert_non_null(strstr(text, "]: to syslog"));
	/* syslogd goes and comes back */
	close(fd);
	log_notice("nobody there");
	fd = datagram_at("/dev/log");
	log_notice("there again");
	read_all(fd);
	assert_non_null(strstr(text, "1 log lines were lost here"));
	assert_non_null(strstr(text, "]: there again"));
	/* syslogd hangs */
	for (int i = 0; i < 2000; i++)
		log_notice("x");
	while (recv(fd, text, sizeof(text), 0) > 0)
		seen++;
	assert_true(seen < 2000);
	log_close();
	close(fd);
}

static void journal_fields(void **state)
{
	struct log_fields f = {.instance = "VI_1", .cause = "a\nMESSAGE=forged", .priority = 100};
	struct log_options o = {.sink = LOG_TO_JOURNAL, .ident = "Keepalived_vrrp"};
	int fd;

	private_places();
	fd = datagram_at("/run/systemd/journal/socket");
	log_open(&o);
	log_write(LVL_NOTICE, &f, "Entering MASTER STATE");
	read_all(fd);
	assert_non_null(strstr(text, "\nSYSLOG_IDENTIFIER=Keepalived_vrrp\n"));
	assert_non_null(strstr(text, "PRIORITY=5\n"));
	assert_non_null(strstr(text, "\nINSTANCE=VI_1\n"));
	assert_non_null(strstr(text, "\nCAUSE=a MESSAGE=forged\n"));
	assert_non_null(strstr(text, "\nVRRP_PRIORITY=100\n"));
	assert_non_null(strstr(text, "\nMESSAGE=Entering MASTER STATE\n"));
	assert_null(strstr(text, "GROUP="));
	log_close();
	close(fd);
}

/* Which sink is chosen when none is named. */
static void automatic(void **state)
{
	struct log_options o = {.sink = LOG_TO_AUTO, .ident = "hf"};
	int fd, journal, sys;
	struct stat st;
	char env[64];

	private_places();
	fd = stderr_into_pipe();
	log_open(&o);
	log_notice("no syslog here");
	assert_non_null(strstr(read_all(fd), "no syslog here"));
	sys = datagram_at("/dev/log");
	log_open(&o);
	log_notice("now there is");
	assert_string_equal(read_all(fd), "");
	assert_non_null(strstr(read_all(sys), "now there is"));
	journal = datagram_at("/run/systemd/journal/socket");
	fstat(STDERR_FILENO, &st);
	snprintf(env, sizeof(env), "%lu:%lu", st.st_dev, st.st_ino);
	setenv("JOURNAL_STREAM", env, 1);
	log_open(&o);
	log_notice("under systemd");
	assert_string_equal(read_all(fd), "");
	assert_non_null(strstr(read_all(journal), "MESSAGE=under systemd\n"));
	unsetenv("JOURNAL_STREAM");
	stderr_back(fd);
	close(sys);
	close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_lines),	    cmocka_unit_test(json_lines),
		cmocka_unit_test(full_pipe_does_not_block),
		cmocka_unit_test(file_besides),	    cmocka_unit_test(stderr_is_a_file),
		cmocka_unit_test(syslog_datagrams), cmocka_unit_test(journal_fields),
		cmocka_unit_test(automatic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
