// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/report: whole reports as text and JSON, and that what they show always sums up.
 */
#include <errno.h>
#include <locale.h>
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
#include "common/backend.h"
#include "common/buf.h"
#include "common/report.h"
#include "common/report_text.h"
#include "common/table.h"
#include "common/tally.h"
#include "tests/unit/clock.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct tally_file *files[8];
static struct tally_row rows[8];
static struct wt_meta meta;
static struct tally tally;

static struct tally_file *new_file(uint64_t ino, const char *path, unsigned int state)
{
	size_t len = strlen(path);
	struct tally_file *f = malloc(sizeof(*f) + len);

	assert_non_null(f);
	*f = (struct tally_file){ .ino = ino,
				  .major = 254,
				  .minor = 1,
				  .kind = WT_KIND_FILE,
				  .path_state = state,
				  .path_len = len };
	memcpy(f->path, path, len);
	return f;
}

static void count(struct wt_sums *to, const struct wt_sums *more)
{
	to->calls += more->calls;
	to->bytes += more->bytes;
	to->errors += more->errors;
	to->latency_ns += more->latency_ns;
	if (more->latency_max_ns > to->latency_max_ns)
		to->latency_max_ns = more->latency_max_ns;
}

static void add_row(uint32_t pid, const char *comm, const struct tally_file *file, unsigned int op,
		    struct wt_sums sums)
{
	struct tally_row *row = &rows[tally.n_rows++];

	*row = (struct tally_row){ .id = 100 + tally.n_rows,
				   .file = file,
				   .start_ns = 7 + pid,
				   .cgroup = 4242,
				   .pid = pid,
				   .uid = 1000 + pid % 2,
				   .op = op,
				   .sums = sums };
	memcpy(row->comm, comm, strnlen(comm, sizeof(row->comm)));
	count(&tally.ops[op].sums, &sums);
	count(&tally.totals, &sums);
}

static int setup(void **state)
{
	static const struct wt_sums other = { 3, 300, 1, 3000, 1500 };

	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	meta = (struct wt_meta){ .start_ns = (BOOT_S - 192) * NS_PER_S,
				 .by = WT_BY_PID | WT_BY_FILE,
				 .rows = 10240,
				 .events = 16384,
				 .latency = 1,
				 .backend = BACKEND_RAW,
				 .version = "0.1.0",
				 .name = "web",
				 .filters = "pid=812",
				 .filters_len = 8 };
	memset(&tally, 0, sizeof(tally));
	tally.at_ns = BOOT_S * NS_PER_S;
	tally.has_max = true;
	tally.rows = rows;
	for (int i = 0; i < WT_LOST_COUNT; i++)
		tally.known[i] = true;
	files[0] = new_file(9, "/var/lib/postgresql/base/16384/1249", WT_PATH_PLAIN);
	files[1] = new_file(9, "/var/lib/postgresql/base/16384/1249", WT_PATH_PLAIN);
	files[2] = new_file(10, "/tmp/\u00E4\u6F22.log", WT_PATH_DELETED);
	files[3] = new_file(11, "deep/a\xFF\x1B[31m", WT_PATH_TRUNCATED);
	files[4] = new_file(12, "", WT_PATH_UNKNOWN);
	files[4]->kind = WT_KIND_SOCKET;
	add_row(812, "postgres", files[0], WT_OP_WRITE, (struct wt_sums){ 4, 4096, 0, 4000, 2000 });
	add_row(812, "postgres", files[2], WT_OP_WRITE, (struct wt_sums){ 1, 9000, 0, 700, 700 });
	add_row(813, "b\x1B\u00E4d", files[3], WT_OP_PWRITE64,
		(struct wt_sums){ 2, 5000, 2, 90000, 80000 });
	add_row(812, "postgres", files[1], WT_OP_WRITE, (struct wt_sums){ 6, 8000, 1, 5000, 1800 });
	add_row(814, "sixteen-bytes-ab", NULL, WT_OP_WRITE, (struct wt_sums){ 5, 0, 5, 500, 200 });
	add_row(815, "nc", files[4], WT_OP_WRITE, (struct wt_sums){ 1, 10, 0, 10, 10 });
	tally.other = other;
	count(&tally.totals, &other);
	count(&tally.ops[WT_OP_WRITE].sums, &other);
	tally.ops[WT_OP_WRITE].latency_hist[9] = 6;
	tally.ops[WT_OP_WRITE].latency_hist[11] = 14;
	tally.ops[WT_OP_WRITE].size_hist[12] = 20;
	tally.ops[WT_OP_PWRITE64].latency_hist[16] = 2;
	tally.ops[WT_OP_PWRITE64].size_hist[11] = 1;
	tally.ops[WT_OP_PWRITE64].size_hist[12] = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		free(files[i]);
		files[i] = NULL;
	}
	return 0;
}

