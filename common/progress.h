/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What takes longer than a second says what it is doing: one line on stderr, if that is a terminal
 * and notes are wanted, which is taken away again in the end.
 *
 *	writetrace: trying backend fentry...
 *
 * Nobody but us may write to the terminal meanwhile: progress_clear() or progress_end() before.
 */
#ifndef WT_PROGRESS_H
#define WT_PROGRESS_H

struct progress;

/** progress_start - from now on; with what is done first
 *
 * The second is measured by a thread, which ends with it.
 * Return: NULL if nothing is to be said, or cannot be, which the other functions accept.
 */
struct progress *progress_start(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** progress_say - what is done from now on */
void progress_say(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** progress_clear - take the line away until progress_say() is called again */
void progress_clear(struct progress *progress);

/** progress_end - take the line away, and no other will come */
void progress_end(struct progress *progress);

#endif
