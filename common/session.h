/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BPF object's life: open, configure, choose hooks, load, attach, close.
 *
 * The only file that knows the skeleton is session.c.
 */
#ifndef WT_SESSION_H
#define WT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "backend.h"

struct buf;
struct filter;
struct filter_task;

struct session_options {
	const struct filter *filter; /* resolved */
	enum backend backend;
	bool no_latency;
	bool trace_pipe;
	bool include_self;
	uint64_t ring_size;		   /* bytes, a power of two */
	uint32_t data_max;		   /* bytes, 0 to WT_DATA_MAX */
	bool has_command;		   /* a COMMAND will be listed with session_list() */
	uint32_t skip_pgrp;		   /* process group not to trace unless named, or 0 */
	const struct filter_task *skipped; /* processes not to trace unless named */
	uint32_t n_skipped;
};

struct session;

/** session_open - load and attach what the options ask for, with the best backend that works
 *
 * A backend is believed after an operation of our own has been seen on each of its hooks.
 * Return: 0; -EOPNOTSUPP if the kernel or our privileges do not allow it, or another -errno; with
 * the reason in @why.
 */
int session_open(struct session **session, const struct session_options *options, struct buf *why);

/** session_list - trace this process, too, and (with follow) those it starts
 *
 * Return: 0 or -errno.
 */
int session_list(struct session *session, uint32_t pid, uint64_t start_ns);

/** session_stop - no more events after this; those in the ring can still be read
 *
 * Where detaching takes the kernel long, a process of its own goes on with that.
 */
void session_stop(struct session *session);

/** session_close - detach what is attached, and wait for that */
void session_close(struct session *session);

enum backend session_backend(const struct session *session);

/** session_ring_fd - the ring buffer map */
int session_ring_fd(const struct session *session);

/** session_file_slots - size of the kernel's table of files it has described */
uint64_t session_file_slots(const struct session *session);

/** session_want_wakeup - ask for a wake-up with the next record, before sleeping for long */
void session_want_wakeup(struct session *session, bool want);

/** session_lost - what was lost so far, by enum wt_lost
 *
 * @known is false for a cause that this kernel cannot count.
 * Return: 0 or -errno.
 */
int session_lost(const struct session *session, uint64_t *lost, bool *known);

#endif
