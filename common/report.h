/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows, totals and histograms as a table or a document: what `dump` and `trace -c` print.
 */
#ifndef WT_REPORT_H
#define WT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct choice;
struct heat;
struct tally;
struct wt_meta;

enum report_sort { REPORT_BYTES, REPORT_CALLS, REPORT_ERRORS, REPORT_LATENCY };

struct report_options {
	bool json;
	bool pretty;
	bool color;
	bool utf8;	    /* block characters may be used for bars */
	unsigned int width; /* columns of the terminal; 0: nothing is shortened */
	enum report_sort sort;
	uint64_t limit;		 /* rows at most; 0: all */
	const struct heat *heat; /* latency over time, for text on a terminal; or NULL */
};

/** report_parse_sort - the enum report_sort of that name: bytes, calls, errors, latency
 *
 * Return: 0, or -EINVAL with the reason in @why.
 */
int report_parse_sort(const char *name, enum report_sort *sort, struct buf *why);

/** report_sort_choice - what report_parse_sort() knows: a choice_fn */
bool report_sort_choice(size_t i, struct choice *choice);

/** report_by_name - name of one WT_BY_* bit: pid, comm, uid, cgroup, op, file; NULL for another */
const char *report_by_name(unsigned int bit);

/** report_parse_by - a comma-separated list of row keys
 *
 * @by gets the WT_BY_* bits.
 * Return: 0, or -EINVAL with the reason in @why.
 */
int report_parse_by(const char *list, uint32_t *by, struct buf *why);

/** report_by_choice - what report_parse_by() knows, which has no default: a choice_fn */
bool report_by_choice(size_t i, struct choice *choice);

/** report_print - a whole report; @meta says what the session is (no name: a `trace -c`)
 *
 * Return: 0 or -ENOMEM.
 */
int report_print(struct buf *out, const struct wt_meta *meta, const struct tally *tally,
		 const struct report_options *options);

/* One session as `dump --list` shows it. */
struct report_entry {
	const struct wt_meta *meta; /* NULL: of another layout; only name and note are known */
	const char *name;
	const char *note;     /* why nothing else is known, or NULL */
	uint64_t calls;	      /* operations seen */
	const uint64_t *lost; /* by enum wt_lost */
	const bool *known;
};

/** report_list - all sessions
 *
 * Return: 0 or -ENOMEM.
 */
int report_list(struct buf *out, const struct report_entry *entries, size_t n,
		const struct report_options *options);

#endif
