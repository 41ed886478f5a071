/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the small option tables of the LVS half: forwarding methods, address with port, the SSL
 * block and the kernel's connection-sync daemon.
 */
#include "conf/schema/lvs.h"

/* ---- lvs_method and its options ---- */

static const struct choice methods[] = {
	{"NAT", LVS_NAT, "Masquerading; the only method that may change the port."},
	{"DR", LVS_DR, "Direct routing."},
	{"TUN", LVS_TUN, "Tunnelling; the real server may be of another family than the service."},
	{0},
};

static const struct choice tunnels[] = {
	{"ipip", LVS_TUN_IPIP, "IP-in-IP tunnel; takes neither port nor checksum option."},
	{"gue", LVS_TUN_GUE, "Generic UDP encapsulation; needs a port."},
	{"gre", LVS_TUN_GRE, "GRE tunnel; takes no port and no remcsum."},
	{0},
};

static const struct row forwarding_rows[] = {
	{"METHOD", ENUM(conf_forwarding, method, methods), .flags = ROW_POSITIONAL, .listed = "",
	 .list_choices = "virtual_server\tlvs_method:",
	 .help = "How packets reach the real server."},
	{"type", ENUM(conf_forwarding, tun_type, tunnels), .dflt = "ipip",
	 .listed = "virtual_server\tlvs_method:type",
	 .list_choices = "virtual_server\tlvs_method:", .help = "Encapsulation of a tunnel."},
	{"port", NUMBER(conf_forwarding, tun_port, 1, 65535), .dflt_text = "none; required for gue",
	 .listed = "virtual_server\tlvs_method:port", .help = "UDP port of a gue tunnel."},
	{"nocsum", FLAG(conf_forwarding, nocsum), .dflt_text = "this is the default",
	 .listed = "virtual_server\tlvs_method:nocsum", .help = "No tunnel checksum."},
	{"csum", FLAG(conf_forwarding, csum), .dflt_text = "off",
	 .listed = "virtual_server\tlvs_method:csum", .help = "Tunnel checksum, for gue and gre."},
	{"remcsum", FLAG(conf_forwarding, remcsum), .dflt_text = "off",
	 .listed = "virtual_server\tlvs_method:remcsum",
	 .help = "Remote checksum offload, for gue only."},
};

/* Why the words don't go together; NULL when they do. */
static const char *forwarding_fault(const struct conf_forwarding *f)
{
	bool options = f->nocsum || f->csum || f->remcsum;

	if (f->method != LVS_TUN)
		return options || f->tun_port ||
				       block_is_set(f, block_bit(&schema_forwarding, "type"))
			       ? "only TUN takes options"
			       : NULL;
	if (f->nocsum + f->csum + f->remcsum > 1)
		return "nocsum, csum and remcsum exclude each other";
	if (f->tun_type == LVS_TUN_GUE)
		return f->tun_port ? NULL : "a gue tunnel needs a port";
	if (f->tun_port)
		return "only a gue tunnel takes a port";
	if (f->tun_type == LVS_TUN_IPIP && options)
		return "an ipip tunnel takes no checksum option";
	return f->remcsum ? "a gre tunnel takes no remcsum" : NULL;
}

static bool forwarding_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_forwarding *f = obj;
	const char *fault = forwarding_fault(f);

	f->tun_flags = f->csum ? LVS_TUN_CSUM : f->remcsum ? LVS_TUN_REMCSUM : LVS_TUN_NOCSUM;
	if (fault)
		diag_add(b->diags, DIAG_ERROR, "bad-method", stmt->at,
			 "%s; the statement is ignored", fault)
			->expected = METHOD_ARGS;
	return !fault;
}

const struct block schema_forwarding =
	BLOCK(INLINE, conf_forwarding, forwarding_rows, .contexts = "", .owner = OWNER_LVS,
	      .reload = RELOAD_LIVE, .finish = forwarding_finish,
	      .help = "A forwarding method.");

/* ---- an address with a port ---- */

static const struct row endpoint_rows[] = {
	{"IPADDR", IP(conf_endpoint, addr, 0), .flags = ROW_POSITIONAL, .listed = "",
	 .help = "Address."},
	{"PORT", NUMBER(conf_endpoint, port, 0, 65535), .flags = ROW_POSITIONAL | ROW_OPTIONAL,
	 .listed = "", .help = "Port; 0 is the same as none."},
};

const struct block schema_endpoint =
	BLOCK(INLINE, conf_endpoint, endpoint_rows, .contexts = "", .owner = OWNER_LVS,
	      .reload = RELOAD_LIVE, .help = "An address with a port.");

/* ---- SSL ---- */

