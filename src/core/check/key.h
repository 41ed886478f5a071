/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes two checkers the same. The identity is everything that decides what is asked and what
 * counts as a good answer: a reload carries the verdict over between checkers of one identity. With
 * the timing it is the share key: checkers of one share key are one probe.
 */
#ifndef HF_CORE_CHECK_KEY_H
#define HF_CORE_CHECK_KEY_H

#include "base/buf.h"
#include "model/lvs.h"

struct check_key {
	uint64_t identity[2]; /* hash of kind, target, options and content; of MISC the words and user */
	uint64_t share[2];    /* of that and the timing, retry, alpha */
	uint64_t target;      /* of the probed address and port */
};

/* Depends on nothing but resolved values (equal in every process and generation). */
struct check_key check_key_of(const struct conf *conf, const struct conf_checker *c);
static inline bool check_key_same(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}
/* Index of the check process (of n) that probes it: by target, so that one target's probes stay together. */
unsigned check_key_process(const struct check_key *k, unsigned n);

#endif
