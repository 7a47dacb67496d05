// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads whose sums are known exactly: `files` (many files), `load` (many writers at once) and
 * `swarm` (many processes). SUMS gets one document of the form of `writetrace dump -j`, of what can
 * be known:
 *
 * {"totals":{"calls":2,"bytes":5,"errors":1},
 *  "ops":[{"op":"write","calls":2,"bytes":5,"errors":1,"size_hist":[{"le":8,"count":2}]}],
 *  "rows":[{"pid":812,"comm":"workload","path":"/tmp/x/f0","calls":2,"bytes":5,"errors":1}]}
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define BUCKETS	     64
#define KEPT_OPEN    256
#define FAIL_EVERY   10
#define MIXED_EVERY  8
#define MIXED_CALLS  1800
#define LOOK_EVERY   128
#define SIZE_MAX_NOW 4096

struct sums {
	unsigned long calls, bytes, errors;
};

struct op_sums {
	struct sums sums;
	unsigned long size_hist[BUCKETS]; /* by i: up to 2^i */
};

static struct iovec good_iov(size_t size)
{
	static char bytes[SIZE_MAX_NOW];

	return (struct iovec){ bytes, size };
}

static void count_call(struct sums *sums, long ret)
{
	sums->calls++;
	if (ret < 0)
		sums->errors++;
	else
		sums->bytes += ret;
}

static void add_sums(struct sums *to, const struct sums *more)
{
	to->calls += more->calls;
	to->bytes += more->bytes;
	to->errors += more->errors;
}

/* One call of @size bytes at @pos; one that has to fail gets an address where nothing is. */
static void call(struct op_sums *ops, struct sums *row, enum wl_op op, int fd, size_t size,
		 off_t pos, bool fails)
{
	struct iovec iov = good_iov(size);
	unsigned int bucket = 0;
	long ret, want = fails ? -EFAULT : (long)size;

	if (fails)
		iov.iov_base = (void *)1;
	ret = wl_call(op, fd, &iov, 1, pos);
	if (ret != want)
		wl_die("%s of %zu bytes: %ld", wl_op_name(op), size, ret);
	while (size > 1ul << bucket)
		bucket++;
	count_call(&ops[op].sums, ret);
	ops[op].size_hist[bucket]++;
	count_call(row, ret);
}

/* Written in memory and stored at the end: nothing here may be a write. */
struct doc {
	FILE *text;
	char *bytes;
	size_t len;
	const char *comma;
};

static void put_sums(struct doc *doc, const struct sums *sums)
{
	fprintf(doc->text, "\"calls\":%lu,\"bytes\":%lu,\"errors\":%lu", sums->calls, sums->bytes,
		sums->errors);
}

static void put_op(struct doc *doc, const char *name, const struct op_sums *op)
{
	const char *comma = "";

	fprintf(doc->text, "%s{\"op\":\"%s\",", doc->comma, name);
	put_sums(doc, &op->sums);
	fprintf(doc->text, ",\"size_hist\":[");
	for (unsigned int i = 0; i < BUCKETS; i++) {
		if (!op->size_hist[i])
			continue;
		fprintf(doc->text, "%s{\"le\":%lu,\"count\":%lu}", comma, 1ul << i,
			op->size_hist[i]);
		comma = ",";
	}
	fprintf(doc->text, "]}");
	doc->comma = ",";
}

/* Two of ours are one operation by name. */
static void merge_ops(struct op_sums *ops)
{
	struct op_sums *to = &ops[WL_PWRITEV2], *from = &ops[WL_PWRITEV2_CUR];

	add_sums(&to->sums, &from->sums);
	for (unsigned int i = 0; i < BUCKETS; i++)
		to->size_hist[i] += from->size_hist[i];
	*from = (struct op_sums){};
}

