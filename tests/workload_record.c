// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the flight recorder: `record` makes writes whose every field follows from the offset, so that
 * `check-record` can tell an event that is put together from two, and one that is missing.
 *
 * WRITERS says who they are, a line a thread: tid, fd, calls, comm, path.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

#define THREADS_MAX 64
#define SEQ_BITS    36 /* offset: number of the thread, from 1; number of its call, from 1 */
#define HOP_EVERY   64
#define SIZES	    256

struct writer {
	pid_t tid;
	int fd;
	unsigned long calls;
	char comm[WL_COMM_LEN];
	char path[PATH_MAX];
};

static size_t size_of(uint64_t offset)
{
	return 1 + (offset * 0x9e3779b97f4a7c15ull >> 56);
}

enum mode { ONE, SPREAD, HOP, MODES };

static const char *const modes[MODES] = { "one", "spread", "hop" };

struct recording {
	enum mode mode;
	unsigned long most; /* calls of a thread; 0: until told to stop */
	int n_cpus;
	cpu_set_t cpus;
	atomic_uint ready;
	atomic_bool go, stop;
	struct writer writers[THREADS_MAX];
};

struct record_thread {
	pthread_t id;
	struct recording *recording;
	unsigned int number;
};

/* To the nth of the CPUs that we may use */
static void run_on(const struct recording *r, unsigned int nth)
{
	cpu_set_t set;

	nth %= r->n_cpus;
	CPU_ZERO(&set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &r->cpus) && !nth--)
			CPU_SET(cpu, &set);
	wl_must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static void *record_thread(void *arg)
{
	static char bytes[SIZES];
	const struct record_thread *t = arg;
	struct recording *r = t->recording;
	struct writer *w = &r->writers[t->number];
	unsigned long seq = 1;

	w->tid = syscall(SYS_gettid);
	wl_must(prctl(PR_SET_NAME, w->comm), "PR_SET_NAME");
	run_on(r, r->mode == ONE ? 0 : t->number);
	r->ready++;
	while (!r->go)
		sched_yield();
	for (; !r->stop && (!r->most || seq <= r->most); seq++) {
		uint64_t offset = (uint64_t)(t->number + 1) << SEQ_BITS | seq;
		struct iovec iov = { bytes, size_of(offset) };
		long ret;

		if (r->mode == HOP && seq % HOP_EVERY == 0)
			run_on(r, t->number + seq / HOP_EVERY);
		ret = wl_call(WL_PWRITE64, w->fd, &iov, 1, offset);
		if (ret != (long)iov.iov_len)
			wl_die("pwrite64 at %#lx: %ld", (unsigned long)offset, ret);
	}
	w->calls = seq - 1;
	return NULL;
}

static void store_writers(const struct recording *r, unsigned long n, const char *file)
{
	struct wl_expect *expect;
	char new[PATH_MAX];

	/* readers see it whole or not at all */
	snprintf(new, sizeof(new), "%s~", file);
	expect = wl_expect_open(new, 0, false);
	for (unsigned long i = 0; i < n; i++) {
		const struct writer *w = &r->writers[i];
		char line[PATH_MAX + 128];
		int len = snprintf(line, sizeof(line), "%d %d %lu %s %s\n", w->tid, w->fd, w->calls,
				   w->comm, w->path);

		wl_expect_text(expect, line, len);
	}
	wl_expect_close(expect);
	wl_must(rename(new, file), file);
}

static void record(struct recording *r, unsigned long n, double seconds, const char *file)
{
	const struct timespec time = { seconds, (seconds - (long)seconds) * 1e9 }, ms = { 0, 1e6 };
	struct record_thread threads[THREADS_MAX];

	for (unsigned long i = 0; i < n; i++) {
		threads[i] = (struct record_thread){ .recording = r, .number = i };
		if (pthread_create(&threads[i].id, NULL, record_thread, &threads[i]))
			wl_die("pthread_create failed");
	}
	while (r->ready < n)
		nanosleep(&ms, NULL);
	store_writers(r, n, file);
	r->go = true;
	if (!r->most)
		nanosleep(&time, NULL);
	r->stop = !r->most;
	for (unsigned long i = 0; i < n; i++)
		pthread_join(threads[i].id, NULL);
	store_writers(r, n, file);
}

