// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump --list: all sessions there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "common/bpffs.h"
#include "common/buf.h"
#include "common/tally.h"
#include "dump.h"

struct entry {
	struct wt_meta meta;
	char *name;
	struct buf note;
	uint64_t calls;
	uint64_t lost[WT_LOST_COUNTERS];
	bool known[WT_LOST_COUNT];
};

struct list {
	struct bpffs *fs;
	struct entry *entries;
	size_t n;
};

static int add_entry(void *arg, const char *name)
{
	struct list *list = arg;
	struct entry *entries = reallocarray(list->entries, list->n + 1, sizeof(*entries)), *e;
	struct pinned pinned;
	int err;

	if (!entries)
		return -ENOMEM;
	list->entries = entries;
	e = &entries[list->n];
	*e = (struct entry){ .name = strdup(name) };
	if (!e->name)
		return -ENOMEM;
	list->n++;
	err = pinned_open(&pinned, list->fs, name, &e->note);
	if (!err)
		err = tally_calls(pinned.source, &e->calls);
	if (!err)
		err = tally_lost(pinned.source, e->lost, e->known);
	e->meta = pinned.meta;
	pinned_close(&pinned); /* there may be more sessions than we may have descriptors for */
	if (err && !e->note.len)
		buf_printf(&e->note, "cannot be read: %s", strerror(-err));
	return 0;
}

static int print_list(struct dump *d, struct list *list, struct buf *why)
{
	struct report_entry *entries = calloc(list->n + 1, sizeof(*entries));
	struct report_options view = dump_view(d);
	struct buf out = {};
	int err;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		struct entry *e = &list->entries[i];

		entries[i] = (struct report_entry){
			.meta = e->note.len ? NULL : &e->meta,
			.name = e->name,
			.note = e->note.len ? buf_cstr(&e->note) : NULL,
			.calls = e->calls,
			.lost = e->lost,
			.known = e->known,
		};
	}
	err = report_list(&out, entries, list->n, &view);
	dump_ready(d);
	if (!err)
		err = dump_put(&out, why);
	free(entries);
	buf_free(&out);
	return err;
}

int dump_list(struct dump *d, struct bpffs *fs, struct buf *why)
{
	struct list list = { .fs = fs };
	int err = fs ? bpffs_each(fs, add_entry, &list) : 0;

	if (!err)
		err = print_list(d, &list, why);
	if (err && !why->len)
		buf_printf(why, "the sessions cannot be listed: %s", strerror(-err));
	for (size_t i = 0; i < list.n; i++) {
		buf_free(&list.entries[i].note);
		free(list.entries[i].name);
	}
	free(list.entries);
	return err;
}
