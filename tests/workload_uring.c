// SPDX-License-Identifier: GPL-2.0-only
/*
 * `uring`: io_uring's ways to write, send and sync, by bare system calls.
 *
 * Every request is waited for, so that its outcome is known; in which order those complete that are
 * under way at the same time is not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "workload.h"
#include "workload_ways.h"

#define FAR	5368709120ll
#define ENTRIES 64
#define IDLE_MS 1000

/* Newer than our headers */
#define OPCODE_WRITEV_FIXED 61

/* Registered, if files are */
enum { FILE_SLOT, READONLY_SLOT, PIPE_SLOT, SOCKET_SLOT, EMPTY_SLOT, SLOTS };

struct ring {
	int fd;
	unsigned int flags;
	unsigned int *sq_tail, *sq_flags, *sq_array, sq_mask;
	unsigned int *cq_head, *cq_tail, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

/* A way to hand requests over */
struct mode {
	const char *name;
	unsigned int setup; /* IORING_SETUP_* */
	unsigned char sqe;  /* IOSQE_* */
	int since;	    /* the first kernel, as 601 for 6.1 */
};

static const struct mode modes[] = {
	{ "plain", 0, 0, 0 },
	{ "async", 0, IOSQE_ASYNC, 0 },
	{ "fixed", 0, IOSQE_FIXED_FILE, 0 },
	{ "sqpoll", IORING_SETUP_SQPOLL, 0, 511 },
	{ "sqpoll-fixed", IORING_SETUP_SQPOLL, IOSQE_FIXED_FILE, 0 },
	{ "defer", IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0, 601 },
};

struct uring {
	struct wl_ops *ops;
	const struct mode *mode;
	struct ring ring;
	int fds[SLOTS];
	int pipe_reader, socket_reader;
	char *fixed; /* a registered buffer */
	int kernel;
	unsigned long long last; /* user_data */
};

static int kernel_version(void)
{
	int major = 0, minor = 0;
	struct utsname uts;

	wl_must(uname(&uts), "uname");
	if (sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		wl_die("a kernel called %s", uts.release);
	return major * 100 + minor;
}

static void *map_ring(const struct ring *ring, size_t size, off_t offset)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			 offset);

	if (mem == MAP_FAILED)
		wl_die("mmap of a ring: %s", strerror(errno));
	return mem;
}

