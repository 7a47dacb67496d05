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
#if defined(__TARGET_ARCH_x86)
#define SYS_NATIVE	"__x64_sys_"
#define native_compat() false
#elif defined(__TARGET_ARCH_arm64)
#define SYS_NATIVE	"__arm64_sys_"
#define native_compat() task_in_compat_call((struct task_struct *)bpf_get_current_task())
#endif

/* Linux 5.10 refuses ctx[0] of some functions, whose argument's type it has not resolved. */
static __always_inline struct pt_regs *fentry_regs(__u64 *ctx)
{
	struct pt_regs *regs = NULL;

	if (cfg.typed_regs)
		return (struct pt_regs *)ctx[0];
	bpf_probe_read_kernel(&regs, sizeof(regs), ctx);
	return regs;
}

#define FENTRY_ENTER(name, function, op, hook, compat, copy) \
	SEC("?fentry/" function)                             \
	int fentry##name##_##copy(__u64 *ctx)                \
	{                                                    \
		op_enter(fentry_regs(ctx), op, compat);      \
		return 0;                                    \
	}

/* A hooked call ends. */
static __always_inline int call_exit(struct pt_regs *regs, __s64 ret, __u32 call, bool compat,
				     __u32 copy)
{
	return call < WT_OP_COUNT ? op_exit(regs, ret, call, compat, copy)
				  : aio_exit(regs, ret, call, compat, copy);
}

#define FENTRY_EXIT(name, function, op, hook, compat, copy)            \
	SEC("?fexit/" function)                                        \
	int fexit##name##_##copy(__u64 *ctx)                           \
	{                                                              \
		call_exit(fentry_regs(ctx), ctx[1], op, compat, copy); \
		return 0;                                              \
	}

#define FENTRY_EXITS(name, function, op, hook, compat)   \
	FENTRY_EXIT(name, function, op, hook, compat, 0) \
	FENTRY_EXIT(name, function, op, hook, compat, 1) \
	FENTRY_EXIT(name, function, op, hook, compat, 2) \
	FENTRY_EXIT(name, function, op, hook, compat, 3)

#define FENTRY(name, function, op, hook, compat)          \
	FENTRY_ENTER(name, function, op, hook, compat, 0) \
	FENTRY_ENTER(name, function, op, hook, compat, 1) \
	FENTRY_EXITS(name, function, op, hook, compat)

