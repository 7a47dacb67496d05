/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the report share: what is to be printed, put in order.
 */
#ifndef WT_REPORT_INTERNAL_H
#define WT_REPORT_INTERNAL_H

#include "report.h"

#include <linux/types.h>

#include "bpf/writetrace.h"
#include "ranking.h"
#include "tally.h"

struct report {
	const struct wt_meta *meta;
	const struct tally *tally;
	const struct report_options *options;
	uint32_t by;	   /* WT_BY_*: what rows are told apart by */
	uint64_t per_ns;   /* sums of rows are shown as so much a second; 0: as they are */
	bool latency;	   /* is known */
	bool latency_max;  /* too */
	uint64_t since_ns; /* CLOCK_REALTIME */
	uint64_t until_ns;
	const struct ranking_row *rows; /* in order */
	size_t n_shown;
	size_t n_hidden; /* behind them, for the limit */
	struct wt_sums hidden;
};

/** report_op_name - name of an enum wt_op; "unknown" for another */
const char *report_op_name(unsigned int op);

/** report_add - @sum gets what @more has */
void report_add(struct wt_sums *sum, const struct wt_sums *more);

/* report_text.c and report_json.c. Each returns 0 or -errno. */

int report_text(struct buf *out, const struct report *report);
int report_text_list(struct buf *out, const struct report_entry *entries, size_t n,
		     const struct report_options *options);
int report_json(struct buf *out, const struct report *report);
int report_json_list(struct buf *out, const struct report_entry *entries, size_t n,
		     const struct report_options *options);

#endif
