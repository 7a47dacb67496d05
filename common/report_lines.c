// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines and histograms of a report for people, and the list of sessions.
 */
#include "report_internal.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "buf.h"
#include "hist.h"
#include "meta.h"
#include "ops.h"
#include "report_text.h"
#include "table.h"
#include "text.h"
#include "units.h"

#define BAR_MAX	 40 /* columns */
#define BAR_MIN	 8  /* histograms are below one another rather than with bars shorter than that */
#define HIST_GAP 3

static void put_local(struct buf *out, uint64_t wall_ns, const char *format)
{
	time_t second = wall_ns / UNITS_NS_PER_S;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), format, localtime_r(&second, &tm));
	buf_puts(out, text);
}

void report_put_time(struct buf *out, uint64_t wall_ns)
{
	put_local(out, wall_ns, "%Y-%m-%d %H:%M:%S");
}

void report_put_clock(struct buf *out, uint64_t wall_ns)
{
	put_local(out, wall_ns, "%H:%M:%S");
}

void report_put_by(struct buf *out, uint32_t by)
{
	bool any = false;

	for (uint32_t bit = 1; bit && bit <= by; bit <<= 1) {
		if (!(by & bit) || !report_by_name(bit))
			continue;
		if (any)
			buf_putc(out, ',');
		buf_puts(out, report_by_name(bit));
		any = true;
	}
}

/* How many of the @len bytes at @s stand in a line of @room columns: up to a space, if there is
 * one, or behind a comma, else all that fit. */
static size_t break_at(const char *s, size_t len, size_t room)
{
	size_t n = table_fit(s, len, room);
	const char *space = memrchr(s, ' ', n + 1), *comma = memrchr(s, ',', n);

	if (space && space > s)
		return space - s;
	if (comma)
		return comma + 1 - s;
	return n ? n : len; /* not even one character fits */
}

void report_put_wrapped(struct buf *out, const struct buf *line, unsigned int width)
{
	size_t len = line->len, room = width, n;
	const char *s = line->data;

	while (width && table_width(s, len) > room) {
		n = break_at(s, len, room);
		buf_put(out, s, n);
		buf_putc(out, '\n');
		while (n < len && s[n] == ' ')
			n++;
		s += n;
		len -= n;
		room = width > 2 ? width - 2 : 1;
		if (len)
			buf_puts(out, width > 2 ? "  " : "");
	}
	if (len) {
		buf_put(out, s, len);
		buf_putc(out, '\n');
	}
	if (line->err)
		out->err = line->err;
}

/* One histogram on its way out. */
struct block {
	const uint64_t *counts;
	void (*put)(struct buf *out, uint64_t value);
	struct buf title;
	struct buf lines;
	size_t width; /* of a line without its bar */
};

/* All lines are as wide as the first one. */
static void block_measure(struct block *b)
{
	hist_text(&b->lines, b->counts, b->put, 0, false);
	b->width = strcspn(buf_cstr(&b->lines), "\n");
}

static void block_fill(struct block *b, unsigned int bar, bool utf8)
{
	buf_reset(&b->lines);
	buf_put(&b->lines, b->title.data, b->title.len);
	buf_putc(&b->lines, '\n');
	hist_text(&b->lines, b->counts, b->put, bar, utf8);
}

/* The next line of what is at *s; nothing once that has come to its end. */
static size_t next_line(const char **s, const char **line)
{
	size_t len = strcspn(*s, "\n");

	*line = *s;
	*s += len + ((*s)[len] == '\n');
	return len;
}

/* What does not fit is cut. */
static void put_stacked(struct buf *out, struct block *b, const struct report_options *o)
{
	size_t bar = BAR_MAX, len;
	const char *s, *line;

	if (o->width && b->width + bar > o->width)
		bar = o->width > b->width ? o->width - b->width : 0;
	block_fill(b, bar, o->utf8);
	buf_putc(out, '\n');
	for (s = buf_cstr(&b->lines); *s;) {
		len = next_line(&s, &line);
		buf_put(out, line, o->width ? table_fit(line, len, o->width) : len);
		buf_putc(out, '\n');
	}
}

/*
 *	latency of write                             size of write
 *	(256ns, 512ns]   4 |###               |      (2.0 KiB, 4.0 KiB]  35 |##################|
 *	(512ns, 1.02us] 31 |##################|
 */
