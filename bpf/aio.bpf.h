/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AIO. What its control blocks ask for is put down when io_submit begins. No hook that is there
 * everywhere tells of the end, so it is taken from where the results are: the events that
 * io_getevents hands over and, for who takes them out of the ring in user memory without a system
 * call, that ring, at the next io_submit.
 *
 * Where the beginning of io_submit is not seen (cfg.aio_blocks), the event names its control block,
 * which says the rest, if it is still as it was.
 */
#ifndef WT_AIO_BPF_H
#define WT_AIO_BPF_H

#include "op.bpf.h"
#include "request.bpf.h"

#define RWF_APPEND 0x10 /* include/uapi/linux/fs.h */

/* Events or control blocks of one call; what is beyond counts as lost. A round is verified step by
 * step, and once; what calls it is not multiplied by what it does. */
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

/* The ring at a context's address (fs/aio.c: struct aio_ring); slots follow. */
struct aio_ring {
	__u32 id;
	__u32 nr;
	__u32 head;
	__u32 tail;
	__u32 magic;
	__u32 pad[3];
};
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
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

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

/* The position behind the ring's newest result. */
static __always_inline __u64 aio_tail(const struct wt_aio_context *c, const struct aio_ring *r)
{
	__u32 seen = c->seen % r->nr;

	return c->seen + (r->tail >= seen ? r->tail - seen : r->tail + r->nr - seen);
}

static __always_inline bool aio_read_ring(struct aio_ring *ring, __u64 address)
{
	return !bpf_probe_read_user(ring, sizeof(*ring), (void *)address) &&
	       ring->magic == AIO_RING_MAGIC && ring->nr && ring->tail < ring->nr;
}

#define COPIES_APART_NS 1000000ULL

/* The position that the next result of a context will have. Makes the context known. Its ring
 * cannot be read before somebody has: there is nothing in it yet. */
wt_function __u64 aio_next_position(__u64 address, __u64 key, __u32 copy)
{
	struct wt_aio_context *c, made = {};
	struct aio_ring ring;
	bool readable;

	if (!cfg.aio_blocks)
		return 0;
	readable = aio_read_ring(&ring, address);
	c = bpf_map_lookup_elem(&contexts, &key);
	made.submit_ns = bpf_ktime_get_boot_ns();
	if (c) {
		/* another copy was here right before, for the same call */
		if (!copy || made.submit_ns - c->submit_ns > COPIES_APART_NS)
			c->submit_ns = made.submit_ns;
		return readable ? aio_tail(c, &ring) : c->seen;
	}
	made.seen = readable ? ring.tail : 0;
	bpf_map_update_elem(&contexts, &key, &made, BPF_NOEXIST);
	return made.seen;
}

/* Puts down the operation that a control block, whose address is at a user address, asks for. */
wt_function int aio_put(__u64 at, __u64 context, __u64 from, bool compat, __u32 copy)
{
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
	r.size = aio_size(op, r.buf, r.count, compat);
	if (r.size < cfg.min_size)
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
	if (old && !old->done && old->copy != copy && old->tid == r.tid &&
	    r.start_ns - old->start_ns < SAME_REQUEST_NS)
		return 0; /* another copy of the program was here */
	if (old && !old->done) {
		if (bpf_map_update_elem(&blocks, &earlier, old, BPF_NOEXIST)) {
			aio_outstanding(old->tag, -1);
			count_lost(WT_LOST_UNPAIRED);
		}
	}
	if (bpf_map_update_elem(&blocks, &key, &r, BPF_ANY))
		count_lost(WT_LOST_INFLIGHT);
	else
		aio_outstanding(context, 1);
	return 0;
}

/* Some of a list of blocks, of which `n` are left. */
wt_function int aio_put_round(__u64 list, __u32 n, __u64 context, __u64 from, __u32 compat_copy)
{
	__u32 i, size = aio_pointer_size(compat_copy & 1);

	if (!cfg.aio_blocks)
		return 0;
	for (i = 0; i < AIO_A_ROUND; i++) {
		if (i >= n)
			break;
		aio_put(list, context, from, compat_copy & 1, compat_copy >> 1);
		list += size;
	}
	return 0;
}

