/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Operations that are handed to the kernel and end later, in whatever task: io_uring's and AIO's.
 *
 * Who asked, for what, and when is put down at submission, where the filters that go by the task
 * are asked, too; the completion finds it by a key.
 */
#ifndef WT_REQUEST_BPF_H
#define WT_REQUEST_BPF_H

#include "call.bpf.h"
#include "filter.bpf.h"

/* include/linux/sched.h: a thread that the kernel made for a process. It shares the process's
 * number, but not its name. */
#define PF_IO_WORKER 0x00000010

/* The task in whose name the current one works. */
static __always_inline void who_asks(struct wt_who *who)
{
	struct task_struct *leader;

	who_current(who);
	if (!(kread(task_struct, who->task, flags) & PF_IO_WORKER))
		return;
	leader = kread(task_struct, who->task, group_leader);
	who->task = leader;
	who->tid = who->pid;
}

static __always_inline void request_fill(struct wt_request *r, const struct wt_who *who, __u32 op)
{
	struct task_struct *leader = kread(task_struct, who->task, group_leader);

	r->start_ns = bpf_ktime_get_boot_ns();
	r->process_start_ns = kread(task_struct, leader, start_boottime);
	r->cgroup = bpf_get_current_cgroup_id();
	r->pid = who->pid;
	r->tid = who->tid;
	r->uid = bpf_get_current_uid_gid();
	r->op = op;
	bpf_probe_read_kernel(r->comm, sizeof(r->comm),
			      (void *)who->task + bpf_core_field_offset(struct task_struct, comm));
}

/* Copies of a program run one right after the other, but for what preempts them. */
#define SAME_REQUEST_NS 1000000000ULL

/* A request that another copy of the program has put down already is left alone. (The same copy has
 * come for another one.) One that is left
 * from before was never completed: it was cancelled, or asked for no completion. */
static __always_inline void request_put(__u64 key, const struct wt_request *r)
{
	struct wt_request *old = bpf_map_lookup_elem(&requests, &key);

	if (old && cfg.copies > 1 && old->copy != r->copy && old->tag == r->tag && !old->done &&
	    r->start_ns - old->start_ns < SAME_REQUEST_NS)
		return;
	if ((old && !old->done && !old->silent) || r->silent)
		count_lost(WT_LOST_UNPAIRED);
	if (bpf_map_update_elem(&requests, &key, r, BPF_ANY))
		count_lost(WT_LOST_INFLIGHT);
}

/* The request, if no other copy of the program has taken it. It is to be dropped when done with. */
static __always_inline struct wt_request *request_take(__u64 key)
{
	struct wt_request *r = bpf_map_lookup_elem(&requests, &key);

	if (!r || *(volatile __u64 *)&r->done || !replace_word(&r->done, 0, 1))
		return NULL;
	return r;
}

static __always_inline void request_drop(__u64 key)
{
	bpf_map_delete_elem(&requests, &key);
}

#endif
