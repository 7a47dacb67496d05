// SPDX-License-Identifier: GPL-2.0-only
#include "session_opts.h"

#include <errno.h>
#include <stddef.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/filter.h"
#include "common/report.h"

static int set_backend(void *target, const char *arg, struct buf *why)
{
	struct session_opts *options = target;

	if (!backend_parse(arg, &options->backend))
		return 0;
	buf_printf(why, "'%s' is not fentry, tracepoint or raw", arg);
	return -EINVAL;
}

static int set_by(void *target, const char *arg, struct buf *why)
{
	struct session_opts *options = target;

	return report_parse_by(arg, &options->by, why);
}

static bool by_choice(size_t i, struct choice *choice)
{
	uint32_t bit;

	if (!report_by_choice(i, choice))
		return false;
	choice->by_default = !report_parse_by(choice->name, &bit, NULL) && (session_opts_by & bit);
	return true;
}

#define AT(member) offsetof(struct session_opts, member)

const struct opt session_opts[] = {
	{ "by", 310, "LIST", OPT_CALL, 0,
	  "what rows of the summary are told apart by: pid, comm, uid, cgroup, op, file (default "
	  "pid,file)",
	  set_by, by_choice },
	{ "no-latency", 303, NULL, OPT_FLAG, AT(no_latency), "cheaper: exit hooks only, no latency",
	  NULL },
	{ "backend", 304, "NAME", OPT_CALL, 0,
	  "fentry, tracepoint or raw, instead of the best that works", set_backend,
	  backend_choice },
	{ "trace-pipe", 307, NULL, OPT_FLAG, AT(trace_pipe),
	  "also a line in the kernel's trace_pipe for each write", NULL },
	{},
};

const uint32_t session_opts_by = WT_BY_PID | WT_BY_FILE;

int session_opts_check(const struct session_opts *options, const struct filter *filter,
		       struct buf *why)
{
	if (options->no_latency && filter->min_latency_ns) {
		buf_puts(why, "--min-latency needs what --no-latency leaves out");
		return -EINVAL;
	}
	return 0;
}
