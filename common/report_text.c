// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report for people: head, totals, histograms, rows, losses.
 *
 *	session web: 3m12s since 2026-11-25 07:01:02, backend raw, by pid,file
 *	filters: --pid 812
 *
 *	OP     CALLS   BYTES ERRORS   AVG    P99   MAX
 *	write   1000 4096000      0 512ns 1.02us 1.2ms
 *	total   1000 4096000      0 512ns        1.2ms
 *	…
 */
#include "report_internal.h"

#include <errno.h>
#include <string.h>

#include "backend.h"
#include "buf.h"
#include "heat.h"
#include "hist.h"
#include "meta.h"
#include "print.h"
#include "report_text.h"
#include "table.h"
#include "text.h"
#include "units.h"

static void put_head(struct buf *out, const struct report *r)
{
	const struct wt_meta *m = r->meta;
	struct buf line = { 0 };

	if (*m->name) {
		buf_puts(&line, "session ");
		text_safe(&line, m->name, strnlen(m->name, sizeof(m->name)));
		buf_puts(&line, ": ");
	}
	units_time(&line, r->until_ns > r->since_ns ? r->until_ns - r->since_ns : 0);
	if (*m->name) {
		buf_puts(&line, " since ");
		report_put_time(&line, r->since_ns);
	}
	buf_printf(&line, ", backend %s, by ", backend_name(m->backend));
	report_put_by(&line, m->by);
	report_put_wrapped(out, &line, r->options->width);
	buf_reset(&line);
	buf_puts(&line, "filters: ");
	meta_filters_text(&line, m);
	if (line.len > strlen("filters: "))
		report_put_wrapped(out, &line, r->options->width);
	buf_free(&line);
}

/* What the bucket counts may be more than what was seen. */
static void put_percentile(struct table *t, const struct report *r, const struct tally_op *op)
{
	uint64_t ns = hist_percentile(op->latency_hist, 99);

	if (r->latency_max && ns > op->sums.latency_max_ns)
		ns = op->sums.latency_max_ns;
	report_put_latency(t, ns);
}

/* @op is NULL for the line of totals. */
static void put_op(struct table *t, const struct report *r, const char *name,
		   const struct wt_sums *sums, const struct tally_op *op)
{
	table_row(t);
	buf_puts(table_cell(t), name);
	report_put_sums(t, r, sums);
	if (!r->latency)
		return;
	report_put_average(t, sums);
	if (op)
		put_percentile(t, r, op);
	else
		table_cell(t);
	if (r->latency_max)
		report_put_latency(t, sums->latency_max_ns);
}

static int put_ops(struct buf *out, const struct report *r)
{
	struct table *t = table_new(r->options->color);
	struct wt_sums totals = r->tally->totals;
	int err;

	if (!t)
		return -ENOMEM;
	table_column(t, "OP", TABLE_TEXT);
	report_sums_columns(t, r);
	if (r->latency) {
		table_column(t, "AVG", TABLE_NUMBER);
		table_column(t, "P99", TABLE_NUMBER);
	}
	if (r->latency_max)
		table_column(t, "MAX", TABLE_NUMBER);
	for (unsigned int i = 0; i < WT_OP_COUNT; i++) {
		const struct tally_op *op = &r->tally->ops[i];

		if (op->sums.calls)
			put_op(t, r, report_op_name(i), &op->sums, op);
	}
	put_op(t, r, "total", &totals, NULL);
	err = table_print(t, out, r->options->width);
	table_free(t);
	return err;
}

/* ... 80 more rows: 1234 calls, 4096 bytes, 0 errors */
static void put_hidden(struct buf *out, const struct report *r)
{
	struct buf line = { 0 };

	if (!r->n_hidden)
		return;
	buf_printf(&line, "... %zu more row%s: %llu call%s, ", r->n_hidden,
		   r->n_hidden == 1 ? "" : "s", r->hidden.calls, r->hidden.calls == 1 ? "" : "s");
	report_put_bytes(&line, r, r->hidden.bytes);
	buf_printf(&line, "%s, %llu error%s", r->options->width ? "" : " bytes", r->hidden.errors,
		   r->hidden.errors == 1 ? "" : "s");
	report_put_wrapped(out, &line, r->options->width);
	buf_free(&line);
}

/* lost: 5 (inflight), at most 3 (skipped) */
static void put_lost(struct buf *out, const struct report *r)
{
	static const char head[] = "lost: ", unknown_head[] = "not known on this kernel: ";
	const struct tally *t = r->tally;
	struct buf lost = { 0 }, unknown = { 0 };

	buf_puts(&lost, head);
	buf_puts(&unknown, unknown_head);
	for (unsigned int i = 0; i < WT_LOST_COUNT; i++) {
		if (!t->known[i])
			buf_printf(&unknown, "%s%s",
				   unknown.len >= sizeof(unknown_head) ? ", " : "",
				   print_lost_name(i));
		else if (t->lost[i])
			buf_printf(&lost, "%s%s%llu (%s)", lost.len >= sizeof(head) ? ", " : "",
				   i == WT_LOST_SKIPPED ? "at most " : "",
				   (unsigned long long)t->lost[i], print_lost_name(i));
	}
	if (lost.len < sizeof(head))
		buf_puts(&lost, "nothing");
	report_put_wrapped(out, &lost, r->options->width);
	if (unknown.len >= sizeof(unknown_head))
		report_put_wrapped(out, &unknown, r->options->width);
	buf_free(&lost);
	buf_free(&unknown);
}

static void put_heat(struct buf *out, const struct report *r)
{
	const struct report_options *o = r->options;
	struct buf text = { 0 };

	if (!o->heat || !o->width || !r->latency)
		return;
	heat_text(&text, o->heat, r->meta, o->width, o->utf8);
	if (text.len) {
		buf_putc(out, '\n');
		buf_put(out, text.data, text.len);
	}
	if (text.err)
		out->err = text.err;
	buf_free(&text);
}

static int put_report(struct buf *out, const struct report *r)
{
	int err;

	put_head(out, r);
	buf_putc(out, '\n');
	err = put_ops(out, r);
	put_heat(out, r);
	for (unsigned int i = 0; i < WT_OP_COUNT && !err; i++)
		if (r->tally->ops[i].sums.calls)
			err = report_put_hists(out, r, i);
	buf_putc(out, '\n');
	if (!err && (r->n_shown || r->tally->other.calls)) {
		err = report_put_rows(out, r);
		put_hidden(out, r);
		buf_putc(out, '\n');
	}
	put_lost(out, r);
	return err;
}

int report_text(struct buf *out, const struct report *r)
{
	struct table_locale locale;
	int err;

	table_locale_enter(&locale);
	err = put_report(out, r);
	table_locale_leave(&locale);
	return err;
}
