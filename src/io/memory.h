/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the process holds its memory: configurations come and go, and must not leave their size behind. */
#ifndef HF_IO_MEMORY_H
#define HF_IO_MEMORY_H

/* At the start, before anything is allocated: one heap for all threads, large blocks apart from it. */
void memory_init(void);

/* After something large was freed: what the heap does not need goes back. */
void memory_trim(void);

#endif
