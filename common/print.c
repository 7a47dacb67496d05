// SPDX-License-Identifier: GPL-2.0-only
#include "print.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "files.h"
#include "filter.h"
#include "json.h"
#include "list.h"
#include "ops.h"
#include "text.h"
#include "units.h"

#define NS_PER_S 1000000000ULL

/* One event on its way to the output. */
struct line {
	struct print *print;
	const struct wt_event *event;
	const struct file *file; /* or NULL */
};

struct field {
	const char *name;   /* as -C takes it */
	const char *header; /* of the text column */
	const char *help;
	int width; /* text: columns at least; negative: flush left */
	void (*text)(struct buf *out, const struct line *line);
	void (*json)(struct json *json, const struct line *line);
	bool shown; /* in text by default */
};

/* strerrorname_np() is younger than the systems we build on (glibc 2.32 has it, musl does not) and
 * knows nothing of numbers that the kernel keeps to itself. */
static const char *error_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "UNKNOWN";
}

static uint64_t wall_ns(const struct line *line)
{
	return line->event->time_ns + line->print->wall_offset_ns;
}

static void put_digits(char *to, uint64_t n, int digits)
{
	while (digits--) {
		to[digits] = '0' + n % 10;
		n /= 10;
	}
}

/* The second's text is the same for thousands of events. */
static void wall_second(struct print *p, uint64_t second)
{
	time_t t = second;
	struct tm tm;

	if (p->wall_second == second && *p->wall_text)
		return;
	p->wall_second = second;
	if (p->options.json)
		strftime(p->wall_text, sizeof(p->wall_text), "%Y-%m-%dT%H:%M:%S.",
			 gmtime_r(&t, &tm));
	else
		strftime(p->wall_text, sizeof(p->wall_text), "%H:%M:%S.", localtime_r(&t, &tm));
}

static void put_time(struct buf *out, struct print *p, uint64_t ns, int digits)
{
	uint64_t fraction = ns % NS_PER_S;
	char *to;

	wall_second(p, ns / NS_PER_S);
	buf_puts(out, p->wall_text);
	to = buf_reserve(out, 9);
	if (!to)
		return;
	put_digits(to, fraction, 9);
	out->len += digits;
}

static void text_time(struct buf *out, const struct line *line)
{
	put_time(out, line->print, wall_ns(line), 6);
}

static void json_time(struct json *json, const struct line *line)
{
	json_key(json, "time");
	buf_putc(json->out, '"');
	put_time(json->out, line->print, wall_ns(line), 9);
	buf_puts(json->out, "Z\"");
}

static size_t comm_len(const struct wt_event *event)
{
	return strnlen(event->comm, sizeof(event->comm));
}

static void text_comm(struct buf *out, const struct line *line)
{
	text_safe(out, line->event->comm, comm_len(line->event));
}

static void json_comm(struct json *json, const struct line *line)
{
	json_bytes(json, "comm", line->event->comm, comm_len(line->event));
}

#define NUMBER_FIELD(name, put, value)                                      \
	static void text_##name(struct buf *out, const struct line *line)   \
	{                                                                   \
		buf_##put(out, value);                                      \
	}                                                                   \
	static void json_##name(struct json *json, const struct line *line) \
	{                                                                   \
		json_##put(json, #name, value);                             \
	}

NUMBER_FIELD(pid, u64, line->event->pid)
NUMBER_FIELD(tid, u64, line->event->tid)
NUMBER_FIELD(uid, u64, line->event->uid)
NUMBER_FIELD(cgroup, u64, line->event->cgroup)
NUMBER_FIELD(fd, s64, line->event->fd)

static const char *op_name(const struct line *line)
{
	return line->event->op < WT_OP_COUNT ? ops[line->event->op].name : "unknown";
}

static void text_op(struct buf *out, const struct line *line)
{
	buf_puts(out, op_name(line));
}

static void json_op(struct json *json, const struct line *line)
{
	json_str(json, "op", op_name(line));
}

static void text_kind(struct buf *out, const struct line *line)
{
	const char *name = line->file ? filter_kind_name(line->file->kind) : NULL;

	buf_puts(out, name ? name : "-");
}

static void json_kind(struct json *json, const struct line *line)
{
	const char *name = line->file ? filter_kind_name(line->file->kind) : NULL;

	if (name)
		json_str(json, "kind", name);
}

static void put_dev(struct buf *out, const struct file *file)
{
	buf_u64(out, file->major);
	buf_putc(out, ':');
	buf_u64(out, file->minor);
}

static void text_dev(struct buf *out, const struct line *line)
{
	if (line->file)
		put_dev(out, line->file);
	else
		buf_putc(out, '-');
}

static void json_dev(struct json *json, const struct line *line)
{
	if (!line->file)
		return;
	json_key(json, "dev");
	buf_putc(json->out, '"');
	put_dev(json->out, line->file);
	buf_putc(json->out, '"');
}

