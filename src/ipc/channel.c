/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels: one SEQPACKET datagram is one message, a four byte header and the struct of its kind.
 * Everything received is held against the table (kind, sender, receiver, exact length, nothing cut)
 * before anybody sees it. Owns no descriptor but those in flight. Knows no meaning of a message.
 */
#include "ipc/channel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/message_rule.h"

/* Room for the burst of a start with ten thousand instances. */
#define CHANNEL_BUFFER (8 << 20)

int channel_pair(int ret_fds[2])
{
	int size = CHANNEL_BUFFER, fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
			(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
};

static void attach_fds(struct msghdr *msg, union fd_control *control, const int *fds, unsigned n)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(sizeof(int) * n);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
}

int channel_send(const struct channel *c, enum message_kind kind, const void *body, const int *fds,
		 unsigned n_fds)
{
	const struct message_rule *rule = message_rule_find(kind);
	struct message_header header = {.kind = (uint16_t)kind};
	struct iovec iov[2];
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	union fd_control control;
	ssize_t n;

	assert(rule && rule->from == c->self && rule->to == c->peer && n_fds <= MSG_FDS_MAX);
	header.from = (uint8_t)rule->from;
	header.to = (uint8_t)rule->to;
	iov[0] = (struct iovec){&header, sizeof(header)};
	iov[1] = (struct iovec){(void *)body, rule->length};
	if (n_fds > 0)
		attach_fds(&msg, &control, fds, n_fds);
	do
		n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	/* ENOBUFS and ETOOMANYREFS pass as the peer reads, like a full buffer. */
	return errno == ENOBUFS || errno == ETOOMANYREFS ? -EAGAIN : -errno;
}

/* Takes the descriptors out of the control data; those that nobody has room for are closed. */
static void take_fds(struct msghdr *msg, int fds[MSG_FDS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < MSG_FDS_MAX; i++)
		fds[i] = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n < MSG_FDS_MAX)
				fds[n++] = fd;
			else
				close(fd);
		}
	}
}

static bool obeys_table(const struct channel *c, const struct message_header *h, size_t length,
			int flags)
{
	const struct message_rule *rule = message_rule_find(h->kind);

	return !(flags & (MSG_TRUNC | MSG_CTRUNC)) && rule && h->from == rule->from &&
	       h->to == rule->to && rule->from == c->peer && rule->to == c->self &&
	       length == rule->length;
}

int channel_receive(const struct channel *c, struct message *ret)
{
	struct message_header header = {0};
	struct iovec iov[2] = {{&header, sizeof(header)}, {ret->bytes, sizeof(ret->bytes)}};
	union fd_control control;
	struct msghdr msg = {.msg_iov = iov,
			     .msg_iovlen = 2,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n;

	do
		n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -ECONNRESET;
	if (n == 0)
		return -ECONNRESET;
	take_fds(&msg, ret->fds);
	if ((size_t)n >= sizeof(header) &&
	    obeys_table(c, &header, (size_t)n - sizeof(header), msg.msg_flags)) {
		ret->kind = (enum message_kind)header.kind;
		return 1;
	}
	for (unsigned i = 0; i < MSG_FDS_MAX; i++) {
		if (ret->fds[i] >= 0)
			close(ret->fds[i]);
		ret->fds[i] = -1;
	}
	return -EPROTO;
}
