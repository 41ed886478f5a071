/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of the daemon as a sequence of phases: startup script, starting, running, stopping the
 * vrrp worker (it hands its addresses over first), stopping the runner (its stop scripts get their
 * time), shutdown script. Everything is an event of the loop: a signal, a message of a worker, the
 * death of a child, the deadline of the phase.
 *
 * Owns the process-wide things (signals, pid files, log). Must not know VRRP.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "io/child.h"
#include "io/host.h"
#include "io/process.h"
#include "io/sched.h"
#include "io/sdnotify.h"
#include "io/sysctl.h"
#include "proc/command.h"
#include "proc/supervisor/internal.h"

/* Stop scripts get one second; then the runner has to go. */
#define RUNNER_STOP_LIMIT (1500 * USEC_PER_MSEC)

static void advance(struct supervisor *s);

static void log_line(void *ctx, enum log_level level, const char *text)
{
	log_write(level, NULL, "%s", text);
}

const struct report report_to_log = {.line = log_line};

void report_text(const struct report *r, enum log_level level, const char *fmt, ...)
{
	char text[1024];
	struct buf b = BUF_ON(text);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	r->line(r->ctx, level, buf_text(&b));
}

/* Tells whoever waits for the start (the process that daemonised) how it went. Once. */
static void tell_started(struct supervisor *s, int status)
{
	const uint8_t byte = (uint8_t)(status == EXIT_RUNS_ALREADY ? EXIT_OK : status);

	if (s->started_fd < 0)
		return;
	if (write(s->started_fd, &byte, 1) != 1)
		log_debug("nobody waits for the start");
	close(s->started_fd);
	s->started_fd = -1;
}

/* ---- scripts of start and stop ---- */

static bool run_script(struct supervisor *s, const struct command *c, uint32_t timeout,
		       const char *what)
{
	pid_t pid;

	if (!c)
		return false;
	pid = command_start(c, -1);
	if (pid < 0) {
		log_err("%s script %s: %s", what, c->text, strerror((int)-pid));
		return false;
	}
	s->script = pid;
	loop_timer_set(s->timer, clock_monotonic() + (usec_t)timeout * USEC_PER_SEC);
	return true;
}

static void script_ended(struct supervisor *s, int status)
{
	s->script = 0;
	loop_timer_set(s->timer, USEC_NEVER);
	if (status != 0)
		log_warning("%s script ended with status %d",
			    s->phase == PHASE_STARTUP_SCRIPT ? "startup" : "shutdown", status);
	advance(s);
}

/* ---- phases ---- */

/* The runner is started when the elections run: it shall not compete with them for a processor, and
 * what it is to be told waits. */
static void start_workers(struct supervisor *s)
{
	s->phase = PHASE_STARTING;
	worker_start(&s->worker[PROC_VRRP], false);
}

static void start_runner(struct supervisor *s)
{
	worker_start(&s->worker[PROC_RUNNER], false);
	worker_introduce(s);
}

static void begin_shutdown_script(struct supervisor *s)
{
	s->phase = PHASE_SHUTDOWN_SCRIPT;
	loop_timer_set(s->timer, USEC_NEVER);
	if (!run_script(s, s->now.settings->shutdown, s->now.settings->shutdown_timeout,
			"shutdown"))
		loop_quit(s->loop);
}

static void begin_runner_stop(struct supervisor *s)
{
	s->phase = PHASE_STOPPING_RUNNER;
	worker_stop(&s->worker[PROC_RUNNER]);
	loop_timer_set(s->timer, clock_monotonic() + RUNNER_STOP_LIMIT);
	advance(s);
}

/* Goes on to the next phase when the present one has nothing left to wait for. */
static void advance(struct supervisor *s)
{
	const struct worker *vrrp = &s->worker[PROC_VRRP], *runner = &s->worker[PROC_RUNNER];

	switch (s->phase) {
	case PHASE_STARTUP_SCRIPT:
		if (s->script == 0)
			start_workers(s);
		break;
	case PHASE_STARTING:
	case PHASE_RUNNING:
		break;
	case PHASE_STOPPING_VRRP:
		if (vrrp->stopped || vrrp->pid == 0)
			begin_runner_stop(s);
		break;
	case PHASE_STOPPING_RUNNER:
		if (vrrp->pid == 0 && runner->pid == 0)
			begin_shutdown_script(s);
		break;
	case PHASE_SHUTDOWN_SCRIPT:
		if (s->script == 0)
			loop_quit(s->loop);
		break;
	}
}

