// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/units: what is read, what is refused, and how the rounding falls.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/units.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define UNTOUCHED     0x5afe5afe5afe5afeull

#define K	      (1ull << 10)
#define M	      (1ull << 20)
#define G	      (1ull << 30)
#define T	      (1ull << 40)
#define P	      (1ull << 50)
#define E	      (1ull << 60)

static void check_parsed(const char *s, int err, uint64_t got, int want_err, uint64_t want)
{
	if (err != want_err || got != (want_err ? UNTOUCHED : want))
		fail_msg("\"%s\": %d, %llu", s, err, (unsigned long long)got);
}

static void parse_u64(void **state)
{
	static const struct {
		const char *s;
		uint64_t max;
		int err;
		uint64_t want;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "1", 0, -ERANGE, 0 },
		{ "007", 7, 0, 7 },
		{ "8", 7, -ERANGE, 0 },
		{ "4294967295", UINT32_MAX, 0, UINT32_MAX },
		{ "4294967296", UINT32_MAX, -ERANGE, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "18446744073709551620", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999x", UINT64_MAX, -EINVAL, 0 },
		{ "", UINT64_MAX, -EINVAL, 0 },
		{ "-1", UINT64_MAX, -EINVAL, 0 },
		{ "+1", UINT64_MAX, -EINVAL, 0 },
		{ " 1", UINT64_MAX, -EINVAL, 0 },
		{ "1 ", UINT64_MAX, -EINVAL, 0 },
		{ "1\n", UINT64_MAX, -EINVAL, 0 },
		{ "0x10", UINT64_MAX, -EINVAL, 0 },
		{ "1e3", UINT64_MAX, -EINVAL, 0 },
		{ "1.0", UINT64_MAX, -EINVAL, 0 },
		{ "1,000", UINT64_MAX, -EINVAL, 0 },
		{ "abc", UINT64_MAX, -EINVAL, 0 },
		{ "\xd9\xa1", UINT64_MAX, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t got = UNTOUCHED;
		int err = units_parse_u64(cases[i].s, cases[i].max, &got);

		check_parsed(cases[i].s, err, got, cases[i].err, cases[i].want);
	}
}

static const struct {
	const char *s;
	int err;
	uint64_t want;
} sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "4096B", 0, 4096 },
	{ "4K", 0, 4 * K },
	{ "4k", 0, 4 * K },
	{ "4KB", 0, 4 * K },
	{ "4KiB", 0, 4 * K },
	{ "4kiB", 0, 4 * K },
	{ "8M", 0, 8 * M },
	{ "1G", 0, G },
	{ "3TiB", 0, 3 * T },
	{ "5P", 0, 5 * P },
	{ "15E", 0, 15 * E },
	{ "0E", 0, 0 },
	{ "16E", -ERANGE, 0 },
	{ "16383P", 0, 16383 * P },
	{ "16384P", -ERANGE, 0 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "18014398509481983K", 0, UINT64_MAX - 1023 },
	{ "18014398509481984K", -ERANGE, 0 },
	{ "18446744073709551616Q", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "K", -EINVAL, 0 },
	{ "B", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+4K", -EINVAL, 0 },
	{ " 4K", -EINVAL, 0 },
	{ "4 K", -EINVAL, 0 },
	{ "4K ", -EINVAL, 0 },
	{ "4iB", -EINVAL, 0 },
	{ "4Ki", -EINVAL, 0 },
	{ "4Kb", -EINVAL, 0 },
	{ "4KIB", -EINVAL, 0 },
	{ "4KK", -EINVAL, 0 },
	{ "4BK", -EINVAL, 0 },
	{ "4BB", -EINVAL, 0 },
	{ "1.5M", -EINVAL, 0 },
	{ "0x1000", -EINVAL, 0 },
	{ "4K8", -EINVAL, 0 },
};

static void parse_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t got = UNTOUCHED;
		int err = units_parse_size(sizes[i].s, &got);

		check_parsed(sizes[i].s, err, got, sizes[i].err, sizes[i].want);
	}
}