static void print(struct buf *out, struct report_options options)
{
	buf_reset(out);
	assert_int_equal(report_print(out, &meta, &tally, &options), 0);
}

static void check(struct report_options options, const char *want)
{
	struct buf out = { 0 };

	print(&out, options);
	assert_string_equal(buf_cstr(&out), want);
	buf_free(&out);
}

static void has(struct report_options options, const char *part, bool wanted)
{
	struct buf out = { 0 };

	print(&out, options);
	if (!strstr(buf_cstr(&out), part) == wanted)
		fail_msg("\"%s\" is%s in: %s", part, wanted ? " not" : "", buf_cstr(&out));
	buf_free(&out);
}

/* clang-format off */
static void text_piped(void **state)
{
	(void)state;
	check((struct report_options){ 0 },
	      "session web: 3m12s since 2026-11-25 07:01:02, backend raw, by pid,file\n"
	      "filters: --pid 812\n"
	      "\n"
	      "OP       CALLS BYTES ERRORS    AVG    P99    MAX\n"
	      "write       20 21406      7  660ns 2.00us 2.00us\n"
	      "pwrite64     2  5000      2 45.0us 65.5us 80.0us\n"
	      "total       22 26406      9 4.69us        80.0us\n"
	      "\n"
	      "latency of write\n"
	      "(256ns, 512ns]     6 |#################                       |\n"
	      "(512ns, 1.02us]    0 |                                        |\n"
	      "(1.02us, 2.05us]  14 |########################################|\n"
	      "\n"
	      "size of write\n"
	      "(2.0 KiB, 4.0 KiB]  20 |########################################|\n"
	      "\n"
	      "latency of pwrite64\n"
	      "(32.8us, 65.5us]  2 |########################################|\n"
	      "\n"
	      "size of pwrite64\n"
	      "(1.0 KiB, 2.0 KiB]  1 |########################################|\n"
	      "(2.0 KiB, 4.0 KiB]  1 |########################################|\n"
	      "\n"
	      "PID COMM             CALLS BYTES ERRORS    AVG    MAX FILE\n"
	      "812 postgres            10 12096      1  900ns 2.00us /var/lib/postgresql/base/16384/1249\n"
	      "812 postgres             1  9000      0  700ns  700ns /tmp/\u00E4\u6F22.log (deleted)\n"
	      "813 b\\x1B\u00E4d              2  5000      2 45.0us 80.0us ...deep/a\\xFF\\x1B[31m\n"
	      "815 nc                   1    10      0   10ns   10ns -\n"
	      "814 sixteen-bytes-ab     5     0      5  100ns  200ns -\n"
	      "                         3   300      1 1.00us 1.50us (other)\n"
	      "\n"
	      "lost: nothing\n");
}

