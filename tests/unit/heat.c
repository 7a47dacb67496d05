// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/heat: strips that can be compared, of no more slices than are kept, in any width.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/heat.h"
#include "common/table.h"
#include "common/tally.h"
#include "tests/unit/clock.h"

static const struct wt_meta meta;
static struct heat heat;
static struct tally tally;

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	memset(&heat, 0, sizeof(heat));
	return 0;
}

/* A slice of two kinds of operations, that ended @ago_ms ago. */
static void add(uint64_t ago_ms, unsigned int bucket, uint64_t writes, uint64_t syncs)
{
	memset(&tally, 0, sizeof(tally));
	tally.at_ns = BOOT_S * NS_PER_S - ago_ms * 1000000;
	tally.ops[WT_OP_WRITE].latency_hist[bucket] = writes;
	tally.ops[WT_OP_FSYNC].latency_hist[bucket + 3] = syncs;
	heat_add(&heat, &tally);
}

static void check(unsigned int width, bool utf8, const char *want)
{
	struct buf out = { 0 };

	heat_text(&out, &heat, &meta, width, utf8);
	assert_string_equal(buf_cstr(&out), want);
	buf_free(&out);
}

/* Half of what another slice has is half as dark, wherever it is. */
static void one_scale(void **state)
{
	(void)state;
	check(80, true, "");
	add(4000, 10, 1000, 0);
	add(2000, 9, 500, 1);
	check(15, false,
	      "latency by\n"
	      "  time, from\n"
	      "  256ns to\n"
	      "  4.10us\n"
	      "07:04:10 | #  |\n"
	      "07:04:12 |:  .|\n");
	add(0, 11, 0, 0);
	check(26, true,
	      "latency by time, from\n"
	      "  256ns to 4.10us\n"
	      "07:04:10 |   \u2588\u2588\u2588      |\n"
	      "07:04:12 |\u2592\u2592\u2592      \u2591\u2591\u2591|\n"
	      "07:04:14 |            |\n");
}

/* Where there is room, a bucket has four columns; where there is none, buckets share one. */
static void follows_the_width(void **state)
{
	(void)state;
	add(0, 0, 750, 1000);
	check(200, false,
	      "latency by time, from 0ns to 8ns\n"
	      "07:04:14 |****        ####|\n");
	check(40, false,
	      "latency by time, from 0ns to 8ns\n"
	      "07:04:14 |****        ####|\n");
	check(26, false,
	      "latency by time, from 0ns\n"
	      "  to 8ns\n"
	      "07:04:14 |***      ###|\n");
	check(14, false,
	      "latency by\n"
	      "  time, from\n"
	      "  0ns to 8ns\n"
	      "07:04:14 |*#|\n");
	add(0, WT_HIST_BUCKETS - 1 - 3, 0, 250);
	check(35, false,
	      "latency by time, from 0ns\n"
	      "07:04:14 |*#                      |\n"
	      "07:04:14 |                       .|\n");
	/* what share a column are added up */
	add(0, 0, 1250, 750);
	check(23, false,
	      "latency by time, from\n"
	      "  0ns\n"
	      "07:04:14 |*           |\n"
	      "07:04:14 |           .|\n"
	      "07:04:14 |#           |\n");
}

/* The oldest ones go, and with them what only they had. */
static void bounded(void **state)
{
	struct buf out = { 0 };
	size_t lines = 0;

	(void)state;
	add(20000, 40, 5, 0);
	for (unsigned int i = 0; i < HEAT_SLICES; i++)
		add((HEAT_SLICES - 1 - i) * 1000, 20, 1, 1);
	assert_int_equal(heat.n, HEAT_SLICES);
	heat_text(&out, &heat, &meta, 200, false);
	for (const char *s = buf_cstr(&out); (s = strchr(s, '\n')); s++)
		lines++;
	assert_int_equal(lines, 1 + HEAT_SLICES);
	assert_non_null(strstr(buf_cstr(&out), "from 524us to 8.39ms\n07:04:07 |####  "));
	assert_non_null(strstr(buf_cstr(&out), "\n07:04:14 |####        ####|\n"));
	buf_free(&out);
}

static void fractions(void **state)
{
	(void)state;
	heat.fractions = true;
	add(250, 4, 1, 0);
	add(0, 4, 2, 0);
	check(22, false,
	      "latency by time, from\n"
	      "  8ns to 16ns\n"
	      "07:04:14.250 |::::|\n"
	      "07:04:14.500 |####|\n");
}

/* Whatever there is, no line is wider than it may be. */
static void any_width(void **state)
{
	struct table_locale locale;
	struct buf out = { 0 };

	(void)state;
	table_locale_enter(&locale);
	for (unsigned int bucket = 0; bucket < WT_HIST_BUCKETS - 3; bucket += 4) {
		add(0, bucket, 1, 1);
		heat.fractions = bucket & 4;
		for (unsigned int width = 1; width < 250; width++) {
			buf_reset(&out);
			heat_text(&out, &heat, &meta, width, width & 1);
			for (const char *s = buf_cstr(&out); *s; s += strcspn(s, "\n") + 1)
				assert_in_range(table_width(s, strcspn(s, "\n")), 1, width);
		}
	}
	table_locale_leave(&locale);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_scale, setup),
		cmocka_unit_test_setup(follows_the_width, setup),
		cmocka_unit_test_setup(bounded, setup),
		cmocka_unit_test_setup(fractions, setup),
		cmocka_unit_test_setup(any_width, setup),
	};

	return cmocka_run_group_tests_name("heat", tests, NULL, NULL);
}
