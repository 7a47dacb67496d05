// SPDX-License-Identifier: GPL-2.0-only
#include "files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/types.h>

#include "bpf/writetrace.h"

struct files {
	size_t mask;
	unsigned int per_slot;
	struct file *slots[];
};

struct files *files_new(size_t slots, unsigned int per_slot)
{
	struct files *files = calloc(1, sizeof(*files) + slots * sizeof(files->slots[0]));

	if (!files)
		return NULL;
	files->mask = slots - 1;
	files->per_slot = per_slot;
	return files;
}

void files_free(struct files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i <= files->mask; i++) {
		while (files->slots[i]) {
			struct file *file = files->slots[i];

			files->slots[i] = file->next;
			free(file);
		}
	}
	free(files);
}

/* The slot of an identity, as file_wanted() in bpf/file.bpf.h reckons it. */
static size_t files_slot(const struct files *files, uint64_t id)
{
	return (id >> 1) & files->mask;
}

/* Drops what the slot held of the same identity, and the oldest beyond @most. */
static void files_trim(struct file *newest, unsigned int most)
{
	struct file **link = &newest->next;

	for (unsigned int kept = 1; *link;) {
		struct file *file = *link;

		if (file->id == newest->id || kept == most) {
			*link = file->next;
			free(file);
		} else {
			link = &file->next;
			kept++;
		}
	}
}

int files_add(struct files *files, const struct wt_file *record, size_t len, bool wanted)
{
	struct file *file, **slot;

	if (len < sizeof(*record) ||
	    (size_t)record->path_len + record->peer_len > len - sizeof(*record) ||
	    record->path_len > WT_PATH_MAX || record->peer_len > sizeof(struct wt_peer) ||
	    record->kind >= WT_KIND_COUNT)
		return -EINVAL;
	file = malloc(sizeof(*file) + record->path_len + record->peer_len);
	if (!file)
		return -ENOMEM;
	slot = &files->slots[files_slot(files, record->id)];
	*file = (struct file){
		.next = *slot,
		.id = record->id,
		.ino = record->ino,
		.major = record->dev >> 20,
		.minor = record->dev & 0xfffff,
		.kind = record->kind,
		.path_state = record->path_state,
		.seekable = S_ISBLK(record->mode) || S_ISREG(record->mode),
		.wanted = wanted,
		.path_len = record->path_len,
		.peer_len = record->peer_len,
	};
	/* anon inodes carry a regular file's mode since Linux 6.16, but no position that means
	 * anything; of their kind only memory files (/memfd:…) have one */
	if (record->kind == WT_KIND_ANON && record->path_len && *(char *)(record + 1) != '/')
		file->seekable = false;
	memcpy(file->path, record + 1, record->path_len + record->peer_len);
	*slot = file;
	files_trim(file, files->per_slot);
	return 0;
}

const struct file *files_find(const struct files *files, uint64_t id)
{
	const struct file *file = files->slots[files_slot(files, id)];

	while (file && file->id != id)
		file = file->next;
	return file;
}
