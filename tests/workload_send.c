// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ways`: sendto, sendmsg and sendmmsg over Unix sockets, TCP and UDP.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "workload.h"
#include "workload_ways.h"

#define VECS 5

/* An address of any family */
struct address {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
};

/* Messages and their vectors. The bytes of each are elsewhere, so that data that is mixed up shows.
 */
struct messages {
	struct mmsghdr *headers;
	struct iovec (*vectors)[VECS];
};

static struct wl_event *begin(struct wl_ops *ops, const char *name, int fd, size_t size)
{
	struct wl_event *ev = way_begin(ops, name, fd, size);

	ev->has_offset = false;
	return ev;
}

static long send_to(struct wl_ops *ops, int fd, size_t size, int flags, const struct address *to,
		    long want)
{
	const char *text = ops->text + ops->calls++ * 37 % 8192;
	struct wl_event *ev = begin(ops, "sendto", fd, size);

	if (to)
		wl_event_peer(ev, &to->sa);
	way_add_data(ev, text, size);
	return way_end(
		ops,
		syscall(SYS_sendto, fd, text, size, flags, to ? &to->sa : NULL, to ? to->len : 0),
		want);
}

/* @sizes: up to VECS vectors, ended by -1 */
static long send_msg_to(struct wl_ops *ops, int fd, const int *sizes, struct address *to, long want)
{
	struct wl_event *ev = begin(ops, "sendmsg", fd, 0);
	struct iovec iov[VECS];
	struct msghdr msg = { .msg_iov = iov };

	if (to) {
		msg.msg_name = &to->sa;
		msg.msg_namelen = to->len;
		wl_event_peer(ev, &to->sa);
	}
	for (; sizes[msg.msg_iovlen] >= 0; msg.msg_iovlen++) {
		struct iovec *v = &iov[msg.msg_iovlen];

		v->iov_base = ops->text + ops->calls++ * 37 % 8192;
		v->iov_len = sizes[msg.msg_iovlen];
		way_add_data(ev, v->iov_base, v->iov_len);
		ev->size += v->iov_len;
	}
	return way_end(ops, syscall(SYS_sendmsg, fd, &msg, 0), want);
}

static long send_msg(struct wl_ops *ops, int fd, const int *sizes, long want)
{
	return send_msg_to(ops, fd, sizes, NULL, want);
}

/* @count messages: the first of one vector, the next of two... with @size bytes each; but message
 * @large, which has WL_MIB. */
static void send_mmsg(struct wl_ops *ops, int fd, int count, size_t size, int large,
		      long want_calls)
{
	struct wl_event *ev = begin(ops, "sendmmsg", fd, 0);
	struct messages m = { calloc(count + 1, sizeof(*m.headers)),
			      calloc(count + 1, sizeof(*m.vectors)) };
	long done, bytes = 0;

	if (!m.headers || !m.vectors)
		wl_die("out of memory");
	for (int i = 0; i < count; i++) {
		struct msghdr *h = &m.headers[i].msg_hdr;

		h->msg_iov = m.vectors[i];
		h->msg_iovlen = i == large ? 1 : 1 + i % VECS;
		for (size_t v = 0; v < h->msg_iovlen; v++) {
			h->msg_iov[v].iov_base = ops->text + (i * 41 + v * 7) % 8192;
			h->msg_iov[v].iov_len = i == large ? WL_MIB : size;
			ev->size += h->msg_iov[v].iov_len;
			way_add_data(ev, h->msg_iov[v].iov_base, h->msg_iov[v].iov_len);
		}
	}
	done = syscall(SYS_sendmmsg, fd, m.headers, count, MSG_DONTWAIT);
	if (done == -1)
		done = -errno;
	if (done != want_calls)
		wl_die("sendmmsg of %d messages: %ld instead of %ld", count, done, want_calls);
	for (long i = 0; i < done; i++)
		bytes += m.headers[i].msg_len;
	errno = -done;
	way_end(ops, done < 0 ? -1 : bytes, WAY_ANY);
	free(m.headers);
	free(m.vectors);
}

static const int three[] = { 100, 0, 23, -1 }, five[] = { 1, 2, 3, 4, 5, -1 }, none[] = { -1 };

static void each(struct wl_ops *ops, int fd)
{
	send_to(ops, fd, 77, 0, NULL, 77);
	send_msg(ops, fd, three, 123);
	send_msg(ops, fd, five, 15);
	send_mmsg(ops, fd, 3, 11, -1, 3);
}

