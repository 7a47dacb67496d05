// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values of options. Input: a byte that says of which, then the value. A glob goes by fnmatch(3).
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/filter.h"
#include "common/glob.h"
#include "common/ops.h"
#include "common/print.h"
#include "common/report.h"
#include "common/units.h"
#include "fuzz.h"

enum { SIZE, TIME, NUMBER, OPS, BY, SORT, COLUMNS, KINDS, FDS, GLOB, LITERAL, FILTER, KNOWN };

static void glob(const char *pattern, const char *text)
{
	static struct wt_glob g;
	bool ascii = true;

	if (glob_compile(&g, pattern))
		return;
	for (const char *c = pattern; *c; c++)
		ascii = ascii && *c > 0 && *c != '[';
	for (const char *c = text; *c; c++)
		ascii = ascii && *c > 0;
	/* sets are compared by tests/unit/glob.c: fnmatch() does not take all that are wrong alike
	 */
	if (glob_matches(&g, text, strlen(text)) != !fnmatch(pattern, text, 0) && ascii)
		abort();
}

static void literal(const char *path, const char *text)
{
	static struct wt_glob g;

	if (!glob_compile_literal(&g, path, false) &&
	    glob_matches(&g, text, strlen(text)) != !strcmp(path, text))
		abort();
	if (!glob_compile_literal(&g, path, true))
		glob_matches(&g, text, strlen(text));
}

/* What is accepted is said again in its own words, and read back. */
static void size(const char *value)
{
	struct buf out = {};
	uint64_t n, again;

	if (units_parse_size(value, &n))
		return;
	buf_u64(&out, n);
	if (units_parse_size(buf_cstr(&out), &again) || again != n)
		abort();
	units_size(&out, n);
	buf_free(&out);
}

static void time_ns(const char *value)
{
	struct buf out = {};
	uint64_t n;

	if (!units_parse_time_ns(value, 1000000000, &n))
		units_time(&out, n);
	buf_free(&out);
}

static void filters(const char *value, struct buf *why)
{
	struct filter f = {};

	filter_add_comm(&f, value, why);
	filter_add_path(&f, value, why);
	filter_add_pids(&f, value, why);
	filter_add_tids(&f, value, why);
	filter_free(&f);
}

static void columns(const char *value, struct buf *why)
{
	const struct print_options options = {};
	struct print print = {};
	struct buf out = {};

	if (!print_setup(&print, &options, value, why))
		print_header(&print, &out);
	buf_free(&out);
}

static void parse(unsigned int what, const char *value, const char *text)
{
	enum report_sort sort;
	struct filter f = {};
	struct buf why = {};
	uint64_t n;
	uint32_t by;

	switch (what) {
	case SIZE:
		size(value);
		break;
	case TIME:
		time_ns(value);
		break;
	case NUMBER:
		units_parse_u64(value, UINT32_MAX, &n);
		break;
	case OPS:
		ops_parse(value, &n, &why);
		break;
	case BY:
		report_parse_by(value, &by, &why);
		break;
	case SORT:
		report_parse_sort(value, &sort, &why);
		break;
	case COLUMNS:
		columns(value, &why);
		break;
	case KINDS:
		filter_add_kinds(&f, value, &why);
		break;
	case FDS:
		filter_add_fds(&f, value, &why);
		break;
	case GLOB:
		glob(value, text);
		break;
	case LITERAL:
		literal(value, text);
		break;
	default:
		filters(value, &why);
	}
	filter_free(&f);
	buf_free(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	uint8_t what, split;
	char *value, *text;

	fuzz_take(&in, &what, 1);
	fuzz_take(&in, &split, 1);
	value = fuzz_string(&in, what % KNOWN == GLOB || what % KNOWN == LITERAL ? split : in.len);
	text = fuzz_string(&in, in.len);
	parse(what % KNOWN, value, text);
	free(value);
	free(text);
	return 0;
}

void fuzz_seeds(void)
{
	static const struct {
		char what;
		const char *value;
	} seeds[] = {
		{ SIZE, "4096" },
		{ SIZE, "8MiB" },
		{ SIZE, "16E" },
		{ TIME, "250us" },
		{ TIME, "1.5s" },
		{ TIME, "2h" },
		{ NUMBER, "4294967295" },
		{ OPS, "write,copy,io_uring:writev" },
		{ OPS, "all,aio:fsync" },
		{ BY, "pid,comm,uid,cgroup,op,file" },
		{ SORT, "latency" },
		{ COLUMNS, "time,comm,file,offset,peer" },
		{ KINDS, "file,pipe,socket,tty,char,block,anon" },
		{ FDS, "0,1,2,1023" },
		{ FILTER, "1,812,4194304" },
		{ FILTER, "/var/lib/*/[a-z]?" },
	};
	static const char globs[][32] = { "*.log/var/x.log", "a?c*eabcde", "\\*x*x" };

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char seed[64] = { seeds[i].what, 0 };

		memcpy(seed + 2, seeds[i].value, strlen(seeds[i].value));
		fuzz_seed(seed, 2 + strlen(seeds[i].value));
	}
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		for (char what = GLOB; what <= LITERAL; what++) {
			char seed[64] = { what, 5 };

			memcpy(seed + 2, globs[i], strlen(globs[i]));
			fuzz_seed(seed, 2 + strlen(globs[i]));
		}
}
