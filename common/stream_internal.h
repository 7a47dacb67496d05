/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of a stream share.
 */
#ifndef WT_STREAM_INTERNAL_H
#define WT_STREAM_INTERNAL_H

#include <signal.h>

#include "stream.h"

struct stream {
	struct session *session;
	struct stream_calls calls;
	struct ring_buffer *ring;
	int epoll;
	int signals;
	int timer;
	int output;
	int ticks; /* another timer */
	int grace; /* and another one */
	int input;
	sigset_t others;
	int *targets; /* pidfds; -1 where the process is gone */
	size_t n_targets;
	size_t targets_left;
	struct stream_thread *tids;
	size_t n_tids;
	pid_t child;
	int child_status;
	unsigned int interrupts;
	unsigned int records; /* since the last look */
	int callback_err;
	enum stream_end end;
};

/* What epoll_event.data holds; targets are numbered from the last one on. */
enum { TAG_RING, TAG_SIGNALS, TAG_TIMER, TAG_OUTPUT, TAG_TICK, TAG_INPUT, TAG_GRACE, TAG_TARGETS };

/** stream_signals - those that a stream waits for, with @others (or NULL) */
void stream_signals(sigset_t *set, const sigset_t *others);

/** stream_record - takes a record out of the ring, for libbpf; @arg: the stream */
int stream_record(void *arg, void *data, size_t len);

/** stream_wait_for_child - COMMAND has been interrupted, too: it is given a second to end
 *
 * Return: 0 or -errno.
 */
int stream_wait_for_child(struct stream *s);

/** stream_finish - it is to end, for that reason unless there is one already */
void stream_finish(struct stream *s, enum stream_end end);

#endif
