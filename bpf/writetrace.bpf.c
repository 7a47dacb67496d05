// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The hooks: each unpacks kernel arguments and hands them on.
 *
 * Three backends see the same operations; a session loads one of them. Every program exists in
 * copies (see span.bpf.h); where the kernel does not preempt, only the first is loaded.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "writetrace.h"
#include "kernel.h"
#include "aio.bpf.h"
#include "follow.bpf.h"
#include "op.bpf.h"
#include "uring.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Backend fentry: the system calls' own functions. Costs nothing to others. On x86 the calls of
 * 32-bit programs have functions of their own; on arm64 most share them.
 */
/* Linux 5.10 refuses ctx[0] of some functions, whose argument's type it has not resolved. */
static __always_inline struct pt_regs *fentry_regs(__u64 *ctx)
{
	struct pt_regs *regs = NULL;

	if (cfg.typed_regs)
		return (struct pt_regs *)ctx[0];
	bpf_probe_read_kernel(&regs, sizeof(regs), ctx);
	return regs;
}

/* Can there be an operation behind a system call number, native or 32-bit? */
static __always_inline bool op_has_syscall(__u32 nr)
{
	return *(const volatile __u16 *)&syscalls[nr & (WT_SYSCALLS - 1)];
}

/* That operation, or -1. Numbers differ between native and 32-bit. */
static __always_inline int op_of_syscall(__u32 nr, struct task_struct *task, bool *compat)
{
	__u32 op;

	if (nr >= WT_SYSCALLS)
		return -1;
	barrier_var(nr); /* or the compiler tests one register and uses another */
	nr &= WT_SYSCALLS - 1;
	*compat = task_in_compat_call(task);
	op = *compat ? syscalls[nr].compat : syscalls[nr].native;
	return op ? op - 1 : -1;
}

/* A hooked call begins. */
static __always_inline void call_begin(struct pt_regs *regs, struct task_struct *task, __u32 call,
				       bool compat, __u32 copy)
{
	if (call < WT_OP_COUNT)
		op_enter(regs, task, call, compat);
	else
		aio_enter(regs, call, compat, copy);
}

/* @ask: nobody has asked yet who calls. */
static __always_inline int call_enter(struct pt_regs *regs, __u32 nr, bool ask, __u32 copy)
{
	struct task_struct *task;
	bool compat;
	int op;

	if (!op_has_syscall(nr) || (ask && task_is_refused()))
		return 0;
	task = current_task();
	op = op_of_syscall(nr, task, &compat);
	if (op >= 0)
		call_begin(regs, task, op, compat, copy);
	return 0;
}

/* And ends. */
static __always_inline void call_end(struct pt_regs *regs, struct task_struct *task, __s64 ret,
				     __u32 call, bool compat, __u32 copy)
{
	if (call < WT_OP_COUNT)
		op_exit(regs, task, ret, call, compat | copy << 1);
	else
		aio_exit(regs, ret, call, compat, copy);
}

static __always_inline int call_exit(struct pt_regs *regs, __u32 nr, __s64 ret, bool ask,
				     __u32 copy)
{
	struct task_struct *task;
	bool compat;
	int op;

	if (!op_has_syscall(nr) || (ask && task_is_refused()))
		return 0;
	task = current_task();
	op = op_of_syscall(nr, task, &compat);
	if (op >= 0)
		call_end(regs, task, ret, op, compat, copy);
	return 0;
}

/*
 * A program belongs to one function and is verified anew for each. So what is attached is little
 * more than a jump, a copy of FENTRY_JUMP for each function (common/session_fentry.c), to one of
 * FENTRY_CALL, which are not attached: the number of the system call says which it was. The kernel
 * wants who jumps and who is jumped to to agree on the function's type, of which it has two that
 * differ in a name.
 */
#define JUMPS(name, copies)                            \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY); \
		__uint(max_entries, copies);           \
		__type(key, __u32);                    \
		__type(value, __u32);                  \
	} name SEC(".maps");

