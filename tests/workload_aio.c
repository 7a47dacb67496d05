// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux AIO, by bare system calls. `aio`: an operation is noted when its result is fetched.
 * `aio-many`: more of them with one call than can be listed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"
#include "workload_aio.h"
#include "workload_ways.h"

#define FAR (5ll << 30)

/* The next control block; NULL as @name: nothing to be noted. */
static struct iocb *add(struct aio *a, const char *name, int opcode, int fd, size_t size, long want)
{
	struct iocb *block = &a->blocks[a->n];

	*block = (struct iocb){ .aio_lio_opcode = opcode, .aio_fildes = fd, .aio_data = a->n };
	if (name)
		a->events[a->n] = *way_begin(a->ops, name, fd, size);
	else
		a->events[a->n].op_name[0] = '\0';
	a->want[a->n] = want;
	a->list[a->n++] = block;
	return block;
}

static struct wl_event *last(struct aio *a)
{
	return &a->events[a->n - 1];
}

void aio_add_write(struct aio *a, int fd, size_t size, off_t pos, long want)
{
	struct iocb *block = add(a, "aio:pwrite", IOCB_CMD_PWRITE, fd, size, want);
	char *text = a->ops->text + a->ops->calls++ * 37 % 8192;

	block->aio_buf = (unsigned long)text;
	block->aio_nbytes = size;
	block->aio_offset = last(a)->offset = pos;
	way_add_data(last(a), text, size);
}

static void add_vectors(struct aio *a, int fd, const struct iovec *iov, int count, off_t pos,
			long want)
{
	struct iocb *block = add(a, "aio:pwritev", IOCB_CMD_PWRITEV, fd, 0, want);

	block->aio_buf = (unsigned long)iov;
	block->aio_nbytes = count;
	block->aio_offset = last(a)->offset = pos;
	for (int i = 0; i < count; i++) {
		last(a)->size += iov[i].iov_len;
		way_add_data(last(a), iov[i].iov_base, iov[i].iov_len);
	}
}

void aio_add_sync(struct aio *a, int fd, int opcode, long want)
{
	add(a, "aio:fsync", opcode, fd, 0, want);
	last(a)->has_offset = false;
	last(a)->no_size = last(a)->no_data = true;
}

void aio_note(struct aio *a, const struct io_event *event)
{
	int i = event->data;

	if (!*a->events[i].op_name)
		return;
	a->ops->ev = a->events[i];
	errno = -event->res;
	way_end(a->ops, event->res < 0 ? -1 : event->res, a->want[i]);
}

void aio_submit(struct aio *a)
{
	if (wl_must(syscall(SYS_io_submit, a->context, (long)a->n, a->list), "io_submit") != a->n)
		wl_die("io_submit takes less than %d", a->n);
	a->n = 0;
}

void aio_fetch(struct aio *a, long n, bool p)
{
	struct io_event events[AIO_AT_ONCE];
	long got;

	got = p ? syscall(SYS_io_pgetevents, a->context, n, n, events, NULL, NULL)
		: syscall(SYS_io_getevents, a->context, n, n, events, NULL);
	if (wl_must(got, "io_getevents") != n)
		wl_die("io_getevents: %ld instead of %ld", got, n);
	for (int i = 0; i < n; i++)
		aio_note(a, &events[i]);
}

/* Hands over what is prepared and fetches the results, at most @at_once with one call. */
static void run(struct aio *a, int at_once, bool p)
{
	int left = a->n;

	aio_submit(a);
	for (; left > at_once; left -= at_once)
		aio_fetch(a, at_once, p);
	aio_fetch(a, left, p);
}

/* Refused as a whole: no operation */
static void refused(struct aio *a, long want)
{
	long ret = syscall(SYS_io_submit, a->context, (long)a->n, a->list);

	if (ret != -1 || -errno != want)
		wl_die("io_submit: %ld, %s", ret, strerror(errno));
	a->n = 0;
}

static void writes(struct aio *a)
{
	int file = wl_open(a->ops->dir, "aio", O_RDWR | O_TRUNC), ends[2], fd;
	char *text = a->ops->text;
	struct iovec iov[6] = { { text, 10 }, { text, 0 },	{ text + 100, 100 },
				{ text, 1 },  { text + 5, 70 }, { text + 77, 2 } };

	for (int p = 0; p < 2; p++) {
		aio_add_write(a, file, 100, 0, 100);
		run(a, 1, p);
		aio_add_write(a, file, 5000, FAR + 3, 5000);
		aio_add_write(a, file, 0, 17, 0);
		add_vectors(a, file, iov, 6, 200, 183);
		add_vectors(a, file, iov + 2, 1, FAR, 100);
		add_vectors(a, file, iov, 0, 5, 0);
		run(a, 5, p);
		for (int i = 0; i < 100; i++)
			aio_add_write(a, file, 10 + i, 1000 + 100 * i, 10 + i);
		run(a, p ? 100 : 33, p);
		aio_add_sync(a, file, IOCB_CMD_FSYNC, 0);
		run(a, 1, p);
		aio_add_sync(a, file, IOCB_CMD_FDSYNC, 0);
		run(a, 1, p);
	}
	/* reads among them are none of ours */
	aio_add_write(a, file, 9, 9, 9);
	add(a, NULL, IOCB_CMD_PREAD, file, 0, WAY_ANY)->aio_buf = (unsigned long)a->ops->text;
	aio_add_write(a, file, 8, 8, 8);
	run(a, 3, false);
	wl_must(close(file), "close");

	wl_must(pipe2(ends, O_CLOEXEC), "pipe2");
	aio_add_write(a, ends[1], 50, 0, 50);
	run(a, 1, false);
	wl_must(close(ends[0]), "close");
	wl_must(close(ends[1]), "close");

	fd = wl_open(a->ops->dir, "aio", O_WRONLY | O_TRUNC | O_APPEND);
	aio_add_write(a, fd, 50, 1000, 50);
	last(a)->offset = 0;
	run(a, 1, false);
	aio_add_write(a, fd, 50, 0, 50);
	last(a)->offset = 50;
	run(a, 1, true);
	wl_must(close(fd), "close");
}

