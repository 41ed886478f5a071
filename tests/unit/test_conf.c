/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema itself, and text -> final values. What check, print and plan write: tests/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "conf/conf.h"
#include "conf/explain.h"
#include "model/state.h"

static struct conf_loaded loaded;
static unsigned users_asked, scripts_asked, interfaces_asked;

static bool find_user(void *ctx, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	(void)ctx;
	users_asked++;
	*ret_uid = 1000;
	*ret_gid = 1001;
	return str_eq(name, "web");
}

static bool find_group(void *ctx, const char *name, uint32_t *ret_gid)
{
	(void)ctx;
	*ret_gid = 2000;
	return str_eq(name, "staff");
}

static bool find_interface(void *ctx, const char *name)
{
	(void)ctx;
	interfaces_asked++;
	return !str_eq(name, "eth9") && !str_eq(name, "etho");
}

static bool judge_script(void *ctx, const char *argv0, uint32_t uid, uint32_t gid, bool secure,
			 struct conf_script_fault *ret)
{
	(void)ctx;
	(void)uid;
	(void)gid;
	scripts_asked++;
	if (!str_starts(argv0, "/tmp/"))
		return true;
	*ret = (struct conf_script_fault){.mode = 0777, .unsafe = true};
	str_copy(ret->path, sizeof(ret->path), "/tmp");
	str_copy(ret->reason, sizeof(ret->reason), secure ? "is writable by all, security on" : "is writable by all");
	str_copy(ret->owner, sizeof(ret->owner), "root:root");
	return false;
}

static unsigned list_interfaces(void *ctx, struct arena *a, const char **ret, unsigned max)
{
	(void)ctx;
	(void)a;
	assert_true(max >= 2);
	ret[0] = "lo";
	ret[1] = "eth0";
	return 2;
}

static unsigned n_own;
static const char *own_address[4];

static unsigned find_addresses(void *ctx, const char *interface, enum ip_family family,
			       struct ip_addr *ret, unsigned max)
{
	unsigned n = 0;

	(void)ctx;
	(void)interface;
	for (unsigned i = 0; i < n_own; i++) {
		struct ip_addr a;

		assert_true(ip_parse(own_address[i], &a));
		if (a.family == family && n < max)
			ret[n++] = a;
	}
	return n;
}

static const char *get_env(void *ctx, const char *name)
{
	(void)ctx;
	return str_eq(name, "HOME") ? "/root" : NULL;
}

static const struct conf_host host = {
	.config_id = "node",
	.user = find_user,
	.group = find_group,
	.interface = find_interface,
	.interfaces = list_interfaces,
	.addresses = find_addresses,
	.script = judge_script,
	.getenv = get_env,
};

static const struct conf *load_as(const char *text, const struct conf_load_options *o)
{
	arena_free(loaded.arena);
	loaded = conf_load_text("test.conf", text, strlen(text), &host, o);
	return loaded.conf;
}

static const struct conf *load(const char *text)
{
	return load_as(text, &(struct conf_load_options){0});
}

static const struct conf *judge(const char *text)
{
	return load_as(text, &(struct conf_load_options){.judge = true});
}

static int teardown(void **state)
{
	(void)state;
	loaded.arena = arena_free(loaded.arena);
	return 0;
}

static const struct diag *message(const char *code)
{
	for (unsigned i = 0; i < loaded.diags.list.n; i++)
		if (str_eq(loaded.diags.list.v[i].code, code))
			return &loaded.diags.list.v[i];
	return NULL;
}

/* One instance with `extra` in it and `global` before it. */
static const struct conf_instance *instance(const char *global, const char *extra)
{
	static char text[4096];
	const struct conf *conf;

	snprintf(text, sizeof(text),
		 "%s\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n10.0.0.1/24\n}\n%s\n}\n",
		 global, extra);
	conf = load(text);
	assert_int_equal(conf->instances.n, 1);
	return conf->instances.v[0];
}

/* ---- the schema ---- */

typedef VEC(const struct block *) block_list;

static void blocks_add(struct arena *a, block_list *list, const struct block *blk)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->v[i] == blk)
			return;
	vec_push(a, list, blk);
	for (unsigned i = 0; i < block_rows(blk); i++)
		if (block_row(blk, i)->sub)
			blocks_add(a, list, block_row(blk, i)->sub);
}

static block_list all_blocks(struct arena *a)
{
	block_list list = {0};

	blocks_add(a, &list, &schema_top);
	for (unsigned i = 0; schema_listed_only[i]; i++)
		blocks_add(a, &list, schema_listed_only[i]);
	return list;
}

