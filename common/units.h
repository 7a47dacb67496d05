/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes, times and numbers, read from options and shown to people; no locale has a say.
 *
 * The readers take the whole string or nothing: -EINVAL for what is not a number (empty, signs,
 * white space, rubbish behind it), -ERANGE for one that is too large. On error nothing is stored.
 */
#ifndef WT_UNITS_H
#define WT_UNITS_H

#include <stdint.h>

struct buf;

#define UNITS_NS_PER_US	  1000ull
#define UNITS_NS_PER_MS	  1000000ull
#define UNITS_NS_PER_S	  1000000000ull
#define UNITS_NS_PER_MIN  (60 * UNITS_NS_PER_S)
#define UNITS_NS_PER_HOUR (3600 * UNITS_NS_PER_S)

/** units_parse_u64 - a decimal number, at most @max
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int units_parse_u64(const char *s, uint64_t max, uint64_t *out);

/** units_parse_size - a size in bytes: "4096", "4K", "8MB", "1GiB"
 *
 * K, M, G, T, P and E (of either case) are powers of 1024, with or without B or iB behind them; a
 * bare B is one byte. No fractions.
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int units_parse_size(const char *s, uint64_t *bytes);

/** units_parse_time_ns - a time in nanoseconds: "250us", "1.5s", "2m"
 *
 * Units are ns, us, ms, s, m and h. Decimal fractions are taken if they come to whole nanoseconds
 * ("1.5ns" is -EINVAL). @default_unit_ns is the unit, in nanoseconds and at most an hour, of a
 * number without one; 0 if the unit must be given.
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int units_parse_time_ns(const char *s, uint64_t default_unit_ns, uint64_t *ns);

/** units_size - append @bytes for people: "0 B", "1023 B", "195.3 KiB", "16.0 EiB" */
void units_size(struct buf *out, uint64_t bytes);

/** units_size_short - the same in at most seven columns, as ls -h has it: "0", "1023", "195.3K" */
void units_size_short(struct buf *out, uint64_t bytes);

/** units_time - append @ns for people: "999ns", "4.32us", "12.3ms", "1.25s", "2m03s", "1h02m"
 *
 * Below a minute it has at most three digits.
 */
void units_time(struct buf *out, uint64_t ns);

#endif
