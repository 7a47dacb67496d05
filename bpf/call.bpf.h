/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A system call's arguments: how they lie in registers and, for vectors, in user memory.
 */
#ifndef WT_CALL_BPF_H
#define WT_CALL_BPF_H

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

#define regs_arg(regs, n, compat)                                                                  \
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
#define regs_arg(regs, n, compat)                                                                  \
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

static __always_inline int iovec_read(struct wt_iovec *iov, const struct wt_call *call, __u32 i)
{
	struct {
		__u32 base;
		__u32 len;
	} iov32;
	int err;

	if (!call->compat)
		return bpf_probe_read_user(iov, sizeof(*iov),
					   (void *)(call->buf + i * sizeof(*iov)));
	err = bpf_probe_read_user(&iov32, sizeof(iov32), (void *)(call->buf + i * sizeof(iov32)));
	iov->base = iov32.base;
	iov->len = iov32.len;
	return err;
}

/* Sums up the vectors; false if they cannot be read or are too many (the call fails then). */
static __noinline int call_sum_vectors(struct wt_call *call)
{
	struct wt_iovec iov;
	__u64 sum = 0;
	__u32 i;

	if (!call || call->count > UIO_MAXIOV)
		return false;
	for (i = 0; i < UIO_MAXIOV; i++) {
		if (i >= call->count)
			break;
		if (iovec_read(&iov, call, i))
			return false;
		sum += iov.len;
	}
	call->size = sum;
	return true;
}

static __always_inline void call_measure(struct wt_call *call)
{
	call->size = call->count;
	call->has_size = true;
	if (call->vectors)
		call->has_size = call_sum_vectors(call);
}

/*
 * Copies the first `want` bytes (at most WT_DATA_MAX) of what was written to s->data. Returns the
 * bytes copied, or -1 if not even the first could be read.
 */
static __noinline int call_copy_data(struct wt_scratch *s, const struct wt_call *call, __u32 want)
{
	struct wt_iovec iov = { .base = call->buf, .len = want };
	__u32 i, n, done = 0;

	if (!s)
		return -1;
	for (i = 0; i < UIO_MAXIOV; i++) {
		if (i >= (call->vectors ? call->count : 1) || done >= want)
			break;
		if (call->vectors && iovec_read(&iov, call, i))
			break;
		n = iov.len < want - done ? iov.len : want - done;
		if (n > WT_DATA_MAX || done > WT_DATA_MAX)
			break;
		if (n && bpf_probe_read_user(s->data + done, n, (void *)iov.base))
			break;
		done += n;
	}
	return done || !want ? done : -1;
}

#endif
