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
#include "objects.h"

struct buf;
struct filter;
struct filter_task;
struct wt_meta;

struct session_options {
	const struct filter *filter; /* resolved */
	enum backend backend;
	const char *name; /* of a session that is to be pinned, else NULL */
	bool stream;	  /* operations go into a ring */
	bool tally;	  /* operations are counted */
	uint32_t by;	  /* WT_BY_*: what rows are told apart by */
	uint32_t rows;	  /* how many there may be */
	uint32_t events;  /* what the flight recorder keeps; 0: there is none */
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

/** session_enable - programs that were attached see operations from now on */
void session_enable(struct session *session);

/** session_forget_us - of a pinned session: we have written all that we write, and end
 *
 * Until then it does not trace us. Our number may be another process's later.
 */
void session_forget_us(struct session *session);

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

/** session_close - detach what is attached and not pinned, and wait for that */
void session_close(struct session *session);

/** session_meta - what the session is; of the session */
const struct wt_meta *session_meta(const struct session *session);

/** session_objects - its programs and maps by name */
struct objects session_objects(struct session *session);

/** session_each_object - call @fn for each map, program and link, in this order
 *
 * @fd stays the session's.
 * Return: 0 or what @fn returned first.
 */
int session_each_object(const struct session *session,
			int (*fn)(void *arg, const char *name, int fd), void *arg);

/** session_seal - the description is complete: store it in map meta, for good
 *
 * Return: 0 or -errno.
 */
int session_seal(struct session *session);

/** session_memory - bytes of kernel memory that the maps of such a session take on a machine of
 * @cpus possible CPUs, of a kernel that preempts programs or does not, and whose task storage
 * refuses such programs or does not
 *
 * Reckoned from the sizes of the maps as the kernel allocates them (kernel/bpf/hashtab.c,
 * arraymap.c, ringbuf.c): entries times key and value, each rounded up to 8 bytes, 48 bytes a hash
 * entry, 16 a bucket, per-CPU values times @cpus.
 * Return: bytes, or -errno.
 */
int64_t session_memory(const struct session_options *options, unsigned int cpus, bool preempts,
		       bool storage_refuses);

/** session_storage_refuses - what session_memory() wants to know of the kernel that @session is of
 */
bool session_storage_refuses(const struct session *session);

/** session_holes - append what this session should see and this kernel does not show it; nothing if
 * there is nothing */
void session_holes(const struct session *session, struct buf *out);

/** session_ring_fd - the ring buffer map, or -1 */
int session_ring_fd(const struct session *session);

/** session_file_slots - size of the kernel's table of files it has described */
uint64_t session_file_slots(const struct session *session);

/** session_want_wakeup - ask for a wake-up with the next record, before sleeping for long */
void session_want_wakeup(struct session *session, bool want);

/** session_lost - what was lost so far, by enum wt_lost
 *
 * @lost has WT_LOST_COUNTERS places, @known WT_LOST_COUNT. Unpaired has the unseen in it. @known is
 * false for a cause that this kernel cannot count. Return: 0 or -errno.
 */
int session_lost(struct session *session, uint64_t *lost, bool *known);

#endif
