/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things are when nobody says: the configuration file. */
#include <unistd.h>

#include "base/str.h"
#include "proc/supervisor/supervisor.h"

static const char *const usual_places[] = {
	"/etc/holdfast/holdfast.conf",
	"/etc/keepalived/keepalived.conf",
};

const char *supervisor_conf_path(const char *asked)
{
	if (asked)
		return asked;
	for (size_t i = 0; i < ARRAY_SIZE(usual_places); i++)
		if (access(usual_places[i], F_OK) == 0)
			return usual_places[i];
	return usual_places[0];
}
