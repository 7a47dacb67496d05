/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Latency over time, as a heat map: what `dump --interval` shows of the last slices of time.
 *
 *	latency by time, from 512ns to 131us
 *	07:04:12 |   ░▒▓█▒  ░|
 *	07:04:14 |   ░▒▓▒    |
 */
#ifndef WT_HEAT_H
#define WT_HEAT_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>

#include "bpf/writetrace.h"

struct buf;
struct tally;
struct wt_meta;

#define HEAT_SLICES 8 /* that are kept */

struct heat_slice {
	uint64_t end_ns; /* CLOCK_BOOTTIME */
	uint64_t hist[WT_HIST_BUCKETS];
};

/* All zero, but for what is said below, is one to begin with. */
struct heat {
	struct heat_slice slices[HEAT_SLICES]; /* the oldest first */
	unsigned int n;
	bool fractions; /* slices do not end at whole seconds' distance: times need milliseconds */
};

/** heat_add - one more slice, @tally is what came in it; the oldest one goes if there are too many
 */
void heat_add(struct heat *heat, const struct tally *tally);

/** heat_text - append a title and a line for each slice; nothing if there was no latency in any
 *
 * All have the same scale: from the fastest to the slowest of all, and as dark as there are many.
 * No line is wider than @width columns, which is not 0; the strips take what it allows: buckets
 * get several columns each, or share one. @meta tells what time it was.
 */
void heat_text(struct buf *out, const struct heat *heat, const struct wt_meta *meta,
	       unsigned int width, bool utf8);

#endif
