// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ops`: every write-like call on regular files of all sorts and under all sorts of names.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload.h"

#define TEXT_SIZE (WL_MIB + 8192)
#define VECS_MAX  1024

long wl_ops_vec(struct wl_ops *ops, enum wl_op op, int fd, const struct iovec *iov, int count,
		off_t pos)
{
	long ret = wl_event_run(&ops->ev, op, fd, iov, count, pos);

	wl_expect_add(ops->expect, &ops->ev);
	return ret;
}

long wl_ops_any(struct wl_ops *ops, enum wl_op op, int fd, size_t size, off_t pos)
{
	struct iovec iov = { ops->text + ops->calls++ * 37 % 8192, size };

	return wl_ops_vec(ops, op, fd, &iov, 1, pos);
}

void wl_ops_one(struct wl_ops *ops, enum wl_op op, int fd, size_t size, off_t pos, long want)
{
	long ret = wl_ops_any(ops, op, fd, size, pos);

	if (ret != want)
		wl_die("%s of %zu bytes to fd %d (%s): %ld instead of %ld", wl_op_name(op), size,
		       fd, ops->ev.path, ret, want);
}

void wl_ops_each(struct wl_ops *ops, int fd, size_t size, off_t pos)
{
	for (enum wl_op op = 0; op < WL_OPS; op++, pos += size)
		wl_ops_one(ops, op, fd, size, pos, size);
}

void wl_ops_each_stream(struct wl_ops *ops, int fd, size_t size)
{
	wl_ops_one(ops, WL_WRITE, fd, size, 0, size);
	wl_ops_any(ops, WL_PWRITE64, fd, size, 0);
	wl_ops_one(ops, WL_WRITEV, fd, size, 0, size);
	wl_ops_any(ops, WL_PWRITEV, fd, size, 0);
	wl_ops_any(ops, WL_PWRITEV2, fd, size, 8);
	wl_ops_one(ops, WL_PWRITEV2_CUR, fd, size, 0, size);
}

static void sizes_and_positions(struct wl_ops *ops)
{
	static const size_t sizes[] = { 0, 1, 15, 4096, 65537, WL_MIB };
	int fd = wl_open(ops->dir, "sequential", O_WRONLY | O_TRUNC);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		wl_ops_each(ops, fd, sizes[i], i * 2 * WL_MIB);
	wl_must(lseek(fd, 12345, SEEK_SET), "lseek");
	wl_ops_each(ops, fd, 100, 54321);
	wl_must(close(fd), "close");

	fd = wl_open(ops->dir, "append", O_RDWR | O_TRUNC | O_APPEND);
	wl_ops_each(ops, fd, 1000, 5);
	wl_must(lseek(fd, 10, SEEK_SET), "lseek");
	wl_ops_each(ops, fd, 77, 0);
	wl_must(close(fd), "close");

	fd = wl_open(ops->dir, "sparse", O_WRONLY | O_TRUNC);
	wl_must(lseek(fd, 10 * WL_MIB, SEEK_SET), "lseek");
	wl_ops_each(ops, fd, 4096, 20 * WL_MIB + 1);
	wl_ops_one(ops, WL_PWRITE64, fd, 1, (5ll << 30) + 1, 1);
	wl_must(lseek(fd, 6ll << 30, SEEK_SET), "lseek");
	wl_ops_each(ops, fd, 2, 7ll << 30);
	wl_must(close(fd), "close");
}

/* @empty: every third vector holds nothing, the first one too. */
static void vectors_of(struct wl_ops *ops, int fd, int count, bool empty, off_t *pos)
{
	static const enum wl_op vec_ops[] = { WL_WRITEV, WL_PWRITEV, WL_PWRITEV2, WL_PWRITEV2_CUR };
	struct iovec iov[VECS_MAX];
	size_t size = 0;

	for (int i = 0; i < count; i++) {
		bool none = empty && i % 3 == 0;

		iov[i].iov_base = none ? NULL : ops->text + i * 41;
		iov[i].iov_len = none ? 0 : 1 + i % 13;
		size += iov[i].iov_len;
	}
	for (size_t i = 0; i < sizeof(vec_ops) / sizeof(vec_ops[0]); i++) {
		long ret = wl_ops_vec(ops, vec_ops[i], fd, iov, count, *pos);

		if (ret != (long)size)
			wl_die("%s of %d vectors: %ld", wl_op_name(vec_ops[i]), count, ret);
		*pos += size;
	}
}

