/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal that shows what we print: how large it is, and who holds its other side: tracing
 * them would make each line cause the next.
 */
#ifndef WT_TERMINAL_H
#define WT_TERMINAL_H

#include <stddef.h>

struct filter_task;

/** terminal_size - columns and lines of the terminal @fd
 *
 * COLUMNS, if set, is what the user says. 80 and 24 if nobody knows.
 */
void terminal_size(int fd, unsigned int *width, unsigned int *height);

/** terminal_watchers - ancestors of ours that hold the master side of the terminal @fd
 *
 * If @fd is none, as where lines go through a pager, that of standard error or input is meant.
 * @tasks has room for @max. Source: /proc/PID/fd and the tty-index in /proc/PID/fdinfo.
 * Return: how many were found; 0 if there is no pseudo-terminal.
 */
size_t terminal_watchers(int fd, struct filter_task *tasks, size_t max);

#endif
