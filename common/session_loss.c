// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a session lost, and at most what the kernel kept from it.
 */
#include "session_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "ops.h"

/* Runs of a program that the kernel left out; false where the kernel does not say (before 5.12). */
static bool program_misses(const struct bpf_program *prog, uint64_t *misses)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len) ||
	    len < offsetof(struct bpf_prog_info, recursion_misses) + sizeof(__u64))
		return false;
	*misses = info.recursion_misses;
	return true;
}

/*
 * At most how many operations were lost because all copies of an exit program were skipped, given
 * how many each copy handled. That is no more than any copy's misses. And the copy that runs first
 * handles all but those that it missed: so of its misses, those that others handled are not lost.
 */
static bool exit_skipped(const struct session *s, unsigned int op, bool compat,
			 const __u64 handled[WT_COPIES], uint64_t *bound)
{
	uint64_t misses[WT_COPIES] = {}, by_others = 0, not_by_others;
	int first = 0;

	*bound = UINT64_MAX;
	for (int copy = 0; copy < s->copies; copy++) {
		if (!program_misses(session_hook(s, true, op, compat, copy), &misses[copy]))
			return false;
		if (misses[copy] < *bound)
			*bound = misses[copy];
		if (handled[copy] > handled[first])
			first = copy;
	}
	for (int copy = 0; copy < s->copies; copy++)
		if (copy != first)
			by_others += handled[copy];
	not_by_others = misses[first] > by_others ? misses[first] - by_others : 0;
	if (not_by_others < *bound)
		*bound = not_by_others;
	return true;
}

/* What each copy of a hook's exit program handled. Backends other than fentry have one program for
 * all operations. */
static void sum_handled(const struct session *s, const struct wt_counters *sum, unsigned int hook,
			__u64 handled[WT_COPIES])
{
	for (unsigned int i = 0; i < WT_HOOKS; i++)
		for (int copy = 0; copy < s->copies; copy++)
			if (i == hook || s->backend != BACKEND_FENTRY)
				handled[copy] += sum->handled[i][copy];
}

static bool session_skipped(const struct session *s, const struct wt_counters *sum,
			    uint64_t *skipped)
{
	*skipped = 0;
	if (!s->counts_misses)
		return false;
	for (unsigned int hook = 0; hook < WT_HOOKS; hook++) {
		unsigned int op = hook % WT_OP_COUNT;
		bool compat = hook >= WT_OP_COUNT;
		__u64 handled[WT_COPIES] = {};
		uint64_t bound;

		if (!session_has_hook(s, op, compat))
			continue;
		sum_handled(s, sum, hook, handled);
		if (!exit_skipped(s, op, compat, handled, &bound))
			return false;
		*skipped += bound;
		if (s->backend != BACKEND_FENTRY)
			break; /* tracepoints of all operations run one program */
	}
	return true;
}

static int sum_counters(const struct session *s, struct wt_counters *sum)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct wt_counters *counters;
	__u32 zero = 0;

	if (cpus < 0)
		return cpus;
	counters = calloc(cpus, sizeof(*counters));
	if (!counters)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.counters), &zero, counters))
		err = -errno;
	for (int cpu = 0; !err && cpu < cpus; cpu++) {
		const __u64 *from = (const __u64 *)&counters[cpu];

		for (size_t i = 0; i < sizeof(*sum) / sizeof(*from); i++)
			((__u64 *)sum)[i] += from[i];
	}
	free(counters);
	return err;
}

int session_lost(const struct session *session, uint64_t *lost, bool *known)
{
	struct wt_counters sum = {};
	int err = sum_counters(session, &sum);

	memset(known, !err, WT_LOST_COUNT * sizeof(*known));
	for (int i = 0; i < WT_LOST_COUNT; i++)
		lost[i] = sum.lost[i];
	if (!err)
		known[WT_LOST_SKIPPED] = session_skipped(session, &sum, &lost[WT_LOST_SKIPPED]);
	if (!known[WT_LOST_SKIPPED])
		lost[WT_LOST_SKIPPED] = 0;
	return err;
}