static void test_every_row_has_help(void **state)
{
	struct arena *a = arena_new();
	block_list blocks = all_blocks(a);

	(void)state;
	assert_true(blocks.n > 40);
	for (unsigned i = 0; i < blocks.n; i++)
		for (unsigned k = 0; k < blocks.v[i]->n; k++) {
			const struct row *row = &blocks.v[i]->rows[k];

			if (!row->help || !*row->help || row->help[strlen(row->help) - 1] != '.')
				fail_msg("%s.%s has no sentence of help", blocks.v[i]->contexts, row->name);
			for (const struct choice *c = row->list_choices ? row->choices : NULL; c && c->name; c++)
				if (*c->name && !c->help)
					fail_msg("%s.%s: %s has no help", blocks.v[i]->contexts, row->name,
						 c->name);
		}
	arena_free(a);
}

static void test_names_are_unique_in_a_block(void **state)
{
	struct arena *a = arena_new();
	block_list blocks = all_blocks(a);

	(void)state;
	for (unsigned i = 0; i < blocks.n; i++)
		for (unsigned k = 0; k < block_rows(blocks.v[i]); k++)
			for (unsigned j = 0; j < k; j++)
				if (str_eq(block_row(blocks.v[i], j)->name, block_row(blocks.v[i], k)->name))
					fail_msg("%s.%s is there twice", blocks.v[i]->contexts,
						 block_row(blocks.v[i], k)->name);
	arena_free(a);
}

static void test_rows_fit_their_block(void **state)
{
	struct arena *a = arena_new();
	block_list blocks = all_blocks(a);

	(void)state;
	for (unsigned i = 0; i < blocks.n; i++) {
		const struct block *blk = blocks.v[i];

		assert_true(block_rows(blk) <= 64 * CONF_SET_WORDS);
		for (unsigned k = 0; k < blk->n; k++) {
			const struct row *row = &blk->rows[k];

			if (row->type != T_DOC)
				assert_true(row->offset < blk->size);
			if (row->type == T_HANDLER)
				assert_true(row->parse && row->print);
			if (row->type == T_ENUM)
				assert_non_null(row->choices);
			if (row->type == T_BLOCK || row->type == T_ENTRIES || row->type == T_INLINE)
				assert_non_null(row->sub);
		}
	}
	arena_free(a);
}

/* A default is written as in a file and must be readable: it is what a new object gets. */
static void test_defaults_are_in_range(void **state)
{
	struct arena *a = arena_new();
	block_list blocks = all_blocks(a);
	struct diags diags = {.arena = a};
	struct bind b = {.a = a, .diags = &diags, .conf = arena_new_of(a, struct conf)};

	(void)state;
	for (unsigned i = 0; i < blocks.n; i++)
		for (unsigned k = 0; k < blocks.v[i]->n; k++) {
			const struct row *row = &blocks.v[i]->rows[k];
			struct conf_word word = {.text = row->dflt};
			struct conf_stmt stmt = {.words = {.v = &word, .n = 1, .cap = 1}};
			struct cursor c = {.stmt = &stmt};

			if (row->dflt && !row_parse(&b, row, arena_alloc(a, blocks.v[i]->size), &c))
				fail_msg("%s.%s: default %s: %s", blocks.v[i]->contexts, row->name, row->dflt,
					 diags.list.v[diags.list.n - 1].text);
		}
	arena_free(a);
}

/* ---- values ---- */

static void test_an_instance_has_the_defaults(void **state)
{
	const struct conf_instance *vi = instance("", "");

	(void)state;
	assert_int_equal(vi->priority, 100);
	assert_int_equal(vi->version, 2);
	assert_int_equal(vi->family, IP_V4);
	assert_int_equal(vi->state, VRRP_BACKUP);
	assert_int_equal(vi->advert_int, USEC_PER_SEC);
	assert_int_equal(vi->down_timer_adverts, 3);
	assert_int_equal(vi->garp_master_repeat, 5);
	assert_int_equal(vi->garp_master_delay, 5 * USEC_PER_SEC);
	assert_int_equal(vi->garp_lower_prio_repeat, 5);
	assert_true(vi->accept);
	assert_int_equal(vi->group, CONF_NONE);
	assert_int_equal(vi->group_addr.b[3], 18);
	assert_int_equal(loaded.conf->global.vrrp_sched.rt_priority, -1);
	assert_int_equal(loaded.conf->global.child_wait_time, 5);
	assert_int_equal(loaded.conf->global.umask, 0177);
	assert_int_equal(loaded.diags.list.n, 0);
}

