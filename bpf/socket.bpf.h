/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is at the other end of a socket.
 */
#ifndef WT_SOCKET_BPF_H
#define WT_SOCKET_BPF_H

#include "maps.bpf.h"
#include "read.bpf.h"

static __always_inline struct sock *socket_of(struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);

	return BPF_CORE_READ(socket, sk);
}

/* Half @n of an IPv6 address: the kernel's type of it is another than ours. */
static __always_inline __u64 socket_v6_half(struct sock *sk, int n)
{
	__u64 half = 0;

	bpf_probe_read_kernel(&half, sizeof(half),
			      (void *)sk +
				      bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr) +
				      n * sizeof(half));
	return half;
}

/* The other end of a Unix socket; 0 if there is none, or the kernel does not describe such sockets.
 */
static __always_inline __u64 socket_unix_peer(struct sock *sk)
{
	__u64 peer = 0;

	if (bpf_core_field_exists(struct unix_sock, peer))
		bpf_probe_read_kernel(&peer, sizeof(peer),
				      (void *)sk + bpf_core_field_offset(struct unix_sock, peer));
	return peer;
}

/* What tells one connection of a socket from the next. */
static __always_inline __u64 socket_identity(struct file *file)
{
	struct sock *sk = socket_of(file);
	__u64 hash = mix(0, BPF_CORE_READ(sk, __sk_common.skc_daddr));

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return mix(hash, socket_unix_peer(sk));
	hash = mix(hash, BPF_CORE_READ(sk, __sk_common.skc_dport));
	return mix(hash, socket_v6_half(sk, 0) ^ socket_v6_half(sk, 1));
}

#define SOCK_DGRAM  2
#define SOCK_RAW    3
#define ADDRESS_MIN 8	/* bytes of a struct sockaddr_in that matter */
#define ADDRESS_MAX 112 /* a struct sockaddr_un, to whole words */

/* What tells a socket that sends to an address, at a user address, from the same with another. */
wt_function __u64 socket_identity_to(__u64 file, __u64 id, __u64 to, __u32 len)
{
	struct inode *inode = BPF_CORE_READ((struct file *)file, f_inode);
	struct socket *socket;
	__u64 word;
	__u32 i;
	int type;

	if (!cfg.addresses || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return id;
	socket = BPF_CORE_READ((struct file *)file, private_data);
	type = BPF_CORE_READ(socket, type);
	/* others are connected to one peer, whatever the call says */
	if ((type != SOCK_DGRAM && type != SOCK_RAW) || len < ADDRESS_MIN || len > ADDRESS_MAX)
		return id;
	for (i = 0; i < ADDRESS_MAX; i += sizeof(word)) {
		if (i >= len)
			break;
		word = 0;
		/* the last word may have bytes that are not of the address */
		bpf_probe_read_user(&word, sizeof(word), (void *)(to + i));
		if (len - i < sizeof(word))
			word &= (1ULL << (len - i) * 8) - 1;
		id = mix(id, word);
	}
	return id;
}

/* Describes an address at a user address. Return: bytes of the description. */
static __always_inline int socket_describe_address(struct wt_peer *peer, __u64 to, __u32 len)
{
	bpf_probe_read_user(&peer->family, sizeof(peer->family), (void *)to);
	if (peer->family == AF_UNIX) {
		len -= sizeof(peer->family);
		barrier_var(len);
		if (len > WT_UNIX_PATH_MAX ||
		    bpf_probe_read_user(peer->path, len, (void *)(to + sizeof(peer->family))))
			return WT_PEER_HEAD;
		return WT_PEER_HEAD + len;
	}
	if (peer->family != AF_INET && peer->family != AF_INET6)
		return WT_PEER_HEAD;
	bpf_probe_read_user(&peer->port, sizeof(peer->port), (void *)(to + 2));
	if (peer->family == AF_INET) {
		bpf_probe_read_user(peer->addr, 4, (void *)(to + 4));
		return WT_PEER_HEAD + 4;
	}
	bpf_probe_read_user(peer->addr, 16, (void *)(to + 8));
	return WT_PEER_HEAD + 16;
}

/* Copies the name of a Unix socket. Return: its length. */
static __always_inline __u32 socket_unix_name(struct wt_peer *peer, __u64 sk)
{
	struct unix_address *address = NULL;
	__u32 len;

	if (!sk || !bpf_core_field_exists(struct unix_sock, addr))
		return 0;
	bpf_probe_read_kernel(&address, sizeof(address),
			      (void *)sk + bpf_core_field_offset(struct unix_sock, addr));
	if (!address)
		return 0;
	len = BPF_CORE_READ(address, len) - bpf_core_field_offset(struct sockaddr_un, sun_path);
	barrier_var(len);
	if (len > WT_UNIX_PATH_MAX ||
	    bpf_probe_read_kernel(peer->path, len,
				  (void *)address +
					  bpf_core_field_offset(struct unix_address, name) +
					  bpf_core_field_offset(struct sockaddr_un, sun_path)))
		return 0;
	return len;
}

/* Describes the peer, that at s->to if there is one, behind the path in scratch place `place`.
 * Return: bytes of the description. */
wt_function int socket_describe(__u32 place, __u64 file)
{
	struct wt_scratch *s = scratch_get(place);
	struct sock *sk = socket_of((struct file *)file);
	struct wt_peer *peer;
	__u16 family;

	if (!s || !sk)
		return 0;
	peer = (struct wt_peer *)(s->build + WT_PATH_MAX);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	peer->family = family;
	peer->port = 0;
	if (cfg.addresses && s->to)
		return socket_describe_address(peer, s->to, s->to_len);
	if (family == AF_UNIX)
		return WT_PEER_HEAD + socket_unix_name(peer, socket_unix_peer(sk));
	if (family != AF_INET && family != AF_INET6)
		return WT_PEER_HEAD;
	peer->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (family == AF_INET) {
		*(__u32 *)peer->addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		return WT_PEER_HEAD + 4;
	}
	*(__u64 *)peer->addr = socket_v6_half(sk, 0);
	*(__u64 *)(peer->addr + 8) = socket_v6_half(sk, 1);
	return WT_PEER_HEAD + 16;
}

#endif
