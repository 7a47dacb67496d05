/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the command dump share.
 */
#ifndef WT_DUMP_H
#define WT_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/heat.h"
#include "common/pinned.h"
#include "common/report.h"

struct buf;
struct bpffs;
struct globals;
struct progress;

struct dump {
	struct globals *globals;
	const char *name;
	uint64_t interval_ns;
	uint64_t limit;
	uint64_t events; /* at most */
	enum report_sort sort;
	bool has_limit;
	bool has_sort;
	bool list;
	bool has_events;
	bool follow;
	bool terminal;		   /* standard output is one */
	struct progress *progress; /* until something is printed */
	struct heat heat;	   /* of what --interval has printed */
	struct pinned pinned;
};

/** dump_events - the flight recorder's events, as trace prints them
 *
 * Return: 0 or -errno with the reason in @why.
 */
int dump_events(struct dump *d, struct buf *why);

/** dump_list - all sessions; a lock of @fs is held; @fs may be NULL: there are none
 *
 * Return: 0 or -errno with the reason in @why.
 */
int dump_list(struct dump *d, struct bpffs *fs, struct buf *why);

/** dump_put - write out what is in @out and empty it
 *
 * Return: 0 or -errno with the reason in @why.
 */
int dump_put(struct buf *out, struct buf *why);

/** dump_ready - from now on something is printed: no more of progress */
void dump_ready(struct dump *d);

/** dump_view - how reports are to look */
struct report_options dump_view(const struct dump *d);

#endif
