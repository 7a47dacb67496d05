/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Vectors and messages in user memory: how many bytes they come to.
 */
#ifndef WT_VECTORS_BPF_H
#define WT_VECTORS_BPF_H

#include "maps.bpf.h"
#include "read.bpf.h"

#define UIO_MAXIOV 1024

struct wt_iovec {
	__u64 base;
	__u64 len;
};

struct wt_iovec32 {
	__u32 base;
	__u32 len;
};

/* What call_sum_vectors() returns if they cannot be read or are too many: the call fails then. */
#define SIZE_UNKNOWN	(~0ULL)

#define VECTORS_AT_ONCE 4

/* Sum of vectors first.. of `count` at a user address, VECTORS_AT_ONCE at most, or SIZE_UNKNOWN. */
wt_function __u64 call_sum_some(__u64 vectors, __u64 count, __u32 first, bool compat)
{
	union {
		struct wt_iovec iov[VECTORS_AT_ONCE];
		struct wt_iovec32 iov32[VECTORS_AT_ONCE];
	} v = {};
	__u32 n = count - first;
	__u64 sum = 0;
	int i;

	if (n > VECTORS_AT_ONCE)
		n = VECTORS_AT_ONCE;
	barrier_var(n);
	if (n > VECTORS_AT_ONCE) /* the verifier's own view of n */
		return SIZE_UNKNOWN;
	if (compat ? bpf_probe_read_user(v.iov32, n * sizeof(*v.iov32),
					 (void *)(vectors + first * sizeof(*v.iov32)))
		   : bpf_probe_read_user(v.iov, n * sizeof(*v.iov),
					 (void *)(vectors + first * sizeof(*v.iov))))
		return SIZE_UNKNOWN;
	for (i = 0; i < VECTORS_AT_ONCE; i++)
		sum += compat ? v.iov32[i].len : v.iov[i].len;
	return sum;
}

/* A round, see glob_round(), is 16 times as many, if it is a function. (Linux 6.1 takes minutes for
 * loops in loops.) */
#ifdef WT_DIRECT
#define VECTORS_A_ROUND (16 * VECTORS_AT_ONCE)
#else
#define VECTORS_A_ROUND VECTORS_AT_ONCE
#endif

wt_small_function __u64 call_sum_more(__u64 vectors, __u64 count, __u32 first, bool compat)
{
	__u64 sum = 0, some;
	__u32 i;

	for (i = 0; i < VECTORS_A_ROUND; i += VECTORS_AT_ONCE) {
		if (first >= count)
			break;
		some = call_sum_some(vectors, count, first, compat);
		if (some == SIZE_UNKNOWN)
			return SIZE_UNKNOWN;
		sum += some;
		first += VECTORS_AT_ONCE;
	}
	return sum;
}

wt_function __u64 call_sum_vectors(__u64 vectors, __u64 count, bool compat)
{
	__u64 sum = 0, some;
	__u32 i;

	if (count > UIO_MAXIOV)
		return SIZE_UNKNOWN;
	for (i = 0; i < UIO_MAXIOV; i += VECTORS_A_ROUND) {
		if (i >= count)
			break;
		some = call_sum_more(vectors, count, i, compat);
		if (some == SIZE_UNKNOWN)
			return SIZE_UNKNOWN;
		sum += some;
	}
	return sum;
}

/* struct user_msghdr, struct mmsghdr (include/linux/socket.h), and those of 32-bit programs: where
 * the vectors are, the bytes sent, and how long it is. */
#define MSGHDR_VECTORS(compat) ((compat) ? 8 : 16)
#define MMSGHDR_LEN(compat)    ((compat) ? 28 : 56)
#define MMSGHDR_SIZE(compat)   ((compat) ? 32 : 64)

#define MESSAGES_MAX	       1024 /* UIO_MAXIOV: more are not sent at one time */

/* Address and number of a message's vectors, as if they were one. */
static __always_inline bool call_read_message(__u64 message, bool compat, struct wt_iovec *vectors)
{
	struct wt_iovec32 v32 = {};

	message += MSGHDR_VECTORS(compat);
	if (!compat)
		return !bpf_probe_read_user(vectors, sizeof(*vectors), (void *)message);
	if (bpf_probe_read_user(&v32, sizeof(v32), (void *)message))
		return false;
	vectors->base = v32.base;
	vectors->len = v32.len;
	return true;
}

/* Bytes of a message that were requested, or SIZE_UNKNOWN. */
static __always_inline __u64 call_sum_message(__u64 message, bool compat)
{
	struct wt_iovec vectors = {};

	if (!cfg.messages)
		return SIZE_UNKNOWN;
	if (!call_read_message(message, compat, &vectors))
		return SIZE_UNKNOWN;
	return call_sum_vectors(vectors.base, vectors.len, compat);
}

/* A round of messages, see glob_round(): bytes requested or, if `sent`, sent. */
#define MESSAGES_A_ROUND 32

wt_function __u64 call_sum_round(__u64 messages, __u32 count, bool compat, bool sent)
{
	__u64 sum = 0, some;
	__u32 i, len;

	if (!cfg.messages)
		return SIZE_UNKNOWN;
	for (i = 0; i < MESSAGES_A_ROUND; i++) {
		if (i >= count)
			break;
		if (sent) {
			len = 0;
			bpf_probe_read_user(&len, sizeof(len),
					    (void *)(messages + MMSGHDR_LEN(compat)));
			some = len;
		} else {
			some = call_sum_message(messages, compat);
			if (some == SIZE_UNKNOWN)
				return SIZE_UNKNOWN;
		}
		sum += some;
		messages += MMSGHDR_SIZE(compat);
	}
	return sum;
}

/* Bytes of messages that were requested or, if `sent`, sent; or SIZE_UNKNOWN. */
wt_function __u64 call_sum_messages(__u64 messages, __u32 count, bool compat, bool sent)
{
	__u64 sum = 0, some;
	__u32 i;

	if (!cfg.messages)
		return SIZE_UNKNOWN;
	for (i = 0; i < MESSAGES_MAX; i += MESSAGES_A_ROUND) {
		if (i >= count)
			break;
		some = call_sum_round(messages + i * MMSGHDR_SIZE(compat), count - i, compat, sent);
		if (some == SIZE_UNKNOWN)
			return SIZE_UNKNOWN;
		sum += some;
	}
	return sum;
}

#endif
