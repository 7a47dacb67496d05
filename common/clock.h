/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clocks of stamps.
 */
#ifndef WT_CLOCK_H
#define WT_CLOCK_H

#include <stdint.h>

/** clock_boot_ns - CLOCK_BOOTTIME as the kernel's programs and its tasks' starts have it, in ns
 *
 * In a time namespace (time_namespaces(7)) processes are shown another one, with an offset.
 */
uint64_t clock_boot_ns(void);

/** clock_wall_ns - CLOCK_REALTIME, in ns */
uint64_t clock_wall_ns(void);

/** clock_boot_offset_ns - how much later CLOCK_BOOTTIME is for us than for the kernel, in ns
 *
 * Source: /proc/self/timens_offsets; 0 if there is none.
 */
int64_t clock_boot_offset_ns(void);

/** clock_boot_offset_parse - the same, from one line of that file
 *
 * Return: 0; or -EINVAL if the line is not that of CLOCK_BOOTTIME.
 */
int clock_boot_offset_parse(const char *line, int64_t *offset_ns);

#endif
