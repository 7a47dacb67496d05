// SPDX-License-Identifier: GPL-2.0-only
#include "report_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "choice.h"
#include "list.h"
#include "meta.h"
#include "ops.h"

static const struct choice sorts[] = {
	[REPORT_BYTES] = { "bytes", "bytes written", true },
	[REPORT_CALLS] = { "calls", "how many operations" },
	[REPORT_ERRORS] = { "errors", "how many have failed" },
	[REPORT_LATENCY] = { "latency", "time they took, all together" },
};

#define N_SORTS (sizeof(sorts) / sizeof(sorts[0]))

bool report_sort_choice(size_t i, struct choice *choice)
{
	return choice_at(sorts, N_SORTS, i, choice);
}

int report_parse_sort(const char *name, enum report_sort *sort, struct buf *why)
{
	for (size_t i = 0; i < N_SORTS; i++)
		if (!strcmp(name, sorts[i].name)) {
			*sort = i;
			return 0;
		}
	buf_printf(why, "unknown sort key '%s'; known are", name);
	for (size_t i = 0; i < N_SORTS; i++)
		buf_printf(why, " %s", sorts[i].name);
	return -EINVAL;
}

static const struct {
	const char *name;
	uint32_t bit;
	const char *help;
} keys[] = {
	{ "pid", WT_BY_PID, "process" }, { "comm", WT_BY_COMM, "command name" },
	{ "uid", WT_BY_UID, "user" },	 { "cgroup", WT_BY_CGROUP, "cgroup v2" },
	{ "op", WT_BY_OP, "operation" }, { "file", WT_BY_FILE, "file" },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

const char *report_by_name(unsigned int bit)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (keys[i].bit == bit)
			return keys[i].name;
	return NULL;
}

bool report_by_choice(size_t i, struct choice *choice)
{
	if (i >= N_KEYS)
		return false;
	*choice = (struct choice){ .name = keys[i].name, .help = keys[i].help };
	return true;
}

static int parse_key(const char *item, size_t len, void *arg, struct buf *why)
{
	uint32_t *by = arg;

	for (size_t i = 0; i < N_KEYS; i++)
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, item, len)) {
			*by |= keys[i].bit;
			return 0;
		}
	buf_printf(why, "unknown key '%.*s'; known are", (int)len, item);
	for (size_t i = 0; i < N_KEYS; i++)
		buf_printf(why, " %s", keys[i].name);
	return -EINVAL;
}

int report_parse_by(const char *list, uint32_t *by, struct buf *why)
{
	*by = 0;
	return list_parse(list, parse_key, by, why);
}

const char *report_op_name(unsigned int op)
{
	return op < WT_OP_COUNT ? ops[op].name : "unknown";
}

