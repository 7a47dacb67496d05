// SPDX-License-Identifier: GPL-2.0-only
#include "print.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "fields.h"
#include "json.h"
#include "list.h"
#include "meta.h"
#include "table.h"
#include "terminal.h"
#include "units.h"

#define NS_PER_S	  1000000000ULL

#define PRINT_BYTES_WIDTH 10 /* "1023.9 KiB" */
#define PATH_ROOM	  24 /* columns: where paths have no more, the others are narrow */
#define PATH_LEAST	  8  /* even if the line is too long then */

static bool has_column(const struct print *p, size_t field)
{
	for (size_t i = 0; i < p->n_columns; i++)
		if (p->columns[i] == field)
			return true;
	return false;
}

static int add_column(const char *item, size_t len, void *arg, struct buf *why)
{
	struct print *p = arg;

	if (p->n_columns == PRINT_FIELDS_MAX) {
		buf_puts(why, "too many columns");
		return -EINVAL;
	}
	for (size_t i = 0; i < fields_count; i++)
		if (strlen(fields[i].name) == len && !memcmp(fields[i].name, item, len)) {
			/* an object has each name once */
			if (!p->options.json || !has_column(p, i))
				p->columns[p->n_columns++] = i;
			return 0;
		}
	buf_printf(why, "unknown column '%.*s'; -C help lists them", (int)len, item);
	return -EINVAL;
}

/* What text shows unless told otherwise; JSON shows everything, in the order of the table. */
#define TEXT_COLUMNS_LATENCY	"time,comm,pid,op,fd,size,ret,latency,file"
#define TEXT_COLUMNS_NO_LATENCY "time,comm,pid,op,fd,size,ret,file"

static int default_columns(struct print *p, struct buf *why)
{
	int err = 0;

	if (!p->options.json) {
		err = list_parse(p->options.latency ? TEXT_COLUMNS_LATENCY
						    : TEXT_COLUMNS_NO_LATENCY,
				 add_column, p, why);
		if (!err && p->options.data)
			err = list_parse("data", add_column, p, why);
		return err;
	}
	for (size_t i = 0; i < fields_count; i++) {
		if (!strcmp(fields[i].name, "data") && !p->options.data)
			continue;
		if (!strcmp(fields[i].name, "latency") && !p->options.latency)
			continue;
		p->columns[p->n_columns++] = i;
	}
	return 0;
}

int print_setup(struct print *p, const struct print_options *options, const char *columns,
		struct buf *why)
{
	*p = (struct print){ .options = *options };
	print_sync_clock(p);
	if (columns)
		return list_parse(columns, add_column, p, why);
	return default_columns(p, why);
}

void print_sync_clock(struct print *p)
{
	p->wall_offset_ns = meta_wall_offset_ns(p->options.meta);
}

/* Human units want more room than the numbers that they stand for, as a rule. */
static int column_width(const struct print *p, const struct field *field)
{
	if (p->narrow && field->narrow)
		return field->narrow;
	return field->bytes && p->options.terminal ? PRINT_BYTES_WIDTH : field->width;
}

/* Columns that a line takes, with a path of PATH_ROOM at its end. */
static unsigned int line_width(const struct print *p)
{
	unsigned int width = p->n_columns - 1;

	for (size_t i = 0; i < p->n_columns; i++) {
		const struct field *field = &fields[p->columns[i]];
		bool path = field->path && i + 1 == p->n_columns;

		width += path ? PATH_ROOM : abs(column_width(p, field));
	}
	return width;
}

void print_sync_terminal(struct print *p, int fd)
{
	bool before = p->narrow;

	if (!p->options.terminal || p->options.json)
		return;
	terminal_size(fd, &p->width, &p->height);
	p->narrow = false;
	p->narrow = p->width && line_width(p) > p->width;
	if (p->narrow != before)
		p->lines = UINT_MAX; /* since a header for these columns */
}

static void put_spaces(struct buf *out, int n)
{
	static const char spaces[] = "                                ";
	const int most = sizeof(spaces) - 1;

	if (n > 0)
		buf_put(out, spaces, n < most ? n : most);
}

/* Moves the @len bytes at @start to the right edge of the column. */
static void flush_right(struct buf *out, size_t start, int pad)
{
	size_t len = out->len - start;

	put_spaces(out, pad);
	if (out->err)
		return;
	memmove(out->data + start + pad, out->data + start, len);
	memset(out->data + start, ' ', pad);
}

static void put_padding(struct buf *out, size_t start, int width, bool last)
{
	int pad = (width < 0 ? -width : width) - (int)(out->len - start);

	if (pad <= 0 || (last && width < 0))
		return;
	if (width < 0)
		put_spaces(out, pad);
	else
		flush_right(out, start, pad);
}

void print_header(struct print *p, struct buf *out)
{
	p->lines = 0;
	for (size_t i = 0; i < p->n_columns; i++) {
		const struct field *field = &fields[p->columns[i]];
		size_t start;

		if (i)
			buf_putc(out, ' ');
		start = out->len;
		buf_puts(out, field->header);
		put_padding(out, start, column_width(p, field), i + 1 == p->n_columns);
	}
	buf_putc(out, '\n');
}

/* What begins at @start, so that it takes no more than @room columns. */
static void shorten(struct buf *out, size_t start, unsigned int room)
{
	struct buf text = { 0 };

	if (out->err || out->len - start <= room)
		return;
	buf_put(&text, out->data + start, out->len - start);
	out->len = start;
	table_shorten(out, text.data, text.len, room);
	if (text.err)
		out->err = text.err;
	buf_free(&text);
}