/* io_submit begins. */
static __noinline int aio_enter(struct pt_regs *regs, __u32 call, bool compat, __u32 copy)
{
	__u64 list, from, context;
	struct wt_who who;
	__u32 i, n;

	if (!session_enabled(call, false) || !cfg.aio_blocks || call != WT_CALL_IO_SUBMIT ||
	    !task_wanted(&who))
		return 0;
	context = aio_key(regs_arg(regs, 0, compat));
	from = aio_next_position(regs_arg(regs, 0, compat), context, copy);
	n = regs_arg(regs, 1, compat);
	list = regs_arg(regs, 2, compat);
	for (i = 0; i < AIO_AT_ONCE; i += AIO_A_ROUND) {
		if (i >= n)
			break;
		aio_put_round(list, n - i, context, from, compat | copy << 1);
		list += AIO_A_ROUND * aio_pointer_size(compat);
	}
	return 0;
}

static __always_inline void aio_drop(__u64 key, const struct wt_request *r)
{
	aio_outstanding(r->tag, -1);
	bpf_map_delete_elem(&blocks, &key);
}

/* The row's file must be known before it is closed. */
static __always_inline void aio_introduce(struct file *file, __u64 id)
{
	int place;

	if (!cfg.tally || !(cfg.by & WT_BY_FILE) || bpf_map_lookup_elem(&row_files, &id))
		return;
	place = scratch_take();
	if (place == NO_SCRATCH)
		return;
	row_file(place, (__u64)file, id);
	scratch_put(place);
}

/* The kernel has accepted so many control blocks, of which the first one's address is at a user
 * address, or none: then there is no operation. */
wt_function int aio_accept(__u64 at, __s64 accepted, bool compat)
{
	enum file_verdict verdict;
	struct wt_request *r;
	struct file *file;
	__u64 key, id = 0;

	if (!cfg.aio_blocks)
		return 0;
	key = aio_key(aio_pointer(at, compat));
	r = bpf_map_lookup_elem(&blocks, &key);
	if (!r || r->done || r->file_id)
		return 0;
	if (accepted <= 0) {
		aio_drop(key, r);
		return 0;
	}
	file = file_by_fd((struct task_struct *)bpf_get_current_task(), r->fd);
	if (!file)
		return 0;
	verdict = file_wanted(file, &id, 0, 0);
	if (verdict == FILE_UNWANTED) {
		aio_drop(key, r);
	} else if (verdict == FILE_WANTED) {
		aio_introduce(file, id);
		r->file = (__u64)file;
		r->file_id = id;
	}
	return 0;
}

/* Hands an operation on that has ended. Its file may be closed by now, and its descriptor be
 * another's. */
static __always_inline void aio_done(struct wt_done *d, const struct wt_request *r)
{
	d->open_file = (struct file *)r->file;
	if (!r->file_id) {
		d->open_file = file_by_fd((struct task_struct *)bpf_get_current_task(), r->fd);
	} else if (file_identity(d->open_file) != r->file_id) {
		d->open_file = NULL;
		d->has_file = true;
		d->file = r->file_id;
		d->has_pos = r->has_pos && !r->append;
		d->offset = r->offset;
		d->file_is_known = true;
	}
	op_finish(d);
}

#define AIO_FETCHED (~0ULL) /* no position: io_getevents has handed the result over */

static __always_inline bool aio_read_event(__u64 event, __u64 *iocb, __s64 *ret)
{
	return !bpf_probe_read_user(iocb, sizeof(*iocb), (void *)(event + IO_EVENT_OBJ)) &&
	       !bpf_probe_read_user(ret, sizeof(*ret), (void *)(event + IO_EVENT_RES));
}