static void text_terminal(void **state)
{
	(void)state;
	check((struct report_options){ .width = 80, .color = true, .limit = 2 },
	      "session web: 3m12s since 2026-11-25 07:01:02, backend raw, by pid,file\n"
	      "filters: --pid 812\n"
	      "\n"
	      "OP       CALLS    BYTES ERRORS    AVG    P99    MAX\n"
	      "write       20 20.9 KiB \033[31m     7\033[0m  660ns 2.00us 2.00us\n"
	      "pwrite64     2  4.9 KiB \033[31m     2\033[0m 45.0us 65.5us 80.0us\n"
	      "total       22 25.8 KiB \033[31m     9\033[0m 4.69us        80.0us\n"
	      "\n"
	      "latency of write                        size of write\n"
	      "(256ns, 512ns]     6 |######        |   (2.0 KiB, 4.0 KiB]  20 |##############|\n"
	      "(512ns, 1.02us]    0 |              |\n"
	      "(1.02us, 2.05us]  14 |##############|\n"
	      "\n"
	      "latency of pwrite64                     size of pwrite64\n"
	      "(32.8us, 65.5us]  2 |###############|   (1.0 KiB, 2.0 KiB]  1 |###############|\n"
	      "                                        (2.0 KiB, 4.0 KiB]  1 |###############|\n"
	      "\n"
	      "PID COMM     CALLS    BYTES ERRORS    AVG    MAX FILE\n"
	      "812 postgres    10 11.8 KiB \033[31m     1\033[0m  900ns 2.00us /var/lib/po...l/base/16384/1249\n"
	      "812 postgres     1  8.8 KiB      0  700ns  700ns /tmp/\u00E4\u6F22.log (deleted)\n"
	      "                 3    300 B \033[31m     1\033[0m 1.00us 1.50us (other)\n"
	      "... 3 more rows: 8 calls, 4.9 KiB, 7 errors\n"
	      "\n"
	      "lost: nothing\n");
}

static void json(void **state)
{
	(void)state;
	check((struct report_options){ .json = true, .limit = 4 },
	      "{\"session\":{\"name\":\"web\",\"version\":\"0.1.0\","
	      "\"since\":\"2026-11-25T07:01:02.500000000Z\","
	      "\"until\":\"2026-11-25T07:04:14.500000000Z\","
	      "\"backend\":\"raw\",\"filters\":{\"pid\":[812]},\"by\":[\"pid\",\"file\"]},"
	      "\"totals\":{\"calls\":22,\"bytes\":26406,\"errors\":9,\"latency_ns\":103210},"
	      "\"ops\":[{\"op\":\"write\","
	      "\"calls\":20,\"bytes\":21406,\"errors\":7,\"latency_ns\":13210,\"latency_max_ns\":2000,"
	      "\"latency_hist\":[{\"le_ns\":512,\"count\":6},{\"le_ns\":1024,\"count\":0},{\"le_ns\":2048,\"count\":14}],"
	      "\"size_hist\":[{\"le\":4096,\"count\":20}]},"
	      "{\"op\":\"pwrite64\","
	      "\"calls\":2,\"bytes\":5000,\"errors\":2,\"latency_ns\":90000,\"latency_max_ns\":80000,"
	      "\"latency_hist\":[{\"le_ns\":65536,\"count\":2}],"
	      "\"size_hist\":[{\"le\":2048,\"count\":1},{\"le\":4096,\"count\":1}]}],"
	      "\"rows\":[{\"pid\":812,\"comm\":\"postgres\",\"kind\":\"file\","
	      "\"path\":\"/var/lib/postgresql/base/16384/1249\",\"dev\":\"254:1\",\"ino\":9,"
	      "\"calls\":10,\"bytes\":12096,\"errors\":1,\"latency_ns\":9000,\"latency_max_ns\":2000},"
	      "{\"pid\":812,\"comm\":\"postgres\",\"kind\":\"file\","
	      "\"path\":\"/tmp/\u00E4\u6F22.log\",\"path_state\":\"deleted\",\"dev\":\"254:1\",\"ino\":10,"
	      "\"calls\":1,\"bytes\":9000,\"errors\":0,\"latency_ns\":700,\"latency_max_ns\":700},"
	      "{\"pid\":813,\"comm\":\"b\\u001B\u00E4d\",\"kind\":\"file\","
	      "\"path\":\"deep/a\uFFFD\\u001B[31m\","
	      "\"path_b64\":\"ZGVlcC9h/xtbMzFt\",\"path_state\":\"truncated\",\"dev\":\"254:1\",\"ino\":11,"
	      "\"calls\":2,\"bytes\":5000,\"errors\":2,\"latency_ns\":90000,\"latency_max_ns\":80000},"
	      "{\"pid\":815,\"comm\":\"nc\",\"kind\":\"socket\","
	      "\"path\":\"\",\"path_state\":\"unknown\",\"dev\":\"254:1\",\"ino\":12,"
	      "\"calls\":1,\"bytes\":10,\"errors\":0,\"latency_ns\":10,\"latency_max_ns\":10},"
	      "{\"other\":true,"
	      "\"calls\":3,\"bytes\":300,\"errors\":1,\"latency_ns\":3000,\"latency_max_ns\":1500},"
	      "{\"more\":1,"
	      "\"calls\":5,\"bytes\":0,\"errors\":5,\"latency_ns\":500,\"latency_max_ns\":200}],"
	      "\"lost\":{\"ring\":0,\"inflight\":0,\"unpaired\":0,\"skipped\":0}}\n");
}
/* clang-format on */

