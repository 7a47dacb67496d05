// SPDX-License-Identifier: GPL-2.0-only
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "kernel.h"
#include "loss.h"
#include "objects.h"
#include "tally_internal.h"

/* Several maps; those that fail leave -errno in their place. Return: 0 or the first -errno. */
static int open_maps(struct tally_source *s, const struct objects *objects)
{
	const bool by_file = s->meta->by & WT_BY_FILE;
	const struct {
		int *fd;
		const char *name;
		__u32 type, key, value;
		bool wanted;
	} maps[] = {
		{ &s->totals, "totals", BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct wt_total),
		  true },
		{ &s->other, "other", BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct wt_other), true },
		{ &s->rows, "rows", BPF_MAP_TYPE_HASH, 8, sizeof(struct wt_row), true },
		{ &s->row_files, "row_files", BPF_MAP_TYPE_HASH, 8, sizeof(struct wt_row_file),
		  by_file },
		{ &s->row_paths, "row_paths", BPF_MAP_TYPE_HASH, sizeof(struct wt_row_path_key),
		  sizeof(struct wt_row_path), by_file },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		*maps[i].fd = maps[i].wanted ? objects_map(objects, maps[i].name, maps[i].type,
							   maps[i].key, maps[i].value)
					     : -1;
		if (maps[i].wanted && *maps[i].fd < 0 && !err)
			err = *maps[i].fd;
	}
	return err;
}

static int map_shared(struct tally_source *s, const struct objects *objects)
{
	int fd = objects_map(objects, OBJECTS_SHARED, BPF_MAP_TYPE_ARRAY, 4,
			     sizeof(struct wt_shared));
	void *shared;

	if (fd < 0)
		return fd;
	shared = mmap(NULL, sizeof(struct wt_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared != MAP_FAILED)
		s->shared = shared;
	close(fd);
	return s->shared ? 0 : -errno;
}

int tally_open(struct tally_source **source, const struct objects *objects,
	       const struct wt_meta *meta)
{
	struct tally_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->meta = meta;
	err = open_maps(s, objects);
	if (!err)
		err = map_shared(s, objects);
	if (!err)
		err = loss_open(&s->loss, objects, meta);
	if (err)
		tally_close(s);
	else
		*source = s;
	return err;
}

void tally_close(struct tally_source *s)
{
	if (!s)
		return;
	const int fds[] = { s->totals, s->other, s->rows, s->row_files, s->row_paths };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (s->shared)
		munmap(s->shared, sizeof(*s->shared));
	loss_close(s->loss);
	free(s);
}

bool tally_enabled(const struct tally_source *source)
{
	return __atomic_load_n(&source->shared->enabled, __ATOMIC_SEQ_CST);
}

int tally_lost(const struct tally_source *source, uint64_t *lost, bool *known)
{
	return loss_read(source->loss, lost, known);
}

/* All programs have seen the epoch: nobody adds to the place of the one before. */
static int settle(struct tally_source *s, __u32 epoch)
{
	int err = kernel_wait_for_programs();

	if (!err)
		__atomic_store_n(&s->shared->settled, epoch, __ATOMIC_SEQ_CST);
	return err;
}

void tally_add_sums(struct wt_sums *sum, const struct wt_sums *more)
{
	sum->calls += more->calls;
	sum->bytes += more->bytes;
	sum->errors += more->errors;
	sum->latency_ns += more->latency_ns;
	if (more->latency_max_ns > sum->latency_max_ns)
		sum->latency_max_ns = more->latency_max_ns;
}

static void add_total(struct tally_op *op, const struct wt_total *total, unsigned int place)
{
	tally_add_sums(&op->sums, &total->sums[place]);
	for (int i = 0; i < WT_HIST_BUCKETS; i++) {
		op->latency_hist[i] += total->latency_hist[place][i];
		op->size_hist[i] += total->size_hist[place][i];
	}
}

/* Calls @fn with each CPU's value of one element of a per-CPU map. */
static int each_cpu(int map, __u32 key, size_t size, void (*fn)(void *arg, const void *value),
		    void *arg)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	char *values;

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, size);
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map, &key, values))
		err = -errno;
	for (int cpu = 0; !err && cpu < cpus; cpu++)
		fn(arg, values + cpu * size);
	free(values);
	return err;
}

struct place_of {
	void *to;
	unsigned int place;
};

static void add_cpu_total(void *arg, const void *value)
{
	const struct place_of *p = arg;

	add_total(p->to, value, p->place);
}

static void add_cpu_other(void *arg, const void *value)
{
	const struct place_of *p = arg;

	tally_add_sums(p->to, &((const struct wt_other *)value)->sums[p->place]);
}