static void doc_begin(struct doc *doc, struct op_sums *ops)
{
	struct sums totals = {};

	merge_ops(ops);
	*doc = (struct doc){ .comma = "" };
	doc->text = open_memstream(&doc->bytes, &doc->len);
	if (!doc->text)
		wl_die("out of memory");
	for (enum wl_op op = 0; op < WL_OPS; op++)
		add_sums(&totals, &ops[op].sums);
	fprintf(doc->text, "{\"totals\":{");
	put_sums(doc, &totals);
	fprintf(doc->text, "},\"ops\":[");
	for (enum wl_op op = 0; op < WL_OPS; op++)
		if (ops[op].sums.calls)
			put_op(doc, wl_op_name(op), &ops[op]);
	fprintf(doc->text, "],\"rows\":[");
	doc->comma = "";
}

static void doc_row(struct doc *doc, pid_t pid, const char *path, const struct sums *sums)
{
	if (!sums->calls)
		return;
	fprintf(doc->text, "%s\n{\"pid\":%d,\"comm\":\"workload\",\"path\":\"%s\",", doc->comma,
		pid, path);
	put_sums(doc, sums);
	fprintf(doc->text, "}");
	doc->comma = ",";
}

static void doc_end(struct doc *doc, const char *file)
{
	struct wl_expect *expect;

	fprintf(doc->text, "]}\n");
	if (fclose(doc->text))
		wl_die("out of memory");
	expect = wl_expect_open(file, 0, false);
	wl_expect_text(expect, doc->bytes, doc->len);
	wl_expect_close(expect);
	free(doc->bytes);
}

static char *numbered(const char *dir, char kind, unsigned long i)
{
	char name[32];

	snprintf(name, sizeof(name), "%c%lu", kind, i);
	return wl_path(dir, name);
}

static int open_numbered(const char *dir, char kind, unsigned long i)
{
	char *path = numbered(dir, kind, i);
	int fd = wl_must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), path);

	free(path);
	return fd;
}

static void *must_calloc(size_t n, size_t size)
{
	void *mem = calloc(n + 1, size);

	if (!mem)
		wl_die("out of memory");
	return mem;
}

struct files {
	const char *dir;
	unsigned long n, calls;
	bool unlink, mixed;
	int *fds; /* NULL: opened for each call */
	struct sums *rows;
	struct op_sums ops[WL_OPS];
};

/* Mixed: new ones all the time, and one that is used for a while. */
static unsigned long files_number(const struct files *f, unsigned long i)
{
	if (!f->mixed)
		return i % f->n;
	return i % MIXED_EVERY == MIXED_EVERY - 1 ? i - i % MIXED_CALLS : i;
}

static void files_call(struct files *f, unsigned long i)
{
	unsigned long file = files_number(f, i);
	int fd = f->fds ? f->fds[file] : open_numbered(f->dir, 'f', file);

	call(f->ops, &f->rows[file], WL_PWRITE64, fd, 1 + i % 251, i,
	     i % FAIL_EVERY == FAIL_EVERY - 1);
	if (f->unlink && !(f->mixed && file % MIXED_CALLS == 0)) {
		char *path = numbered(f->dir, 'f', file);

		wl_must(unlink(path), path);
		free(path);
	}
	if (!f->fds)
		wl_must(close(fd), "close");
}

/* files DIR FILES CALLS SUMS [--unlink] [--mixed]: call i is a pwrite64 of 1 + i % 251 bytes at
 * offset i to f<i % FILES>, or as files_number() says; each tenth fails */
bool wl_cmd_files(int argc, char **argv)
{
	static const struct option options[] = { { "unlink", no_argument, NULL, 'u' },
						 { "mixed", no_argument, NULL, 'm' },
						 { 0 } };
	struct files f = {};
	struct doc doc;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'u')
			f.unlink = true;
		else if (c == 'm')
			f.mixed = true;
		else
			return false;
	}
	if (argc - optind != 4)
		return false;
	argv += optind;
	f.dir = argv[0];
	f.n = wl_number(argv[1], "FILES");
	f.calls = wl_number(argv[2], "CALLS");
	if (!f.n || (f.mixed && f.n < f.calls))
		return false;
	f.rows = must_calloc(f.n, sizeof(*f.rows));
	if (f.n <= KEPT_OPEN && !f.unlink) {
		f.fds = must_calloc(f.n, sizeof(*f.fds));
		for (unsigned long i = 0; i < f.n; i++)
			f.fds[i] = open_numbered(f.dir, 'f', i);
	}
	for (unsigned long i = 0; i < f.calls; i++)
		files_call(&f, i);
	doc_begin(&doc, f.ops);
	for (unsigned long i = 0; i < f.n; i++) {
		char *path = numbered(f.dir, 'f', i);

		doc_row(&doc, getpid(), path, &f.rows[i]);
		free(path);
	}
	doc_end(&doc, argv[3]);
	free(f.rows);
	free(f.fds);
	return true;
}