JUMPS(fentry_jumps, WT_ENTER_COPIES)
JUMPS(fentry_jumps_2, WT_ENTER_COPIES)
JUMPS(fexit_jumps, WT_COPIES)
JUMPS(fexit_jumps_2, WT_COPIES)

/*
 * The kernel keeps a program that is jumped to from being run twice on a CPU no more. Yet
 * Linux 6.13 and later give programs a stack for each CPU, not for each task, as if it did: where
 * it preempts them, one task's variables turn up in another's. It does not for programs that may
 * jump themselves, and to that end these do, though they never get there.
 */
#define NO_STACK_OF_THE_CPU(ctx, jumps)               \
	do {                                          \
		if (cfg.copies > WT_COPIES)           \
			bpf_tail_call(ctx, jumps, 0); \
	} while (0)

#define FENTRY_JUMP(type, name, jumps, copy)              \
	SEC("?" #type)                                    \
	int name##_##copy(__u64 *ctx)                     \
	{                                                 \
		if (!task_is_refused())                   \
			bpf_tail_call(ctx, &jumps, copy); \
		return 0;                                 \
	}
#define FEXIT_JUMPS(name, jumps)           \
	FENTRY_JUMP(fexit, name, jumps, 0) \
	FENTRY_JUMP(fexit, name, jumps, 1) \
	FENTRY_JUMP(fexit, name, jumps, 2) \
	FENTRY_JUMP(fexit, name, jumps, 3)

FENTRY_JUMP(fentry, fentry_jump, fentry_jumps, 0)
FENTRY_JUMP(fentry, fentry_jump, fentry_jumps, 1)
FENTRY_JUMP(fentry, fentry_jump_2, fentry_jumps_2, 0)
FENTRY_JUMP(fentry, fentry_jump_2, fentry_jumps_2, 1)
FEXIT_JUMPS(fexit_jump, fexit_jumps)
FEXIT_JUMPS(fexit_jump_2, fexit_jumps_2)

#define FENTRY_CALL(name, jumps, copy)                                                    \
	SEC("?fentry")                                                                    \
	int name##_##copy(__u64 *ctx)                                                     \
	{                                                                                 \
		struct pt_regs *regs = fentry_regs(ctx);                                  \
                                                                                          \
		NO_STACK_OF_THE_CPU(ctx, &jumps);                                         \
		return call_enter(regs, regs_syscall(regs, cfg.typed_regs), false, copy); \
	}
#define FEXIT_CALL(name, jumps, copy)                                                            \
	SEC("?fexit")                                                                            \
	int name##_##copy(__u64 *ctx)                                                            \
	{                                                                                        \
		struct pt_regs *regs = fentry_regs(ctx);                                         \
                                                                                                 \
		NO_STACK_OF_THE_CPU(ctx, &jumps);                                                \
		return call_exit(regs, regs_syscall(regs, cfg.typed_regs), ctx[1], false, copy); \
	}
#define FEXIT_CALLS(name, jumps)   \
	FEXIT_CALL(name, jumps, 0) \
	FEXIT_CALL(name, jumps, 1) \
	FEXIT_CALL(name, jumps, 2) \
	FEXIT_CALL(name, jumps, 3)

FENTRY_CALL(fentry_call, fentry_jumps, 0)
FENTRY_CALL(fentry_call, fentry_jumps, 1)
FENTRY_CALL(fentry_call_2, fentry_jumps_2, 0)
FENTRY_CALL(fentry_call_2, fentry_jumps_2, 1)
FEXIT_CALLS(fexit_call, fexit_jumps)
FEXIT_CALLS(fexit_call_2, fexit_jumps_2)

/*
 * Backend raw: entry and exit of every system call. Sees 32-bit calls.
 */
static __always_inline int raw_enter(__u64 *ctx, __u32 copy)
{
	return call_enter((struct pt_regs *)ctx[0], ctx[1], true, copy);
}

static __always_inline int raw_exit(__u64 *ctx, __u32 copy)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];

	return call_exit(regs, regs_syscall(regs, true), ctx[1], true, copy);
}

/*
 * Backend tracepoint: two tracepoints for each system call. Kinder to other system calls; never
 * sees 32-bit calls. Context: common fields, then number and arguments or result.
 */