static void errors(struct aio *a)
{
	int file = wl_open(a->ops->dir, "aio", O_RDWR), fd;
	struct iovec nowhere = { (void *)1, 16 };
	struct rlimit old, limit;

	wl_must(getrlimit(RLIMIT_FSIZE, &old), "RLIMIT_FSIZE");
	limit = old;
	limit.rlim_cur = 8192;
	wl_must(setrlimit(RLIMIT_FSIZE, &limit), "RLIMIT_FSIZE");
	aio_add_write(a, file, 5000, 5000, 3192);
	aio_add_write(a, file, 50, 8192, -EFBIG);
	run(a, 2, false);
	wl_must(setrlimit(RLIMIT_FSIZE, &old), "RLIMIT_FSIZE");
	add(a, "aio:pwrite", IOCB_CMD_PWRITE, file, 16, -EFAULT)->aio_buf = 1;
	a->blocks[0].aio_nbytes = 16;
	last(a)->offset = 0;
	run(a, 1, false);
	add(a, "aio:pwritev", IOCB_CMD_PWRITEV, file, 16, -EFAULT)->aio_buf =
		(unsigned long)&nowhere;
	a->blocks[0].aio_nbytes = 1;
	last(a)->offset = 0;
	run(a, 1, true);
	wl_must(close(file), "close");

	aio_add_write(a, 999, 10, 0, 0);
	refused(a, -EBADF);
	fd = wl_open(a->ops->dir, "aio", O_RDONLY);
	aio_add_write(a, fd, 10, 0, 0);
	refused(a, -EBADF);
	wl_must(close(fd), "close");
}

/* A context for @n operations; exits if the kernel has no AIO. */
static aio_context_t setup(unsigned long n)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, n, &context)) {
		if (errno != ENOSYS)
			wl_must(-1, "io_setup");
		fprintf(stderr, "workload: no AIO here: %s\n", strerror(errno));
		exit(WAY_NOT_HERE);
	}
	return context;
}

bool aio_begin(struct aio *a, struct wl_ops *ops, int argc, char **argv)
{
	if (!wl_ops_begin(ops, argc, argv))
		return false;
	a->ops = ops;
	a->context = setup(AIO_AT_ONCE);
	close(999);
	return true;
}

void aio_end(struct aio *a)
{
	wl_must(syscall(SYS_io_destroy, a->context), "io_destroy");
	wl_ops_end(a->ops);
}

bool wl_cmd_aio(int argc, char **argv)
{
	static struct wl_ops ops;
	static struct aio a;

	if (!aio_begin(&a, &ops, argc, argv))
		return false;
	writes(&a);
	errors(&a);
	aio_end(&a);
	return true;
}

/* N writes of a byte each, handed over with one call, their results fetched AT-ONCE with each. */
bool wl_cmd_aio_many(int argc, char **argv)
{
	unsigned long n = argc == 4 ? wl_number(argv[2], "count") : 0;
	unsigned long at_once = argc == 4 ? wl_number(argv[3], "count") : 0;
	struct iocb *blocks = calloc(n + 1, sizeof(*blocks));
	struct iocb **list = calloc(n + 1, sizeof(*list));
	struct io_event *events = calloc(at_once + 1, sizeof(*events));
	aio_context_t context;
	int fd;

	if (!n || !at_once)
		return false;
	if (!blocks || !list || !events)
		wl_die("out of memory");
	context = setup(n);
	fd = wl_must(open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), argv[1]);
	for (unsigned long i = 0; i < n; i++) {
		blocks[i] = (struct iocb){ .aio_lio_opcode = IOCB_CMD_PWRITE,
					   .aio_fildes = fd,
					   .aio_buf = (unsigned long)"x",
					   .aio_nbytes = 1,
					   .aio_offset = i };
		list[i] = &blocks[i];
	}
	if (wl_must(syscall(SYS_io_submit, context, n, list), "io_submit") != (long)n)
		wl_die("io_submit takes less than %lu", n);
	for (unsigned long left = n; left; left -= at_once) {
		if (at_once > left)
			at_once = left;
		if (wl_must(syscall(SYS_io_getevents, context, at_once, at_once, events, NULL),
			    "io_getevents") != (long)at_once)
			wl_die("io_getevents gives less than %lu", at_once);
	}
	wl_must(syscall(SYS_io_destroy, context), "io_destroy");
	wl_must(close(fd), "close");
	return true;
}
