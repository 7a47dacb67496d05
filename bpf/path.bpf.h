/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Builds a path in scratch memory, from its end to its beginning:
 * s->build[s->path_start..WT_PATH_MAX).
 */
#ifndef WT_PATH_BPF_H
#define WT_PATH_BPF_H

#include "maps.bpf.h"
#include "read.bpf.h"

/* Components and mount points that path_walk() climbs at most. */
#define PATH_DEPTH 256
#define NAME_LEN   255

/* Puts `len` bytes of kernel memory before the path built so far; false if they do not fit. */
static __always_inline bool path_prepend(struct wt_scratch *s, const void *bytes, __u32 len)
{
	__u32 start = s->path_start;

	if (start > WT_PATH_MAX || start < len || len > NAME_LEN)
		return false;
	start -= len;
	barrier_var(start); /* or the compiler checks something else that means the same */
	if (start > WT_PATH_MAX || bpf_probe_read_kernel(s->build + start, len, bytes))
		return false;
	s->path_start = start;
	return true;
}

static __always_inline bool path_prepend_char(struct wt_scratch *s, char c)
{
	__u32 start = s->path_start;

	if (start > WT_PATH_MAX || start < 1)
		return false;
	start--;
	s->build[start & (WT_PATH_MAX - 1)] = c;
	s->path_start = start;
	return true;
}

#define path_prepend_literal(s, text)                            \
	do {                                                     \
		/* not on the stack, of which there is little */ \
		static const char literal[] = text;              \
		path_prepend(s, literal, sizeof(literal) - 1);   \
	} while (0)

static __always_inline void path_prepend_name(struct wt_scratch *s, struct dentry *dentry)
{
	__u32 len = kread(dentry, dentry, d_name.len);

	if (len <= NAME_LEN)
		path_prepend(s, kread(dentry, dentry, d_name.name), len);
}

#define NUMBER_LEN 20 /* digits of the largest one */

wt_function int path_prepend_number(__u32 place, __u64 n)
{
	struct wt_scratch *s = scratch_get(place);
	__u32 start;
	int i;

	if (!s || s->path_start < NUMBER_LEN)
		return 0;
	start = s->path_start;
	for (i = 0; i < NUMBER_LEN; i++) {
		start--;
		s->build[start & (WT_PATH_MAX - 1)] = '0' + n % 10;
		n /= 10;
		if (!n)
			break;
	}
	s->path_start = start;
	return 0;
}

#define WALK_ON (-1) /* not at the root yet */

/* One step up: a name, or across a mount point. Return: WALK_ON or an enum wt_path_state. */
wt_step int path_step(__u32 place)
{
	struct wt_scratch *s = scratch_get(place);
	struct dentry *dentry, *parent;
	struct mount *mnt, *mnt_parent;
	__u32 len;

	if (!s)
		return WT_PATH_UNKNOWN;
	dentry = (struct dentry *)s->dentry;
	mnt = (struct mount *)s->mnt;
	parent = kread(dentry, dentry, d_parent);
	if (dentry == kread(mount, mnt, mnt.mnt_root)) {
		mnt_parent = kread(mount, mnt, mnt_parent);
		if (mnt_parent == mnt)
			return WT_PATH_PLAIN;
		s->dentry = (__u64)kread(mount, mnt, mnt_mountpoint);
		s->mnt = (__u64)mnt_parent;
		return WALK_ON;
	}
	if (dentry == parent)
		return WT_PATH_PLAIN;
	len = kread(dentry, dentry, d_name.len);
	if (len > NAME_LEN || !path_prepend(s, kread(dentry, dentry, d_name.name), len) ||
	    !path_prepend_char(s, '/'))
		return WT_PATH_TRUNCATED;
	s->dentry = (__u64)parent;
	return WALK_ON;
}

struct path_climb {
	__u32 place;
	int state;
};

static long path_climb(__u32 n, struct path_climb *climb)
{
	(void)n;
	climb->state = path_step(climb->place);
	return climb->state != WALK_ON;
}

/*
 * Climbs from a dentry to the root of its mount namespace, names leaf first, crossing mount
 * points: what d_path() prints, which these program types may not call.
 */
wt_part int path_walk(__u32 place)
{
	struct wt_scratch *s = scratch_get(place);
	struct path_climb climb = { .place = place, .state = WALK_ON };

	if (!s)
		return WT_PATH_UNKNOWN;
	wt_repeat(PATH_DEPTH, path_climb, &climb);
	if (climb.state == WT_PATH_PLAIN && s->path_start == WT_PATH_MAX)
		path_prepend_char(s, '/');
	return climb.state == WALK_ON ? WT_PATH_TRUNCATED : climb.state;
}

/* Paths of files that no directory holds, as /proc/PID/fd shows them. */
static __always_inline void path_pseudo(struct wt_scratch *s, __u32 place, struct dentry *dentry,
					__u64 magic, __u64 ino)
{
	switch (magic) {
	case PIPEFS_MAGIC:
	case SOCKFS_MAGIC:
		path_prepend_char(s, ']');
		path_prepend_number(place, ino);
		if (magic == PIPEFS_MAGIC)
			path_prepend_literal(s, "pipe:[");
		else
			path_prepend_literal(s, "socket:[");
		break;
	case ANON_INODE_FS_MAGIC:
		path_prepend_name(s, dentry);
		path_prepend_literal(s, "anon_inode:");
		break;
	default:
		path_prepend_literal(s, " (deleted)");
		path_prepend_name(s, dentry);
		path_prepend_char(s, '/');
	}
}

#endif
