/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the report share: what is to be printed, put in order.
 */
#ifndef WT_REPORT_INTERNAL_H
#define WT_REPORT_INTERNAL_H

#include "report.h"

#include <linux/types.h>

#include "bpf/writetrace.h"
#include "tally.h"

/* A row as it is shown: it may be several of the tally. */
struct report_row {
	const struct tally_row *key;
	struct wt_sums sums;
};

struct report {
	const struct wt_meta *meta;
	const struct tally *tally;
	const struct report_options *options;
	bool latency;	   /* is known */
	bool latency_max;  /* too */
	uint64_t since_ns; /* CLOCK_REALTIME */
	uint64_t until_ns;
	struct report_row *rows; /* in order */
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