static void ring_open(struct ring *ring, unsigned int flags)
{
	struct io_uring_params p = { .flags = flags,
				     .sq_thread_idle = IDLE_MS,
				     .cq_entries = flags & IORING_SETUP_CQSIZE ? ENTRIES : 0 };
	char *sq, *cq;

	ring->flags = flags;
	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring->fd < 0 && (errno == ENOSYS || errno == EPERM)) {
		fprintf(stderr, "workload: no io_uring here: %s\n", strerror(errno));
		exit(WAY_NOT_HERE);
	}
	wl_must(ring->fd, "io_uring_setup");
	sq = map_ring(ring, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		      IORING_OFF_SQ_RING);
	cq = map_ring(ring, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	ring->sqes = map_ring(ring, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	ring->sq_flags = (unsigned int *)(sq + p.sq_off.flags);
	ring->sq_array = (unsigned int *)(sq + p.sq_off.array);
	ring->sq_mask = *(unsigned int *)(sq + p.sq_off.ring_mask);
	ring->cq_head = (unsigned int *)(cq + p.cq_off.head);
	ring->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	ring->cq_mask = *(unsigned int *)(cq + p.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

static void ring_register(const struct ring *ring, unsigned int what, void *arg, unsigned int n)
{
	wl_must(syscall(SYS_io_uring_register, ring->fd, what, arg, n), "io_uring_register");
}

/* The next entry, cleared; at most ENTRIES between two of ring_submit() */
static struct io_uring_sqe *ring_next(struct ring *ring)
{
	unsigned int at = *ring->sq_tail & ring->sq_mask;
	struct io_uring_sqe *sqe = &ring->sqes[at];

	memset(sqe, 0, sizeof(*sqe));
	ring->sq_array[at] = at;
	/* seen by nobody yet, but by a thread that polls: complete before ring_push() */
	return sqe;
}

static void ring_push(struct ring *ring)
{
	__atomic_store_n(ring->sq_tail, *ring->sq_tail + 1, __ATOMIC_RELEASE);
}

static void ring_enter(struct ring *ring, unsigned int n, unsigned int wait)
{
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0;

	if (ring->flags & IORING_SETUP_SQPOLL) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
	}
	wl_must(syscall(SYS_io_uring_enter, ring->fd, n, wait, flags, NULL, 0), "io_uring_enter");
}

struct result {
	unsigned long long user_data;
	int res;
	unsigned int flags;
};

/* Waits for the next completion. */
static struct result ring_take(struct ring *ring)
{
	unsigned int head = *ring->cq_head;
	const struct io_uring_cqe *cqe = &ring->cqes[head & ring->cq_mask];
	struct result result;

	while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == head)
		ring_enter(ring, 0, 1);
	result = (struct result){ cqe->user_data, cqe->res, cqe->flags };
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

/* What is noted of a request, and its entry */
static struct io_uring_sqe *begin(struct uring *u, const char *name, int opcode, int slot,
				  size_t size)
{
	bool fixed = u->mode->sqe & IOSQE_FIXED_FILE;
	struct wl_event *ev = way_begin(u->ops, name, u->fds[slot], size);
	struct io_uring_sqe *sqe = ring_next(&u->ring);

	/* before 5.19 the kernel forgets it */
	ev->no_fd = fixed || u->kernel < 519;
	ev->no_data = true;
	sqe->opcode = opcode;
	sqe->flags = u->mode->sqe;
	sqe->fd = fixed ? slot : u->fds[slot];
	sqe->user_data = ++u->last;
	return sqe;
}

static long end(struct uring *u, long want)
{
	struct result cqe;

	ring_push(&u->ring);
	ring_enter(&u->ring, 1, 1);
	cqe = ring_take(&u->ring);
	if (cqe.user_data != u->last)
		wl_die("request %llu completes instead of %llu", cqe.user_data, u->last);
	if (cqe.flags & IORING_CQE_F_MORE)
		ring_take(&u->ring);
	errno = -cqe.res;
	return way_end(u->ops, cqe.res < 0 ? -1 : cqe.res, want);
}

/* @pos -1: the current position */
static void place(struct uring *u, struct io_uring_sqe *sqe, off_t pos)
{
	struct wl_event *ev = &u->ops->ev;

	sqe->off = pos;
	if (!ev->has_offset)
		return;
	ev->offset = pos == -1 ? wl_must(lseek(ev->fd, 0, SEEK_CUR), "lseek") : pos;
	if (wl_must(fcntl(ev->fd, F_GETFL), "F_GETFL") & O_APPEND)
		ev->offset = wl_must(lseek(ev->fd, 0, SEEK_END), "lseek");
}

static void write_one(struct uring *u, int slot, size_t size, off_t pos, long want)
{
	struct io_uring_sqe *sqe = begin(u, "io_uring:write", IORING_OP_WRITE, slot, size);

	place(u, sqe, pos);
	sqe->addr = (unsigned long)u->ops->text;
	sqe->len = size;
	end(u, want);
}

static void write_fixed(struct uring *u, int slot, size_t size, off_t pos, long want)
{
	struct io_uring_sqe *sqe =
		begin(u, "io_uring:write_fixed", IORING_OP_WRITE_FIXED, slot, size);

	place(u, sqe, pos);
	sqe->addr = (unsigned long)u->fixed + 100;
	sqe->len = size;
	end(u, want);
}

static void write_vectors_by(struct uring *u, int opcode, int slot, const struct iovec *iov,
			     int count, off_t pos, long want)
{
	struct io_uring_sqe *sqe = begin(u, "io_uring:writev", opcode, slot, 0);

	for (int i = 0; i < count; i++)
		u->ops->ev.size += iov[i].iov_len;
	place(u, sqe, pos);
	sqe->addr = (unsigned long)iov;
	sqe->len = count;
	end(u, want);
}

static void write_vectors(struct uring *u, int slot, const struct iovec *iov, int count, off_t pos,
			  long want)
{
	write_vectors_by(u, IORING_OP_WRITEV, slot, iov, count, pos, want);
}

/* From registered buffers */
static void write_vectors_fixed(struct uring *u)
{
	struct iovec iov[3] = { { u->fixed, 10 }, { u->fixed + 1000, 90 }, { u->fixed + 5, 7 } };

	write_vectors_by(u, OPCODE_WRITEV_FIXED, FILE_SLOT, iov, 3, 300, 107);
	write_vectors_by(u, OPCODE_WRITEV_FIXED, FILE_SLOT, iov + 1, 2, -1, 97);
}

static void sync_one(struct uring *u, int slot, unsigned int flags, long want)
{
	struct io_uring_sqe *sqe = begin(u, "io_uring:fsync", IORING_OP_FSYNC, slot, 0);

	u->ops->ev.has_offset = false;
	u->ops->ev.no_size = true;
	sqe->fsync_flags = flags;
	end(u, want);
}

static void send_one(struct uring *u, int opcode, int slot, size_t size, long want)
{
	struct io_uring_sqe *sqe = begin(u, "io_uring:send", opcode, slot, size);

	u->ops->ev.has_offset = false;
	sqe->addr = (unsigned long)u->ops->text;
	sqe->len = size;
	sqe->msg_flags = MSG_NOSIGNAL;
	end(u, want);
}

static void send_message(struct uring *u, int opcode, int slot, struct iovec *iov, int count,
			 long want)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = count };
	struct io_uring_sqe *sqe = begin(u, "io_uring:sendmsg", opcode, slot, 0);

	u->ops->ev.has_offset = false;
	for (int i = 0; i < count; i++)
		u->ops->ev.size += iov[i].iov_len;
	sqe->addr = (unsigned long)&msg;
	sqe->len = 1;
	sqe->msg_flags = MSG_NOSIGNAL;
	end(u, want);
}

