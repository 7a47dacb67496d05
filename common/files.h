/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths of the files seen so far, by identity.
 *
 * The kernel side remembers which files it has described in a direct-mapped table (map seen); this
 * is its mirror. Each slot keeps a few identities instead of one, because two CPUs may describe two
 * files of one slot at the same time, and events of the file that lost the slot may follow.
 */
#ifndef WT_FILES_H
#define WT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wt_file;

struct file {
	struct file *next; /* in the slot, last described first */
	uint64_t id;
	uint64_t ino;
	uint32_t major, minor;
	uint8_t kind;	    /* enum wt_kind */
	uint8_t path_state; /* enum wt_path_state */
	bool seekable;	    /* an operation has an offset */
	bool wanted;	    /* false: the globs do not match after all */
	uint32_t path_len;
	uint32_t peer_len; /* of a struct wt_peer, at path + path_len, aligned to nothing */
	char path[];
};

struct files;

/** files_new - an empty table of @slots slots (a power of two)
 *
 * Each slot keeps the newest @per_slot identities.
 * Return: the table, or NULL if there is no memory.
 */
struct files *files_new(size_t slots, unsigned int per_slot);
void files_free(struct files *files);

/** files_add - take over the description @record, which is @len bytes with its path
 *
 * @wanted is the verdict on a file that the kernel could not decide.
 * Return: 0, -EINVAL for a record that is not whole, -ENOMEM.
 */
int files_add(struct files *files, const struct wt_file *record, size_t len, bool wanted);

/** files_find - the file with identity @id, or NULL */
const struct file *files_find(const struct files *files, uint64_t id);

#endif
