// SPDX-License-Identifier: GPL-2.0-only
#include "filter_opts.h"

#include "common/filter.h"
#include "common/ops.h"
#include "common/opts.h"

#define AT(member) offsetof(struct filter, member)

const struct opt filter_opts[] = {
	{ "pid", 'p', "PID[,PID...]", OPT_CALL, 0, "these processes", filter_add_pids },
	{ "tid", 350, "TID[,TID...]", OPT_CALL, 0, "these threads", filter_add_tids },
	{ "follow", 'f', NULL, OPT_FLAG, AT(follow), "also every process they start from now on",
	  NULL },
	{ "comm", 'n', "GLOB", OPT_CALL, 0, "command name", filter_add_comm },
	{ "uid", 'u', "USER[,USER...]", OPT_CALL, 0, "user name or number", filter_add_uids },
	{ "cgroup", 'g', "PATH", OPT_CALL, 0, "that cgroup v2 and all below it",
	  filter_add_cgroup },
	{ "path", 'P', "GLOB", OPT_CALL, 0,
	  "path of the written file; without a wildcard that file, or everything below that "
	  "directory",
	  filter_add_path },
	{ "fd", 351, "N[,N...]", OPT_CALL, 0, "file descriptor numbers", filter_add_fds },
	{ "kind", 'k', "LIST", OPT_CALL, 0, "file, pipe, socket, tty, char, block, anon",
	  filter_add_kinds, filter_kind_choice },
	{ "ops", 'e', "LIST", OPT_CALL, 0,
	  "operations or groups of them: write, copy, send, sync, all (default write,copy)",
	  filter_add_ops, ops_choice },
	{ "min-size", 352, "SIZE", OPT_SIZE, AT(min_size), "at least SIZE bytes requested", NULL },
	{ "min-latency", 353, "TIME", OPT_TIME, AT(min_latency_ns),
	  "took at least TIME (250us, 10ms)", NULL },
	{ "failed", 'x', NULL, OPT_FLAG, AT(failed), "only those that returned an error", NULL },
	{},
};
