// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/hist: where each value is counted, percentiles, and how histograms are shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/hist.h"
#include "common/json.h"
#include "common/units.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define LAST	      (WT_HIST_BUCKETS - 1)

static void buckets(void **state)
{
	static const struct {
		uint64_t value;
		unsigned int want;
	} cases[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ 2, 1 },
		{ 3, 2 },
		{ 4, 2 },
		{ 5, 3 },
		{ 8, 3 },
		{ 9, 4 },
		{ UINT64_MAX, LAST },
		{ UINT64_MAX / 2 + 1, LAST },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (hist_bucket(cases[i].value) != cases[i].want)
			fail_msg("%llu is counted in %u", (unsigned long long)cases[i].value,
				 hist_bucket(cases[i].value));
	for (unsigned int k = 1; k < 64; k++) {
		uint64_t power = 1ull << k;

		assert_int_equal(hist_bucket(power), k < LAST ? k : LAST);
		assert_int_equal(hist_bucket(power + 1), k + 1 < LAST ? k + 1 : LAST);
		assert_int_equal(hist_bucket(power - 1),
				 k == 1 ? 0 : (k < LAST ? k : LAST) - (power - 1 == 2));
	}
}

/* A bucket's upper bound is counted in it, what is one more in the next. */
static void uppers(void **state)
{
	(void)state;
	assert_int_equal(hist_upper(0), 1);
	assert_int_equal(hist_upper(1), 2);
	assert_int_equal(hist_upper(10), 1024);
	assert_int_equal(hist_upper(LAST), UINT64_MAX);
	for (unsigned int i = 0; i < LAST; i++) {
		assert_int_equal(hist_bucket(hist_upper(i)), i);
		assert_int_equal(hist_bucket(hist_upper(i) + 1), i + 1);
	}
}

static void span(void **state)
{
	uint64_t counts[WT_HIST_BUCKETS] = { 0 };
	unsigned int first, last;

	(void)state;
	assert_false(hist_span(counts, &first, &last));
	counts[7] = 1;
	assert_true(hist_span(counts, &first, &last));
	assert_int_equal(first, 7);
	assert_int_equal(last, 7);
	counts[0] = 3;
	counts[LAST] = 1;
	assert_true(hist_span(counts, &first, &last));
	assert_int_equal(first, 0);
	assert_int_equal(last, LAST);
}

static void percentiles(void **state)
{
	uint64_t counts[WT_HIST_BUCKETS] = { 0 };

	(void)state;
	assert_int_equal(hist_percentile(counts, 99), 0);
	counts[3] = 1;
	assert_int_equal(hist_percentile(counts, 0), 8);
	assert_int_equal(hist_percentile(counts, 99), 8);
	assert_int_equal(hist_percentile(counts, 100), 8);
	counts[3] = 99;
	counts[20] = 1;
	assert_int_equal(hist_percentile(counts, 99), 8);
	assert_int_equal(hist_percentile(counts, 100), 1 << 20);
	counts[3] = 98;
	assert_int_equal(hist_percentile(counts, 98), 8);
	assert_int_equal(hist_percentile(counts, 99), 1 << 20);
	counts[20] = 0;
	counts[LAST] = 1000;
	assert_int_equal(hist_percentile(counts, 99), UINT64_MAX);
	/* more than can be multiplied by 100 */
	counts[3] = UINT64_MAX / 2;
	counts[4] = UINT64_MAX / 2;
	counts[LAST] = 0;
	assert_int_equal(hist_percentile(counts, 50), 8);
	assert_int_equal(hist_percentile(counts, 51), 16);
	assert_int_equal(hist_percentile(counts, 100), 16);
}