/* Without latencies, or without the largest one, nothing of them is there. */
static void no_latency(void **state)
{
	(void)state;
	tally.has_max = false;
	has((struct report_options){ 0 }, " MAX", false);
	has((struct report_options){ 0 }, " P99", true);
	has((struct report_options){ 0 }, "latency of", true);
	has((struct report_options){ .json = true }, "latency_max_ns", false);
	has((struct report_options){ .json = true }, "latency_hist", true);
	/* the bucket's bound, for want of a better */
	has((struct report_options){ 0 }, " 660ns 2.05us\n", true);
	meta.latency = 0;
	has((struct report_options){ 0 }, "AVG", false);
	has((struct report_options){ 0 }, "MAX", false);
	has((struct report_options){ 0 }, "P99", false);
	has((struct report_options){ 0 }, "latency of", false);
	has((struct report_options){ 0 }, "size of write", true);
	has((struct report_options){ .json = true }, "latency", false);
	has((struct report_options){ .json = true }, "size_hist", true);
}

static void no_name(void **state)
{
	(void)state;
	memset(meta.name, 0, sizeof(meta.name));
	meta.filters_len = 0;
	meta.start_ns = tally.at_ns - 3210000000;
	has((struct report_options){ 0 }, "3.21s, backend raw, by pid,file\n\nOP ", true);
	has((struct report_options){ .json = true }, "{\"session\":{\"version\":\"0.1.0\",", true);
	/* clocks of a kernel that is not ours to trust */
	meta.start_ns = tally.at_ns + 1;
	has((struct report_options){ 0 }, "0ns, backend raw", true);
}

static void nothing(void **state)
{
	(void)state;
	memset(&tally.totals, 0, sizeof(tally.totals));
	memset(&tally.ops, 0, sizeof(tally.ops));
	memset(&tally.other, 0, sizeof(tally.other));
	tally.n_rows = 0;
	check((struct report_options){ 0 },
	      "session web: 3m12s since 2026-11-25 07:01:02, backend raw, by pid,file\n"
	      "filters: --pid 812\n"
	      "\n"
	      "OP    CALLS BYTES ERRORS AVG P99 MAX\n"
	      "total     0     0      0   -     0ns\n"
	      "\n"
	      "lost: nothing\n");
	has((struct report_options){ .json = true },
	    ",\"ops\":[],\"rows\":[],\"lost\":{\"ring\":0,\"inflight\":0,", true);
}

