/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All state the programs own: maps, counters and the load-time settings.
 *
 * Sizes of 1 are set to what the session needs before load (common/session.c).
 */
#ifndef WT_MAPS_BPF_H
#define WT_MAPS_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "writetrace.h"

const volatile struct wt_config cfg = {};
const volatile struct wt_syscall syscalls[WT_SYSCALLS] = {};

struct wt_shared shared = {};

/* A place to build records in. One per program and CPU where programs can be preempted by one
 * another, else one per CPU. */
struct wt_scratch {
	volatile __u32 path_start; /* build[path_start..WT_PATH_MAX) holds the path so far */
	volatile __u32 pattern;	   /* state of glob_match_any() */
	volatile __u32 token;
	volatile __u32 pos;
	volatile __u32 star_token;
	volatile __u32 star_pos;
	volatile __u64 dentry;	    /* state of path_walk() */
	volatile __u64 mnt;	    /* struct mount */
	volatile __u64 copy_vector; /* state of call_copy_data(): user address of the next vector */
	volatile __u32 copy_left;   /* vectors */
	volatile __u32 copy_want;   /* bytes */
	volatile __u32 copy_done;   /* bytes */
	volatile __u32 copy_compat;
	union {
		struct {
			struct wt_file file;
			char path[WT_PATH_MAX];
			char build[WT_PATH_MAX + 256];
		};
		struct {
			struct wt_event event;
			char data[2 * WT_DATA_MAX];
		};
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wt_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wt_scratch);
} scratch SEC(".maps");

/* Files whose record is in the ring: slot = identity & cfg.file_mask, value = identity with the
 * verdict of the file filters in bit 0. Direct-mapped, so that user space can mirror it exactly. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32); /* pid (thread group) */
	__type(value, struct wt_task_id);
} pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32); /* tid */
	__type(value, struct wt_task_id);
} tids SEC(".maps");

/* Processes that show our output: never traced unless named. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32); /* pid */
	__type(value, struct wt_task_id);
} skipped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} fds SEC(".maps");

/* Globs for comm, then globs for paths. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wt_glob);
} globs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cgroups SEC(".maps");

static __always_inline void count_lost(enum wt_lost cause)
{
	struct wt_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (c)
		__sync_fetch_and_add(&c->lost[cause], 1);
}

/* The calling program's scratch. `slot` is its own number; programs that cannot be preempted by
 * one another share slot 0. */
static __always_inline struct wt_scratch *scratch_get(__u32 slot)
{
	__u32 key = cfg.copies > 1 ? slot : 0;

	return bpf_map_lookup_elem(&scratch, &key);
}

#endif
