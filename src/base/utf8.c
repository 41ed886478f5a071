/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: what is valid UTF-8 (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF).
 * Must not know: whose text it is. */
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Length of the sequence that `first` begins; 0: none. */
static size_t length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

/* Whether the second byte makes the form overlong, a surrogate or too large. */
static bool second_fits(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	}
	return true;
}

/* How many bytes of the sequence at `s` are right: all of length_of(), or fewer. */
static size_t right_bytes(const char *s, size_t length)
{
	size_t n = 1;

	if (length > 1 && !second_fits((uint8_t)s[0], (uint8_t)s[1]))
		return 1;
	while (n < length && ((uint8_t)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

size_t utf8_sequence(const char *s)
{
	size_t length = length_of((uint8_t)*s);

	return length && right_bytes(s, length) == length ? length : 0;
}

void utf8_clean(char *text, size_t size)
{
	char *s = text;

	text[size - 1] = '\0';
	while (*s) {
		size_t length = length_of((uint8_t)*s), right = length ? right_bytes(s, length) : 0;

		if (length && right == length) {
			s += length;
		} else if (length && s[right] == '\0' && strlen(s) < length) {
			*s = '\0';
		} else {
			*s++ = '?';
		}
	}
}
