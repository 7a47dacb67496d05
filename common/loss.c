// SPDX-License-Identifier: GPL-2.0-only
#include "loss.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "backend.h"
#include "batch.h"
#include "bpf/writetrace.h"
#include "kernel.h"
#include "objects.h"
#include "ops.h"
#include "proc.h"

/* Programs of which all copies have to be skipped before a request is lost, or before a new process
 * is not followed. Two names: either of them. */
enum { OTHER_URING_SUBMIT, OTHER_URING_COMPLETE, OTHER_URING_OVERFLOW, OTHER_FORK, OTHER_HOOKS };

static const struct {
	const char *programs[2];
	int copies;
	bool may_be_missing;
} others[] = {
	[OTHER_URING_SUBMIT] = { { "uring_submit", "uring_submit_sqe" }, WT_ENTER_COPIES, false },
	[OTHER_URING_COMPLETE] = { { "uring_complete" }, WT_COPIES, false },
	[OTHER_URING_OVERFLOW] = { { "uring_overflow" }, 1, true },
	[OTHER_FORK] = { { "process_fork" }, WT_COPIES, true },
};

struct loss {
	const struct wt_meta *meta;
	int counters;
	int contexts;			/* of AIO; -1: none */
	int exits[WT_HOOKS][WT_COPIES]; /* exit programs; -1: none */
	int others[OTHER_HOOKS][WT_COPIES];
};

static bool has_hook(const struct loss *l, unsigned int hook)
{
	return backend_has_hook(l->meta, hook % WT_CALL_COUNT, hook >= WT_CALL_COUNT);
}

static int open_exits(struct loss *l, const struct objects *objects)
{
	char name[OBJECTS_NAME_MAX] = OBJECTS_PROGRAM;
	const size_t prefix = strlen(name);

	for (unsigned int hook = 0; hook < WT_HOOKS; hook++) {
		if (!has_hook(l, hook))
			continue;
		for (int copy = 0; copy < l->meta->copies; copy++) {
			backend_program(l->meta->backend, true, hook % WT_CALL_COUNT,
					hook >= WT_CALL_COUNT, copy, name + prefix,
					sizeof(name) - prefix);
			l->exits[hook][copy] = objects_get(objects, name);
			if (l->exits[hook][copy] < 0)
				return l->exits[hook][copy];
		}
	}
	return 0;
}

/* -ENOENT: the session has none */
static int open_other(struct loss *l, const struct objects *objects, int hook)
{
	char name[OBJECTS_NAME_MAX];

	for (int copy = 0; copy < l->meta->copies && copy < others[hook].copies; copy++) {
		int fd = -ENOENT;

		for (int i = 0; i < 2 && fd == -ENOENT && others[hook].programs[i]; i++) {
			snprintf(name, sizeof(name), OBJECTS_PROGRAM "%s_%d",
				 others[hook].programs[i], copy);
			fd = objects_get(objects, name);
		}
		if (fd < 0)
			return fd;
		l->others[hook][copy] = fd;
	}
	return 0;
}

static int open_others(struct loss *l, const struct objects *objects)
{
	for (int hook = 0; hook < OTHER_HOOKS; hook++) {
		int err = 0;

		if (hook == OTHER_FORK || (l->meta->ops & ops_from(OP_URING)))
			err = open_other(l, objects, hook);
		if (err && (err != -ENOENT || !others[hook].may_be_missing))
			return err;
	}
	return 0;
}

int loss_open(struct loss **loss, const struct objects *objects, const struct wt_meta *meta)
{
	struct loss *l = calloc(1, sizeof(*l));
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->meta = meta;
	memset(l->exits, -1, sizeof(l->exits));
	memset(l->others, -1, sizeof(l->others));
	l->contexts = -1;
	l->counters = objects_map(objects, "counters", BPF_MAP_TYPE_PERCPU_ARRAY, 4,
				  sizeof(struct wt_counters));
	if (l->counters < 0)
		err = l->counters;
	if (!err && (meta->ops & ops_from(OP_AIO)) && backend_sees_submit(meta)) {
		l->contexts = objects_map(objects, "contexts", BPF_MAP_TYPE_LRU_HASH, 8,
					  sizeof(struct wt_aio_context));
		if (l->contexts < 0)
			err = l->contexts;
	}
	if (!err && meta->counts_misses)
		err = open_exits(l, objects);
	if (!err)
		err = open_others(l, objects);
	if (err)
		loss_close(l);
	else
		*loss = l;
	return err;
}

void loss_close(struct loss *l)
{
	if (!l)
		return;
	for (unsigned int hook = 0; hook < WT_HOOKS; hook++)
		for (int copy = 0; copy < WT_COPIES; copy++)
			if (l->exits[hook][copy] >= 0)
				close(l->exits[hook][copy]);
	for (int hook = 0; hook < OTHER_HOOKS; hook++)
		for (int copy = 0; copy < WT_COPIES; copy++)
			if (l->others[hook][copy] >= 0)
				close(l->others[hook][copy]);
	if (l->counters >= 0)
		close(l->counters);
	if (l->contexts >= 0)
		close(l->contexts);
	free(l);
}

/* Runs of a program that the kernel left out; false where the kernel does not say (before 5.12). */
static bool program_misses(int fd, uint64_t *misses)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) ||
	    len < offsetof(struct bpf_prog_info, recursion_misses) + sizeof(__u64))
		return false;
	*misses = info.recursion_misses;
	return true;
}

