/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * io_uring, on all backends: its submission and its completion.
 */
#ifndef WT_URING_BPF_H
#define WT_URING_BPF_H

#include "op.bpf.h"
#include "request.bpf.h"

/* REQ_F_FIXED_FILE is IOSQE_FIXED_FILE: the number is one of registered files, not a descriptor. */
#define REQ_F_FIXED_FILE 1

/* The same of IOSQE_CQE_SKIP_SUCCESS (Linux 5.17): no completion, so no tracepoint either. */
#define REQ_F_CQE_SKIP 64

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

static __always_inline bool uring_compat(struct io_ring_ctx *ctx)
{
	if (bpf_core_field_exists(struct io_ring_ctx, compat))
		return BPF_CORE_READ_BITFIELD_PROBED(ctx, compat);
	if (bpf_core_field_exists(struct io_ring_ctx, int_flags))
		return kread(io_ring_ctx, ctx, int_flags) & cfg.uring_compat;
	return false;
}

static __always_inline void uring_describe(struct wt_request *r, struct io_kiocb *req)
{
	struct io_sr_msg *msg = (struct io_sr_msg *)req;
	struct io_rw *rw = (struct io_rw *)req;

	if (bpf_core_field_exists(struct io_kiocb, cqe.fd) &&
	    !(kread(io_kiocb, req, flags) & REQ_F_FIXED_FILE)) {
		r->fd = kread(io_kiocb, req, cqe.fd);
		r->has_fd = true;
	}
	if (cfg.uring == WT_URING_NUMBERS)
		r->file = (__u64)BPF_CORE_READ(req, file);
	r->compat = uring_compat(kread(io_kiocb, req, ctx));
	switch (r->op) {
	case WT_OP_URING_FSYNC:
		return;
	case WT_OP_URING_SENDMSG:
		/* a number: functions of their own take no pointers */
		r->size = call_sum_message((__u64)BPF_CORE_READ(msg, umsg), r->compat);
		break;
	case WT_OP_URING_SEND:
		r->size = kread(io_sr_msg, msg, len);
		break;
	case WT_OP_URING_WRITEV:
		r->size =
			call_sum_vectors(kread(io_rw, rw, addr), kread(io_rw, rw, len), r->compat);
		r->offset = kread(io_rw, rw, kiocb.ki_pos);
		break;
	default:
		r->size = kread(io_rw, rw, len);
		r->offset = kread(io_rw, rw, kiocb.ki_pos);
	}
	r->has_size = r->size != SIZE_UNKNOWN;
	r->has_pos = r->op <= WT_OP_URING_WRITE_FIXED && r->offset != -1;
}

static __noinline int uring_submit(__u64 ctx, struct io_kiocb *req, __u32 copy)
{
	struct wt_request r = {};
	struct wt_who who;
	__u32 opcode = kread(io_kiocb, req, opcode);
	__u64 op;

	barrier_var(opcode);
	if (opcode >= WT_URING_OPCODES)
		return 0;
	op = uring_ops[opcode];
	if (!op || !session_enabled(op - 1, AT_ENTRY))
		return 0;
	who_asks(&who);
	if (!who_wanted(&who))
		return 0;
	request_fill(&r, &who, op - 1);
	uring_describe(&r, req);
	if (cfg.by_fd && (!r.has_fd || !fd_wanted(r.fd)))
		return 0;
	r.copy = copy;
	r.tag = uring_user_data(req);
	r.ring = (__u64)BPF_CORE_READ(req, ctx);
	r.silent = cfg.uring != WT_URING_NUMBERS && (kread(io_kiocb, req, flags) & REQ_F_CQE_SKIP);
	request_put(uring_key(ctx, (__u64)req, r.tag), &r);
	return 0;
}

