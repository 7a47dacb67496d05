// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/live: whole screens, and that none is larger than it may be.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/backend.h"
#include "common/buf.h"
#include "common/live.h"
#include "common/ranking.h"
#include "common/table.h"
#include "common/tally.h"
#include "tests/unit/clock.h"

static struct wt_meta meta;
static struct tally now, recent;
static struct tally_row now_rows[2], recent_rows[1];
static struct tally_file *file;
static struct live live;

static int setup(void **state)
{
	static const char path[] = "/var/lib/postgresql/base/16384/\u00E4-1249";

	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	file = malloc(sizeof(*file) + sizeof(path));
	assert_non_null(file);
	*file = (struct tally_file){ .kind = WT_KIND_FILE, .path_len = sizeof(path) - 1 };
	memcpy(file->path, path, sizeof(path));
	meta = (struct wt_meta){ .start_ns = (BOOT_S - 192) * NS_PER_S,
				 .by = WT_BY_PID | WT_BY_FILE,
				 .latency = 1,
				 .backend = BACKEND_RAW,
				 .filters = "pid=812",
				 .filters_len = 8 };
	now_rows[0] = (struct tally_row){ .id = 1,
					  .file = file,
					  .pid = 812,
					  .comm = "postgres",
					  .sums = { 300, 4915200, 0, 600000, 9000 } };
	now_rows[1] = (struct tally_row){
		.id = 2, .pid = 813, .comm = "b\x1Bh", .sums = { 7, 0, 7, 700, 100 }
	};
	recent_rows[0] = now_rows[0];
	recent_rows[0].sums = (struct wt_sums){ 100, 1638400, 1, 200000, 0 };
	now = (struct tally){ .at_ns = BOOT_S * NS_PER_S, .rows = now_rows, .n_rows = 2 };
	now.totals = (struct wt_sums){ 307, 4915200, 7, 600700, 9000 };
	now.has_max = true;
	now.ops[WT_OP_WRITE].sums = now.totals;
	now.ops[WT_OP_WRITE].latency_hist[7] = 7;
	now.ops[WT_OP_WRITE].latency_hist[11] = 300;
	now.lost[WT_LOST_INFLIGHT] = 3;
	for (int i = 0; i < WT_LOST_COUNT; i++)
		now.known[i] = i != WT_LOST_SKIPPED;
	recent = (struct tally){ .at_ns = now.at_ns, .rows = recent_rows, .n_rows = 1 };
	recent.totals = recent_rows[0].sums;
	recent.ops[WT_OP_WRITE].latency_hist[10] = 50;
	recent.ops[WT_OP_WRITE].latency_hist[11] = 50;
	live = (struct live){ .meta = &meta,
			      .now = &now,
			      .recent = &recent,
			      .recent_ns = 2 * NS_PER_S,
			      .by = meta.by,
			      .footer = true,
			      .utf8 = true,
			      .width = 80,
			      .height = 12 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(file);
	return 0;
}

static void check(const char *want)
{
	struct buf out = { 0 };

	assert_int_equal(live_text(&out, &live), 0);
	assert_string_equal(buf_cstr(&out), want);
	buf_free(&out);
}

/* clang-format off */
static void recent_rates(void **state)
{
	(void)state;
	check("writetrace 07:04:14: 3m12s, backend raw, by pid,file, most bytes in 2.00s\n"
	      "filters: --pid 812\n"
	      "         CALLS     BYTES ERRORS    AVG    P99 LOST\n"
	      "a second    50 800.0 KiB    0.5 2.00us 2.05us\n"
	      "in all     307   4.7 MiB      7 1.96us 2.05us   3?\n"
	      "latency 64ns |   ██| 2.05us\n"
	      "PID COMM     CALLS/s   BYTES/s ERRORS/s    AVG FILE\n"
	      "812 postgres      50 800.0 KiB      0.5 2.00us /var/lib/po...l/base/16384/\u00E4-1249\n"
	      "\n"
	      "\n"
	      "\n"
	      "q quit  h help  b c e l sort  k key  / show  r since start  p pause\n");
}

static void since_the_start(void **state)
{
	live.since_start = live.paused = live.color = live.reverse = true;
	live.sort = REPORT_ERRORS;
	live.width = 60;
	live.height = 10;
	live.utf8 = false;
	(void)state;
	check("writetrace (paused) 07:04:14: 3m12s, backend raw, by pid,...\n"
	      "filters: --pid 812\n"
	      "         CALLS     BYTES ERRORS    AVG    P99 LOST\n"
	      "a second    50 800.0 KiB \033[31m   0.5\033[0m 2.00us 2.05us\n"
	      "in all     307   4.7 MiB \033[31m     7\033[0m 1.96us 2.05us \033[31m  3?\033[0m\n"
	      "\033[7mPID COMM     CALLS   BYTES ERRORS    AVG    MAX FILE        \033[m\n"
	      "813 b\\x1Bh       7     0 B \033[31m     7\033[0m  100ns  100ns -\n"
	      "812 postgres   300 4.7 MiB      0 2.00us 9.00us ...\\xA4-1249\n"
	      "\n"
	      "q quit  h help  b c e l sort  k key  / show  r since star...\n");
}

static void at_the_end(void **state)
{
	struct ranking_match match;

	(void)state;
	ranking_match_set(&match, "postgr");
	live.match = &match;
	live.since_start = true;
	live.footer = false;
	live.by = WT_BY_COMM;
	check("writetrace 07:04:14: 3m12s, backend raw, by comm, most bytes since start\n"
	      "filters: --pid 812\n"
	      "       CALLS   BYTES ERRORS    AVG    P99 LOST\n"
	      "in all   307 4.7 MiB      7 1.96us 2.05us   3?\n"
	      "latency 64ns |░   █| 2.05us\n"
	      "COMM     CALLS   BYTES ERRORS    AVG    MAX\n"
	      "postgres   300 4.7 MiB      0 2.00us 9.00us\n");
}
/* clang-format on */

static void slow_in_yellow(void **state)
{
	struct buf out = { 0 };

	(void)state;
	live.color = true;
	now.totals.latency_ns = 307 * 10000000ull;
	now.has_max = false;
	now.ops[WT_OP_WRITE].latency_hist[30] = 30;
	assert_int_equal(live_text(&out, &live), 0);
	assert_non_null(strstr(buf_cstr(&out), " \033[33m10.0ms\033[0m \033[33m 1.07s\033[0m"));
	assert_non_null(strstr(buf_cstr(&out), " 2.00us 2.05us\n"));
	buf_free(&out);
}

static void notice_and_filter(void **state)
{
	struct ranking_match match;
	struct buf out = { 0 };

	(void)state;
	ranking_match_set(&match, "x\x1By");
	live.match = &match;
	assert_int_equal(live_text(&out, &live), 0);
	assert_non_null(strstr(buf_cstr(&out), "\nshowing x\\x1By  q quit"));
	assert_null(strstr(buf_cstr(&out), "postgres "));
	buf_reset(&out);
	live.notice = "being typed";
	assert_int_equal(live_text(&out, &live), 0);
	assert_non_null(strstr(buf_cstr(&out), "\nbeing typed\n"));
	buf_free(&out);
}

/* Without escape sequences no line is too wide, and there are no more than may be. */
static void any_size(void **state)
{
	struct table_locale locale;
	struct buf out = { 0 };
	const char *s;
	size_t len, lines;

	(void)state;
	for (int help = 0; help < 2; help++)
		for (live.width = 1; live.width < 130; live.width += 3)
			for (live.height = 1; live.height < 30; live.height++) {
				live.help = help;
				buf_reset(&out);
				assert_int_equal(live_text(&out, &live), 0);
				table_locale_enter(&locale);
				for (s = buf_cstr(&out), lines = 0; *s; s += len + 1, lines++) {
					len = strcspn(s, "\n");
					assert_in_range(table_width(s, len), 0, live.width);
				}
				table_locale_leave(&locale);
				assert_int_equal(lines, live.height);
			}
	buf_free(&out);
}

/* What gives way first: latencies, filters, sums; rows stay. */
static void little_room(void **state)
{
	static const struct {
		unsigned int height;
		const char *there, *missing;
	} cases[] = {
		{ 11, "latency 64ns", "nothing of this" },
		{ 10, "filters:", "latency 64ns" },
		{ 9, "in all", "filters:" },
		{ 7, "writetrace 07", "in all" },
		{ 5, "812 postgres", "writetrace 07" },
		{ 3, "812 postgres", "in all" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		live.height = cases[i].height;
		buf_reset(&out);
		assert_int_equal(live_text(&out, &live), 0);
		if (!strstr(buf_cstr(&out), cases[i].there) ||
		    strstr(buf_cstr(&out), cases[i].missing))
			fail_msg("%u lines: %s", live.height, buf_cstr(&out));
	}
	buf_free(&out);
}

static void next_by(void **state)
{
	const uint32_t all = WT_BY_PID | WT_BY_FILE;

	(void)state;
	assert_int_equal(live_next_by(all, all), WT_BY_PID);
	assert_int_equal(live_next_by(WT_BY_PID, all), WT_BY_COMM);
	assert_int_equal(live_next_by(WT_BY_COMM, all), WT_BY_FILE);
	assert_int_equal(live_next_by(WT_BY_FILE, all), all);
	assert_int_equal(live_next_by(WT_BY_OP, WT_BY_OP), WT_BY_OP);
	assert_int_equal(live_next_by(WT_BY_PID, WT_BY_PID), WT_BY_COMM);
	assert_int_equal(live_next_by(WT_BY_COMM, WT_BY_PID), WT_BY_PID);
	assert_int_equal(live_next_by(WT_BY_UID, WT_BY_UID | WT_BY_OP), WT_BY_OP);
	assert_int_equal(live_next_by(WT_BY_OP, WT_BY_UID | WT_BY_OP), WT_BY_UID | WT_BY_OP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(recent_rates, setup, teardown),
		cmocka_unit_test_setup_teardown(since_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(slow_in_yellow, setup, teardown),
		cmocka_unit_test_setup_teardown(notice_and_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(any_size, setup, teardown),
		cmocka_unit_test_setup_teardown(little_room, setup, teardown),
		cmocka_unit_test(next_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
