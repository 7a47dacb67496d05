// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/ranking: which rows are wanted, which are the same, and their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/ranking.h"
#include "common/tally.h"

#define ROWS_MAX 8

static struct tally_row rows[ROWS_MAX];
static struct tally_file *files[ROWS_MAX];
static size_t n_rows;

static const struct tally_file *new_file(uint64_t ino, const char *path)
{
	size_t len = strlen(path);
	struct tally_file *f = malloc(sizeof(*f) + len);

	assert_non_null(f);
	*f = (struct tally_file){ .ino = ino, .kind = WT_KIND_FILE, .path_len = len };
	memcpy(f->path, path, len);
	files[n_rows] = f;
	return f;
}

static void add(uint32_t pid, const char *comm, const char *path, uint64_t ino, unsigned int op,
		struct wt_sums sums)
{
	struct tally_row *row = &rows[n_rows];

	*row = (struct tally_row){ .id = 50 - n_rows,
				   .file = path ? new_file(ino, path) : NULL,
				   .start_ns = pid,
				   .cgroup = 7,
				   .pid = pid,
				   .uid = pid % 2,
				   .op = op,
				   .sums = sums };
	memcpy(row->comm, comm, strnlen(comm, sizeof(row->comm)));
	n_rows++;
}

static int setup(void **state)
{
	(void)state;
	n_rows = 0;
	add(10, "dd", "/var/log/one", 1, WT_OP_WRITE, (struct wt_sums){ 1, 100, 0, 900, 900 });
	add(10, "dd", "/tmp/two", 2, WT_OP_PWRITE64, (struct wt_sums){ 8, 20, 0, 80, 30 });
	add(11, "cat", "/var/log/one", 1, WT_OP_WRITE, (struct wt_sums){ 2, 70, 2, 20, 15 });
	add(12, "cat", "/tmp/two", 2, WT_OP_WRITE, (struct wt_sums){ 4, 50, 1, 400, 200 });
	add(13, "sixteen-bytes-ab", NULL, 0, WT_OP_WRITE, (struct wt_sums){ 5, 0, 5, 1, 1 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS_MAX; i++) {
		free(files[i]);
		files[i] = NULL;
	}
	return 0;
}

/* "10:1 11:2": pid and calls of each row, in order */
static void ranks(uint32_t by, enum report_sort sort, const char *match, const char *want)
{
	struct ranking_match m = { 0 };
	struct ranking r;
	char got[128] = "";

	ranking_match_set(&m, match);
	assert_int_equal(ranking_make(&r, rows, n_rows, by, sort, match ? &m : NULL), 0);
	for (size_t i = 0; i < r.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u:%llu", i ? " " : "",
			 r.rows[i].key->pid, (unsigned long long)r.rows[i].sums.calls);
	assert_string_equal(got, want);
	ranking_free(&r);
	assert_null(r.rows);
}

static void order(void **state)
{
	(void)state;
	ranks(WT_BY_PID | WT_BY_FILE, REPORT_BYTES, NULL, "10:1 11:2 12:4 10:8 13:5");
	ranks(WT_BY_PID | WT_BY_FILE, REPORT_CALLS, NULL, "10:8 13:5 12:4 11:2 10:1");
	ranks(WT_BY_PID | WT_BY_FILE, REPORT_ERRORS, NULL, "13:5 11:2 12:4 10:8 10:1");
	ranks(WT_BY_PID | WT_BY_FILE, REPORT_LATENCY, NULL, "10:1 12:4 10:8 11:2 13:5");
}

static void merging(void **state)
{
	struct ranking r;

	(void)state;
	ranks(WT_BY_PID, REPORT_BYTES, NULL, "10:9 11:2 12:4 13:5");
	ranks(WT_BY_FILE, REPORT_BYTES, NULL, "11:3 12:12 13:5");
	ranks(WT_BY_COMM, REPORT_BYTES, NULL, "10:9 12:6 13:5");
	ranks(WT_BY_UID, REPORT_CALLS, NULL, "12:13 13:7");
	ranks(WT_BY_OP, REPORT_CALLS, NULL, "13:12 10:8");
	ranks(WT_BY_CGROUP, REPORT_CALLS, NULL, "13:20");
	/* all sums are added up, the largest latency is the larger one */
	assert_int_equal(ranking_make(&r, rows, n_rows, WT_BY_COMM, REPORT_ERRORS, NULL), 0);
	assert_int_equal(r.n, 3);
	assert_memory_equal(r.rows[0].key->comm, "sixteen-bytes-ab", 16);
	assert_memory_equal(r.rows[1].key->comm, "cat", 4);
	assert_int_equal(r.rows[1].sums.bytes, 120);
	assert_int_equal(r.rows[1].sums.errors, 3);
	assert_int_equal(r.rows[1].sums.latency_ns, 420);
	assert_int_equal(r.rows[1].sums.latency_max_ns, 200);
	ranking_free(&r);
}

static void same_number_is_not_same_process(void **state)
{
	(void)state;
	rows[1].start_ns++;
	ranks(WT_BY_PID, REPORT_CALLS, NULL, "10:8 13:5 12:4 11:2 10:1");
}

static void matching(void **state)
{
	const uint32_t by = WT_BY_PID | WT_BY_FILE;

	(void)state;
	ranks(by, REPORT_BYTES, "", "10:1 11:2 12:4 10:8 13:5");
	/* a part of a path or name */
	ranks(by, REPORT_BYTES, "log", "10:1 11:2");
	ranks(by, REPORT_BYTES, "cat", "11:2 12:4");
	ranks(by, REPORT_BYTES, "bytes-ab", "13:5");
	ranks(by, REPORT_BYTES, "bytes-abc", "");
	ranks(by, REPORT_BYTES, "LOG", "");
	/* a pattern: the whole */
	ranks(by, REPORT_BYTES, "*two", "12:4 10:8");
	ranks(by, REPORT_BYTES, "?d", "10:1 10:8");
	ranks(by, REPORT_BYTES, "*lo", "");
	ranks(by, REPORT_BYTES, "[cd]*", "10:1 11:2 12:4 10:8");
	/* none after all: it is taken as it stands */
	ranks(by, REPORT_BYTES, "[[:nonsense:]]", "");
	ranks(by, REPORT_BYTES, "*\\", "");
	/* merged rows are of those that match */
	ranks(WT_BY_PID, REPORT_BYTES, "two", "12:4 10:8");
}

static void none(void **state)
{
	struct ranking r;

	(void)state;
	assert_int_equal(ranking_make(&r, NULL, 0, WT_BY_PID, REPORT_BYTES, NULL), 0);
	assert_int_equal(r.n, 0);
	ranking_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(merging, setup, teardown),
		cmocka_unit_test_setup_teardown(same_number_is_not_same_process, setup, teardown),
		cmocka_unit_test_setup_teardown(matching, setup, teardown),
		cmocka_unit_test_setup_teardown(none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
