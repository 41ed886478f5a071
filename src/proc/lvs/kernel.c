/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's tables: what is there, what the core wants, and the way between. While all goes well
 * the last applied table is what is there; at the start, after a reload and after a refusal the
 * kernel is asked. A refusal is said once and tried again with growing pauses.
 *
 * Owns the engine and the applied table. Must not know why a server is up or down.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/reconcile/services.h"
#include "proc/lvs/internal.h"

#define RETRY_FIRST USEC_PER_SEC
#define RETRY_MAX (60 * USEC_PER_SEC)
#define GUARD_EVERY (5 * USEC_PER_SEC)	/* a look at what there is of our services */
#define GUARD_LIMIT (2 * USEC_PER_MSEC) /* its length: the next look goes on */

static void arm(struct lvs_worker *w)
{
	usec_t at = usec_min(lvs_deadline(w->lvs), usec_min(w->retry_at, w->engine_at));

	loop_timer_set(w->due, usec_min(at, w->wait_until));
}

static void on_engine(void *ctx)
{
	struct lvs_worker *w = ctx;

	w->engine_at = 0;
	kernel_update(w);
}

static int open_engine(struct lvs_worker *w, uint8_t engine, const struct conf *conf)
{
	const char *error = "";
	int r;

	w->ops = engine == ENGINE_NFTABLES ? &engine_nft : &engine_ipvs;
	r = w->ops->open(conf, &w->engine, &error);
	if (r < 0)
		log_err("the engine %s can't be used: %s%s%s", w->ops->name, strerror(-r),
			error[0] ? ": " : "", error);
	else
		log_info("Virtual servers are carried out by %s", w->ops->name);
	if (r == 0 && w->ops->fd)
		w->engine_watch = loop_fd_add(w->loop, w->ops->fd(w->engine), on_engine, w);
	return r;
}

int kernel_open(struct lvs_worker *w, uint8_t engine, const struct conf *conf, const struct board *board)
{
	int r = w->engine ? 0 : open_engine(w, engine, conf);

	if (r == 0 && w->ops->configure)
		w->ops->configure(w->engine, conf, &board->header->timeouts);
	return r;
}

void kernel_doubt(struct lvs_worker *w)
{
	w->known = false;
}

/* Which services there are does not depend on the state of anything. */
void kernel_claim(struct lvs_worker *w, const struct conf *conf)
{
	struct service_table table;

	if (w->known || w->applied.services.n > 0)
		return;
	lvs_desired(lvs_new(conf, w->scratch, NULL, NULL, loop_now(w->loop)), w->scratch, &table);
	if (!w->applied_arena)
		w->applied_arena = arena_new();
	service_table_replace(&w->applied, &table, w->applied_arena);
	arena_reset(w->scratch);
}

/* ---- refusals ---- */

static const char *request_name(enum service_change_kind kind)
{
	static const char *const names[] = {
		[SERVICE_ADD] = "to add service",    [SERVICE_SET] = "to change service",
		[DEST_ADD] = "to add server",	     [DEST_SET] = "to change server",
		[DEST_DEL] = "to remove server",     [SERVICE_DEL] = "to remove service",
	};

	return names[kind];
}

static const char *refusal_meaning(const struct service_change *c)
{
	if ((c->kind == SERVICE_ADD || c->kind == SERVICE_SET) && c->error == -ENOENT)
		return "unknown scheduler or persistence engine";
	if (c->error == -ESRCH)
		return "no such service";
	return strerror(-c->error);
}

static void key_text(const struct service_key *k, struct buf *b)
{
	char addr[IP_TEXT_MAX];

	if (k->fwmark > 0)
		buf_printf(b, "FWM %u", k->fwmark);
	else
		buf_printf(b, "[%s]:%s:%u", ip_format(&k->addr, addr),
			   k->protocol == LVS_UDP    ? "udp"
			   : k->protocol == LVS_SCTP ? "sctp"
						     : "tcp",
			   k->port);
}