static void put_side_by_side(struct buf *out, struct block *left, struct block *right, size_t bar,
			     bool utf8)
{
	size_t wide = left->width + bar, len;
	const char *l, *r, *line;

	if (wide < left->title.len)
		wide = left->title.len;
	block_fill(left, bar, utf8);
	block_fill(right, bar, utf8);
	buf_putc(out, '\n');
	l = buf_cstr(&left->lines);
	r = buf_cstr(&right->lines);
	while (*l || *r) {
		len = next_line(&l, &line);
		buf_put(out, line, len);
		if (*r) {
			for (size_t n = table_width(line, len); n < wide + HIST_GAP; n++)
				buf_putc(out, ' ');
			len = next_line(&r, &line);
			buf_put(out, line, len);
		}
		buf_putc(out, '\n');
	}
}

int report_put_hists(struct buf *out, const struct report *r, unsigned int op)
{
	const struct tally_op *o = &r->tally->ops[op];
	struct block latency = { .counts = o->latency_hist, .put = units_time };
	struct block size = { .counts = o->size_hist, .put = units_size };
	size_t width = r->options->width, both;

	buf_printf(&latency.title, "latency of %s", report_op_name(op));
	buf_printf(&size.title, "size of %s", report_op_name(op));
	if (r->latency)
		block_measure(&latency);
	if (op >= WT_OP_COUNT || ops_has_size(op))
		block_measure(&size);
	both = latency.width + HIST_GAP + size.width;
	if (latency.width && size.width && width >= both + 2 * BAR_MIN) {
		both = (width - both) / 2;
		put_side_by_side(out, &latency, &size, both < BAR_MAX ? both : BAR_MAX,
				 r->options->utf8);
	} else {
		if (latency.width)
			put_stacked(out, &latency, r->options);
		if (size.width)
			put_stacked(out, &size, r->options);
	}
	if (latency.title.err || latency.lines.err || size.title.err || size.lines.err)
		out->err = -ENOMEM;
	buf_free(&latency.title);
	buf_free(&latency.lines);
	buf_free(&size.title);
	buf_free(&size.lines);
	return out->err;
}

void report_put_all_lost(struct table *t, const uint64_t *lost, const bool *known)
{
	struct buf *cell = table_cell(t);
	bool all_known = true;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < WT_LOST_COUNT; i++) {
		all_known &= known[i];
		sum += known[i] ? lost[i] : 0;
	}
	buf_u64(cell, sum);
	if (!all_known)
		buf_putc(cell, '?');
	if (sum)
		table_alert(t);
}

static void put_entry(struct table *t, const struct report_entry *e)
{
	const struct wt_meta *m = e->meta;

	table_row(t);
	text_safe(table_cell(t), e->name, strlen(e->name));
	report_put_time(table_cell(t), meta_wall_ns(m, m->start_ns));
	report_put_by(table_cell(t), m->by);
	buf_puts(table_cell(t), backend_name(m->backend));
	buf_u64(table_cell(t), e->calls);
	report_put_all_lost(t, e->lost, e->known);
	meta_filters_text(table_cell(t), m);
}

static int put_entries(struct buf *out, const struct report_entry *entries, size_t n,
		       const struct report_options *options)
{
	struct table *t = table_new(options->color);
	bool any = false;
	int err = 0;

	if (!t)
		return -ENOMEM;
	table_column(t, "NAME", TABLE_TEXT);
	table_column(t, "SINCE", TABLE_TEXT);
	table_column(t, "BY", TABLE_TEXT);
	table_column(t, "BACKEND", TABLE_TEXT);
	table_column(t, "SEEN", TABLE_NUMBER);
	table_column(t, "LOST", TABLE_NUMBER);
	table_column(t, "FILTERS", TABLE_REST);
	for (size_t i = 0; i < n; i++) {
		if (!entries[i].meta)
			continue;
		put_entry(t, &entries[i]);
		any = true;
	}
	if (any)
		err = table_print(t, out, options->width);
	table_free(t);
	return err;
}

/* old: was pinned by writetrace 0.2.0 in layout 2, … */
static void put_note(struct buf *out, const struct report_entry *e, unsigned int width)
{
	struct buf line = { 0 };

	text_safe(&line, e->name, strlen(e->name));
	buf_puts(&line, ": ");
	text_safe(&line, e->note, strlen(e->note));
	report_put_wrapped(out, &line, width);
	buf_free(&line);
}

/*
 *	NAME SINCE               BY       BACKEND SEEN LOST FILTERS
 *	web  2026-11-25 07:01:02 pid,file raw     1234    0 --pid 812
 *	old: was pinned by writetrace 0.2.0 in layout 2, …
 */
int report_text_list(struct buf *out, const struct report_entry *entries, size_t n,
		     const struct report_options *options)
{
	struct table_locale locale;
	int err;

	table_locale_enter(&locale);
	err = put_entries(out, entries, n, options);
	for (size_t i = 0; i < n && !err; i++)
		if (entries[i].note)
			put_note(out, &entries[i], options->width);
	table_locale_leave(&locale);
	return err;
}