static void test_an_instance_inherits_from_global_defs(void **state)
{
	const struct conf_instance *vi =
		instance("global_defs {\nvrrp_garp_master_repeat 2\nvrrp_garp_master_delay 9\nvrrp_version 3\n"
			 "vrrp_down_timer_adverts 7\nvrrp_skip_check_adv_addr\nvrrp_lower_prio_no_advert\n"
			 "vrrp_garp_extra_if all 4\nvrrp_mcast_group4 224.0.0.99\nsmtp_alert\n}",
			 "garp_master_delay 3");

	(void)state;
	assert_int_equal(vi->garp_master_repeat, 2);
	assert_int_equal(vi->garp_lower_prio_repeat, 2);
	assert_int_equal(vi->garp_master_delay, 3 * USEC_PER_SEC);
	assert_int_equal(vi->version, 3);
	assert_int_equal(vi->down_timer_adverts, 7);
	assert_true(vi->skip_check_adv_addr && vi->lower_prio_no_advert && vi->smtp_alert);
	assert_int_equal(vi->garp_extra_if, 4 * USEC_PER_SEC);
	assert_true(vi->garp_extra_if_all);
	assert_int_equal(vi->group_addr.b[3], 99);
}

/* 2.4.3 turns it on for every argument. */
static void test_skip_check_adv_addr_off_is_off(void **state)
{
	(void)state;
	assert_false(instance("global_defs {\nvrrp_skip_check_adv_addr\n}", "skip_check_adv_addr off")
			     ->skip_check_adv_addr);
	assert_false(instance("", "priority 255\nowner_ignore_adverts off")->owner_ignore_adverts);
}

static void test_min_garp_leaves_what_the_file_says(void **state)
{
	const struct conf_instance *vi =
		instance("global_defs {\nvrrp_garp_master_delay 4\nvrrp_min_garp\n}", "");

	(void)state;
	assert_int_equal(vi->garp_master_repeat, 1);
	assert_int_equal(vi->garp_master_delay, 4 * USEC_PER_SEC);
}

