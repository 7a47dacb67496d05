/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace --top: a full-screen view of a session that counts, and what its keys do.
 */
#ifndef WT_TRACE_TOP_H
#define WT_TRACE_TOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct globals;
struct lines;
struct session;
struct stream_options;
struct trace_top;

/** trace_top_new - Return: a view that is new every @interval_ns, or -errno with the reason in
 * @why: the terminal is not one that can show it */
int trace_top_new(struct trace_top **top, const struct globals *globals, uint64_t interval_ns,
		  struct buf *why);

/** trace_top_signals - those that the stream has to wait for besides */
const sigset_t *trace_top_signals(const struct trace_top *top);

/** trace_top_stream - what the stream has to wait for, and whom to tell */
void trace_top_stream(struct trace_top *top, struct stream_options *options);

/** trace_top_show - take the terminal over and show what @session has counted up to now
 *
 * Return: 0 or -errno with the reason in @why.
 */
int trace_top_show(struct trace_top *top, struct session *session, struct buf *why);

/** trace_top_hide - give the terminal back; @top may be NULL */
void trace_top_hide(struct trace_top *top);

/** trace_top_end - stop the session and write what the view shows since the start to the output of
 * @lines
 *
 * @lost is filled, by enum wt_lost.
 * Return: 0 or -errno.
 */
int trace_top_end(struct trace_top *top, struct session *session, struct lines *lines,
		  uint64_t *lost);

/** trace_top_free - the terminal is given back, too; @top may be NULL */
void trace_top_free(struct trace_top *top);

#endif
