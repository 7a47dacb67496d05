/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of a tally as they are shown: chosen, merged, in order.
 */
#ifndef WT_RANKING_H
#define WT_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "report.h"

struct tally_row;

/* One row, or several that are the same to people. */
struct ranking_row {
	const struct tally_row *key;
	struct wt_sums sums;
};

struct ranking {
	struct ranking_row *rows;
	size_t n;
};

/* What the user wants to see of the rows. All zero: everything. */
struct ranking_match {
	const char
		*text; /* part of a path or command name, or a pattern for one; "" or NULL: any */
	bool pattern;
	struct wt_glob glob;
};

/** ranking_match_set - want what @text says, which must stay
 *
 * With one of the wildcards of glob_compile() it has to match the whole of a path or command name,
 * unless it is no pattern after all. Else it has to be a part of one.
 */
void ranking_match_set(struct ranking_match *match, const char *text);

/** ranking_matches - whether the row's path or command name is wanted */
bool ranking_matches(const struct ranking_match *match, const struct tally_row *row);

/** ranking_make - rows that @match wants (NULL: all), those that do not differ in @by (WT_BY_*)
 * merged, the largest by @sort first
 *
 * They refer to @rows. Return: 0 or -ENOMEM; ranking_free() it in any case.
 */
int ranking_make(struct ranking *ranking, const struct tally_row *rows, size_t n, uint32_t by,
		 enum report_sort sort, const struct ranking_match *match);
void ranking_free(struct ranking *ranking);

#endif