static void test_intervals_have_the_steps_of_the_version(void **state)
{
	static const struct {
		const char *text;
		usec_t want;
	} cases[] = {
		{"advert_int 0.3", USEC_PER_SEC},
		{"advert_int 1.5", 2 * USEC_PER_SEC},
		{"advert_int 255", 255 * USEC_PER_SEC},
		{"version 3\nadvert_int 0.014", 10 * USEC_PER_MSEC},
		{"version 3\nadvert_int 0.016", 20 * USEC_PER_MSEC},
		{"version 3\nadvert_int 0.01", 10 * USEC_PER_MSEC},
		{"version 3\nadvert_int 255", 40950 * USEC_PER_MSEC},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(instance("", cases[i].text)->advert_int, cases[i].want);
}

static void test_a_number_that_is_wrong_keeps_the_previous_one(void **state)
{
	(void)state;
	assert_int_equal(instance("", "priority 150\npriority 300\npriority 10x\npriority -5")->priority, 150);
	assert_int_equal(loaded.diags.count[DIAG_ERROR], 3);
	assert_non_null(message("bad-number"));
	assert_string_equal(message("out-of-range")->expected, "a number from 1 to 255");
}

static void test_the_last_of_two_values_wins_and_preempt_cancels(void **state)
{
	const struct conf_instance *vi = instance("", "priority 50\npriority 60\nnopreempt\npreempt");

	(void)state;
	assert_int_equal(vi->priority, 60);
	assert_false(vi->nopreempt);
	assert_true(instance("", "preempt\nnopreempt")->nopreempt);
}

static void test_strict_mode_overrides(void **state)
{
	const struct conf_instance *vi =
		instance("global_defs {\nvrrp_strict\n}",
			 "state MASTER\npriority 200\npreempt_delay 5\ndown_timer_adverts 9\nauthentication {\n"
			 "auth_type PASS\nauth_pass x\n}\nhigher_prio_send_advert\ngarp_lower_prio_repeat 8");

	(void)state;
	assert_int_equal(vi->state, VRRP_BACKUP);
	assert_int_equal(vi->preempt_delay, 0);
	assert_int_equal(vi->down_timer_adverts, 3);
	assert_int_equal(vi->auth_type, AUTH_NONE);
	assert_null(vi->authentication);
	assert_true(vi->lower_prio_no_advert);
	assert_false(vi->higher_prio_send_advert);
	assert_int_equal(vi->garp_lower_prio_repeat, 0);
	assert_false(vi->accept);
	assert_true(instance("", "strict_mode\nversion 3\naccept")->accept);
	assert_true(instance("", "strict_mode\npriority 255")->accept);
	assert_true(instance("", "strict_mode\npriority 255")->owner_ignore_adverts);
	assert_true(instance("global_defs {\nvrrp_strict\n}", "strict_mode off")->accept);
}

static void test_unicast_has_its_own_ttl(void **state)
{
	const struct conf_instance *vi =
		instance("", "unicast_ttl 3\nunicast_peer {\n10.0.0.2 min_ttl 200\n10.0.0.3\n}");

	(void)state;
	assert_int_equal(vi->peers.n, 2);
	assert_true(vi->check_unicast_src);
	assert_true(vi->unicast_ttl_set);
	assert_int_equal(vi->unicast_ttl, 3);
	assert_int_equal(vi->peers.v[0]->min_ttl, 200);
	assert_int_equal(vi->peers.v[1]->max_ttl, 255);
	assert_false(instance("", "unicast_ttl 3")->unicast_ttl_set); /* 2.4.3 falls silent */
}

static void test_addresses_beyond_an_advert_are_excluded(void **state)
{
	const struct conf *conf =
		load("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n"
		     "~SEQ(N, 1, 250) 10.0.0.${N}\n~SEQ(M, 1, 10) 10.0.1.${M}\n}\nvirtual_ipaddress_excluded {\n"
		     "10.0.2.1\n}\n}\n");
	const struct conf_instance *vi = conf->instances.v[0];

	(void)state;
	assert_int_equal(vi->vips.n, 255);
	assert_int_equal(vi->excluded.n, 6);
	assert_true(vi->excluded.v[0]->excluded && vi->excluded.v[5]->excluded);
	assert_non_null(message("too-many-addresses"));
}

static void test_address_options(void **state)
{
	const struct conf *conf = load("static_ipaddress {\n10.0.0.5/24 brd + scope link\n10.0.0.5/24 brd -\n"
				       "10.0.0.6/24 peer 10.0.1.1\n2001:db8::1\n2001:db8::1/64\n"
				       "10.0.0.7 scope 12 preferred_lft 5\n10.0.0.8/33\n10.0.0\n}\n");

	(void)state;
	assert_int_equal(conf->static_addresses.n, 7);
	assert_int_equal(conf->static_addresses.v[0]->brd_addr.b[3], 255);
	assert_int_equal(conf->static_addresses.v[0]->scope, 253);
	assert_int_equal(conf->static_addresses.v[1]->brd_addr.b[3], 0);
	assert_int_equal(conf->static_addresses.v[2]->prefix, 32);
	assert_int_equal(conf->static_addresses.v[3]->preferred_lft, 0);
	assert_int_equal(conf->static_addresses.v[4]->preferred_lft, UINT32_MAX);
	assert_int_equal(conf->static_addresses.v[5]->preferred_lft, 5);
	assert_int_equal(conf->static_addresses.v[6]->prefix, 32);
}

/* The manual's meaning; 2.4.3 takes 0. */
static void test_a_missing_up_delay_is_the_down_delay(void **state)
{
	const struct conf *conf = load("interface_up_down_delays {\neth0 1.5\neth1 2 0\n}\n");

	(void)state;
	assert_int_equal(conf->interface_delays.v[0]->up, 1500 * USEC_PER_MSEC);
	assert_int_equal(conf->interface_delays.v[1]->up, 0);
}

/* ---- names ---- */

static void test_trackers_take_the_weight_of_what_they_follow(void **state)
{
	const struct conf *conf = load(
		"vrrp_script s {\nscript /bin/true\nweight -20 reverse\n}\ntrack_file f {\nfile /f\n}\n"
		"vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n"
		"track_script {\ns\ngone\n}\ntrack_file {\nf weight 0\n}\ntrack_interface {\neth0\neth1 weight 5\n}\n}\n"
		"vrrp_sync_group G {\ngroup {\nV\n}\ntrack_script {\ns weight 3 noreverse\n}\n}\n");
	const struct conf_instance *vi = conf->instances.v[0];

	(void)state;
	assert_int_equal(vi->tracks[TRACK_SCRIPT].n, 1);
	assert_int_equal(vi->tracks[TRACK_SCRIPT].v[0]->weight, -20);
	assert_true(vi->tracks[TRACK_SCRIPT].v[0]->reverse);
	assert_int_equal(vi->tracks[TRACK_SCRIPT].v[0]->id, 0);
	assert_int_equal(vi->tracks[TRACK_FILE].v[0]->weight, 0);
	assert_int_equal(vi->tracks[TRACK_INTERFACE].n, 1);
	assert_string_equal(vi->tracks[TRACK_INTERFACE].v[0]->name, "eth1");
	assert_int_equal(conf->groups.v[0]->tracks[TRACK_SCRIPT].v[0]->weight, 3);
	assert_false(conf->groups.v[0]->tracks[TRACK_SCRIPT].v[0]->reverse);
	assert_int_equal(vi->group, 0);
	assert_int_equal(conf->groups.v[0]->members.v[0], 0);
	assert_non_null(message("unknown-tracker"));
}

static void test_groups_without_members_keep_the_ids_dense(void **state)
{
	const struct conf *conf = load("vrrp_sync_group A {\ngroup {\nnobody\n}\n}\nvrrp_sync_group B {\ngroup {\nV\n}\n}\n"
				       "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n"
				       "virtual_ipaddress {\n10.0.0.1\n}\n}\n");

	(void)state;
	assert_int_equal(conf->groups.n, 1);
	assert_string_equal(conf->groups.v[0]->name, "B");
	assert_int_equal(conf->groups.v[0]->id, 0);
	assert_int_equal(conf->instances.v[0]->group, 0);
}

/* ---- scripts ---- */

static void test_scripts_run_as_whom_the_file_says(void **state)
{
	const struct conf *conf =
		load("global_defs {\nscript_user web\n}\nvrrp_script s {\nscript \"/bin/a 'b c' && d\"\nuser web :staff\n}\n"
		     "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n"
		     "notify \"/bin/n x\"\nnotify_master /bin/m web staff\nnotify_backup /bin/b nobody_here\n}\n");
	const struct conf_instance *vi = conf->instances.v[0];

	(void)state;
	assert_int_equal(conf->commands.n, 4);
	for (unsigned i = 0; i < conf->commands.n; i++)
		assert_int_equal(conf->commands.v[i]->id, i);
	assert_true(conf->scripts.v[0]->script->shell);
	assert_true(conf->scripts.v[0]->script->supplementary);
	assert_int_equal(conf->scripts.v[0]->script->gid, 2000);
	assert_int_equal(vi->notify.any->uid, 1000);
	assert_int_equal(vi->notify.any->gid, 1001);
	assert_string_equal(vi->notify.any->argv[1], "x");
	assert_int_equal(vi->notify.master->gid, 2000);
	assert_true(vi->notify.backup->unsafe);
	assert_int_equal(message("unknown-user")->class, DIAG_GENERAL);
}

static void test_an_unsafe_script_is_an_error_and_followed_by_nobody(void **state)
{
	const struct conf *conf =
		judge("vrrp_script bad {\nscript /tmp/x\n}\nvrrp_script good {\nscript /bin/true\n}\n"
		      "vrrp_instance V {\ninterface eth9\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n"
		      "track_script {\nbad\ngood\n}\n}\n");
	const struct diag *d = message("script");

	(void)state;
	assert_non_null(d);
	assert_int_equal(d->severity, DIAG_ERROR);
	assert_int_equal(d->class, DIAG_SECURITY);
	assert_string_equal(d->text,
			    "/tmp/x can't be run safely: /tmp is writable by all (root:root, mode 0777)");
	assert_null(d->expected);
	assert_true(conf->scripts.v[0]->script->unsafe);
	assert_int_equal(conf->instances.v[0]->tracks[TRACK_SCRIPT].n, 1);
	assert_int_equal(conf->instances.v[0]->tracks[TRACK_SCRIPT].v[0]->id, 1);
	assert_int_equal(message("missing-interface")->severity, DIAG_WARNING);
}

static void test_an_unknown_user_is_told_where_it_stands(void **state)
{
	const struct diag *d;

	(void)state;
	judge("vrrp_script s {\nscript /bin/true\nuser web nogrp\n}\n");
	d = message("unknown-user");
	assert_int_equal(d->at.line, 3);
	assert_int_equal(d->at.col, 6);
	assert_string_equal(d->text, "group nogrp does not exist on this machine");
	assert_null(d->hint);
	judge("global_defs {\nrouter_id r\nscript_user nobody_here\n}\nvrrp_script s {\nscript /bin/true\n}\n");
	assert_int_equal(message("unknown-user")->at.line, 3);
	judge("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n"
	      "notify_master /bin/true start nginx\n}\n");
	d = message("unknown-user");
	assert_int_equal(d->at.line, 7);
	assert_string_equal(d->text, "user start does not exist on this machine");
	assert_non_null(strstr(d->hint, "quotes"));
}

static void test_an_unsafe_script_is_told_at_each_place(void **state)
{
	unsigned n = 0;

	(void)state;
	scripts_asked = 0;
	judge("vrrp_script s {\nscript /tmp/x\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n"
	      "virtual_ipaddress {\n10.0.0.1\n}\nnotify /tmp/x\n}\n");
	for (unsigned i = 0; i < loaded.diags.list.n; i++)
		n += str_eq(loaded.diags.list.v[i].code, "script");
	assert_int_equal(n, 2);
	assert_int_equal(scripts_asked, 1);
}

/* A line for the shell may begin with what is no program: the host is asked about programs only. */
static void test_a_line_that_begins_with_a_word_of_the_shell_is_the_shells_own(void **state)
{
	static const char *const lines[] = {"</dev/tcp/127.0.0.1/80", "[[ -f /a ]] && exit 1 || exit 0",
					    "PATH=/opt/bin:$PATH chk; exit $?"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct conf_script *script;
		char text[200];

		snprintf(text, sizeof(text), "vrrp_script s {\nscript \"%s\"\n}\n", lines[i]);
		scripts_asked = 0;
		script = judge(text)->scripts.v[0]->script;
		assert_true(script->shell);
		assert_int_equal(script->bash, i < 2);
		assert_int_equal(scripts_asked, 0);
	}
}

static void test_the_host_is_asked_once_per_script_user_and_interface(void **state)
{
	char text[65536];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "vrrp_instance V%u {\ninterface eth%u\nvirtual_router_id %u\n"
				      "virtual_ipaddress {\n10.0.0.%u\n}\nnotify \"/bin/n a\" web\n}\n",
				      i, i % 2, i + 1, i + 1);
	users_asked = scripts_asked = interfaces_asked = 0;
	judge(text);
	assert_int_equal(users_asked, 2); /* web, and keepalived_script */
	assert_int_equal(scripts_asked, 1);
	assert_int_equal(interfaces_asked, 2);
}

