/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that gives the terminal back should we be killed while ncurses has it.
 */
#ifndef WT_TOP_GUARD_H
#define WT_TOP_GUARD_H

#include <stdbool.h>

struct top_guard;

/** top_guard_start - from now on, until top_guard_set() or top_guard_end() says otherwise
 *
 * ncurses must have been started, and set as it will be.
 * Return: 0 or -errno.
 */
int top_guard_start(struct top_guard **guard);

/** top_guard_set - whether ncurses has the terminal */
void top_guard_set(struct top_guard *guard, bool on);

/** top_guard_end - it has not, and never will; @guard may be NULL */
void top_guard_end(struct top_guard *guard);

#endif