static const struct {
	const char *s;
	uint64_t unit_ns;
	int err;
	uint64_t want;
} times[] = {
	{ "0s", 0, 0, 0 },
	{ "1ns", 0, 0, 1 },
	{ "250us", 0, 0, 250000 },
	{ "0.25ms", 0, 0, 250000 },
	{ "1.5s", 0, 0, 1500000000 },
	{ "1.50000000000000000000000000000s", 0, 0, 1500000000 },
	{ "2m", 0, 0, 120000000000 },
	{ "0.1m", 0, 0, 6000000000 },
	{ "1h", 0, 0, 3600000000000 },
	{ "0.0000000000025h", 0, 0, 9 },
	{ "1.000000001s", 0, 0, 1000000001 },
	{ "1.0000000001s", 0, -EINVAL, 0 },
	{ "1.0ns", 0, 0, 1 },
	{ "1.5ns", 0, -EINVAL, 0 },
	{ "0.0005us", 0, -EINVAL, 0 },
	{ "0.333us", 0, 0, 333 },
	{ "0.3333us", 0, -EINVAL, 0 },
	{ "5", 0, -EINVAL, 0 },
	{ "0", 0, -EINVAL, 0 },
	{ "5", UNITS_NS_PER_S, 0, 5000000000 },
	{ "0.5", UNITS_NS_PER_MS, 0, 500000 },
	{ "5ms", UNITS_NS_PER_S, 0, 5000000 },
	{ "18446744073709551615ns", 0, 0, UINT64_MAX },
	{ "18446744073709551616ns", 0, -ERANGE, 0 },
	{ "18446744073709.551615us", 0, -EINVAL, 0 },
	{ "18446744073709551.615us", 0, 0, UINT64_MAX },
	{ "18446744073709551.616us", 0, -ERANGE, 0 },
	{ "18446744073709552us", 0, -ERANGE, 0 },
	{ "5124095h", 0, 0, 5124095ull * UNITS_NS_PER_HOUR },
	{ "5124096h", 0, -ERANGE, 0 },
	{ "99999999999999999999x", 0, -EINVAL, 0 },
	{ "99999999999999999999", 0, -EINVAL, 0 },
	{ "99999999999999999999s", 0, -ERANGE, 0 },
	{ "", 0, -EINVAL, 0 },
	{ "", 1, -EINVAL, 0 },
	{ "s", 0, -EINVAL, 0 },
	{ ".5s", 0, -EINVAL, 0 },
	{ "1.s", 0, -EINVAL, 0 },
	{ "1.", 1, -EINVAL, 0 },
	{ "1..5s", 0, -EINVAL, 0 },
	{ "1.5.5s", 0, -EINVAL, 0 },
	{ "1,5s", 0, -EINVAL, 0 },
	{ "-1s", 0, -EINVAL, 0 },
	{ "+1s", 0, -EINVAL, 0 },
	{ " 1s", 0, -EINVAL, 0 },
	{ "1 s", 0, -EINVAL, 0 },
	{ "1s ", 0, -EINVAL, 0 },
	{ "1S", 0, -EINVAL, 0 },
	{ "1M", 0, -EINVAL, 0 },
	{ "1sec", 0, -EINVAL, 0 },
	{ "1m30s", 0, -EINVAL, 0 },
	{ "1e3ns", 0, -EINVAL, 0 },
};

static void parse_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t got = UNTOUCHED;
		int err = units_parse_time_ns(times[i].s, times[i].unit_ns, &got);

		check_parsed(times[i].s, err, got, times[i].err, times[i].want);
	}
}

struct shown {
	uint64_t v;
	const char *want;
};

static void check_shown(const struct shown *c, size_t n, void (*show)(struct buf *, uint64_t))
{
	for (; n; n--, c++) {
		struct buf b = { 0 };

		show(&b, c->v);
		if (strcmp(buf_cstr(&b), c->want))
			fail_msg("%llu is shown as %s, not %s", (unsigned long long)c->v,
				 buf_cstr(&b), c->want);
		buf_free(&b);
	}
}

static void show_size(void **state)
{
	static const struct shown cases[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1075, "1.0 KiB" },
		{ 1076, "1.1 KiB" },
		{ 200000, "195.3 KiB" },
		{ 10 * K - 1, "10.0 KiB" },
		{ 1023 * K, "1023.0 KiB" },
		{ M - 52, "1023.9 KiB" },
		{ M - 51, "1.0 MiB" },
		{ M - 1, "1.0 MiB" },
		{ M, "1.0 MiB" },
		{ M + M / 2, "1.5 MiB" },
		{ G - 1, "1.0 GiB" },
		{ T, "1.0 TiB" },
		{ P - 1, "1.0 PiB" },
		{ E - 1, "1.0 EiB" },
		{ E + E / 2, "1.5 EiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};

	(void)state;
	check_shown(cases, ARRAY_SIZE(cases), units_size);
}

static void show_short_size(void **state)
{
	static const struct shown cases[] = {
		{ 0, "0" },
		{ 1023, "1023" },
		{ 1024, "1.0K" },
		{ 200000, "195.3K" },
		{ M - 52, "1023.9K" },
		{ M - 51, "1.0M" },
		{ G + G / 2, "1.5G" },
		{ UINT64_MAX, "16.0E" },
	};

	(void)state;
	check_shown(cases, ARRAY_SIZE(cases), units_size_short);
}

static void show_time(void **state)
{
	static const struct shown cases[] = {
		{ 0, "0ns" },
		{ 1, "1ns" },
		{ 999, "999ns" },
		{ 1000, "1.00us" },
		{ 1004, "1.00us" },
		{ 1005, "1.01us" },
		{ 4321, "4.32us" },
		{ 9994, "9.99us" },
		{ 9995, "10.0us" },
		{ 12349, "12.3us" },
		{ 99949, "99.9us" },
		{ 99950, "100us" },
		{ 999499, "999us" },
		{ 999500, "1.00ms" },
		{ 12345678, "12.3ms" },
		{ 999499999, "999ms" },
		{ 999500000, "1.00s" },
		{ 1250000000, "1.25s" },
		{ 9995000000, "10.0s" },
		{ 59949999999, "59.9s" },
		{ 59950000000, "1m00s" },
		{ 60000000000, "1m00s" },
		{ 61499999999, "1m01s" },
		{ 123000000000, "2m03s" },
		{ 3599499999999, "59m59s" },
		{ 3599500000000, "1h00m" },
		{ 3720000000000, "1h02m" },
		{ 3629999999999, "1h00m" },
		{ 3630000000000, "1h01m" },
		{ 360000000000000, "100h00m" },
		{ UINT64_MAX, "5124095h35m" },
	};

	(void)state;
	check_shown(cases, ARRAY_SIZE(cases), units_time);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_u64),	   cmocka_unit_test(parse_size),
		cmocka_unit_test(parse_time),	   cmocka_unit_test(show_size),
		cmocka_unit_test(show_short_size), cmocka_unit_test(show_time),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
