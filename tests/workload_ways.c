// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ways`: each system call that copies, sends or syncs, on all sorts of files and with all sorts of
 * outcomes. What prepares them by writing is noted down, too. This file copies and syncs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"
#include "workload_ways.h"

#define FAR (5ll << 30)

struct wl_event *way_begin(struct wl_ops *ops, const char *name, int fd, size_t size)
{
	struct wl_event *ev = &ops->ev;

	wl_event_describe(ev, fd);
	snprintf(ev->op_name, sizeof(ev->op_name), "%s", name);
	ev->size = size;
	return ev;
}

long way_end(struct wl_ops *ops, long ret, long want)
{
	struct wl_event *ev = &ops->ev;

	ev->ret = ret == -1 ? -errno : ret;
	if (want != WAY_ANY && ev->ret != want)
		wl_die("%s of %zu bytes to fd %d (%s): %ld instead of %ld", ev->op_name, ev->size,
		       ev->fd, ev->path, ev->ret, want);
	if (ev->ret < 0 || ev->no_data)
		ev->data_len = 0;
	else if (ev->data_len > (size_t)ev->ret)
		ev->data_len = ev->ret;
	wl_expect_add(ops->expect, ev);
	return ev->ret;
}

void way_add_data(struct wl_event *ev, const void *bytes, size_t len)
{
	if (len > WL_DATA_MAX - ev->data_len)
		len = WL_DATA_MAX - ev->data_len;
	memcpy(ev->data + ev->data_len, bytes, len);
	ev->data_len += len;
}

/* Where the data will go: to *@to or, without that, to the file's position. */
static void place(struct wl_event *ev, const off_t *to)
{
	ev->no_data = true;
	if (ev->has_offset)
		ev->offset = to ? *to : wl_must(lseek(ev->fd, 0, SEEK_CUR), "lseek");
}

static void send_file(struct wl_ops *ops, int in, off_t *from, int out, size_t size, long want)
{
	place(way_begin(ops, "sendfile", out, size), NULL);
	way_end(ops, syscall(SYS_sendfile, out, in, from, size), want);
}

static void splice_fds(struct wl_ops *ops, int in, off_t *from, int out, off_t *to, size_t size,
		       long want)
{
	place(way_begin(ops, "splice", out, size), to);
	way_end(ops, syscall(SYS_splice, in, from, out, to, size, SPLICE_F_NONBLOCK), want);
}

static void copy_range(struct wl_ops *ops, int in, off_t *from, int out, off_t *to, size_t size,
		       unsigned int flags, long want)
{
	place(way_begin(ops, "copy_file_range", out, size), to);
	way_end(ops, syscall(SYS_copy_file_range, in, from, out, to, size, flags), want);
}

static void tee_pipes(struct wl_ops *ops, int in, int out, size_t size, long want)
{
	struct wl_event *ev = way_begin(ops, "tee", out, size);

	ev->has_offset = false;
	ev->no_data = true;
	way_end(ops, syscall(SYS_tee, in, out, size, SPLICE_F_NONBLOCK), want);
}

static void vm_splice(struct wl_ops *ops, int fd, const struct iovec *iov, int count, long want)
{
	struct wl_event *ev = way_begin(ops, "vmsplice", fd, 0);

	ev->has_offset = false;
	for (int i = 0; i < count; i++) {
		ev->size += iov[i].iov_len;
		if (want >= 0 || want == WAY_ANY)
			way_add_data(ev, iov[i].iov_base, iov[i].iov_len);
	}
	way_end(ops, syscall(SYS_vmsplice, fd, iov, (long)count, SPLICE_F_NONBLOCK), want);
}

static void new_pipe(int fds[2], int flags)
{
	wl_must(pipe2(fds, O_CLOEXEC | flags), "pipe2");
}

static void close_both(const int fds[2])
{
	wl_must(close(fds[0]), "close");
	wl_must(close(fds[1]), "close");
}