/* In memory that all processes of `load` share: what one of them has done */
struct load_process {
	pid_t pid;
	pthread_mutex_t lock;
	struct op_sums ops[WL_OPS];
	struct sums rows[];
};

struct load {
	const char *dir, *until;
	unsigned long processes, threads, calls, files;
	size_t process_size;
	char *shared;
};

struct load_thread {
	pthread_t id;
	const struct load *load;
	struct load_process *process;
	unsigned long number;
};

static struct load_process *load_process(const struct load *load, unsigned long i)
{
	return (struct load_process *)(load->shared + i * load->process_size);
}

static void *load_thread(void *arg)
{
	static const size_t sizes[] = { 1, 4096, 100, 512, 7, 0, 1000, 333, 2, 2048, 64 };
	const struct load_thread *t = arg;
	const struct load *load = t->load;
	struct sums *rows = must_calloc(load->files, sizeof(*rows));
	struct op_sums *ops = must_calloc(WL_OPS, sizeof(*ops));
	int *fds = must_calloc(load->files, sizeof(*fds));

	for (unsigned long i = 0; i < load->files; i++)
		fds[i] = open_numbered(load->dir, 'l', i);
	for (unsigned long i = t->number; i < load->calls + t->number; i++) {
		unsigned long file = i * 7 % load->files;
		size_t size = sizes[i % (sizeof(sizes) / sizeof(*sizes))];
		bool fails = size && i % 97 == 0;

		if (load->until && i % LOOK_EVERY == 0 && !access(load->until, F_OK))
			break;
		/* those without a position do not make the file larger and larger */
		wl_must(lseek(fds[file], 0, SEEK_SET), "lseek");
		call(ops, &rows[file], i % WL_OPS, fds[file], size, i % 16 * 512, fails);
	}
	pthread_mutex_lock(&t->process->lock);
	for (unsigned long i = 0; i < load->files; i++)
		add_sums(&t->process->rows[i], &rows[i]);
	for (enum wl_op op = 0; op < WL_OPS; op++) {
		add_sums(&t->process->ops[op].sums, &ops[op].sums);
		for (unsigned int i = 0; i < BUCKETS; i++)
			t->process->ops[op].size_hist[i] += ops[op].size_hist[i];
	}
	pthread_mutex_unlock(&t->process->lock);
	for (unsigned long i = 0; i < load->files; i++)
		wl_must(close(fds[i]), "close");
	free(fds);
	free(ops);
	free(rows);
	return NULL;
}

static void load_run_process(const struct load *load, unsigned long number)
{
	struct load_thread *threads = must_calloc(load->threads, sizeof(*threads));
	struct load_process *process = load_process(load, number);

	pthread_mutex_init(&process->lock, NULL);
	process->pid = getpid();
	for (unsigned long i = 0; i < load->threads; i++) {
		threads[i] = (struct load_thread){ .load = load,
						   .process = process,
						   .number = number * load->threads + i };
		if (pthread_create(&threads[i].id, NULL, load_thread, &threads[i]))
			wl_die("pthread_create failed");
	}
	for (unsigned long i = 0; i < load->threads; i++)
		pthread_join(threads[i].id, NULL);
	free(threads);
}

