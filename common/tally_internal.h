/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the tally share: where it is read from.
 */
#ifndef WT_TALLY_INTERNAL_H
#define WT_TALLY_INTERNAL_H

#include "tally.h"

struct loss;

struct tally_source {
	const struct wt_meta *meta;
	struct loss *loss;
	struct wt_shared *shared; /* mapped */
	int totals;
	int other;
	int rows;
	int row_files; /* -1: not by file */
	int row_paths;
};

/* tally_rows.c: of one place (see WT_PLACES). Each returns 0 or -errno. */

/** tally_add_rows - add what place @place of each row holds to the row of that id, new or not */
int tally_add_rows(struct tally *tally, const struct tally_source *source, unsigned int place);

/** tally_find_files - look up the files of all rows */
int tally_find_files(struct tally *tally, const struct tally_source *source);

/** tally_add_sums - @sum gets what @more has */
void tally_add_sums(struct wt_sums *sum, const struct wt_sums *more);

/** tally_row_of - the row of that id, or NULL; rows are in the order of ids */
struct tally_row *tally_row_of(const struct tally *tally, uint64_t id);

#endif