static void each(struct uring *u)
{
	char *text = u->ops->text;
	struct iovec iov[6] = { { text, 10 }, { text, 0 },	{ text + 100, 100 },
				{ text, 1 },  { text + 5, 70 }, { text + 77, 2 } };

	write_one(u, FILE_SLOT, 100, 0, 100);
	write_one(u, FILE_SLOT, 5000, FAR + 3, 5000);
	write_one(u, FILE_SLOT, 0, 10, 0);
	wl_must(lseek(u->fds[FILE_SLOT], 200, SEEK_SET), "lseek");
	write_one(u, FILE_SLOT, 30, -1, 30);
	write_vectors(u, FILE_SLOT, iov, 3, 7000, 110);
	write_vectors(u, FILE_SLOT, iov, 6, -1, 183);
	write_vectors(u, FILE_SLOT, iov + 2, 1, FAR, 100);
	write_fixed(u, FILE_SLOT, 4096, 8192, 4096);
	write_fixed(u, FILE_SLOT, 9, -1, 9);
	if (u->kernel >= 615)
		write_vectors_fixed(u);
	sync_one(u, FILE_SLOT, 0, 0);
	sync_one(u, FILE_SLOT, IORING_FSYNC_DATASYNC, 0);
	write_one(u, PIPE_SLOT, 55, -1, 55);
	write_vectors(u, PIPE_SLOT, iov, 6, 0, 183);
	send_one(u, IORING_OP_SEND, SOCKET_SLOT, 60, 60);
	send_message(u, IORING_OP_SENDMSG, SOCKET_SLOT, iov, 6, 183);
	write_one(u, SOCKET_SLOT, 6, -1, 6);
	sync_one(u, PIPE_SLOT, 0, -EINVAL);
	/* 5.10 refuses these before it tells of them */
	if (u->kernel > 510) {
		write_one(u, READONLY_SLOT, 10, 0, -EBADF);
		write_vectors(u, READONLY_SLOT, iov, 3, 20, -EBADF);
		write_one(u, EMPTY_SLOT, 10, 20, -EBADF);
		send_one(u, IORING_OP_SEND, EMPTY_SLOT, 10, -EBADF);
		sync_one(u, EMPTY_SLOT, 0, -EBADF);
	}
	wl_drain(u->pipe_reader);
	wl_drain(u->socket_reader);
}

/* Several with one call, each at its place */
static void batch(struct uring *u)
{
	static struct wl_event seen[ENTRIES];
	const int n = 40;

	for (int i = 0; i < n; i++) {
		int slot = i % 3 == 2 ? PIPE_SLOT : FILE_SLOT;
		struct io_uring_sqe *sqe =
			begin(u, "io_uring:write", IORING_OP_WRITE, slot, 10 + i);

		place(u, sqe, slot == PIPE_SLOT ? 0 : 100000 + 100 * i);
		sqe->addr = (unsigned long)u->ops->text;
		sqe->len = 10 + i;
		seen[i] = u->ops->ev;
		ring_push(&u->ring);
	}
	ring_enter(&u->ring, n, n);
	for (int i = 0; i < n; i++) {
		struct result cqe = ring_take(&u->ring);

		u->ops->ev = seen[n - 1 - (u->last - cqe.user_data)];
		errno = -cqe.res;
		way_end(u->ops, cqe.res < 0 ? -1 : cqe.res, u->ops->ev.size);
	}
}

