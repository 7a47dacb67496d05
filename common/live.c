// SPDX-License-Identifier: GPL-2.0-only
/*
 *	writetrace 07:04:14: 3m12s, backend raw, by pid,file, most bytes in 2.00s
 *	filters: --pid 812
 *	         CALLS     BYTES ERRORS    AVG    P99 LOST
 *	a second  1000   4.0 MiB      0 1.20us 4.10us
 *	in all   91234 356.4 MiB      2 1.31us 8.19us    0
 *	latency 512ns |.:*#.    .| 131us
 *	PID COMM     CALLS/s BYTES/s ERRORS/s    AVG FILE
 *	812 postgres    1000 4.0 MiB        0 1.20us /var/lib/postgresql/base/16384/1249
 *
 *	q quit  h help  …
 */
#include "live.h"

#include <errno.h>
#include <string.h>

#include "backend.h"
#include "buf.h"
#include "hist.h"
#include "meta.h"
#include "report_internal.h"
#include "report_text.h"
#include "table.h"
#include "text.h"
#include "units.h"

#define ROWS_MIN 4 /* with their header; the parts above make room for as many */

static const char *const help_lines[] = {
	"b c e l    sort by bytes, calls, errors or (summed up) latency",
	"< >        sort by the one before, the next one",
	"k          what rows are told apart by: all keys of --by, or one",
	"/          show only rows with this in path or command name, or that match this pattern;",
	"           Enter takes it, Escape leaves it as it was; an empty one shows all",
	"r          what came in the last interval, a second; or since the start",
	"p, space   pause, go on",
	"h, ?       this",
	"q          quit",
};

static const char *const sort_names[] = { "bytes", "calls", "errors", "latency" };

/* The parts of a screen before they are put together. */
struct parts {
	struct buf title, filters, sums, strip;
};

