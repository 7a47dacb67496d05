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
#include "maps.bpf.h"
#include "filter.bpf.h"
#include "span.bpf.h"
#include "call.bpf.h"
#include "file.bpf.h"
#include "emit.bpf.h"
#include "tally.bpf.h"
#include "request.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * An operation begins. Only sessions that measure latency come here.
 *
 * This one and op_exit() are in the object once, not once for each program: there are many.
 */
static __noinline int op_enter(struct pt_regs *regs, __u32 op, bool compat)
{
	struct wt_who who;

	if (!session_enabled(op, false) || op >= WT_OP_COUNT)
		return 0;
	if (task_wanted(&who) && fd_wanted(call_fd(call_shape(op), regs, compat)))
		span_start();
	return 0;
}

/*
 * Has another copy handled this operation? Asked before anything else: the less a copy does that
 * has nothing to do, the less it is preempted.
 */
static __always_inline bool op_is_handled(const struct wt_who *who, __u32 copy)
{
	struct wt_span *span;

	if (cfg.copies == 1)
		return false;
	span = span_get(false);
	return span && span_is_handled(who->task, span, copy);
}

static __always_inline void count_handled(__u32 hook, __u32 copy)
{
	struct wt_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	barrier_var(hook);
	if (c && hook < WT_HOOKS && copy < WT_COPIES)
		__sync_fetch_and_add(&c->handled[hook][copy], 1);
}

/* Takes the start of the operation out of its span. False if another copy has to handle it. */
static __always_inline bool op_take_span(struct wt_done *d, __u32 hook, __u32 copy)
{
	struct wt_span *span;

	d->latency_ns = 0;
	d->has_latency = false;
	if (!cfg.latency && cfg.copies == 1)
		return true;
	span = span_get(cfg.copies > 1);
	if (!span)
		return copy == 0;
	if (cfg.copies > 1) {
		span_claim(d->who.task, span, copy);
		count_handled(hook, copy);
	}
	if (cfg.latency && span->start_ns) {
		d->latency_ns = d->now_ns - span->start_ns;
		d->has_latency = true;
		span->start_ns = 0;
	}
	return true;
}

/*
 * The position before the operation: the argument, or the file's position less what was added. A
 * file open for appending ignores the argument (pwrite(2), BUGS) and leaves its position alone.
 */
static __always_inline __s64 op_position(const struct wt_done *d, struct file *file)
{
	__s64 added = d->ret > 0 ? d->ret : 0;
	struct inode *inode;

	if (!d->call.has_pos)
		return kread(file, file, f_pos) - added;
	if (added && (d->call.append || (kread(file, file, f_flags) & O_APPEND))) {
		inode = kread(file, file, f_inode);
		return kread(inode, inode, i_size) - added;
	}
	return d->call.pos;
}

/* False if the file is not wanted or could not be made known. */
static __always_inline bool op_find_file(struct wt_done *d, struct file *file)
{
	enum file_verdict verdict;

	d->open_file = file;
	d->has_file = file;
	d->has_pos = false;
	d->file = 0;
	d->offset = 0;
	if (!file)
		return !cfg.path_globs && (!cfg.kinds || (cfg.kinds & (1 << WT_KIND_NONE)));
	if (d->call.at) {
		d->has_pos = call_read_position(&d->call, &d->offset);
		d->offset -= d->ret > 0 ? d->ret : 0;
	} else if (d->call.moves) {
		d->has_pos = true;
		d->offset = op_position(d, file);
	}
	verdict = file_wanted(file, &d->file);
	if (verdict != FILE_NOT_SENT)
		return verdict == FILE_WANTED;
	/* nothing is missing from a tally that wants all files */
	if (!cfg.stream && !cfg.kinds && !cfg.path_globs)
		return true;
	count_lost(cfg.stream ? WT_LOST_RING : WT_LOST_INFLIGHT);
	return false;
}

