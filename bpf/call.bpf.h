/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A system call's arguments: how they lie in registers and, for vectors, in user memory.
 */
#ifndef WT_CALL_BPF_H
#define WT_CALL_BPF_H

#include "maps.bpf.h"
#include "read.bpf.h"

/* include/uapi/linux/fs.h: data goes to the end of the file, whatever the position argument. */
#define RWF_APPEND 0x10

#define UIO_MAXIOV 1024

struct wt_call {
	__u32 op; /* enum wt_op */
	__u32 fd;
	__u64 buf;   /* user address of the data or of the vectors */
	__u64 count; /* bytes, or number of vectors */
	__s64 pos;   /* position argument, if has_pos */
	__u64 size;  /* bytes requested, if has_size */
	bool compat;
	bool vectors;
	bool has_pos;
	bool append; /* data goes to the end of the file all the same */
	bool has_size;
};

#if defined(__TARGET_ARCH_x86)

#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h */

static __always_inline bool task_in_compat_call(struct task_struct *task)
{
	return kread(task_struct, task, thread_info.status) & TS_COMPAT;
}

static __always_inline __u32 regs_syscall(struct pt_regs *regs)
{
	return regs->orig_ax;
}

#define regs_arg(regs, n, compat) \
	((compat) ? (__u32)regs_arg_compat_##n(regs) : regs_arg_native_##n(regs))
#define regs_arg_native_0(regs) ((regs)->di)
#define regs_arg_native_1(regs) ((regs)->si)
#define regs_arg_native_2(regs) ((regs)->dx)
#define regs_arg_native_3(regs) ((regs)->r10)
#define regs_arg_native_4(regs) ((regs)->r8)
#define regs_arg_native_5(regs) ((regs)->r9)
#define regs_arg_compat_0(regs) ((regs)->bx)
#define regs_arg_compat_1(regs) ((regs)->cx)
#define regs_arg_compat_2(regs) ((regs)->dx)
#define regs_arg_compat_3(regs) ((regs)->si)
#define regs_arg_compat_4(regs) ((regs)->di)
#define regs_arg_compat_5(regs) ((regs)->bp)

#elif defined(__TARGET_ARCH_arm64)

#define TIF_32BIT 22 /* arch/arm64/include/asm/thread_info.h */

static __always_inline bool task_in_compat_call(struct task_struct *task)
{
	return kread(task_struct, task, thread_info.flags) & (1UL << TIF_32BIT);
}

static __always_inline __u32 regs_syscall(struct pt_regs *regs)
{
	return regs->syscallno;
}

/* The result replaces the first argument; orig_x0 keeps it. */
#define regs_arg(regs, n, compat) \
	((compat) ? (__u32)regs_arg_native_##n(regs) : regs_arg_native_##n(regs))
#define regs_arg_native_0(regs) ((regs)->orig_x0)
#define regs_arg_native_1(regs) ((regs)->regs[1])
#define regs_arg_native_2(regs) ((regs)->regs[2])
#define regs_arg_native_3(regs) ((regs)->regs[3])
#define regs_arg_native_4(regs) ((regs)->regs[4])
#define regs_arg_native_5(regs) ((regs)->regs[5])

#endif

/* A 64-bit argument that 32-bit calls pass in two registers. */
static __always_inline __s64 regs_pos(struct pt_regs *regs, bool compat)
{
	if (compat)
		return (__u64)regs_arg(regs, 4, true) << 32 | regs_arg(regs, 3, true);
	return regs_arg(regs, 3, false);
}

static __always_inline void call_unpack(struct wt_call *call, struct pt_regs *regs, __u32 op,
					bool compat)
{
	call->op = op;
	call->compat = compat;
	call->fd = regs_arg(regs, 0, compat);
	call->buf = regs_arg(regs, 1, compat);
	call->count = regs_arg(regs, 2, compat);
	call->pos = 0;
	call->has_pos = call->append = false;
	call->vectors = op >= WT_OP_WRITEV;
	if (op == WT_OP_PWRITE64 || op == WT_OP_PWRITEV || op == WT_OP_PWRITEV2) {
		call->pos = regs_pos(regs, compat);
		/* pwritev2 at -1 writes at the current position */
		call->has_pos = op != WT_OP_PWRITEV2 || call->pos != -1;
		call->append = op == WT_OP_PWRITEV2 && (regs_arg(regs, 5, compat) & RWF_APPEND);
	}
}

struct wt_iovec {
	__u64 base;
	__u64 len;
};

struct wt_iovec32 {
	__u32 base;
	__u32 len;
};

/* What call_sum_vectors() returns if they cannot be read or are too many: the call fails then. */
#define SIZE_UNKNOWN	(~0ULL)

#define VECTORS_AT_ONCE 8

/* Sum of vectors first.. of `count` at a user address, VECTORS_AT_ONCE at most, or SIZE_UNKNOWN. */
wt_function __u64 call_sum_some(__u64 vectors, __u64 count, __u32 first, bool compat)
{
	struct wt_iovec iov[VECTORS_AT_ONCE] = {};
	struct wt_iovec32 iov32[VECTORS_AT_ONCE] = {};
	__u32 n = count - first;
	__u64 sum = 0;
	int i;

	if (n > VECTORS_AT_ONCE)
		n = VECTORS_AT_ONCE;
	barrier_var(n);
	if (n > VECTORS_AT_ONCE) /* the verifier's own view of n */
		return SIZE_UNKNOWN;
	if (compat ? bpf_probe_read_user(iov32, n * sizeof(*iov32),
					 (void *)(vectors + first * sizeof(*iov32)))
		   : bpf_probe_read_user(iov, n * sizeof(*iov),
					 (void *)(vectors + first * sizeof(*iov))))
		return SIZE_UNKNOWN;
	for (i = 0; i < VECTORS_AT_ONCE; i++)
		sum += compat ? iov32[i].len : iov[i].len;
	return sum;
}

wt_function __u64 call_sum_vectors(__u64 vectors, __u64 count, bool compat)
{
	__u64 sum = 0, some;
	__u32 i;

	if (count > UIO_MAXIOV)
		return SIZE_UNKNOWN;
	for (i = 0; i < UIO_MAXIOV; i += VECTORS_AT_ONCE) {
		if (i >= count)
			break;
		some = call_sum_some(vectors, count, i, compat);
		if (some == SIZE_UNKNOWN)
			return SIZE_UNKNOWN;
		sum += some;
	}
	return sum;
}

static __always_inline void call_measure(struct wt_call *call)
{
	call->size = call->count;
	if (call->vectors)
		call->size = call_sum_vectors(call->buf, call->count, call->compat);
	call->has_size = !call->vectors || call->size != SIZE_UNKNOWN;
}

enum { COPY_MORE, COPY_END, COPY_FAULT };

/* Copies the vector at s->copy_vector behind the event in scratch place `place`. */
wt_function int call_copy_vector(__u32 place)
{
	struct wt_scratch *s = scratch_get(place);
	struct wt_iovec iov = {};
	struct wt_iovec32 iov32 = {};
	__u32 len, done;

	if (!s)
		return COPY_FAULT;
	if (!s->copy_left || s->copy_done >= s->copy_want)
		return COPY_END;
	if (s->copy_compat) {
		if (bpf_probe_read_user(&iov32, sizeof(iov32), (void *)s->copy_vector))
			return COPY_FAULT;
		iov.base = iov32.base;
		iov.len = iov32.len;
		s->copy_vector += sizeof(iov32);
	} else {
		if (bpf_probe_read_user(&iov, sizeof(iov), (void *)s->copy_vector))
			return COPY_FAULT;
		s->copy_vector += sizeof(iov);
	}
	done = s->copy_done;
	len = s->copy_want - done;
	if (iov.len < len)
		len = iov.len;
	barrier_var(len);
	if (len > WT_DATA_MAX || done > WT_DATA_MAX ||
	    bpf_probe_read_user(s->data + done, len, (void *)iov.base))
		return COPY_FAULT;
	s->copy_done = done + len;
	s->copy_left--;
	return COPY_MORE;
}

#define VECTORS_A_ROUND 32

wt_function int call_copy_round(__u32 place)
{
	int i, state = COPY_MORE;

	for (i = 0; i < VECTORS_A_ROUND && state == COPY_MORE; i++)
		state = call_copy_vector(place);
	return state;
}

wt_function int call_copy_vectors(__u32 place)
{
	int i, state = COPY_MORE;

	for (i = 0; i < UIO_MAXIOV / VECTORS_A_ROUND && state == COPY_MORE; i++)
		state = call_copy_round(place);
	return state;
}

/*
 * Copies the first `want` bytes (at most WT_DATA_MAX) of what was written behind the event in
 * scratch place `place`. Returns the bytes copied, or -1 if not even the first could be read.
 */
static __always_inline int call_copy_data(struct wt_scratch *s, __u32 place,
					  const struct wt_call *call, __u32 want)
{
	if (!call->vectors) {
		barrier_var(want);
		if (want > WT_DATA_MAX || bpf_probe_read_user(s->data, want, (void *)call->buf))
			return -1;
		return want;
	}
	s->copy_vector = call->buf;
	s->copy_left = call->count;
	s->copy_want = want;
	s->copy_done = 0;
	s->copy_compat = call->compat;
	call_copy_vectors(place);
	return s->copy_done ? s->copy_done : -1;
}

#endif