/* Adds what stands in one place, which stands still, of everything. */
static int add_place(struct tally *t, const struct tally_source *s, unsigned int place)
{
	struct place_of other = { &t->other, place };
	int err = 0;

	for (unsigned int op = 0; op < WT_OP_COUNT && !err; op++) {
		struct place_of total = { &t->ops[op], place };

		if (s->meta->ops & 1ULL << op)
			err = each_cpu(s->totals, op, sizeof(struct wt_total), add_cpu_total,
				       &total);
	}
	if (!err)
		err = each_cpu(s->other, 0, sizeof(struct wt_other), add_cpu_other, &other);
	return err ? err : tally_add_rows(t, s, place);
}

/* A row that was made after the change has not counted anything before it. */
static void drop_new_rows(struct tally *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].sums.calls)
			t->rows[n++] = t->rows[i];
	t->n_rows = n;
}

/* See struct wt_sums. */
int tally_read(struct tally *t, const struct tally_source *source)
{
	struct tally_source *s = (struct tally_source *)source;
	__u32 epoch = __atomic_load_n(&s->shared->epoch, __ATOMIC_SEQ_CST);
	int err = 0;

	*t = (struct tally){ .has_max = true };
	/* a reader that was killed may have changed the epoch and not waited */
	if (__atomic_load_n(&s->shared->settled, __ATOMIC_SEQ_CST) != epoch)
		err = settle(s, epoch);
	if (!err)
		err = add_place(t, s, (epoch + 1) & 1);
	__atomic_store_n(&s->shared->epoch, epoch + 1, __ATOMIC_SEQ_CST);
	t->at_ns = clock_boot_ns();
	if (!err)
		err = settle(s, epoch + 1);
	if (!err)
		err = add_place(t, s, epoch & 1);
	drop_new_rows(t);
	if (!err)
		err = tally_find_files(t, s);
	if (!err)
		err = loss_read(s->loss, t->lost, t->known);
	for (int op = 0; op < WT_OP_COUNT; op++)
		tally_add_sums(&t->totals, &t->ops[op].sums);
	return err;
}

int tally_calls(const struct tally_source *s, uint64_t *calls)
{
	struct tally_op sum = {};
	int err = 0;

	for (unsigned int op = 0; op < WT_OP_COUNT && !err; op++)
		for (unsigned int place = 0; place < WT_PLACES && !err; place++) {
			struct place_of total = { &sum, place };

			err = each_cpu(s->totals, op, sizeof(struct wt_total), add_cpu_total,
				       &total);
		}
	*calls = sum.sums.calls;
	return err;
}

static void subtract_sums(struct wt_sums *sum, const struct wt_sums *less)
{
	sum->calls -= less->calls;
	sum->bytes -= less->bytes;
	sum->errors -= less->errors;
	sum->latency_ns -= less->latency_ns;
	sum->latency_max_ns = 0;
}

static void subtract_op(struct tally_op *op, const struct tally_op *less)
{
	subtract_sums(&op->sums, &less->sums);
	for (int i = 0; i < WT_HIST_BUCKETS; i++) {
		op->latency_hist[i] -= less->latency_hist[i];
		op->size_hist[i] -= less->size_hist[i];
	}
}

int tally_difference(struct tally *d, const struct tally *now, const struct tally *before)
{
	*d = *now;
	d->files = NULL;
	d->n_files = d->n_rows = 0;
	d->has_max = false;
	d->rows = calloc(now->n_rows + 1, sizeof(*d->rows));
	if (!d->rows)
		return -ENOMEM;
	for (int op = 0; op < WT_OP_COUNT; op++)
		subtract_op(&d->ops[op], &before->ops[op]);
	subtract_sums(&d->totals, &before->totals);
	subtract_sums(&d->other, &before->other);
	for (size_t i = 0; i < now->n_rows; i++) {
		const struct tally_row *old = tally_row_of(before, now->rows[i].id);
		struct tally_row row = now->rows[i];

		if (old)
			subtract_sums(&row.sums, &old->sums);
		row.sums.latency_max_ns = 0;
		if (row.sums.calls)
			d->rows[d->n_rows++] = row;
	}
	for (int i = 0; i < WT_LOST_COUNTERS; i++)
		d->lost[i] -= d->lost[i] < before->lost[i] ? d->lost[i] : before->lost[i];
	return 0;
}

void tally_latencies(uint64_t hist[WT_HIST_BUCKETS], const struct tally *t)
{
	memset(hist, 0, WT_HIST_BUCKETS * sizeof(*hist));
	for (unsigned int op = 0; op < WT_OP_COUNT; op++)
		for (unsigned int i = 0; i < WT_HIST_BUCKETS; i++)
			hist[i] += t->ops[op].latency_hist[i];
}

void tally_free(struct tally *t)
{
	for (size_t i = 0; i < t->n_files; i++)
		free(t->files[i]);
	free(t->files);
	free(t->rows);
	*t = (struct tally){};
}