static void load_store(const struct load *load, const char *file)
{
	struct op_sums *ops = must_calloc(WL_OPS, sizeof(*ops));
	struct doc doc;

	for (unsigned long p = 0; p < load->processes; p++)
		for (enum wl_op op = 0; op < WL_OPS; op++) {
			const struct op_sums *from = &load_process(load, p)->ops[op];

			add_sums(&ops[op].sums, &from->sums);
			for (unsigned int i = 0; i < BUCKETS; i++)
				ops[op].size_hist[i] += from->size_hist[i];
		}
	doc_begin(&doc, ops);
	for (unsigned long p = 0; p < load->processes; p++)
		for (unsigned long i = 0; i < load->files; i++) {
			const struct load_process *process = load_process(load, p);
			char *path = numbered(load->dir, 'l', i);

			doc_row(&doc, process->pid, path, &process->rows[i]);
			free(path);
		}
	doc_end(&doc, file);
	free(ops);
}

/* load DIR PROCESSES THREADS CALLS FILES SUMS [--until FILE]: each thread of each process makes
 * CALLS calls, of all operations, sizes and some outcomes, to all of the same FILES files; fewer if
 * FILE comes to exist */
bool wl_cmd_load(int argc, char **argv)
{
	static const struct option options[] = { { "until", required_argument, NULL, 'u' }, { 0 } };
	struct load load = {};
	pid_t *pids;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'u')
			return false;
		load.until = optarg;
	}
	if (argc - optind != 6)
		return false;
	argv += optind;
	load.dir = argv[0];
	load.processes = wl_number(argv[1], "PROCESSES");
	load.threads = wl_number(argv[2], "THREADS");
	load.calls = wl_number(argv[3], "CALLS");
	wl_die_with_parent();
	load.files = wl_number(argv[4], "FILES");
	if (!load.files)
		return false;
	load.process_size = sizeof(struct load_process) + load.files * sizeof(struct sums);
	load.shared = wl_shared((load.processes + 1) * load.process_size);
	pids = must_calloc(load.processes, sizeof(*pids));
	for (unsigned long i = 0; i < load.processes; i++) {
		pids[i] = wl_fork();
		if (!pids[i]) {
			load_run_process(&load, i);
			_exit(0);
		}
	}
	for (unsigned long i = 0; i < load.processes; i++)
		wl_wait(pids[i]);
	load_store(&load, argv[5]);
	free(pids);
	return true;
}

#define SWARM_FILES 16
#define SWARM_JOBS  8

static unsigned long swarm_calls(pid_t pid)
{
	return 1 + pid % 3;
}

static size_t swarm_size(pid_t pid)
{
	return 1 + pid % 1009;
}

static void swarm_child(const char *dir)
{
	struct op_sums ops[WL_OPS] = {};
	struct sums row = {};
	pid_t pid = getpid();
	int fd = open_numbered(dir, 's', pid % SWARM_FILES);

	for (unsigned long i = 0; i < swarm_calls(pid); i++)
		call(ops, &row, WL_WRITE, fd, swarm_size(pid), 0, false);
	_exit(0);
}

/* One has ended; which was it? */
static pid_t swarm_wait(void)
{
	int status;
	pid_t pid = wl_must(wait(&status), "wait");

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		wl_die("child %d failed: status %#x", pid, status);
	return pid;
}

static void swarm_note(struct doc *doc, const char *dir, pid_t pid)
{
	unsigned long calls = swarm_calls(pid);
	char *path = numbered(dir, 's', pid % SWARM_FILES);

	doc_row(doc, pid, path, &(struct sums){ calls, calls * swarm_size(pid), 0 });
	free(path);
}

/* swarm DIR COUNT SUMS: short-lived processes, each with a number of bytes that is its own; some at
 * a time. Only the rows are noted down. */
bool wl_cmd_swarm(int argc, char **argv)
{
	struct op_sums none[WL_OPS] = {};
	unsigned long count, running = 0;
	struct doc doc;

	if (argc != 4)
		return false;
	count = wl_number(argv[2], "COUNT");
	doc_begin(&doc, none);
	for (unsigned long i = 0; i < count; i++) {
		if (running == SWARM_JOBS)
			swarm_note(&doc, argv[1], swarm_wait());
		else
			running++;
		if (!wl_fork())
			swarm_child(argv[1]);
	}
	while (running--)
		swarm_note(&doc, argv[1], swarm_wait());
	doc_end(&doc, argv[3]);
	return true;
}