static void tell_refusal(struct lvs_worker *w, const struct service_change *c, unsigned failed,
			 const char *more)
{
	char text[sizeof(w->told)], addr[IP_TEXT_MAX];
	struct buf b = BUF_ON(text);

	buf_printf(&b, "the kernel refuses %s ", request_name(c->kind));
	if (c->dest)
		buf_printf(&b, "[%s]:%u of ", ip_format(&c->dest->addr, addr), c->dest->port);
	key_text(&c->service->key, &b);
	buf_printf(&b, " (%s): %s%s%s", c->service->scheduler, refusal_meaning(c),
		   more[0] ? ": " : "", more);
	if (failed > 1)
		buf_printf(&b, "; and %u more", failed - 1);
	(void)buf_text(&b);
	if (str_eq(text, w->told))
		return;
	str_copy(w->told, sizeof(w->told), text);
	log_err("%s", text);
}

/* `n` such things, the first of which is a service, or (not NULL) its server. */
static void tell_removed(const struct service *s, const struct dest *d, unsigned n)
{
	char text[160], addr[IP_TEXT_MAX];
	struct buf b = BUF_ON(text);

	if (d)
		buf_printf(&b, "server [%s]:%u of ", ip_format(&d->addr, addr), d->port);
	else
		buf_printf(&b, "service ");
	key_text(&s->key, &b);
	if (n > 1)
		buf_printf(&b, " and %u more were", n - 1);
	else
		buf_printf(&b, " was");
	log_warning("%s removed by somebody else, adding %s again", buf_text(&b), n > 1 ? "them" : "it");
}

static usec_t retry_pause(unsigned tries)
{
	usec_t pause = RETRY_FIRST;

	for (unsigned i = 1; i < tries && pause < RETRY_MAX; i++)
		pause *= 2;
	return usec_min(pause, RETRY_MAX);
}

/* `error`: more about it, from the engine. */
static void refused(struct lvs_worker *w, const service_changes *changes, unsigned failed,
		    const char *error)
{
	bool told = false;

	for (unsigned i = 0; i < changes->n; i++) {
		const struct service_change *c = &changes->v[i];

		if (c->error == 0)
			continue;
		report_error(w, c->service->vs, c->error);
		if (!told)
			tell_refusal(w, c, failed, error);
		told = true;
	}
	w->known = false;
	w->retry_at = loop_now(w->loop) + retry_pause(++w->tries);
}

static void accepted(struct lvs_worker *w)
{
	if (w->tries > 0)
		log_notice("the kernel has taken all virtual servers");
	w->tries = 0;
	w->retry_at = USEC_NEVER;
	w->told[0] = '\0';
	for (uint32_t i = 0; i < w->board.header->shape.services; i++)
		if (w->board.services[i].error != 0)
			report_error(w, i, 0);
}

/* ---- from what is to what should be ---- */

/* What is asked for: what should be there, and what was made by us and has to go. */
static struct service_table keys_of(struct lvs_worker *w, const struct service_table *desired)
{
	struct service_table keys = {0};

	for (unsigned i = 0; i < desired->services.n; i++)
		vec_push(w->scratch, &keys.services, desired->services.v[i]);
	for (unsigned i = 0; i < w->applied.services.n; i++)
		if (!service_table_find(desired, &w->applied.services.v[i].key))
			vec_push(w->scratch, &keys.services, w->applied.services.v[i]);
	return keys;
}

/* What is there now, sorted: remembered, or asked for. */
static int look(struct lvs_worker *w, const struct service_table *desired,
		const struct service_table **ret)
{
	static const struct service_table nothing;
	struct service_table *seen, keys;
	int r;

	*ret = w->known ? &w->applied : &nothing;
	if (w->known || !w->ops->observe)
		return 0;
	keys = keys_of(w, desired);
	seen = arena_new_of(w->scratch, struct service_table);
	r = w->ops->observe(w->engine, &keys, w->scratch, seen);
	if (r < 0)
		return r;
	service_table_sort(seen);
	*ret = seen;
	return 0;
}

static bool was_ours(const struct lvs_worker *w)
{
	return w->applied.services.n > 0;
}