static const struct row ssl_rows[] = {
	{"password", STRING(conf_ssl, password), .args = "TEXT", .dflt_text = "none",
	 .help = "Passphrase of the private key."},
	{"ca", STRING(conf_ssl, ca), .args = "FILE", .dflt_text = "none",
	 .help = "PEM file of trusted CA certificates."},
	{"certificate", STRING(conf_ssl, certificate), .args = "FILE", .dflt_text = "none",
	 .help = "PEM file of the client certificate, with its chain."},
	{"key", STRING(conf_ssl, key), .args = "FILE", .dflt_text = "none",
	 .help = "PEM file of the client's private key."},
};

/* A second block goes on filling the first one. */
static bool ssl_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	const struct conf_ssl *ssl = obj;

	if (ssl->block.at.line != stmt->at.line || ssl->block.at.col != stmt->at.col ||
	    ssl->block.at.file != stmt->at.file)
		diag_add(b->diags, DIAG_WARNING, "given-twice", stmt->at,
			 "there was an SSL block before; what this one says counts instead");
	return true;
}

const struct block schema_ssl =
	BLOCK(KEYWORDS, conf_ssl, ssl_rows, .contexts = "SSL", .owner = OWNER_CHECK,
	      .reload = RELOAD_LIVE, .finish = ssl_finish,
	      .help = "Client TLS material of all SSL_GET checkers.");

/* ---- global_defs/lvs_sync_daemon ---- */

/* IFNAME [[inst] INSTANCE [ID]]: the old form has no words before the name and the number. */
static bool sync_bare(struct bind *b, void *obj, struct cursor *c)
{
	struct conf_lvs_sync_daemon *d = obj;
	const struct conf_word *w = cursor_peek(c);
	int64_t n;

	if (w->text[0] >= '0' && w->text[0] <= '9') {
		if (!bind_number(b, cursor_take(c), false, 0, 255, &n))
			return true;
		d->sync_id = (uint8_t)n;
		block_mark(d, block_bit(&schema_lvs_sync_daemon, "id"));
		diag_add(b->diags, DIAG_WARNING, "deprecated", w->at,
			 "a bare number is an old spelling")
			->hint = arena_printf(b->a, "write `id %s`", w->text);
		return true;
	}
	if (d->instance_name)
		return false;
	d->instance_name = cursor_take(c)->text;
	block_mark(d, block_bit(&schema_lvs_sync_daemon, "inst"));
	return true;
}

static bool sync_finish(struct bind *b, void *obj, const struct conf_stmt *stmt)
{
	struct conf_lvs_sync_daemon *d = obj;

	d->instance = CONF_NONE;
	if (ip_is_set(&d->group) && !ip_is_multicast(&d->group)) {
		diag_add(b->diags, DIAG_ERROR, "bad-address", stmt->at,
			 "the group of lvs_sync_daemon is no multicast address; it is ignored");
		block_drop(&schema_lvs_sync_daemon, d, block_bit(&schema_lvs_sync_daemon, "group"));
	}
	return true;
}

static const struct row sync_rows[] = {
	{"IFNAME", IFNAME(conf_lvs_sync_daemon, interface), .flags = ROW_POSITIONAL,
	 .help = "Interface the sync daemon sends and listens on."},
	{"inst", STRING(conf_lvs_sync_daemon, instance_name), .args = "INSTANCE",
	 .dflt_text = "none: master and backup run all the time",
	 .help = "Instance whose state decides between master and backup."},
	{"id", NUMBER(conf_lvs_sync_daemon, sync_id, 0, 255),
	 .dflt_text = "VRID of the instance, else 0", .help = "Sync id, the same on all nodes."},
	{"maxlen", NUMBER(conf_lvs_sync_daemon, maxlen, 1, 65507), .dflt_text = "the kernel's",
	 .unit = "bytes", .help = "Largest sync packet."},
	{"port", NUMBER(conf_lvs_sync_daemon, port, 1, 65535), .dflt_text = "8848",
	 .help = "UDP port."},
	{"ttl", NUMBER(conf_lvs_sync_daemon, ttl, 1, 255), .dflt_text = "the kernel's",
	 .help = "TTL of sync packets."},
	{"group", IP(conf_lvs_sync_daemon, group, 0), .dflt_text = "224.0.0.81",
	 .help = "Multicast group of sync packets."},
};

const struct block schema_lvs_sync_daemon =
	BLOCK(INLINE, conf_lvs_sync_daemon, sync_rows, .contexts = "global_defs/lvs_sync_daemon",
	      .owner = OWNER_LVS, .reload = RELOAD_LIVE, .bare = sync_bare,
	      .finish = sync_finish, .help = "The kernel's connection-sync daemon.");