static void on_deadline(void *ctx)
{
	struct supervisor *s = ctx;

	loop_timer_set(s->timer, USEC_NEVER);
	if (s->script > 0) {
		log_err("%s script took too long, killed",
			s->phase == PHASE_STARTUP_SCRIPT ? "startup" : "shutdown");
		(void)child_kill(s->script, SIGKILL);
	} else if (s->reload && s->phase == PHASE_RUNNING) {
		log_err("no answer to the new configuration");
		worker_kill(&s->worker[reload_waits_for(s)]);
	} else if (s->phase == PHASE_STOPPING_VRRP) {
		log_err("the vrrp worker did not stop in time, killed");
		worker_kill(&s->worker[PROC_VRRP]);
	} else if (s->phase == PHASE_STOPPING_RUNNER) {
		worker_kill(&s->worker[PROC_VRRP]);
		worker_kill(&s->worker[PROC_RUNNER]);
	}
}

void supervisor_stop(struct supervisor *s, int status)
{
	uint32_t limit = s->now.settings->child_wait_time;

	if (s->phase > PHASE_RUNNING)
		return;
	log_notice("Stopping");
	sdnotify("STOPPING=1");
	tell_started(s, status);
	s->phase = PHASE_STOPPING_VRRP;
	s->exit_status = status;
	if (s->script > 0)
		(void)child_kill(s->script, SIGTERM);
	s->script = 0;
	worker_stop(&s->worker[PROC_VRRP]);
	/* One that is dead and waits for its next start can't hand over. */
	if (s->worker[PROC_VRRP].pid == 0 && !s->o->dont_release)
		(void)orphan_remove_addresses(s, USEC_NEVER);
	loop_timer_set(s->timer,
		       clock_monotonic() + (usec_t)(limit > 0 ? limit : 5) * USEC_PER_SEC);
	advance(s);
}

/* ---- what workers say ---- */

static void nobody_asks(void *ctx, int status)
{
}

/* A signal has nobody who waits for an answer. */
static const struct asker nobody = {.done = nobody_asks};

static void everybody_is_ready(struct supervisor *s)
{
	s->phase = PHASE_RUNNING;
	generation_publish(s, PROC_VRRP);
	generation_publish(s, PROC_RUNNER);
	loop_timer_set(s->watch_timer, clock_monotonic() + WATCH_PERIOD);
	sdnotify_ready();
	log_notice("Startup complete, %u instance%s", s->now.instances,
		   s->now.instances == 1 ? "" : "s");
	tell_started(s, EXIT_OK);
	if (s->reload_wanted)
		reload_start(s, false, &nobody);
}

static void start_refused(struct worker *w, const struct msg_ready *m)
{
	log_err("%s: %.*s", process_name(w->id), (int)sizeof(m->text), m->text);
	supervisor_stop(w->s,
			m->error == -EPERM || m->error == -EACCES ? EXIT_PERMISSION : EXIT_FATAL);
}

void supervisor_worker_ready(struct worker *w, const struct msg_ready *m)
{
	struct supervisor *s = w->s;

	if (s->reload && m->generation == s->next.number) {
		reload_worker_ready(w, m);
		return;
	}
	if (m->generation != s->now.number || s->phase > PHASE_RUNNING)
		return;
	if (m->error < 0) {
		if (s->phase == PHASE_STARTING)
			start_refused(w, m);
		else
			worker_kill(w); /* a restarted one that can't take the configuration that
					   was good: again */
		return;
	}
	w->ready = m->generation;
	w->frozen = false;
	if (s->reload)
		reload_worker_ready(w, m);
	if (s->phase == PHASE_STARTING && w->id == PROC_VRRP && !s->worker[PROC_RUNNER].started)
		start_runner(s);
	if (s->phase == PHASE_STARTING && s->worker[PROC_VRRP].ready &&
	    s->worker[PROC_RUNNER].ready)
		everybody_is_ready(s);
	else if (s->phase == PHASE_RUNNING &&
		 atomic_load(&s->now.board[w->id].map.header->restarts) > 0)
		log_notice("%s worker is ready again", process_name(w->id));
}

