/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Following processes: children of listed tasks are listed before they run; the dead leave.
 */
#ifndef WT_FOLLOW_BPF_H
#define WT_FOLLOW_BPF_H

#include "filter.bpf.h"

static __always_inline void list_task(void *map, __u32 nr, struct task_struct *task)
{
	struct wt_task_id id = { .from_ns = kread(task_struct, task, start_boottime) };

	if (bpf_map_update_elem(map, &nr, &id, BPF_ANY))
		count_lost(WT_LOST_INFLIGHT);
}

static __always_inline int process_fork(__u64 *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx[0];
	struct task_struct *child = (struct task_struct *)ctx[1];
	__u32 pid = task_pid(child), tid = task_tid(child);

	if (!task_listed(parent, task_pid(parent), task_tid(parent)))
		return 0;
	if (pid == tid)
		list_task(&pids, pid, child);
	else if (cfg.by_tid && in_task_set(&tids, task_tid(parent), parent))
		list_task(&tids, tid, child);
	return 0;
}

static __always_inline int process_exit(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct signal_struct *signal = kread(task_struct, task, signal);
	__u32 pid = task_pid(task), tid = task_tid(task);

	if (cfg.by_tid && in_task_set(&tids, tid, task))
		bpf_map_delete_elem(&tids, &tid);
	if (cfg.by_pid && !kread(signal_struct, signal, live.counter) &&
	    pid_listed(&pids, task, pid))
		bpf_map_delete_elem(&pids, &pid);
	return 0;
}

#endif
