/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Decides, before any other work, whether this task and file are wanted.
 */
#ifndef WT_FILTER_BPF_H
#define WT_FILTER_BPF_H

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
 * begin in the same nanosecond. Never 0, and its highest bit is for the verdict. */
static __always_inline __u64 slot_id(__u64 start_boottime)
{
	return ~start_boottime;
}

#define SLOT_LISTED (1ULL << 63) /* is cleared */

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
	if ((verdict | SLOT_LISTED) != id) {
		verdict = task_listed(who->task, who->pid, who->tid) ? id & ~SLOT_LISTED : id;
		*(volatile __u64 *)&slot->verdict = verdict;
	}
	return !(verdict & SLOT_LISTED);
}

/*
 * Is it known already that the calling task is not listed? That is all that a session of some
 * processes does to the others, so it is asked before any function is called, and nothing else is
 * asked: nobody has been looked at before the session was enabled, and who has the number in its
 * slot and the same start is that task, whatever number it has in a pid namespace.
 */
static __always_inline bool task_is_refused(void)
{
#ifdef WT_DIRECT
	/* The kernel vouches for this pointer: it loads without a check. */
	struct task_struct *task = bpf_get_current_task_btf();
	const struct wt_task_slot *slot;
	__u32 tid;
	__u64 id;

	if (!cfg.slots) {
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

static __always_inline bool shows_our_output(const struct wt_who *who)
{
	struct pid *pgrp;

	if (cfg.skip_pgrp) {
		pgrp = kread(signal_struct, kread(task_struct, who->task, signal),
			     pids[PIDTYPE_PGID]);
		if ((cfg.pidns_ino ? pid_nr((__u64)pgrp) : kread(pid, pgrp, numbers[0].nr)) ==
		    cfg.skip_pgrp)
			return true;
	}
	return cfg.skip_tasks && pid_listed(&skipped, who->task, who->pid);
}

/* While the session is not enabled, our own operations prove that the hooks fire. */
static __always_inline bool session_enabled(__u32 op, bool at_exit)
{
	struct wt_who who;

	if (shared.enabled)
		return true;
	if (!shared.selftest)
		return false;
	who_current(&who);
	if (who.pid != shared.self_tgid)
		return false;
	if (at_exit)
		shared.exited |= 1ULL << op;
	else
		shared.entered |= 1ULL << op;
	return false;
}

enum glob_verdict { GLOB_NO, GLOB_YES, GLOB_UNDECIDED };

/* A match takes so many rounds of so many steps at most. A round is verified step by step, and
 * once; what calls it is not multiplied by what it does. */
#define GLOB_ROUNDS 128
#define GLOB_STEPS  32

static __always_inline bool glob_token_matches(const struct wt_glob *g, __u16 token, __u8 c)
{
	__u32 class;

	if (token < WT_GLOB_ANY)
		return token == c;
	if (token == WT_GLOB_ANY)
		return true;
	class = token - WT_GLOB_CLASS;
	if (class >= WT_GLOB_CLASSES)
		return false;
	return g->classes[class][c >> 3] & (1 << (c & 7));
}

/*
 * One round: does the text s->build[start..start + len) match one of the patterns up to `end`?
 * GLOB_UNDECIDED if that takes another round.
 *
 * One loop over all patterns with the state in map memory, so that the verifier walks each step
 * once instead of once for each way to get there. See glob_run() in common/glob.c.
 */
wt_function int glob_round(__u32 place, __u32 end, __u32 start, __u32 len)
{
	struct wt_scratch *s = scratch_get(place);
	const struct wt_glob *g;
	__u32 i, key, pos, token;
	__u16 t;
	__u8 c;

	if (!s || !(cfg.comm_globs | cfg.path_globs))
		return GLOB_NO;
	for (i = 0; i < GLOB_STEPS; i++) {
		key = s->pattern;
		if (key >= end)
			return GLOB_NO;
		g = bpf_map_lookup_elem(&globs, &key);
		if (!g)
			return GLOB_NO;
		token = s->token;
		pos = s->pos;
		c = pos < len ? s->build[(start + pos) & (WT_PATH_MAX - 1)] : 0;
		if (token >= g->n) {
			if (pos == len || (g->tree && c == '/'))
				return GLOB_YES;
		} else {
			t = g->token[token & (WT_GLOB_MAX - 1)];
			if (t == WT_GLOB_STAR) {
				s->star_token = s->token = token + 1;
				s->star_pos = pos;
				continue;
			}
			if (pos < len && glob_token_matches(g, t, c)) {
				s->token = token + 1;
				s->pos = pos + 1;
				continue;
			}
		}
		if (s->star_token != ~0U && s->star_pos < len) {
			s->pos = s->star_pos = s->star_pos + 1;
			s->token = s->star_token;
			continue;
		}
		s->pattern = key + 1;
		s->token = s->pos = 0;
		s->star_token = ~0U;
	}
	return GLOB_UNDECIDED;
}

/* Does the text match one of the patterns first..end? Return: an enum glob_verdict. */
wt_function int glob_match_any(__u32 place, __u32 first, __u32 end, __u32 start, __u32 len)
{
	struct wt_scratch *s = scratch_get(place);
	int i, verdict = GLOB_UNDECIDED;

	if (!s || !(cfg.comm_globs | cfg.path_globs))
		return GLOB_NO;
	s->pattern = first;
	s->token = s->pos = 0;
	s->star_token = ~0U;
	for (i = 0; i < GLOB_ROUNDS; i++) {
		verdict = glob_round(place, end, start, len);
		if (verdict != GLOB_UNDECIDED)
			break;
	}
	return verdict;
}

static __always_inline bool comm_matches(const struct wt_who *who, __u32 place)
{
	struct wt_scratch *s = scratch_get(place);
	__u32 len;

	if (!s || bpf_probe_read_kernel(s->build, WT_COMM_LEN,
					(void *)who->task +
						bpf_core_field_offset(struct task_struct, comm)))
		return false;
	for (len = 0; len < WT_COMM_LEN - 1; len++)
		if (!s->build[len])
			break;
	return glob_match_any(place, 0, cfg.comm_globs, 0, len) != GLOB_NO;
}

static __always_inline bool comm_wanted(const struct wt_who *who)
{
	int place = scratch_take();
	bool wanted;

	if (place == NO_SCRATCH) {
		count_lost(WT_LOST_INFLIGHT);
		return false;
	}
	wanted = comm_matches(who, place);
	scratch_put(place);
	return wanted;
}

static __always_inline bool cgroup_wanted(void)
{
	__u32 i;

	for (i = 0; i < WT_CGROUPS_MAX; i++) {
		if (i >= cfg.cgroups)
			break;
		if (bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return true;
	}
	return false;
}

/* Is the task wanted? It is the current one, or another of its process. */
static __always_inline bool who_wanted(struct wt_who *who)
{
	__u32 uid;

	if (who->pid == shared.self_tgid && !cfg.include_self)
		return false;
	if (cfg.by_pid || cfg.by_tid) {
		if (!who_listed(who))
			return false;
	} else if (shows_our_output(who)) {
		return false;
	}
	if (cfg.by_uid) {
		uid = bpf_get_current_uid_gid();
		if (!bpf_map_lookup_elem(&uids, &uid))
			return false;
	}
	if (cfg.comm_globs && !comm_wanted(who))
		return false;
	return !cfg.cgroups || cgroup_wanted();
}

/* Is the calling task wanted? Fills `who`. */
static __always_inline bool task_wanted(struct wt_who *who)
{
	who_current(who);
	return who_wanted(who);
}

static __always_inline bool fd_wanted(__u32 fd)
{
	return !cfg.by_fd || bpf_map_lookup_elem(&fds, &fd);
}

/* What is known at exit only. */
static __always_inline bool result_wanted(__s64 ret, __u64 latency_ns)
{
	return !(cfg.failed_only && ret >= 0) && latency_ns >= cfg.min_latency_ns;
}

#endif
