/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who shows what we print: tracing them would make each line cause the next.
 */
#ifndef WT_TERMINAL_H
#define WT_TERMINAL_H

#include <stddef.h>

struct filter_task;

/** terminal_watchers - ancestors of ours that hold the master side of the terminal @fd
 *
 * @tasks has room for @max. Source: /proc/PID/fd and the tty-index in /proc/PID/fdinfo.
 * Return: how many were found; 0 if @fd is no pseudo-terminal.
 */
size_t terminal_watchers(int fd, struct filter_task *tasks, size_t max);

#endif
