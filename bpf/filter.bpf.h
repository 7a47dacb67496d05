/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Decides, before any other work, whether this task and file are wanted.
 */
#ifndef WT_FILTER_BPF_H
#define WT_FILTER_BPF_H

#include "who.bpf.h"

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

#define AT_ENTRY (-1)

/* A copy of an operation's exit hook has fired: in the order that span_is_handled() wants? */
static __always_inline void tick_off(__u32 op, __u32 copy)
{
	__u32 now = op << 8 | copy, last = shared.last_exit;

	if (last >> 8 == op && now < last)
		shared.disorder = 1;
	shared.last_exit = now;
	shared.exited |= 1ULL << op;
}

/* While the session is not enabled, our own operations prove that the hooks fire. @copy: that of
 * the exit hook, or AT_ENTRY. */
static __always_inline bool session_enabled(__u32 op, int copy)
{
	struct wt_who who;

	if (shared.enabled)
		return true;
	if (!shared.selftest)
		return false;
	who_current(&who);
	if (who.pid != shared.self_tgid)
		return false;
	if (copy == AT_ENTRY)
		shared.entered |= 1ULL << op;
	else
		tick_off(op, copy);
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

	/* 0: we have ended; tasks outside the caller's pid namespace have that number, too */
	if (who->pid == shared.self_tgid && who->pid && !cfg.include_self)
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

/* What is known at exit only. One of which it is not known how long it took may be wanted. */
static __always_inline bool result_wanted(__s64 ret, __u64 latency_ns, bool has_latency)
{
	return !(cfg.failed_only && ret >= 0) && (!has_latency || latency_ns >= cfg.min_latency_ns);
}

#endif
