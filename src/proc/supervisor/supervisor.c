/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of the daemon as a sequence of phases: startup script, starting, running, stopping the
 * vrrp worker (it hands its addresses over first), stopping lvs and the check processes (what comes
 * to the addresses until the next master has them is served), stopping the runner (the stop scripts
 * of both get their time), shutdown script. Everything is an event of the loop: a signal, a message
 * of a worker, the death of a child, the deadline of the phase.
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
#include "core/check/search.h"
#include "io/child.h"
#include "io/host.h"
#include "io/process.h"
#include "io/sched.h"
#include "io/sdnotify.h"
#include "io/sysctl.h"
#include "proc/command.h"
#include "proc/supervisor/internal.h"

/* For those that hang. The runner gives stop scripts a second and then kills them, lvs takes ten
 * thousand servers out in a part of one; on a machine that stands still for a while both need longer,
 * and whoever is killed leaves scripts or virtual servers behind. */
#define RUNNER_STOP_LIMIT (5 * USEC_PER_SEC)
#define LVS_STOP_LIMIT (10 * USEC_PER_SEC)

static void advance(struct supervisor *s);
static void everybody_is_ready(struct supervisor *s);

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

/* One that dies again and again is not waited for: the elections and the others are. */
static bool is_started(const struct worker *w)
{
	return w->ready == w->s->now.number ||
	       (w->id >= PROC_LVS && w->pid == 0 && w->restart.quick >= RESTART_HOPELESS);
}

/* Whether all of the stage are ready. Starts those that are not there yet. */
static bool stage_is_done(struct supervisor *s)
{
	bool done = true;

	for (enum slot slot = 0; slot < SLOTS && s->phase == PHASE_STARTING; slot++) {
		struct worker *w = &s->worker[slot];

		if (w->id != s->stage || !s->now.needs.wanted[slot])
			continue;
		if (!w->begun) {
			worker_start(w, false);
			worker_introduce(w);
		}
		done &= is_started(w);
	}
	return done;
}

/* Elections first: the others shall not compete with them for a processor, and what they are to be
 * told waits. Then each kind when the one it reports to is there. */
static void go_on_starting(struct supervisor *s)
{
	while (s->phase == PHASE_STARTING && stage_is_done(s))
		if (++s->stage == PROC_COUNT) {
			everybody_is_ready(s);
			return;
		}
}

static void start_workers(struct supervisor *s)
{
	s->phase = PHASE_STARTING;
	s->stage = PROC_VRRP;
	go_on_starting(s);
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
	worker_stop(&s->worker[SLOT_RUNNER]);
	loop_timer_set(s->timer, clock_monotonic() + RUNNER_STOP_LIMIT);
	advance(s);
}

/* A dead one can't take its virtual servers out: a new one does. */
static void revive_lvs_to_stop(struct supervisor *s)
{
	struct worker *lvs = &s->worker[SLOT_LVS];

	if (lvs->pid > 0 || !lvs->begun || !s->now.board[SLOT_LVS].map.header ||
	    s->o->dont_release_ipvs)
		return;
	worker_start(lvs, true);
	worker_introduce(lvs);
}

/* The check processes go at the same time: nobody hears their verdicts any more. */
static void begin_lvs_stop(struct supervisor *s)
{
	s->phase = PHASE_STOPPING_LVS;
	revive_lvs_to_stop(s);
	for (enum slot slot = SLOT_LVS; slot < SLOTS; slot++)
		worker_stop(&s->worker[slot]);
	loop_timer_set(s->timer, clock_monotonic() + LVS_STOP_LIMIT);
	advance(s);
}

static bool has_stopped(const struct worker *w)
{
	return w->stopped || w->pid == 0;
}

static bool all_have_stopped(const struct supervisor *s, enum slot from)
{
	for (enum slot slot = from; slot < SLOTS; slot++)
		if (!has_stopped(&s->worker[slot]))
			return false;
	return true;
}

static bool all_have_ended(const struct supervisor *s)
{
	for (enum slot slot = 0; slot < SLOTS; slot++)
		if (s->worker[slot].pid > 0)
			return false;
	return true;
}