/* Return: 1 if the request is done with by that, 0 if there is none. */
static __noinline int uring_complete(__u64 key, __s64 ret, __u64 file)
{
	struct wt_request *r = bpf_map_lookup_elem(&requests, &key);
	struct wt_done *d;
	int place;

	if (!r || !(request_take(r) || request_find(r)))
		return 0;
	if (r->silent)
		count_lost_many(WT_LOST_UNSEEN, -1); /* taken back */
	d = done_take(&place);
	if (d) {
		request_done(d, r, ret);
		d->open_file = (struct file *)(cfg.uring == WT_URING_NUMBERS ? r->file : file);
		if (result_wanted(ret, d->latency_ns, d->has_latency) &&
		    d->call.size >= cfg.min_size)
			done_finish(d, place);
		scratch_put(place);
	}
	request_drop(key);
	return 1;
}

static __always_inline int uring_completed(__u64 *ctx)
{
	struct io_kiocb *req;

	if (!session_enabled(WT_OP_URING_WRITE, 0)) /* stands for all */
		return 0;
	if (cfg.uring == WT_URING_NUMBERS) {
		uring_complete(uring_key(ctx[0], 0, ctx[1]), (int)ctx[2], 0);
		return 0;
	}
	req = (struct io_kiocb *)ctx[1];
	uring_complete((__u64)req,
		       cfg.uring == WT_URING_ENTRY
			       ? kread(io_uring_cqe, (struct io_uring_cqe *)ctx[2], res)
			       : (int)ctx[3],
		       /* a number: functions of their own take no pointers */
		       (__u64)BPF_CORE_READ(req, file));
	return 0;
}

/* Of requests of a ring to which the user has given a number: the oldest. No count of them, which
 * the verifier would follow from one number to the next. */
struct uring_search {
	__u64 ring;
	__u64 tag;
	__u64 key;
	__u64 start_ns;
	__u64 found; /* not 0: there is one */
	__u64 more;  /* not 0: there are others */
};

static long uring_search_step(void *map, const __u64 *key, const struct wt_request *r,
			      struct uring_search *s)
{
	(void)map;
	if (r->ring != s->ring || r->tag != s->tag || r->done)
		return 0;
	if (s->found)
		s->more = 1;
	if (!s->found || r->start_ns < s->start_ns) {
		s->key = *key;
		s->start_ns = r->start_ns;
	}
	s->found = 1;
	return 0;
}

#define IORING_CQE_F_NOTIF 8 /* include/uapi/linux/io_uring.h: a second one, of zero copy */

/*
 * There was no room for a completion: since Linux 6.0 or so this is all that is told of it, and not
 * which request it is of, but for the number that the user has given it. Programs that take
 * completions in time never come here, so the others search. Which of several requests with the
 * same number it was nobody knows: one of them is counted as lost. It may complete all the same;
 * then it is shown, and has been counted for another. Others that search at the same time may come
 * first.
 */
static __noinline int uring_overflow(__u64 ctx, __u64 user_data, __s64 ret, __u64 flags)
{
	/*
	 * 0, but the verifier does not know. Before Linux 6.7 it walks one step of such a loop, the
	 * first, and takes out of the program what only later ones come to.
	 */
	__u64 none = bpf_ktime_get_boot_ns() >> 63;
	struct uring_search s = {
		.ring = ctx,
		.tag = user_data,
		.key = none,
		.start_ns = none,
		.found = none,
		.more = none,
	};
	struct wt_request *r;
	struct io_kiocb *req;

	if (!shared.enabled || (flags & IORING_CQE_F_NOTIF))
		return 0;
	bpf_for_each_map_elem(&requests, uring_search_step, &s, 0);
	if (!s.found)
		return 0;
	req = (struct io_kiocb *)s.key;
	/* a number: functions of their own take no pointers */
	if (!s.more && uring_complete(s.key, ret, (__u64)BPF_CORE_READ(req, file)))
		return 0;
	count_lost(WT_LOST_UNSEEN);
	r = bpf_map_lookup_elem(&requests, &s.key);
	if (r)
		replace_word(&r->done, WT_REQUEST_OPEN, WT_REQUEST_LOST);
	return 0;
}

#endif
