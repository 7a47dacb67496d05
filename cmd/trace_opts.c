// SPDX-License-Identifier: GPL-2.0-only
#include "trace_opts.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/fields.h"
#include "common/units.h"

#define TOP_DEFAULT_NS (2 * UNITS_NS_PER_S)

static int set_data(void *target, const char *arg, struct buf *why)
{
	struct trace_options *options = target;

	if (!units_parse_size(arg, &options->data_max) && options->data_max <= WT_DATA_MAX)
		return 0;
	buf_printf(why, "'%s' is not a number of bytes from 0 to %d", arg, WT_DATA_MAX);
	return -EINVAL;
}

/* After none: that would be no trace, and "without end" is said by leaving it out. */
static int set_count(void *target, const char *arg, struct buf *why)
{
	struct trace_options *options = target;

	if (!units_parse_u64(arg, UINT64_MAX, &options->count) && options->count)
		return 0;
	buf_printf(why, "'%s' is not a number above 0", arg);
	return -EINVAL;
}

static int set_ring_size(void *target, const char *arg, struct buf *why)
{
	struct trace_options *options = target;
	const uint64_t least = 64 << 10, most = 1 << 30;
	uint64_t size;

	if (units_parse_size(arg, &size) || size < least || size > most || (size & (size - 1))) {
		buf_printf(why, "'%s' is not a power of two from 64K to 1G", arg);
		return -EINVAL;
	}
	options->ring_size = size;
	return 0;
}

/* More often, there would be little else but reading. */
#define TOP_LEAST_NS (100 * UNITS_NS_PER_MS)
#define TOP_MOST_NS  UNITS_NS_PER_HOUR

static int set_top(void *target, const char *arg, struct buf *why)
{
	struct trace_options *options = target;

	options->top_ns = TOP_DEFAULT_NS;
	if (!arg || (!units_parse_time_ns(arg, UNITS_NS_PER_S, &options->top_ns) &&
		     options->top_ns >= TOP_LEAST_NS && options->top_ns <= TOP_MOST_NS))
		return 0;
	buf_printf(why, "'%s' is not a time from 100ms to 1h (2, 0.5, 500ms)", arg);
	return -EINVAL;
}

#define AT(member) offsetof(struct trace_options, member)

const struct opt trace_opts[] = {
	{ "summary", 'c', NULL, OPT_FLAG, AT(summary),
	  "no lines; at the end totals, histograms and rows, as dump shows them", NULL },
	{ "top", 309, "SECS", OPT_MAYBE, 0,
	  "a full-screen view of who writes what, new every SECS (default 2)", set_top },
	{ "output", 'o', "FILE", OPT_STRING, AT(output), "write lines to FILE, created anew",
	  NULL },
	{ "force", 300, NULL, OPT_FLAG, AT(force), "with -o: replace FILE if it exists", NULL },
	{ "data", 's', "BYTES", OPT_CALL, 0, "also show the first BYTES written (at most 4096)",
	  set_data },
	{ "columns", 'C', "LIST", OPT_STRING, AT(columns),
	  "which columns, in which order; -C help lists them", NULL, fields_choice },
	{ "duration", 301, "TIME", OPT_PERIOD, AT(duration_ns), "stop after TIME (10s, 500ms)",
	  NULL },
	{ "count", 302, "N", OPT_CALL, 0, "stop after N lines", set_count },
	{ "ring-size", 305, "SIZE", OPT_CALL, 0, "event ring, a power of two (default 8M)",
	  set_ring_size },
	{ "strict", 306, NULL, OPT_FLAG, AT(strict),
	  "exit with 4 if anything was lost; interrupted calls are not", NULL },
	{ "include-self", 308, NULL, OPT_FLAG, AT(include_self),
	  "also trace writetrace and what shows its output", NULL },
	{},
};

/* Return: the first option given that --top cannot heed, or NULL. */
static const char *useless_for_top(const struct trace_options *o, bool json)
{
	return o->summary    ? "summary"
	       : o->output   ? "output"
	       : o->columns  ? "columns"
	       : o->data_max ? "data"
	       : o->count    ? "count"
	       : json	     ? "json"
			     : NULL;
}

int trace_opts_check(const struct trace_options *o, bool json, uint32_t by, struct buf *why)
{
	const char *useless = o->top_ns ? useless_for_top(o, json) : NULL;

	if (useless)
		buf_printf(why, "--top shows a screen, so --%s has no use", useless);
	else if (o->top_ns && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		buf_puts(why, "--top needs a terminal as standard input and output");
	else if (o->summary && (o->columns || o->data_max || o->count))
		buf_printf(why, "--summary shows no lines, so --%s has no use",
			   o->columns	 ? "columns"
			   : o->data_max ? "data"
					 : "count");
	else if (!o->summary && !o->top_ns && by)
		buf_puts(why, "--by goes with --summary or --top");
	else if (o->force && !o->output)
		buf_puts(why, "--force goes with --output");
	return why->len ? -EINVAL : 0;
}

int trace_opts_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return 0;
}
