// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads too large to list: `loop`, `threads`, `preempt` and `wchar` report their totals.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/aio_abi.h>

#include "workload.h"

#define NS_PER_SEC     1000000000ull
#define FIFO_PERIOD_NS 100000

struct loop {
	enum wl_op op;
	unsigned long count, size, rate;
	double seconds;
};

static double parse_seconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0) || seconds > 1e6)
		wl_die("seconds: not a number: %s", text);
	return seconds;
}

static void sleep_until(uint64_t when_ns)
{
	struct timespec ts = { .tv_sec = when_ns / NS_PER_SEC, .tv_nsec = when_ns % NS_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

static void run_loop(const struct loop *loop, int fd)
{
	struct iovec iov = { calloc(1, loop->size + 1), loop->size };
	struct wl_meter meter;
	unsigned long calls = 0;
	uint64_t end_ns;

	if (!iov.iov_base)
		wl_die("out of memory");
	memset(iov.iov_base, 'x', loop->size);
	wl_meter_start(&meter);
	end_ns = meter.start_ns + (uint64_t)(loop->seconds * NS_PER_SEC);
	while (!loop->count || calls < loop->count) {
		long ret;

		if (loop->rate)
			sleep_until(meter.start_ns +
				    (uint64_t)((double)calls / loop->rate * NS_PER_SEC));
		if (loop->seconds > 0 && wl_now_ns() >= end_ns)
			break;
		ret = wl_call(loop->op, fd, &iov, 1, calls * loop->size);
		if (ret != (long)loop->size)
			wl_die("%s of %lu bytes: %ld", wl_op_name(loop->op), loop->size, ret);
		calls++;
	}
	wl_meter_report(&meter, calls, calls * loop->size);
	free(iov.iov_base);
}

bool wl_cmd_loop(int argc, char **argv)
{
	static const struct option options[] = { { "op", required_argument, NULL, 'o' },
						 { "rate", required_argument, NULL, 'r' },
						 { "seconds", required_argument, NULL, 's' },
						 { 0 } };
	struct loop loop = { .op = WL_WRITE };
	int c, fd;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'o' && !wl_op_parse(optarg, &loop.op))
			return false;
		else if (c == 'r')
			loop.rate = wl_number(optarg, "--rate");
		else if (c == 's')
			loop.seconds = parse_seconds(optarg);
		else if (c != 'o')
			return false;
	}
	if (argc - optind != 3)
		return false;
	loop.count = wl_number(argv[optind + 1], "COUNT");
	loop.size = wl_number(argv[optind + 2], "SIZE");
	if (!loop.count && !(loop.seconds > 0))
		return false;
	fd = wl_must(open(argv[optind], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644),
		     argv[optind]);
	run_loop(&loop, fd);
	wl_must(close(fd), "close");
	return true;
}

struct thread {
	pthread_t id;
	int fd;
	unsigned long first, count;
};

static void *run_thread(void *arg)
{
	const struct thread *thread = arg;
	struct iovec iov = { "t", 1 };

	for (unsigned long i = 0; i < thread->count; i++) {
		long ret = wl_call(WL_PWRITE64, thread->fd, &iov, 1, thread->first + i);

		if (ret != 1)
			wl_die("pwrite64 of 1 byte: %ld", ret);
	}
	return NULL;
}

bool wl_cmd_threads(int argc, char **argv)
{
	unsigned long n, count;
	struct thread *threads;
	struct wl_meter meter;
	int fd;

	if (argc != 4)
		return false;
	n = wl_number(argv[1], "N");
	count = wl_number(argv[2], "COUNT");
	fd = wl_must(open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), argv[3]);
	threads = calloc(n + 1, sizeof(*threads));
	if (!threads)
		wl_die("out of memory");
	wl_meter_start(&meter);
	for (unsigned long i = 0; i < n; i++) {
		threads[i] = (struct thread){ .fd = fd, .first = i * count, .count = count };
		if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]))
			wl_die("pthread_create failed");
	}
	for (unsigned long i = 0; i < n; i++)
		pthread_join(threads[i].id, NULL);
	wl_meter_report(&meter, n * count, n * count);
	wl_must(close(fd), "close");
	free(threads);
	return true;
}

struct preempt_options {
	const char *path;
	bool fifo; /* a real-time writer, too */
	bool sync;
	bool aio;
};

/* One of these in memory shared by all processes; each counter in its own cache line */
struct preempt {
	_Alignas(64) volatile bool go, stop;
	struct {
		_Alignas(64) unsigned long calls;
	} writers[];
};

/* What a writer does all the time. A write adds to the task's own count of them in the kernel
 * (syscw); fdatasync, which /dev/null refuses, does not. */
static void write_or_sync(int fd, bool sync)
{
	struct iovec iov = { "p", 1 };
	long ret = sync ? fdatasync(fd) + 2 : wl_call(WL_WRITE, fd, &iov, 1, 0);

	if (ret != 1)
		wl_die("%s: %ld", sync ? "fdatasync of /dev/null" : "write of 1 byte", ret);
}

/* One byte by AIO, which is done when io_submit returns. */
static void write_by_aio(int fd, aio_context_t context)
{
	struct iocb block = { .aio_lio_opcode = IOCB_CMD_PWRITE,
			      .aio_fildes = fd,
			      .aio_buf = (unsigned long)"p",
			      .aio_nbytes = 1 };
	struct iocb *list[] = { &block };
	struct io_event event;

	if (wl_must(syscall(SYS_io_submit, context, 1L, list), "io_submit") != 1 ||
	    wl_must(syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL), "io_getevents") != 1)
		wl_die("io_submit: not taken, or not done");
	if (event.res != 1)
		wl_die("AIO's write of 1 byte: %lld", (long long)event.res);
}

