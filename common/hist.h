/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histograms with power-of-two buckets, as bpf/writetrace.h lays them out.
 */
#ifndef WT_HIST_H
#define WT_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct json;

/** hist_bucket - the bucket that counts @value; the same as the BPF side reckons */
unsigned int hist_bucket(uint64_t value);

/** hist_upper - the largest value that bucket @i counts: 1, 2, 4, 8, …; UINT64_MAX for the last */
uint64_t hist_upper(unsigned int i);

/** hist_span - first and last bucket that is not empty, 0 and 0 if all are
 *
 * Return: whether there is one.
 */
bool hist_span(const uint64_t counts[], unsigned int *first, unsigned int *last);

/** hist_percentile - upper bound of the bucket in which the @percent-th percentile lies; 0 if empty
 */
uint64_t hist_percentile(const uint64_t counts[], unsigned int percent);

/** hist_bar - append a bar of @count out of @most, @width columns for the most
 *
 * What is not 0 shows something. @utf8: in eighths of a column with block characters, else '#'.
 */
void hist_bar(struct buf *out, uint64_t count, uint64_t most, unsigned int width, bool utf8);

/** hist_text - append the buckets from the first to the last that is not empty, a line each
 *
 *	(512ns, 1.02us]   123 |########                |
 *
 * A range is without its lower bound and with its upper one. @put shows a bound in ASCII, as
 * units_time() and units_size() do. All lines are of the same width, what it is without the bar
 * depends on the values. Nothing for an empty histogram.
 */
void hist_text(struct buf *out, const uint64_t counts[],
	       void (*put)(struct buf *out, uint64_t value), unsigned int bar_width, bool utf8);

/** hist_most - the largest of @n counts */
uint64_t hist_most(const uint64_t counts[], unsigned int n);

/** hist_strip - append @n counts as one column each, the darker the larger, out of @most
 *
 *	 ░▒▓█▒
 *
 * What is not 0 shows something. Without @utf8 it is " .:*#".
 */
void hist_strip(struct buf *out, const uint64_t counts[], unsigned int n, uint64_t most, bool utf8);

/** hist_json - append [{"le_ns":1024,"count":17},…], buckets from the first to the last not empty
 *
 * @bound is the name of the upper bound, "le_ns" or "le", which is null for the last bucket of all.
 */
void hist_json(struct json *json, const char *key, const uint64_t counts[], const char *bound);

#endif