/* Goes on to the next phase when the present one has nothing left to wait for. */
static void advance(struct supervisor *s)
{
	switch (s->phase) {
	case PHASE_STARTUP_SCRIPT:
		if (s->script == 0)
			start_workers(s);
		break;
	case PHASE_STARTING:
	case PHASE_RUNNING:
		break;
	case PHASE_STOPPING_VRRP:
		if (has_stopped(&s->worker[SLOT_VRRP]))
			begin_lvs_stop(s);
		break;
	case PHASE_STOPPING_LVS:
		if (all_have_stopped(s, SLOT_LVS))
			begin_runner_stop(s);
		break;
	case PHASE_STOPPING_RUNNER:
		if (all_have_ended(s))
			begin_shutdown_script(s);
		break;
	case PHASE_SHUTDOWN_SCRIPT:
		if (s->script == 0)
			loop_quit(s->loop);
		break;
	}
}

static void kill_from(struct supervisor *s, enum slot from, bool tell)
{
	for (enum slot slot = from; slot < SLOTS; slot++) {
		struct worker *w = &s->worker[slot];

		if (tell && !has_stopped(w))
			log_err("the %s worker did not stop in time, killed", w->name);
		worker_kill(w);
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
		reload_deadline(s);
	} else if (s->phase == PHASE_STOPPING_VRRP) {
		log_err("the vrrp worker did not stop in time, killed");
		worker_kill(&s->worker[SLOT_VRRP]);
	} else if (s->phase == PHASE_STOPPING_LVS) {
		kill_from(s, SLOT_LVS, true);
	} else if (s->phase == PHASE_STOPPING_RUNNER) {
		kill_from(s, SLOT_VRRP, false);
	}
}

static void supervisor_stop(struct supervisor *s, int status)
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
	worker_stop(&s->worker[SLOT_VRRP]);
	/* One that is dead and waits for its next start can't hand over. */
	if (s->worker[SLOT_VRRP].pid == 0 && !s->o->dont_release)
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

static void reload_if_wanted(struct supervisor *s)
{
	if (s->reload_wanted && s->phase == PHASE_RUNNING)
		reload_start(s, false, &nobody);
}

static void everybody_is_ready(struct supervisor *s)
{
	const struct generation *g = &s->now;

	s->phase = PHASE_RUNNING;
	for (enum slot slot = 0; slot < SLOTS; slot++)
		generation_publish(s, slot);
	loop_timer_set(s->watch_timer, clock_monotonic() + WATCH_PERIOD);
	sdnotify_ready();
	if (g->services > 0 && g->needs.wanted[SLOT_LVS])
		log_notice("Startup complete, %u instance%s, %u virtual server%s", g->instances,
			   g->instances == 1 ? "" : "s", g->services, g->services == 1 ? "" : "s");
	else
		log_notice("Startup complete, %u instance%s", g->instances,
			   g->instances == 1 ? "" : "s");
	tell_started(s, EXIT_OK);
	reload_if_wanted(s);
}

static void start_refused(struct worker *w, const struct msg_ready *m)
{
	log_err("%s: %.*s", w->name, (int)sizeof(m->text), m->text);
	supervisor_stop(w->s,
			m->error == -EPERM || m->error == -EACCES ? EXIT_PERMISSION : EXIT_FATAL);
}

/* We chose by what the machine seems to have; a module that lies there need not load. lvs has tried. */
static bool tries_other_engine(struct worker *w, const struct msg_ready *m)
{
	struct supervisor *s = w->s;

	if (w->id != PROC_LVS || m->error != -ENODEV || w->again || !s->now.engine_chosen ||
	    s->now.engine != ENGINE_IPVS)
		return false;
	log_notice("IPVS can't be used: nftables is tried");
	s->engine = s->now.engine = ENGINE_NFTABLES;
	return worker_configure(w, &s->now, false) == 0;
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
		if (tries_other_engine(w, m))
			return;
		if (s->phase == PHASE_STARTING)
			start_refused(w, m);
		else
			worker_kill(w); /* a new one gets it, too */
		return;
	}
	w->ready = m->generation;
	if (w->id == PROC_LVS)
		generation_drop_past(s);
	w->frozen = false;
	if (w->again && s->phase == PHASE_RUNNING)
		news_ready(w);
	w->again = false;
	w->gone = w->silent = 0;
	if (w->id == PROC_RUNNER)
		news_send(s);
	if (s->reload)
		reload_worker_ready(w, m);
	else if (w->id == PROC_VRRP)
		reload_if_wanted(s);
	go_on_starting(s);
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