/* The answer may come from a directory on the network, which is not there yet, or no more. */
static void test_nobody_is_looked_up_where_there_is_no_script(void **state)
{
	static const char pair[] = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n"
				   "virtual_ipaddress {\n10.0.0.1\n}\n}\n";
	static const char fifo[] = "global_defs {\nnotify_fifo /run/f\n}\n";

	(void)state;
	users_asked = 0;
	judge(pair);
	assert_int_equal(users_asked, 0);
	judge(fifo);
	assert_int_equal(users_asked, 1);
}

static void judge_owner(unsigned priority, const char *first, const char *second)
{
	char text[512];

	n_own = !!first + !!second;
	own_address[0] = first;
	own_address[1] = second;
	snprintf(text, sizeof(text),
		 "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\npriority %u\n"
		 "virtual_ipaddress {\n10.0.0.1\n10.0.0.2\n}\n}\n",
		 priority);
	judge(text);
	n_own = 0;
}

static void judge_source(const char *more, const char *own)
{
	char text[512];

	n_own = 1;
	own_address[0] = own;
	snprintf(text, sizeof(text),
		 "%s\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nunicast_src_ip 10.0.0.3\n"
		 "unicast_peer {\n10.0.0.4\n}\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n",
		 more);
	judge(text);
	n_own = 0;
}

