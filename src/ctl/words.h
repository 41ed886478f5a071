/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the model as the words that JSON and metrics show. */
#ifndef HF_CTL_WORDS_H
#define HF_CTL_WORDS_H

/* "no-advert" for CAUSE_NO_ADVERT, ... */
const char *words_cause(unsigned kind);
/* "script" for TRACK_SCRIPT, ... */
const char *words_tracker(unsigned kind);

#endif
