// SPDX-License-Identifier: GPL-2.0-only
#include "heap.h"

#include <malloc.h>
#include <sys/prctl.h>

void heap_keep(bool keep)
{
	const int usual = 128 << 10, most = 32 << 20; /* mallopt(3) */

	mallopt(M_MMAP_THRESHOLD, keep ? most : usual);
	mallopt(M_TRIM_THRESHOLD, keep ? most : usual);
	if (!keep) {
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
		malloc_trim(0);
	}
}