static void *by_thread(void *arg)
{
	write_one(arg, FILE_SLOT, 21, 5000, 21);
	write_one(arg, FILE_SLOT, 22, -1, 22);
	return NULL;
}

static void other_thread(struct uring *u)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, by_thread, u))
		wl_die("pthread_create failed");
	pthread_join(thread, NULL);
}

/* What only a plain way shows no less well than the others */
static void appended(struct uring *u)
{
	int file = u->fds[FILE_SLOT];

	u->fds[FILE_SLOT] = wl_open(u->ops->dir, "appended", O_WRONLY | O_TRUNC | O_APPEND);
	write_one(u, FILE_SLOT, 100, 0, 100);
	write_one(u, FILE_SLOT, 10, -1, 10);
	wl_must(close(u->fds[FILE_SLOT]), "close");
	u->fds[FILE_SLOT] = wl_must(open("/dev/full", O_WRONLY | O_CLOEXEC), "/dev/full");
	write_one(u, FILE_SLOT, 100, 0, -ENOSPC);
	wl_must(close(u->fds[FILE_SLOT]), "close");
	u->fds[FILE_SLOT] = file;
}

/* Addresses that lead nowhere */
static void bad_addresses(struct uring *u)
{
	struct io_uring_sqe *sqe = begin(u, "io_uring:write", IORING_OP_WRITE, FILE_SLOT, 16);

	place(u, sqe, 8);
	sqe->addr = 1;
	sqe->len = 16;
	end(u, -EFAULT);
	/* from then on the kernel refuses this before it tells of it */
	if (u->kernel >= 610)
		return;
	sqe = begin(u, "io_uring:writev", IORING_OP_WRITEV, FILE_SLOT, 0);
	place(u, sqe, 8);
	u->ops->ev.no_size = true;
	sqe->addr = 1;
	sqe->len = 3;
	end(u, -EFAULT);
}

