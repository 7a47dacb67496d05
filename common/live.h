/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session that goes on, as the lines of a screen: what trace --top shows.
 *
 * Lines are text with no other escape sequences than SGR: 7 (reverse), 1 (bold), 31 (red), 33
 * (yellow), and 0 or none to end them.
 */
#ifndef WT_LIVE_H
#define WT_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"

struct buf;
struct ranking_match;
struct tally;
struct wt_meta;

struct live {
	const struct wt_meta *meta;
	const struct tally *now;    /* all since the start */
	const struct tally *recent; /* what came in the last recent_ns */
	uint64_t recent_ns;
	uint32_t by; /* WT_BY_*, of those of the session */
	enum report_sort sort;
	const struct ranking_match *match;
	const char *notice; /* for the last line, instead of the keys; or NULL */
	bool since_start;   /* rows are of now, not of recent */
	bool paused;
	bool help;    /* instead of rows */
	bool footer;  /* it goes on, and there are keys to press */
	bool reverse; /* for the header */
	bool color;
	bool utf8;
	unsigned int width; /* columns, not 0 */
	unsigned int height;
};

/** live_text - append at most height lines, of at most width columns
 *
 * With a footer that is the last line of the screen.
 * Return: 0 or -ENOMEM.
 */
int live_text(struct buf *out, const struct live *live);

/** live_next_by - what rows are told apart by after @by: all that the session knows (@all), then
 * each alone; with pid the command name is known, too */
uint32_t live_next_by(uint32_t by, uint32_t all);

#endif
