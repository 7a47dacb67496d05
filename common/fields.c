// SPDX-License-Identifier: GPL-2.0-only
#include "fields.h"

#include <string.h>
#include <time.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "choice.h"
#include "files.h"
#include "filter.h"
#include "json.h"
#include "ops.h"
#include "print.h"
#include "text.h"
#include "units.h"

#define NS_PER_S 1000000000ULL

/* strerrorname_np() is younger than the systems we build on (glibc 2.32 has it, musl does not) and
 * knows nothing of numbers that the kernel keeps to itself. */
static const char *error_name(int64_t ret)
{
	const char *name = ret >= -4095 ? strerrorname_np(-ret) : NULL;

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

/* "07:01:02" */
static void put_second(struct buf *out, struct print *p, uint64_t ns)
{
	wall_second(p, ns / NS_PER_S);
	buf_put(out, p->wall_text, strcspn(p->wall_text, "."));
}

static void text_time(struct buf *out, const struct line *line)
{
	if (line->print->narrow)
		put_second(out, line->print, wall_ns(line));
	else
		put_time(out, line->print, wall_ns(line), 6);
}

void fields_json_time(struct json *json, const struct line *line)
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

static void text_fd(struct buf *out, const struct line *line)
{
	if (line->event->flags & WT_EVENT_FD)
		buf_s64(out, line->event->fd);
	else
		buf_putc(out, '-');
}

static void json_fd(struct json *json, const struct line *line)
{
	if (line->event->flags & WT_EVENT_FD)
		json_s64(json, "fd", line->event->fd);
}

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

static void put_bytes(struct buf *out, const struct line *line, uint64_t bytes)
{
	if (line->print->narrow)
		units_size_short(out, bytes);
	else if (line->print->options.terminal)
		units_size(out, bytes);
	else
		buf_u64(out, bytes);
}

static void text_size(struct buf *out, const struct line *line)
{
	if (line->event->flags & WT_EVENT_SIZE)
		put_bytes(out, line, line->event->size);
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
		buf_puts(out, error_name(line->event->ret));
	else
		put_bytes(out, line, line->event->ret);
}

static void json_ret(struct json *json, const struct line *line)
{
	json_s64(json, "ret", line->event->ret);
	if (line->event->ret < 0)
		json_str(json, "error", error_name(line->event->ret));
}

static void text_latency(struct buf *out, const struct line *line)
{
	if (line->event->flags & WT_EVENT_LATENCY)
		units_time(out, line->event->latency_ns);
	else
		buf_putc(out, '-');
}

static bool is_slow(const struct line *line)
{
	return line->event->flags & WT_EVENT_LATENCY && line->event->latency_ns >= PRINT_SLOW_NS;
}

static void json_latency(struct json *json, const struct line *line)
{
	if (line->event->flags & WT_EVENT_LATENCY)
		json_u64(json, "latency_ns", line->event->latency_ns);
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

/* What has failed has written none, and nobody has looked unless asked to. */
static bool has_data(const struct line *line)
{
	return line->print->options.data && line->event->ret >= 0 &&
	       !(line->event->flags & WT_EVENT_NO_DATA);
}

static void text_data(struct buf *out, const struct line *line)
{
	if (!has_data(line)) {
		buf_putc(out, '-');
		return;
	}
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
	if (!has_data(line))
		return;
	if (!(line->event->flags & WT_EVENT_DATA_FAULT))
		json_bytes(json, "data", line->event + 1, line->event->data_len);
	json_u64(json, "captured", line->event->data_len);
}

const struct field fields[] = {
	{ "time", "TIME", "when it finished", -15, text_time, fields_json_time, .shown = true,
	  .narrow = -8 },
	{ "pid", "PID", "process", 7, text_pid, json_pid, .shown = true },
	{ "tid", "TID", "thread", 7, text_tid, json_tid, .shown = false },
	{ "comm", "COMM", "command name", -15, text_comm, json_comm, .shown = true, .narrow = -10,
	  .cut = true },
	{ "uid", "UID", "user number", 5, text_uid, json_uid, .shown = false },
	{ "cgroup", "CGROUP", "number of the cgroup v2", 7, text_cgroup, json_cgroup,
	  .shown = false },
	{ "op", "OP", "operation", -8, text_op, json_op, .shown = true },
	{ "fd", "FD", "file descriptor", 4, text_fd, json_fd, .shown = true, .narrow = 3 },
	{ "kind", "KIND", "kind of file", -6, fields_text_kind, fields_json_kind, .shown = false },
	{ "file", "FILE", "path of the file", -1, fields_text_file, fields_json_file, .shown = true,
	  .path = true },
	{ "peer", "PEER", "other end of a socket", -20, fields_text_peer, fields_json_peer,
	  .shown = false },
	{ "dev", "DEV", "device of the file system", -7, fields_text_dev, fields_json_dev,
	  .shown = false },
	{ "ino", "INO", "inode number", 10, fields_text_ino, fields_json_ino, .shown = false },
	{ "offset", "OFFSET", "position in the file", 10, fields_text_offset, fields_json_offset,
	  .shown = false },
	{ "size", "SIZE", "bytes requested", 8, text_size, json_size, .shown = true, .bytes = true,
	  .narrow = 7 },
	{ "ret", "RET", "bytes written, or the error", 8, text_ret, json_ret, .shown = true,
	  .bytes = true, .narrow = 7 },
	{ "latency", "LATENCY", "time it took", 8, text_latency, json_latency, .shown = true,
	  .slow = is_slow, .narrow = 7 },
	{ "compat", "BITS", "32 for a call of a 32-bit program", 4, text_compat, json_compat,
	  .shown = false },
	{ "data", "DATA", "what was written (with --data)", -1, text_data, json_data,
	  .shown = false },
};

const size_t fields_count = sizeof(fields) / sizeof(fields[0]);

bool fields_choice(size_t i, struct choice *choice)
{
	if (i >= fields_count)
		return false;
	*choice = (struct choice){ .name = fields[i].name,
				   .help = fields[i].help,
				   .by_default = fields[i].shown };
	return true;
}