static size_t count_lines(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

/* @line as one line that fits, without a newline. */
static void put_cut(struct buf *out, const char *line, size_t len, const struct live *l)
{
	static const char gap[] = "...";
	size_t gap_len = strlen(gap);

	if (table_width(line, len) <= l->width) {
		buf_put(out, line, len);
	} else if (l->width <= gap_len) {
		buf_put(out, gap, l->width);
	} else {
		buf_put(out, line, table_fit(line, len, l->width - gap_len));
		buf_puts(out, gap);
	}
}

static void put_line(struct buf *out, struct buf *line, const struct live *l)
{
	put_cut(out, line->data, line->len, l);
	buf_putc(out, '\n');
	if (line->err)
		out->err = line->err;
	buf_free(line);
}

static void put_title(struct buf *out, const struct live *l)
{
	const struct tally *now = l->now;
	struct buf line = { 0 };

	buf_printf(&line, "writetrace%s ", l->paused ? " (paused)" : "");
	report_put_clock(&line, meta_wall_ns(l->meta, now->at_ns));
	buf_puts(&line, ": ");
	units_time(&line, now->at_ns > l->meta->start_ns ? now->at_ns - l->meta->start_ns : 0);
	buf_printf(&line, ", backend %s, by ", backend_name(l->meta->backend));
	report_put_by(&line, l->by);
	buf_printf(&line, ", most %s ", sort_names[l->sort]);
	if (l->since_start) {
		buf_puts(&line, "since start");
	} else {
		buf_puts(&line, "in ");
		units_time(&line, l->recent_ns);
	}
	put_line(out, &line, l);
}

static void put_filters(struct buf *out, const struct live *l)
{
	struct buf line = { 0 };
	size_t head;

	buf_puts(&line, "filters: ");
	head = line.len;
	meta_filters_text(&line, l->meta);
	if (line.len > head)
		put_line(out, &line, l);
	buf_free(&line);
}

static void put_percentile(struct table *t, const struct tally *tally)
{
	uint64_t hist[WT_HIST_BUCKETS], ns;

	tally_latencies(hist, tally);
	ns = hist_percentile(hist, 99);
	if (tally->has_max && ns > tally->totals.latency_max_ns)
		ns = tally->totals.latency_max_ns;
	if (tally->totals.calls)
		report_put_latency(t, ns);
	else
		buf_putc(table_cell(t), '-');
}

/* So much in per_ns, as so much a second, or all there is (0). */
static void put_sums_row(struct table *t, const struct live *l, const char *name,
			 const struct tally *tally, uint64_t per_ns)
{
	const struct report_options options = { .width = l->width };
	const struct report r = { .options = &options, .per_ns = per_ns };

	table_row(t);
	buf_puts(table_cell(t), name);
	report_put_sums(t, &r, &tally->totals);
	if (l->meta->latency) {
		report_put_average(t, &tally->totals);
		put_percentile(t, tally);
	}
	if (!per_ns)
		report_put_all_lost(t, tally->lost, tally->known);
}

static int put_sums(struct buf *out, const struct live *l)
{
	const struct report none = { 0 };
	struct table *t = table_new(l->color);
	int err;

	if (!t)
		return -ENOMEM;
	table_column(t, "", TABLE_TEXT);
	report_sums_columns(t, &none);
	if (l->meta->latency) {
		table_column(t, "AVG", TABLE_NUMBER);
		table_column(t, "P99", TABLE_NUMBER);
	}
	table_column(t, "LOST", TABLE_NUMBER);
	if (l->footer)
		put_sums_row(t, l, "a second", l->recent, l->recent_ns);
	put_sums_row(t, l, "in all", l->now, 0);
	err = table_print(t, out, l->width);
	table_free(t);
	return err;
}

/* Recent latencies; those since the start say where the scale begins and ends. */
static void put_strip(struct buf *out, const struct live *l)
{
	uint64_t scale[WT_HIST_BUCKETS], hist[WT_HIST_BUCKETS];
	unsigned int first, last, n;
	struct buf line = { 0 };

	tally_latencies(scale, l->now);
	tally_latencies(hist, l->since_start ? l->now : l->recent);
	if (!hist_span(scale, &first, &last))
		return;
	buf_puts(&line, "latency ");
	units_time(&line, first ? hist_upper(first - 1) : 0);
	buf_puts(&line, " |");
	n = last - first + 1;
	hist_strip(&line, hist + first, n, hist_most(hist + first, n), l->utf8);
	buf_puts(&line, "| ");
	if (last < WT_HIST_BUCKETS - 1)
		units_time(&line, hist_upper(last));
	else
		buf_puts(&line, "...");
	put_line(out, &line, l);
}

/* The header, in reverse to the right edge, and what is below. */
static void put_table(struct buf *out, const struct live *l, struct buf *text, size_t lines)
{
	const char *s = buf_cstr(text);
	size_t len;

	for (size_t i = 0; i < lines && *s; i++, s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		if (!i && l->reverse)
			buf_puts(out, "\033[7m");
		buf_put(out, s, len);
		for (size_t n = table_width(s, len); !i && l->reverse && n < l->width; n++)
			buf_putc(out, ' ');
		if (!i && l->reverse)
			buf_puts(out, "\033[m");
		buf_putc(out, '\n');
	}
	if (text->err)
		out->err = text->err;
}

/* Header and the first rows, @lines of them. */
static int put_rows(struct buf *out, const struct live *l, size_t lines)
{
	const struct tally *tally = l->since_start ? l->now : l->recent;
	const bool all = !l->match || !l->match->text || !*l->match->text;
	const struct report_options options = { .color = l->color, .width = l->width };
	struct report r = { .options = &options,
			    .meta = l->meta,
			    .by = l->by,
			    .per_ns = l->since_start ? 0 : l->recent_ns,
			    .latency = l->meta->latency,
			    .latency_max = l->meta->latency && tally->has_max };
	/* which rows these were is not known */
	struct tally shown = { .other = all ? tally->other : (struct wt_sums){} };
	struct ranking ranking;
	struct buf text = { 0 };
	int err = ranking_make(&ranking, tally->rows, tally->n_rows, l->by, l->sort, l->match);

	if (!err) {
		r.tally = &shown;
		r.rows = ranking.rows;
		r.n_shown = ranking.n < lines ? ranking.n : lines;
		err = report_put_rows(&text, &r);
	}
	if (!err)
		put_table(out, l, &text, lines);
	ranking_free(&ranking);
	buf_free(&text);
	return err;
}

static void put_help(struct buf *out, const struct live *l, size_t lines)
{
	for (size_t i = 0; i < sizeof(help_lines) / sizeof(*help_lines) && i < lines; i++) {
		put_cut(out, help_lines[i], strlen(help_lines[i]), l);
		buf_putc(out, '\n');
	}
}

/* The last line, to which the cursor is left. */
static void put_footer(struct buf *out, const struct live *l)
{
	const char *filter = l->match && l->match->text ? l->match->text : "";
	struct buf line = { 0 };

	if (l->notice) {
		buf_puts(&line, l->notice);
	} else {
		if (*filter) {
			buf_puts(&line, "showing ");
			text_safe(&line, filter, strlen(filter));
			buf_puts(&line, "  ");
		}
		buf_puts(&line,
			 "q quit  h help  b c e l sort  k key  / show  r since start  p pause");
	}
	put_line(out, &line, l);
}

/* The head's parts, from the bottom up, give way to rows. */
static int put_screen(struct buf *out, const struct live *l, struct parts *p)
{
	struct buf *head[] = { &p->title, &p->sums, &p->filters, &p->strip };
	size_t left = l->height > l->footer ? l->height - l->footer : 0, lines;
	bool room[4];
	int err = 0;

	for (size_t i = 0; i < 4; i++) {
		lines = count_lines(head[i]);
		room[i] = lines + ROWS_MIN <= left;
		left -= room[i] ? lines : 0;
	}
	/* in the order of the screen */
	for (size_t i = 0; i < 4; i++) {
		static const unsigned char order[] = { 0, 2, 1, 3 };

		if (room[order[i]])
			buf_put(out, head[order[i]]->data, head[order[i]]->len);
	}
	if (l->help)
		put_help(out, l, left);
	else
		err = put_rows(out, l, left);
	for (size_t n = count_lines(out); l->footer && n + 1 < l->height; n++)
		buf_putc(out, '\n');
	if (l->footer)
		put_footer(out, l);
	return err;
}

static int put_parts(struct buf *out, const struct live *l)
{
	struct parts p = { 0 };
	int err;

	put_title(&p.title, l);
	put_filters(&p.filters, l);
	err = put_sums(&p.sums, l);
	if (!err && l->meta->latency)
		put_strip(&p.strip, l);
	if (!err)
		err = put_screen(out, l, &p);
	if (p.title.err || p.filters.err || p.sums.err || p.strip.err)
		err = -ENOMEM;
	buf_free(&p.title);
	buf_free(&p.filters);
	buf_free(&p.sums);
	buf_free(&p.strip);
	return err ? err : out->err;
}

int live_text(struct buf *out, const struct live *l)
{
	struct table_locale locale;
	int err;

	/* without it what is not ASCII shows as \xHH */
	if (!l->utf8)
		return put_parts(out, l);
	table_locale_enter(&locale);
	err = put_parts(out, l);
	table_locale_leave(&locale);
	return err;
}

uint32_t live_next_by(uint32_t by, uint32_t all)
{
	uint32_t single = all | (all & WT_BY_PID ? WT_BY_COMM : 0);
	/* the lowest bit above that of the only one there is now */
	uint32_t above = by == all && (all & (all - 1)) ? single : single & ~((by << 1) - 1);

	return above ? above & -above : all;
}
