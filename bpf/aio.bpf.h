/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AIO's calls, and where results are looked for. No hook that is there everywhere tells of the end
 * of an operation, so it is taken from the events that io_getevents hands over and, for who takes
 * them out of the ring in user memory without a system call, from that ring, at the next io_submit.
 */
#ifndef WT_AIO_BPF_H
#define WT_AIO_BPF_H

#include "aio_result.bpf.h"

/* What is in a context's ring that nobody has looked at yet. */
struct aio_unseen {
	struct wt_aio_context *context;
	__u64 slots; /* their address */
	__u64 position;
	__u64 tail;
	__u32 nr;
};

/* False if there is nothing. */
static __always_inline bool aio_find_unseen(struct aio_unseen *u, __u64 address)
{
	struct wt_aio_context *c;
	struct aio_ring ring;
	__u64 key = aio_key(address), known;

	c = bpf_map_lookup_elem(&contexts, &key);
	if (!c)
		return false;
	known = aio_known_tail(c);
	if (!aio_read_ring(&ring, address))
		return false;
	u->context = c;
	u->slots = address + AIO_RING_SIZE;
	u->nr = ring.nr;
	u->tail = aio_tail(c, known, &ring);
	u->position = c->seen;
	if (u->position + u->nr < u->tail)
		u->position = u->tail - u->nr;
	return u->position < u->tail;
}

/* Looks at the next one. Return: 1 if there is none, or none that can be read yet. */
static __always_inline int aio_look_at(struct aio_unseen *u)
{
	if (u->position >= u->tail || !u->nr ||
	    aio_result(u->slots + u->position % u->nr * IO_EVENT_SIZE, u->position))
		return 1;
	u->position++;
	return 0;
}

/*
 * Looks at all of them, when io_submit ends. The ring has room for twice as many as the process has
 * asked for: so many can be in there since the last look, and so many can have been added now.
 */
#ifdef WT_DIRECT
static long aio_look_step(__u32 i, struct aio_unseen *u)
{
	(void)i;
	return aio_look_at(u);
}

/* Not a function: it would be one too many on the way to a path (the kernel takes eight). */
static __always_inline void aio_look_all(__u64 address)
{
	struct aio_unseen u;

	if (!aio_find_unseen(&u, address))
		return;
	wt_repeat(AIO_AT_ONCE, aio_look_step, &u);
	u.context->seen = u.position;
}
#else
/* Some at most. */
wt_function int aio_look(__u64 address)
{
	struct aio_unseen u;
	__u32 i;

	if (!cfg.aio_blocks || !aio_find_unseen(&u, address))
		return 0;
	for (i = 0; i < AIO_A_ROUND; i++) {
		if (aio_look_at(&u))
			break;
	}
	u.context->seen = u.position;
	return 0;
}

static __always_inline void aio_look_all(__u64 address)
{
	__u32 i;

	for (i = 0; i < AIO_ROUNDS; i++)
		aio_look(address);
}
#endif

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
		count_lost_many(WT_LOST_UNSEEN, outstanding);
	return 0;
}

/* Each of `n` addresses of blocks, of which the first `ret` are accepted (io_submit), or of `n`
 * results that were fetched. */
#ifdef WT_DIRECT
struct aio_list {
	__u64 at;
	__s64 ret;
	__u32 submitted;
	__u32 compat;
};

static long aio_exit_one(__u32 i, const struct aio_list *l)
{
	bool compat = l->compat & 1;

	if (l->submitted)
		aio_accept(l->at + i * aio_pointer_size(compat), l->ret - i, compat);
	else if (cfg.aio_blocks)
		aio_result(l->at + i * IO_EVENT_SIZE, AIO_FETCHED);
	else
		aio_unknown(l->at + i * IO_EVENT_SIZE, compat);
	return 0;
}

static __always_inline void aio_exit_all(__u32 call, __u64 list, __u32 n, __s64 ret, bool compat)
{
	struct aio_list l = {
		.at = list, .ret = ret, .submitted = call == WT_CALL_IO_SUBMIT, .compat = compat
	};

	wt_repeat(n < AIO_AT_ONCE ? n : AIO_AT_ONCE, aio_exit_one, &l);
}
#else
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
			aio_result(events, AIO_FETCHED);
		else
			aio_unknown(events, compat);
		events += IO_EVENT_SIZE;
	}
	return 0;
}