/* Has it been asked for by the io_submit that ends now? Then the data is still there. */
static __always_inline bool aio_is_new(const struct wt_request *r)
{
	struct wt_aio_context *c;

	if (!cfg.data_max)
		return false;
	c = bpf_map_lookup_elem(&contexts, &r->tag);
	return c && r->start_ns >= c->submit_ns;
}

/* A struct wt_done in scratch memory, or NULL. */
static __always_inline struct wt_done *aio_take_done(int *place)
{
	struct wt_scratch *s = NULL;

	_Static_assert(sizeof(struct wt_done) <= sizeof(s->done), "struct wt_done");
	*place = scratch_take();
	if (*place != NO_SCRATCH)
		s = scratch_get(*place);
	if (!s)
		count_lost(WT_LOST_INFLIGHT);
	return s ? (struct wt_done *)s->done : NULL;
}

/* Hands the operation on that has ended with @ret. */
static __always_inline void aio_end(struct wt_request *r, __s64 ret, bool fetched)
{
	struct wt_done *d;
	int place;

	d = aio_take_done(&place);
	if (!d)
		return;
	request_done(d, r, ret);
	if (fetched || aio_is_new(r)) {
		d->call.form = r->form;
		d->call.buf = r->buf;
		d->call.count = r->count;
	}
	d->call.append = r->append;
	d->call.moves = r->has_pos;
	if (result_wanted(ret, d->latency_ns))
		aio_done(d, r);
	scratch_put(place);
}

/* A result, in an event at a user address that was fetched, or at a position of those in a ring. */
wt_function int aio_result(__u64 event, __u32 nr, __u64 position)
{
	struct wt_request *r;
	__u64 key, iocb = 0;
	__s64 ret = 0;

	if (!cfg.aio_blocks)
		return 0;
	if (position != AIO_FETCHED)
		event += position % nr * IO_EVENT_SIZE;
	if (!aio_read_event(event, &iocb, &ret))
		return 0;
	key = aio_key(iocb);
	r = bpf_map_lookup_elem(&blocks, &key);
	if (r && position < r->from) {
		key |= AIO_EARLIER;
		r = bpf_map_lookup_elem(&blocks, &key);
	}
	if (r && request_take(r)) {
		aio_end(r, ret, position == AIO_FETCHED);
		aio_drop(key, r);
	}
	return 0;
}

/* Describes an operation by its control block as it is now. False if it is not wanted. */
static __always_inline bool aio_describe(struct wt_done *d, __u64 event, bool compat)
{
	__u64 iocb = 0;

	__builtin_memset(&d->call, 0, sizeof(d->call));
	if (!aio_read_event(event, &iocb, &d->ret) || !aio_begin(iocb, &d->call.op, &d->call.fd))
		return false;
	/* buf, count, pos: as they lie in the control block */
	bpf_probe_read_user(&d->call.buf, 3 * sizeof(__u64), (void *)(iocb + IOCB_BUF));
	d->call.compat = compat;
	d->call.append = aio_appends(iocb);
	d->call.form = aio_form(d->call.op);
	d->call.moves = d->call.has_pos = d->call.op != WT_OP_AIO_FSYNC;
	d->call.size = aio_size(d->call.op, d->call.buf, d->call.count, compat);
	d->call.has_size = d->call.moves && d->call.size != SIZE_UNKNOWN;
	return result_wanted(d->ret, 0) && d->call.size >= cfg.min_size;
}

/* A result that was fetched, of an operation whose beginning was not seen. */
wt_function int aio_unknown(__u64 event, bool compat)
{
	struct wt_done *d;
	int place;

	if (!cfg.aio_ops || cfg.aio_blocks)
		return 0;
	d = aio_take_done(&place);
	if (!d)
		return 0;
	if (aio_describe(d, event, compat)) {
		who_current(&d->who);
		d->request = NULL;
		d->file_is_known = false;
		d->now_ns = bpf_ktime_get_boot_ns();
		d->latency_ns = 0;
		d->has_latency = false;
		d->open_file = file_by_fd(d->who.task, d->call.fd);
		op_finish(d);
	}
	scratch_put(place);
	return 0;
}