static void test_source_that_is_another_machines_is_warned(void **state)
{
	(void)state;
	judge_source("", "10.0.0.4");
	assert_int_equal(message("foreign-source")->severity, DIAG_WARNING);
	judge_source("", "10.0.0.3");
	assert_null(message("foreign-source"));
	judge_source("static_ipaddress {\n10.0.0.3/24 dev eth0\n}", "10.0.0.4");
	assert_null(message("foreign-source"));
}

static void test_owner_without_an_address_besides_its_own_is_warned(void **state)
{
	(void)state;
	judge_owner(255, "10.0.0.1", NULL);
	assert_int_equal(message("owner-address")->severity, DIAG_WARNING);
	judge_owner(255, "10.0.0.1", "10.0.0.2");
	assert_non_null(message("owner-address"));
	judge_owner(255, "fe80::1", "10.0.0.2");
	assert_non_null(message("owner-address"));
	judge_owner(255, "10.0.0.1", "10.0.0.9");
	assert_null(message("owner-address"));
	judge_owner(255, NULL, NULL);
	assert_null(message("owner-address"));
	judge_owner(100, "10.0.0.1", NULL);
	assert_non_null(message("owner-address"));
	judge_owner(100, "10.0.0.1", "10.0.0.9");
	assert_null(message("owner-address"));
}

static void judge_interface(const char *name)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "vrrp_instance V {\ninterface %s\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n", name);
	judge(text);
}

