/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways to see system calls, best first.
 */
#ifndef WT_BACKEND_H
#define WT_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct choice;
struct wt_meta;

enum backend {
	BACKEND_FENTRY,	    /* fentry and fexit on the functions of the system calls */
	BACKEND_RAW,	    /* sys_enter and sys_exit */
	BACKEND_TRACEPOINT, /* two tracepoints for each system call */
	BACKEND_COUNT,
	BACKEND_AUTO = BACKEND_COUNT, /* the first of these that works */
};

/** backend_name - "fentry", "raw", "tracepoint" */
const char *backend_name(enum backend backend);

/** backend_parse - the backend of that name
 *
 * Return: 0 or -EINVAL.
 */
int backend_parse(const char *name, enum backend *backend);

/** backend_choice - what backend_parse() knows: a choice_fn */
bool backend_choice(size_t i, struct choice *choice);

/** backend_program - name of an entry or exit program: fentry_write_0, fexit32_write_3, raw_exit_1
 *
 * @compat: that for calls of 32-bit programs, where these have one of their own.
 */
void backend_program(enum backend backend, bool exit, unsigned int op, bool compat, int copy,
		     char *name, size_t size);

/** backend_has_hook - whether the session has a hook of its own for @op, of 32-bit calls if @compat
 *
 * A backend whose one hook sees them all has one for the first operation.
 */
bool backend_has_hook(const struct wt_meta *meta, unsigned int op, bool compat);

/** backend_sees_begin - whether the session wants to be told when a call begins, too: for the
 * latency, or because it is AIO's io_submit
 */
bool backend_sees_begin(const struct wt_meta *meta, unsigned int op);

/** backend_sees_submit - whether what AIO is asked for is known before it has ended
 *
 * Backend raw would have to look at the beginning of every call for it, so not without latency.
 */
bool backend_sees_submit(const struct wt_meta *meta);

/** backend_hook - append where a backend sees operation @op (enum wt_op), for people */
void backend_hook(enum backend backend, unsigned int op, struct buf *out);

#endif