/* Copies a whole table, so that it outlives the scratch it was made in. */
static void remember(struct lvs_worker *w, const struct service_table *table)
{
	struct arena *a = arena_new();
	struct service_table copy = {0};

	service_table_replace(&copy, table, a);
	arena_free(w->applied_arena);
	w->applied_arena = a;
	w->applied = copy;
	w->known = true;
}

/* What failed did so because its service is not there: the first such change. NULL: it is another error,
 * or we had just looked. */
static const struct service_change *outdated(const struct lvs_worker *w, const service_changes *changes)
{
	const struct service_change *first = NULL;

	for (unsigned i = 0; w->known && i < changes->n; i++) {
		const struct service_change *c = &changes->v[i];

		if (c->error != 0 && c->error != -ESRCH)
			return NULL;
		if (c->error != 0 && !first)
			first = c;
	}
	return first;
}

static unsigned carry_out(struct lvs_worker *w, struct engine_step *step)
{
	const struct service_change *gone;
	const char *error = "";
	unsigned failed;

	if (step->changes->n == 0 && (w->known || w->ops->observe))
		return 0;
	failed = w->ops->apply(w->engine, step, &error);
	gone = failed > 0 ? outdated(w, step->changes) : NULL;
	if (gone) {
		tell_removed(gone->service, NULL, 1);
		w->known = false; /* looks at once, and makes it anew */
	} else if (failed > 0) {
		refused(w, step->changes, failed, error);
	}
	return failed;
}

static void update_part(struct lvs_worker *w)
{
	struct service_table part;
	service_changes changes = {0};
	struct engine_step step = {
		.from = &w->applied, .to = &part, .part = true, .changes = &changes};

	if (!lvs_desired_changed(w->lvs, w->scratch, &part)) {
		w->known = false;
		return;
	}
	services_diff(&w->applied, &part, NULL, w->scratch, &changes);
	(void)carry_out(w, &step);
	service_table_replace(&w->applied, &part, w->applied_arena);
}

static void update_all(struct lvs_worker *w)
{
	const struct service_table *seen;
	struct service_table desired;
	service_changes changes = {0};
	struct engine_step step = {.to = &desired, .changes = &changes};
	int r;

	lvs_desired(w->lvs, w->scratch, &desired);
	r = look(w, &desired, &seen);
	if (r < 0) {
		if (w->tries++ == 0)
			log_err("the kernel's virtual servers can't be read: %s", strerror(-r));
		w->retry_at = loop_now(w->loop) + retry_pause(w->tries);
		return;
	}
	step.from = seen;
	services_diff(seen, &desired, was_ours(w) ? &w->applied : NULL, w->scratch, &changes);
	if (carry_out(w, &step) == 0) {
		accepted(w);
		remember(w, &desired);
		return;
	}
	/* What was added is ours as well, whatever comes next. */
	if (!w->applied_arena)
		w->applied_arena = arena_new();
	service_table_replace(&w->applied, &desired, w->applied_arena);
}

void kernel_update(struct lvs_worker *w)
{
	usec_t now = loop_now(w->loop);

	if (!w->lvs || !w->engine)
		return;
	if (now < w->wait_until && w->wait_until != USEC_NEVER) {
		arm(w);
		return;
	}
	w->wait_until = USEC_NEVER;
	if (w->known && lvs_is_dirty(w->lvs))
		update_part(w);
	if (!w->known && (w->retry_at == USEC_NEVER || now >= w->retry_at || lvs_is_dirty(w->lvs)))
		update_all(w);
	if (now >= w->engine_at)
		w->engine_at = w->ops->tick ? w->ops->tick(w->engine, &w->applied, now) : USEC_NEVER;
	arena_reset(w->scratch);
	report_events(w);
	arm(w);
}

/* ---- what somebody else has removed ---- */

/* What is missing of these services, as additions. A weight, or whatever else, that somebody has
 * changed by hand is no matter of this: that may be meant, and the next reload puts it right. */
