/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of a report for people: lines, histograms.
 */
#ifndef WT_REPORT_TEXT_H
#define WT_REPORT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct report;
struct table;
struct wt_sums;

/** report_put_time - append a CLOCK_REALTIME stamp as local time: "2026-11-25 07:01:02" */
void report_put_time(struct buf *out, uint64_t wall_ns);

/** report_put_clock - the same without the day: "07:01:02" */
void report_put_clock(struct buf *out, uint64_t wall_ns);

/** report_put_by - append the names of WT_BY_* bits: "pid,file" */
void report_put_by(struct buf *out, uint32_t by);

/** report_put_wrapped - append what is in @line and a newline, broken at @width columns (0: not)
 *
 * That is between words or, of one that is too long, behind a comma. Lines that go on begin with
 * two spaces. An error of @line becomes that of @out.
 */
void report_put_wrapped(struct buf *out, const struct buf *line, unsigned int width);

/** report_put_bytes - append a number of bytes: exact, or in human units on a terminal */
void report_put_bytes(struct buf *out, const struct report *report, uint64_t bytes);

/** report_sums_columns - the columns of report_put_sums(): calls, bytes, errors */
void report_sums_columns(struct table *table, const struct report *report);
void report_put_sums(struct table *table, const struct report *report, const struct wt_sums *sums);

/** report_put_latency - a cell with a latency, in yellow if it is slow */
void report_put_latency(struct table *table, uint64_t ns);

/** report_put_average - a cell with the average latency, "-" if there is none */
void report_put_average(struct table *table, const struct wt_sums *sums);

/** report_put_all_lost - a cell with what was lost for any cause: "5", or "5?" if not each is known
 *
 * @lost, @known: by enum wt_lost
 */
void report_put_all_lost(struct table *table, const uint64_t *lost, const bool *known);

/** report_put_rows - append the table of rows that are shown, and of other; the header always
 *
 * Return: 0 or -errno.
 */
int report_put_rows(struct buf *out, const struct report *report);

/** report_put_hists - append histograms of operation @op, after an empty line
 *
 * Return: 0 or -ENOMEM.
 */
int report_put_hists(struct buf *out, const struct report *report, unsigned int op);

#endif