/* Two ends of a connection over the loopback device */
static void connect_tcp(int ends[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = wl_must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	socklen_t len = sizeof(at);

	wl_must(bind(listener, (struct sockaddr *)&at, len), "bind");
	wl_must(listen(listener, 1), "listen");
	wl_must(getsockname(listener, (struct sockaddr *)&at, &len), "getsockname");
	ends[0] = wl_must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	wl_must(connect(ends[0], (struct sockaddr *)&at, len), "connect");
	ends[1] = wl_must(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");
	wl_must(close(listener), "close");
}

static void zero_copy(struct uring *u)
{
	struct iovec iov[2] = { { u->ops->text, 100 }, { u->ops->text + 500, 11 } };
	int socket = u->fds[SOCKET_SLOT], ends[2];

	connect_tcp(ends);
	u->fds[SOCKET_SLOT] = ends[0];
	send_one(u, IORING_OP_SEND, SOCKET_SLOT, 44, 44);
	if (u->kernel >= 600)
		send_one(u, IORING_OP_SEND_ZC, SOCKET_SLOT, 3000, 3000);
	if (u->kernel >= 601)
		send_message(u, IORING_OP_SENDMSG_ZC, SOCKET_SLOT, iov, 2, 111);
	wl_must(shutdown(ends[0], SHUT_WR), "shutdown");
	send_one(u, IORING_OP_SEND, SOCKET_SLOT, 44, -EPIPE);
	wl_must(close(ends[0]), "close");
	wl_must(close(ends[1]), "close");
	u->fds[SOCKET_SLOT] = socket;
}

static void open_files(struct uring *u)
{
	int ends[2];
	u->fds[FILE_SLOT] = wl_open(u->ops->dir, u->mode->name, O_RDWR | O_TRUNC);
	u->fds[READONLY_SLOT] = wl_open(u->ops->dir, u->mode->name, O_RDONLY);
	wl_must(pipe2(ends, O_CLOEXEC), "pipe2");
	u->pipe_reader = ends[0];
	u->fds[PIPE_SLOT] = ends[1];
	wl_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	u->socket_reader = ends[0];
	u->fds[SOCKET_SLOT] = ends[1];
	u->fds[EMPTY_SLOT] = 999;
}

static void run_mode(struct uring *u, const struct mode *mode)
{
	struct iovec fixed = { u->fixed, 2 * 4096 };
	int slots[SLOTS];

	u->mode = mode;
	open_files(u);
	ring_open(&u->ring, mode->setup);
	memcpy(slots, u->fds, sizeof(slots));
	slots[EMPTY_SLOT] = -1;
	if (mode->sqe & IOSQE_FIXED_FILE)
		ring_register(&u->ring, IORING_REGISTER_FILES, slots, SLOTS);
	ring_register(&u->ring, IORING_REGISTER_BUFFERS, &fixed, 1);
	each(u);
	batch(u);
	if (!mode->setup)
		other_thread(u);
	if (!mode->setup && !mode->sqe) {
		appended(u);
		bad_addresses(u);
		zero_copy(u);
	}
	wl_must(close(u->ring.fd), "close");
	for (int i = 0; i < EMPTY_SLOT; i++)
		wl_must(close(u->fds[i]), "close");
	wl_must(close(u->pipe_reader), "close");
	wl_must(close(u->socket_reader), "close");
}

bool wl_cmd_uring(int argc, char **argv)
{
	static struct wl_ops ops;
	struct uring u = { .ops = &ops, .kernel = kernel_version() };

	if (!wl_ops_begin(&ops, argc, argv))
		return false;
	close(999);
	u.fixed = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (u.fixed == MAP_FAILED)
		wl_die("mmap: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (u.kernel >= modes[i].since)
			run_mode(&u, &modes[i]);
	wl_ops_end(&ops);
	return true;
}

/* Without a completion only the file tells; what is not done at exit the kernel cancels. */
static void await_bytes(const char *path, unsigned long want)
{
	const struct timespec ms = { 0, 1e6 };
	unsigned long done = 0;

	while (done < want) {
		FILE *in = fopen(path, "re");

		if (!in)
			wl_must(-1, path);
		done = 0;
		for (int c; (c = getc(in)) != EOF;)
			done += c == 'x';
		fclose(in);
		nanosleep(&ms, NULL);
	}
}

/* silent FILE ROUNDS: in each round SILENT writes of one byte that want no completion if they
 * succeed, and one such that fails */
#define SILENT 10

bool wl_cmd_silent(int argc, char **argv)
{
	int fd, readonly;
	struct ring ring;
	unsigned long rounds;

	if (argc != 3)
		return false;
	rounds = wl_number(argv[2], "ROUNDS");
	if (kernel_version() < 517) {
		fprintf(stderr, "workload: no IOSQE_CQE_SKIP_SUCCESS here\n");
		exit(WAY_NOT_HERE);
	}
	fd = open(argv[1], O_CREAT | O_WRONLY | O_TRUNC, 0600);
	readonly = open(argv[1], O_RDONLY);
	wl_must(fd, argv[1]);
	wl_must(readonly, argv[1]);
	ring_open(&ring, 0);
	for (unsigned long round = 0; round < rounds; round++) {
		for (int i = 0; i <= SILENT; i++) {
			struct io_uring_sqe *sqe = ring_next(&ring);

			sqe->opcode = IORING_OP_WRITE;
			sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
			sqe->fd = i < SILENT ? fd : readonly;
			sqe->addr = (unsigned long)"x";
			sqe->len = 1;
			sqe->off = round * SILENT + i;
			ring_push(&ring);
		}
		ring_enter(&ring, SILENT + 1, 1);
		if (ring_take(&ring).res != -EBADF)
			wl_die("another completion than EBADF");
	}
	await_bytes(argv[1], rounds * SILENT);
	return true;
}

/* overflow FILE [--same]: as many writes as there is room for completions, and as many again before
 * any of these is taken; with --same all are given the same number. */
bool wl_cmd_overflow(int argc, char **argv)
{
	const bool same = argc == 3 && !strcmp(argv[2], "--same");
	struct ring ring;
	int fd;

	if (argc != 2 && !same)
		return false;
	fd = wl_must(open(argv[1], O_CREAT | O_WRONLY | O_TRUNC, 0600), argv[1]);
	ring_open(&ring, IORING_SETUP_CQSIZE);
	for (int i = 0; i < 2 * ENTRIES; i++) {
		struct io_uring_sqe *sqe = ring_next(&ring);

		sqe->opcode = IORING_OP_WRITE;
		sqe->fd = fd;
		sqe->addr = (unsigned long)"x";
		sqe->len = 1;
		sqe->off = i;
		sqe->user_data = same ? 7 : 1 + i;
		ring_push(&ring);
		if (i % ENTRIES == ENTRIES - 1)
			ring_enter(&ring, ENTRIES, 0);
	}
	for (int i = 0; i < 2 * ENTRIES; i++)
		if (ring_take(&ring).res != 1)
			wl_die("a write that overflows fails");
	return true;
}
