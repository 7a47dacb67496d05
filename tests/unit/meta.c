// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/meta: what is refused, and filters on their way from options to text and JSON.
 */
#include <errno.h>
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
#include "common/filter.h"
#include "common/json.h"
#include "common/meta.h"
#include "common/ops.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct wt_meta good(void)
{
	struct wt_meta m = {
		.magic = WT_MAGIC,
		.layout = WT_LAYOUT,
		.size = sizeof(m),
		.start_ns = 1000,
		.ops = 3,
		.compat_ops = 1,
		.by = WT_BY_PID | WT_BY_FILE,
		.rows = 10240,
		.events = 16384,
		.event_slots = 16384,
		.path_slots = 4096,
		.lanes = 1,
		.cpus = 4,
		.ops_size = WT_OP_COUNT,
		.total_size = sizeof(struct wt_total),
		.row_size = sizeof(struct wt_row),
		.copies = 1,
		.latency = 1,
		.version = "0.1.0",
		.name = "web-1_A",
		.filters_len = 6,
		.filters = "pid=1",
	};

	return m;
}

static int check(const struct wt_meta *m, size_t len, struct buf *why)
{
	int err;

	buf_reset(why);
	err = meta_check(m, len, why);
	assert_int_equal(!err, !why->len);
	return err;
}

static void accepted(const struct wt_meta *m, const char *what)
{
	struct buf why = { 0 };

	if (check(m, sizeof(*m), &why))
		fail_msg("%s: %s", what, buf_cstr(&why));
	buf_free(&why);
}

static void refused(const struct wt_meta *m, const char *what)
{
	struct buf why = { 0 };
	int err = check(m, sizeof(*m), &why);

	if (err != -EBADMSG)
		fail_msg("%s: %d, %s", what, err, buf_cstr(&why));
	buf_free(&why);
}

