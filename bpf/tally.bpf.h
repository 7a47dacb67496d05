/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Adds one finished operation to the totals and its row.
 *
 * Totals are per CPU, since every operation adds to one of a few. Rows are not: most belong to one
 * process, which is on one CPU at a time, and a row for each CPU would be most of the memory of a
 * large machine.
 */
#ifndef WT_TALLY_BPF_H
#define WT_TALLY_BPF_H

#include "emit.bpf.h"

/* Adds to a number of this CPU. */
static __always_inline void add_here(__u64 *to, __u64 n)
{
	if (cfg.copies > 1)
		add(to, n);
	else
		*to += n;
}

/* Tasks that come here at the same moment try again a few times. (Before Linux 5.12 the larger of
 * two may be lost then.) */
static __always_inline void raise(__u64 *most, __u64 value)
{
	__u64 old;
	int i;

	for (i = 0; i < 4; i++) {
		old = *(volatile __u64 *)most;
		if (value <= old || replace_word(most, old, value))
			break;
	}
}

static __always_inline void sums_add(struct wt_sums *s, const struct wt_done *d)
{
	add(&s->calls, 1);
	if (d->ret > 0)
		add(&s->bytes, d->ret);
	else if (d->ret < 0)
		add(&s->errors, 1);
	if (cfg.latency && d->has_latency) {
		add(&s->latency_ns, d->latency_ns);
		raise(&s->latency_max_ns, d->latency_ns);
	}
}

static __always_inline void sums_add_here(struct wt_sums *s, const struct wt_done *d)
{
	add_here(&s->calls, 1);
	if (d->ret > 0)
		add_here(&s->bytes, d->ret);
	else if (d->ret < 0)
		add_here(&s->errors, 1);
	if (cfg.latency && d->has_latency) {
		add_here(&s->latency_ns, d->latency_ns);
		if (d->latency_ns > s->latency_max_ns)
			raise(&s->latency_max_ns, d->latency_ns);
	}
}

/* hist_bucket() in common/hist.c. Without a branch: each would double the ways the verifier walks.
 */
static __always_inline __u32 hist_bucket(__u64 value)
{
	__u64 v = value - (value > 0), shift;
	__u32 bits = 0;

	v &= ~(1ULL << 63);
	shift = ((0xffffffffULL - v) >> 63) << 5;
	v >>= shift;
	bits += shift;
	shift = ((0xffffULL - v) >> 63) << 4;
	v >>= shift;
	bits += shift;
	shift = ((0xffULL - v) >> 63) << 3;
	v >>= shift;
	bits += shift;
	shift = ((0xfULL - v) >> 63) << 2;
	v >>= shift;
	bits += shift;
	shift = ((0x3ULL - v) >> 63) << 1;
	v >>= shift;
	bits += shift;
	bits += v - (v >> 1) * (v - 2); /* 0, 1, 2, 3 → 0, 1, 2, 2 */
	return bits;
}

static __always_inline void hist_add(__u64 hist[WT_HIST_BUCKETS], __u64 value)
{
	__u32 i = hist_bucket(value);

	if (i >= WT_HIST_BUCKETS)
		i = WT_HIST_BUCKETS - 1;
	barrier_var(i);
	if (i < WT_HIST_BUCKETS)
		add_here(&hist[i], 1);
}

static __always_inline void total_add(const struct wt_done *d, __u32 half)
{
	struct wt_total *t;
	__u32 op = d->call.op;

	t = bpf_map_lookup_elem(&totals, &op);
	if (!t)
		return;
	sums_add_here(&t->sums[half], d);
	if (cfg.latency && d->has_latency)
		hist_add(t->latency_hist[half], d->latency_ns);
	hist_add(t->size_hist[half], d->call.has_size ? d->call.size : 0);
}

static __always_inline __u64 process_start(const struct wt_done *d)
{
	struct task_struct *leader;
	__u64 start = 0;

	if (d->request) {
		done_asked(&start, d, process_start_ns);
		barrier_var(
			start); /* or both loads become one, of which the verifier wants one type */
		return start;
	}
	leader = kread(task_struct, d->who.task, group_leader);
	return kread(task_struct, leader, start_boottime);
}

/* The key of the operation's row: a hash, so that the table's keys are short. In a table of 10,240
 * rows two of them fall together once in 10^11 tables. */