static void text_ino(struct buf *out, const struct line *line)
{
	if (line->file)
		buf_u64(out, line->file->ino);
	else
		buf_putc(out, '-');
}

static void json_ino(struct json *json, const struct line *line)
{
	if (line->file)
		json_u64(json, "ino", line->file->ino);
}

static bool has_offset(const struct line *line)
{
	return line->file && line->file->seekable && (line->event->flags & WT_EVENT_POS);
}

static void text_offset(struct buf *out, const struct line *line)
{
	if (has_offset(line))
		buf_s64(out, line->event->offset);
	else
		buf_putc(out, '-');
}

static void json_offset(struct json *json, const struct line *line)
{
	if (has_offset(line))
		json_s64(json, "offset", line->event->offset);
}

static void text_size(struct buf *out, const struct line *line)
{
	if (line->event->flags & WT_EVENT_SIZE)
		buf_u64(out, line->event->size);
	else
		buf_putc(out, '-');
}

static void json_size(struct json *json, const struct line *line)
{
	if (line->event->flags & WT_EVENT_SIZE)
		json_u64(json, "size", line->event->size);
}

static void text_ret(struct buf *out, const struct line *line)
{
	if (line->event->ret < 0)
		buf_puts(out, error_name(-line->event->ret));
	else
		buf_s64(out, line->event->ret);
}

static void json_ret(struct json *json, const struct line *line)
{
	json_s64(json, "ret", line->event->ret);
	if (line->event->ret < 0)
		json_str(json, "error", error_name(-line->event->ret));
}

static void text_latency(struct buf *out, const struct line *line)
{
	if (line->event->flags & WT_EVENT_LATENCY)
		units_time(out, line->event->latency_ns);
	else
		buf_putc(out, '-');
}

static void json_latency(struct json *json, const struct line *line)
{
	if (line->event->flags & WT_EVENT_LATENCY)
		json_u64(json, "latency_ns", line->event->latency_ns);
}

static const char *path_state_name(const struct line *line)
{
	if (!line->file)
		return "unknown";
	switch (line->file->path_state) {
	case WT_PATH_PLAIN:
		return NULL;
	case WT_PATH_DELETED:
		return "deleted";
	case WT_PATH_TRUNCATED:
		return "truncated";
	}
	return "unknown";
}

static void text_file(struct buf *out, const struct line *line)
{
	const char *state = path_state_name(line);

	if (!line->file) {
		buf_putc(out, '-');
		return;
	}
	if (line->file->path_state == WT_PATH_TRUNCATED)
		buf_puts(out, "...");
	text_safe(out, line->file->path, line->file->path_len);
	if (line->file->path_state == WT_PATH_DELETED)
		buf_printf(out, " (%s)", state);
}

static void json_file(struct json *json, const struct line *line)
{
	const char *state = path_state_name(line);

	if (line->file)
		json_bytes(json, "path", line->file->path, line->file->path_len);
	if (state)
		json_str(json, "path_state", state);
}

static void text_compat(struct buf *out, const struct line *line)
{
	buf_puts(out, line->event->flags & WT_EVENT_COMPAT ? "32" : "64");
}

static void json_compat(struct json *json, const struct line *line)
{
	if (line->event->flags & WT_EVENT_COMPAT)
		json_bool(json, "compat", true);
}

static void text_data(struct buf *out, const struct line *line)
{
	if (line->event->flags & WT_EVENT_DATA_FAULT) {
		buf_puts(out, "(not readable)");
		return;
	}
	buf_putc(out, '"');
	text_safe(out, (const char *)(line->event + 1), line->event->data_len);
	buf_putc(out, '"');
}

static void json_data(struct json *json, const struct line *line)
{
	if (line->event->ret < 0)
		return;
	if (!(line->event->flags & WT_EVENT_DATA_FAULT))
		json_bytes(json, "data", line->event + 1, line->event->data_len);
	json_u64(json, "captured", line->event->data_len);
}

/* The order is that of JSON; text by default shows those marked, in this order too, but FILE last.
 */
