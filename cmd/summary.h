/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of trace --summary: what was counted, as dump shows it.
 */
#ifndef WT_SUMMARY_H
#define WT_SUMMARY_H

#include <stdint.h>

struct globals;
struct lines;
struct session;

/** summary_end - stop the session and write its report to the output of @lines
 *
 * @lost is filled, by enum wt_lost.
 * Return: 0 or -errno.
 */
int summary_end(struct session *session, struct lines *lines, const struct globals *globals,
		uint64_t *lost);

#endif