static unsigned missing_find(struct lvs_worker *w, const struct service_table *of, service_changes *ret)
{
	struct service_table *seen = arena_new_of(w->scratch, struct service_table);
	service_changes all = {0};
	unsigned n = 0;

	if (w->ops->observe(w->engine, of, w->scratch, seen) < 0)
		return 0;
	service_table_sort(seen);
	services_diff(seen, of, NULL, w->scratch, &all);
	for (unsigned i = 0; i < all.n; i++) {
		const struct service_change *c = &all.v[i];

		if (c->kind != SERVICE_ADD && c->kind != DEST_ADD)
			continue;
		vec_push(w->scratch, ret, *c);
		/* Servers of a service that is missing are not told each. */
		n += c->kind == SERVICE_ADD || service_table_find(seen, &c->service->key);
	}
	return n;
}

/* As many services as the limit allows, in turn. */
static bool something_is_missing(struct lvs_worker *w)
{
	usec_t until = clock_monotonic() + GUARD_LIMIT;
	unsigned n = w->applied.services.n, looked = 0;

	while (looked < n && clock_monotonic() < until) {
		unsigned at = w->guard_at < n ? w->guard_at : 0;
		struct service_table one = {.services = {.v = &w->applied.services.v[at], .n = 1}};
		service_changes changes = {0};

		if (missing_find(w, &one, &changes) > 0)
			return true;
		looked++;
		w->guard_at = at + 1;
	}
	return false;
}

static void put_back_missing(struct lvs_worker *w)
{
	service_changes missing = {0};
	struct engine_step step = {.from = &w->applied, .to = &w->applied, .changes = &missing};
	unsigned n;

	w->guard_again = loop_now(w->loop) + GUARD_EVERY;
	if (w->known && something_is_missing(w) && (n = missing_find(w, &w->applied, &missing)) > 0) {
		tell_removed(missing.v[0].service, missing.v[0].dest, n);
		(void)carry_out(w, &step);
		kernel_update(w); /* should that have failed */
	}
	arena_reset(w->scratch);
}

static void tell_wayless(struct lvs_worker *w)
{
	struct board_wayless *b = &w->board.header->wayless;
	struct ip_addr first = {0};
	unsigned n = w->engine && w->ops->wayless ? w->ops->wayless(w->engine, &first) : 0;

	if (n == b->n && ip_equal(&first, &b->first))
		return;
	board_write_begin(&b->seq);
	b->n = n;
	b->first = first;
	board_write_end(&b->seq);
}

void kernel_guard(struct lvs_worker *w)
{
	if (w->board.header)
		tell_wayless(w);
	if (w->engine && w->ops->observe && loop_now(w->loop) >= w->guard_again)
		put_back_missing(w);
	if (!w->engine || !w->ops->intact || w->ops->intact(w->engine))
		return;
	log_warning("%s: the tables of the virtual servers were removed by somebody else, "
		    "making them anew",
		    w->ops->name);
	kernel_doubt(w);
	w->retry_at = USEC_NEVER;
	kernel_update(w);
}

/* ---- the end ---- */

static void remove_all(struct lvs_worker *w)
{
	const struct service_table nothing = {0};
	service_changes changes = {0};
	struct engine_step step = {.from = &w->applied, .to = &nothing, .changes = &changes};

	services_diff(&w->applied, &nothing, &w->applied, w->scratch, &changes);
	(void)carry_out(w, &step);
}

void kernel_stop(struct lvs_worker *w)
{
	enum { FLUSH_ALL = 1 };
	int r;

	if (!w->engine || !w->lvs)
		return;
	if (!w->dont_release) {
		kernel_claim(w, w->conf);
		lvs_stop(w->lvs, loop_now(w->loop));
		report_events(w);
		if (w->conf->global.lvs_flush_on_stop == FLUSH_ALL && w->ops->flush) {
			r = w->ops->flush(w->engine);
			if (r < 0)
				log_err("the virtual servers can't be flushed: %s", strerror(-r));
		} else {
			remove_all(w);
		}
	}
	if (w->ops->stop)
		w->ops->stop(w->engine, w->dont_release);
}

void kernel_close(struct lvs_worker *w)
{
	w->engine_watch = loop_fd_free(w->engine_watch);
	if (w->engine)
		w->engine = w->ops->close(w->engine);
	w->applied_arena = arena_free(w->applied_arena);
	w->scratch = arena_free(w->scratch);
}