static const struct field fields[] = {
	{"time", "TIME", "when it finished", -15, text_time, json_time, true},
	{"comm", "COMM", "command name", -15, text_comm, json_comm, true},
	{"pid", "PID", "process", 7, text_pid, json_pid, true},
	{"tid", "TID", "thread", 7, text_tid, json_tid, false},
	{"uid", "UID", "user number", 5, text_uid, json_uid, false},
	{"cgroup", "CGROUP", "number of the cgroup v2", 7, text_cgroup, json_cgroup, false},
	{"op", "OP", "operation", -8, text_op, json_op, true},
	{"fd", "FD", "file descriptor", 4, text_fd, json_fd, true},
	{"size", "SIZE", "bytes requested", 8, text_size, json_size, true},
	{"ret", "RET", "bytes written, or the error", 8, text_ret, json_ret, true},
	{"latency", "LATENCY", "time it took", 8, text_latency, json_latency, true},
	{"kind", "KIND", "kind of file", -6, text_kind, json_kind, false},
	{"offset", "OFFSET", "position in the file", 10, text_offset, json_offset, false},
	{"dev", "DEV", "device of the file system", -7, text_dev, json_dev, false},
	{"ino", "INO", "inode number", 10, text_ino, json_ino, false},
	{"compat", "BITS", "32 for a call of a 32-bit program", 4, text_compat, json_compat, false},
	{"file", "FILE", "path of the file", -1, text_file, json_file, true},
	{"data", "DATA", "what was written (with --data)", -1, text_data, json_data, false},
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static int add_column(const char *item, size_t len, void *arg, struct buf *why)
{
	struct print *p = arg;

	if (p->n_columns == PRINT_FIELDS_MAX) {
		buf_puts(why, "too many columns");
		return -EINVAL;
	}
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strlen(fields[i].name) == len && !memcmp(fields[i].name, item, len)) {
			p->columns[p->n_columns++] = i;
			return 0;
		}
	buf_printf(why, "unknown column '%.*s'; -C help lists them", (int)len, item);
	return -EINVAL;
}

static void default_columns(struct print *p)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		bool wanted = p->options.json || fields[i].shown;

		if (fields[i].text == text_data)
			wanted = p->options.data;
		else if (fields[i].text == text_latency)
			wanted = p->options.latency;
		if (wanted)
			p->columns[p->n_columns++] = i;
	}
}

int print_setup(struct print *p, const struct print_options *options, const char *columns,
		struct buf *why)
{
	*p = (struct print){.options = *options};
	print_sync_clock(p);
	if (columns)
		return list_parse(columns, add_column, p, why);
	default_columns(p);
	return 0;
}

void print_sync_clock(struct print *p)
{
	struct timespec wall, mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	p->wall_offset_ns =
		(wall.tv_sec - mono.tv_sec) * (int64_t)NS_PER_S + wall.tv_nsec - mono.tv_nsec;
}

void print_column_help(struct buf *out)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		buf_printf(out, "%-8s %s%s\n", fields[i].name, fields[i].help,
			   fields[i].shown ? " *" : "");
	buf_puts(out, "* shown by default\n");
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

void print_header(const struct print *p, struct buf *out)
{
	for (size_t i = 0; i < p->n_columns; i++) {
		const struct field *field = &fields[p->columns[i]];
		size_t start;

		if (i)
			buf_putc(out, ' ');
		start = out->len;
		buf_puts(out, field->header);
		put_padding(out, start, field->width, i + 1 == p->n_columns);
	}
	buf_putc(out, '\n');
}

/*
 * TIME            COMM            PID     OP       FD     SIZE      RET  LATENCY FILE
 * 07:01:02.123456 postgres            812 pwrite64   12     8192     8192   4.32us /var/lib/pg/…
 */
static void print_text(struct buf *out, const struct line *line)
{
	const struct print *p = line->print;
	bool failed = p->options.color && line->event->ret < 0;

	if (failed)
		buf_puts(out, "\033[31m");
	for (size_t i = 0; i < p->n_columns; i++) {
		const struct field *field = &fields[p->columns[i]];
		size_t start;

		if (i)
			buf_putc(out, ' ');
		start = out->len;
		field->text(out, line);
		put_padding(out, start, field->width, i + 1 == p->n_columns);
	}
	if (failed)
		buf_puts(out, "\033[m");
	buf_putc(out, '\n');
}

/* {"type":"write","time":"2026-11-23T07:01:02.123456789Z","comm":"postgres","pid":812,…} */
static void print_json(struct buf *out, const struct line *line)
{
	const struct print *p = line->print;
	struct json json = {.out = out, .pretty = p->options.pretty};

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
	const struct line line = {.print = p, .event = event, .file = file};

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
void print_lost(struct print *p, struct buf *out, uint64_t time_ns, uint64_t count,
		unsigned int cause)
{
	const struct wt_event event = {.time_ns = time_ns};
	const struct line line = {.print = p, .event = &event};
	struct json json = {.out = out, .pretty = p->options.pretty};

	if (!p->options.json) {
		buf_printf(out, "-- %llu events lost here (%s) --\n", (unsigned long long)count,
			   lost_names[cause]);
		return;
	}
	json_begin_object(&json, NULL);
	json_str(&json, "type", "lost");
	json_time(&json, &line);
	json_u64(&json, "count", count);
	json_str(&json, "cause", lost_names[cause]);
	json_end_object(&json);
	buf_putc(out, '\n');
}

/* {"type":"end","events":5,"bytes":20480,"lost":{"ring":0,…},"seconds":1.5} */
void print_end(struct print *p, struct buf *out, const struct print_sum *sum)
{
	struct json json = {.out = out, .pretty = p->options.pretty};

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
	if (!any)
		buf_puts(out, "; nothing lost");
}
