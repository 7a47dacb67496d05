/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AIO is seen when its results are fetched: the event names its control block, which says the rest.
 * (No hook that is there everywhere tells of its end.) So there is no latency, and who takes the
 * results out of the ring in user memory, past io_getevents, is not seen.
 */
#ifndef WT_AIO_BPF_H
#define WT_AIO_BPF_H

#include "op.bpf.h"

#define RWF_APPEND     0x10 /* include/uapi/linux/fs.h */

#define AIO_EVENTS_MAX 1024 /* of one call; what is beyond counts as lost */

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
	count_lost_many(WT_LOST_INFLIGHT, ret - AIO_EVENTS_MAX);
	return 0;
}

#endif
