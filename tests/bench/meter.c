// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the same call over and over and says what one costs. Knows nothing of any tracer.
 *
 *	meter [-t THREADS] [-f FILES] [-s SECONDS] write PATH SIZE COUNT
 *	meter [-t THREADS] [-s SECONDS] getppid COUNT
 *
 * Each thread makes COUNT calls, in thousands (or as many as SECONDS allow) and takes the time of
 * each thousand; the figure is the median of those times, over all threads, which a busy machine
 * disturbs less than their mean. With -f, PATH is a directory, and the calls go to so many files in
 * turn, all open; or, if fewer may be, by one thread that opens the next ones between two
 * thousands. A file that has become as large as 64 MiB is begun anew.
 *
 * The report goes to the file that $METER_REPORT names, else to stderr: nanoseconds a call, calls
 * made, calls a second, processor seconds of this process.
 *
 *	171.3 1000000 5837711 0.18
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define A_TIME	 1000
#define FILE_MAX (64 << 20)

static struct {
	bool getppid;
	const char *path;
	unsigned long size, count, threads, files;
	double seconds;
	unsigned long at_once; /* files that are open, in fds */
	int *fds;
	char *data;
} plan = { .threads = 1 };

struct thread {
	pthread_t id;
	unsigned long calls;
	float *ns; /* a call, of each A_TIME of them */
	size_t times;
};

static void die(const char *what)
{
	fprintf(stderr, "meter: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Opens those of the files that begin with this one. */
static void open_from(unsigned long first)
{
	char path[4096];

	for (unsigned long i = 0; i < plan.at_once; i++) {
		snprintf(path, sizeof(path), plan.files ? "%s/%lu" : "%s", plan.path, first + i);
		if (plan.fds[i] >= 0)
			close(plan.fds[i]);
		plan.fds[i] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (plan.fds[i] < 0)
			die(path);
	}
}

/* How many may be open. Where the limit cannot be raised: a part of the files, of whole thousands.
 */
static unsigned long files_at_once(void)
{
	struct rlimit limit, wanted = { plan.files + 100, plan.files + 100 };
	unsigned long n;

	if (plan.files <= 900 || !setrlimit(RLIMIT_NOFILE, &wanted))
		return plan.files ? plan.files : 1;
	if (getrlimit(RLIMIT_NOFILE, &limit) || plan.threads > 1)
		die("RLIMIT_NOFILE");
	for (n = (limit.rlim_cur - 100) / A_TIME * A_TIME; n && plan.files % n; n -= A_TIME)
		;
	if (!n)
		die("RLIMIT_NOFILE");
	return n;
}

static void open_files(void)
{
	if (plan.getppid)
		return;
	plan.at_once = files_at_once();
	plan.data = malloc(plan.size + 1);
	plan.fds = calloc(plan.at_once, sizeof(*plan.fds));
	if (!plan.data || !plan.fds)
		die("memory");
	memset(plan.data, 'x', plan.size);
	memset(plan.fds, -1, plan.at_once * sizeof(*plan.fds));
	open_from(0);
}

/* A_TIME calls, the first of which has this number. */
static void run_some(unsigned long first)
{
	if (plan.getppid) {
		for (int i = 0; i < A_TIME; i++)
			syscall(SYS_getppid);
		return;
	}
	for (int i = 0; i < A_TIME; i++) {
		int fd = plan.fds[(first + i) % plan.at_once];

		if (write(fd, plan.data, plan.size) != (ssize_t)plan.size)
			die("write");
	}
}

static void *run(void *arg)
{
	struct thread *t = arg;
	const uint64_t begin = now_ns(), end = begin + (uint64_t)(plan.seconds * 1e9);
	unsigned long written = 0;

	while (plan.seconds > 0 ? now_ns() < end : t->calls < plan.count) {
		uint64_t start;

		if (plan.files > plan.at_once && t->calls && t->calls % plan.at_once == 0)
			open_from(t->calls % plan.files);
		start = now_ns();
		run_some(t->calls);
		if (t->times < plan.count / A_TIME)
			t->ns[t->times++] = (float)(now_ns() - start) / A_TIME;
		t->calls += A_TIME;
		written += A_TIME * plan.size;
		if (written < FILE_MAX || plan.files)
			continue;
		written = 0;
		lseek(plan.fds[0], 0, SEEK_SET);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static void report(const struct thread *threads, double seconds)
{
	const char *path = getenv("METER_REPORT");
	FILE *f = path ? fopen(path, "we") : stderr;
	unsigned long calls = 0;
	struct rusage usage;
	size_t n = 0, all = 0;
	float *ns;

	for (unsigned long i = 0; i < plan.threads; i++)
		all += threads[i].times;
	ns = calloc(all + 1, sizeof(*ns));
	if (!f || !ns)
		die("report");
	for (unsigned long i = 0; i < plan.threads; i++) {
		memcpy(ns + n, threads[i].ns, threads[i].times * sizeof(*ns));
		n += threads[i].times;
		calls += threads[i].calls;
	}
	qsort(ns, n, sizeof(*ns), compare);
	getrusage(RUSAGE_SELF, &usage);
	fprintf(f, "%.1f %lu %.0f %.3f\n", ns[n / 2], calls, calls / seconds,
		usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
			(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	if (fclose(f))
		die("report");
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || !n) {
		errno = EINVAL;
		die(text);
	}
	return n;
}

static int usage(void)
{
	fprintf(stderr, "usage: meter [-t THREADS] [-f FILES] [-s SECONDS] write PATH SIZE COUNT\n"
			"       meter [-t THREADS] [-s SECONDS] getppid COUNT\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct thread *threads;
	uint64_t begin;
	int c;

	while ((c = getopt(argc, argv, "+t:f:s:")) != -1) {
		if (c == 't')
			plan.threads = number(optarg);
		else if (c == 'f')
			plan.files = number(optarg);
		else if (c == 's')
			plan.seconds = atof(optarg);
		else
			return usage();
	}
	argv += optind;
	argc -= optind;
	if (argc == 2 && !strcmp(argv[0], "getppid")) {
		plan.getppid = true;
	} else if (argc == 4 && !strcmp(argv[0], "write")) {
		plan.path = argv[1];
		plan.size = number(argv[2]);
	} else {
		return usage();
	}
	plan.count = number(argv[argc - 1]);
	open_files();
	threads = calloc(plan.threads, sizeof(*threads));
	if (!threads)
		die("memory");
	for (unsigned long i = 0; i < plan.threads; i++) {
		threads[i].ns = calloc(plan.count / A_TIME + 1, sizeof(*threads[i].ns));
		if (!threads[i].ns)
			die("memory");
	}
	begin = now_ns();
	for (unsigned long i = 0; i < plan.threads; i++) {
		errno = pthread_create(&threads[i].id, NULL, run, &threads[i]);
		if (errno)
			die("pthread_create");
	}
	for (unsigned long i = 0; i < plan.threads; i++)
		pthread_join(threads[i].id, NULL);
	report(threads, (now_ns() - begin) / 1e9);
	return 0;
}