static void lost(void **state)
{
	(void)state;
	tally.lost[WT_LOST_INFLIGHT] = 5;
	tally.lost[WT_LOST_SKIPPED] = 3;
	has((struct report_options){ 0 }, "\nlost: 5 (inflight), at most 3 (skipped)\n", true);
	has((struct report_options){ 0 }, "not known", false);
	tally.known[WT_LOST_SKIPPED] = false;
	tally.known[WT_LOST_UNPAIRED] = false;
	has((struct report_options){ 0 },
	    "\nlost: 5 (inflight)\nnot known on this kernel: unpaired, skipped\n", true);
	has((struct report_options){ .json = true },
	    "\"lost\":{\"ring\":0,\"inflight\":5,\"unpaired\":null,\"skipped\":null}}\n", true);
}

/* Sum of the numbers of that name in the rows of a document. */
static uint64_t sum_rows(struct buf *json, const char *name)
{
	const char *s = strstr(buf_cstr(json), "\"rows\":["), *end;
	char key[64] = "\"";
	uint64_t sum = 0;

	assert_non_null(s);
	end = strstr(s, "],\"lost\":");
	assert_non_null(end);
	strcat(strcat(key, name), "\":");
	for (s = strstr(s, key); s && s < end; s = strstr(s + 1, key))
		sum += strtoull(s + strlen(key), NULL, 10);
	return sum;
}

/* Whatever the order, the limit and what rows are told apart by: rows come to the totals. */
static void sums(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (meta.by = 1; meta.by < 64; meta.by++)
		for (uint64_t limit = 0; limit < 9; limit++)
			for (int sort = REPORT_BYTES; sort <= REPORT_LATENCY; sort++) {
				print(&out, (struct report_options){
						    .json = true, .sort = sort, .limit = limit });
				assert_int_equal(sum_rows(&out, "calls"), tally.totals.calls);
				assert_int_equal(sum_rows(&out, "bytes"), tally.totals.bytes);
				assert_int_equal(sum_rows(&out, "errors"), tally.totals.errors);
				assert_int_equal(sum_rows(&out, "latency_ns"),
						 tally.totals.latency_ns);
			}
	buf_free(&out);
}

/* 10 ms and more are slow, in each column of latencies. */
static void slow(void **state)
{
	struct report_options o = { .color = true };

	(void)state;
	rows[1].sums.latency_ns = rows[1].sums.latency_max_ns = 9990000;
	has(o, "\033[33m", false);
	rows[1].sums.latency_ns = rows[1].sums.latency_max_ns = 10000000;
	has(o, " \033[33m10.0ms\033[0m \033[33m10.0ms\033[0m /tmp/", true);
	tally.ops[WT_OP_PWRITE64].sums.latency_max_ns = 30000000;
	tally.ops[WT_OP_PWRITE64].latency_hist[24] = 1;
	has(o, " 45.0us \033[33m16.8ms\033[0m \033[33m30.0ms\033[0m\n", true);
	tally.totals.latency_ns = 22 * 12000000ull;
	has(o, " \033[33m12.0ms\033[0m", true);
	o.color = false;
	has(o, "\033", false);
}

/* The order of the pids in a document's rows, such as "812 813 ". */
static void check_order(enum report_sort sort, const char *want)
{
	struct buf out = { 0 }, pids = { 0 };

	print(&out, (struct report_options){ .json = true, .sort = sort });
	for (const char *s = strstr(buf_cstr(&out), "\"rows\""); (s = strstr(s, "{\"pid\":")); s++)
		buf_printf(&pids, "%.3s ", s + strlen("{\"pid\":"));
	assert_string_equal(buf_cstr(&pids), want);
	buf_free(&out);
	buf_free(&pids);
}

static void order(void **state)
{
	(void)state;
	/* 12096, 9000, 5000, 10, 0 bytes */
	check_order(REPORT_BYTES, "812 812 813 815 814 ");
	/* 10, 5, 2 calls; of two with one call each the one that was there first */
	check_order(REPORT_CALLS, "812 814 813 812 815 ");
	/* 5, 2, 1 errors; none: the one that was there first */
	check_order(REPORT_ERRORS, "814 813 812 812 815 ");
	check_order(REPORT_LATENCY, "813 812 812 814 815 ");
	/* of two without errors the one with more calls */
	rows[5].sums.calls = 9;
	check_order(REPORT_ERRORS, "814 813 812 815 812 ");
}

