/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A system call's arguments: how they lie in registers and, for vectors, in user memory.
 */
#ifndef WT_CALL_BPF_H
#define WT_CALL_BPF_H

#include "maps.bpf.h"
#include "read.bpf.h"
#include "vectors.bpf.h"

/* A register, by a load where the verifier knows the pointer (see fentry_regs()). */
#define regs_load(regs, reg, typed) ((typed) ? (regs)->reg : BPF_CORE_READ(regs, reg))
#define regs_read(regs, reg)	    regs_load(regs, reg, cfg.typed_regs)

struct wt_call {
	__u64 buf;   /* user address of the data, the vectors or the messages */
	__u64 count; /* bytes, or number of these */
	union {
		__s64 pos; /* position argument, if has_pos */
		__u64 to;  /* what sends: user address of the address of whom to, or 0 */
	};
	__u64 at;   /* user address of the position after the call, or 0 */
	__u64 size; /* bytes requested, if has_size */
	union {
		__u32 append; /* not 0: data goes to the end of the file all the same */
		__u32 to_len; /* bytes at `to` */
	};
	__u32 fd;
	__u8 op;    /* enum wt_op */
	__u8 form;  /* enum wt_form */
	__u8 no_fd; /* not 0: the call has no descriptor */
	bool compat;
	__u8 moves; /* the file's position means something */
	__u8 has_pos;
	__u8 pipe_end; /* see struct wt_shape */
	bool has_size;
};

#if defined(__TARGET_ARCH_x86)

#define TS_COMPAT	2	   /* arch/x86/include/asm/thread_info.h */
#define X32_SYSCALL_BIT 0x40000000 /* arch/x86/include/uapi/asm/unistd.h */

static __always_inline bool task_in_compat_call(struct task_struct *task)
{
	return kread(task_struct, task, thread_info.status) & TS_COMPAT;
}

static __always_inline __u32 regs_syscall(struct pt_regs *regs, bool typed)
{
	return regs_load(regs, orig_ax, typed) & ~X32_SYSCALL_BIT;
}

/* What takes the place of a result when the call is undone. */
#define regs_undone(regs) regs_read(regs, orig_ax)

