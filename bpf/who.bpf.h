/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who makes the call: its numbers, and whether it is among the tasks of the session, remembered.
 */
#ifndef WT_WHO_BPF_H
#define WT_WHO_BPF_H

#include "read.bpf.h"

/* The task that makes the call. */
struct wt_who {
	struct task_struct *task;
	__u32 pid; /* in the pid namespace of writetrace's caller */
	__u32 tid;
};

/* Levels of nested pid namespaces (include/linux/pid_namespace.h: MAX_PID_NS_LEVEL). */
#define PIDNS_LEVELS 32

/* The number of `pid` at one level of pid namespaces, 0 if that is not the caller's namespace. */
wt_function __u32 pid_nr_at(__u64 pid, __u32 level)
{
	__u64 at = pid + bpf_core_field_offset(struct pid, numbers) +
		   level * bpf_core_type_size(struct upid);
	struct pid_namespace *ns = NULL;
	int nr = 0;

	if (!cfg.pidns_ino)
		return 0;
	bpf_probe_read_kernel(&ns, sizeof(ns),
			      (void *)(at + bpf_core_field_offset(struct upid, ns)));
	if (!ns || kread(pid_namespace, ns, ns.inum) != cfg.pidns_ino)
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr),
			      (void *)(at + bpf_core_field_offset(struct upid, nr)));
	return nr;
}

/* The number of `pid` in the caller's pid namespace, 0 if it is not visible there. */
wt_function __u32 pid_nr(__u64 pid)
{
	__u32 i, nr = 0, level;

	if (!cfg.pidns_ino)
		return 0;
	level = kread(pid, pid, level);
	for (i = 0; i < PIDNS_LEVELS; i++) {
		if (i > level)
			break;
		nr = pid_nr_at(pid, i);
		if (nr)
			break;
	}
	return nr;
}

static __always_inline __u32 task_tid(struct task_struct *task)
{
	if (cfg.pidns_ino)
		return pid_nr((__u64)kread(task_struct, task, thread_pid));
	return kread(task_struct, task, pid);
}

static __always_inline __u32 task_pid(struct task_struct *task)
{
	if (cfg.pidns_ino)
		return task_tid(kread(task_struct, task, group_leader));
	return kread(task_struct, task, tgid);
}

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* Where loads are cheap a helper costs as much as all else that is done to a call that is not
 * wanted. */
#ifdef WT_DIRECT
#define LOADS_ARE_CHEAP true
#else
#define LOADS_ARE_CHEAP false
#endif

/* The calling task, which is @task. */
static __always_inline void who_calls(struct wt_who *who, struct task_struct *task)
{
	__u64 id;

	who->task = task;
	if (LOADS_ARE_CHEAP || cfg.pidns_ino) {
		who->pid = task_pid(task);
		who->tid = task_tid(task);
		return;
	}
	id = bpf_get_current_pid_tgid();
	who->pid = id >> 32;
	who->tid = id;
}

static __always_inline void who_current(struct wt_who *who)
{
	who_calls(who, current_task());
}

static __always_inline bool id_matches(const struct wt_task_id *id, struct task_struct *task)
{
	return id && kread(task_struct, task, start_boottime) - id->from_ns < WT_START_TOLERANCE_NS;
}

static __always_inline bool in_task_set(void *map, __u32 nr, struct task_struct *task)
{
	return id_matches(bpf_map_lookup_elem(map, &nr), task);
}

static __always_inline bool pid_listed(void *map, struct task_struct *task, __u32 pid)
{
	const struct wt_task_id *id = bpf_map_lookup_elem(map, &pid);

	/* The second look-up of the leader is only made for tasks that have the number. */
	return id && id_matches(id, kread(task_struct, task, group_leader));
}

static __always_inline bool task_listed(struct task_struct *task, __u32 pid, __u32 tid)
{
	return (cfg.by_pid && pid_listed(&pids, task, pid)) ||
	       (cfg.by_tid && in_task_set(&tids, tid, task));
}

static __always_inline struct wt_task_slot *task_slot(__u32 tid)
{
	__u32 key = tid & (WT_TASK_SLOTS - 1);

	return bpf_map_lookup_elem(&task_slots, &key);
}

/* Who has the slot: two tasks that share it have numbers that differ by 16384 at least, and do not
 * begin in the same nanosecond. Never 0, and its highest bit, which is set, becomes the verdict. */
static __always_inline __u64 slot_id(__u64 start_boottime)
{
	return ~start_boottime;
}

#define SLOT_REFUSED (1ULL << 63) /* not listed */

/*
 * The same, remembered: whether a task is listed never changes while it lives. One word holds who
 * it is and the verdict, so that tasks that share a slot never take each other's.
 */
static __always_inline bool who_listed(const struct wt_who *who)
{
	struct wt_task_slot *slot;
	__u64 id, verdict;

	if (!cfg.slots)
		return task_listed(who->task, who->pid, who->tid);
	slot = task_slot(who->tid);
	if (!slot)
		return false;
	id = slot_id(kread(task_struct, who->task, start_boottime));
	verdict = *(volatile __u64 *)&slot->verdict;
	if ((verdict | SLOT_REFUSED) != id) {
		verdict = task_listed(who->task, who->pid, who->tid) ? id & ~SLOT_REFUSED : id;
		*(volatile __u64 *)&slot->verdict = verdict;
	}
	return !(verdict & SLOT_REFUSED);
}

/*
 * Is it known already that the calling task is not listed? That is all that a session of some
 * processes does to the others, so it is asked before any function is called, and nothing else is
 * asked: nobody has been looked at before the session was enabled, and who has the number in its
 * slot and the same start is that task, whatever number it has in a pid namespace. A thread that is
 * not listed may end AIO of one that is.
 */
static __always_inline bool task_is_refused(void)
{
#ifdef WT_DIRECT
	/* The kernel vouches for this pointer: it loads without a check. */
	struct task_struct *task = bpf_get_current_task_btf();
	const struct wt_task_slot *slot;
	__u32 tid;
	__u64 id;

	if (!cfg.slots || (cfg.by_tid && cfg.aio_blocks)) {
		only_here();
		return false;
	}
	tid = task->pid;
	id = slot_id(task->start_boottime);
	slot = task_slot(tid);
	return slot && *(const volatile __u64 *)&slot->verdict == id;
#else
	return false;
#endif
}

#endif