static void close_both(const int fds[2])
{
	wl_must(close(fds[0]), "close");
	wl_must(close(fds[1]), "close");
}

static void unix_pairs(struct wl_ops *ops)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int fds[2];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		wl_must(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, fds), "socketpair");
		each(ops, fds[0]);
		each(ops, fds[1]);
		wl_drain(fds[0]);
		wl_drain(fds[1]);
		send_to(ops, fds[0], 0, 0, NULL, 0);
		send_msg(ops, fds[0], none, 0);
		send_mmsg(ops, fds[0], 0, 0, -1, 0);
		/* what writes and copies to a socket has a peer, too */
		wl_ops_one(ops, WL_WRITE, fds[1], 7, 0, 7);
		close_both(fds);
	}
}

/* Until nothing more fits */
static void unix_full(struct wl_ops *ops)
{
	int fds[2], small = 4096;

	wl_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
	wl_must(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), "SO_SNDBUF");
	while (send_to(ops, fds[0], 100000, MSG_DONTWAIT, NULL, WAY_ANY) > 0)
		;
	if (ops->ev.ret != -EAGAIN)
		wl_die("a full socket: no EAGAIN");
	send_mmsg(ops, fds[0], 2, 100, -1, -EAGAIN);
	wl_must(close(fds[1]), "close");
	send_to(ops, fds[0], 10, 0, NULL, WAY_ANY);
	send_to(ops, fds[0], 10, 0, NULL, -EPIPE);
	wl_must(close(fds[0]), "close");
}

static int new_socket(int family, int type)
{
	return wl_must(socket(family, type | SOCK_CLOEXEC, 0), "socket");
}

static void bind_to(int fd, struct address *to)
{
	wl_must(bind(fd, &to->sa, to->len), "bind");
	to->len = sizeof(to->un);
	wl_must(getsockname(fd, &to->sa, &to->len), "getsockname");
}

static void connect_to(int fd, const struct address *to)
{
	wl_must(connect(fd, &to->sa, to->len), "connect");
}

