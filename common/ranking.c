// SPDX-License-Identifier: GPL-2.0-only
#include "ranking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "report_internal.h"
#include "tally.h"

/* What qsort_r() hands on. */
struct order {
	uint32_t by;
	enum report_sort sort;
};

void ranking_match_set(struct ranking_match *match, const char *text)
{
	match->text = text;
	match->pattern = text && glob_has_wildcard(text) && !glob_compile(&match->glob, text);
}

static bool matches(const struct ranking_match *match, const char *s, size_t len)
{
	return match->pattern ? glob_matches(&match->glob, s, len)
			      : memmem(s, len, match->text, strlen(match->text)) != NULL;
}

bool ranking_matches(const struct ranking_match *match, const struct tally_row *row)
{
	if (!match || !match->text || !*match->text)
		return true;
	return matches(match, row->comm, strnlen(row->comm, sizeof(row->comm))) ||
	       (row->file && matches(match, row->file->path, row->file->path_len));
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
	const struct ranking_row *x = a, *y = b;
	const struct order *o = arg;
	int order = compare_keys(x->key, y->key, o->by);

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
	const struct ranking_row *x = a, *y = b;
	const struct order *o = arg;
	int order = compare_u64(sort_value(&y->sums, o->sort), sort_value(&x->sums, o->sort));

	if (!order)
		order = compare_u64(y->sums.calls, x->sums.calls);
	return order ? order : compare_u64(x->key->id, y->key->id);
}

/* Rows that are the same stand beside one another. */
static void merge(struct ranking *r, uint32_t by)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct ranking_row *last = n ? &r->rows[n - 1] : NULL;

		if (last && !compare_keys(last->key, r->rows[i].key, by))
			report_add(&last->sums, &r->rows[i].sums);
		else
			r->rows[n++] = r->rows[i];
	}
	r->n = n;
}

int ranking_make(struct ranking *r, const struct tally_row *rows, size_t n, uint32_t by,
		 enum report_sort sort, const struct ranking_match *match)
{
	struct order order = { by, sort };

	*r = (struct ranking){ .rows = calloc(n + 1, sizeof(*r->rows)) };
	if (!r->rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (ranking_matches(match, &rows[i]))
			r->rows[r->n++] = (struct ranking_row){ &rows[i], rows[i].sums };
	qsort_r(r->rows, r->n, sizeof(*r->rows), compare_same, &order);
	merge(r, by);
	qsort_r(r->rows, r->n, sizeof(*r->rows), compare_sums, &order);
	return 0;
}

void ranking_free(struct ranking *r)
{
	free(r->rows);
	*r = (struct ranking){ 0 };
}