void supervisor_worker_stopped(struct worker *w)
{
	advance(w->s);
}

/* ---- death and new start ---- */

static void describe_status(int status, char buf[static 48])
{
	if (status < 0)
		snprintf(buf, 48, "could not be started");
	else if (status & 0x7f)
		snprintf(buf, 48, "died from signal %d", status & 0x7f);
	else
		snprintf(buf, 48, "exited with status %d", status >> 8 & 0xff);
}

/* How old a heartbeat may get. The runner may be busy with starting a thousand scripts, and nobody
 * owns an address by it. */
static const usec_t heartbeat_limit[PROC_COUNT] = {
	[PROC_VRRP] = 3 * USEC_PER_SEC,
	[PROC_RUNNER] = 10 * USEC_PER_SEC,
};

static usec_t heartbeat_of(const struct worker *w)
{
	return atomic_load(&w->s->now.board[w->id].map.header->heartbeat);
}

/* Two owners are worse than none: what won't be held again in time is taken off the host. */
static void consider_orphans(struct worker *w, usec_t delay)
{
	bool all = w->frozen || restart_is_hopeless(&w->restart);
	unsigned n;

	if (w->id != PROC_VRRP || w->orphaned || w->s->o->dont_release)
		return;
	n = orphan_remove_addresses(w->s, all ? USEC_NEVER : delay);
	if (n == 0)
		return;
	w->orphaned = true;
	log_err("the vrrp worker can't be started again in time: its %u addresses were removed, so "
		"that "
		"there are not two owners",
		n);
}

static void start_again(struct worker *w, const char *how)
{
	struct supervisor *s = w->s;
	usec_t now = clock_monotonic();
	usec_t delay = restart_after_death(&w->restart, w->started, now);

	/* Killed by somebody else while it did not run: no different. */
	if (w->ready == s->now.number && now - heartbeat_of(w) > heartbeat_limit[w->id])
		w->frozen = true;
	atomic_fetch_add(&s->now.board[w->id].map.header->restarts, 1);
	if (delay == 0) {
		worker_start(w, !w->frozen);
		worker_introduce(s);
		log_err("%s worker %s, started again", process_name(w->id), how);
		return;
	}
	log_err("%s worker %s, next start in %lld s", process_name(w->id), how,
		(long long)(delay / USEC_PER_SEC));
	consider_orphans(w, delay);
	loop_timer_set(w->start_timer, now + delay);
}

void supervisor_worker_gone(struct worker *w, int status)
{
	struct supervisor *s = w->s;
	char how[48];

	describe_status(status, how);
	if (s->reload)
		reload_worker_gone(w);
	if (s->phase > PHASE_RUNNING) {
		if (w->id == PROC_VRRP && !w->stopped && !s->o->dont_release)
			(void)orphan_remove_addresses(s, USEC_NEVER);
		advance(s);
		return;
	}
	if (s->o->dont_respawn ||
	    (s->phase == PHASE_STARTING && w->restart.quick >= RESTART_HOPELESS)) {
		log_err("%s worker %s", process_name(w->id), how);
		supervisor_stop(s, EXIT_FATAL);
		return;
	}
	start_again(w, how);
}

/* ---- workers that exist, but do not run ---- */

static void watch_heartbeat(struct worker *w, usec_t now)
{
	usec_t beat = heartbeat_of(w);

	if (!watch_is_frozen(&w->beats, now, beat, heartbeat_limit[w->id]) || w->frozen)
		return;
	log_err("%s worker has not run for %lld ms: killed%s", process_name(w->id),
		(long long)((now - beat) / USEC_PER_MSEC),
		w->id == PROC_VRRP ? ", so that there are not two owners" : "");
	w->frozen = true;
	worker_kill(w);
}

