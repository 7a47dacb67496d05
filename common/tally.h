/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a session has counted: totals, operations, rows, as of one moment.
 *
 * Read from the maps of a session of our own or of a pinned one, while its programs go on adding.
 * Numbers come from the kernel side and, if pinned, maybe from another version of us: what is out
 * of range is an error, never an index.
 */
#ifndef WT_TALLY_H
#define WT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#include "bpf/writetrace.h"

struct objects;

struct tally_op {
	struct wt_sums sums;
	uint64_t latency_hist[WT_HIST_BUCKETS];
	uint64_t size_hist[WT_HIST_BUCKETS];
};

/* The file of a row. */
struct tally_file {
	uint64_t id;
	uint64_t ino;
	uint32_t major, minor;
	uint8_t kind;	    /* enum wt_kind */
	uint8_t path_state; /* enum wt_path_state */
	uint32_t path_len;
	char path[];
};

struct tally_row {
	uint64_t id; /* the same in every tally of a session */
	const struct tally_file
		*file;	  /* NULL: not by file, the descriptor was not open, not known */
	uint64_t file_id; /* 0: the same, but for not known */
	uint64_t start_ns;
	uint64_t cgroup;
	uint32_t pid;
	uint32_t uid;
	uint32_t op;
	char comm[WT_COMM_LEN]; /* ends with a NUL, or is full */
	struct wt_sums sums;
};

/* totals = sum of ops = sum of rows and other, exactly. */
struct tally {
	uint64_t at_ns; /* CLOCK_BOOTTIME: when this was so */
	struct wt_sums totals;
	struct tally_op ops[WT_OP_COUNT];
	struct tally_row *rows;
	size_t n_rows;
	struct wt_sums other; /* operations for which no row was left */
	uint64_t lost[WT_LOST_COUNTERS];
	bool known[WT_LOST_COUNT]; /* false: this kernel cannot count it, and lost is 0 */
	bool has_max;		   /* latency_max_ns is known; it is not in a difference */
	struct tally_file **files;
	size_t n_files;
};

struct tally_source;

/** tally_open - find the maps and programs of the session that @meta describes
 *
 * @meta must stay, and be checked if it is not our own.
 * Return: 0; -EINVAL if a map is not what it should be; another -errno.
 */
int tally_open(struct tally_source **source, const struct objects *objects,
	       const struct wt_meta *meta);
void tally_close(struct tally_source *source);

/** tally_enabled - the session still counts */
bool tally_enabled(const struct tally_source *source);

/** tally_calls - operations counted up to now, roughly if it goes on; cheap
 *
 * Return: 0 or -errno.
 */
int tally_calls(const struct tally_source *source, uint64_t *calls);

/** tally_lost - as loss_read() */
int tally_lost(const struct tally_source *source, uint64_t *lost, bool *known);

/** tally_read - what has been counted up to now
 *
 * Takes the kernel a grace period or two, some 10 ms each. Only one may read a session at a time,
 * see bpffs_session_lock().
 *
 * @tally is overwritten; tally_free() it, also after an error.
 * Return: 0; -EINVAL if what the maps hold makes no sense; another -errno.
 */
int tally_read(struct tally *tally, const struct tally_source *source);

/** tally_difference - what came between two tallies of one session
 *
 * Rows that did not change are left out, has_max is false. Files stay those of @now, so @difference
 * is to be freed before it.
 * Return: 0 or -ENOMEM.
 */
int tally_difference(struct tally *difference, const struct tally *now, const struct tally *before);

/** tally_latencies - how long operations took, all kinds of them together */
void tally_latencies(uint64_t hist[WT_HIST_BUCKETS], const struct tally *tally);

void tally_free(struct tally *tally);

#endif
