/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocks that stand still, at 2026-11-25 07:04:14.5 UTC, 1,000 seconds after boot: what includes
 * this is the only file of a test that does.
 */
#ifndef WT_TESTS_UNIT_CLOCK_H
#define WT_TESTS_UNIT_CLOCK_H

#include <time.h>

#define NS_PER_S 1000000000ull
#define WALL_S	 1795590254
#define BOOT_S	 1000

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	*ts = (struct timespec){ .tv_sec = clock == CLOCK_REALTIME ? WALL_S : BOOT_S,
				 .tv_nsec = clock == CLOCK_REALTIME ? 500000000 : 0 };
	return 0;
}

#endif
