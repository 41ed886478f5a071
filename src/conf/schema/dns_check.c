/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the rows of DNS_CHECK. RFC 1035 2.3.4: labels of 1 to 63 bytes, names of at most 255. */
#include "conf/schema/lvs.h"

#define LABEL_MAX 63
#define NAME_MAX_TEXT 253 /* without the trailing dot */

static const struct choice types[] = {
	{"A", 1, "IPv4 addresses."},	   {"NS", 2, "Name servers."},
	{"CNAME", 5, "Canonical name."},   {"SOA", 6, "Start of a zone."},
	{"MX", 15, "Mail exchangers."},	   {"TXT", 16, "Text."},
	{"AAAA", 28, "IPv6 addresses."},   {"RRSIG", 46, "Signatures."},
	{"DNSKEY", 48, "Keys of a zone."}, {0},
};

static bool name_is_valid(const char *name)
{
	size_t n = strlen(name), label;

	if (str_eq(name, "."))
		return true;
	if (n && name[n - 1] == '.')
		n--;
	if (!n || n > NAME_MAX_TEXT)
		return false;
	for (size_t i = 0; i <= n; i += label + 1) {
		label = strcspn(name + i, ".");
		if (label > n - i)
			label = n - i;
		if (!label || label > LABEL_MAX)
			return false;
	}
	return true;
}

static bool parse_name(struct bind *b, const struct row *row, void *obj, struct cursor *c)
{
	struct conf_check_dns *dns = obj;
	const struct conf_word *w = cursor_need(b, c, row->args);

	if (!w)
		return false;
	if (!name_is_valid(w->text))
		return bind_bad_word(b, w, "bad-name",
				     "labels of 1 to 63 bytes between dots, or . for the root",
				     "`%s` is not a domain name");
	dns->name = w->text;
	return true;
}

static void print_name(struct text *t, const struct row *row, const void *obj)
{
	const struct conf_check_dns *dns = obj;

	print_word(t, dns->name);
}

static const struct row rows[] = {
	{"(check_common)", DOC(),
	 .help = "All words of check_common; retry is 3 and delay_before_retry the delay_loop "
		 "unless said."},
	{"type", ENUM(conf_check_dns, type, types), .flags = ROW_NOCASE, .dflt = "SOA",
	 .list_choices = "DNS_CHECK\ttype:", .help = "Record type to ask for."},
	{"name", HANDLER(conf_check_dns, name, parse_name, print_name), .flags = ROW_FIRST_WINS,
	 .args = "DOMAIN", .dflt_text = "the root", .help = "Name to ask for."},
	REFUSE_NB_GET_RETRY,
};

const struct block schema_dns_check =
	BLOCK_ON(KEYWORDS, conf_check_dns, rows, &schema_check_socket, .contexts = "DNS_CHECK",
		 .help = "Asks a name server over UDP; any answer without an error is good.");
