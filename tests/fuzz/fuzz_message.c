/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any datagram on a channel between two processes: what breaks the table is dropped. */
#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/message_rule.h"

static const struct {
	enum process self, peer;
} ends[] = {
	{PROC_VRRP, PROC_SUPERVISOR}, {PROC_SUPERVISOR, PROC_VRRP}, {PROC_RUNNER, PROC_SUPERVISOR},
	{PROC_SUPERVISOR, PROC_RUNNER}, {PROC_RUNNER, PROC_VRRP}, {PROC_VRRP, PROC_RUNNER},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m;
	struct channel c;
	int fds[2], r;

	if (size < 2)
		return 0;
	MUST(channel_pair(fds) == 0);
	c = (struct channel){.fd = fds[1], .self = ends[data[0] % 6].self, .peer = ends[data[0] % 6].peer};
	if (send(fds[0], data + 1, size - 1, MSG_DONTWAIT) == (ssize_t)(size - 1)) {
		r = channel_receive(&c, &m);
		MUST(r == 1 || r == -EPROTO);
		if (r == 1) {
			const struct message_rule *rule = message_rule_find(m.kind);

			MUST(rule && rule->from == c.peer && rule->to == c.self);
			MUST(size - 1 == sizeof(struct message_header) + rule->length);
			for (unsigned i = 0; i < MSG_FDS_MAX; i++)
				MUST(m.fds[i] == -1);
		}
	}
	close(fds[0]);
	close(fds[1]);
	return 0;
}
