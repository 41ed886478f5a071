/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: names for the numbers of routing tables, scopes, protocols, ... as iproute2 knows them: its
 * files, and the names it has when there are none.
 * Must not know: what a number is used for.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/host.h"

static const char *const directories[] = {
	"/etc/iproute2",
	"/usr/share/iproute2",
	"/usr/lib/iproute2",
};

static const struct {
	const char *table, *name;
	uint32_t number;
} builtin[] = {
	{"rt_tables", "unspec", 0},    {"rt_tables", "default", 253},
	{"rt_tables", "main", 254},    {"rt_tables", "local", 255},
	{"rt_scopes", "global", 0},    {"rt_scopes", "site", 200},
	{"rt_scopes", "link", 253},    {"rt_scopes", "host", 254},
	{"rt_scopes", "nowhere", 255}, {"rt_protos", "unspec", 0},
	{"rt_protos", "redirect", 1},  {"rt_protos", "kernel", 2},
	{"rt_protos", "boot", 3},      {"rt_protos", "static", 4},
	{"rt_protos", "gated", 8},     {"rt_protos", "ra", 9},
	{"rt_protos", "mrt", 10},      {"rt_protos", "zebra", 11},
	{"rt_protos", "bird", 12},     {"rt_protos", "dnrouted", 13},
	{"rt_protos", "xorp", 14},     {"rt_protos", "ntk", 15},
	{"rt_protos", "dhcp", 16},     {"rt_protos", "keepalived", 18},
	{"rt_protos", "babel", 42},    {"rt_protos", "openr", 99},
	{"rt_protos", "bgp", 186},     {"rt_protos", "isis", 187},
	{"rt_protos", "ospf", 188},    {"rt_protos", "rip", 189},
	{"rt_protos", "eigrp", 192},   {"rt_dsfield", "default", 0x00},
	{"rt_dsfield", "CS1", 0x20},   {"rt_dsfield", "CS2", 0x40},
	{"rt_dsfield", "CS3", 0x60},   {"rt_dsfield", "CS4", 0x80},
	{"rt_dsfield", "CS5", 0xa0},   {"rt_dsfield", "CS6", 0xc0},
	{"rt_dsfield", "CS7", 0xe0},   {"rt_dsfield", "AF11", 0x28},
	{"rt_dsfield", "AF12", 0x30},  {"rt_dsfield", "AF13", 0x38},
	{"rt_dsfield", "AF21", 0x48},  {"rt_dsfield", "AF22", 0x50},
	{"rt_dsfield", "AF23", 0x58},  {"rt_dsfield", "AF31", 0x68},
	{"rt_dsfield", "AF32", 0x70},  {"rt_dsfield", "AF33", 0x78},
	{"rt_dsfield", "AF41", 0x88},  {"rt_dsfield", "AF42", 0x90},
	{"rt_dsfield", "AF43", 0x98},  {"rt_dsfield", "EF", 0xb8},
	{"rt_realms", "cosmos", 0},    {"group", "default", 0},
};

/* "254 main" or "0xb8 EF", anything may follow behind a blank. */
static bool line_matches(char *line, const char *name, uint32_t *ret)
{
	char *save, *number, *word, *end;
	unsigned long v;

	line[strcspn(line, "#")] = '\0';
	number = strtok_r(line, " \t\r\n", &save);
	word = number ? strtok_r(NULL, " \t\r\n", &save) : NULL;
	if (!word || !str_eq(word, name))
		return false;
	v = strtoul(number, &end, 0);
	if (*end || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool host_name_file(const char *path, const char *name, uint32_t *ret)
{
	FILE *f = fopen(path, "re");
	char line[512];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = line_matches(line, name, ret);
	fclose(f);
	return found;
}

/* The files of `rt_tables.d`. */
static bool name_directory(const char *dir, const char *name, uint32_t *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;
	char path[512];

	if (!d)
		return false;
	while (!found && (e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || !str_eq(dot, ".conf"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		found = host_name_file(path, name, ret);
	}
	closedir(d);
	return found;
}

bool host_name_table(void *ctx, const char *table, const char *name, uint32_t *ret)
{
	char path[128];

	for (unsigned i = 0; i < ARRAY_SIZE(directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", directories[i], table);
		if (host_name_file(path, name, ret))
			return true;
		snprintf(path, sizeof(path), "%s/%s.d", directories[i], table);
		if (name_directory(path, name, ret))
			return true;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(builtin); i++) {
		if (str_eq(builtin[i].table, table) && str_eq(builtin[i].name, name)) {
			*ret = builtin[i].number;
			return true;
		}
	}
	return false;
}