/* The path that ends a line that began at @line, so that the line fits. */
static void shorten_path(struct buf *out, size_t line, size_t start, unsigned int width)
{
	size_t used = table_width(out->data + line, start - line);

	if (out->err)
		return;
	shorten(out, start, used + PATH_LEAST < width ? width - used : PATH_LEAST);
}

/* One column, behind those since @line. */
static void put_column(struct buf *out, const struct line *line, const struct field *field,
		       size_t begin, bool last)
{
	const struct print *p = line->print;
	bool slow = p->options.color && field->slow && line->event->ret >= 0 && field->slow(line);
	size_t start;

	if (slow)
		buf_puts(out, "\033[33m");
	start = out->len;
	field->text(out, line);
	if (last && field->path && p->width)
		shorten_path(out, begin, start, p->width);
	else if (p->narrow && field->cut)
		shorten(out, start, abs(field->narrow));
	put_padding(out, start, column_width(p, field), last);
	if (slow)
		buf_puts(out, "\033[m");
}

/*
 * TIME            COMM            PID     OP       FD     SIZE      RET  LATENCY FILE
 * 07:01:02.123456 postgres            812 pwrite64   12     8192     8192   4.32us /var/lib/pg/…
 */
static void print_text(struct buf *out, const struct line *line)
{
	struct print *p = line->print;
	bool failed = p->options.color && line->event->ret < 0;
	size_t begin;

	if (p->height && p->lines >= p->height - 1)
		print_header(p, out);
	p->lines++;
	if (failed)
		buf_puts(out, "\033[31m");
	begin = out->len;
	for (size_t i = 0; i < p->n_columns; i++) {
		if (i)
			buf_putc(out, ' ');
		put_column(out, line, &fields[p->columns[i]], begin, i + 1 == p->n_columns);
	}
	if (failed)
		buf_puts(out, "\033[m");
	buf_putc(out, '\n');
}

/* {"type":"write","time":"2026-11-23T07:01:02.123456789Z","comm":"postgres","pid":812,…} */
static void print_json(struct buf *out, const struct line *line)
{
	const struct print *p = line->print;
	struct json json = { .out = out, .pretty = p->options.pretty };

	json_begin_object(&json, NULL);
	json_str(&json, "type", "write");
	for (size_t i = 0; i < p->n_columns; i++)
		fields[p->columns[i]].json(&json, line);
	json_end_object(&json);
	buf_putc(out, '\n');
}

void print_event(struct print *p, struct buf *out, const struct wt_event *event,
		 const struct file *file)
{
	const struct line line = { .print = p, .event = event, .file = file };

	if (p->options.json)
		print_json(out, &line);
	else
		print_text(out, &line);
}

static const char *const lost_names[WT_LOST_COUNT] = {
	[WT_LOST_RING] = "ring",
	[WT_LOST_INFLIGHT] = "inflight",
	[WT_LOST_UNPAIRED] = "unpaired",
	[WT_LOST_SKIPPED] = "skipped",
};

const char *print_lost_name(unsigned int cause)
{
	return lost_names[cause];
}

/* {"type":"lost","time":"…","count":17,"cause":"ring"}   or   -- 17 events lost here (ring) -- */
void print_gap(struct print *p, struct buf *out, uint64_t time_ns, uint64_t count,
	       const char *cause)
{
	const struct wt_event event = { .time_ns = time_ns };
	const struct line line = { .print = p, .event = &event };
	struct json json = { .out = out, .pretty = p->options.pretty };

	if (!p->options.json) {
		buf_printf(out, "-- %llu events lost here (%s) --\n", (unsigned long long)count,
			   cause);
		return;
	}
	json_begin_object(&json, NULL);
	json_str(&json, "type", "lost");
	fields_json_time(&json, &line);
	json_u64(&json, "count", count);
	json_str(&json, "cause", cause);
	json_end_object(&json);
	buf_putc(out, '\n');
}

void print_lost(struct print *p, struct buf *out, uint64_t time_ns, uint64_t count,
		unsigned int cause)
{
	print_gap(p, out, time_ns, count, lost_names[cause]);
}

/* {"type":"end","events":5,"bytes":20480,"lost":{"ring":0,…},"seconds":1.5} */
void print_end(struct print *p, struct buf *out, const struct print_sum *sum)
{
	struct json json = { .out = out, .pretty = p->options.pretty };

	json_begin_object(&json, NULL);
	json_str(&json, "type", "end");
	json_u64(&json, "events", sum->events);
	json_u64(&json, "bytes", sum->bytes);
	json_begin_object(&json, "lost");
	for (int i = 0; i < WT_LOST_COUNT; i++) {
		if (sum->known[i])
			json_u64(&json, lost_names[i], sum->lost[i]);
		else
			json_null(&json, lost_names[i]);
	}
	json_end_object(&json);
	json_seconds(&json, "seconds", sum->elapsed_ns);
	json_end_object(&json);
	buf_putc(out, '\n');
}

/* 200000 writes, 195.3 KiB in 1.2s; nothing lost */
void print_sum_text(struct buf *out, const struct print_sum *sum)
{
	bool any = false;

	buf_u64(out, sum->events);
	buf_puts(out, sum->events == 1 ? " write, " : " writes, ");
	units_size(out, sum->bytes);
	buf_puts(out, " in ");
	units_time(out, sum->elapsed_ns);
	for (int i = 0; i < WT_LOST_COUNT; i++) {
		if (!sum->known[i] || !sum->lost[i])
			continue;
		buf_printf(out, "%s%s%llu (%s)",
			   any ? ", " : "; lost: ", i == WT_LOST_SKIPPED ? "at most " : "",
			   (unsigned long long)sum->lost[i], lost_names[i]);
		any = true;
	}
	if (!sum->known[WT_LOST_RING])
		buf_puts(out, "; what was lost is not known");
	else if (!any)
		buf_puts(out, "; nothing lost");
}
