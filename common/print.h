/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event as a text line or a JSON object, from one table of fields.
 */
#ifndef WT_PRINT_H
#define WT_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct file;
struct wt_event;
struct wt_meta;

#define PRINT_FIELDS_MAX 32

/* What takes so long is slow to people, and coloured. */
#define PRINT_SLOW_NS 10000000

struct print_options {
	bool json;
	bool pretty;
	bool color;
	bool data;		    /* written data is shown */
	bool latency;		    /* latency is measured */
	bool terminal;		    /* text is for people: human units, see print_sync_terminal() */
	const struct wt_meta *meta; /* whose start is the times' base; or NULL */
};

struct print {
	struct print_options options;
	unsigned char columns[PRINT_FIELDS_MAX]; /* rows of the field table, in order */
	size_t n_columns;
	unsigned int width; /* of the terminal; 0: it is none */
	unsigned int height;
	bool narrow;	      /* it has no room for all columns as they are elsewhere */
	unsigned int lines;   /* since the header */
	uint64_t wall_second; /* cache of the text form of a second */
	char wall_text[32];
	int64_t wall_offset_ns; /* CLOCK_REALTIME less CLOCK_BOOTTIME */
};

/** print_setup - what is shown and how; @columns is a list as -C takes it, or NULL
 *
 * Return: 0, or -EINVAL with the reason in @why.
 */
int print_setup(struct print *p, const struct print_options *options, const char *columns,
		struct buf *why);

/** print_sync_clock - take the offset between the kernel's stamps and wall-clock time anew */
void print_sync_clock(struct print *p);

/** print_sync_terminal - take the size of the terminal @fd anew; nothing if the output is none
 *
 * Paths are then shortened in their middle where a line would be too long, columns are narrow where
 * there is no room for them otherwise, and the header returns after each screenful, and when that
 * has changed.
 */
void print_sync_terminal(struct print *p, int fd);

/** print_header - the text header */
void print_header(struct print *p, struct buf *out);

/** print_event - one operation with the data behind it; @file may be NULL if it is not known */
void print_event(struct print *p, struct buf *out, const struct wt_event *event,
		 const struct file *file);

/** print_lost - @count operations are missing here, because of @cause (enum wt_lost) */
void print_lost(struct print *p, struct buf *out, uint64_t time_ns, uint64_t count,
		unsigned int cause);

/** print_gap - the same for a cause that has no number */
void print_gap(struct print *p, struct buf *out, uint64_t time_ns, uint64_t count,
	       const char *cause);

struct print_sum {
	uint64_t events;
	uint64_t bytes;
	const uint64_t *lost; /* by enum wt_lost */
	const bool *known;
	uint64_t elapsed_ns;
};

/** print_end - the last line of JSON */
void print_end(struct print *p, struct buf *out, const struct print_sum *sum);

/** print_sum_text - the same in words, for a note; no newline */
void print_sum_text(struct buf *out, const struct print_sum *sum);

/** print_lost_name - name of an enum wt_lost */
const char *print_lost_name(unsigned int cause);

#endif