static void bars(void **state)
{
	static const struct {
		uint64_t count, most;
		unsigned int width;
		bool utf8;
		const char *want;
	} cases[] = {
		{ 0, 0, 8, false, "" },
		{ 0, 5, 8, true, "" },
		{ 5, 5, 0, true, "" },
		{ 5, 5, 4, false, "####" },
		{ 4, 8, 4, false, "##" },
		{ 1, 1000, 4, false, "#" },
		{ 999, 1000, 4, false, "####" },
		{ UINT64_MAX, UINT64_MAX, 3, false, "###" },
		{ UINT64_MAX / 3, UINT64_MAX, 3, false, "#" },
		{ 9, 5, 2, false, "##" },
		{ 1, 1000, 4, true, "\u258F" },
		{ 8, 8, 1, true, "\u2588" },
		{ 7, 8, 1, true, "\u2589" },
		{ 4, 8, 1, true, "\u258C" },
		{ 1, 8, 1, true, "\u258F" },
		{ 11, 16, 2, true, "\u2588\u258D" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = { 0 };

		hist_bar(&b, cases[i].count, cases[i].most, cases[i].width, cases[i].utf8);
		if (strcmp(buf_cstr(&b), cases[i].want))
			fail_msg("case %zu: %s", i, buf_cstr(&b));
		buf_free(&b);
	}
}

static void check_text(const uint64_t counts[], void (*put)(struct buf *, uint64_t),
		       unsigned int width, bool utf8, const char *want)
{
	struct buf b = { 0 };

	buf_puts(&b, ":");
	hist_text(&b, counts, put, width, utf8);
	assert_string_equal(buf_cstr(&b) + 1, want);
	buf_free(&b);
}

static void text(void **state)
{
	uint64_t counts[WT_HIST_BUCKETS] = { 0 };

	(void)state;
	check_text(counts, units_time, 8, false, "");
	counts[0] = 1;
	check_text(counts, units_size, 4, false, "[0 B, 1 B]  1 |####|\n");
	counts[0] = 0;
	counts[9] = 4;
	counts[10] = 16;
	counts[12] = 1;
	check_text(counts, units_time, 8, false,
		   "(256ns, 512ns]     4 |##      |\n"
		   "(512ns, 1.02us]   16 |########|\n"
		   "(1.02us, 2.05us]   0 |        |\n"
		   "(2.05us, 4.10us]   1 |#       |\n");
	check_text(counts, units_size, 2, true,
		   "(256 B, 512 B]       4 |\u258C |\n"
		   "(512 B, 1.0 KiB]    16 |\u2588\u2588|\n"
		   "(1.0 KiB, 2.0 KiB]   0 |  |\n"
		   "(2.0 KiB, 4.0 KiB]   1 |\u258F |\n");
	memset(counts, 0, sizeof(counts));
	counts[LAST] = UINT64_MAX;
	check_text(counts, units_size, 0, false, "(64.0 TiB, ...)  18446744073709551615 ||\n");
}

static void check_json(const uint64_t counts[], const char *bound, const char *want)
{
	struct buf b = { 0 };
	struct json json = { .out = &b };

	json_begin_object(&json, NULL);
	hist_json(&json, "h", counts, bound);
	json_end_object(&json);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

static void json(void **state)
{
	uint64_t counts[WT_HIST_BUCKETS] = { 0 };

	(void)state;
	check_json(counts, "le", "{\"h\":[]}");
	counts[0] = 2;
	counts[2] = 7;
	check_json(
		counts, "le",
		"{\"h\":[{\"le\":1,\"count\":2},{\"le\":2,\"count\":0},{\"le\":4,\"count\":7}]}");
	memset(counts, 0, sizeof(counts));
	counts[LAST - 1] = 1;
	counts[LAST] = 3;
	check_json(counts, "le_ns",
		   "{\"h\":[{\"le_ns\":70368744177664,\"count\":1},{\"le_ns\":null,\"count\":3}]}");
}

static void strip(void **state)
{
	uint64_t counts[WT_HIST_BUCKETS] = { 0 };
	struct buf b = { 0 };

	(void)state;
	hist_strip(&b, counts, 3, 0, false);
	assert_string_equal(buf_cstr(&b), "   ");
	counts[2] = UINT64_MAX;
	counts[3] = 1;
	counts[5] = 1000;
	counts[6] = 500;
	counts[7] = 760;
	buf_reset(&b);
	assert_int_equal(hist_most(counts, WT_HIST_BUCKETS), UINT64_MAX);
	assert_int_equal(hist_most(counts + 3, 6), 1000);
	assert_int_equal(hist_most(counts, 0), 0);
	hist_strip(&b, counts + 3, 6, 1000, false);
	assert_string_equal(buf_cstr(&b), ". #:* ");
	buf_reset(&b);
	hist_strip(&b, counts + 3, 6, 1000, true);
	assert_string_equal(buf_cstr(&b), "\u2591 \u2588\u2592\u2593 ");
	buf_reset(&b);
	/* out of what another one has */
	hist_strip(&b, counts + 3, 6, 2000, false);
	assert_string_equal(buf_cstr(&b), ". :.. ");
	buf_reset(&b);
	hist_strip(&b, counts + 2, 4, UINT64_MAX, false);
	assert_string_equal(buf_cstr(&b), "#. .");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets),     cmocka_unit_test(uppers), cmocka_unit_test(span),
		cmocka_unit_test(percentiles), cmocka_unit_test(bars),	 cmocka_unit_test(text),
		cmocka_unit_test(json),	       cmocka_unit_test(strip),
	};

	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