#define AIO_LOOK 64

/* Results in a context's ring that nobody has looked at yet, some at most. */
wt_function int aio_look(__u64 address)
{
	struct wt_aio_context *c;
	__u64 key, position, tail;
	struct aio_ring ring;
	__u32 i;

	if (!cfg.aio_blocks)
		return 0;
	key = aio_key(address);
	c = bpf_map_lookup_elem(&contexts, &key);
	if (!c || !aio_read_ring(&ring, address))
		return 0;
	position = c->seen;
	tail = aio_tail(c, &ring);
	address += sizeof(ring);
	for (i = 0; i < AIO_LOOK; i++) {
		if (position >= tail)
			break;
		aio_result(address, ring.nr, position);
		position++;
	}
	c->seen = position;
	return 0;
}

/* Some of a list of blocks, the first `accepted` of which the kernel has accepted. */
wt_function int aio_accept_round(__u64 list, __u32 n, __s64 accepted, bool compat)
{
	__u32 i, size = aio_pointer_size(compat);

	if (!cfg.aio_blocks)
		return 0;
	for (i = 0; i < AIO_A_ROUND; i++) {
		if (i >= n)
			break;
		aio_accept(list, accepted - i, compat);
		list += size;
	}
	return 0;
}

/* A context has gone, and what was left in its ring with it. */
wt_function int aio_destroyed(__u64 ring)
{
	struct wt_aio_context *c;
	__u64 key, outstanding;

	if (!cfg.aio_blocks)
		return 0;
	key = aio_key(ring);
	c = bpf_map_lookup_elem(&contexts, &key);
	outstanding = c ? c->outstanding : 0;
	/* who deletes it counts */
	if (c && !bpf_map_delete_elem(&contexts, &key) && outstanding)
		count_lost_many(WT_LOST_UNPAIRED, outstanding);
	return 0;
}

/* Some of the results that were fetched, of which `n` are left. */
wt_function int aio_fetched_round(__u64 events, __u32 n, bool compat)
{
	__u32 i;

	if (!cfg.aio_ops)
		return 0;
	for (i = 0; i < AIO_A_ROUND; i++) {
		if (i >= n)
			break;
		if (cfg.aio_blocks)
			aio_result(events, 0, AIO_FETCHED);
		else
			aio_unknown(events, compat);
		events += IO_EVENT_SIZE;
	}
	return 0;
}

/* One of AIO's calls ends. */
static __always_inline int aio_exit(struct pt_regs *regs, __s64 ret, __u32 call, bool compat,
				    __u32 copy)
{
	struct wt_span *span;
	__u32 i, n, size;
	struct wt_who who;
	__u64 list;

	if (!cfg.aio_ops || !session_enabled(call, true))
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
	if (call == WT_CALL_IO_DESTROY)
		return aio_destroyed(regs_arg(regs, 0, compat));
	if (call == WT_CALL_IO_SUBMIT) {
		n = regs_arg(regs, 1, compat);
		list = regs_arg(regs, 2, compat);
		size = AIO_A_ROUND * aio_pointer_size(compat);
	} else {
		n = ret > 0 ? ret : 0;
		list = regs_arg(regs, 3, compat);
		size = AIO_A_ROUND * IO_EVENT_SIZE;
	}
	for (i = 0; i < AIO_AT_ONCE; i += AIO_A_ROUND) {
		if (i >= n)
			break;
		if (call == WT_CALL_IO_SUBMIT)
			aio_accept_round(list, n - i, ret - i, compat);
		else
			aio_fetched_round(list, n - i, compat);
		list += size;
	}
	if (ret > AIO_AT_ONCE)
		count_lost_many(WT_LOST_INFLIGHT, ret - AIO_AT_ONCE);
	if (call == WT_CALL_IO_SUBMIT)
		for (i = 0; i < AIO_AT_ONCE / AIO_LOOK; i++)
			aio_look(regs_arg(regs, 0, compat));
	return 0;
}

#endif