static void test_a_mistyped_interface_gets_a_hint(void **state)
{
	(void)state;
	judge_interface("etho");
	assert_string_equal(message("missing-interface")->hint, "did you mean `eth0`?");
	judge_interface("eth9");
	assert_non_null(strstr(message("missing-interface")->hint, "FAULT"));
	judge_interface("= eth0");
	assert_null(message("missing-interface"));
	assert_string_equal(message("no-interface")->text, "V: without a usable `interface` it can't be run");
	assert_non_null(strstr(message("bad-word")->hint, "remove the `=`"));
}

static void test_every_missing_interface_is_named(void **state)
{
	(void)state;
	judge("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1 dev eth9\n}\n}\n");
	assert_int_equal(message("missing-interface")->at.line, 5);
	judge("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n"
	      "track_interface {\neth9\n}\n}\n");
	assert_int_equal(message("missing-interface")->at.line, 8);
	judge("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n"
	      "vrrp_sync_group G {\ngroup {\nV\n}\ntrack_interface {\neth9\n}\n}\n");
	assert_int_equal(message("missing-interface")->at.line, 13);
}

/* Where it would end a MASTER, unless interfaces come and go. */
static void test_a_missing_interface_refuses_a_reload(void **state)
{
	(void)state;
	judge("vrrp_instance V {\ninterface eth9\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n");
	assert_int_equal(message("missing-interface")->severity, DIAG_WARNING);
	assert_true(diag_refuses_reload(message("missing-interface")));
	judge("global_defs {\ndynamic_interfaces\n}\n"
	      "vrrp_instance V {\ninterface eth9\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n");
	assert_false(diag_refuses_reload(message("missing-interface")));
	judge("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n"
	      "track_interface {\neth9\n}\n}\n");
	assert_true(diag_refuses_reload(message("missing-interface")));
	judge("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n"
	      "track_interface {\neth9 weight 10\n}\n}\n");
	assert_false(diag_refuses_reload(message("missing-interface")));
	judge("vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n"
	      "vrrp_sync_group G {\ngroup {\nV\n}\ntrack_interface {\neth9\n}\n}\n");
	assert_true(diag_refuses_reload(message("missing-interface")));
}

/* ---- the sealed copy ---- */

static void test_the_sealed_copy_keeps_every_word(void **state)
{
	static const char *const words[] = {
		"plain", "two words", "#hash", "a!b", "${_ENV HOME}", "$X", "{", "}", "~SEQ(A,1,2)", "@node",
		"back\\slash", "ends with \\", "it's", "say \"hi\"", "`tick`", "both \" and ` and \\", "include", "",
		"\xc3\xa9", "a'b\"c d\\",
	};
	const struct conf_load_options literal = {.tree = {.literal = true}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		struct text t = {.a = arena_new()};

		text_add(&t, "global_defs {\n\trouter_id");
		print_word(&t, words[i]);
		text_add(&t, "\n\tnotification_email {\n\t\t");
		print_word(&t, words[i]);
		text_char(&t, ' ');
		print_word(&t, words[i]);
		text_add(&t, "\n\t}\n}\n");
		load_as(text_get(&t), &literal);
		assert_string_equal(loaded.conf->global.router_id, words[i]);
		assert_int_equal(loaded.conf->global.emails.n, 2);
		assert_string_equal(loaded.conf->global.emails.v[1], words[i]);
		assert_int_equal(loaded.diags.list.n, 0);
		arena_free(t.a);
	}
}

static void test_a_broken_sealed_copy_is_fatal(void **state)
{
	static const char *const texts[] = {
		"global_defs {\n", "}\n", "global_defs {\nrouter_id \"x\n}\n", "{\n", "a `b\n",
	};
	const struct conf_load_options literal = {.tree = {.literal = true}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		load_as(texts[i], &literal);
		assert_true(loaded.diags.count[DIAG_FATAL] > 0);
	}
}

static void test_the_sealed_copy_takes_no_line_limit(void **state)
{
	const struct conf_load_options literal = {.tree = {.literal = true}};
	char text[20000] = "global_defs {\nrouter_id ";
	size_t n = strlen(text);

	(void)state;
	memset(text + n, 'x', 15000);
	memcpy(text + n + 15000, "\n}\n", 4);
	load_as(text, &literal);
	assert_int_equal(strlen(loaded.conf->global.router_id), 15000);
}

/* ---- explain ---- */

static const char *explained(struct text *t, const char *what, bool found)
{
	t->n = 0;
	assert_int_equal(explain_text(what, t), found);
	return text_get(t);
}