static void run_writer(struct preempt *shared, unsigned long me, const struct preempt_options *o,
		       bool fifo)
{
	int fd = wl_must(open(o->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), o->path);
	unsigned long calls = 0;
	aio_context_t context = 0;
	uint64_t next_ns;

	if (o->aio)
		wl_must(syscall(SYS_io_setup, 1L, &context), "io_setup");
	while (!shared->go)
		sleep_until(wl_now_ns() + 1000000);
	next_ns = wl_now_ns();
	for (; !shared->stop; calls++) {
		if (fifo) {
			next_ns += FIFO_PERIOD_NS;
			/* after a stall: go on from now, do not catch up */
			if (next_ns < wl_now_ns())
				next_ns = wl_now_ns();
			sleep_until(next_ns);
		}
		if (o->aio)
			write_by_aio(fd, context);
		else
			write_or_sync(fd, o->sync);
	}
	shared->writers[me].calls = calls;
	_exit(0);
}

static void run_preempt(unsigned long n, double seconds, const struct preempt_options *o)
{
	static const struct sched_param real_time = { .sched_priority = 10 }, ordinary;
	size_t size = sizeof(struct preempt) + (n + 1) * 64;
	struct preempt *shared = wl_shared(size);
	pid_t *pids = calloc(n + 1, sizeof(*pids));
	unsigned long calls = 0, all = n + o->fifo;
	struct wl_meter meter;

	if (!pids)
		wl_die("out of memory");
	/* The real-time writer inherits its policy, so that a refusal comes before any child. */
	if (o->fifo) {
		wl_must(sched_setscheduler(0, SCHED_FIFO, &real_time), "SCHED_FIFO");
		pids[n] = wl_fork();
		if (!pids[n])
			run_writer(shared, n, o, true);
		wl_must(sched_setscheduler(0, SCHED_OTHER, &ordinary), "SCHED_OTHER");
	}
	for (unsigned long i = 0; i < n; i++) {
		pids[i] = wl_fork();
		if (!pids[i])
			run_writer(shared, i, o, false);
	}
	wl_meter_start(&meter);
	shared->go = true;
	sleep_until(meter.start_ns + (uint64_t)(seconds * NS_PER_SEC));
	shared->stop = true;
	for (unsigned long i = 0; i < all; i++) {
		wl_wait(pids[i]);
		calls += shared->writers[i].calls;
	}
	wl_meter_report(&meter, calls, calls);
	free(pids);
	wl_must(munmap(shared, size), "munmap");
}

bool wl_cmd_preempt(int argc, char **argv)
{
	static const struct option options[] = { { "fifo", no_argument, NULL, 'f' },
						 { "sync", no_argument, NULL, 's' },
						 { "aio", no_argument, NULL, 'a' },
						 { 0 } };
	struct preempt_options o = { .path = "/dev/null" };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			o.fifo = true;
		else if (c == 's')
			o.sync = true;
		else if (c == 'a')
			o.aio = true;
		else
			return false;
	}
	if (argc - optind != 2 && argc - optind != 3)
		return false;
	if (argc - optind == 3)
		o.path = argv[optind + 2];
	run_preempt(wl_number(argv[optind], "WRITERS"), parse_seconds(argv[optind + 1]), &o);
	return true;
}

/* All operations in turn on a file, /dev/null and a pipe, in sizes of all sorts */
static unsigned long write_mixed(const int *fds, int pipe_reader, unsigned long bytes)
{
	static const size_t sizes[] = { 1, 4096, 100, 65536, 7, 1000, 33333 };
	static char buf[65536];
	unsigned long calls = 0, done = 0;

	memset(buf, 'w', sizeof(buf));
	for (; done < bytes; calls++) {
		enum wl_op op = calls % WL_OPS;
		bool at = op == WL_PWRITE64 || op == WL_PWRITEV || op == WL_PWRITEV2;
		int target = at ? calls / WL_OPS % 2 : calls / WL_OPS % 3;
		struct iovec iov = { buf, sizes[calls % (sizeof(sizes) / sizeof(sizes[0]))] };
		long ret;

		if (iov.iov_len > bytes - done)
			iov.iov_len = bytes - done;
		ret = wl_call(op, fds[target], &iov, 1, done % WL_MIB);
		if (ret != (long)iov.iov_len)
			wl_die("%s of %zu bytes: %ld", wl_op_name(op), iov.iov_len, ret);
		if (target == 2)
			wl_drain(pipe_reader);
		done += ret;
	}
	return calls;
}

bool wl_cmd_wchar(int argc, char **argv)
{
	unsigned long bytes, calls;
	struct wl_meter meter;
	int fds[3], ends[2];

	if (argc != 3)
		return false;
	bytes = wl_number(argv[2], "BYTES");
	fds[0] = wl_open(argv[1], "wchar", O_WRONLY | O_TRUNC);
	fds[1] = wl_must(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null");
	wl_must(pipe2(ends, O_CLOEXEC), "pipe2");
	wl_must(fcntl(ends[1], F_SETPIPE_SZ, 65536), "F_SETPIPE_SZ");
	fds[2] = ends[1];
	wl_meter_start(&meter);
	calls = write_mixed(fds, ends[0], bytes);
	wl_meter_report(&meter, calls, bytes);
	for (int i = 0; i < 3; i++)
		wl_must(close(fds[i]), "close");
	wl_must(close(ends[0]), "close");
	return true;
}