/* Rows that look the same are one; the slightest difference in sight keeps them apart. */
static void merged(void **state)
{
	static const char both[] = "\"ino\":9,\"calls\":10,\"bytes\":12096,\"errors\":1,"
				   "\"latency_ns\":9000,\"latency_max_ns\":2000}";
	const struct report_options o = { .json = true };
	struct tally_row before = rows[3];

	(void)state;
	has(o, both, true);
	rows[3].uid++;
	rows[3].cgroup++;
	rows[3].op++;
	rows[3].comm[0]++;
	has(o, both, true);
	rows[3] = before;
	rows[3].start_ns++;
	has(o, both, false);
	rows[3] = before;
	rows[3].pid++;
	has(o, both, false);
	rows[3] = before;
	files[1]->minor++;
	has(o, both, false);
	files[1]->minor--;
	files[1]->ino++;
	has(o, both, false);
	files[1]->ino--;
	files[1]->kind++;
	has(o, both, false);
	files[1]->kind--;
	files[1]->path_state = WT_PATH_DELETED;
	has(o, both, false);
	files[1]->path_state = WT_PATH_PLAIN;
	files[1]->path[3]++;
	has(o, both, false);
	files[1]->path[3]--;
	files[1]->path_len--;
	has(o, both, false);
	files[1]->path_len++;
	has(o, both, true);
	rows[3].file = NULL;
	has(o, both, false);
	meta.by = 63;
	rows[3] = before;
	has(o, both, true);
	rows[3].uid++;
	has(o, both, false);
	rows[3] = before;
	rows[3].cgroup++;
	has(o, both, false);
	rows[3] = before;
	rows[3].op++;
	has(o, both, false);
	rows[3] = before;
	rows[3].comm[0]++;
	has(o, both, false);
}

/* Bytes behind a name's end are not part of it. */
static void names_end(void **state)
{
	(void)state;
	meta.by = WT_BY_COMM;
	rows[0].comm[10] = 'x';
	has((struct report_options){ .json = true }, "{\"comm\":\"postgres\",\"calls\":11,", true);
	has((struct report_options){ .json = true }, "\"comm\":\"sixteen-bytes-ab\",", true);
	has((struct report_options){ 0 }, "sixteen-bytes-ab ", true);
	memset(rows[2].comm, 1, sizeof(rows[2].comm));
	has((struct report_options){ .width = 80 }, "\n\\x01\\x01...1\\x01\\x01 ", true);
	has((struct report_options){ 0 }, "\n\\x01\\x01\\x01\\x01\\x01\\x01", true);
}

static void keys(void **state)
{
	(void)state;
	meta.by = WT_BY_UID | WT_BY_CGROUP | WT_BY_OP;
	has((struct report_options){ 0 },
	    "    UID CGROUP OP       CALLS BYTES ERRORS    AVG    MAX\n"
	    "   1000   4242 write       16 21096      6  637ns 2.00us\n"
	    "   1001   4242 pwrite64     2  5000      2 45.0us 80.0us\n"
	    "   1001   4242 write        1    10      0   10ns   10ns\n"
	    "(other)                     3   300      1 1.00us 1.50us\n",
	    true);
	has((struct report_options){ .json = true },
	    "\"rows\":[{\"uid\":1000,\"cgroup\":4242,\"op\":\"write\",\"calls\":16,", true);
	has((struct report_options){ .json = true }, "\"by\":[\"uid\",\"cgroup\",\"op\"]", true);
	meta.by = WT_BY_COMM;
	has((struct report_options){ 0 },
	    "COMM             CALLS BYTES ERRORS    AVG    MAX\n"
	    "postgres            11 21096      1  881ns 2.00us\n"
	    "b\\x1B\u00E4d              2  5000      2 45.0us 80.0us\n",
	    true);
}