#define WITH(verdict, member, value)               \
	do {                                       \
		struct wt_meta m = good();         \
                                                   \
		m.member = (value);                \
		verdict(&m, #member " = " #value); \
	} while (0)

static void check_numbers(void **state)
{
	struct wt_meta m = good();

	(void)state;
	accepted(&m, "good");
	WITH(refused, magic, WT_MAGIC + 1);
	WITH(refused, size, sizeof(m) - 8);
	WITH(refused, ops, 0);
	WITH(refused, ops, 1ULL << WT_OP_COUNT);
	WITH(accepted, ops, (1ULL << WT_OP_COUNT) - 1);
	WITH(refused, ops, 1ULL << 63);
	WITH(refused, compat_ops, 1ULL << WT_CALL_COUNT);
	WITH(accepted, compat_ops, 0);
	WITH(refused, by, 0);
	WITH(accepted, by, 63);
	WITH(refused, by, 64);
	WITH(refused, by, 1U << 31 | WT_BY_PID);
	WITH(refused, rows, 0);
	WITH(accepted, rows, 1);
	WITH(refused, cpus, 0);
	WITH(accepted, cpus, 8192);
	WITH(refused, cpus, 8193);
	WITH(accepted, lanes, 4);
	WITH(refused, lanes, 5);
	WITH(refused, event_slots, 0);
	WITH(refused, event_slots, 3);
	WITH(accepted, event_slots, 1);
	WITH(accepted, event_slots, 1U << 26);
	WITH(refused, event_slots, 1U << 27);
	WITH(refused, path_slots, 0);
	WITH(refused, path_slots, 4095);
	WITH(accepted, path_slots, 1U << 26);
	WITH(refused, path_slots, 1U << 31);
	WITH(refused, ops_size, WT_OP_COUNT + 1);
	WITH(refused, total_size, sizeof(struct wt_total) + 8);
	WITH(refused, row_size, 0);
	WITH(accepted, backend, BACKEND_COUNT - 1);
	WITH(refused, backend, BACKEND_COUNT);
	WITH(refused, backend, 255);
	WITH(refused, copies, 0);
	WITH(accepted, copies, WT_COPIES);
	WITH(refused, copies, WT_COPIES + 1);

	m.lanes = m.event_slots = m.path_slots = 0;
	accepted(&m, "no flight recorder");
	m.event_slots = 3;
	refused(&m, "no flight recorder, 3 slots");
}

static void check_strings(void **state)
{
	struct wt_meta m = good();

	(void)state;
	memset(m.version, 'v', sizeof(m.version));
	refused(&m, "version without an end");
	m = good();
	memset(m.name, 'n', WT_NAME_MAX);
	accepted(&m, "longest name");
	m.name[WT_NAME_MAX] = 'n';
	refused(&m, "name too long");
	memset(m.name, 'n', sizeof(m.name));
	refused(&m, "name without an end");
	for (int c = 1; c < 256; c++) {
		m = good();
		m.name[3] = c;
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", c))
			accepted(&m, "name");
		else
			refused(&m, "name");
	}
	WITH(accepted, filters_len, 0);
	WITH(accepted, filters_len, WT_FILTERS_LEN);
	WITH(refused, filters_len, WT_FILTERS_LEN + 1);
	WITH(refused, filters_len, UINT32_MAX);
	WITH(refused, filters_len, 5);
	m = good();
	memset(m.filters, 'x', sizeof(m.filters));
	m.filters_len = sizeof(m.filters);
	refused(&m, "filters without an end");
}

static void check_lengths(void **state)
{
	struct wt_meta *m = calloc(2, sizeof(*m));
	struct buf why = { 0 };

	(void)state;
	assert_non_null(m);
	*m = good();
	for (size_t len = 0; len < sizeof(*m) + 8; len++)
		if (len != sizeof(*m) && check(m, len, &why) != -EBADMSG)
			fail_msg("%zu bytes: %s", len, buf_cstr(&why));
	assert_int_equal(check(m, sizeof(*m), &why), 0);
	free(m);

	/* not a byte more is looked at than there are */
	m = malloc(12);
	assert_non_null(m);
	memset(m, 0, 12);
	assert_int_equal(check(m, 0, &why), -EBADMSG);
	assert_int_equal(check(m, 12, &why), -EBADMSG);
	memcpy(m, &(__u64){ WT_MAGIC }, 8);
	assert_int_equal(check(m, 12, &why), -EPROTO);
	assert_string_equal(buf_cstr(&why),
			    "was pinned by another version of writetrace in layout 0, this one "
			    "(" WT_VERSION ") reads layout 2");
	free(m);
	buf_free(&why);
}

static void check_other_layout(const char *version, const char *want)
{
	struct wt_meta m = good();
	struct buf why = { 0 }, text = { 0 };

	m.layout = 3;
	m.size = 1;
	memset(m.version, 0, sizeof(m.version));
	memcpy(m.version, version, strnlen(version, sizeof(m.version)));
	assert_int_equal(check(&m, sizeof(m), &why), -EPROTO);
	buf_printf(&text, "was pinned by %s in layout 3, this one (" WT_VERSION ") reads layout 2",
		   want);
	assert_string_equal(buf_cstr(&why), buf_cstr(&text));
	buf_free(&why);
	buf_free(&text);
}

static void check_layouts(void **state)
{
	(void)state;
	check_other_layout("0.2.0", "writetrace 0.2.0");
	check_other_layout("1.0~rc1-2+deb12u1", "writetrace 1.0~rc1-2+deb12u1");
	check_other_layout("", "another version of writetrace");
	check_other_layout("0.2\033[31m", "another version of writetrace");
	check_other_layout("0.2\xC3\xA4", "another version of writetrace");
	check_other_layout("01234567890123456789012345678901", "another version of writetrace");
	check_other_layout("0123456789012345678901234567890",
			   "writetrace 0123456789012345678901234567890");
}

/* Whoever comes here because a size differs: WT_LAYOUT has to be raised, too. */
static void sizes_of_this_layout(void **state)
{
	(void)state;
	assert_int_equal(WT_LAYOUT, 2);
	assert_int_equal(sizeof(struct wt_meta), 8400);
	assert_int_equal(sizeof(struct wt_shared), 48);
	assert_int_equal(sizeof(struct wt_counters), 2160);
	assert_int_equal(sizeof(struct wt_total), 1616);
	assert_int_equal(sizeof(struct wt_other), 80);
	assert_int_equal(sizeof(struct wt_row), 136);
	assert_int_equal(sizeof(struct wt_row_file), 128);
	assert_int_equal(sizeof(struct wt_row_path_key), 16);
	assert_int_equal(sizeof(struct wt_row_path), 128);
	assert_int_equal(sizeof(struct wt_recorder_heads), 64);
	assert_int_equal(sizeof(struct wt_recorded_event), 128);
	assert_int_equal(sizeof(struct wt_recorded_path), 128);
	assert_int_equal(sizeof(struct wt_aio_context), 48);
}

static void check_text(const struct wt_meta *m, const char *want)
{
	struct buf b = { 0 };

	meta_filters_text(&b, m);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

static void check_json(const struct wt_meta *m, const char *want)
{
	struct buf b = { 0 };
	struct json json = { .out = &b };

	json_begin_object(&json, NULL);
	meta_filters_json(&json, m);
	json_end_object(&json);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

#define DEFAULT_OPS                                                            \
	"\"ops\":[\"write\",\"pwrite64\",\"writev\",\"pwritev\",\"pwritev2\"," \
	"\"sendfile\",\"splice\",\"vmsplice\",\"tee\",\"copy_file_range\","    \
	"\"io_uring:write\",\"io_uring:writev\",\"io_uring:write_fixed\","     \
	"\"aio:pwrite\",\"aio:pwritev\"]"

static void no_filters(void **state)
{
	struct filter f = { 0 };
	struct wt_meta m = good();

	(void)state;
	memset(m.filters, 'x', sizeof(m.filters));
	m.filters_cut = 1;
	meta_set_filters(&m, &f);
	assert_int_equal(m.filters_cut, 0);
	assert_int_equal(m.filters[sizeof(m.filters) - 1], 0);
	accepted(&m, "what was set");
	check_text(&m, "");
	check_json(&m, "{\"filters\":{" DEFAULT_OPS "}}");
	f.ops = ops_default();
	meta_set_filters(&m, &f);
	check_text(&m, "");
}

static void add(int (*fn)(void *, const char *, struct buf *), struct filter *f, const char *arg)
{
	struct buf why = { 0 };

	if (fn(f, arg, &why))
		fail_msg("%s: %s", arg, buf_cstr(&why));
	buf_free(&why);
}

static void all_filters(void **state)
{
	struct filter f = { 0 };
	struct wt_meta m = good();

	(void)state;
	add(filter_add_pids, &f, "812,813");
	add(filter_add_pids, &f, "1");
	add(filter_add_tids, &f, "4194304");
	add(filter_add_uids, &f, "0,4294967294");
	add(filter_add_fds, &f, "2147483647,0");
	add(filter_add_comm, &f, "post*");
	add(filter_add_cgroup, &f, "system.slice/web.service");
	add(filter_add_path, &f, "/var/lib");
	add(filter_add_path, &f, "relative path");
	add(filter_add_kinds, &f, "pipe,file");
	add(filter_add_ops, &f, "writev,pwrite64");
	f.min_size = 4096;
	f.min_latency_ns = 1000000;
	f.follow = f.failed = true;
	meta_set_filters(&m, &f);
	assert_int_equal(m.filters_cut, 0);
	accepted(&m, "what was set");
	check_text(&m, "--pid 812,813,1 --tid 4194304 --follow --comm 'post*' --uid 0,4294967294 "
		       "--cgroup system.slice/web.service --path /var/lib --path 'relative path' "
		       "--fd 2147483647,0 --kind file,pipe --ops pwrite64,writev --min-size 4096 "
		       "--min-latency 1ms --failed");
	check_json(&m, "{\"filters\":{\"pid\":[812,813,1],\"tid\":[4194304],\"follow\":true,"
		       "\"comm\":[\"post*\"],\"uid\":[0,4294967294],"
		       "\"cgroup\":[\"system.slice/web.service\"],"
		       "\"path\":[\"/var/lib\",\"relative path\"],\"fd\":[2147483647,0],"
		       "\"kind\":[\"file\",\"pipe\"],\"ops\":[\"pwrite64\",\"writev\"],"
		       "\"min_size\":4096,\"min_latency_ns\":1000000,\"failed\":true}}");
	filter_free(&f);
}

/* As they would be asked for, in the shortest way */
static void operations(void **state)
{
	static const struct {
		const char *asked, *text;
	} cases[] = {
		{ "all", "--ops all" },
		{ "write,copy", "" },
		{ "sync,write", "--ops write,sync" },
		{ "fsync,aio:fsync", "--ops fsync,aio:fsync" },
		{ "msync,copy,send", "--ops copy,send,msync" },
		{ "write,copy,send,sync", "--ops all" },
		{ "write,pwrite64,splice,tee", "--ops write,splice,tee" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct filter f = { 0 };
		struct wt_meta m = good();

		add(filter_add_ops, &f, cases[i].asked);
		meta_set_filters(&m, &f);
		check_text(&m, cases[i].text);
		filter_free(&f);
	}
}

static void times(void **state)
{
	static const struct {
		uint64_t ns;
		const char *want;
	} cases[] = {
		{ 1, "--min-latency 1ns" },
		{ 1001, "--min-latency 1001ns" },
		{ 1500000, "--min-latency 1500us" },
		{ 2000000000, "--min-latency 2s" },
		{ UINT64_MAX, "--min-latency 18446744073709551615ns" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct filter f = { .min_latency_ns = cases[i].ns };
		struct wt_meta m = good();

		meta_set_filters(&m, &f);
		check_text(&m, cases[i].want);
	}
}

/* Each pattern as a shell must be given it. */
static void odd_bytes(void **state)
{
	static const struct {
		const char *path;
		const char *text;
		const char *json;
	} cases[] = {
		{ "it's", "--path 'it'\\''s'", "\"path\":[\"it's\"]" },
		{ "a\"b$c", "--path 'a\"b$c'", "\"path\":[\"a\\\"b$c\"]" },
		{ "~", "--path '~'", "\"path\":[\"~\"]" },
		{ "a=b", "--path a=b", "\"path\":[\"a=b\"]" },
		{ "\xC3\xA4", "--path '\xC3\xA4'", "\"path\":[\"\xC3\xA4\"]" },
		{ "a\nb'c", "--path $'a\\x0Ab\\'c'", "\"path\":[\"a\\nb'c\"]" },
		{ "\t\\n", "--path $'\\x09\\\\n'", "\"path\":[\"\\t\\\\n\"]" },
		{ "\x1B[31m*", "--path $'\\x1B[31m*'", "\"path\":[\"\\u001B[31m*\"]" },
		{ "\xE2\x80\xAEx", "--path $'\\xE2\\x80\\xAEx'", "\"path\":[\"\\u202Ex\"]" },
		{ "a\xFF", "--path $'a\\xFF'",
		  "\"path\":[\"a\xEF\xBF\xBD\"],\"path_b64\":[\"Yf8=\"]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct filter f = { .ops = 1 << WT_OP_WRITE };
		struct wt_meta m = good();
		struct buf want = { 0 };

		add(filter_add_path, &f, cases[i].path);
		meta_set_filters(&m, &f);
		buf_printf(&want, "%s --ops write", cases[i].text);
		check_text(&m, buf_cstr(&want));
		buf_reset(&want);
		buf_printf(&want, "{\"filters\":{%s,\"ops\":[\"write\"]}}", cases[i].json);
		check_json(&m, buf_cstr(&want));
		buf_free(&want);
		filter_free(&f);
	}
}

/* A quoted word is what it was once a shell has read it. */
static void shell_reads_it_back(void **state)
{
	char word[256], back[512], *command = NULL;
	struct filter f = { 0 };
	struct wt_meta m = good();
	struct buf text = { 0 };
	size_t n;
	FILE *p;

	(void)state;
	for (int c = 1; c < 256; c++)
		word[c - 1] = c;
	word[255] = '\0';
	f.paths.items = &(char *){ word };
	f.paths.n = 1;
	meta_set_filters(&m, &f);
	meta_filters_text(&text, &m);
	assert_true(asprintf(&command, "exec bash -c \"$(cat <<'END'\nprintf '<%%s>' %s\nEND\n)\"",
			     buf_cstr(&text)) > 0);
	p = popen(command, "r");
	assert_non_null(p);
	n = fread(back, 1, sizeof(back) - 1, p);
	assert_int_equal(pclose(p), 0);
	assert_int_equal(n, strlen("<--path><>") + 255);
	assert_memory_equal(back, "<--path><", 9);
	assert_memory_equal(back + 9, word, 255);
	free(command);
	buf_free(&text);
}

static void too_much(void **state)
{
	static char most[WT_FILTERS_LEN + 1];
	char *items[] = { most, "/short" };
	struct filter f = { .paths = { items, 2 }, .ops = 1 << WT_OP_WRITE, .follow = true };
	struct wt_meta m = good();
	size_t fits = WT_FILTERS_LEN - sizeof("ops=write") - sizeof("follow=true") -
		      sizeof("path=/short") - sizeof("path=");

	(void)state;
	memset(most, 'x', fits);
	meta_set_filters(&m, &f);
	assert_int_equal(m.filters_cut, 0);
	assert_int_equal(m.filters_len, WT_FILTERS_LEN);
	accepted(&m, "full");

	most[fits] = 'x';
	meta_set_filters(&m, &f);
	assert_int_equal(m.filters_cut, 1);
	accepted(&m, "the last one cut");
	f.paths.items = &(char *){ most };
	f.paths.n = 1;
	memset(most, 'x', WT_FILTERS_LEN);
	meta_set_filters(&m, &f);
	assert_int_equal(m.filters_cut, 1);
	check_text(&m, "--follow --ops write ...");
	check_json(&m, "{\"filters\":{\"follow\":true,\"ops\":[\"write\"],\"cut\":true}}");

	f.paths.items = items;
	f.paths.n = 2;
	meta_set_filters(&m, &f);
	check_text(&m, "--follow --path /short --ops write ...");
}

/* What is not as we put it down does no harm. */
static void hostile(void **state)
{
	static const char entries[] = "pid=1\0pid=x\x1b\0pidx=2\0=\0\0nonsense\0unknown=7\0"
				      "min-size=-5\0min-size=6\0min-latency=soon\0ops=chmod\0"
				      "kind=\xff\0follow=no\0path=\0pid=999999999999999999999";
	struct wt_meta m = good();

	(void)state;
	memset(m.filters, 0, sizeof(m.filters));
	memcpy(m.filters, entries, sizeof(entries));
	m.filters_len = sizeof(entries);
	accepted(&m, "hostile entries");
	check_text(&m, "--pid 1,$'x\\x1B',999999999999999999999 --follow --path '' "
		       "--kind $'\\xFF' --ops chmod --min-size -5 --min-latency soon");
	check_json(&m, "{\"filters\":{\"pid\":[1,\"x\\u001B\",\"999999999999999999999\"],"
		       "\"follow\":true,\"path\":[\"\"],\"kind\":[\"\xEF\xBF\xBD\"],"
		       "\"ops\":[\"chmod\"],\"min_size\":\"-5\",\"min_latency_ns\":\"soon\"}}");
	/* not checked: it still ends where the field does */
	memset(m.filters, 'x', sizeof(m.filters));
	memcpy(m.filters + sizeof(m.filters) - 5, "\0ops=", 5);
	m.filters_len = UINT32_MAX;
	check_text(&m, "");
	check_json(&m, "{\"filters\":{}}");
}

static void wall_time(void **state)
{
	struct timespec boot, wall;
	uint64_t want, got;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	got = meta_wall_ns(NULL, boot.tv_sec * 1000000000ull + boot.tv_nsec);
	want = wall.tv_sec * 1000000000ull + wall.tv_nsec;
	assert_in_range(got, want - 1000000000, want + 1000000000);
	assert_in_range(meta_wall_ns(NULL, 0) + 3600000000000,
			meta_wall_ns(NULL, 3600000000000) - 1000000000,
			meta_wall_ns(NULL, 3600000000000) + 1000000000);
}

static void wall_time_of_a_session(void **state)
{
	struct wt_meta m = {};

	(void)state;
	meta_stamp(&m);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(meta_wall_ns(&m, m.start_ns + i), m.wall_ns + i);
	/* the clock has been set since */
	m.wall_ns -= 20000000;
	assert_in_range(meta_wall_ns(&m, m.start_ns), m.wall_ns + 19000000, m.wall_ns + 21000000);
	m.wall_ns += 40000000;
	assert_in_range(meta_wall_ns(&m, m.start_ns), m.wall_ns - 21000000, m.wall_ns - 19000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_numbers),
		cmocka_unit_test(check_strings),
		cmocka_unit_test(check_lengths),
		cmocka_unit_test(check_layouts),
		cmocka_unit_test(no_filters),
		cmocka_unit_test(all_filters),
		cmocka_unit_test(operations),
		cmocka_unit_test(times),
		cmocka_unit_test(odd_bytes),
		cmocka_unit_test(too_much),
		cmocka_unit_test(shell_reads_it_back),
		cmocka_unit_test(hostile),
		cmocka_unit_test(wall_time),
		cmocka_unit_test(wall_time_of_a_session),
		cmocka_unit_test(sizes_of_this_layout),
	};

	return cmocka_run_group_tests_name("meta", tests, NULL, NULL);
}
