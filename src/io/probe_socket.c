/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: making a socket as a checker is configured (LVS behaviour 7): mark, interface, source address
 * and port, connect; and which errors are the peer's and which are ours.
 * Must not know: what is said over it.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/probe_internal.h"

#define KEPT_MAX 8192			   /* sockets, each of some 4 kB in the kernel */
#define KEPT_FOR_MAX (10 * USEC_PER_SEC) /* for a run that is further away it does not pay */

bool probe_error_is_verdict(int error)
{
	switch (error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ECONNREFUSED:
	case EHOSTDOWN:
	case ENETDOWN:
	case ECONNRESET:
	case ECONNABORTED:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

socklen_t probe_socket_address(struct sockaddr_storage *ss, const struct ip_addr *ip, uint16_t port,
			       const char *bind_if)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *in = (struct sockaddr_in *)ss;

	if (ip->family == IP_V4) {
		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&in->sin_addr, ip->b, 4);
		return sizeof(*in);
	}
	*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memcpy(&in6->sin6_addr, ip->b, 16);
	if (bind_if && ip_is_link_local(ip))
		in6->sin6_scope_id = if_nametoindex(bind_if);
	return sizeof(*in6);
}

static bool set_option(struct probe *p, int level, int name, int value)
{
	return setsockopt(p->fd, level, name, &value, sizeof(value)) == 0;
}

/* No local address to bind to is trouble of ours, whatever the error. */
static bool undecided(struct probe *p, const char *what)
{
	struct probe_engine *e = p->engine;
	char text[80];

	probe_error_text(errno, text, sizeof(text));
	snprintf(e->reason, sizeof(e->reason), "%s: %s", what, text);
	probe_finish(p, PROBE_UNDECIDED, e->reason);
	return false;
}

static bool bind_source(struct probe *p, int type)
{
	const struct conf_check_socket *c = p->conf;
	struct ip_addr from = c->bindto;
	struct sockaddr_storage ss;
	socklen_t len;

	if (!ip_is_set(&from))
		from.family = c->connect_ip.family;
	if (c->bind_port)
		(void)set_option(p, SOL_SOCKET, SO_REUSEADDR, 1);
	else if (type == SOCK_STREAM)
		(void)set_option(p, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	len = probe_socket_address(&ss, &from, c->bind_port, c->bind_if);
	return bind(p->fd, (struct sockaddr *)&ss, len) == 0 || undecided(p, "the source address");
}

/* The next run will connect from the same port to the same port: there must be no TIME_WAIT. */
static void leave_no_trace(struct probe *p)
{
	const struct linger hard = {.l_onoff = 1};

	(void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static bool set_up(struct probe *p, int type)
{
	const struct conf_check_socket *c = p->conf;

	if (c->fwmark && !set_option(p, SOL_SOCKET, SO_MARK, (int)c->fwmark))
		return undecided(p, "the fwmark");
	if (c->bind_if && setsockopt(p->fd, SOL_SOCKET, SO_BINDTODEVICE, c->bind_if,
				     (socklen_t)strlen(c->bind_if) + 1) < 0)
		return undecided(p, c->bind_if);
	if ((ip_is_set(&c->bindto) || c->bind_port) && !bind_source(p, type))
		return false;
	if (c->bind_port && type == SOCK_STREAM)
		leave_no_trace(p);
	return true;
}

static bool get_socket(struct probe *p, int type)
{
	if (p->kept) {
		p->kept = false;
		p->engine->n_kept--;
		return true;
	}
	p->watched = false;
	p->fd = socket(p->conf->connect_ip.family == IP_V4 ? AF_INET : AF_INET6,
		       type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return p->fd < 0 ? undecided(p, "no socket") : set_up(p, type);
}

int probe_socket_connect(struct probe *p, int type)
{
	const struct conf_check_socket *c = p->conf;
	struct sockaddr_storage ss;
	socklen_t len;

	if (!get_socket(p, type))
		return -EINVAL;
	if (p->speaks_first && type == SOCK_STREAM)
		(void)set_option(p, IPPROTO_TCP, TCP_QUICKACK, 0);
	len = probe_socket_address(&ss, &c->connect_ip, c->connect_port, c->bind_if);
	if (connect(p->fd, (struct sockaddr *)&ss, len) == 0)
		return 0;
	if (errno == EINPROGRESS)
		return -EINPROGRESS;
	probe_give_up(p, "", errno);
	return -EINVAL;
}

/* ---- the end ---- */

unsigned probe_socket_keep_max(void)
{
	long files = sysconf(_SC_OPEN_MAX);

	return files > 0 && files / 2 < KEPT_MAX ? (unsigned)files / 2 : KEPT_MAX;
}

/* Not one that is bound to anything: that may change under it. */
static bool may_be_kept(const struct probe *p)
{
	const struct conf_check_socket *c = p->conf;

	return c->check.timing.delay_loop <= KEPT_FOR_MAX && !ip_is_set(&c->bindto) && !c->bind_port &&
	       !c->bind_if && p->engine->n_kept < p->engine->keep_max;
}

/* To the peer the same as leave_no_trace() and close(); it saves a tenth of what a run costs. The next
 * one gets another port, but the numbers of its bytes can be foreseen by who knows those of this one. So
 * there is no pool: a socket stays with its peer. */
static bool keep(struct probe *p)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	if (!may_be_kept(p) || connect(p->fd, &nobody, sizeof(nobody)) < 0)
		return false;
	p->kept = true;
	p->engine->n_kept++;
	return true;
}

/* When all is said, what is left is our FIN, its acknowledgement and the peer's TIME_WAIT. */
void probe_socket_end(struct probe *p)
{
	bool all_said = p->peer_closed && p->speaks_first && p->transport == PROBE_STREAM;

	if (p->fd < 0 || (all_said && keep(p)))
		return;
	if (all_said)
		leave_no_trace(p);
	close(p->fd);
	p->fd = -1;
}

void probe_socket_clear(struct probe *p)
{
	p->kept = false;
	p->engine->n_kept--;
	close(p->fd);
	p->fd = -1;
}
