// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of a report for people, and the columns of sums that all tables have.
 */
#include "report_internal.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "fields.h"
#include "print.h"
#include "report_text.h"
#include "table.h"
#include "text.h"
#include "units.h"

#define COMM_MAX 20 /* columns, on a terminal: only a name full of escapes is wider */

void report_put_bytes(struct buf *out, const struct report *r, uint64_t bytes)
{
	if (r->options->width)
		units_size(out, bytes);
	else
		buf_u64(out, bytes);
}

void report_sums_columns(struct table *t, const struct report *r)
{
	table_column(t, r->per_ns ? "CALLS/s" : "CALLS", TABLE_NUMBER);
	table_column(t, r->per_ns ? "BYTES/s" : "BYTES", TABLE_NUMBER);
	table_column(t, r->per_ns ? "ERRORS/s" : "ERRORS", TABLE_NUMBER);
}

/* @n in r->per_ns, as so many a second. */
static uint64_t per_second(uint64_t n, const struct report *r)
{
	return r->per_ns ? (double)n * UNITS_NS_PER_S / r->per_ns + 0.5 : n;
}

/* What is rare is not 0: 0.5 */
static void put_count(struct buf *out, const struct report *r, uint64_t n)
{
	uint64_t tenths = r->per_ns ? per_second(10 * n, r) : 0;

	if (!r->per_ns || !n || tenths >= 100) {
		buf_u64(out, per_second(n, r));
		return;
	}
	if (!tenths)
		tenths = 1;
	buf_u64(out, tenths / 10);
	buf_putc(out, '.');
	buf_u64(out, tenths % 10);
}

void report_put_sums(struct table *t, const struct report *r, const struct wt_sums *sums)
{
	put_count(table_cell(t), r, sums->calls);
	report_put_bytes(table_cell(t), r, per_second(sums->bytes, r));
	put_count(table_cell(t), r, sums->errors);
	if (sums->errors)
		table_alert(t);
}

void report_put_latency(struct table *t, uint64_t ns)
{
	units_time(table_cell(t), ns);
	if (ns >= PRINT_SLOW_NS)
		table_warn(t);
}

void report_put_average(struct table *t, const struct wt_sums *sums)
{
	if (sums->calls)
		report_put_latency(t, sums->latency_ns / sums->calls);
	else
		buf_putc(table_cell(t), '-');
}

static void put_pid(struct buf *out, const struct tally_row *key)
{
	buf_u64(out, key->pid);
}

static void put_comm(struct buf *out, const struct tally_row *key)
{
	text_safe(out, key->comm, strnlen(key->comm, sizeof(key->comm)));
}

static void put_uid(struct buf *out, const struct tally_row *key)
{
	buf_u64(out, key->uid);
}

static void put_cgroup(struct buf *out, const struct tally_row *key)
{
	buf_u64(out, key->cgroup);
}

static void put_op_name(struct buf *out, const struct tally_row *key)
{
	buf_puts(out, report_op_name(key->op));
}

/* Before the sums; the file comes behind them. */
static const struct {
	uint32_t by;
	const char *header;
	enum table_kind kind;
	void (*put)(struct buf *out, const struct tally_row *key);
} keys[] = {
	{ WT_BY_PID, "PID", TABLE_NUMBER, put_pid },
	{ WT_BY_PID | WT_BY_COMM, "COMM", TABLE_TEXT, put_comm },
	{ WT_BY_UID, "UID", TABLE_NUMBER, put_uid },
	{ WT_BY_CGROUP, "CGROUP", TABLE_NUMBER, put_cgroup },
	{ WT_BY_OP, "OP", TABLE_TEXT, put_op_name },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void put_file(struct buf *out, const struct tally_file *file)
{
	if (file && file->path_len)
		fields_put_path(out, file->path_state, file->path, file->path_len);
	else
		buf_putc(out, '-');
}

/* @key is NULL for operations without a row: a word stands in the file's place, or the first. */
static void put_row(struct table *t, const struct report *r, const struct tally_row *key,
		    const struct wt_sums *sums)
{
	const bool by_file = r->by & WT_BY_FILE;
	const char *word = by_file ? "" : "(other)";
	struct buf text = { 0 }, *cell;

	table_row(t);
	for (size_t i = 0; i < N_KEYS; i++) {
		if (!(r->by & keys[i].by))
			continue;
		cell = table_cell(t);
		buf_reset(&text);
		if (key)
			keys[i].put(&text, key);
		else
			buf_puts(&text, word);
		word = "";
		table_shorten(cell, buf_cstr(&text), text.len,
			      r->options->width ? COMM_MAX : text.len);
		if (text.err)
			cell->err = text.err;
	}
	buf_free(&text);
	report_put_sums(t, r, sums);
	if (r->latency)
		report_put_average(t, sums);
	if (r->latency_max)
		report_put_latency(t, sums->latency_max_ns);
	if (!by_file)
		return;
	cell = table_cell(t);
	if (key)
		put_file(cell, key->file);
	else
		buf_puts(cell, "(other)");
}

int report_put_rows(struct buf *out, const struct report *r)
{
	struct table *t = table_new(r->options->color);
	int err;

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < N_KEYS; i++)
		if (r->by & keys[i].by)
			table_column(t, keys[i].header, keys[i].kind);
	report_sums_columns(t, r);
	if (r->latency)
		table_column(t, "AVG", TABLE_NUMBER);
	if (r->latency_max)
		table_column(t, "MAX", TABLE_NUMBER);
	if (r->by & WT_BY_FILE)
		table_column(t, "FILE", TABLE_PATH);
	for (size_t i = 0; i < r->n_shown; i++)
		put_row(t, r, r->rows[i].key, &r->rows[i].sums);
	/* or there would be no header */
	if (!r->n_shown && !r->tally->other.calls)
		table_row(t);
	if (r->tally->other.calls)
		put_row(t, r, NULL, &r->tally->other);
	err = table_print(t, out, r->options->width);
	table_free(t);
	return err;
}