static void vectors(struct wl_ops *ops)
{
	static const int counts[] = { 0, 1, 2, 3, 8, 9, 100, VECS_MAX };
	int fd = wl_open(ops->dir, "vectors", O_WRONLY | O_TRUNC);
	struct iovec large[3] = { { ops->text, 300000 }, { NULL, 0 }, { ops->text + 5, 700000 } };
	off_t pos = WL_MIB;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		vectors_of(ops, fd, counts[i], false, &pos);
		vectors_of(ops, fd, counts[i], true, &pos);
	}
	if (wl_ops_vec(ops, WL_WRITEV, fd, large, 3, 0) != 1000000)
		wl_die("writev of 1000000 bytes fell short");
	wl_must(close(fd), "close");
}

/* The same open file under several numbers, and one file opened twice */
static void numbers(struct wl_ops *ops)
{
	int fd = wl_open(ops->dir, "dup", O_WRONLY | O_TRUNC), high, again;
	struct rlimit limit;

	wl_must(getrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
	if (limit.rlim_cur < 1024) {
		limit.rlim_cur = 1024;
		wl_must(setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
	}
	high = wl_must(dup3(fd, 700, O_CLOEXEC), "dup3");
	again = wl_open(ops->dir, "dup", O_RDWR);
	wl_ops_one(ops, WL_WRITE, fd, 10, 0, 10);
	wl_ops_each(ops, high, 20, 1000);
	wl_ops_one(ops, WL_WRITE, again, 5, 0, 5);
	wl_must(close(fd), "close");
	wl_ops_one(ops, WL_WRITE, high, 30, 0, 30);
	wl_must(close(high), "close");
	wl_must(close(again), "close");
}

/* A buffer that is in memory only once the call has fetched it */
static void untouched_buffer(struct wl_ops *ops)
{
	int fd = wl_open(ops->dir, "untouched", O_RDWR | O_TRUNC);
	struct iovec iov = { .iov_len = 4096 };

	wl_ops_one(ops, WL_WRITE, fd, 4096, 0, 4096);
	iov.iov_base = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (iov.iov_base == MAP_FAILED)
		wl_die("mmap: %s", strerror(errno));
	if (wl_ops_vec(ops, WL_WRITE, fd, &iov, 1, 0) != 4096)
		wl_die("write from a mapping fell short");
	wl_must(munmap(iov.iov_base, 4096), "munmap");
	wl_must(close(fd), "close");
}

void wl_ops_files(struct wl_ops *ops)
{
	sizes_and_positions(ops);
	vectors(ops);
	numbers(ops);
	untouched_buffer(ops);
}

static char *make_text(void)
{
	char *text = malloc(TEXT_SIZE + 1), line[17];

	if (!text)
		wl_die("out of memory");
	for (size_t at = 0; at < TEXT_SIZE; at += 16) {
		snprintf(line, sizeof(line), "line \"%07zu\"\\\n", at / 16 % 10000000);
		memcpy(text + at, line, 16);
	}
	return text;
}

bool wl_ops_begin(struct wl_ops *ops, int argc, char **argv)
{
	static const struct option options[] = { { "data", required_argument, NULL, 'd' }, { 0 } };
	size_t data_max = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'd')
			return false;
		data_max = wl_number(optarg, "--data");
	}
	if (argc - optind != 2)
		return false;
	ops->dir = argv[optind];
	ops->expect = wl_expect_open(argv[optind + 1], data_max, false);
	ops->text = make_text();
	return true;
}

void wl_ops_end(struct wl_ops *ops)
{
	wl_expect_close(ops->expect);
	free(ops->text);
}

bool wl_cmd_ops(int argc, char **argv)
{
	static struct wl_ops ops;

	if (!wl_ops_begin(&ops, argc, argv))
		return false;
	wl_ops_files(&ops);
	wl_ops_paths(&ops);
	wl_ops_fds(&ops);
	wl_ops_errors(&ops);
	wl_ops_end(&ops);
	return true;
}