/* No line is wider than the terminal, whatever its width; nothing gets through to it. */
static void widths(void **state)
{
	struct table_locale locale;
	struct buf out = { 0 };

	(void)state;
	table_locale_enter(&locale);
	for (meta.by = 1; meta.by < 64; meta.by++)
		for (unsigned int width = 1; width < 150; width++) {
			print(&out, (struct report_options){
					    .width = width, .utf8 = width % 2, .limit = 2 });
			for (const char *s = buf_cstr(&out); *s;) {
				size_t len = strcspn(s, "\n");

				if (table_width(s, len) > width)
					fail_msg("%u: %.*s", width, (int)len, s);
				assert_null(memchr(s, '\033', len));
				s += len + 1;
			}
		}
	table_locale_leave(&locale);
	buf_free(&out);
}

static void wrapped(void **state)
{
	struct buf line = { 0 }, out = { 0 };

	(void)state;
	buf_puts(&line, "filters: --pid 1,22,333,4444 --follow");
	report_put_wrapped(&out, &line, 0);
	assert_string_equal(buf_cstr(&out), "filters: --pid 1,22,333,4444 --follow\n");
	buf_reset(&out);
	report_put_wrapped(&out, &line, 14);
	assert_string_equal(buf_cstr(&out), "filters: --pid\n  1,22,333,\n  4444\n  --follow\n");
	buf_reset(&out);
	report_put_wrapped(&out, &line, 8);
	assert_string_equal(buf_cstr(&out),
			    "filters:\n  --pid\n  1,22,\n  333,\n  4444\n  --foll\n  ow\n");
	buf_free(&out);
	buf_free(&line);
}

/* The same bytes in any locale. */
static void locales(void **state)
{
	const struct report_options o = { .width = 100, .utf8 = true };
	struct buf c = { 0 }, utf8 = { 0 };

	(void)state;
	assert_non_null(setlocale(LC_ALL, "C"));
	print(&c, o);
	assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
	print(&utf8, o);
	assert_string_equal(buf_cstr(&c), buf_cstr(&utf8));
	assert_non_null(setlocale(LC_ALL, "C"));
	assert_non_null(strstr(buf_cstr(&c), " /tmp/\u00E4\u6F22.log (deleted)\n"));
	assert_non_null(strstr(buf_cstr(&c), "  20 |\u2588\u2588"));
	buf_free(&c);
	buf_free(&utf8);
}

static void pretty(void **state)
{
	(void)state;
	has((struct report_options){ .json = true, .pretty = true },
	    "{\n  \"session\": {\n    \"name\": \"web\",", true);
}

static void list(void **state)
{
	static const uint64_t counts[WT_LOST_COUNT] = { [WT_LOST_INFLIGHT] = 5 };
	static const uint64_t none[WT_LOST_COUNT];
	static const bool all[WT_LOST_COUNT] = { true, true, true, true };
	static const bool some[WT_LOST_COUNT] = { true, true, true, false };
	const struct report_entry entries[] = {
		{ .name = "old\x1B", .note = "was pinned by another\nversion" },
		{ .meta = &meta, .name = "web", .calls = 1234, .lost = counts, .known = all },
		{ .meta = &meta, .name = "api", .calls = 0, .lost = none, .known = some },
	};
	struct report_options o = { 0 };
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(report_list(&out, entries, 2, &o), 0);
	assert_string_equal(buf_cstr(&out),
			    "NAME SINCE               BY       BACKEND SEEN LOST FILTERS\n"
			    "web  2026-11-25 07:01:02 pid,file raw     1234    5 --pid 812\n"
			    "old\\x1B: was pinned by another\\x0Aversion\n");
	buf_reset(&out);
	assert_int_equal(report_list(&out, entries + 2, 1, &o), 0);
	assert_non_null(strstr(buf_cstr(&out), " raw        0   0? --pid 812\n"));
	buf_reset(&out);
	assert_int_equal(report_list(&out, NULL, 0, &o), 0);
	assert_string_equal(buf_cstr(&out), "");
	o.json = true;
	assert_int_equal(report_list(&out, NULL, 0, &o), 0);
	assert_string_equal(buf_cstr(&out), "{\"sessions\":[]}\n");
	buf_reset(&out);
	assert_int_equal(report_list(&out, entries, 2, &o), 0);
	assert_string_equal(
		buf_cstr(&out),
		"{\"sessions\":[{\"name\":\"old\\u001B\",\"note\":\"was pinned by "
		"another\\nversion\"},"
		"{\"name\":\"web\",\"version\":\"0.1.0\",\"since\":\"2026-11-25T07:01:02."
		"500000000Z\","
		"\"backend\":\"raw\",\"by\":[\"pid\",\"file\"],\"filters\":{\"pid\":[812]},"
		"\"rows\":10240,\"events\":16384,\"calls\":1234,"
		"\"lost\":{\"ring\":0,\"inflight\":5,\"unpaired\":0,\"skipped\":0}}]}\n");
	buf_free(&out);
}