static __always_inline void aio_exit_all(__u32 call, __u64 list, __u32 n, __s64 ret, bool compat)
{
	bool submitted = call == WT_CALL_IO_SUBMIT;
	__u32 i, size = AIO_A_ROUND * (submitted ? aio_pointer_size(compat) : IO_EVENT_SIZE);

	for (i = 0; i < AIO_AT_ONCE; i += AIO_A_ROUND) {
		if (i >= n)
			break;
		if (submitted)
			aio_accept_round(list, n - i, ret - i, compat);
		else
			aio_fetched_round(list, n - i, compat);
		list += size;
	}
}
#endif

/*
 * May the calling thread end operations of a wanted one of its process, though it is not wanted
 * itself? A process is wanted with all its threads, but one thread may be alone in what else is
 * asked for. Blocks are there of wanted ones only.
 */
static __always_inline bool aio_ends_for_others(void)
{
	return cfg.aio_blocks && (cfg.by_tid || cfg.by_uid || cfg.comm_globs || cfg.cgroups);
}

/* This copy handles the call, of which nobody knows what it asked for if its beginning was skipped.
 * False if another copy has to. */
static __always_inline bool aio_claim(const struct wt_who *who, bool wanted, __s64 ret, __u32 call,
				      __u32 copy)
{
	struct wt_span *span = span_get(true);

	if (!span)
		return copy == 0;
	if (cfg.aio_blocks && call == WT_CALL_IO_SUBMIT && wanted && ret > 0 && !span->start_ns)
		count_lost_many(WT_LOST_SKIPPED, ret);
	span->start_ns = 0;
	span_claim(who->task, span, copy);
	return true;
}

/* Operations that the call was asked for. A result that is larger is none: the kernel has undone
 * the call (seccomp), and its registers are as they were. */
static __always_inline __s64 aio_asked(struct pt_regs *regs, __u32 call, bool compat)
{
	switch (call) {
	case WT_CALL_IO_DESTROY:
		return 0;
	case WT_CALL_IO_SUBMIT:
		return regs_arg(regs, 1, compat);
	}
	return regs_arg(regs, 2, compat);
}

/* Is it this copy that is to handle the end of a call, and is that wanted? Apart from aio_exit():
 * what it has on the stack is not there while results are looked at. Were it static, Linux 5.10 and
 * 6.1 would take what they had found out about @call in there for certain, and take the ends of
 * io_getevents and io_destroy out of aio_exit(). */
wt_function int aio_exit_wanted(__s64 ret, __u32 call, bool compat, __u32 copy)
{
	struct wt_who who;
	bool wanted;

	if (!cfg.aio_ops || !session_enabled(call, copy))
		return 0;
	who.task = current_task();
	if (op_is_handled(&who, copy))
		return 0;
	wanted = task_wanted(&who);
	if (!wanted && !aio_ends_for_others())
		return 0;
	if (cfg.copies > 1) {
		if (!aio_claim(&who, wanted, ret, call, copy))
			return 0;
		count_handled(WT_HOOK(call, compat), copy);
	}
	return 1;
}

/* One of AIO's calls ends. */
static __noinline int aio_exit(struct pt_regs *regs, __s64 ret, __u32 call, bool compat, __u32 copy)
{
	__u64 list;
	__u32 n;

	if (!cfg.aio_ops || ret > aio_asked(regs, call, compat) ||
	    !aio_exit_wanted(ret, call, compat, copy))
		return 0;
	if (call == WT_CALL_IO_DESTROY)
		return ret ? 0 : aio_destroyed(regs_arg(regs, 0, compat));
	if (call == WT_CALL_IO_SUBMIT) {
		n = regs_arg(regs, 1, compat);
		list = regs_arg(regs, 2, compat);
	} else {
		n = ret > 0 ? ret : 0;
		list = regs_arg(regs, 3, compat);
	}
	aio_exit_all(call, list, n, ret, compat);
	if (ret > AIO_AT_ONCE)
		count_lost_many(WT_LOST_INFLIGHT, ret - AIO_AT_ONCE);
	if (cfg.aio_blocks && call == WT_CALL_IO_SUBMIT)
		aio_look_all(regs_arg(regs, 0, compat));
	return 0;
}

#endif
