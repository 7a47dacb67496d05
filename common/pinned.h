/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pinned session as its readers see it: described, checked, its tally and its recorder at hand.
 */
#ifndef WT_PINNED_H
#define WT_PINNED_H

#include <linux/types.h>

#include "bpf/writetrace.h"
#include "objects.h"

struct bpffs;
struct bpffs_dir;
struct buf;
struct tally;
struct tally_source;

struct pinned {
	struct bpffs_dir *dir;
	struct wt_meta meta; /* checked */
	struct tally_source *source;
};

/** pinned_open - the session @name; a lock of @fs is held, and is not needed any longer then
 *
 * Return: 0; -ENOENT if there is none; -EPROTO if it was pinned in another layout; another -errno;
 * with the reason in @why.
 */
int pinned_open(struct pinned *pinned, struct bpffs *fs, const char *name, struct buf *why);

/** pinned_close - also of one that could not be opened */
void pinned_close(struct pinned *pinned);

/** pinned_objects - its programs and maps by name */
struct objects pinned_objects(struct pinned *pinned);

/** pinned_tally - what has been counted up to now; other readers of the session wait meanwhile
 *
 * Return: as tally_read().
 */
int pinned_tally(struct pinned *pinned, struct tally *tally);

#endif
