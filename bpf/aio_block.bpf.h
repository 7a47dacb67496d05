/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AIO's control blocks, put down when io_submit begins, and its contexts. For their end see
 * aio_result.bpf.h and aio.bpf.h.
 */
#ifndef WT_AIO_BLOCK_BPF_H
#define WT_AIO_BLOCK_BPF_H

#include "op.bpf.h"
#include "request.bpf.h"

#define RWF_APPEND 0x10 /* include/uapi/linux/fs.h */

/* Events or control blocks of one call; what is beyond counts as lost. Where the verifier walks
 * each step of a loop (see wt_repeat()) it is one of rounds, each a function with a loop, so that
 * one is not multiplied by the other. */
#define AIO_ROUNDS  16
#define AIO_A_ROUND 64
#define AIO_AT_ONCE (AIO_ROUNDS * AIO_A_ROUND)

/* Where things are in struct io_event and struct iocb (include/uapi/linux/aio_abi.h), which are the
 * same for 32-bit programs. */
#define IO_EVENT_OBJ  8
#define IO_EVENT_RES  16
#define IO_EVENT_SIZE 32
#define IOCB_RW_FLAGS 12
#define IOCB_HEAD     16 /* opcode: 16 bits, priority: 16 bits, descriptor: 32 bits */
#define IOCB_BUF      24 /* address, length, position: 64 bits each */

enum { IOCB_PWRITE = 1, IOCB_FSYNC = 2, IOCB_FDSYNC = 3, IOCB_PWRITEV = 8 };

/* The ring at a context's address (fs/aio.c: struct aio_ring), as far as we want to know; slots
 * follow behind AIO_RING_SIZE bytes. */
struct aio_ring {
	__u32 id;
	__u32 nr;
	__u32 head;
	__u32 tail;
	__u32 magic;
};
#define AIO_RING_SIZE  32
#define AIO_RING_MAGIC 0xa10a10a1

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

/* Operation and descriptor of the control block at a user address. False if it is not wanted. */
static __always_inline bool aio_begin(__u64 iocb, __u32 *op, __u32 *fd)
{
	__u64 head = 0;
	int which;

	if (bpf_probe_read_user(&head, sizeof(head), (void *)(iocb + IOCB_HEAD)))
		return false;
	which = aio_op(head & 0xffff);
	if (which < 0 || !(cfg.aio_ops & 1ULL << which))
		return false;
	*op = which;
	*fd = head >> 32;
	return fd_wanted(*fd);
}

static __always_inline bool aio_appends(__u64 iocb)
{
	__u32 flags = 0;

	bpf_probe_read_user(&flags, sizeof(flags), (void *)(iocb + IOCB_RW_FLAGS));
	return flags & RWF_APPEND;
}

static __always_inline __u32 aio_form(__u32 op)
{
	return op == WT_OP_AIO_FSYNC	 ? WT_FORM_NONE
	       : op == WT_OP_AIO_PWRITEV ? WT_FORM_VECTORS
					 : WT_FORM_DATA;
}

static __always_inline __u64 aio_size(__u32 op, __u64 buf, __u64 count, bool compat)
{
	return op == WT_OP_AIO_PWRITEV ? call_sum_vectors(buf, count, compat) : count;
}

/* What tells an address of this process from the same one of others. The lowest bit is free. */
static __always_inline __u64 aio_key(__u64 address)
{
	struct task_struct *task = current_task();

	return mix(mix(0, kread_number(kread(task_struct, task, mm))), address) & ~1ULL;
}

/* A block that was used again before its result was seen: it is in the ring yet. */
#define AIO_EARLIER 1ULL

/* Bytes of an address in a list of addresses. */
static __always_inline __u32 aio_pointer_size(bool compat)
{
	return 8 - 4 * compat;
}

static __always_inline __u64 aio_pointer(__u64 at, bool compat)
{
	__u64 pointer = 0;

	bpf_probe_read_user(&pointer, sizeof(pointer), (void *)at);
	return compat ? (__u32)pointer : pointer;
}