struct syscall_tracepoint {
	__u64 common;
	__u32 nr;
	__u32 pad; /* not always cleared */
	__s64 ret;
};

static __always_inline int tracepoint_op(const struct syscall_tracepoint *ctx)
{
	__u32 nr = ctx->nr;

	if (nr >= WT_SYSCALLS)
		return -1;
	barrier_var(nr);
	return syscalls[nr & (WT_SYSCALLS - 1)].native - 1;
}

static __always_inline struct pt_regs *current_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

static __always_inline int tracepoint_enter(const struct syscall_tracepoint *ctx, __u32 copy)
{
	int op = tracepoint_op(ctx);

	if (op >= 0 && !task_is_refused())
		call_begin(current_regs(), current_task(), op, false, copy);
	return 0;
}

static __always_inline int tracepoint_exit(const struct syscall_tracepoint *ctx, __u32 copy)
{
	int op = tracepoint_op(ctx);

	if (op >= 0 && !task_is_refused())
		call_end(current_regs(), current_task(), ctx->ret, op, false, copy);
	return 0;
}

#define URING_SUBMIT(copy)                                                            \
	SEC("?tp_btf/io_uring_submit_req")                                            \
	int uring_submit_##copy(__u64 *ctx)                                           \
	{                                                                             \
		return uring_submit(0, (struct io_kiocb *)ctx[0], copy);              \
	}                                                                             \
	SEC("?tp_btf/io_uring_submit_sqe")                                            \
	int uring_submit_sqe_##copy(__u64 *ctx)                                       \
	{                                                                             \
		if (cfg.uring == WT_URING_NUMBERS)                                    \
			return uring_submit(ctx[0], (struct io_kiocb *)ctx[1], copy); \
		return uring_submit(0, (struct io_kiocb *)ctx[0], copy);              \
	}

#define URING_COMPLETE(copy)                  \
	SEC("?tp_btf/io_uring_complete")      \
	int uring_complete_##copy(__u64 *ctx) \
	{                                     \
		return uring_completed(ctx);  \
	}

/* A rare event: one copy has to do, and what it is skipped for is counted. */
SEC("?tp_btf/io_uring_cqe_overflow")
int uring_overflow_0(__u64 *ctx)
{
	return uring_overflow(ctx[0], ctx[1], (int)ctx[2], ctx[3]);
}

URING_SUBMIT(0)
URING_SUBMIT(1)
URING_COMPLETE(0)
URING_COMPLETE(1)
URING_COMPLETE(2)
URING_COMPLETE(3)

#define COPY_ENTER(copy)                                            \
	SEC("?tp_btf/sys_enter")                                    \
	int raw_enter_##copy(__u64 *ctx)                            \
	{                                                           \
		return raw_enter(ctx, copy);                        \
	}                                                           \
	SEC("?tp")                                                  \
	int tracepoint_enter_##copy(struct syscall_tracepoint *ctx) \
	{                                                           \
		return tracepoint_enter(ctx, copy);                 \
	}

#define COPY_EXIT(copy)                                            \
	SEC("?tp_btf/sys_exit")                                    \
	int raw_exit_##copy(__u64 *ctx)                            \
	{                                                          \
		return raw_exit(ctx, copy);                        \
	}                                                          \
	SEC("?tp")                                                 \
	int tracepoint_exit_##copy(struct syscall_tracepoint *ctx) \
	{                                                          \
		return tracepoint_exit(ctx, copy);                 \
	}                                                          \
	SEC("?tp_btf/sched_process_fork")                          \
	int process_fork_##copy(__u64 *ctx)                        \
	{                                                          \
		return process_fork(ctx);                          \
	}                                                          \
	SEC("?tp_btf/sched_process_exit")                          \
	int process_exit_##copy(__u64 *ctx)                        \
	{                                                          \
		return process_exit(ctx);                          \
	}

COPY_ENTER(0)
COPY_ENTER(1)
COPY_EXIT(0)
COPY_EXIT(1)
COPY_EXIT(2)
COPY_EXIT(3)
