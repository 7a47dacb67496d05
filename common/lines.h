/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From records in the ring to lines in the output: paths are looked up, gaps put where they belong,
 * and everything is written out in large blocks.
 */
#ifndef WT_LINES_H
#define WT_LINES_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "output.h"
#include "print.h"

struct files;
struct filter;
struct session;
struct stream;
struct wt_event;

#define LINES_CPUS_MAX 4096

struct lines {
	struct print print;
	struct output output;
	const struct filter *filter;
	struct stream *stream; /* waits with us while the output takes nothing */
	uint64_t limit;	       /* stop after so many events; 0: never */
	struct files *files;
	struct buf out;
	uint64_t lost_seen[LINES_CPUS_MAX]; /* struct wt_event.lost, by CPU, as last shown */
	uint64_t lost_shown;
	uint64_t start_ns; /* clock_boot_ns() */
	uint64_t events;
	uint64_t bytes;
	bool header_due;   /* text, and nothing printed yet */
	bool closed;	   /* the output has no reader any more */
	bool lost_unknown; /* what was lost could not be read */
};

/** lines_open - begin; print, output, filter and limit are set
 *
 * @file_slots is session_file_slots().
 * Return: 0 or -ENOMEM.
 */
int lines_open(struct lines *l, uint64_t file_slots);

/** lines_flush - write out what has come together
 *
 * Return: 0 or -errno.
 */
int lines_flush(struct lines *l);

/** lines_header - the text header, unless it was printed before */
void lines_header(struct lines *l);

/** lines_signals - what lines_signal() is to be called for: a terminal of another size */
const sigset_t *lines_signals(void);

/* Callbacks for struct stream_calls; arg is a struct lines. */
int lines_record(void *arg, const void *record, size_t len);
int lines_idle(void *arg);
int lines_signal(void *arg, int number);

/** lines_finish - detach, then what is left in the ring, the last gap, the sum
 *
 * @lost and @known are filled as by session_lost(), @sum refers to
 * them.
 * Return: 0 or -errno.
 */
int lines_finish(struct lines *l, struct session *session, uint64_t *lost, bool *known,
		 struct print_sum *sum);

void lines_close(struct lines *l);

#endif
