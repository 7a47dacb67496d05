/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test workload's own parts: calls with a known outcome, and the file that says what writetrace
 * must show for them. That file is filled through a shared mapping: nothing here that notes down a
 * write may itself be a write.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define WL_DATA_MAX 4096
#define WL_COMM_LEN 16
#define WL_MIB	    (1024 * 1024)

enum wl_op {
	WL_WRITE,
	WL_PWRITE64,
	WL_WRITEV,
	WL_PWRITEV,
	WL_PWRITEV2,
	WL_PWRITEV2_CUR, /* offset -1: the current position */
	WL_OPS,
};

/* One call and its outcome. Holds no pointers: it crosses an exec in a shared mapping. */
struct wl_event {
	pid_t pid, tid;
	uid_t uid;
	char comm[WL_COMM_LEN];
	enum wl_op op;
	int fd;
	bool open, deleted, has_offset;
	/* for what is none of enum wl_op; set after wl_event_describe() */
	char op_name[24];
	bool no_fd, no_size, no_data;
	char kind[8];
	char family[8], peer[112]; /* of sockets; "": not known */
	char path[PATH_MAX];
	unsigned int dev_major, dev_minor;
	unsigned long long ino;
	long long offset;
	size_t size;
	long ret;
	size_t data_len;
	char data[WL_DATA_MAX];
};

/* workload_expect.c: files that are filled without writing */

struct wl_expect;

/* @data_max: how many bytes of data each line holds; 0: no "data". @base64: comm_b64 for comm etc.
 */
struct wl_expect *wl_expect_open(const char *path, size_t data_max, bool base64);
void wl_expect_add(struct wl_expect *expect, const struct wl_event *ev);
void wl_expect_text(struct wl_expect *expect, const char *text, size_t len);
void wl_expect_close(struct wl_expect *expect);

struct wl_meter {
	uint64_t start_ns;
	long long wchar;
};

/* Stores calls, bytes, seconds and wchar since the start in $WORKLOAD_REPORT, if that is set.
 * wchar includes children that have been waited for. */
void wl_meter_start(struct wl_meter *meter);
void wl_meter_report(const struct wl_meter *meter, unsigned long calls, unsigned long bytes);

/* workload_call.c: doing calls and describing them */

__attribute__((noreturn, format(printf, 1, 2))) void wl_die(const char *fmt, ...);
/* Returns @ret, or dies naming @what and errno if it is -1. */
long wl_must(long ret, const char *what);
uint64_t wl_now_ns(void);
/* NULL, 0 if that is no operation's name */
const char *wl_op_name(enum wl_op op);
bool wl_op_parse(const char *name, enum wl_op *op);
/* Fills in the caller and the file behind @fd (-1: none), as of now; nothing of the call. */
void wl_event_describe(struct wl_event *ev, int fd);
/* Whom a call says that it sends to */
struct sockaddr;
void wl_event_peer(struct wl_event *ev, const struct sockaddr *sa);
/* The bare system call: bytes, or -errno. WL_WRITE and WL_PWRITE64 take the first vector. */
long wl_call(enum wl_op op, int fd, const struct iovec *iov, int count, off_t pos);
/* The same, and fills @ev. */
long wl_event_run(struct wl_event *ev, enum wl_op op, int fd, const struct iovec *iov, int count,
		  off_t pos);
/* As above for one buffer; dies unless all of it was written. */
void wl_event_run_full(struct wl_event *ev, enum wl_op op, int fd, const void *buf, size_t size,
		       off_t pos);
/* A whole non-negative number, or wl_die */
unsigned long wl_number(const char *text, const char *what);
/* "DIR/name", malloc'd */
char *wl_path(const char *dir, const char *name);
/* Opens DIR/name with @flags | O_CREAT | O_CLOEXEC, mode 0644; dies if it cannot. */
int wl_open(const char *dir, const char *name, int flags);
/* Reads until nothing is left to read now. */
void wl_drain(int fd);
/* Zeroed memory shared with children */
void *wl_shared(size_t size);
/* Dies unless @pid exited with status 0. */
void wl_wait(pid_t pid);
void wl_die_with_parent(void);
/* A child that dies with its parent; returns as fork does. */
pid_t wl_fork(void);

/* The `ops` run: each call is noted in @expect; data comes from @text at a place that moves on. */
struct wl_ops {
	struct wl_expect *expect;
	const char *dir;
	char *text;
	unsigned int calls;
	struct wl_event ev;
};

long wl_ops_vec(struct wl_ops *ops, enum wl_op op, int fd, const struct iovec *iov, int count,
		off_t pos);
/* One buffer of @size bytes, any outcome */
long wl_ops_any(struct wl_ops *ops, enum wl_op op, int fd, size_t size, off_t pos);
/* Dies unless the outcome is @want (bytes or -errno). */
void wl_ops_one(struct wl_ops *ops, enum wl_op op, int fd, size_t size, off_t pos, long want);
/* Each operation once; positions from @pos up. Dies if one falls short. */
void wl_ops_each(struct wl_ops *ops, int fd, size_t size, off_t pos);
/* Each operation once where those with a position may be refused */
void wl_ops_each_stream(struct wl_ops *ops, int fd, size_t size);

/* Parts of `ops`, each in its file */
void wl_ops_files(struct wl_ops *ops);
void wl_ops_paths(struct wl_ops *ops);
void wl_ops_fds(struct wl_ops *ops);
void wl_ops_errors(struct wl_ops *ops);

/* Starts such a run from "DIR EXPECT [--data N]"; false for wrong usage. */
bool wl_ops_begin(struct wl_ops *ops, int argc, char **argv);
void wl_ops_end(struct wl_ops *ops);

/* Subcommands: argv[0] is the subcommand. They return false for wrong usage. */
bool wl_cmd_ops(int argc, char **argv);
bool wl_cmd_ways(int argc, char **argv);
bool wl_cmd_uring(int argc, char **argv);
bool wl_cmd_silent(int argc, char **argv);
bool wl_cmd_overflow(int argc, char **argv);
bool wl_cmd_aio(int argc, char **argv);
bool wl_cmd_aio_many(int argc, char **argv);
bool wl_cmd_blocks(int argc, char **argv);
bool wl_cmd_leave(int argc, char **argv);
bool wl_cmd_loop(int argc, char **argv);
bool wl_cmd_spawn(int argc, char **argv);
bool wl_cmd_one(int argc, char **argv);
bool wl_cmd_names(int argc, char **argv);
bool wl_cmd_threads(int argc, char **argv);
bool wl_cmd_preempt(int argc, char **argv);
bool wl_cmd_wchar(int argc, char **argv);
bool wl_cmd_interrupted(int argc, char **argv);
bool wl_cmd_overtaken(int argc, char **argv);
bool wl_cmd_denied(int argc, char **argv);
bool wl_cmd_follow(int argc, char **argv);
bool wl_cmd_files(int argc, char **argv);
bool wl_cmd_load(int argc, char **argv);
bool wl_cmd_swarm(int argc, char **argv);
bool wl_cmd_record(int argc, char **argv);
bool wl_cmd_check_record(int argc, char **argv);

#endif
