/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of a report for people: lines, histograms.
 */
#ifndef WT_REPORT_TEXT_H
#define WT_REPORT_TEXT_H

#include <stdint.h>

struct buf;
struct report;

/** report_put_time - append a CLOCK_REALTIME stamp as local time: "2026-11-25 07:01:02" */
void report_put_time(struct buf *out, uint64_t wall_ns);

/** report_put_by - append the names of WT_BY_* bits: "pid,file" */
void report_put_by(struct buf *out, uint32_t by);

/** report_put_wrapped - append what is in @line and a newline, broken at @width columns (0: not)
 *
 * Lines that go on begin with two spaces. An error of @line becomes that of @out.
 */
void report_put_wrapped(struct buf *out, const struct buf *line, unsigned int width);

/** report_put_hists - append histograms of operation @op, after an empty line
 *
 * Return: 0 or -ENOMEM.
 */
int report_put_hists(struct buf *out, const struct report *report, unsigned int op);

#endif
