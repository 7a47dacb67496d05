// SPDX-License-Identifier: GPL-2.0-only
/*
 * `interrupted`: writes to a full pipe that a signal interrupts, with and without SA_RESTART.
 *
 * The kernel calls an interrupted write's result -512 (ERESTARTSYS); the caller sees EINTR, or,
 * with SA_RESTART, only the result of the second try. The expectations say what the caller sees.
 *
 * `overtaken`: a write that ends because another thread executes a program.
 * `denied`: writes that a seccomp filter refuses, in each way there is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "workload.h"

/* signal handlers get no argument of ours: the pipe to empty, or -1 */
static volatile int drain_fd = -1;

struct writer {
	struct wl_event ev;
	struct wl_expect *expect;
	int fd, size;
	unsigned long calls, bytes;
	char *text;
	/* what the timer's thread needs */
	pid_t tid;
	timer_t timer;
	atomic_bool about_to_write;
};

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (drain_fd >= 0)
		wl_drain(drain_fd);
	errno = saved;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static bool is_asleep(pid_t tid)
{
	char path[64], text[256], *end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = wl_must(open(path, O_RDONLY | O_CLOEXEC), path);
	len = wl_must(read(fd, text, sizeof(text) - 1), path);
	wl_must(close(fd), "close");
	text[len] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'S';
}

/* Sets the timer only once the write is blocked, so that each write is interrupted exactly once. */
static void *arm_timer(void *arg)
{
	static const struct itimerspec soon = { .it_value = { .tv_nsec = 10000000 } };
	struct writer *writer = arg;

	do
		nap();
	while (!writer->about_to_write || !is_asleep(writer->tid));
	wl_must(timer_settime(writer->timer, 0, &soon, NULL), "timer_settime");
	return NULL;
}

static void note(struct writer *writer, enum wl_op op, size_t size, long want)
{
	struct iovec iov = { writer->text, size };
	long ret = wl_event_run(&writer->ev, op, writer->fd, &iov, 1, 0);

	if (ret != want)
		wl_die("%s of %zu bytes to a pipe: %ld instead of %ld", wl_op_name(op), size, ret,
		       want);
	writer->calls++;
	writer->bytes += ret < 0 ? 0 : ret;
	if (writer->expect)
		wl_expect_add(writer->expect, &writer->ev);
}

static void note_interrupted(struct writer *writer, enum wl_op op, size_t size, long want,
			     bool restart)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0 };
	pthread_t id;

	wl_must(sigaction(SIGUSR1, &action, NULL), "sigaction");
	drain_fd = restart ? writer->fd : -1;
	writer->about_to_write = false;
	if (pthread_create(&id, NULL, arm_timer, writer))
		wl_die("pthread_create failed");
	writer->about_to_write = true;
	note(writer, op, size, want);
	pthread_join(id, NULL);
}

static void run(struct writer *writer, const char *dir)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	char *path = wl_path(dir, "interrupted");

	if (unlink(path) && errno != ENOENT)
		wl_must(-1, path);
	wl_must(mkfifo(path, 0644), path);
	writer->fd = wl_must(open(path, O_RDWR | O_CLOEXEC), path);
	writer->size = wl_must(fcntl(writer->fd, F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
	writer->text = calloc(1, writer->size + 100);
	if (!writer->text)
		wl_die("out of memory");
	memset(writer->text, 'i', writer->size + 100);
	writer->tid = gettid();
	event._sigev_un._tid = writer->tid;
	wl_must(timer_create(CLOCK_MONOTONIC, &event, &writer->timer), "timer_create");
	for (enum wl_op op = WL_WRITE; op <= WL_WRITEV; op += WL_WRITEV - WL_WRITE) {
		/* part of it went in before the signal */
		note_interrupted(writer, op, writer->size + 100, writer->size, false);
		/* nothing did */
		note_interrupted(writer, op, 100, -EINTR, false);
		/* nothing did, and once the handler has made room the call is done again */
		note_interrupted(writer, op, 100, 100, true);
		wl_drain(writer->fd);
		note(writer, op, 100, 100);
		wl_drain(writer->fd);
	}
	wl_must(timer_delete(writer->timer), "timer_delete");
	wl_must(close(writer->fd), "close");
	free(writer->text);
	free(path);
}

bool wl_cmd_interrupted(int argc, char **argv)
{
	static const struct option options[] = { { "data", required_argument, NULL, 'd' }, { 0 } };
	static struct writer writer;
	struct wl_meter meter;
	size_t data_max = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'd')
			return false;
		data_max = wl_number(optarg, "--data");
	}
	if (argc - optind != 1 && argc - optind != 2)
		return false;
	if (argc - optind == 2)
		writer.expect = wl_expect_open(argv[optind + 1], data_max, false);
	wl_meter_start(&meter);
	run(&writer, argv[optind]);
	wl_meter_report(&meter, writer.calls, writer.bytes);
	if (writer.expect)
		wl_expect_close(writer.expect);
	return true;
}

struct blocked {
	atomic_int tid;
	int fd;
};

static void *write_and_block(void *arg)
{
	static char page[4096];
	struct blocked *blocked = arg;

	wl_must(write(blocked->fd, page, sizeof(page)), "write");
	blocked->tid = gettid();
	write(blocked->fd, page, sizeof(page));
	wl_die("a write to a full pipe has ended");
	return NULL;
}

/* overtaken: one write of 4096 bytes, one that nobody sees the end of */
bool wl_cmd_overtaken(int argc, char **argv)
{
	static struct blocked blocked;
	pthread_t id;
	int ends[2];

	(void)argv;
	if (argc != 1)
		return false;
	wl_must(pipe(ends), "pipe");
	wl_must(fcntl(ends[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
	blocked.fd = ends[1];
	if (pthread_create(&id, NULL, write_and_block, &blocked))
		wl_die("pthread_create failed");
	do
		nap();
	while (!blocked.tid || !is_asleep(blocked.tid));
	execlp("true", "true", NULL);
	wl_die("true: %s", strerror(errno));
	return true;
}

static void deny(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwritev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static const struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	wl_must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	wl_must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "PR_SET_SECCOMP");
}

/* denied FILE: writes "ab" to it; in between three calls that are not made. The last one kills us.
 */
bool wl_cmd_denied(int argc, char **argv)
{
	static const struct iovec iov = { "trapped", 7 };
	int fd;

	if (argc != 2)
		return false;
	fd = wl_must(open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644), argv[1]);
	signal(SIGSYS, on_signal);
	deny();
	wl_must(write(fd, "a", 1), argv[1]);
	if (pwrite(fd, "denied", 6, 0) >= 0 || errno != EACCES)
		wl_die("pwrite is not denied");
	writev(fd, &iov, 1);
	wl_must(write(fd, "b", 1), argv[1]);
	pwritev(fd, &iov, 1, 0);
	wl_die("pwritev has not killed us");
	return true;
}