/* Hands a finished, wanted operation on to where the session wants it. */
static __always_inline void op_done(const struct wt_done *d)
{
	struct wt_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (!c)
		return;
	if (cfg.stream)
		emit(d, c);
	if (cfg.tally)
		tally(d);
	if (cfg.record)
		record(d, c);
	if (cfg.trace_pipe)
		bpf_printk("write fd %d: %lld bytes asked, result %lld", d->call.fd, d->call.size,
			   d->ret);
}

/*
 * AIO is seen when its results are fetched: the event names its control block, which says the rest.
 * (No hook that is there everywhere tells of its end.) So there is no latency, and who takes the
 * results out of the ring in user memory, past io_getevents, is not seen.
 */
#define RWF_APPEND     0x10 /* include/uapi/linux/fs.h */

#define AIO_EVENTS_MAX 1024 /* of one call; more count as one that is lost */

/* Where things are in struct io_event and struct iocb (include/uapi/linux/aio_abi.h), which are the
 * same for 32-bit programs. */
#define IO_EVENT_OBJ  8
#define IO_EVENT_RES  16
#define IO_EVENT_SIZE 32
#define IOCB_RW_FLAGS 12
#define IOCB_HEAD     16 /* opcode: 16 bits, priority: 16 bits, descriptor: 32 bits */
#define IOCB_BUF      24 /* address, length, position: 64 bits each */

enum { IOCB_PWRITE = 1, IOCB_FSYNC = 2, IOCB_FDSYNC = 3, IOCB_PWRITEV = 8 };

static __always_inline int aio_op(__u16 opcode)
{
	switch (opcode) {
	case IOCB_PWRITE:
		return WT_OP_AIO_PWRITE;
	case IOCB_PWRITEV:
		return WT_OP_AIO_PWRITEV;
	case IOCB_FSYNC:
	case IOCB_FDSYNC:
		return WT_OP_AIO_FSYNC;
	}
	return -1;
}

/* Fills in what the control block at a user address says. Return: whether it is wanted. */
static __always_inline bool aio_describe(struct wt_call *call, __u64 iocb, __u64 head, bool compat)
{
	int op = aio_op(head & 0xffff);

	if (op < 0 || !(cfg.aio_ops & 1ULL << op))
		return false;
	__builtin_memset(call, 0, sizeof(*call));
	call->op = op;
	call->fd = head >> 32;
	call->compat = compat;
	/* buf, count, pos: as they lie in the control block */
	bpf_probe_read_user(&call->buf, 3 * sizeof(__u64), (void *)(iocb + IOCB_BUF));
	bpf_probe_read_user(&call->append, sizeof(call->append), (void *)(iocb + IOCB_RW_FLAGS));
	call->append &= RWF_APPEND;
	call->form = op == WT_OP_AIO_FSYNC     ? WT_FORM_NONE
		     : op == WT_OP_AIO_PWRITEV ? WT_FORM_VECTORS
					       : WT_FORM_DATA;
	call->moves = call->has_pos = op != WT_OP_AIO_FSYNC;
	call->size = op == WT_OP_AIO_PWRITEV ? call_sum_vectors(call->buf, call->count, compat)
					     : call->count;
	call->has_size = op != WT_OP_AIO_FSYNC && call->size != SIZE_UNKNOWN;
	return true;
}

/* One event at a user address. */
wt_function int aio_event(__u64 address, bool compat)
{
	__u64 iocb = 0, head = 0;
	struct wt_done d;

	if (!cfg.aio_ops)
		return 0;
	d.ret = 0;
	if (bpf_probe_read_user(&iocb, sizeof(iocb), (void *)(address + IO_EVENT_OBJ)) ||
	    bpf_probe_read_user(&d.ret, sizeof(d.ret), (void *)(address + IO_EVENT_RES)) ||
	    bpf_probe_read_user(&head, sizeof(head), (void *)(iocb + IOCB_HEAD))) {
		count_lost(WT_LOST_INFLIGHT);
		return 0;
	}
	if (!aio_describe(&d.call, iocb, head, compat))
		return 0;
	who_current(&d.who);
	d.request = NULL;
	d.now_ns = bpf_ktime_get_boot_ns();
	d.latency_ns = 0;
	d.has_latency = false;
	if (!fd_wanted(d.call.fd) || !result_wanted(d.ret, 0) || d.call.size < cfg.min_size)
		return 0;
	if (op_find_file(&d, file_by_fd(d.who.task, d.call.fd)))
		op_done(&d);
	return 0;
}

