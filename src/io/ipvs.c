/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the generic netlink socket of family IPVS, sending and receiving. The messages themselves
 * are built and read in ipvs_message.c.
 */
#include "io/ipvs.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/ipvs_message.h"

#define RECEIVE_SIZE ((size_t)64 * 1024)
#define BATCH_MAX 64
/* What the kernel charges for one acknowledgement against the receive buffer, at most. */
#define ACK_COST 1024
#define ANSWER_LIMIT 5 /* seconds; the kernel answers before the request returns */

struct ipvs {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t seq, port;
	unsigned batch_max; /* requests in one datagram, whose answers fit the receive buffer */
	char *batch;	/* BATCH_MAX * IPVS_REQUEST_MAX bytes */
	char *received; /* RECEIVE_SIZE bytes */
};

/* ---- one request and all that it answers ---- */

static ssize_t receive(struct ipvs *i)
{
	ssize_t n;

	do {
		n = mnl_socket_recvfrom(i->socket, i->received, RECEIVE_SIZE);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* What is left of answers to requests that were given up would be taken for other answers. */
static void drop_old_answers(struct ipvs *i)
{
	int fd = mnl_socket_get_fd(i->socket);
	ssize_t n;

	do {
		n = recv(fd, i->received, RECEIVE_SIZE, MSG_DONTWAIT);
	} while (n >= 0 || errno == ENOBUFS || errno == EINTR);
}

static int transmit(struct ipvs *i, const void *data, size_t len)
{
	drop_old_answers(i);
	return mnl_socket_sendto(i->socket, data, len) < 0 ? -errno : 0;
}

/* Reads answers to `seq` until the last; `parse` may be NULL. 0 or the kernel's -errno. */
static int read_answers(struct ipvs *i, uint32_t seq, mnl_cb_t parse, void *ctx)
{
	int r;

	do {
		ssize_t n = receive(i);

		if (n < 0)
			return -errno;
		r = mnl_cb_run(i->received, (size_t)n, seq, i->port, parse, ctx);
	} while (r > MNL_CB_STOP);
	return r < 0 ? -errno : 0;
}

static int request(struct ipvs *i, const struct nlmsghdr *h, mnl_cb_t parse, void *ctx)
{
	uint32_t seq = h->nlmsg_seq;
	int r = transmit(i, h, h->nlmsg_len);

	return r < 0 ? r : read_answers(i, seq, parse, ctx);
}

static struct nlmsghdr *begin(struct ipvs *i, uint8_t command, uint16_t flags)
{
	return ipvs_request(i->batch, i->family, command, flags, ++i->seq);
}

/* ---- opening ---- */

static int parse_family(const struct nlmsghdr *h, void *ctx)
{
	const struct nlattr *attr;
	uint16_t *family = ctx;

	mnl_attr_for_each(attr, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			*family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

/* Asking for the family by name makes the kernel load the module. */
static int find_family(struct ipvs *i)
{
	struct nlmsghdr *h =
		ipvs_request(i->batch, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK, ++i->seq);
	int r;

	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, "IPVS");
	r = request(i, h, parse_family, &i->family);
	return r < 0 ? r : i->family ? 0 : -ENOENT;
}

/* The family is there for everybody, what it does is not. */
static int may_use(struct ipvs *i)
{
	return request(i, begin(i, IPVS_CMD_GET_INFO, NLM_F_ACK), NULL, NULL);
}

static void set_rcvbuf(const struct ipvs *i, uint32_t size, bool force)
{
	int fd = mnl_socket_get_fd(i->socket), v = (int)size;

	if (size == 0)
		return;
	if (!force || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &v, sizeof(v)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v));
}

static unsigned batch_limit(const struct ipvs *i)
{
	socklen_t len = sizeof(int);
	int size = 0;

	if (getsockopt(mnl_socket_get_fd(i->socket), SOL_SOCKET, SO_RCVBUF, &size, &len) < 0 ||
	    size < ACK_COST)
		return 1;
	return size / ACK_COST < BATCH_MAX ? (unsigned)size / ACK_COST : BATCH_MAX;
}

static int open_socket(struct ipvs *i, uint32_t rcvbuf, bool force)
{
	const struct timeval limit = {.tv_sec = ANSWER_LIMIT};
	int on = 1;

	i->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!i->socket || mnl_socket_bind(i->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	i->port = mnl_socket_get_portid(i->socket);
	i->seq = (uint32_t)time(NULL);
	/* An error need not send the request back. */
	(void)mnl_socket_setsockopt(i->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(mnl_socket_get_fd(i->socket), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	set_rcvbuf(i, rcvbuf, force);
	i->batch_max = batch_limit(i);
	return find_family(i);
}

int ipvs_open(uint32_t rcvbuf, bool force, struct ipvs **ret)
{
	struct ipvs *i = calloc(1, sizeof(*i));
	int r;

	if (i) {
		i->batch = malloc((size_t)BATCH_MAX * IPVS_REQUEST_MAX);
		i->received = malloc(RECEIVE_SIZE);
	}
	if (!i || !i->batch || !i->received)
		abort();
	r = open_socket(i, rcvbuf, force);
	if (r == 0)
		r = may_use(i);
	if (r < 0)
		ipvs_close(i);
	else
		*ret = i;
	return r;
}

struct ipvs *ipvs_close(struct ipvs *i)
{
	if (!i)
		return NULL;
	if (i->socket)
		mnl_socket_close(i->socket);
	free(i->batch);
	free(i->received);
	free(i);
	return NULL;
}

/* ---- the present tables ---- */

struct reading {
	struct arena *a;
	struct service *service;
	bool found;
};

static int on_service(const struct nlmsghdr *h, void *ctx)
{
	struct reading *r = ctx;

	r->found = ipvs_read_service(h, r->service);
	return MNL_CB_OK;
}

static int on_dest(const struct nlmsghdr *h, void *ctx)
{
	struct reading *r = ctx;
	struct dest dest;

	if (ipvs_read_dest(h, r->service, &dest))
		*vec_add(r->a, &r->service->dests) = dest;
	return MNL_CB_OK;
}

/* Also what this kernel can't have is not there. */
static bool is_absent(int error)
{
	return error == -ESRCH || error == -ENOENT || error == -EAFNOSUPPORT;
}

static int read_service(struct ipvs *i, const struct service *key, struct reading *r)
{
	struct nlmsghdr *h = begin(i, IPVS_CMD_GET_SERVICE, NLM_F_ACK);
	int e;

	ipvs_put_service_key(h, key);
	e = request(i, h, on_service, r);
	if (e < 0)
		return is_absent(e) ? 0 : e;
	if (!r->found)
		return 0;
	h = begin(i, IPVS_CMD_GET_DEST, NLM_F_DUMP);
	ipvs_put_service_key(h, key);
	e = request(i, h, on_dest, r);
	return is_absent(e) ? 0 : e; /* it went meanwhile */
}

int ipvs_read(struct ipvs *i, const struct service_table *keys, struct arena *a,
	      struct service_table *ret)
{
	int e = 0;

	*ret = (struct service_table){0};
	for (unsigned k = 0; k < keys->services.n && e == 0; k++) {
		struct service s = {0};
		struct reading r = {.a = a, .service = &s};

		e = read_service(i, &keys->services.v[k], &r);
		if (r.found)
			vec_push(a, &ret->services, s);
	}
	return e;
}

/* ---- connections ---- */

struct count {
	struct dest_census *v;
	unsigned n;
};

static int on_count(const struct nlmsghdr *h, void *ctx)
{
	const struct count *c = ctx;
	const struct service *service = c->v[0].service;
	struct dest dest;

	if (!ipvs_read_dest(h, service, &dest))
		return MNL_CB_OK;
	for (unsigned k = 0; k < c->n; k++)
		if (ip_equal(&dest.addr, &c->v[k].dest->addr) && dest.port == c->v[k].dest->port)
			c->v[k].connections = ipvs_read_connections(h, service->key.protocol);
	return MNL_CB_OK;
}

int ipvs_census(struct ipvs *i, struct dest_census *v, unsigned n)
{
	struct count c = {.v = v, .n = n};
	struct nlmsghdr *h;

	if (!n)
		return 0;
	h = begin(i, IPVS_CMD_GET_DEST, NLM_F_DUMP);
	ipvs_put_service_key(h, v[0].service);
	return request(i, h, on_count, &c);
}

/* ---- changes ---- */

static uint8_t command_of(enum service_change_kind kind)
{
	static const uint8_t commands[] = {
		[SERVICE_ADD] = IPVS_CMD_NEW_SERVICE, [SERVICE_SET] = IPVS_CMD_SET_SERVICE,
		[DEST_ADD] = IPVS_CMD_NEW_DEST,	      [DEST_SET] = IPVS_CMD_SET_DEST,
		[DEST_DEL] = IPVS_CMD_DEL_DEST,	      [SERVICE_DEL] = IPVS_CMD_DEL_SERVICE,
	};

	return commands[kind];
}

static struct nlmsghdr *put_change(struct ipvs *i, char *at, enum service_change_kind kind,
				   const struct service_change *c)
{
	struct nlmsghdr *h = ipvs_request(at, i->family, command_of(kind), NLM_F_ACK, ++i->seq);

	if (kind == SERVICE_ADD || kind == SERVICE_SET || kind == SERVICE_DEL) {
		ipvs_put_service(h, c->service);
	} else {
		ipvs_put_service_of_dest(h, c->service);
		ipvs_put_dest(h, c->dest);
	}
	return h;
}

/* How the change has to be sent instead after this answer; the same kind: it stays as it is. */
static enum service_change_kind mended(enum service_change_kind kind, int error)
{
	if (error == -EEXIST)
		return kind == SERVICE_ADD ? SERVICE_SET : kind == DEST_ADD ? DEST_SET : kind;
	if (kind == DEST_SET && error == -ENOENT)
		return DEST_ADD;
	if (kind == SERVICE_SET && error == -ESRCH)
		return SERVICE_ADD;
	return kind;
}

/* What was to go is not there. */
static bool is_done(enum service_change_kind kind, int error)
{
	return (kind == DEST_DEL || kind == SERVICE_DEL) && (error == -ENOENT || error == -ESRCH);
}

static void mend(struct ipvs *i, struct service_change *c)
{
	enum service_change_kind kind = mended(c->kind, c->error);

	if (is_done(c->kind, c->error))
		c->error = 0;
	else if (kind != c->kind)
		c->error = request(i, put_change(i, i->batch, kind, c), NULL, NULL);
}

struct answers {
	struct service_change *v;
	uint32_t first; /* sequence number of v[0] */
	unsigned n, left;
};

static void note_answers(struct answers *a, const char *data, int len)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)data;

	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

		if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq - a->first >= a->n)
			continue;
		a->v[h->nlmsg_seq - a->first].error = e->error;
		a->left--;
	}
}

/* At most batch_max changes. An answer that is lost makes them fail: the caller looks again. */
static void apply_batch(struct ipvs *i, struct service_change *v, unsigned n)
{
	struct answers a = {.v = v, .first = i->seq + 1, .n = n, .left = n};
	char *at = i->batch;
	ssize_t got = 1;
	int r;

	for (unsigned k = 0; k < n; k++) {
		v[k].error = -EIO;
		at += MNL_ALIGN(put_change(i, at, v[k].kind, &v[k])->nlmsg_len);
	}
	r = transmit(i, i->batch, (size_t)(at - i->batch));
	while (r == 0 && a.left > 0 && got > 0) {
		got = receive(i);
		if (got > 0)
			note_answers(&a, i->received, (int)got);
		else
			r = got < 0 ? -errno : -EIO;
	}
	for (unsigned k = 0; k < n && a.left > 0; k++)
		if (v[k].error == -EIO)
			v[k].error = r < 0 ? r : -EIO;
}

unsigned ipvs_apply(struct ipvs *i, struct service_change *v, unsigned n)
{
	unsigned failed = 0;

	for (unsigned at = 0; at < n; at += i->batch_max)
		apply_batch(i, v + at, n - at < i->batch_max ? n - at : i->batch_max);
	for (unsigned k = 0; k < n; k++) {
		if (v[k].error < 0)
			mend(i, &v[k]);
		failed += v[k].error < 0;
	}
	return failed;
}

int ipvs_flush(struct ipvs *i)
{
	return request(i, begin(i, IPVS_CMD_FLUSH, NLM_F_ACK), NULL, NULL);
}

/* ---- settings ---- */

static int on_timeouts(const struct nlmsghdr *h, void *ctx)
{
	ipvs_read_timeouts(h, ctx);
	return MNL_CB_OK;
}

int ipvs_timeouts_get(struct ipvs *i, struct ipvs_timeouts *ret)
{
	*ret = (struct ipvs_timeouts){0};
	return request(i, begin(i, IPVS_CMD_GET_CONFIG, NLM_F_ACK), on_timeouts, ret);
}

int ipvs_timeouts_set(struct ipvs *i, const struct ipvs_timeouts *t)
{
	struct nlmsghdr *h = begin(i, IPVS_CMD_SET_CONFIG, NLM_F_ACK);

	ipvs_put_timeouts(h, t);
	return request(i, h, NULL, NULL);
}

static int sync_command(struct ipvs *i, uint8_t command, bool master,
			const struct conf_lvs_sync_daemon *d)
{
	struct nlmsghdr *h = begin(i, command, NLM_F_ACK);

	ipvs_put_sync_daemon(h, master, d);
	return request(i, h, NULL, NULL);
}

int ipvs_sync_start(struct ipvs *i, bool master, const struct conf_lvs_sync_daemon *d)
{
	return sync_command(i, IPVS_CMD_NEW_DAEMON, master, d);
}

int ipvs_sync_stop(struct ipvs *i, bool master, const struct conf_lvs_sync_daemon *d)
{
	return sync_command(i, IPVS_CMD_DEL_DAEMON, master, d);
}