static __always_inline void aio_outstanding(__u64 context, __s64 n)
{
	struct wt_aio_context *c = bpf_map_lookup_elem(&contexts, &context);

	if (c)
		add(&c->outstanding, n);
}

/* The position that was found last: to be asked before the ring is read, which others may do, too.
 */
static __always_inline __u64 aio_known_tail(const struct wt_aio_context *c)
{
	return *(const volatile __u64 *)&c->tail;
}

/* The position behind the ring's newest result, which is remembered: nobody can have been slower
 * than the ring is long. */
static __always_inline __u64 aio_tail(struct wt_aio_context *c, __u64 known,
				      const struct aio_ring *r)
{
	__u32 slot = known % r->nr;

	known += r->tail >= slot ? r->tail - slot : r->tail + r->nr - slot;
	c->tail = known;
	return known;
}

static __always_inline bool aio_read_ring(struct aio_ring *ring, __u64 address)
{
	return !bpf_probe_read_user(ring, sizeof(*ring), (void *)address) &&
	       ring->magic == AIO_RING_MAGIC && ring->nr && ring->tail < ring->nr;
}

/* The position that the next result of a context will have. Makes the context known. Its ring
 * cannot be read before somebody has: there is nothing in it yet. */
wt_function __u64 aio_next_position(__u64 address, __u64 key, __u32 copy)
{
	struct wt_aio_context *c, made = {};
	struct task_struct *leader;
	__u32 self = 1U << copy;
	struct aio_ring ring;
	__u64 known;
	bool readable;

	if (!cfg.aio_blocks)
		return 0;
	c = bpf_map_lookup_elem(&contexts, &key);
	known = c ? aio_known_tail(c) : 0;
	readable = aio_read_ring(&ring, address);
	made.submit_ns = bpf_ktime_get_boot_ns();
	made.seen_by = self;
	if (c) {
		/* else another copy was here right before, for the same call */
		if (c->seen_by >> copy) {
			c->submit_ns = made.submit_ns;
			c->seen_by = 0;
		}
		c->seen_by |= self;
		return readable ? aio_tail(c, known, &ring) : known;
	}
	made.tail = made.seen = readable ? ring.tail : 0;
	leader = kread(task_struct, current_task(), group_leader);
	made.pid = kread(task_struct, leader, tgid);
	made.process_start_ns = kread(task_struct, leader, start_boottime);
	bpf_map_update_elem(&contexts, &key, &made, BPF_NOEXIST);
	return made.tail;
}

/* Bytes requested by the control block whose address is at a user address, or SIZE_UNKNOWN. Apart
 * from aio_put(): what either has on the stack is there one after the other. */
wt_function __u64 aio_put_size(__u64 at, bool compat)
{
	__u64 iocb, buf_count[2] = {};
	__u32 op, fd;

	if (!cfg.aio_blocks)
		return 0;
	iocb = aio_pointer(at, compat);
	if (!aio_begin(iocb, &op, &fd))
		return 0;
	bpf_probe_read_user(buf_count, sizeof(buf_count), (void *)(iocb + IOCB_BUF));
	return aio_size(op, buf_count[0], buf_count[1], compat);
}

/* Puts down the operation that a control block, whose address is at a user address, asks for.
 * @size: aio_put_size() */