/* Its guard took it away; only we have the right to give it back. */
static void watch_priority(struct worker *w, usec_t now)
{
	const struct board_header *h = w->s->now.board[w->id].map.header;
	int r;

	if (!watch_gives_back(&w->priority, now, atomic_load(&h->rt_priority)))
		return;
	r = sched_promote(w->pid, (int)w->priority.level);
	if (r < 0)
		log_info("%s worker gets no real-time priority again: %s", process_name(w->id),
			 strerror(-r));
}

/* One that is starting or takes a new configuration has a deadline of its own, or nothing yet. */
static void on_watch(void *ctx)
{
	struct supervisor *s = ctx;
	usec_t now = clock_monotonic();

	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++) {
		struct worker *w = &s->worker[p];

		if (s->phase != PHASE_RUNNING || s->reload || w->pid == 0 ||
		    w->ready != s->now.number) {
			watch_reset(&w->beats);
			continue;
		}
		watch_heartbeat(w, now);
		watch_priority(w, now);
	}
	loop_timer_set(s->watch_timer, now + WATCH_PERIOD);
}

/* ---- signals ---- */

static void on_child(void *ctx, int signo)
{
	struct supervisor *s = ctx;
	int status;
	pid_t pid;

	while ((pid = process_reap(&status)) > 0) {
		if (pid == s->script)
			script_ended(s, status);
		for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++)
			if (s->worker[p].pid == pid)
				worker_died(&s->worker[p], status);
	}
}

static void on_stop(void *ctx, int signo)
{
	supervisor_stop(ctx, EXIT_OK);
}

static void on_reload(void *ctx, int signo)
{
	struct supervisor *s = ctx;

	if (s->phase == PHASE_RUNNING)
		reload_start(s, false, &nobody);
	else if (s->phase < PHASE_RUNNING)
		s->reload_wanted = true; /* what is starting was read before the file changed */
}

static void on_dump(void *ctx, int signo)
{
	struct supervisor *s = ctx;

	if (s->phase != PHASE_RUNNING)
		return;
	if (signo == SIGUSR1)
		dump_write(s, DUMP_DATA);
	else if (signo == SIGUSR2)
		dump_write(s, DUMP_STATS);
	else if (signo == SIGRTMAX - 1)
		dump_write(s, DUMP_STATS_CLEAR);
	else
		dump_write(s, DUMP_JSON);
}

static void ignore(void *ctx, int signo)
{
}

/* Until catch_signals(): neither an early reload nor a log that nobody reads may end the start. */
static void hold_signals(void)
{
	sigset_t early;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&early);
	sigaddset(&early, SIGHUP);
	sigaddset(&early, SIGUSR1);
	sigaddset(&early, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &early, NULL);
}

static void catch_signals(struct supervisor *s)
{
	loop_signal_add(s->loop, SIGCHLD, on_child, s);
	loop_signal_add(s->loop, SIGTERM, on_stop, s);
	loop_signal_add(s->loop, SIGINT, s->o->ignore_int ? ignore : on_stop, s);
	loop_signal_add(s->loop, SIGHUP, on_reload, s);
	loop_signal_add(s->loop, SIGUSR1, on_dump, s);
	loop_signal_add(s->loop, SIGUSR2, on_dump, s);
	loop_signal_add(s->loop, SIGRTMAX - 1, on_dump, s);
	loop_signal_add(s->loop, SIGRTMIN + 2, on_dump, s);
}

/* ---- start and end of the process ---- */

static void name_process(const struct supervisor *s)
{
	const char *name = s->now.settings->process_name;

	if (name)
		prctl(PR_SET_NAME, name);
	(void)process_subreaper();
}

/* -d: the configuration as it was understood. */
static void log_configuration(const struct conf_loaded *l)
{
	size_t len;
	char *text = conf_print(l->conf, l->arena, &len), *rest = text;

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		log_info("%s", line);
}

