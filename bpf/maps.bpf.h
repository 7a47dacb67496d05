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
const volatile __u32 types[WT_TYPE_COUNT] = {};
const volatile struct wt_syscall syscalls[WT_SYSCALLS] = {};
const volatile __u8 uring_ops[WT_URING_OPCODES] = {}; /* operation + 1, or 0 */

struct wt_shared shared = {};

/* By operation. Not among the constants: the verifier would walk what follows for each shape. */
struct wt_shape shapes[WT_OP_COUNT] SEC(".data.shapes") = {};

/* A place to build records in, see scratch_take(). */
struct wt_scratch {
	__u64 busy;
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
	volatile __u64 to; /* user address of the address that is sent to, or 0 */
	volatile __u32 to_len;
	struct wt_row row;
	__u64 done[24]; /* a struct wt_done, for who has no room for it on the stack */
	union {
		struct {
			struct wt_file file; /* with path: a struct wt_row_file */
			char path[WT_PATH_MAX + 256];
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
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wt_task_slot);
} task_slots SEC(".maps");

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
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct wt_request);
} requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct wt_request);
} blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct wt_aio_context);
} contexts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cgroups SEC(".maps");

/* Where in the ring of paths a file's record is: by slot of map seen. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen_at SEC(".maps");

/* The tally: see struct wt_sums and what follows there. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WT_OP_COUNT);
	__type(key, __u32);
	__type(value, struct wt_total);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wt_other);
} other SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct wt_row);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct wt_row_file);
} row_files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct wt_row_path_key);
	__type(value, struct wt_row_path);
} row_paths SEC(".maps");

/* The flight recorder: see struct wt_recorder_heads and what follows there. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct wt_recorder_heads);
} heads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct wt_recorded_event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct wt_recorded_path);
} paths SEC(".maps");

/* What a pinned session says of itself; programs do not read it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, __u32);
	__type(value, struct wt_meta);
} meta SEC(".maps");

/*
 * Adds to a number that other CPUs, or programs that preempt this one, add to as well. Relaxed,
 * since newer compilers (LLVM 22) ask an ordered one for the old value, too, which Linux 5.10
 * refuses.
 */
static __always_inline void add(__u64 *to, __u64 n)
{
	__atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

static __always_inline void count_lost_many(enum wt_lost cause, __u64 n)
{
	struct wt_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (c)
		add(&c->lost[cause], n);
}

static __always_inline void count_lost(enum wt_lost cause)
{
	count_lost_many(cause, 1);
}

/*
 * Atomic operations that tell the old value need Linux 5.12. Older kernels refuse them even in code
 * that is never reached, so this source is compiled a second time without them (WT_NO_FETCH).
 * Programs do not preempt one another there.
 */

/* Takes numbers *next.. of which nobody else has any. Return: the first. */
static __always_inline __u64 take_numbers(__u64 *next, __u32 n)
{
#ifndef WT_NO_FETCH
	return __sync_fetch_and_add(next, n);
#else
	__u64 first = *(volatile __u64 *)next;

	*(volatile __u64 *)next = first + n;
	return first;
#endif
}

/* Sets *word from `old` to `value`; false if it is no longer `old`. */
static __always_inline bool replace_word(__u64 *word, __u64 old, __u64 value)
{
#ifndef WT_NO_FETCH
	return __sync_val_compare_and_swap(word, old, value) == old;
#else
	(void)old;
	*(volatile __u64 *)word = value;
	barrier();
	return true;
#endif
}

/* Stores what others may see only after all that was stored before. */
static __always_inline void store_last(__u64 *word, __u64 value)
{
#if defined(__TARGET_ARCH_x86) || defined(WT_NO_FETCH)
	barrier(); /* x86 keeps stores in order */
	*(volatile __u64 *)word = value;
#else
	__sync_lock_test_and_set(word, value);
#endif
}

static __always_inline struct wt_scratch *scratch_get(__u32 place)
{
	return bpf_map_lookup_elem(&scratch, &place);
}

#define NO_SCRATCH (-1)

/*
 * Takes a scratch place of this CPU. Where programs can be preempted by one another there are some
 * to take, and they may all be in use: NO_SCRATCH.
 */
static __always_inline int scratch_take(void)
{
	struct wt_scratch *s;
	int place;

	if (cfg.copies == 1)
		return 0;
	for (place = 0; place < WT_SCRATCH_PLACES; place++) {
		s = scratch_get(place);
		if (s && !*(volatile __u64 *)&s->busy && replace_word(&s->busy, 0, 1))
			return place;
	}
	return NO_SCRATCH;
}

static __always_inline void scratch_put(int place)
{
	struct wt_scratch *s;

	if (cfg.copies == 1)
		return;
	s = scratch_get(place);
	if (s)
		store_last(&s->busy, 0);
}

#endif