static void test_explain_finds_keywords_contexts_and_aliases(void **state)
{
	struct text t = {.a = arena_new()};

	(void)state;
	assert_non_null(strstr(explained(&t, "advert_int", true), "a number from 0.01 to 255 seconds"));
	assert_non_null(strstr(explained(&t, "vrrp_instance.priority", true), "default    100"));
	assert_non_null(strstr(explained(&t, "vrrp_instance.track_script", true), "noreverse"));
	assert_non_null(strstr(explained(&t, "thread_timer_expired", true), "timer_expired_backup"));
	assert_non_null(strstr(explained(&t, "use_vmac", true), "no effect yet"));
	assert_non_null(strstr(explained(&t, "preemtp_delay", false), "did you mean `preempt_delay`?"));
	assert_non_null(strstr(explained(&t, "GRPC_CHECK.authority", true), "unknown to keepalived"));
	assert_non_null(strstr(explained(&t, "real_server.slow_start", true), "unknown to keepalived"));
	assert_null(strstr(explained(&t, "real_server.weight", true), "unknown to keepalived"));
	assert_string_equal(explained(&t, "xyzzyxyzzy", false), "");
	arena_free(t.a);
}

static void test_coverage_counts_every_entry(void **state)
{
	struct text t = {.a = arena_new()};
	explain_list list = explain_entries(t.a);
	unsigned total, work, accepted, noop, ours, n = 0, n_ours = 0;

	(void)state;
	explain_print_coverage(&t);
	assert_int_equal(sscanf(text_get(&t), "%u keywords: %u work, %u accepted without an effect yet, %u "
				"have no effect by design; and %u that keepalived", &total, &work, &accepted,
				&noop, &ours),
			 5);
	for (unsigned i = 0; i < list.n; i++) {
		n += !list.v[i].ours && list.v[i].effect == WORKS;
		n_ours += list.v[i].ours;
	}
	assert_int_equal(total + ours, list.n);
	assert_int_equal(ours, n_ours);
	assert_true(ours > 0);
	assert_int_equal(work, n);
	assert_int_equal(work + accepted + noop, total);
	arena_free(t.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_has_help),
		cmocka_unit_test(test_names_are_unique_in_a_block),
		cmocka_unit_test(test_rows_fit_their_block),
		cmocka_unit_test(test_defaults_are_in_range),
		cmocka_unit_test(test_an_instance_has_the_defaults),
		cmocka_unit_test(test_an_instance_inherits_from_global_defs),
		cmocka_unit_test(test_skip_check_adv_addr_off_is_off),
		cmocka_unit_test(test_min_garp_leaves_what_the_file_says),
		cmocka_unit_test(test_intervals_have_the_steps_of_the_version),
		cmocka_unit_test(test_a_number_that_is_wrong_keeps_the_previous_one),
		cmocka_unit_test(test_the_last_of_two_values_wins_and_preempt_cancels),
		cmocka_unit_test(test_strict_mode_overrides),
		cmocka_unit_test(test_unicast_has_its_own_ttl),
		cmocka_unit_test(test_addresses_beyond_an_advert_are_excluded),
		cmocka_unit_test(test_address_options),
		cmocka_unit_test(test_a_missing_up_delay_is_the_down_delay),
		cmocka_unit_test(test_trackers_take_the_weight_of_what_they_follow),
		cmocka_unit_test(test_groups_without_members_keep_the_ids_dense),
		cmocka_unit_test(test_scripts_run_as_whom_the_file_says),
		cmocka_unit_test(test_an_unsafe_script_is_an_error_and_followed_by_nobody),
		cmocka_unit_test(test_a_line_that_begins_with_a_word_of_the_shell_is_the_shells_own),
		cmocka_unit_test(test_an_unknown_user_is_told_where_it_stands),
		cmocka_unit_test(test_an_unsafe_script_is_told_at_each_place),
		cmocka_unit_test(test_the_host_is_asked_once_per_script_user_and_interface),
		cmocka_unit_test(test_nobody_is_looked_up_where_there_is_no_script),
		cmocka_unit_test(test_source_that_is_another_machines_is_warned),
		cmocka_unit_test(test_owner_without_an_address_besides_its_own_is_warned),
		cmocka_unit_test(test_a_mistyped_interface_gets_a_hint),
		cmocka_unit_test(test_every_missing_interface_is_named),
		cmocka_unit_test(test_a_missing_interface_refuses_a_reload),
		cmocka_unit_test(test_the_sealed_copy_keeps_every_word),
		cmocka_unit_test(test_a_broken_sealed_copy_is_fatal),
		cmocka_unit_test(test_the_sealed_copy_takes_no_line_limit),
		cmocka_unit_test(test_explain_finds_keywords_contexts_and_aliases),
		cmocka_unit_test(test_coverage_counts_every_entry),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