wt_function int aio_put(__u64 at, __u64 context, __u64 from, __u32 compat_copy, __u64 size)
{
	bool compat = compat_copy & 1;
	__u32 copy = compat_copy >> 1;
	struct wt_request r, *old;
	__u64 iocb, key, earlier;
	struct wt_who who;
	__u32 op, fd;

	if (!cfg.aio_blocks)
		return 0;
	iocb = aio_pointer(at, compat);
	key = aio_key(iocb);
	earlier = key | AIO_EARLIER;
	if (!aio_begin(iocb, &op, &fd))
		return 0;
	__builtin_memset(&r, 0, sizeof(r));
	bpf_probe_read_user(&r.buf, 3 * sizeof(__u64), (void *)(iocb + IOCB_BUF));
	r.size = size;
	if (size < cfg.min_size)
		return 0;
	who_current(&who);
	request_fill(&r, &who, op);
	r.tag = context;
	r.from = from;
	r.fd = fd;
	r.has_fd = true;
	r.has_pos = op != WT_OP_AIO_FSYNC;
	r.has_size = r.has_pos && r.size != SIZE_UNKNOWN;
	r.compat = compat;
	r.copy = copy;
	r.form = aio_form(op);
	r.append = aio_appends(iocb);
	old = bpf_map_lookup_elem(&blocks, &key);
	if (old && !old->done && old->copy < copy && old->tid == r.tid &&
	    r.start_ns - old->start_ns < SAME_REQUEST_NS)
		return 0; /* another copy of the program was here */
	if (old && !old->done) {
		old->until = from;
		if (bpf_map_update_elem(&blocks, &earlier, old, BPF_NOEXIST)) {
			aio_outstanding(old->tag, -1);
			count_lost(WT_LOST_UNSEEN);
		}
	}
	if (bpf_map_update_elem(&blocks, &key, &r, BPF_ANY))
		count_lost(WT_LOST_INFLIGHT);
	else
		aio_outstanding(context, 1);
	return 0;
}

/* Each of a list of `n` blocks. */
#ifdef WT_DIRECT
struct aio_submitted {
	__u64 list;
	__u64 context;
	__u64 from;
	__u32 compat_copy;
};

static long aio_put_one(__u32 i, const struct aio_submitted *a)
{
	__u64 at = a->list + i * aio_pointer_size(a->compat_copy & 1);

	aio_put(at, a->context, a->from, a->compat_copy, aio_put_size(at, a->compat_copy & 1));
	return 0;
}

static __always_inline void aio_put_all(__u64 list, __u32 n, __u64 context, __u64 from, bool compat,
					__u32 copy)
{
	struct aio_submitted a = {
		.list = list, .context = context, .from = from, .compat_copy = compat | copy << 1
	};

	wt_repeat(n < AIO_AT_ONCE ? n : AIO_AT_ONCE, aio_put_one, &a);
}
#else
wt_function int aio_put_round(__u64 list, __u32 n, __u64 context, __u64 from, __u32 compat_copy)
{
	__u32 i, size = aio_pointer_size(compat_copy & 1);

	if (!cfg.aio_blocks)
		return 0;
	for (i = 0; i < AIO_A_ROUND; i++) {
		if (i >= n)
			break;
		aio_put(list, context, from, compat_copy, aio_put_size(list, compat_copy & 1));
		list += size;
	}
	return 0;
}

static __always_inline void aio_put_all(__u64 list, __u32 n, __u64 context, __u64 from, bool compat,
					__u32 copy)
{
	__u32 i;

	for (i = 0; i < AIO_AT_ONCE; i += AIO_A_ROUND) {
		if (i >= n)
			break;
		aio_put_round(list, n - i, context, from, compat | copy << 1);
		list += AIO_A_ROUND * aio_pointer_size(compat);
	}
}
#endif

/* io_submit begins. */
static __noinline int aio_enter(struct pt_regs *regs, __u32 call, bool compat, __u32 copy)
{
	__u64 list, from, context;
	struct wt_who who;
	__u32 n;

	if (!session_enabled(call, AT_ENTRY) || !cfg.aio_blocks || call != WT_CALL_IO_SUBMIT ||
	    !task_wanted(&who))
		return 0;
	if (cfg.copies > 1)
		span_start(&who);
	context = aio_key(regs_arg(regs, 0, compat));
	from = aio_next_position(regs_arg(regs, 0, compat), context, copy);
	n = regs_arg(regs, 1, compat);
	list = regs_arg(regs, 2, compat);
	aio_put_all(list, n, context, from, compat, copy);
	return 0;
}

#endif