/* A file of 10,000 bytes, open for reading */
static int make_source(struct wl_ops *ops)
{
	int fd = wl_open(ops->dir, "source", O_WRONLY | O_TRUNC);

	wl_ops_one(ops, WL_WRITE, fd, 10000, 0, 10000);
	wl_must(close(fd), "close");
	return wl_open(ops->dir, "source", O_RDONLY);
}

static void send_files(struct wl_ops *ops)
{
	int in = make_source(ops), out = wl_open(ops->dir, "sendfile", O_RDWR | O_TRUNC);
	int null = wl_must(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null"), ends[2];
	off_t from = 7000, negative = -1;

	send_file(ops, in, NULL, out, 5000, 5000);
	send_file(ops, in, &from, out, 100, 100);
	/* no more than there is */
	send_file(ops, in, &from, out, 5000, 2900);
	send_file(ops, in, &from, out, 5000, 0);
	send_file(ops, in, NULL, out, 0, 0);
	wl_must(lseek(out, FAR, SEEK_SET), "lseek");
	send_file(ops, in, NULL, out, 4096, 4096);
	send_file(ops, in, NULL, out, WL_MIB, 904);
	wl_must(lseek(in, 0, SEEK_SET), "lseek");
	send_file(ops, in, NULL, null, 3000, 3000);

	new_pipe(ends, O_NONBLOCK);
	send_file(ops, in, NULL, ends[1], 3000, 3000);
	wl_drain(ends[0]);
	wl_must(fcntl(ends[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
	wl_ops_one(ops, WL_WRITE, ends[1], 4096, 0, 4096);
	send_file(ops, in, NULL, ends[1], 3000, -EAGAIN);
	close_both(ends);
	wl_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	send_file(ops, in, NULL, ends[0], 2000, 2000);
	close_both(ends);

	send_file(ops, in, NULL, 999, 16, -EBADF);
	send_file(ops, in, NULL, -1, 16, -EBADF);
	send_file(ops, 999, NULL, out, 16, -EBADF);
	send_file(ops, in, NULL, in, 16, -EBADF);
	send_file(ops, null, NULL, out, 16, -EBADF);
	send_file(ops, in, &negative, out, 16, -EINVAL);
	send_file(ops, in, (off_t *)1, out, 16, -EFAULT);
	wl_must(close(out), "close");
	out = wl_open(ops->dir, "sendfile", O_WRONLY | O_APPEND);
	send_file(ops, in, &from, out, 16, -EINVAL);
	wl_must(close(out), "close");
	wl_must(close(null), "close");
	wl_must(close(in), "close");
}

static void fill(struct wl_ops *ops, int fd, size_t size)
{
	wl_ops_one(ops, WL_WRITE, fd, size, 0, size);
}

/* Out of a pipe */
static void splice_to_files(struct wl_ops *ops)
{
	int out = wl_open(ops->dir, "splice", O_RDWR | O_TRUNC), ends[2], other;
	off_t far = FAR + 3, negative = -1;

	new_pipe(ends, 0);
	fill(ops, ends[1], 500);
	splice_fds(ops, ends[0], NULL, out, NULL, 200, 200);
	splice_fds(ops, ends[0], NULL, out, NULL, 4096, 300);
	fill(ops, ends[1], 8000);
	splice_fds(ops, ends[0], NULL, out, &far, 1000, 1000);
	splice_fds(ops, ends[0], NULL, out, &far, 1, 1);
	splice_fds(ops, ends[0], NULL, out, NULL, 99, 99);
	splice_fds(ops, ends[0], NULL, out, NULL, 0, 0);
	splice_fds(ops, ends[0], NULL, out, &negative, 10, -EINVAL);
	splice_fds(ops, ends[0], NULL, 999, NULL, 10, -EBADF);
	splice_fds(ops, 999, NULL, out, NULL, 10, -EBADF);
	splice_fds(ops, out, NULL, out, &far, 10, -EINVAL);
	wl_must(close(out), "close");
	out = wl_open(ops->dir, "splice", O_RDONLY);
	splice_fds(ops, ends[0], NULL, out, NULL, 10, -EBADF);
	wl_must(close(out), "close");
	out = wl_open(ops->dir, "splice", O_WRONLY | O_APPEND);
	splice_fds(ops, ends[0], NULL, out, NULL, 10, -EINVAL);
	wl_must(close(out), "close");

	other = wl_must(memfd_create("spliced", MFD_CLOEXEC), "memfd_create");
	far = 12345;
	splice_fds(ops, ends[0], NULL, other, &far, 70, 70);
	splice_fds(ops, ends[0], NULL, other, NULL, 30, 30);
	wl_must(close(other), "close");
	other = wl_must(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null");
	splice_fds(ops, ends[0], NULL, other, NULL, 50, 50);
	wl_must(close(other), "close");
	close_both(ends);
}

/* Into a pipe, or a socket */
static void splice_to_streams(struct wl_ops *ops)
{
	int in = make_source(ops), a[2], b[2];
	off_t from = 9000, any = 0;

	new_pipe(a, 0);
	new_pipe(b, 0);
	splice_fds(ops, in, NULL, a[1], NULL, 4000, 4000);
	splice_fds(ops, in, &from, a[1], NULL, 4000, 1000);
	splice_fds(ops, in, &from, a[1], NULL, 4000, 0);
	splice_fds(ops, a[0], NULL, b[1], NULL, 3000, 3000);
	splice_fds(ops, in, NULL, a[1], &any, 10, -ESPIPE);
	splice_fds(ops, a[0], NULL, a[1], NULL, 10, -EINVAL);
	splice_fds(ops, a[0], NULL, b[0], NULL, 10, -EBADF);
	wl_drain(a[0]);
	splice_fds(ops, a[0], NULL, b[1], NULL, 10, -EAGAIN);
	wl_must(close(b[0]), "close");
	fill(ops, a[1], 100);
	splice_fds(ops, a[0], NULL, b[1], NULL, 10, -EPIPE);
	wl_must(close(b[1]), "close");
	wl_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b), "socketpair");
	splice_fds(ops, a[0], NULL, b[0], NULL, 60, 60);
	close_both(b);
	close_both(a);
	wl_must(close(in), "close");
}

/* A position that cannot be read is not known. */
static void bad_positions(struct wl_ops *ops)
{
	int in = make_source(ops), out = wl_open(ops->dir, "nowhere", O_RDWR | O_TRUNC), ends[2];
	off_t *nowhere = (off_t *)1;

	new_pipe(ends, 0);
	fill(ops, ends[1], 100);
	way_begin(ops, "splice", out, 10)->has_offset = false;
	way_end(ops, syscall(SYS_splice, ends[0], NULL, out, nowhere, 10l, 0l), -EFAULT);
	way_begin(ops, "copy_file_range", out, 10)->has_offset = false;
	way_end(ops, syscall(SYS_copy_file_range, in, NULL, out, nowhere, 10l, 0l), -EFAULT);
	close_both(ends);
	wl_must(close(out), "close");
	wl_must(close(in), "close");
}

static void tees(struct wl_ops *ops)
{
	int a[2], b[2], file = wl_open(ops->dir, "source", O_RDWR);

	new_pipe(a, 0);
	new_pipe(b, 0);
	fill(ops, a[1], 1000);
	tee_pipes(ops, a[0], b[1], 400, 400);
	tee_pipes(ops, a[0], b[1], 4000, 1000);
	tee_pipes(ops, a[0], b[1], 0, 0);
	tee_pipes(ops, a[0], a[1], 10, -EINVAL);
	tee_pipes(ops, a[0], file, 10, -EINVAL);
	tee_pipes(ops, a[0], 999, 10, -EBADF);
	tee_pipes(ops, 999, b[1], 10, -EBADF);
	tee_pipes(ops, a[0], b[0], 10, -EBADF);
	wl_drain(a[0]);
	tee_pipes(ops, a[0], b[1], 10, -EAGAIN);
	close_both(a);
	close_both(b);
	wl_must(close(file), "close");
}

static void vm_splices(struct wl_ops *ops)
{
	struct iovec iov[6] = { { ops->text, 100 },	  { ops->text + 17, 0 },
				{ ops->text + 333, 1 },	  { ops->text + 7, 2000 },
				{ ops->text + 5000, 50 }, { ops->text + 1, 5 } };
	struct iovec nowhere = { (void *)1, 16 }, large = { ops->text, 100000 };
	int ends[2], file = wl_open(ops->dir, "source", O_RDWR);
	struct wl_event *ev;

	new_pipe(ends, 0);
	vm_splice(ops, ends[1], iov, 1, 100);
	vm_splice(ops, ends[1], iov, 6, 2156);
	vm_splice(ops, ends[1], iov, 0, 0);
	vm_splice(ops, ends[1], &nowhere, 1, -EFAULT);
	vm_splice(ops, 999, iov, 3, -EBADF);
	vm_splice(ops, file, iov, 3, -EBADF);
	/* vectors that cannot be read have no size */
	ev = way_begin(ops, "vmsplice", ends[1], 0);
	ev->no_size = true;
	way_end(ops, syscall(SYS_vmsplice, ends[1], 1l, 3l, 0), -EFAULT);
	wl_drain(ends[0]);
	/* one page is all that fits */
	wl_must(fcntl(ends[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
	vm_splice(ops, ends[1], &large, 1, WAY_ANY);
	vm_splice(ops, ends[1], iov, 1, -EAGAIN);
	close_both(ends);
	wl_must(close(file), "close");
}

static void copy_ranges(struct wl_ops *ops)
{
	int in = make_source(ops), out = wl_open(ops->dir, "copied", O_RDWR | O_TRUNC), other;
	off_t from = 9000, to = 100, far = FAR + 1, start = 0;
	int ends[2];

	copy_range(ops, in, NULL, out, NULL, 4096, 0, 4096);
	copy_range(ops, in, NULL, out, NULL, 100, 0, 100);
	copy_range(ops, in, &start, out, &to, 3000, 0, 3000);
	copy_range(ops, in, &from, out, &far, 5000, 0, 1000);
	copy_range(ops, in, &from, out, &far, 5000, 0, 0);
	copy_range(ops, in, &start, out, NULL, 7, 0, 7);
	copy_range(ops, in, NULL, out, &far, 9, 0, 9);
	copy_range(ops, in, NULL, out, NULL, 0, 0, 0);
	copy_range(ops, in, NULL, out, NULL, 10, 1, -EINVAL);
	copy_range(ops, in, NULL, 999, NULL, 10, 0, -EBADF);
	copy_range(ops, in, NULL, 999, &far, 10, 0, -EBADF);
	copy_range(ops, 999, NULL, out, &far, 10, 0, -EBADF);
	copy_range(ops, in, NULL, in, &to, 10, 0, -EBADF);
	/* it would overwrite what it reads */
	start = 0;
	to = 10;
	copy_range(ops, out, &start, out, &to, 100, 0, -EINVAL);
	new_pipe(ends, 0);
	copy_range(ops, in, NULL, ends[1], NULL, 10, 0, -EINVAL);
	close_both(ends);
	other = wl_open(ops->dir, "copied", O_WRONLY | O_APPEND);
	copy_range(ops, in, NULL, other, NULL, 10, 0, -EBADF);
	wl_must(close(other), "close");
	wl_must(close(out), "close");
	wl_must(close(in), "close");
}

static void sync_fd(struct wl_ops *ops, const char *name, long nr, int fd, long want)
{
	struct wl_event *ev = way_begin(ops, name, fd, 0);

	ev->has_offset = false;
	ev->no_size = ev->no_data = true;
	way_end(ops, syscall(nr, fd), want);
}

static void sync_range(struct wl_ops *ops, int fd, off_t pos, size_t size, unsigned int flags,
		       long want)
{
	place(way_begin(ops, "sync_file_range", fd, size), &pos);
	way_end(ops, syscall(SYS_sync_file_range, fd, pos, size, flags), want);
}

static void sync_memory(struct wl_ops *ops, void *address, size_t size, int flags, long want)
{
	struct wl_event *ev = way_begin(ops, "msync", -1, size);

	ev->no_fd = ev->no_data = true;
	way_end(ops, syscall(SYS_msync, address, size, flags), want);
}

/* syncfs() of a file on disk waits for everybody's writes; one in memory has nothing to wait for.
 */
static void syncs(struct wl_ops *ops)
{
	int fd = wl_open(ops->dir, "synced", O_RDWR | O_TRUNC), ends[2];
	int memory = wl_must(memfd_create("synced", MFD_CLOEXEC), "memfd_create");
	char *map;

	fill(ops, fd, 8192);
	sync_fd(ops, "fsync", SYS_fsync, fd, 0);
	sync_fd(ops, "fdatasync", SYS_fdatasync, fd, 0);
	sync_range(ops, fd, 0, 4096, SYNC_FILE_RANGE_WRITE, 0);
	sync_range(ops, fd, FAR + 7, 100, SYNC_FILE_RANGE_WRITE, 0);
	sync_range(ops, fd, 10, 6ul << 30, SYNC_FILE_RANGE_WAIT_BEFORE, 0);
	sync_range(ops, fd, 4096, 0, SYNC_FILE_RANGE_WAIT_AFTER, 0);
	sync_range(ops, fd, 5, 10, 0x100, -EINVAL);
	sync_range(ops, fd, -1, 10, SYNC_FILE_RANGE_WRITE, -EINVAL);
	sync_fd(ops, "syncfs", SYS_syncfs, memory, 0);
	sync_fd(ops, "fsync", SYS_fsync, memory, 0);

	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		wl_die("mmap: %s", strerror(errno));
	map[5000] = 'm';
	sync_memory(ops, map, 8192, MS_SYNC, 0);
	sync_memory(ops, map + 4096, 10, MS_ASYNC, 0);
	sync_memory(ops, map, 0, MS_SYNC, 0);
	sync_memory(ops, map + 1, 10, MS_SYNC, -EINVAL);
	wl_must(munmap(map, 8192), "munmap");
	sync_memory(ops, map, 4096, MS_SYNC, -ENOMEM);

	new_pipe(ends, 0);
	sync_fd(ops, "fsync", SYS_fsync, ends[1], -EINVAL);
	sync_fd(ops, "fdatasync", SYS_fdatasync, ends[0], -EINVAL);
	sync_range(ops, ends[1], 0, 10, SYNC_FILE_RANGE_WRITE, -ESPIPE);
	sync_fd(ops, "syncfs", SYS_syncfs, ends[0], 0);
	close_both(ends);
	sync_fd(ops, "fsync", SYS_fsync, 999, -EBADF);
	sync_fd(ops, "fdatasync", SYS_fdatasync, 999, -EBADF);
	sync_fd(ops, "syncfs", SYS_syncfs, 999, -EBADF);
	sync_range(ops, 999, 0, 10, SYNC_FILE_RANGE_WRITE, -EBADF);
	wl_must(close(memory), "close");
	wl_must(close(fd), "close");
}

bool wl_cmd_ways(int argc, char **argv)
{
	static struct wl_ops ops;

	if (!wl_ops_begin(&ops, argc, argv))
		return false;
	close(999);
	send_files(&ops);
	splice_to_files(&ops);
	splice_to_streams(&ops);
	tees(&ops);
	vm_splices(&ops);
	copy_ranges(&ops);
	bad_positions(&ops);
	way_sends(&ops);
	syncs(&ops);
	wl_ops_end(&ops);
	return true;
}