#define FENTRY_NATIVE(name, syscall, op) \
	FENTRY(_##name, SYS_NATIVE syscall, op, op, native_compat())

FENTRY_NATIVE(write, "write", WT_OP_WRITE)
FENTRY_NATIVE(pwrite64, "pwrite64", WT_OP_PWRITE64)
FENTRY_NATIVE(writev, "writev", WT_OP_WRITEV)
FENTRY_NATIVE(pwritev, "pwritev", WT_OP_PWRITEV)
FENTRY_NATIVE(pwritev2, "pwritev2", WT_OP_PWRITEV2)
FENTRY_NATIVE(sendfile, "sendfile64", WT_OP_SENDFILE)
FENTRY_NATIVE(splice, "splice", WT_OP_SPLICE)
FENTRY_NATIVE(vmsplice, "vmsplice", WT_OP_VMSPLICE)
FENTRY_NATIVE(tee, "tee", WT_OP_TEE)
FENTRY_NATIVE(copy_file_range, "copy_file_range", WT_OP_COPY_FILE_RANGE)
FENTRY_NATIVE(sendto, "sendto", WT_OP_SENDTO)
FENTRY_NATIVE(sendmsg, "sendmsg", WT_OP_SENDMSG)
FENTRY_NATIVE(sendmmsg, "sendmmsg", WT_OP_SENDMMSG)
FENTRY_NATIVE(fsync, "fsync", WT_OP_FSYNC)
FENTRY_NATIVE(fdatasync, "fdatasync", WT_OP_FDATASYNC)
FENTRY_NATIVE(sync_file_range, "sync_file_range", WT_OP_SYNC_FILE_RANGE)
FENTRY_NATIVE(syncfs, "syncfs", WT_OP_SYNCFS)
FENTRY_NATIVE(msync, "msync", WT_OP_MSYNC)
FENTRY_EXITS(_io_getevents, SYS_NATIVE "io_getevents", WT_CALL_IO_GETEVENTS, WT_CALL_IO_GETEVENTS,
	     native_compat())
FENTRY_EXITS(_io_pgetevents, SYS_NATIVE "io_pgetevents", WT_CALL_IO_PGETEVENTS,
	     WT_CALL_IO_PGETEVENTS, native_compat())

#if defined(__TARGET_ARCH_x86)
#define FENTRY_COMPAT(name, function, op) FENTRY(32_##name, function, op, WT_HOOK(op, true), true)

/* their names are in common/ops.c, too */
FENTRY_COMPAT(write, "__ia32_sys_write", WT_OP_WRITE)
FENTRY_COMPAT(pwrite64, "__ia32_sys_ia32_pwrite64", WT_OP_PWRITE64)
FENTRY_COMPAT(writev, "__ia32_sys_writev", WT_OP_WRITEV)
FENTRY_COMPAT(pwritev, "__ia32_compat_sys_pwritev", WT_OP_PWRITEV)
FENTRY_COMPAT(pwritev2, "__ia32_compat_sys_pwritev2", WT_OP_PWRITEV2)
FENTRY_COMPAT(sendfile, "__ia32_sys_sendfile64", WT_OP_SENDFILE)
FENTRY_COMPAT(splice, "__ia32_sys_splice", WT_OP_SPLICE)
FENTRY_COMPAT(vmsplice, "__ia32_sys_vmsplice", WT_OP_VMSPLICE)
FENTRY_COMPAT(tee, "__ia32_sys_tee", WT_OP_TEE)
FENTRY_COMPAT(copy_file_range, "__ia32_sys_copy_file_range", WT_OP_COPY_FILE_RANGE)
FENTRY_COMPAT(sendto, "__ia32_sys_sendto", WT_OP_SENDTO)
FENTRY_COMPAT(sendmsg, "__ia32_compat_sys_sendmsg", WT_OP_SENDMSG)
FENTRY_COMPAT(sendmmsg, "__ia32_compat_sys_sendmmsg", WT_OP_SENDMMSG)
FENTRY_COMPAT(fsync, "__ia32_sys_fsync", WT_OP_FSYNC)
FENTRY_COMPAT(fdatasync, "__ia32_sys_fdatasync", WT_OP_FDATASYNC)
FENTRY_COMPAT(sync_file_range, "__ia32_sys_ia32_sync_file_range", WT_OP_SYNC_FILE_RANGE)
FENTRY_COMPAT(syncfs, "__ia32_sys_syncfs", WT_OP_SYNCFS)
FENTRY_COMPAT(msync, "__ia32_sys_msync", WT_OP_MSYNC)
FENTRY_EXITS(32_io_getevents, "__ia32_sys_io_getevents_time32", WT_CALL_IO_GETEVENTS,
	     WT_HOOK(WT_CALL_IO_GETEVENTS, true), true)
FENTRY_EXITS(32_io_pgetevents, "__ia32_compat_sys_io_pgetevents", WT_CALL_IO_PGETEVENTS,
	     WT_HOOK(WT_CALL_IO_PGETEVENTS, true), true)
#endif

/* The operation behind a system call number, or -1. Numbers differ between native and 32-bit. */
static __always_inline int op_of_syscall(__u32 nr, bool *compat)
{
	__u32 op;

	if (nr >= WT_SYSCALLS)
		return -1;
	barrier_var(nr); /* or the compiler tests one register and uses another */
	nr &= WT_SYSCALLS - 1;
	if (!(syscalls[nr].native | syscalls[nr].compat))
		return -1;
	*compat = task_in_compat_call((struct task_struct *)bpf_get_current_task());
	op = *compat ? syscalls[nr].compat : syscalls[nr].native;
	return op ? op - 1 : -1;
}

/*
 * Backend raw: entry and exit of every system call. Sees 32-bit calls.
 */
static __always_inline int raw_enter(__u64 *ctx)
{
	bool compat;
	int op = op_of_syscall(ctx[1], &compat);

	if (op >= 0)
		op_enter((struct pt_regs *)ctx[0], op, compat);
	return 0;
}

static __always_inline int raw_exit(__u64 *ctx, __u32 copy)
{
	bool compat;
	int op = op_of_syscall(regs_syscall((struct pt_regs *)ctx[0]), &compat);

	if (op >= 0)
		call_exit((struct pt_regs *)ctx[0], ctx[1], op, compat, copy);
	return 0;
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

static __always_inline int tracepoint_enter(const struct syscall_tracepoint *ctx)
{
	int op = tracepoint_op(ctx);

	if (op >= 0)
		op_enter(current_regs(), op, false);
	return 0;
}

static __always_inline int tracepoint_exit(const struct syscall_tracepoint *ctx, __u32 copy)
{
	int op = tracepoint_op(ctx);

	if (op >= 0)
		call_exit(current_regs(), ctx->ret, op, false, copy);
	return 0;
}

#define URING_SUBMIT(copy)                                                      \
	SEC("?tp_btf/io_uring_submit_req")                                      \
	int uring_submit_##copy(__u64 *ctx)                                     \
	{                                                                       \
		return uring_submit(0, (struct io_kiocb *)ctx[0]);              \
	}                                                                       \
	SEC("?tp_btf/io_uring_submit_sqe")                                      \
	int uring_submit_sqe_##copy(__u64 *ctx)                                 \
	{                                                                       \
		if (cfg.uring == WT_URING_NUMBERS)                              \
			return uring_submit(ctx[0], (struct io_kiocb *)ctx[1]); \
		return uring_submit(0, (struct io_kiocb *)ctx[0]);              \
	}

#define URING_COMPLETE(copy)                  \
	SEC("?tp_btf/io_uring_complete")      \
	int uring_complete_##copy(__u64 *ctx) \
	{                                     \
		return uring_completed(ctx);  \
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
		return raw_enter(ctx);                              \
	}                                                           \
	SEC("?tp")                                                  \
	int tracepoint_enter_##copy(struct syscall_tracepoint *ctx) \
	{                                                           \
		return tracepoint_enter(ctx);                       \
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