/* record DIR THREADS SECONDS one|spread|hop WRITERS [--calls N]: all on one CPU, each on another,
 * or going from CPU to CPU; with --calls for as long as it takes */
bool wl_cmd_record(int argc, char **argv)
{
	static const struct option options[] = { { "calls", required_argument, NULL, 'c' }, { 0 } };
	struct recording *r = wl_shared(sizeof(*r));
	unsigned long n;
	double seconds;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'c')
			return false;
		r->most = wl_number(optarg, "--calls");
	}
	argv += optind;
	if (argc - optind != 5)
		return false;
	wl_die_with_parent();
	n = wl_number(argv[1], "THREADS");
	seconds = atof(argv[2]);
	while (r->mode < MODES && strcmp(argv[3], modes[r->mode]))
		r->mode++;
	if (!n || n > THREADS_MAX || r->mode == MODES)
		return false;
	wl_must(sched_getaffinity(0, sizeof(r->cpus), &r->cpus), "sched_getaffinity");
	r->n_cpus = CPU_COUNT(&r->cpus);
	for (unsigned long i = 0; i < n; i++) {
		struct writer *w = &r->writers[i];
		char *path;

		snprintf(w->comm, sizeof(w->comm), "rec%lu", i);
		path = wl_path(argv[0], w->comm);
		snprintf(w->path, sizeof(w->path), "%s", path);
		free(path);
		w->fd = wl_open(argv[0], w->comm, O_WRONLY);
	}
	record(r, n, seconds, argv[4]);
	return true;
}

/* Reading events: one that does not fit is the end. */
struct check {
	struct writer writers[THREADS_MAX];
	unsigned long last[THREADS_MAX];
	char time[THREADS_MAX][40];
	unsigned int n;
	bool follow, lanes;
	unsigned long newest, skipped;
	unsigned long line_number, events, lost, missing;
	const char *file, *line;
};

__attribute__((noreturn)) static void wrong(const struct check *c, const char *what)
{
	wl_die("%s:%lu: %s: %.300s", c->file, c->line_number, what, c->line);
}

static void read_writers(struct check *c, const char *file)
{
	FILE *in = fopen(file, "re");

	if (!in)
		wl_must(-1, file);
	while (c->n < THREADS_MAX) {
		struct writer *w = &c->writers[c->n];

		if (fscanf(in, "%d %d %lu %15s %4095s", &w->tid, &w->fd, &w->calls, w->comm,
			   w->path) != 5)
			break;
		c->n++;
	}
	fclose(in);
	if (!c->n)
		wl_die("%s: no writers", file);
}

/* The value of "KEY": in the line */
static const char *field(const struct check *c, const char *key)
{
	char quoted[32];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(c->line, quoted);
	if (!at)
		wrong(c, key);
	return at + strlen(quoted);
}

static unsigned long number(const struct check *c, const char *key)
{
	char *end;
	unsigned long n = strtoul(field(c, key), &end, 10);

	if (*end != ',' && *end != '}')
		wrong(c, key);
	return n;
}

static void text_is(const struct check *c, const char *key, const char *want)
{
	const char *at = field(c, key);
	size_t len = strlen(want);

	if (*at != '"' || strncmp(at + 1, want, len) || at[1 + len] != '"')
		wrong(c, key);
}

static void number_is(const struct check *c, const char *key, unsigned long want)
{
	if (number(c, key) != want)
		wrong(c, key);
}