static void check_by(const char *text, int want_err, uint32_t want, const char *want_why)
{
	struct buf why = { 0 };
	uint32_t by = 0x5afe;
	int err = report_parse_by(text, &by, &why);

	assert_int_equal(err, want_err);
	if (!err)
		assert_int_equal(by, want);
	assert_string_equal(buf_cstr(&why), want_why);
	buf_free(&why);
}

static void parse_by(void **state)
{
	(void)state;
	check_by("pid", 0, WT_BY_PID, "");
	check_by("file,op,cgroup,uid,comm,pid", 0, 63, "");
	check_by("pid,pid,file", 0, WT_BY_PID | WT_BY_FILE, "");
	check_by("pid,x", -EINVAL, 0, "unknown key 'x'; known are pid comm uid cgroup op file");
	check_by("pi", -EINVAL, 0, "unknown key 'pi'; known are pid comm uid cgroup op file");
	check_by("pids", -EINVAL, 0, "unknown key 'pids'; known are pid comm uid cgroup op file");
	check_by("", -EINVAL, 0, "empty item in a list");
	check_by("pid,", -EINVAL, 0, "empty item in a list");
	for (uint32_t bit = 1; bit < 64; bit <<= 1)
		check_by(report_by_name(bit), 0, bit, "");
	assert_null(report_by_name(0));
	assert_null(report_by_name(3));
	assert_null(report_by_name(64));
}

static void parse_sort(void **state)
{
	struct buf why = { 0 };
	enum report_sort sort = REPORT_BYTES;

	(void)state;
	assert_int_equal(report_parse_sort("latency", &sort, &why), 0);
	assert_int_equal(sort, REPORT_LATENCY);
	assert_int_equal(report_parse_sort("errors", &sort, &why), 0);
	assert_int_equal(sort, REPORT_ERRORS);
	assert_int_equal(report_parse_sort("calls", &sort, &why), 0);
	assert_int_equal(sort, REPORT_CALLS);
	assert_int_equal(report_parse_sort("bytes", &sort, &why), 0);
	assert_int_equal(sort, REPORT_BYTES);
	assert_int_equal(why.len, 0);
	assert_int_equal(report_parse_sort("size", &sort, &why), -EINVAL);
	assert_string_equal(buf_cstr(&why),
			    "unknown sort key 'size'; known are bytes calls errors latency");
	buf_free(&why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_piped), TEST(text_terminal), TEST(json),	 TEST(no_latency),
		TEST(no_name),	  TEST(nothing),       TEST(lost),	 TEST(sums),
		TEST(order),	  TEST(merged),	       TEST(names_end),	 TEST(keys),
		TEST(wrapped),	  TEST(widths),	       TEST(locales),	 TEST(pretty),
		TEST(list),	  TEST(parse_by),      TEST(parse_sort), TEST(slow),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
