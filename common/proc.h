/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc says of a process (proc(5)).
 */
#ifndef WT_PROC_H
#define WT_PROC_H

#include <stdint.h>

/** proc_task_start - when a process (@tid 0) or one of its threads was started
 *
 * Return: 0 with the kernel's CLOCK_BOOTTIME in ns (clock.h), rounded down to 10 ms, in @start_ns;
 * or -ESRCH.
 */
int proc_task_start(uint32_t pid, uint32_t tid, uint64_t *start_ns);

/** proc_status - a number in /proc/PID/status, our own for @pid 0, in this base
 *
 * Return: 0 or -ESRCH.
 */
int proc_status(uint32_t pid, const char *field, int base, unsigned long long *value);

#endif
