// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of a tally and their files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "batch.h"
#include "tally_internal.h"

static int compare_ids(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct tally_row *find_row(struct tally_row *rows, size_t n, uint64_t id)
{
	const struct tally_row key = { .id = id };

	return n ? bsearch(&key, rows, n, sizeof(key), compare_ids) : NULL;
}

struct tally_row *tally_row_of(const struct tally *t, uint64_t id)
{
	return find_row(t->rows, t->n_rows, id);
}

static void row_take(struct tally_row *to, uint64_t id, const struct wt_row *from)
{
	*to = (struct tally_row){
		.id = id,
		.file_id = from->file,
		.start_ns = from->start_ns,
		.cgroup = from->cgroup,
		.pid = from->pid,
		.uid = from->uid,
		.op = from->op < WT_OP_COUNT ? from->op : 0,
	};
	memcpy(to->comm, from->comm, sizeof(to->comm));
}

static int add_batch(struct tally *t, const struct batch *b, unsigned int place)
{
	size_t known = t->n_rows;
	struct tally_row *rows = reallocarray(t->rows, known + b->n + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	for (__u32 i = 0; i < b->n; i++) {
		const struct wt_row *from = (const struct wt_row *)b->values + i;
		struct tally_row *row = find_row(rows, known, b->keys[i]);

		if (!row) {
			row = &rows[t->n_rows++];
			row_take(row, b->keys[i], from);
		}
		tally_add_sums(&row->sums, &from->sums[place]);
	}
	qsort(rows, t->n_rows, sizeof(*rows), compare_ids);
	return 0;
}

int tally_add_rows(struct tally *t, const struct tally_source *s, unsigned int place)
{
	struct batch b;
	int err = batch_read(&b, s->rows, s->meta->rows, sizeof(struct wt_row));

	if (!err)
		err = add_batch(t, &b, place);
	batch_free(&b);
	return err;
}

/* The bytes of a path behind its head. What is missing makes it shorter, and truncated. */
static void add_path_parts(struct tally_file *file, const struct tally_source *s, __u32 len)
{
	struct wt_row_path_key key = { .file = file->id };
	struct wt_row_path part;

	for (; file->path_len < len; key.part++) {
		__u32 n = len - file->path_len;

		if (bpf_map_lookup_elem(s->row_paths, &key, &part)) {
			file->path_state = WT_PATH_TRUNCATED;
			return;
		}
		if (n > sizeof(part.bytes))
			n = sizeof(part.bytes);
		memcpy(file->path + file->path_len, part.bytes, n);
		file->path_len += n;
	}
}

static struct tally_file *file_make(const struct tally_source *s, uint64_t id,
				    const struct wt_row_file *from)
{
	__u32 len = from->file.path_len, head = len;
	struct tally_file *file;

	if (len > WT_PATH_MAX || from->file.kind >= WT_KIND_COUNT)
		len = head = 0;
	if (head > WT_ROW_PATH_HEAD)
		head = WT_ROW_PATH_HEAD;
	file = malloc(sizeof(*file) + len + 1);
	if (!file)
		return NULL;
	*file = (struct tally_file){
		.id = id,
		.ino = from->file.ino,
		.major = from->file.dev >> 20,
		.minor = from->file.dev & 0xfffff,
		.kind = from->file.kind < WT_KIND_COUNT ? from->file.kind : WT_KIND_NONE,
		.path_state = from->file.path_state,
		.path_len = head,
	};
	memcpy(file->path, from->path, head);
	add_path_parts(file, s, len);
	return file;
}

static int compare_files(const void *a, const void *b)
{
	const struct tally_file *x = *(struct tally_file *const *)a;
	const struct tally_file *y = *(struct tally_file *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int take_files(struct tally *t, const struct tally_source *s, const struct batch *b)
{
	t->files = calloc(b->n + 1, sizeof(*t->files));
	if (!t->files)
		return -ENOMEM;
	for (__u32 i = 0; i < b->n; i++) {
		const struct wt_row_file *from = (const struct wt_row_file *)b->values + i;

		t->files[i] = file_make(s, b->keys[i], from);
		if (!t->files[i])
			return -ENOMEM;
		t->n_files++;
	}
	if (t->n_files)
		qsort(t->files, t->n_files, sizeof(*t->files), compare_files);
	return 0;
}

static const struct tally_file *file_of(const struct tally *t, uint64_t id)
{
	const struct tally_file key = { .id = id }, *const at = &key;
	struct tally_file **found;

	if (!t->n_files)
		return NULL;
	found = bsearch(&at, t->files, t->n_files, sizeof(*t->files), compare_files);
	return found ? *found : NULL;
}

int tally_find_files(struct tally *t, const struct tally_source *s)
{
	struct batch b;
	int err;

	if (!(s->meta->by & WT_BY_FILE))
		return 0;
	err = batch_read(&b, s->row_files, s->meta->rows, sizeof(struct wt_row_file));
	if (!err)
		err = take_files(t, s, &b);
	batch_free(&b);
	for (size_t i = 0; i < t->n_rows && !err; i++)
		t->rows[i].file = file_of(t, t->rows[i].file_id);
	return err;
}
