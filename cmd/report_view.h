/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a report is to look where it goes to.
 */
#ifndef WT_REPORT_VIEW_H
#define WT_REPORT_VIEW_H

#include "common/report.h"

struct globals;

/* Rows that text shows unless told otherwise. */
#define REPORT_ROWS 20

/** report_view - format, width and colour for the output @fd; rows as by default */
struct report_options report_view(const struct globals *globals, int fd, bool terminal);

#endif