void report_add(struct wt_sums *sum, const struct wt_sums *more)
{
	sum->calls += more->calls;
	sum->bytes += more->bytes;
	sum->errors += more->errors;
	sum->latency_ns += more->latency_ns;
	if (sum->latency_max_ns < more->latency_max_ns)
		sum->latency_max_ns = more->latency_max_ns;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_files(const struct tally_file *a, const struct tally_file *b)
{
	int order;

	if (!a || !b)
		return !!a - !!b;
	order = compare_u64(a->ino, b->ino);
	if (!order)
		order = compare_u64((uint64_t)a->major << 32 | a->minor,
				    (uint64_t)b->major << 32 | b->minor);
	if (!order)
		order = compare_u64(a->kind << 8 | a->path_state, b->kind << 8 | b->path_state);
	if (!order)
		order = compare_u64(a->path_len, b->path_len);
	return order ? order : memcmp(a->path, b->path, a->path_len);
}

/* By what rows are told apart by, as far as it can be seen: a file may have got a new identity in
 * the kernel and be the same to people. */
static int compare_keys(const struct tally_row *a, const struct tally_row *b, uint32_t by)
{
	int order = 0;

	if (by & WT_BY_PID)
		order = compare_u64(a->pid, b->pid);
	if (!order && by & WT_BY_PID)
		order = compare_u64(a->start_ns, b->start_ns);
	if (!order && by & WT_BY_COMM)
		order = strncmp(a->comm, b->comm, sizeof(a->comm));
	if (!order && by & WT_BY_UID)
		order = compare_u64(a->uid, b->uid);
	if (!order && by & WT_BY_CGROUP)
		order = compare_u64(a->cgroup, b->cgroup);
	if (!order && by & WT_BY_OP)
		order = compare_u64(a->op, b->op);
	if (!order && by & WT_BY_FILE)
		order = compare_files(a->file, b->file);
	return order;
}

static int compare_same(const void *a, const void *b, void *arg)
{
	const struct report_row *x = a, *y = b;
	const struct report *r = arg;
	int order = compare_keys(x->key, y->key, r->meta->by);

	return order ? order : compare_u64(x->key->id, y->key->id);
}

static uint64_t sort_value(const struct wt_sums *sums, enum report_sort sort)
{
	switch (sort) {
	case REPORT_CALLS:
		return sums->calls;
	case REPORT_ERRORS:
		return sums->errors;
	case REPORT_LATENCY:
		return sums->latency_ns;
	case REPORT_BYTES:
		break;
	}
	return sums->bytes;
}

static int compare_sums(const void *a, const void *b, void *arg)
{
	const struct report_row *x = a, *y = b;
	const struct report *r = arg;
	int order = compare_u64(sort_value(&y->sums, r->options->sort),
				sort_value(&x->sums, r->options->sort));

	if (!order)
		order = compare_u64(y->sums.calls, x->sums.calls);
	return order ? order : compare_u64(x->key->id, y->key->id);
}

/* Merges, sorts and limits the rows. */
static int prepare_rows(struct report *r)
{
	const struct tally *t = r->tally;
	size_t n = 0;

	r->rows = calloc(t->n_rows + 1, sizeof(*r->rows));
	if (!r->rows)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_rows; i++)
		r->rows[i] = (struct report_row){ &t->rows[i], t->rows[i].sums };
	qsort_r(r->rows, t->n_rows, sizeof(*r->rows), compare_same, r);
	for (size_t i = 0; i < t->n_rows; i++) {
		struct report_row *last = n ? &r->rows[n - 1] : NULL;

		if (last && !compare_keys(last->key, r->rows[i].key, r->meta->by))
			report_add(&last->sums, &r->rows[i].sums);
		else
			r->rows[n++] = r->rows[i];
	}
	qsort_r(r->rows, n, sizeof(*r->rows), compare_sums, r);
	r->n_shown = r->options->limit && r->options->limit < n ? r->options->limit : n;
	r->n_hidden = n - r->n_shown;
	for (size_t i = r->n_shown; i < n; i++)
		report_add(&r->hidden, &r->rows[i].sums);
	return 0;
}

int report_print(struct buf *out, const struct wt_meta *meta, const struct tally *tally,
		 const struct report_options *options)
{
	struct report r = {
		.meta = meta,
		.tally = tally,
		.options = options,
		.latency = meta->latency,
		.latency_max = meta->latency && tally->has_max,
	};
	int err = prepare_rows(&r);

	/* Both from one look at the clocks. */
	r.until_ns = meta_wall_ns(meta, tally->at_ns);
	r.since_ns = r.until_ns - (tally->at_ns - meta->start_ns);
	if (!err)
		err = options->json ? report_json(out, &r) : report_text(out, &r);
	free(r.rows);
	return err ? err : out->err;
}

int report_list(struct buf *out, const struct report_entry *entries, size_t n,
		const struct report_options *options)
{
	int err = options->json ? report_json_list(out, entries, n, options)
				: report_text_list(out, entries, n, options);

	return err ? err : out->err;
}
