/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits on the ring, signals and the child, and hands each record to one callback in place.
 *
 * Signals are blocked from stream_open() on and arrive through the same poll set as everything
 * else. The first SIGINT, SIGTERM or SIGHUP ends the wait; the second ends stream_write_wait(),
 * too.
 */
#ifndef WT_STREAM_H
#define WT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct session;

enum stream_end {
	STREAM_GOES_ON,
	STREAM_INTERRUPTED,  /* SIGINT, SIGTERM or SIGHUP */
	STREAM_CHILD_EXITED, /* COMMAND */
	STREAM_TARGETS_GONE, /* all processes to wait for */
	STREAM_TIME_UP,
	STREAM_OUTPUT_CLOSED, /* nobody reads any more */
	STREAM_ENOUGH,	      /* the callback said so, with STREAM_STOP */
};

/* What a callback returns to end the stream without an error. */
#define STREAM_STOP 1

struct stream_calls {
	/* One record, @len bytes, valid during the call. Return 0, STREAM_STOP or -errno. */
	int (*record)(void *arg, const void *record, size_t len);
	/* The ring is empty for now: time to write out. Return as above. */
	int (*idle)(void *arg);
	/* Another tick_ns have passed. Return as above. */
	int (*tick)(void *arg);
	/* There is something to read from input. Return as above. */
	int (*input)(void *arg);
	/* One of the other signals has come. Return as above. */
	int (*signal)(void *arg, int number);
	void *arg;
};

struct stream_thread {
	uint32_t tid;
	uint64_t start_ns; /* as of proc_task_start() */
};

struct stream_options {
	struct session *session;
	struct stream_calls calls;
	pid_t child;	      /* or 0 */
	const uint32_t *pids; /* processes (and below, threads) to wait for */
	size_t n_pids;
	const struct stream_thread *tids;
	size_t n_tids;
	uint64_t duration_ns;	/* 0: no limit */
	int output;		/* descriptor whose reader may go away */
	uint64_t tick_ns;	/* 0: there is no tick */
	int input;		/* looked at if there is calls.input */
	const sigset_t *others; /* signals besides SIGINT, SIGTERM, SIGHUP and SIGCHLD; or NULL */
};

struct stream;

/** stream_block_signals - block what the stream will read; before COMMAND is started
 *
 * @others are those of the stream_options. @before gets the mask there was, for COMMAND.
 * Return: 0 or -errno.
 */
int stream_block_signals(const sigset_t *others, sigset_t *before);

/** stream_pending_end - the signal by which we were told to end since they are blocked, or 0 */
int stream_pending_end(void);

/** stream_open - Return: 0 or -errno */
int stream_open(struct stream **stream, const struct stream_options *options);
void stream_close(struct stream *stream);

/** stream_run - hand out records until something ends it
 *
 * Return: an enum stream_end, or -errno (of a callback, too).
 */
int stream_run(struct stream *stream);

/** stream_drain - hand out what is left in the ring
 *
 * Return: 0, STREAM_STOP or -errno.
 */
int stream_drain(struct stream *stream);

/** stream_wait_writable - wait until the output takes more
 *
 * Return: 0; -EINTR after a second signal; another -errno.
 */
int stream_wait_writable(struct stream *stream);

/** stream_child_status - exit status of COMMAND, as waitpid() gives it
 *
 * If it still runs after an interruption: that of one which dies of the same signal.
 */
int stream_child_status(struct stream *stream);

#endif
