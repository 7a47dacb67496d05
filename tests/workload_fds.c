// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ops`, on what is not a regular file: pipes, sockets, terminals, devices and anonymous files; and
 * calls that fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "workload.h"

static void pipes(struct wl_ops *ops)
{
	char *path = wl_path(ops->dir, "fifo");
	int fds[2], fifo;

	wl_must(pipe2(fds, O_CLOEXEC), "pipe2");
	wl_ops_each_stream(ops, fds[1], 100);
	wl_ops_one(ops, WL_WRITE, fds[1], 0, 0, 0);
	wl_must(close(fds[0]), "close");
	wl_must(close(fds[1]), "close");

	if (unlink(path) && errno != ENOENT)
		wl_must(-1, path);
	wl_must(mkfifo(path, 0644), path);
	fifo = wl_must(open(path, O_RDWR | O_CLOEXEC), path);
	wl_ops_each_stream(ops, fifo, 100);
	wl_must(close(fifo), "close");
	free(path);
}

static void sockets(struct wl_ops *ops)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int fds[2];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		wl_must(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, fds), "socketpair");
		wl_ops_each_stream(ops, fds[0], 100);
		wl_ops_one(ops, WL_WRITE, fds[1], 7, 0, 7);
		wl_must(close(fds[0]), "close");
		wl_must(close(fds[1]), "close");
	}
}

static void anonymous(struct wl_ops *ops)
{
	/* six of them still fit */
	static char count[8] = "       ";
	struct iovec iov = { count, sizeof(count) };
	int fd = wl_must(eventfd(0, EFD_CLOEXEC), "eventfd");

	for (enum wl_op op = 0; op < WL_OPS; op++)
		wl_ops_vec(ops, op, fd, &iov, 1, 0);
	wl_ops_one(ops, WL_WRITE, fd, 7, 0, -EINVAL);
	wl_must(close(fd), "close");

	fd = wl_must(memfd_create("a name", MFD_CLOEXEC), "memfd_create");
	wl_ops_each(ops, fd, 0, 0);
	wl_ops_each(ops, fd, 5000, 100000);
	wl_must(close(fd), "close");
}

static void devices(struct wl_ops *ops)
{
	int fd = wl_must(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null");

	wl_ops_each(ops, fd, 0, 0);
	wl_ops_each(ops, fd, 1, 1);
	wl_ops_each(ops, fd, WL_MIB, 4096);
	wl_must(close(fd), "close");
}

static void terminals(struct wl_ops *ops)
{
	int master = wl_must(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt"), slave;
	struct termios mode;
	char path[64];

	wl_must(grantpt(master), "grantpt");
	wl_must(unlockpt(master), "unlockpt");
	if (ptsname_r(master, path, sizeof(path)))
		wl_die("ptsname failed");
	slave = wl_must(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC), path);
	wl_must(tcgetattr(slave, &mode), path);
	cfmakeraw(&mode);
	wl_must(tcsetattr(slave, TCSANOW, &mode), path);
	wl_ops_each_stream(ops, slave, 60);
	wl_drain(master);
	wl_ops_each_stream(ops, master, 60);
	wl_drain(slave);
	wl_must(close(slave), "close");
	wl_must(close(master), "close");
}

void wl_ops_fds(struct wl_ops *ops)
{
	pipes(ops);
	sockets(ops);
	anonymous(ops);
	devices(ops);
	terminals(ops);
}

static void bad_fds(struct wl_ops *ops)
{
	static const int closed[] = { 999, -1, INT_MAX };
	int fd = wl_open(ops->dir, "readonly", O_RDONLY);

	close(999);
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		for (enum wl_op op = 0; op < WL_OPS; op++)
			wl_ops_one(ops, op, closed[i], 16, 32, -EBADF);
	for (enum wl_op op = 0; op < WL_OPS; op++)
		wl_ops_one(ops, op, fd, 16, 32, -EBADF);
	wl_must(close(fd), "close");
}

static void bad_arguments(struct wl_ops *ops)
{
	struct iovec nowhere = { (void *)1, 16 };
	int fd = wl_open(ops->dir, "arguments", O_WRONLY | O_TRUNC), fds[2];

	wl_ops_one(ops, WL_WRITE, fd, 10, 0, 10);
	for (enum wl_op op = 0; op < WL_OPS; op++)
		if (wl_ops_vec(ops, op, fd, &nowhere, 1, 64) != -EFAULT)
			wl_die("%s of a bad address: no EFAULT", wl_op_name(op));
	wl_ops_one(ops, WL_PWRITE64, fd, 16, -1, -EINVAL);
	wl_ops_one(ops, WL_PWRITE64, fd, 16, -4096, -EINVAL);
	wl_ops_one(ops, WL_PWRITEV, fd, 16, -1, -EINVAL);
	wl_ops_one(ops, WL_PWRITEV2, fd, 16, -2, -EINVAL);
	wl_must(close(fd), "close");

	wl_must(pipe2(fds, O_CLOEXEC), "pipe2");
	wl_ops_one(ops, WL_PWRITE64, fds[1], 16, 0, -ESPIPE);
	wl_ops_one(ops, WL_PWRITEV, fds[1], 16, 4096, -ESPIPE);
	wl_ops_one(ops, WL_PWRITEV2, fds[1], 16, 4096, -ESPIPE);
	wl_must(close(fds[0]), "close");
	for (enum wl_op op = 0; op < WL_OPS; op++) {
		bool at = op == WL_PWRITE64 || op == WL_PWRITEV || op == WL_PWRITEV2;

		wl_ops_one(ops, op, fds[1], 16, 0, at ? -ESPIPE : -EPIPE);
	}
	wl_must(close(fds[1]), "close");
}

static void no_room(struct wl_ops *ops)
{
	struct rlimit old, limit;
	int fd = wl_must(open("/dev/full", O_WRONLY | O_CLOEXEC), "/dev/full"), fds[2], size;

	for (enum wl_op op = 0; op < WL_OPS; op++)
		wl_ops_one(ops, op, fd, 16, 0, -ENOSPC);
	wl_must(close(fd), "close");

	wl_must(pipe2(fds, O_NONBLOCK | O_CLOEXEC), "pipe2");
	size = wl_must(fcntl(fds[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
	wl_ops_one(ops, WL_WRITE, fds[1], size + 100, 0, size);
	wl_ops_one(ops, WL_WRITE, fds[1], 1, 0, -EAGAIN);
	wl_ops_one(ops, WL_WRITEV, fds[1], 4096, 0, -EAGAIN);
	wl_must(close(fds[0]), "close");
	wl_must(close(fds[1]), "close");

	fd = wl_open(ops->dir, "limited", O_WRONLY | O_TRUNC);
	wl_must(getrlimit(RLIMIT_FSIZE, &old), "RLIMIT_FSIZE");
	limit = old;
	limit.rlim_cur = 8192;
	wl_must(setrlimit(RLIMIT_FSIZE, &limit), "RLIMIT_FSIZE");
	wl_ops_one(ops, WL_WRITE, fd, 5000, 0, 5000);
	/* the part that still fits */
	wl_ops_one(ops, WL_WRITE, fd, 5000, 0, 3192);
	for (enum wl_op op = 0; op < WL_OPS; op++)
		wl_ops_one(ops, op, fd, 16, 8192, -EFBIG);
	wl_must(setrlimit(RLIMIT_FSIZE, &old), "RLIMIT_FSIZE");
	wl_must(close(fd), "close");
}

void wl_ops_errors(struct wl_ops *ops)
{
	bad_fds(ops);
	bad_arguments(ops);
	no_room(ops);
}