#define regs_arg(regs, n, compat) \
	((compat) ? (__u32)regs_arg_compat_##n(regs) : regs_arg_native_##n(regs))
#define regs_arg_native_0(regs) regs_read(regs, di)
#define regs_arg_native_1(regs) regs_read(regs, si)
#define regs_arg_native_2(regs) regs_read(regs, dx)
#define regs_arg_native_3(regs) regs_read(regs, r10)
#define regs_arg_native_4(regs) regs_read(regs, r8)
#define regs_arg_native_5(regs) regs_read(regs, r9)
#define regs_arg_compat_0(regs) regs_read(regs, bx)
#define regs_arg_compat_1(regs) regs_read(regs, cx)
#define regs_arg_compat_2(regs) regs_read(regs, dx)
#define regs_arg_compat_3(regs) regs_read(regs, si)
#define regs_arg_compat_4(regs) regs_read(regs, di)
#define regs_arg_compat_5(regs) regs_read(regs, bp)

#elif defined(__TARGET_ARCH_arm64)

#define TIF_32BIT	  22 /* arch/arm64/include/asm/thread_info.h */

static __always_inline bool task_in_compat_call(struct task_struct *task)
{
	return kread(task_struct, task, thread_info.flags) & (1UL << TIF_32BIT);
}

static __always_inline __u32 regs_syscall(struct pt_regs *regs, bool typed)
{
	return regs_load(regs, syscallno, typed);
}

#define regs_undone(regs) regs_read(regs, orig_x0)

/* The result replaces the first argument; orig_x0 keeps it. */
#define regs_arg(regs, n, compat) \
	((compat) ? (__u32)regs_arg_native_##n(regs) : regs_arg_native_##n(regs))
#define regs_arg_native_0(regs) regs_read(regs, orig_x0)
#define regs_arg_native_1(regs) regs_read(regs, regs[1])
#define regs_arg_native_2(regs) regs_read(regs, regs[2])
#define regs_arg_native_3(regs) regs_read(regs, regs[3])
#define regs_arg_native_4(regs) regs_read(regs, regs[4])
#define regs_arg_native_5(regs) regs_read(regs, regs[5])

#endif

/* A 64-bit argument that 32-bit calls pass in two registers. */
static __always_inline __s64 regs_pos(struct pt_regs *regs, bool compat)
{
	if (compat)
		return (__u64)regs_arg(regs, 4, true) << 32 | regs_arg(regs, 3, true);
	return regs_arg(regs, 3, false);
}

static __always_inline const struct wt_shape *call_shape(__u32 op)
{
	barrier_var(op);
	return &shapes[op < WT_OP_COUNT ? op : 0];
}

/* The descriptor of the file written to, or -1. */
static __always_inline __u32 call_fd(const struct wt_shape *shape, struct pt_regs *regs,
				     bool compat)
{
	__u32 fd = shape->no_fd;

	switch (shape->fd) {
	case 0:
		return fd | regs_arg(regs, 0, compat);
	case 1:
		return fd | regs_arg(regs, 1, compat);
	}
	return fd | regs_arg(regs, 2, compat);
}

static __always_inline __u64 call_count(const struct wt_shape *shape, struct pt_regs *regs,
					bool compat)
{
	switch (shape->count) {
	case 1:
		return regs_arg(regs, 1, compat);
	case 2:
		/* sync_file_range: 32-bit calls pass position and length in two registers each */
		if (compat && shape->pos_mask_1)
			return (__u64)regs_arg(regs, 4, true) << 32 | regs_arg(regs, 3, true);
		return regs_arg(regs, 2, compat);
	case 3:
		return regs_arg(regs, 3, compat);
	}
	return regs_arg(regs, 4, compat);
}

/* Where the size is an argument, what is too small for the session is known at once. */
static __always_inline bool call_too_small(const struct wt_shape *shape, struct pt_regs *regs,
					   bool compat)
{
	return cfg.min_size && shape->form == WT_FORM_DATA &&
	       call_count(shape, regs, compat) < cfg.min_size;
}

/* 64-bit positions that 32-bit calls pass in two registers. */
static __always_inline __s64 regs_pos_1(struct pt_regs *regs, bool compat)
{
	if (compat)
		return (__u64)regs_arg(regs, 2, true) << 32 | regs_arg(regs, 1, true);
	return regs_arg(regs, 1, false);
}

static __always_inline void call_unpack(struct wt_call *call, struct pt_regs *regs, __u32 op,
					bool compat)
{
	const struct wt_shape *shape = call_shape(op);
	__u64 next;

	call->op = op;
	call->compat = compat;
	call->form = shape->form;
	call->no_fd = shape->no_fd; /* all bits, or none */
	call->fd = call_fd(shape, regs, compat);
	call->buf = regs_arg(regs, 1, compat);
	call->count = call_count(shape, regs, compat);
	call->pos = (regs_pos(regs, compat) & shape->pos_mask) |
		    (regs_pos_1(regs, compat) & shape->pos_mask_1);
	call->at = regs_arg(regs, 3, compat) & shape->at_mask;
	call->append = regs_arg(regs, 5, compat) & shape->append_mask;
	call->moves = shape->moves;
	call->pipe_end = shape->pipe_end;
	/* pwritev2 at -1 writes at the current position */
	next = call->pos + 1;
	call->has_pos = shape->has_pos & (shape->pos_always | ((next | -next) >> 63));
}

/* struct msghdr begins with an address and its length. Of several messages the first one counts. */
static __always_inline void call_read_name(struct wt_call *call)
{
	__u32 name[4] = {};

	call->to = 0;
	if (bpf_probe_read_user(name, sizeof(name), (void *)call->buf))
		return;
	call->to = call->compat ? name[0] : (__u64)name[1] << 32 | name[0];
	call->to_len = call->compat ? name[1] : name[2];
}

static __always_inline bool call_sends(const struct wt_call *call)
{
	return cfg.addresses && call->op >= WT_OP_SENDTO && call->op <= WT_OP_SENDMMSG;
}

/* Whom a call that sends says that it sends to. */
static __always_inline void call_find_address(struct wt_call *call, struct pt_regs *regs,
					      bool compat)
{
	if (!call_sends(call))
		return;
	if (call->op != WT_OP_SENDTO) {
		call_read_name(call);
		return;
	}
	call->to = regs_arg(regs, 4, compat);
	call->to_len = regs_arg(regs, 5, compat);
}

/* Bytes requested, 0 where there is no such thing, or SIZE_UNKNOWN. */
static __always_inline __u64 call_size(__u32 form, __u64 buf, __u64 count, bool compat)
{
	switch (form) {
	case WT_FORM_NONE:
		return 0;
	case WT_FORM_VECTORS:
		return call_sum_vectors(buf, count, compat);
	case WT_FORM_MESSAGE:
		return call_sum_message(buf, compat);
	case WT_FORM_MESSAGES:
		return call_sum_messages(buf, count, compat, false);
	}
	return count;
}

static __always_inline void call_measure(struct wt_call *call, __s64 *ret)
{
	call->size = call->count;
	if (call->form != WT_FORM_DATA)
		call->size = call_size(call->form, call->buf, call->count, call->compat);
	call->has_size = call->form != WT_FORM_NONE && call->size != SIZE_UNKNOWN;
	/* the kernel's result is the number of messages */
	if (call->form == WT_FORM_MESSAGES && *ret > 0)
		*ret = call_sum_messages(call->buf, *ret, call->compat, true);
}

/* The position after the call, at the address that the call was given. False if it is none. */
static __always_inline bool call_read_position(const struct wt_call *call, __s64 *pos)
{
	return !bpf_probe_read_user(pos, sizeof(*pos), (void *)call->at);
}

enum { COPY_MORE, COPY_END, COPY_FAULT };

/* Copies the vector at s->copy_vector behind the event in scratch place `place`. */
wt_function int call_copy_vector(__u32 place)
{
	struct wt_scratch *s = scratch_get(place);
	struct wt_iovec iov = {};
	struct wt_iovec32 iov32 = {};
	__u32 len, done;

	if (!s || !cfg.data_max)
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

wt_function int call_copy_vectors(__u32 place)
{
	int i, state = COPY_MORE;

	if (!cfg.data_max)
		return COPY_END;
	for (i = 0; i < UIO_MAXIOV && state == COPY_MORE; i++)
		state = call_copy_vector(place);
	return state;
}

/* Copies what was sent of one message, behind what is there already. */
wt_function int call_copy_message(__u32 place, __u64 message, __u32 want, bool compat)
{
	struct wt_scratch *s = scratch_get(place);
	struct wt_iovec vectors = {};
	__u32 len = 0;

	if (!cfg.data_max || !cfg.messages || !s)
		return COPY_END;
	if (s->copy_done >= want)
		return COPY_END;
	if (!call_read_message(message, compat, &vectors) ||
	    bpf_probe_read_user(&len, sizeof(len), (void *)(message + MMSGHDR_LEN(compat))))
		return COPY_FAULT;
	if (len > want - s->copy_done)
		len = want - s->copy_done;
	s->copy_vector = vectors.base;
	s->copy_left = vectors.len;
	s->copy_want = s->copy_done + len;
	call_copy_vectors(place);
	return COPY_MORE;
}

/* The same of messages in a row. */
wt_function int call_copy_messages(__u32 place, __u64 messages, __u32 want, bool compat)
{
	int i, state = COPY_MORE;

	if (!cfg.data_max || !cfg.messages)
		return COPY_END;
	for (i = 0; i < MESSAGES_MAX && state == COPY_MORE; i++) {
		state = call_copy_message(place, messages, want, compat);
		messages += MMSGHDR_SIZE(compat);
	}
	return state;
}

/*
 * Copies the first `want` bytes (at most WT_DATA_MAX) of what was written behind the event in
 * scratch place `place`. Returns the bytes copied, or -1 if not even the first could be read.
 * @messages: the call may have sent several.
 */
static __always_inline int call_copy_data(struct wt_scratch *s, __u32 place,
					  const struct wt_call *call, __u32 want, bool messages)
{
	struct wt_iovec vectors = { .base = call->buf, .len = call->count };

	if (call->form == WT_FORM_DATA) {
		barrier_var(want);
		if (want > WT_DATA_MAX || bpf_probe_read_user(s->data, want, (void *)call->buf))
			return -1;
		return want;
	}
	s->copy_done = 0;
	s->copy_compat = call->compat;
	if (messages && call->form == WT_FORM_MESSAGES) {
		call_copy_messages(place, call->buf, want, call->compat);
		return s->copy_done ? s->copy_done : -1;
	}
	if (call->form == WT_FORM_MESSAGE) {
		if (!call_read_message(call->buf, call->compat, &vectors))
			return -1;
	} else if (call->form != WT_FORM_VECTORS) {
		return 0;
	}
	s->copy_vector = vectors.base;
	s->copy_left = vectors.len;
	s->copy_want = want;
	call_copy_vectors(place);
	return s->copy_done ? s->copy_done : -1;
}

#endif