/* A call has fetched `ret` results. */
static __noinline int aio_exit(struct pt_regs *regs, __s64 ret, __u32 call, bool compat, __u32 copy)
{
	struct wt_span *span;
	struct wt_who who;
	__u64 events;
	__u32 i;

	if (!cfg.aio_ops || !session_enabled(call, true) || ret <= 0)
		return 0;
	who.task = (struct task_struct *)bpf_get_current_task();
	if (op_is_handled(&who, copy) || !task_wanted(&who))
		return 0;
	if (cfg.copies > 1) {
		span = span_get(true);
		if (!span && copy)
			return 0;
		if (span)
			span_claim(who.task, span, copy);
		count_handled(WT_HOOK(call, compat), copy);
	}
	events = regs_arg(regs, 3, compat);
	for (i = 0; i < AIO_EVENTS_MAX; i++) {
		if (ret <= i)
			return 0;
		aio_event(events, compat);
		events += IO_EVENT_SIZE;
	}
	count_lost(WT_LOST_INFLIGHT);
	return 0;
}

static __noinline int op_exit(struct pt_regs *regs, __s64 ret, __u32 op, bool compat, __u32 copy)
{
	struct wt_done d;

	if (!session_enabled(op, true))
		return 0;
	d.who.task = (struct task_struct *)bpf_get_current_task();
	if (op_is_handled(&d.who, copy) || !task_wanted(&d.who))
		return 0;
	d.request = NULL;
	d.now_ns = bpf_ktime_get_boot_ns();
	d.ret = ret;
	if (!op_take_span(&d, WT_HOOK(op, compat), copy))
		return 0;
	if (ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK) {
		count_lost(WT_LOST_UNPAIRED);
		return 0;
	}
	call_unpack(&d.call, regs, op, compat);
	if (!fd_wanted(d.call.fd) || !result_wanted(ret, d.latency_ns))
		return 0;
	call_measure(&d.call, &d.ret);
	if (d.call.size < cfg.min_size)
		return 0;
	if (op_find_file(&d, d.call.no_fd ? NULL : file_by_fd(d.who.task, d.call.fd)))
		op_done(&d);
	return 0;
}

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

/*
 * io_uring, on all backends: its submission and its completion.
 */

/* REQ_F_FIXED_FILE is IOSQE_FIXED_FILE: the number is one of registered files, not a descriptor. */
#define REQ_F_FIXED_FILE 1

static __always_inline __u64 uring_user_data(struct io_kiocb *req)
{
	if (bpf_core_field_exists(struct io_kiocb, cqe))
		return kread(io_kiocb, req, cqe.user_data);
	return kread(io_kiocb, req, user_data);
}

/* 5.10 tells at the completion the number of the request only, which is the user's to choose. */
static __always_inline __u64 uring_key(__u64 ctx, __u64 req, __u64 user_data)
{
	return cfg.uring == WT_URING_NUMBERS ? mix(ctx, user_data) : req;
}