static void check_event(struct check *c)
{
	uint64_t offset = number(c, "offset");
	unsigned long thread = (offset >> SEQ_BITS) - 1, seq = offset & ((1ull << SEQ_BITS) - 1);
	const struct writer *w = &c->writers[thread];
	const char *time = field(c, "time");

	if (thread >= c->n || !seq)
		wrong(c, "offset");
	number_is(c, "tid", w->tid);
	number_is(c, "fd", w->fd);
	number_is(c, "size", size_of(offset));
	number_is(c, "ret", size_of(offset));
	text_is(c, "op", "pwrite64");
	text_is(c, "comm", w->comm);
	text_is(c, "path", w->path);
	if (seq <= c->last[thread])
		wrong(c, "not later than the one before");
	if (strncmp(time, c->time[thread], 31) < 0)
		wrong(c, "earlier than the one before");
	snprintf(c->time[thread], sizeof(c->time[thread]), "%.31s", time);
	if (c->last[thread] || c->follow)
		c->missing += seq - c->last[thread] - 1;
	if (!c->lanes && c->missing > c->lost + c->skipped)
		wrong(c, "events are missing before this one");
	c->last[thread] = seq;
	c->events++;
}

static void check_line(struct check *c, size_t len)
{
	if (len < 2 || c->line[0] != '{' || strcmp(c->line + len - 2, "}\n"))
		wrong(c, "no record");
	if (!strncmp(c->line, "{\"type\":\"write\",", 16)) {
		check_event(c);
	} else if (!strncmp(c->line, "{\"type\":\"lost\",", 15)) {
		text_is(c, "cause", "overwritten");
		if (!number(c, "count"))
			wrong(c, "count");
		c->lost += number(c, "count");
	} else {
		wrong(c, "no record");
	}
}

/* N is as many as there should be, or so many fewer as may have been skipped */
static bool within(const struct check *c, unsigned long n, unsigned long want)
{
	return n <= want && n + c->skipped >= want;
}

static void check_end(const struct check *c)
{
	unsigned long calls = 0, left = 0;

	for (unsigned int i = 0; i < c->n; i++) {
		calls += c->writers[i].calls;
		/* one that ended earlier may have none among the newest */
		if (c->last[i])
			left += c->writers[i].calls - c->last[i];
	}
	if (c->missing > c->lost + c->skipped)
		wl_die("%s: %lu events are missing, %lu lost", c->file, c->missing, c->lost);
	if (c->follow && !within(c, c->events + c->lost, calls))
		wl_die("%s: %lu shown and %lu lost of %lu", c->file, c->events, c->lost, calls);
	if (!c->newest)
		return;
	if (!within(c, c->events, calls < c->newest ? calls : c->newest))
		wl_die("%s: %lu events instead of %lu", c->file, c->events, c->newest);
	if (c->lost || c->missing + left > c->skipped)
		wl_die("%s: %lu lost, %lu missing, %lu newer ones", c->file, c->lost, c->missing,
		       left);
}

/* check-record WRITERS FILE [--follow] [--newest N] [--lanes] [--skipped N]: FILE is what `dump
 * --events -j` has printed; with --follow from before they began to after they ended, with --newest
 * after they ended. With --lanes what is missing may be told of later; of what was skipped, N at
 * most, nothing is told. */
bool wl_cmd_check_record(int argc, char **argv)
{
	static const struct option options[] = { { "follow", no_argument, NULL, 'f' },
						 { "newest", required_argument, NULL, 'n' },
						 { "lanes", no_argument, NULL, 'l' },
						 { "skipped", required_argument, NULL, 's' },
						 { 0 } };
	struct check *check = wl_shared(sizeof(*check));
	size_t room = 0;
	char *line = NULL;
	ssize_t len;
	FILE *in;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			check->follow = true;
		else if (c == 'n')
			check->newest = wl_number(optarg, "--newest");
		else if (c == 'l')
			check->lanes = true;
		else if (c == 's')
			check->skipped = wl_number(optarg, "--skipped");
		else
			return false;
	}
	if (argc - optind != 2)
		return false;
	read_writers(check, argv[optind]);
	check->file = argv[optind + 1];
	in = fopen(check->file, "re");
	if (!in)
		wl_must(-1, check->file);
	while ((len = getline(&line, &room, in)) > 0) {
		check->line_number++;
		check->line = line;
		check_line(check, len);
	}
	fclose(in);
	free(line);
	check_end(check);
	printf("%lu shown, %lu lost, %lu missing\n", check->events, check->lost, check->missing);
	return true;
}