/* disable_local_igmp: no reports for 224.0.0.0/24 while we run. */
static void igmp_reports(struct supervisor *s, bool off)
{
	static const char name[] = "igmp_link_local_mcast_reports";
	int r;

	if (!off) {
		if (s->igmp_turned_off)
			(void)sysctl_write("net", "ipv4", name, 1);
		return;
	}
	if (!s->now.settings->disable_local_igmp || sysctl_read("net", "ipv4", name) == 0)
		return;
	r = sysctl_write("net", "ipv4", name, 0);
	if (r < 0)
		log_err("disable_local_igmp: %s", strerror(-r));
	s->igmp_turned_off = r == 0;
}

static void enter_service(struct supervisor *s)
{
	const struct settings *set = s->now.settings;

	umask((mode_t)(s->o->file_mask >= 0 ? (unsigned)s->o->file_mask : set->file_mask));
	name_process(s);
	igmp_reports(s, true);
	catch_signals(s);
}

/* The vrrp worker gets ready to read while its configuration is written. */
static int start(struct supervisor *s, const struct conf *conf)
{
	int status, r;

	s->now = generation_begin(conf, 1);
	status = pidfiles_take(s);
	if (status != EXIT_OK)
		return status;
	if (control_open(s, &s->control) < 0)
		return EXIT_FATAL;
	enter_service(s);
	if (!s->now.settings->startup)
		(void)worker_launch(&s->worker[PROC_VRRP]); /* tried again by worker_start() */
	r = generation_fill(s, conf, &s->now);
	if (r < 0) {
		log_err("configuration can't be handed out: %s", strerror(-r));
		worker_kill(&s->worker[PROC_VRRP]);
		return EXIT_FATAL;
	}
	if (!run_script(s, s->now.settings->startup, s->now.settings->startup_timeout, "startup"))
		start_workers(s);
	return EXIT_OK;
}

static int prepare(struct supervisor *s)
{
	int status = pidfiles_take_run_dir(s);
	struct conf_loaded l;

	if (status != EXIT_OK)
		return status;
	l = generation_load(s);
	generation_report(&l, &report_to_log, false);
	if (l.diags.count[DIAG_FATAL] > 0) {
		status = generation_load_status(&l);
		log_err("%s can't be run", s->conf_path);
	} else {
		if (s->o->dump_conf)
			log_configuration(&l);
		status = start(s, l.conf);
	}
	arena_free(l.arena);
	return status;
}

static void clean_up(struct supervisor *s)
{
	char path[RUN_PATH_MAX];

	s->control = control_close(s->control);
	igmp_reports(s, false);
	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++)
		worker_done(&s->worker[p]);
	if (s->now.number > 0)
		generation_done(s, &s->now, false);
	if (s->lock_fd >= 0) {
		(void)unlink(run_path(s, "vrrp.board", path));
		(void)unlink(run_path(s, "runner.board", path));
	}
	pidfiles_remove(s);
	host_done(&s->host);
	loop_timer_free(s->timer);
	loop_timer_free(s->watch_timer);
	loop_free(s->loop);
}

int supervisor_main(const struct supervisor_options *options)
{
	struct supervisor s = {.o = options,
			       .lock_fd = -1,
			       .pid_fd = -1,
			       .started_fd = options->started_fd,
			       .now = {.text_fd = -1},
			       .next = {.text_fd = -1},
			       .phase = PHASE_STARTUP_SCRIPT};
	int status;

	hold_signals();
	log_open(&options->log);
	s.started = clock_monotonic();
	s.loop = loop_new();
	s.timer = loop_timer_new(s.loop, on_deadline, &s);
	s.watch_timer = loop_timer_new(s.loop, on_watch, &s);
	s.conf_path = supervisor_conf_path(options->conf_path);
	host_init(&s.host, options->config_id);
	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++)
		worker_init(&s.worker[p], &s, p);
	log_notice("Starting holdfast " HOLDFAST_VERSION " with %s", s.conf_path);
	status = prepare(&s);
	if (status == EXIT_OK) {
		loop_run(s.loop);
		status = s.exit_status;
	} else {
		tell_started(&s, status);
	}
	clean_up(&s);
	log_notice("Stopped holdfast " HOLDFAST_VERSION);
	log_close();
	return status == EXIT_RUNS_ALREADY ? EXIT_OK : status;
}