static __always_inline void uring_describe(struct wt_request *r, struct io_kiocb *req)
{
	struct io_rw *rw = (struct io_rw *)req;

	if (bpf_core_field_exists(struct io_kiocb, cqe.fd) &&
	    !(kread(io_kiocb, req, flags) & REQ_F_FIXED_FILE)) {
		r->fd = kread(io_kiocb, req, cqe.fd);
		r->has_fd = true;
	}
	if (cfg.uring == WT_URING_NUMBERS)
		r->file = (__u64)BPF_CORE_READ(req, file);
	switch (r->op) {
	case WT_OP_URING_FSYNC:
	case WT_OP_URING_SENDMSG:
		return;
	case WT_OP_URING_SEND:
		r->size = kread(io_sr_msg, req, len);
		break;
	case WT_OP_URING_WRITEV:
		r->size = call_sum_vectors(kread(io_rw, rw, addr), kread(io_rw, rw, len), false);
		r->offset = kread(io_rw, rw, kiocb.ki_pos);
		break;
	default:
		r->size = kread(io_rw, rw, len);
		r->offset = kread(io_rw, rw, kiocb.ki_pos);
	}
	r->has_size = r->size != SIZE_UNKNOWN;
	r->has_pos = r->op != WT_OP_URING_SEND && r->offset != -1;
}

static __noinline int uring_submit(__u64 ctx, struct io_kiocb *req)
{
	struct wt_request r = {};
	struct wt_who who;
	__u32 opcode = kread(io_kiocb, req, opcode);
	__u64 op;

	barrier_var(opcode);
	if (opcode >= WT_URING_OPCODES)
		return 0;
	op = uring_ops[opcode];
	if (!op || !session_enabled(op - 1, false))
		return 0;
	who_asks(&who);
	if (!who_wanted(&who))
		return 0;
	request_fill(&r, &who, op - 1);
	uring_describe(&r, req);
	if (cfg.by_fd && (!r.has_fd || !fd_wanted(r.fd)))
		return 0;
	r.tag = uring_user_data(req);
	request_put(uring_key(ctx, (__u64)req, r.tag), &r);
	return 0;
}

/* What was asked for, as if it were a call. */
static __always_inline void request_done(struct wt_done *d, const struct wt_request *r, __s64 ret)
{
	d->request = r;
	d->now_ns = bpf_ktime_get_boot_ns();
	d->latency_ns = d->now_ns - r->start_ns;
	d->has_latency = cfg.latency;
	d->ret = ret;
	d->who.task = NULL;
	d->who.pid = r->pid;
	d->who.tid = r->tid;
	__builtin_memset(&d->call, 0, sizeof(d->call));
	d->call.op = r->op;
	d->call.fd = r->fd;
	d->call.no_fd = !r->has_fd;
	d->call.size = r->has_size ? r->size : 0;
	d->call.has_size = r->has_size;
	d->call.form = WT_FORM_LENGTH;
	d->call.pos = r->offset;
	d->call.has_pos = r->has_pos;
	d->call.moves = r->op <= WT_OP_URING_WRITE_FIXED;
}

static __noinline int uring_complete(__u64 key, __s64 ret, __u64 file)
{
	struct wt_request *r = request_take(key);
	struct wt_done d;

	if (!r)
		return 0;
	request_done(&d, r, ret);
	if (result_wanted(ret, d.latency_ns) && d.call.size >= cfg.min_size &&
	    op_find_file(&d, (struct file *)(cfg.uring == WT_URING_NUMBERS ? r->file : file)))
		op_done(&d);
	request_drop(key);
	return 0;
}

static __always_inline int uring_completed(__u64 *ctx)
{
	struct io_kiocb *req;

	if (!session_enabled(WT_OP_URING_WRITE, true)) /* stands for all */
		return 0;
	if (cfg.uring == WT_URING_NUMBERS)
		return uring_complete(uring_key(ctx[0], 0, ctx[1]), (int)ctx[2], 0);
	req = (struct io_kiocb *)ctx[1];
	return uring_complete((__u64)req,
			      cfg.uring == WT_URING_ENTRY
				      ? kread(io_uring_cqe, (struct io_uring_cqe *)ctx[2], res)
				      : (int)ctx[3],
			      /* a number: functions of their own take no pointers */
			      (__u64)BPF_CORE_READ(req, file));
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

/*
 * Following processes: children of listed tasks are listed before they run; the dead leave.
 */
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