static __always_inline __u64 row_key(const struct wt_done *d)
{
	__u64 key = 1, comm[2] = {};

	if (cfg.by & WT_BY_FILE)
		key = mix(key, d->file);
	if (cfg.by & WT_BY_PID) {
		key = mix(key, d->who.pid);
		key = mix(key, process_start(d));
	}
	if (cfg.by & WT_BY_COMM) {
		done_comm(d, (char(*)[WT_COMM_LEN])comm);
		key = mix(key, comm[0]);
		key = mix(key, comm[1]);
	}
	if (cfg.by & (WT_BY_UID | WT_BY_OP))
		key = mix(key, (cfg.by & WT_BY_UID ? (__u64)done_uid(d) << 32 : 0) |
				       (cfg.by & WT_BY_OP ? d->call.op : 0));
	if (cfg.by & WT_BY_CGROUP)
		key = mix(key, done_cgroup(d));
	return key;
}

/* The rest of the path in scratch place `place`. */
wt_function int row_path_rest(__u32 place, __u64 id, __u32 len)
{
	struct wt_row_path_key key = { .file = id };
	struct wt_scratch *s = scratch_get(place);
	__u32 from = WT_ROW_PATH_HEAD, i;

	if (!(cfg.by & WT_BY_FILE) || !s)
		return 0;
	for (i = 0; i < WT_PATH_MAX / WT_ROW_PATH_PART; i++) {
		if (from >= len)
			break;
		key.part = i;
		bpf_map_update_elem(&row_paths, &key, s->path + from, BPF_NOEXIST);
		from += WT_ROW_PATH_PART;
	}
	return 0;
}

#define EEXIST 17

/* Puts down the file of a row, unless another row has. Return: 0, or why it is not there. */
wt_function int row_file(__u32 place, __u64 file, __u64 id)
{
	struct wt_scratch *s = scratch_get(place);
	int len;

	if (!(cfg.by & WT_BY_FILE) || !s || bpf_map_lookup_elem(&row_files, &id))
		return 0;
	file_describe(s, place, (struct file *)file, id);
	__builtin_memset(s->path, 0, WT_ROW_PATH_HEAD);
	len = file_gather(s);
	if (len < 0)
		return 0;
	row_path_rest(place, id, len);
	len = bpf_map_update_elem(&row_files, &id, &s->file, BPF_NOEXIST);
	return len == -EEXIST ? 0 : len;
}

static __always_inline void row_fill(struct wt_row *row, const struct wt_done *d)
{
	__builtin_memset(row, 0, sizeof(*row));
	row->file = cfg.by & WT_BY_FILE ? d->file : 0;
	row->start_ns = cfg.by & WT_BY_PID ? process_start(d) : 0;
	row->cgroup = done_cgroup(d);
	row->pid = d->who.pid;
	row->uid = done_uid(d);
	row->op = d->call.op;
	done_comm(d, &row->comm);
}

#define E2BIG 7

/* Makes the operation's row. Return: whether it is there now. */
static __always_inline bool row_make(const struct wt_done *d, __u64 key)
{
	int place = scratch_take(), err = 0;
	struct wt_scratch *s;

	if (place == NO_SCRATCH)
		return false;
	s = scratch_get(place);
	if (s) {
		/* first the file: at the limit others may take the last place for one */
		if ((cfg.by & WT_BY_FILE) && d->has_file)
			err = row_file(place, (__u64)d->open_file, d->file);
		row_fill(&s->row, d);
		if (!err)
			err = bpf_map_update_elem(&rows, &key, &s->row, BPF_NOEXIST);
	}
	scratch_put(place);
	if (err == -E2BIG)
		shared.rows_full = 1;
	return true;
}

static __always_inline void row_add(const struct wt_done *d, __u32 half)
{
	struct wt_other *o;
	struct wt_row *row;
	__u32 zero = 0;
	__u64 key = row_key(d);

	row = bpf_map_lookup_elem(&rows, &key);
	if (!row && !shared.rows_full && row_make(d, key))
		row = bpf_map_lookup_elem(&rows, &key);
	if (row) {
		sums_add(&row->sums[half], d);
		return;
	}
	o = bpf_map_lookup_elem(&other, &zero);
	if (o)
		sums_add_here(&o->sums[half], d);
}

static __always_inline void tally(const struct wt_done *d)
{
	__u32 half = *(volatile __u32 *)&shared.epoch & 1;

	total_add(d, half);
	row_add(d, half);
}

#endif
