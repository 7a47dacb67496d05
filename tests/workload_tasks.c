// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who writes: `spawn` starts children in every way there is, `follow` grows a tree of processes,
 * and `interrupted` writes while signals arrive.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

extern char **environ;

enum way { FORK_EXEC, VFORK_EXEC, POSIX_SPAWN, DOUBLE_FORK, CHILD_THREAD, OWN_THREAD, WAYS };

/* One writer: its number, where it writes and where it notes that down */
struct job {
	const char *dir;
	unsigned long number;
	struct wl_event *ev;
};

static void *do_job(void *arg)
{
	const struct job *job = arg;
	char name[32], line[32];
	int fd, len;

	snprintf(name, sizeof(name), "w%lu", job->number);
	wl_must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
	snprintf(name, sizeof(name), "f%lu", job->number);
	fd = wl_open(job->dir, name, O_WRONLY | O_TRUNC);
	len = snprintf(line, sizeof(line), "%lu\n", job->number);
	wl_event_run_full(job->ev, WL_WRITE, fd, line, len, 0);
	wl_must(close(fd), "close");
	return NULL;
}

static void run_thread(void *(*run)(void *), void *arg)
{
	pthread_t id;

	if (pthread_create(&id, NULL, run, arg))
		wl_die("pthread_create failed");
	pthread_join(id, NULL);
}

static struct wl_event *map_slots(int fd, size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED)
		wl_die("mmap: %s", strerror(errno));
	return mem;
}

/* one DIR NUMBER SLOTS-FD process|thread */
bool wl_cmd_one(int argc, char **argv)
{
	struct job job;
	struct stat st;
	int fd;

	if (argc != 5)
		return false;
	fd = wl_number(argv[3], "SLOTS-FD");
	wl_must(fstat(fd, &st), "fstat");
	job.dir = argv[1];
	job.number = wl_number(argv[2], "NUMBER");
	job.ev = map_slots(fd, st.st_size) + job.number;
	if (strcmp(argv[4], "thread"))
		do_job(&job);
	else
		run_thread(do_job, &job);
	_exit(0);
}

/* A function of its own: between vfork and exec nothing of the parent's may change. */
__attribute__((noinline)) static pid_t vfork_exec(const char *self, char *const *argv)
{
	pid_t pid = vfork();

	if (!pid) {
		execv(self, argv);
		_exit(1);
	}
	return wl_must(pid, "vfork");
}

static void double_fork(const char *self, char *const *argv)
{
	pid_t pid = wl_fork();
	int status;

	if (!pid) {
		if (wl_must(fork(), "fork"))
			_exit(0);
		execv(self, argv);
		_exit(1);
	}
	wl_wait(pid);
	/* We are the subreaper: the grandchild is ours now. */
	wl_must(waitpid(-1, &status, 0), "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		wl_die("grandchild failed: status %#x", status);
}

static void start(enum way way, struct job *job, const char *self, int slots)
{
	char number[32], fd[32];
	char *who = way == CHILD_THREAD ? "thread" : "process";
	char *const argv[] = { "workload", "one", (char *)job->dir, number, fd, who, NULL };
	pid_t pid;

	snprintf(number, sizeof(number), "%lu", job->number);
	snprintf(fd, sizeof(fd), "%d", slots);
	switch (way) {
	case OWN_THREAD:
		run_thread(do_job, job);
		return;
	case DOUBLE_FORK:
		double_fork(self, argv);
		return;
	case VFORK_EXEC:
		pid = vfork_exec(self, argv);
		break;
	case POSIX_SPAWN:
		errno = posix_spawn(&pid, self, NULL, NULL, argv, environ);
		wl_must(errno ? -1 : 0, "posix_spawn");
		break;
	default:
		pid = wl_fork();
		if (!pid) {
			execv(self, argv);
			_exit(1);
		}
	}
	wl_wait(pid);
	if (way != CHILD_THREAD && job->ev->pid != pid)
		wl_die("child %d says it is %d", pid, job->ev->pid);
}

static size_t parse_data(int argc, char **argv)
{
	static const struct option options[] = { { "data", required_argument, NULL, 'd' }, { 0 } };
	size_t data_max = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		data_max = c == 'd' ? wl_number(optarg, "--data") : SIZE_MAX;
	return data_max;
}

bool wl_cmd_spawn(int argc, char **argv)
{
	size_t data_max = parse_data(argc, argv), size;
	struct wl_expect *expect;
	struct wl_event *slots;
	unsigned long count;
	char self[PATH_MAX] = "";
	int fd;

	if (data_max == SIZE_MAX || argc - optind != 3)
		return false;
	argv += optind;
	count = wl_number(argv[1], "COUNT");
	size = (count + 1) * sizeof(*slots);
	fd = wl_must(memfd_create("slots", 0), "memfd_create");
	wl_must(ftruncate(fd, size), "ftruncate");
	slots = map_slots(fd, size);
	wl_must(readlink("/proc/self/exe", self, sizeof(self) - 1), "/proc/self/exe");
	wl_must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
	expect = wl_expect_open(argv[2], data_max, false);
	for (unsigned long i = 0; i < count; i++) {
		struct job job = { argv[0], i, &slots[i] };

		start(i % WAYS, &job, self, fd);
		wl_expect_add(expect, job.ev);
	}
	wl_expect_close(expect);
	wl_must(munmap(slots, size), "munmap");
	wl_must(close(fd), "close");
	return true;
}

/* Shared by the whole tree */
struct tree {
	int fd;
	atomic_ulong calls, bytes;
};

static void *write_pid(void *arg)
{
	struct tree *tree = arg;
	char line[32];
	struct iovec iov = { line, snprintf(line, sizeof(line), "%d\n", getpid()) };
	long ret = wl_call(WL_WRITE, tree->fd, &iov, 1, 0);

	if (ret != (long)iov.iov_len)
		wl_die("write of a pid: %ld", ret);
	tree->calls++;
	tree->bytes += ret;
	return NULL;
}

static void grow(struct tree *tree, unsigned long depth)
{
	pid_t pids[2];

	write_pid(tree);
	run_thread(write_pid, tree);
	for (int i = 0; depth && i < 2; i++) {
		pids[i] = wl_fork();
		if (!pids[i]) {
			grow(tree, depth - 1);
			_exit(0);
		}
	}
	for (int i = 0; depth && i < 2; i++)
		wl_wait(pids[i]);
}

bool wl_cmd_follow(int argc, char **argv)
{
	struct tree *tree;
	struct wl_meter meter;
	unsigned long depth;

	if (argc != 3)
		return false;
	depth = wl_number(argv[2], "DEPTH");
	if (depth > 12)
		wl_die("DEPTH: at most 12");
	tree = wl_shared(sizeof(*tree));
	tree->fd = wl_must(open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644),
			   argv[1]);
	wl_meter_start(&meter);
	grow(tree, depth);
	wl_meter_report(&meter, tree->calls, tree->bytes);
	wl_must(close(tree->fd), "close");
	wl_must(munmap(tree, sizeof(*tree)), "munmap");
	return true;
}