static bool ends_the_daemon(const struct worker *w)
{
	const struct supervisor *s = w->s;

	return s->o->dont_respawn || (s->phase == PHASE_STARTING && w->id < PROC_LVS &&
				      w->restart.quick >= RESTART_HOPELESS);
}

static void gone_while_stopping(struct worker *w, const char *how)
{
	struct supervisor *s = w->s;

	if (w->id == PROC_VRRP && !w->stopped && !s->o->dont_release)
		(void)orphan_remove_addresses(s, USEC_NEVER);
	if (w->id == PROC_LVS && !w->stopped && !s->o->dont_release_ipvs)
		log_err("lvs worker %s: virtual servers may be left", how);
	advance(s);
}

void supervisor_worker_gone(struct worker *w, int status)
{
	struct supervisor *s = w->s;
	char how[48];

	describe_status(status, how);
	if (s->phase > PHASE_RUNNING) {
		gone_while_stopping(w, how);
	} else if (w->retiring) {
		reload_worker_gone(w);
	} else if (ends_the_daemon(w)) {
		log_err("%s worker %s", w->name, how);
		supervisor_stop(s, EXIT_FATAL);
	} else {
		revive_worker(w, how);
		if (s->reload)
			reload_worker_gone(w);
		go_on_starting(s);
	}
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
		for (enum slot slot = 0; slot < SLOTS; slot++)
			if (s->worker[slot].pid == pid)
				worker_died(&s->worker[slot], status);
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
static int start(struct supervisor *s, const struct conf_loaded *l)
{
	int status, r;

	s->now = generation_begin(s, l, 1);
	status = pidfiles_take(s);
	if (status == EXIT_OK)
		status = claim_configuration(s);
	if (status != EXIT_OK)
		return status;
	if (control_open(s, &s->control) < 0)
		return EXIT_FATAL;
	enter_service(s);
	if (!s->now.settings->startup && s->now.needs.wanted[SLOT_VRRP])
		(void)worker_launch(&s->worker[SLOT_VRRP]); /* tried again by worker_start() */
	r = generation_fill(s, l->conf, &s->now, &report_to_log);
	if (r < 0) {
		worker_kill(&s->worker[SLOT_VRRP]);
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
		status = start(s, &l);
	}
	arena_free(l.arena);
	return status;
}

static void clean_up(struct supervisor *s)
{
	reload_abandon(s);
	s->control = control_close(s->control);
	igmp_reports(s, false);
	for (enum slot slot = 0; slot < SLOTS; slot++)
		worker_done(&s->worker[slot]);
	generation_drop_past(s);
	if (s->now.number > 0)
		generation_done(s, &s->now);
	for (enum slot slot = 0; slot < SLOTS && s->lock_fd >= 0; slot++)
		generation_publish(s, slot);
	pidfiles_remove(s);
	claim_release(s);
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
			       .claim = {-1, -1},
			       .started_fd = options->started_fd,
			       .now = {.text_fd = -1, .tls_fd = -1},
			       .next = {.text_fd = -1, .tls_fd = -1},
			       .lvs_past = {.text_fd = -1, .tls_fd = -1},
			       .phase = PHASE_STARTUP_SCRIPT};
	int status;

	hold_signals();
	log_open(&options->log);
	s.started = clock_monotonic();
	s.loop = loop_new();
	s.timer = loop_timer_new(s.loop, on_deadline, &s);
	s.watch_timer = loop_timer_new(s.loop, revive_watch, &s);
	s.conf_path = supervisor_conf_path(options->conf_path);
	host_init(&s.host, options->config_id);
	s.host.regex = search_pattern_check;
	for (enum slot slot = 0; slot < SLOTS; slot++)
		worker_init(&s.worker[slot], &s, slot);
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
