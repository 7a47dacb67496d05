/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Remembers an operation's entry so that its exit can be measured, and which copy of a program has
 * handled an operation.
 *
 * Linux skips a program silently where the same program was preempted on that CPU (6.1 and later
 * with preemption, all program types from 7.2 on), for as long as the preempted task has to wait.
 * So several copies of it are attached there: whichever runs first for an operation handles it and
 * leaves a mark for the others. An operation is lost only if other tasks are held up in all copies.
 * Measured with four busy writers on two CPUs of 7.3: two copies lose 2 to 3 %, four about 0.1 %.
 * (To forbid preemption in the program does not help: it is preempted then where it allows it.)
 */
#ifndef WT_SPAN_BPF_H
#define WT_SPAN_BPF_H

#include "filter.bpf.h"

struct wt_span {
	__u64 start_ns; /* 0: no operation under way */
	__u64 handled;	/* the operation that was handled last, as span_operation() names it */
	__u64 seen_by;	/* bit per copy that has run for it */
};

struct wt_span_slot {
	__u32 tid;
	__u32 pad;
	struct wt_span span;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wt_span);
} spans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wt_span_slot);
} span_slots SEC(".maps");

static __always_inline struct wt_span *span_slot(__u32 tid, bool create)
{
	__u32 key = tid & cfg.span_mask;
	struct wt_span_slot *slot = bpf_map_lookup_elem(&span_slots, &key);

	if (!slot)
		return NULL;
	if (slot->tid == tid)
		return &slot->span;
	if (!create)
		return NULL;
	if (slot->span.start_ns)
		count_lost(WT_LOST_INFLIGHT);
	slot->span = (struct wt_span){};
	slot->tid = tid;
	return &slot->span;
}

static __always_inline struct wt_span *span_get(bool create)
{
	struct wt_span *span;

	if (!cfg.task_storage)
		return span_slot(bpf_get_current_pid_tgid(), create);
	span = bpf_task_storage_get(&spans, bpf_get_current_task_btf(), NULL,
				    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!span && create)
		count_lost(WT_LOST_INFLIGHT);
	return span;
}

/* A task's number for the kernel: of those outside the caller's pid namespace all others are 0. */
static __always_inline __u32 slot_tid(const struct wt_who *who)
{
	return cfg.pidns_ino ? kread(task_struct, who->task, pid) : who->tid;
}

/*
 * Where only one program runs for a task at a time, the start is kept in an array: 2 ns where
 * task storage takes 27. One word holds the start and who it is of. It is left alone while another
 * task of the same slot is in a call: then task storage serves.
 */
static __always_inline bool slot_start(const struct wt_who *who)
{
	__u32 tid = slot_tid(who);
	struct wt_task_slot *slot = task_slot(tid);
	__u64 rest = tid / WT_TASK_SLOTS, old;

	if (!slot)
		return false;
	old = *(volatile __u64 *)&slot->start;
	if (old && (old & ((1 << WT_SLOT_TID_BITS) - 1)) != rest)
		return false;
	*(volatile __u64 *)&slot->start = bpf_ktime_get_boot_ns() << WT_SLOT_TID_BITS | rest;
	return true;
}

/* Takes the start of the task's call out of its slot: all bits but the upper WT_SLOT_TID_BITS, or 0
 * if there is none. */
static __always_inline __u64 slot_take(const struct wt_who *who)
{
	struct wt_task_slot *slot;
	__u64 start;
	__u32 tid;

	if (!cfg.start_slots)
		return 0;
	tid = slot_tid(who);
	slot = task_slot(tid);
	if (!slot)
		return 0;
	start = *(volatile __u64 *)&slot->start;
	if (!start || (start & ((1 << WT_SLOT_TID_BITS) - 1)) != tid / WT_TASK_SLOTS)
		return 0;
	*(volatile __u64 *)&slot->start = 0;
	return start >> WT_SLOT_TID_BITS;
}

static __always_inline void span_start(const struct wt_who *who)
{
	struct wt_span *span;

	if (cfg.start_slots && slot_start(who))
		return;
	span = span_get(true);
	/* Both copies store: a start that is a little late beats one left over from before. */
	if (span)
		span->start_ns = bpf_ktime_get_boot_ns();
}

/* A call begins that is not wanted: no start may be left, of a task that had the number and whose
 * call never ended, or of a call whose end was skipped. */
static __always_inline void span_forget(const struct wt_who *who)
{
	struct wt_span *span;

	slot_take(who);
	if (cfg.copies == 1)
		return;
	span = span_get(false);
	if (span)
		span->start_ns = 0;
}

/*
 * What tells one operation of a task from its next: the kernel's own count of them. Some are not
 * counted: those that send, splice or sync, and calls that fail early. Then which copies have run
 * tells, see span_is_handled().
 */
static __always_inline __u64 span_operation(struct task_struct *task)
{
	if (bpf_core_field_exists(struct task_struct, ioac.syscw))
		return kread(task_struct, task, ioac.syscw) + 1;
	return 1;
}

/*
 * Has another copy handled this operation? Copies run in the order of their numbers. So if this one
 * or one behind it has run since, it is a new operation: the first copy handles all that it is not
 * skipped for.
 */
static __always_inline bool span_is_handled(struct task_struct *task, struct wt_span *span,
					    __u32 copy)
{
	if (span->handled != span_operation(task) || span->seen_by >> copy)
		return false;
	span->seen_by |= 1ULL << copy;
	return true;
}

static __always_inline void span_claim(struct task_struct *task, struct wt_span *span, __u32 copy)
{
	span->handled = span_operation(task);
	span->seen_by = 1ULL << copy;
}

#endif