/* A listening socket at @at, one connected to it, and the other end of that: both ends send. */
static void connection(struct wl_ops *ops, int family, int type, struct address *at)
{
	int listener = new_socket(family, type), client = new_socket(family, type), server;

	send_to(ops, client, 5, 0, NULL, family == AF_UNIX ? -ENOTCONN : -EPIPE);
	bind_to(listener, at);
	wl_must(listen(listener, 1), "listen");
	connect_to(client, at);
	server = wl_must(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");
	each(ops, client);
	each(ops, server);
	wl_ops_one(ops, WL_WRITE, client, 9, 0, 9);
	wl_must(shutdown(client, SHUT_WR), "shutdown");
	send_to(ops, client, 5, 0, NULL, -EPIPE);
	send_msg(ops, client, three, -EPIPE);
	send_mmsg(ops, client, 2, 11, -1, -EPIPE);
	wl_must(close(client), "close");
	wl_must(close(server), "close");
	wl_must(close(listener), "close");
}

static struct address unix_address(const char *path, size_t len)
{
	struct address at = { .un = { .sun_family = AF_UNIX } };

	if (len > sizeof(at.un.sun_path))
		wl_die("too long for a socket's name");
	memcpy(at.un.sun_path, path, len);
	at.len = offsetof(struct sockaddr_un, sun_path) + len;
	return at;
}

static void unix_named(struct wl_ops *ops)
{
	char *path = wl_path(ops->dir, "listener");
	struct address at = unix_address(path, strlen(path) + 1);
	char abstract[32] = "";
	int len;

	if (unlink(path) && errno != ENOENT)
		wl_must(-1, path);
	connection(ops, AF_UNIX, SOCK_STREAM, &at);
	free(path);
	len = snprintf(abstract + 1, sizeof(abstract) - 1, "writetrace %d", getpid());
	at = unix_address(abstract, len + 1);
	connection(ops, AF_UNIX, SOCK_SEQPACKET, &at);
}

/* What a Unix socket sends that is not connected, to one that has a path and one that has not */
static void unix_datagrams(struct wl_ops *ops)
{
	int fd = new_socket(AF_UNIX, SOCK_DGRAM), named = new_socket(AF_UNIX, SOCK_DGRAM);
	int abstract = new_socket(AF_UNIX, SOCK_DGRAM);
	char *path = wl_path(ops->dir, "datagrams"), name[32] = "";
	struct address to_named = unix_address(path, strlen(path) + 1), to_abstract;
	int len = snprintf(name + 1, sizeof(name) - 1, "writetrace datagrams %d", getpid());

	if (unlink(path) && errno != ENOENT)
		wl_must(-1, path);
	free(path);
	to_abstract = unix_address(name, len + 1);
	bind_to(named, &to_named);
	bind_to(abstract, &to_abstract);
	send_to(ops, fd, 10, 0, &to_named, 10);
	send_to(ops, fd, 20, 0, &to_abstract, 20);
	send_msg_to(ops, fd, three, &to_named, 123);
	wl_must(close(fd), "close");
	close_both((int[]){ named, abstract });
}

static struct address loopback(int family)
{
	struct address at = { .len = sizeof(at.in) };

	if (family == AF_INET) {
		at.in = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		return at;
	}
	at.len = sizeof(at.in6);
	at.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	return at;
}

/* What one UDP socket sends to two others, unconnected and connected to one after the other */
static void udp(struct wl_ops *ops, int family)
{
	int a = new_socket(family, SOCK_DGRAM), b = new_socket(family, SOCK_DGRAM);
	int fd = new_socket(family, SOCK_DGRAM);
	struct address to_a = loopback(family), to_b = loopback(family);

	bind_to(a, &to_a);
	bind_to(b, &to_b);
	send_to(ops, fd, 10, 0, NULL, -EDESTADDRREQ);
	send_msg(ops, fd, three, -EDESTADDRREQ);
	send_to(ops, fd, 10, 0, &to_a, 10);
	send_to(ops, fd, 20, 0, &to_b, 20);
	send_msg_to(ops, fd, three, &to_a, 123);
	connect_to(fd, &to_a);
	each(ops, fd);
	/* the address of the call goes before that of the connection */
	send_to(ops, fd, 30, 0, &to_b, 30);
	send_msg_to(ops, fd, five, &to_b, 15);
	send_to(ops, fd, 31, 0, NULL, 31);
	send_to(ops, fd, 0, 0, NULL, 0);
	connect_to(fd, &to_b);
	each(ops, fd);
	send_to(ops, fd, 70000, 0, NULL, -EMSGSIZE);
	/* as far as it goes */
	send_mmsg(ops, fd, 4, 10, 2, 2);
	send_mmsg(ops, fd, 4, 10, 0, -EMSGSIZE);
	send_mmsg(ops, fd, 100, 3, -1, 100);
	send_mmsg(ops, fd, 1024, 1, -1, 1024);
	wl_must(close(fd), "close");
	close_both((int[]){ a, b });
}

static void bad(struct wl_ops *ops)
{
	int file = wl_open(ops->dir, "no socket", O_RDWR), fds[2];
	struct wl_event *ev;

	send_to(ops, file, 10, 0, NULL, -ENOTSOCK);
	send_msg(ops, file, three, -ENOTSOCK);
	send_mmsg(ops, file, 2, 10, -1, -ENOTSOCK);
	send_to(ops, 999, 10, 0, NULL, -EBADF);
	send_to(ops, -1, 10, 0, NULL, -EBADF);
	send_msg(ops, 999, three, -EBADF);
	send_mmsg(ops, 999, 2, 10, -1, -EBADF);
	wl_must(close(file), "close");

	wl_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
	begin(ops, "sendto", fds[0], 16);
	way_end(ops, syscall(SYS_sendto, fds[0], 1l, 16l, 0l, NULL, 0l), -EFAULT);
	/* how much was asked for is not known */
	ev = begin(ops, "sendmsg", fds[0], 0);
	ev->no_size = true;
	way_end(ops, syscall(SYS_sendmsg, fds[0], 1l, 0l), -EFAULT);
	ev = begin(ops, "sendmmsg", fds[0], 0);
	ev->no_size = true;
	way_end(ops, syscall(SYS_sendmmsg, fds[0], 1l, 2l, 0l), -EFAULT);
	close_both(fds);
}

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct address at = loopback(AF_INET6);
	bool has = fd >= 0 && !bind(fd, &at.sa, at.len);

	if (fd >= 0)
		wl_must(close(fd), "close");
	return has;
}

void way_sends(struct wl_ops *ops)
{
	struct address tcp = loopback(AF_INET), tcp6 = loopback(AF_INET6);

	unix_pairs(ops);
	unix_full(ops);
	unix_named(ops);
	unix_datagrams(ops);
	connection(ops, AF_INET, SOCK_STREAM, &tcp);
	udp(ops, AF_INET);
	if (has_ipv6()) {
		connection(ops, AF_INET6, SOCK_STREAM, &tcp6);
		udp(ops, AF_INET6);
	}
	bad(ops);
}
