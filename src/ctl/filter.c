/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `status NAME...` asks for. Must not know how things are shown, but for their names. */
#include "ctl/filter.h"

#include <string.h>

#include "base/str.h"
#include "ctl/words.h"

/* The address in "[ADDRESS]:tcp:80". */
static bool address_of(const char *name, struct ip_addr *ret)
{
	const char *end = strchr(name, ']');
	char text[IP_TEXT_MAX];

	if (name[0] != '[' || !end || end - name >= (ptrdiff_t)sizeof(text))
		return false;
	str_copy(text, (size_t)(end - name), name + 1);
	return ip_parse(text, ret);
}

static bool is_called(const char *name, const char *asked)
{
	char shown[WORDS_ENDPOINT_MAX];
	struct ip_addr a, b;

	return str_eq(asked, name) || str_eq(asked, words_endpoint(name, true, shown)) ||
	       str_eq(asked, words_endpoint(name, false, shown)) ||
	       (ip_parse(asked, &a) && address_of(name, &b) && ip_equal(&a, &b));
}

bool filter_takes(const struct filter *f, const char *name)
{
	bool takes = f->n == 0;

	for (int i = 0; i < f->n; i++)
		if (is_called(name, f->names[i]))
			takes = f->found[i] = true;
	return takes;
}

bool filter_takes_instance(const struct filter *f, const struct snapshot *s,
			   const struct board_instance *i)
{
	bool takes = filter_takes(f, i->name);

	for (int k = 0; k < f->n; k++) {
		struct ip_addr a;

		if (!ip_parse(f->names[k], &a))
			continue;
		for (uint32_t n = 0; n < snapshot_count_vips(s, i); n++) {
			struct board_vip v;

			snapshot_vip(s, i, n, &v);
			if (ip_equal(&v.addr, &a))
				takes = f->found[k] = true;
		}
	}
	return takes;
}

/* An event does not count as found: what it was about may be gone. */
bool filter_takes_event(const struct filter *f, const struct board_event *e)
{
	const char *at = e->is_service ? e->text : "";

	if (f->n == 0)
		return true;
	for (int i = 0; i < f->n; i++)
		if (is_called(e->name, f->names[i]))
			return true;
	while ((at = strchr(at, '['))) {
		size_t n = strcspn(at, " ,"), left = n;
		char name[WORDS_ENDPOINT_MAX];

		while (left > 0 && (at[left - 1] == ':' || at[left - 1] == '.'))
			left--;
		str_copy(name, left + 1 < sizeof(name) ? left + 1 : sizeof(name), at);
		for (int i = 0; i < f->n; i++)
			if (is_called(name, f->names[i]))
				return true;
		at += n;
	}
	return false;
}
