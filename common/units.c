// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes, times and numbers, read from options and shown to people, in whole-number arithmetic.
 */
#include "units.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "buf.h"

static bool units_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *s, which is moved behind them. A number that is too large is 0 and -ERANGE, but is
 * read to its end: rubbish behind it is the graver error.
 */
static int units_digits(const char **s, uint64_t *out)
{
	uint64_t v = 0;
	int err = 0;

	if (!units_is_digit(**s))
		return -EINVAL;
	for (; units_is_digit(**s); ++*s) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, **s - '0', &v))
			err = -ERANGE;
	}
	*out = v;
	return err;
}

int units_parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v;
	int err;

	err = units_digits(&s, &v);
	if (err == -EINVAL || *s)
		return -EINVAL;
	if (err || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int units_parse_size(const char *s, uint64_t *bytes)
{
	static const char letters[] = "KMGTPEkmgtpe";
	const char *letter;
	unsigned int shift = 0;
	uint64_t v;
	int err;

	err = units_digits(&s, &v);
	if (err == -EINVAL)
		return err;
	letter = *s ? strchr(letters, *s) : NULL;
	if (letter) {
		shift = 10 * ((letter - letters) % 6 + 1);
		s++;
	}
	if (*s && strcmp(s, "B") && !(letter && !strcmp(s, "iB")))
		return -EINVAL;
	if (err || v > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = v << shift;
	return 0;
}

static int units_time_unit(const char *s, uint64_t default_unit_ns, uint64_t *unit_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", UNITS_NS_PER_US },
		{ "ms", UNITS_NS_PER_MS },
		{ "s", UNITS_NS_PER_S },
		{ "m", UNITS_NS_PER_MIN },
		{ "h", UNITS_NS_PER_HOUR },
	};

	if (!*s && default_unit_ns) {
		*unit_ns = default_unit_ns;
		return 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(s, units[i].name)) {
			*unit_ns = units[i].ns;
			return 0;
		}
	}
	return -EINVAL;
}

/* The digits from start up to end, read as 0.DIGITS, of a unit. From the last digit on, each
 * division by ten must come out even, or the whole does not.
 */
static int units_fraction(const char *start, const char *end, uint64_t unit_ns, uint64_t *ns)
{
	uint64_t v = 0;

	while (end > start) {
		v += (*--end - '0') * unit_ns;
		if (v % 10)
			return -EINVAL;
		v /= 10;
	}
	*ns = v;
	return 0;
}

int units_parse_time_ns(const char *s, uint64_t default_unit_ns, uint64_t *ns)
{
	const char *fraction = NULL, *end;
	uint64_t v, unit_ns, part_ns;
	int err, range;

	range = units_digits(&s, &v);
	if (range == -EINVAL)
		return range;
	end = s;
	if (*s == '.') {
		fraction = ++s;
		while (units_is_digit(*s))
			s++;
		end = s;
		if (end == fraction)
			return -EINVAL;
	}
	err = units_time_unit(s, default_unit_ns, &unit_ns);
	if (err)
		return err;
	err = units_fraction(fraction ? fraction : end, end, unit_ns, &part_ns);
	if (err)
		return err;
	if (range || __builtin_mul_overflow(v, unit_ns, &v) ||
	    __builtin_add_overflow(v, part_ns, &v))
		return -ERANGE;
	*ns = v;
	return 0;
}

/* "195.3" and @gap and the letter; of bytes the number alone. Returns whether there was a letter.
 */
static bool put_size(struct buf *out, uint64_t bytes, const char *gap)
{
	static const char letters[] = "KMGTPE";
	uint64_t whole = bytes, tenths = 0;
	unsigned int shift = 0;

	/* Rounding may carry 1023.95 KiB over to the next unit, hence the test on the result. */
	while (whole >= 1024) {
		shift += 10;
		whole = bytes >> shift;
		tenths = bytes & ((1ull << shift) - 1);
		tenths = (tenths * 10 + (1ull << (shift - 1))) >> shift;
		whole += tenths / 10;
		tenths %= 10;
	}
	buf_u64(out, whole);
	if (!shift)
		return false;
	buf_putc(out, '.');
	buf_u64(out, tenths);
	buf_puts(out, gap);
	buf_putc(out, letters[shift / 10 - 1]);
	return true;
}

void units_size(struct buf *out, uint64_t bytes)
{
	buf_puts(out, put_size(out, bytes, " ") ? "iB" : " B");
}

void units_size_short(struct buf *out, uint64_t bytes)
{
	put_size(out, bytes, "");
}

static void units_two_digits(struct buf *out, unsigned int v)
{
	buf_putc(out, '0' + v / 10);
	buf_putc(out, '0' + v % 10);
}

/* ns as a number of units with three digits: 4.32, 12.3 or 999. Return: false, with nothing
 * written, if that rounds to limit or more.
 */
static bool units_three_digits(struct buf *out, uint64_t ns, uint64_t unit_ns, unsigned int limit)
{
	/* rounded to the least step that leaves three digits */
	for (uint64_t step = unit_ns / 100, per = 100; per; step *= 10, per /= 10) {
		uint64_t v = (ns + step / 2) / step;

		if (v >= 1000)
			continue;
		if (v >= limit * per)
			return false;
		buf_u64(out, v / per);
		if (per > 1)
			buf_putc(out, '.');
		if (per == 100)
			units_two_digits(out, v % per);
		else if (per == 10)
			buf_u64(out, v % per);
		return true;
	}
	return false;
}

void units_time(struct buf *out, uint64_t ns)
{
	uint64_t v;

	if (ns < 1000) {
		buf_u64(out, ns);
		buf_put(out, "ns", 2);
	} else if (ns < UNITS_NS_PER_MS && units_three_digits(out, ns, UNITS_NS_PER_US, 1000)) {
		buf_put(out, "us", 2);
	} else if (ns < UNITS_NS_PER_S && units_three_digits(out, ns, UNITS_NS_PER_MS, 1000)) {
		buf_put(out, "ms", 2);
	} else if (ns < UNITS_NS_PER_MIN && units_three_digits(out, ns, UNITS_NS_PER_S, 60)) {
		buf_putc(out, 's');
	} else {
		v = ns / UNITS_NS_PER_S + (ns % UNITS_NS_PER_S >= UNITS_NS_PER_S / 2);
		if (v < 3600) {
			buf_u64(out, v / 60);
			buf_putc(out, 'm');
			units_two_digits(out, v % 60);
			buf_putc(out, 's');
			return;
		}
		v = ns / UNITS_NS_PER_MIN + (ns % UNITS_NS_PER_MIN >= UNITS_NS_PER_MIN / 2);
		buf_u64(out, v / 60);
		buf_putc(out, 'h');
		units_two_digits(out, v % 60);
		buf_putc(out, 'm');
	}
}