/*
 * At most how many operations were lost because all copies of an exit program were skipped, given
 * how many each copy handled. That is no more than any copy's misses. And the first copy handles
 * all but those that it missed (span.bpf.h): so of its misses, those that others handled are not
 * lost.
 */
static bool exit_skipped(const struct loss *l, unsigned int hook, const __u64 handled[WT_COPIES],
			 uint64_t *bound)
{
	uint64_t misses[WT_COPIES] = {}, by_others = 0, not_by_others;

	*bound = UINT64_MAX;
	for (int copy = 0; copy < l->meta->copies; copy++) {
		if (!program_misses(l->exits[hook][copy], &misses[copy]))
			return false;
		if (misses[copy] < *bound)
			*bound = misses[copy];
	}
	for (int copy = 1; copy < l->meta->copies; copy++)
		by_others += handled[copy];
	not_by_others = misses[0] > by_others ? misses[0] - by_others : 0;
	if (not_by_others < *bound)
		*bound = not_by_others;
	return true;
}

/* What each copy of a hook's exit program handled. Backends other than fentry have one program for
 * all operations. */
static void sum_handled(const struct loss *l, const struct wt_counters *sum, unsigned int hook,
			__u64 handled[WT_COPIES])
{
	for (unsigned int i = 0; i < WT_HOOKS; i++)
		for (int copy = 0; copy < l->meta->copies; copy++)
			if (i == hook || l->meta->backend != BACKEND_FENTRY)
				handled[copy] += sum->handled[i][copy];
}

static bool skipped_at_most(const struct loss *l, const struct wt_counters *sum, uint64_t *skipped)
{
	if (!l->meta->counts_misses)
		return false;
	for (unsigned int hook = 0; hook < WT_HOOKS; hook++) {
		__u64 handled[WT_COPIES] = {};
		uint64_t bound;

		if (!has_hook(l, hook))
			continue;
		sum_handled(l, sum, hook, handled);
		if (!exit_skipped(l, hook, handled, &bound))
			return false;
		*skipped += bound;
		if (l->meta->backend != BACKEND_FENTRY)
			break; /* tracepoints of all operations run one program */
	}
	return true;
}

/* Of these no more is known than what each copy was skipped. */
static bool others_skipped(const struct loss *l, uint64_t *skipped)
{
	for (int hook = 0; hook < OTHER_HOOKS; hook++) {
		uint64_t least = UINT64_MAX, misses;

		for (int copy = 0; copy < WT_COPIES; copy++) {
			if (l->others[hook][copy] < 0)
				continue;
			if (!program_misses(l->others[hook][copy], &misses))
				return false;
			least = misses < least ? misses : least;
		}
		if (least != UINT64_MAX)
			*skipped += least;
	}
	return true;
}

static int sum_counters(const struct loss *l, struct wt_counters *sum)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct wt_counters *counters;
	__u32 zero = 0;

	if (cpus < 0)
		return cpus;
	counters = calloc(cpus, sizeof(*counters));
	if (!counters)
		return -ENOMEM;
	if (bpf_map_lookup_elem(l->counters, &zero, counters))
		err = -errno;
	for (int cpu = 0; !err && cpu < cpus; cpu++) {
		const __u64 *from = (const __u64 *)&counters[cpu];

		for (size_t i = 0; i < sizeof(*sum) / sizeof(*from); i++)
			((__u64 *)sum)[i] += from[i];
	}
	free(counters);
	return err;
}

static bool process_is_gone(const struct wt_aio_context *c)
{
	uint64_t start_ns;

	return proc_task_start(c->pid, 0, &start_ns) ||
	       c->process_start_ns - start_ns >= WT_START_TOLERANCE_NS;
}

/*
 * A process that ends takes its AIO contexts along, without a system call. What it had not fetched
 * by then ends unseen.
 */
static int left_by_the_dead(int contexts, __u64 *left)
{
	const struct wt_aio_context *c;
	struct batch b;
	int err;

	/* their pids are those of the initial namespace */
	if (contexts < 0 || kernel_pidns_ino())
		return 0;
	err = batch_read(&b, contexts, WT_AIO_CONTEXTS, sizeof(*c));
	for (__u32 i = 0; !err && i < b.n; i++) {
		c = (const struct wt_aio_context *)(b.values + i * sizeof(*c));
		if ((__s64)c->outstanding > 0 && process_is_gone(c))
			*left += c->outstanding;
	}
	batch_free(&b);
	return err;
}

int loss_read(const struct loss *loss, uint64_t *lost, bool *known)
{
	struct wt_counters sum = {};
	int err = sum_counters(loss, &sum);

	if (!err)
		err = left_by_the_dead(loss->contexts, &sum.lost[WT_LOST_UNSEEN]);
	sum.lost[WT_LOST_UNPAIRED] += sum.lost[WT_LOST_UNSEEN];
	memcpy(lost, sum.lost, sizeof(sum.lost));
	for (int i = 0; i < WT_LOST_COUNT; i++)
		known[i] = !err;
	/* where it cannot be known there may be some all the same */
	if (!err)
		known[WT_LOST_SKIPPED] = skipped_at_most(loss, &sum, &lost[WT_LOST_SKIPPED]) &&
					 others_skipped(loss, &lost[WT_LOST_SKIPPED]);
	return err;
}
