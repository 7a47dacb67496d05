// SPDX-License-Identifier: GPL-2.0-only
/*
 * The columns that say which file it is, and where in it.
 */
#include "fields.h"

#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "files.h"
#include "filter.h"
#include "json.h"
#include "text.h"

void fields_text_kind(struct buf *out, const struct line *line)
{
	const char *name = line->file ? filter_kind_name(line->file->kind) : NULL;

	buf_puts(out, name ? name : "-");
}

void fields_json_kind(struct json *json, const struct line *line)
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

void fields_text_dev(struct buf *out, const struct line *line)
{
	if (line->file)
		put_dev(out, line->file);
	else
		buf_putc(out, '-');
}

void fields_json_dev(struct json *json, const struct line *line)
{
	if (!line->file)
		return;
	json_key(json, "dev");
	buf_putc(json->out, '"');
	put_dev(json->out, line->file);
	buf_putc(json->out, '"');
}

void fields_text_ino(struct buf *out, const struct line *line)
{
	if (line->file)
		buf_u64(out, line->file->ino);
	else
		buf_putc(out, '-');
}

void fields_json_ino(struct json *json, const struct line *line)
{
	if (line->file)
		json_u64(json, "ino", line->file->ino);
}

static bool has_offset(const struct line *line)
{
	return line->file && line->file->seekable && (line->event->flags & WT_EVENT_POS);
}

void fields_text_offset(struct buf *out, const struct line *line)
{
	if (has_offset(line))
		buf_s64(out, line->event->offset);
	else
		buf_putc(out, '-');
}

void fields_json_offset(struct json *json, const struct line *line)
{
	if (has_offset(line))
		json_s64(json, "offset", line->event->offset);
}

void fields_put_path(struct buf *out, unsigned int state, const char *path, size_t len)
{
	if (state == WT_PATH_TRUNCATED)
		buf_puts(out, "...");
	text_safe(out, path, len);
	if (state == WT_PATH_DELETED)
		buf_puts(out, " (deleted)");
}

void fields_text_file(struct buf *out, const struct line *line)
{
	const struct file *file = line->file;

	if (file)
		fields_put_path(out, file->path_state, file->path, file->path_len);
	else
		buf_putc(out, '-');
}

void fields_json_path(struct json *json, unsigned int state, const char *path, size_t len)
{
	if (path)
		json_bytes(json, "path", path, len);
	if (state == WT_PATH_DELETED)
		json_str(json, "path_state", "deleted");
	else if (state == WT_PATH_TRUNCATED)
		json_str(json, "path_state", "truncated");
	else if (state != WT_PATH_PLAIN)
		json_str(json, "path_state", "unknown");
}

void fields_json_file(struct json *json, const struct line *line)
{
	const struct file *file = line->file;

	if (file)
		fields_json_path(json, file->path_state, file->path, file->path_len);
	else
		fields_json_path(json, WT_PATH_UNKNOWN, NULL, 0);
}
